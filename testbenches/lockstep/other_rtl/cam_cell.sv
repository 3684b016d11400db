// One entry of a CAM level: a word, and its comparators. It answers in the cycle it is asked.
module cam_cell
  import cam_pkg::*;
#(
    parameter int unsigned LEVEL = 3
) (
    input  logic        clk_i,
    input  logic        rst_i,
    input  logic        search_i,
    input  context_t    search_ctx_i,
    input  logic [43:0] search_tag_i,
    output logic        hit_o,
    output logic        bad_o,           // matches with odd parity: no hit, and it forgets itself
    output word_t       word_o,
    input  logic        write_i,         // somewhere in this level
    input  logic        here_i,          // in this cell
    input  context_t    clean_ctx_i,     // as asked for
    input  logic [43:0] clean_tag_i,
    input  logic        clean_global_i,
    input  word_t       stored_i,        // as stored
    input  logic        doomed_i,        // and erased before anybody can see it
    output logic        valid_o,
    output logic        overlaps_o,      // one search could hit both it and the word to write
    input  logic        erase_i,
    input  erase_t      erase_what_i
);

  word_t word_q;
  logic  valid_q;

`ifdef CAM_PLANTED_BUG
  localparam logic [43:0] COMPARED = ~44'd1;  // a tag one bit too narrow
`else
  localparam logic [43:0] COMPARED = '1;
`endif
  logic match;
  assign match = valid_q && search_i && (word_q.tag & COMPARED) == (search_tag_i & COMPARED) &&
                 {word_q.ctx.vmid, word_q.ctx.world, word_q.ctx.granule} ==
                     {search_ctx_i.vmid, search_ctx_i.world, search_ctx_i.granule} &&
                 (word_q.is_global || word_q.ctx.asid == search_ctx_i.asid);
  assign bad_o = match && ^word_q;
  assign hit_o = match && !bad_o;
  assign word_o = word_q;
  assign valid_o = valid_q;
  assign overlaps_o = valid_q && write_i && word_q.tag == clean_tag_i &&
                      {word_q.ctx.vmid, word_q.ctx.world, word_q.ctx.granule} ==
                          {clean_ctx_i.vmid, clean_ctx_i.world, clean_ctx_i.granule} &&
                      (word_q.is_global || clean_global_i || word_q.ctx.asid == clean_ctx_i.asid);

  logic erased;
  assign erased = erase_i &&
                  covers(erase_what_i, word_q.tag, word_q.ctx, word_q.is_global, word_q.leaf, LEVEL);
  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= 1'b0;
    else if (here_i) valid_q <= !doomed_i;
    else if (bad_o || overlaps_o || erased) valid_q <= 1'b0;
    if (here_i) word_q <= stored_i;
  end

endmodule
