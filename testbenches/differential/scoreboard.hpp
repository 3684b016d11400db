// The scoreboard: ends of accesses and event records of the timed SMMU, against what the reference says of
// them. What they may differ in is said here.
#pragma once

#include <deque>
#include <vector>

#include "testbenches/differential/driver.hpp"
#include "testbenches/differential/predictor.hpp"
#include "testbenches/differential/world.hpp"

namespace svasim::differential {

class Scoreboard {
 public:
  /// All outlive it.
  Scoreboard(const smmu::SmmuConfig& config, Machine& machine, Predictor& predictor, Driver& driver,
             const World& world, Story story);

  /// Did the access end so?
  bool fits(const Access& access, const Expected& expected) const;
  /// May it wait for the stall of another one?
  bool blocked(const Access& access, const std::deque<Access>& among) const;
  /// Of the access last expected. If it need not have had its turn, its record is no longer due.
  void check(const Access& access, Expected& expected, const std::deque<Access>& among);
  /// `all` false: some of the stalls need no record, because what they repeat is being answered.
  void check_events(const std::deque<Access>& accesses, const std::vector<Expected>& expected,
                    bool all = true);

 private:
  bool crowded(const std::deque<Access>& among) const;
  bool merged(const arch::EventWords& words, const std::vector<arch::EventWords>& seen) const;

  const smmu::SmmuConfig& config_;
  Machine& machine_;
  Predictor& predictor_;
  Driver& driver_;
  const World& world_;
  Story story_;
};

}  // namespace svasim::differential
