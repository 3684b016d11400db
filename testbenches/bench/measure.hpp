// Measures in processes of their own: each starts with the same heap and a SystemC kernel of its own. Times
// are CPU times of all threads, so that other programs and waiting do not count.
#pragma once

#include <cstdint>
#include <vector>

#include "testbenches/bench/kinds.hpp"

namespace svasim::bench {

/// What one transaction costs: the difference of a run of 2n and one of n transactions, divided by n.
struct Cost {
  double nanoseconds = 0;  ///< CPU time, of all threads
  double allocations = 0;  ///< calls of operator new
  double events = 0;       ///< of the calendar
  double walk_reads = 0;   ///< descriptors
  double faults = 0;
};

enum class Variant : std::uint8_t { model, rtl, database };
inline constexpr std::array<const char*, 3> kVariants = {"model", "rtl", "run.db"};

/// A transaction of `kind` in a whole simulation: with the page-walk cache's model, with its RTL, or with the
/// model and run.db written. Throws std::runtime_error if the run does not end well.
Cost cost_of(Kind kind, Variant variant, std::uint64_t transactions);

/// One AT ping-pong, in nanoseconds of CPU time.
double floor_nanoseconds(std::uint64_t transactions);

double median(std::vector<double> values);

}  // namespace svasim::bench
