// The host: CPUs, interrupt controller, SMMU driver, I/O page fault service and processes, wired together.
// Contract: it acts on the machine through `memory` (loads and stores, registers included) and is acted upon
// through `doorbell` (MSIs) and wired interrupts, and in no other way. Source rule: Linux SVA.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "models/host/device_faults.hpp"
#include "models/host/sva.hpp"

namespace svasim::host {

/// Physical addresses.
struct HostMap {
  std::uint64_t smmu_registers = 0;            ///< base of register page 0
  std::uint64_t doorbell = 0;                  ///< where MSIs are written
  std::uint64_t tables = 0, tables_bytes = 0;  ///< RAM for queues, stream and CD tables
  std::uint64_t pages = 0, pages_bytes = 0;    ///< RAM for page tables and the processes' pages
};

class Host : public sc_core::sc_module {
 public:
  using Done = std::function<void()>;
  using Reply = std::function<void(Status)>;

  /// `recorder` may be null; else it must outlive the host.
  Host(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
       const HostConfig& config, const HostMap& map, probe::Recorder* recorder);
  ~Host() override;

  engine::AtInitiator& memory() { return cpus_.memory; }
  engine::AtTarget& doorbell() { return interrupts_.doorbell; }
  /// A pulse on one of the SMMU's wires, which it uses without MSIs.
  void interrupt(SmmuLine line) { interrupts_.pulse(static_cast<unsigned>(line)); }

  /// Brings the SMMU up, attaches the devices and binds each to its processes; then calls `ready`. Once.
  void start(std::vector<DeviceDescription> devices, Done ready);
  /// start() succeeded with the SMMU; otherwise `ready` is called too, but no device can be bound.
  bool smmu_up() const { return smmu_up_; }
  /// Unbinds everything, and handles what the SMMU has recorded until then.
  void shutdown(Done done);

  // What processes do, and what the kernel does to their memory (address_space.hpp, sva.hpp). Each process is
  // one thread: its calls are carried out in order, as CPU work. `reply` is told how it went, at any later
  // time; no_such_process if the process is unknown.

  /// A process without mappings but what host.premapped says. exists: there is one of that number.
  void create(std::uint32_t process, Reply reply);
  /// A page table that a driver keeps for itself: it is bound, mapped (which makes pages present at once) and
  /// unmapped as a process is, and its faults are not served (private PASID).
  void create_domain(std::uint32_t number, Reply reply);
  /// The memory of a virtual machine that devices are given to (without nested translation): its tables are
  /// stage 2, and devices are bound to it as a whole. Its faults are served if host.s2_pinned is off.
  void create_guest(std::uint32_t number, Reply reply);
  /// Its memory goes, then its bonds. The number may be used again.
  void exit(std::uint32_t process, Reply reply);
  void mmap(std::uint32_t process, const Mapping& mapping, Reply reply);
  void munmap(std::uint32_t process, std::uint64_t va, std::uint64_t bytes, Reply reply);
  /// Gives pages back, the mapping stays (MADV_DONTNEED).
  void discard(std::uint32_t process, std::uint64_t va, std::uint64_t bytes, Reply reply);
  void mprotect(std::uint32_t process, std::uint64_t va, std::uint64_t bytes, Protection protection,
                Reply reply);
  void fork(std::uint32_t process, std::uint32_t child, Reply reply);
  /// A CPU reads or writes.
  void touch(std::uint32_t process, std::uint64_t va, std::uint64_t bytes, bool write, Reply reply);
  void reclaim(std::uint32_t process, std::uint64_t va, std::uint64_t bytes, Reply reply);
  void age(std::uint32_t process, std::uint64_t va, std::uint64_t bytes, Reply reply);
  void numa_hint(std::uint32_t process, std::uint64_t va, std::uint64_t bytes, Reply reply);
  void migrate(std::uint32_t process, std::uint64_t va, std::uint64_t bytes, Reply reply);
  void collapse(std::uint32_t process, std::uint64_t va, Reply reply);

  /// Binds a device to a process, which is created if it is unknown. no_device: it is not attached. Failures
  /// are told to on_error too.
  void bind(arch::StreamId stream, std::uint32_t process, Reply reply, BindKind kind = BindKind::pasid);
  void unbind(arch::StreamId stream, std::uint32_t process, Reply reply);
  /// The PASID devices use for a process, which traces call by number; none if it has none.
  std::optional<std::uint32_t> pasid(std::uint32_t process) const;

  // The API's switches (sva.hpp), by a thread of their own.

  void enable(arch::StreamId stream, Feature feature, Reply reply);
  void disable(arch::StreamId stream, Feature feature, Reply reply);
  void sva_init(arch::StreamId stream, unsigned features, std::uint32_t min_pasid, std::uint32_t max_pasid,
                Reply reply);
  void sva_shutdown(arch::StreamId stream, Reply reply);

