// Tree PLRU in other words: the order in which the ways were last used is kept as a whole (later[a*WAYS+b]: a was used
// after b), and each node of the tree takes that of its two halves which was not used last: the other has a way that was
// used after all of this one. Part of pwc_replace in proofs only.
// Contract: of the set proof_set, which is any (pwc_bank_proof.svh).
    logic                 proof_fill;
    assign proof_fill = fill_i && fill_set_i == proof_set;
    logic [WAYS*WAYS-1:0] later, after_hit, after_fill;
    logic [WAYS-1:1]      right_turn;  // of a node
    function automatic logic [WAYS*WAYS-1:0] used(input logic [WAYS*WAYS-1:0] order, input logic [WAY_W-1:0] way);
      used = order;
      for (int unsigned a = 0; a < WAYS; a++) begin
        for (int unsigned b = 0; b < WAYS; b++) begin
          if (32'(way) == b) used[a*WAYS+b] = 1'b0;
          if (32'(way) == a && a != b) used[a*WAYS+b] = 1'b1;
        end
      end
    endfunction
    // Node n's turn: the half it takes, as the node below it; way a is node WAYS + a.
    for (genvar n = 1; n < WAYS; n++) begin : gen_node
      localparam int unsigned BELOW = WAY_W - $clog2(n + 1);  // levels from that half to its ways
      logic [WAY_W:0]  taken;
      logic [WAYS-1:0] ways_taken;
      assign taken = {WAY_W'(n), tree_q[32'(proof_set) * WAYS + n]};
      always_comb begin
        for (int unsigned b = 0; b < WAYS; b++) ways_taken[b] = ((WAYS + b) >> BELOW) == 32'(taken);
        right_turn[n] = 1'b0;
        for (int unsigned a = 0; a < WAYS; a++) begin
          if ((((WAYS + a) >> BELOW) ^ 1) == 32'(taken) && (later[a*WAYS +: WAYS] & ways_taken) == ways_taken)
            right_turn[n] = 1'b1;
        end
      end
    end
    always_comb begin
      after_hit = later;
      if (hit_i && hit_set_i == proof_set) after_hit = used(later, hit_way_i);
      after_fill = after_hit;
      if (proof_fill) after_fill = used(after_hit, fill_way_i);
    end
    always_ff @(posedge clk_i) begin
      for (int unsigned a = 0; a < WAYS; a++) begin
        for (int unsigned b = 0; b < WAYS; b++) later[a*WAYS+b] <= rst_ni ? after_fill[a*WAYS+b] : a > b;
      end
    end
    always_comb begin
      if (rst_ni) begin
        turns_are_away_from_the_last_used: assert (right_turn == '1);
        evictions_take_the_victim: assert (!(proof_fill && evict_i) || fill_way_i == victim_o);
      end
    end
