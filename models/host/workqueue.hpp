// An unbound workqueue: every item wakes an idle worker, if there is one or may be one more; a worker takes
// items, oldest first, until there are none. Source rule: Linux workqueues (WQ_UNBOUND, max_active).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "models/host/cpu.hpp"

namespace svasim::host {

template <class Item>
class Workqueue {
 public:
  using Work = std::function<void(Thread&, Item*)>;

  Workqueue(Cpus& cpus, unsigned max_workers, LatencySource& wake, Work work)
      : cpus_(cpus), max_workers_(max_workers), wake_(wake), work_(std::move(work)) {}

  void queue(Item* item) {
    items_.push_back(item);
    if (idle_.empty() && workers_.size() < max_workers_) {
      workers_.push_back(
          std::make_unique<Thread>(cpus_, Thread::Kind::normal, [this](Thread& t) { serve(t); }));
      idle_.push_back(workers_.back().get());
    }
    if (idle_.empty()) return;
    Thread* worker = idle_.back();  // the last one that went idle, whose cache is warm
    idle_.pop_back();
    worker->wake(wake_.draw());
  }
  std::size_t peak() const { return items_.peak(); }
  std::size_t workers() const { return workers_.size(); }

 private:
  void serve(Thread& thread) {
    for (;;) {
      while (!items_.empty()) {
        work_(thread, items_.pop_front());
        thread.offer();
      }
      idle_.push_back(&thread);
      thread.block();
    }
  }

  Cpus& cpus_;
  unsigned max_workers_;
  LatencySource& wake_;
  Work work_;
  engine::Ring<Item*> items_;
  std::vector<Thread*> idle_;
  std::vector<std::unique_ptr<Thread>> workers_;
};

}  // namespace svasim::host
