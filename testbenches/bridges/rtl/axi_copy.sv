// AXI4 manager: copies `beats_i` + 1 (1 to 16) bus-wide beats from src_i to dst_i: one read burst, INCR or WRAP,
// then one write burst, INCR, with the beats in the order in which they came. done_o is high when it is over.
module axi_copy #(
    parameter int unsigned ADDR_W = 52,
    parameter int unsigned DATA_W = 64
) (
    input  logic                clk_i,
    input  logic                rst_ni,
    output logic                busy_o,
    input  logic                start_i,
    input  logic                wrap_i,
    input  logic [3:0]          beats_i,
    input  logic [ADDR_W-1:0]   src_i,
    input  logic [ADDR_W-1:0]   dst_i,
    output logic                done_o,
    output logic [1:0]          resp_o,
    output logic                m_axi_awvalid_o,
    input  logic                m_axi_awready_i,
    output logic [ADDR_W-1:0]   m_axi_awaddr_o,
    output logic [7:0]          m_axi_awlen_o,
    output logic [2:0]          m_axi_awsize_o,
    output logic                m_axi_wvalid_o,
    input  logic                m_axi_wready_i,
    output logic [DATA_W-1:0]   m_axi_wdata_o,
    output logic [DATA_W/8-1:0] m_axi_wstrb_o,
    output logic                m_axi_wlast_o,
    input  logic                m_axi_bvalid_i,
    output logic                m_axi_bready_o,
    input  logic [1:0]          m_axi_bresp_i,
    output logic                m_axi_arvalid_o,
    input  logic                m_axi_arready_i,
    output logic [ADDR_W-1:0]   m_axi_araddr_o,
    output logic [7:0]          m_axi_arlen_o,
    output logic [2:0]          m_axi_arsize_o,
    output logic [1:0]          m_axi_arburst_o,
    input  logic                m_axi_rvalid_i,
    output logic                m_axi_rready_o,
    input  logic [DATA_W-1:0]   m_axi_rdata_i,
    input  logic [1:0]          m_axi_rresp_i,
    input  logic                m_axi_rlast_i
);
  logic [DATA_W-1:0] buffer_q[0:15];
  logic [3:0] beat_q;
  logic reading_q;

  assign m_axi_awaddr_o = dst_i;
  assign m_axi_awlen_o = {4'd0, beats_i};
  assign m_axi_awsize_o = 3'($clog2(DATA_W / 8));
  assign m_axi_araddr_o = src_i;
  assign m_axi_arlen_o = {4'd0, beats_i};
  assign m_axi_arsize_o = 3'($clog2(DATA_W / 8));
  assign m_axi_arburst_o = wrap_i ? 2'd2 : 2'd1;
  assign m_axi_wdata_o = buffer_q[beat_q];
  assign m_axi_wstrb_o = '1;
  assign m_axi_wlast_o = beat_q == beats_i;
  assign m_axi_rready_o = reading_q;
  // The response is taken in the cycle in which it comes, as it comes: a combinational ready.
  assign m_axi_bready_o = m_axi_bvalid_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_o <= 1'b0;
      done_o <= 1'b0;
      resp_o <= 2'd0;
      beat_q <= '0;
      reading_q <= 1'b0;
      m_axi_arvalid_o <= 1'b0;
      m_axi_awvalid_o <= 1'b0;
      m_axi_wvalid_o <= 1'b0;
    end else begin
      if (start_i && !busy_o) begin
        busy_o <= 1'b1;
        done_o <= 1'b0;
        resp_o <= 2'd0;
        beat_q <= '0;
        reading_q <= 1'b1;
        m_axi_arvalid_o <= 1'b1;
      end
      if (m_axi_arvalid_o && m_axi_arready_i) m_axi_arvalid_o <= 1'b0;
      if (m_axi_rvalid_i && m_axi_rready_o) begin
        buffer_q[beat_q] <= m_axi_rdata_i;
        beat_q <= beat_q + 4'd1;
        resp_o <= resp_o | m_axi_rresp_i;
        if (m_axi_rlast_i) begin
          beat_q <= '0;
          reading_q <= 1'b0;
          m_axi_awvalid_o <= 1'b1;
          m_axi_wvalid_o <= 1'b1;
        end
      end
      if (m_axi_awvalid_o && m_axi_awready_i) m_axi_awvalid_o <= 1'b0;
      if (m_axi_wvalid_o && m_axi_wready_i) begin
        beat_q <= beat_q + 4'd1;
        if (m_axi_wlast_o) m_axi_wvalid_o <= 1'b0;
      end
      if (m_axi_bvalid_i) begin
        resp_o <= resp_o | m_axi_bresp_i;
        busy_o <= 1'b0;
        done_o <= 1'b1;
      end
    end
  end
endmodule
