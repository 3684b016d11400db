// The page-walk cache model. Source of the rules: the seam (models/arch/walk_cache.hpp), and rtl/README.md
// for the order of simultaneous operations.
#include "models/smmu/walk_cache_model.hpp"

#include <algorithm>
#include <stdexcept>

namespace svasim::smmu {

namespace {

using arch::WalkCacheScope;
using arch::WalkCacheWorld;

constexpr unsigned kVpnBits = 44;
constexpr std::uint64_t kVpnMask = (std::uint64_t{1} << kVpnBits) - 1;
constexpr unsigned kVmidAt = kVpnBits, kGranuleAt = 60, kWorldAt = 62;  // in a line's tag
constexpr std::uint32_t kMaxSets = 1u << 16;

/// Granules as a TLBI's TG codes them: 1 to 3.
constexpr unsigned code_of(arch::Granule granule) {
  return granule == arch::Granule::k16 ? 2 : granule == arch::Granule::k64 ? 3 : 1;
}
/// log2 of 4 KB pages in a page of the granule, and in what an entry of a level maps.
constexpr unsigned page_bits(unsigned granule) { return granule <= 1 ? 0 : granule == 2 ? 2 : 4; }
constexpr unsigned shift_of(unsigned granule, unsigned level) {
  return page_bits(granule) + (9 + page_bits(granule)) * (arch::kWalkLevels - 1 - level);
}

constexpr bool is_power_of_two(std::uint32_t n) { return n != 0 && (n & (n - 1)) == 0; }
bool is_by_address(WalkCacheScope scope) {
  return scope == WalkCacheScope::va || scope == WalkCacheScope::vaa;
}
bool is_flash(const arch::WalkCacheInvalidate& request) {
  return request.scope > WalkCacheScope::vaa ||
         (request.scope == WalkCacheScope::all && (request.worlds & arch::kAllWorlds) == arch::kAllWorlds);
}

std::uint64_t pages_of(const arch::WalkCacheInvalidate& request) {
  return ((request.num & 31u) + std::uint64_t{1}) << (request.scale & 31u);
}

std::uint64_t vpn_part(std::uint64_t vpn, unsigned granule, unsigned level) {
  return (vpn & kVpnMask) >> shift_of(granule, level);
}

struct Agreement {
  bool world, vmid, asid, range;
};
bool removes(const arch::WalkCacheInvalidate& request, const Agreement& same, bool global, bool leaf) {
  switch (request.scope) {
    case WalkCacheScope::all: return same.world;
    case WalkCacheScope::vmid: return same.world && same.vmid;
    case WalkCacheScope::asid: return same.world && same.vmid && same.asid && !global;
    case WalkCacheScope::va:
      return same.world && same.vmid && same.range && (same.asid || global) && (leaf || !request.leaf_only);
    case WalkCacheScope::vaa: return same.world && same.vmid && same.range && (leaf || !request.leaf_only);
  }
  return true;
}

}  // namespace

/// For entries of `granule`.
WalkCacheModel::Tags WalkCacheModel::tags_of(const arch::WalkCacheInvalidate& request, unsigned granule,
                                             unsigned level) {
  const std::uint64_t first = vpn_part(request.key.vpn, granule, level);
  if ((request.tg & 3u) == 0) return {first, first};
  const std::uint64_t last_page =
      ((request.key.vpn & kVpnMask) >> page_bits(granule)) + pages_of(request) - 1;
  return {first, std::min(last_page, kVpnMask) >> (shift_of(granule, level) - page_bits(granule))};
}

std::string WalkCacheModel::check(const arch::WalkCacheGeometry& geometry) {
  const auto problem = [&](const char* stage, const auto& sets, const auto& ways) -> std::string {
    for (unsigned l = 0; l < arch::kWalkLevels; ++l) {
      const std::string where = std::string("walk cache ") + stage + " level " + std::to_string(l) + ": ";
      if (ways[l] > kMaxWays) {
        return where + std::to_string(ways[l]) + " ways, not 0 to " + std::to_string(kMaxWays);
      }
      if (ways[l] != 0 && (!is_power_of_two(sets[l]) || sets[l] > kMaxSets)) {
        return where + std::to_string(sets[l]) + " sets, not a power of two up to " +
               std::to_string(kMaxSets);
      }
      if (geometry.replacement == arch::WalkCacheReplacement::plru && ways[l] != 0 &&
          !is_power_of_two(ways[l])) {
        return where + std::to_string(ways[l]) + " ways, not a power of two as tree PLRU needs";
      }
    }
    return {};
  };
  const std::string s1 = problem("stage 1", geometry.sets, geometry.ways);
  return !s1.empty() ? s1 : problem("stage 2", geometry.s2_sets, geometry.s2_ways);
}

WalkCacheModel::WalkCacheModel(const arch::WalkCacheGeometry& geometry)
    : plru_(geometry.replacement == arch::WalkCacheReplacement::plru) {
  if (const std::string problem = check(geometry); !problem.empty()) throw std::invalid_argument(problem);
  for (unsigned l = 0; l < arch::kWalkLevels; ++l) {
    add_bank(0, l, geometry.sets[l], geometry.ways[l]);
    add_bank(1, l, geometry.s2_sets[l], geometry.s2_ways[l]);
  }
  found_.reserve(std::size_t{arch::kWalkLevels} * kMaxWays);
}

void WalkCacheModel::add_bank(unsigned stage, unsigned level, std::uint32_t sets, std::uint32_t ways) {
  if (ways == 0) sets = 1;
  banks_[stage][level] = {lines_.size(), replacement_.size(), sets, ways, static_cast<std::uint8_t>(level)};
  lines_.resize(lines_.size() + std::size_t{sets} * ways);
  replacement_.resize(replacement_.size() + sets);
  most_sets_ = std::max(most_sets_, sets);
}

const WalkCacheModel::Banks& WalkCacheModel::banks_of(const arch::WalkCacheKey& key) const {
  return banks_[key.world == WalkCacheWorld::stage2 ? 1 : 0];
}

namespace {

/// The tag without the page number.
std::uint64_t context_of(const arch::WalkCacheKey& key) {
  return std::uint64_t{key.vmid} << kVmidAt | std::uint64_t{code_of(key.granule)} << kGranuleAt |
         std::uint64_t{raw(key.world) & 3u} << kWorldAt;
}

}  // namespace

const arch::WalkCacheOutputs& WalkCacheModel::cycle(const arch::WalkCacheInputs& in) {
  const bool ready = steps_ <= 1;
  if (!ready) ++out_.counters.waits;
  if (steps_ != 0) --steps_;

  // 1. The answer accepted two edges ago comes out; the last one's payload stays on the pins.
  out_.response_valid = pipeline_[1].valid;
  if (pipeline_[1].valid) {
    out_.response = pipeline_[1].response;
    ++out_.counters.lookups;
    out_.counters.hits += out_.response.hit;
    out_.counters.errors += out_.response.error;
  }
  pipeline_[1] = pipeline_[0];
  out_.counters.fills += due_.fills;
  out_.counters.lost_fills += due_.lost_fills;
  out_.counters.evictions += due_.evictions;
  out_.counters.invalidations += due_.invalidations;
  due_ = {};

  // 2. What is accepted at this edge. Each decides on the state before it; then they take effect in the order
  // lookup (the recency of what it hit, the removal of what is odd), invalidation, fill: one that is not lost
  // stays whatever is removed beside it.
  const bool invalidating = ready && in.invalidate_valid;
  const bool filling = ready && in.fill_valid;
  pipeline_[0].valid = ready && in.lookup_valid;
  if (pipeline_[0].valid) pipeline_[0].response = look_up(in.lookup);
  Placement placement;
  if (filling) placement = place(in, invalidating);
  if (!found_.empty()) apply_found();
  if (invalidating) invalidate(in.invalidate, 0);
  if (placement.bank != nullptr) write(placement, in);
  // Later steps see the fill as stored. It stays, unless an error made it something that they remove.
  if (invalidating && placement.bank != nullptr && in.flip.valid) invalidate(in.invalidate, 1);
  due_.fills = placement.bank != nullptr;
  due_.lost_fills = filling && placement.bank == nullptr;
  due_.evictions = placement.evicts;
  due_.invalidations = invalidating;

  // 3. What the state allows next.
  if (invalidating) steps_ = steps_of(in.invalidate);
  out_.lookup_ready = out_.fill_ready = out_.invalidate_ready = steps_ <= 1;
  out_.busy = filling || steps_ != 0 || pipeline_[0].valid || pipeline_[1].valid || out_.response_valid;
  return out_;
}

arch::WalkCacheResponse WalkCacheModel::look_up(const arch::WalkCacheLookup& lookup) {
  arch::WalkCacheResponse response{lookup.id};
  const std::uint64_t context = context_of(lookup.key);
  const unsigned granule = code_of(lookup.key.granule);
  const Banks& banks = banks_of(lookup.key);
  for (unsigned l = arch::kWalkLevels; l-- > 0;) {
    const Bank& bank = banks[l];
    if (bank.ways == 0) continue;
    const std::uint64_t part = vpn_part(lookup.key.vpn, granule, l);
    const std::uint64_t tag = part | context;
    const auto set = static_cast<std::uint32_t>(part) & (bank.sets - 1);
    const Line* const ways = ways_of(bank, set);
    for (std::uint32_t w = 0; w < bank.ways; ++w) {
      const Line& line = ways[w];
      if (line.tag != tag || !line.valid || !(line.global || line.asid == lookup.key.asid)) continue;
      if (line.odd) {
        response.error = true;
      } else if (!response.hit) {
        response.hit = true;
        response.level = static_cast<std::uint8_t>(l);
        response.leaf = line.leaf;
        response.hierarchical = line.hierarchical;
        response.descriptor = line.descriptor;
      }
      if (plru_ || line.odd) found_.push_back({&bank, set, w, line.odd});
    }
  }
  return response;
}

void WalkCacheModel::apply_found() {
  for (const Found& found : found_) {
    if (found.odd) {
      ways_of(*found.bank, found.set)[found.way].valid = false;
    } else {
      touch(*found.bank, found.set, found.way);
    }
  }
  found_.clear();
}

/// Where a fill goes: the lowest way that it overlaps, else the lowest invalid one, else the set's victim.
WalkCacheModel::Placement WalkCacheModel::place(const arch::WalkCacheInputs& in, bool invalidating) {
  const arch::WalkCacheEntry& entry = in.fill;
  const unsigned level = entry.level & 3u, granule = code_of(entry.key.granule);
  const Bank& bank = banks_of(entry.key)[level];
  if (bank.ways == 0) return {};
  const std::uint64_t part = vpn_part(entry.key.vpn, granule, level);
  if (invalidating) {
    const arch::WalkCacheInvalidate& request = in.invalidate;
    const Tags tags = tags_of(request, granule, level);
    const bool granule_named = (request.tg & 3u) == 0 || (request.tg & 3u) == granule;
    const Agreement same{(request.worlds & bit_of(entry.key.world)) != 0, request.key.vmid == entry.key.vmid,
                         request.key.asid == entry.key.asid,
                         granule_named && tags.first <= part && part <= tags.last};
    if (removes(request, same, entry.global, entry.leaf)) return {};
  }
  Placement placement{&bank, static_cast<std::uint32_t>(part) & (bank.sets - 1), 0, false};
  const std::uint64_t tag = part | context_of(entry.key);
  const Line* const ways = ways_of(bank, placement.set);
  std::uint32_t overlapping = kMaxWays, invalid = kMaxWays;
  for (std::uint32_t w = bank.ways; w-- > 0;) {
    if (!ways[w].valid) {
      invalid = w;
    } else if (ways[w].tag == tag && (ways[w].global || entry.global || ways[w].asid == entry.key.asid)) {
      overlapping = w;
    }
  }
  placement.evicts = overlapping == kMaxWays && invalid == kMaxWays;
  placement.way = overlapping != kMaxWays ? overlapping
                  : invalid != kMaxWays   ? invalid
                                          : victim(bank, placement.set);
  return placement;
}

/// Removes what the fill overlaps, stores it, with an injected error if asked to.
void WalkCacheModel::write(const Placement& placement, const arch::WalkCacheInputs& in) {
  const arch::WalkCacheEntry& entry = in.fill;
  const Bank& bank = *placement.bank;
  Line line;
  line.tag = vpn_part(entry.key.vpn, code_of(entry.key.granule), bank.level) | context_of(entry.key);
  line.descriptor = entry.descriptor;
  line.asid = entry.key.asid;
  line.hierarchical = entry.hierarchical & 31u;
  line.valid = true;
  line.leaf = entry.leaf;
  line.global = entry.global;
  Line* const ways = ways_of(bank, placement.set);
  for (std::uint32_t w = 0; w < bank.ways; ++w) {
    if (ways[w].tag == line.tag && (ways[w].global || line.global || ways[w].asid == line.asid)) {
      ways[w].valid = false;
    }
  }
  if (placement.evicts && !plru_) {
    replacement_[bank.first_set + placement.set] = placement.way + 1 == bank.ways ? 0 : placement.way + 1;
  }
  if (plru_) touch(bank, placement.set, placement.way);
  if (in.flip.valid) {
    const unsigned bit = in.flip.bit, tag_bits = kVpnBits - shift_of(1, bank.level);
    const auto one = [](unsigned n) { return std::uint64_t{1} << n; };
    line.odd = bit < 108 + tag_bits;
    if (bit < 64) line.descriptor ^= one(bit);
    if (bit == 65) line.leaf = !line.leaf;
    if (bit == 66) line.global = !line.global;
    if (bit >= 67 && bit < 72) line.hierarchical ^= static_cast<std::uint8_t>(one(bit - 67));
    if (bit >= 72 && bit < 74) line.tag ^= one(kGranuleAt + bit - 72);
    if (bit >= 74 && bit < 76) line.tag ^= one(kWorldAt + bit - 74);
    if (bit >= 76 && bit < 92) line.tag ^= one(kVmidAt + bit - 76);
    if (bit >= 92 && bit < 108) line.asid ^= static_cast<std::uint16_t>(one(bit - 92));
    if (bit >= 108 && bit < 108 + tag_bits) line.tag ^= one(bit - 108);
  }
  ways[placement.way] = line;
}

std::uint32_t WalkCacheModel::steps_of(const arch::WalkCacheInvalidate& request) const {
  if (is_flash(request)) return 1;
  if (!is_by_address(request.scope)) return most_sets_;
  if ((request.tg & 3u) == 0) return 3;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(most_sets_, pages_of(request)));
}

