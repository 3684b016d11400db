// The page-walk cache model. Source of the rules: the seam (models/arch/walk_cache.hpp), and rtl/README.md
// for the order of simultaneous operations.
#include "models/smmu/walk_cache_model.hpp"

#include <algorithm>
#include <stdexcept>

namespace svasim::smmu {

namespace {

using arch::WalkCacheScope;

constexpr unsigned kVpnBits = 44;
constexpr unsigned kBitsPerLevel = 9;  // 4 KB granule
constexpr std::uint64_t kVpnMask = (std::uint64_t{1} << kVpnBits) - 1;
constexpr std::uint32_t kMaxSets = 1u << 16;
constexpr std::uint32_t kMaxWays = 64;

constexpr bool is_power_of_two(std::uint32_t n) { return n != 0 && (n & (n - 1)) == 0; }

bool is_scan(WalkCacheScope scope) { return scope == WalkCacheScope::vmid || scope == WalkCacheScope::asid; }

/// Whether an invalidation covers an entry at `level` (the level's shift is `shift`).
bool covers(const arch::WalkCacheInvalidate& request, const arch::WalkCacheEntry& entry, unsigned shift) {
  const bool vmid = request.key.vmid == entry.key.vmid;
  const bool asid = request.key.asid == entry.key.asid;
  const bool path = ((request.key.vpn ^ entry.key.vpn) & kVpnMask) >> shift == 0;
  switch (request.scope) {
    case WalkCacheScope::vmid: return vmid;
    case WalkCacheScope::asid: return vmid && asid && !entry.global;
    case WalkCacheScope::va:
      return vmid && path && (asid || entry.global) && (entry.leaf || !request.leaf_only);
    case WalkCacheScope::vaa: return vmid && path && (entry.leaf || !request.leaf_only);
    case WalkCacheScope::all: break;
  }
  return true;
}

}  // namespace

std::string WalkCacheModel::check(const arch::WalkCacheGeometry& geometry) {
  for (unsigned l = 0; l < arch::kWalkLevels; ++l) {
    const std::string where = "walk cache level " + std::to_string(l) + ": ";
    const std::uint32_t sets = geometry.sets[l], ways = geometry.ways[l];
    if (!is_power_of_two(sets) || sets > kMaxSets) {
      return where + std::to_string(sets) + " sets, not a power of two up to " + std::to_string(kMaxSets);
    }
    if (ways == 0 || ways > kMaxWays) {
      return where + std::to_string(ways) + " ways, not 1 to " + std::to_string(kMaxWays);
    }
  }
  return {};
}

WalkCacheModel::WalkCacheModel(const arch::WalkCacheGeometry& geometry) {
  if (const std::string problem = check(geometry); !problem.empty()) throw std::invalid_argument(problem);
  std::size_t lines = 0, sets = 0;
  for (unsigned l = 0; l < arch::kWalkLevels; ++l) {
    levels_[l] = {lines, sets, geometry.sets[l] - 1, geometry.ways[l],
                  kBitsPerLevel * (arch::kWalkLevels - 1 - l)};
    lines += std::size_t{geometry.sets[l]} * geometry.ways[l];
    sets += geometry.sets[l];
    scan_cycles_ = std::max(scan_cycles_, geometry.sets[l]);
  }
  lines_.resize(lines);
  victims_.resize(sets);
}

std::uint64_t WalkCacheModel::tag_of(const Level& level, const arch::WalkCacheKey& key) {
  return (key.vpn & kVpnMask) >> level.shift | std::uint64_t{key.vmid} << kVpnBits;
}

std::uint32_t WalkCacheModel::set_of(const Level& level, const arch::WalkCacheKey& key) {
  return static_cast<std::uint32_t>((key.vpn & kVpnMask) >> level.shift) & level.set_mask;
}

const arch::WalkCacheOutputs& WalkCacheModel::cycle(const arch::WalkCacheInputs& in) {
  const bool ready = scanning_ == 0;
  if (scanning_ != 0) --scanning_;

  // 1. The answer accepted two edges ago comes out; the last one's payload stays on the pins.
  out_.response_valid = pipeline_[1].valid;
  if (pipeline_[1].valid) out_.response = pipeline_[1].response;
  pipeline_[1] = pipeline_[0];

  // 2. What is accepted at this edge takes effect: fill, invalidation, lookup. A fill the invalidation covers
  // is lost.
  const bool invalidating = ready && in.invalidate_valid;
  const bool filling = ready && in.fill_valid;
  if (filling && !(invalidating && covers(in.invalidate, in.fill, levels_[in.fill.level & 3u].shift)))
    fill(in.fill);
  if (invalidating) invalidate(in.invalidate);
  pipeline_[0].valid = ready && in.lookup_valid;
  if (pipeline_[0].valid) pipeline_[0].response = look_up(in.lookup);

  // 3. What the state allows next.
  if (invalidating && is_scan(in.invalidate.scope)) scanning_ = scan_cycles_;
  out_.lookup_ready = out_.fill_ready = out_.invalidate_ready = scanning_ == 0;
  out_.busy = filling || invalidating || scanning_ != 0 || pipeline_[0].valid || pipeline_[1].valid ||
              out_.response_valid;
  return out_;
}

arch::WalkCacheResponse WalkCacheModel::look_up(const arch::WalkCacheLookup& lookup) {
  for (unsigned l = arch::kWalkLevels; l-- > 0;) {
    const Level& level = levels_[l];
    const std::uint64_t tag = tag_of(level, lookup.key);
    const Line* line = ways_of(level, set_of(level, lookup.key));
    for (const Line* const end = line + level.ways; line != end; ++line) {
      if (line->tag == tag && line->valid && (line->global || line->asid == lookup.key.asid)) {
        return {lookup.id,       true, static_cast<std::uint8_t>(l), line->leaf, line->hierarchical,
                line->descriptor};
      }
    }
  }
  return {lookup.id};
}

void WalkCacheModel::fill(const arch::WalkCacheEntry& entry) {
  const Level& level = levels_[entry.level & 3u];
  Line filled{tag_of(level, entry.key),
              entry.descriptor,
              entry.key.asid,
              static_cast<std::uint8_t>(entry.hierarchical & 31u),
              true,
              entry.leaf,
              entry.global};
  choose(level, set_of(level, entry.key), filled) = filled;
}

/// The way a fill goes to: the lowest that it overlaps, the others of which are removed; else the lowest
/// invalid one; else the set's victim, which then moves on.
WalkCacheModel::Line& WalkCacheModel::choose(const Level& level, std::uint32_t set, const Line& filled) {
  Line* const ways = ways_of(level, set);
  Line *overlapping = nullptr, *invalid = nullptr;
  for (Line* line = ways; line != ways + level.ways; ++line) {
    if (!line->valid) {
      if (invalid == nullptr) invalid = line;
    } else if (line->tag == filled.tag && (line->global || filled.global || line->asid == filled.asid)) {
      if (overlapping == nullptr) overlapping = line;
      line->valid = false;
    }
  }
  if (overlapping != nullptr) return *overlapping;
  if (invalid != nullptr) return *invalid;
  std::uint32_t& victim = victims_[level.first_victim + set];
  Line& chosen = ways[victim];
  victim = victim + 1 == level.ways ? 0 : victim + 1;
  return chosen;
}

void WalkCacheModel::invalidate(const arch::WalkCacheInvalidate& request) {
  const bool by_va = request.scope == WalkCacheScope::va || request.scope == WalkCacheScope::vaa;
  for (const Level& level : levels_) {
    const std::uint32_t set = set_of(level, request.key);
    Line* const first = ways_of(level, by_va ? set : 0);
    Line* const last = first + (by_va ? level.ways : (std::size_t{level.set_mask} + 1) * level.ways);
    for (Line* line = first; line != last; ++line) {
      arch::WalkCacheEntry entry;
      entry.key = {static_cast<std::uint16_t>(line->tag >> kVpnBits), line->asid,
                   (line->tag & kVpnMask) << level.shift};
      entry.leaf = line->leaf;
      entry.global = line->global;
      if (covers(request, entry, level.shift)) line->valid = false;
    }
  }
}

}  // namespace svasim::smmu
