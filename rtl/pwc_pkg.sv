// Page-walk cache: fixed widths, encodings, and the one rule that says what an invalidation removes.
// Contract: models/arch/walk_cache.hpp. The widths that proofs reduce are parameters of pwc, not constants
// here.
package pwc_pkg;

  localparam int unsigned LEVELS = 4;
  localparam int unsigned LEVEL_W = 2;
  localparam int unsigned ID_W = 8;     // lookup id, returned with the response
  localparam int unsigned HIER_W = 5;   // NSTable 4, APTable 3:2, XNTable 1, PXNTable 0
  localparam int unsigned SCOPE_W = 3;

  // Invalidation scopes. `all` has no constant of its own: it is every other code, so that a code nobody
  // defined errs on the side of removing too much.
  localparam logic [SCOPE_W-1:0] SCOPE_VMID = 3'd1;
  localparam logic [SCOPE_W-1:0] SCOPE_ASID = 3'd2;
  localparam logic [SCOPE_W-1:0] SCOPE_VA   = 3'd3;
  localparam logic [SCOPE_W-1:0] SCOPE_VAA  = 3'd4;

  function automatic logic is_all(input logic [SCOPE_W-1:0] scope);
    is_all = scope == 3'd0 || scope > SCOPE_VAA;
  endfunction

  // Scopes that do not say where their entries are, so that every set is visited.
  function automatic logic is_scan(input logic [SCOPE_W-1:0] scope);
    is_scan = scope == SCOPE_VMID || scope == SCOPE_ASID;
  endfunction

  // Does an invalidation remove an entry, given which parts of the two keys agree?
  function automatic logic removes(input logic [SCOPE_W-1:0] scope, input logic leaf_only,
                                   input logic same_vmid, input logic same_asid, input logic same_tag,
                                   input logic entry_global, input logic entry_leaf);
    case (scope)
      SCOPE_VMID: removes = same_vmid;
      SCOPE_ASID: removes = same_vmid && same_asid && !entry_global;
      SCOPE_VA:   removes = same_vmid && same_tag && (same_asid || entry_global) &&
                            (entry_leaf || !leaf_only);
      SCOPE_VAA:  removes = same_vmid && same_tag && (entry_leaf || !leaf_only);
      default:    removes = 1'b1;
    endcase
  endfunction

endpackage
