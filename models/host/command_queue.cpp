// See command_queue.hpp.
#include "models/host/command_queue.hpp"

#include <algorithm>

#include "models/host/text.hpp"

namespace svasim::host {
namespace {

constexpr unsigned kLooks = 10;
constexpr Picoseconds kTimeout = 1'000'000'000'000;  // a second
constexpr unsigned kBatch = 64;

std::string describe(arch::CommandError error) {
  switch (error) {
    case arch::CommandError::none: return "no error code";
    case arch::CommandError::illegal: return "CERROR_ILL";
    case arch::CommandError::fetch_abort: return "CERROR_ABT";
    case arch::CommandError::atc_invalidate_sync: return "CERROR_ATC_INV_SYNC";
  }
  return "unknown error code";
}

}  // namespace

bool PollBackoff::wait() {
  if (thread_->now() - begun_ > kTimeout) return false;
  if (++looks_ < kLooks) return true;
  thread_->run(delay_);
  delay_ *= 2;
  looks_ = 0;
  return true;
}

CommandQueue::CommandQueue(std::uint64_t registers, SyncMode sync, const Ledger& ledger)
    : registers_(registers), sync_(sync), ledger_(ledger) {}

void CommandQueue::set_up(Thread& thread, arch::QueueBase base, bool msi) {
  base_ = base;
  index_ = arch::QueueIndex(base.log2_size);
  slots_.assign(index_.size(), Slot{});
  if (!msi) sync_ = SyncMode::poll;
  prod_ = published_ = cons_ = 0;
  thread.write64(registers_ + arch::reg::kCmdqBase, base.encode());
  thread.write32(registers_ + arch::reg::kCmdqProd, 0);
  thread.write32(registers_ + arch::reg::kCmdqCons, 0);
}

void CommandQueue::issue(Thread& thread, const arch::Command& command, bool sync,
                         const probe::FaultKey* fault) {
  insert(thread, &command, 1, sync, fault);
}

void CommandQueue::issue(Thread& thread, const std::vector<arch::Command>& commands, bool sync,
                         const probe::FaultKey* fault) {
  const std::size_t batch = std::min<std::size_t>(kBatch, index_.size() - 1);  // leaves room for a CMD_SYNC
  for (std::size_t at = 0; at < commands.size(); at += batch) {
    const std::size_t count = std::min(batch, commands.size() - at);
    insert(thread, &commands[at], static_cast<unsigned>(count), sync && at + count == commands.size(), fault);
  }
}

void CommandQueue::insert(Thread& thread, const arch::Command* commands, unsigned count, bool sync,
                          const probe::FaultKey* fault) {
  const unsigned total = count + (sync ? 1 : 0);
  const std::uint32_t start = reserve(thread, total);
  thread.set_interrupts(false);
  const std::uint32_t last = index_.with_wrap(start + total - 1);
  const bool owner = !std::exchange(owned_, true);
  for (unsigned i = 0; i < total; ++i) {
    const std::uint32_t position = index_.with_wrap(start + i);
    write(thread, position, i < count ? commands[i] : sync_command(position));
    Slot& slot = slots_[index_.index(position)];
    slot.response = fault != nullptr;
    if (fault != nullptr) slot.fault = *fault;
  }
  thread.barrier();
  for (unsigned i = 0; i < total; ++i) slots_[index_.index(start + i)].written = true;
  commands_ += total;
  if (sync) ++waiting_for_sync_;
  changed_.notify();
  if (owner) publish(thread, start);
  if (sync) wait_for_sync(thread, last);
  thread.set_interrupts(true);
}

std::uint32_t CommandQueue::reserve(Thread& thread, unsigned count) {
  wait_for_room(thread, count);
  const std::uint32_t start = prod_;
  prod_ = index_.with_wrap(prod_ + count);
  peak_ = std::max(peak_, index_.count(prod_, cons_));
  return start;
}

void CommandQueue::wait_for_room(Thread& thread, unsigned count) {
  const auto full = [&] { return index_.size() - index_.count(prod_, cons_) < count; };
  if (!full()) return;
  ++full_waits_;
  PollBackoff backoff(thread);
  while (full()) {
    if (waiting_for_sync_ > 0 || refreshing_) {  // who sees a CMD_SYNC complete, or reads CONS, tells
      changed_.wait(thread);
      continue;
    }
    refreshing_ = true;
    const std::uint32_t before = cons_;
    consumed(thread.read32(registers_ + arch::reg::kCmdqCons));
    if (cons_ == before && !backoff.wait()) {
      report("command queue full for a second");
      backoff = PollBackoff(thread);
    }
    refreshing_ = false;
    changed_.notify();
  }
}

void CommandQueue::write(Thread& thread, std::uint32_t position, const arch::Command& command) {
  std::uint8_t bytes[16];
  arch::store_words(bytes, arch::encode(command));
  thread.write_bytes(address(position), bytes, sizeof bytes);
}

void CommandQueue::publish(Thread& thread, std::uint32_t start) {
  while (published_ != start) changed_.wait(thread);  // the owner before
  owned_ = false;                                     // who reserves from here on publishes itself
  const std::uint32_t end = prod_;
  while (!all_written(start, end)) changed_.wait(thread);
  for (std::uint32_t at = start; at != end; at = index_.next(at)) {
    Slot& slot = slots_[index_.index(at)];
    slot.written = false;
    if (slot.response) ledger_.enter(slot.fault, probe::Stage::command, thread.now());
  }
  thread.write32(registers_ + arch::reg::kCmdqProd, end);
  published_ = end;
  changed_.notify();
}

bool CommandQueue::all_written(std::uint32_t first, std::uint32_t end) {
  for (std::uint32_t at = first; at != end; at = index_.next(at)) {
    if (!slots_[index_.index(at)].written) return false;
  }
  return true;
}

void CommandQueue::wait_for_sync(Thread& thread, std::uint32_t position) {
  ++syncs_;
  PollBackoff backoff(thread);
  while (!completed(thread, position)) {
    if (backoff.wait()) continue;
    report("CMD_SYNC at index " + hex(index_.index(position)) + " not completed for a second");
    break;
  }
  // Entries are reused once CONS is known to have passed them, so only the last waiter may let it.
  if (--waiting_for_sync_ == 0) consumed(index_.next(position));
  changed_.notify();
}

bool CommandQueue::completed(Thread& thread, std::uint32_t position) {
  if (sync_ == SyncMode::msi) return thread.read32(address(position)) == 0;
  const std::uint32_t cons = thread.read32(registers_ + arch::reg::kCmdqCons);
  return index_.with_wrap(cons - position - 1) < index_.size();
}

void CommandQueue::consumed(std::uint32_t cons) {
  if (index_.count(prod_, cons) < index_.count(prod_, cons_)) cons_ = index_.with_wrap(cons);
}

arch::Command CommandQueue::sync_command(std::uint32_t position) const {
  arch::Command sync;
  sync.opcode = arch::Opcode::sync;
  if (sync_ == SyncMode::poll) return sync;
  sync.signal = arch::SyncSignal::irq;
  sync.msi_address = address(position);  // zero over its own first word
  sync.msi_shareability = 3;
  sync.msi_attributes = 0xF;
  return sync;
}

std::uint64_t CommandQueue::address(std::uint32_t position) const {
  return base_.entry(position, arch::kLog2CommandBytes).value;
}

void CommandQueue::recover(Thread& thread) {
  ++errors_;
  const std::uint32_t cons = thread.read32(registers_ + arch::reg::kCmdqCons);
  const arch::CommandError error = arch::cmdq_cons::error(cons);
  std::uint8_t bytes[16];
  thread.read_bytes(address(cons), bytes, sizeof bytes);
  const arch::Command command = arch::decode_command(arch::load_words<2>(bytes));
  report(describe(error) + " at index " + hex(index_.index(cons)) + ": " + name(command.opcode));
  if (error == arch::CommandError::fetch_abort || error == arch::CommandError::atc_invalidate_sync) return;
  write(thread, cons, arch::Command{});  // a CMD_SYNC that signals nobody
  thread.barrier();
}

void CommandQueue::report(const std::string& what) {
  if (on_error) on_error(what);
}

}  // namespace svasim::host
