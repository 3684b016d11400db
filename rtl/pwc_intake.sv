// Page-walk cache, stage 1: registers what the three channels send, and steps through an invalidation that
// takes more than one cycle, holding all readies low until its last step.
// Contract: an operation stands at the outputs in the cycle after the edge that accepted it, lookup and fill
// for one cycle, an invalidation for all of its steps. Payloads stay until the next; fill_granule_o and
// lookup_granule_o are never GRANULE_NONE.
// Time: steps of an invalidation: 1 for everything; by address 3 (a granule each) without a granule, else one
// a page up to STEPS_MAX; otherwise STEPS_MAX. The last page of a range is added up before its register: its
// pins need the time of an adder.
module pwc_intake #(
    parameter int unsigned STEPS_MAX = 64,  // sets of the bank that has most
    parameter int unsigned VMID_W = 16,
    parameter int unsigned ASID_W = 16,
    parameter int unsigned VPN_W = 44,
    parameter int unsigned DESC_W = 64,
    parameter int unsigned GRANULE_STEP = 2,
    localparam int unsigned STEP_W = $clog2(((STEPS_MAX > 3) ? STEPS_MAX : 3) + 1)
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic                          lookup_valid_i,
    input  logic [pwc_pkg::ID_W-1:0]      lookup_id_i,
    input  logic [pwc_pkg::WORLD_W-1:0]   lookup_world_i,
    input  logic [pwc_pkg::GRANULE_W-1:0] lookup_granule_i,
    input  logic [VMID_W-1:0]             lookup_vmid_i,
    input  logic [ASID_W-1:0]             lookup_asid_i,
    input  logic [VPN_W-1:0]              lookup_vpn_i,
    input  logic                          fill_valid_i,
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
    input  logic                          fill_flip_i,
    input  logic [pwc_pkg::FLIP_W-1:0]    fill_flip_bit_i,
    input  logic                          invalidate_valid_i,
    input  logic [pwc_pkg::SCOPE_W-1:0]   invalidate_scope_i,
    input  logic                          invalidate_leaf_only_i,
    input  logic [pwc_pkg::WORLDS-1:0]    invalidate_worlds_i,
    input  logic [VMID_W-1:0]             invalidate_vmid_i,
    input  logic [ASID_W-1:0]             invalidate_asid_i,
    input  logic [VPN_W-1:0]              invalidate_vpn_i,
    input  logic [pwc_pkg::GRANULE_W-1:0] invalidate_tg_i,
    input  logic [pwc_pkg::NUM_W-1:0]     invalidate_num_i,
    input  logic [pwc_pkg::SCALE_W-1:0]   invalidate_scale_i,
    output logic                          ready_o,

    output logic                          lookup_valid_o,
    output logic [pwc_pkg::ID_W-1:0]      lookup_id_o,
    output logic [pwc_pkg::WORLD_W-1:0]   lookup_world_o,
    output logic [pwc_pkg::GRANULE_W-1:0] lookup_granule_o,
    output logic [VMID_W-1:0]             lookup_vmid_o,
    output logic [ASID_W-1:0]             lookup_asid_o,
    output logic [VPN_W-1:0]              lookup_vpn_o,
    output logic                          fill_valid_o,
    output logic [pwc_pkg::WORLD_W-1:0]   fill_world_o,
    output logic [pwc_pkg::GRANULE_W-1:0] fill_granule_o,
    output logic [VMID_W-1:0]             fill_vmid_o,
    output logic [ASID_W-1:0]             fill_asid_o,
    output logic [VPN_W-1:0]              fill_vpn_o,
    output logic [pwc_pkg::LEVEL_W-1:0]   fill_level_o,
    output logic                          fill_leaf_o,
    output logic                          fill_global_o,
    output logic [pwc_pkg::HIER_W-1:0]    fill_hierarchical_o,
    output logic [DESC_W-1:0]             fill_descriptor_o,
    output logic                          fill_flip_o,
    output logic [pwc_pkg::FLIP_W-1:0]    fill_flip_bit_o,
    output logic                          invalidate_valid_o,
    output logic [pwc_pkg::SCOPE_W-1:0]   invalidate_scope_o,
    output logic                          invalidate_leaf_only_o,
    output logic [pwc_pkg::WORLDS-1:0]    invalidate_worlds_o,
    output logic [VMID_W-1:0]             invalidate_vmid_o,
    output logic [ASID_W-1:0]             invalidate_asid_o,
    output logic [VPN_W-1:0]              invalidate_vpn_o,
    output logic [pwc_pkg::GRANULE_W-1:0] invalidate_tg_o,
    output logic [VPN_W-1:0]              invalidate_last_o,  // last page of a range, in pages of its granule
    output logic [STEP_W-1:0]             invalidate_step_o
);

  localparam int unsigned SUM_W = ((VPN_W > pwc_pkg::PAGES_W) ? VPN_W : pwc_pkg::PAGES_W) + 1;

  // How far an invalidation reaches, and how many steps after the first it takes.
  logic [pwc_pkg::PAGES_W-1:0] pages;
  logic [VPN_W-1:0]            first;
  logic [SUM_W-1:0]            last;
  logic [STEP_W-1:0]           more_steps;
  always_comb begin
    pages = (pwc_pkg::PAGES_W'(invalidate_num_i) + pwc_pkg::PAGES_W'(1)) << invalidate_scale_i;
    first = invalidate_vpn_i;
    if (invalidate_tg_i == pwc_pkg::GRANULE_16K) first = invalidate_vpn_i >> GRANULE_STEP;
    if (invalidate_tg_i == pwc_pkg::GRANULE_64K) first = invalidate_vpn_i >> (2 * GRANULE_STEP);
    last = SUM_W'(first) + SUM_W'(pages) - SUM_W'(1);
    if (last[SUM_W-1:VPN_W] != '0) last[VPN_W-1:0] = '1;

    more_steps = STEP_W'(STEPS_MAX - 1);
    if (pwc_pkg::is_flash(invalidate_scope_i, invalidate_worlds_i)) begin
      more_steps = '0;
    end else if (pwc_pkg::is_by_address(invalidate_scope_i)) begin
      if (invalidate_tg_i == pwc_pkg::GRANULE_NONE) begin
        more_steps = STEP_W'(2);
      end else if (pages < pwc_pkg::PAGES_W'(STEPS_MAX)) begin
        more_steps = STEP_W'(pages) - STEP_W'(1);
      end
    end
  end

  logic [STEP_W-1:0] steps_left_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ready_o <= 1'b1;
      lookup_valid_o <= 1'b0;
      fill_valid_o <= 1'b0;
      invalidate_valid_o <= 1'b0;
      invalidate_step_o <= '0;
      steps_left_q <= '0;
    end else begin
      lookup_valid_o <= lookup_valid_i && ready_o;
      fill_valid_o <= fill_valid_i && ready_o;
      if (ready_o) begin
        invalidate_valid_o <= invalidate_valid_i;
        invalidate_step_o <= '0;
        if (invalidate_valid_i) begin
          steps_left_q <= more_steps;
          ready_o <= more_steps == '0;
        end
      end else begin
        invalidate_step_o <= invalidate_step_o + STEP_W'(1);
        steps_left_q <= steps_left_q - STEP_W'(1);
        ready_o <= steps_left_q == STEP_W'(1);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (lookup_valid_i && ready_o) begin
      lookup_id_o <= lookup_id_i;
      lookup_world_o <= lookup_world_i;
      lookup_granule_o <= pwc_pkg::granule(lookup_granule_i);
      lookup_vmid_o <= lookup_vmid_i;
      lookup_asid_o <= lookup_asid_i;
      lookup_vpn_o <= lookup_vpn_i;
    end
    if (fill_valid_i && ready_o) begin
      fill_world_o <= fill_world_i;
      fill_granule_o <= pwc_pkg::granule(fill_granule_i);
      fill_vmid_o <= fill_vmid_i;
      fill_asid_o <= fill_asid_i;
      fill_vpn_o <= fill_vpn_i;
      fill_level_o <= fill_level_i;
      fill_leaf_o <= fill_leaf_i;
      fill_global_o <= fill_global_i;
      fill_hierarchical_o <= fill_hierarchical_i;
      fill_descriptor_o <= fill_descriptor_i;
      fill_flip_o <= fill_flip_i;
      fill_flip_bit_o <= fill_flip_bit_i;
    end
    if (invalidate_valid_i && ready_o) begin
      invalidate_scope_o <= invalidate_scope_i;
      invalidate_leaf_only_o <= invalidate_leaf_only_i;
      invalidate_worlds_o <= invalidate_worlds_i;
      invalidate_vmid_o <= invalidate_vmid_i;
      invalidate_asid_o <= invalidate_asid_i;
      invalidate_vpn_o <= invalidate_vpn_i;
      invalidate_tg_o <= invalidate_tg_i;
      invalidate_last_o <= last[VPN_W-1:0];
    end
  end

endmodule
