// What is proved of the page-walk cache, at its pins and for all time: a shadow of one arbitrary key at one
// arbitrary level, which knows the words of README.md and nothing of how the cache is built. scripts/prove runs it.
// Contract: reset in the first cycle, then never; every input is free in every cycle, also of a channel that waits.
// PLANTED: the false claims at the end instead. Each must be refuted, which shows that what the true claims speak of
// happens.
// Time: the shadow changes one edge after the acceptance, as the banks do: pwc_bank_proof.svh says what it means there.
module pwc_proof #(
    parameter int unsigned PLANTED = 0,
    parameter int unsigned S1_SETS0 = 1,
    parameter int unsigned S1_SETS1 = 1,
    parameter int unsigned S1_SETS2 = 1,
    parameter int unsigned S1_SETS3 = 2,
    parameter int unsigned S1_WAYS0 = 0,
    parameter int unsigned S1_WAYS1 = 0,
    parameter int unsigned S1_WAYS2 = 2,
    parameter int unsigned S1_WAYS3 = 2,
    parameter int unsigned S2_SETS0 = 1,
    parameter int unsigned S2_SETS1 = 1,
    parameter int unsigned S2_SETS2 = 1,
    parameter int unsigned S2_SETS3 = 1,
    parameter int unsigned S2_WAYS0 = 0,
    parameter int unsigned S2_WAYS1 = 0,
    parameter int unsigned S2_WAYS2 = 0,
    parameter int unsigned S2_WAYS3 = 1,
    parameter int unsigned PLRU = 0,
    parameter int unsigned ASID_W = 1,
    parameter int unsigned VMID_W = 1,
    parameter int unsigned VPN_W = 4,
    parameter int unsigned DESC_W = 1,
    parameter int unsigned LEVEL_BITS = 1,
    parameter int unsigned GRANULE_STEP = 1,
    parameter int unsigned RANGE_W = 2,  // of a range's num and scale
    parameter int unsigned COUNTER_W = 2
) (
    input logic                          clk_i,
    input logic                          lookup_valid_i,
    input logic [pwc_pkg::ID_W-1:0]      lookup_id_i,
    input logic [pwc_pkg::WORLD_W-1:0]   lookup_world_i,
    input logic [pwc_pkg::GRANULE_W-1:0] lookup_granule_i,
    input logic [VMID_W-1:0]             lookup_vmid_i,
    input logic [ASID_W-1:0]             lookup_asid_i,
    input logic [VPN_W-1:0]              lookup_vpn_i,
    input logic                          fill_valid_i,
    input logic [pwc_pkg::WORLD_W-1:0]   fill_world_i,
    input logic [pwc_pkg::GRANULE_W-1:0] fill_granule_i,
    input logic [VMID_W-1:0]             fill_vmid_i,
    input logic [ASID_W-1:0]             fill_asid_i,
    input logic [VPN_W-1:0]              fill_vpn_i,
    input logic [pwc_pkg::LEVEL_W-1:0]   fill_level_i,
    input logic                          fill_leaf_i,
    input logic                          fill_global_i,
    input logic [pwc_pkg::HIER_W-1:0]    fill_hierarchical_i,
    input logic [DESC_W-1:0]             fill_descriptor_i,
    input logic                          fill_flip_i,
    input logic [pwc_pkg::FLIP_W-1:0]    fill_flip_bit_i,
    input logic                          invalidate_valid_i,
    input logic [pwc_pkg::SCOPE_W-1:0]   invalidate_scope_i,
    input logic                          invalidate_leaf_only_i,
    input logic [pwc_pkg::WORLDS-1:0]    invalidate_worlds_i,
    input logic [VMID_W-1:0]             invalidate_vmid_i,
    input logic [ASID_W-1:0]             invalidate_asid_i,
    input logic [VPN_W-1:0]              invalidate_vpn_i,
    input logic [pwc_pkg::GRANULE_W-1:0] invalidate_tg_i,
    input logic [RANGE_W-1:0]            invalidate_num_i,
    input logic [RANGE_W-1:0]            invalidate_scale_i,
    input logic [pwc_pkg::WORLD_W-1:0]   any_world_i,
    input logic [pwc_pkg::GRANULE_W-1:0] any_granule_i,
    input logic [pwc_pkg::LEVEL_W-1:0]   any_level_i,
    input logic [VMID_W-1:0]             any_vmid_i,
    input logic [ASID_W-1:0]             any_asid_i,
    input logic [VPN_W-1:0]              any_vpn_i
);

  localparam int unsigned WIDE = 16;  // of sums that must not wrap
  localparam int unsigned BANKS = 2 * pwc_pkg::LEVELS;
  localparam logic [BANKS-1:0] KEPT = {S2_WAYS3 != 0, S2_WAYS2 != 0, S2_WAYS1 != 0, S2_WAYS0 != 0,
                                       S1_WAYS3 != 0, S1_WAYS2 != 0, S1_WAYS1 != 0, S1_WAYS0 != 0};
  localparam int unsigned MAX_A = (S1_SETS0 > S1_SETS1) ? S1_SETS0 : S1_SETS1;
  localparam int unsigned MAX_B = (S1_SETS2 > S1_SETS3) ? S1_SETS2 : S1_SETS3;
  localparam int unsigned MAX_C = (S2_SETS0 > S2_SETS1) ? S2_SETS0 : S2_SETS1;
  localparam int unsigned MAX_D = (S2_SETS2 > S2_SETS3) ? S2_SETS2 : S2_SETS3;
  localparam int unsigned MAX_1 = (MAX_A > MAX_B) ? MAX_A : MAX_B;
  localparam int unsigned MAX_2 = (MAX_C > MAX_D) ? MAX_C : MAX_D;
  localparam int unsigned SETS_MAX = (MAX_1 > MAX_2) ? MAX_1 : MAX_2;
  localparam int unsigned STEP_W = $clog2(((SETS_MAX > 3) ? SETS_MAX : 3) + 1);

  logic rst_n_q;
  initial rst_n_q = 1'b0;
  always_ff @(posedge clk_i) rst_n_q <= 1'b1;

  logic                        lookup_ready, fill_ready, invalidate_ready, busy;
  logic                        response_valid, response_hit, response_error, response_leaf;
  logic [DESC_W-1:0]           response_descriptor;
  logic [pwc_pkg::ID_W-1:0]    response_id;
  logic [pwc_pkg::LEVEL_W-1:0] response_level;
  logic [pwc_pkg::HIER_W-1:0]  response_hierarchical;
  logic [COUNTER_W-1:0] lookups, hits, errors, fills, lost_fills, evictions, invalidations, waits;

  pwc #(
      .S1_SETS0(S1_SETS0), .S1_SETS1(S1_SETS1), .S1_SETS2(S1_SETS2), .S1_SETS3(S1_SETS3),
      .S1_WAYS0(S1_WAYS0), .S1_WAYS1(S1_WAYS1), .S1_WAYS2(S1_WAYS2), .S1_WAYS3(S1_WAYS3),
      .S2_SETS0(S2_SETS0), .S2_SETS1(S2_SETS1), .S2_SETS2(S2_SETS2), .S2_SETS3(S2_SETS3),
      .S2_WAYS0(S2_WAYS0), .S2_WAYS1(S2_WAYS1), .S2_WAYS2(S2_WAYS2), .S2_WAYS3(S2_WAYS3),
      .PLRU(PLRU), .VMID_W(VMID_W), .ASID_W(ASID_W), .VPN_W(VPN_W), .DESC_W(DESC_W),
      .LEVEL_BITS(LEVEL_BITS), .GRANULE_STEP(GRANULE_STEP), .COUNTER_W(COUNTER_W)
  ) u_pwc (
      .clk_i(clk_i), .rst_ni(rst_n_q),
      .lookup_valid_i(lookup_valid_i), .lookup_ready_o(lookup_ready), .lookup_id_i(lookup_id_i),
      .lookup_world_i(lookup_world_i), .lookup_granule_i(lookup_granule_i), .lookup_vmid_i(lookup_vmid_i),
      .lookup_asid_i(lookup_asid_i), .lookup_vpn_i(lookup_vpn_i),
      .response_valid_o(response_valid), .response_id_o(response_id), .response_hit_o(response_hit),
      .response_error_o(response_error), .response_level_o(response_level), .response_leaf_o(response_leaf),
      .response_hierarchical_o(response_hierarchical), .response_descriptor_o(response_descriptor),
      .fill_valid_i(fill_valid_i), .fill_ready_o(fill_ready), .fill_world_i(fill_world_i),
      .fill_granule_i(fill_granule_i), .fill_vmid_i(fill_vmid_i), .fill_asid_i(fill_asid_i),
      .fill_vpn_i(fill_vpn_i), .fill_level_i(fill_level_i), .fill_leaf_i(fill_leaf_i),
      .fill_global_i(fill_global_i), .fill_hierarchical_i(fill_hierarchical_i),
      .fill_descriptor_i(fill_descriptor_i), .fill_flip_i(fill_flip_i), .fill_flip_bit_i(fill_flip_bit_i),
      .invalidate_valid_i(invalidate_valid_i), .invalidate_ready_o(invalidate_ready),
      .invalidate_scope_i(invalidate_scope_i), .invalidate_leaf_only_i(invalidate_leaf_only_i),
      .invalidate_worlds_i(invalidate_worlds_i), .invalidate_vmid_i(invalidate_vmid_i),
      .invalidate_asid_i(invalidate_asid_i), .invalidate_vpn_i(invalidate_vpn_i),
      .invalidate_tg_i(invalidate_tg_i), .invalidate_num_i(pwc_pkg::NUM_W'(invalidate_num_i)),
      .invalidate_scale_i(pwc_pkg::SCALE_W'(invalidate_scale_i)),
      .lookups_o(lookups), .hits_o(hits), .errors_o(errors), .fills_o(fills), .lost_fills_o(lost_fills),
      .evictions_o(evictions), .invalidations_o(invalidations), .waits_o(waits), .busy_o(busy)
  );

  // The key and the level that the shadow follows: any, as they stood in the first cycle, the same for ever.
  logic [pwc_pkg::WORLD_W-1:0]   proof_world;
  logic [pwc_pkg::GRANULE_W-1:0] proof_granule;
  logic [pwc_pkg::LEVEL_W-1:0]   proof_level;
  logic [VMID_W-1:0]             proof_vmid;
  logic [ASID_W-1:0]             proof_asid;
  logic [VPN_W-1:0]              proof_vpn;
  initial proof_granule = 2'd1;
  always_ff @(posedge clk_i) begin
    if (!rst_n_q) begin
      proof_world <= any_world_i;
      proof_granule <= (any_granule_i == 2'd0) ? 2'd1 : any_granule_i;
      proof_level <= any_level_i;
      proof_vmid <= any_vmid_i;
      proof_asid <= any_asid_i;
      proof_vpn <= any_vpn_i;
    end
  end
  logic [BANKS-1:0] proof_here, proof_stage;
  logic [WIDE-1:0]  sets_here;
  always_comb begin
    for (int unsigned b = 0; b < BANKS; b++) begin
      proof_stage[b] = (proof_world == 2'd3) == (b >= pwc_pkg::LEVELS);
      proof_here[b] = proof_stage[b] && 32'(proof_level) == b % pwc_pkg::LEVELS;
    end
    case ({proof_world == 2'd3, proof_level})
      3'd0:    sets_here = WIDE'(S1_SETS0);
      3'd1:    sets_here = WIDE'(S1_SETS1);
      3'd2:    sets_here = WIDE'(S1_SETS2);
      3'd3:    sets_here = WIDE'(S1_SETS3);
      3'd4:    sets_here = WIDE'(S2_SETS0);
      3'd5:    sets_here = WIDE'(S2_SETS1);
      3'd6:    sets_here = WIDE'(S2_SETS2);
      default: sets_here = WIDE'(S2_SETS3);
    endcase
  end

  // Inside the cache. No drivers here: scripts/prove connects each to the cache's wire that it is named after.
  logic                     inside_s1_lookup_valid, inside_s1_fill_valid, inside_s1_invalidate_valid;
  logic                     inside_s2_valid_q;
  logic [pwc_pkg::ID_W-1:0] inside_s2_id_q;
  logic [BANKS-1:0]         inside_fill_evict;
  logic [STEP_W-1:0]        inside_steps_left_q;

  // What was accepted at the last edge.
  logic                          looking_q, filling_q, invalidating_q;
  logic [pwc_pkg::ID_W-1:0]      lookup_id_q;
  logic [pwc_pkg::WORLD_W-1:0]   lookup_world_q, fill_world_q;
  logic [pwc_pkg::GRANULE_W-1:0] lookup_granule_q, fill_granule_q, tg_q;
  logic [VMID_W-1:0]             lookup_vmid_q, fill_vmid_q, vmid_q;
  logic [ASID_W-1:0]             lookup_asid_q, fill_asid_q, asid_q;
  logic [VPN_W-1:0]              lookup_vpn_q, fill_vpn_q, vpn_q;
  logic [pwc_pkg::LEVEL_W-1:0]   fill_level_q;
  logic                          fill_leaf_q, fill_global_q, fill_flip_q, leaf_only_q;
  logic [pwc_pkg::HIER_W-1:0]    fill_hierarchical_q;
  logic [DESC_W-1:0]             fill_descriptor_q;
  logic [pwc_pkg::FLIP_W-1:0]    fill_flip_bit_q;
  logic [pwc_pkg::SCOPE_W-1:0]   scope_q;
  logic [pwc_pkg::WORLDS-1:0]    worlds_q;
  logic [RANGE_W-1:0]            num_q, scale_q;
  initial {looking_q, filling_q, invalidating_q} = 3'b000;
  always_ff @(posedge clk_i) begin
    looking_q <= rst_n_q && lookup_valid_i && lookup_ready;
    filling_q <= rst_n_q && fill_valid_i && fill_ready;
    invalidating_q <= rst_n_q && invalidate_valid_i && invalidate_ready;
    if (lookup_valid_i && lookup_ready) begin
      lookup_id_q <= lookup_id_i;
      lookup_world_q <= lookup_world_i;
      lookup_granule_q <= (lookup_granule_i == 2'd0) ? 2'd1 : lookup_granule_i;
      lookup_vmid_q <= lookup_vmid_i;
      lookup_asid_q <= lookup_asid_i;
      lookup_vpn_q <= lookup_vpn_i;
    end
    if (fill_valid_i && fill_ready) begin
      fill_world_q <= fill_world_i;
      fill_granule_q <= (fill_granule_i == 2'd0) ? 2'd1 : fill_granule_i;
      fill_vmid_q <= fill_vmid_i;
      fill_asid_q <= fill_asid_i;
      fill_vpn_q <= fill_vpn_i;
      fill_level_q <= fill_level_i;
      fill_leaf_q <= fill_leaf_i;
      fill_global_q <= fill_global_i;
      fill_hierarchical_q <= fill_hierarchical_i;
      fill_descriptor_q <= fill_descriptor_i;
      fill_flip_q <= fill_flip_i;
      fill_flip_bit_q <= fill_flip_bit_i;
    end
    if (invalidate_valid_i && invalidate_ready) begin
      scope_q <= invalidate_scope_i;
      leaf_only_q <= invalidate_leaf_only_i;
      worlds_q <= invalidate_worlds_i;
      vmid_q <= invalidate_vmid_i;
      asid_q <= invalidate_asid_i;
      vpn_q <= invalidate_vpn_i;
      tg_q <= invalidate_tg_i;
      num_q <= invalidate_num_i;
      scale_q <= invalidate_scale_i;
    end
  end

  function automatic logic [WIDE-1:0] step_of(input logic [1:0] granule);
    step_of = (granule == 2'd2) ? WIDE'(GRANULE_STEP) : (granule == 2'd3) ? WIDE'(2 * GRANULE_STEP) : WIDE'(0);
  endfunction
  // log2 of the granule's pages that an entry of a level maps.
  function automatic logic [WIDE-1:0] span_of(input logic [1:0] granule, input logic [1:0] level);
    span_of = (WIDE'(LEVEL_BITS) + step_of(granule)) * (WIDE'(3) - WIDE'(level));
  endfunction
  function automatic logic [WIDE-1:0] part_of(input logic [VPN_W-1:0] vpn, input logic [1:0] granule,
                                              input logic [1:0] level);
    part_of = WIDE'(vpn) >> (step_of(granule) + span_of(granule, level));
  endfunction

  // What the invalidation does to an entry of this key and level, and how long it takes.
  logic [WIDE-1:0]  part, entry_first, entry_last, range_first, range_last, pages;
  logic             reaches, named, same_vmid, everything, by_address;
  logic [7:0]       proof_more;
  logic [VPN_W-1:0] proof_last;
  always_comb begin
    part = part_of(proof_vpn, proof_granule, proof_level);
    entry_first = part << span_of(proof_granule, proof_level);
    entry_last = entry_first + (WIDE'(1) << span_of(proof_granule, proof_level)) - WIDE'(1);
    pages = (WIDE'(num_q) + WIDE'(1)) << scale_q;
    range_first = WIDE'(vpn_q) >> step_of(tg_q);
    range_last = range_first + pages - WIDE'(1);
    proof_last = (range_last >= WIDE'(1 << VPN_W)) ? '1 : VPN_W'(range_last);
    reaches = (tg_q == 2'd0) ? part_of(vpn_q, proof_granule, proof_level) == part
                             : tg_q == proof_granule && entry_first <= range_last && range_first <= entry_last;
    named = worlds_q[proof_world];
    same_vmid = vmid_q == proof_vmid;
    everything = scope_q > 3'd4 || (scope_q == 3'd0 && worlds_q == 4'hf);
    by_address = scope_q == 3'd3 || scope_q == 3'd4;
    proof_more = everything ? 8'd0 : !by_address ? 8'(SETS_MAX - 1) : (tg_q == 2'd0) ? 8'd2 :
                 (32'(pages) < SETS_MAX) ? 8'(pages) - 8'd1 : 8'(SETS_MAX - 1);
  end

  function automatic logic removed(input logic [ASID_W-1:0] asid, input logic is_global, input logic leaf);
    removed = everything || (named && (
        scope_q == 3'd0 ||
        (scope_q == 3'd1 && same_vmid) ||
        (scope_q == 3'd2 && same_vmid && asid_q == asid && !is_global) ||
        (scope_q == 3'd3 && same_vmid && reaches && (asid_q == asid || is_global) && (leaf || !leaf_only_q)) ||
        (scope_q == 3'd4 && same_vmid && reaches && (leaf || !leaf_only_q))));
  endfunction

  // The last fill that answers the key at the level: whether a lookup may hit it, or must (since then no fill into its
  // set evicted any), and what it said.
  localparam int unsigned CTX_W = 3 + pwc_pkg::HIER_W + 4 + VMID_W + ASID_W;
  logic                       proof_may, proof_must, proof_flipped;
  logic [1:0]                 proof_kind;  // leaf, global
  logic [ASID_W-1:0]          proof_owner;
  logic [pwc_pkg::HIER_W-1:0] proof_hierarchical;
  logic [DESC_W-1:0]          proof_descriptor;
  logic                       same_place, same_set, answers, overlaps, lost, odd;
  always_comb begin
    same_place = fill_world_q == proof_world && fill_granule_q == proof_granule && fill_vmid_q == proof_vmid &&
                 fill_level_q == proof_level && part_of(fill_vpn_q, proof_granule, proof_level) == part;
    same_set = proof_here[{fill_world_q == 2'd3, fill_level_q}] &&
               ((part_of(fill_vpn_q, fill_granule_q, fill_level_q) ^ part) & (sets_here - WIDE'(1))) == '0;
    answers = same_place && (fill_global_q || fill_asid_q == proof_asid);
    overlaps = same_place && (fill_global_q || proof_kind[0] || fill_asid_q == proof_owner);
    lost = invalidating_q && same_place && removed(fill_asid_q, fill_global_q, fill_leaf_q);
    odd = fill_flip_q &&
          32'(fill_flip_bit_q) < DESC_W + CTX_W + VPN_W - LEVEL_BITS * (32'd3 - 32'(fill_level_q));
  end
  initial {proof_may, proof_must, proof_flipped} = 3'b000;
  always_ff @(posedge clk_i) begin
    if (invalidating_q && removed(proof_owner, proof_kind[0], proof_kind[1])) begin
      proof_may <= 1'b0;
      proof_must <= 1'b0;
    end
    if (filling_q && !lost) begin
      if (same_set && (inside_fill_evict & proof_here) != '0) proof_must <= 1'b0;
      if (odd) proof_flipped <= 1'b1;
      if (answers || overlaps) begin
        proof_may <= 1'b0;
        proof_must <= 1'b0;
      end
      if (answers && !odd) begin
        proof_may <= 1'b1;
        proof_must <= (KEPT & proof_here) != '0;
        proof_kind <= {fill_leaf_q, fill_global_q};
        proof_owner <= fill_asid_q;
        proof_hierarchical <= fill_hierarchical_q;
        proof_descriptor <= fill_descriptor_q;
      end
    end
  end
  logic [7:0] proof_left, left_q;
  logic       proof_begun;
  assign proof_begun = invalidating_q;
  assign proof_left = invalidating_q ? proof_more : left_q;
  initial left_q = '0;
  always_ff @(posedge clk_i) left_q <= (proof_left == '0) ? '0 : proof_left - 8'd1;

  // Each lookup of the key carries along what the shadow knew when it was accepted; the response is due two
  // edges later.
  logic                       mine, s2_mine_q, proof_asked_any, proof_asked_may, proof_asked_must;
  logic                       proof_asked_leaf, proof_asked_flipped;
  logic                       due_q, mine_q, may_q, must_q, leaf_q, flipped_q;
  logic [DESC_W-1:0]          proof_asked_descriptor, descriptor_q;
  logic [pwc_pkg::ID_W-1:0]   s2_id_q, id_q;
  logic [pwc_pkg::HIER_W-1:0] proof_asked_hierarchical, hierarchical_q;
  logic proof_asked;
  assign proof_asked = proof_asked_any && s2_mine_q;
  assign mine = lookup_world_q == proof_world && lookup_granule_q == proof_granule && lookup_vmid_q == proof_vmid &&
                lookup_asid_q == proof_asid && lookup_vpn_q == proof_vpn;
  initial {proof_asked_any, due_q} = 2'b00;
  always_ff @(posedge clk_i) begin
    proof_asked_any <= looking_q;
    s2_mine_q <= mine;
    proof_asked_may <= proof_may;
    proof_asked_must <= proof_must;
    proof_asked_leaf <= proof_kind[1];
    proof_asked_hierarchical <= proof_hierarchical;
    proof_asked_descriptor <= proof_descriptor;
    proof_asked_flipped <= proof_flipped;
    s2_id_q <= lookup_id_q;
    due_q <= proof_asked_any;
    mine_q <= s2_mine_q;
    may_q <= proof_asked_may;
    must_q <= proof_asked_must;
    leaf_q <= proof_asked_leaf;
    hierarchical_q <= proof_asked_hierarchical;
    descriptor_q <= proof_asked_descriptor;
    flipped_q <= proof_asked_flipped;
    id_q <= s2_id_q;
  end

  // What stood at the pins a cycle ago.
  localparam int unsigned HELD_W = pwc_pkg::ID_W + 3 + pwc_pkg::LEVEL_W + pwc_pkg::HIER_W + DESC_W;
  logic                 ran_q, quiet_q, filled_q, began_q, stalled_q;
  logic [HELD_W-1:0]    held, held_q;
  logic [COUNTER_W-1:0] lookups_q, hits_q, errors_q, fills_q, lost_fills_q, evictions_q, invalidations_q, waits_q;
  assign held = {response_id, response_hit, response_error, response_leaf, response_level, response_hierarchical,
                 response_descriptor};
  initial {ran_q, quiet_q} = 2'b00;
  always_ff @(posedge clk_i) begin
    ran_q <= rst_n_q;
    quiet_q <= rst_n_q && !busy && !lookup_valid_i && !fill_valid_i && !invalidate_valid_i;
    filled_q <= filling_q;
    began_q <= invalidating_q;
    stalled_q <= !lookup_ready;
    held_q <= held;
    {lookups_q, hits_q, errors_q} <= {lookups, hits, errors};
    {fills_q, lost_fills_q, evictions_q} <= {fills, lost_fills, evictions};
    {invalidations_q, waits_q} <= {invalidations, waits};
  end

  logic my_hit;
  assign my_hit = due_q && mine_q && response_hit && response_level == proof_level;
  if (PLANTED == 0) begin : gen_claims
    always_comb begin
      if (rst_n_q) begin
        // The stages inside the cache are those of the shadow.
        stages_agree: assert (inside_s1_lookup_valid == looking_q && inside_s1_fill_valid == filling_q &&
                              inside_s2_valid_q == proof_asked_any);
        ids_agree: assert (!proof_asked_any || inside_s2_id_q == s2_id_q);
        steps_left_agree: assert (8'(inside_steps_left_q) == proof_left);
        fills_beside_a_first_step_only: assert (!(filling_q && inside_s1_invalidate_valid) || invalidating_q);
        key_is_a_key: assert (proof_granule != 2'd0);
        must_where_it_is_kept: assert (!proof_must || (KEPT & proof_here) != '0);
        // No lost request, and none answered twice, late or to somebody else.
        answered_on_time: assert (response_valid == due_q);
        answered_with_its_id: assert (!due_q || response_id == id_q);
        busy_while_in_flight: assert (busy || !(looking_q || proof_asked_any || due_q || filling_q ||
                                                proof_left != '0));
        // Handshakes: the readies agree, are low exactly while an invalidation has steps to go, and come back.
        readies_agree: assert (lookup_ready == fill_ready && fill_ready == invalidate_ready);
        ready_unless_scanning: assert (lookup_ready == (proof_left == '0));
        scan_is_bounded: assert (proof_left < 8'(SETS_MAX) || proof_left < 8'd3);
        // No hit on what was never filled, was invalidated, was replaced, or has odd parity; and the last content.
        hit_only_on_what_is_there: assert (!my_hit || may_q);
        hit_says_what_was_last_filled: assert (
            !my_hit || (response_leaf == leaf_q && response_hierarchical == hierarchical_q &&
                        response_descriptor == descriptor_q));
        error_only_if_injected: assert (!(due_q && mine_q && response_error) || flipped_q);
        // The deepest level wins: what must be there is hit, unless something deeper is.
        deepest_level_wins: assert (!(due_q && mine_q && must_q) || (response_hit && response_level >= proof_level));
        // The payload changes only with a response, a miss has none.
        response_is_stable: assert (!ran_q || response_valid || held == held_q);
        miss_is_empty: assert (response_hit || (!response_leaf && response_level == '0 &&
                                                response_hierarchical == '0 && response_descriptor == '0));
        // Counters count their events.
        counts_answers: assert (!ran_q || (lookups == lookups_q + COUNTER_W'(response_valid) &&
                                           hits == hits_q + COUNTER_W'(response_valid && response_hit) &&
                                           errors == errors_q + COUNTER_W'(response_valid && response_error)));
        counts_fills: assert (!ran_q || (fills - fills_q) + (lost_fills - lost_fills_q) == COUNTER_W'(filled_q));
        counts_evictions: assert (!ran_q || evictions == evictions_q || (evictions == evictions_q + COUNTER_W'(1) &&
                                                                        fills != fills_q));
        counts_scans: assert (!ran_q || (invalidations == invalidations_q + COUNTER_W'(began_q) &&
                                         waits == waits_q + COUNTER_W'(stalled_q)));
        // Quiet is unchanged.
        quiet_stays_quiet: assert (!quiet_q || (!busy && lookup_ready && !response_valid));
        quiet_keeps_the_counters: assert (
            !quiet_q || {lookups, hits, errors, fills, lost_fills, evictions, invalidations, waits} ==
                        {lookups_q, hits_q, errors_q, fills_q, lost_fills_q, evictions_q, invalidations_q, waits_q});
      end
    end
  end else begin : gen_planted
    always_comb begin
      if (rst_n_q) begin
        never_hits_this_key: assert (!my_hit);
        never_hits_a_table: assert (!(my_hit && !response_leaf));
        never_hits_in_stage2: assert (!(my_hit && proof_world == 2'd3));
        never_hits_where_it_must: assert (!(my_hit && must_q));
        never_something_deeper: assert (!(due_q && mine_q && must_q && response_level != proof_level));
        never_misses_what_was_evicted: assert (!(due_q && mine_q && may_q && !response_hit));
        never_an_error: assert (!(due_q && response_error));
        never_hit_and_error: assert (!(due_q && response_hit && response_error));
        never_evicts: assert (evictions == '0);
        never_loses_a_fill: assert (lost_fills == '0);
        never_waits: assert (lookup_ready);
        never_two_answers: assert (!(due_q && proof_asked_any));
        never_quiet_after_an_answer: assert (!(quiet_q && lookups != '0));
      end
    end
  end

endmodule
