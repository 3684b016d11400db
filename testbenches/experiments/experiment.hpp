// What an experiment is: a workload from the literature, run on the whole machine, and claims about what
// comes out. Contract: the same text on every run; a claim is a number between two bounds that were
// published, and is never fitted to what is simulated. Source rule: README.md names the sources.
#pragma once

#include <limits>
#include <string>
#include <vector>

namespace svasim::experiments {

/// Where a claim's truth comes from.
enum class Basis {
  calibrated,  ///< defaults were chosen with this source in hand
  predicted,   ///< follows from the model
};

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

struct Claim {
  std::string what;
  std::string published;
  double low, high;  ///< what must hold: low <= value <= high
  double value;
  std::string unit;
  Basis basis;

  bool holds() const { return low <= value && value <= high; }
};

struct Findings {
  std::string tables;  ///< markdown: published beside simulated
  std::vector<Claim> claims;
};

struct Experiment {
  const char* name;
  const char* what;
  Findings (*run)();
};

/// In the order of the README.
extern const std::vector<Experiment> kExperiments;

Findings service_histogram();
Findings load_sweep();
Findings fault_modes();

}  // namespace svasim::experiments
