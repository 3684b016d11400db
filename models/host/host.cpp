// See host.hpp.
#include "models/host/host_process.hpp"

#include <algorithm>

#include "models/host/text.hpp"

namespace svasim::host {

Host::Host(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
           const HostConfig& config, const HostMap& map, probe::Recorder* recorder)
    : sc_core::sc_module(name),
      calendar_(calendar),
      clock_(clock),
      config_(config),
      ledger_(recorder),
      costs_(config_.cost, config_.seed),
      block_(calendar.add_block()),
      cpus_(calendar, clock, block_, config.cpus, config.port_width),
      interrupts_(calendar, clock, block_, cpus_, config.irq_cpu, costs_[Cost::irq_delivery],
                  costs_[Cost::irq_handler], costs_[Cost::irq_thread]),
      tables_(map.tables, map.tables_bytes),
      frames_(map.pages, map.pages_bytes),
      driver_(map.smmu_registers, map.doorbell, tables_, config_, interrupts_, ledger_, costs_[Cost::pop],
              handlers()),
      storage_(calendar, {block_, kStorageInlet}, config_.storage, costs_[Cost::storage], costs_[Cost::wake]),
      page_cache_(frames_, storage_, config_.mm.read_around, costs_[Cost::wake]),
      service_(cpus_, config_, driver_, ledger_, costs_,
               [this](std::uint32_t pasid) { return find_space(pasid); }),
      pasids_(config.min_pasid, config.max_pasid),
      control_(std::make_unique<JobThread>(cpus_)) {
  cpus_.on_error = interrupts_.on_error = [this](const std::string& what) { error(what); };
}

Host::~Host() = default;

SmmuDriver::Handlers Host::handlers() {
  SmmuDriver::Handlers handlers;
  handlers.stalled = [this](Thread& thread, const arch::Event& event) {
    IoPageFault fault;
    fault.kind = probe::FaultKind::stall;
    fault.stream = event.stream;
    fault.substream = event.substream;
    fault.token = event.stag;
    fault.access = {!event.read, event.instruction};
    fault.va = event.input_address;
    service_.report(thread, fault);
  };
  handlers.page_request = [this](Thread& thread, const arch::PageRequest& request) {
    IoPageFault fault;
    fault.kind = probe::FaultKind::pri;
    fault.stream = request.stream;
    fault.substream = request.substream;
    fault.token = request.prg_index;
    fault.last = request.last;
    fault.access = {request.write, request.execute};
    fault.va = request.page;
    service_.report(thread, fault);
  };
  handlers.requests_lost = [this](Thread&) { service_.discard_partial(); };
  handlers.error = [this](const std::string& what) { error(what); };
  return handlers;
}

void Host::start(std::vector<DeviceDescription> devices, Done ready) {
  control_->add([this, devices = std::move(devices), ready = std::move(ready)](Thread& thread) {
    bring_up(thread, devices);
    ready();
  });
}

void Host::bring_up(Thread& thread, const std::vector<DeviceDescription>& devices) {
  if (!driver_.bring_up(thread)) return;
  for (const DeviceDescription& device : devices) {
    Master* master = driver_.attach(thread, device);
    if (master == nullptr) continue;
    service_.add_device(device);
    for (const std::uint32_t number : device.processes) bind_now(thread, *master, number);
  }
}

void Host::call(Done what) {
  calls_.push_back(std::move(what));
  calendar_.post<&Host::called>(clock_.after(calendar_.now()), {block_, kCallInlet}, this);
}

void Host::called(std::uint64_t) { calls_.pop_front()(); }

void Host::bind(arch::StreamId stream, std::uint32_t process, Done done) {
  const auto job = [this, stream, process, done = std::move(done)](Thread& thread) {
    Master* master = driver_.find(stream);
    if (master != nullptr) {
      bind_now(thread, *master, process);
    } else {
      error("process " + std::to_string(process) + ": stream " + hex(arch::raw(stream)) + " is not attached");
    }
    done();
  };
  call([this, job] { control_->add(job); });
}

bool Host::bind_now(Thread& thread, Master& master, std::uint32_t number) {
  const std::string who =
      "process " + std::to_string(number) + ", stream " + hex(arch::raw(master.device.stream)) + ": ";
  const std::uint32_t limit = 1u << master.ssid_bits;
  const auto found = processes_.find(number);
  Process* made = found == processes_.end() ? create_process(number) : found->second.get();
  if (made == nullptr || (made->pasid == 0 && !give_pasid(*made, limit))) {
    return error(who + "no PASID, ASID or memory left");
  }
  Process& process = *made;
  if (process.pasid >= limit) return error(who + "PASID " + std::to_string(process.pasid) + " is too large");
  if (std::count(process.masters.begin(), process.masters.end(), &master) != 0) return true;
  const arch::Cd cd = process.space.context_descriptor(driver_.features(), !master.ats(), process.asid);
  if (!driver_.install_cd(thread, master, process.pasid, cd)) return false;
  process.masters.push_back(&master);
  const AtcTarget target{master.device.stream, {true, process.pasid}};
  process.space.notifier.attach(process.asid, target, master.ats());
  if (master.ats()) driver_.invalidate_atc_all(thread, {target});
  return true;
}

Host::Process* Host::create_process(std::uint32_t number) {
  const MmServices services{frames_, storage_, page_cache_, costs_, config_.mm};
  auto process = std::make_unique<Process>(cpus_, services, driver_, config_.linux_version);
  if (!process->space.create()) return nullptr;
  process->number = number;
  return processes_.emplace(number, std::move(process)).first->second.get();
}

bool Host::give_pasid(Process& process, std::uint32_t limit) {
  const std::uint32_t max_asid = driver_.features().asid16 ? 0xFFFF : 0xFF;
  if (next_asid_ > max_asid) return false;
  std::optional<std::uint32_t> preferred;
  if (config_.pasid_policy == PasidPolicy::trace) preferred = process.number;
  const auto pasid = pasids_.take(preferred, limit);
  if (!pasid) return false;
  process.pasid = *pasid;
  process.asid = static_cast<std::uint16_t>(next_asid_++);
  by_pasid_[*pasid] = &process;
  const auto hook = [pasid = *pasid](const auto& to) {
    return [&to, pasid](std::uint64_t va, std::uint64_t bytes) {
      if (to) to(pasid, va, bytes);
    };
  };
  process.space.notifier.on_begin = hook(on_unmap);
  process.space.notifier.on_end = hook(on_unmapped);
  return true;
}

std::optional<std::uint32_t> Host::pasid(std::uint32_t process) const {
  const auto found = processes_.find(process);
  if (found == processes_.end() || found->second->pasid == 0) return std::nullopt;
  return found->second->pasid;
}

void Host::shutdown(Done done) {
  const auto job = [this, done = std::move(done)](Thread& thread) {
    for (auto& [number, process] : processes_) unbind(thread, *process);
    done();
  };
  call([this, job] { control_->add(job); });
}

void Host::unbind(Thread& thread, Process& process) {
  if (process.masters.empty()) return;
  std::vector<AtcTarget> atcs;
  for (Master* master : process.masters) {
    driver_.remove_cd(thread, *master, process.pasid);
    const AtcTarget target{master->device.stream, {true, process.pasid}};
    process.space.notifier.detach(target, master->ats());
    if (master->ats()) atcs.push_back(target);
  }
  if (!atcs.empty()) driver_.invalidate_atc_all(thread, atcs);
  driver_.invalidate_asid(thread, process.asid);
  process.masters.clear();
  by_pasid_.erase(process.pasid);
  pasids_.give_back(process.pasid);
}

AddressSpace* Host::find_space(std::uint32_t pasid) {
  const auto found = by_pasid_.find(pasid);
  return found == by_pasid_.end() ? nullptr : &found->second->space;
}

std::uint64_t Host::mm_faults(FaultClass c) const {
  std::uint64_t faults = 0;
  for (const auto& [number, process] : processes_) faults += process->space.faults(c);
  return faults;
}

std::uint64_t Host::flushes() const {
  std::uint64_t flushes = 0;
  for (const auto& [number, process] : processes_) flushes += process->space.notifier.flushes();
  return flushes;
}

std::uint64_t Host::pages_mapped() const {
  std::uint64_t pages = 0;
  for (const auto& [number, process] : processes_) pages += process->space.first_touches();
  return pages;
}

bool Host::error(const std::string& what) {
  ++errors_;
  if (on_error) on_error(what);
  return false;
}

}  // namespace svasim::host
