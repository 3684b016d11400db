// Command layouts by opcode, and legality. See command.hpp.
#include "models/arch/command.hpp"

#include "models/arch/bit_fields.hpp"

namespace svasim::arch {
namespace {

template <class Io, class C>
void layout_substream(const Io& io, C& c) {
  io(0, 11, 11, c.substream.valid);
  io(0, 31, 12, c.substream.value);
}

template <class Io, class C>
void layout_range(const Io& io, C& c, unsigned top_address_bit) {
  io(0, 16, 12, c.num);
  io(0, 25, 20, c.scale);
  io(1, 0, 0, c.leaf);
  io(1, 9, 8, c.ttl);
  io(1, 11, 10, c.tg);
  io.in_place(1, top_address_bit, 12, c.address);
}

template <class Io, class C>
void layout_stream_command(const Io& io, C& c) {
  io(0, 63, 32, c.stream);
  switch (c.opcode) {
    case Opcode::cfgi_ste: io(1, 0, 0, c.leaf); break;
    case Opcode::cfgi_ste_range: io(1, 4, 0, c.range); break;
    case Opcode::cfgi_cd:
      layout_substream(io, c);
      io(1, 0, 0, c.leaf);
      break;
    case Opcode::prefetch_config: layout_substream(io, c); break;
    case Opcode::prefetch_addr:
      layout_substream(io, c);
      io(1, 4, 0, c.size);
      io(1, 9, 5, c.stride);
      io.in_place(1, 63, 12, c.address);
      break;
    case Opcode::atc_inv:
      layout_substream(io, c);
      io(0, 9, 9, c.global);
      io(1, 5, 0, c.size);
      io.in_place(1, 63, 12, c.address);
      break;
    case Opcode::pri_resp:
      layout_substream(io, c);
      io(1, 8, 0, c.prg_index);
      io(1, 13, 12, c.response);
      break;
    case Opcode::resume:
      io(0, 13, 12, c.action);
      io(1, 15, 0, c.stag);
      break;
    default: break;
  }
}

template <class Io, class C>
void layout_tlbi(const Io& io, C& c) {
  io(0, 47, 32, c.vmid);
  switch (c.opcode) {
    case Opcode::tlbi_nh_asid:
    case Opcode::tlbi_el2_asid: io(0, 63, 48, c.asid); break;
    case Opcode::tlbi_nh_va:
    case Opcode::tlbi_el2_va:
      io(0, 63, 48, c.asid);
      layout_range(io, c, 63);
      break;
    case Opcode::tlbi_nh_vaa:
    case Opcode::tlbi_el2_vaa: layout_range(io, c, 63); break;
    case Opcode::tlbi_s2_ipa: layout_range(io, c, 51); break;
    default: break;
  }
}

/// The opcode is already in place: it selects the fields.
template <class Io, class C>
void layout(const Io& io, C& c) {
  io(0, 10, 10, c.secure);
  if (is_tlbi(c.opcode)) {
    layout_tlbi(io, c);
  } else if (c.opcode != Opcode::sync) {
    layout_stream_command(io, c);
  } else {
    io(0, 13, 12, c.signal);
    io(0, 23, 22, c.msi_shareability);
    io(0, 27, 24, c.msi_attributes);
    io(0, 63, 32, c.msi_data);
    io.in_place(1, 51, 2, c.msi_address);
  }
}

/// A granule is given for a range, or for a level: neither is reserved.
bool range_legal(const Command& c, const Features& f) {
  return !f.ril || c.tg == 0 || c.num != 0 || c.scale != 0 || level_hint(c, f) != 0;
}

bool tlbi_legal(const Command& c, const Features& f) {
  switch (c.opcode) {
    case Opcode::tlbi_nh_all:
    case Opcode::tlbi_nh_asid: return f.s1p;
    case Opcode::tlbi_nh_va:
    case Opcode::tlbi_nh_vaa: return f.s1p && range_legal(c, f);
    case Opcode::tlbi_el2_all:
    case Opcode::tlbi_el2_asid: return f.hyp;
    case Opcode::tlbi_el2_va:
    case Opcode::tlbi_el2_vaa: return f.hyp && range_legal(c, f);
    case Opcode::tlbi_s12_vmall: return f.s2p;
    case Opcode::tlbi_s2_ipa: return f.s2p && range_legal(c, f);
    case Opcode::tlbi_nsnh_all: return true;
    default: return false;
  }
}

}  // namespace

CommandWords encode(const Command& command) {
  CommandWords words{raw(command.opcode), 0};
  layout(FieldWriter(words.data()), command);
  return words;
}

Command decode_command(const CommandWords& words) {
  Command command;
  command.opcode = static_cast<Opcode>(bits(words[0], 7, 0));
  layout(FieldReader(words.data()), command);
  return command;
}

bool legal(const Command& c, const Features& f) {
  if (c.secure) return false;
  switch (c.opcode) {
    case Opcode::prefetch_config:
    case Opcode::prefetch_addr:
    case Opcode::cfgi_ste:
    case Opcode::cfgi_ste_range: return true;
    case Opcode::cfgi_cd:
    case Opcode::cfgi_cd_all: return f.s1p;
    case Opcode::atc_inv: return f.ats && c.size <= kAtcInvalidateAll;
    case Opcode::pri_resp: return f.pri && c.response <= PriResponse::success;
    case Opcode::resume: return f.stall_model != StallModel::never;
    case Opcode::stall_term: return f.stall_model != StallModel::never;
    case Opcode::sync: return c.signal <= SyncSignal::sev;
    default: return tlbi_legal(c, f);
  }
}

unsigned level_hint(const Command& c, const Features& f) {
  if (!f.ril || c.tg == 0) return 0;
  return c.tg == 2 && c.ttl == 1 && !f.ds ? 0 : c.ttl;
}

bool removes_ste(const Command& c, StreamId stream) {
  return (c.opcode == Opcode::cfgi_ste || c.opcode == Opcode::cfgi_ste_range) && names_stream(c, stream);
}

bool removes_cd(const Command& c, StreamId stream, std::uint32_t index) {
  return names_stream(c, stream) && (c.opcode != Opcode::cfgi_cd || c.substream.value == index);
}

bool removes_l1std(const Command& c, StreamId stream) {
  return removes_ste(c, stream) && !(c.opcode == Opcode::cfgi_ste && c.leaf);
}

bool removes_l1cd(const Command& c, StreamId stream, std::uint32_t index) {
  return removes_cd(c, stream, index) && !(c.opcode == Opcode::cfgi_cd && c.leaf);
}

bool names_stream(const Command& c, StreamId stream) {
  if (!is_cfgi(c.opcode)) return false;
  const unsigned span = c.opcode == Opcode::cfgi_ste_range ? c.range + 1u : 0;
  return std::uint64_t{raw(stream)} >> span == std::uint64_t{raw(c.stream)} >> span;
}

const char* name(Opcode op) {
  switch (op) {
    case Opcode::prefetch_config: return "CMD_PREFETCH_CONFIG";
    case Opcode::prefetch_addr: return "CMD_PREFETCH_ADDR";
    case Opcode::cfgi_ste: return "CMD_CFGI_STE";
    case Opcode::cfgi_ste_range: return "CMD_CFGI_STE_RANGE";
    case Opcode::cfgi_cd: return "CMD_CFGI_CD";
    case Opcode::cfgi_cd_all: return "CMD_CFGI_CD_ALL";
    case Opcode::tlbi_nh_all: return "CMD_TLBI_NH_ALL";
    case Opcode::tlbi_nh_asid: return "CMD_TLBI_NH_ASID";
    case Opcode::tlbi_nh_va: return "CMD_TLBI_NH_VA";
    case Opcode::tlbi_nh_vaa: return "CMD_TLBI_NH_VAA";
    case Opcode::tlbi_el2_all: return "CMD_TLBI_EL2_ALL";
    case Opcode::tlbi_el2_asid: return "CMD_TLBI_EL2_ASID";
    case Opcode::tlbi_el2_va: return "CMD_TLBI_EL2_VA";
    case Opcode::tlbi_el2_vaa: return "CMD_TLBI_EL2_VAA";
    case Opcode::tlbi_s12_vmall: return "CMD_TLBI_S12_VMALL";
    case Opcode::tlbi_s2_ipa: return "CMD_TLBI_S2_IPA";
    case Opcode::tlbi_nsnh_all: return "CMD_TLBI_NSNH_ALL";
    case Opcode::atc_inv: return "CMD_ATC_INV";
    case Opcode::pri_resp: return "CMD_PRI_RESP";
    case Opcode::resume: return "CMD_RESUME";
    case Opcode::stall_term: return "CMD_STALL_TERM";
    case Opcode::sync: return "CMD_SYNC";
  }
  return "?";
}

}  // namespace svasim::arch
