// The oracle. It shares no code with the model or the bridge.
#include "testbenches/lockstep/oracle.hpp"

#include <algorithm>
#include <sstream>

namespace svasim::lockstep {

using arch::WalkCacheEntry;
using arch::WalkCacheScope;
using arch::WalkCacheWorld;

namespace {

constexpr std::uint64_t kResponseDelay = 2;
constexpr std::uint64_t kAddressMask = (std::uint64_t{1} << 56) - 1;

[[noreturn]] void violation(const std::string& what) { throw OracleViolation("oracle: " + what); }

std::string words(bool hit, unsigned level, bool leaf, unsigned hierarchical, std::uint64_t descriptor) {
  if (!hit) return "a miss";
  std::ostringstream os;
  os << "level " << level << (leaf ? " leaf" : " table") << " hierarchical 0x" << std::hex << hierarchical
     << " descriptor 0x" << descriptor;
  return os.str();
}

bool stage2(const arch::WalkCacheKey& key) { return key.world == WalkCacheWorld::stage2; }

}  // namespace

Oracle::Oracle(const arch::WalkCacheGeometry& geometry) : geometry_(geometry) {
  for (unsigned level = 0; level < arch::kWalkLevels; ++level) {
    if (geometry.ways[level] != 0) most_sets_ = std::max<std::uint64_t>(most_sets_, geometry.sets[level]);
    if (geometry.s2_ways[level] != 0) {
      most_sets_ = std::max<std::uint64_t>(most_sets_, geometry.s2_sets[level]);
    }
  }
}

/// The address bits that a level's entries translate, and those above.
std::uint64_t Oracle::part(const arch::WalkCacheKey& key, unsigned level) {
  return (key.vpn << 12 & kAddressMask) >> arch::level_shift(key.granule, level);
}

Oracle::Path Oracle::path_of(const arch::WalkCacheKey& key, unsigned level) const {
  return {key.world, key.granule, level, key.vmid, part(key, level)};
}

std::uint64_t Oracle::sets_of(const WalkCacheEntry& entry) const {
  return (stage2(entry.key) ? geometry_.s2_sets : geometry_.sets)[entry.level];
}

std::uint64_t Oracle::ways_of(const WalkCacheEntry& entry) const {
  return (stage2(entry.key) ? geometry_.s2_ways : geometry_.ways)[entry.level];
}

Oracle::Set& Oracle::set_of(const WalkCacheEntry& entry) {
  return sets_[{stage2(entry.key), entry.level, part(entry.key, entry.level) % sets_of(entry)}];
}

void Oracle::remove(std::vector<Live>& entries, std::size_t index) {
  Set& set = set_of(entries[index].entry);
  if (--set.live == 0) set.overflowed = false;
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(index));
}

void Oracle::edge(const arch::WalkCacheInputs& in, const arch::WalkCacheOutputs& before,
                  const arch::WalkCacheOutputs& after) {
  ++now_;
  const bool invalidating = in.invalidate_valid && before.invalidate_ready;
  const bool looking = in.lookup_valid && before.lookup_ready;
  const bool filling = in.fill_valid && before.fill_ready;
  if (looking) expected_.push_back(expect(in.lookup));
  WalkCacheEntry entry = in.fill;
  entry.level &= 3;
  entry.hierarchical &= 31;
  const bool covered = filling && invalidating && covers(in.invalidate, entry);
  if (filling && !covered) fill(entry, in.flip);
  if (invalidating) {
    invalidate(in.invalidate);
    count(in.invalidate);
    ready_at_ = now_ + steps(in.invalidate) - 1;
  }

  seen_.covered_fills += covered;
  seen_.lookups_beside_invalidations += looking && invalidating;
  seen_.lookups_beside_fills += looking && filling;
  seen_.waits += (in.lookup_valid && !before.lookup_ready) || (in.fill_valid && !before.fill_ready) ||
                 (in.invalidate_valid && !before.invalidate_ready);
  seen_.quiet += !before.busy && !in.lookup_valid && !in.fill_valid && !in.invalidate_valid;
  check_readies(after);
  check_response(after);
}

void Oracle::fill(const WalkCacheEntry& entry, const arch::WalkCacheFlip& flip) {
  if (ways_of(entry) == 0) return;
  std::vector<Live>& entries = live_[path_of(entry.key, entry.level)];
  for (std::size_t i = entries.size(); i-- > 0;) {
    const WalkCacheEntry& old = entries[i].entry;
    if (!old.global && !entry.global && old.key.asid != entry.key.asid) continue;
    remove(entries, i);
    ++seen_.replaced;
  }
  Set& set = set_of(entry);
  set.newest = ++serial_;
  const unsigned stored_bits = 108 + 44 - 9 * (arch::kWalkLevels - 1 - entry.level);
  if (flip.valid && flip.bit < stored_bits) {
    ++seen_.flips;
    ++set.poisoned;
    ++poisoned_;
  } else {
    entries.push_back({entry, serial_});
    ++set.live;
  }
  if (set.live + set.poisoned > ways_of(entry)) {
    seen_.overflows += !set.overflowed;
    set.overflowed = true;
  }
}

bool Oracle::is_everything(const arch::WalkCacheInvalidate& request) {
  return request.scope > WalkCacheScope::vaa ||
         (request.scope == WalkCacheScope::all && (request.worlds & 15) == 15);
}

