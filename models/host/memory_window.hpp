// RAM that the host's software owns, and gives out. Contract: fresh memory reads as zero.
#pragma once

#include <cstdint>
#include <optional>

#include "models/arch/types.hpp"

namespace svasim::host {

/// Memory handed out in ascending order, never taken back.
class MemoryWindow {
 public:
  MemoryWindow(std::uint64_t base, std::uint64_t bytes) : next_(base), end_(base + bytes) {}

  /// `bytes` aligned to `alignment` (a power of two); none when the window is exhausted.
  std::optional<std::uint64_t> take(std::uint64_t bytes, std::uint64_t alignment) {
    if (!fits(bytes, alignment)) return std::nullopt;
    const std::uint64_t at = aligned(alignment);
    next_ = at + bytes;
    return at;
  }
  /// Would take() succeed?
  bool fits(std::uint64_t bytes, std::uint64_t alignment) const {
    const std::uint64_t at = aligned(alignment);
    return at >= next_ && at <= end_ && bytes <= end_ - at;
  }

 private:
  std::uint64_t aligned(std::uint64_t alignment) const { return (next_ + alignment - 1) & ~(alignment - 1); }

  std::uint64_t next_;
  std::uint64_t end_;
};

}  // namespace svasim::host
