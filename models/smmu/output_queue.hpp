// The producer side of the event queue and of the PRI queue: records are written to memory one at a time,
// each becomes visible by the PROD update after its write, and the interrupt follows that (SMMUv3, queues).
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
  /// A record waiting to be written. A stall record is kept until it can be; others are dropped if the queue
  /// is not writable.
  struct Record {
    Words words{};
    bool keep = false;
    bool interrupt_hint = false;           ///< PRI: Last = 1
    std::optional<probe::FaultKey> fault;  ///< instrumentation: whose record it is, and of which page
    std::uint64_t va = 0;
    std::uint64_t number = 0;  ///< counts the records accepted; set by push()
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
  void set_enabled(bool enabled);
  void set_cons(std::uint32_t cons);
  void set_prod(std::uint32_t prod) { prod_ = prod; }
  void set_abort_active(bool active);
  /// PRIQ: interrupt on a Last record instead of on the queue becoming non-empty.
  void set_interrupt_on_hint(bool on) { interrupt_on_hint_ = on; }
  std::uint32_t prod() const { return prod_; }
  std::uint32_t cons() const { return cons_; }

  bool writable() const { return enabled_ && !abort_active_ && !full(); }
  bool overflowed() const { return ((prod_ ^ cons_) & arch::kQueueOverflow) != 0; }
  bool full() const;  ///< with the record being written
  bool enabled() const { return enabled_ && !abort_active_; }
  /// Appends; false if the record was dropped instead (overflow noted when the queue was full).
  bool push(const Record& record);
  /// Toggles OVFLG unless an overflow is already unacknowledged.
  void note_overflow();
  /// Forgets the records for which `match(record)` that are not being written yet.
  template <class Match>
  void discard(Match&& match) {
    for (std::size_t i = 0, n = waiting_.size(); i < n; ++i) {
      const Record record = waiting_.pop_front();
      if ((i == 0 && writing_) || !match(record)) {
        waiting_.push_back(record);
        continue;
      }
      ++dropped_;
      if (on_dropped) on_dropped(record);
    }
    if (on_progress) on_progress();
  }
  std::uint64_t accepted() const { return accepted_; }
  /// The records of terminated transactions among the first `number` accepted are visible or dropped.
  bool settled(std::uint64_t number) const;

  std::function<void(const Record&)> on_visible;
  std::function<void(const Record&)> on_dropped;  ///< accepted, but lost to an abort or a disable
  std::function<void()> on_progress;              ///< a record left the queue of those to be written
  std::function<void()> on_write_abort;

  std::uint64_t written() const { return written_; }
  std::uint64_t dropped() const { return dropped_; }
  std::size_t waiting_peak() const { return waiting_.peak(); }
  std::uint32_t depth_peak() const { return depth_peak_; }

 private:
  void pump();
  void done(engine::Payload& payload, std::uint64_t);

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
  bool writing_ = false;
  engine::Ring<Record>
      waiting_;  ///< the front is being written; bounded by who pushes (slots, stalls, credits)
  std::uint64_t accepted_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint32_t depth_peak_ = 0;
};

}  // namespace svasim::smmu
