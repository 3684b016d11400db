// See device_faults.hpp.
#include "models/host/device_faults.hpp"

#include "models/arch/device_fault.hpp"

namespace svasim::host {

namespace reg = arch::device_fault;

bool DeviceFaults::add_device(Thread& thread, const DeviceDescription& device) {
  const unsigned line = kFirstLine + static_cast<unsigned>(queues_.size());
  constexpr std::uint64_t kQueueBytes = std::uint64_t{1} << (kLog2Entries + reg::kLog2RecordBytes);
  const auto memory = tables_.take(kQueueBytes, kQueueBytes);
  if (line >= InterruptController::kLines || !memory) return false;
  const std::uint64_t base = device.fault_registers;
  queues_.push_back(std::make_unique<OutputQueue>(base + reg::kProd, base + reg::kCons, reg::kLog2RecordBytes,
                                                  probe::FaultKind::device, ledger_, costs_[Cost::pop],
                                                  costs_[Cost::wake]));
  OutputQueue& queue = *queues_.back();
  interrupts_.connect(
      line,
      [this](Thread& t) { ledger_.advance(probe::FaultKind::device, probe::Stage::irq_thread, t.now()); },
      [this, &queue, stream = device.stream](Thread& t) {
        queue.drain(t, [&](const std::uint8_t* entry) {
          const reg::Record record = reg::decode(arch::load_words<2>(entry));
          IoPageFault fault;
          fault.kind = probe::FaultKind::device;
          fault.stream = stream;
          fault.substream = record.substream;
          fault.token = record.token;
          fault.access = {!record.write, record.write, record.execute};
          fault.va = record.va;
          service_.report(t, fault);
        });
      });
  const arch::QueueBase where{arch::Pa(*memory), static_cast<std::uint8_t>(kLog2Entries)};
  queue.set_up(thread, where);
  thread.write64(base + reg::kMsiAddress, doorbell_);
  thread.write32(base + reg::kMsiData, line);
  thread.barrier();
  thread.write64(base + reg::kQueueBase, where.encode());  // which enables it
  return true;
}

std::uint64_t DeviceFaults::records() const {
  std::uint64_t records = 0;
  for (const auto& queue : queues_) records += queue->records();
  return records;
}

}  // namespace svasim::host
