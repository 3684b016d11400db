// The scheduler. See cpu.hpp.
#include "models/host/cpu.hpp"

#include "models/host/text.hpp"

namespace svasim::host {

Cpus::Cpus(engine::Calendar& calendar, engine::Clock clock, std::uint16_t block, const CpuConfig& config,
           LatencySource& idle_exit, std::uint64_t seed)
    : memory("memory", calendar, clock, {block, 0}, config.port_width),
      calendar_(calendar),
      clock_(clock),
      threads_{block, 1},
      config_(config),
      idle_exit_(idle_exit),
      other_burst_(exponential(config.burst), seed, "other_burst"),
      other_sleep_(exponential(config.busy == 0 ? 0
                                                : static_cast<Picoseconds>(static_cast<double>(config.burst) *
                                                                           (1 - config.busy) / config.busy)),
                   seed, "other_sleep"),
      cpus_(config.cpus) {
  memory.bind_response<&Cpus::respond>(this);
}

void Cpus::respond(engine::Payload& payload) {
  if (!payload.ok()) {
    ++failed_accesses_;
    if (on_error) {
      on_error(std::string(payload.is_read() ? "load" : "store") + " failed at " +
               hex(payload.get_address()));
    }
  }
  reinterpret_cast<Thread*>(payload.user)->answered(payload);
}

void Cpus::enqueue(Thread& thread) {
  thread.state_ = Thread::State::queued;
  (thread.kind_ == Thread::Kind::real_time ? real_time_ : normal_).push_back(&thread);
  dispatch();
}

void Cpus::dispatch() {
  while (!real_time_.empty() || !normal_.empty()) {
    auto& queue = real_time_.empty() ? normal_ : real_time_;
    Cpu* cpu = idle_cpu(*queue.front());
    if (cpu == nullptr) cpu = displaceable_cpu(*queue.front());
    if (cpu == nullptr) return;
    Thread& thread = *queue.pop_front();
    const Picoseconds when = ready_at(*cpu);
    others_pause(*cpu);
    cpu->others.interrupted = false;
    cpu->running = &thread;
    cpu->since = calendar_.now();
    thread.cpu_ = cpu;
    thread.resume(when);
  }
}

bool Cpus::runs_nothing(const Cpu& cpu) {
  return cpu.running == nullptr && !cpu.in_interrupt && cpu.others.state != OtherWork::State::running;
}

std::string_view Cpus::what_runs(const Cpu& cpu) {
  if (cpu.in_interrupt) return "interrupt";
  if (runs_nothing(cpu)) return "idle";
  if (cpu.running == nullptr) return "others";
  return cpu.running->kind_ == Thread::Kind::real_time ? "irq_thread" : "thread";
}

Cpu* Cpus::idle_cpu(const Thread& thread) {
  if (thread.cpu_ != nullptr && runs_nothing(*thread.cpu_)) return thread.cpu_;  // where its cache is warm
  Cpu* found = nullptr;
  for (Cpu& cpu : cpus_) {
    if (!runs_nothing(cpu)) continue;
    if (found == nullptr || (found->takes_interrupts && !cpu.takes_interrupts)) found = &cpu;
  }
  return found;
}

/// A CPU with other work that has to give way: the one that has run it longest. If there is none yet, the
/// queue is looked at again when there is.
Cpu* Cpus::displaceable_cpu(const Thread& thread) {
  Cpu* found = nullptr;
  for (Cpu& cpu : cpus_) {
    const bool others = cpu.running == nullptr && !cpu.in_interrupt && !runs_nothing(cpu);
    if (others && (found == nullptr || cpu.others.slice_began < found->others.slice_began)) found = &cpu;
  }
  if (found == nullptr || thread.kind_ == Thread::Kind::real_time) return found;
  const Picoseconds when = found->others.slice_began + config_.slice;
  if (when <= calendar_.now()) return found;
  if (dispatch_at_ != when) {
    dispatch_at_ = when;
    calendar_.post<&Cpus::dispatch_again>(when, threads_, this);
  }
  return nullptr;
}

void Cpus::dispatch_again(std::uint64_t) { dispatch(); }

Picoseconds Cpus::ready_at(const Cpu& cpu) {
  const Picoseconds now = calendar_.now();
  if (config_.idle_after == 0 || !runs_nothing(cpu) || now - cpu.idle_since < config_.idle_after) return now;
  ++idle_exits_;
  return clock_.edge(now + idle_exit_.draw());
}

void Cpus::release(Cpu& cpu) {
  cpu.busy += calendar_.now() - cpu.since;
  cpu.running = nullptr;
  dispatch();
  go_idle(cpu);
}

void Cpus::go_idle(Cpu& cpu) {
  if (!runs_nothing(cpu)) return;
  cpu.idle_since = calendar_.now();
  if (cpu.others.state == OtherWork::State::ready) others_run(cpu);
}

void Cpus::begin_interrupt(Cpu& cpu, Thread& thread) {
  if (!cpu.interrupts_on) {
    cpu.pending_interrupt = &thread;
    return;
  }
  const Picoseconds when = ready_at(cpu);
  cpu.others.interrupted = cpu.others.state == OtherWork::State::running;
  others_pause(cpu);
  cpu.in_interrupt = true;
  cpu.interrupted_since = calendar_.now();
  thread.resume(when);
}

void Cpus::end_interrupt(Cpu& cpu) {
  cpu.in_interrupt = false;
  const Picoseconds taken = calendar_.now() - cpu.interrupted_since;
  cpu.stolen += taken;
  if (cpu.running == nullptr) {
    cpu.busy += taken;
    dispatch();
    go_idle(cpu);
  }
  if (cpu.preempted == nullptr) return;
  std::exchange(cpu.preempted, nullptr)->fiber_->wake_at(calendar_.now());
}

// --- other programs

void Cpus::start_others() {
  if (config_.busy == 0) return;
  for (std::size_t cpu = 0; cpu < cpus_.size(); ++cpu) {
    calendar_.post<&Cpus::others_wake>(calendar_.now() + other_sleep_.draw(), threads_, this, cpu);
  }
}

void Cpus::others_wake(std::uint64_t number) {
  Cpu& cpu = cpus_[number];
  cpu.others.state = OtherWork::State::ready;
  cpu.others.left = other_burst_.draw();
  if (runs_nothing(cpu)) others_run(cpu);
}

void Cpus::others_run(Cpu& cpu) {
  OtherWork& others = cpu.others;
  others.state = OtherWork::State::running;
  others.since = calendar_.now();
  if (!std::exchange(others.interrupted, false)) others.slice_began = others.since;
  const auto number = static_cast<std::uint64_t>(&cpu - cpus_.data());
  calendar_.post<&Cpus::others_end>(others.since + others.left, threads_, this,
                                    std::uint64_t{++others.turn} << 32 | number);
}

void Cpus::others_pause(Cpu& cpu) {
  OtherWork& others = cpu.others;
  if (others.state != OtherWork::State::running) return;
  const Picoseconds done = calendar_.now() - others.since;
  others_ += done;
  others.left -= done;
  others.state = OtherWork::State::ready;
}

void Cpus::others_end(std::uint64_t turn) {
  Cpu& cpu = cpus_[turn & 0xFFFF'FFFF];
  if (cpu.others.state != OtherWork::State::running || cpu.others.turn != turn >> 32) return;
  others_pause(cpu);
  cpu.others.state = OtherWork::State::asleep;
  cpu.idle_since = calendar_.now();
  calendar_.post<&Cpus::others_wake>(calendar_.now() + other_sleep_.draw(), threads_, this,
                                     turn & 0xFFFF'FFFF);
  dispatch();
}

Picoseconds Cpus::busy() const {
  Picoseconds sum = 0;
  for (const Cpu& cpu : cpus_) sum += cpu.busy;
  return sum;
}

}  // namespace svasim::host
