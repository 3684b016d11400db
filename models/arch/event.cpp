// Event record layout and names. See event.hpp.
#include "models/arch/event.hpp"

#include "models/arch/bit_fields.hpp"

namespace svasim::arch {
namespace {

template <class Io, class E>
void layout(const Io& io, E& e) {
  io(0, 7, 0, e.id);
  io(0, 11, 11, e.substream.valid);
  io(0, 31, 12, e.substream.value);
  io(0, 63, 32, e.stream);
  io(1, 15, 0, e.stag);
  io(1, 31, 31, e.stall);
  io(1, 33, 33, e.privileged);
  io(1, 34, 34, e.instruction);
  io(1, 35, 35, e.read);
  io(1, 38, 38, e.nsipa);
  io(1, 39, 39, e.stage2);
  io(1, 41, 40, e.fault_class);
  io(1, 44, 44, e.ttrnw);
  io(2, 63, 0, e.input_address);
  io.in_place(3, 51, 3, e.address);
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
  layout(FieldReader(words.data()), event);
  return event;
}

bool may_merge(const Event& earlier, const Event& later, bool mev) {
  const EventId id = later.id;
  const bool always = id == EventId::f_uut || id == EventId::c_bad_streamid || id == EventId::f_ste_fetch ||
                      id == EventId::c_bad_ste;
  if (later.stall || !(mev || always)) return false;
  const auto page_of = [](Event event) {
    event.input_address = event.input_address.aligned(kPageShift);
    return encode(event);
  };
  return page_of(earlier) == page_of(later);
}

}  // namespace svasim::arch
