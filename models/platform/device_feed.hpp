// The accesses that were handed out to one device and that it has not taken yet.
// Contract: feeder and device act at the same instants in any order; each knows of the other what was so
// before the instant.
#pragma once

#include <functional>

#include "models/engine/calendar.hpp"
#include "models/engine/ring.hpp"
#include "models/pcie/device.hpp"

namespace svasim::platform {

class DeviceFeed final : public pcie::AccessSource {
 public:
  /// `low` is called when so few accesses are left that the device might have to wait.
  DeviceFeed(const engine::Calendar& calendar, unsigned lookahead, std::function<void()> low)
      : calendar_(calendar), low_water_(lookahead / 2), low_(std::move(low)) {}

  bool next(pcie::DeviceAccess& access) override {
    const engine::Picoseconds now = calendar_.now();
    if (!issued_) issued_at_ = now;
    issued_ = true;
    const std::size_t visible = entries_.size() - (pushed_at_ == now ? pushed_ : 0);
    if (visible <= low_water_) low_();
    if (visible == 0) return false;
    popped_ = (popped_at_ == now ? popped_ : 0) + 1;
    popped_at_ = now;
    issued_ = false;
    access = entries_.pop_front();
    return true;
  }
  void push(const pcie::DeviceAccess& access) {
    const engine::Picoseconds now = calendar_.now();
    pushed_ = (pushed_at_ == now ? pushed_ : 0) + 1;
    pushed_at_ = now;
    entries_.push_back(access);
  }
  std::size_t size() const { return entries_.size() + (popped_at_ == calendar_.now() ? popped_ : 0); }
  /// Something was pushed at this instant: the device has to be told.
  bool news() const { return pushed_ != 0 && pushed_at_ == calendar_.now(); }
  /// Everything handed out was issued before this instant.
  bool done() const { return entries_.empty() && issued_ && issued_at_ < calendar_.now(); }

 private:
  const engine::Calendar& calendar_;
  const std::size_t low_water_;
  const std::function<void()> low_;
  engine::Ring<pcie::DeviceAccess> entries_;
  bool issued_ = true;  ///< the device came back for more, so it has issued what it took
  engine::Picoseconds issued_at_ = 0;
  engine::Picoseconds pushed_at_ = 0, popped_at_ = 0;
  std::size_t pushed_ = 0, popped_ = 0;  ///< at those instants
};

}  // namespace svasim::platform
