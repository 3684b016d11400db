// See irq.hpp.
#include "models/host/irq.hpp"

#include "models/arch/bit_fields.hpp"

namespace svasim::host {

InterruptController::InterruptController(engine::Calendar& calendar, engine::Clock clock, std::uint16_t block,
                                         Cpus& cpus, unsigned cpu, Picoseconds coalesce,
                                         LatencySource& delivery, LatencySource& handler,
                                         LatencySource& thread)
    : doorbell("doorbell", calendar, clock, {block, 2}, 4, 8),
      calendar_(calendar),
      clock_(clock),
      inlet_{block, 3},
      cpus_(cpus),
      coalesce_(coalesce),
      delivery_(delivery),
      handler_(handler),
      wake_thread_(thread),
      context_(cpus, cpu, [this](Thread& context) { handle(context); }) {
  doorbell.bind_request<&InterruptController::write>(this);
}

void InterruptController::connect(unsigned line, Thread::Body hard, Thread::Body threaded) {
  Line& l = lines_[line];
  l.hard = std::move(hard);
  l.threaded = std::move(threaded);
  if (!l.threaded) return;
  l.thread = std::make_unique<Thread>(cpus_, Thread::Kind::real_time, [this, &l](Thread& t) { serve(l, t); });
}

void InterruptController::write(engine::Payload& payload) {
  std::uint32_t line = kLines;
  if (payload.is_write() && payload.bytes() == 4) {
    std::array<std::uint8_t, 8> bytes{};
    std::copy_n(payload.data(), 4, bytes.begin());
    line = static_cast<std::uint32_t>(arch::load_le64(bytes.data()));
  }
  doorbell.release();
  payload.set_response_status(payload.is_write() ? tlm::TLM_OK_RESPONSE : tlm::TLM_COMMAND_ERROR_RESPONSE);
  doorbell.respond(payload);
  arrived(line);
}

void InterruptController::pulse(unsigned line) {
  calendar_.post<&InterruptController::arrived>(clock_.after(calendar_.now()), inlet_, this, line);
}

void InterruptController::arrived(std::uint64_t line) {
  if (line >= kLines || !lines_[line].hard) {
    if (on_error) on_error("interrupt " + std::to_string(line) + ", which nobody handles");
    return;
  }
  if (coalesce_ == 0) return deliver(line);
  if (std::exchange(lines_[line].held, true)) return;
  calendar_.post<&InterruptController::deliver>(calendar_.now() + coalesce_, inlet_, this, line);
}

void InterruptController::deliver(std::uint64_t line) {
  lines_[line].held = false;
  calendar_.post<&InterruptController::raise>(calendar_.now() + delivery_.draw(), inlet_, this, line);
}

void InterruptController::raise(std::uint64_t number) {
  Line& line = lines_[number];
  if (line.masked) line.pending = true;
  if (line.masked || line.raised) return;
  line.raised = true;
  raised_.push_back(static_cast<unsigned>(number));
  context_.wake(0);
}

void InterruptController::handle(Thread& context) {
  for (;;) {
    while (!raised_.empty()) {
      Line& line = lines_[raised_.pop_front()];
      line.raised = false;
      line.masked = line.thread != nullptr;
      ++interrupts_;
      context.run(handler_.draw());
      line.hard(context);
      if (line.thread) line.thread->wake(wake_thread_.draw());
    }
    context.block();
  }
}

void InterruptController::serve(Line& line, Thread& thread) {
  for (;;) {
    line.threaded(thread);
    line.masked = false;
    if (line.pending) {
      line.pending = false;
      raise(static_cast<std::uint64_t>(&line - lines_.data()));
    }
    thread.block();
  }
}

}  // namespace svasim::host
