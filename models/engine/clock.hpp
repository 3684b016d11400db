// A clock domain as a value: nobody toggles it. Everything a block does happens on an edge of its clock, and
// edges are found by integer arithmetic.
#pragma once

#include <cstdint>

namespace svasim::engine {

using Picoseconds = std::uint64_t;  ///< simulated time since the start of the run, or a span of it
using Cycles = std::uint64_t;       ///< a span counted in edges of some clock

class Clock {
 public:
  /// Edges at every multiple of `period` (at least 1 ps).
  explicit constexpr Clock(Picoseconds period) : period_(period) {}

  constexpr Picoseconds period() const { return period_; }
  constexpr Picoseconds span(Cycles cycles) const { return cycles * period_; }
  /// The first edge at or after `t`.
  constexpr Picoseconds edge(Picoseconds t) const { return (t + period_ - 1) / period_ * period_; }
  /// The first edge strictly after `t`: when a receiver on this clock sees what was sent at `t` (registered
  /// boundary).
  constexpr Picoseconds after(Picoseconds t) const { return (t / period_ + 1) * period_; }
  /// `cycles` edges after the first edge at or after `t`.
  constexpr Picoseconds later(Picoseconds t, Cycles cycles) const { return edge(t) + span(cycles); }

 private:
  Picoseconds period_;
};

}  // namespace svasim::engine
