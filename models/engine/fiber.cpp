// See fiber.hpp.
#include "models/engine/fiber.hpp"

#include <utility>

namespace svasim::engine {

namespace context = boost::context;

Fiber::Fiber(Calendar& calendar, Inlet inlet, Picoseconds start, std::function<void()> body)
    : calendar_(calendar), inlet_(inlet) {
  inside_ = context::fiber([this, body = std::move(body)](context::fiber&& outside) {
    outside_ = std::move(outside);
    try {
      body();
    } catch (const context::detail::forced_unwind&) {
      throw;
    } catch (...) {
      failure_ = std::current_exception();
    }
    finished_ = true;
    return std::move(outside_);
  });
  wake_at(start);
}

void Fiber::sleep_until(Picoseconds when) {
  wake_at(when);
  switch_out();
}

void Fiber::wait() { switch_out(); }

void Fiber::wake_at(Picoseconds when) { calendar_.post<&Fiber::resume>(when, inlet_, this); }

void Fiber::resume(std::uint64_t) {
  inside_ = std::move(inside_).resume();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Fiber::switch_out() { outside_ = std::move(outside_).resume(); }

}  // namespace svasim::engine
