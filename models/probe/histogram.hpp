// A latency histogram of constant memory (58 KiB) however many values it is given. Count, sum, minimum and
// maximum are exact; a percentile is within 1/256 of the exact one. Source rule: logarithmic buckets, 128 to
// each power of two.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace svasim::probe {

class Histogram {
 public:
  void add(std::uint64_t value) {
    ++buckets_[bucket(value)];
    ++count_;
    sum_ += value;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }

  std::uint64_t count() const { return count_; }
  /// Wraps beyond 2^64; in picoseconds, that is 213 days of added latencies.
  std::uint64_t sum() const { return sum_; }
  std::uint64_t min() const { return count_ ? min_ : 0; }
  std::uint64_t max() const { return max_; }
  /// The mean, rounded down; 0 when empty.
  std::uint64_t mean() const { return count_ ? sum_ / count_ : 0; }

  /// The smallest value that at least `percent` (0 to 100) of the values do not exceed (nearest rank), within
  /// 1/256 of it; 0 when empty.
  std::uint64_t percentile(double percent) const {
    const double share = std::ceil(std::clamp(percent, 0.0, 100.0) * static_cast<double>(count_) / 100);
    const std::uint64_t rank =
        std::clamp<std::uint64_t>(static_cast<std::uint64_t>(share), 1, std::max<std::uint64_t>(count_, 1));
    if (rank >= count_) return max();
    std::uint64_t seen = 0;
    std::size_t i = 0;
    while ((seen += buckets_[i]) < rank) ++i;
    return std::clamp(middle(i), min_, max_);
  }

 private:
  static constexpr unsigned kSubBits = 7;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) * kSub;

  /// Values below 256 have a bucket each; from there on a bucket is 1/128 to 1/256 of its values wide.
  static std::size_t bucket(std::uint64_t value) {
    const unsigned top = 63 - static_cast<unsigned>(__builtin_clzll(value | 1));
    const unsigned shift = top > kSubBits ? top - kSubBits : 0;
    return (std::size_t{shift} << kSubBits) + static_cast<std::size_t>(value >> shift);
  }
  static std::uint64_t middle(std::size_t bucket) {
    const std::size_t shift = bucket < 2 * kSub ? 0 : bucket / kSub - 1;
    return (std::uint64_t{bucket - shift * kSub} << shift) + ((std::uint64_t{1} << shift) >> 1);
  }

  std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(kBuckets);
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
};

}  // namespace svasim::probe
