// A process as the host keeps it. Private to host's files.
#pragma once

#include "models/host/host.hpp"

namespace svasim::host {

struct Host::Process {
  Process(Cpus& cpus, const MmServices& services, SmmuDriver& driver, LinuxVersion linux_version)
      : space(services, driver, linux_version, TableFormat::stage1), jobs(cpus) {}

  std::uint32_t number = 0;
  std::uint32_t pasid = 0;  ///< 0: none yet
  std::uint16_t asid = 0;
  AddressSpace space;
  std::vector<Master*> masters;  ///< bound to it
  JobThread jobs;
};

}  // namespace svasim::host
