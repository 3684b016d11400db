// AXI4 subordinate: 4 KB of memory that stalls at random and answers out of order: reads of different IDs
// interleave beat by beat, write responses overtake each other. Addresses beyond it are answered with DECERR.
// One write's data at a time; an ID is taken again when it has been answered, so ARREADY and AWREADY depend on
// the ID combinationally. The random numbers stand still while nothing is under way.
module axi_memory #(
    parameter int unsigned ADDR_W = 52,
    parameter int unsigned DATA_W = 64,
    parameter int unsigned ID_W   = 4
) (
    input  logic                clk_i,
    input  logic                rst_ni,
    output logic                busy_o,
    input  logic                s_axi_awvalid_i,
    output logic                s_axi_awready_o,
    input  logic [ID_W-1:0]     s_axi_awid_i,
    input  logic [ADDR_W-1:0]   s_axi_awaddr_i,
    input  logic [7:0]          s_axi_awlen_i,
    input  logic [2:0]          s_axi_awsize_i,
    input  logic [1:0]          s_axi_awburst_i,
    input  logic                s_axi_wvalid_i,
    output logic                s_axi_wready_o,
    input  logic [DATA_W-1:0]   s_axi_wdata_i,
    input  logic [DATA_W/8-1:0] s_axi_wstrb_i,
    input  logic                s_axi_wlast_i,
    output logic                s_axi_bvalid_o,
    input  logic                s_axi_bready_i,
    output logic [ID_W-1:0]     s_axi_bid_o,
    output logic [1:0]          s_axi_bresp_o,
    input  logic                s_axi_arvalid_i,
    output logic                s_axi_arready_o,
    input  logic [ID_W-1:0]     s_axi_arid_i,
    input  logic [ADDR_W-1:0]   s_axi_araddr_i,
    input  logic [7:0]          s_axi_arlen_i,
    input  logic [2:0]          s_axi_arsize_i,
    input  logic [1:0]          s_axi_arburst_i,
    output logic                s_axi_rvalid_o,
    input  logic                s_axi_rready_i,
    output logic [ID_W-1:0]     s_axi_rid_o,
    output logic [DATA_W-1:0]   s_axi_rdata_o,
    output logic [1:0]          s_axi_rresp_o,
    output logic                s_axi_rlast_o
);
  localparam int unsigned LaneBits = $clog2(DATA_W / 8);
  localparam int unsigned Words = 4096 / (DATA_W / 8);
  localparam int unsigned WordBits = $clog2(Words);

  // The address after `a` in a burst; only the low 12 bits move.
  function automatic logic [11:0] next_address(input logic [11:0] a, input logic [7:0] len, input logic [2:0] size,
                                               input logic [1:0] burst);
    logic [11:0] step, stepped, wrap_mask;
    step = 12'd1 << size;
    stepped = (a & ~(step - 12'd1)) + step;
    wrap_mask = ({4'd0, len} + 12'd1) * step - 12'd1;
    next_address = burst == 2'd0 ? a : burst == 2'd2 ? ((a & ~wrap_mask) | (stepped & wrap_mask)) : stepped;
  endfunction

  logic [DATA_W-1:0] mem[0:Words-1];
  initial for (int unsigned i = 0; i < Words; i++) mem[i] = '0;

  // A bit a cycle while there is work.
  logic [15:0] random_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) random_q <= 16'hACE1;
    else if (busy_o || s_axi_arvalid_i || s_axi_awvalid_i || s_axi_wvalid_i) begin
      random_q <= {random_q[14:0], random_q[15] ^ random_q[13] ^ random_q[12] ^ random_q[10]};
    end
  end

  // Reads: four under way.
  logic [3:0] r_busy_q, r_bad_q;
  logic [ID_W-1:0] r_id_q[0:3];
  logic [11:0] r_addr_q[0:3];
  logic [7:0] r_len_q[0:3], r_left_q[0:3];
  logic [2:0] r_size_q[0:3];
  logic [1:0] r_burst_q[0:3];

  logic r_id_taken;
  logic [1:0] r_free, r_pick;
  always_comb begin
    r_id_taken = 1'b0;
    r_free = 2'd0;
    r_pick = random_q[1:0];
    for (int i = 3; i >= 0; i--) begin
      if (r_busy_q[i] && r_id_q[i] == s_axi_arid_i) r_id_taken = 1'b1;
      if (!r_busy_q[i]) r_free = i[1:0];
    end
    for (int i = 3; i >= 0; i--) begin
      if (r_busy_q[random_q[1:0] + i[1:0]]) r_pick = random_q[1:0] + i[1:0];
    end
  end
  assign s_axi_arready_o = !(&r_busy_q) && !r_id_taken && random_q[3:2] != 2'd0;
  wire r_open = !s_axi_rvalid_o || s_axi_rready_i;
  wire r_send = r_open && |r_busy_q && random_q[5:4] != 2'd1;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      r_busy_q <= '0;
      r_bad_q <= '0;
      s_axi_rvalid_o <= 1'b0;
      s_axi_rid_o <= '0;
      s_axi_rdata_o <= '0;
      s_axi_rresp_o <= '0;
      s_axi_rlast_o <= 1'b0;
    end else begin
      if (r_open) s_axi_rvalid_o <= r_send;
      if (r_send) begin
        s_axi_rid_o <= r_id_q[r_pick];
        s_axi_rdata_o <= r_bad_q[r_pick] ? '0 : mem[r_addr_q[r_pick][11:12-WordBits]];
        s_axi_rresp_o <= r_bad_q[r_pick] ? 2'd3 : 2'd0;
        s_axi_rlast_o <= r_left_q[r_pick] == 8'd0;
        r_left_q[r_pick] <= r_left_q[r_pick] - 8'd1;
        r_addr_q[r_pick] <= next_address(r_addr_q[r_pick], r_len_q[r_pick], r_size_q[r_pick], r_burst_q[r_pick]);
        if (r_left_q[r_pick] == 8'd0) r_busy_q[r_pick] <= 1'b0;
      end
      if (s_axi_arvalid_i && s_axi_arready_o) begin
        r_busy_q[r_free] <= 1'b1;
        r_bad_q[r_free] <= |s_axi_araddr_i[ADDR_W-1:12];
        r_id_q[r_free] <= s_axi_arid_i;
        r_addr_q[r_free] <= s_axi_araddr_i[11:0];
        r_len_q[r_free] <= s_axi_arlen_i;
        r_left_q[r_free] <= s_axi_arlen_i;
        r_size_q[r_free] <= s_axi_arsize_i;
        r_burst_q[r_free] <= s_axi_arburst_i;
      end
    end
  end

  // Writes: one that takes data, four that wait for their response.
  logic w_busy_q, w_bad_q;
  logic [ID_W-1:0] w_id_q;
  logic [11:0] w_addr_q;
  logic [7:0] w_len_q;
  logic [2:0] w_size_q;
  logic [1:0] w_burst_q;
  logic [3:0] b_busy_q, b_bad_q;
  logic [ID_W-1:0] b_id_q[0:3];

  logic b_id_taken;
  logic [1:0] b_free, b_pick;
  always_comb begin
    b_id_taken = 1'b0;
    b_free = 2'd0;
    b_pick = random_q[7:6];
    for (int i = 3; i >= 0; i--) begin
      if (b_busy_q[i] && b_id_q[i] == s_axi_awid_i) b_id_taken = 1'b1;
      if (!b_busy_q[i]) b_free = i[1:0];
    end
    for (int i = 3; i >= 0; i--) begin
      if (b_busy_q[random_q[7:6] + i[1:0]]) b_pick = random_q[7:6] + i[1:0];
    end
  end
  assign s_axi_awready_o = !w_busy_q && !(&b_busy_q) && !b_id_taken && random_q[9:8] != 2'd2;
  assign s_axi_wready_o = w_busy_q && random_q[11:10] != 2'd3;
  wire w_take = s_axi_wvalid_i && s_axi_wready_o;
  wire b_open = !s_axi_bvalid_o || s_axi_bready_i;
  wire b_send = b_open && |b_busy_q && random_q[13:12] == 2'd0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      w_busy_q <= 1'b0;
      b_busy_q <= '0;
      s_axi_bvalid_o <= 1'b0;
      s_axi_bid_o <= '0;
      s_axi_bresp_o <= '0;
    end else begin
      if (b_open) s_axi_bvalid_o <= b_send;
      if (b_send) begin
        s_axi_bid_o <= b_id_q[b_pick];
        s_axi_bresp_o <= b_bad_q[b_pick] ? 2'd3 : 2'd0;
        b_busy_q[b_pick] <= 1'b0;
      end
      if (s_axi_awvalid_i && s_axi_awready_o) begin
        w_busy_q <= 1'b1;
        w_bad_q <= |s_axi_awaddr_i[ADDR_W-1:12];
        w_id_q <= s_axi_awid_i;
        w_addr_q <= s_axi_awaddr_i[11:0];
        w_len_q <= s_axi_awlen_i;
        w_size_q <= s_axi_awsize_i;
        w_burst_q <= s_axi_awburst_i;
      end
      if (w_take) begin
        for (int unsigned lane = 0; lane < DATA_W / 8; lane++) begin
          if (s_axi_wstrb_i[lane] && !w_bad_q) begin
            mem[w_addr_q[11:LaneBits]][8*lane+:8] <= s_axi_wdata_i[8*lane+:8];
          end
        end
        w_addr_q <= next_address(w_addr_q, w_len_q, w_size_q, w_burst_q);
        if (s_axi_wlast_i) begin
          w_busy_q <= 1'b0;
          b_busy_q[b_free] <= 1'b1;
          b_bad_q[b_free] <= w_bad_q;
          b_id_q[b_free] <= w_id_q;
        end
      end
    end
  end

  assign busy_o = |r_busy_q || s_axi_rvalid_o || w_busy_q || |b_busy_q || s_axi_bvalid_o;
endmodule
