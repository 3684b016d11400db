// Life and structure of an address space. See address_space.hpp.
#include "models/host/address_space.hpp"

#include "models/host/mm_gather.hpp"

namespace svasim::host {
namespace {

constexpr std::uint8_t kWriteBack = 1;
constexpr std::uint8_t kInnerShareable = 3;
constexpr std::uint64_t kMairWriteBack = 0xFF;  ///< attribute 0: Normal, write-back

}  // namespace

AddressSpace::AddressSpace(const MmServices& services, SmmuDriver& driver, LinuxVersion linux_version,
                           TableFormat format, bool premapped)
    : mmap_lock(services.costs[Cost::wake]),
      notifier(driver, services.costs, linux_version),
      services_(services),
      table_(services.frames, format) {
  if (!premapped) return;
  Mapping everything;
  everything.bytes = kLastVa + 1;
  vmas_.insert(everything, true);
}

arch::Cd AddressSpace::context_descriptor(const arch::Features& features, bool stall,
                                          std::uint16_t asid) const {
  arch::Cd cd;
  cd.half[0].tsz = 64 - PageTable::kAddressBits;
  cd.half[0].tg = arch::tg0_of(arch::Granule::k4);
  cd.half[0].ir = cd.half[0].orgn = kWriteBack;
  cd.half[0].sh = kInnerShareable;
  cd.half[0].ttb = table_.root();
  cd.ips = features.oas;
  cd.s = stall;
  cd.aset = true;
  cd.asid = asid;
  cd.mair = kMairWriteBack;
  return cd;
}

bool AddressSpace::get() {
  if (users_ == 0) return false;
  ++users_;
  return true;
}

void AddressSpace::put(Thread& thread) {
  if (--users_ > 0) return;
  mmap_lock.lock_shared(thread);
  if (on_release) on_release(thread);
  unmap_all(thread);
  mmap_lock.unlock_shared();
}

void AddressSpace::add_all_to(RangeChange& change) {
  table_.for_each(0, kLastVa, [&](const PageTable::Slot& slot) { change.add(slot.va, slot.bytes()); });
}

void AddressSpace::unmap_all(Thread& thread) {
  Gathered gathered(notifier);
  gather(thread, {0, kLastVa}, gathered);
  vmas_.clear();
  gather_tables(thread, {0, kLastVa}, {0, kLastVa}, gathered);
  gathered.change.finish();
  free(gathered);
  unpin_all();
}

AddressSpace::Range AddressSpace::pages(std::uint64_t va, std::uint64_t bytes) {
  if (bytes == 0 || va > kLastVa) return {1, 0};
  const std::uint64_t last = bytes - 1 > kLastVa - va ? kLastVa : va + (bytes - 1);
  return {va & ~arch::mask(arch::kPageShift), last | arch::mask(arch::kPageShift)};
}

/// Entries of a range, all of them without a translation any more.
void AddressSpace::gather(Thread& thread, Range range, Gathered& gathered) {
  for_each_locked(thread, range, [&](const PageTable::Slot& slot) {
    const std::uint64_t word = slot.word();
    gathered.change.add(slot.va, slot.bytes());
    if (pte::has_frame(word)) gathered.words.push_back({word, slot.level});
    table_.set(thread, slot, 0);
  });
}

/// Tables wholly inside the hole that unmapping `range` makes. Walk caches forget one by an address of the
/// range that it led to.
void AddressSpace::gather_tables(Thread& thread, Range range, Range hole, Gathered& gathered) {
  table_.remove_tables(thread, hole.first, hole.last, gathered.tables);
  for (const auto& [va, table] : gathered.tables) gathered.change.add_table(std::max(va, range.first));
}

void AddressSpace::free(Gathered& gathered) {
  for (const auto& [word, level] : gathered.words) release(word, level);
  table_.free(gathered.tables);
}

void AddressSpace::release(std::uint64_t word, unsigned level) {
  if (level == pte::kBlockLevel) {
    services_.frames.release_block(pte::frame(word));
  } else {
    services_.frames.release_page(pte::frame(word));
  }
}

/// A block becomes pages; the caller holds its lock. What TLBs hold of it must not live beside its pages.
bool AddressSpace::split(Thread& thread, const PageTable::Slot& slot) {
  notifier.begins(slot.va, slot.bytes());
  const bool done = table_.split(thread, slot);
  if (done) notifier.flush(thread, slot.va, slot.bytes());
  notifier.ends(slot.va, slot.bytes());
  return done;
}

void AddressSpace::unpin_all() {
  for (const auto& [frame, level] : pinned_) {
    if (level == pte::kBlockLevel) {
      services_.frames.release_block(frame);
    } else {
      services_.frames.release_page(frame);
    }
  }
  pinned_.clear();
}

}  // namespace svasim::host
