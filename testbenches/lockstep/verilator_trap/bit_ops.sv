// Single-bit logic over fields of a packed struct, in the shapes that Verilator's bit-operation optimiser rewrites: masked
// reductions, a bit folded into itself, chains of inversions, and bit 31 of a longer vector.
// Contract: verilator_trap_test.cpp states every output in C++. A high fail_i makes the assertion fail.
// Time: outputs are combinational, sum_o is registered.
`include "pwc_checks.svh"
module bit_ops (
    input  logic        clk_i,
    input  logic        fail_i,
    input  logic [31:0] a_i,
    input  logic [63:0] b_i,
    output logic [11:0] y_o,
    output logic [11:0] sum_o
);

  typedef struct packed {
    logic [63:0] b;
    logic [4:0]  hi;
    logic [15:0] mid;
    logic [10:0] lo;
  } word_t;

  word_t w;
  assign w = {b_i, a_i};

  // A chain of small nets, each used once or twice: what the optimiser likes to swallow whole.
  logic [4:0] mixed;
  logic       first, second, third;
  assign first = ~(mixed[4] & w.b[35]);
  assign second = ~(w.b[54] & first);
  assign third = ~second;
  assign mixed = {w.mid[4:0]} ^ {w.b[10:7], 1'b1};

  always_comb begin
    y_o[0] = w.lo[3] & ~third;
    y_o[1] = ^(w.b & 64'h8000_0001_8000_0101);
    y_o[2] = ~^({w.hi, w.mid} & 21'h10_8421);
    y_o[3] = |(w.mid & 16'h00f0) & ~|(w.mid & 16'h0f00);
    y_o[4] = &(w.lo | 11'h7e5) ^ w.lo[1];
    y_o[5] = {w.b[38:32], w.b[38] ^ w.b[31] ^ w.b[38]} != w.b[38:31];
    y_o[6] = w.hi[4] ^ w.b[31] ^ w.hi[4] ^ w.b[63];
    y_o[7] = (w.mid[0] & w.mid[1]) | (~w.mid[0] & w.mid[2]) | (w.mid[1] & w.mid[2]);
    y_o[8] = ~(w.b[0] ^ ~(w.b[33] ^ w.lo[10]));
    y_o[9] = w.b[31] & ~w.b[32] & w.hi[0] & ~w.hi[1] & ~first;
    y_o[10] = ^mixed ^ (w.mid[0] & w.mid[0]) ^ ~w.b[7];
    y_o[11] = (w.lo[0] ^ w.lo[1]) | ~(w.lo[1] ^ w.lo[0]);
  end

  always_ff @(posedge clk_i) begin
    sum_o <= sum_o + {11'd0, ^y_o};
    `CHK(asked_not_to_fail, !fail_i)
  end

endmodule
