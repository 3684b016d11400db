// What a whole run amounts to: totals, latency distributions and where the time went. Contract: memory does
// not grow with the run; summary.json depends on nothing but the simulation, host time goes to the console
// and host.json. Source rule: the keys are documented in README.md.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "models/probe/histogram.hpp"
#include "models/probe/recorder.hpp"

namespace svasim::probe {

struct HitRate {
  std::string label;
  std::uint64_t hits = 0;
  std::uint64_t lookups = 0;
};

/// What the platform knows at the end of a run and a sink does not see.
struct RunTotals {
  Picoseconds simulated = 0;
  std::uint64_t fault_records = 0;  ///< event and page-request records written
  std::uint64_t responses = 0;      ///< CMD_RESUME and CMD_PRI_RESP executed
  std::uint64_t first_touched_pages = 0;
  std::vector<HitRate> hit_rates;
};

/// A transaction is faulting if a translation of it failed at least once.
class Summary : public Sink {
 public:
  void transaction(const Transaction&) override;
  void fault(const Fault&) override;

  /// The text of summary.json.
  std::string json(const RunTotals&) const;
  /// The text of host.json: `host_seconds` and simulated transactions per host second. Differs from run to
  /// run.
  std::string host_json(double host_seconds) const;
  /// The report: at most 45 lines of at most 100 columns.
  void print(std::ostream&, const RunTotals&, double host_seconds) const;

  const Histogram& latency() const { return all_; }
  const Histogram& latency(bool faulting) const { return groups_[faulting].latency; }
  const Histogram& fault_latency() const { return fault_latency_; }

 private:
  using StageSums = std::array<Picoseconds, kStageCount>;
  struct Group {
    Histogram latency;
    StageSums stages{};
  };
  struct Device {
    std::uint64_t faulting = 0;
    Histogram latency;
  };
  struct Report;  ///< the console report, in summary_report.cpp

  std::uint64_t transactions() const { return all_.count(); }
  std::uint64_t faulting() const { return groups_[1].latency.count(); }

  Histogram all_;
  std::array<Group, 2> groups_;  ///< non-faulting, faulting
  Histogram fault_latency_;      ///< of the faulting transactions
  std::uint64_t failed_translations_ = 0;
  std::array<std::uint64_t, kOutcomes.size()> outcomes_{};
  std::map<std::uint32_t, Device> devices_;

  Histogram fault_lifetime_;  ///< of fault records
  StageSums fault_stages_{};
  std::uint64_t fault_followers_ = 0;
  std::array<std::uint64_t, kFaultKinds.size()> fault_kinds_{};
  std::array<std::uint64_t, kOutcomes.size()> fault_outcomes_{};
};

}  // namespace svasim::probe
