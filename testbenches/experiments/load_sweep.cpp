// V3 under load: page requests come at random, ever faster. One interrupt thread takes them, workers on the
// CPUs serve them: who is the bottleneck, and at which rate, follows from what one fault costs when nobody
// else is there.
#include <algorithm>
#include <cmath>
#include <random>

#include "testbenches/experiments/faults.hpp"
#include "testbenches/experiments/markdown.hpp"

namespace svasim::experiments {
namespace {

using probe::Stage;

constexpr std::uint64_t kBase = 0x6000'0000'0000;
constexpr unsigned kFaults = 4'000;
constexpr double kBelow = 0.5, kNear = 0.8, kBeyond = 1.5;  ///< offered, in knees

/// Writes to new pages, at random (Poisson) but exactly at `rate` per picosecond on the whole.
std::string poisson(double rate) {
  std::mt19937_64 random(1);
  std::vector<double> times;
  double time = 0;
  for (unsigned i = 0; i < kFaults; ++i) {
    times.push_back(time);
    time -= std::log((static_cast<double>(random() >> 11) + 0.5) * 0x1p-53);
  }
  constexpr double kUp = 1e9;  // the machine is
  std::string text;
  for (unsigned i = 0; i < kFaults; ++i) {
    const double at = kUp + times[i] / time * kFaults / rate;
    text += access('W', kBase + i * trace::kPageBytes, static_cast<std::uint64_t>(at));
  }
  return text;
}

Settings settings(unsigned cpus) {
  // The device never is what limits.
  return {"device.count=1",
          "device.0=pcie",
          "endpoint.window=4096",
          "endpoint.ats.requests=4096",
          "endpoint.pri.allocation=4096",
          "host.cpus=" + std::to_string(cpus)};
}

struct Outcome {
  double throughput;  ///< faults per picosecond
  double latency;     ///< ps, record to response, mean
};

double latency(const Run& run) {
  double sum = 0;
  for (const auto& [id, fault] : run.faults()) sum += static_cast<double>(fault.timeline.total());
  return sum / static_cast<double>(run.faults().size());
}

Outcome offer(double rate, unsigned cpus) {
  const Run run(poisson(rate), settings(cpus));
  std::uint64_t first = ~std::uint64_t{0}, last = 0;
  for (const auto& [id, fault] : run.faults()) {
    first = std::min(first, fault.timeline.begun_at());
    last = std::max(last, fault.timeline.since());
  }
  return {static_cast<double>(run.faults().size()) / static_cast<double>(last - first), latency(run)};
}

/// As many faults, none of which waits behind another.
Run one_at_a_time(unsigned cpus) {
  std::string text;
  for (unsigned i = 0; i < kFaults; ++i) text += access('W', kBase + i * trace::kPageBytes);
  Settings one = settings(cpus);
  one.push_back("endpoint.window=1");
  return Run(text, one);
}

}  // namespace

Findings load_sweep() {
  constexpr double kMillionPerSecond = 1e-6, kMicrosecond = 1e6;  // in faults and picoseconds
  std::vector<Row> rows;
  std::vector<double> kept_up, served, slower;
  for (const unsigned cpus : {1u, 2u, 4u, 8u}) {
    const Run alone = one_at_a_time(cpus);
    const double thread = alone.mean({Stage::queue_drain, Stage::report});                 // S3, S4
    const double worker = alone.mean({Stage::mm_lock, Stage::mm_fault, Stage::response});  // S6 to S8
    const double by_thread = 1 / thread, by_cpus = cpus / (thread + worker);
    const double knee = std::min(by_thread, by_cpus);
    const Outcome below = offer(kBelow * knee, cpus), near = offer(kNear * knee, cpus),
                  beyond = offer(kBeyond * knee, cpus);
    kept_up.push_back(100 * near.throughput / (kNear * knee));
    served.push_back(beyond.throughput / knee);
    slower.push_back(beyond.latency / near.latency);
    rows.push_back({std::to_string(cpus), by_thread < by_cpus ? "interrupt thread" : "CPUs",
                    number(knee / kMillionPerSecond), number(latency(alone) / kMicrosecond),
                    number(below.latency / kMicrosecond), number(near.latency / kMicrosecond),
                    number(beyond.latency / kMicrosecond), number(beyond.throughput / kMillionPerSecond)});
  }
  const auto least = [](const std::vector<double>& v) { return *std::min_element(v.begin(), v.end()); };
  const Basis model = Basis::predicted;
  return {table({"CPUs", "limit", "knee, M faults/s", "us alone", "us at 0.5", "us at 0.8", "us at 1.5",
                 "served at 1.5"},
                rows),
          {{"served at 0.8 knees, of what is offered", "-", 98, 102, least(kept_up), "%", model},
           {"served at 1.5 knees, in knees", "-", 0.9, 1, least(served), "", model},
           {"slower at 1.5 than at 0.8 knees", "-", 10, kUnbounded, least(slower), "times", model}}};
}

}  // namespace svasim::experiments
