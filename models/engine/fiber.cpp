// See fiber.hpp.
#include "models/engine/fiber.hpp"

#include <boost/context/fixedsize_stack.hpp>
#include <boost/context/preallocated.hpp>
#include <utility>

// AddressSanitizer must be told which stack is in use; without it this is nothing.
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define SVASIM_LEAVE_STACK(save, bottom, size) __sanitizer_start_switch_fiber(save, bottom, size)
#define SVASIM_ENTER_STACK(saved, bottom, size) __sanitizer_finish_switch_fiber(saved, bottom, size)
#else
#define SVASIM_LEAVE_STACK(save, bottom, size) static_cast<void>(save)
#define SVASIM_ENTER_STACK(saved, bottom, size) static_cast<void>(saved)
#endif

namespace svasim::engine {

namespace context = boost::context;

Fiber::Fiber(Calendar& calendar, Inlet inlet, Picoseconds start, std::function<void()> body)
    : calendar_(calendar), inlet_(inlet), body_(std::move(body)) {
  context::fixedsize_stack allocator;
  const context::stack_context stack = allocator.allocate();
  stack_size_ = stack.size;
  stack_bottom_ = static_cast<const char*>(stack.sp) - stack.size;
  const context::preallocated place(stack.sp, stack.size, stack);
  inside_ = context::fiber(std::allocator_arg, place, allocator,
                           [this](context::fiber&& outside) { return run(std::move(outside)); });
  wake_at(start);
}

/// The first function on the fiber's own stack.
context::fiber Fiber::run(context::fiber&& outside) {
  SVASIM_ENTER_STACK(nullptr, &outside_bottom_, &outside_size_);
  outside_ = std::move(outside);
  try {
    body_();
  } catch (const context::detail::forced_unwind&) {
    SVASIM_LEAVE_STACK(nullptr, outside_bottom_, outside_size_);
    throw;
  } catch (...) {
    failure_ = std::current_exception();
  }
  finished_ = true;
  SVASIM_LEAVE_STACK(nullptr, outside_bottom_, outside_size_);
  return std::move(outside_);
}

Fiber::~Fiber() {
  void* own = nullptr;
  SVASIM_LEAVE_STACK(&own, stack_bottom_, stack_size_);
  inside_ = context::fiber();  // unwinds a body that still waits
  SVASIM_ENTER_STACK(own, nullptr, nullptr);
}

void Fiber::sleep_until(Picoseconds when) {
  wake_at(when);
  switch_out();
}

void Fiber::wait() { switch_out(); }

void Fiber::wake_at(Picoseconds when) { calendar_.post<&Fiber::resume>(when, inlet_, this); }

void Fiber::resume(std::uint64_t) {
  void* own = nullptr;
  SVASIM_LEAVE_STACK(&own, stack_bottom_, stack_size_);
  inside_ = std::move(inside_).resume();
  SVASIM_ENTER_STACK(own, nullptr, nullptr);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Fiber::switch_out() {
  void* own = nullptr;
  SVASIM_LEAVE_STACK(&own, outside_bottom_, outside_size_);
  try {
    outside_ = std::move(outside_).resume();
  } catch (const context::detail::forced_unwind&) {  // the fiber ends while it waits
    SVASIM_ENTER_STACK(own, &outside_bottom_, &outside_size_);
    throw;
  }
  SVASIM_ENTER_STACK(own, &outside_bottom_, &outside_size_);
}

}  // namespace svasim::engine
