// Page-walk cache, storage of one level: SETS x WAYS entries, each with a tag (the level's part of the VPN),
// a context (VMID, ASID, global, leaf, hierarchical attributes) and a descriptor.
// Contract: lookup answers from the state after everything written at earlier edges; fill and invalidation
// change the state at the next edge, a fill that the invalidation beside it covers changes nothing. Two
// entries that one lookup could hit never coexist: a fill replaces every entry it overlaps.
// Time: lookup combinational, fill and invalidation one edge. Only indexed sets are read.
`include "pwc_checks.svh"
module pwc_level #(
    parameter int unsigned SETS = 64,
    parameter int unsigned WAYS = 4,
    parameter int unsigned VMID_W = 16,
    parameter int unsigned ASID_W = 16,
    parameter int unsigned TAG_W = 44,
    parameter int unsigned DESC_W = 64,
    localparam int unsigned SET_W = (SETS > 1) ? $clog2(SETS) : 1
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic                       lookup_valid_i,
    input  logic                       lookup_hide_local_i,   // non-global entries are being invalidated
    input  logic                       lookup_hide_global_i,  // global entries are being invalidated
    input  logic [VMID_W-1:0]          lookup_vmid_i,
    input  logic [ASID_W-1:0]          lookup_asid_i,
    input  logic [TAG_W-1:0]           lookup_tag_i,
    output logic                       hit_o,
    output logic                       leaf_o,
    output logic [pwc_pkg::HIER_W-1:0] hierarchical_o,
    output logic [DESC_W-1:0]          descriptor_o,

    input logic                       fill_valid_i,
    input logic                       fill_leaf_i,
    input logic                       fill_global_i,
    input logic [pwc_pkg::HIER_W-1:0] fill_hierarchical_i,
    input logic [DESC_W-1:0]          fill_descriptor_i,
    input logic [VMID_W-1:0]          fill_vmid_i,
    input logic [ASID_W-1:0]          fill_asid_i,
    input logic [TAG_W-1:0]           fill_tag_i,

    input logic                        invalidate_valid_i,
    input logic [pwc_pkg::SCOPE_W-1:0] invalidate_scope_i,
    input logic                        invalidate_leaf_only_i,
    input logic [VMID_W-1:0]           invalidate_vmid_i,
    input logic [ASID_W-1:0]           invalidate_asid_i,
    input logic [TAG_W-1:0]            invalidate_tag_i,
    input logic                        scan_i,
    input logic [SET_W-1:0]            scan_set_i
);

  localparam int unsigned WAY_W = (WAYS > 1) ? $clog2(WAYS) : 1;
  localparam logic [SET_W-1:0] SET_MASK = SET_W'(SETS - 1);
  localparam logic [WAY_W-1:0] WAY_LAST = WAY_W'(WAYS - 1);

  if (SETS == 0 || (SETS & (SETS - 1)) != 0) begin : gen_bad_sets
    $fatal(1, "SETS is not a power of two");
  end
  if (WAYS == 0) begin : gen_bad_ways
    $fatal(1, "WAYS is zero");
  end
  if (TAG_W < SET_W) begin : gen_bad_tag
    $fatal(1, "the tag is narrower than the set index");
  end

  // Fields of a context word.
  localparam int unsigned GLOBAL = 0;
  localparam int unsigned LEAF = 1;
  localparam int unsigned HIER = 2;
  localparam int unsigned ASID = HIER + pwc_pkg::HIER_W;
  localparam int unsigned VMID = ASID + ASID_W;
  localparam int unsigned CTX_W = VMID + VMID_W;

  logic [SETS*WAYS-1:0] valid_q;
  logic [SETS*WAY_W-1:0] victim_q;  // per set the way to evict next
  logic [TAG_W-1:0]  tag_q [0:SETS-1][0:WAYS-1];
  logic [CTX_W-1:0]  ctx_q [0:SETS-1][0:WAYS-1];
  logic [DESC_W-1:0] desc_q [0:SETS-1][0:WAYS-1];

  // Lookup: compare the ways of one set, forward the one that hits.
  logic [SET_W-1:0] lookup_set;
  logic [WAYS-1:0]  lookup_hits;
  logic [CTX_W-1:0] lookup_ctx;
  always_comb begin
    lookup_set = SET_W'(lookup_tag_i) & SET_MASK;
    lookup_hits = '0;
    lookup_ctx = '0;
    leaf_o = 1'b0;
    hierarchical_o = '0;
    descriptor_o = '0;
    if (lookup_valid_i) begin
      for (int unsigned w = 0; w < WAYS; w++) begin
        if (valid_q[32'(lookup_set) * WAYS + w] && tag_q[lookup_set][w] == lookup_tag_i) begin
          lookup_ctx = ctx_q[lookup_set][w];
          lookup_hits[w] = lookup_ctx[VMID +: VMID_W] == lookup_vmid_i &&
              (lookup_ctx[GLOBAL] ? !lookup_hide_global_i
                                  : lookup_ctx[ASID +: ASID_W] == lookup_asid_i && !lookup_hide_local_i);
          if (lookup_hits[w]) begin
            leaf_o = lookup_ctx[LEAF];
            hierarchical_o = lookup_ctx[HIER +: pwc_pkg::HIER_W];
            descriptor_o = desc_q[lookup_set][w];
          end
        end
      end
    end
    hit_o = |lookup_hits;
  end

  // Invalidation: the ways of one set that it removes. A scan longer than this level's sets goes round again,
  // to no effect.
  logic             invalidate_set_valid;
  logic             invalidate_all;
  logic [SET_W-1:0] invalidate_set;
  logic [WAYS-1:0]  invalidate_ways;
  logic [CTX_W-1:0] invalidate_ctx;
  always_comb begin
    invalidate_all = invalidate_valid_i && pwc_pkg::is_all(invalidate_scope_i);
    invalidate_set_valid = invalidate_valid_i && !invalidate_all;
    invalidate_set = SET_W'(invalidate_tag_i) & SET_MASK;
    if (scan_i) invalidate_set = scan_set_i & SET_MASK;
    invalidate_ways = '0;
    invalidate_ctx = '0;
    if (invalidate_set_valid) begin
      for (int unsigned w = 0; w < WAYS; w++) begin
        if (valid_q[32'(invalidate_set) * WAYS + w]) begin
          invalidate_ctx = ctx_q[invalidate_set][w];
          invalidate_ways[w] = pwc_pkg::removes(invalidate_scope_i, invalidate_leaf_only_i,
                                                invalidate_ctx[VMID +: VMID_W] == invalidate_vmid_i,
                                                invalidate_ctx[ASID +: ASID_W] == invalidate_asid_i,
                                                tag_q[invalidate_set][w] == invalidate_tag_i,
                                                invalidate_ctx[GLOBAL], invalidate_ctx[LEAF]);
        end
      end
    end
  end

  // Fill: into the lowest way it overlaps, else the lowest invalid one, else the set's round-robin victim.
  logic             fill_write;
  logic             fill_evict;
  logic [SET_W-1:0] fill_set;
  logic [WAYS-1:0]  fill_overlaps;
  logic [WAYS-1:0]  fill_set_valid;
  logic [WAYS-1:0]  fill_choice;
  logic [WAY_W-1:0] fill_way;
  logic [CTX_W-1:0] fill_ctx;
  always_comb begin
    fill_write = fill_valid_i;
    if (fill_valid_i && invalidate_valid_i) begin
      fill_write = !pwc_pkg::removes(invalidate_scope_i, invalidate_leaf_only_i,
                                     fill_vmid_i == invalidate_vmid_i, fill_asid_i == invalidate_asid_i,
                                     fill_tag_i == invalidate_tag_i, fill_global_i, fill_leaf_i);
    end
    fill_set = SET_W'(fill_tag_i) & SET_MASK;
    fill_overlaps = '0;
    fill_set_valid = '0;
    fill_choice = '0;
    fill_way = '0;
    fill_ctx = '0;
    fill_evict = 1'b0;
    if (fill_write) begin
      fill_set_valid = valid_q[32'(fill_set) * WAYS +: WAYS];
      for (int unsigned w = 0; w < WAYS; w++) begin
        if (fill_set_valid[w] && tag_q[fill_set][w] == fill_tag_i) begin
          fill_ctx = ctx_q[fill_set][w];
          fill_overlaps[w] = fill_ctx[VMID +: VMID_W] == fill_vmid_i &&
              (fill_global_i || fill_ctx[GLOBAL] || fill_ctx[ASID +: ASID_W] == fill_asid_i);
        end
      end
      fill_choice = (fill_overlaps != '0) ? fill_overlaps : ~fill_set_valid;
      fill_evict = fill_choice == '0;
      fill_way = victim_q[32'(fill_set) * WAY_W +: WAY_W];
      for (int unsigned w = WAYS; w > 0; w--) begin
        if (fill_choice[w-1]) fill_way = WAY_W'(w - 1);
      end
    end
  end

  // The later assignment wins: a fill that its neighbour does not cover stays.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
      victim_q <= '0;
    end else begin
      if (invalidate_all) valid_q <= '0;
      for (int unsigned w = 0; w < WAYS; w++) begin
        if (invalidate_ways[w]) valid_q[32'(invalidate_set) * WAYS + w] <= 1'b0;
        if (fill_overlaps[w]) valid_q[32'(fill_set) * WAYS + w] <= 1'b0;
      end
      if (fill_write) valid_q[32'(fill_set) * WAYS + 32'(fill_way)] <= 1'b1;
      if (fill_evict) begin
        victim_q[32'(fill_set) * WAY_W +: WAY_W] <= (fill_way == WAY_LAST) ? '0 : fill_way + WAY_W'(1);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (fill_write) begin
      tag_q[fill_set][fill_way] <= fill_tag_i;
      ctx_q[fill_set][fill_way] <= {fill_vmid_i, fill_asid_i, fill_hierarchical_i, fill_leaf_i,
                                      fill_global_i};
      desc_q[fill_set][fill_way] <= fill_descriptor_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && lookup_valid_i) begin
      `CHK(at_most_one_way_hits, $onehot0(lookup_hits))
    end
  end

endmodule
