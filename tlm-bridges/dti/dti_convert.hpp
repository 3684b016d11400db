// What the models' blocks say to each other (models/arch/dti.hpp) <-> messages on the wire. Pure functions.
//
// What the wire has no place for is lost, and what only the wire has is answered here:
//   Translations: sizes go as range codes, rounded down to one that exists; level and granule follow from the
//   leaf's size. The contiguous hint is lost. IMPDEF tells stage 2 only, or both stages, from stage 1 alone.
//   PERM: read and write in one is a write. Speculative requests, other Security states than Non-secure and
//   MMUV = 0 cannot be asked of the models: refusal() says how they are answered.
// Source rule: AMBA DTI; SMMUv3, TLB tagging.
#pragma once

#include <optional>

#include "models/arch/dti.hpp"
#include "models/arch/dti_ats.hpp"
#include "models/arch/dti_tbu.hpp"

namespace svasim::bridges {

/// TRANS_RNG and INVAL_RNG. Codes 0 to 9 are the protocol's; choice: 10 and 11. With BYPASS: kBypassSizes.
inline constexpr std::uint8_t kRangeSizes[] = {12, 14, 16, 21, 25, 29, 30, 34, 42, 47, 36, 39};
/// Choice: TRANS_RNG of a bypass, the size of the whole input space, in the codes of IDR5.OAS.
inline constexpr std::uint8_t kBypassSizes[] = {32, 36, 40, 42, 44, 48, 52, 56};
/// The code of the largest size that is at most 2^log2.
std::uint8_t range_code(unsigned log2);
std::uint8_t bypass_code(unsigned log2);
/// Of a code that does not exist: a page, so too little.
std::uint8_t range_of(std::uint8_t code, bool bypass = false);

// Translation requests.
arch::dti::tbu::TransReq tbu_request(const arch::dti::Upstream& request);
arch::dti::ats::TransReq ats_request(const arch::dti::Upstream& request);
arch::dti::Upstream typed(const arch::dti::tbu::TransReq& request);
arch::dti::Upstream typed(const arch::dti::ats::TransReq& request);
/// A request the models are not asked: its answer. Nothing: they are.
std::optional<arch::dti::TransFault> refusal(const arch::dti::tbu::TransReq& request);

// Their answers; `va` is the address that was asked for.
arch::dti::tbu::TransResp tbu_response(const arch::dti::Downstream& answer);
arch::dti::TransFault tbu_fault(const arch::dti::Downstream& answer);
arch::dti::Downstream typed(const arch::dti::tbu::TransResp& response, arch::Va va);
arch::dti::Downstream typed_tbu(const arch::dti::TransFault& fault);
/// An ATS translation completion is a TRANS_RESP if it is a success with access, else a TRANS_FAULT.
arch::dti::ats::Downstream ats_response(const arch::dti::Downstream& answer, arch::Va va);
arch::dti::Downstream typed(const arch::dti::ats::TransResp& response, arch::Va va);
/// `request`: what the fault answers; of it an InvalidTranslation echoes the privilege.
arch::dti::Downstream typed_ats(const arch::dti::TransFault& fault, const arch::dti::Upstream& request);

// Invalidations: the TLBI or CFGI of a TBU, the ATC_INV of a root port.
arch::dti::tbu::InvReq tbu_invalidation(const arch::Command& command);
arch::dti::ats::InvReq ats_invalidation(const arch::dti::Downstream& message);
/// Nothing: an operation that is reserved.
std::optional<arch::Command> typed(const arch::dti::tbu::InvReq& request);
std::optional<arch::dti::Downstream> typed(const arch::dti::ats::InvReq& request);
arch::dti::ats::InvComp ats_completion(const arch::dti::Upstream& message);
arch::dti::Upstream typed(const arch::dti::ats::InvComp& completion);

// Page requests.
arch::dti::ats::PageReq ats_page_request(const arch::dti::Upstream& request);
arch::dti::Upstream typed(const arch::dti::ats::PageReq& request);
arch::dti::ats::PageResp ats_page_response(const arch::dti::Downstream& response);
arch::dti::Downstream typed(const arch::dti::ats::PageResp& response);

}  // namespace svasim::bridges
