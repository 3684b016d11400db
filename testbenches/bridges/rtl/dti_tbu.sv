// A tiny TBU on a stream of 20 bytes, a message a beat: connects, when told to translates COUNT pages of one stream
// in order of their IDs while it has tokens, acknowledges invalidations and syncs, and disconnects when told to.
module dti_tbu #(
    parameter int unsigned COUNT = 8
) (
    input  logic                clk_i,
    input  logic                rst_ni,
    input  logic                start_i,
    input  logic                leave_i,   // disconnect when all is answered
    input  logic [31:0]         sid_i,
    input  logic [63:0]         first_i,   // address of the first page
    output logic                busy_o,
    output logic                done_o,    // all are answered
    output logic                connected_o,
    output logic [40*COUNT-1:0] pages_o,   // OA[51:12] by ID
    output logic [COUNT-1:0]    faults_o,
    output logic [7:0]          invalidations_o,
    output logic [7:0]          syncs_o,
    output logic                up_tvalid_o,
    input  logic                up_tready_i,
    output logic [159:0]        up_tdata_o,
    output logic [19:0]         up_tkeep_o,
    output logic                up_tlast_o,
    output logic [7:0]          up_tid_o,
    output logic                up_twakeup_o,
    input  logic                dn_tvalid_i,
    output logic                dn_tready_o,
    input  logic [159:0]        dn_tdata_i
);
  localparam logic [3:0] CONDIS = 4'h0, FAULT = 4'h1, TRANS = 4'h2, INV = 4'h4, SYNC = 4'h5;

  logic asked_q, connected_q, leaving_q;
  logic [11:0] next_q, answered_q, tokens_q;  // tokens: granted - 1
  logic [7:0] inv_acks_q;                     // owed
  logic sync_ack_q;                           // owed, after them

  wire free = !up_tvalid_o || up_tready_i;
  wire got = dn_tvalid_i && dn_tready_o;
  wire [3:0] code = dn_tdata_i[3:0];
  wire answer = got && (code == TRANS || code == FAULT);
  wire [11:0] id = {code == FAULT ? dn_tdata_i[31:28] : dn_tdata_i[79:76], dn_tdata_i[11:4]};
  wire ask = connected_q && start_i && !leaving_q && next_q != 12'(COUNT) && next_q - answered_q <= tokens_q;
  wire leave = connected_q && !leaving_q && leave_i && done_o && !got && inv_acks_q == 8'd0 && !sync_ack_q;
  wire send_inv_ack = free && inv_acks_q != 8'd0;
  wire send_sync_ack = free && inv_acks_q == 8'd0 && sync_ack_q;
  wire [63:0] address = first_i + {40'd0, next_q, 12'd0};

  assign dn_tready_o = 1'b1;
  assign up_tlast_o = 1'b1;
  assign up_tid_o = 8'd1;
  assign up_twakeup_o = 1'b1;
  assign done_o = answered_q == 12'(COUNT);
  assign connected_o = connected_q;
  assign busy_o = up_tvalid_o || !asked_q || ask || leave || inv_acks_q != 8'd0 || sync_ack_q;
  wire unused = &{1'b0, dn_tdata_i[159:148], dn_tdata_i[107:80], dn_tdata_i[75:32], dn_tdata_i[27:20]};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      asked_q <= 1'b0;
      connected_q <= 1'b0;
      leaving_q <= 1'b0;
      next_q <= '0;
      answered_q <= '0;
      tokens_q <= '0;
      inv_acks_q <= '0;
      sync_ack_q <= 1'b0;
      pages_o <= '0;
      faults_o <= '0;
      invalidations_o <= '0;
      syncs_o <= '0;
      up_tvalid_o <= 1'b0;
      up_tdata_o <= '0;
      up_tkeep_o <= '0;
    end else begin
      if (free) up_tvalid_o <= 1'b0;
      if (send_inv_ack || send_sync_ack) begin
        up_tvalid_o <= 1'b1;
        up_tkeep_o <= 20'h1;
        up_tdata_o <= {156'd0, send_inv_ack ? INV : SYNC};
      end else if (free && (!asked_q || leave)) begin
        // CONDIS_REQ: version 2, as many tokens as there are pages, two invalidations at a time.
        asked_q <= 1'b1;
        leaving_q <= leave;
        up_tvalid_o <= 1'b1;
        up_tkeep_o <= 20'hF;
        up_tdata_o <= {128'd0, 8'd0, 4'd1, 8'(COUNT - 1), 4'd2, 3'd0, !leave, CONDIS};
      end else if (free && ask) begin
        // A read that may stall.
        next_q <= next_q + 12'd1;
        up_tvalid_o <= 1'b1;
        up_tkeep_o <= 20'hFFFFF;
        up_tdata_o <= {address, 26'd0, 1'b1, 5'd0, sid_i, next_q[11:8], 8'd0, 1'b1, 3'd0, next_q[7:0], 4'd0, TRANS};
      end
      inv_acks_q <= inv_acks_q + {7'd0, got && code == INV} - {7'd0, send_inv_ack};
      if (got && code == SYNC) sync_ack_q <= 1'b1;
      else if (send_sync_ack) sync_ack_q <= 1'b0;
      if (got && code == INV) invalidations_o <= invalidations_o + 8'd1;
      if (got && code == SYNC) syncs_o <= syncs_o + 8'd1;
      if (got && code == CONDIS) begin
        connected_q <= dn_tdata_i[4];
        tokens_q <= {dn_tdata_i[31:28], dn_tdata_i[19:12]};
      end
      if (answer) begin
        answered_q <= answered_q + 12'd1;
        for (int unsigned i = 0; i < COUNT; i++) begin
          if (id == 12'(i)) begin
            pages_o[40*i +: 40] <= code == TRANS ? dn_tdata_i[147:108] : 40'd0;
            faults_o[i] <= code == FAULT;
          end
        end
      end
    end
  end
endmodule
