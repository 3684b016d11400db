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

/// One faulting page, as the driver reports it.
struct IoPageFault {
  probe::FaultKind kind = probe::FaultKind::pri;
  arch::StreamId stream{};
  arch::SubstreamId substream;
  std::uint16_t token = 0;  ///< PRG index, or STAG
  bool last = true;         ///< of its group
  FaultAccess access;       ///< what the device wants to do
  arch::Va va;

  probe::FaultKey key() const { return {kind, arch::raw(stream), token}; }
};

class FaultService {
 public:
  using FindSpace = std::function<AddressSpace*(std::uint32_t pasid)>;

  FaultService(Cpus& cpus, const HostConfig& config, SmmuDriver& driver, const Ledger& ledger, Costs& costs,
               FindSpace find_space);
  ~FaultService();

  void add_device(const DeviceDescription& device);
  /// By the interrupt thread that popped the record.
  void report(Thread& thread, const IoPageFault& fault);
  /// Page requests were lost: forgets all groups whose last request has not come.
  void discard_partial();

  std::uint64_t groups() const { return groups_; }
  std::uint64_t responses() const { return responses_; }
  std::uint64_t failed_groups() const { return failed_; }  ///< answered with anything but success
  std::uint64_t discarded() const { return discarded_; }   ///< requests of groups forgotten
  std::size_t workqueue_peak() const { return workqueue_.peak(); }

 private:
  struct Device;
  struct Group;

  Group& take_group(Device& device);
  void refuse(Thread& thread, const IoPageFault& fault);
  void serve(Thread& thread, Group& group);
  bool make_present(Thread& thread, const IoPageFault& fault);
  void respond(Thread& thread, Group& group, bool success);

  const HostConfig& config_;
  SmmuDriver& driver_;
  Ledger ledger_;
  Costs& costs_;
  FindSpace find_space_;
  std::map<arch::StreamId, std::unique_ptr<Device>> devices_;
  std::vector<std::unique_ptr<Group>> all_groups_;
  std::vector<Group*> free_groups_;
  Workqueue<Group> workqueue_;
  std::uint64_t groups_ = 0, responses_ = 0, failed_ = 0, discarded_ = 0;
};

}  // namespace svasim::host
