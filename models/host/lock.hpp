// Locks between software threads. Contract: first come, first served. Source rule: a Linux mutex whose owner
// runs is waited for by spinning, and here no owner sleeps; the mmap lock is waited for asleep.
#pragma once

#include "models/host/cpu.hpp"

namespace svasim::host {

/// Threads that spin until something they watch changes; each then looks again.
class SpinList {
 public:
  void wait(Thread& thread) {
    threads_.push_back(&thread);
    thread.spin();
  }
  void notify() {
    for (std::size_t n = threads_.size(); n > 0; --n) threads_.pop_front()->poke();
  }

 private:
  engine::Ring<Thread*> threads_;
};

/// Threads that sleep until something they watch changes; each then looks again.
class WaitList {
 public:
  void wait(Thread& thread) {
    Waiter waiter{&thread, false};
    threads_.push_back(&waiter);
    while (!waiter.woken) thread.block();
  }
  /// `wake`: how long a thread takes to run again.
  void notify(LatencySource& wake) {
    for (std::size_t n = threads_.size(); n > 0; --n) {
      Waiter& waiter = *threads_.pop_front();
      waiter.woken = true;
      waiter.thread->wake(wake.draw());
    }
  }

 private:
  struct Waiter {
    Thread* thread;
    bool woken;
  };
  engine::Ring<Waiter*> threads_;
};

/// Its owner must not block().
class Mutex {
 public:
  void lock(Thread& thread) {
    if (held_) {
      waiting_.push_back(&thread);
      thread.spin();
    }
    held_ = true;
  }
  void unlock() {
    if (waiting_.empty()) {
      held_ = false;
    } else {
      waiting_.pop_front()->poke();
    }
  }

 private:
  bool held_ = false;
  engine::Ring<Thread*> waiting_;
};

/// Many readers or one writer; a waiting writer holds back later readers.
class RwLock {
 public:
  /// `wake`: how long a thread takes that slept for the lock.
  explicit RwLock(LatencySource& wake) : wake_(wake) {}

  void lock_shared(Thread& thread) { acquire(thread, false); }
  void lock(Thread& thread) { acquire(thread, true); }
  void unlock_shared() {
    --readers_;
    grant();
  }
  void unlock() {
    writer_ = false;
    grant();
  }
  /// The writer becomes a reader.
  void downgrade() {
    writer_ = false;
    ++readers_;
    grant();
  }

 private:
  struct Waiter {
    Thread* thread;
    bool exclusive;
    bool granted;
  };

  bool free_for(bool exclusive) const { return !writer_ && (!exclusive || readers_ == 0); }
  void take(bool exclusive) {
    if (exclusive) {
      writer_ = true;
    } else {
      ++readers_;
    }
  }
  void acquire(Thread& thread, bool exclusive) {
    if (waiting_.empty() && free_for(exclusive)) return take(exclusive);
    Waiter waiter{&thread, exclusive, false};
    waiting_.push_back(&waiter);
    while (!waiter.granted) thread.block();
  }
  void grant() {
    while (!waiting_.empty() && free_for(waiting_.front()->exclusive)) {
      Waiter& waiter = *waiting_.pop_front();
      take(waiter.exclusive);
      waiter.granted = true;
      waiter.thread->wake(wake_.draw());
    }
  }

  LatencySource& wake_;
  unsigned readers_ = 0;
  bool writer_ = false;
  engine::Ring<Waiter*> waiting_;
};

}  // namespace svasim::host
