// The most that a queue held at the end of any instant. What comes and goes within one instant depends on the
// order of blocks, which must not show in a result.
#pragma once

#include <algorithm>
#include <cstddef>

#include "models/engine/clock.hpp"

namespace svasim::engine {

class Peak {
 public:
  /// Before every change: the queue held `size` until `now`.
  void changes(Picoseconds now, std::size_t size) {
    if (now == at_) return;
    at_ = now;
    peak_ = std::max(peak_, size);
  }
  std::size_t peak(std::size_t size_now) const { return std::max(peak_, size_now); }

 private:
  Picoseconds at_ = ~Picoseconds{0};
  std::size_t peak_ = 0;
};

}  // namespace svasim::engine
