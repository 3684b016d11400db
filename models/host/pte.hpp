// What Linux arm64 keeps in a page-table entry, present or not, as predicates over the 64-bit word. Contract:
// a word whose bit 0 is clear is no translation to the SMMU, whatever else it says. Source rule: VMSAv8-64
// stage 1; Linux arm64 software bits: DBM says that the page may be written, AP[2] that it is clean or
// shared, bit 58 that a page is there which nobody may touch (PROT_NONE, NUMA hint).
#pragma once

#include "models/arch/descriptor.hpp"
#include "models/host/frames.hpp"

namespace svasim::host::pte {

inline constexpr std::uint64_t kValid = 1;
inline constexpr std::uint64_t kNoAccess = std::uint64_t{1} << 58;
inline constexpr std::uint64_t kSwap = std::uint64_t{1} << 59;
inline constexpr std::uint64_t kMigrating = std::uint64_t{1} << 60;

inline constexpr unsigned kPageLevel = 3;
inline constexpr unsigned kBlockLevel = 2;

struct Rights {
  bool may_write = false;  ///< the mapping allows it
  bool writable = false;   ///< now: no copy to be made, dirty already
  bool execute = false;
};

inline std::uint64_t make(std::uint64_t frame, unsigned level, Rights rights) {
  arch::Stage1Leaf leaf;
  leaf.address = frame;
  leaf.page = level == kPageLevel;
  leaf.writable = rights.writable;
  leaf.executable = rights.execute;
  leaf.dirty_modifier = rights.may_write;
  return arch::encode(leaf) | arch::Descriptor::kPxn;  // user pages are never the kernel's to execute
}

constexpr bool none(std::uint64_t word) { return word == 0; }
constexpr bool present(std::uint64_t word) { return (word & kValid) != 0; }
constexpr bool no_access(std::uint64_t word) { return (word & kNoAccess) != 0; }
constexpr bool swapped(std::uint64_t word) { return (word & kSwap) != 0; }
constexpr bool migrating(std::uint64_t word) { return (word & kMigrating) != 0; }
/// A frame belongs to the entry.
constexpr bool has_frame(std::uint64_t word) { return present(word) || no_access(word); }
constexpr std::uint64_t frame(std::uint64_t word) { return word & arch::mask(48) & ~arch::mask(12); }
constexpr bool may_write(std::uint64_t word) { return (word & arch::Descriptor::kDirtyModifier) != 0; }
constexpr bool writable(std::uint64_t word) { return (word & arch::Descriptor::kReadOnly) == 0; }
constexpr bool young(std::uint64_t word) { return (word & arch::Descriptor::kAccessFlag) != 0; }

constexpr std::uint64_t as_executable(std::uint64_t word, bool executable) {
  return executable ? word & ~arch::Descriptor::kUxn : word | arch::Descriptor::kUxn;
}
constexpr std::uint64_t as_read_only(std::uint64_t word) { return word | arch::Descriptor::kReadOnly; }
constexpr std::uint64_t as_dirty(std::uint64_t word) {
  return (word & ~arch::Descriptor::kReadOnly) | arch::Descriptor::kAccessFlag;
}
constexpr std::uint64_t as_young(std::uint64_t word) { return word | arch::Descriptor::kAccessFlag; }
constexpr std::uint64_t as_old(std::uint64_t word) { return word & ~arch::Descriptor::kAccessFlag; }
constexpr std::uint64_t as_no_access(std::uint64_t word) { return (word & ~kValid) | kNoAccess; }
constexpr std::uint64_t as_accessible(std::uint64_t word) { return (word & ~kNoAccess) | kValid; }
constexpr std::uint64_t as_swapped(std::uint64_t word) {
  return (word & ~(arch::mask(48) | kNoAccess)) | kSwap;
}
constexpr std::uint64_t as_migrating(std::uint64_t word) { return (word & ~kValid) | kMigrating; }

}  // namespace svasim::host::pte
