// Page-walk cache of an SMMUv3 TCU: four levels of walk descriptors with storage of their own, 4 KB granule.
// Contract: models/arch/walk_cache.hpp and README.md beside this file. Every accepted operation takes effect
// at its own edge, in the order fill, invalidation, lookup, and a fill the invalidation covers is lost.
// Time: a lookup accepted at edge k has its response after edge k+2, always. Invalidations by VMID or ASID
// take max(SETS) cycles with all readies low, everything else one. Not busy and no valid input: nothing
// changes.
`include "pwc_checks.svh"
module pwc #(
    parameter int unsigned SETS0 = 1,
    parameter int unsigned SETS1 = 4,
    parameter int unsigned SETS2 = 16,
    parameter int unsigned SETS3 = 64,
    parameter int unsigned WAYS0 = 4,
    parameter int unsigned WAYS1 = 4,
    parameter int unsigned WAYS2 = 4,
    parameter int unsigned WAYS3 = 4,
    parameter int unsigned VMID_W = 16,
    parameter int unsigned ASID_W = 16,
    parameter int unsigned VPN_W = 44,      // VA[55:12]
    parameter int unsigned DESC_W = 64,
    parameter int unsigned LEVEL_BITS = 9   // VPN bits a level resolves
) (
    input logic clk_i,
    input logic rst_ni,  // synchronous

    input  logic                     lookup_valid_i,
    output logic                     lookup_ready_o,
    input  logic [pwc_pkg::ID_W-1:0] lookup_id_i,
    input  logic [VMID_W-1:0]        lookup_vmid_i,
    input  logic [ASID_W-1:0]        lookup_asid_i,
    input  logic [VPN_W-1:0]         lookup_vpn_i,

    output logic                        response_valid_o,
    output logic [pwc_pkg::ID_W-1:0]    response_id_o,
    output logic                        response_hit_o,
    output logic [pwc_pkg::LEVEL_W-1:0] response_level_o,
    output logic                        response_leaf_o,
    output logic [pwc_pkg::HIER_W-1:0]  response_hierarchical_o,
    output logic [DESC_W-1:0]           response_descriptor_o,

    input  logic                        fill_valid_i,
    output logic                        fill_ready_o,
    input  logic [VMID_W-1:0]           fill_vmid_i,
    input  logic [ASID_W-1:0]           fill_asid_i,
    input  logic [VPN_W-1:0]            fill_vpn_i,
    input  logic [pwc_pkg::LEVEL_W-1:0] fill_level_i,
    input  logic                        fill_leaf_i,
    input  logic                        fill_global_i,
    input  logic [pwc_pkg::HIER_W-1:0]  fill_hierarchical_i,
    input  logic [DESC_W-1:0]           fill_descriptor_i,

    input  logic                        invalidate_valid_i,
    output logic                        invalidate_ready_o,
    input  logic [pwc_pkg::SCOPE_W-1:0] invalidate_scope_i,
    input  logic                        invalidate_leaf_only_i,
    input  logic [VMID_W-1:0]           invalidate_vmid_i,
    input  logic [ASID_W-1:0]           invalidate_asid_i,
    input  logic [VPN_W-1:0]            invalidate_vpn_i,

    output logic busy_o
);

  localparam int unsigned SETS01 = (SETS0 > SETS1) ? SETS0 : SETS1;
  localparam int unsigned SETS23 = (SETS2 > SETS3) ? SETS2 : SETS3;
  localparam int unsigned SETS_MAX = (SETS01 > SETS23) ? SETS01 : SETS23;
  localparam int unsigned SCAN_W = (SETS_MAX > 1) ? $clog2(SETS_MAX) : 1;

  // First stage: what the channels sent at the last edge.
  logic                        ready, active;
  logic                        s1_lookup_valid, s1_fill_valid, s1_invalidate_valid, s1_scan;
  logic [pwc_pkg::ID_W-1:0]    s1_lookup_id;
  logic [VMID_W-1:0]           s1_lookup_vmid, s1_fill_vmid, s1_invalidate_vmid;
  logic [ASID_W-1:0]           s1_lookup_asid, s1_fill_asid, s1_invalidate_asid;
  logic [VPN_W-1:0]            s1_lookup_vpn, s1_fill_vpn, s1_invalidate_vpn;
  logic [pwc_pkg::LEVEL_W-1:0] s1_fill_level;
  logic                        s1_fill_leaf, s1_fill_global;
  logic [pwc_pkg::HIER_W-1:0]  s1_fill_hierarchical;
  logic [DESC_W-1:0]           s1_fill_descriptor;
  logic [pwc_pkg::SCOPE_W-1:0] s1_invalidate_scope;
  logic                        s1_invalidate_leaf_only;
  logic [SCAN_W-1:0]           s1_scan_set;

  pwc_intake #(
      .SETS_MAX(SETS_MAX), .VMID_W(VMID_W), .ASID_W(ASID_W), .VPN_W(VPN_W), .DESC_W(DESC_W)
  ) u_intake (
      .clk_i, .rst_ni,
      .lookup_valid_i, .lookup_id_i, .lookup_vmid_i, .lookup_asid_i, .lookup_vpn_i,
      .fill_valid_i, .fill_level_i, .fill_leaf_i, .fill_global_i, .fill_hierarchical_i, .fill_descriptor_i,
      .fill_vmid_i, .fill_asid_i, .fill_vpn_i,
      .invalidate_valid_i, .invalidate_scope_i, .invalidate_leaf_only_i,
      .invalidate_vmid_i, .invalidate_asid_i, .invalidate_vpn_i,
      .ready_o(ready), .active_o(active),
      .lookup_valid_o(s1_lookup_valid), .lookup_id_o(s1_lookup_id), .lookup_vmid_o(s1_lookup_vmid),
      .lookup_asid_o(s1_lookup_asid), .lookup_vpn_o(s1_lookup_vpn),
      .fill_valid_o(s1_fill_valid), .fill_level_o(s1_fill_level), .fill_leaf_o(s1_fill_leaf),
      .fill_global_o(s1_fill_global), .fill_hierarchical_o(s1_fill_hierarchical),
      .fill_descriptor_o(s1_fill_descriptor),
      .fill_vmid_o(s1_fill_vmid), .fill_asid_o(s1_fill_asid), .fill_vpn_o(s1_fill_vpn),
      .invalidate_valid_o(s1_invalidate_valid), .invalidate_scope_o(s1_invalidate_scope),
      .invalidate_leaf_only_o(s1_invalidate_leaf_only),
      .invalidate_vmid_o(s1_invalidate_vmid), .invalidate_asid_o(s1_invalidate_asid),
      .invalidate_vpn_o(s1_invalidate_vpn),
      .scan_o(s1_scan), .scan_set_o(s1_scan_set)
  );

  // Second stage: the lookup waits one cycle while fill and invalidation of its own edge are written. Of a
  // scan only the first set is written by then, so what the scan removes is hidden from the lookup beside it.
  logic                     s2_valid_q, s2_hide_local_q, s2_hide_global_q;
  logic [pwc_pkg::ID_W-1:0] s2_id_q;
  logic [VMID_W-1:0]        s2_vmid_q;
  logic [ASID_W-1:0]        s2_asid_q;
  logic [VPN_W-1:0]         s2_vpn_q;
  logic                     scan_same_vmid, scan_same_asid;
  assign scan_same_vmid = s1_lookup_vmid == s1_invalidate_vmid;
  assign scan_same_asid = s1_lookup_asid == s1_invalidate_asid;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      s2_valid_q <= 1'b0;
    end else begin
      s2_valid_q <= s1_lookup_valid;
    end
    if (s1_lookup_valid) begin
      s2_hide_local_q <= s1_scan &&
          pwc_pkg::removes(s1_invalidate_scope, 1'b0, scan_same_vmid, scan_same_asid, 1'b1, 1'b0, 1'b0);
      s2_hide_global_q <= s1_scan &&
          pwc_pkg::removes(s1_invalidate_scope, 1'b0, scan_same_vmid, scan_same_asid, 1'b1, 1'b1, 1'b0);
      s2_id_q <= s1_lookup_id;
      s2_vmid_q <= s1_lookup_vmid;
      s2_asid_q <= s1_lookup_asid;
      s2_vpn_q <= s1_lookup_vpn;
    end
  end

  // The levels, their outputs side by side.
  logic [pwc_pkg::LEVELS-1:0]                 hit, leaf;
  logic [pwc_pkg::LEVELS*pwc_pkg::HIER_W-1:0] hierarchical;
  logic [pwc_pkg::LEVELS*DESC_W-1:0]          descriptor;

  for (genvar g = 0; g < pwc_pkg::LEVELS; g++) begin : gen_level
    localparam int unsigned SHIFT = LEVEL_BITS * (pwc_pkg::LEVELS - 1 - g);
    localparam int unsigned TAG_W = VPN_W - SHIFT;
    localparam int unsigned SETS = (g == 0) ? SETS0 : (g == 1) ? SETS1 : (g == 2) ? SETS2 : SETS3;
    localparam int unsigned WAYS = (g == 0) ? WAYS0 : (g == 1) ? WAYS1 : (g == 2) ? WAYS2 : WAYS3;
    localparam int unsigned SET_W = (SETS > 1) ? $clog2(SETS) : 1;
    pwc_level #(
        .SETS(SETS), .WAYS(WAYS), .VMID_W(VMID_W), .ASID_W(ASID_W), .TAG_W(TAG_W), .DESC_W(DESC_W)
    ) u_level (
        .clk_i, .rst_ni,
        .lookup_valid_i(s2_valid_q),
        .lookup_hide_local_i(s2_hide_local_q),
        .lookup_hide_global_i(s2_hide_global_q),
        .lookup_vmid_i(s2_vmid_q),
        .lookup_asid_i(s2_asid_q),
        .lookup_tag_i(s2_vpn_q[VPN_W-1:SHIFT]),
        .hit_o(hit[g]),
        .leaf_o(leaf[g]),
        .hierarchical_o(hierarchical[g*pwc_pkg::HIER_W +: pwc_pkg::HIER_W]),
        .descriptor_o(descriptor[g*DESC_W +: DESC_W]),
        .fill_valid_i(s1_fill_valid && s1_fill_level == pwc_pkg::LEVEL_W'(g)),
        .fill_leaf_i(s1_fill_leaf),
        .fill_global_i(s1_fill_global),
        .fill_hierarchical_i(s1_fill_hierarchical),
        .fill_descriptor_i(s1_fill_descriptor),
        .fill_vmid_i(s1_fill_vmid),
        .fill_asid_i(s1_fill_asid),
        .fill_tag_i(s1_fill_vpn[VPN_W-1:SHIFT]),
        .invalidate_valid_i(s1_invalidate_valid),
        .invalidate_scope_i(s1_invalidate_scope),
        .invalidate_leaf_only_i(s1_invalidate_leaf_only),
        .invalidate_vmid_i(s1_invalidate_vmid),
        .invalidate_asid_i(s1_invalidate_asid),
        .invalidate_tag_i(s1_invalidate_vpn[VPN_W-1:SHIFT]),
        .scan_i(s1_scan),
        .scan_set_i(SET_W'(s1_scan_set))
    );
  end

  // Response: the deepest level that hits. Its payload stays until the next response.
  logic [pwc_pkg::LEVEL_W-1:0] deepest;
  always_comb begin
    deepest = '0;
    for (int unsigned l = 0; l < pwc_pkg::LEVELS; l++) begin
      if (hit[l]) deepest = pwc_pkg::LEVEL_W'(l);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      response_valid_o <= 1'b0;
      response_id_o <= '0;
      response_hit_o <= 1'b0;
      response_level_o <= '0;
      response_leaf_o <= 1'b0;
      response_hierarchical_o <= '0;
      response_descriptor_o <= '0;
    end else begin
      response_valid_o <= s2_valid_q;
      if (s2_valid_q) begin
        response_id_o <= s2_id_q;
        response_hit_o <= hit != '0;
        response_level_o <= deepest;
        response_leaf_o <= leaf[deepest];
        response_hierarchical_o <= hierarchical[32'(deepest)*pwc_pkg::HIER_W +: pwc_pkg::HIER_W];
        response_descriptor_o <= descriptor[32'(deepest)*DESC_W +: DESC_W];
      end
    end
  end

  // Checks: quiet means unchanged (what gating relies on), and every lookup is answered once, on time, with
  // its id.
  logic was_quiet_q;
  always_ff @(posedge clk_i) begin
    was_quiet_q <= rst_ni && !busy_o && !lookup_valid_i && !fill_valid_i && !invalidate_valid_i;
    if (rst_ni) begin
      `CHK(no_scan_unless_busy, busy_o || (ready && s1_scan_set == '0))
      `CHK(response_is_for_its_lookup, response_valid_o == $past(lookup_valid_i && ready && rst_ni, 3) &&
                                       (!response_valid_o || response_id_o == $past(lookup_id_i, 3)))
      if (was_quiet_q) begin
        `CHK(quiet_stays_quiet, !busy_o && ready)
        `CHK(quiet_keeps_the_response, $stable(response_id_o) && $stable(response_hit_o) &&
                                       $stable(response_level_o) && $stable(response_leaf_o) &&
                                       $stable(response_hierarchical_o) && $stable(response_descriptor_o))
      end
    end
  end

  assign lookup_ready_o = ready;
  assign fill_ready_o = ready;
  assign invalidate_ready_o = ready;
  assign busy_o = active || s2_valid_q || response_valid_o;

endmodule
