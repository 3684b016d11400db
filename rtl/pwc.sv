// Page-walk cache of an SMMUv3 TCU: for stage 1 and stage 2 four levels of walk descriptors, each with storage
// of its own, tagged by world, granule, VMID, ASID and page.
// Contract: models/arch/walk_cache.hpp and README.md beside this file. Every accepted operation takes effect
// at its own edge, in the order lookup, fill, invalidation, and a fill the invalidation covers is lost.
// Time: a lookup accepted at edge k has its response after edge k+2, always. An invalidation of n steps
// (pwc_intake.sv) holds all readies low for n-1 cycles. Not busy and no valid input: nothing changes.
`include "pwc_checks.svh"
module pwc #(
    // Of each level of each stage: sets, a power of two (1: fully associative), and ways (1: direct mapped,
    // 0: the level keeps nothing).
    parameter int unsigned S1_SETS0 = 1,
    parameter int unsigned S1_SETS1 = 4,
    parameter int unsigned S1_SETS2 = 16,
    parameter int unsigned S1_SETS3 = 64,
    parameter int unsigned S1_WAYS0 = 4,
    parameter int unsigned S1_WAYS1 = 4,
    parameter int unsigned S1_WAYS2 = 4,
    parameter int unsigned S1_WAYS3 = 4,
    parameter int unsigned S2_SETS0 = 1,
    parameter int unsigned S2_SETS1 = 4,
    parameter int unsigned S2_SETS2 = 16,
    parameter int unsigned S2_SETS3 = 64,
    parameter int unsigned S2_WAYS0 = 4,
    parameter int unsigned S2_WAYS1 = 4,
    parameter int unsigned S2_WAYS2 = 4,
    parameter int unsigned S2_WAYS3 = 4,
    parameter int unsigned PLRU = 0,          // 0: round robin, 1: tree pseudo-LRU (ways a power of two)
    parameter int unsigned VMID_W = 16,
    parameter int unsigned ASID_W = 16,
    parameter int unsigned VPN_W = 44,        // address bits 55:12
    parameter int unsigned DESC_W = 64,
    parameter int unsigned LEVEL_BITS = 9,    // page number bits a level resolves with 4 KB pages
    parameter int unsigned GRANULE_STEP = 2,  // 16 KB pages: as many more, and a page as much larger; 64 KB: twice
    parameter int unsigned COUNTER_W = 32
) (
    input logic clk_i,
    input logic rst_ni,  // synchronous

    input  logic                          lookup_valid_i,
    output logic                          lookup_ready_o,
    input  logic [pwc_pkg::ID_W-1:0]      lookup_id_i,
    input  logic [pwc_pkg::WORLD_W-1:0]   lookup_world_i,
    input  logic [pwc_pkg::GRANULE_W-1:0] lookup_granule_i,
    input  logic [VMID_W-1:0]             lookup_vmid_i,
    input  logic [ASID_W-1:0]             lookup_asid_i,
    input  logic [VPN_W-1:0]              lookup_vpn_i,

    output logic                        response_valid_o,
    output logic [pwc_pkg::ID_W-1:0]    response_id_o,
    output logic                        response_hit_o,
    output logic                        response_error_o,
    output logic [pwc_pkg::LEVEL_W-1:0] response_level_o,
    output logic                        response_leaf_o,
    output logic [pwc_pkg::HIER_W-1:0]  response_hierarchical_o,
    output logic [DESC_W-1:0]           response_descriptor_o,

    input  logic                          fill_valid_i,
    output logic                          fill_ready_o,
    input  logic [pwc_pkg::WORLD_W-1:0]   fill_world_i,
    input  logic [pwc_pkg::GRANULE_W-1:0] fill_granule_i,
    input  logic [VMID_W-1:0]             fill_vmid_i,
    input  logic [ASID_W-1:0]             fill_asid_i,
    input  logic [VPN_W-1:0]              fill_vpn_i,
    input  logic [pwc_pkg::LEVEL_W-1:0]   fill_level_i,
    input  logic                          fill_leaf_i,
    input  logic                          fill_global_i,
    input  logic [pwc_pkg::HIER_W-1:0]    fill_hierarchical_i,
    input  logic [DESC_W-1:0]             fill_descriptor_i,
    input  logic                          fill_flip_i,  // error injection: store it with one bit flipped
    input  logic [pwc_pkg::FLIP_W-1:0]    fill_flip_bit_i,

    input  logic                          invalidate_valid_i,
    output logic                          invalidate_ready_o,
    input  logic [pwc_pkg::SCOPE_W-1:0]   invalidate_scope_i,
    input  logic                          invalidate_leaf_only_i,
    input  logic [pwc_pkg::WORLDS-1:0]    invalidate_worlds_i,
    input  logic [VMID_W-1:0]             invalidate_vmid_i,
    input  logic [ASID_W-1:0]             invalidate_asid_i,
    input  logic [VPN_W-1:0]              invalidate_vpn_i,
    input  logic [pwc_pkg::GRANULE_W-1:0] invalidate_tg_i,
    input  logic [pwc_pkg::NUM_W-1:0]     invalidate_num_i,
    input  logic [pwc_pkg::SCALE_W-1:0]   invalidate_scale_i,

    output logic [COUNTER_W-1:0] lookups_o,        // answered
    output logic [COUNTER_W-1:0] hits_o,           // of them
    output logic [COUNTER_W-1:0] errors_o,         // lookups that found an entry with odd parity
    output logic [COUNTER_W-1:0] fills_o,          // written
    output logic [COUNTER_W-1:0] lost_fills_o,     // covered by an invalidation, or of a level that keeps none
    output logic [COUNTER_W-1:0] evictions_o,      // fills that evicted an entry of another key
    output logic [COUNTER_W-1:0] invalidations_o,  // begun
    output logic [COUNTER_W-1:0] waits_o,          // cycles with the readies low

    output logic busy_o
);

  localparam int unsigned BANKS = 2 * pwc_pkg::LEVELS;  // stage 1 level 0 to 3, then stage 2

  // The bank with most sets, of those that keep anything, sets the length of a scan.
  localparam int unsigned S10 = (S1_WAYS0 == 0) ? 1 : S1_SETS0;
  localparam int unsigned S11 = (S1_WAYS1 == 0) ? 1 : S1_SETS1;
  localparam int unsigned S12 = (S1_WAYS2 == 0) ? 1 : S1_SETS2;
  localparam int unsigned S13 = (S1_WAYS3 == 0) ? 1 : S1_SETS3;
  localparam int unsigned S20 = (S2_WAYS0 == 0) ? 1 : S2_SETS0;
  localparam int unsigned S21 = (S2_WAYS1 == 0) ? 1 : S2_SETS1;
  localparam int unsigned S22 = (S2_WAYS2 == 0) ? 1 : S2_SETS2;
  localparam int unsigned S23 = (S2_WAYS3 == 0) ? 1 : S2_SETS3;
  localparam int unsigned MAX_A = (S10 > S11) ? S10 : S11;
  localparam int unsigned MAX_B = (S12 > S13) ? S12 : S13;
  localparam int unsigned MAX_C = (S20 > S21) ? S20 : S21;
  localparam int unsigned MAX_D = (S22 > S23) ? S22 : S23;
  localparam int unsigned MAX_1 = (MAX_A > MAX_B) ? MAX_A : MAX_B;
  localparam int unsigned MAX_2 = (MAX_C > MAX_D) ? MAX_C : MAX_D;
  localparam int unsigned STEPS_MAX = (MAX_1 > MAX_2) ? MAX_1 : MAX_2;
  localparam int unsigned STEP_W = $clog2(((STEPS_MAX > 3) ? STEPS_MAX : 3) + 1);

  if (S1_WAYS0 + S1_WAYS1 + S1_WAYS2 + S1_WAYS3 + S2_WAYS0 + S2_WAYS1 + S2_WAYS2 + S2_WAYS3 == 0)
  begin : gen_nothing
    $fatal(1, "no level keeps anything");
  end

  // First stage: what the channels sent at the last edge.
  logic                          ready;
  logic                          s1_lookup_valid, s1_fill_valid, s1_invalidate_valid;
  logic [pwc_pkg::ID_W-1:0]      s1_lookup_id;
  logic [pwc_pkg::WORLD_W-1:0]   s1_lookup_world, s1_fill_world;
  logic [pwc_pkg::GRANULE_W-1:0] s1_lookup_granule, s1_fill_granule, s1_invalidate_tg;
  logic [VMID_W-1:0]             s1_lookup_vmid, s1_fill_vmid, s1_invalidate_vmid;
  logic [ASID_W-1:0]             s1_lookup_asid, s1_fill_asid, s1_invalidate_asid;
  logic [VPN_W-1:0]              s1_lookup_vpn, s1_fill_vpn, s1_invalidate_vpn, s1_invalidate_last;
  logic [pwc_pkg::LEVEL_W-1:0]   s1_fill_level;
  logic                          s1_fill_leaf, s1_fill_global, s1_fill_flip;
  logic [pwc_pkg::FLIP_W-1:0]    s1_fill_flip_bit;
  logic [pwc_pkg::HIER_W-1:0]    s1_fill_hierarchical;
  logic [DESC_W-1:0]             s1_fill_descriptor;
  logic [pwc_pkg::SCOPE_W-1:0]   s1_invalidate_scope;
  logic                          s1_invalidate_leaf_only;
  logic [pwc_pkg::WORLDS-1:0]    s1_invalidate_worlds;
  logic [STEP_W-1:0]             s1_invalidate_step;

  pwc_intake #(
      .STEPS_MAX(STEPS_MAX), .VMID_W(VMID_W), .ASID_W(ASID_W), .VPN_W(VPN_W), .DESC_W(DESC_W),
      .GRANULE_STEP(GRANULE_STEP)
  ) u_intake (
      .clk_i, .rst_ni,
      .lookup_valid_i, .lookup_id_i, .lookup_world_i, .lookup_granule_i, .lookup_vmid_i, .lookup_asid_i,
      .lookup_vpn_i,
      .fill_valid_i, .fill_world_i, .fill_granule_i, .fill_vmid_i, .fill_asid_i, .fill_vpn_i, .fill_level_i,
      .fill_leaf_i, .fill_global_i, .fill_hierarchical_i, .fill_descriptor_i, .fill_flip_i, .fill_flip_bit_i,
      .invalidate_valid_i, .invalidate_scope_i, .invalidate_leaf_only_i, .invalidate_worlds_i,
      .invalidate_vmid_i, .invalidate_asid_i, .invalidate_vpn_i, .invalidate_tg_i, .invalidate_num_i,
      .invalidate_scale_i,
      .ready_o(ready),
      .lookup_valid_o(s1_lookup_valid), .lookup_id_o(s1_lookup_id), .lookup_world_o(s1_lookup_world),
      .lookup_granule_o(s1_lookup_granule), .lookup_vmid_o(s1_lookup_vmid), .lookup_asid_o(s1_lookup_asid),
      .lookup_vpn_o(s1_lookup_vpn),
      .fill_valid_o(s1_fill_valid), .fill_world_o(s1_fill_world), .fill_granule_o(s1_fill_granule),
      .fill_vmid_o(s1_fill_vmid), .fill_asid_o(s1_fill_asid), .fill_vpn_o(s1_fill_vpn),
      .fill_level_o(s1_fill_level), .fill_leaf_o(s1_fill_leaf), .fill_global_o(s1_fill_global),
      .fill_hierarchical_o(s1_fill_hierarchical), .fill_descriptor_o(s1_fill_descriptor),
      .fill_flip_o(s1_fill_flip), .fill_flip_bit_o(s1_fill_flip_bit),
      .invalidate_valid_o(s1_invalidate_valid), .invalidate_scope_o(s1_invalidate_scope),
      .invalidate_leaf_only_o(s1_invalidate_leaf_only), .invalidate_worlds_o(s1_invalidate_worlds),
      .invalidate_vmid_o(s1_invalidate_vmid), .invalidate_asid_o(s1_invalidate_asid),
      .invalidate_vpn_o(s1_invalidate_vpn), .invalidate_tg_o(s1_invalidate_tg),
      .invalidate_last_o(s1_invalidate_last), .invalidate_step_o(s1_invalidate_step)
  );

  // The banks, their outputs side by side. What they answer a lookup is registered: the second stage.
  logic [BANKS-1:0]                 hit, error, leaf, fill_write, fill_evict;
  logic [BANKS*pwc_pkg::HIER_W-1:0] hierarchical;
  logic [BANKS*DESC_W-1:0]          descriptor;

  for (genvar g = 0; g < BANKS; g++) begin : gen_bank
    localparam int unsigned LEVEL = g % pwc_pkg::LEVELS;
    localparam logic STAGE2 = g >= pwc_pkg::LEVELS;
    localparam int unsigned SETS = (g == 0) ? S10 : (g == 1) ? S11 : (g == 2) ? S12 : (g == 3) ? S13 :
                                   (g == 4) ? S20 : (g == 5) ? S21 : (g == 6) ? S22 : S23;
    localparam int unsigned WAYS =
        (g == 0) ? S1_WAYS0 : (g == 1) ? S1_WAYS1 : (g == 2) ? S1_WAYS2 : (g == 3) ? S1_WAYS3 :
        (g == 4) ? S2_WAYS0 : (g == 5) ? S2_WAYS1 : (g == 6) ? S2_WAYS2 : S2_WAYS3;
    if (WAYS == 0) begin : gen_off
      assign hit[g] = 1'b0;
      assign error[g] = 1'b0;
      assign leaf[g] = 1'b0;
      assign hierarchical[g*pwc_pkg::HIER_W +: pwc_pkg::HIER_W] = '0;
      assign descriptor[g*DESC_W +: DESC_W] = '0;
      assign fill_write[g] = 1'b0;
      assign fill_evict[g] = 1'b0;
    end else begin : gen_on
      pwc_bank #(
          .LEVEL(LEVEL), .SETS(SETS), .WAYS(WAYS), .PLRU(PLRU), .VMID_W(VMID_W), .ASID_W(ASID_W),
          .VPN_W(VPN_W), .DESC_W(DESC_W), .LEVEL_BITS(LEVEL_BITS), .GRANULE_STEP(GRANULE_STEP),
          .STEP_W(STEP_W)
      ) u_bank (
          .clk_i, .rst_ni,
          .lookup_valid_i(s1_lookup_valid),
          .lookup_here_i((s1_lookup_world == pwc_pkg::WORLD_STAGE2) == STAGE2),
          .lookup_world_i(s1_lookup_world), .lookup_granule_i(s1_lookup_granule),
          .lookup_vmid_i(s1_lookup_vmid), .lookup_asid_i(s1_lookup_asid), .lookup_vpn_i(s1_lookup_vpn),
          .hit_o(hit[g]), .error_o(error[g]), .leaf_o(leaf[g]),
          .hierarchical_o(hierarchical[g*pwc_pkg::HIER_W +: pwc_pkg::HIER_W]),
          .descriptor_o(descriptor[g*DESC_W +: DESC_W]),
          .fill_valid_i(s1_fill_valid && s1_fill_level == pwc_pkg::LEVEL_W'(LEVEL) &&
                        (s1_fill_world == pwc_pkg::WORLD_STAGE2) == STAGE2),
          .fill_world_i(s1_fill_world), .fill_granule_i(s1_fill_granule), .fill_vmid_i(s1_fill_vmid),
          .fill_asid_i(s1_fill_asid), .fill_vpn_i(s1_fill_vpn), .fill_leaf_i(s1_fill_leaf),
          .fill_global_i(s1_fill_global), .fill_hierarchical_i(s1_fill_hierarchical),
          .fill_descriptor_i(s1_fill_descriptor), .fill_flip_i(s1_fill_flip),
          .fill_flip_bit_i(s1_fill_flip_bit),
          .fill_write_o(fill_write[g]), .fill_evict_o(fill_evict[g]),
          .invalidate_valid_i(s1_invalidate_valid), .invalidate_scope_i(s1_invalidate_scope),
          .invalidate_leaf_only_i(s1_invalidate_leaf_only), .invalidate_worlds_i(s1_invalidate_worlds),
          .invalidate_vmid_i(s1_invalidate_vmid), .invalidate_asid_i(s1_invalidate_asid),
          .invalidate_vpn_i(s1_invalidate_vpn), .invalidate_tg_i(s1_invalidate_tg),
          .invalidate_last_i(s1_invalidate_last), .invalidate_step_i(s1_invalidate_step)
      );
    end
  end

  // Second stage: of the levels that hit the deepest. (Only banks of one stage can hit.) The response's
  // payload stays until the next.
  logic                     s2_valid_q;
  logic [pwc_pkg::ID_W-1:0] s2_id_q;
  logic [pwc_pkg::LEVEL_W:0] deepest;
  always_comb begin
    deepest = '0;
    for (int unsigned b = 0; b < BANKS; b++) begin
      if (hit[b]) deepest = (pwc_pkg::LEVEL_W + 1)'(b);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      s2_valid_q <= 1'b0;
      s2_id_q <= '0;
      response_valid_o <= 1'b0;
      response_id_o <= '0;
      response_hit_o <= 1'b0;
      response_error_o <= 1'b0;
      response_level_o <= '0;
      response_leaf_o <= 1'b0;
      response_hierarchical_o <= '0;
      response_descriptor_o <= '0;
    end else begin
      s2_valid_q <= s1_lookup_valid;
      if (s1_lookup_valid) s2_id_q <= s1_lookup_id;
      response_valid_o <= s2_valid_q;
      if (s2_valid_q) begin
        response_id_o <= s2_id_q;
        response_hit_o <= hit != '0;
        response_error_o <= error != '0;
        response_level_o <= deepest[pwc_pkg::LEVEL_W-1:0];
        response_leaf_o <= 1'b0;
        response_hierarchical_o <= '0;
        response_descriptor_o <= '0;
        if (hit != '0) begin
          response_leaf_o <= leaf[deepest];
          response_hierarchical_o <= hierarchical[32'(deepest)*pwc_pkg::HIER_W +: pwc_pkg::HIER_W];
          response_descriptor_o <= descriptor[32'(deepest)*DESC_W +: DESC_W];
        end
      end
    end
  end

  assign lookup_ready_o = ready;
  assign fill_ready_o = ready;
  assign invalidate_ready_o = ready;
  assign busy_o = s1_lookup_valid || s1_fill_valid || s1_invalidate_valid || s2_valid_q || response_valid_o;

  pwc_counters #(
      .EVENTS(8), .COUNTER_W(COUNTER_W)
  ) u_counters (
      .clk_i, .rst_ni,
      .event_i({s2_valid_q, s2_valid_q && hit != '0, s2_valid_q && error != '0, fill_write != '0,
                s1_fill_valid && fill_write == '0, fill_evict != '0,
                s1_invalidate_valid && s1_invalidate_step == '0, !ready}),
      .count_o({lookups_o, hits_o, errors_o, fills_o, lost_fills_o, evictions_o, invalidations_o, waits_o})
  );

  // Checks: quiet means unchanged (what gating relies on), and every lookup is answered once, on time, with
  // its id.
  logic       was_quiet_q;
  logic [2:0] owed_q;  // lookups accepted at the last three edges
  always_ff @(posedge clk_i) begin
    owed_q <= rst_ni ? {owed_q[1:0], lookup_valid_i && ready} : 3'b000;
    was_quiet_q <= rst_ni && !busy_o && !lookup_valid_i && !fill_valid_i && !invalidate_valid_i;
    if (rst_ni) begin
      `CHK(waits_only_for_an_invalidation, ready || s1_invalidate_valid)
      `CHK(one_stage_hits, hit[pwc_pkg::LEVELS-1:0] == '0 || hit[BANKS-1:pwc_pkg::LEVELS] == '0)
      `CHK(response_is_for_its_lookup, response_valid_o == owed_q[2] &&
                                       (!response_valid_o || response_id_o == $past(lookup_id_i, 3)))
      if (was_quiet_q) begin
        `CHK(quiet_stays_quiet, !busy_o && ready)
        `CHK(quiet_keeps_the_response, $stable(response_id_o) && $stable(response_hit_o) &&
                                       $stable(response_error_o) && $stable(response_level_o) &&
                                       $stable(response_leaf_o) && $stable(response_hierarchical_o) &&
                                       $stable(response_descriptor_o))
        `CHK(quiet_keeps_the_counters, $stable(lookups_o) && $stable(hits_o) && $stable(errors_o) &&
                                       $stable(fills_o) && $stable(lost_fills_o) && $stable(evictions_o) &&
                                       $stable(invalidations_o) && $stable(waits_o))
      end
      `COVER(hits_at_two_levels, !$onehot0(hit))
      `COVER(hits_at_all_levels, hit[pwc_pkg::LEVELS-1:0] == '1 || hit[BANKS-1:pwc_pkg::LEVELS] == '1)
      `COVER(hit_in_spite_of_an_error, hit != '0 && error != '0)
      `COVER(three_operations_at_one_edge, s1_lookup_valid && s1_fill_valid && s1_invalidate_valid)
      `COVER(answers_back_to_back, s2_valid_q && response_valid_o)
      `COVER(answer_during_a_scan, response_valid_o && !ready)
      `COVER(all_channels_wait, lookup_valid_i && fill_valid_i && invalidate_valid_i && !ready)
      `COVER(counting_while_nothing_is_asked, busy_o && !lookup_valid_i && !fill_valid_i && !invalidate_valid_i)
    end
  end

endmodule
