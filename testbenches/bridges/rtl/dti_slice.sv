// DTI register slice: each stream through a stage of its own, one cycle each way.
module dti_slice #(
    parameter int unsigned BYTES = 10
) (
    input  logic               clk_i,
    input  logic               rst_ni,
    output logic               busy_o,
    // From the requester.
    input  logic               s_up_tvalid_i,
    output logic               s_up_tready_o,
    input  logic [8*BYTES-1:0] s_up_tdata_i,
    input  logic [BYTES-1:0]   s_up_tkeep_i,
    input  logic               s_up_tlast_i,
    input  logic [7:0]         s_up_tid_i,
    input  logic               s_up_twakeup_i,
    output logic               s_dn_tvalid_o,
    input  logic               s_dn_tready_i,
    output logic [8*BYTES-1:0] s_dn_tdata_o,
    output logic [BYTES-1:0]   s_dn_tkeep_o,
    output logic               s_dn_tlast_o,
    output logic [7:0]         s_dn_tdest_o,
    output logic               s_dn_twakeup_o,
    // To the completer.
    output logic               m_up_tvalid_o,
    input  logic               m_up_tready_i,
    output logic [8*BYTES-1:0] m_up_tdata_o,
    output logic [BYTES-1:0]   m_up_tkeep_o,
    output logic               m_up_tlast_o,
    output logic [7:0]         m_up_tid_o,
    output logic               m_up_twakeup_o,
    input  logic               m_dn_tvalid_i,
    output logic               m_dn_tready_o,
    input  logic [8*BYTES-1:0] m_dn_tdata_i,
    input  logic [BYTES-1:0]   m_dn_tkeep_i,
    input  logic               m_dn_tlast_i,
    input  logic [7:0]         m_dn_tdest_i,
    input  logic               m_dn_twakeup_i
);
  localparam int unsigned WIDTH = 9 * BYTES + 9;

  stream_slice #(.WIDTH(WIDTH)) u_up (
      .clk_i, .rst_ni,
      .valid_i(s_up_tvalid_i),
      .ready_o(s_up_tready_o),
      .data_i({s_up_tid_i, s_up_tlast_i, s_up_tkeep_i, s_up_tdata_i}),
      .valid_o(m_up_tvalid_o),
      .ready_i(m_up_tready_i),
      .data_o({m_up_tid_o, m_up_tlast_o, m_up_tkeep_o, m_up_tdata_o})
  );
  stream_slice #(.WIDTH(WIDTH)) u_dn (
      .clk_i, .rst_ni,
      .valid_i(m_dn_tvalid_i),
      .ready_o(m_dn_tready_o),
      .data_i({m_dn_tdest_i, m_dn_tlast_i, m_dn_tkeep_i, m_dn_tdata_i}),
      .valid_o(s_dn_tvalid_o),
      .ready_i(s_dn_tready_i),
      .data_o({s_dn_tdest_o, s_dn_tlast_o, s_dn_tkeep_o, s_dn_tdata_o})
  );

  // What is asleep wakes by TVALID alone.
  assign m_up_twakeup_o = m_up_tvalid_o || s_up_twakeup_i;
  assign s_dn_twakeup_o = s_dn_tvalid_o || m_dn_twakeup_i;
  assign busy_o = m_up_tvalid_o || s_dn_tvalid_o;
endmodule
