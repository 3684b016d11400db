// The scoreboard at work: tables in its memory, registers written, then accesses as a DUT reports them, the right
// ones and some planted wrong ones, which it must find. Words and results are worked out by hand, as in
// c_interface_test.c.
module scoreboard_tb
  import svasim_reference_pkg::*;
(
    input  logic        clk_i,
    output logic        done_o,
    output int unsigned mismatches_o
);

  logic valid, recorded;
  svasim_transaction transaction;
  svasim_status status;
  logic [63:0] address;
  logic [255:0] words;

  translation_scoreboard scoreboard (
      .clk_i,
      .valid_i(valid),
      .transaction_i(transaction),
      .status_i(status),
      .address_i(address),
      .event_i(recorded),
      .event_words_i(words)
  );

  localparam bit [63:0] kVa = 64'h80_4020_3000;  // entry 1 of levels 0 to 2, entry 3 of level 3
  localparam bit [63:0] kRead = 64'h208_0000_0000, kWrite = 64'h200_0000_0000;  // CLASS = IN, RnW

  // The SMMU as software set it up. Called by the testbench's main after the initial blocks.
  function automatic void set_up();
    for (int i = 0; i < 32; i++) scoreboard.memory.words[64'h10000 + 64'(8 * i)] = 64'd0;  // stream table
    for (int i = 0; i < 8; i++) scoreboard.memory.words[64'h11000 + 64'(8 * i)] = 64'd0;
    scoreboard.memory.words[64'h10040] = 64'h1100B;                // stream 1: stage 1, CD at 0x11000
    scoreboard.memory.words[64'h10048] = 64'h1000_1000_0000;       // SHCFG = incoming, EATS = 1
    scoreboard.memory.words[64'h11000] = 64'h0007_6205_C000_0010;  // ASID 7, A, R, AA64, IPS 5, V, EPD1, T0SZ 16
    scoreboard.memory.words[64'h11008] = 64'h12000;
    scoreboard.memory.words[64'h11018] = 64'hFF;
    scoreboard.memory.words[64'h12008] = 64'h13003;
    scoreboard.memory.words[64'h13008] = 64'h14003;
    scoreboard.memory.words[64'h14008] = 64'h15003;
    scoreboard.memory.words[64'h15018] = 64'h45678F43;
    scoreboard.memory.words[64'h15020] = 64'd0;
    void'(scoreboard.smmu.write('h80, 64'h10000, 8));
    void'(scoreboard.smmu.write('h88, 64'd2));
    void'(scoreboard.smmu.write('h20, 64'd1));
  endfunction

  function automatic void direct_checks();
    svasim_ats_request ats;
    svasim_ats_completion completion;
    svasim_page_request page;
    svasim_page_request_outcome outcome;
    ats = '0;
    ats.stream = 1;
    ats.address = kVa;
    scoreboard.smmu.translation_request(ats, completion);
    if (completion.status != 0 || completion.entry != 64'h45678003) $fatal(1, "ATS: %p", completion);
    page = '0;
    page.stream = 1;
    page.read = 1;
    page.last = 1;
    page.prg_index = 9'h5;
    page.address = kVa;
    scoreboard.smmu.page_request(page, 0, outcome);  // PRIQEN is 0: Response Failure
    if (outcome.action != 2 || outcome.response != 4'hF) $fatal(1, "page request: %p", outcome);
    if (scoreboard.smmu.command(64'h46, 64'd0) != 0) $fatal(1, "CMD_SYNC is legal");
    if (scoreboard.smmu.command(64'hFF, 64'd0) != 1) $fatal(1, "0xFF is no command");
    if (scoreboard.smmu.read('h24) != 64'd1) $fatal(1, "CR0ACK");
    if (scoreboard.smmu.write('h21, 64'd0) >= 0) $fatal(1, "misaligned");
  endfunction

  function automatic svasim_transaction access(bit [63:0] va, bit write);
    svasim_transaction t;
    t = '0;
    t.stream = 1;
    t.write = write;
    t.address = va;
    return t;
  endfunction

  int unsigned step = 0;
  always @(posedge clk_i) begin
    step <= step + 1;
    valid <= 1'b0;
    recorded <= 1'b0;
    words <= '0;
    status <= SVASIM_OK;
    case (step)
      0: set_up();
      1: direct_checks();
      2: begin  // right
        valid <= 1'b1;
        transaction <= access(kVa + 64'h128, 1'b1);
        address <= 64'h45678128;
      end
      3: begin  // planted: the wrong frame
        valid <= 1'b1;
        transaction <= access(kVa + 64'h128, 1'b0);
        address <= 64'h45679128;
      end
      4: begin  // right: F_TRANSLATION
        valid <= 1'b1;
        transaction <= access(kVa + 64'h1000, 1'b0);
        status <= SVASIM_ABORTED;
        recorded <= 1'b1;
        words <= {64'd0, kVa + 64'h1000, kRead, 64'h1_0000_0010};
      end
      5: begin  // planted: RnW is wrong
        valid <= 1'b1;
        transaction <= access(kVa + 64'h1000, 1'b0);
        status <= SVASIM_ABORTED;
        recorded <= 1'b1;
        words <= {64'd0, kVa + 64'h1000, kWrite, 64'h1_0000_0010};
      end
      6: begin  // planted: no record
        valid <= 1'b1;
        transaction <= access(kVa + 64'h1000, 1'b1);
        status <= SVASIM_ABORTED;
      end
      default: ;
    endcase
  end
  assign done_o = step == 9;
  assign mismatches_o = scoreboard.mismatches;

endmodule
