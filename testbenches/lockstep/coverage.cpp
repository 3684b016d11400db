// The coverage model. Bins are defined first, all of them, so that holes have names; counting a bin that was
// not defined is a mistake in this file and throws.
#include "testbenches/lockstep/coverage.hpp"

#include <algorithm>
#include <ostream>
#include <stdexcept>

namespace svasim::lockstep {

using arch::WalkCacheScope;
using arch::WalkCacheWorld;

namespace {

constexpr const char* kWorlds[] = {"el1", "el2", "e2h", "s2"};
constexpr const char* kScopes[] = {"all", "vmid", "asid", "va", "vaa", "undefined"};
constexpr const char* kTags[] = {"none", "4k", "16k", "64k"};
constexpr arch::Granule kGranules[] = {arch::Granule::k4, arch::Granule::k16, arch::Granule::k64};
constexpr const char* kReaches[] = {"one_page", "below_sets", "all_sets", "end_of_space"};
constexpr const char* kSides[] = {"asid_differs", "vmid_differs", "world_differs", "page_differs",
                                  "same_key"};

const char* world(const arch::WalkCacheKey& key) { return kWorlds[raw(key.world)]; }
const char* granule(const arch::WalkCacheKey& key) {
  return kTags[key.granule == arch::Granule::k4 ? 1 : key.granule == arch::Granule::k16 ? 2 : 3];
}
std::string level_name(unsigned level) { return "l" + std::to_string(level); }

/// The field that an injected error strikes.
const char* field_of(unsigned bit) {
  if (bit < 64) return "descriptor";
  if (bit == 64) return "parity";
  if (bit == 65) return "leaf";
  if (bit == 66) return "global";
  if (bit < 72) return "hierarchical";
  if (bit < 74) return "granule";
  if (bit < 76) return "world";
  if (bit < 92) return "vmid";
  return bit < 108 ? "asid" : "tag";
}
constexpr const char* kFields[] = {"descriptor", "parity", "leaf", "global", "hierarchical",
                                   "granule",    "world",  "vmid", "asid",   "tag"};

bool by_address(const arch::WalkCacheInvalidate& request) {
  return request.scope == WalkCacheScope::va || request.scope == WalkCacheScope::vaa;
}

/// Where two keys first part, if they do.
const char* side(const arch::WalkCacheKey& a, const arch::WalkCacheKey& b) {
  if (a.world != b.world) return "world_differs";
  if (a.vmid != b.vmid) return "vmid_differs";
  if (a.asid != b.asid) return "asid_differs";
  return a.vpn != b.vpn || a.granule != b.granule ? "page_differs" : "same_key";
}

}  // namespace

Coverage::Coverage(const arch::WalkCacheGeometry& geometry) : geometry_(geometry) {
  for (unsigned level = 0; level < arch::kWalkLevels; ++level) {
    if (geometry.ways[level] != 0) most_sets_ = std::max(most_sets_, geometry.sets[level]);
    if (geometry.s2_ways[level] != 0) most_sets_ = std::max(most_sets_, geometry.s2_sets[level]);
  }
  define_all();
}

bool Coverage::keeps(WalkCacheWorld world, unsigned level) const {
  return (world == WalkCacheWorld::stage2 ? geometry_.s2_ways : geometry_.ways)[level] != 0;
}

Coverage::Bin Coverage::bin(const std::string& name) {
  const auto [at, added] = index_.try_emplace(name, names_.size());
  if (added) {
    names_.push_back(name);
    counts_.push_back(0);
  }
  return at->second;
}

void Coverage::count(const std::string& name) {
  const auto at = index_.find(name);
  if (at == index_.end()) throw std::logic_error("coverage: bin " + name + " was not defined");
  ++counts_[at->second];
}

void Coverage::define_all() {
  for (unsigned w = 0; w < 4; ++w) {
    bin(std::string("lookup.miss.") + kWorlds[w]);
    bool any = false;
    for (unsigned level = 0; level < arch::kWalkLevels; ++level)
      any |= keeps(static_cast<WalkCacheWorld>(w), level);
    if (any) bin(std::string("lookup.error.") + kWorlds[w]);
    for (unsigned level = 0; level < arch::kWalkLevels; ++level) {
      const bool kept = keeps(static_cast<WalkCacheWorld>(w), level);
      for (unsigned g = 1; g <= 3; ++g) {
        if (kept) bin(std::string("lookup.hit.") + kWorlds[w] + "." + kTags[g] + "." + level_name(level));
        bin(std::string(kept ? "fill." : "fill_of_level_off.") + kWorlds[w] + "." + kTags[g] + "." +
            level_name(level));
      }
    }
  }
  for (const char* leaf : {"table", "leaf"}) {
    for (const char* global : {"global", "local"}) bin(std::string("fill.") + leaf + "." + global);
  }
  for (const char* field : kFields) bin(std::string("flip.") + field);
  for (const char* scope : kScopes) {
    const std::string name = std::string("invalidate.") + scope;
    for (const char* worlds : {"none", "one", "several", "every"}) bin(name + ".worlds_" + worlds);
  }
  for (const char* scope : {"va", "vaa"}) {
    for (const char* leaf : {"leaf_only", "tables_too"}) {
      for (const char* tag : kTags) bin(std::string("invalidate.") + scope + "." + leaf + "." + tag);
    }
  }
  for (unsigned g = 1; g <= 3; ++g) {
    for (const char* reach : kReaches) {
      if (std::string(reach) == "below_sets" && most_sets_ <= 2) continue;
      if (std::string(reach) == "all_sets" && most_sets_ == 1) continue;
      bin(std::string("range.") + kTags[g] + "." + reach);
    }
  }
  for (const char* at : kSides) {
    bin(std::string("hazard.lookup_fill.") + at);
    bin(std::string("hazard.fill_invalidate.") + at);
    bin(std::string("hazard.lookup_invalidate.") + at);
  }
  for (const char* name : {"hazard.all_three", "hazard.fill_with_error_beside_invalidation",
                           "port.lookup_waits", "port.fill_waits", "port.invalidate_waits",
                           "port.lookups_back_to_back", "port.first_quiet_cycle", "port.quiet_then_lookup",
                           "count.evictions", "count.lost_fills", "count.errors", "answer.hit_and_error"}) {
    bin(name);
  }
}

void Coverage::edge(const arch::WalkCacheInputs& in, const arch::WalkCacheOutputs& before,
                    const arch::WalkCacheOutputs& after) {
  ++now_;
  const bool looking = in.lookup_valid && before.lookup_ready;
  const bool filling = in.fill_valid && before.fill_ready;
  const bool invalidating = in.invalidate_valid && before.invalidate_ready;
  cover_lookups(in, after, looking);
  if (filling) cover_fill(in);
  if (invalidating) cover_invalidation(in.invalidate);
  cover_hazards(in, looking, filling, invalidating);
  if (in.lookup_valid && !looking) count("port.lookup_waits");
  if (in.fill_valid && !filling) count("port.fill_waits");
  if (in.invalidate_valid && !invalidating) count("port.invalidate_waits");
  if (looking && looked_before_) count("port.lookups_back_to_back");
  if (looking && !before.busy) count("port.quiet_then_lookup");
  if (was_busy_ && !after.busy) count("port.first_quiet_cycle");
  looked_before_ = looking;
  was_busy_ = after.busy;
  cover_counters(before, after);
}

void Coverage::cover_lookups(const arch::WalkCacheInputs& in, const arch::WalkCacheOutputs& after,
                             bool looking) {
  if (after.response_valid && !in_flight_.empty()) {
    const arch::WalkCacheKey key = in_flight_.front().key;
    in_flight_.erase(in_flight_.begin());
    const arch::WalkCacheResponse& got = after.response;
    if (got.error) count(std::string("lookup.error.") + world(key));
    if (got.error && got.hit) count("answer.hit_and_error");
    count(got.hit ? std::string("lookup.hit.") + world(key) + "." + granule(key) + "." + level_name(got.level)
                  : std::string("lookup.miss.") + world(key));
  }
  if (looking) in_flight_.push_back({now_, in.lookup.key});
}

void Coverage::cover_fill(const arch::WalkCacheInputs& in) {
  const arch::WalkCacheEntry& entry = in.fill;
  const unsigned level = entry.level & 3u;
  count(std::string(keeps(entry.key.world, level) ? "fill." : "fill_of_level_off.") + world(entry.key) + "." +
        granule(entry.key) + "." + level_name(level));
  count(std::string("fill.") + (entry.leaf ? "leaf" : "table") + (entry.global ? ".global" : ".local"));
  const unsigned stored_bits = 108 + 44 - 9 * (3 - level);
  if (in.flip.valid && in.flip.bit < stored_bits) count(std::string("flip.") + field_of(in.flip.bit));
}

void Coverage::cover_invalidation(const arch::WalkCacheInvalidate& request) {
  const unsigned worlds = request.worlds & 15u;
  const unsigned named = static_cast<unsigned>(__builtin_popcount(worlds));
  const char* const how_many = named == 0 ? "none" : named == 1 ? "one" : named == 4 ? "every" : "several";
  const char* const scope = kScopes[std::min<unsigned>(raw(request.scope), 5)];
  count(std::string("invalidate.") + scope + ".worlds_" + how_many);
  if (!by_address(request)) return;
  const unsigned tg = request.tg & 3u;
  count(std::string("invalidate.") + scope + (request.leaf_only ? ".leaf_only." : ".tables_too.") +
        kTags[tg]);
  if (tg == 0) return;
  const unsigned shift = arch::page_shift(kGranules[tg - 1]) - 12;
  const std::uint64_t pages = ((request.num & 31u) + std::uint64_t{1}) << (request.scale & 31u);
  const std::uint64_t first = (request.key.vpn & ((std::uint64_t{1} << 44) - 1)) >> shift;
  const std::string range = std::string("range.") + kTags[tg] + ".";
  if (first + pages > std::uint64_t{1} << (44 - shift)) count(range + "end_of_space");
  if (pages == 1) {
    count(range + "one_page");
  } else if (most_sets_ > 1) {
    count(range + (pages < most_sets_ ? "below_sets" : "all_sets"));
  }
}

void Coverage::cover_hazards(const arch::WalkCacheInputs& in, bool looking, bool filling, bool invalidating) {
  if (looking && filling) count(std::string("hazard.lookup_fill.") + side(in.lookup.key, in.fill.key));
  arch::WalkCacheKey removed = in.invalidate.key;
  const auto meet = [&removed, &in](const arch::WalkCacheKey& key) {
    if ((in.invalidate.worlds >> raw(key.world) & 1u) != 0) removed.world = key.world;
    removed.granule = key.granule;
    return side(key, removed);
  };
  if (filling && invalidating) count(std::string("hazard.fill_invalidate.") + meet(in.fill.key));
  if (looking && invalidating) count(std::string("hazard.lookup_invalidate.") + meet(in.lookup.key));
  if (looking && filling && invalidating) count("hazard.all_three");
  if (filling && invalidating && in.flip.valid) count("hazard.fill_with_error_beside_invalidation");
}

void Coverage::cover_counters(const arch::WalkCacheOutputs& before, const arch::WalkCacheOutputs& after) {
  if (after.counters.evictions != before.counters.evictions) count("count.evictions");
  if (after.counters.lost_fills != before.counters.lost_fills) count("count.lost_fills");
  if (after.counters.errors != before.counters.errors) count("count.errors");
}

std::size_t Coverage::hit() const {
  return static_cast<std::size_t>(
      std::count_if(counts_.begin(), counts_.end(), [](auto n) { return n != 0; }));
}

std::vector<std::string> Coverage::holes() const {
  std::vector<std::string> holes;
  for (Bin b = 0; b < names_.size(); ++b) {
    if (counts_[b] == 0) holes.push_back(names_[b]);
  }
  return holes;
}

void Coverage::write(std::ostream& os) const {
  for (Bin b = 0; b < names_.size(); ++b) os << names_[b] << ' ' << counts_[b] << '\n';
}

}  // namespace svasim::lockstep
