// A device as the host's software knows it.
#pragma once

#include <vector>

#include "models/arch/types.hpp"
#include "models/probe/recorder.hpp"

namespace svasim::host {

/// What firmware and configuration space tell of a device.
struct DeviceDescription {
  arch::StreamId stream{};
  /// pri: behind PCIe, with ATS and PRI. stall: a platform device; its transactions stall in the SMMU.
  probe::FaultKind kind = probe::FaultKind::pri;
  unsigned pasid_bits = 20;              ///< PASID capability, or "pasid-num-bits"
  bool response_pasid = true;            ///< PRG Response PASID Required
  std::vector<std::uint32_t> processes;  ///< numbers, as in the trace, of the processes to bind to it
};

}  // namespace svasim::host
