// See fault_service.hpp.
#include "models/host/fault_service.hpp"

#include <algorithm>

namespace svasim::host {

using probe::Stage;

struct FaultService::Device {
  DeviceDescription description;
  Mutex mutex;
  std::vector<IoPageFault> partial;  ///< of groups whose last request has not come, in order of arrival
};

struct FaultService::Group {
  Device* device = nullptr;
  std::vector<IoPageFault> faults;
};

FaultService::FaultService(Cpus& cpus, const HostConfig& config, SmmuDriver& driver, const Ledger& ledger,
                           Costs& costs, FindSpace find_space)
    : config_(config),
      driver_(driver),
      ledger_(ledger),
      costs_(costs),
      find_space_(std::move(find_space)),
      workqueue_(cpus, config.workers, costs[Cost::kworker],
                 [this](Thread& thread, Group* group) { serve(thread, *group); }) {}

FaultService::~FaultService() = default;

void FaultService::add_device(const DeviceDescription& description) {
  auto device = std::make_unique<Device>();
  device->description = description;
  devices_.emplace(description.stream, std::move(device));
}

FaultService::Group& FaultService::take_group(Device& device) {
  if (free_groups_.empty()) {
    all_groups_.push_back(std::make_unique<Group>());
    free_groups_.push_back(all_groups_.back().get());
  }
  Group& group = *free_groups_.back();
  free_groups_.pop_back();
  group.device = &device;
  group.faults.clear();
  return group;
}

void FaultService::report(Thread& thread, const IoPageFault& fault) {
  ledger_.popped(fault.key(), fault.va, thread.now());
  thread.run(costs_.draw(Cost::report));
  const auto found = devices_.find(fault.stream);
  const bool served = fault.kind == probe::FaultKind::stall || config_.pri_policy == PriPolicy::serve;
  if (found == devices_.end() || !served) return refuse(thread, fault);
  Device& device = *found->second;
  device.mutex.lock(thread);
  if (!fault.last) {
    device.partial.push_back(fault);
    ledger_.partial(fault.key(), fault.va, thread.now());
    device.mutex.unlock();
    return;
  }
  Group& group = take_group(device);
  const auto others = std::stable_partition(device.partial.begin(), device.partial.end(),
                                            [&](const IoPageFault& f) { return f.token != fault.token; });
  group.faults.assign(others, device.partial.end());  // by PRG index alone, whatever the PASID
  device.partial.erase(others, device.partial.end());
  group.faults.push_back(fault);
  device.mutex.unlock();
  ++groups_;
  ledger_.enter(fault.key(), Stage::workqueue, thread.now());
  workqueue_.queue(&group);
}

void FaultService::refuse(Thread& thread, const IoPageFault& fault) {
  if (!fault.last) return ledger_.partial(fault.key(), fault.va, thread.now());
  ledger_.enter(fault.key(), Stage::response, thread.now());
  ++responses_;
  ++failed_;
  if (fault.kind == probe::FaultKind::stall) return driver_.resume(thread, fault.stream, fault.token, false);
  DeviceDescription device;
  device.stream = fault.stream;
  driver_.respond(thread, device, fault.substream, fault.token, arch::PriResponse::failure);
}

void FaultService::discard_partial() {
  for (auto& [stream, device] : devices_) {
    discarded_ += device->partial.size();
    device->partial.clear();
  }
}

void FaultService::serve(Thread& thread, Group& group) {
  const bool success = std::all_of(group.faults.begin(), group.faults.end(),
                                   [&](const IoPageFault& fault) { return make_present(thread, fault); });
  respond(thread, group, success);
  free_groups_.push_back(&group);
}

/// One page, as Linux' SVA handler does it. False: the group is answered with an error.
bool FaultService::make_present(Thread& thread, const IoPageFault& fault) {
  ledger_.enter(fault.key(), Stage::mm_lock, thread.now());
  thread.run(costs_.draw(Cost::mm_lock));
  AddressSpace* space = fault.substream.valid ? find_space_(fault.substream.value) : nullptr;
  if (space == nullptr || !space->get()) return false;
  space->mmap_lock.lock_shared(thread);
  ledger_.enter(fault.key(), Stage::mm_fault, thread.now());
  const MmResult result = space->handle_fault(thread, fault.va.value, fault.access);
  space->mmap_lock.unlock_shared();
  space->put(thread);
  return result == MmResult::ok;
}

void FaultService::respond(Thread& thread, Group& group, bool success) {
  const IoPageFault& fault = group.faults.back();
  ledger_.enter(fault.key(), Stage::response, thread.now());
  group.device->mutex.lock(thread);
  thread.run(costs_.draw(Cost::response));
  if (fault.kind == probe::FaultKind::stall) {
    driver_.resume(thread, fault.stream, fault.token, success);
  } else {
    driver_.respond(thread, group.device->description, fault.substream, fault.token,
                    success ? arch::PriResponse::success : arch::PriResponse::invalid);
  }
  group.device->mutex.unlock();
  ++responses_;
  if (!success) ++failed_;
}

}  // namespace svasim::host
