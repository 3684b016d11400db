// How the registers behave for software: which bits of a word can be written, and when. Source: SMMUv3,
// register descriptions. Bits that no feature advertises are not there: they ignore writes and read as zero.
//
// Registers that configure something in use ignore writes until it is off, acknowledged. (The architecture
// leaves that open, "constrained unpredictable"; ignoring is one of the behaviours it allows.)
#pragma once

#include <cstdint>

#include "models/arch/features.hpp"

namespace svasim::arch {

/// What is in use: each bit as written or as acknowledged, whichever is set.
struct RegisterUse {
  std::uint32_t cr0 = 0;       ///< CR0 | CR0ACK
  std::uint32_t irq_ctrl = 0;  ///< IRQ_CTRL | IRQ_CTRLACK
};

/// The bits of the 32-bit word at `offset` (a multiple of 4, either page) that a write changes now.
std::uint32_t writable_bits(std::uint32_t offset, const Features&, const RegisterUse&);

/// What a read-only word always reads as: IDR0 to IDR6, IIDR, AIDR, and the CoreSight identification (PIDRn
/// from IIDR, CIDRn). Zero for every other offset.
std::uint32_t id_word(std::uint32_t offset, const Features&);

}  // namespace svasim::arch
