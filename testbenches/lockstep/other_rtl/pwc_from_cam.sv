// The adapter: cam_walk_cache with the pins and parameters of rtl/pwc.sv. It packs fields, turns reset and stall
// round, says in which words an erasure is told, adds up the last page of a range, and counts.
module pwc_from_cam
  import cam_pkg::*;
#(
    parameter int unsigned S1_SETS0 = 1, S1_SETS1 = 1, S1_SETS2 = 1, S1_SETS3 = 1,
    parameter int unsigned S1_WAYS0 = 4, S1_WAYS1 = 4, S1_WAYS2 = 4, S1_WAYS3 = 4,
    parameter int unsigned S2_SETS0 = 1, S2_SETS1 = 1, S2_SETS2 = 1, S2_SETS3 = 1,
    parameter int unsigned S2_WAYS0 = 4, S2_WAYS1 = 4, S2_WAYS2 = 4, S2_WAYS3 = 4,
    parameter int unsigned PLRU = 0
) (
    input  logic        clk_i,
    input  logic        rst_ni,
    input  logic        lookup_valid_i,
    output logic        lookup_ready_o,
    input  logic [7:0]  lookup_id_i,
    input  logic [1:0]  lookup_world_i,
    input  logic [1:0]  lookup_granule_i,
    input  logic [15:0] lookup_vmid_i,
    input  logic [15:0] lookup_asid_i,
    input  logic [43:0] lookup_vpn_i,
    output logic        response_valid_o,
    output logic [7:0]  response_id_o,
    output logic        response_hit_o,
    output logic        response_error_o,
    output logic [1:0]  response_level_o,
    output logic        response_leaf_o,
    output logic [4:0]  response_hierarchical_o,
    output logic [63:0] response_descriptor_o,
    input  logic        fill_valid_i,
    output logic        fill_ready_o,
    input  logic [1:0]  fill_world_i,
    input  logic [1:0]  fill_granule_i,
    input  logic [15:0] fill_vmid_i,
    input  logic [15:0] fill_asid_i,
    input  logic [43:0] fill_vpn_i,
    input  logic [1:0]  fill_level_i,
    input  logic        fill_leaf_i,
    input  logic        fill_global_i,
    input  logic [4:0]  fill_hierarchical_i,
    input  logic [63:0] fill_descriptor_i,
    input  logic        fill_flip_i,
    input  logic [7:0]  fill_flip_bit_i,
    input  logic        invalidate_valid_i,
    output logic        invalidate_ready_o,
    input  logic [2:0]  invalidate_scope_i,
    input  logic        invalidate_leaf_only_i,
    input  logic [3:0]  invalidate_worlds_i,
    input  logic [15:0] invalidate_vmid_i,
    input  logic [15:0] invalidate_asid_i,
    input  logic [43:0] invalidate_vpn_i,
    input  logic [1:0]  invalidate_tg_i,
    input  logic [4:0]  invalidate_num_i,
    input  logic [4:0]  invalidate_scale_i,
    output logic [31:0] lookups_o,
    output logic [31:0] hits_o,
    output logic [31:0] errors_o,
    output logic [31:0] fills_o,
    output logic [31:0] lost_fills_o,
    output logic [31:0] evictions_o,
    output logic [31:0] invalidations_o,
    output logic [31:0] waits_o,
    output logic        busy_o
);

  if (S1_SETS0 * S1_SETS1 * S1_SETS2 * S1_SETS3 * S2_SETS0 * S2_SETS1 * S2_SETS2 * S2_SETS3 != 1 || PLRU != 0)
  begin : gen_cannot
    $fatal(1, "cam_walk_cache is fully associative and evicts round robin: one set a level, PLRU=0");
  end

  search_t search;
  word_t   write, invert;
  erase_t  erase;
  logic [44:0] last;  // in pages of the granule: one more than fits
  always_comb begin
    search = {lookup_id_i, lookup_asid_i, lookup_vmid_i, lookup_world_i, lookup_granule_i, lookup_vpn_i};
    write = {fill_vpn_i, fill_asid_i, fill_vmid_i, fill_world_i, fill_granule_i, fill_hierarchical_i, fill_global_i,
             fill_leaf_i, 1'b0, fill_descriptor_i};
    invert = fill_flip_i ? word_t'(152'(1) << fill_flip_bit_i) : '0;

    last = (45'(invalidate_vpn_i) >> page_bits(invalidate_tg_i)) +
           ((45'(invalidate_num_i) + 45'(1)) << invalidate_scale_i) - 45'(1);
    erase.everything = invalidate_scope_i > 4 || (invalidate_scope_i == 0 && &invalidate_worlds_i);
    erase.by_address = invalidate_scope_i >= 3;
    erase.any_asid = invalidate_scope_i != 2 && invalidate_scope_i != 3;
    erase.any_vmid = invalidate_scope_i == 0;
    erase.keep_globals = invalidate_scope_i == 2;
    erase.leaf_only = invalidate_leaf_only_i;
    erase.worlds = invalidate_worlds_i;
    erase.ctx = {invalidate_asid_i, invalidate_vmid_i, 2'b00, invalidate_tg_i};
    erase.page = invalidate_vpn_i;
    erase.last = last[44] ? '1 : last[43:0];
  end

  logic    stall, idle;
  answer_t answer;
  events_t events;
  cam_walk_cache #(
      .S1_ENTRIES0(S1_WAYS0), .S1_ENTRIES1(S1_WAYS1), .S1_ENTRIES2(S1_WAYS2), .S1_ENTRIES3(S1_WAYS3),
      .S2_ENTRIES0(S2_WAYS0), .S2_ENTRIES1(S2_WAYS1), .S2_ENTRIES2(S2_WAYS2), .S2_ENTRIES3(S2_WAYS3)
  ) u_cam (
      .clk_i, .rst_i(!rst_ni), .stall_o(stall), .idle_o(idle),
      .search_i(lookup_valid_i), .search_what_i(search),
      .answer_o(response_valid_o), .answer_what_o(answer),
      .write_i(fill_valid_i), .write_level_i(fill_level_i), .write_word_i(write), .write_invert_i(invert),
      .erase_i(invalidate_valid_i), .erase_what_i(erase), .events_o(events)
  );
  assign {response_id_o, response_hit_o, response_error_o, response_level_o, response_leaf_o,
          response_hierarchical_o, response_descriptor_o} = answer;
  assign {lookup_ready_o, fill_ready_o, invalidate_ready_o} = {3{!stall}};
  assign busy_o = !idle;

  logic [7:0][31:0] count_q;
  always_ff @(posedge clk_i) begin
    for (int e = 0; e < 8; e++) begin
      if (!rst_ni) count_q[e] <= '0;
      else if (events[e]) count_q[e] <= count_q[e] + 1;
    end
  end
  assign {lookups_o, hits_o, errors_o, fills_o, lost_fills_o, evictions_o, invalidations_o, waits_o} = count_q;

endmodule
