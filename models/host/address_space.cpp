// See address_space.hpp.
#include "models/host/address_space.hpp"

#include <algorithm>

#include "models/arch/descriptor.hpp"

namespace svasim::host {
namespace {

constexpr unsigned kLevels = 4;
constexpr unsigned kLeafLevel = kLevels - 1;
constexpr unsigned kEntries = 512;
constexpr unsigned kMaxAddressBits = 52;
constexpr std::uint8_t kWriteBack = 1;
constexpr std::uint8_t kInnerShareable = 3;
constexpr std::uint64_t kMairWriteBack = 0xFF;  ///< attribute 0: Normal, write-back

unsigned shift_of(unsigned level) { return arch::level_shift(arch::Granule::k4, level); }
unsigned index_of(std::uint64_t va, unsigned level) { return (va >> shift_of(level)) % kEntries; }

}  // namespace

// --- PASIDs

std::optional<std::uint32_t> PasidAllocator::take(std::optional<std::uint32_t> preferred,
                                                  std::uint32_t limit) {
  std::uint32_t pasid = min_;
  if (preferred && *preferred >= min_ && !taken(*preferred) && *preferred <= max_ && *preferred < limit) {
    pasid = *preferred;
  } else {
    for (const std::uint32_t used : taken_) {
      if (used == pasid) ++pasid;
    }
    if (pasid > max_ || pasid >= limit) return std::nullopt;
  }
  taken_.insert(std::lower_bound(taken_.begin(), taken_.end(), pasid), pasid);
  return pasid;
}

void PasidAllocator::give_back(std::uint32_t pasid) {
  taken_.erase(std::remove(taken_.begin(), taken_.end(), pasid), taken_.end());
}

bool PasidAllocator::taken(std::uint32_t pasid) const {
  return std::binary_search(taken_.begin(), taken_.end(), pasid);
}

// --- page tables

/// What was written to one table in memory, and the tables it leads to.
struct AddressSpace::Table {
  Table(std::uint64_t address, unsigned level) : pa(address), children(level < kLeafLevel ? kEntries : 0) {}

  std::uint64_t pa;
  std::array<std::uint64_t, kEntries> entries{};
  std::vector<std::unique_ptr<Table>> children;
};

AddressSpace::AddressSpace(FrameAllocator& frames, std::uint16_t asid, LatencySource& wake)
    : mmap_lock(wake), frames_(frames), asid_(asid) {}

AddressSpace::~AddressSpace() = default;

bool AddressSpace::create() {
  const auto frame = frames_.table();
  if (frame) root_ = std::make_unique<Table>(*frame, 0);
  return frame.has_value();
}

arch::Cd AddressSpace::context_descriptor(const arch::Features& features, bool stall) const {
  arch::Cd cd;
  cd.half[0].tsz = 64 - kAddressBits;
  cd.half[0].tg = arch::tg0_of(arch::Granule::k4);
  cd.half[0].ir = cd.half[0].orgn = kWriteBack;
  cd.half[0].sh = kInnerShareable;
  cd.half[0].ttb = root_->pa;
  cd.ips = features.oas;
  cd.s = stall;
  cd.aset = true;
  cd.asid = asid_;
  cd.mair = kMairWriteBack;
  return cd;
}

AddressSpace::Table* AddressSpace::next_table(Thread& thread, Table& table, unsigned level,
                                              std::uint64_t va) {
  const unsigned index = index_of(va, level);
  auto& child = table.children[index];
  if (child) return child.get();
  const auto frame = frames_.table();
  if (!frame) return nullptr;
  child = std::make_unique<Table>(*frame, level + 1);
  table.entries[index] = arch::table_descriptor(*frame);
  thread.write64(table.pa + 8 * index, table.entries[index]);
  return child.get();
}

bool AddressSpace::present(arch::Va va) const {
  const Table* table = root_.get();
  for (unsigned level = 0; level < kLeafLevel && table; ++level) {
    table = table->children[index_of(va.value, level)].get();
  }
  return table && table->entries[index_of(va.value, kLeafLevel)] != 0;
}

bool AddressSpace::map(Thread& thread, arch::Va va) {
  Table* table = root_.get();
  for (unsigned level = 0; level < kLeafLevel; ++level) {
    table = next_table(thread, *table, level, va.value);
    if (!table) return false;
  }
  const unsigned index = index_of(va.value, kLeafLevel);
  if (table->entries[index] != 0) return true;  // another thread was faster
  const auto frame = frames_.page();
  if (!frame) return false;
  arch::Stage1Leaf leaf;
  leaf.address = *frame;
  table->entries[index] = arch::encode(leaf);
  ++pages_;
  ++mapped_;
  thread.write64(table->pa + 8 * index, table->entries[index]);
  return true;
}

AddressSpace::Gathered AddressSpace::unmap(Thread& thread, std::uint64_t va, std::uint64_t bytes) {
  Gathered gathered;
  if (bytes == 0 || !covers(arch::Va(va))) return gathered;
  const std::uint64_t last = std::min(arch::mask(kAddressBits) - va, bytes - 1) + va;
  clear(thread, *root_, 0, 0, va, last, gathered);
  return gathered;
}

void AddressSpace::clear(Thread& thread, Table& table, unsigned level, std::uint64_t base,
                         std::uint64_t first, std::uint64_t last, Gathered& gathered) {
  const std::uint64_t size = std::uint64_t{1} << shift_of(level);
  const std::uint64_t end = base + (kEntries - 1) * size;
  const unsigned low = first > base ? index_of(first, level) : 0;
  const unsigned high = last < end ? index_of(last, level) : kEntries - 1;
  for (unsigned index = low; index <= high; ++index) {
    const std::uint64_t at = base + index * size;
    if (level < kLeafLevel) {
      if (table.children[index]) {
        clear(thread, *table.children[index], level + 1, at, first, last, gathered);
      }
      continue;
    }
    if (table.entries[index] == 0) continue;
    const arch::Descriptor leaf{std::exchange(table.entries[index], 0)};
    gathered.frames.push_back(leaf.address(arch::Granule::k4, arch::kPageShift, kMaxAddressBits));
    if (gathered.end == 0) gathered.begin = at;
    gathered.end = at + arch::kPageSize;
    --pages_;
    thread.write64(table.pa + 8 * index, 0);
  }
}

void AddressSpace::free_pages(const Gathered& gathered) {
  for (const std::uint64_t frame : gathered.frames) frames_.free_page(frame);
}

}  // namespace svasim::host
