// How a translation fault ends the transaction: CD.A, R, S, STE.S2R, S2S and the ATS rules (SMMUv3, fault
// models).
#pragma once

#include "models/arch/fault.hpp"
#include "models/arch/stream_config.hpp"

namespace svasim::arch {

/// Decides termination and recording of a fault met in a table walk, or by stage 2 on the way to a CD. The
/// stage that faults decides; walk aborts heed neither. `may_stall` false: the requester cannot wait.
void apply_policy(Fault&, const StreamConfig&, AddressType, bool may_stall);

}  // namespace svasim::arch
