// What a change of page tables took away and has to free once it is invalidated, and the way through a range
// of entries under their locks. Private to address_space's files. Source rule: Linux mmu_gather.
#pragma once

#include <algorithm>

#include "models/host/address_space.hpp"

namespace svasim::host {

struct AddressSpace::Gathered {
  explicit Gathered(Notifier& notifier) : change(notifier) {}

  RangeChange change;
  std::vector<std::pair<std::uint64_t, unsigned>> words;  ///< entries with a frame, and their level
  PageTable::Removed tables;
};

/// Calls `visit` for every entry of the range that is not none, its table's lock held; blocks that the range
/// does not cover wholly are split before.
template <class Visit>
void AddressSpace::for_each_locked(Thread& thread, Range range, Visit&& visit) {
  PageTable::Table* locked = nullptr;
  const auto lock = [&](PageTable::Table* table) {
    if (table == locked) return;
    if (locked != nullptr) locked->lock.unlock();
    locked = table;
    if (locked != nullptr) locked->lock.lock(thread);
  };
  const auto inside = [&](const PageTable::Slot& slot) {
    return slot.va >= range.first && slot.va + (slot.bytes() - 1) <= range.last;
  };
  table_.for_each(range.first, range.last, [&](const PageTable::Slot& slot) {
    lock(slot.table);
    if (pte::none(slot.word())) return;
    if (inside(slot)) return visit(slot);
    if (slot.table->children[slot.index] || !split(thread, slot)) return;
    lock(slot.table->children[slot.index].get());
    const std::uint64_t first = std::max(range.first, slot.va);
    const std::uint64_t last = std::min(range.last, slot.va + (slot.bytes() - 1));
    for (std::uint64_t va = first; va < last; va += arch::kPageSize) visit(table_.find(va));
  });
  lock(nullptr);
}

}  // namespace svasim::host
