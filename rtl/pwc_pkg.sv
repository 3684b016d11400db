// Page-walk cache: fixed widths, encodings, and the one rule that says what an invalidation removes.
// Contract: models/arch/walk_cache.hpp. The widths that proofs reduce are parameters of pwc, not constants
// here.
package pwc_pkg;

  localparam int unsigned LEVELS = 4;
  localparam int unsigned LEVEL_W = 2;
`ifdef PWC_PROOF  // payloads that nothing is decided by: proofs need little of them
  localparam int unsigned ID_W = 1;
  localparam int unsigned HIER_W = 1;
`else
  localparam int unsigned ID_W = 8;      // lookup id, returned with the response
  localparam int unsigned HIER_W = 5;    // NSTable 4, APTable 3:2, XNTable 1, PXNTable 0
`endif
  localparam int unsigned SCOPE_W = 3;
  localparam int unsigned WORLD_W = 2;
  localparam int unsigned WORLDS = 4;
  localparam int unsigned GRANULE_W = 2;
  localparam int unsigned NUM_W = 5;     // range invalidation: NUM, SCALE and TG as in the command
  localparam int unsigned SCALE_W = 5;
  localparam int unsigned PAGES_W = 38;  // (NUM + 1) << SCALE
  localparam int unsigned FLIP_W = 8;    // which bit of an entry the injection flips

  // Whose tables: stage 1 of a stream world (0 EL1, 1 EL2, 2 EL2-E2H: told apart, no more), or stage 2.
  localparam logic [WORLD_W-1:0] WORLD_STAGE2 = 2'd3;

  // Granules as in a command's TG. No granule: in a range invalidation a single 4 KB page and entries of any
  // granule; elsewhere it means 4 KB.
  localparam logic [GRANULE_W-1:0] GRANULE_NONE = 2'd0;
  localparam logic [GRANULE_W-1:0] GRANULE_4K   = 2'd1;
  localparam logic [GRANULE_W-1:0] GRANULE_16K  = 2'd2;
  localparam logic [GRANULE_W-1:0] GRANULE_64K  = 2'd3;

  // Invalidation scopes. `all` has no constant of its own: it is every other code, and codes nobody defined
  // remove everything whatever the worlds, so that an error errs on the side of removing too much.
  localparam logic [SCOPE_W-1:0] SCOPE_VMID = 3'd1;
  localparam logic [SCOPE_W-1:0] SCOPE_ASID = 3'd2;
  localparam logic [SCOPE_W-1:0] SCOPE_VA   = 3'd3;
  localparam logic [SCOPE_W-1:0] SCOPE_VAA  = 3'd4;

  function automatic logic [GRANULE_W-1:0] granule(input logic [GRANULE_W-1:0] code);
    granule = (code == GRANULE_NONE) ? GRANULE_4K : code;
  endfunction

  // Everything goes, in one step.
  function automatic logic is_flash(input logic [SCOPE_W-1:0] scope, input logic [WORLDS-1:0] worlds);
    is_flash = scope > SCOPE_VAA || (scope == '0 && worlds == '1);
  endfunction

  // Scopes that say where their entries are. All others visit every set.
  function automatic logic is_by_address(input logic [SCOPE_W-1:0] scope);
    is_by_address = scope == SCOPE_VA || scope == SCOPE_VAA;
  endfunction

  // Does an invalidation remove an entry, given which parts of the two keys agree?
  function automatic logic removes(input logic [SCOPE_W-1:0] scope, input logic leaf_only,
                                   input logic named_world, input logic same_vmid, input logic same_asid,
                                   input logic in_range, input logic entry_global, input logic entry_leaf);
    case (scope)
      3'd0:       removes = named_world;
      SCOPE_VMID: removes = named_world && same_vmid;
      SCOPE_ASID: removes = named_world && same_vmid && same_asid && !entry_global;
      SCOPE_VA:   removes = named_world && same_vmid && in_range && (same_asid || entry_global) &&
                            (entry_leaf || !leaf_only);
      SCOPE_VAA:  removes = named_world && same_vmid && in_range && (entry_leaf || !leaf_only);
      default:    removes = 1'b1;
    endcase
  endfunction

endpackage
