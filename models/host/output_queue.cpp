// See output_queue.hpp.
#include "models/host/output_queue.hpp"

#include <algorithm>

namespace svasim::host {

OutputQueue::OutputQueue(std::uint64_t prod, std::uint64_t cons, unsigned log2_entry, probe::FaultKind kind,
                         const Ledger& ledger, LatencySource& pop, LatencySource& wake)
    : prod_register_(prod),
      cons_register_(cons),
      log2_entry_(log2_entry),
      kind_(kind),
      ledger_(ledger),
      pop_(pop),
      wake_(wake) {}

void OutputQueue::set_up(Thread& thread, arch::QueueBase base) {
  base_ = base;
  index_ = arch::QueueIndex(base.log2_size);
  prod_ = cons_ = 0;
  thread.write32(prod_register_, 0);
  thread.write32(cons_register_, 0);
}

bool OutputQueue::drain(Thread& thread, const Entry& handle) {
  bool lost = false;
  draining_ = true;
  do {
    while (!index_.empty(prod_, cons_)) {
      ledger_.advance(kind_, probe::Stage::queue_drain, thread.now());
      std::uint8_t entry[32];
      thread.read_bytes(base_.entry(cons_, log2_entry_).value, entry, 1u << log2_entry_);
      thread.run(pop_.draw());
      cons_ = index_.next(cons_) | (cons_ & arch::kQueueOverflow);
      thread.write32(cons_register_, cons_);
      ++records_;
      handle(entry);
      if (records_ % index_.size() == 0) drained_.notify(wake_);
    }
    lost |= refresh(thread);
  } while (!index_.empty(prod_, cons_));
  draining_ = false;
  drained_.notify(wake_);
  return lost;
}

bool OutputQueue::refresh(Thread& thread) {
  ledger_.advance(kind_, probe::Stage::queue_drain, thread.now());
  const std::uint32_t before = prod_;
  prod_ = thread.read32(prod_register_);
  peak_ = std::max(peak_, index_.count(prod_, cons_));
  const bool lost = ((prod_ ^ before) & arch::kQueueOverflow) != 0;
  overflows_ += lost ? 1 : 0;
  return lost;
}

void OutputQueue::wait_drained(Thread& thread) {
  const std::uint64_t enough = records_ + 2 * std::uint64_t{index_.size()};
  while (records_ < enough) {
    const std::uint32_t prod = thread.read32(prod_register_);
    if (!draining_ && index_.empty(prod, cons_)) return;
    drained_.wait(thread);
  }
}

void OutputQueue::acknowledge(Thread& thread) {
  cons_ = index_.with_wrap(cons_) | (prod_ & arch::kQueueOverflow);
  thread.write32(cons_register_, cons_);
}

}  // namespace svasim::host
