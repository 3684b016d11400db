// The event or page-request queue, or a device's own, as its interrupt thread drains it: CONS is written for
// every entry, PROD is read only when all known entries are taken. Source rule: Linux arm-smmu-v3, event
// queue thread.
#pragma once

#include <functional>

#include "models/arch/queue.hpp"
#include "models/host/cpu.hpp"
#include "models/host/ledger.hpp"
#include "models/host/lock.hpp"

namespace svasim::host {

class OutputQueue {
 public:
  using Entry = std::function<void(const std::uint8_t*)>;

  /// `prod`, `cons`: addresses of the index registers. Entries are 2^log2_entry bytes, at most 32.
  OutputQueue(std::uint64_t prod, std::uint64_t cons, unsigned log2_entry, probe::FaultKind kind,
              const Ledger& ledger, LatencySource& pop, LatencySource& wake);

  /// Zeroes the indices of a queue not enabled yet.
  void set_up(Thread& thread, arch::QueueBase base);
  /// Hands out entries until the queue is empty. True: records were lost, and acknowledge() is due.
  bool drain(Thread& thread, const Entry& handle);
  /// Waits until the queue is empty, or two queue lengths of entries have been handled: bounded, however many
  /// faults come in.
  void wait_drained(Thread& thread);
  /// Acknowledges the overflow that drain() saw.
  void acknowledge(Thread& thread);

  std::uint64_t records() const { return records_; }
  std::uint64_t overflows() const { return overflows_; }
  std::uint32_t peak() const { return peak_; }

 private:
  bool refresh(Thread& thread);

  std::uint64_t prod_register_;
  std::uint64_t cons_register_;
  unsigned log2_entry_;
  probe::FaultKind kind_;
  const Ledger& ledger_;
  LatencySource& pop_;
  LatencySource& wake_;
  arch::QueueBase base_;
  arch::QueueIndex index_{0};
  std::uint32_t prod_ = 0;  ///< as last read, with the overflow flag
  std::uint32_t cons_ = 0;  ///< as last written, with the acknowledge flag
  bool draining_ = false;
  WaitList drained_;
  std::uint64_t records_ = 0, overflows_ = 0;
  std::uint32_t peak_ = 0;
};

}  // namespace svasim::host
