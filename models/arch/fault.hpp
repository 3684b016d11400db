// How a translation fails: the event, where it happened, and how the transaction ends.
#pragma once

#include <cstdint>

#include "models/arch/event.hpp"
#include "models/arch/types.hpp"

namespace svasim::arch {

/// How a failed transaction ends. The ATS ones answer translation requests only.
enum class Termination : std::uint8_t {
  abort,
  raz_wi,  ///< reads give zero, writes are ignored
  stall,   ///< parked until CMD_RESUME
  ats_unsupported_request,
  ats_completer_abort,
  ats_no_access,  ///< success, with neither read nor write granted
};

/// STE.PRIVCFG and INSTCFG: 0 as incoming, 2 unprivileged or data, 3 privileged or instruction.
struct AccessOverride {
  static constexpr std::uint8_t kForced = 3;  ///< privileged, or instruction
  std::uint8_t privileged = 0;
  std::uint8_t instruction = 0;
  /// The access after the overrides; a write is never an instruction fetch.
  Access apply(Access incoming) const;
};

struct Fault {
  EventId id = EventId::none;
  Termination termination = Termination::abort;
  bool recorded = false;  ///< an event record is due; always with stall
  bool mev = false;       ///< STE.MEV: the record may be merged with others
  FaultClass fault_class = FaultClass::in;
  bool stage2 = false;
  bool ttrnw = false;     ///< of a stage-2 permission fault on a stage-1 table: 1 read, 0 descriptor update
  std::int8_t level = 0;  ///< of the walk, for reports; not part of the record
  Ipa ipa;                ///< with stage2
  Pa fetch_address;       ///< of aborted fetches
  AccessOverride access_override;

  /// The record of this fault for a transaction as it came in. The caller gives a stall its STAG.
  Event event(StreamId, SubstreamId, Va, Access incoming) const;
};

}  // namespace svasim::arch
