// One run from trace to results: makes the system, runs it until the trace is done and everybody is answered,
// watches that it gets on, and says how it ended. The embedder owns sc_main and the sinks.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/platform/checker.hpp"
#include "models/platform/system.hpp"
#include "models/platform/waves.hpp"

namespace svasim::platform {

enum class Ending : std::uint8_t {
  complete,
  bad_trace,    ///< reading ended early; what was read before was simulated
  nothing,      ///< no access could be issued, or the SMMU could not be brought up
  stuck,        ///< no progress, or an access alive at the end
  mismatch,     ///< the checker, a lockstep comparison or an RTL assertion failed
  interrupted,  ///< Simulation::interrupt() was called
};

struct RunResult {
  Ending ending = Ending::complete;
  std::string message;  ///< why it is not complete
  probe::RunTotals totals;
  std::vector<probe::Counters::Value> counters;
};

class Simulation : private probe::Sink {
 public:
  /// Called every few thousand closed transactions.
  using Progress =
      std::function<void(std::uint64_t transactions, std::uint64_t faults, probe::Picoseconds now)>;

  /// `sinks` get every closed transaction and fault; `waves` are recorded. Throws ConfigError.
  Simulation(const Config& config, trace::Reader& reader, std::vector<probe::Sink*> sinks,
             const WavesConfig& waves = {});
  ~Simulation() override;

  RunResult run();
  /// Ends the run soon; async-signal-safe.
  void interrupt() { interrupted_ = 1; }

  Progress progress;
  /// The driver's messages about unexpected hardware behaviour.
  std::function<void(const std::string&)> on_driver_message;
  /// The first record of the trace of each sort that was refused, and why.
  std::function<void(const std::string&)> on_refused;

  System& system() { return *system_; }
  const Waves* waves() const { return waves_.get(); }  ///< null: none
  probe::Recorder& recorder() { return *recorder_; }
  engine::Calendar& calendar() { return *calendar_; }

 private:
  void transaction(const probe::Transaction&) override;
  void fault(const probe::Fault&) override;
  void maybe_finish();
  void finish(std::uint64_t);
  void end(std::uint64_t);
  void look(std::uint64_t number);
  void watch();
  void stop(Ending ending, std::string message);
  std::string stuck_report() const;

  const Config& config_;
  std::unique_ptr<engine::Calendar> calendar_;
  std::unique_ptr<probe::Recorder> recorder_;
  std::unique_ptr<Waves> waves_;
  std::unique_ptr<System> system_;
  std::unique_ptr<Checker> checker_;
  engine::Inlet inlet_;
  RunResult result_;
  bool finishing_ = false;
  bool ended_ = false;
  volatile int interrupted_ = 0;
  std::uint64_t last_seen_ = 0;    ///< what the watchdog counted last time
  std::uint64_t faults_seen_ = 0;  ///< closed by then
};

}  // namespace svasim::platform
