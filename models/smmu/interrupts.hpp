// The interrupts of the SMMU. Each is an MSI write when it has an address (IRQ_CFG0.ADDR != 0, and only then:
// without IDR0.MSI the address cannot be written), and otherwise a pulse on its wire. Both are edges: an
// interrupt whose enable is 0 when its cause comes is lost (SMMUv3, interrupts).
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
    arch::Pa address;  ///< 0: wired
    std::uint32_t data = 0;
  };
  Line& line(Interrupt interrupt) { return lines_[index(interrupt)]; }

  /// Sends the interrupt if its line is enabled. An MSI that aborts calls on_abort.
  void raise(Interrupt interrupt) {
    Line& l = line(interrupt);
    if (!l.enabled) return;
    ++raised_[index(interrupt)];
    if (l.address.value == 0) {
      if (wire) wire(interrupt);
      return;
    }
    ++msis_;
    ++in_flight_;
    memory_.write<&Interrupts::written>(l.address, &l.data, 4, this, static_cast<std::uint64_t>(interrupt));
  }
  /// No MSI is on its way to memory.
  bool idle() const { return in_flight_ == 0; }

  std::function<void(Interrupt)> wire;      ///< a pulse on a wired interrupt
  std::function<void(Interrupt)> on_abort;  ///< an MSI write aborted
  std::function<void()> on_idle;

  std::uint64_t raised(Interrupt interrupt) const { return raised_[index(interrupt)]; }
  std::uint64_t msis() const { return msis_; }
  std::uint64_t msi_aborts() const { return msi_aborts_; }

 private:
  static constexpr std::size_t index(Interrupt interrupt) { return static_cast<std::size_t>(interrupt); }

  void written(engine::Payload& payload, std::uint64_t interrupt) {
    --in_flight_;
    if (!payload.ok()) {
      ++msi_aborts_;
      if (on_abort) on_abort(static_cast<Interrupt>(interrupt));
    }
    if (idle() && on_idle) on_idle();
  }

  MemoryPort& memory_;
  std::array<Line, kInterrupts> lines_;
  std::array<std::uint64_t, kInterrupts> raised_{};
  std::uint32_t in_flight_ = 0;
  std::uint64_t msis_ = 0, msi_aborts_ = 0;
};

}  // namespace svasim::smmu
