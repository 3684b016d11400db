// A wired interrupt as an sc_signal: high for one cycle for each interrupt, with a low cycle between two.
// Source rule: SMMUv3, interrupts: wired ones are edge-triggered.
#pragma once

#include <cstdint>
#include <systemc>

#include "models/engine/calendar.hpp"

namespace svasim::embed {

class Pulse {
 public:
  Pulse(sc_core::sc_signal<bool>& signal, engine::Calendar& calendar, engine::Clock clock,
        engine::Inlet inlet)
      : signal_(signal), calendar_(calendar), clock_(clock), inlet_(inlet) {}

  /// Rises at the next edge, or when those asked for before are over.
  void raise() {
    ++owed_;
    if (owed_ == 1 && !busy_) step(0);
  }

 private:
  void step(std::uint64_t) {
    busy_ = high_ || owed_ > 0;
    if (!busy_) return;
    calendar_.post<&Pulse::toggle>(clock_.after(calendar_.now()), inlet_, this);
  }
  void toggle(std::uint64_t) {
    high_ = !high_;
    if (high_) --owed_;
    signal_.write(high_);
    step(0);
  }

  sc_core::sc_signal<bool>& signal_;
  engine::Calendar& calendar_;
  engine::Clock clock_;
  engine::Inlet inlet_;
  std::uint64_t owed_ = 0;
  bool high_ = false;
  bool busy_ = false;
};

}  // namespace svasim::embed
