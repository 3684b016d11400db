// The Address Translation Cache of a PCIe function: set-associative, least recently used, entries of any page
// size, tagged by PASID and privilege (PCIe Base, ATS). A pure value: no time.
//
// Contract: a lookup answers only from entries whose range covers the address and that grant what is asked;
// an entry may disappear at any time (eviction), and never survives an invalidation that matches it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "models/arch/ats.hpp"
#include "models/arch/types.hpp"

namespace svasim::pcie {

/// Whose translation: results for different PASIDs, and for Priv 0 and 1, are independent.
struct AtcTag {
  arch::SubstreamId pasid;
  bool privileged = false;
  friend bool operator==(AtcTag a, AtcTag b) { return a.pasid == b.pasid && a.privileged == b.privileged; }
};

/// What an Invalidate Request removes. Without a PASID, or with the Global flag, entries of every PASID.
struct AtcInvalidation {
  arch::AtsRange range;
  arch::SubstreamId pasid;
  bool global = false;

  std::uint64_t first() const {
    return range.log2_size >= 64 ? 0 : range.address >> range.log2_size << range.log2_size;
  }
  std::uint64_t last() const {
    return range.log2_size >= 64 ? ~std::uint64_t{0} : first() + ((std::uint64_t{1} << range.log2_size) - 1);
  }
  bool concerns(arch::SubstreamId whose) const { return global || !pasid.valid || pasid == whose; }
  bool overlaps(std::uint64_t from, std::uint64_t to) const { return from <= last() && to >= first(); }
};

class Atc {
 public:
  /// `sets` is a power of two.
  Atc(unsigned sets, unsigned ways);

  /// The translation of `va` that grants a read, or with `write` a write, or with `execute` a fetch; null if
  /// there is none. Valid until the next call.
  const arch::AtsTranslation* lookup(AtcTag tag, arch::Va va, bool write, bool execute = false);
  /// Remembers the answer to a request for `va`, in place of older ones for the same range. An entry
  /// without access is not kept.
  void insert(AtcTag tag, arch::Va va, const arch::AtsTranslation& translation);
  /// The number of entries removed.
  unsigned invalidate(const AtcInvalidation& invalidation);

  unsigned entries() const { return entries_; }

  static bool grants(const arch::AtsTranslation& translation, bool write, bool execute) {
    return write ? translation.write : translation.read && (translation.execute || !execute);
  }
  /// log2 of the range of an answer, which is 4 KiB at least; what the encoding can say beyond 52 is no page.
  static std::uint8_t page_size(const arch::AtsTranslation& translation) {
    return std::clamp<std::uint8_t>(translation.log2_size, arch::kPageShift, 52);
  }

 private:
  struct Entry {
    bool valid = false;
    AtcTag tag;
    std::uint64_t page = 0;  ///< VA over the entry's size
    std::uint64_t used = 0;  ///< when, in lookups and inserts; the lowest is replaced
    arch::AtsTranslation translation;
  };

  Entry* set_of(std::uint64_t page) { return &table_[(page & (sets_ - 1)) * ways_]; }
  static bool matches(const Entry& entry, AtcTag tag, std::uint64_t page, unsigned log2_size);
  void drop(Entry& entry);
  void invalidate_set(Entry* set, const AtcInvalidation& invalidation);

  unsigned sets_;
  unsigned ways_;
  std::vector<Entry> table_;
  std::array<unsigned, 64> of_size_{};  ///< entries by log2 of their size
  std::uint64_t sizes_ = 0;             ///< bit n: of_size_[n] is not 0
  std::uint64_t clock_ = 0;
  unsigned entries_ = 0;
};

}  // namespace svasim::pcie
