// The producer side of the event queue and of the PRI queue (SMMUv3, queues). A record accepted has its place
// in the queue and will be written: records go to memory one at a time, each becomes visible by the PROD
// update after its write, and the interrupt follows that. A write that aborts loses its record and those
// accepted behind it. Inconsistent indices act as a full queue.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include "models/arch/queue.hpp"
#include "models/engine/ring.hpp"
#include "models/smmu/interrupts.hpp"

namespace svasim::smmu {

class OutputQueue {
 public:
  using Words = std::array<std::uint64_t, 4>;
  struct Record {
    Words words{};
    bool interrupt_hint = false;           ///< PRI: Last = 1
    std::uint64_t owner = 0;               ///< whose it is, for who pushed it
    std::optional<probe::FaultKey> fault;  ///< instrumentation: whose record it is, and of which page
    std::uint64_t va = 0;
  };

  OutputQueue(MemoryPort& memory, Interrupts& interrupts, Interrupt interrupt, unsigned log2_entry_bytes)
      : memory_(memory),
        interrupts_(interrupts),
        interrupt_(interrupt),
        log2_entry_bytes_(log2_entry_bytes) {}

  // Registers. CONS is written by software; PROD carries OVFLG.
  void set_base(std::uint64_t base, unsigned max_log2_size) {
    base_ = arch::QueueBase::decode(base, log2_entry_bytes_, max_log2_size);
  }
  /// Off, nothing more is accepted; what was accepted is still made visible: see idle().
  void set_enabled(bool enabled);
  void set_cons(std::uint32_t cons);
  void set_prod(std::uint32_t prod) { prod_ = prod; }
  /// GERROR's abort error of this queue, active until acknowledged: nothing is accepted meanwhile.
  void set_abort_active(bool active);
  /// PRIQ: interrupt on a Last record instead of on the queue becoming non-empty.
  void set_interrupt_on_hint(bool on) { interrupt_on_hint_ = on; }
  std::uint32_t prod() const { return prod_; }
  std::uint32_t cons() const { return cons_; }

  bool enabled() const { return enabled_ && !abort_active_; }
  bool full() const;  ///< with those accepted
  bool writable() const { return enabled() && !full(); }
  bool overflowed() const { return ((prod_ ^ cons_) & arch::kQueueOverflow) != 0; }
  /// All records accepted are visible or lost.
  bool idle() const { return waiting_.empty(); }
  /// The newest record is visible and not consumed, or about to be visible.
  bool newest_unread() const;

  /// Accepts the record if the queue is writable; the caller notes an overflow.
  bool push(const Record& record);
  /// Toggles OVFLG unless an overflow is already unacknowledged.
  void note_overflow();

  std::uint64_t accepted() const { return accepted_; }
  /// The first `number` records accepted are visible or lost.
  bool settled(std::uint64_t number) const { return accepted_ - waiting_.size() >= number; }
  void reset();

  std::function<void(const Record&)> on_visible;
  std::function<void(const Record&)> on_lost;  ///< accepted, but lost to an aborted write
  std::function<void()> on_progress;           ///< a record is visible or lost, or there may be room
  std::function<void()> on_write_abort;

  std::uint64_t written() const { return written_; }
  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t overflows() const { return overflows_; }
  std::size_t waiting_peak() const { return waiting_.peak(); }
  std::uint32_t depth_peak() const { return depth_peak_; }

 private:
  void write_next();
  void write_ended(engine::Payload& payload, std::uint64_t);
  void lose_all();
  void progress() {
    if (on_progress) on_progress();
  }

  MemoryPort& memory_;
  Interrupts& interrupts_;
  Interrupt interrupt_;
  unsigned log2_entry_bytes_;
  arch::QueueBase base_;
  std::uint32_t prod_ = 0;
  std::uint32_t cons_ = 0;
  bool enabled_ = false;
  bool abort_active_ = false;
  bool interrupt_on_hint_ = false;
  engine::Ring<Record> waiting_;  ///< accepted, the front being written; they fit into the queue
  std::uint64_t accepted_ = 0, written_ = 0, dropped_ = 0, overflows_ = 0;
  std::uint32_t depth_peak_ = 0;
};

}  // namespace svasim::smmu
