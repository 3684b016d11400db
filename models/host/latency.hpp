// How long software takes where it is not simulated instruction by instruction: one seeded distribution per
// stage. Contract: integer picoseconds; the draws of a stage depend on the run's seed and the stage's name
// only, never on what other stages drew. Source rule: every default names where it comes from.
#pragma once

#include <cstdint>
#include <string_view>

#include "models/engine/clock.hpp"

namespace svasim::host {

using engine::Picoseconds;

enum class LatencyShape : std::uint8_t { fixed = 0, lognormal = 1, uniform = 2, exponential = 3 };

/// A distribution by its mean. `spread` is the sigma of the logarithm for lognormal, the half width as a
/// fraction of the mean (0 to 1) for uniform, and nothing for the others.
struct Latency {
  LatencyShape shape = LatencyShape::fixed;
  Picoseconds mean = 0;
  double spread = 0;
};

constexpr Latency fixed(Picoseconds mean) { return {LatencyShape::fixed, mean, 0}; }
constexpr Latency lognormal(Picoseconds mean, double sigma) { return {LatencyShape::lognormal, mean, sigma}; }
constexpr Latency exponential(Picoseconds mean) { return {LatencyShape::exponential, mean, 0}; }
constexpr Latency uniform(Picoseconds mean, double half) { return {LatencyShape::uniform, mean, half}; }

/// The generator of one stage.
class LatencySource {
 public:
  LatencySource(const Latency& latency, std::uint64_t seed, std::string_view stage);
  Picoseconds draw();

 private:
  double unit();  ///< uniform in (0, 1)

  Latency latency_;
  std::uint64_t state_;
};

}  // namespace svasim::host
