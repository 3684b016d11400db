// Memory types of the two stages and how they combine (SMMUv3 and VMSAv8-64, memory attributes), of accesses
// and of the SMMU's own fetches.
#pragma once

#include <cstdint>

#include "models/arch/translation.hpp"

namespace svasim::arch {

/// A 4-bit stage-2 MemAttr (also STE.MemAttr) as a MAIR byte. Reserved values act as Device-nGnRnE.
std::uint8_t mair_of_stage2(unsigned mem_attr);

/// Is memory that stage 2 maps with this MemAttr Device, as far as stage 2 tells?
bool stage2_device(unsigned mem_attr, bool fwb);

/// A MAIR byte with its reserved encodings replaced by what they act as.
std::uint8_t canonical_mair(std::uint8_t);

/// Device memory and uncached Normal memory are outer shareable whatever the tables say; a level that
/// allocates nothing is not transient.
MemoryAttributes normalised(MemoryAttributes);

/// Attributes of table fetches: cacheability 0 none, 1 write-back, 2 write-through, 3 write-back without
/// write allocation (TCR, S2IR0, CR1); of CDs 3 is without read allocation.
MemoryAttributes table_attributes(unsigned inner, unsigned outer, unsigned shareability);
MemoryAttributes cd_attributes(unsigned inner, unsigned outer, unsigned shareability);

/// Stage-1 leaf attributes for a transaction that came in (overrides applied) as `incoming`: its allocation
/// hints combine with the table's where both are cacheable.
MemoryAttributes with_incoming_hints(MemoryAttributes stage1, MemoryAttributes incoming);

/// Stage 1 (or incoming) attributes under a stage-2 leaf. Without FWB the weaker of both; with it stage 2 may
/// force.
MemoryAttributes combine(MemoryAttributes stage1, unsigned stage2_mem_attr, unsigned stage2_shareability,
                         bool fwb);

/// STE and GBPA overrides of what a transaction brings: MTCFG with MemAttr, SHCFG, ALLOCCFG.
struct AttributeOverride {
  bool mtcfg = false;
  std::uint8_t mem_attr = 0;
  std::uint8_t sh_cfg = 1;     ///< 1: as incoming
  std::uint8_t alloc_cfg = 0;  ///< 0b1RWT: read allocate, write allocate, transient
  MemoryAttributes apply(MemoryAttributes incoming) const;
};

}  // namespace svasim::arch
