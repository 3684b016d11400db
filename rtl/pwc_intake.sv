// Page-walk cache, first stage: registers what each channel sends, keeps the readies, sequences the scans.
// Contract: a channel's valid and ready high before an edge mean its payload stands in this stage's registers
// after it, valid for one cycle. A scan (vmid, asid) keeps its registers and steps scan_set_o through
// SETS_MAX cycles.
// Time: one cycle; the readies are registers.
module pwc_intake #(
    parameter int unsigned SETS_MAX = 64,
    parameter int unsigned VMID_W = 16,
    parameter int unsigned ASID_W = 16,
    parameter int unsigned VPN_W = 44,
    parameter int unsigned DESC_W = 64,
    localparam int unsigned SCAN_W = (SETS_MAX > 1) ? $clog2(SETS_MAX) : 1
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic                       lookup_valid_i,
    input  logic [pwc_pkg::ID_W-1:0]   lookup_id_i,
    input  logic [VMID_W-1:0]          lookup_vmid_i,
    input  logic [ASID_W-1:0]          lookup_asid_i,
    input  logic [VPN_W-1:0]           lookup_vpn_i,
    input  logic                       fill_valid_i,
    input  logic [pwc_pkg::LEVEL_W-1:0] fill_level_i,
    input  logic                       fill_leaf_i,
    input  logic                       fill_global_i,
    input  logic [pwc_pkg::HIER_W-1:0] fill_hierarchical_i,
    input  logic [DESC_W-1:0]          fill_descriptor_i,
    input  logic [VMID_W-1:0]          fill_vmid_i,
    input  logic [ASID_W-1:0]          fill_asid_i,
    input  logic [VPN_W-1:0]           fill_vpn_i,
    input  logic                       invalidate_valid_i,
    input  logic [pwc_pkg::SCOPE_W-1:0] invalidate_scope_i,
    input  logic                       invalidate_leaf_only_i,
    input  logic [VMID_W-1:0]          invalidate_vmid_i,
    input  logic [ASID_W-1:0]          invalidate_asid_i,
    input  logic [VPN_W-1:0]           invalidate_vpn_i,
    output logic                       ready_o,
    output logic                       active_o,  // something stands in this stage

    output logic                       lookup_valid_o,
    output logic [pwc_pkg::ID_W-1:0]   lookup_id_o,
    output logic [VMID_W-1:0]          lookup_vmid_o,
    output logic [ASID_W-1:0]          lookup_asid_o,
    output logic [VPN_W-1:0]           lookup_vpn_o,
    output logic                       fill_valid_o,
    output logic [pwc_pkg::LEVEL_W-1:0] fill_level_o,
    output logic                       fill_leaf_o,
    output logic                       fill_global_o,
    output logic [pwc_pkg::HIER_W-1:0] fill_hierarchical_o,
    output logic [DESC_W-1:0]          fill_descriptor_o,
    output logic [VMID_W-1:0]          fill_vmid_o,
    output logic [ASID_W-1:0]          fill_asid_o,
    output logic [VPN_W-1:0]           fill_vpn_o,
    output logic                       invalidate_valid_o,
    output logic [pwc_pkg::SCOPE_W-1:0] invalidate_scope_o,
    output logic                       invalidate_leaf_only_o,
    output logic [VMID_W-1:0]          invalidate_vmid_o,
    output logic [ASID_W-1:0]          invalidate_asid_o,
    output logic [VPN_W-1:0]           invalidate_vpn_o,
    output logic                       scan_o,
    output logic [SCAN_W-1:0]          scan_set_o
);

  localparam logic [SCAN_W-1:0] SCAN_LAST = SCAN_W'(SETS_MAX - 1);

  assign active_o = lookup_valid_o || fill_valid_o || invalidate_valid_o;
  assign scan_o = !ready_o;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ready_o <= 1'b1;
      lookup_valid_o <= 1'b0;
      fill_valid_o <= 1'b0;
      invalidate_valid_o <= 1'b0;
      scan_set_o <= '0;
    end else begin
      lookup_valid_o <= lookup_valid_i && ready_o;
      fill_valid_o <= fill_valid_i && ready_o;
      if (ready_o) begin
        invalidate_valid_o <= invalidate_valid_i;
        if (invalidate_valid_i && pwc_pkg::is_scan(invalidate_scope_i)) ready_o <= 1'b0;
      end else if (scan_set_o == SCAN_LAST) begin
        invalidate_valid_o <= 1'b0;
        ready_o <= 1'b1;
        scan_set_o <= '0;
      end else begin
        scan_set_o <= scan_set_o + SCAN_W'(1);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (lookup_valid_i && ready_o) begin
      lookup_id_o <= lookup_id_i;
      lookup_vmid_o <= lookup_vmid_i;
      lookup_asid_o <= lookup_asid_i;
      lookup_vpn_o <= lookup_vpn_i;
    end
    if (fill_valid_i && ready_o) begin
      fill_level_o <= fill_level_i;
      fill_leaf_o <= fill_leaf_i;
      fill_global_o <= fill_global_i;
      fill_hierarchical_o <= fill_hierarchical_i;
      fill_descriptor_o <= fill_descriptor_i;
      fill_vmid_o <= fill_vmid_i;
      fill_asid_o <= fill_asid_i;
      fill_vpn_o <= fill_vpn_i;
    end
    if (invalidate_valid_i && ready_o) begin
      invalidate_scope_o <= invalidate_scope_i;
      invalidate_leaf_only_o <= invalidate_leaf_only_i;
      invalidate_vmid_o <= invalidate_vmid_i;
      invalidate_asid_o <= invalidate_asid_i;
      invalidate_vpn_o <= invalidate_vpn_i;
    end
  end

endmodule
