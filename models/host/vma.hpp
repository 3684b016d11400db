// The mappings of an address space (VMAs): what may be done where, and what stands behind it. Contract: plain
// values; ranges are whole pages below 2^48, disjoint and in order. Source rule: Linux mmap, munmap and
// mprotect as far as a device fault sees them.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "models/arch/types.hpp"

namespace svasim::host {

struct Protection {
  bool read = true;
  bool write = true;
  bool execute = false;

  bool none() const { return !read && !write && !execute; }
};

enum class Backing : std::uint8_t { anonymous, file, hugetlb };

/// What mmap is asked for.
struct Mapping {
  std::uint64_t va = 0;
  std::uint64_t bytes = 0;
  Protection protection;
  Backing backing = Backing::anonymous;
  bool shared = false;       ///< of a file: MAP_SHARED
  bool huge = false;         ///< anonymous: transparent 2 MB pages wanted (MADV_HUGEPAGE)
  std::uint32_t file = 0;    ///< number; files come into being when they are mapped first
  std::uint64_t offset = 0;  ///< into the file; whole pages
  bool cached = true;        ///< a new file's contents are in the page cache already
};

struct Vma {
  std::uint64_t begin = 0;
  std::uint64_t last = 0;  ///< the last byte
  Mapping mapping;         ///< `va` and `offset` are those at `begin`
  bool premapped = false;  ///< was there before the process asked for anything

  /// All that is asked for.
  bool allows(bool read, bool write, bool execute) const {
    const Protection& p = mapping.protection;
    return (p.read || !read) && (p.write || !write) && (p.execute || !execute);
  }
  bool covers(std::uint64_t first, std::uint64_t to) const { return begin <= first && to <= last; }
  /// Page of the file behind `va`.
  std::uint64_t file_page(std::uint64_t va) const {
    return (mapping.offset + (va - begin)) >> arch::kPageShift;
  }
};

class VmaMap {
 public:
  /// Null: nothing is mapped there.
  const Vma* find(std::uint64_t va) const;
  /// Replaces what was mapped there before.
  void insert(const Mapping& mapping, bool premapped = false);
  /// Unmaps [first, last], splitting what crosses its ends.
  void remove(std::uint64_t first, std::uint64_t last);
  /// False: some of it is not mapped; then nothing changes.
  bool protect(std::uint64_t first, std::uint64_t last, Protection protection);
  bool mapped(std::uint64_t first, std::uint64_t last) const;
  /// Does [first, last] begin or end inside a 2 MB page of a hugetlb mapping, which cannot be split?
  bool cuts_huge_page(std::uint64_t first, std::uint64_t last) const;
  /// The parts that [first, last] has in common with mappings, ascending.
  std::vector<Vma> within(std::uint64_t first, std::uint64_t last) const;
  // The widest range around [first, last] that is free but for it.
  std::uint64_t free_from(std::uint64_t first) const;  ///< just behind the mapping before
  std::uint64_t free_to(std::uint64_t last) const;     ///< just before the mapping behind
  const std::map<std::uint64_t, Vma>& all() const { return vmas_; }
  void clear() { vmas_.clear(); }

 private:
  void split(std::uint64_t at);

  std::map<std::uint64_t, Vma> vmas_;  ///< by begin
};

}  // namespace svasim::host
