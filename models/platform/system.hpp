// The machine of design section 2, wired: devices, links, root ports, SMMU, interconnect, last-level cache,
// DRAM, host. The only place that names concrete blocks of several folders.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/host/host.hpp"
#include "models/memory/dram.hpp"
#include "models/memory/interconnect.hpp"
#include "models/memory/llc.hpp"
#include "models/memory/store.hpp"
#include "models/pcie/endpoint.hpp"
#include "models/pcie/platform_device.hpp"
#include "models/pcie/root_port.hpp"
#include "models/platform/config.hpp"
#include "models/platform/trace_feeder.hpp"
#include "models/probe/counters.hpp"
#include "models/probe/signals.hpp"
#include "models/probe/summary.hpp"
#include "models/smmu/smmu.hpp"

namespace svasim::bridges {
class DtiPinLink;
class RtlWaves;
}  // namespace svasim::bridges

namespace svasim::platform {

class System : public sc_core::sc_module {
 public:
  /// `config` has passed its check() and outlives the system, as `waves` of Verilated RTL, if any, do. Throws
  /// ConfigError if the page-walk cache asked for was not built.
  System(sc_core::sc_module_name name, engine::Calendar& calendar, const Config& config,
         probe::Recorder& recorder, trace::Reader& reader, bridges::RtlWaves* waves = nullptr);
  ~System() override;

  /// Brings the machine up; traffic starts when the driver is ready.
  void start();
  /// Ends bindings in an orderly way, then calls `done`.
  void shutdown(std::function<void()> done);

  TraceFeeder& feeder() { return *feeder_; }
  host::Host& host() { return *host_; }
  smmu::Smmu& smmu() { return *smmu_; }
  memory::Store& store() { return store_; }
  bool ready() const { return ready_; }

  std::vector<arch::StreamId> streams() const;

  /// For the checker: a translation of an ATC is used.
  void on_atc_use(const pcie::Endpoint::UseCallback& callback);

  /// Every counter of every block.
  std::vector<probe::Counters::Value> counters() const;
  /// Every signal of every block.
  void signals(probe::Signals& visit) const;
  /// Hit rates and the numbers of faults, responses and pages, from counters().
  static probe::RunTotals totals(const std::vector<probe::Counters::Value>& counters);
  /// What is where, for a run that is stuck.
  std::string occupancy() const;

 private:
  struct Device;

  std::unique_ptr<arch::WalkCache> make_walk_cache(bridges::RtlWaves* waves) const;
  bool has_registers(unsigned device) const;
  host::FaultMode fault_mode(unsigned device) const;
  void add_pins(smmu::Smmu::DtiLinks& near, smmu::Smmu::DtiLinks& far, bool root_port);
  void add_devices(probe::Recorder& recorder);
  void wire();

  engine::Calendar& calendar_;
  const Config& config_;
  engine::Clock device_clock_;
  memory::Store store_;
  std::unique_ptr<memory::Dram> dram_;
  std::unique_ptr<memory::Llc> llc_;
  std::unique_ptr<memory::Interconnect> interconnect_;
  std::vector<std::unique_ptr<bridges::DtiPinLink>> dti_pins_;  ///< of the TBUs, then of the root ports
  std::unique_ptr<smmu::Smmu> smmu_;
  std::unique_ptr<host::Host> host_;
  std::unique_ptr<TraceFeeder> feeder_;
  std::vector<std::unique_ptr<Device>> devices_;
  bool ready_ = false;
};

}  // namespace svasim::platform
