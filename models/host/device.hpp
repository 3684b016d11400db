// A device as the host's software knows it.
#pragma once

#include <optional>
#include <vector>

#include "models/arch/types.hpp"

namespace svasim::host {

/// Who makes pages present that a device finds missing.
enum class FaultMode : std::uint8_t {
  pri,     ///< the device asks for them (PRI), the I/O page fault service answers
  stall,   ///< the SMMU stalls the access, the I/O page fault service resumes it
  device,  ///< the access is terminated; the device tells its own driver by its own interrupt, and retries
  pinned,  ///< nobody: memory is pinned when it is bound, a miss terminates the access
  none,    ///< nobody: SVA without I/O page faults
};

/// What firmware and configuration space tell of a device, and how its driver uses it.
struct DeviceDescription {
  arch::StreamId stream{};
  bool ats = true;  ///< behind PCIe, with ATS; otherwise a platform device
  FaultMode faults = FaultMode::pri;
  unsigned pasid_bits = 20;       ///< PASID capability, or "pasid-num-bits"; 0: none
  bool response_pasid = true;     ///< PRG Response PASID Required
  std::optional<unsigned> group;  ///< IOMMU group; devices of one share PASIDs. None: alone
  /// Its driver registered a fault handler of its own: its faults go to that driver's thread, one after the
  /// other, instead of the workqueue.
  bool own_handler = false;
  std::uint64_t fault_registers = 0;     ///< FaultMode::device: its device_fault registers
  std::uint64_t config_space = 0;        ///< of a PCIe function; 0: its capabilities are enabled already
  std::uint32_t page_requests = 64;      ///< PRI: allocation, if its capacity is that much
  std::vector<std::uint32_t> processes;  ///< numbers, as in the trace, of the processes to bind to it
};

}  // namespace svasim::host
