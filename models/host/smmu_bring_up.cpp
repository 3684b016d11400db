// The SMMU driver's bring-up, in Linux' order. See smmu_driver.hpp.
#include <algorithm>

#include "models/host/smmu_driver.hpp"
#include "models/host/text.hpp"

namespace svasim::host {
namespace {

using arch::Opcode;
namespace reg = arch::reg;

constexpr Picoseconds kMicrosecond = 1'000'000;
constexpr unsigned kAckLooks = 100'000;  ///< 100 ms, a microsecond apart
constexpr unsigned kSplit = 8;           ///< low StreamID bits in a level-2 stream table
constexpr unsigned kMaxLog2L1 = 17;      ///< a level-1 stream table of 1 MB

}  // namespace

bool SmmuDriver::bring_up(Thread& thread) {
  if (!read_features(thread) || !write_and_wait(thread, reg::kCr0, reg::kCr0Ack, 0)) return false;
  thread.write32(reg(reg::kCr1), arch::cr1::kWriteBack);
  thread.write32(reg(reg::kCr2), arch::cr2::kPtm | arch::cr2::kRecInvSid);
  if (!set_up_stream_table(thread) || !set_up_command_queue(thread)) return false;
  invalidate_everything(thread);
  if (!set_up_output_queue(thread, events_, reg::kEventqBase,
                           std::min<unsigned>(config_.eventq_log2, features_.eventqs),
                           arch::kLog2EventBytes) ||
      !enable(thread, arch::cr0::kEventqEn)) {
    return false;
  }
  if (features_.pri && (!set_up_output_queue(thread, requests_, reg::kPriqBase,
                                             std::min<unsigned>(config_.priq_log2, features_.priqs),
                                             arch::kLog2PageRequestBytes) ||
                        !enable(thread, arch::cr0::kPriqEn))) {
    return false;
  }
  if (features_.ats && !enable(thread, arch::cr0::kAtsChk)) return false;
  return set_up_interrupts(thread) && enable(thread, arch::cr0::kSmmuEn);
}

bool SmmuDriver::read_features(Thread& thread) {
  arch::IdRegisters id;
  id.idr0 = thread.read32(reg(reg::kIdr0));
  id.idr1 = thread.read32(reg(reg::kIdr1));
  id.idr3 = thread.read32(reg(reg::kIdr3));
  id.idr5 = thread.read32(reg(reg::kIdr5));
  features_ = arch::decode_features(id);
  if (!features_.s1p || !features_.gran4k) return error("the SMMU has no stage 1 with 4 KB pages");
  return true;
}

bool SmmuDriver::write_and_wait(Thread& thread, std::uint32_t offset, std::uint32_t ack,
                                std::uint32_t value) {
  thread.barrier();
  thread.write32(reg(offset), value);
  for (unsigned looks = 0; looks < kAckLooks; ++looks) {
    if (thread.read32(reg(ack)) == value) return true;
    thread.run(kMicrosecond);
  }
  return error("register " + hex(offset) + " not acknowledged");
}

bool SmmuDriver::enable(Thread& thread, std::uint32_t cr0_bits) {
  cr0_ |= cr0_bits;
  return write_and_wait(thread, reg::kCr0, reg::kCr0Ack, cr0_);
}

bool SmmuDriver::set_up_stream_table(Thread& thread) {
  two_level_streams_ = features_.st_level && features_.sidsize > kSplit;
  log2_streams_ =
      two_level_streams_ ? std::min<unsigned>(features_.sidsize, kMaxLog2L1 + kSplit) : features_.sidsize;
  const unsigned log2_bytes = two_level_streams_ ? log2_streams_ - kSplit + 3 : log2_streams_ + 6;
  const auto table =
      tables_.take(std::uint64_t{1} << log2_bytes, std::uint64_t{1} << std::max(log2_bytes, 6u));
  if (!table) return error("no memory for the stream table");
  stream_table_ = *table;
  thread.write64(reg(reg::kStrtabBase), stream_table_);
  thread.write32(reg(reg::kStrtabBaseCfg), arch::strtab::config(log2_streams_, kSplit, two_level_streams_));
  return true;
}

std::optional<arch::QueueBase> SmmuDriver::take_queue(unsigned log2_size, unsigned log2_entry) {
  const std::uint64_t bytes = std::uint64_t{1} << (log2_size + log2_entry);
  const auto address = tables_.take(bytes, std::max<std::uint64_t>(bytes, 32));
  if (!address) {
    error("no memory for a queue");
    return std::nullopt;
  }
  return arch::QueueBase{arch::Pa(*address), static_cast<std::uint8_t>(log2_size)};
}

bool SmmuDriver::set_up_command_queue(Thread& thread) {
  const unsigned log2_size = std::min<unsigned>(config_.cmdq_log2, features_.cmdqs);
  if (log2_size == 0) return error("the command queue has one entry only");
  const auto base = take_queue(log2_size, arch::kLog2CommandBytes);
  if (!base) return false;
  commands_.set_up(thread, *base, features_.msi && features_.cohacc);
  return enable(thread, arch::cr0::kCmdqEn);
}

void SmmuDriver::invalidate_everything(Thread& thread) {
  arch::Command command;
  command.opcode = Opcode::cfgi_ste_range;
  command.range = arch::kCfgiAllRange;
  commands_.issue(thread, command, true);
  command = {};
  if (features_.hyp) {
    command.opcode = Opcode::tlbi_el2_all;
    commands_.issue(thread, command, true);
  }
  command.opcode = Opcode::tlbi_nsnh_all;
  commands_.issue(thread, command, true);
}

bool SmmuDriver::set_up_output_queue(Thread& thread, OutputQueue& queue, std::uint32_t base_register,
                                     unsigned log2_size, unsigned log2_entry) {
  const auto base = take_queue(log2_size, log2_entry);
  if (!base) return false;
  thread.write64(reg(base_register), base->encode());
  queue.set_up(thread, *base);
  return true;
}

bool SmmuDriver::set_up_interrupts(Thread& thread) {
  if (!write_and_wait(thread, reg::kIrqCtrl, reg::kIrqCtrlAck, 0)) return false;
  const auto msi = [&](std::uint32_t cfg0, std::uint32_t cfg1, SmmuLine line) {
    if (!features_.msi) return;  // wired
    thread.write64(reg(cfg0), doorbell_);
    thread.write32(reg(cfg1), static_cast<std::uint32_t>(line));
  };
  msi(reg::kEventqIrqCfg0, reg::kEventqIrqCfg1, SmmuLine::event);
  msi(reg::kGerrorIrqCfg0, reg::kGerrorIrqCfg1, SmmuLine::gerror);
  std::uint32_t enabled = arch::irq_ctrl::kEventq | arch::irq_ctrl::kGerror;
  if (features_.pri) {
    msi(reg::kPriqIrqCfg0, reg::kPriqIrqCfg1, SmmuLine::pri);
    thread.write32(reg(reg::kPriqIrqCfg2), 0);  // interrupt when the queue becomes non-empty
    enabled |= arch::irq_ctrl::kPriq;
  }
  return write_and_wait(thread, reg::kIrqCtrl, reg::kIrqCtrlAck, enabled);
}

std::optional<std::uint64_t> SmmuDriver::ste_address(Thread& thread, arch::StreamId stream) {
  constexpr std::uint64_t kSteBytes = sizeof(arch::SteWords);
  const std::uint32_t sid = arch::raw(stream);
  if (std::uint64_t{sid} >> log2_streams_ != 0) return std::nullopt;
  if (!two_level_streams_) return stream_table_ + sid * kSteBytes;
  const std::uint32_t first = sid >> kSplit;
  auto leaf = stream_leaves_.find(first);
  if (leaf == stream_leaves_.end()) {
    const std::uint64_t bytes = kSteBytes << kSplit;
    const auto table = tables_.take(bytes, bytes);
    if (!table) return std::nullopt;
    arch::L1Std descriptor;
    descriptor.span = kSplit + 1;
    descriptor.l2_ptr = *table;
    thread.write64(stream_table_ + first * 8, arch::encode(descriptor));
    leaf = stream_leaves_.emplace(first, *table).first;
  }
  return leaf->second + (sid & arch::mask(kSplit)) * kSteBytes;
}

}  // namespace svasim::host
