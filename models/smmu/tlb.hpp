// A translation lookaside buffer of a TBU. An entry is as large as the translation it was made from says: a
// page, a block, what two stages have in common, or a whole stream that bypasses. Entries are tagged with
// what the device sends (StreamID, SubstreamID, address type) and with what invalidations name (ASID, VMID,
// world): a cache that combines STE, CD and walk results obeys both kinds of invalidation.
#pragma once

#include <algorithm>
#include <cstdint>

#include "models/arch/command.hpp"
#include "models/arch/fault.hpp"
#include "models/arch/tlb_scope.hpp"
#include "models/arch/translation.hpp"
#include "models/smmu/config.hpp"
#include "models/smmu/page_cache.hpp"

namespace svasim::smmu {

/// Whose addresses: StreamID in the upper half, SubstreamID with SSV, and the address type.
constexpr std::uint64_t tlb_source(arch::StreamId stream, arch::SubstreamId substream,
                                   arch::AddressType type) {
  return std::uint64_t{raw(stream)} << 32 | std::uint64_t{substream.value & 0xFFFFF} << 8 |
         std::uint64_t{substream.valid} << 4 | static_cast<std::uint64_t>(type);
}

struct TlbEntry : PageTag {
  arch::TranslationResult result;  ///< its pa is that of the entry's first byte
  arch::AccessOverride access_override;

  TlbEntry() = default;
  /// `of` translates the address `at` of `whose`. With `contiguous` a group of leaves that carry the hint is
  /// one entry.
  TlbEntry(std::uint64_t whose, std::uint64_t at, const arch::TranslationResult& of,
           const arch::AccessOverride& overrides, bool contiguous = false)
      : PageTag(whose, at, contiguous ? of.log2_contiguous : of.log2_size),
        result(of),
        access_override(overrides) {
    result.pa = of.pa.aligned(log2_size);
  }

  bool allows(arch::Access access) const { return result.allows(access_override.apply(access)); }
  /// Where byte `va`, which the entry covers, is.
  arch::Pa translate(std::uint64_t va) const { return result.pa + arch::Va(va).offset(log2_size); }
};

class Tlb : public PageCache<TlbEntry> {
 public:
  using PageCache::PageCache;

  /// Removes what a TLBI or CFGI command must remove.
  void invalidate(const arch::Command& command, const Context& context) {
    if (arch::is_cfgi(command.opcode)) {
      remove_if([&](const TlbEntry& entry) {
        return arch::names_stream(command, arch::StreamId(entry.source >> 32));
      });
      return;
    }
    remove_if([&](const TlbEntry& entry) {
      arch::TlbTag tag = arch::tag_of(entry.result, entry.address());
      tag.log2_size = std::max(tag.log2_size, entry.log2_size);
      return arch::invalidates(command, tag, context.state, context.features);
    });
  }
};

}  // namespace svasim::smmu
