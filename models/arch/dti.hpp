// Messages between a TBU or root port and the TCU, after Arm DTI: translation requests answered out of order
// by id, invalidations and syncs in order. Their bits on the stream are in dti_tbu.hpp and dti_ats.hpp.
#pragma once

#include <cstdint>

#include "models/arch/ats_answer.hpp"
#include "models/arch/command.hpp"
#include "models/arch/dti_ats.hpp"
#include "models/arch/dti_tbu.hpp"
#include "models/arch/fault.hpp"
#include "models/arch/translation.hpp"
#include "models/arch/types.hpp"

namespace svasim::probe {
struct Transaction;  // carried along for instrumentation only
}

namespace svasim::arch::dti {

// Sizes on the stream, in bytes; wire_bytes() says which a message has.
inline constexpr unsigned kTransReqBytes = tbu::TransReq::kBits / 8;
inline constexpr unsigned kTransRespBytes = tbu::TransResp::kBits / 8;
inline constexpr unsigned kTransFaultBytes = TransFault::kBits / 8;
inline constexpr unsigned kInvReqBytes = tbu::InvReq::kBits / 8;
inline constexpr unsigned kShortBytes = tbu::SyncReq::kBits / 8;  ///< SYNC_REQ, SYNC_ACK, INV_ACK
inline constexpr unsigned kPageReqBytes = ats::PageReq::kBits / 8;
inline constexpr unsigned kPageRespBytes = ats::PageResp::kBits / 8;
inline constexpr unsigned kInvCompBytes = ats::InvComp::kBits / 8;

/// How the requester wants faults handled (FLOW).
enum class Flow : std::uint8_t { stall, no_stall, ats };

/// Towards the TCU.
struct Upstream {
  enum class Kind : std::uint8_t { trans_req, sync_ack, page_req, inv_comp, inv_ack };
  Kind kind = Kind::trans_req;
  std::uint16_t id = 0;  ///< trans_req: TRANSLATION_ID; sync_ack: echo; inv_comp: ITag
  Flow flow = Flow::stall;
  AddressType address_type =
      AddressType::untranslated;  ///< trans_req of a TBU; with Flow::ats it is a translation request
  StreamId stream{};
  SubstreamId substream;
  Access access;  ///< for ATS: write is the inverse of No-Write
  Va va;
  // page_req
  bool page_read = false, page_write = false, last = false;
  std::uint16_t group = 0;  ///< PRG index
  bool error = false;       ///< inv_comp: the device never answered
  probe::Transaction* transaction = nullptr;
};

/// From the TCU.
struct Downstream {
  enum class Kind : std::uint8_t { trans_resp, trans_fault, ats_resp, inv_req, sync_req, atc_inv, page_resp };
  Kind kind = Kind::trans_resp;
  std::uint16_t id = 0;  ///< trans_*: TRANSLATION_ID; sync_req: number to echo; atc_inv: ITag
  bool do_not_cache = false;
  bool raz = false;                ///< trans_fault: read as zero, write ignored; otherwise abort
  TranslationResult result;        ///< trans_resp
  AccessOverride access_override;  ///< trans_resp: applies to an access before its permissions are checked
  AtsAnswer ats;                   ///< ats_resp
  Command command;                 ///< inv_req: the TLBI or CFGI; atc_inv: the ATC_INV
  // page_resp
  StreamId stream{};
  SubstreamId substream;
  std::uint16_t group = 0;
  std::uint8_t response = 0;  ///< PCIe response code
};

constexpr unsigned wire_bytes(const Upstream& message) {
  switch (message.kind) {
    case Upstream::Kind::trans_req: return kTransReqBytes;
    case Upstream::Kind::page_req: return kPageReqBytes;
    case Upstream::Kind::inv_comp: return kInvCompBytes;
    case Upstream::Kind::sync_ack:
    case Upstream::Kind::inv_ack: break;
  }
  return kShortBytes;
}

/// An ATS completion without a translation is a TRANS_FAULT too.
constexpr unsigned wire_bytes(const Downstream& message) {
  switch (message.kind) {
    case Downstream::Kind::trans_resp: return kTransRespBytes;
    case Downstream::Kind::trans_fault: return kTransFaultBytes;
    case Downstream::Kind::ats_resp: return message.ats.grants() ? kTransRespBytes : kTransFaultBytes;
    case Downstream::Kind::inv_req:
    case Downstream::Kind::atc_inv: return kInvReqBytes;
    case Downstream::Kind::page_resp: return kPageRespBytes;
    case Downstream::Kind::sync_req: break;
  }
  return kShortBytes;
}

}  // namespace svasim::arch::dti
