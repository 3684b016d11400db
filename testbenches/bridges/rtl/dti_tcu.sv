// A tiny TCU on a stream of 20 bytes, a message a beat: accepts a connection, answers each translation request
// with the identity or, where bit 47 of the address is set, an abort; on a pulse it invalidates everything and
// syncs.
module dti_tcu #(
    parameter int unsigned TOKENS = 4
) (
    input  logic         clk_i,
    input  logic         rst_ni,
    input  logic         invalidate_i,
    output logic         busy_o,
    output logic         synced_o,  // the last sync is acknowledged
    output logic [7:0]   requests_o,
    input  logic         up_tvalid_i,
    output logic         up_tready_o,
    input  logic [159:0] up_tdata_i,
    output logic         dn_tvalid_o,
    input  logic         dn_tready_i,
    output logic [159:0] dn_tdata_o,
    output logic [19:0]  dn_tkeep_o,
    output logic         dn_tlast_o,
    output logic [7:0]   dn_tdest_o,
    output logic         dn_twakeup_o
);
  localparam logic [3:0] CONDIS = 4'h0, FAULT = 4'h1, TRANS = 4'h2, INV = 4'h4, SYNC = 4'h5;
  localparam logic [7:0] TLBI_NSNH_ALL = 8'h30;

  logic connected_q, invalidate_q, sync_q;  // to be sent
  wire free = !dn_tvalid_o || dn_tready_i;
  wire [3:0] code = up_tdata_i[3:0];
  wire got = up_tvalid_i && up_tready_o;
  wire abort = up_tdata_i[143];  // IA[47]
  wire [7:0] tokens = up_tdata_i[19:12] < 8'(TOKENS - 1) ? up_tdata_i[19:12] : 8'(TOKENS - 1);
  wire [159:0] ack = {128'd0, 7'd0, up_tdata_i[4] ? 4'd5 : 4'd0, 1'b0,
                      up_tdata_i[4] ? tokens : 8'd0, up_tdata_i[4] ? 4'd2 : 4'd0, 3'd0, up_tdata_i[4], CONDIS};
  wire [159:0] fault = {128'd0, up_tdata_i[31:28], 8'd0, 3'd1, 5'd0, up_tdata_i[15:8], FAULT};
  // OA = IA, all permissions, Normal write-back memory, a page.
  wire [159:0] response = {12'd0, up_tdata_i[147:108], 2'd0, 2'd3, 8'hFF, 16'd0, up_tdata_i[31:28], 6'd0,
                           6'h3F, 52'd0, up_tdata_i[15:8], TRANS};

  // Its output register is the only place: it takes nothing while it invalidates.
  assign up_tready_o = !dn_tvalid_o && !invalidate_q && !sync_q;
  assign dn_tlast_o = 1'b1;
  assign dn_tdest_o = 8'd0;
  assign dn_twakeup_o = dn_tvalid_o;
  wire unused = &{1'b0, up_tdata_i[159:148], up_tdata_i[107:32], up_tdata_i[27:20], up_tdata_i[7:5]};
  assign busy_o = dn_tvalid_o || invalidate_q || sync_q || invalidate_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      connected_q <= 1'b0;
      invalidate_q <= 1'b0;
      sync_q <= 1'b0;
      synced_o <= 1'b1;
      requests_o <= '0;
      dn_tvalid_o <= 1'b0;
      dn_tdata_o <= '0;
      dn_tkeep_o <= '0;
    end else begin
      if (free) dn_tvalid_o <= 1'b0;
      if (invalidate_i && connected_q) begin
        invalidate_q <= 1'b1;
        sync_q <= 1'b1;
        synced_o <= 1'b0;
      end else if (free && invalidate_q) begin
        invalidate_q <= 1'b0;
        dn_tvalid_o <= 1'b1;
        dn_tkeep_o <= 20'hFFFF;
        dn_tdata_o <= {148'd0, TLBI_NSNH_ALL, INV};
      end else if (free && sync_q) begin
        sync_q <= 1'b0;
        dn_tvalid_o <= 1'b1;
        dn_tkeep_o <= 20'h1;
        dn_tdata_o <= {156'd0, SYNC};
      end
      if (got && code == CONDIS) begin
        connected_q <= up_tdata_i[4];
        dn_tvalid_o <= 1'b1;
        dn_tkeep_o <= 20'hF;
        dn_tdata_o <= ack;
      end
      if (got && code == TRANS) begin
        requests_o <= requests_o + 8'd1;
        dn_tvalid_o <= 1'b1;
        dn_tkeep_o <= abort ? 20'hF : 20'hFFFFF;
        dn_tdata_o <= abort ? fault : response;
      end
      if (got && code == SYNC) synced_o <= 1'b1;
    end
  end
endmodule
