// Page requests: the PRI queue record (16 bytes) and the two encodings of a response.
#pragma once

#include <array>
#include <cstdint>

#include "models/arch/command.hpp"
#include "models/arch/features.hpp"
#include "models/arch/ste.hpp"
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

/// The PRI queue as a page request finds it.
struct PriQueueState {
  bool enabled = false;       ///< CR0.PRIQEN and SMMUEN
  bool abort_active = false;  ///< GERROR.PRIQ_ABT_ERR
  bool full = false;
  bool overflowed = false;  ///< OVFLG differs from OVACKFLG
};

/// What becomes of a page request (SMMUv3, PRI queue overflow).
struct PriDecision {
  enum class Action : std::uint8_t { queue, discard, respond };
  Action action = Action::queue;
  bool overflow = false;    ///< OVFLG toggles, unless an overflow is unacknowledged already
  bool needs_ste = false;   ///< STE.PPAR decides about the response: settle_response() completes it
  bool with_pasid = false;  ///< of the response
  PrgResponseCode code = PrgResponseCode::success;
};
PriDecision decide(const PageRequest&, const PriQueueState&, const Features&);
/// Completes a decision that needs_ste, with the stream's STE: null if it cannot be had (SMMUEN = 0, StreamID
/// out of range, aborted fetch) or is illegal. Looking for it records what a translation request would.
PriDecision settle_response(PriDecision, const Ste*);

}  // namespace svasim::arch
