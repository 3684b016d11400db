// Where the beats of a burst lie: AXI4, address structure. Pure arithmetic.
#pragma once

#include <algorithm>

#include "tlm-bridges/axi/axi_pins.hpp"

namespace svasim::bridges {

/// Byte lanes of a beat, both included.
struct AxiLanes {
  unsigned first = 0, last = 0;
};

class AxiBeats {
 public:
  explicit AxiBeats(const AxiAddress& address) : a_(address) {}

  unsigned count() const { return a_.beats(); }
  /// Of the first byte that beat `n` (from 0) may move.
  std::uint64_t address(unsigned n) const {
    if (n == 0 || a_.burst == AxiBurst::fixed) return a_.addr;
    const std::uint64_t next = aligned(a_.addr) + std::uint64_t{n} * a_.bytes();
    return a_.burst == AxiBurst::wrap && next >= wrap_base() + total() ? next - total() : next;
  }
  /// Bytes from address(n) to the end of the beat's container.
  unsigned bytes(unsigned n) const {
    return static_cast<unsigned>(aligned(address(n)) + a_.bytes() - address(n));
  }
  AxiLanes lanes(unsigned n, unsigned bus_bytes) const {
    const auto first = static_cast<unsigned>(address(n) % bus_bytes);
    return {first, first + bytes(n) - 1};
  }
  /// Of the whole burst: memory from lowest() on, span() bytes. For FIXED, that of each beat.
  std::uint64_t lowest() const { return a_.burst == AxiBurst::wrap ? wrap_base() : a_.addr; }
  std::uint64_t span() const {
    if (a_.burst == AxiBurst::fixed) return bytes(0);
    if (a_.burst == AxiBurst::wrap) return total();
    return aligned(a_.addr) + total() - a_.addr;
  }
  std::uint64_t total() const { return std::uint64_t{count()} * a_.bytes(); }

 private:
  std::uint64_t aligned(std::uint64_t address) const { return address & ~std::uint64_t{a_.bytes() - 1u}; }
  std::uint64_t wrap_base() const { return a_.addr / total() * total(); }

  AxiAddress a_;
};

}  // namespace svasim::bridges
