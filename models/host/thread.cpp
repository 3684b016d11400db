// What a software thread does on its CPU. See cpu.hpp.
#include "models/host/cpu.hpp"

#include <algorithm>
#include <cstring>

#include "models/arch/bit_fields.hpp"

namespace svasim::host {
namespace {

constexpr unsigned kLine = 64;

/// Bytes from `address` to the end of its line, at most `bytes`.
unsigned within_line(std::uint64_t address, unsigned bytes) {
  return std::min(bytes, kLine - static_cast<unsigned>(address % kLine));
}

}  // namespace

// --- Thread: from inside

Thread::Thread(Cpus& cpus, Kind kind, Body body) : cpus_(cpus), kind_(kind), body_(std::move(body)) {}

Thread::Thread(Cpus& cpus, unsigned cpu, Body body)
    : cpus_(cpus), kind_(Kind::interrupt), cpu_(&cpus.cpus_[cpu]), body_(std::move(body)) {
  cpu_->takes_interrupts = true;
}

Picoseconds Thread::now() const { return cpus_.calendar_.now(); }

void Thread::run(Picoseconds duration) {
  const Picoseconds start = now();
  const Picoseconds stolen = cpu_->stolen;
  for (;;) {
    yield_to_interrupt();
    const Picoseconds end = cpus_.clock_.edge(start + duration + (cpu_->stolen - stolen));
    if (now() >= end) return;
    fiber_->sleep_until(end);
  }
}

void Thread::yield_to_interrupt() {
  while (kind_ != Kind::interrupt && cpu_->in_interrupt) {
    cpu_->preempted = this;
    fiber_->wait();
  }
}

void Thread::wait() {
  fiber_->wait();
  yield_to_interrupt();
}

engine::Payload& Thread::load(std::uint64_t address, unsigned bytes) {
  ++cpus_.loads_;
  engine::Payload& payload = cpus_.pool_.make(tlm::TLM_READ_COMMAND, address, bytes);
  payload.user = reinterpret_cast<std::uint64_t>(this);
  cpus_.memory.send(payload);
  wait();
  return *loaded_;
}

std::uint32_t Thread::read32(std::uint64_t address) {
  std::uint8_t bytes[8] = {};
  read_bytes(address, bytes, 4);
  return static_cast<std::uint32_t>(arch::load_le64(bytes));
}

std::uint64_t Thread::read64(std::uint64_t address) {
  std::uint8_t bytes[8];
  read_bytes(address, bytes, 8);
  return arch::load_le64(bytes);
}

void Thread::read_bytes(std::uint64_t address, std::uint8_t* data, unsigned bytes) {
  while (bytes > 0) {
    const unsigned part = within_line(address, bytes);
    engine::Payload& payload = load(address, part);
    if (payload.ok()) {
      std::memcpy(data, payload.data(), part);
    } else {
      std::memset(data, 0xFF, part);
    }
    payload.release();
    address += part;
    data += part;
    bytes -= part;
  }
}

void Thread::store(std::uint64_t address, const std::uint8_t* data, unsigned bytes) {
  ++cpus_.stores_;
  ++posted_;
  engine::Payload& payload = cpus_.pool_.make(tlm::TLM_WRITE_COMMAND, address, bytes);
  payload.user = reinterpret_cast<std::uint64_t>(this);
  std::memcpy(payload.data(), data, bytes);
  cpus_.memory.send(payload);
  run(cpus_.clock_.period());
}

void Thread::write32(std::uint64_t address, std::uint32_t value) {
  std::uint8_t bytes[8];
  arch::store_le64(bytes, value);
  store(address, bytes, 4);
}

void Thread::write64(std::uint64_t address, std::uint64_t value) {
  std::uint8_t bytes[8];
  arch::store_le64(bytes, value);
  store(address, bytes, 8);
}

void Thread::write_bytes(std::uint64_t address, const std::uint8_t* data, unsigned bytes) {
  while (bytes > 0) {
    const unsigned part = within_line(address, bytes);
    store(address, data, part);
    address += part;
    data += part;
    bytes -= part;
  }
}

void Thread::barrier() {
  while (posted_ > 0) {
    in_barrier_ = true;
    wait();
  }
}

void Thread::block() {
  if (wake_pending_) {
    wake_pending_ = false;
    return;
  }
  state_ = State::blocked;
  if (kind_ == Kind::interrupt) {
    cpus_.end_interrupt(*cpu_);
  } else {
    cpus_.release(*cpu_);
  }
  fiber_->wait();
}

void Thread::sleep(Picoseconds duration) {
  cpus_.calendar_.post<&Thread::timer>(cpus_.clock_.edge(now() + duration), cpus_.threads_, this);
  block();
}

void Thread::spin() {
  spinning_ = true;
  wait();
}

void Thread::offer() {
  if (cpus_.real_time_.empty() && cpus_.normal_.empty()) return;
  state_ = State::queued;
  cpus_.normal_.push_back(this);
  cpus_.release(*cpu_);
  fiber_->wait();
}

void Thread::set_interrupts(bool on) {
  if (kind_ == Kind::interrupt) return;
  cpu_->interrupts_on = on;
  if (!on || cpu_->pending_interrupt == nullptr) return;
  Thread& handler = *std::exchange(cpu_->pending_interrupt, nullptr);
  cpus_.begin_interrupt(*cpu_, handler);
  yield_to_interrupt();
}

// --- Thread: from anywhere

void Thread::wake(Picoseconds latency) {
  if (state_ == State::running) wake_pending_ = true;
  if (state_ != State::blocked) return;
  state_ = State::waking;
  cpus_.calendar_.post<&Thread::ready>(cpus_.clock_.edge(now() + latency), cpus_.threads_, this);
}

void Thread::poke() {
  if (!spinning_) return;
  spinning_ = false;
  fiber_->wake_at(now());
}

void Thread::ready(std::uint64_t) {
  if (kind_ == Kind::interrupt) {
    cpus_.begin_interrupt(*cpu_, *this);
  } else {
    cpus_.enqueue(*this);
  }
}

void Thread::resume(Picoseconds when) {
  state_ = State::running;
  if (fiber_) {
    fiber_->wake_at(when);
  } else {
    fiber_.emplace(cpus_.calendar_, cpus_.threads_, when, [this] { body(); });
  }
}

void Thread::body() {
  body_(*this);
  state_ = State::finished;
  if (kind_ != Kind::interrupt) cpus_.release(*cpu_);
}

void Thread::answered(engine::Payload& payload) {
  if (payload.is_read()) {
    loaded_ = &payload;
    fiber_->wake_at(now());
    return;
  }
  payload.release();
  if (--posted_ > 0 || !in_barrier_) return;
  in_barrier_ = false;
  fiber_->wake_at(now());
}

}  // namespace svasim::host
