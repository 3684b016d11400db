// Shared virtual addressing: which process which device uses under which PASID. Contract: a PASID is
// system-wide, one per process, taken at its first bind and given back when the process is gone and bound
// nowhere; devices of an IOMMU group are bound together. Error numbers are Linux'. Source rule: Linux
// iommu-sva and arm-smmu-v3-sva (6.1 and 7.0 where they differ), and the API proposals that led there.
#pragma once

#include <map>
#include <memory>

#include "models/host/fault_service.hpp"
#include "models/host/id_allocator.hpp"
#include "models/host/pci_function.hpp"
#include "models/host/process.hpp"

namespace svasim::host {

/// IOMMU_DEV_FEAT_*: switches of the API that 6.1 had and 7.0 has no more.
enum class Feature : std::uint8_t { iopf, sva };

/// A device as SVA sees it.
struct SvaDevice {
  Master* master = nullptr;
  IommuGroup* group = nullptr;
  std::optional<PciFunction> pci;  ///< its driver's hold on it
  bool iopf_enabled = false, sva_enabled = false;
  bool initialised = false;     ///< by sva_init()
  std::uint32_t min_pasid = 0;  ///< override; 0: the system's
  std::uint32_t max_pasid = 0;  ///< override; 0: the hardware's
  unsigned faulting_bonds = 0;  ///< that may fault
  Process* whole_device = nullptr;
};

/// Devices that cannot be told apart, or apart from each other's accesses.
struct IommuGroup {
  std::vector<SvaDevice*> devices;
};

class Sva {
 public:
  Sva(SmmuDriver& driver, FaultService& service, Costs& costs, const HostConfig& config);

  /// A device that the SMMU driver is attached to.
  void add_device(Master& master);
  SvaDevice* find(arch::StreamId stream);

  /// invalid: the device cannot do it, or not in that state or order; busy: it is in use, or on already. In
  /// 6.1 a device whose SVA is off is bound to no process; 7.0 does not ask.
  /// A PCIe function's PRI goes on and off with IOPF; busy: it has not stopped.
  Status enable(Thread& thread, SvaDevice& device, Feature feature);
  Status disable(Thread& thread, SvaDevice& device, Feature feature);
  /// The range of PASIDs the device may use; 0: no limit but the hardware's. `features` are reserved.
  Status init(SvaDevice& device, unsigned features, std::uint32_t min_pasid, std::uint32_t max_pasid);
  Status shutdown(SvaDevice& device);

  /// By the process's thread. Bound already: counts.
  Status bind(Thread& thread, SvaDevice& device, Process& process, BindKind kind);
  /// The last one for its bind ends it.
  Status unbind(Thread& thread, SvaDevice& device, Process& process);
  void unbind_all(Thread& thread, Process& process);
  /// The process's memory is about to be unmapped (the notifier's release): its contexts stay, quiet.
  void release(Thread& thread, Process& process);
  /// The process is gone: its PASID may be used again, if it is bound nowhere.
  void drop_pasid(Process& process);

  /// Must the memory of the process be pinned as it is mapped?
  static bool pins(const Process& process);
  /// Whose memory a fault is about; null if such faults are not served.
  AddressSpace* faulting_space(arch::StreamId stream, arch::SubstreamId substream);
  const IdAllocator& pasids() const { return pasids_; }

  /// For a checker: see Notifier; with the PASID.
  std::function<void(std::uint32_t pasid, std::uint64_t va, std::uint64_t bytes)> on_begin, on_end;

 private:
  Status take_pasid(SvaDevice& device, Process& process);
  Status attach(Thread& thread, SvaDevice& device, Process& process, BindKind kind);
  void detach(Thread& thread, SvaDevice& device, Process& process, BindKind kind);
  Status bind_locked(Thread& thread, SvaDevice& device, Process& process, BindKind kind);
  bool faults(const SvaDevice& device, const Process& process) const;
  arch::Cd context_descriptor(const SvaDevice& device, const Process& process) const;
  void end_bond(Thread& thread, Process& process, std::vector<Bond>::iterator which);
  void stop_devices(Thread& thread, const Process& process, Bond bond);
  static arch::SubstreamId substream(const Process& process, BindKind kind);

  SmmuDriver& driver_;
  FaultService& service_;
  Costs& costs_;
  const HostConfig& config_;
  RwLock lock_;  ///< taken for writing by who changes bonds
  IdAllocator pasids_;
  IdAllocator asids_;
  std::map<arch::StreamId, std::unique_ptr<SvaDevice>> devices_;
  std::map<unsigned, IommuGroup*> numbered_groups_;
  std::vector<std::unique_ptr<IommuGroup>> groups_;
  std::map<std::uint32_t, Process*> by_pasid_;
};

}  // namespace svasim::host
