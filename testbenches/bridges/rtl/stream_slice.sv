// A valid/ready stage with registered outputs in both directions: two places, one cycle, one transfer a cycle.
module stream_slice #(
    parameter int unsigned WIDTH = 8
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    input  logic             valid_i,
    output logic             ready_o,
    input  logic [WIDTH-1:0] data_i,
    output logic             valid_o,
    input  logic             ready_i,
    output logic [WIDTH-1:0] data_o
);
  logic [1:0] used_q;  // 0, 1 or 2 places
  logic [WIDTH-1:0] next_q;

  assign ready_o = !used_q[1];
  assign valid_o = used_q != 2'd0;

  wire push = valid_i && ready_o;
  wire pop = valid_o && ready_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      used_q <= 2'd0;
      data_o <= '0;
      next_q <= '0;
    end else begin
      used_q <= used_q + {1'b0, push} - {1'b0, pop};
      if (pop && used_q == 2'd2) data_o <= next_q;
      else if (push && (!valid_o || pop)) data_o <= data_i;
      if (push && valid_o && !pop) next_q <= data_i;
    end
  end
endmodule
