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
  if (!enabled) discard([](const Record& record) { return !record.keep; });
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
  waiting_[waiting_.size() - 1].number = accepted_++;
  pump();
  return true;
}

void OutputQueue::note_overflow() {
  if (!overflowed()) prod_ ^= arch::kQueueOverflow;
}

bool OutputQueue::settled(std::uint64_t number) const {
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (!waiting_[i].keep && waiting_[i].number < number) return false;
  }
  return true;
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
  if (!payload.ok()) {  // a stall's record is tried again once software has acknowledged the error
    if (record.keep) {
      waiting_.push_front(record);
    } else {
      ++dropped_;
      if (on_dropped) on_dropped(record);
    }
    if (on_write_abort) on_write_abort();
    if (on_progress) on_progress();
    pump();
    return;
  }
  const arch::QueueIndex index(base_.log2_size);
  const bool was_empty = index.empty(prod_, cons_);
  prod_ = (prod_ & arch::kQueueOverflow) | index.next(prod_);
  depth_peak_ = std::max(depth_peak_, index.count(prod_, cons_));
  ++written_;
  if (on_visible) on_visible(record);
  if (on_progress) on_progress();
  if (interrupt_on_hint_ ? record.interrupt_hint : was_empty) interrupts_.raise(interrupt_);
  pump();
}

}  // namespace svasim::smmu
