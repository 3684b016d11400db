// From a fault to its event record. See fault.hpp.
#include "models/arch/fault.hpp"

namespace svasim::arch {
namespace {

/// Events that tell the access: the four stallable ones, walk aborts, forbidden ATS traffic.
bool tells_access(EventId id) {
  return stallable(id) || id == EventId::f_walk_eabt || id == EventId::f_uut ||
         id == EventId::f_transl_forbidden;
}

bool tells_fetch_address(EventId id) {
  return id == EventId::f_ste_fetch || id == EventId::f_cd_fetch || id == EventId::f_walk_eabt;
}

}  // namespace

Access AccessOverride::apply(Access incoming) const {
  Access access = incoming;
  if (privileged >= 2) access.privileged = privileged == 3;
  if (instruction >= 2) access.instruction = instruction == 3;
  if (access.write) access.instruction = false;
  return access;
}

Event Fault::event(StreamId stream, SubstreamId substream, Va va, Access incoming) const {
  Event e;
  e.id = id;
  e.stream = stream;
  if (id != EventId::f_stream_disabled) e.substream = substream.valid ? substream : SubstreamId{};
  if (id == EventId::c_bad_substreamid)
    e.substream.valid = false;          // the number is always meaningful: there is no SSV
  if (id == EventId::f_bad_ats_treq) {  // as asked, before overrides
    e.span = 1;
    e.privileged = substream.valid && incoming.privileged;
    e.wanted.privileged = {true, incoming.write, substream.valid && incoming.instruction};
    e.input_address = va.aligned(kPageShift);
  } else if (tells_access(id)) {
    const Access access = access_override.apply(incoming);
    e.read = !access.write;
    e.instruction = access.instruction;
    e.privileged = access.privileged;
    e.input_address = va;
  }
  if (stallable(id) || id == EventId::f_walk_eabt) {
    e.stall = termination == Termination::stall;
    e.stage2 = stage2;
    e.fault_class = fault_class;
    e.ttrnw = ttrnw;
  }
  if (tells_fetch_address(id)) e.address = fetch_address.value;
  if (stallable(id) && stage2) e.address = ipa.value & ~std::uint64_t{0xFFF};
  return e;
}

}  // namespace svasim::arch
