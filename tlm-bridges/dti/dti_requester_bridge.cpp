// See dti_requester_bridge.hpp.
#include "tlm-bridges/dti/dti_requester_bridge.hpp"

#include <stdexcept>
#include <type_traits>

#include "models/arch/pri.hpp"
#include "tlm-bridges/dti/dti_convert.hpp"

namespace svasim::bridges {

using arch::dti::encode;
using arch::dti::Frame;
using arch::dti::Protocol;
namespace ats = arch::dti::ats;
namespace tbu = arch::dti::tbu;

namespace {

constexpr std::uint32_t kUpSeed = 1, kDownSeed = 2;  ///< so that the two ends of a bridge differ

const DtiRequesterConfig& checked(const DtiRequesterConfig& config) {
  checked_dti_bytes(config.bytes);
  if (config.translation_tokens < 1 || config.translation_tokens > 4096) {
    throw std::invalid_argument("DTI translation tokens: expected 1 to 4096");
  }
  if (config.invalidation_tokens < 1 || config.invalidation_tokens > 16) {
    throw std::invalid_argument("DTI invalidation tokens: expected 1 to 16");
  }
  return config;
}

}  // namespace

DtiRequesterBridge::DtiRequesterBridge(PinClock& clock, DtiPins& pins, engine::Link<Upstream>& from_model,
                                       engine::Link<Downstream>& to_model, const DtiRequesterConfig& config)
    : config_(checked(config)),
      clock_(clock),
      pins_(pins),
      from_model_(from_model),
      to_model_(to_model),
      conversation_(config.protocol),
      up_(pins.up, config.bytes, config.id, Stall(config.stalls.seed + kUpSeed, config.stalls.up)),
      down_(pins.down, Stall(config.stalls.seed + kDownSeed, config.stalls.down)),
      gatherer_(config.bytes, config.protocol == Protocol::tbu ? arch::dti::length_of<tbu::Downstream>
                                                               : arch::dti::length_of<ats::Downstream>),
      asked_(config.translation_tokens) {
  for (unsigned id = config.translation_tokens; id > 0; --id) {
    free_ids_.push_back(static_cast<std::uint16_t>(id - 1));
  }
  from_model.bind<&DtiRequesterBridge::from_model>(clock.inlet(), this);
  clock.join(*this);
  clock.wake();
}

void DtiRequesterBridge::disconnect() {
  wanted_ = false;
  clock_.wake();
}

// --- from the model: translation requests wait for a token; nothing else does, since what a token waits for
// may be that (a CMD_SYNC before a CMD_RESUME)

void DtiRequesterBridge::from_model(Upstream& message) {
  from_model_.consumed();
  wanted_ = true;
  if (conversation_.denied()) return give_up(message);
  (message.kind == Upstream::Kind::trans_req ? requests_ : others_).push_back(message);
  clock_.wake();
}

/// Without a TCU translations fail; without one that takes them, so do page requests that want a response.
void DtiRequesterBridge::give_up(const Upstream& message) {
  Downstream answer;
  answer.id = message.id;
  if (message.kind == Upstream::Kind::trans_req) {
    const bool is_ats = config_.protocol == Protocol::ats;
    answer.kind = is_ats ? Downstream::Kind::ats_resp : Downstream::Kind::trans_fault;
    answer.ats.status = arch::AtsStatus::unsupported_request;
    to_model_.send(answer);
  } else if (message.kind == Upstream::Kind::page_req && message.last) {
    answer.kind = Downstream::Kind::page_resp;
    answer.stream = message.stream;
    answer.substream = message.substream;
    answer.group = message.group;
    answer.response = static_cast<std::uint8_t>(arch::PrgResponseCode::failure);
    to_model_.send(answer);
  }
}

// --- the pins

void DtiRequesterBridge::sample() {
  if (const Frame* sent = up_.sample()) conversation_.upstream(*sent);
  if (const StreamBeat* beat = down_.sample()) {
    const StreamGatherer::Result result = gatherer_.take(*beat);
    if (result.complete) from_tcu(gatherer_.message());
    if (result.rule) ++refused_, last_refused_ = result.rule;
  }
}

void DtiRequesterBridge::drive() {
  up_.drive([this] { return next(); });
  down_.drive(true);
  pins_.up_wakeup = up_.busy() || has_work();
}

bool DtiRequesterBridge::busy() const { return up_.busy() || has_work(); }

bool DtiRequesterBridge::has_work() const {
  using Phase = DtiConversation::Phase;
  switch (conversation_.phase()) {
    case Phase::disconnected: return wanted_ && !conversation_.denied();
    case Phase::connected: return !own_.empty() || !others_.empty() || can_ask() || may_leave();
    default: return false;
  }
}

std::optional<Frame> DtiRequesterBridge::next() {
  if (!has_work()) return std::nullopt;
  if (!conversation_.connected()) return connection_request(true);
  if (!own_.empty()) return own_.pop_front();
  while (!others_.empty()) {
    const Upstream message = others_.pop_front();
    if (message.kind != Upstream::Kind::page_req || conversation_.pri()) return encoded(message);
    give_up(message);
  }
  if (can_ask()) return ask();
  return may_leave() ? std::optional(connection_request(false)) : std::nullopt;
}

Frame DtiRequesterBridge::encoded(const Upstream& message) const {
  switch (message.kind) {
    case Upstream::Kind::page_req: return encode(ats_page_request(message));
    case Upstream::Kind::inv_comp: return encode(ats_completion(message));
    case Upstream::Kind::inv_ack:
      return config_.protocol == Protocol::tbu ? encode(tbu::InvAck()) : encode(ats::InvAck());
    default: return config_.protocol == Protocol::tbu ? encode(tbu::SyncAck()) : encode(ats::SyncAck());
  }
}

Frame DtiRequesterBridge::connection_request(bool connect) const {
  const auto fill = [&](auto request) {
    request.connect = connect;
    request.protocol = config_.protocol;
    request.version = config_.version;
    request.translation_tokens = static_cast<std::uint16_t>(config_.translation_tokens - 1);
    request.invalidation_tokens = static_cast<std::uint8_t>(config_.invalidation_tokens - 1);
    return encode(request);
  };
  return config_.protocol == Protocol::tbu ? fill(tbu::CondisReq()) : fill(ats::CondisReq());
}

Frame DtiRequesterBridge::ask() {
  Upstream request = requests_.pop_front();
  const std::uint16_t id = free_ids_.back();
  free_ids_.pop_back();
  asked_[id] = request;
  request.id = id;
  if (config_.tags != nullptr) (*config_.tags)[id] = request.transaction;
  return config_.protocol == Protocol::tbu ? encode(tbu_request(request)) : encode(ats_request(request));
}

// --- from the TCU

void DtiRequesterBridge::from_tcu(const Frame& frame) {
  const std::optional<DtiRule> broken = conversation_.downstream(frame);
  if (broken) {
    ++refused_;
    last_refused_ = broken;
    return;
  }
  const auto take = [this](const auto& message) {
    using M = std::decay_t<decltype(message)>;
    if constexpr (std::is_same_v<M, tbu::CondisAck> || std::is_same_v<M, ats::CondisAck>) {
      for (auto* queue : {&requests_, &others_}) {
        while (conversation_.denied() && !queue->empty()) give_up(queue->pop_front());
      }
    } else if constexpr (std::is_same_v<M, tbu::SyncReq> || std::is_same_v<M, ats::SyncReq>) {
      deliver_sync();
    } else if constexpr (std::is_same_v<M, ats::PageAck> || std::is_same_v<M, tbu::RegWrite> ||
                         std::is_same_v<M, tbu::RegRead>) {
      // The conversation counts them; registers were not offered.
    } else {
      deliver(message);
    }
  };
  if (config_.protocol == Protocol::tbu) {
    std::visit(take, *arch::dti::decode<tbu::Downstream>(frame));
  } else {
    std::visit(take, *arch::dti::decode<ats::Downstream>(frame));
  }
}

/// The request that is answered, as the model made it; its ID is free again.
DtiRequesterBridge::Upstream DtiRequesterBridge::answered(std::uint16_t id) {
  free_ids_.push_back(id);
  return asked_[id];
}

void DtiRequesterBridge::deliver(const arch::dti::TransFault& fault) {
  const Upstream request = answered(fault.id);
  Downstream answer = config_.protocol == Protocol::tbu ? typed_tbu(fault) : typed_ats(fault, request);
  answer.id = request.id;
  to_model_.send(answer);
}

void DtiRequesterBridge::deliver(const tbu::TransResp& response) {
  const Upstream request = answered(response.id);
  Downstream answer = typed(response, request.va);
  answer.id = request.id;
  to_model_.send(answer);
}

void DtiRequesterBridge::deliver(const ats::TransResp& response) {
  const Upstream request = answered(response.id);
  Downstream answer = typed(response, request.va);
  answer.id = request.id;
  to_model_.send(answer);
}

void DtiRequesterBridge::deliver(const tbu::InvReq& request) {
  Downstream message;
  message.kind = Downstream::Kind::inv_req;
  message.command = *typed(request);
  to_model_.send(message);
}

void DtiRequesterBridge::deliver(const ats::InvReq& request) { to_model_.send(*typed(request)); }

void DtiRequesterBridge::deliver(const ats::PageResp& response) {
  to_model_.send(typed(response));
  own_.push_back(encode(ats::PageRespAck()));
}

void DtiRequesterBridge::deliver_sync() {
  Downstream message;
  message.kind = Downstream::Kind::sync_req;
  to_model_.send(message);
}

}  // namespace svasim::bridges
