// Drivers of devices that handle their own I/O page faults: the device's interrupt, its queue of records, and
// the fault service, which resolves them at the device. Contract: one queue of 256 records and one interrupt
// thread per device. Source rule: arch device_fault; drivers of RDMA adapters with on-demand paging.
#pragma once

#include <memory>
#include <vector>

#include "models/host/fault_service.hpp"
#include "models/host/irq.hpp"
#include "models/host/output_queue.hpp"

namespace svasim::host {

class DeviceFaults {
 public:
  DeviceFaults(InterruptController& interrupts, MemoryWindow& tables, std::uint64_t doorbell, Costs& costs,
               const Ledger& ledger, FaultService& service)
      : interrupts_(interrupts),
        tables_(tables),
        doorbell_(doorbell),
        costs_(costs),
        ledger_(ledger),
        service_(service) {}

  /// Sets the device's queue and interrupt up. False: no interrupt line or no memory left.
  bool add_device(Thread& thread, const DeviceDescription& device);
  std::uint64_t records() const;

 private:
  static constexpr unsigned kFirstLine = 8, kLog2Entries = 8;

  InterruptController& interrupts_;
  MemoryWindow& tables_;
  std::uint64_t doorbell_;
  Costs& costs_;
  const Ledger& ledger_;
  FaultService& service_;
  std::vector<std::unique_ptr<OutputQueue>> queues_;
};

}  // namespace svasim::host
