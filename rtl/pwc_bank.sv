// Page-walk cache, one bank: the SETS x WAYS entries of one level of one stage. An entry has a tag (the part
// of the page number its level translates, which depends on its granule), a context (ASID, VMID, world,
// granule, attributes, parity) and a descriptor.
// Contract: each operation acts on the state before its edge, so a lookup sees neither the fill nor the
// invalidation beside it; a fill the invalidation covers changes nothing. Two entries that one lookup could
// hit never coexist: a fill replaces every entry it overlaps. An entry with odd parity never hits: it is
// reported and removed by the lookup that finds it.
// Time: the lookup's answer is registered; fill, invalidation step and removal take effect at the same edge.
`include "pwc_checks.svh"
module pwc_bank #(
    parameter int unsigned LEVEL = 3,
    parameter int unsigned SETS = 64,
    parameter int unsigned WAYS = 4,
    parameter int unsigned PLRU = 0,
    parameter int unsigned VMID_W = 16,
    parameter int unsigned ASID_W = 16,
    parameter int unsigned VPN_W = 44,
    parameter int unsigned DESC_W = 64,
    parameter int unsigned LEVEL_BITS = 9,
    parameter int unsigned GRANULE_STEP = 2,
    parameter int unsigned STEP_W = 7
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic                          lookup_valid_i,
    input  logic                          lookup_here_i,  // in this bank's stage
    input  logic [pwc_pkg::WORLD_W-1:0]   lookup_world_i,
    input  logic [pwc_pkg::GRANULE_W-1:0] lookup_granule_i,
    input  logic [VMID_W-1:0]             lookup_vmid_i,
    input  logic [ASID_W-1:0]             lookup_asid_i,
    input  logic [VPN_W-1:0]              lookup_vpn_i,
    output logic                          hit_o,
    output logic                          error_o,
    output logic                          leaf_o,
    output logic [pwc_pkg::HIER_W-1:0]    hierarchical_o,
    output logic [DESC_W-1:0]             descriptor_o,

    input  logic                          fill_valid_i,
    input  logic [pwc_pkg::WORLD_W-1:0]   fill_world_i,
    input  logic [pwc_pkg::GRANULE_W-1:0] fill_granule_i,
    input  logic [VMID_W-1:0]             fill_vmid_i,
    input  logic [ASID_W-1:0]             fill_asid_i,
    input  logic [VPN_W-1:0]              fill_vpn_i,
    input  logic                          fill_leaf_i,
    input  logic                          fill_global_i,
    input  logic [pwc_pkg::HIER_W-1:0]    fill_hierarchical_i,
    input  logic [DESC_W-1:0]             fill_descriptor_i,
    input  logic                          fill_flip_i,
    input  logic [pwc_pkg::FLIP_W-1:0]    fill_flip_bit_i,
    output logic                          fill_write_o,  // not covered by the invalidation
    output logic                          fill_evict_o,

    input logic                          invalidate_valid_i,
    input logic [pwc_pkg::SCOPE_W-1:0]   invalidate_scope_i,
    input logic                          invalidate_leaf_only_i,
    input logic [pwc_pkg::WORLDS-1:0]    invalidate_worlds_i,
    input logic [VMID_W-1:0]             invalidate_vmid_i,
    input logic [ASID_W-1:0]             invalidate_asid_i,
    input logic [VPN_W-1:0]              invalidate_vpn_i,
    input logic [pwc_pkg::GRANULE_W-1:0] invalidate_tg_i,
    input logic [VPN_W-1:0]              invalidate_last_i,
    input logic [STEP_W-1:0]             invalidate_step_i
);

  // How far right of a page number the tag begins, by granule: 4 KB needs most bits, so its tag sets the width.
  localparam int unsigned BELOW = pwc_pkg::LEVELS - 1 - LEVEL;
  localparam int unsigned RANGE_4K = LEVEL_BITS * BELOW;
  localparam int unsigned RANGE_16K = (LEVEL_BITS + GRANULE_STEP) * BELOW;
  localparam int unsigned RANGE_64K = (LEVEL_BITS + 2 * GRANULE_STEP) * BELOW;
  localparam int unsigned TAG_W = VPN_W - RANGE_4K;
  localparam int unsigned SET_W = (SETS > 1) ? $clog2(SETS) : 1;
  localparam int unsigned WAY_W = (WAYS > 1) ? $clog2(WAYS) : 1;
  localparam logic [SET_W-1:0] SET_MASK = SET_W'(SETS - 1);

  if (SETS == 0 || (SETS & (SETS - 1)) != 0) begin : gen_bad_sets
    $fatal(1, "SETS is not a power of two");
  end
  if (TAG_W < SET_W) begin : gen_bad_tag
    $fatal(1, "the tag is narrower than the set index");
  end

  // Fields of a context word; the part from KEY on is compared at once, or for global entries without ASID.
  localparam int unsigned PARITY = 0;
  localparam int unsigned LEAF = 1;
  localparam int unsigned GLOBAL = 2;
  localparam int unsigned HIER = 3;
  localparam int unsigned KEY = HIER + pwc_pkg::HIER_W;  // granule, world, VMID
  localparam int unsigned KEY_W = pwc_pkg::GRANULE_W + pwc_pkg::WORLD_W + VMID_W;
  localparam int unsigned WORLD = KEY + pwc_pkg::GRANULE_W;
  localparam int unsigned VMID = WORLD + pwc_pkg::WORLD_W;
  localparam int unsigned ASID = VMID + VMID_W;
  localparam int unsigned CTX_W = ASID + ASID_W;

  logic [SETS*WAYS-1:0] valid_q;
  logic [TAG_W-1:0]     tag_q [0:SETS-1][0:WAYS-1];
  logic [CTX_W-1:0]     ctx_q [0:SETS-1][0:WAYS-1];
  logic [DESC_W-1:0]    desc_q [0:SETS-1][0:WAYS-1];

  function automatic logic [TAG_W-1:0] tag_of(input logic [VPN_W-1:0] vpn,
                                              input logic [pwc_pkg::GRANULE_W-1:0] granule);
    case (granule)
      pwc_pkg::GRANULE_16K: tag_of = TAG_W'(vpn >> (RANGE_16K + GRANULE_STEP));
      pwc_pkg::GRANULE_64K: tag_of = TAG_W'(vpn >> (RANGE_64K + 2 * GRANULE_STEP));
      default:              tag_of = TAG_W'(vpn >> RANGE_4K);
    endcase
  endfunction

  // Lookup: compare the ways of one set. What matches with odd parity is no hit but an error.
  logic [TAG_W-1:0] lookup_tag;
  logic [SET_W-1:0] lookup_set;
  logic [WAYS-1:0]  lookup_hits, lookup_bad;
  logic [WAY_W-1:0] lookup_way;
  logic [KEY_W-1:0] lookup_key;
  logic [CTX_W-1:0] lookup_ctx;
  always_comb begin
    lookup_tag = tag_of(lookup_vpn_i, lookup_granule_i);
    lookup_set = SET_W'(lookup_tag) & SET_MASK;
    lookup_key = {lookup_vmid_i, lookup_world_i, lookup_granule_i};
    lookup_hits = '0;
    lookup_bad = '0;
    lookup_way = '0;
    lookup_ctx = '0;
    if (lookup_valid_i && lookup_here_i) begin
      for (int unsigned w = 0; w < WAYS; w++) begin
        if (valid_q[32'(lookup_set) * WAYS + w] && tag_q[lookup_set][w] == lookup_tag) begin
          lookup_ctx = ctx_q[lookup_set][w];
          if (lookup_ctx[KEY +: KEY_W] == lookup_key &&
              (lookup_ctx[GLOBAL] || lookup_ctx[ASID +: ASID_W] == lookup_asid_i)) begin
            lookup_bad[w] = (^lookup_tag) ^ (^lookup_ctx) ^ (^desc_q[lookup_set][w]);
            lookup_hits[w] = !lookup_bad[w];
            if (lookup_hits[w]) lookup_way = WAY_W'(w);
          end
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      hit_o <= 1'b0;
      error_o <= 1'b0;
      leaf_o <= 1'b0;
      hierarchical_o <= '0;
      descriptor_o <= '0;
    end else if (lookup_valid_i) begin
      hit_o <= lookup_hits != '0;
      error_o <= lookup_bad != '0;
      if (lookup_hits != '0) begin
        leaf_o <= ctx_q[lookup_set][lookup_way][LEAF];
        hierarchical_o <= ctx_q[lookup_set][lookup_way][HIER +: pwc_pkg::HIER_W];
        descriptor_o <= desc_q[lookup_set][lookup_way];
      end
    end
  end

  // Invalidation: the set of this step, and the ways of it to remove. By address, a step is a granule if none
  // is named, else a page of the range; otherwise a set. Steps beyond this bank's sets go round again.
  logic                          removing;
  logic                          flash;
  logic                          any_granule;
  logic [pwc_pkg::GRANULE_W-1:0] step_granule;
  logic [TAG_W-1:0]              first_tag, last_tag;
  logic [SET_W-1:0]              invalidate_set;
  logic [WAYS-1:0]               invalidate_ways;
  logic [CTX_W-1:0]              invalidate_ctx;
  logic                          unused;
  assign unused = &{1'b0, invalidate_step_i};  // a small bank sees its low bits only
  always_comb begin
    flash = invalidate_valid_i && pwc_pkg::is_flash(invalidate_scope_i, invalidate_worlds_i);
    removing = invalidate_valid_i && !flash;
    any_granule = invalidate_tg_i == pwc_pkg::GRANULE_NONE;
    step_granule = any_granule ? pwc_pkg::GRANULE_W'(invalidate_step_i) + pwc_pkg::GRANULE_4K : invalidate_tg_i;
    first_tag = tag_of(invalidate_vpn_i, step_granule);
    last_tag = first_tag;
    if (!any_granule) begin
      case (invalidate_tg_i)
        pwc_pkg::GRANULE_16K: last_tag = TAG_W'(invalidate_last_i >> RANGE_16K);
        pwc_pkg::GRANULE_64K: last_tag = TAG_W'(invalidate_last_i >> RANGE_64K);
        default:              last_tag = TAG_W'(invalidate_last_i >> RANGE_4K);
      endcase
    end
    invalidate_set = SET_W'(invalidate_step_i);
    if (pwc_pkg::is_by_address(invalidate_scope_i)) begin
      invalidate_set = SET_W'(first_tag);
      if (!any_granule) invalidate_set = SET_W'(first_tag) + SET_W'(invalidate_step_i);
    end
    invalidate_set = invalidate_set & SET_MASK;
    invalidate_ways = '0;
    invalidate_ctx = '0;
    if (removing) begin
      for (int unsigned w = 0; w < WAYS; w++) begin
        if (valid_q[32'(invalidate_set) * WAYS + w]) begin
          invalidate_ctx = ctx_q[invalidate_set][w];
          invalidate_ways[w] = pwc_pkg::removes(
              invalidate_scope_i, invalidate_leaf_only_i,
              invalidate_worlds_i[invalidate_ctx[WORLD +: pwc_pkg::WORLD_W]],
              invalidate_ctx[VMID +: VMID_W] == invalidate_vmid_i,
              invalidate_ctx[ASID +: ASID_W] == invalidate_asid_i,
              invalidate_ctx[KEY +: pwc_pkg::GRANULE_W] == step_granule &&
                  tag_q[invalidate_set][w] >= first_tag && tag_q[invalidate_set][w] <= last_tag,
              invalidate_ctx[GLOBAL], invalidate_ctx[LEAF]);
        end
      end
    end
  end

  // Fill: unless the invalidation beside it (at its first step) covers it.
  logic [TAG_W-1:0] fill_tag;
  logic             fill_in_range;
  always_comb begin
    fill_tag = tag_of(fill_vpn_i, fill_granule_i);
    fill_in_range = any_granule ? fill_tag == tag_of(invalidate_vpn_i, fill_granule_i)
                                : fill_granule_i == invalidate_tg_i && fill_tag >= first_tag && fill_tag <= last_tag;
    fill_write_o = fill_valid_i;
    if (fill_valid_i && invalidate_valid_i) begin
      fill_write_o = !pwc_pkg::removes(
          invalidate_scope_i, invalidate_leaf_only_i, invalidate_worlds_i[fill_world_i],
          fill_vmid_i == invalidate_vmid_i, fill_asid_i == invalidate_asid_i, fill_in_range, fill_global_i,
          fill_leaf_i);
    end
  end

  // It goes to the lowest way it overlaps (the others it overlaps are cleared), else the lowest invalid one,
  // else the victim.
  logic [SET_W-1:0] fill_set;
  logic [WAYS-1:0]  fill_overlaps;
  logic [WAYS-1:0]  fill_set_valid;
  logic [WAYS-1:0]  fill_choice;
  logic [WAY_W-1:0] fill_way;
  logic [WAY_W-1:0] victim;
  logic [KEY_W-1:0] fill_key;
  logic [CTX_W-1:0] fill_ctx;
  assign fill_set = SET_W'(fill_tag) & SET_MASK;
  assign fill_key = {fill_vmid_i, fill_world_i, fill_granule_i};
  always_comb begin
    fill_overlaps = '0;
    fill_set_valid = '0;
    fill_choice = '0;
    fill_ctx = '0;
    fill_evict_o = 1'b0;
    if (fill_write_o) begin
      fill_set_valid = valid_q[32'(fill_set) * WAYS +: WAYS];
      for (int unsigned w = 0; w < WAYS; w++) begin
        if (fill_set_valid[w] && tag_q[fill_set][w] == fill_tag) begin
          fill_ctx = ctx_q[fill_set][w];
          fill_overlaps[w] = fill_ctx[KEY +: KEY_W] == fill_key &&
              (fill_global_i || fill_ctx[GLOBAL] || fill_ctx[ASID +: ASID_W] == fill_asid_i);
        end
      end
      fill_choice = (fill_overlaps != '0) ? fill_overlaps : ~fill_set_valid;
      fill_evict_o = fill_choice == '0;
    end
  end
  always_comb begin
    fill_way = victim;
    for (int unsigned w = WAYS; w > 0; w--) begin
      if (fill_choice[w-1]) fill_way = WAY_W'(w - 1);
    end
  end

  pwc_replace #(
      .SETS(SETS), .WAYS(WAYS), .PLRU(PLRU)
  ) u_replace (
      .clk_i, .rst_ni,
      .hit_i(lookup_hits != '0), .hit_set_i(lookup_set), .hit_way_i(lookup_way),
      .fill_i(fill_write_o), .evict_i(fill_evict_o), .fill_set_i(fill_set), .fill_way_i(fill_way),
      .victim_o(victim)
  );

  // The entry to write, its parity even, and the bit that the injection flips: descriptor bits come first,
  // then the context's, then the tag's.
  logic [CTX_W-1:0]  write_ctx;
  logic [DESC_W-1:0] write_desc;
  logic [TAG_W-1:0]  write_tag;
  always_comb begin
    write_desc = fill_descriptor_i;
    write_tag = fill_tag;
    write_ctx = {fill_asid_i, fill_key, fill_hierarchical_i, fill_global_i, fill_leaf_i, 1'b0};
    write_ctx[PARITY] = (^fill_tag) ^ (^write_ctx) ^ (^fill_descriptor_i);
    if (fill_flip_i) begin
      for (int unsigned b = 0; b < DESC_W; b++) begin
        if (32'(fill_flip_bit_i) == b) write_desc[b] = !write_desc[b];
      end
      for (int unsigned b = 0; b < CTX_W; b++) begin
        if (32'(fill_flip_bit_i) == DESC_W + b) write_ctx[b] = !write_ctx[b];
      end
      for (int unsigned b = 0; b < TAG_W; b++) begin
        if (32'(fill_flip_bit_i) == DESC_W + CTX_W + b) write_tag[b] = !write_tag[b];
      end
    end
  end

  // The later assignment wins: a fill stays whatever is removed beside it.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
    end else begin
      if (flash) valid_q <= '0;
      for (int unsigned w = 0; w < WAYS; w++) begin
        if (lookup_bad[w]) valid_q[32'(lookup_set) * WAYS + w] <= 1'b0;
        if (invalidate_ways[w]) valid_q[32'(invalidate_set) * WAYS + w] <= 1'b0;
        if (fill_overlaps[w]) valid_q[32'(fill_set) * WAYS + w] <= 1'b0;
      end
      if (fill_write_o) valid_q[32'(fill_set) * WAYS + 32'(fill_way)] <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (fill_write_o) begin
      desc_q[fill_set][fill_way] <= write_desc;
      ctx_q[fill_set][fill_way] <= write_ctx;
      tag_q[fill_set][fill_way] <= write_tag;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && lookup_valid_i) begin
      `CHK(at_most_one_way_hits, $onehot0(lookup_hits))
    end
    if (rst_ni) begin
      `COVER(hit_in_the_set_that_is_filled, lookup_hits != '0 && fill_write_o && lookup_set == fill_set)
      `COVER(hit_on_the_way_that_is_evicted, lookup_hits != '0 && fill_evict_o && lookup_set == fill_set &&
                                             lookup_way == fill_way)
      `COVER(hit_on_what_is_invalidated, (lookup_hits & invalidate_ways) != '0 && lookup_set == invalidate_set)
      `COVER(hit_beside_removal_of_everything, lookup_hits != '0 && flash)
      `COVER(error_where_a_fill_goes, lookup_bad != '0 && fill_write_o && lookup_set == fill_set &&
                                      lookup_bad[fill_way])
      `COVER(fill_over_several, !$onehot0(fill_overlaps))
      `COVER(fill_that_survives, fill_write_o && invalidate_valid_i)
      `COVER(fill_that_is_lost, fill_valid_i && !fill_write_o)
      `COVER(invalidation_of_several, !$onehot0(invalidate_ways))
      `COVER(eviction_of_the_last_way, fill_evict_o && fill_way == WAY_W'(WAYS - 1))
    end
  end

`ifdef PWC_PROOF
`include "formal/pwc_bank_proof.svh"
`endif

endmodule
