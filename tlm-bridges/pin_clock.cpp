// See pin_clock.hpp.
#include "tlm-bridges/pin_clock.hpp"

#include <algorithm>
#include <stdexcept>

namespace svasim::bridges {

engine::Inlet PinClock::inlet() {
  if (inlets_ == kEdge) throw std::length_error("PinClock: more than 255 sockets");
  return {block_, inlets_++};
}

void PinClock::wake() {
  if (posted_) return;
  posted_ = true;
  calendar_.post<&PinClock::edge>(std::max(clock_.edge(calendar_.now()), earliest_), {block_, kEdge}, this);
}

void PinClock::edge(std::uint64_t) {
  posted_ = false;
  earliest_ = clock_.after(calendar_.now());
  ++edges_;
  for (PinParty* party : parties_) party->settle();
  for (PinParty* party : parties_) party->sample();
  for (PinParty* party : parties_) party->clock();
  for (PinParty* party : parties_) party->drive();
  if (std::any_of(parties_.begin(), parties_.end(), [](const PinParty* p) { return p->busy(); })) wake();
}

}  // namespace svasim::bridges
