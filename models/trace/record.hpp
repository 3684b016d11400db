// One record of a trace: what a device does to a virtual address, or what happens to the address space
// meanwhile.
// Contract: plain values; a record that check() accepts is legal everywhere in the simulator.
// Source rule: PASIDs are 20 bits (PCIe PASID); virtual addresses are any 64 bits, since the SMMU faults
// those out of range.
#pragma once

#include <algorithm>
#include <cstdint>

namespace svasim::trace {

/// What happened. Later kinds (mmap, fork, bind, ...) are added at the end: the values are in binary traces.
enum class Kind : std::uint8_t {
  access = 0,  ///< the device reads or writes `size` bytes
  unmap = 1,  ///< the process gives the range back (munmap, MADV_DONTNEED): a later access to it faults again
};

inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint64_t kMaxAccessBytes = std::uint64_t{1} << 20;
inline constexpr std::uint32_t kMaxPasid = (1u << 20) - 1;

struct Record {
  Kind kind = Kind::access;
  bool write = false;  ///< accesses only: otherwise a read
  bool has_time = false;
  std::uint32_t device = 0;  ///< index of the device in the configuration
  std::uint32_t pasid = 1;   ///< 0..kMaxPasid
  std::uint64_t va = 0;
  std::uint64_t size = 0;     ///< bytes: 1..kMaxAccessBytes for an access, any but 0 for an unmap
  std::uint64_t time_ps = 0;  ///< with has_time: not issued before this time; 0 otherwise

  std::uint64_t last() const { return va + (size - 1); }  ///< address of the last byte
};

inline bool operator==(const Record& a, const Record& b) {
  return a.kind == b.kind && a.write == b.write && a.has_time == b.has_time && a.device == b.device &&
         a.pasid == b.pasid && a.va == b.va && a.size == b.size && a.time_ps == b.time_ps;
}
inline bool operator!=(const Record& a, const Record& b) { return !(a == b); }

/// Why the record is illegal, as "what is wrong; expected ..."; nullptr when it is legal. Addresses never
/// wrap.
inline const char* check(const Record& r) {
  if (r.size == 0) return "size is 0; expected at least 1 byte";
  if (r.kind == Kind::access && r.size > kMaxAccessBytes)
    return "access too large; expected a size of at most 1048576 bytes";
  if (r.last() < r.va) return "range wraps around; expected address + size within 64 bits";
  if (r.pasid > kMaxPasid) return "PASID too large; expected at most 1048575 (20 bits)";
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
