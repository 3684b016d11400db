// The host: CPUs, interrupt controller, SMMU driver, I/O page fault service and processes, wired together.
// Contract: it acts on the machine through `memory` (loads and stores, registers included) and is acted upon
// through `doorbell` (MSIs), and in no other way. Source rule: Linux SVA.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "models/host/fault_service.hpp"
#include "models/host/jobs.hpp"
#include "models/host/smmu_driver.hpp"

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

  /// `recorder` may be null; else it must outlive the host.
  Host(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
       const HostConfig& config, const HostMap& map, probe::Recorder* recorder);
  ~Host() override;

  engine::AtInitiator& memory() { return cpus_.memory; }
  engine::AtTarget& doorbell() { return interrupts_.doorbell; }

  /// Brings the SMMU up, attaches the devices and binds each to its processes; then calls `ready`. Once.
  void start(std::vector<DeviceDescription> devices, Done ready);
  /// Binds a device to one more process while the machine runs; then calls `done`. A failure is told to
  /// on_error. Binding what is bound changes nothing.
  void bind(arch::StreamId stream, std::uint32_t process, Done done);
  /// The PASID devices use for a process, which traces call by number; none if it is not bound.
  std::optional<std::uint32_t> pasid(std::uint32_t process) const;
  /// The process gives pages back (munmap): calls `done` when no device can use them any more. Unknown
  /// processes have nothing to give.
  void unmap(std::uint32_t process, std::uint64_t va, std::uint64_t bytes, Done done);
  /// Unbinds everything.
  void shutdown(Done done);

  /// For a checker. An unmap has the address space's lock and begins; it is invalidated everywhere, and its
  /// frames will be used again.
  std::function<void(std::uint32_t pasid, std::uint64_t va, std::uint64_t bytes)> on_unmap, on_unmapped;
  /// Told of everything unexpected: bad events, command errors, failed binds.
  std::function<void(const std::string&)> on_error;

  /// Calls `visit(name, value)` for each statistic.
  template <class Visit>
  void counters(Visit&& visit) const {
    const CommandQueue& cmdq = driver_.commands();
    visit("event_records", driver_.events().records());
    visit("page_requests", driver_.requests().records());
    visit("groups", service_.groups());
    visit("failed_groups", service_.failed_groups());
    visit("responses", service_.responses());
    visit("discarded_requests", service_.discarded());
    visit("pages_mapped", pages_mapped());
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
    visit("run_queue_peak", std::uint64_t{cpus_.queue_peak()});
    visit("loads", cpus_.loads());
    visit("stores", cpus_.stores());
    visit("failed_accesses", cpus_.failed_accesses());
    visit("cpu_busy_ps", cpus_.busy());
  }

 private:
  struct Process;
  struct Sources;

  static constexpr std::uint8_t kCallInlet = 4;  ///< after those of the CPUs and the interrupts

  /// What others ask of the host, it hears at its next edge, as through any port.
  void call(Done what);
  void called(std::uint64_t);
  SmmuDriver::Handlers handlers();
  void bring_up(Thread& thread, const std::vector<DeviceDescription>& devices);
  bool bind_now(Thread& thread, Master& master, std::uint32_t number);
  /// Null: no PASID below `pasid_limit`, no ASID or no memory.
  std::unique_ptr<Process> create_process(std::uint32_t number, std::uint32_t pasid_limit);
  void unbind(Thread& thread, Process& process);
  void unmap_now(Thread& thread, Process& process, std::uint64_t va, std::uint64_t bytes);
  AddressSpace* find_space(std::uint32_t pasid);
  std::uint64_t pages_mapped() const;
  bool error(const std::string& what);  ///< false

  engine::Calendar& calendar_;
  const engine::Clock clock_;
  engine::Ring<Done> calls_;
  const HostConfig config_;
  Ledger ledger_;
  std::unique_ptr<Sources> latency_;
  std::uint16_t block_;  ///< of the calendar
  Cpus cpus_;
  InterruptController interrupts_;
  MemoryWindow tables_;
  FrameAllocator frames_;
  SmmuDriver driver_;
  FaultService service_;
  PasidAllocator pasids_;
  std::map<std::uint32_t, std::unique_ptr<Process>> processes_;  ///< by number
  std::map<std::uint32_t, Process*> by_pasid_;
  std::unique_ptr<JobThread> control_;  ///< bring-up, bind, unbind
  std::uint32_t next_asid_ = 1;
  std::uint64_t errors_ = 0;
};

}  // namespace svasim::host
