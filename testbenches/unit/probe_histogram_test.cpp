// Percentiles within 1/256 of sorted data; occupancies and the registry of counters.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "models/probe/counters.hpp"
#include "models/probe/histogram.hpp"

using namespace svasim::probe;

namespace {

/// The nearest-rank percentile of `sorted`, by its definition.
std::uint64_t nearest_rank(const std::vector<std::uint64_t>& sorted, double percent) {
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (static_cast<double>(i + 1) * 100 >= percent * static_cast<double>(sorted.size())) return sorted[i];
  }
  return sorted.back();
}

}  // namespace

TEST_CASE("percentiles are within 1/256 of those of the sorted values") {
  const auto seed = GENERATE(range(1u, 13u));
  std::mt19937_64 random(seed);
  // From a few picoseconds to hours, uniform in the logarithm, or in a narrow band, or few distinct values.
  const std::uint64_t style = seed % 3;
  Histogram histogram;
  std::vector<std::uint64_t> values;
  std::uint64_t sum = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t value = style == 0   ? random() >> (8 + random() % 56)
                                : style == 1 ? 40'000'000 + random() % 1'000'000
                                             : 100 + 1000 * (random() % 3);
    values.push_back(value);
    sum += value;
    histogram.add(value);
  }
  std::sort(values.begin(), values.end());
  CHECK(histogram.count() == values.size());
  CHECK(histogram.sum() == sum);
  CHECK(histogram.mean() == sum / values.size());
  CHECK(histogram.min() == values.front());
  CHECK(histogram.max() == values.back());
  for (double percent : {0.0, 0.1, 1.0, 10.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const auto exact = static_cast<double>(nearest_rank(values, percent));
    const auto got = static_cast<double>(histogram.percentile(percent));
    CAPTURE(seed, percent, exact, got);
    CHECK(std::abs(got - exact) <= exact / 256);
  }
}

TEST_CASE("every magnitude has its bucket, and small values are exact") {
  for (std::uint64_t value = 0; value < 256; ++value) {
    Histogram histogram;
    histogram.add(value);
    histogram.add(1000);
    CHECK(histogram.percentile(50) == value);
  }
  for (unsigned bit = 8; bit < 64; ++bit) {
    for (std::uint64_t value :
         {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit, ~std::uint64_t{0} >> (63 - bit)}) {
      Histogram histogram;
      histogram.add(0);
      histogram.add(value);
      histogram.add(~std::uint64_t{0});
      const std::uint64_t got = histogram.percentile(50);
      CAPTURE(value, got);
      CHECK((got > value ? got - value : value - got) <= value / 256);
    }
  }
}

TEST_CASE("an empty histogram is all zeros") {
  const Histogram empty;
  CHECK(empty.mean() == 0);
  CHECK(empty.min() == 0);
  CHECK(empty.max() == 0);
  CHECK(empty.percentile(99) == 0);
}

TEST_CASE("an occupancy knows its peak and its area") {
  Occupancy slots;
  slots.enter(10);
  slots.enter(20, 2);
  slots.leave(50);
  slots.leave(60, 2);
  slots.enter(100);
  CHECK(slots.peak() == 3);
  CHECK(slots.current() == 1);
  CHECK(slots.entered() == 4);
  CHECK(slots.area() == 10 * 1 + 30 * 3 + 10 * 2 + 40 * 0);
}

TEST_CASE("counters are read when asked, in order of registration") {
  std::uint64_t walks = 0;
  Occupancy slots;
  Counters counters;
  counters.add("tcu", "walks", &walks);
  counters.add("tcu", "slots", &slots);
  counters.add("atc", "misses", [] { return std::uint64_t{3}; });
  walks = 17;
  slots.enter(5, 2);
  std::vector<std::string> lines;
  for (const Counters::Value& counter : counters.read()) {
    lines.push_back(counter.block + "." + counter.name + "=" + std::to_string(counter.value));
  }
  CHECK(lines == std::vector<std::string>{"tcu.walks=17", "tcu.slots_peak=2", "tcu.slots_entered=2",
                                          "tcu.slots_ps=0", "atc.misses=3"});
}
