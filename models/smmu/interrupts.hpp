// Interrupt lines of the SMMU: each is an MSI write when it has an address, and a callback for the wire.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "models/smmu/memory_port.hpp"

namespace svasim::smmu {

enum class Interrupt : std::uint8_t { event_queue, page_request_queue, command_sync, global_error };
inline constexpr std::size_t kInterrupts = 4;

class Interrupts {
 public:
  explicit Interrupts(MemoryPort& memory) : memory_(memory) {}

  struct Line {
    bool enabled = false;
    arch::Pa address;  ///< 0: no MSI
    std::uint32_t data = 0;
  };
  Line& line(Interrupt interrupt) { return lines_[static_cast<std::size_t>(interrupt)]; }

  /// Sends the interrupt if its line is enabled. An MSI that aborts calls on_abort.
  void raise(Interrupt interrupt) {
    Line& l = line(interrupt);
    if (!l.enabled) return;
    ++raised_;
    if (wire) wire(interrupt);
    if (l.address.value != 0) {
      memory_.write<&Interrupts::written>(l.address, &l.data, 4, this, static_cast<std::uint64_t>(interrupt));
    }
  }

  std::function<void(Interrupt)> wire;      ///< edge-triggered output, for embedders
  std::function<void(Interrupt)> on_abort;  ///< an MSI write aborted
  std::uint64_t raised() const { return raised_; }

 private:
  void written(engine::Payload& payload, std::uint64_t interrupt) {
    if (!payload.ok() && on_abort) on_abort(static_cast<Interrupt>(interrupt));
  }

  MemoryPort& memory_;
  std::array<Line, kInterrupts> lines_;
  std::uint64_t raised_ = 0;
};

}  // namespace svasim::smmu
