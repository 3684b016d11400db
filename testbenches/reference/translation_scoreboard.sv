// A scoreboard on a DUT's translation port: every completed access is checked against the reference. The memory
// it reads is filled by the testbench, as a backdoor would from a load image.
module translation_scoreboard
  import svasim_reference_pkg::*;
(
    input logic              clk_i,
    input logic              valid_i,        // an access completed
    input svasim_transaction transaction_i,
    input svasim_status      status_i,       // what the DUT did with it
    input logic       [63:0] address_i,
    input logic              event_i,        // and recorded
    input logic      [255:0] event_words_i
);

  class sparse_memory extends svasim_memory;
    bit [63:0] words[bit [63:0]];
    virtual function bit read(bit [63:0] address, output bit [63:0] word);
      word = 64'd0;
      if (words.exists(address) == 0) return 0;
      word = words[address];
      return 1;
    endfunction
  endclass

  sparse_memory memory;
  svasim_memory base;  // (Verilator 5.006 does not convert to it in a call)
  svasim_reference smmu;
  int unsigned checked = 0, mismatches = 0;

  initial begin
    memory = new;
    base = memory;
    smmu = new(base, svasim_all_features());
  end

  always @(posedge clk_i) begin
    if (valid_i) begin
      svasim_outcome expected;
      smmu.translate(transaction_i, expected);
      checked <= checked + 1;
      if (status_i != expected.status || (status_i == SVASIM_OK && address_i != expected.address) ||
          event_i != expected.event_due || (event_i && event_words_i != expected.event_words)) begin
        mismatches <= mismatches + 1;
        $display("stream %0d, address %h: status %0d, address %h, event %b %h; expected %0d, %h, %b %h",
                 transaction_i.stream, transaction_i.address, status_i, address_i, event_i, event_words_i,
                 expected.status, expected.address, expected.event_due, expected.event_words);
      end
    end
  end

endmodule
