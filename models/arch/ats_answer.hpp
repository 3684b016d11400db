// What the SMMU answers to an ATS translation request (SMMUv3, ATS), from the outcome of its walks.
#pragma once

#include <cstdint>

#include "models/arch/ats.hpp"
#include "models/arch/fault.hpp"
#include "models/arch/stream_config.hpp"
#include "models/arch/translation.hpp"

namespace svasim::arch {

/// As the device asked.
struct AtsRequest {
  SubstreamId substream;
  Va va;
  bool no_write = false;    ///< NW
  bool execute = false;     ///< with a PASID only
  bool privileged = false;  ///< with a PASID only
  std::uint8_t log2_stu = kPageShift;

  /// The access a TableWalk is to be made with.
  Access access() const;
  /// What was asked, as F_BAD_ATS_TREQ tells it: here a write may also be an execute request.
  Access asked() const { return {!no_write, execute, privileged}; }
};

AtsAnswer ats_answer(const AtsRequest&, const Fault&);
/// Split-stage ATS (EATS = split) answers with the stage-1 output.
AtsAnswer ats_answer(const AtsRequest&, const StreamConfig&, const TranslationResult&);

}  // namespace svasim::arch
