// The traffic generator.
#include "testbenches/lockstep/traffic.hpp"

namespace svasim::lockstep {

using arch::WalkCacheScope;
using arch::WalkCacheWorld;

namespace {

constexpr unsigned pages_shift(arch::Granule granule) { return arch::page_shift(granule) - 12; }
constexpr unsigned shift_of(arch::Granule granule, unsigned level) {
  return arch::level_shift(granule, level) - 12;
}
constexpr std::uint8_t code_of(arch::Granule granule) {
  return granule == arch::Granule::k4 ? 1 : granule == arch::Granule::k16 ? 2 : 3;
}

}  // namespace

const std::vector<Traffic::Weight>& Traffic::weights() {
  static const std::vector<Weight> weights = {
      {"lookup", &Mix::lookup, 0, 256},         {"fill", &Mix::fill, 0, 256},
      {"invalidate", &Mix::invalidate, 0, 256}, {"scan", &Mix::scan, 0, 256},
      {"spread", &Mix::spread, 0, 9},           {"reuse", &Mix::reuse, 0, 256},
      {"hot", &Mix::hot, 1, kHotKeys},          {"flip", &Mix::flip, 0, 256}};
  return weights;
}

void Traffic::start_phase() {
  static constexpr Mix kMixes[] = {
      {230, 60, 1, 20, 2, 240, 16, 0},     // steady: mostly hits
      {128, 250, 8, 0, 3, 120, 16, 0},     // refill storm: sets overflow, victims rotate
      {250, 250, 250, 8, 1, 240, 3, 0},    // everything at once on few keys: the hazards
      {240, 240, 120, 0, 2, 240, 8, 0},    // invalidation storm by address
      {200, 200, 60, 128, 2, 240, 16, 0},  // context teardown: scans back to back
      {8, 8, 1, 64, 2, 240, 16, 0},        // sparse: most cycles quiet
      {250, 0, 0, 0, 2, 250, 16, 0},       // lookups only, one per cycle
      {240, 120, 4, 20, 1, 240, 8, 60},    // errors
      {250, 200, 60, 4, 0, 250, 4, 100},   // errors and hazards on few keys
  };
  mix_ = kMixes[below(std::size(kMixes))];
  for (const auto& [field, value] : fixed_) mix_.*field = value;
  phase_left_ = 20 + below(400);
}

const arch::WalkCacheInputs& Traffic::next(const arch::WalkCacheOutputs& before) {
  if (phase_left_-- == 0) start_phase();
  if (taken_invalidate_) {
    in_.invalidate_valid = false;
    if (chance(mix_.invalidate)) {
      in_.invalidate = invalidate();
      in_.invalidate_valid = true;
    }
  }
  if (taken_lookup_) {
    in_.lookup_valid = chance(mix_.lookup);
    if (in_.lookup_valid) in_.lookup = {id_++, key()};
  }
  if (taken_fill_) {
    in_.fill_valid = chance(mix_.fill);
    if (in_.fill_valid) {
      in_.fill = entry();
      in_.flip = {chance(mix_.flip), static_cast<std::uint8_t>(below(160))};
    }
  }
  taken_lookup_ = !in_.lookup_valid || before.lookup_ready;
  taken_fill_ = !in_.fill_valid || before.fill_ready;
  taken_invalidate_ = !in_.invalidate_valid || before.invalidate_ready;
  return in_;
}

/// At times the key of another channel at this edge; else a key used before (perhaps another ASID or page, so
/// that only its upper levels match, or one field changed, so that nothing does), or a new one.
arch::WalkCacheKey Traffic::key() {
  if (in_.lookup_valid && taken_lookup_ && chance(64)) return in_.lookup.key;
  if (in_.fill_valid && chance(32)) return in_.fill.key;
  arch::WalkCacheKey& slot = hot_[below(mix_.hot)];
  if (!chance(mix_.reuse)) return slot = new_key();
  arch::WalkCacheKey reused = slot;
  const auto flip_index = [&](unsigned level, std::uint64_t bits) {
    reused.vpn ^= bits << shift_of(reused.granule, level);
  };
  if (chance(24)) flip_index(3, below(64));
  if (chance(24)) flip_index(2, below(4));
  if (chance(12)) flip_index(1, below(2));
  if (chance(32)) reused.vpn ^= below(std::uint64_t{1} << pages_shift(reused.granule));  // nobody may look
  if (chance(24)) reused.asid = static_cast<std::uint16_t>(below(3));
  if (chance(4)) reused.vmid = static_cast<std::uint16_t>(below(3));
  if (chance(4)) reused.world = static_cast<WalkCacheWorld>(below(4));
  if (chance(4)) reused.granule = arch::Granule::k16;
  if (chance(4)) reused.asid ^= static_cast<std::uint16_t>(1u << below(16));
  if (chance(4)) reused.vmid ^= static_cast<std::uint16_t>(1u << below(16));
  if (chance(4)) reused.vpn ^= std::uint64_t{1} << below(44);
  return reused;
}

/// Few values of every field, and few sets, first and last among them. Bits beyond the 44 of the page number
/// are set at times: nobody may look at them.
arch::WalkCacheKey Traffic::new_key() {
  static constexpr WalkCacheWorld kWorlds[] = {
      WalkCacheWorld::el1,     WalkCacheWorld::el1,    WalkCacheWorld::el1,    WalkCacheWorld::el2,
      WalkCacheWorld::el2_e2h, WalkCacheWorld::stage2, WalkCacheWorld::stage2, WalkCacheWorld::stage2};
  static constexpr arch::Granule kGranules[] = {arch::Granule::k4, arch::Granule::k4, arch::Granule::k16,
                                                arch::Granule::k64};
  static constexpr std::uint64_t kLow[] = {0, 1, 5, 62};
  arch::WalkCacheKey key;
  key.world = kWorlds[below(std::size(kWorlds))];
  key.granule = kGranules[below(std::size(kGranules))];
  key.vmid = static_cast<std::uint16_t>(chance(16) ? 0xffffu - below(2) : below(3));
  key.asid = static_cast<std::uint16_t>(chance(16) ? 0xffffu - below(2) : below(3));
  key.vpn = chance(64) ? ~std::uint64_t{0} << 36 : 0;
  for (unsigned level = 0; level < arch::kWalkLevels; ++level) {
    const std::uint64_t low = kLow[below(4)], high = below(std::uint64_t{1} << mix_.spread) << 6;
    key.vpn ^= (low | high) << shift_of(key.granule, level);
  }
  // The last pages of the address space: ranges around them reach beyond its end.
  if (chance(12)) key.vpn = ~(below(4) << pages_shift(key.granule));
  return key;
}

arch::WalkCacheEntry Traffic::entry() {
  arch::WalkCacheEntry entry;
  entry.key = key();
  entry.level = static_cast<std::uint8_t>(chance(100) ? 3 : below(4));
  entry.leaf = entry.level == 3 || chance(64);
  entry.global = entry.leaf ? chance(64) : chance(4);
  entry.hierarchical = static_cast<std::uint8_t>(random_());
  entry.descriptor = random_();
  return entry;
}

arch::WalkCacheInvalidate Traffic::invalidate() {
  arch::WalkCacheInvalidate request;
  request.key = key();
  request.leaf_only = chance(96);
  request.worlds = bit_of(request.key.world);
  if (chance(32)) request.worlds = static_cast<std::uint8_t>(below(32));  // several, none, or a bit beyond
  if (chance(mix_.scan)) {
    const std::uint64_t kind = below(8);
    request.scope = kind < 4 ? WalkCacheScope::asid : kind < 7 ? WalkCacheScope::vmid : WalkCacheScope::all;
  } else if (chance(4)) {
    request.scope = chance(160) ? WalkCacheScope::all : static_cast<WalkCacheScope>(5 + below(5));
    if (chance(128)) request.worlds = arch::kAllWorlds;
  } else {
    request.scope = chance(160) ? WalkCacheScope::va : WalkCacheScope::vaa;
    choose_range(request);
  }
  return request;
}

/// Around the key's page: it is the first or the last of the range, next to either, or anywhere inside.
void Traffic::choose_range(arch::WalkCacheInvalidate& request) {
  if (chance(100)) {
    request.num = static_cast<std::uint8_t>(chance(64) ? random_() : 0);  // without tg they mean nothing
    return;
  }
  request.tg = chance(230) ? code_of(request.key.granule) : static_cast<std::uint8_t>(below(4));
  request.num = static_cast<std::uint8_t>(chance(160) ? below(4) : below(32));
  request.scale = static_cast<std::uint8_t>(chance(180) ? below(4) : chance(200) ? below(16) : below(32));
  const unsigned shift = pages_shift(request.key.granule);
  const std::uint64_t pages = (std::uint64_t{request.num} + 1) << request.scale;
  const std::uint64_t offsets[] = {0, pages - 1, pages, ~std::uint64_t{0}, below(pages), 0};
  // In pages of an upper level too, whose entries begin and end elsewhere.
  const unsigned level_shift = chance(64) ? shift_of(request.key.granule, 2) - shift : 0;
  request.key.vpn -= offsets[below(std::size(offsets))] << (shift + level_shift);
}

}  // namespace svasim::lockstep
