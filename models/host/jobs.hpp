// A thread that does what it is given, in order: a process's system calls, the kernel's own start and end.
#pragma once

#include <functional>

#include "models/host/cpu.hpp"

namespace svasim::host {

class JobThread {
 public:
  using Job = std::function<void(Thread&)>;

  explicit JobThread(Cpus& cpus)
      : thread_(cpus, Thread::Kind::normal, [this](Thread& thread) { serve(thread); }) {}

  void add(Job job) {
    jobs_.push_back(std::move(job));
    thread_.wake(0);
  }

 private:
  void serve(Thread& thread) {
    for (;;) {
      while (!jobs_.empty()) jobs_.pop_front()(thread);
      thread.block();
    }
  }

  engine::Ring<Job> jobs_;
  Thread thread_;
};

}  // namespace svasim::host
