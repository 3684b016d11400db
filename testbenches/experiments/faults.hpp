// Runs of the whole machine that an experiment looks at through its faults. Contract: a run that does not end
// well throws.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "testbenches/system/machine.hpp"

namespace svasim::experiments {

using Settings = std::vector<std::string>;  ///< "key=value"
using Stages = std::initializer_list<probe::Stage>;

/// What software does between taking a record off its queue and handing over the response: stages S4 to S8
/// of Linux' path, which VT-d's latency statistics cover.
inline constexpr Stages kService = {probe::Stage::report,  probe::Stage::group_wait, probe::Stage::workqueue,
                                    probe::Stage::mm_lock, probe::Stage::mm_fault,   probe::Stage::response};

class Run {
 public:
  /// `trace` is text, without its first line, of process 1, which is there.
  Run(const std::string& trace, const Settings& settings);

  const std::map<std::uint64_t, test::ClosedTransaction>& transactions() const {
    return machine_.transactions;
  }
  const std::map<std::uint64_t, probe::Fault>& faults() const { return machine_.faults; }
  /// Mean picoseconds that faults spent in `stages`.
  double mean(Stages stages) const;

 private:
  test::Machine machine_;
};

/// Picoseconds in `stages`.
std::uint64_t spent(const probe::Timeline& timeline, Stages stages);

// Lines of traces: an access of 64 bytes, with a time if it is not 0; what the kernel does to a range.
std::string access(char operation, std::uint64_t va, std::uint64_t time_ps = 0);
std::string control(const std::string& what, std::uint64_t va, std::uint64_t bytes,
                    const std::string& options = "");

}  // namespace svasim::experiments
