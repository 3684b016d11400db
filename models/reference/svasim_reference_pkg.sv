// The SMMUv3 reference for SystemVerilog (DPI-C): two classes over models/reference/svasim_reference.h, which
// documents every field. Compile svasim_reference_dpi.c beside this package and link svasim::reference.
//
//   class my_memory extends svasim_memory; ... endclass     // what the SMMU would read
//   svasim_reference smmu = new(memory, svasim_all_features());
//   smmu.write('h80, stream_table, 8);                      // as the register monitor saw it
//   smmu.translate(transaction, outcome);                   // what the DUT must have done
//
// Results are outputs because Verilator 5.006 cannot return more than 64 bits.
package svasim_reference_pkg;

  typedef struct packed {
    bit [31:0] idr0;
    bit [31:0] idr1;
    bit [31:0] idr3;
    bit [31:0] idr5;
  } svasim_id_registers;

  typedef enum bit [1:0] {
    SVASIM_OK      = 2'd0,
    SVASIM_ABORTED = 2'd1,
    SVASIM_RAZ_WI  = 2'd2,
    SVASIM_STALLED = 2'd3
  } svasim_status;

  typedef struct packed {
    bit [31:0] stream;
    bit        substream_valid;
    bit [19:0] substream;
    bit        write;
    bit        privileged;
    bit        instruction;
    bit        translated;  // address type: else untranslated
    bit        may_stall;
    bit [63:0] address;
  } svasim_transaction;

  typedef struct packed {
    svasim_status status;
    bit [1:0]     kind;         // 0 bypass, 1 stage 1, 2 stage 2, 3 both
    bit [63:0]    address;
    bit [63:0]    ipa;
    bit [7:0]     log2_size;
    bit [5:0]     permissions;  // privileged x, w, r; unprivileged x, w, r
    bit [7:0]     memory_type;
    bit [1:0]     shareability;
    bit           event_due;
    bit [255:0]   event_words;  // word 0 in bits 63:0
  } svasim_outcome;

  typedef struct packed {
    bit [31:0] stream;
    bit        substream_valid;
    bit [19:0] substream;
    bit        no_write;
    bit        execute;
    bit        privileged;
    bit [63:0] address;
  } svasim_ats_request;

  typedef struct packed {
    bit [2:0]   status;  // PCIe completion status: 0 success, 1 unsupported request, 4 completer abort
    bit [63:0]  entry;   // of a success; bit 0 is R
    bit         event_due;
    bit [255:0] event_words;
  } svasim_ats_completion;

  typedef struct packed {
    bit [31:0] stream;
    bit        substream_valid;
    bit [19:0] substream;
    bit        privileged;
    bit        execute;
    bit        read;
    bit        write;
    bit        last;
    bit [8:0]  prg_index;
    bit [63:0] address;
  } svasim_page_request;

  typedef struct packed {
    bit [1:0]   action;    // 0 queued, 1 dropped, 2 responded
    bit [127:0] record;    // queued: word 0 in bits 63:0
    bit [3:0]   response;  // responded: PCIe response code
    bit         substream_valid;
    bit [19:0]  substream;
  } svasim_page_request_outcome;

  // Physical memory as the SMMU would see it. Derive from it.
  virtual class svasim_memory;
    // The little-endian word at an 8-byte aligned address; 0 for an access that aborts.
    pure virtual function bit read(bit [63:0] address, output bit [63:0] word);
    // Hardware update of a descriptor: compare and swap, and the word found. The default leaves memory alone and
    // lets the update succeed.
    virtual function bit swap(bit [63:0] address, bit [63:0] expected, bit [63:0] desired, output bit [63:0] found);
      found = expected;
      return 1;
    endfunction
  endclass

  // The C side names a memory by its place in here.
  svasim_memory svasim_memories[$];

  function automatic int svasim_dpi_read(input int memory, input longint unsigned address, output longint unsigned word);
    bit [63:0] value;
    bit ok;
    ok = svasim_memories[memory].read(address, value);
    word = value;
    return {31'b0, ok};
  endfunction
  export "DPI-C" function svasim_dpi_read;

  function automatic int svasim_dpi_swap(input int memory, input longint unsigned address,
                                         input longint unsigned expected, input longint unsigned desired,
                                         output longint unsigned found);
    bit [63:0] value;
    bit ok;
    ok = svasim_memories[memory].swap(address, expected, desired, value);
    found = value;
    return {31'b0, ok};
  endfunction
  export "DPI-C" function svasim_dpi_swap;

  import "DPI-C" function void svasim_dpi_default_id(output bit [127:0] id);
  import "DPI-C" context function chandle svasim_dpi_create(input int memory, input bit [127:0] id);
  import "DPI-C" function void svasim_dpi_destroy(input chandle handle);
  import "DPI-C" function int svasim_dpi_write(input chandle handle, input int unsigned offset,
                                               input longint unsigned value, input int unsigned bytes);
  import "DPI-C" function int svasim_dpi_register(input chandle handle, input int unsigned offset,
                                                  output longint unsigned value, input int unsigned bytes);
  import "DPI-C" context function int svasim_dpi_translate(
      input chandle handle, input int unsigned stream, input int unsigned substream, input byte unsigned flags,
      input longint unsigned address, output byte unsigned status, output byte unsigned kind,
      output longint unsigned result, output longint unsigned ipa, output byte unsigned log2_size,
      output byte unsigned permissions, output byte unsigned memory_type, output byte unsigned shareability,
      output byte unsigned event_due, output bit [255:0] event_words);
  import "DPI-C" context function int svasim_dpi_translation_request(
      input chandle handle, input int unsigned stream, input int unsigned substream, input byte unsigned flags,
      input longint unsigned address, output byte unsigned status, output longint unsigned entry,
      output byte unsigned event_due, output bit [255:0] event_words);
  import "DPI-C" context function int svasim_dpi_page_request(
      input chandle handle, input int unsigned stream, input int unsigned substream, input byte unsigned flags,
      input shortint unsigned prg_index, input longint unsigned address, input int priq_state,
      output byte unsigned action, output bit [127:0] queued, output byte unsigned response,
      output byte unsigned with_substream);
  import "DPI-C" function int svasim_dpi_command(input chandle handle, input longint unsigned word0,
                                                 input longint unsigned word1);

  // What models/arch implements: the ID registers of an SMMU with everything.
  function automatic svasim_id_registers svasim_all_features();
    bit [127:0] id;
    svasim_dpi_default_id(id);
    return id;
  endfunction

  // Not a method: the C side calls back into the scope that made the instance, which must be this package.
  function automatic chandle svasim_make(svasim_memory memory, svasim_id_registers id);
    svasim_memories.push_back(memory);
    return svasim_dpi_create(svasim_memories.size() - 1, id);
  endfunction

  class svasim_reference;
    local chandle handle;

    function new(svasim_memory memory, svasim_id_registers id);
      handle = svasim_make(memory, id);
    endfunction

    // Gives the C side's memory back; nothing may be asked afterwards.
    function void destroy();
      svasim_dpi_destroy(handle);
      handle = null;
    endfunction

    // A register access of 4 or 8 bytes; 0, or negative for one that cannot be.
    function int write(int unsigned offset, bit [63:0] value, int unsigned bytes = 4);
      return svasim_dpi_write(handle, offset, value, bytes);
    endfunction

    function bit [63:0] read(int unsigned offset, int unsigned bytes = 4);
      longint unsigned value;
      void'(svasim_dpi_register(handle, offset, value, bytes));
      return value;
    endfunction

    function void translate(svasim_transaction t, output svasim_outcome o);
      byte unsigned status, kind, log2_size, permissions, memory_type, shareability, event_due;
      longint unsigned address, ipa;
      bit [255:0] words;
      void'(svasim_dpi_translate(handle, t.stream, {12'b0, t.substream},
                                 {2'b0, t.may_stall, t.translated, t.instruction, t.privileged, t.write,
                                  t.substream_valid},
                                 t.address, status, kind, address, ipa, log2_size, permissions, memory_type,
                                 shareability, event_due, words));
      o.status = svasim_status'(status[1:0]);
      o.kind = kind[1:0];
      o.address = address;
      o.ipa = ipa;
      o.log2_size = log2_size;
      o.permissions = permissions[5:0];
      o.memory_type = memory_type;
      o.shareability = shareability[1:0];
      o.event_due = event_due[0];
      o.event_words = words;
    endfunction

    function void translation_request(svasim_ats_request r, output svasim_ats_completion c);
      byte unsigned status, event_due;
      longint unsigned entry;
      bit [255:0] words;
      void'(svasim_dpi_translation_request(handle, r.stream, {12'b0, r.substream},
                                           {4'b0, r.privileged, r.execute, r.no_write, r.substream_valid},
                                           r.address, status, entry, event_due, words));
      c.status = status[2:0];
      c.entry = entry;
      c.event_due = event_due[0];
      c.event_words = words;
    endfunction

    // priq_state: 0 writable, 1 full or overflow unacknowledged, 2 PRIQ_ABT_ERR active.
    function void page_request(svasim_page_request r, int priq_state, output svasim_page_request_outcome o);
      byte unsigned action, response, with_substream;
      bit [127:0] queued;
      void'(svasim_dpi_page_request(handle, r.stream, {12'b0, r.substream},
                                    {2'b0, r.last, r.write, r.read, r.execute, r.privileged, r.substream_valid},
                                    {7'b0, r.prg_index}, r.address, priq_state, action, queued, response,
                                    with_substream));
      o.action = action[1:0];
      o.record = queued;
      o.response = response[3:0];
      o.substream_valid = with_substream[0];
      o.substream = with_substream[0] ? r.substream : 20'd0;
    endfunction

    // A command as the SMMU consumes it: 0, or 1 for CERROR_ILL.
    function int command(bit [63:0] word0, bit [63:0] word1);
      return svasim_dpi_command(handle, word0, word1);
    endfunction
  endclass

endpackage