/// Do the bytes of the command's range and those that the entry maps meet?
bool Oracle::in_range(const arch::WalkCacheInvalidate& request, const WalkCacheEntry& entry) {
  const unsigned shift = arch::level_shift(entry.key.granule, entry.level);
  const std::uint64_t low = part(entry.key, entry.level) << shift;
  const std::uint64_t high = low + ((std::uint64_t{1} << shift) - 1);
  const std::uint64_t address = request.key.vpn << 12 & kAddressMask;
  if ((request.tg & 3) == 0) return low <= address && address <= high;
  constexpr arch::Granule kGranules[] = {arch::Granule::k4, arch::Granule::k16, arch::Granule::k64};
  if (entry.key.granule != kGranules[(request.tg & 3) - 1]) return false;
  const unsigned page = arch::page_shift(entry.key.granule);
  const std::uint64_t first = address >> page << page;
  const std::uint64_t bytes = ((request.num & 31u) + std::uint64_t{1}) << ((request.scale & 31) + page);
  return low <= std::min(first + (bytes - 1), kAddressMask) && first <= high;
}

bool Oracle::covers(const arch::WalkCacheInvalidate& request, const WalkCacheEntry& entry) {
  if (is_everything(request)) return true;
  if ((request.worlds >> static_cast<unsigned>(entry.key.world) & 1) == 0) return false;
  if (request.scope == WalkCacheScope::all) return true;
  if (request.key.vmid != entry.key.vmid) return false;
  if (request.scope == WalkCacheScope::vmid) return true;
  const bool same_asid = request.key.asid == entry.key.asid;
  if (request.scope == WalkCacheScope::asid) return same_asid && !entry.global;
  if (!in_range(request, entry)) return false;
  if (request.leaf_only && !entry.leaf) return false;
  return request.scope == WalkCacheScope::vaa || same_asid || entry.global;
}

/// The cycles an invalidation takes, the one that accepts it included.
std::uint64_t Oracle::steps(const arch::WalkCacheInvalidate& request) const {
  if (is_everything(request)) return 1;
  if (request.scope != WalkCacheScope::va && request.scope != WalkCacheScope::vaa) return most_sets_;
  if ((request.tg & 3) == 0) return 3;
  const std::uint64_t pages = ((request.num & 31u) + std::uint64_t{1}) << (request.scale & 31);
  return std::min(pages, most_sets_);
}

void Oracle::invalidate(const arch::WalkCacheInvalidate& request) {
  if (is_everything(request)) {
    live_.clear();
    sets_.clear();
    poisoned_ = 0;
    return;
  }
  for (auto path = live_.begin(); path != live_.end();) {
    std::vector<Live>& entries = path->second;
    for (std::size_t i = entries.size(); i-- > 0;) {
      if (covers(request, entries[i].entry)) remove(entries, i);
    }
    path = entries.empty() ? live_.erase(path) : std::next(path);
  }
}

void Oracle::count(const arch::WalkCacheInvalidate& request) {
  const bool defined = request.scope <= WalkCacheScope::vaa;
  const bool by_address = request.scope == WalkCacheScope::va || request.scope == WalkCacheScope::vaa;
  seen_.undefined_scopes += !defined;
  if (defined) ++seen_.scopes[static_cast<std::size_t>(request.scope)];
  seen_.leaf_only += request.leaf_only && by_address;
  seen_.ranges += by_address && (request.tg & 3) != 0 && (request.num & 31) + (request.scale & 31) != 0;
}

Oracle::Expected Oracle::expect(const arch::WalkCacheLookup& lookup) {
  ++seen_.lookups;
  Expected expected{now_ + kResponseDelay, lookup.id, {}, true, poisoned_ != 0};
  for (unsigned level = arch::kWalkLevels; level-- > 0 && expected.may_miss;) {
    const auto found = live_.find(path_of(lookup.key, level));
    if (found == live_.end()) continue;
    for (const Live& live : found->second) {
      if (!live.entry.global && live.entry.key.asid != lookup.key.asid) continue;
      const Set& set = set_of(live.entry);
      expected.allowed.push_back(live.entry);
      expected.may_miss = set.overflowed && set.newest != live.serial;
    }
  }
  return expected;
}

void Oracle::check_readies(const arch::WalkCacheOutputs& after) const {
  const bool ready = now_ >= ready_at_;
  if (after.lookup_ready != ready || after.fill_ready != ready || after.invalidate_ready != ready) {
    violation(ready ? "not ready though no invalidation is under way" : "ready during an invalidation");
  }
}

void Oracle::check_response(const arch::WalkCacheOutputs& after) {
  const bool due = !expected_.empty() && expected_.front().due == now_;
  if (after.response_valid != due)
    violation(due ? "no response when one is due" : "a response nobody is owed");
  if (!expected_.empty() && !after.busy) violation("not busy with a lookup in flight");
  if (!due) return;
  const Expected expected = std::move(expected_.front());
  expected_.pop_front();
  const arch::WalkCacheResponse& got = after.response;
  if (got.id != expected.id) violation("a response with the wrong id");
  if (got.error && !expected.may_err) violation("an error where none was injected");
  seen_.misses += !got.hit;
  seen_.errors += got.error;
  if (!got.hit && expected.may_miss) return;
  std::string wanted;
  for (const WalkCacheEntry& entry : expected.allowed) {
    if (got.hit && got.level == entry.level && got.leaf == entry.leaf &&
        got.hierarchical == entry.hierarchical && got.descriptor == entry.descriptor) {
      ++seen_.hits[stage2(entry.key)][entry.level];
      return;
    }
    wanted += words(true, entry.level, entry.leaf, entry.hierarchical, entry.descriptor) + ", or ";
  }
  violation("expected " + wanted + (expected.may_miss ? "a miss" : "nothing else") + ", got " +
            words(got.hit, got.level, got.leaf, got.hierarchical, got.descriptor));
}

}  // namespace svasim::lockstep
