// Memory types of the two stages and how they combine (SMMUv3 and VMSAv8-64, memory attributes).
#pragma once

#include <cstdint>

#include "models/arch/translation.hpp"

namespace svasim::arch {

/// A 4-bit stage-2 MemAttr (also STE.MemAttr) as a MAIR byte. Reserved values act as Device-nGnRnE.
std::uint8_t mair_of_stage2(unsigned mem_attr);

/// Device memory and uncached Normal memory are outer shareable whatever the tables say.
MemoryAttributes normalised(MemoryAttributes);

/// Stage 1 (or incoming) attributes under a stage-2 leaf. Without FWB the weaker of both; with it stage 2 may
/// force.
MemoryAttributes combine(MemoryAttributes stage1, unsigned stage2_mem_attr, unsigned stage2_shareability,
                         bool fwb);

}  // namespace svasim::arch
