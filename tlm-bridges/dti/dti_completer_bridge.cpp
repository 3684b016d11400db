// See dti_completer_bridge.hpp.
#include "tlm-bridges/dti/dti_completer_bridge.hpp"

#include <algorithm>
#include <stdexcept>
#include <type_traits>

#include "tlm-bridges/dti/dti_convert.hpp"

namespace svasim::bridges {

using arch::dti::encode;
using arch::dti::Frame;
using arch::dti::Protocol;
namespace ats = arch::dti::ats;
namespace tbu = arch::dti::tbu;

namespace {

constexpr std::uint32_t kUpSeed = 3, kDownSeed = 4;  ///< so that the two ends of a bridge differ
constexpr std::size_t kIds = 4096;

const DtiCompleterConfig& checked(const DtiCompleterConfig& config) {
  checked_dti_bytes(config.bytes);
  if (config.translation_tokens < 1 || config.translation_tokens > kIds) {
    throw std::invalid_argument("DTI translation tokens: expected 1 to 4096");
  }
  return config;
}

bool is_invalidation(const arch::dti::Downstream& message) {
  using Kind = arch::dti::Downstream::Kind;
  return message.kind == Kind::inv_req || message.kind == Kind::atc_inv;
}

}  // namespace

DtiCompleterBridge::DtiCompleterBridge(PinClock& clock, DtiPins& pins, engine::Link<Downstream>& from_tcu,
                                       engine::Link<Upstream>& to_tcu, const DtiCompleterConfig& config)
    : config_(checked(config)),
      clock_(clock),
      pins_(pins),
      from_tcu_(from_tcu),
      to_tcu_(to_tcu),
      conversation_(config.protocol),
      gatherer_(config.bytes, config.protocol == Protocol::tbu ? arch::dti::length_of<tbu::Upstream>
                                                               : arch::dti::length_of<ats::Upstream>),
      up_(pins.up, Stall(config.stalls.seed + kUpSeed, config.stalls.up)),
      down_(pins.down, config.bytes, config.dest, Stall(config.stalls.seed + kDownSeed, config.stalls.down)),
      asked_(kIds) {
  from_tcu.bind<&DtiCompleterBridge::from_tcu>(clock.inlet(), this);
  clock.join(*this);
}

void DtiCompleterBridge::from_tcu(Downstream& message) {
  from_tcu_.consumed();
  queue_.push_back(message);
  clock_.wake();
}

// --- the pins

void DtiCompleterBridge::sample() {
  if (const Frame* sent = down_.sample()) conversation_.downstream(*sent);
  if (const StreamBeat* beat = up_.sample()) {
    const StreamGatherer::Result result = gatherer_.take(*beat);
    if (result.complete) from_requester(gatherer_.message());
    if (result.rule) ++refused_, last_refused_ = result.rule;
  }
}

void DtiCompleterBridge::drive() {
  using Phase = DtiConversation::Phase;
  const Phase phase = conversation_.phase();
  while (!queue_.empty() && (phase == Phase::disconnected || phase == Phase::disconnecting)) {
    absorb(queue_.pop_front());
  }
  down_.drive([this] { return next(); });
  up_.drive(true);
  pins_.down_wakeup = busy();
}

bool DtiCompleterBridge::busy() const { return down_.busy() || has_work(); }

bool DtiCompleterBridge::has_work() const {
  return !own_.empty() || conversation_.may_disconnect() || (!queue_.empty() && !blocked());
}

/// The TCU's next message waits: for the connection, an invalidation for a token, a SYNC for nothing. They
/// stay in order, so that no translation from before an invalidation is sent after it.
bool DtiCompleterBridge::blocked() const {
  if (conversation_.phase() == DtiConversation::Phase::connecting) return true;
  const Downstream& first = queue_.front();
  return conversation_.connected() && is_invalidation(first) && conversation_.free_invalidation_tokens() == 0;
}

std::optional<Frame> DtiCompleterBridge::next() {
  if (!own_.empty()) return own_.pop_front();
  if (conversation_.may_disconnect()) return connection_answer({});
  if (queue_.empty() || blocked()) return std::nullopt;
  return encoded(queue_.pop_front());
}

Frame DtiCompleterBridge::encoded(const Downstream& message) {
  switch (message.kind) {
    case Downstream::Kind::trans_resp: return encode(tbu_response(message));
    case Downstream::Kind::trans_fault: return encode(tbu_fault(message));
    case Downstream::Kind::ats_resp: return encode(ats_response(message, asked_[message.id % kIds]));
    case Downstream::Kind::inv_req: return encode(tbu_invalidation(message.command));
    case Downstream::Kind::atc_inv: return encode(ats_invalidation(message));
    case Downstream::Kind::page_resp: return encode(ats_page_response(message));
    default: break;
  }
  sync_ = message.id;
  return config_.protocol == Protocol::tbu ? encode(tbu::SyncReq()) : encode(ats::SyncReq());
}

/// Without a connection nobody keeps translations: a sync is done at once. The devices behind a root complex
/// that is not there do not answer.
void DtiCompleterBridge::absorb(const Downstream& message) {
  if (is_invalidation(message)) take_inv_ack();
  Upstream answer;
  answer.id = message.id;
  if (message.kind == Downstream::Kind::sync_req) {
    answer.kind = Upstream::Kind::sync_ack;
    to_tcu_.send(answer);
  } else if (message.kind == Downstream::Kind::atc_inv) {
    answer.kind = Upstream::Kind::inv_comp;
    answer.stream = message.stream;
    answer.error = true;
    to_tcu_.send(answer);
  }
}

Frame DtiCompleterBridge::connection_answer(const arch::dti::CondisReqFields& request) const {
  const auto fill = [&](auto answer) {
    answer.connected = request.connect && config_.accept;
    if (answer.connected) {
      answer.version = std::min(request.version, config_.version);
      answer.translation_tokens = static_cast<std::uint16_t>(
          std::min<unsigned>(request.translation_tokens, config_.translation_tokens - 1));
      answer.oas = config_.oas;
    }
    return answer;
  };
  if (config_.protocol == Protocol::tbu) return encode(fill(tbu::CondisAck()));
  ats::CondisAck answer = fill(ats::CondisAck());
  answer.pri = answer.connected && config_.pri;
  return encode(answer);
}

// --- from the requester

void DtiCompleterBridge::from_requester(const Frame& frame) {
  const std::optional<DtiRule> broken = conversation_.upstream(frame);
  if (broken) {
    ++refused_;
    last_refused_ = broken;
    return;
  }
  const auto dispatch = [this](const auto& message) {
    using M = std::decay_t<decltype(message)>;
    if constexpr (std::is_same_v<M, tbu::SyncAck> || std::is_same_v<M, ats::SyncAck>) {
      take_sync_ack();
    } else if constexpr (std::is_same_v<M, tbu::InvAck> || std::is_same_v<M, ats::InvAck>) {
      take_inv_ack();
    } else if constexpr (std::is_base_of_v<arch::dti::CondisReqFields, M> ||
                         std::is_same_v<M, tbu::TransReq> || std::is_same_v<M, ats::TransReq> ||
                         std::is_same_v<M, ats::InvComp> || std::is_same_v<M, ats::PageReq>) {
      take(message);
    }  // the conversation counts the others
  };
  if (config_.protocol == Protocol::tbu) {
    std::visit(dispatch, *arch::dti::decode<tbu::Upstream>(frame));
  } else {
    std::visit(dispatch, *arch::dti::decode<ats::Upstream>(frame));
  }
}

/// A request to disconnect is answered when nothing is outstanding: next().
void DtiCompleterBridge::take(const arch::dti::CondisReqFields& request) {
  if (request.connect) own_.push_back(connection_answer(request));
}

void DtiCompleterBridge::take(const tbu::TransReq& request) {
  if (const auto fault = refusal(request)) {
    own_.push_back(encode(*fault));
    return;
  }
  ask(typed(request));
}

void DtiCompleterBridge::take(const ats::TransReq& request) {
  asked_[request.id] = arch::Va(request.address);
  ask(typed(request));
}

void DtiCompleterBridge::ask(Upstream request) {
  if (config_.tags != nullptr) request.transaction = (*config_.tags)[request.id];
  to_tcu_.send(request);
}

void DtiCompleterBridge::take(const ats::InvComp& completion) { to_tcu_.send(typed(completion)); }

void DtiCompleterBridge::take(const ats::PageReq& request) {
  to_tcu_.send(typed(request));
  own_.push_back(encode(ats::PageAck()));
}

void DtiCompleterBridge::take_inv_ack() {
  Upstream message;
  message.kind = Upstream::Kind::inv_ack;
  to_tcu_.send(message);
}

void DtiCompleterBridge::take_sync_ack() {
  Upstream message;
  message.kind = Upstream::Kind::sync_ack;
  message.id = sync_;
  to_tcu_.send(message);
}

}  // namespace svasim::bridges
