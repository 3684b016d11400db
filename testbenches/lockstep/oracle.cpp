// The oracle. It shares no code with the model or the bridge.
#include "testbenches/lockstep/oracle.hpp"

#include <algorithm>
#include <sstream>

namespace svasim::lockstep {

using arch::WalkCacheEntry;
using arch::WalkCacheScope;

namespace {

constexpr std::uint64_t kResponseDelay = 2;

bool is_scan(WalkCacheScope scope) { return scope == WalkCacheScope::vmid || scope == WalkCacheScope::asid; }

[[noreturn]] void violation(const std::string& what) { throw OracleViolation("oracle: " + what); }

std::string words(bool hit, unsigned level, bool leaf, unsigned hierarchical, std::uint64_t descriptor) {
  if (!hit) return "a miss";
  std::ostringstream os;
  os << "level " << level << (leaf ? " leaf" : " table") << " hierarchical 0x" << std::hex << hierarchical
     << " descriptor 0x" << descriptor;
  return os.str();
}

}  // namespace

Oracle::Oracle(const arch::WalkCacheGeometry& geometry) : geometry_(geometry) {
  scan_cycles_ = *std::max_element(geometry.sets.begin(), geometry.sets.end());
}

std::uint64_t Oracle::part(unsigned level, std::uint64_t vpn) {
  return (vpn & 0xfffffffffffu) >> (27 - 9 * level);
}

Oracle::Set& Oracle::set_of(const WalkCacheEntry& entry) {
  return sets_[{entry.level, part(entry.level, entry.key.vpn) % geometry_.sets[entry.level]}];
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
  if (in.fill_valid && before.fill_ready) {
    WalkCacheEntry entry = in.fill;
    entry.level &= 3;
    entry.hierarchical &= 31;
    const bool lost = invalidating && covers(in.invalidate, entry);
    seen_.covered_fills += lost;
    if (!lost) fill(entry);
  }
  if (invalidating) {
    invalidate(in.invalidate);
    count(in.invalidate);
  }
  if (looking) expected_.push_back(expect(in.lookup));
  if (invalidating && is_scan(in.invalidate.scope)) scan_ends_ = now_ + scan_cycles_;

  seen_.lookups_beside_scans += looking && invalidating && is_scan(in.invalidate.scope);
  seen_.waits += (in.lookup_valid && !before.lookup_ready) || (in.fill_valid && !before.fill_ready) ||
                 (in.invalidate_valid && !before.invalidate_ready);
  seen_.quiet += !before.busy && !in.lookup_valid && !in.fill_valid && !in.invalidate_valid;
  check_readies(after);
  check_response(after);
}

void Oracle::fill(const WalkCacheEntry& entry) {
  std::vector<Live>& entries = live_[{entry.level, entry.key.vmid, part(entry.level, entry.key.vpn)}];
  for (std::size_t i = entries.size(); i-- > 0;) {
    const WalkCacheEntry& old = entries[i].entry;
    if (!old.global && !entry.global && old.key.asid != entry.key.asid) continue;
    remove(entries, i);
    ++seen_.replaced;
  }
  entries.push_back({entry, ++serial_});
  Set& set = set_of(entry);
  set.newest = serial_;
  if (++set.live > geometry_.ways[entry.level]) {
    seen_.overflows += !set.overflowed;
    set.overflowed = true;
  }
}

bool Oracle::covers(const arch::WalkCacheInvalidate& request, const WalkCacheEntry& entry) {
  if (request.scope == WalkCacheScope::all || request.scope > WalkCacheScope::vaa) return true;
  if (request.key.vmid != entry.key.vmid) return false;
  if (request.scope == WalkCacheScope::vmid) return true;
  const bool same_asid = request.key.asid == entry.key.asid;
  if (request.scope == WalkCacheScope::asid) return same_asid && !entry.global;
  if (part(entry.level, request.key.vpn) != part(entry.level, entry.key.vpn)) return false;
  if (request.leaf_only && !entry.leaf) return false;
  return request.scope == WalkCacheScope::vaa || same_asid || entry.global;
}

void Oracle::invalidate(const arch::WalkCacheInvalidate& request) {
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
  seen_.undefined_scopes += !defined;
  if (defined) ++seen_.scopes[static_cast<std::size_t>(request.scope)];
  seen_.leaf_only +=
      request.leaf_only && (request.scope == WalkCacheScope::va || request.scope == WalkCacheScope::vaa);
}

Oracle::Expected Oracle::expect(const arch::WalkCacheLookup& lookup) {
  ++seen_.lookups;
  Expected expected{now_ + kResponseDelay, lookup.id, {}, true};
  for (unsigned level = arch::kWalkLevels; level-- > 0 && expected.may_miss;) {
    const auto found = live_.find({level, lookup.key.vmid, part(level, lookup.key.vpn)});
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
  const bool ready = now_ >= scan_ends_;
  if (after.lookup_ready != ready || after.fill_ready != ready || after.invalidate_ready != ready) {
    violation(ready ? "not ready though no scan is under way" : "ready during a scan");
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
  seen_.misses += !got.hit;
  if (!got.hit && expected.may_miss) return;
  std::string wanted;
  for (const WalkCacheEntry& entry : expected.allowed) {
    if (got.hit && got.level == entry.level && got.leaf == entry.leaf &&
        got.hierarchical == entry.hierarchical && got.descriptor == entry.descriptor) {
      ++seen_.hits[entry.level];
      return;
    }
    wanted += words(true, entry.level, entry.leaf, entry.hierarchical, entry.descriptor) + ", or ";
  }
  violation("expected " + wanted + (expected.may_miss ? "a miss" : "nothing else") + ", got " +
            words(got.hit, got.level, got.leaf, got.hierarchical, got.descriptor));
}

}  // namespace svasim::lockstep
