// Interrupts: the doorbell that MSIs are written to, the wires, and their handlers. Contract: a line is
// masked from its hard handler until its interrupt thread has finished (IRQF_ONESHOT); what arrives meanwhile
// fires once on unmask. With coalescing an interrupt is held back for a while, and those of its line that
// come meanwhile are one with it. Source rule: Linux threaded interrupts.
#pragma once

#include <array>
#include <memory>

#include "models/host/cpu.hpp"

namespace svasim::host {

class InterruptController {
 public:
  static constexpr unsigned kLines = 32;

  /// Inside a module's constructor. Uses inlets 2 (doorbell) and 3 (delivery) of `block`. Hard handlers run
  /// on CPU `cpu`.
  InterruptController(engine::Calendar& calendar, engine::Clock clock, std::uint16_t block, Cpus& cpus,
                      unsigned cpu, Picoseconds coalesce, LatencySource& delivery, LatencySource& handler,
                      LatencySource& thread);

  /// Line `line` (the MSI's data): `hard` runs in the hard handler; `threaded`, if any, in the line's thread.
  void connect(unsigned line, Thread::Body hard, Thread::Body threaded);

  /// A pulse on the wire of `line`, at any time: seen at the next edge.
  void pulse(unsigned line);

  std::uint64_t interrupts() const { return interrupts_; }
  /// Told of interrupts nobody is connected to.
  std::function<void(const std::string&)> on_error;
  engine::AtTarget doorbell;

 private:
  struct Line {
    Thread::Body hard;
    Thread::Body threaded;
    std::unique_ptr<Thread> thread;
    bool raised = false;  ///< its hard handler is to run
    bool masked = false;
    bool pending = false;  ///< arrived while masked
    bool held = false;     ///< back, to be coalesced
  };

  void write(engine::Payload& payload);
  void arrived(std::uint64_t line);
  void deliver(std::uint64_t line);
  void raise(std::uint64_t line);
  void handle(Thread& context);
  void serve(Line& line, Thread& thread);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  engine::Inlet inlet_;
  Cpus& cpus_;
  Picoseconds coalesce_;
  LatencySource& delivery_;
  LatencySource& handler_;
  LatencySource& wake_thread_;
  std::array<Line, kLines> lines_;
  engine::Ring<unsigned> raised_;
  Thread context_;
  std::uint64_t interrupts_ = 0;
};

}  // namespace svasim::host
