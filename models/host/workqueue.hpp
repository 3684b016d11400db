// Unbound workqueues: an item wakes an idle worker of the pool they share, if there is more work than workers
// that look for some; a worker that takes an item wakes the next, and goes on with the oldest until there is
// none. So of many items at once the second waits for two to wake, or for the first to be done. Of one queue
// at most `max_active` items are worked at; the others wait in it, whoever is idle. Source rule: Linux
// workqueues (WQ_UNBOUND, wake-up of the first idle worker, max_active, flush).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "models/host/cpu.hpp"
#include "models/host/lock.hpp"

namespace svasim::host {

class Workqueue;

/// What is queued derives from this.
struct WorkItem {
  Workqueue* queue = nullptr;
  unsigned epoch = 0;  ///< flushes of the queue begun before it came
};

class WorkerPool {
 public:
  using Work = std::function<void(Thread&, WorkItem&)>;

  /// `wake`: how long an idle worker takes to run.
  WorkerPool(Cpus& cpus, LatencySource& wake, Work work) : cpus_(cpus), wake_(wake), work_(std::move(work)) {}

  /// An item that may be worked at now: a worker wakes.
  void add(WorkItem& item);
  /// The same, told by a worker that looks for its next item anyway: nobody wakes.
  void follow(WorkItem& item) { items_.push_back(&item); }
  std::size_t workers() const { return workers_.size(); }

 private:
  void wake_one();
  void serve(Thread& thread);

  Cpus& cpus_;
  LatencySource& wake_;
  Work work_;
  engine::Ring<WorkItem*> items_;
  std::vector<Thread*> idle_;
  std::size_t searching_ = 0;  ///< workers that are awake, or waking, and have no item
  bool waking_ = false;
  std::vector<std::unique_ptr<Thread>> workers_;
};

class Workqueue {
 public:
  /// `wake`: how long a thread takes that waited for a flush.
  Workqueue(WorkerPool& pool, unsigned max_active, LatencySource& wake)
      : pool_(pool), max_active_(max_active), wake_(wake) {}

  void queue(WorkItem& item);
  /// Waits until everything that was queued before has been done.
  void flush(Thread& thread);
  /// By the pool.
  void finished(unsigned epoch);
  /// Most items not finished, ever.
  std::size_t peak() const { return peak_; }
  std::size_t waiting() const { return waiting_.size(); }
  unsigned active() const { return active_; }

 private:
  WorkerPool& pool_;
  unsigned max_active_;
  LatencySource& wake_;
  engine::Ring<WorkItem*> waiting_;
  unsigned active_ = 0;
  unsigned epoch_ = 0;
  std::map<unsigned, unsigned> unfinished_;  ///< items by epoch
  WaitList flushers_;
  std::size_t peak_ = 0;
};

}  // namespace svasim::host
