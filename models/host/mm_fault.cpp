// handle_mm_fault: what is wrong with a page, what it takes to make it accessible, and doing it. See
// address_space.hpp.
#include "models/host/address_space.hpp"

namespace svasim::host {
namespace {

constexpr Cost cost_of(FaultClass c) {
  switch (c) {
    case FaultClass::anonymous:
    case FaultClass::swap: return Cost::anon_fault;
    case FaultClass::zero: return Cost::zero_fault;
    case FaultClass::zero_cow: return Cost::zero_cow;
    case FaultClass::cow:
    case FaultClass::file_cow: return Cost::cow;
    case FaultClass::file:
    case FaultClass::file_write: return Cost::file_fault;
    case FaultClass::huge:
    case FaultClass::hugetlb: return Cost::huge_fault;
    case FaultClass::file_major: return Cost::major_fault;
    default: return Cost::fixup;
  }
}

}  // namespace

/// A fault as it was found; another thread may be faster.
struct AddressSpace::Attempt {
  const Vma& vma;
  std::uint64_t va;
  bool write;
  FaultClass what;
  std::uint64_t word;  ///< the entry as it was

  std::uint64_t page() const { return va & ~arch::mask(arch::kPageShift); }
  pte::Rights rights(bool writable) const {
    const Protection& p = vma.mapping.protection;
    return {p.write, writable && p.write, p.execute};
  }
};

bool AddressSpace::wants_huge(const Vma& vma, std::uint64_t va) const {
  const bool asked =
      services_.config.thp == Thp::always || (services_.config.thp == Thp::madvise && vma.mapping.huge);
  const std::uint64_t block = va & ~(kHugeBytes - 1);
  return asked && vma.covers(block, block + (kHugeBytes - 1)) && services_.frames.has_block();
}

FaultClass AddressSpace::classify(const Vma& vma, const PageTable::Slot& slot, std::uint64_t va,
                                  bool write) const {
  const std::uint64_t word = slot.word();
  const Mapping& m = vma.mapping;
  if (pte::none(word)) {
    if (m.backing == Backing::hugetlb) return FaultClass::hugetlb;
    if (m.backing == Backing::file) {
      if (!services_.cache.has(m.file, vma.file_page(va))) return FaultClass::file_major;
      return !write ? FaultClass::file : m.shared ? FaultClass::file_write : FaultClass::file_cow;
    }
    if (write && slot.level != pte::kPageLevel && wants_huge(vma, va)) return FaultClass::huge;
    return write ? FaultClass::anonymous : FaultClass::zero;
  }
  if (pte::migrating(word)) return FaultClass::migration;
  if (pte::swapped(word)) return FaultClass::swap;
  if (pte::no_access(word)) return FaultClass::numa;
  if (write && !pte::writable(word)) {
    if (m.backing == Backing::file && m.shared) return FaultClass::dirty;
    if (services_.frames.zero_page() == pte::frame(word)) return FaultClass::zero_cow;
    return services_.frames.shared(pte::frame(word)) ? FaultClass::cow : FaultClass::reuse;
  }
  return pte::young(word) ? FaultClass::spurious : FaultClass::old;
}

MmResult AddressSpace::handle_fault(Thread& thread, std::uint64_t va, FaultAccess access) {
  if (va > kLastVa) return MmResult::no_mapping;
  const Vma* vma = vmas_.find(va);  // stays: changing it takes the lock for writing
  if (vma == nullptr) return MmResult::no_mapping;
  if (!vma->allows(access.read, access.write, access.execute)) return MmResult::not_allowed;
  const PageTable::Slot slot = table_.find(va);
  std::uint64_t word = slot.word();
  FaultClass what = classify(*vma, slot, va, access.write);
  ++faults_[static_cast<std::size_t>(what)];
  if (what == FaultClass::file_major) {
    thread.run(services_.costs.draw(Cost::major_fault));
    if (!services_.cache.read(thread, vma->mapping.file, vma->file_page(va))) return MmResult::no_memory;
    const PageTable::Slot now = table_.find(va);
    word = now.word();
    what = classify(*vma, now, va, access.write);
  } else if (what == FaultClass::swap) {
    thread.run(services_.costs.draw(Cost::major_fault));
    services_.storage.read(thread, arch::kPageSize);
  } else if (what == FaultClass::migration) {
    migrations_.wait(thread);
    return MmResult::ok;
  }
  const Attempt attempt{*vma, va, access.write, what, word};
  thread.run(services_.costs.draw(cost_of(what)));
  return perform(thread, attempt);
}

MmResult AddressSpace::perform(Thread& thread, const Attempt& attempt) {
  if (attempt.what == FaultClass::spurious) return MmResult::ok;
  if (attempt.what == FaultClass::huge || attempt.what == FaultClass::hugetlb) {
    return install_block(thread, attempt);
  }
  if (pte::none(attempt.word)) return install(thread, attempt);
  const PageTable::Slot slot = table_.find(attempt.va);
  if (slot.table == nullptr) return MmResult::ok;
  slot.lock().lock(thread);
  const bool same = slot.word() == attempt.word;
  const MmResult result = same ? change(thread, attempt, slot) : MmResult::ok;
  slot.lock().unlock();
  return result;
}

/// A page where there was none.
MmResult AddressSpace::install(Thread& thread, const Attempt& attempt) {
  const PageTable::Slot slot = table_.make(thread, attempt.va, pte::kPageLevel);
  if (slot.table == nullptr) {  // no memory, or a block came in between
    return pte::none(table_.find(attempt.va).word()) ? MmResult::no_memory : MmResult::ok;
  }
  slot.lock().lock(thread);
  MmResult result = MmResult::ok;
  if (pte::none(slot.word())) {
    if (const auto word = new_word(attempt)) {
      ++first_touches_;
      table_.set(thread, slot, *word);
      if (attempt.what == FaultClass::file) fault_around(thread, attempt);
    } else {
      result = MmResult::no_memory;
    }
  }
  slot.lock().unlock();
  return result;
}

std::optional<std::uint64_t> AddressSpace::new_word(const Attempt& attempt) {
  const Vma& vma = attempt.vma;
  const auto entry = [&](std::optional<std::uint64_t> frame, bool writable) {
    return frame ? std::optional(pte::make(*frame, pte::kPageLevel, attempt.rights(writable))) : std::nullopt;
  };
  switch (attempt.what) {
    case FaultClass::zero: return entry(services_.frames.zero_page(), false);
    case FaultClass::file:
    case FaultClass::file_write:
      return entry(services_.cache.frame(vma.mapping.file, vma.file_page(attempt.va)), attempt.write);
    default: return entry(services_.frames.page(), true);
  }
}

/// Maps the neighbours that are in the page cache, as the faulting page: clean. The caller holds the lock.
void AddressSpace::fault_around(Thread& thread, const Attempt& attempt) {
  const std::uint64_t bytes = services_.config.fault_around * arch::kPageSize;
  const std::uint64_t window = attempt.va & ~(bytes - 1);
  for (std::uint64_t va = window; va < window + bytes; va += arch::kPageSize) {
    if (va < attempt.vma.begin || va > attempt.vma.last) continue;
    const std::uint64_t page = attempt.vma.file_page(va);
    const PageTable::Slot slot = table_.find(va);
    if (!pte::none(slot.word()) || !services_.cache.has(attempt.vma.mapping.file, page)) continue;
    const auto frame = services_.cache.frame(attempt.vma.mapping.file, page);
    if (!frame) return;
    table_.set(thread, slot, pte::make(*frame, pte::kPageLevel, attempt.rights(false)));
  }
}

MmResult AddressSpace::install_block(Thread& thread, const Attempt& attempt) {
  const PageTable::Slot slot = table_.make(thread, attempt.va, pte::kBlockLevel);
  if (slot.table == nullptr) return MmResult::no_memory;
  slot.lock().lock(thread);
  MmResult result = MmResult::ok;
  if (pte::none(slot.word())) {
    if (const auto block = services_.frames.block()) {
      first_touches_ += kPagesPerHuge;
      table_.set(thread, slot, pte::make(*block, pte::kBlockLevel, attempt.rights(true)));
    } else if (attempt.what == FaultClass::hugetlb) {  // transparent ones will be small pages
      result = MmResult::no_memory;
    }
  }
  slot.lock().unlock();
  return result;
}

/// An entry that is there changes; the caller holds its lock. A TLB may hold what allows less: Linux
/// invalidates a stale read-only entry when it widens one. What was not accessible is in no TLB.
MmResult AddressSpace::change(Thread& thread, const Attempt& attempt, const PageTable::Slot& slot) {
  switch (attempt.what) {
    case FaultClass::old: table_.set(thread, slot, pte::as_young(slot.word())); return MmResult::ok;
    case FaultClass::reuse:
    case FaultClass::dirty:
      table_.set(thread, slot, pte::as_dirty(slot.word()));
      notifier.flush(thread, slot.va, slot.bytes());
      return MmResult::ok;
    case FaultClass::swap: {
      const auto frame = services_.frames.page();
      if (!frame) return MmResult::no_memory;
      table_.set(thread, slot, pte::make(*frame, pte::kPageLevel, attempt.rights(attempt.write)));
      return MmResult::ok;
    }
    case FaultClass::numa: {
      std::uint64_t word = pte::as_accessible(slot.word());
      if (slot.level == pte::kPageLevel && !services_.frames.shared(pte::frame(word)) &&
          migrates_this_time()) {
        const auto frame = services_.frames.page();
        if (!frame) return MmResult::no_memory;
        if (flushes_pending_ > 0)
          notifier.flush(thread, slot.va, slot.bytes());  // the hint's is still to come
        thread.run(services_.costs.draw(Cost::migrate));
        services_.frames.release_page(pte::frame(word));
        word = (word & ~(arch::mask(48) & ~arch::mask(12))) | *frame;
      }
      table_.set(thread, slot, pte::as_young(word));
      return MmResult::ok;
    }
    default: return copy(thread, attempt, slot);
  }
}

/// Copy on write. Nobody may use the old page once the copy is made, so it is taken away first.
MmResult AddressSpace::copy(Thread& thread, const Attempt& attempt, PageTable::Slot slot) {
  const bool huge = slot.level == pte::kBlockLevel;
  if (huge && attempt.vma.mapping.backing != Backing::hugetlb) {  // Linux splits what it would have to copy
    return split(thread, slot) ? MmResult::ok : MmResult::no_memory;
  }
  const auto frame = huge ? services_.frames.block() : services_.frames.page();
  if (!frame) return MmResult::no_memory;
  if (huge) thread.run(services_.costs.draw(Cost::huge_fault));
  const std::uint64_t old = pte::frame(slot.word());
  notifier.begins(slot.va, slot.bytes());
  table_.set(thread, slot, 0);
  notifier.flush(thread, slot.va, slot.bytes());
  table_.set(thread, slot, pte::make(*frame, slot.level, attempt.rights(true)));
  notifier.ends(slot.va, slot.bytes());
  release(old, slot.level);
  return MmResult::ok;
}

/// A fraction of the NUMA hint faults move their page, evenly spread.
bool AddressSpace::migrates_this_time() {
  numa_moves_ += services_.config.numa_migrate;
  if (numa_moves_ < 1) return false;
  numa_moves_ -= 1;
  return true;
}

}  // namespace svasim::host
