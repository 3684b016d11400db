// A set-associative cache of translations of any page size, least recently used first out: the TLBs and the
// IPA cache. A set is chosen by the page number at the entry's own size, so whoever looks for an address
// tries the sizes in use one by one (next_size), as hardware does that keeps all sizes in one array. With a
// single set it is fully associative: each entry compares the address at its own size, and one look suffices.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace svasim::smmu {

/// What an entry is found by. Entries derive from it.
struct PageTag {
  std::uint64_t source = 0;  ///< whose address it is
  std::uint64_t page = 0;    ///< address >> log2_size
  std::uint8_t log2_size = 0;

  PageTag() = default;
  PageTag(std::uint64_t whose, std::uint64_t address, std::uint8_t size)
      : source(whose), page(address >> size), log2_size(size) {}
  std::uint64_t address() const { return page << log2_size; }
  bool covers(std::uint64_t whose, std::uint64_t at) const {
    return at >> log2_size == page && source == whose;
  }
};

template <class Entry>
class PageCache {
 public:
  /// `sets` is a power of two; 0 sets or ways keep nothing.
  PageCache(unsigned sets, unsigned ways)
      : sets_(ways == 0 ? 0 : sets), ways_(ways), entries_(sets_ * ways_), used_(sets_ * ways_) {}

  bool enabled() const { return sets_ != 0; }
  unsigned sets() const { return sets_; }
  /// Smallest page size in use that is larger than `log2_size`; 0 if there is none.
  unsigned next_size(unsigned log2_size) const {
    const std::uint64_t larger = sizes_ >> log2_size >> 1;
    return larger == 0 ? 0 : log2_size + 1 + static_cast<unsigned>(__builtin_ctzll(larger));
  }
  unsigned sizes_in_use() const { return static_cast<unsigned>(__builtin_popcountll(sizes_)); }

  /// One probe: the entry of this size for the address. Null if there is none.
  const Entry* probe(std::uint64_t source, std::uint64_t address, unsigned log2_size) {
    return search(first_way(source, address, log2_size), source, address, log2_size);
  }
  /// All probes: the smallest entry for the address (of a fully associative cache, any).
  const Entry* find(std::uint64_t source, std::uint64_t address) {
    if (sets_ == 1) return search(0, source, address, 0);
    for (unsigned size = next_size(0); size != 0; size = next_size(size)) {
      if (const Entry* entry = probe(source, address, size)) return entry;
    }
    return nullptr;
  }

  /// Replaces the entry of the same page, else the least recently used one of the set.
  void insert(const Entry& entry) {
    if (!enabled()) return;
    const std::size_t first = first_way(entry.source, entry.address(), entry.log2_size);
    std::size_t victim = first;
    for (std::size_t i = first; i < first + ways_; ++i) {
      const Entry& there = entries_[i];
      if (used_[i] != 0 && there.log2_size == entry.log2_size &&
          there.covers(entry.source, entry.address())) {
        victim = i;
        break;
      }
      if (used_[i] < used_[victim]) victim = i;
    }
    if (used_[victim] != 0) remove(victim);
    entries_[victim] = entry;
    used_[victim] = ++clock_;
    if (count_[entry.log2_size]++ == 0) sizes_ |= std::uint64_t{1} << entry.log2_size;
  }

  template <class Match>
  void remove_if(Match&& match) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (used_[i] != 0 && match(entries_[i])) remove(i);
    }
  }

 private:
  /// 4 GB and more are spread by source: such entries hold for whole streams, all at page 0.
  std::size_t first_way(std::uint64_t source, std::uint64_t address, unsigned log2_size) const {
    const std::uint64_t number = address >> log2_size ^ (log2_size < 32 ? 0 : source >> 32);
    return (number & (sets_ - 1)) * ways_;
  }
  /// In one set; size 0 is any.
  const Entry* search(std::size_t first, std::uint64_t source, std::uint64_t address, unsigned log2_size) {
    for (std::size_t i = first; i < first + ways_; ++i) {
      if (used_[i] == 0 || !entries_[i].covers(source, address)) continue;
      if (log2_size != 0 && entries_[i].log2_size != log2_size) continue;
      used_[i] = ++clock_;
      return &entries_[i];
    }
    return nullptr;
  }
  void remove(std::size_t i) {
    const unsigned size = entries_[i].log2_size;
    used_[i] = 0;
    if (--count_[size] == 0) sizes_ &= ~(std::uint64_t{1} << size);
  }

  unsigned sets_;
  unsigned ways_;
  std::vector<Entry> entries_;
  std::vector<std::uint64_t> used_;  ///< last use; 0: invalid
  std::uint64_t clock_ = 0;
  std::array<std::uint32_t, 64> count_{};  ///< entries by size
  std::uint64_t sizes_ = 0;                ///< a bit for each size in use
};

}  // namespace svasim::smmu
