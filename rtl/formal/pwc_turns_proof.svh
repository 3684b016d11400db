// Round robin in other words: the evictions of a set take its ways in turn. Part of pwc_replace in proofs only.
// Contract: of the set proof_set, which is any (pwc_bank_proof.svh).
    logic [WAY_W-1:0] turn;
    logic [SETS-1:0]  beyond;  // of every set: a way that is none would be one of the next set
    for (genvar s = 0; s < SETS; s++) begin : gen_proof_set
      assign beyond[s] = 32'(victim_q[s*WAY_W +: WAY_W]) >= WAYS;
    end
    initial turn = '0;
    always_ff @(posedge clk_i) begin
      if (rst_ni && evict_i && fill_set_i == proof_set) turn <= (turn == WAY_W'(WAYS - 1)) ? '0 : turn + WAY_W'(1);
    end
    always_comb begin
      if (rst_ni) begin
        turns_are_ways: assert (beyond == '0);
        the_turn_is_kept: assert (victim_q[32'(proof_set) * WAY_W +: WAY_W] == turn);
        evictions_take_turns: assert (!(evict_i && fill_set_i == proof_set) || fill_way_i == turn);
      end
    end
