// See host.hpp.
#include "models/host/host.hpp"

#include <algorithm>

#include "models/host/text.hpp"

namespace svasim::host {

/// One generator per software stage.
struct Host::Sources {
  explicit Sources(const HostConfig& c)
      : irq_delivery(c.latency.irq_delivery, c.seed, "irq_delivery"),
        irq_handler(c.latency.irq_handler, c.seed, "irq_handler"),
        irq_thread(c.latency.irq_thread, c.seed, "irq_thread"),
        pop(c.latency.pop, c.seed, "pop"),
        report(c.latency.report, c.seed, "report"),
        kworker(c.latency.kworker, c.seed, "kworker"),
        wake(c.latency.wake, c.seed, "wake"),
        mm_lock(c.latency.mm_lock, c.seed, "mm_lock"),
        anon_fault(c.latency.anon_fault, c.seed, "anon_fault"),
        fixup(c.latency.fixup, c.seed, "fixup"),
        response(c.latency.response, c.seed, "response"),
        notifier(c.latency.notifier, c.seed, "notifier") {}

  LatencySource irq_delivery, irq_handler, irq_thread, pop, report, kworker, wake, mm_lock, anon_fault, fixup,
      response, notifier;
};

struct Host::Process {
  Process(Cpus& cpus, FrameAllocator& frames, std::uint16_t asid, LatencySource& wake)
      : space(frames, asid, wake), jobs(cpus) {}

  std::uint32_t pasid = 0;
  AddressSpace space;
  std::vector<Master*> masters;   ///< bound to it
  std::vector<AtcTarget> caches;  ///< those of them with ATS
  JobThread jobs;
};

Host::Host(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
           const HostConfig& config, const HostMap& map, probe::Recorder* recorder)
    : sc_core::sc_module(name),
      calendar_(calendar),
      clock_(clock),
      config_(config),
      ledger_(recorder),
      latency_(std::make_unique<Sources>(config)),
      block_(calendar.add_block()),
      cpus_(calendar, clock, block_, config.cpus, config.port_width),
      interrupts_(calendar, clock, block_, cpus_, config.irq_cpu, latency_->irq_delivery,
                  latency_->irq_handler, latency_->irq_thread),
      tables_(map.tables, map.tables_bytes),
      frames_(map.pages, map.pages_bytes),
      driver_(map.smmu_registers, map.doorbell, tables_, config_, interrupts_, ledger_, latency_->pop,
              handlers()),
      service_(cpus_, config_, driver_, ledger_,
               {latency_->report, latency_->kworker, latency_->mm_lock, latency_->anon_fault, latency_->fixup,
                latency_->response},
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
    fault.execute = event.instruction;
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
    fault.execute = request.execute;
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
  auto found = processes_.find(number);
  if (found == processes_.end()) {
    auto process = create_process(number, limit);
    if (!process) return error(who + "no PASID, ASID or memory left");
    by_pasid_[process->pasid] = process.get();
    found = processes_.emplace(number, std::move(process)).first;
  }
  Process& process = *found->second;
  if (process.pasid >= limit) return error(who + "PASID " + std::to_string(process.pasid) + " is too large");
  if (std::count(process.masters.begin(), process.masters.end(), &master) != 0) return true;
  const arch::Cd cd = process.space.context_descriptor(driver_.features(), !master.ats());
  if (!driver_.install_cd(thread, master, process.pasid, cd)) return false;
  process.masters.push_back(&master);
  if (!master.ats()) return true;
  process.caches.push_back({master.device.stream, process.pasid});
  driver_.invalidate_atc_all(thread, {process.caches.back()});
  return true;
}

std::unique_ptr<Host::Process> Host::create_process(std::uint32_t number, std::uint32_t pasid_limit) {
  const std::uint32_t max_asid = driver_.features().asid16 ? 0xFFFF : 0xFF;
  if (next_asid_ > max_asid) return nullptr;
  const auto asid = static_cast<std::uint16_t>(next_asid_);
  auto process = std::make_unique<Process>(cpus_, frames_, asid, latency_->wake);
  if (!process->space.create()) return nullptr;
  std::optional<std::uint32_t> preferred;
  if (config_.pasid_policy == PasidPolicy::trace) preferred = number;
  const auto pasid = pasids_.take(preferred, pasid_limit);
  if (!pasid) return nullptr;
  process->pasid = *pasid;
  ++next_asid_;
  return process;
}

std::optional<std::uint32_t> Host::pasid(std::uint32_t process) const {
  const auto found = processes_.find(process);
  if (found == processes_.end()) return std::nullopt;
  return found->second->pasid;
}

void Host::unmap(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Done done) {
  call([this, number, va, bytes, done = std::move(done)] {
    const auto found = processes_.find(number);
    if (found == processes_.end()) return done();
    Process& process = *found->second;
    process.jobs.add([this, &process, va, bytes, done](Thread& thread) {
      unmap_now(thread, process, va, bytes);
      done();
    });
  });
}

void Host::unmap_now(Thread& thread, Process& process, std::uint64_t va, std::uint64_t bytes) {
  AddressSpace& space = process.space;
  space.mmap_lock.lock(thread);
  if (on_unmap) on_unmap(process.pasid, va, bytes);
  const AddressSpace::Gathered gathered = space.unmap(thread, va, bytes);
  if (!gathered.frames.empty()) {
    thread.barrier();
    thread.run(latency_->notifier.draw());
    const std::uint64_t span = gathered.end - gathered.begin;
    driver_.invalidate_range(thread, space.asid(), gathered.begin, span);
    if (!process.caches.empty()) driver_.invalidate_atc(thread, process.caches, gathered.begin, span);
  }
  if (on_unmapped) on_unmapped(process.pasid, va, bytes);
  space.mmap_lock.unlock();
  space.free_pages(gathered);
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
  for (Master* master : process.masters) driver_.remove_cd(thread, *master, process.pasid);
  if (!process.caches.empty()) driver_.invalidate_atc_all(thread, process.caches);
  driver_.invalidate_asid(thread, process.space.asid());
  process.masters.clear();
  process.caches.clear();
  by_pasid_.erase(process.pasid);
  pasids_.give_back(process.pasid);
}

AddressSpace* Host::find_space(std::uint32_t pasid) {
  const auto found = by_pasid_.find(pasid);
  return found == by_pasid_.end() ? nullptr : &found->second->space;
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
