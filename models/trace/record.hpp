// One record of a trace: an access of a device to a virtual address, or a control record: what a process or
// the kernel does meanwhile.
// Contract: plain values; a record that check() accepts is legal everywhere in the simulator.
// Source rule: PASIDs are 20 bits (PCIe PASID); virtual addresses are any 64 bits, since the SMMU faults
// those out of range. What control records do, and when: README.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace svasim::trace {

/// What happened. New kinds are added at the end: the values are in binary traces.
enum class Kind : std::uint8_t {
  access,    ///< the device reads or writes `size` bytes
  unmap,     ///< as `discard` with `nowait`
  discard,   ///< madvise(MADV_DONTNEED): the pages go, the mapping stays
  munmap,    ///< the mapping goes
  mmap,      ///< MAP_FIXED; what was mapped there goes
  mprotect,  ///< sets `protection`
  touch,     ///< a CPU reads or writes each page
  create,    ///< a process, or what `as` says
  exit,      ///< the process ends: its memory goes, then its bonds with devices
  fork,      ///< the child is the process `number`
  bind,      ///< the device may use the process's memory
  unbind,
  reclaim,    ///< swaps anonymous pages out, drops those of files
  age,        ///< clears access flags
  numa_hint,  ///< makes pages inaccessible, to see who comes
  migrate,    ///< moves pages to other frames
  collapse,   ///< the 2 MB around the address become one page
  enable,     ///< the device's driver switches `feature` on
  disable,
  sva_init,      ///< the device's driver limits its PASIDs to `min_pasid` to `max_pasid`; `number`: flags
  sva_shutdown,  ///< and lifts the limit
};

/// Fields a kind may have besides PASID and time.
enum Field : unsigned {
  kDevice = 1 << 0,
  kAddress = 1 << 1,
  kRange = kAddress | 1 << 2,  ///< and size
  kDirection = 1 << 3,
  kProtection = 1 << 4,
  kMapping = 1 << 5,  ///< backing, shared, uncached, file number, offset
  kChild = 1 << 6,    ///< `number`
  kAs = 1 << 7,
  kFeature = 1 << 8,
  kLimits = 1 << 9,  ///< least and greatest PASID, `number`
};

/// How a kind is written, and which fields it has.
struct KindInfo {
  constexpr KindInfo(std::string_view kind, unsigned fields)
      : name(kind),
        device((fields & kDevice) != 0),
        address((fields & kAddress) != 0),
        size((fields & kRange) == kRange),
        write((fields & kDirection) != 0),
        protection((fields & kProtection) != 0),
        mapping((fields & kMapping) != 0),
        child((fields & kChild) != 0),
        as((fields & kAs) != 0),
        feature((fields & kFeature) != 0),
        limits((fields & kLimits) != 0) {}

  std::string_view name;
  bool device, address, size, write, protection, mapping, child, as, feature, limits;
};

inline constexpr std::array<KindInfo, 21> kKinds = {{{"access", kDevice | kRange | kDirection},
                                                     {"unmap", kRange},
                                                     {"discard", kRange},
                                                     {"munmap", kRange},
                                                     {"mmap", kRange | kProtection | kMapping},
                                                     {"mprotect", kRange | kProtection},
                                                     {"touch", kRange | kDirection},
                                                     {"create", kAs},
                                                     {"exit", 0},
                                                     {"fork", kChild},
                                                     {"bind", kDevice | kAs},
                                                     {"unbind", kDevice},
                                                     {"reclaim", kRange},
                                                     {"age", kRange},
                                                     {"numa_hint", kRange},
                                                     {"migrate", kRange},
                                                     {"collapse", kAddress},
                                                     {"enable", kDevice | kFeature},
                                                     {"disable", kDevice | kFeature},
                                                     {"sva_init", kDevice | kLimits},
                                                     {"sva_shutdown", kDevice}}};