/// Visits the sets that the steps of the RTL visit, from `first_step` on: an entry whose error sent it to the
/// wrong set is not found by address there either.
void WalkCacheModel::invalidate(const arch::WalkCacheInvalidate& request, std::uint32_t first_step) {
  if (is_flash(request)) {
    for (Line& line : lines_) line.valid = false;
    return;
  }
  const bool by_address = is_by_address(request.scope), any_granule = (request.tg & 3u) == 0;
  const std::uint32_t steps = steps_of(request);
  for (const Banks& banks : banks_) {
    for (const Bank& bank : banks) {
      if (bank.ways == 0) continue;
      const std::uint32_t end = std::min(steps, first_step + std::max(bank.sets, 3u));  // then round again
      for (std::uint32_t step = first_step; step < end; ++step) {
        const unsigned granule = any_granule ? step + 1 : request.tg & 3u;
        const Tags tags = by_address ? tags_of(request, granule, bank.level) : Tags{};
        const std::uint64_t set = tags.first + (by_address && any_granule ? 0 : step);
        clear(bank, static_cast<std::uint32_t>(set) & (bank.sets - 1), request, granule, tags);
      }
    }
  }
}

void WalkCacheModel::clear(const Bank& bank, std::uint32_t set, const arch::WalkCacheInvalidate& request,
                           unsigned granule, const Tags& tags) {
  Line* const ways = ways_of(bank, set);
  for (Line* line = ways; line != ways + bank.ways; ++line) {
    const std::uint64_t part = line->tag & kVpnMask;
    const Agreement same{
        (request.worlds >> (line->tag >> kWorldAt) & 1u) != 0,
        request.key.vmid == static_cast<std::uint16_t>(line->tag >> kVmidAt), request.key.asid == line->asid,
        (line->tag >> kGranuleAt & 3u) == granule && tags.first <= part && part <= tags.last};
    if (removes(request, same, line->global, line->leaf)) line->valid = false;
  }
}

std::uint32_t WalkCacheModel::victim(const Bank& bank, std::uint32_t set) const {
  const std::uint64_t state = replacement_[bank.first_set + set];
  if (!plru_) return static_cast<std::uint32_t>(state);
  std::uint32_t node = 1;
  while (node < bank.ways) node = node * 2 + static_cast<std::uint32_t>(state >> node & 1u);
  return node - bank.ways;
}

/// Tree PLRU: the nodes on the path to `way` point away from it.
void WalkCacheModel::touch(const Bank& bank, std::uint32_t set, std::uint32_t way) {
  std::uint64_t& tree = replacement_[bank.first_set + set];
  for (std::uint32_t node = bank.ways + way; node > 1; node /= 2) {
    const std::uint64_t parent = std::uint64_t{1} << (node / 2);
    tree = (node & 1u) != 0 ? tree & ~parent : tree | parent;
  }
}

}  // namespace svasim::smmu
