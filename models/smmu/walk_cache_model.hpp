// The page-walk cache in plain C++: cycle-exact for every geometry, the twin of rtl/pwc.sv and the usual
// choice for long runs.
//
// Contract: models/arch/walk_cache.hpp. Where the RTL spreads an operation over stages and steps, the model
// does it at once at the edge that accepts it, and only the answer and the counts travel: that is what "takes
// effect at its edge" means.
#pragma once

#include <array>
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
  /// `tag` is the bank's part of the page number (44 bits), VMID (16), granule (2, as in a TLBI's TG) and
  /// world (2) in one word, compared at once.
  struct Line {
    std::uint64_t tag = 0;
    std::uint64_t descriptor = 0;
    std::uint16_t asid = 0;
    std::uint8_t hierarchical = 0;
    bool valid = false;
    bool leaf = false;
    bool global = false;
    bool odd = false;  ///< its parity: an error
  };
  /// One level of one stage.
  struct Bank {
    std::size_t first_line = 0;
    std::size_t first_set = 0;  ///< of its sets in replacement_
    std::uint32_t sets = 1;
    std::uint32_t ways = 0;  ///< 0: keeps nothing
    std::uint8_t level = 0;
  };
  struct Stage {
    bool valid = false;
    arch::WalkCacheResponse response;
  };
  /// What a lookup found at one level: applied once the fill beside it has chosen its way.
  struct Found {
    const Bank* bank = nullptr;
    std::uint32_t set = 0;
    std::uint32_t way = 0;
    bool odd = false;
  };
  /// First and last of the tags that an invalidation's range covers at a level.
  struct Tags {
    std::uint64_t first = 0, last = 0;
  };
  struct Placement {
    const Bank* bank = nullptr;  ///< null: the fill is lost
    std::uint32_t set = 0;
    std::uint32_t way = 0;
    bool evicts = false;
  };
  static constexpr unsigned kMaxWays = 64;
  using Banks = std::array<Bank, arch::kWalkLevels>;

  void add_bank(unsigned stage, unsigned level, std::uint32_t sets, std::uint32_t ways);
  const Banks& banks_of(const arch::WalkCacheKey& key) const;
  Line* ways_of(const Bank& bank, std::uint32_t set) {
    return &lines_[bank.first_line + std::size_t{set} * bank.ways];
  }

  arch::WalkCacheResponse look_up(const arch::WalkCacheLookup& lookup);
  void apply_found();
  Placement place(const arch::WalkCacheInputs& in, bool invalidating);
  void write(const Placement& placement, const arch::WalkCacheInputs& in);
  std::uint32_t steps_of(const arch::WalkCacheInvalidate& request) const;
  static Tags tags_of(const arch::WalkCacheInvalidate& request, unsigned granule, unsigned level);
  void invalidate(const arch::WalkCacheInvalidate& request, std::uint32_t first_step);
  void clear(const Bank& bank, std::uint32_t set, const arch::WalkCacheInvalidate& request, unsigned granule,
             const Tags& tags);
  std::uint32_t victim(const Bank& bank, std::uint32_t set) const;
  void touch(const Bank& bank, std::uint32_t set, std::uint32_t way);

  std::array<Banks, 2> banks_;              ///< stage 1, stage 2
  std::vector<Line> lines_;                 ///< bank by bank, set by set, way by way
  std::vector<std::uint64_t> replacement_;  ///< per set: the way to evict next, or the tree's nodes
  bool plru_ = false;
  std::uint32_t most_sets_ = 1;
  std::uint32_t steps_ = 0;        ///< of the invalidation under way, its present one included
  std::array<Stage, 2> pipeline_;  ///< accepted at the last edge, and the one before
  std::vector<Found> found_;       ///< by the lookup of this edge
  arch::WalkCacheCounters due_;    ///< what the next edge adds to the counters
  arch::WalkCacheOutputs out_;
};

}  // namespace svasim::smmu
