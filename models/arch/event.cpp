// Event record layout and names. See event.hpp.
#include "models/arch/event.hpp"

#include "models/arch/bit_fields.hpp"

namespace svasim::arch {
namespace {

/// Events that can occur before an STE is found.
bool precedes_ste(EventId id) {
  return id == EventId::f_uut || id == EventId::c_bad_streamid || id == EventId::f_ste_fetch ||
         id == EventId::c_bad_ste;
}

bool has_reason(EventId id) {
  return id == EventId::f_uut || id == EventId::f_ste_fetch || id == EventId::f_cd_fetch ||
         id == EventId::f_walk_eabt || id == EventId::f_tlb_conflict || id == EventId::f_cfg_conflict ||
         id == EventId::f_vms_fetch;
}

/// What the transaction wanted: PnU, InD, RnW and its address.
template <class Io, class E>
void layout_access(const Io& io, E& e) {
  io(1, 33, 33, e.privileged);
  io(1, 34, 34, e.instruction);
  io(1, 35, 35, e.read);
  io(2, 63, 0, e.input_address);
}

template <class Io, class E>
void layout_translation(const Io& io, E& e) {
  layout_access(io, e);
  io(1, 38, 38, e.nsipa);
  io(1, 39, 39, e.stage2);
  io(1, 41, 40, e.fault_class);
  if (e.id == EventId::f_walk_eabt) return io.in_place(3, 51, 3, e.address);
  io(1, 15, 0, e.stag);
  io(1, 31, 31, e.stall);
  if (e.id == EventId::f_permission) io(1, 44, 44, e.ttrnw);
  io.in_place(3, 51, 12, e.address);
}

template <class Io, class E>
void layout_page_request(const Io& io, E& e) {
  io(1, 33, 33, e.wanted.unprivileged.execute);
  io(1, 34, 34, e.wanted.unprivileged.write);
  io(1, 35, 35, e.wanted.unprivileged.read);
  io(1, 37, 37, e.wanted.privileged.execute);
  io(1, 38, 38, e.wanted.privileged.write);
  io(1, 39, 39, e.wanted.privileged.read);
  io(1, 51, 44, e.span);
  io.in_place(2, 63, 12, e.input_address);
}

/// Public code does not tell where F_BAD_ATS_TREQ keeps these; they stand where E_PAGE_REQUEST has its
/// privileged ones, and PRIV below them.
template <class Io, class E>
void layout_bad_request(const Io& io, E& e) {
  io(1, 36, 36, e.privileged);
  io(1, 37, 37, e.wanted.privileged.execute);
  io(1, 38, 38, e.wanted.privileged.write);
  io(1, 39, 39, e.wanted.privileged.read);
  io(1, 51, 44, e.span);
  io.in_place(2, 63, 12, e.input_address);
}

/// The event's number is already in place: it selects the fields.
template <class Io, class E>
void layout(const Io& io, E& e) {
  io(0, 7, 0, e.id);
  io(0, 63, 32, e.stream);
  if (e.id != EventId::f_stream_disabled) io(0, 31, 12, e.substream.value);
  if (e.id != EventId::f_stream_disabled && e.id != EventId::c_bad_substreamid) {
    io(0, 11, 11, e.substream.valid);
  }
  if (has_reason(e.id)) io(1, 15, 0, e.reason);
  switch (e.id) {
    case EventId::f_uut:
    case EventId::f_tlb_conflict: layout_access(io, e); break;
    case EventId::f_transl_forbidden:
      io(1, 35, 35, e.read);
      io(2, 63, 0, e.input_address);
      break;
    case EventId::f_bad_ats_treq: layout_bad_request(io, e); break;
    case EventId::e_page_request: layout_page_request(io, e); break;
    case EventId::f_ste_fetch:
    case EventId::f_cd_fetch:
    case EventId::f_vms_fetch: io.in_place(3, 51, 3, e.address); break;
    default:
      if (stallable(e.id) || e.id == EventId::f_walk_eabt) layout_translation(io, e);
      break;
  }
}

}  // namespace

const char* name(EventId id) {
  switch (id) {
    case EventId::none: return "none";
    case EventId::f_uut: return "F_UUT";
    case EventId::c_bad_streamid: return "C_BAD_STREAMID";
    case EventId::f_ste_fetch: return "F_STE_FETCH";
    case EventId::c_bad_ste: return "C_BAD_STE";
    case EventId::f_bad_ats_treq: return "F_BAD_ATS_TREQ";
    case EventId::f_stream_disabled: return "F_STREAM_DISABLED";
    case EventId::f_transl_forbidden: return "F_TRANSL_FORBIDDEN";
    case EventId::c_bad_substreamid: return "C_BAD_SUBSTREAMID";
    case EventId::f_cd_fetch: return "F_CD_FETCH";
    case EventId::c_bad_cd: return "C_BAD_CD";
    case EventId::f_walk_eabt: return "F_WALK_EABT";
    case EventId::f_translation: return "F_TRANSLATION";
    case EventId::f_addr_size: return "F_ADDR_SIZE";
    case EventId::f_access: return "F_ACCESS";
    case EventId::f_permission: return "F_PERMISSION";
    case EventId::f_tlb_conflict: return "F_TLB_CONFLICT";
    case EventId::f_cfg_conflict: return "F_CFG_CONFLICT";
    case EventId::e_page_request: return "E_PAGE_REQUEST";
    case EventId::f_vms_fetch: return "F_VMS_FETCH";
  }
  return "?";
}

EventWords encode(const Event& event) {
  EventWords words{};
  layout(FieldWriter(words.data()), event);
  return words;
}

Event decode_event(const EventWords& words) {
  Event event;
  event.id = static_cast<EventId>(bits(words[0], 7, 0));
  layout(FieldReader(words.data()), event);
  return event;
}

bool may_merge(const Event& a, const Event& b, bool mev) {
  if (a.stall || b.stall || !(mev || precedes_ste(a.id))) return false;
  EventWords first = encode(a), second = encode(b);
  if (a.id == EventId::f_transl_forbidden || a.id == EventId::f_walk_eabt || stallable(a.id)) {
    first[2] &= ~mask(kPageShift);
    second[2] &= ~mask(kPageShift);
  }
  return first == second;
}

bool suppressed_by(const Event& later, const Event& pending) {
  if (!later.stall || !pending.stall) return false;
  return later.stream == pending.stream && later.substream == pending.substream &&
         later.input_address.aligned(kPageShift) == pending.input_address.aligned(kPageShift) &&
         later.privileged == pending.privileged && later.instruction == pending.instruction &&
         later.read == pending.read && later.id == pending.id;
}

}  // namespace svasim::arch
