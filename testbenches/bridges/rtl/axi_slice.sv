// AXI4 register slice: each of the five channels through a stage of its own, one cycle each way.
module axi_slice #(
    parameter int unsigned ADDR_W = 52,
    parameter int unsigned DATA_W = 64,
    parameter int unsigned ID_W   = 4,
    parameter int unsigned USER_W = 64
) (
    input  logic                clk_i,
    input  logic                rst_ni,
    output logic                busy_o,
    // From the manager.
    input  logic                s_axi_awvalid_i,
    output logic                s_axi_awready_o,
    input  logic [ID_W-1:0]     s_axi_awid_i,
    input  logic [ADDR_W-1:0]   s_axi_awaddr_i,
    input  logic [7:0]          s_axi_awlen_i,
    input  logic [2:0]          s_axi_awsize_i,
    input  logic [1:0]          s_axi_awburst_i,
    input  logic [3:0]          s_axi_awcache_i,
    input  logic [2:0]          s_axi_awprot_i,
    input  logic [USER_W-1:0]   s_axi_awuser_i,
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
    input  logic [3:0]          s_axi_arcache_i,
    input  logic [2:0]          s_axi_arprot_i,
    input  logic [USER_W-1:0]   s_axi_aruser_i,
    output logic                s_axi_rvalid_o,
    input  logic                s_axi_rready_i,
    output logic [ID_W-1:0]     s_axi_rid_o,
    output logic [DATA_W-1:0]   s_axi_rdata_o,
    output logic [1:0]          s_axi_rresp_o,
    output logic                s_axi_rlast_o,
    // To the subordinate.
    output logic                m_axi_awvalid_o,
    input  logic                m_axi_awready_i,
    output logic [ID_W-1:0]     m_axi_awid_o,
    output logic [ADDR_W-1:0]   m_axi_awaddr_o,
    output logic [7:0]          m_axi_awlen_o,
    output logic [2:0]          m_axi_awsize_o,
    output logic [1:0]          m_axi_awburst_o,
    output logic [3:0]          m_axi_awcache_o,
    output logic [2:0]          m_axi_awprot_o,
    output logic [USER_W-1:0]   m_axi_awuser_o,
    output logic                m_axi_wvalid_o,
    input  logic                m_axi_wready_i,
    output logic [DATA_W-1:0]   m_axi_wdata_o,
    output logic [DATA_W/8-1:0] m_axi_wstrb_o,
    output logic                m_axi_wlast_o,
    input  logic                m_axi_bvalid_i,
    output logic                m_axi_bready_o,
    input  logic [ID_W-1:0]     m_axi_bid_i,
    input  logic [1:0]          m_axi_bresp_i,
    output logic                m_axi_arvalid_o,
    input  logic                m_axi_arready_i,
    output logic [ID_W-1:0]     m_axi_arid_o,
    output logic [ADDR_W-1:0]   m_axi_araddr_o,
    output logic [7:0]          m_axi_arlen_o,
    output logic [2:0]          m_axi_arsize_o,
    output logic [1:0]          m_axi_arburst_o,
    output logic [3:0]          m_axi_arcache_o,
    output logic [2:0]          m_axi_arprot_o,
    output logic [USER_W-1:0]   m_axi_aruser_o,
    input  logic                m_axi_rvalid_i,
    output logic                m_axi_rready_o,
    input  logic [ID_W-1:0]     m_axi_rid_i,
    input  logic [DATA_W-1:0]   m_axi_rdata_i,
    input  logic [1:0]          m_axi_rresp_i,
    input  logic                m_axi_rlast_i
);
  localparam int unsigned AddressW = ID_W + ADDR_W + USER_W + 20;

  stream_slice #(.WIDTH(AddressW)) u_aw (
      .clk_i, .rst_ni,
      .valid_i(s_axi_awvalid_i), .ready_o(s_axi_awready_o),
      .data_i({s_axi_awid_i, s_axi_awaddr_i, s_axi_awlen_i, s_axi_awsize_i, s_axi_awburst_i, s_axi_awcache_i,
               s_axi_awprot_i, s_axi_awuser_i}),
      .valid_o(m_axi_awvalid_o), .ready_i(m_axi_awready_i),
      .data_o({m_axi_awid_o, m_axi_awaddr_o, m_axi_awlen_o, m_axi_awsize_o, m_axi_awburst_o, m_axi_awcache_o,
               m_axi_awprot_o, m_axi_awuser_o})
  );
  stream_slice #(.WIDTH(DATA_W + DATA_W / 8 + 1)) u_w (
      .clk_i, .rst_ni,
      .valid_i(s_axi_wvalid_i), .ready_o(s_axi_wready_o),
      .data_i({s_axi_wdata_i, s_axi_wstrb_i, s_axi_wlast_i}),
      .valid_o(m_axi_wvalid_o), .ready_i(m_axi_wready_i),
      .data_o({m_axi_wdata_o, m_axi_wstrb_o, m_axi_wlast_o})
  );
  stream_slice #(.WIDTH(ID_W + 2)) u_b (
      .clk_i, .rst_ni,
      .valid_i(m_axi_bvalid_i), .ready_o(m_axi_bready_o), .data_i({m_axi_bid_i, m_axi_bresp_i}),
      .valid_o(s_axi_bvalid_o), .ready_i(s_axi_bready_i), .data_o({s_axi_bid_o, s_axi_bresp_o})
  );
  stream_slice #(.WIDTH(AddressW)) u_ar (
      .clk_i, .rst_ni,
      .valid_i(s_axi_arvalid_i), .ready_o(s_axi_arready_o),
      .data_i({s_axi_arid_i, s_axi_araddr_i, s_axi_arlen_i, s_axi_arsize_i, s_axi_arburst_i, s_axi_arcache_i,
               s_axi_arprot_i, s_axi_aruser_i}),
      .valid_o(m_axi_arvalid_o), .ready_i(m_axi_arready_i),
      .data_o({m_axi_arid_o, m_axi_araddr_o, m_axi_arlen_o, m_axi_arsize_o, m_axi_arburst_o, m_axi_arcache_o,
               m_axi_arprot_o, m_axi_aruser_o})
  );
  stream_slice #(.WIDTH(ID_W + DATA_W + 3)) u_r (
      .clk_i, .rst_ni,
      .valid_i(m_axi_rvalid_i), .ready_o(m_axi_rready_o),
      .data_i({m_axi_rid_i, m_axi_rdata_i, m_axi_rresp_i, m_axi_rlast_i}),
      .valid_o(s_axi_rvalid_o), .ready_i(s_axi_rready_i),
      .data_o({s_axi_rid_o, s_axi_rdata_o, s_axi_rresp_o, s_axi_rlast_o})
  );

  assign busy_o = m_axi_awvalid_o || m_axi_wvalid_o || s_axi_bvalid_o || m_axi_arvalid_o || s_axi_rvalid_o;
endmodule
