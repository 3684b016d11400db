// Which accesses have been answered, for software that waits for a device to be done with them, as a driver
// learns it from completion records.
// Contract: accesses are numbered from 1 in order of the trace. What was answered at an instant counts from
// the next one on, so the order of blocks at an instant does not matter.
#pragma once

#include <cstdint>
#include <vector>

#include "models/engine/clock.hpp"

namespace svasim::platform {

class Answered {
 public:
  void add(std::uint64_t number, engine::Picoseconds now) {
    if (changed_at_ != now) before_ = first_open_;
    changed_at_ = now;
    while (number - first_open_ >= done_.size()) grow();
    done_[number & (done_.size() - 1)] = true;
    for (; done_[first_open_ & (done_.size() - 1)]; ++first_open_) {
      done_[first_open_ & (done_.size() - 1)] = false;
    }
  }
  /// Have all accesses up to `number` been answered before `now`?
  bool up_to(std::uint64_t number, engine::Picoseconds now) const {
    return number < (changed_at_ == now ? before_ : first_open_);
  }

 private:
  void grow() {
    std::vector<bool> larger(2 * done_.size());
    for (std::uint64_t n = first_open_; n < first_open_ + done_.size(); ++n) {
      larger[n & (larger.size() - 1)] = done_[n & (done_.size() - 1)];
    }
    done_.swap(larger);
  }

  std::vector<bool> done_ =
      std::vector<bool>(1024);  ///< from first_open_ on, modulo its size: a power of two
  std::uint64_t first_open_ = 1;
  std::uint64_t before_ = 1;  ///< first_open_ before the instant of the last change
  engine::Picoseconds changed_at_ = 0;
};

}  // namespace svasim::platform
