// A device without ATS, beside its TBU: accesses go out untranslated, and a fault is the SMMU's business (it
// stalls and retries); the device just waits.
//
// Contract: a response ends its access: ok, aborted (error response) or zeroed (RAZ/WI). Source rule: SMMUv3,
// stall model.
#pragma once

#include <string>
#include <systemc>
#include <vector>

#include "models/engine/at_socket.hpp"
#include "models/pcie/device.hpp"

namespace svasim::pcie {

struct PlatformDeviceConfig {
  IssueConfig issue;
  bool pasid = true;
  unsigned bus_bytes = 64;

  template <class Visitor>
  void describe(Visitor& v) {
    issue.describe(v);
    v.field("pasid", pasid, "", 0, 1, "accesses carry a SubstreamID");
    v.field("bus_bytes", bus_bytes, "bytes", 1, 4096, "width of the bus to the TBU");
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
  }
  /// Payloads not returned: 0 at the end of a run.
  std::size_t leaked() const { return pool_.leaked(); }

 private:
  std::uint16_t block_;  ///< before the socket that uses it

 public:
  engine::AtInitiator memory;  ///< to the TBU

 private:
  enum InletNumber : std::uint8_t { kMemory, kIssue };

  void issued(const DeviceAccess& access, probe::Transaction& transaction);
  void respond(engine::Payload& payload);

  engine::Calendar& calendar_;
  probe::Recorder& recorder_;
  PlatformDeviceConfig config_;
  DeviceIdentity device_;
  Issuer issuer_;
  engine::PayloadPool pool_;
};

}  // namespace svasim::pcie
