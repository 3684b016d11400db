// A device without ATS, beside its TBU: accesses go out untranslated, and a fault is the SMMU's business (it
// stalls and retries); the device just waits. Or it handles its faults itself: what the SMMU terminates
// waits, one report a page, until the driver has brought the page, and is sent again.
//
// Contract: a response ends its access: ok, aborted (error response) or zeroed (RAZ/WI). Source rule: SMMUv3,
// stall model; fault_reporter.hpp.
#pragma once

#include <string>
#include <systemc>
#include <vector>

#include "models/engine/at_socket.hpp"
#include "models/pcie/device.hpp"
#include "models/pcie/fault_reporter.hpp"
#include "models/pcie/miss_table.hpp"
#include "models/pcie/register_port.hpp"

namespace svasim::pcie {

struct PlatformDeviceConfig {
  IssueConfig issue;
  bool pasid = true;
  unsigned bus_bytes = 64;
  bool reports_faults = false;  ///< to its driver, which brings the pages
  FaultReporterConfig faults;

  template <class Visitor>
  void describe(Visitor& v) {
    issue.describe(v);
    v.field("pasid", pasid, "", 0, 1, "accesses carry a SubstreamID");
    v.field("bus_bytes", bus_bytes, "bytes", 1, 4096, "width of the bus to the TBU");
    faults.describe(v);
  }
  std::vector<std::string> check() const;
};

class PlatformDevice : public sc_core::sc_module {
 public:
  /// `config` is checked; the source outlives the device.
  PlatformDevice(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
                 probe::Recorder& recorder, const PlatformDeviceConfig& config, DeviceIdentity device,
                 AccessSource& source);

  /// The source may have something. From any block; once to start.
  void poke() { issuer_.poke(); }
  /// Everything issued and completed.
  bool drained() const { return issuer_.drained(); }
  /// `f(name, std::uint64_t)` for every counter.
  template <class F>
  void counters(F&& f) const {
    f("accesses", issuer_.window().entered());
    f("window_peak", issuer_.window().peak());
    if (config_.reports_faults) faults_.counters(f);
  }
  /// `visit(name, bits, value)` for every signal of the waves.
  template <class Visit>
  void signals(Visit&& visit) const {
    visit("window", 17, issuer_.window().current());
    visit("request_queue", 16, memory.queued());
  }
  /// CPUs reach its registers through `port`.
  void serve(RegisterPort& port);
  /// Payloads not returned: 0 at the end of a run.
  std::size_t leaked() const { return pool_.leaked(); }

 private:
  std::uint16_t block_;  ///< before the socket that uses it

 public:
  engine::AtInitiator memory;  ///< to the TBU

 private:
  enum InletNumber : std::uint8_t { kMemory, kIssue, kFirmware };
  struct Outstanding {
    bool live = false;
    DeviceAccess access;
    probe::Transaction* transaction = nullptr;
    std::uint32_t next = kNone;  ///< in the wait list of a page
  };
  static constexpr std::uint64_t kRecord = std::uint64_t{1} << 32, kMsi = kRecord + 1;  ///< no access

  void issued(const DeviceAccess& access, probe::Transaction& transaction);
  void send(std::uint32_t number);
  void respond(engine::Payload& payload);
  void finish(std::uint32_t number, probe::Outcome outcome);
  void set_up_faults();
  void wait_for_page(std::uint32_t number);
  template <class Visitor>
  void for_each_waiting(std::uint32_t page, Visitor&& visit);

  engine::Calendar& calendar_;
  probe::Recorder& recorder_;
  PlatformDeviceConfig config_;
  DeviceIdentity device_;
  Issuer issuer_;
  engine::PayloadPool pool_;
  IndexPool<Outstanding> accesses_;
  MissTable pages_;  ///< missing, each reported under its index
  FaultReporter faults_;
};

}  // namespace svasim::pcie
