// The page tables of one address space (4 KB granule, 48 bits, four levels, 2 MB blocks) in simulated memory.
// Contract: the tables in memory are written by timed stores; this software remembers what it wrote and never
// reads them back. Every table has the lock that its entries are changed under. Source rule: Linux arm64
// (split page-table locks, tables freed after invalidation), VMSAv8-64.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "models/host/frames.hpp"
#include "models/host/lock.hpp"
#include "models/host/pte.hpp"

namespace svasim::host {

/// How leaves look in memory. Software's own words are those of stage 1 in both cases.
enum class TableFormat : std::uint8_t { stage1, stage2 };

class PageTable {
 public:
  static constexpr unsigned kAddressBits = 48;
  static constexpr unsigned kEntries = 512;

  struct Table;
  /// An entry of the last two levels: a page, a block, something not present, or none.
  struct Slot {
    Table* table = nullptr;  ///< null: no table leads there
    unsigned level = 0;
    unsigned index = 0;
    std::uint64_t va = 0;  ///< where what it maps begins

    std::uint64_t word() const;
    std::uint64_t bytes() const { return std::uint64_t{1} << (level == pte::kPageLevel ? 12 : kHugeShift); }
    Mutex& lock() const;
  };
  /// A table taken out of the tree, with the first address it led to; to be freed once no walk can hold it.
  using Removed = std::vector<std::pair<std::uint64_t, std::unique_ptr<Table>>>;

  PageTable(Frames& frames, TableFormat format);
  ~PageTable();
  /// Takes the top-level table. False: no memory.
  bool create();
  std::uint64_t root() const;
  TableFormat format() const { return format_; }

  /// The entry that translates `va`, at the lowest level there is a table for.
  Slot find(std::uint64_t va) const;
  /// The slot of `level` for `va`, its tables made. No table: no memory, or a block is in the way.
  Slot make(Thread& thread, std::uint64_t va, unsigned level);
  void set(Thread& thread, const Slot& slot, std::uint64_t word);
  /// Makes the block in `slot` a table of 512 pages, which then stands in its place. The caller holds the
  /// lock and invalidates. False: no memory.
  bool split(Thread& thread, const Slot& slot);
  /// Calls `visit(const Slot&)` for each entry in [first, last] that is not none, ascending. `visit` may
  /// change it.
  template <class Visit>
  void for_each(std::uint64_t first, std::uint64_t last, Visit&& visit) {
    walk(*root_, 0, 0, first, last, visit);
  }
  /// Takes out the tables that lie wholly inside [first, last]; their entries are all none.
  void remove_tables(Thread& thread, std::uint64_t first, std::uint64_t last, Removed& removed);
  void free(Removed& removed);

 private:
  static unsigned shift_of(unsigned level) { return arch::level_shift(arch::Granule::k4, level); }
  static unsigned index_of(std::uint64_t va, unsigned level) { return (va >> shift_of(level)) % kEntries; }
  std::uint64_t in_memory(std::uint64_t word, unsigned level) const;
  Table* next_table(Thread& thread, Table& table, unsigned level, std::uint64_t va);
  void store(Thread& thread, Table& table, unsigned index, unsigned level, std::uint64_t word);
  void remove_below(Thread& thread, Table& table, unsigned level, std::uint64_t base, std::uint64_t first,
                    std::uint64_t last, Removed& removed);

  template <class Visit>
  void walk(Table& table, unsigned level, std::uint64_t base, std::uint64_t first, std::uint64_t last,
            Visit&& visit);

  Frames& frames_;
  TableFormat format_;
  std::unique_ptr<Table> root_;
};

/// What was written to one table in memory, and the tables it leads to.
struct PageTable::Table {
  Table(std::uint64_t address, unsigned level)
      : pa(address), children(level < pte::kPageLevel ? kEntries : 0) {}

  std::uint64_t pa;
  std::array<std::uint64_t, kEntries> entries{};
  std::vector<std::unique_ptr<Table>> children;
  Mutex lock;
};

inline std::uint64_t PageTable::Slot::word() const { return table == nullptr ? 0 : table->entries[index]; }
inline Mutex& PageTable::Slot::lock() const { return table->lock; }

template <class Visit>
void PageTable::walk(Table& table, unsigned level, std::uint64_t base, std::uint64_t first,
                     std::uint64_t last, Visit&& visit) {
  const std::uint64_t size = std::uint64_t{1} << shift_of(level);
  const unsigned low = first > base ? index_of(first, level) : 0;
  const unsigned high = last < base + kEntries * size - 1 ? index_of(last, level) : kEntries - 1;
  for (unsigned index = low; index <= high; ++index) {
    const std::uint64_t at = base + index * size;
    if (level < pte::kPageLevel && table.children[index]) {
      walk(*table.children[index], level + 1, at, first, last, visit);
    } else if (level >= pte::kBlockLevel && table.entries[index] != 0) {
      visit(Slot{&table, level, index, at});
    }
  }
}

}  // namespace svasim::host
