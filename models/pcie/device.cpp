// See device.hpp.
#include "models/pcie/device.hpp"

#include <algorithm>

namespace svasim::pcie {

Issuer::Issuer(engine::Calendar& calendar, engine::Clock clock, engine::Inlet inlet,
               probe::Recorder& recorder, DeviceIdentity device, const IssueConfig& config,
               AccessSource& source)
    : calendar_(calendar),
      clock_(clock),
      inlet_(inlet),
      recorder_(recorder),
      device_(device),
      places_(config.window == 0 ? kTags : std::min(config.window, kTags)),
      interval_(std::max(config.interval, 1u)),
      source_(source) {}

void Issuer::poke() { calendar_.post<&Issuer::poked>(clock_.after(calendar_.now()), inlet_, this); }

void Issuer::poked(std::uint64_t) {
  dry_ = false;
  wake_at(calendar_.now());
}

void Issuer::complete() {
  window_.leave(calendar_.now());
  if (!dry_) wake_at(calendar_.now());
}

void Issuer::wake_at(engine::Picoseconds when) {
  if (waking_) return;
  waking_ = true;
  calendar_.post<&Issuer::step>(when, inlet_, this);
}

void Issuer::step(std::uint64_t) {
  waking_ = false;
  const engine::Picoseconds now = calendar_.now();
  if (!held_) {
    if (window_.current() == places_) return;  // complete() wakes
    if (!source_.next(held_access_)) {
      dry_ = true;
      return;
    }
    held_ = true;
    requested_ = held_access_.has_time ? clock_.edge(held_access_.time_ps) : now;
  }
  const engine::Picoseconds ready = std::max(requested_, slot_free_);
  if (ready > now) {
    wake_at(ready);
    return;
  }
  issue();
  wake_at(now);  // for the next access
}

void Issuer::issue() {
  const engine::Picoseconds now = calendar_.now();
  held_ = false;
  slot_free_ = now + clock_.span(interval_);
  window_.enter(now);
  const std::uint64_t room = arch::kPageSize - arch::Va(held_access_.va).offset(arch::kPageShift);
  held_access_.size = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(held_access_.size, 1, room));
  const probe::Operation operation = held_access_.write     ? probe::Operation::write
                                     : held_access_.execute ? probe::Operation::fetch
                                                            : probe::Operation::read;
  probe::Transaction& transaction = recorder_.open(requested_, device_.index, held_access_.pasid, operation,
                                                   held_access_.va, held_access_.size);
  transaction.number = held_access_.number;
  issue_(object_, held_access_, transaction);
}

}  // namespace svasim::pcie
