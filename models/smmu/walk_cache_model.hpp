// The page-walk cache in plain C++: cycle-exact, the twin of rtl/pwc.sv and the usual choice for long runs.
//
// Contract: models/arch/walk_cache.hpp. Where the RTL spreads an operation over stages, the model does it at
// once at the edge that accepts it, and only the answer travels: that is what "takes effect at its edge"
// means.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "models/arch/walk_cache.hpp"

namespace svasim::smmu {

class WalkCacheModel final : public arch::WalkCache {
 public:
  /// Throws std::invalid_argument with the text of check() if the geometry has no hardware.
  explicit WalkCacheModel(const arch::WalkCacheGeometry& geometry = {});

  const arch::WalkCacheOutputs& cycle(const arch::WalkCacheInputs& in) override;
  const arch::WalkCacheOutputs& outputs() const override { return out_; }

  /// Why a geometry cannot be built, in words; empty if it can.
  static std::string check(const arch::WalkCacheGeometry& geometry);

 private:
  /// `tag` is VMID and the level's part of the VPN in one word, compared at once.
  struct Line {
    std::uint64_t tag = 0;
    std::uint64_t descriptor = 0;
    std::uint16_t asid = 0;
    std::uint8_t hierarchical = 0;
    bool valid = false;
    bool leaf = false;
    bool global = false;
  };
  struct Level {
    std::size_t first = 0;  ///< of its lines in lines_
    std::size_t first_victim = 0;
    std::uint32_t set_mask = 0;
    std::uint32_t ways = 0;
    unsigned shift = 0;  ///< of the VPN, to the level's part of it
  };
  struct Stage {
    bool valid = false;
    arch::WalkCacheResponse response;
  };

  static std::uint64_t tag_of(const Level& level, const arch::WalkCacheKey& key);
  static std::uint32_t set_of(const Level& level, const arch::WalkCacheKey& key);
  Line* ways_of(const Level& level, std::uint32_t set) { return &lines_[level.first + set * level.ways]; }

  arch::WalkCacheResponse look_up(const arch::WalkCacheLookup& lookup);
  void fill(const arch::WalkCacheEntry& entry);
  Line& choose(const Level& level, std::uint32_t set, const Line& filled);
  void invalidate(const arch::WalkCacheInvalidate& request);

  std::array<Level, arch::kWalkLevels> levels_;
  std::vector<Line> lines_;             ///< level by level, set by set, way by way
  std::vector<std::uint32_t> victims_;  ///< the way each set evicts next
  std::uint32_t scan_cycles_ = 1;       ///< how long a scan takes
  std::uint32_t scanning_ = 0;          ///< cycles of it left
  std::array<Stage, 2> pipeline_;       ///< accepted at the last edge, and the one before
  arch::WalkCacheOutputs out_;
};

}  // namespace svasim::smmu
