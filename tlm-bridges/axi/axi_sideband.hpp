// What engine::Attributes becomes on AxPROT, AxCACHE and AxUSER, and back.
//
//   AxPROT   [0] privileged, [1] non-secure, [2] instruction
//   AxCACHE  from the memory type: Device-nGnRnE 0000, other Device 0001, Normal non-cacheable 0011,
//            write-through 1110, write-back 1111; back to MAIR 00, 04, 44, BB, FF, Device and non-cacheable
//            outer shareable, the others inner shareable
//   AxUSER   AxiUser::none: zero and ignored. AxiUser::smmu, 64 bits: [31:0] StreamID, [51:32] SubstreamID,
//            [52] SubstreamID valid, [53] the address is translated, [61:54] MAIR byte, [63:62] shareability,
//            the last two instead of what AxCACHE tells
//
// Not on AXI4: compare-and-swaps (the read is done, Swap::performed stays false), translation requests, RAZ.
#pragma once

#include "models/engine/payload.hpp"
#include "tlm-bridges/axi/axi_pins.hpp"

namespace svasim::bridges {

enum class AxiUser : std::uint8_t { none, smmu };

void put_sideband(const engine::Attributes& attributes, AxiUser user, AxiAddress& address);
void get_sideband(const AxiAddress& address, AxiUser user, engine::Attributes& attributes);

/// OKAY; SLVERR; DECERR for TLM_ADDRESS_ERROR_RESPONSE.
AxiResponse to_axi(tlm::tlm_response_status status);
/// The other way; SLVERR is TLM_GENERIC_ERROR_RESPONSE, EXOKAY is OK.
tlm::tlm_response_status to_tlm(AxiResponse response);
/// Of the parts of one access: DECERR before SLVERR before the rest.
inline AxiResponse worse(AxiResponse a, AxiResponse b) { return a > b ? a : b; }

}  // namespace svasim::bridges
