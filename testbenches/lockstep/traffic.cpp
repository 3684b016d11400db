// The traffic generator.
#include "testbenches/lockstep/traffic.hpp"

namespace svasim::lockstep {

using arch::WalkCacheScope;

void Traffic::start_phase() {
  static constexpr Mix kMixes[] = {
      {230, 60, 1, 20, 2, 240},     // steady: mostly hits
      {128, 250, 8, 0, 3, 120},     // refill storm: sets overflow, victims rotate
      {250, 250, 250, 8, 1, 240},   // everything at once on few keys: the hazards
      {200, 200, 60, 128, 2, 240},  // context teardown: scans back to back
      {8, 8, 1, 64, 2, 240},        // sparse: most cycles quiet
      {250, 0, 0, 0, 2, 250},       // lookups only, one per cycle
  };
  mix_ = kMixes[below(std::size(kMixes))];
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
    if (in_.fill_valid) in_.fill = entry();
  }
  taken_lookup_ = !in_.lookup_valid || before.lookup_ready;
  taken_fill_ = !in_.fill_valid || before.fill_ready;
  taken_invalidate_ = !in_.invalidate_valid || before.invalidate_ready;
  return in_;
}

/// At times the key of the invalidation that starts at this edge; else a key used before (perhaps with
/// another ASID or page, so that only its upper levels match), or a new one. Bits beyond the 44 of the VPN
/// are set at times: nobody may look at them.
arch::WalkCacheKey Traffic::key() {
  if (in_.invalidate_valid && taken_invalidate_ && chance(64)) return in_.invalidate.key;
  arch::WalkCacheKey& slot = hot_[below(kHotKeys)];
  if (chance(mix_.reuse)) {
    arch::WalkCacheKey reused = slot;
    if (chance(24)) reused.vpn ^= below(512);
    if (chance(24)) reused.vpn ^= below(4) << 9 | below(2) << 18;
    if (chance(24)) reused.asid = static_cast<std::uint16_t>(below(3));
    if (chance(4)) reused.vmid = static_cast<std::uint16_t>(below(3));
    return reused;
  }
  std::uint64_t vpn = chance(64) ? ~std::uint64_t{0} << 36 : 0;
  static constexpr std::uint64_t kLow[] = {0, 1, 5, 62};  // few sets, first and last among them
  for (unsigned level = 0; level < arch::kWalkLevels; ++level) {
    const std::uint64_t low = kLow[below(4)], high = below(std::uint64_t{1} << mix_.spread) << 6;
    vpn ^= (low | high) << 9 * level;
  }
  slot = {static_cast<std::uint16_t>(below(3)),
          static_cast<std::uint16_t>(chance(16) ? 0xffffu - below(2) : below(3)), vpn};
  return slot;
}

arch::WalkCacheEntry Traffic::entry() {
  arch::WalkCacheEntry entry;
  entry.key = key();
  entry.level = static_cast<std::uint8_t>(chance(128) ? 3 : below(4));
  entry.leaf = entry.level == 3 || chance(64);
  entry.global = entry.leaf ? chance(64) : chance(4);
  entry.hierarchical = static_cast<std::uint8_t>(random_());
  entry.descriptor = random_();
  return entry;
}

arch::WalkCacheInvalidate Traffic::invalidate() {
  arch::WalkCacheInvalidate invalidate;
  invalidate.key = key();
  invalidate.leaf_only = chance(96);
  if (chance(mix_.scan)) {
    invalidate.scope = chance(150) ? WalkCacheScope::asid : WalkCacheScope::vmid;
  } else if (chance(4)) {
    invalidate.scope = chance(160) ? WalkCacheScope::all : static_cast<WalkCacheScope>(5 + below(5));
  } else {
    invalidate.scope = chance(160) ? WalkCacheScope::va : WalkCacheScope::vaa;
  }
  return invalidate;
}

}  // namespace svasim::lockstep
