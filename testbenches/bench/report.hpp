// The table, the JSON file and the verdict. Contract: a row's figures are medians over the repetitions; a
// multiple is the median of the repetitions' own ratios to the floor measured beside them.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "testbenches/bench/measure.hpp"

namespace svasim::bench {

/// One variant of a kind: a cost, and the floor of the moment, per repetition.
struct Series {
  std::vector<Cost> costs;
  std::vector<double> floors;  ///< nanoseconds

  double nanoseconds() const;
  double multiple() const;  ///< floors
  double part(double Cost::*part) const;
};

struct Row {
  Kind kind;
  std::array<Series, kVariants.size()> variants;

  const Series& series(Variant variant) const { return variants[static_cast<std::size_t>(variant)]; }
  double rtl_per_model() const { return series(Variant::rtl).multiple() / series(Variant::model).multiple(); }
};

inline constexpr double kRtlPerModelBudget = 2;

void print(std::ostream& out, const std::vector<Row>& rows);
std::string json(const std::vector<Row>& rows);

/// A line for each thing that no busy machine explains: a workload that is not what its name says, an
/// allocation per transaction, a cost beyond `tolerance` budgets.
std::vector<std::string> disasters(const std::vector<Row>& rows, double tolerance);

}  // namespace svasim::bench
