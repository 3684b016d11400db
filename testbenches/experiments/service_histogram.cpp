// V3: what Linux needs to serve a page request, as VT-d's statistics show it for an accelerator that writes
// to memory nobody has touched.
#include <algorithm>
#include <array>

#include "testbenches/experiments/faults.hpp"
#include "testbenches/experiments/markdown.hpp"

namespace svasim::experiments {
namespace {

constexpr std::uint64_t kSmallBase = 0x6000'0000'0000, kHugeBase = 0x7000'0000'0000;
constexpr unsigned kFaults = 25'965, kHugeFaults = 395;  // as published; of which above 100 us

/// Upper ends of the buckets, in microseconds, and how many samples were published in each.
struct Bucket {
  const char* name;
  double below;
  unsigned published;
};
constexpr std::array<Bucket, 7> kBuckets = {{{"below 0.1 us", 0.1, 0},
                                             {"0.1 to 1 us", 1, 0},
                                             {"1 to 10 us", 10, 25'206},
                                             {"10 to 100 us", 100, 364},
                                             {"0.1 to 1 ms", 1'000, 395},
                                             {"1 to 10 ms", 10'000, 0},
                                             {"10 ms or more", kUnbounded, 0}}};

std::string trace() {
  std::string text = control("mmap", kHugeBase, kHugeFaults * host::kHugeBytes, "huge");
  std::uint64_t huge = 0, small = 0;
  for (unsigned i = 1; i <= kFaults; ++i) {
    const bool next_huge = std::uint64_t{i} * kHugeFaults / kFaults > huge;  // evenly spread
    text += next_huge ? access('W', kHugeBase + huge++ * host::kHugeBytes)
                      : access('W', kSmallBase + small++ * trace::kPageBytes);
  }
  return text;
}

}  // namespace

Findings service_histogram() {
  // A job waits for its page, and jobs come one after the other: no fault waits behind another.
  const Run run(trace(), {"device.count=1", "device.0=pcie", "endpoint.window=1"});

  std::array<unsigned, kBuckets.size()> count{};
  double sum = 0, small_sum = 0, least = kUnbounded, most = 0;
  for (const auto& [id, fault] : run.faults()) {
    const double us = static_cast<double>(spent(fault.timeline, kService)) / 1e6;
    std::size_t bucket = 0;
    while (us >= kBuckets[bucket].below) ++bucket;
    ++count[bucket];
    sum += us;
    if (fault.va < kHugeBase) small_sum += us;
    least = std::min(least, us);
    most = std::max(most, us);
  }
  const double faults = static_cast<double>(run.faults().size());
  const auto percent = [&](std::size_t bucket) { return 100 * count[bucket] / faults; };

  std::vector<Row> rows;
  for (std::size_t i = 0; i < kBuckets.size(); ++i) {
    rows.push_back({kBuckets[i].name, std::to_string(kBuckets[i].published), std::to_string(count[i])});
  }
  rows.push_back({"least", "1 us", number(least, "us")});
  rows.push_back({"most", "556 us", number(most, "us")});
  rows.push_back({"mean", "9 us", number(sum / faults, "us")});
  const Basis fit = Basis::calibrated;
  return {
      table({"S4 to S8", "published", "simulated"}, rows),
      {{"faults", "25,965", kFaults, kFaults, faults, "", fit},
       {"1 to 10 us", "97.1 %", 95, 100, percent(2), "%", fit},
       {"0.1 to 1 ms (2 MB pages)", "1.5 %", 1, 2, percent(4), "%", fit},
       {"1 ms or more", "0", -kUnbounded, 0, percent(5) + percent(6), "%", fit},
       {"mean", "9 us", 7, 11, sum / faults, "us", fit},
       {"mean without 2 MB pages", "4.5 to 6 us", 4, 6.5, small_sum / (faults - kHugeFaults), "us", fit}}};
}

}  // namespace svasim::experiments