  /// For a checker. Translations of a range are about to change; they have changed everywhere, and the frames
  /// will be used again.
  std::function<void(std::uint32_t pasid, std::uint64_t va, std::uint64_t bytes)> on_unmap, on_unmapped;
  /// Told of everything unexpected: bad events, command errors, failed binds.
  std::function<void(const std::string&)> on_error;

  /// Pages made present that were not, of all processes.
  std::uint64_t pages_mapped() const {
    return sum([](const AddressSpace& s) { return s.first_touches(); });
  }

  /// Calls `visit(name, value)` for each statistic.
  template <class Visit>
  void counters(Visit&& visit) const;
  /// As above, for every signal of the waves; texts as `visit(name, text)`.
  template <class Visit>
  void signals(Visit&& visit) const {
    cpus_.signals(visit);
    service_.signals(visit);
  }

 private:
  using Job = std::function<Status(Thread&, Process&)>;

  // Inlets of the block, after those of the CPUs and the interrupts.
  static constexpr std::uint8_t kCallInlet = 4, kStorageInlet = 5;

  /// What others ask of the host, it hears at its next edge, as through any port.
  void call(Done what);
  void called(std::uint64_t);
  /// Adds a job to a process; it returns the reply.
  void in_process(std::uint32_t number, Job job, Reply reply);
  void add_job(Process& process, Job job, Reply reply);
  void with_device(arch::StreamId stream, std::function<Status(Thread&, SvaDevice&)> what, Reply reply);
  SmmuDriver::Handlers handlers();
  void bring_up(Thread& thread, const std::vector<DeviceDescription>& devices);
  void add_device(Thread& thread, const DeviceDescription& device);
  /// Null: no memory.
  Process* create_process(std::uint32_t number, bool kernel, TableFormat format = TableFormat::stage1);
  Status bind_now(Thread& thread, arch::StreamId stream, Process& process, BindKind kind);
  template <class Get>
  std::uint64_t sum(Get&& get) const;
  bool error(const std::string& what);  ///< false

  engine::Calendar& calendar_;
  const engine::Clock clock_;
  engine::Ring<Done> calls_;
  const HostConfig config_;
  Ledger ledger_;
  Costs costs_;
  std::uint16_t block_;  ///< of the calendar
  Cpus cpus_;
  InterruptController interrupts_;
  MemoryWindow tables_;
  Frames frames_;
  SmmuDriver driver_;
  Storage storage_;
  PageCache page_cache_;
  FaultService service_;
  Sva sva_;
  DeviceFaults device_faults_;
  std::map<std::uint32_t, Process*> processes_;  ///< by number
  std::vector<std::unique_ptr<Process>> all_processes_;
  JobThread control_;  ///< bring-up, switches, shutdown
  bool smmu_up_ = false;
  std::uint64_t errors_ = 0;
};

template <class Get>
std::uint64_t Host::sum(Get&& get) const {
  std::uint64_t total = 0;
  for (const auto& process : all_processes_) total += get(process->space);
  return total;
}

template <class Visit>
void Host::counters(Visit&& visit) const {
  const CommandQueue& cmdq = driver_.commands();
  visit("event_records", driver_.events().records());
  visit("page_requests", driver_.requests().records());
  visit("stop_markers", driver_.stop_markers());
  visit("device_records", device_faults_.records());
  visit("groups", service_.groups());
  visit("failed_groups", service_.failed_groups());
  visit("responses", service_.responses());
  visit("discarded_requests", service_.discarded());
  visit("pages_mapped", pages_mapped());
  for (std::size_t c = 0; c < kFaultClasses; ++c) {
    visit(kFaultClassNames[c],
          sum([&](const AddressSpace& s) { return s.faults(static_cast<FaultClass>(c)); }));
  }
  visit("flushes", sum([](const AddressSpace& s) { return s.notifier.flushes(); }));
  visit("pages_pinned", sum([](const AddressSpace& s) { return s.pinned(); }));
  visit("storage_commands", storage_.commands());
  visit("storage_bytes", storage_.bytes());
  visit("event_overflows", driver_.events().overflows());
  visit("pri_overflows", driver_.requests().overflows());
  visit("commands", cmdq.commands());
  visit("syncs", cmdq.syncs());
  visit("cmdq_full_waits", cmdq.full_waits());
  visit("command_errors", cmdq.errors());
  visit("interrupts", interrupts_.interrupts());
  visit("errors", errors_);
  visit("cmdq_peak", std::uint64_t{cmdq.peak()});
  visit("eventq_peak", std::uint64_t{driver_.events().peak()});
  visit("priq_peak", std::uint64_t{driver_.requests().peak()});
  visit("workqueue_peak", std::uint64_t{service_.workqueue_peak()});
  visit("workers", std::uint64_t{service_.workers()});
  visit("run_queue_peak", std::uint64_t{cpus_.queue_peak()});
  visit("loads", cpus_.loads());
  visit("stores", cpus_.stores());
  visit("failed_accesses", cpus_.failed_accesses());
  visit("cpu_busy_ps", cpus_.busy());
  visit("cpu_others_ps", cpus_.others());
  visit("idle_exits", cpus_.idle_exits());
}

}  // namespace svasim::host
