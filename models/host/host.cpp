// Wiring, bring-up and the end. See host.hpp.
#include "models/host/host.hpp"

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
      cpus_(calendar, clock, block_, config_.cpu, costs_[Cost::idle_exit], config_.seed),
      interrupts_(calendar, clock, block_, cpus_, config_.irq_cpu, config_.irq_coalesce,
                  costs_[Cost::irq_delivery], costs_[Cost::irq_handler], costs_[Cost::irq_thread]),
      tables_(map.tables, map.tables_bytes),
      frames_(map.pages, map.pages_bytes),
      driver_(map.smmu_registers, map.doorbell, tables_, config_, interrupts_, ledger_, costs_, handlers()),
      storage_(calendar, {block_, kStorageInlet}, config_.storage, costs_[Cost::storage], costs_[Cost::wake]),
      page_cache_(frames_, storage_, config_.mm.read_around, costs_[Cost::wake]),
      service_(cpus_, config_, driver_, ledger_, costs_,
               [this](arch::StreamId stream, arch::SubstreamId substream) {
                 return sva_.faulting_space(stream, substream);
               }),
      sva_(driver_, service_, costs_, config_),
      device_faults_(interrupts_, tables_, map.doorbell, costs_, ledger_, service_),
      control_(cpus_) {
  cpus_.on_error = interrupts_.on_error = [this](const std::string& what) { error(what); };
  const auto tell = [](const auto& hook) {
    return [&hook](std::uint32_t pasid, std::uint64_t va, std::uint64_t bytes) {
      if (hook) hook(pasid, va, bytes);
    };
  };
  sva_.on_begin = tell(on_unmap);
  sva_.on_end = tell(on_unmapped);
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
    fault.stage2 = event.stage2;
    fault.access = {event.read, !event.read, event.instruction};
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
    fault.access = {request.read, request.write, request.execute};
    fault.va = request.page;
    service_.report(thread, fault);
  };
  handlers.requests_lost = [this](Thread&) { service_.discard_partial(); };
  handlers.error = [this](const std::string& what) { error(what); };
  return handlers;
}

void Host::start(std::vector<DeviceDescription> devices, Done ready) {
  cpus_.start_others();
  control_.add([this, devices = std::move(devices), ready = std::move(ready)](Thread& thread) {
    bring_up(thread, devices);
    ready();
  });
}

void Host::bring_up(Thread& thread, const std::vector<DeviceDescription>& devices) {
  smmu_up_ = driver_.bring_up(thread);
  if (!smmu_up_) return;
  for (const DeviceDescription& device : devices) add_device(thread, device);
  for (const DeviceDescription& device : devices) {
    for (const std::uint32_t number : device.processes) {
      const auto found = processes_.find(number);
      Process* process = found != processes_.end() ? found->second : create_process(number, false);
      if (process != nullptr) bind_now(thread, device.stream, *process, BindKind::pasid);
    }
  }
}

void Host::add_device(Thread& thread, const DeviceDescription& device) {
  Master* master = driver_.attach(thread, device);
  if (master == nullptr) return;
  sva_.add_device(*master);
  SvaDevice& added = *sva_.find(device.stream);
  if (device.config_space != 0) {
    added.pci.emplace(device.config_space, costs_[Cost::wake]);
    added.pci->probe(thread);
    if (device.ats) added.pci->enable_ats(thread);
  }
  if (sva_.enable(thread, added, Feature::iopf) == Status::busy) {
    error("stream " + hex(arch::raw(device.stream)) + ": PRI cannot be enabled");
  }
  sva_.enable(thread, added, Feature::sva);
  if (device.faults == FaultMode::device && !device_faults_.add_device(thread, device)) {
    error("stream " + hex(arch::raw(device.stream)) + ": no interrupt or memory for its own faults");
  }
}

void Host::shutdown(Done done) {
  const auto job = [this, done = std::move(done)](Thread& thread) {
    for (std::size_t i = 0; i < all_processes_.size(); ++i) sva_.unbind_all(thread, *all_processes_[i]);
    if (smmu_up()) {
      driver_.settle(thread);
      driver_.drain(thread);
    }
    done();
  };
  call([this, job] { control_.add(job); });
}

void Host::call(Done what) {
  calls_.push_back(std::move(what));
  calendar_.post<&Host::called>(clock_.after(calendar_.now()), {block_, kCallInlet}, this);
}

void Host::called(std::uint64_t) { calls_.pop_front()(); }

bool Host::error(const std::string& what) {
  ++errors_;
  if (on_error) on_error(what);
  return false;
}

}  // namespace svasim::host
