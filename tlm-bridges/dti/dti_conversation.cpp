// See dti_conversation.hpp.
#include "tlm-bridges/dti/dti_conversation.hpp"

#include <algorithm>
#include <type_traits>

#include "tlm-bridges/dti/dti_convert.hpp"

namespace svasim::bridges {

using arch::dti::Frame;
using arch::dti::Protocol;
namespace ats = arch::dti::ats;
namespace tbu = arch::dti::tbu;

namespace {

template <class T, class... Others>
constexpr bool is_one_of = (std::is_same_v<T, Others> || ...);

/// What may still go after CONDIS_REQ(disconnect).
template <class T>
constexpr bool ends_work = is_one_of<T, tbu::InvAck, tbu::SyncAck, ats::InvAck, ats::SyncAck, tbu::InvReq,
                                     tbu::SyncReq, ats::InvReq, ats::SyncReq, ats::InvComp>;
template <class T>
constexpr bool connects = is_one_of<T, tbu::CondisReq, ats::CondisReq, tbu::CondisAck, ats::CondisAck>;

}  // namespace

template <class Set, class Act>
DtiConversation::Broken DtiConversation::take(const Frame& frame, Act act) {
  const auto message = arch::dti::decode<Set>(frame);
  if (!message) return DtiRule::message_type;
  if (encode(*message) != frame) return DtiRule::reserved_bits;
  return std::visit(
      [&](const auto& m) -> Broken {
        using M = std::decay_t<decltype(m)>;
        const bool open = connected() || (phase_ == Phase::disconnecting && ends_work<M>);
        if (!open && !connects<M>) return DtiRule::not_connected;
        return act(m);
      },
      *message);
}

std::optional<DtiRule> DtiConversation::upstream(const Frame& frame) {
  const auto act = [this](const auto& message) { return up(message); };
  return protocol_ == Protocol::tbu ? take<tbu::Upstream>(frame, act) : take<ats::Upstream>(frame, act);
}

std::optional<DtiRule> DtiConversation::downstream(const Frame& frame) {
  const auto act = [this](const auto& message) { return down(message); };
  return protocol_ == Protocol::tbu ? take<tbu::Downstream>(frame, act) : take<ats::Downstream>(frame, act);
}

bool DtiConversation::settled() const {
  return translations_ == 0 && invalidations_ == 0 && !sync_ && itags_.none() && page_requests_ == 0 &&
         page_responses_ == 0 && register_writes_ == 0 && register_reads_ == 0 &&
         phase_ != Phase::connecting && phase_ != Phase::disconnecting;
}

// --- the connection

DtiConversation::Broken DtiConversation::connection_request(const arch::dti::CondisReqFields& request) {
  if (request.protocol != protocol_) return DtiRule::protocol;
  if (phase_ == Phase::connecting || phase_ == Phase::disconnecting) return DtiRule::connect_unanswered;
  if (!request.connect) {
    if (phase_ != Phase::connected) return DtiRule::not_connected;
    if (!settled()) return DtiRule::disconnect_busy;
    phase_ = Phase::disconnecting;
    return {};
  }
  if (phase_ == Phase::connected) return DtiRule::already_connected;
  phase_ = Phase::connecting;
  offered_version_ = request.version;
  wanted_tokens_ = request.translation_tokens + 1u;
  offered_inv_tokens_ = request.invalidation_tokens + 1u;
  return {};
}

DtiConversation::Broken DtiConversation::up(const tbu::CondisReq& request) {
  const Broken broken = connection_request(request);
  if (!broken && request.connect) registers_ = request.registers;
  return broken;
}

DtiConversation::Broken DtiConversation::connection_answer(const arch::dti::CondisAckFields& answer) {
  if (phase_ == Phase::disconnecting) {
    if (answer.connected) return DtiRule::disconnect_denied;
    if (!may_disconnect()) return DtiRule::disconnect_busy;
    phase_ = Phase::disconnected;
    tokens_ = inv_tokens_ = 0;
    groups_.clear();
    return {};
  }
  if (phase_ != Phase::connecting) return DtiRule::condis_ack_unasked;
  if (answer.connected) {
    if (answer.version > offered_version_) return DtiRule::version_raised;
    if (answer.translation_tokens + 1u > wanted_tokens_) return DtiRule::tokens_raised;
    version_ = answer.version;
    tokens_ = answer.translation_tokens + 1u;
    inv_tokens_ = offered_inv_tokens_;
  }
  denied_ = !answer.connected;
  phase_ = answer.connected ? Phase::connected : Phase::disconnected;
  return {};
}

DtiConversation::Broken DtiConversation::down(const ats::CondisAck& ack) {
  const Broken broken = connection_answer(ack);
  if (!broken && connected()) pri_ = ack.pri;
  return broken;
}

// --- translations

DtiConversation::Broken DtiConversation::translation(std::uint16_t id, Protocol protocol, bool extended) {
  if (protocol != protocol_) return DtiRule::protocol;
  if (ids_[id]) return DtiRule::id_in_use;
  if (free_translation_tokens() == 0) return DtiRule::translation_tokens;
  ++translations_;
  ids_.set(id);
  extended_[id] = extended;
  return {};
}

DtiConversation::Broken DtiConversation::up(const tbu::TransReq& request) {
  return translation(request.id, request.protocol, request.response_extended);
}
DtiConversation::Broken DtiConversation::up(const ats::TransReq& request) {
  return translation(request.id, request.protocol, false);
}

DtiConversation::Broken DtiConversation::answer(std::uint16_t id) {
  if (!ids_[id]) return DtiRule::unknown_id;
  ids_.reset(id);
  --translations_;
  return {};
}

DtiConversation::Broken DtiConversation::down(const arch::dti::TransFault& fault) {
  const auto last = protocol_ == Protocol::tbu
                        ? static_cast<std::uint8_t>(tbu::FaultType::translation_stall)
                        : static_cast<std::uint8_t>(ats::FaultType::unsupported_request);
  if (fault.type > last) return DtiRule::reserved_value;
  return answer(fault.id);
}

DtiConversation::Broken DtiConversation::down(const tbu::TransRespEx& response) {
  if (ids_[response.id] && !extended_[response.id]) return DtiRule::extended_unasked;
  return answer(response.id);
}

// --- invalidations and syncs

DtiConversation::Broken DtiConversation::invalidation() {
  if (free_invalidation_tokens() == 0) return DtiRule::invalidation_tokens;
  ++invalidations_;
  return {};
}

DtiConversation::Broken DtiConversation::down(const tbu::InvReq& request) {
  return typed(request) ? invalidation() : Broken(DtiRule::reserved_value);
}

DtiConversation::Broken DtiConversation::down(const ats::InvReq& request) {
  if (!typed(request)) return DtiRule::reserved_value;
  if (itags_[request.itag]) return DtiRule::itag_in_use;
  const Broken broken = invalidation();
  if (!broken) itags_.set(request.itag);
  return broken;
}

/// They come in the order of the invalidations.
DtiConversation::Broken DtiConversation::invalidation_ack() {
  if (invalidations_ == 0) return DtiRule::inv_ack_unasked;
  --invalidations_;
  if (invalidations_first_ != 0) --invalidations_first_;
  return {};
}

DtiConversation::Broken DtiConversation::up(const ats::InvComp& completion) {
  if (!itags_[completion.itag]) return DtiRule::unknown_itag;
  itags_.reset(completion.itag);
  return {};
}

DtiConversation::Broken DtiConversation::sync() {
  if (sync_) return DtiRule::sync_in_progress;
  sync_ = true;
  invalidations_first_ = invalidations_;
  return {};
}

DtiConversation::Broken DtiConversation::sync_ack() {
  if (!sync_) return DtiRule::sync_ack_unasked;
  if (invalidations_first_ != 0) return DtiRule::sync_ack_early;
  sync_ = false;
  return {};
}

// --- page requests

DtiConversation::Broken DtiConversation::up(const ats::PageReq& request) {
  if (!pri_) return DtiRule::pri_unsupported;
  ++page_requests_;
  const bool answered = request.last && (request.read || request.write || !request.ssv);
  if (answered) groups_.push_back({request.sid, request.group});
  return {};
}

DtiConversation::Broken DtiConversation::down(const ats::PageAck&) {
  if (page_requests_ == 0) return DtiRule::page_ack_unasked;
  --page_requests_;
  return {};
}

DtiConversation::Broken DtiConversation::down(const ats::PageResp& response) {
  if (response.response > ats::PageResponse::success) return DtiRule::reserved_value;
  const auto group = std::find_if(groups_.begin(), groups_.end(), [&](const Group& g) {
    return g.sid == response.sid && g.group == response.group;
  });
  if (group == groups_.end()) return DtiRule::unknown_group;
  *group = groups_.back();
  groups_.pop_back();
  ++page_responses_;
  return {};
}

DtiConversation::Broken DtiConversation::up(const ats::PageRespAck&) {
  if (page_responses_ == 0) return DtiRule::page_resp_ack_unasked;
  --page_responses_;
  return {};
}

// --- registers

DtiConversation::Broken DtiConversation::down(const tbu::RegWrite&) {
  if (!registers_) return DtiRule::registers_unsupported;
  ++register_writes_;
  return {};
}

DtiConversation::Broken DtiConversation::down(const tbu::RegRead&) {
  if (!registers_) return DtiRule::registers_unsupported;
  ++register_reads_;
  return {};
}

DtiConversation::Broken DtiConversation::up(const tbu::RegWriteAck&) {
  if (register_writes_ == 0) return DtiRule::register_ack_unasked;
  --register_writes_;
  return {};
}

DtiConversation::Broken DtiConversation::up(const tbu::RegReadData&) {
  if (register_reads_ == 0) return DtiRule::register_ack_unasked;
  --register_reads_;
  return {};
}

}  // namespace svasim::bridges
