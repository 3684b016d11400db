// The I/O page fault framework: reported faults become groups, workers make their pages present, one response
// ends a group. Contract: a group is one stalled transaction, or the page requests of one PRG index of one
// device up to and including the last; errors stick to a group. Source rule: Linux io-pgfault, its SVA
// handler, and the PRI patches of arm-smmu-v3.
#pragma once

#include <map>
#include <memory>

#include "models/host/address_space.hpp"
#include "models/host/device.hpp"
#include "models/host/ledger.hpp"
#include "models/host/lock.hpp"
#include "models/host/smmu_driver.hpp"
#include "models/host/workqueue.hpp"

namespace svasim::host {

/// One faulting page, as a driver reports it.
struct IoPageFault {
  probe::FaultKind kind = probe::FaultKind::pri;
  arch::StreamId stream{};
  arch::SubstreamId substream;
  std::uint16_t token = 0;  ///< PRG index, STAG, or the device's own
  bool last = true;         ///< of its group
  bool stage2 = false;
  FaultAccess access;  ///< what the device wants to do
  arch::Va va;

  probe::FaultKey key() const { return {kind, arch::raw(stream), token}; }
};

class FaultService {
 public:
  /// The address space a device's accesses with that PASID, or without one, belong to, if faults in it are
  /// served; else null.
  using FindSpace = std::function<AddressSpace*(arch::StreamId stream, arch::SubstreamId substream)>;

  FaultService(Cpus& cpus, const HostConfig& config, SmmuDriver& driver, const Ledger& ledger, Costs& costs,
               FindSpace find_space);
  ~FaultService();

  void add_device(const DeviceDescription& device);
  /// By the thread that took the record.
  void report(Thread& thread, const IoPageFault& fault);
  /// Page requests were lost: forgets all groups whose last request has not come.
  void discard_partial();
  /// The device's faults are served no more: its partial groups are dropped, its pending ones are answered,
  /// whatever workers find out about them later.
  void remove_device(Thread& thread, arch::StreamId stream);
  /// Waits until everything has been served that is queued where this device's faults are, other devices'
  /// included.
  void flush(Thread& thread, arch::StreamId stream);

  std::uint64_t groups() const { return groups_; }
  std::uint64_t responses() const { return responses_; }
  std::uint64_t failed_groups() const { return failed_; }  ///< answered with anything but success
  std::uint64_t discarded() const { return discarded_; }   ///< requests of groups forgotten
  std::size_t workqueue_peak() const;                      ///< of the longest
  std::size_t workers() const { return pool_.workers(); }
  /// `visit(name, bits, value)` for every signal of the waves.
  template <class Visit>
  void signals(Visit&& visit) const {
    std::uint64_t waiting = 0, active = 0;
    for (const auto& queue : queues_) {
      waiting += queue.second->waiting();
      active += queue.second->active();
    }
    visit("groups_live", 16, all_groups_.size() - free_groups_.size());
    visit("work_waiting", 16, waiting);
    visit("work_active", 16, active);
  }

 private:
  struct Device;
  struct Group;

  Device* find(arch::StreamId stream) const;
  Group& take_group(Device& device);
  Workqueue& queue_for(Device& device, const IoPageFault& fault);
  bool refused(const Device* device, const IoPageFault& fault) const;
  void refuse(Thread& thread, const IoPageFault& fault);
  void serve(Thread& thread, Group& group);
  bool make_present(Thread& thread, const Group& group, const IoPageFault& fault);
  void respond(Thread& thread, Group& group, bool success);
  void send(Thread& thread, const DeviceDescription& device, const IoPageFault& fault,
            arch::PriResponse response);

  Cpus& cpus_;
  const HostConfig& config_;
  SmmuDriver& driver_;
  Ledger ledger_;
  Costs& costs_;
  FindSpace find_space_;
  std::map<arch::StreamId, std::unique_ptr<Device>> devices_;
  std::vector<std::unique_ptr<Group>> all_groups_;
  std::vector<Group*> free_groups_;
  WorkerPool pool_;
  std::map<std::uint64_t, std::unique_ptr<Workqueue>> queues_;  ///< by what host.workqueue tells apart
  std::uint64_t groups_ = 0, responses_ = 0, failed_ = 0, discarded_ = 0;
};

}  // namespace svasim::host
