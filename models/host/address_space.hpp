// The memory of one process as Linux keeps it: mappings, page tables, and what happens to them. Contract:
// faults are handled under the mmap lock taken for reading, which major faults hold while they wait for
// storage; system calls that change mappings take it for writing. Whatever is changed or taken away is
// invalidated through the notifier before it is used otherwise. Source rule: Linux mm (6.1, 7.0), arm64.
#pragma once

#include <array>
#include <functional>

#include "models/arch/cd.hpp"
#include "models/host/notifier.hpp"
#include "models/host/page_cache.hpp"
#include "models/host/page_table.hpp"
#include "models/host/status.hpp"
#include "models/host/vma.hpp"

namespace svasim::host {

/// What handle_mm_fault finds, and so what it costs.
enum class FaultClass : std::uint8_t {
  spurious,    ///< allowed already
  anonymous,   ///< first write
  zero,        ///< first read of anonymous memory
  zero_cow,    ///< write to the zero page
  cow,         ///< write to a page that others use too
  reuse,       ///< write-protected, but nobody else uses it
  dirty,       ///< clean page of a shared file mapping
  old,         ///< access flag clear
  file,        ///< page cache, read
  file_write,  ///< page cache, first access writes, shared
  file_cow,    ///< page cache, first access writes, private
  file_major,  ///< not in the page cache
  huge,        ///< transparent 2 MB page
  hugetlb,
  swap,       ///< swapped out
  numa,       ///< NUMA hint
  migration,  ///< being moved: wait
  count
};
inline constexpr std::size_t kFaultClasses = static_cast<std::size_t>(FaultClass::count);
inline constexpr std::array<const char*, kFaultClasses> kFaultClassNames = {
    "mm_spurious", "mm_anonymous", "mm_zero", "mm_zero_cow",   "mm_cow",      "mm_reuse",
    "mm_dirty",    "mm_old",       "mm_file", "mm_file_write", "mm_file_cow", "mm_file_major",
    "mm_huge",     "mm_hugetlb",   "mm_swap", "mm_numa",       "mm_migration"};

/// What a fault is about. Privilege makes no difference to Linux.
struct FaultAccess {
  bool read = true;
  bool write = false;
  bool execute = false;
};

enum class MmResult : std::uint8_t {
  ok,  ///< or somebody else is at it: the access should be tried again
  no_mapping,
  not_allowed,
  no_memory,
};

/// What all address spaces share.
struct MmServices {
  Frames& frames;
  Storage& storage;
  PageCache& cache;
  Costs& costs;
  const MmConfig& config;
};

class AddressSpace {
 public:
  static constexpr std::uint64_t kLastVa = (std::uint64_t{1} << PageTable::kAddressBits) - 1;

  AddressSpace(const MmServices& services, SmmuDriver& driver, LinuxVersion linux_version, TableFormat format,
               bool premapped);

  /// Takes the top-level table. False: no memory.
  bool create() { return table_.create(); }
  std::uint64_t root() const { return table_.root(); }
  bool stage2() const { return table_.format() == TableFormat::stage2; }
  /// What its context descriptors say.
  arch::Cd context_descriptor(const arch::Features& features, bool stall, std::uint16_t asid) const;

  /// A user of the address space (mmget); false once the last one has gone. The last put() unmaps all.
  bool get();
  void put(Thread& thread);
  bool usable() const { return users_ > 0; }
  /// Called before everything is unmapped (the notifier's release).
  std::function<void(Thread&)> on_release;

  /// All translations are about to go.
  void add_all_to(RangeChange& change);

  /// Makes `va` accessible. The caller holds mmap_lock for reading.
  MmResult handle_fault(Thread& thread, std::uint64_t va, FaultAccess access);

  // System calls and what the kernel does by itself; each takes the locks it needs. Ranges are widened to
  // whole pages except where Linux insists.

