// See fault_service.hpp.
#include "models/host/fault_service.hpp"

#include <algorithm>

#include "models/arch/device_fault.hpp"

namespace svasim::host {

using probe::FaultKind;
using probe::Stage;

struct FaultService::Device {
  DeviceDescription description;
  Mutex mutex;
  std::vector<IoPageFault> partial;      ///< of groups whose last request has not come, in order of arrival
  std::vector<Group*> pending;           ///< not answered yet
  std::unique_ptr<WorkerPool> own_pool;  ///< of a driver that handles faults itself
  std::unique_ptr<Workqueue> own_queue;
};

struct FaultService::Group : WorkItem {
  Device* device = nullptr;
  bool answered = false;
  std::vector<IoPageFault> faults;
};

FaultService::FaultService(Cpus& cpus, const HostConfig& config, SmmuDriver& driver, const Ledger& ledger,
                           Costs& costs, FindSpace find_space)
    : cpus_(cpus),
      config_(config),
      driver_(driver),
      ledger_(ledger),
      costs_(costs),
      find_space_(std::move(find_space)),
      pool_(cpus, costs[Cost::kworker],
            [this](Thread& thread, WorkItem& item) { serve(thread, static_cast<Group&>(item)); }) {}

FaultService::~FaultService() = default;

void FaultService::add_device(const DeviceDescription& description) {
  auto device = std::make_unique<Device>();
  device->description = description;
  if (description.own_handler) {
    device->own_pool = std::make_unique<WorkerPool>(
        cpus_, costs_[Cost::driver_handler],
        [this](Thread& thread, WorkItem& item) { serve(thread, static_cast<Group&>(item)); });
    device->own_queue = std::make_unique<Workqueue>(*device->own_pool, 1, costs_[Cost::wake]);
  }
  devices_.emplace(description.stream, std::move(device));
}

FaultService::Device* FaultService::find(arch::StreamId stream) const {
  const auto found = devices_.find(stream);
  return found == devices_.end() ? nullptr : found->second.get();
}

FaultService::Group& FaultService::take_group(Device& device) {
  if (free_groups_.empty()) {
    all_groups_.push_back(std::make_unique<Group>());
    free_groups_.push_back(all_groups_.back().get());
  }
  Group& group = *free_groups_.back();
  free_groups_.pop_back();
  group.device = &device;
  group.answered = false;
  group.faults.clear();
  device.pending.push_back(&group);
  return group;
}

Workqueue& FaultService::queue_for(Device& device, const IoPageFault& fault) {
  if (device.own_queue) return *device.own_queue;
  std::uint64_t key = 0;  // there is one SMMU
  switch (config_.workqueue) {
    case WorkqueueScope::global:
    case WorkqueueScope::per_smmu: break;
    case WorkqueueScope::per_queue: key = static_cast<std::uint64_t>(fault.kind); break;
    case WorkqueueScope::per_device: key = arch::raw(fault.stream); break;
    case WorkqueueScope::per_domain:
      key = fault.substream.valid ? fault.substream.value : std::uint64_t{arch::raw(fault.stream)} << 32;
      break;
  }
  auto& queue = queues_[key];
  if (!queue) queue = std::make_unique<Workqueue>(pool_, config_.active_limit(), costs_[Cost::wake]);
  return *queue;
}

/// Faults nobody handles: unknown devices, devices that were not to fault, page requests as mainline sees
/// them, and stage 2, whose memory is pinned.
bool FaultService::refused(const Device* device, const IoPageFault& fault) const {
  if (device == nullptr || (fault.stage2 && config_.s2_pinned)) return true;
  switch (fault.kind) {
    case FaultKind::pri:
      return config_.pri_policy != PriPolicy::serve || device->description.faults != FaultMode::pri;
    case FaultKind::stall: return device->description.faults != FaultMode::stall;
    case FaultKind::device: return false;
  }
  return true;
}

void FaultService::report(Thread& thread, const IoPageFault& fault) {
  ledger_.popped(fault.key(), fault.va, thread.now());
  thread.run(costs_.draw(Cost::report));
  Device* found = find(fault.stream);
  if (refused(found, fault)) return refuse(thread, fault);
  Device& device = *found;
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
  queue_for(device, fault).queue(group);
}

/// Nobody to handle it: 6.1 calls that a failure, 7.0 an invalid request; mainline denies page requests.
void FaultService::refuse(Thread& thread, const IoPageFault& fault) {
  if (!fault.last) return ledger_.partial(fault.key(), fault.va, thread.now());
  const bool failure =
      config_.pri_policy == PriPolicy::mainline_deny || config_.linux_version == LinuxVersion::v6_1;
  ledger_.enter(fault.key(), Stage::response, thread.now());
  ++responses_;
  ++failed_;
  DeviceDescription device;
  device.stream = fault.stream;
  send(thread, device, fault, failure ? arch::PriResponse::failure : arch::PriResponse::invalid);
}

void FaultService::discard_partial() {
  for (auto& [stream, device] : devices_) {
    discarded_ += device->partial.size();
    device->partial.clear();
  }
}

void FaultService::remove_device(Thread& thread, arch::StreamId stream) {
  Device* device = find(stream);
  if (device == nullptr) return;
  device->mutex.lock(thread);
  discarded_ += device->partial.size();
  device->partial.clear();
  const std::vector<Group*> pending = std::exchange(device->pending, {});
  for (Group* group : pending) {
    const IoPageFault fault = group->faults.back();  // once answered, the group may be somebody else's
    group->answered = true;
    ledger_.enter(fault.key(), Stage::response, thread.now());
    ++responses_;
    ++failed_;
    send(thread, device->description, fault, arch::PriResponse::invalid);
  }
  device->mutex.unlock();
}

void FaultService::flush(Thread& thread, arch::StreamId stream) {
  Device* device = find(stream);
  if (device == nullptr) return;
  if (device->own_queue) return device->own_queue->flush(thread);
  // A device may have faults in several: by domain in any of them.
  for (auto& [key, queue] : queues_) {
    if (config_.workqueue == WorkqueueScope::per_device && key != arch::raw(stream)) continue;
    queue->flush(thread);
  }
}

std::size_t FaultService::workqueue_peak() const {
  std::size_t peak = 0;
  for (const auto& [key, queue] : queues_) peak = std::max(peak, queue->peak());
  return peak;
}

void FaultService::serve(Thread& thread, Group& group) {
  const bool success = std::all_of(group.faults.begin(), group.faults.end(), [&](const IoPageFault& fault) {
    return make_present(thread, group, fault);
  });
  respond(thread, group, success);
  free_groups_.push_back(&group);
}

/// One page, as Linux' SVA handler does it. False: the group is answered with an error.
bool FaultService::make_present(Thread& thread, const Group& group, const IoPageFault& fault) {
  const auto enter =
      [&](Stage stage) {  // what remove_device() has answered is over: its token may be another's
        if (!group.answered) ledger_.enter(fault.key(), stage, thread.now());
      };
  enter(Stage::mm_lock);
  thread.run(costs_.draw(Cost::mm_lock));
  AddressSpace* space = find_space_(fault.stream, fault.substream);
  if (space == nullptr || !space->get()) return false;
  space->mmap_lock.lock_shared(thread);
  enter(Stage::mm_fault);
  const MmResult result = space->handle_fault(thread, fault.va.value, fault.access);
  space->mmap_lock.unlock_shared();
  space->put(thread);
  return result == MmResult::ok;
}

void FaultService::respond(Thread& thread, Group& group, bool success) {
  const IoPageFault& fault = group.faults.back();
  Device& device = *group.device;
  if (group.answered) return;  // remove_device() was faster
  ledger_.enter(fault.key(), Stage::response, thread.now());
  device.mutex.lock(thread);
  if (!group.answered) {
    device.pending.erase(std::find(device.pending.begin(), device.pending.end(), &group));
    thread.run(costs_.draw(Cost::response));
    send(thread, device.description, fault,
         success ? arch::PriResponse::success : arch::PriResponse::invalid);
    ++responses_;
    if (!success) ++failed_;
  }
  device.mutex.unlock();
}

void FaultService::send(Thread& thread, const DeviceDescription& device, const IoPageFault& fault,
                        arch::PriResponse response) {
  const bool success = response == arch::PriResponse::success;
  switch (fault.kind) {
    case FaultKind::stall: return driver_.resume(thread, fault.stream, fault.token, success);
    case FaultKind::pri: return driver_.respond(thread, device, fault.substream, fault.token, response);
    case FaultKind::device:
      thread.write32(device.fault_registers + arch::device_fault::kResolve,
                     arch::device_fault::resolution(fault.token, success));
      ledger_.enter(fault.key(), Stage::command, thread.now());
  }
}

}  // namespace svasim::host
