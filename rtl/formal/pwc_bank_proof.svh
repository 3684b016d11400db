// What pwc_proof.sv's shadow means inside a bank, so that its claims are inductive. Part of pwc_bank in proofs only.
// Contract: the proof_ wires have no driver here; scripts/prove connects each to pwc_proof's wire of the same name
// (proof_here and proof_stage: its bit for this bank), and `check -assert` sees to it that none is forgotten.
  logic                          proof_here, proof_stage;  // the shadow's key and level, its stage: this bank's
  logic [pwc_pkg::WORLD_W-1:0]   proof_world;
  logic [pwc_pkg::GRANULE_W-1:0] proof_granule;
  logic [VMID_W-1:0]             proof_vmid;
  logic [ASID_W-1:0]             proof_asid;
  logic [VPN_W-1:0]              proof_vpn;
  logic                          proof_may, proof_must;  // the shadow: may hit, must hit, and what it is
  logic [1:0]                    proof_kind;             // leaf, global
  logic [ASID_W-1:0]             proof_owner;
  logic [pwc_pkg::HIER_W-1:0]    proof_hierarchical;
  logic [DESC_W-1:0]             proof_descriptor;
  logic                          proof_flipped;           // an error was injected, ever
  logic [7:0]                    proof_left, proof_more;  // steps of the invalidation: to go, in all but one
  logic                          proof_begun;             // it was accepted at the last edge
  logic [VPN_W-1:0]              proof_last;              // its last page
  // The lookup in the second stage: of the key, and what the shadow knew.
  logic                          proof_asked, proof_asked_may, proof_asked_must, proof_asked_flipped;
  logic                          proof_asked_leaf;
  logic [pwc_pkg::HIER_W-1:0]    proof_asked_hierarchical;
  logic [DESC_W-1:0]             proof_asked_descriptor;

  // All claims are about the set of the key, which is any set: no more of the storage needs to be there.
  logic [TAG_W-1:0] proof_tag;
  logic [SET_W-1:0] proof_set;
  logic [WAYS-1:0]  proof_valid, proof_even, proof_misplaced, proof_unknown, proof_found, proof_twin, proof_match;
  logic [WAYS-1:0]  proof_choice, proof_below;  // where a fill may go; the ways below that where it goes
  logic [WAYS-1:0]  proof_bad_q;  // of the lookup that is answered: entries with odd parity, unless filled beside it
  logic             proof_fills;
  assign proof_tag = tag_of(proof_vpn, proof_granule);
  assign proof_set = SET_W'(proof_tag) & SET_MASK;
  assign proof_valid = valid_q[32'(proof_set) * WAYS +: WAYS];
  assign proof_fills = fill_write_o && fill_set == proof_set;
  assign proof_choice = (proof_match != '0) ? proof_match : ~proof_valid;

  initial proof_bad_q = '0;
  always_ff @(posedge clk_i) begin
    proof_bad_q <= (lookup_set == proof_set) ? lookup_bad : '0;
    if (proof_fills) proof_bad_q[fill_way] <= 1'b0;
  end

  for (genvar w = 0; w < WAYS; w++) begin : gen_proof_way
    logic [TAG_W-1:0]              its_tag, its_first;
    logic [CTX_W-1:0]              its_ctx;
    logic [DESC_W-1:0]             its_desc;
    logic [pwc_pkg::GRANULE_W-1:0] its_granule;
    logic                          answers, same, covered, to_come;
    logic [WAYS-1:0]               twins;
    assign its_tag = tag_q[proof_set][w];
    assign its_ctx = ctx_q[proof_set][w];
    assign its_desc = desc_q[proof_set][w];
    assign its_granule = its_ctx[KEY +: pwc_pkg::GRANULE_W];
    assign its_first = tag_of(invalidate_vpn_i, its_granule);
    assign proof_even[w] = proof_valid[w] && !((^its_tag) ^ (^its_ctx) ^ (^its_desc));
    assign proof_misplaced[w] = proof_even[w] && (SET_W'(its_tag) & SET_MASK) != proof_set;
    assign answers = its_tag == proof_tag && its_ctx[KEY +: KEY_W] == {proof_vmid, proof_world, proof_granule} &&
                     (its_ctx[GLOBAL] || its_ctx[ASID +: ASID_W] == proof_asid);
    assign same = {its_ctx[LEAF], its_ctx[GLOBAL]} == proof_kind && its_ctx[ASID +: ASID_W] == proof_owner &&
                  its_ctx[HIER +: pwc_pkg::HIER_W] == proof_hierarchical && its_desc == proof_descriptor;
    // Covered by the invalidation under way, and its step still to come.
    assign covered = removing && invalidate_step_i != '0 && pwc_pkg::removes(
        invalidate_scope_i, invalidate_leaf_only_i, invalidate_worlds_i[its_ctx[WORLD +: pwc_pkg::WORLD_W]],
        its_ctx[VMID +: VMID_W] == invalidate_vmid_i, its_ctx[ASID +: ASID_W] == invalidate_asid_i,
        any_granule ? its_tag == its_first
                    : its_granule == invalidate_tg_i && its_tag >= first_tag && its_tag <= last_tag,
        its_ctx[GLOBAL], its_ctx[LEAF]);
    assign to_come =
        !pwc_pkg::is_by_address(invalidate_scope_i) ? 32'(invalidate_step_i) <= 32'(proof_set) :
        any_granule ? 32'(invalidate_step_i) < 32'(its_granule)
                    : 32'(invalidate_step_i) <= ((32'(proof_set) - 32'(first_tag)) & (SETS - 1));
    assign proof_unknown[w] = proof_even[w] && answers && !(proof_may && same) && !(covered && to_come);
    assign proof_found[w] = proof_even[w] && answers && same && !covered;
    assign proof_below[w] = w < 32'(fill_way);
    assign proof_match[w] = proof_valid[w] && its_tag == fill_tag && its_granule == fill_granule_i &&
                            its_ctx[WORLD +: pwc_pkg::WORLD_W] == fill_world_i &&
                            its_ctx[VMID +: VMID_W] == fill_vmid_i &&
                            (its_ctx[GLOBAL] || fill_global_i || its_ctx[ASID +: ASID_W] == fill_asid_i);
    for (genvar v = 0; v < WAYS; v++) begin : gen_proof_pair
      logic [CTX_W-1:0] other;
      assign other = ctx_q[proof_set][v];
      assign twins[v] = v < w && proof_even[w] && proof_even[v] && tag_q[proof_set][v] == its_tag &&
                        other[KEY +: KEY_W] == its_ctx[KEY +: KEY_W] &&
                        (other[GLOBAL] || its_ctx[GLOBAL] || other[ASID +: ASID_W] == its_ctx[ASID +: ASID_W]);
    end
    assign proof_twin[w] = twins != '0;
  end

  always_comb begin
    if (rst_ni) begin
      no_two_overlap: assert (proof_twin == '0);
      even_are_in_their_set: assert (proof_misplaced == '0);
      odd_only_if_injected: assert (proof_flipped || proof_valid == proof_even);
      at_most_one_way_answers: assert (!(lookup_valid_i && lookup_set == proof_set) || $onehot0(lookup_hits));
      what_is_found_bad_is_removed: assert ((proof_valid & proof_bad_q) == '0);
      evicts_if_there_is_no_choice: assert (!proof_fills || fill_evict_o == (proof_choice == '0));
      takes_the_lowest_choice: assert (!proof_fills || proof_choice == '0 ||
                                       (proof_choice[fill_way] && (proof_choice & proof_below) == '0));
      what_answers_is_known: assert (!proof_here || proof_unknown == '0);
      what_must_answer_stays: assert (!(proof_here && proof_must) || proof_found != '0);
      steps_add_up: assert (!invalidate_valid_i || 8'(invalidate_step_i) + proof_left == proof_more);
      first_step: assert ((invalidate_valid_i && invalidate_step_i == '0) == proof_begun);
      last_page: assert (!(invalidate_valid_i && pwc_pkg::is_by_address(invalidate_scope_i) && !any_granule) ||
                         invalidate_last_i == proof_last);
      hit_was_known: assert (!(proof_asked && proof_here && hit_o) ||
                             (proof_asked_may && leaf_o == proof_asked_leaf &&
                              hierarchical_o == proof_asked_hierarchical && descriptor_o == proof_asked_descriptor));
      must_was_hit: assert (!(proof_asked && proof_here && proof_asked_must) || hit_o);
      hits_in_its_stage: assert (!proof_asked || proof_stage || !hit_o);
      error_was_injected: assert (!(proof_asked && error_o) || proof_asked_flipped);
    end
  end
