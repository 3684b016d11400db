// Page-walk cache, replacement of one bank: per set the way that the next fill into a full set evicts.
// Contract: PLRU = 0: round robin; only an eviction moves the pointer. PLRU = 1: tree pseudo-LRU over a power
// of two of ways; a lookup that hits and a fill that writes make their way the most recent, in this order at
// one edge. Tree node n (1 the root, 2n and 2n+1 below it) is 1 if the victim lies to the right.
// Time: the victim is combinational from the state before the edge; updates at the next edge.
module pwc_replace #(
    parameter int unsigned SETS = 64,
    parameter int unsigned WAYS = 4,
    parameter int unsigned PLRU = 0,
    localparam int unsigned SET_W = (SETS > 1) ? $clog2(SETS) : 1,
    localparam int unsigned WAY_W = (WAYS > 1) ? $clog2(WAYS) : 1
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    input  logic             hit_i,       // a lookup hit
    input  logic [SET_W-1:0] hit_set_i,
    input  logic [WAY_W-1:0] hit_way_i,
    input  logic             fill_i,      // a fill writes
    input  logic             evict_i,     // and evicts the victim
    input  logic [SET_W-1:0] fill_set_i,
    input  logic [WAY_W-1:0] fill_way_i,
    output logic [WAY_W-1:0] victim_o     // of fill_set_i
);

`ifdef PWC_PROOF
  logic [SET_W-1:0] proof_set;  // no driver here: scripts/prove connects it to the bank's
`endif

  if (WAYS == 1) begin : gen_direct
    logic unused;
    assign unused = &{clk_i, rst_ni, hit_i, hit_set_i, hit_way_i, fill_i, evict_i, fill_set_i, fill_way_i};
    assign victim_o = '0;
  end else if (PLRU == 0) begin : gen_round_robin
    localparam logic [WAY_W-1:0] WAY_LAST = WAY_W'(WAYS - 1);
    logic [SETS*WAY_W-1:0] victim_q;
    logic unused;
    assign unused = &{hit_i, hit_set_i, hit_way_i, fill_i};
    assign victim_o = victim_q[32'(fill_set_i) * WAY_W +: WAY_W];
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        victim_q <= '0;
      end else if (evict_i) begin
        victim_q[32'(fill_set_i) * WAY_W +: WAY_W] <=
            (fill_way_i == WAY_LAST) ? '0 : fill_way_i + WAY_W'(1);
      end
    end
`ifdef PWC_PROOF
`include "formal/pwc_turns_proof.svh"
`endif
  end else begin : gen_plru
    localparam int unsigned NODES = WAYS;  // node 0 is not used
    if ((WAYS & (WAYS - 1)) != 0) begin : gen_bad_ways
      $fatal(1, "tree PLRU needs a power of two of ways");
    end

    function automatic logic [NODES-1:0] touched(input logic [NODES-1:0] tree, input logic [WAY_W-1:0] way);
      logic [WAY_W-1:0] node;
      touched = tree;
      node = WAY_W'(1);
      for (int unsigned d = WAY_W; d > 0; d--) begin
        touched[node] = !way[d-1];
        node = (node << 1) | WAY_W'(way[d-1]);
      end
    endfunction

    logic [NODES*SETS-1:0] tree_q;
    logic [NODES-1:0]      hit_tree, fill_before, fill_tree;
    logic [WAY_W-1:0]      node;
    logic unused;
    assign unused = evict_i;
    always_comb begin
      node = WAY_W'(1);  // the root's 1 leaves at the top: what remains are the turns taken
      for (int unsigned d = 0; d < WAY_W; d++) begin
        node = (node << 1) | WAY_W'(tree_q[32'(fill_set_i) * NODES + 32'(node)]);
      end
      victim_o = node;
    end
    always_comb begin
      hit_tree = touched(tree_q[32'(hit_set_i) * NODES +: NODES], hit_way_i);
      fill_before = tree_q[32'(fill_set_i) * NODES +: NODES];
      if (hit_i && hit_set_i == fill_set_i) fill_before = hit_tree;
      fill_tree = touched(fill_before, fill_way_i);
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        tree_q <= '0;
      end else begin
        if (hit_i) tree_q[32'(hit_set_i) * NODES +: NODES] <= hit_tree;
        if (fill_i) tree_q[32'(fill_set_i) * NODES +: NODES] <= fill_tree;
      end
    end
`ifdef PWC_PROOF
`include "formal/pwc_order_proof.svh"
`endif
  end

endmodule
