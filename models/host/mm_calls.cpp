// System calls on an address space, and what the kernel does to it by itself. See address_space.hpp.
#include "models/host/mm_gather.hpp"

namespace svasim::host {

Status AddressSpace::map(Thread& thread, const Mapping& mapping) {
  thread.run(services_.costs.draw(Cost::syscall));
  Mapping m = mapping;
  const std::uint64_t unit = m.backing == Backing::hugetlb ? kHugeBytes : arch::kPageSize;
  m.bytes = (m.bytes + unit - 1) & ~(unit - 1);
  if (m.bytes == 0 || m.va % unit != 0 || m.offset % arch::kPageSize != 0) return Status::invalid;
  if (m.va > kLastVa || m.bytes - 1 > kLastVa - m.va) return Status::no_memory;
  mmap_lock.lock(thread);
  const Range range{m.va, m.va + (m.bytes - 1)};
  if (vmas_.cuts_huge_page(range.first, range.last)) {
    mmap_lock.unlock();
    return Status::invalid;
  }
  Gathered gathered(notifier);
  gather(thread, range, gathered);  // what it replaces
  gather_tables(thread, range, range, gathered);
  gathered.change.flush(thread);
  vmas_.insert(m);
  if (m.backing == Backing::file) services_.cache.open(m.file, m.cached);
  mmap_lock.unlock();
  free(gathered);
  return Status::ok;
}

Status AddressSpace::unmap(Thread& thread, std::uint64_t va, std::uint64_t bytes) {
  thread.run(services_.costs.draw(Cost::syscall));
  if (va % arch::kPageSize != 0 || bytes == 0 || va > kLastVa) return Status::invalid;
  const Range range = pages(va, bytes);
  mmap_lock.lock(thread);
  if (vmas_.cuts_huge_page(range.first, range.last)) {
    mmap_lock.unlock();
    return Status::invalid;
  }
  vmas_.remove(range.first, range.last);
  mmap_lock.downgrade();  // nobody finds the range any more; others may go on
  Gathered gathered(notifier);
  gather(thread, range, gathered);
  const Range hole{vmas_.free_from(range.first), vmas_.free_to(range.last)};
  gather_tables(thread, range, hole, gathered);
  thread.run(gathered.words.size() * services_.costs.draw(Cost::page_op));
  gathered.change.flush(thread);
  mmap_lock.unlock_shared();
  free(gathered);
  return Status::ok;
}

Status AddressSpace::discard(Thread& thread, std::uint64_t va, std::uint64_t bytes) {
  thread.run(services_.costs.draw(Cost::syscall));
  const Range range = pages(va, bytes);
  if (range.first > range.last) return Status::invalid;
  mmap_lock.lock_shared(thread);
  Status status = vmas_.mapped(range.first, range.last) ? Status::ok : Status::no_memory;
  Gathered gathered(notifier);
  for (const Vma& vma : vmas_.within(range.first, range.last)) {
    std::uint64_t end = vma.last + 1;
    if (vma.mapping.backing == Backing::hugetlb) {  // whole 2 MB pages, as Linux has them
      if (vma.begin % kHugeBytes != 0) {
        status = Status::invalid;
        break;
      }
      end &= ~(kHugeBytes - 1);
    }
    if (end > vma.begin) gather(thread, {vma.begin, end - 1}, gathered);
  }
  thread.run(gathered.words.size() * services_.costs.draw(Cost::page_op));
  gathered.change.flush(thread);
  mmap_lock.unlock_shared();
  free(gathered);
  return status;
}

/// What an entry becomes under the protection its mapping has now.
std::uint64_t AddressSpace::protected_word(const Vma& vma, const PageTable::Slot& slot) const {
  const Protection& p = vma.mapping.protection;
  std::uint64_t word = slot.word();
  if (!pte::has_frame(word)) return word;
  if (!p.read && !p.write && !p.execute) return pte::as_no_access(word);
  word = pte::as_executable(pte::as_accessible(word), p.execute);
  const std::uint64_t frame = pte::frame(word);
  if (!p.write) return pte::as_read_only(word) & ~arch::Descriptor::kDirtyModifier;
  word |= arch::Descriptor::kDirtyModifier;
  const bool own = vma.mapping.backing != Backing::file && !services_.frames.shared(frame) &&
                   services_.frames.zero_page() != frame;
  return own ? pte::as_dirty(word) : word;
}

Status AddressSpace::protect(Thread& thread, std::uint64_t va, std::uint64_t bytes, Protection protection) {
  thread.run(services_.costs.draw(Cost::syscall));
  if (va % arch::kPageSize != 0 || bytes == 0 || va > kLastVa) return Status::invalid;
  const Range range = pages(va, bytes);
  mmap_lock.lock(thread);
  const bool cuts = vmas_.cuts_huge_page(range.first, range.last);
  if (cuts || !vmas_.protect(range.first, range.last, protection)) {
    mmap_lock.unlock();
    return cuts ? Status::invalid : Status::no_memory;
  }
  RangeChange change(notifier);
  for (const Vma& vma : vmas_.within(range.first, range.last)) {
    for_each_locked(thread, {vma.begin, vma.last}, [&](const PageTable::Slot& slot) {
      const std::uint64_t word = protected_word(vma, slot);
      if (word == slot.word()) return;
      thread.run(services_.costs.draw(Cost::page_op));
      change.add(slot.va, slot.bytes());
      table_.set(thread, slot, word);
    });
  }
  change.flush(thread);
  mmap_lock.unlock();
  return Status::ok;
}

Status AddressSpace::fork(Thread& thread, AddressSpace& child) {
  child.mmap_lock.lock(thread);  // at once: nobody knows it yet. Devices that are bound to it wait
  thread.run(services_.costs.draw(Cost::fork));
  mmap_lock.lock(thread);
  RangeChange change(notifier);
  child.vmas_ = vmas_;
  Status status = Status::ok;
  for (const auto& [begin, vma] : vmas_.all()) {
    const bool lazily = vma.mapping.backing == Backing::file && vma.mapping.shared;
    if (!lazily && !copy_entries(thread, child, vma, change)) status = Status::no_memory;
  }
  change.flush_everything(thread);
  mmap_lock.unlock();
  child.mmap_lock.unlock();
  return status;
}

/// Both sides keep the frames, and neither may write to them any more. False: no memory for all of it.
bool AddressSpace::copy_entries(Thread& thread, AddressSpace& child, const Vma& vma, RangeChange& change) {
  bool all = true;
  for_each_locked(thread, {vma.begin, vma.last}, [&](const PageTable::Slot& slot) {
    std::uint64_t word = slot.word();
    if (pte::migrating(word)) return;
    const PageTable::Slot copy = child.table_.make(thread, slot.va, slot.level);
    all &= copy.table != nullptr;
    if (copy.table == nullptr) return;
    thread.run(services_.costs.draw(Cost::page_op));
    if (pte::has_frame(word)) {
      if (services_.frames.zero_page() != pte::frame(word)) services_.frames.share(pte::frame(word));
      if (pte::writable(word)) {
        word = pte::as_read_only(word);
        change.add(slot.va, slot.bytes());
        table_.set(thread, slot, word);
      }
    }
    child.table_.set(thread, copy, word);
  });
  return all;
}

Status AddressSpace::touch(Thread& thread, std::uint64_t va, std::uint64_t bytes, bool write) {
  const Range range = pages(va, bytes);
  if (range.first > range.last) return Status::bad_address;
  for (std::uint64_t page = range.first; page <= range.last; page += arch::kPageSize) {
    for (;;) {
      const std::uint64_t word = table_.find(page).word();
      if (pte::present(word) && pte::young(word) && (!write || pte::writable(word))) break;
      thread.run(services_.costs.draw(Cost::exception));
      mmap_lock.lock_shared(thread);
      const MmResult result = handle_fault(thread, page, {!write, write});
      mmap_lock.unlock_shared();
      if (result == MmResult::no_memory) return Status::no_memory;
      if (result != MmResult::ok) return Status::bad_address;
    }
    const PageTable::Slot slot = table_.find(page);
    const std::uint64_t at = std::max(page, va);  // the line itself
    thread.read64((pte::frame(slot.word()) + (at - slot.va)) & ~std::uint64_t{7});
  }
  return Status::ok;
}

Status AddressSpace::populate(Thread& thread, std::uint64_t va, std::uint64_t bytes, bool pin) {
  const Range range = pages(va, bytes);
  for (std::uint64_t page = range.first; page <= range.last;) {
    mmap_lock.lock_shared(thread);
    const Vma* vma = vmas_.find(page);
    const bool write = vma != nullptr && vma->mapping.protection.write;
    PageTable::Slot slot = table_.find(page);
    MmResult result = MmResult::ok;
    while (result == MmResult::ok && !(pte::present(slot.word()) && (!write || pte::writable(slot.word())))) {
      result = handle_fault(thread, page, {!write, write});
      slot = table_.find(page);
    }
    mmap_lock.unlock_shared();
    if (result == MmResult::no_memory) return Status::no_memory;
    if (result != MmResult::ok) return Status::bad_address;
    page = slot.va + slot.bytes();
    if (!pin) continue;
    thread.run(services_.costs.draw(Cost::pin));
    services_.frames.share(pte::frame(slot.word()));
    pinned_.emplace_back(pte::frame(slot.word()), slot.level);
  }
  return Status::ok;
}

}  // namespace svasim::host
