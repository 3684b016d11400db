// What travels between a PCIe endpoint and its root port: transaction layer packets, and the sizes they have
// on the wire.
#pragma once

#include <array>
#include <cstdint>

#include "models/arch/ats.hpp"
#include "models/arch/types.hpp"

namespace svasim::probe {
struct Transaction;  // carried along for instrumentation only
}

namespace svasim::arch {

struct Tlp {
  enum class Kind : std::uint8_t {
    memory_read,   // by the device; on the way down, of its registers
    memory_write,  // the same
    completion,    // data
    translation_request,
    translation_completion,  // ATS
    invalidate_request,
    invalidate_completion,
    page_request,
    prg_response,  // PRI
  };
  Kind kind = Kind::memory_read;
  AddressType address_type = AddressType::untranslated;
  StreamId requester{};
  SubstreamId pasid;
  bool privileged = false, execute = false;
  std::uint16_t tag = 0;      ///< of a non-posted request and its completion; ITag of an invalidate request
  std::uint64_t address = 0;  ///< VA, or PA when translated
  std::uint32_t bytes = 0;    ///< of data moved or asked for, 1 to 4096
  bool no_write = false;      ///< translation request
  bool no_snoop = false;      ///< translated memory request
  std::uint8_t completions = 0;  ///< invalidate completion: how many there are for each ITag, modulo 8
  std::uint32_t itags = 0;       ///< invalidate completion: the ITags it is for, one bit each
  AtsAnswer ats;                 ///< translation completion
  bool read = false, write = false, last = false;  ///< page request
  std::uint16_t group = 0;                         ///< PRG index, 0 to 511
  std::uint8_t response = 0;                       ///< PRG response code
  bool global = false;                             ///< invalidate request: every PASID
  std::uint8_t log2_span = 0;  ///< invalidate request: bytes covered, 12 to 64 (64: everything)
  bool aborted = false;        ///< completion: Unsupported Request or Completer Abort
  bool zeroed = false;         ///< completion: the SMMU terminated the read as zero; the device cannot tell
  std::array<std::uint64_t, 2> data{};        ///< of a register, and of what a device writes for its driver
  probe::Transaction* transaction = nullptr;  ///< none: a register's, or a write for the driver
};

/// Bytes of a packet on the wire: framing 2, sequence number 2, LCRC 4, a 4-DW header, the PASID prefix if
/// there is one, and the data, which is cut into packets of at most `max_payload` bytes that each pay the
/// overhead.
constexpr unsigned wire_bytes(const Tlp& tlp, unsigned max_payload) {
  const unsigned overhead = 2 + 2 + 4 + 16 + (tlp.pasid.valid ? 4 : 0);
  switch (tlp.kind) {
    case Tlp::Kind::memory_write:
    case Tlp::Kind::completion: {
      const unsigned packets = tlp.bytes == 0 ? 1 : (tlp.bytes + max_payload - 1) / max_payload;
      return packets * overhead + tlp.bytes;
    }
    case Tlp::Kind::translation_completion:
    case Tlp::Kind::invalidate_request: return overhead + 8;
    default: return overhead;
  }
}

}  // namespace svasim::arch
