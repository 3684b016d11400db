// See sva.hpp.
#include "models/host/sva.hpp"

#include <algorithm>

namespace svasim::host {
namespace {

constexpr std::uint32_t kMaxAsid = 0xFFFF;

}  // namespace

Sva::Sva(SmmuDriver& driver, FaultService& service, Costs& costs, const HostConfig& config)
    : driver_(driver),
      service_(service),
      costs_(costs),
      config_(config),
      lock_(costs[Cost::wake]),
      pasids_(config.min_pasid, config.max_pasid),
      asids_(1, kMaxAsid) {}

void Sva::add_device(Master& master) {
  auto device = std::make_unique<SvaDevice>();
  device->master = &master;
  IommuGroup* group = nullptr;
  if (master.device.group) group = numbered_groups_[*master.device.group];
  if (group == nullptr) {
    groups_.push_back(std::make_unique<IommuGroup>());
    group = groups_.back().get();
    if (master.device.group) numbered_groups_[*master.device.group] = group;
  }
  device->group = group;
  group->devices.push_back(device.get());
  service_.add_device(master.device);
  devices_.emplace(master.device.stream, std::move(device));
}

SvaDevice* Sva::find(arch::StreamId stream) {
  const auto found = devices_.find(stream);
  return found == devices_.end() ? nullptr : found->second.get();
}

// --- switches

Status Sva::enable(Thread& thread, SvaDevice& device, Feature feature) {
  const FaultMode mode = device.master->device.faults;
  const bool iopf_supported = mode == FaultMode::pri || mode == FaultMode::stall;
  if (feature == Feature::iopf) {
    if (!iopf_supported) return Status::invalid;
    if (device.iopf_enabled) return Status::busy;
    const bool pri = mode == FaultMode::pri && device.pci;
    if (pri && !device.pci->enable_pri(thread, device.master->device.page_requests)) return Status::busy;
    device.iopf_enabled = true;
    return Status::ok;
  }
  if (device.master->max_pasids() == 0) return Status::invalid;
  if (device.sva_enabled) return Status::busy;
  if (iopf_supported && !device.iopf_enabled) return Status::invalid;  // other devices do without
  device.sva_enabled = true;
  return Status::ok;
}

Status Sva::disable(Thread& thread, SvaDevice& device, Feature feature) {
  if (feature == Feature::iopf) {
    if (!device.iopf_enabled) return Status::invalid;
    if (device.sva_enabled) return Status::busy;
    if (device.pci) device.pci->disable_pri(thread);
    device.iopf_enabled = false;
    return Status::ok;
  }
  if (!device.sva_enabled) return Status::invalid;
  if (device.master->contexts > 0) return Status::busy;
  device.sva_enabled = false;
  return Status::ok;
}

Status Sva::init(SvaDevice& device, unsigned features, std::uint32_t min_pasid, std::uint32_t max_pasid) {
  if (features != 0) return Status::invalid;
  if (device.initialised) return Status::exists;
  if (device.master->max_pasids() == 0) return Status::no_device;
  if (max_pasid >= device.master->max_pasids() || (max_pasid != 0 && min_pasid > max_pasid)) {
    return Status::invalid;
  }
  device.initialised = true;
  device.min_pasid = min_pasid;
  device.max_pasid = max_pasid;
  return Status::ok;
}

Status Sva::shutdown(SvaDevice& device) {
  if (!device.initialised) return Status::no_device;
  if (device.master->contexts > 0) return Status::busy;
  device.initialised = false;
  device.min_pasid = device.max_pasid = 0;
  return Status::ok;
}

// --- PASIDs

Status Sva::take_pasid(SvaDevice& device, Process& process) {
  const bool v6_1 = config_.linux_version == LinuxVersion::v6_1;
  std::uint32_t limit = device.master->max_pasids();  // exclusive
  if (device.max_pasid != 0) limit = device.max_pasid + 1;
  if (limit == 0) return v6_1 ? Status::no_device : Status::no_space;
  if (process.pasid != 0) {
    // 6.1 compares with its inclusive maximum, so it refuses the last PASID to whoever comes second.
    const std::uint32_t beyond = v6_1 ? limit - 1 : limit;
    return process.pasid < device.min_pasid || process.pasid >= beyond ? Status::overflow : Status::ok;
  }
  std::optional<std::uint32_t> preferred;
  if (config_.pasid_policy == PasidPolicy::trace && process.number >= device.min_pasid) {
    preferred = process.number;
  }
  const auto pasid = pasids_.take(preferred, limit, device.min_pasid);
  if (!pasid) return v6_1 ? Status::no_memory : Status::no_space;
  process.pasid = *pasid;
  by_pasid_[*pasid] = &process;
  const auto hook = [pasid = *pasid](const auto& to) {
    return [&to, pasid](std::uint64_t va, std::uint64_t bytes) {
      if (to) to(pasid, va, bytes);
    };
  };
  process.space.notifier.on_begin = hook(on_begin);
  process.space.notifier.on_end = hook(on_end);
  return Status::ok;
}

void Sva::drop_pasid(Process& process) {
  if (!process.exited || !process.bonds.empty() || process.pasid == 0) return;
  by_pasid_.erase(process.pasid);
  pasids_.give_back(process.pasid);
  process.pasid = 0;
}

AddressSpace* Sva::faulting_space(arch::StreamId stream, arch::SubstreamId substream) {
  const SvaDevice* device = find(stream);
  if (device == nullptr) return nullptr;
  if (!substream.valid) return device->whole_device != nullptr ? &device->whole_device->space : nullptr;
  const auto found = by_pasid_.find(substream.value);
  if (found == by_pasid_.end() || found->second->kernel) return nullptr;
  Process& process = *found->second;
  const bool bound = std::any_of(process.bonds.begin(), process.bonds.end(), [&](const Bond& bond) {
    return bond.group == device->group && bond.kind == BindKind::pasid;
  });
  return bound ? &process.space : nullptr;
}

// --- bonds

arch::SubstreamId Sva::substream(const Process& process, BindKind kind) {
  if (kind == BindKind::whole_device) return {};
  return {true, process.pasid};
}

bool Sva::faults(const SvaDevice& device, const Process& process) const {
  const FaultMode mode = device.master->device.faults;
  return !process.kernel && (mode == FaultMode::pri || mode == FaultMode::stall);
}

arch::Cd Sva::context_descriptor(const SvaDevice& device, const Process& process) const {
  const bool stall = driver_.stalls(*device.master) && (faults(device, process) || driver_.stall_forced());
  arch::Cd cd = process.space.context_descriptor(driver_.features(), stall, process.asid);
  cd.r &= device.master->device.faults != FaultMode::device || config_.device_events;
  return cd;
}

bool Sva::pins(const Process& process) {
  const auto pinned = [](const SvaDevice* d) { return d->master->device.faults == FaultMode::pinned; };
  return std::any_of(process.bonds.begin(), process.bonds.end(), [&](const Bond& bond) {
    return std::any_of(bond.group->devices.begin(), bond.group->devices.end(), pinned);
  });
}

/// What the process has mapped is pinned, if the device needs it, as long as it is bound.
Status Sva::bind(Thread& thread, SvaDevice& device, Process& process, BindKind kind) {
  thread.run(costs_.draw(Cost::syscall));
  const bool pinned_before = pins(process);
  lock_.lock(thread);
  Status status = bind_locked(thread, device, process, kind);
  lock_.unlock();
  if (status != Status::ok || process.kernel || pinned_before || !pins(process)) return status;
  for (const auto& [begin, vma] : std::map(process.space.vmas().all())) {
    if (!vma.premapped) status = process.space.populate(thread, begin, vma.last - begin + 1, true);
    if (status != Status::ok) break;
  }
  return status;
}

Status Sva::bind_locked(Thread& thread, SvaDevice& device, Process& process, BindKind kind) {
  if (process.exited || !process.space.usable()) return Status::no_such_process;
  if (process.space.stage2() && kind != BindKind::whole_device) return Status::invalid;
  const bool asks = config_.linux_version == LinuxVersion::v6_1 && kind == BindKind::pasid && !process.kernel;
  if (asks && !device.sva_enabled) return Status::no_device;
  for (Bond& bond : process.bonds) {
    if (bond.group != device.group) continue;
    if (bond.kind != kind) return Status::busy;
    ++bond.users;
    return Status::ok;
  }
  if (kind == BindKind::pasid) {
    if (const Status status = take_pasid(device, process); status != Status::ok) return status;
  }
  for (const SvaDevice* peer : device.group->devices) {
    if (kind == BindKind::pasid && process.pasid >= peer->master->max_pasids()) return Status::invalid;
    // A driver that gets its device's records by DMA needs the accesses without PASID for itself.
    const bool owned = peer->whole_device != nullptr || peer->master->device.faults == FaultMode::device;
    if (kind == BindKind::whole_device && owned) return Status::busy;
    if (process.space.stage2() && peer->master->contexts > 0) return Status::busy;
  }
  if (process.asid == 0) {
    const auto asid = asids_.take(
        {}, (process.space.stage2() ? driver_.features().vmid16 : driver_.features().asid16) ? kMaxAsid + 1
                                                                                             : 0x100);
    if (!asid) return Status::no_space;
    process.asid = static_cast<std::uint16_t>(*asid);
  }
  process.bonds.push_back({device.group, kind, 1});
  for (SvaDevice* peer : device.group->devices) {
    const Status status = attach(thread, *peer, process, kind);
    if (status == Status::ok) continue;
    return status;  // what has been attached stays until it is unbound
  }
  return Status::ok;
}

Status Sva::attach(Thread& thread, SvaDevice& device, Process& process, BindKind kind) {
  const AtcTarget target{device.master->device.stream, substream(process, kind)};
  if (kind == BindKind::whole_device) device.whole_device = &process;
  if (faults(device, process)) ++device.faulting_bonds;
  process.space.notifier.attach(process.tag(), target, device.master->device.ats);
  if (process.space.stage2()) {
    const bool stall = driver_.stalls(*device.master) && !config_.s2_pinned;
    driver_.use_stage2(thread, *device.master, process.space.root(), process.asid, stall);
    return Status::ok;
  }
  const bool done =
      driver_.install_cd(thread, *device.master, target.substream, context_descriptor(device, process));
  return done ? Status::ok : Status::no_memory;
}

Status Sva::unbind(Thread& thread, SvaDevice& device, Process& process) {
  thread.run(costs_.draw(Cost::syscall));
  const auto find = [&] {
    return std::find_if(process.bonds.begin(), process.bonds.end(),
                        [&](const Bond& b) { return b.group == device.group; });
  };
  if (const auto last = find(); last != process.bonds.end() && last->users == 1) {
    stop_devices(thread, process, *last);
  }
  lock_.lock(thread);
  const auto bond = find();
  if (bond != process.bonds.end() && --bond->users == 0) {
    end_bond(thread, process, bond);
    return Status::ok;
  }
  const Status status = bond == process.bonds.end() ? Status::invalid : Status::ok;
  lock_.unlock();
  return status;
}

void Sva::unbind_all(Thread& thread, Process& process) {
  for (;;) {
    if (!process.bonds.empty()) stop_devices(thread, process, process.bonds.back());
    lock_.lock(thread);
    if (process.bonds.empty()) return lock_.unlock();
    end_bond(thread, process, process.bonds.end() - 1);
  }
}

/// The drivers' part of draining: the devices use the PASID no more, while its faults are still served (so
/// without the lock, which who serves them may need).
void Sva::stop_devices(Thread& thread, const Process& process, Bond bond) {
  constexpr Picoseconds kInterval = 1'000'000;  // as usleep_range(1, 1)
  if (config_.flush != Flush::drain || bond.kind != BindKind::pasid) return;
  for (SvaDevice* device : bond.group->devices) {
    if (device->pci) device->pci->stop_pasid(thread, process.pasid, kInterval);
  }
}

/// The caller has taken the lock, which is released. The bond is known to release() until its devices are
/// detached: a worker may be the last user of the address space.
void Sva::end_bond(Thread& thread, Process& process, std::vector<Bond>::iterator which) {
  const Bond bond = *which;
  for (SvaDevice* device : bond.group->devices) detach(thread, *device, process, bond.kind);
  process.bonds.erase(which);
  if (process.bonds.empty()) {
    if (config_.linux_version != LinuxVersion::v6_1 || process.space.stage2()) {
      driver_.invalidate_space(thread, process.tag());
    }
    asids_.give_back(process.asid);
    process.asid = 0;
    process.space.unpin_all();
  }
  lock_.unlock();
  for (SvaDevice* device : bond.group->devices) {
    const arch::StreamId stream = device->master->device.stream;
    if (config_.flush == Flush::drain) {
      driver_.drain(thread);
      service_.flush(thread, stream);
    }
    if (faults(*device, process) && --device->faulting_bonds == 0) service_.remove_device(thread, stream);
  }
  drop_pasid(process);
}

/// 6.1 invalidates its TLBs with each context, but not again what exit has made quiet.
void Sva::detach(Thread& thread, SvaDevice& device, Process& process, BindKind kind) {
  const AtcTarget target{device.master->device.stream, substream(process, kind)};
  const bool v6_1 = config_.linux_version == LinuxVersion::v6_1;
  const bool stage2 = process.space.stage2(), done_at_exit = v6_1 && process.quiet;
  RangeChange change(process.space.notifier);
  process.space.add_all_to(change);
  if (stage2) {
    driver_.use_identity(thread, *device.master);
  } else {
    driver_.remove_cd(thread, *device.master, target.substream);
    if (v6_1 && !done_at_exit) driver_.invalidate_space(thread, process.tag());
  }
  if (device.master->device.ats && !done_at_exit) driver_.invalidate_atc_all(thread, {target});
  change.finish();
  process.space.notifier.detach(target, device.master->device.ats);
  if (!stage2) driver_.leave_cd_table(thread, *device.master, target.substream);
  if (kind == BindKind::whole_device) device.whole_device = nullptr;
}

void Sva::release(Thread& thread, Process& process) {
  lock_.lock(thread);
  process.quiet = true;
  RangeChange change(process.space.notifier);
  process.space.add_all_to(change);
  for (const Bond& bond : process.bonds) {
    for (SvaDevice* device : bond.group->devices) {
      if (process.space.stage2()) continue;
      driver_.quiet_cd(thread, *device->master, substream(process, bond.kind),
                       context_descriptor(*device, process));
    }
  }
  process.space.notifier.flush(thread, 0, Notifier::kEverything);
  change.finish();
  lock_.unlock();
}

}  // namespace svasim::host
