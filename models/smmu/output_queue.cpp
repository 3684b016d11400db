// See output_queue.hpp.
#include "models/smmu/output_queue.hpp"

#include <algorithm>

namespace svasim::smmu {

bool OutputQueue::full() const {
  const arch::QueueIndex index(base_.log2_size);
  return index.count(prod_, cons_) + waiting_.size() >= index.size();
}

bool OutputQueue::newest_unread() const {
  return !waiting_.empty() || !arch::QueueIndex(base_.log2_size).empty(prod_, cons_);
}

void OutputQueue::set_enabled(bool enabled) {
  enabled_ = enabled;
  progress();
}

void OutputQueue::set_cons(std::uint32_t cons) {
  cons_ = cons;
  progress();
}

void OutputQueue::set_abort_active(bool active) {
  if (active == abort_active_) return;
  abort_active_ = active;
  progress();
}

bool OutputQueue::push(const Record& record) {
  if (!writable()) {
    ++dropped_;
    return false;
  }
  ++accepted_;
  waiting_.push_back(record);
  if (waiting_.size() == 1) write_next();
  return true;
}

void OutputQueue::note_overflow() {
  if (overflowed()) return;
  ++overflows_;
  prod_ ^= arch::kQueueOverflow;
}

void OutputQueue::write_next() {
  memory_.write<&OutputQueue::write_ended>(base_.entry(prod_, log2_entry_bytes_),
                                           waiting_.front().words.data(), 1u << log2_entry_bytes_, this);
}

void OutputQueue::write_ended(engine::Payload& payload, std::uint64_t) {
  if (!payload.ok()) {
    lose_all();
    return;
  }
  const Record record = waiting_.pop_front();
  const arch::QueueIndex index(base_.log2_size);
  const bool was_empty = index.empty(prod_, cons_);
  prod_ = (prod_ & arch::kQueueOverflow) | index.next(prod_);
  depth_peak_ = std::max(depth_peak_, index.count(prod_, cons_));
  ++written_;
  if (on_visible) on_visible(record);
  if (interrupt_on_hint_ ? record.interrupt_hint : was_empty) interrupts_.raise(interrupt_);
  if (!waiting_.empty()) write_next();
  progress();
}

void OutputQueue::lose_all() {
  if (on_write_abort) on_write_abort();
  while (!waiting_.empty()) {
    const Record record = waiting_.pop_front();
    ++dropped_;
    if (on_lost) on_lost(record);
  }
  progress();
}

void OutputQueue::reset() {
  base_ = {};
  prod_ = cons_ = 0;
  enabled_ = abort_active_ = interrupt_on_hint_ = false;
}

}  // namespace svasim::smmu
