// See workqueue.hpp.
#include "models/host/workqueue.hpp"

#include <algorithm>

namespace svasim::host {

void WorkerPool::add(WorkItem& item) {
  follow(item);
  wake_one();
}

/// If there is work nobody looks for. While one wakes no other does: it wakes the next when it takes its
/// item.
void WorkerPool::wake_one() {
  if (waking_ || items_.size() <= searching_) return;
  if (idle_.empty()) {
    workers_.push_back(
        std::make_unique<Thread>(cpus_, Thread::Kind::normal, [this](Thread& t) { serve(t); }));
    idle_.push_back(workers_.back().get());
  }
  Thread* worker = idle_.back();  // the last one that went idle, whose cache is warm
  idle_.pop_back();
  ++searching_;
  waking_ = true;
  worker->wake(wake_.draw());
}

void WorkerPool::serve(Thread& thread) {
  for (;;) {
    waking_ = false;
    while (!items_.empty()) {
      WorkItem& item = *items_.pop_front();
      Workqueue& queue = *item.queue;
      const unsigned epoch = item.epoch;
      --searching_;
      wake_one();
      work_(thread, item);
      ++searching_;
      queue.finished(epoch);
      thread.offer();
    }
    --searching_;
    idle_.push_back(&thread);
    thread.block();
  }
}

void Workqueue::queue(WorkItem& item) {
  item.queue = this;
  item.epoch = epoch_;
  ++unfinished_[epoch_];
  peak_ = std::max(peak_, active_ + waiting_.size() + 1);
  if (active_ == max_active_) return waiting_.push_back(&item);
  ++active_;
  pool_.add(item);
}

void Workqueue::finished(unsigned epoch) {
  const auto count = unfinished_.find(epoch);
  if (--count->second == 0) {
    unfinished_.erase(count);
    flushers_.notify(wake_);
  }
  if (waiting_.empty()) {
    --active_;
  } else {
    pool_.follow(*waiting_.pop_front());
  }
}

void Workqueue::flush(Thread& thread) {
  const unsigned epoch = epoch_++;
  while (!unfinished_.empty() && unfinished_.begin()->first <= epoch) flushers_.wait(thread);
}

}  // namespace svasim::host
