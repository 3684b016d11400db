// Types of cam_walk_cache, and what an erasure covers. Written for simulation: it uses SystemVerilog freely.
package cam_pkg;

  typedef struct packed {
    logic [15:0] asid;
    logic [15:0] vmid;
    logic [1:0]  world;
    logic [1:0]  granule;  // 1: 4 KB, 2: 16 KB, 3: 64 KB
  } context_t;

  // What a cell stores. On the write port `tag` is the page number and `parity` is not looked at.
  typedef struct packed {
    logic [43:0] tag;
    context_t    ctx;
    logic [4:0]  hierarchical;
    logic        is_global;
    logic        leaf;
    logic        parity;
    logic [63:0] descriptor;
  } word_t;

  typedef struct packed {
    logic [7:0]  id;
    context_t    ctx;
    logic [43:0] page;  // of 4 KB
  } search_t;

  typedef struct packed {
    logic [7:0]  id;
    logic        hit;
    logic        error;
    logic [1:0]  level;
    logic        leaf;
    logic [4:0]  hierarchical;
    logic [63:0] descriptor;
  } answer_t;

  typedef struct packed {
    logic        everything;
    logic        by_address;
    logic        any_asid;      // else this ASID
    logic        any_vmid;
    logic        keep_globals;
    logic        leaf_only;
    logic [3:0]  worlds;
    context_t    ctx;           // granule 0: any
    logic [43:0] page;          // first, of 4 KB
    logic [43:0] last;          // last, in pages of the granule
  } erase_t;

  typedef struct packed {
    logic answered, hit, error, written, lost, evicted, erased, stalled;
  } events_t;

  // log2 of 4 KB pages in a page.
  function automatic int unsigned page_bits(logic [1:0] granule);
    return granule <= 2'd1 ? 0 : granule == 2'd2 ? 2 : 4;
  endfunction

  // From pages of the granule to what one entry of the level covers.
  function automatic logic [43:0] above(logic [43:0] page, logic [1:0] granule, int unsigned level);
    return page >> ((9 + page_bits(granule)) * (3 - level));
  endfunction

  function automatic logic [43:0] tag_of(logic [43:0] page, logic [1:0] granule, int unsigned level);
    return above(page >> page_bits(granule), granule, level);
  endfunction

  // Whether it erases a word with these fields.
  function automatic logic covers(erase_t erase, logic [43:0] tag, context_t ctx, logic is_global, logic leaf,
                                  int unsigned level);
    logic [1:0]  granule = ctx.granule;
    logic [43:0] first = tag_of(erase.page, granule, level);
    logic [43:0] last = erase.ctx.granule == 0 ? first : above(erase.last, granule, level);
    if (erase.everything) return 1;
    if (!erase.worlds[ctx.world]) return 0;
    if (!erase.any_vmid && ctx.vmid != erase.ctx.vmid) return 0;
    if (is_global ? erase.keep_globals : !erase.any_asid && ctx.asid != erase.ctx.asid) return 0;
    if (!erase.by_address) return 1;
    if (erase.leaf_only && !leaf) return 0;
    if (granule == 0 || (erase.ctx.granule != 0 && granule != erase.ctx.granule)) return 0;
    return tag >= first && tag <= last;
  endfunction

endpackage
