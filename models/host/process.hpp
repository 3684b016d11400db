// A process, a page table that a device driver keeps for itself, or the memory of a virtual machine, as far
// as the host's software knows it.
#pragma once

#include "models/host/address_space.hpp"
#include "models/host/jobs.hpp"

namespace svasim::host {

struct IommuGroup;

/// What a bond makes of a device's accesses.
enum class BindKind : std::uint8_t {
  pasid,         ///< those with the process's PASID
  whole_device,  ///< those without PASID
};

/// A process is bound to an IOMMU group.
struct Bond {
  IommuGroup* group = nullptr;
  BindKind kind = BindKind::pasid;
  unsigned users = 0;  ///< binds that were not undone
};

struct Process {
  Process(Cpus& cpus, std::uint32_t its_number, bool kernels, const MmServices& services, SmmuDriver& driver,
          LinuxVersion linux_version, TableFormat format, bool premapped)
      : number(its_number),
        kernel(kernels),
        space(services, driver, linux_version, format, premapped),
        jobs(cpus) {}

  std::uint32_t number;     ///< as in the trace
  bool kernel;              ///< no process: a driver's own page table (private PASID)
  std::uint32_t pasid = 0;  ///< 0: none yet. Kept until the process is gone and unbound.
  std::uint16_t asid = 0;   ///< or VMID; 0: bound nowhere
  AddressSpace
      space;  ///< of a virtual machine: its tables are stage 2, so devices are bound to it as a whole
  std::vector<Bond> bonds;
  bool exited = false;
  bool quiet = false;  ///< its context descriptors translate nothing any more
  JobThread jobs;

  TlbTag tag() const { return {asid, space.stage2()}; }
};

}  // namespace svasim::host
