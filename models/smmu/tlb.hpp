// A translation lookaside buffer of a TBU. Entries are 4 KiB pages (larger leaves are kept as the pages used)
// and are tagged with what the device sends (StreamID, SubstreamID, address type) and with what invalidations
// name (ASID, VMID, world): a cache that combines STE, CD and walk results obeys both kinds of invalidation.
#pragma once

#include <cstdint>
#include <vector>

#include "models/arch/command.hpp"
#include "models/arch/fault.hpp"
#include "models/arch/tlb_scope.hpp"
#include "models/arch/translation.hpp"
#include "models/smmu/config.hpp"

namespace svasim::smmu {

struct TlbKey {
  std::uint64_t page = 0;    ///< VA >> 12; kWholeStream for an entry that holds for every address
  std::uint64_t source = 0;  ///< StreamID, SubstreamID with SSV, address type

  static constexpr std::uint64_t kWholeStream = ~std::uint64_t{0};
  TlbKey() = default;
  TlbKey(arch::StreamId stream, arch::SubstreamId substream, arch::AddressType type,
         std::uint64_t page_number)
      : page(page_number),
        source(std::uint64_t{raw(stream)} << 32 | std::uint64_t{substream.value & 0xFFFFF} << 8 |
               std::uint64_t{substream.valid} << 4 | static_cast<std::uint64_t>(type)) {}
  arch::StreamId stream() const { return static_cast<arch::StreamId>(source >> 32); }
  friend bool operator==(const TlbKey& a, const TlbKey& b) {
    return a.page == b.page && a.source == b.source;
  }
};

struct TlbEntry {
  TlbKey key;
  arch::TranslationResult result;  ///< of the first byte of the page
  arch::AccessOverride access_override;

  bool allows(arch::Access access) const { return result.allows(access_override.apply(access)); }
  /// Where byte `va` is.
  arch::Pa translate(std::uint64_t va) const {
    return key.page == TlbKey::kWholeStream ? arch::Pa(va) : result.pa + va % arch::kPageSize;
  }
};

class Tlb {
 public:
  /// `sets` is a power of two.
  Tlb(unsigned sets, unsigned ways) : sets_(sets), ways_(ways), entries_(sets * ways), used_(sets * ways) {}

  const TlbEntry* lookup(const TlbKey& key) {
    const std::size_t first = first_way(key);
    for (std::size_t i = first; i < first + ways_; ++i) {
      if (used_[i] != 0 && entries_[i].key == key) {
        used_[i] = ++clock_;
        return &entries_[i];
      }
    }
    return nullptr;
  }

  /// Replaces the entry of the same key, else the least recently used one of the set.
  void insert(const TlbEntry& entry) {
    const std::size_t first = first_way(entry.key);
    std::size_t victim = first;
    for (std::size_t i = first; i < first + ways_; ++i) {
      if (used_[i] != 0 && entries_[i].key == entry.key) {
        victim = i;
        break;
      }
      if (used_[i] < used_[victim]) victim = i;
    }
    entries_[victim] = entry;
    used_[victim] = ++clock_;
  }

  /// Removes what a TLBI or CFGI command must remove.
  void invalidate(const arch::Command& command, const Context& context) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (used_[i] != 0 && removes(command, entries_[i], context)) used_[i] = 0;
    }
  }

  unsigned sets() const { return sets_; }

 private:
  std::size_t first_way(const TlbKey& key) const {
    const std::uint64_t mixed = key.page ^ key.source >> 8 ^ key.source >> 32;
    return (mixed & (sets_ - 1)) * ways_;
  }

  static bool removes(const arch::Command& command, const TlbEntry& entry, const Context& context) {
    if (!arch::is_cfgi(command.opcode)) {
      if (entry.key.page == TlbKey::kWholeStream) return false;
      return arch::invalidates(command, arch::tag_of(entry.result, entry.key.page << arch::kPageShift),
                               context.state, context.features);
    }
    if (command.opcode != arch::Opcode::cfgi_ste_range) return entry.key.stream() == command.stream;
    const unsigned span = command.range + 1u;  // 2^span StreamIDs; 32 bits are all of them
    return span >= 32 || raw(entry.key.stream()) >> span == raw(command.stream) >> span;
  }

  unsigned sets_;
  unsigned ways_;
  std::vector<TlbEntry> entries_;
  std::vector<std::uint64_t> used_;  ///< last use; 0: invalid
  std::uint64_t clock_ = 0;
};

}  // namespace svasim::smmu
