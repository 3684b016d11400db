// Page requests: the PRI queue record (16 bytes) and the two encodings of a response.
#pragma once

#include <array>
#include <cstdint>

#include "models/arch/command.hpp"
#include "models/arch/types.hpp"

namespace svasim::arch {

/// A page request as the SMMU queues it, and as the device sends it.
struct PageRequest {
  StreamId stream{};
  SubstreamId substream;
  bool privileged = false;  ///< with a PASID only
  bool execute = false;     ///< with a PASID only
  bool read = false;
  bool write = false;
  bool last = false;
  std::uint16_t prg_index = 0;  ///< 9 bits
  Va page;                      ///< 4 KB aligned

  /// Last, neither read nor write, with a PASID: no more requests of that PASID follow; never answered.
  bool stop_marker() const { return last && !read && !write && substream.valid; }
};

using PageRequestWords = std::array<std::uint64_t, 2>;

PageRequestWords encode(const PageRequest&);
PageRequest decode_page_request(const PageRequestWords&);

/// Response code of a PCIe PRG Response message. All other values act as failure.
enum class PrgResponseCode : std::uint8_t { success = 0x0, invalid = 0x1, failure = 0xF };

constexpr PrgResponseCode prg_response_code(PriResponse response) {
  if (response == PriResponse::success) return PrgResponseCode::success;
  return response == PriResponse::invalid ? PrgResponseCode::invalid : PrgResponseCode::failure;
}

}  // namespace svasim::arch