constexpr const KindInfo& info(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

/// Bits of Control::protection.
enum Protection : std::uint8_t { kNoAccess = 0, kRead = 1, kWrite = 2, kExecute = 4 };

/// What stands behind a mapping.
enum class Backing : std::uint8_t {
  anonymous,
  huge,     ///< anonymous, transparent 2 MB pages wanted
  hugetlb,  ///< 2 MB pages
  file,
};

/// What `create` makes, and how `bind` binds.
enum class As : std::uint8_t {
  standard,  ///< a process; by PASID
  domain,    ///< create: a page table that a driver keeps for itself
  guest,     ///< create: the memory of a virtual machine
  device,    ///< bind: the device's accesses without PASID
};

/// What `enable` and `disable` switch.
enum class Feature : std::uint8_t { none, iopf, sva };

inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint64_t kMaxAccessBytes = std::uint64_t{1} << 20;
inline constexpr std::uint32_t kMaxPasid = (1u << 20) - 1;
inline constexpr std::uint32_t kAnyNumber = ~std::uint32_t{0};

/// What only control records have; accesses and `unmap` have it as it is here.
struct Control {
  std::uint64_t offset = 0;                  ///< mmap: bytes into the file, whole pages
  std::uint32_t number = 0;                  ///< mmap: the file; fork: the child; sva_init: reserved flags
  std::uint32_t in_flight = kAnyNumber;      ///< so many earlier accesses may be unanswered when it acts
  bool nowait = false;                       ///< the records behind it do not wait until it has returned
  bool shared = false;                       ///< mmap of a file: MAP_SHARED, otherwise MAP_PRIVATE
  bool uncached = false;                     ///< mmap: a new file's contents are on storage only
  std::uint8_t protection = kRead | kWrite;  ///< mmap, mprotect
  Backing backing = Backing::anonymous;      ///< mmap
  As as = As::standard;                      ///< create, bind
  Feature feature = Feature::none;           ///< enable, disable
  std::uint32_t min_pasid = 0;               ///< sva_init; 0: the system's
  std::uint32_t max_pasid = 0;               ///< sva_init; 0: the hardware's
};

inline bool operator==(const Control& a, const Control& b) {
  return a.offset == b.offset && a.number == b.number && a.in_flight == b.in_flight && a.nowait == b.nowait &&
         a.shared == b.shared && a.uncached == b.uncached && a.protection == b.protection &&
         a.backing == b.backing && a.as == b.as && a.feature == b.feature && a.min_pasid == b.min_pasid &&
         a.max_pasid == b.max_pasid;
}
inline bool operator!=(const Control& a, const Control& b) { return !(a == b); }

struct Record {
  Kind kind = Kind::access;
  bool write = false;  ///< accesses and `touch`: otherwise a read
  bool has_time = false;
  bool execute = false;      ///< a read that fetches instructions
  bool privileged = false;   ///< an access in privileged mode
  std::uint32_t device = 0;  ///< index of the device in the configuration, of kinds that have one
  std::uint32_t pasid = 1;   ///< the process's number, 0..kMaxPasid
  std::uint64_t va = 0;
  std::uint64_t size = 0;     ///< bytes: 1..kMaxAccessBytes for an access, any but 0 for another range
  std::uint64_t time_ps = 0;  ///< with has_time: not before this time; 0 otherwise
  Control control;

  std::uint64_t last() const { return va + (size - 1); }  ///< address of the last byte
};

inline bool operator==(const Record& a, const Record& b) {
  return a.kind == b.kind && a.write == b.write && a.has_time == b.has_time && a.execute == b.execute &&
         a.privileged == b.privileged && a.device == b.device && a.pasid == b.pasid && a.va == b.va &&
         a.size == b.size && a.time_ps == b.time_ps && a.control == b.control;
}
inline bool operator!=(const Record& a, const Record& b) { return !(a == b); }

/// check() of records that are no accesses.
const char* check_control(const Record& record);

/// Why the record is illegal, as "what is wrong; expected ..."; nullptr when it is legal. Addresses never
/// wrap.
inline const char* check(const Record& r) {
  if (r.kind != Kind::access) return check_control(r);
  if (r.size == 0) return "size is 0; expected at least 1 byte";
  if (r.size > kMaxAccessBytes) return "access too large; expected a size of at most 1048576 bytes";
  if (r.last() < r.va) return "range wraps around; expected address + size within 64 bits";
  if (r.pasid > kMaxPasid) return "PASID too large; expected at most 1048575 (20 bits)";
  if (r.write && r.execute) return "a write that fetches; expected exec of reads only";
  if (r.control != Control{}) return "access with fields of control records; expected none";
  return nullptr;
}

/// Calls `piece(const Record&)` for each part of a legal record: an access is split at 4 KiB boundaries, in
/// address order, because a transaction never crosses a page; any other kind is one piece. The parts differ
/// in `va` and `size` only.
template <class Callback>
void for_each_piece(const Record& record, Callback&& piece) {
  if (record.kind != Kind::access) return piece(record);
  Record part = record;
  for (std::uint64_t left = record.size; left != 0; left -= part.size, part.va += part.size) {
    part.size = std::min(left, kPageBytes - part.va % kPageBytes);
    piece(static_cast<const Record&>(part));
  }
}

}  // namespace svasim::trace
