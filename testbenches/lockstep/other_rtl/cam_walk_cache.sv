// A fully associative page-walk cache of another make, with pins of its own: it acts at once, at the edge that
// accepts, where rtl/pwc.sv works in stages; only the answer waits. pwc_from_cam.sv gives it the pins of pwc.
// Time: the answer to a search accepted at edge k stands after edge k+2. After an erasure by address that names
// no granule it stalls for two cycles; nothing is accepted then.
module cam_walk_cache
  import cam_pkg::*;
#(
    parameter int unsigned S1_ENTRIES0 = 4, S1_ENTRIES1 = 4, S1_ENTRIES2 = 4, S1_ENTRIES3 = 4,
    parameter int unsigned S2_ENTRIES0 = 4, S2_ENTRIES1 = 4, S2_ENTRIES2 = 4, S2_ENTRIES3 = 4
) (
    input  logic       clk_i,
    input  logic       rst_i,
    output logic       stall_o,
    output logic       idle_o,
    input  logic       search_i,
    input  search_t    search_what_i,
    output logic       answer_o,
    output answer_t    answer_what_o,
    input  logic       write_i,
    input  logic [1:0] write_level_i,
    input  word_t      write_word_i,
    input  word_t      write_invert_i,  // bits to store inverted
    input  logic       erase_i,
    input  erase_t     erase_what_i,
    output events_t    events_o
);

  logic searching, writing, erasing;
  assign searching = search_i && !stall_o;
  assign writing = write_i && !stall_o;
  assign erasing = erase_i && !stall_o;

  logic [7:0] hits, bads, written, evicted;
  word_t      words [8];
  for (genvar g = 0; g < 8; g++) begin : gen_level
    localparam logic STAGE2 = g >= 4;
    localparam int unsigned ENTRIES =
        g == 0 ? S1_ENTRIES0 : g == 1 ? S1_ENTRIES1 : g == 2 ? S1_ENTRIES2 : g == 3 ? S1_ENTRIES3 :
        g == 4 ? S2_ENTRIES0 : g == 5 ? S2_ENTRIES1 : g == 6 ? S2_ENTRIES2 : S2_ENTRIES3;
    if (ENTRIES == 0) begin : gen_off
      assign {hits[g], bads[g], written[g], evicted[g]} = '0;
      assign words[g] = '0;
    end else begin : gen_on
      cam_level #(.LEVEL(g % 4), .ENTRIES(ENTRIES)) u_level (
          .clk_i, .rst_i, .search_i(searching && (search_what_i.ctx.world == 3) == STAGE2),
          .search_ctx_i(search_what_i.ctx), .search_page_i(search_what_i.page),
          .hit_o(hits[g]), .bad_o(bads[g]), .word_o(words[g]),
          .write_i(writing && (write_word_i.ctx.world == 3) == STAGE2 && write_level_i == 2'(g % 4)),
          .write_word_i, .write_invert_i, .written_o(written[g]), .evicted_o(evicted[g]),
          .erase_i(erasing), .erase_what_i
      );
    end
  end

  // The answer, known at once, and the cycles it waits.
  answer_t now, waiting_q [2];
  logic    pending_q [2];
  always_comb begin
    now = '0;
    now.id = search_what_i.id;
    now.hit = |hits;
    now.error = |bads;
    for (int g = 0; g < 8; g++) begin
      if (hits[g]) begin  // the deepest is last
        now.level = 2'(g);
        now.leaf = words[g].leaf;
        now.hierarchical = words[g].hierarchical;
        now.descriptor = words[g].descriptor;
      end
    end
  end

  logic [1:0] steps_q;
  events_t    done_q;  // what happened at the last edge, but for answers
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      pending_q[0] <= 1'b0;
      pending_q[1] <= 1'b0;
      answer_o <= 1'b0;
      answer_what_o <= '0;
      steps_q <= '0;
      done_q <= '0;
    end else begin
      pending_q[0] <= searching;
      waiting_q[0] <= now;
      pending_q[1] <= pending_q[0];
      waiting_q[1] <= waiting_q[0];
      answer_o <= pending_q[1];
      if (pending_q[1]) answer_what_o <= waiting_q[1];
      if (erasing) steps_q <= !erase_what_i.everything && erase_what_i.by_address && erase_what_i.ctx.granule == 0
                              ? 2'd3 : 2'd1;
      else if (steps_q != 0) steps_q <= steps_q - 2'd1;
      done_q <= '0;
      done_q.written <= |written;
      done_q.lost <= writing && written == '0;
      done_q.evicted <= |evicted;
      done_q.erased <= erasing;
    end
  end

  assign stall_o = steps_q > 1;
  assign idle_o = steps_q == 0 && !done_q.written && !done_q.lost && !pending_q[0] && !pending_q[1] && !answer_o;
  always_comb begin
    events_o = done_q;
    events_o.answered = pending_q[1];
    events_o.hit = pending_q[1] && waiting_q[1].hit;
    events_o.error = pending_q[1] && waiting_q[1].error;
    events_o.stalled = stall_o;
  end

endmodule
