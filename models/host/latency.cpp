// See latency.hpp.
#include "models/host/latency.hpp"

#include <cmath>

namespace svasim::host {
namespace {

std::uint64_t next_state(std::uint64_t& state) {  // SplitMix64
  std::uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

LatencySource::LatencySource(const Latency& latency, std::uint64_t seed, std::string_view stage)
    : latency_(latency), state_(0xcbf29ce484222325u) {
  for (const char c : stage) state_ = (state_ ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;  // FNV-1a
  state_ += seed;
  state_ = next_state(state_);
}

double LatencySource::unit() { return (static_cast<double>(next_state(state_) >> 11) + 0.5) * 0x1p-53; }

Picoseconds LatencySource::draw() {
  const auto mean = static_cast<double>(latency_.mean);
  if (latency_.shape == LatencyShape::uniform) {
    return static_cast<Picoseconds>(std::llround(mean * (1 + latency_.spread * (2 * unit() - 1))));
  }
  if (latency_.shape == LatencyShape::lognormal && latency_.mean != 0) {
    constexpr double kTwoPi = 6.283185307179586;
    const double normal = std::sqrt(-2 * std::log(unit())) * std::cos(kTwoPi * unit());
    const double mu = std::log(mean) - latency_.spread * latency_.spread / 2;
    return static_cast<Picoseconds>(std::llround(std::exp(mu + latency_.spread * normal)));
  }
  if (latency_.shape == LatencyShape::exponential) {
    return static_cast<Picoseconds>(std::llround(-mean * std::log(unit())));
  }
  return latency_.mean;
}

}  // namespace svasim::host
