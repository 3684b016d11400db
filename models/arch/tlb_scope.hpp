// What a TLB invalidation command removes (SMMUv3, TLB tagging and invalidation): one rule for TLBs, walk
// cache and checker.
#pragma once

#include <cstdint>
#include <optional>

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
  /// At least the leaf's size: an invalidation by any of its addresses removes the pieces it is kept in. An
  /// entry kept for a whole contiguous group has the group's.
  std::uint8_t log2_size = kPageShift;
  std::int8_t level = 3;  ///< of the leaf, or of the intermediate table's descriptor
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

/// What the walk cache is told of a command: exactly what the command must remove there. Nothing for commands
/// that concern none of its worlds, or no ASID of theirs.
std::optional<WalkCacheInvalidate> walk_cache_invalidate(const Command&, const SmmuState&, const Features&);

}  // namespace svasim::arch
