// Page request record layout. See pri.hpp.
#include "models/arch/pri.hpp"

#include "models/arch/bit_fields.hpp"

namespace svasim::arch {
namespace {

template <class Io, class P>
void layout(const Io& io, P& p) {
  io(0, 31, 0, p.stream);
  io(0, 51, 32, p.substream.value);
  io(0, 58, 58, p.privileged);
  io(0, 59, 59, p.execute);
  io(0, 60, 60, p.read);
  io(0, 61, 61, p.write);
  io(0, 62, 62, p.last);
  io(0, 63, 63, p.substream.valid);
  io(1, 8, 0, p.prg_index);
  io.in_place(1, 63, 12, p.page);
}

}  // namespace

PageRequestWords encode(const PageRequest& request) {
  PageRequestWords words{};
  PageRequest stored = request;
  if (!stored.substream.valid) {  // without a PASID there is neither privilege nor execute
    stored.substream.value = 0;
    stored.privileged = stored.execute = false;
  }
  layout(FieldWriter(words.data()), stored);
  return words;
}

PageRequest decode_page_request(const PageRequestWords& words) {
  PageRequest request;
  layout(FieldReader(words.data()), request);
  return request;
}

PriDecision decide(const PageRequest& request, const PriQueueState& queue, const Features& features) {
  PriDecision decision;
  const bool off = !queue.enabled || queue.abort_active;
  if (!off && !queue.full && !queue.overflowed) return decision;
  decision.overflow = !off && !queue.overflowed;
  // One response per group, and none to a stop marker (PCIe, page request services).
  const bool answered = request.last && !request.stop_marker();
  decision.action = answered ? PriDecision::Action::respond : PriDecision::Action::discard;
  if (off) {
    decision.code = PrgResponseCode::failure;
    return decision;
  }
  const bool pasid = answered && request.substream.valid && features.ssidsize > 0;
  decision.with_pasid = pasid && features.pps;
  decision.needs_ste = pasid && !features.pps;
  return decision;
}

PriDecision settle_response(PriDecision decision, const Ste* ste) {
  if (!decision.needs_ste) return decision;
  decision.needs_ste = false;
  decision.with_pasid = ste != nullptr && ste->ppar;
  if (ste == nullptr) decision.code = PrgResponseCode::failure;
  return decision;
}

}  // namespace svasim::arch
