// See command_queue.hpp.
#include "models/smmu/command_queue.hpp"

#include <algorithm>
#include <cstring>

namespace svasim::smmu {

void CommandQueue::set_enabled(bool enabled) {
  enabled_ = enabled;
  if (!enabled) buffered_ = next_;  // software may give the queue another place and contents
  advance();
}

void CommandQueue::set_prod(std::uint32_t prod) {
  prod_ = prod & 0xFFFFF;
  advance();
}

void CommandQueue::set_error_active(bool active) {
  if (active == error_) return;
  error_ = active;
  if (active) return;
  error_code_ = arch::CommandError::none;
  buffered_ = next_ = 0;  // software may have rewritten what was fetched
  advance();
}

void CommandQueue::advance() {
  if (working_) return;
  if (!enabled_) {
    if (on_idle) on_idle();
    return;
  }
  if (error_) return;
  if (next_ < buffered_) {
    working_ = true;
    calendar_.post<&CommandQueue::execute_next>(clock_.after(calendar_.now()), inlet_, this);
  } else if (!arch::QueueIndex(base_.log2_size).empty(prod_, cons_)) {
    working_ = true;
    fetch();
  }
}

void CommandQueue::fetch() {
  ++fetches_;
  // What is in the queue, up to the end of the line and of the ring.
  const arch::QueueIndex index(base_.log2_size);
  const arch::Pa first = base_.entry(cons_, arch::kLog2CommandBytes);
  const std::uint32_t to_line_end = (kLine - first.offset(6)) >> arch::kLog2CommandBytes;
  const std::uint32_t to_ring_end = index.size() - index.index(cons_);
  const std::uint32_t commands = std::min({index.count(prod_, cons_), to_line_end, to_ring_end});
  memory_.read<&CommandQueue::fetched>(first, commands << arch::kLog2CommandBytes, this);
}

void CommandQueue::fetched(engine::Payload& payload, std::uint64_t) {
  working_ = false;
  next_ = buffered_ = 0;
  if (!enabled_) {
    advance();
    return;
  }
  if (!payload.ok()) {
    fail(arch::CommandError::fetch_abort);
    return;
  }
  std::memcpy(buffer_.data(), payload.data(), payload.bytes());
  buffered_ = static_cast<unsigned>(payload.bytes()) >> arch::kLog2CommandBytes;
  advance();
}

void CommandQueue::execute_next(std::uint64_t) {
  if (next_ == buffered_) {  // disabled, or an error acknowledged, meanwhile
    working_ = false;
    advance();
    return;
  }
  const arch::Command command = arch::decode_command(buffer_[next_]);
  if (!arch::legal(command, features_)) {
    working_ = false;
    fail(arch::CommandError::illegal);
    advance();
    return;
  }
  if (command.opcode == arch::Opcode::sync) ++syncs_;
  if (executor_.execute(command) == CommandExecutor::Progress::done) resume();
}

void CommandQueue::resume(arch::CommandError error) {
  working_ = false;
  error == arch::CommandError::none ? retire() : fail(error);
  advance();
}

void CommandQueue::retire() {
  if (next_ != buffered_) ++next_;
  ++consumed_;
  cons_ = arch::QueueIndex(base_.log2_size).next(cons_);
}

void CommandQueue::fail(arch::CommandError error) {
  ++errors_;
  error_ = true;
  error_code_ = error;
  executor_.command_error(error);
}

void CommandQueue::reset() {
  base_ = {};
  prod_ = cons_ = 0;
  enabled_ = error_ = false;
  error_code_ = arch::CommandError::none;
  buffered_ = next_ = 0;
}

}  // namespace svasim::smmu
