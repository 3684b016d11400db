// DtiChecker on pins driven by hand: the rig, the messages its tests send, and what is expected of one that
// breaks a rule.
#pragma once

#include <functional>

#include "testbenches/bridges/dti_bench.hpp"

namespace svasim::test {

namespace ats = arch::dti::ats;
namespace tbu = arch::dti::tbu;

constexpr unsigned kBytes = 4;

struct Rig {
  FreshKernel kernel;
  Calendar calendar{"calendar"};
  PinClock clock{calendar, Clock(kNs)};
  DtiPins pins;
  std::vector<DtiRule> seen;
  std::string last;
  DtiChecker checker;

  explicit Rig(Protocol protocol)
      : checker("rig", clock, pins, kBytes, protocol, [this](const DtiViolation& violation) {
          seen.push_back(violation.rule);
          last = violation.text;
        }) {}

  void edge() { checker.sample(); }
  /// A beat that is transferred at once.
  void beat(Channel<StreamBeat>& channel, const StreamBeat& bits) {
    channel.bits = bits;
    channel.valid = channel.ready = true;
    edge();
    channel.valid = channel.ready = false;
  }
  void frame(Channel<StreamBeat>& channel, const arch::dti::Frame& message) {
    for (unsigned i = 0; i < beats_of(message.bytes(), kBytes); ++i) {
      beat(channel, beat_of(message, i, kBytes));
    }
  }
  template <class Message>
  void up(const Message& message) {
    frame(pins.up, encode(message));
  }
  template <class Message>
  void down(const Message& message) {
    frame(pins.down, encode(message));
  }
};

/// A request to connect with two tokens of each kind, and its grant.
template <class Request>
Request condis(bool connect = true) {
  Request request;
  request.connect = connect;
  request.protocol = std::is_same_v<Request, ats::CondisReq> ? Protocol::ats : Protocol::tbu;
  request.version = 2;
  request.translation_tokens = 1;
  request.invalidation_tokens = 1;
  return request;
}
template <class Ack>
Ack grant(bool connected = true) {
  Ack ack;
  ack.connected = connected;
  if (connected) ack.version = 2, ack.translation_tokens = 1;
  return ack;
}
inline const auto kConnect = condis<tbu::CondisReq>(), kLeave = condis<tbu::CondisReq>(false);
inline const auto kGranted = grant<tbu::CondisAck>(), kGone = grant<tbu::CondisAck>(false);

inline tbu::TransReq request(std::uint16_t id) {
  tbu::TransReq m;
  m.id = id;
  m.mmu_valid = true;
  return m;
}
inline tbu::TransResp response(std::uint16_t id) {
  tbu::TransResp m;
  m.id = id;
  return m;
}
inline tbu::InvReq invalidate(arch::Opcode opcode = arch::Opcode::tlbi_nsnh_all) {
  tbu::InvReq m;
  m.operation = raw(opcode);
  return m;
}
inline ats::InvReq atc_invalidate(std::uint8_t itag) {
  ats::InvReq m;
  m.itag = itag;
  return m;
}
inline ats::PageReq page(std::uint16_t group, bool last = true) {
  ats::PageReq m;
  m.read = true;
  m.last = last;
  m.group = group;
  return m;
}
inline ats::PageResp page_response(std::uint16_t group) {
  ats::PageResp m;
  m.response = ats::PageResponse::success;
  m.group = group;
  return m;
}

inline void connected(Rig& rig) {
  rig.up(kConnect);
  rig.down(kGranted);
}
inline ats::CondisAck pri_granted() {
  ats::CondisAck ack = grant<ats::CondisAck>();
  ack.pri = true;
  return ack;
}
inline void connected_ats(Rig& rig) {
  rig.up(condis<ats::CondisReq>());
  rig.down(pri_granted());
}

using Break = std::function<void(Rig&)>;

/// Beat `number` of a message, changed by `change`; those before it as they are.
template <class Message, class Change>
void mangled(Rig& rig, const Message& message, unsigned number, Change change) {
  const arch::dti::Frame frame = encode(message);
  for (unsigned i = 0; i <= number; ++i) {
    StreamBeat beat = beat_of(frame, i, kBytes);
    if (i == number) change(beat);
    rig.beat(rig.pins.up, beat);
  }
}

inline void expect(DtiRule rule, Protocol protocol, const Break& break_it) {
  CAPTURE(text_of(rule).name);
  CHECK(text_of(rule).rule == rule);
  Rig rig(protocol);
  break_it(rig);
  CHECK(rig.seen == std::vector<DtiRule>{rule});
  CHECK(rig.last.find(std::string("DTI ") + text_of(rule).name + ": ") == 0);
}

}  // namespace svasim::test
