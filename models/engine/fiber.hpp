// A thread of simulated software, written as straight-line code. Unlike an SC_THREAD it is resumed by the
// calendar inside its total order, so what fibers do at equal times does not depend on the kernel.
#pragma once

#include <boost/context/fiber.hpp>
#include <functional>

#include "models/engine/calendar.hpp"

namespace svasim::engine {

class Fiber {
 public:
  /// Starts `body` at time `start`. A fiber still waiting when it is destroyed is unwound.
  Fiber(Calendar& calendar, Inlet inlet, Picoseconds start, std::function<void()> body);
  ~Fiber();
  Fiber(const Fiber&) = delete;

  /// From inside: lets simulated time pass until `when`.
  void sleep_until(Picoseconds when);
  /// From inside: waits until wake_at() is called; returns at that time. Exactly one wake per wait.
  void wait();
  /// From outside (or another fiber): ends the wait at `when`.
  void wake_at(Picoseconds when);

  bool finished() const { return finished_; }

 private:
  boost::context::fiber run(boost::context::fiber&& outside);
  void resume(std::uint64_t);
  void switch_out();

  Calendar& calendar_;
  Inlet inlet_;
  std::function<void()> body_;
  bool finished_ = false;
  std::exception_ptr failure_;          ///< out of the body, on its way to the calendar
  const void* stack_bottom_ = nullptr;  ///< the body's stack, and the one it was resumed from
  std::size_t stack_size_ = 0;
  const void* outside_bottom_ = nullptr;
  std::size_t outside_size_ = 0;
  boost::context::fiber outside_;
  boost::context::fiber inside_;
};

}  // namespace svasim::engine
