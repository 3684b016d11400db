// Page-walk cache, performance counters: each counts one event, wraps, and stands still without it.
// Time: a counter moves at the edge after the cycle in which its event stands at the input.
module pwc_counters #(
    parameter int unsigned EVENTS = 8,
    parameter int unsigned COUNTER_W = 32
) (
    input  logic                        clk_i,
    input  logic                        rst_ni,
    input  logic [EVENTS-1:0]           event_i,
    output logic [EVENTS*COUNTER_W-1:0] count_o
);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      count_o <= '0;
    end else if (event_i != '0) begin
      for (int unsigned e = 0; e < EVENTS; e++) begin
        if (event_i[e]) begin
          count_o[e*COUNTER_W +: COUNTER_W] <= count_o[e*COUNTER_W +: COUNTER_W] + COUNTER_W'(1);
        end
      end
    end
  end

endmodule