  Status map(Thread& thread, const Mapping& mapping);                     // mmap, MAP_FIXED
  Status unmap(Thread& thread, std::uint64_t va, std::uint64_t bytes);    // munmap
  Status discard(Thread& thread, std::uint64_t va, std::uint64_t bytes);  // madvise(MADV_DONTNEED)
  Status protect(Thread& thread, std::uint64_t va, std::uint64_t bytes, Protection protection);  // mprotect
  Status fork(Thread& thread, AddressSpace& child);
  Status touch(Thread& thread, std::uint64_t va, std::uint64_t bytes, bool write);  // by a CPU
  /// Makes all of it accessible, and keeps it so if `pin`.
  Status populate(Thread& thread, std::uint64_t va, std::uint64_t bytes, bool pin);
  void unpin_all();
  Status reclaim(Thread& thread, std::uint64_t va, std::uint64_t bytes);  // swap out, drop page cache
  Status age(Thread& thread, std::uint64_t va, std::uint64_t bytes);      // clear access flags
  Status numa_hint(Thread& thread, std::uint64_t va,
                   std::uint64_t bytes);  // make inaccessible, to see who comes
  Status migrate(Thread& thread, std::uint64_t va, std::uint64_t bytes);
  Status collapse(Thread& thread, std::uint64_t va);  // into a 2 MB page

  RwLock mmap_lock;
  Notifier notifier;

  std::uint64_t first_touches() const { return first_touches_; }  ///< pages mapped that were not, ever
  std::uint64_t faults(FaultClass c) const { return faults_[static_cast<std::size_t>(c)]; }
  std::uint64_t pinned() const { return pinned_.size(); }
  const VmaMap& vmas() const { return vmas_; }
  bool present(std::uint64_t va) const { return pte::present(table_.find(va).word()); }

 private:
  struct Range {
    std::uint64_t first, last;
  };
  struct Gathered;
  struct Attempt;

  static Range pages(std::uint64_t va, std::uint64_t bytes);
  FaultClass classify(const Vma& vma, const PageTable::Slot& slot, std::uint64_t va, bool write) const;
  bool wants_huge(const Vma& vma, std::uint64_t va) const;
  MmResult perform(Thread& thread, const Attempt& attempt);
  MmResult install(Thread& thread, const Attempt& attempt);
  MmResult install_block(Thread& thread, const Attempt& attempt);
  MmResult change(Thread& thread, const Attempt& attempt, const PageTable::Slot& slot);
  MmResult copy(Thread& thread, const Attempt& attempt, PageTable::Slot slot);
  std::optional<std::uint64_t> new_word(const Attempt& attempt);
  void fault_around(Thread& thread, const Attempt& attempt);
  bool migrates_this_time();

  template <class Visit>
  void for_each_locked(Thread& thread, Range range, Visit&& visit);
  Status migrate_page(Thread& thread, const PageTable::Slot& slot);
  bool split(Thread& thread, const PageTable::Slot& slot);
  void gather(Thread& thread, Range range, Gathered& gathered);
  void gather_tables(Thread& thread, Range range, Range hole, Gathered& gathered);
  void free(Gathered& gathered);
  void release(std::uint64_t word, unsigned level);
  std::uint64_t protected_word(const Vma& vma, const PageTable::Slot& slot) const;
  bool copy_entries(Thread& thread, AddressSpace& child, const Vma& vma, RangeChange& change);
  void unmap_all(Thread& thread);

  MmServices services_;
  VmaMap vmas_;
  PageTable table_;
  WaitList migrations_;
  unsigned users_ = 1;
  unsigned flushes_pending_ = 0;  ///< changes made under shared locks and not invalidated yet
  double numa_moves_ = 0;         ///< migrations owed to NUMA hints
  std::vector<std::pair<std::uint64_t, unsigned>> pinned_;  ///< frame, level
  std::uint64_t first_touches_ = 0;
  std::array<std::uint64_t, kFaultClasses> faults_{};
};

}  // namespace svasim::host
