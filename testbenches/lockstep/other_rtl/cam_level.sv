// The entries of one level of one stage: a word is written where it overlaps one, else where there is room, else
// at the ring's token, which an eviction moves on.
module cam_level
  import cam_pkg::*;
#(
    parameter int unsigned LEVEL = 3,
    parameter int unsigned ENTRIES = 4
) (
    input  logic        clk_i,
    input  logic        rst_i,
    input  logic        search_i,
    input  context_t    search_ctx_i,
    input  logic [43:0] search_page_i,
    output logic        hit_o,
    output logic        bad_o,
    output word_t       word_o,  // that hits, else 0
    input  logic        write_i,
    input  word_t       write_word_i,
    input  word_t       write_invert_i,
    output logic        written_o,
    output logic        evicted_o,
    input  logic        erase_i,
    input  erase_t      erase_what_i
);

  typedef logic [ENTRIES-1:0] cells_t;
  localparam int unsigned TAG_BITS = 44 - 9 * (3 - LEVEL);
  localparam word_t EXISTS = word_t'((153'(1) << (108 + TAG_BITS)) - 1);

  function automatic cells_t lowest(cells_t cells);
    return cells & (~cells + cells_t'(1));
  endfunction

  // The word as it should be, and as it is with an error injected. Of an erasure that names no granule the
  // larger granules' turn comes after the write: an error may have made the word one of theirs.
  word_t clean, stored;
  logic  doomed;
  always_comb begin
    clean = write_word_i;
    clean.tag = tag_of(write_word_i.tag, write_word_i.ctx.granule, LEVEL);
    clean.parity = 0;
    clean.parity = ^clean;
    stored = clean ^ (write_invert_i & EXISTS);
    doomed = erase_i && erase_what_i.by_address && erase_what_i.ctx.granule == 0 && stored.ctx.granule > 1 &&
             covers(erase_what_i, stored.tag, stored.ctx, stored.is_global, stored.leaf, LEVEL);
    written_o = write_i && !(erase_i && covers(erase_what_i, clean.tag, clean.ctx, clean.is_global, clean.leaf,
                                               LEVEL));
  end

  logic [43:0] search_tag;
  assign search_tag = tag_of(search_page_i, search_ctx_i.granule, LEVEL);

  cells_t hits, bads, valids, overlaps, here, token_q;
  word_t  words [ENTRIES];
  always_comb begin
    here = '0;
    if (written_o) here = |overlaps ? lowest(overlaps) : !(&valids) ? lowest(~valids) : token_q;
    evicted_o = written_o && !(|overlaps) && &valids;
    word_o = '0;
    for (int e = 0; e < ENTRIES; e++) if (hits[e]) word_o |= words[e];
  end
  assign hit_o = |hits;
  assign bad_o = |bads;

  always_ff @(posedge clk_i) begin
    if (rst_i) token_q <= cells_t'(1);
    else if (evicted_o) token_q <= (token_q << 1) | (token_q >> (ENTRIES - 1));
  end

  for (genvar e = 0; e < ENTRIES; e++) begin : gen_cell
    cam_cell #(.LEVEL(LEVEL)) u_cell (
        .clk_i, .rst_i, .search_i, .search_ctx_i, .search_tag_i(search_tag), .hit_o(hits[e]), .bad_o(bads[e]),
        .word_o(words[e]), .write_i(written_o), .here_i(here[e]), .clean_ctx_i(clean.ctx),
        .clean_tag_i(clean.tag), .clean_global_i(clean.is_global), .stored_i(stored), .doomed_i(doomed),
        .valid_o(valids[e]), .overlaps_o(overlaps[e]), .erase_i, .erase_what_i
    );
  end

endmodule
