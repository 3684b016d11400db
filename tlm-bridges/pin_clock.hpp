// Pins under one clock: the bridges, Verilated models and checkers on a group of pins are one block of the
// calendar, whose edge function takes them all through an edge. No sc_signal, no free-running clock.
//
// An edge, for all parties in turn before the next step begins:
//   settle   Verilated models: inputs written from the pins, clock low, evaluated, outputs read to the pins.
//            What is combinational in the RTL (readies included) has its value now.
//   sample   everybody looks at the same pins, Verilated models' registers too; transfers happen here.
//   clock    Verilated models: clock high, evaluated, outputs read.
//   drive    the others put their registers' new values on the pins.
// So results do not depend on the order of parties. Bridges have registered outputs only; a combinational
// path may run through one Verilated model, not through several (join them in one top).
//
// Edges happen only while a party is busy: an edge at which no VALID is up and nobody is busy changes
// nothing.
#pragma once

#include <vector>

#include "models/engine/calendar.hpp"

namespace svasim::bridges {

class PinParty {
 public:
  virtual ~PinParty() = default;
  virtual void settle() {}
  virtual void sample() {}
  virtual void clock() {}
  virtual void drive() {}
  /// After drive(): something can happen at the next edge without a wake().
  virtual bool busy() const { return false; }
};

class PinClock {
 public:
  PinClock(engine::Calendar& calendar, engine::Clock clock)
      : calendar_(calendar), clock_(clock), block_(calendar.add_block()) {}
  PinClock(const PinClock&) = delete;

  /// `party` outlives the simulation.
  void join(PinParty& party) { parties_.push_back(&party); }
  /// An inlet for a socket of a party: what arrives there at an instant is seen by the edge of that instant.
  /// Throws std::length_error beyond 255.
  engine::Inlet inlet();
  /// There is work: an edge happens at the first instant of the clock from now on that had none yet.
  void wake();

  engine::Calendar& calendar() { return calendar_; }
  engine::Clock clock() const { return clock_; }
  /// The number of the edge at or before the present.
  engine::Cycles cycle() const { return calendar_.now() / clock_.period(); }
  std::uint64_t edges() const { return edges_; }  ///< happened so far

 private:
  static constexpr std::uint8_t kEdge = 255;
  void edge(std::uint64_t);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  std::uint16_t block_;
  std::uint8_t inlets_ = 0;
  bool posted_ = false;
  engine::Picoseconds earliest_ = 0;  ///< for the next edge
  std::uint64_t edges_ = 0;
  std::vector<PinParty*> parties_;
};

}  // namespace svasim::bridges
