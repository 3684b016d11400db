// One entry of a CAM level: a word, and its comparators. It answers in the cycle it is asked.
module cam_cell
  import cam_pkg::*;
#(
    parameter int unsigned LEVEL = 3
) (
    input  logic    clk_i,
    input  logic    rst_i,
    input  logic    search_i,
    input  search_t search_what_i,
    output logic    hit_o,
    output logic    bad_o,       // matches with odd parity: no hit, and it forgets itself
    output word_t   word_o,
    input  logic    write_i,     // somewhere in this level
    input  logic    here_i,      // in this cell
    input  word_t   clean_i,     // as asked for
    input  word_t   stored_i,    // as stored
    input  logic    doomed_i,    // and erased before anybody can see it
    output logic    valid_o,
    output logic    overlaps_o,  // one search could hit both it and the word to write
    input  logic    erase_i,
    input  erase_t  erase_what_i
);

  word_t word_q;
  logic  valid_q;

`ifdef CAM_PLANTED_BUG
  localparam logic [43:0] COMPARED = ~44'd1;  // a tag one bit too narrow
`else
  localparam logic [43:0] COMPARED = '1;
`endif
  logic [43:0] search_tag;
  logic        match;
  assign search_tag = tag_of(search_what_i.page, search_what_i.ctx.granule, LEVEL);
  assign match = valid_q && search_i && (word_q.tag & COMPARED) == (search_tag & COMPARED) &&
                 {word_q.ctx.vmid, word_q.ctx.world, word_q.ctx.granule} ==
                     {search_what_i.ctx.vmid, search_what_i.ctx.world, search_what_i.ctx.granule} &&
                 (word_q.is_global || word_q.ctx.asid == search_what_i.ctx.asid);
  assign bad_o = match && ^word_q;
  assign hit_o = match && !bad_o;
  assign word_o = word_q;
  assign valid_o = valid_q;
  assign overlaps_o = valid_q && write_i && word_q.tag == clean_i.tag &&
                      {word_q.ctx.vmid, word_q.ctx.world, word_q.ctx.granule} ==
                          {clean_i.ctx.vmid, clean_i.ctx.world, clean_i.ctx.granule} &&
                      (word_q.is_global || clean_i.is_global || word_q.ctx.asid == clean_i.ctx.asid);

  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= 1'b0;
    else if (here_i) valid_q <= !doomed_i;
    else if (bad_o || overlaps_o || (erase_i && covers(erase_what_i, word_q, LEVEL))) valid_q <= 1'b0;
    if (here_i) word_q <= stored_i;
  end

endmodule
