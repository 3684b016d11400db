// Constrained-random traffic for a page-walk cache: phases of different mixes over few keys, so that sets
// overflow, hits are common, and fills, invalidations and lookups of the same key meet at the same edge.
//
// Contract: one seed, one sequence, whatever the cache answers apart from its readies. A channel that was not
// taken keeps its value.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "models/arch/walk_cache.hpp"

namespace svasim::lockstep {

class Traffic {
 public:
  /// Chances in 256 that an idle channel starts an operation, and how wide the keys spread. Each phase has
  /// its own.
  struct Mix {
    unsigned lookup = 0, fill = 0, invalidate = 0;
    unsigned scan = 0;    ///< of an invalidation to be by world, VMID or ASID
    unsigned spread = 0;  ///< bits of each level's part of the page number that vary above its index
    unsigned reuse = 0;   ///< of a key to be one used before
    unsigned hot = 0;     ///< keys in use
    unsigned flip = 0;    ///< of a fill to be stored with an error
  };
  struct Weight {
    const char* name;
    unsigned Mix::*field;
    unsigned least, most;
  };
  static const std::vector<Weight>& weights();
  /// Weights that hold in every phase instead of the phase's own.
  using Fixed = std::vector<std::pair<unsigned Mix::*, unsigned>>;

  explicit Traffic(std::uint64_t seed, Fixed fixed = {}) : random_(seed), fixed_(std::move(fixed)) {
    start_phase();
  }

  /// The inputs of the next edge, given the outputs they stand beside.
  const arch::WalkCacheInputs& next(const arch::WalkCacheOutputs& before);

 private:
  static constexpr unsigned kHotKeys = 16;

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool chance(unsigned of_256) { return below(256) < of_256; }
  void start_phase();
  arch::WalkCacheKey key();
  arch::WalkCacheKey new_key();
  arch::WalkCacheEntry entry();
  arch::WalkCacheInvalidate invalidate();
  void choose_range(arch::WalkCacheInvalidate& request);

  std::mt19937_64 random_;
  Fixed fixed_;
  Mix mix_;
  std::uint64_t phase_left_ = 0;
  std::uint8_t id_ = 0;
  std::array<arch::WalkCacheKey, kHotKeys> hot_;
  arch::WalkCacheInputs in_;
  bool taken_lookup_ = true, taken_fill_ = true, taken_invalidate_ = true;
};

}  // namespace svasim::lockstep
