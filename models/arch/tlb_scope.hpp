// What a TLB invalidation command removes (SMMUv3, TLB tagging and invalidation): one rule for TLBs, walk
// cache and checker.
#pragma once

#include <array>
#include <cstdint>

#include "models/arch/command.hpp"
#include "models/arch/registers.hpp"
#include "models/arch/translation.hpp"
#include "models/arch/walk_cache.hpp"

namespace svasim::arch {

/// The tag of a cached translation.
struct TlbTag {
  TranslationKind kind = TranslationKind::stage1;
  StreamWorld world = StreamWorld::el1;
  std::uint16_t asid = 0;
  std::uint16_t vmid = 0;
  bool global = false;        ///< matches any ASID
  bool leaf = true;           ///< false: an intermediate table, kept by Leaf=1 commands
  std::uint64_t address = 0;  ///< VA, or IPA for kind stage2
  std::uint8_t log2_size = kPageShift;
  std::uint8_t log2_granule = kPageShift;
};

TlbTag tag_of(const TranslationResult&, std::uint64_t input_address);

/// Must `command` remove an entry with this tag? Exact: no over-invalidation. False for commands that are no
/// TLBI.
bool invalidates(const Command&, const TlbTag&, const SmmuState&, const Features&);

/// First and last byte a by-address TLBI covers; last is inclusive. Range form honoured when IDR3.RIL.
struct TlbiRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint8_t log2_granule = 0;  ///< 0: entries of any granule
};
TlbiRange tlbi_range(const Command&, const Features&);

/// Walk cache invalidations that together remove at least what the command must remove there. Ranges of more
/// than kMaxPages pages become the whole VMID.
class WalkCacheInvalidates {
 public:
  static constexpr unsigned kMaxPages = 16;
  const WalkCacheInvalidate* begin() const { return items_.data(); }
  const WalkCacheInvalidate* end() const { return items_.data() + size_; }
  unsigned size() const { return size_; }
  void push(const WalkCacheInvalidate& item) { items_[size_++] = item; }

 private:
  std::array<WalkCacheInvalidate, kMaxPages> items_;
  unsigned size_ = 0;
};
WalkCacheInvalidates walk_cache_invalidates(const Command&, const SmmuState&, const Features&);

}  // namespace svasim::arch
