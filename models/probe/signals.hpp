// What waves show of the blocks: signals in hardware terms, which each block names beside its counters.
#pragma once

#include <cstdint>
#include <string_view>

namespace svasim::probe {

/// What a block's `signals(visit)` calls: the same names, in the same order, every time. Values are of the
/// state as it stands; asking changes nothing.
class Signals {
 public:
  virtual ~Signals() = default;
  /// The signals that follow are of this block.
  virtual void block(std::string_view name) = 0;
  /// The low `bits` (1 to 64) of `value`.
  virtual void operator()(std::string_view name, unsigned bits, std::uint64_t value) = 0;
  virtual void operator()(std::string_view name, std::string_view text) = 0;
};

}  // namespace svasim::probe
