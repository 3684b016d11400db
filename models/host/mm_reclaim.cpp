// What the kernel does to pages on its own account: swapping out, ageing, NUMA hints, migration, collapsing
// into 2 MB pages. Pages that others share, pinned ones among them, and those of hugetlb stay. See
// address_space.hpp.
#include "models/host/mm_gather.hpp"

namespace svasim::host {

Status AddressSpace::reclaim(Thread& thread, std::uint64_t va, std::uint64_t bytes) {
  const Range range = pages(va, bytes);
  mmap_lock.lock_shared(thread);
  for (const Vma& vma : vmas_.within(range.first, range.last)) {
    if (vma.mapping.backing == Backing::hugetlb) continue;
    for_each_locked(thread, {vma.begin, vma.last}, [&](const PageTable::Slot& slot) {
      const std::uint64_t word = slot.word(), frame = pte::frame(word);
      const bool file = vma.mapping.backing == Backing::file;
      if (!pte::has_frame(word) || slot.level != pte::kPageLevel) return;
      if (services_.frames.zero_page() == frame || (!file && services_.frames.shared(frame))) return;
      thread.run(services_.costs.draw(Cost::page_op));
      notifier.begins(slot.va, slot.bytes());
      table_.set(thread, slot, file ? 0 : pte::as_swapped(word));
      notifier.flush(thread, slot.va, slot.bytes());  // page by page
      notifier.ends(slot.va, slot.bytes());
      if (file) {
        services_.frames.release_page(frame);
        services_.cache.drop(vma.mapping.file, vma.file_page(slot.va));
      } else {
        services_.storage.write(slot.bytes(),
                                [&frames = services_.frames, frame] { frames.release_page(frame); });
      }
    });
  }
  mmap_lock.unlock_shared();
  return Status::ok;
}

Status AddressSpace::age(Thread& thread, std::uint64_t va, std::uint64_t bytes) {
  const Range range = pages(va, bytes);
  mmap_lock.lock_shared(thread);
  for (const Vma& vma : vmas_.within(range.first, range.last)) {
    if (vma.mapping.backing == Backing::hugetlb) continue;
    for_each_locked(thread, {vma.begin, vma.last}, [&](const PageTable::Slot& slot) {
      if (!pte::present(slot.word()) || !pte::young(slot.word())) return;
      thread.run(services_.costs.draw(Cost::page_op));
      notifier.begins(slot.va, slot.bytes());
      table_.set(thread, slot, pte::as_old(slot.word()));
      notifier.flush(thread, slot.va, slot.bytes());
      notifier.ends(slot.va, slot.bytes());
    });
  }
  mmap_lock.unlock_shared();
  return Status::ok;
}

Status AddressSpace::numa_hint(Thread& thread, std::uint64_t va, std::uint64_t bytes) {
  const Range range = pages(va, bytes);
  mmap_lock.lock_shared(thread);
  RangeChange change(notifier);
  ++flushes_pending_;
  for (const Vma& vma : vmas_.within(range.first, range.last)) {
    if (vma.mapping.backing == Backing::hugetlb) continue;
    for_each_locked(thread, {vma.begin, vma.last}, [&](const PageTable::Slot& slot) {
      if (!pte::present(slot.word()) || services_.frames.zero_page() == pte::frame(slot.word())) return;
      thread.run(services_.costs.draw(Cost::page_op));
      change.add(slot.va, slot.bytes());
      table_.set(thread, slot, pte::as_no_access(slot.word()));
    });
  }
  change.flush(thread);
  --flushes_pending_;
  mmap_lock.unlock_shared();
  return Status::ok;
}

Status AddressSpace::migrate(Thread& thread, std::uint64_t va, std::uint64_t bytes) {
  const Range range = pages(va, bytes);
  mmap_lock.lock_shared(thread);
  Status status = Status::ok;
  for (std::uint64_t page = range.first; page < range.last; page += arch::kPageSize) {
    if (vmas_.find(page) == nullptr) continue;
    if (status = migrate_page(thread, table_.find(page)); status != Status::ok) break;
  }
  mmap_lock.unlock_shared();
  return status;
}

/// Whoever faults meanwhile waits; whoever takes the entry away is not overruled.
Status AddressSpace::migrate_page(Thread& thread, const PageTable::Slot& slot) {
  const std::uint64_t word = slot.word(), frame = pte::frame(word);
  if (!pte::present(word) || slot.level != pte::kPageLevel) return Status::ok;
  if (services_.frames.zero_page() == frame || services_.frames.shared(frame)) return Status::ok;
  const auto target = services_.frames.page();
  if (!target) return Status::no_memory;
  slot.lock().lock(thread);
  const bool begun = slot.word() == word;
  if (begun) {
    notifier.begins(slot.va, slot.bytes());
    table_.set(thread, slot, pte::as_migrating(word));
    notifier.flush(thread, slot.va, slot.bytes());
    notifier.ends(slot.va, slot.bytes());
  }
  slot.lock().unlock();
  if (begun) thread.run(services_.costs.draw(Cost::migrate));
  slot.lock().lock(thread);
  const bool moved = begun && slot.word() == pte::as_migrating(word);
  if (moved) table_.set(thread, slot, (word & ~(arch::mask(48) & ~arch::mask(12))) | *target);
  slot.lock().unlock();
  if (begun) services_.frames.release_page(frame);
  if (!moved) services_.frames.release_page(*target);
  migrations_.notify(services_.costs[Cost::wake]);
  return Status::ok;
}

Status AddressSpace::collapse(Thread& thread, std::uint64_t va) {
  const std::uint64_t begin = va & ~(kHugeBytes - 1);
  const Range range{begin, begin + (kHugeBytes - 1)};
  mmap_lock.lock(thread);
  const Vma* vma = vmas_.find(begin);
  bool possible =
      vma != nullptr && vma->covers(range.first, range.last) && vma->mapping.backing == Backing::anonymous;
  table_.for_each(range.first, range.last, [&](const PageTable::Slot& slot) {
    const std::uint64_t word = slot.word();
    possible &=
        slot.level == pte::kPageLevel && pte::present(word) &&
        (services_.frames.zero_page() == pte::frame(word) || !services_.frames.shared(pte::frame(word)));
  });
  const auto block = possible ? services_.frames.block() : std::nullopt;
  if (!block) {
    mmap_lock.unlock();
    return possible ? Status::no_memory : Status::invalid;
  }
  const Protection protection = vma->mapping.protection;
  Gathered gathered(notifier);
  gather(thread, range, gathered);
  gather_tables(thread, range, range, gathered);
  gathered.change.flush(thread);  // not leaf only: the table goes too
  thread.run(services_.costs.draw(Cost::huge_fault));
  const PageTable::Slot slot = table_.make(thread, begin, pte::kBlockLevel);
  if (slot.table != nullptr) {
    const pte::Rights rights{protection.write, protection.write, protection.execute};
    table_.set(thread, slot, pte::make(*block, pte::kBlockLevel, rights));
  }
  mmap_lock.unlock();
  free(gathered);
  return Status::ok;
}

}  // namespace svasim::host
