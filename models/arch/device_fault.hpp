// The page-fault interface of a device that handles its own I/O page faults: no SMMU is involved. It writes a
// record to a queue in memory, sends its own MSI, and tries again when its driver resolves the fault.
// Contract: queue indices as in queue.hpp; the device waits while the queue is full. Source rule: no
// standard; what RDMA adapters with on-demand paging have in common.
#pragma once

#include <array>
#include <cstdint>

#include "models/arch/bit_fields.hpp"
#include "models/arch/types.hpp"

namespace svasim::arch::device_fault {

// Registers, 4 or 8 bytes each.
inline constexpr std::uint32_t kQueueBase = 0x00;  ///< 8 bytes; as QueueBase
inline constexpr std::uint32_t kProd = 0x08;       ///< read-only to software
inline constexpr std::uint32_t kCons = 0x0C;
inline constexpr std::uint32_t kMsiAddress = 0x10;  ///< 8 bytes
inline constexpr std::uint32_t kMsiData = 0x18;     ///< 4 bytes
inline constexpr std::uint32_t kResolve = 0x1C;     ///< write-only: resolution()
inline constexpr std::uint32_t kBytes = 0x1000;

inline constexpr unsigned kLog2RecordBytes = 4;

struct Record {
  std::uint16_t token = 0;  ///< names the fault until it is resolved
  bool write = false;
  SubstreamId substream;
  Va va;
  bool execute = false;
};

using RecordWords = std::array<std::uint64_t, 2>;

inline RecordWords encode(const Record& r) {
  return {r.token | std::uint64_t{r.write} << 16 | std::uint64_t{r.substream.valid} << 17 |
              std::uint64_t{r.execute} << 18 | std::uint64_t{r.substream.value} << 32,
          r.va.value};
}
inline Record decode(const RecordWords& words) {
  Record r;
  r.token = static_cast<std::uint16_t>(words[0]);
  r.write = bit(words[0], 16);
  r.execute = bit(words[0], 18);
  r.substream = {bit(words[0], 17), static_cast<std::uint32_t>(bits(words[0], 51, 32))};
  r.va = Va(words[1]);
  return r;
}

/// Bit 16: the page is there, try again; else give up.
constexpr std::uint32_t resolution(std::uint16_t token, bool success) {
  return token | std::uint32_t{success} << 16;
}

}  // namespace svasim::arch::device_fault
