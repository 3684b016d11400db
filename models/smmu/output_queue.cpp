// See output_queue.hpp.
#include "models/smmu/output_queue.hpp"

#include <algorithm>

namespace svasim::smmu {

bool OutputQueue::full() const {
  const arch::QueueIndex index(base_.log2_size);
  return index.count(prod_, cons_) + waiting_.size() >= index.size();
}

void OutputQueue::set_enabled(bool enabled) {
  enabled_ = enabled;
  pump();
}

void OutputQueue::set_cons(std::uint32_t cons) {
  cons_ = cons;
  pump();
}

void OutputQueue::set_abort_active(bool active) {
  abort_active_ = active;
  pump();
}

bool OutputQueue::push(const Record& record) {
  if (!record.keep && !writable()) {
    if (enabled() && full()) note_overflow();
    ++dropped_;
    return false;
  }
  waiting_.push_back(record);
  pump();
  return true;
}

void OutputQueue::note_overflow() {
  if (!overflowed()) prod_ ^= arch::kQueueOverflow;
}

void OutputQueue::pump() {
  const arch::QueueIndex index(base_.log2_size);
  if (writing_ || waiting_.empty() || !enabled() || index.full(prod_, cons_)) return;
  writing_ = true;
  memory_.write<&OutputQueue::done>(base_.entry(prod_, log2_entry_bytes_), waiting_.front().words.data(),
                                    1u << log2_entry_bytes_, this);
}

void OutputQueue::done(engine::Payload& payload, std::uint64_t) {
  writing_ = false;
  const Record record = waiting_.pop_front();
  if (!payload.ok()) {
    ++dropped_;
    if (on_write_abort) on_write_abort();
    pump();
    return;
  }
  const arch::QueueIndex index(base_.log2_size);
  const bool was_empty = index.empty(prod_, cons_);
  prod_ = (prod_ & arch::kQueueOverflow) | index.next(prod_);
  depth_peak_ = std::max(depth_peak_, index.count(prod_, cons_));
  ++written_;
  if (on_visible) on_visible(record);
  if (interrupt_on_hint_ ? record.interrupt_hint : was_empty) interrupts_.raise(interrupt_);
  pump();
}

}  // namespace svasim::smmu
