// See dti_checker.hpp.
#include "tlm-bridges/dti/dti_checker.hpp"

#include <cstdio>
#include <utility>

namespace svasim::bridges {
namespace {

using arch::dti::Protocol;
namespace ats = arch::dti::ats;
namespace tbu = arch::dti::tbu;

std::string words(const arch::dti::Frame& frame) {
  std::string text = "message ";
  for (unsigned i = frame.bytes(); i > 0; --i) {
    char byte[3];
    std::snprintf(byte, sizeof byte, "%02x", frame.byte(i - 1));
    text += byte;
  }
  return text;
}

}  // namespace

DtiChecker::DtiChecker(std::string name, PinClock& clock, const DtiPins& pins, unsigned bytes,
                       Protocol protocol, Handler handler)
    : name_(std::move(name)),
      clock_(clock),
      pins_(pins),
      handler_(std::move(handler)),
      conversation_(protocol),
      up_{{},
          {checked_dti_bytes(bytes), protocol == Protocol::tbu ? arch::dti::length_of<tbu::Upstream>
                                                               : arch::dti::length_of<ats::Upstream>}},
      down_{{},
            {bytes, protocol == Protocol::tbu ? arch::dti::length_of<tbu::Downstream>
                                              : arch::dti::length_of<ats::Downstream>}} {
  clock.join(*this);
}

void DtiChecker::report(DtiRule rule, const arch::dti::Frame* frame) {
  const DtiRuleText& text = text_of(rule);
  const DtiViolation violation{rule, clock_.cycle(),
                               std::string("DTI ") + text.name + ": " + text.text + " (" + name_ +
                                   ", cycle " + std::to_string(clock_.cycle()) +
                                   (frame != nullptr ? ", " + words(*frame) : std::string()) + ")"};
  if (!handler_) throw DtiProtocolError(violation.text);
  handler_(violation);
}

/// Downstream first: an answer counts from the edge after the one at which what it answers was transferred.
void DtiChecker::sample() {
  const bool leaves = std::exchange(was_in_reset_, !pins_.reset_n) && pins_.reset_n;
  if ((leaves || !pins_.reset_n) && (pins_.up.valid || pins_.down.valid)) report(DtiRule::valid_in_reset);
  if (!pins_.reset_n) {
    for (Stream* stream : {&up_, &down_}) {
      stream->watch.reset();
      stream->gatherer.reset();
      stream->wakeup_waits = false;
    }
    conversation_.reset();
    return;
  }
  watch(down_, pins_.down, pins_.down_wakeup, false);
  watch(up_, pins_.up, pins_.up_wakeup, true);
}

void DtiChecker::watch(Stream& stream, const Channel<StreamBeat>& channel, bool wakeup, bool up) {
  using Finding = ChannelWatch<StreamBeat>::Finding;
  const Finding finding = stream.watch.sample(channel);
  if (finding == Finding::valid_fell) report(up ? DtiRule::up_valid_held : DtiRule::down_valid_held);
  if (finding == Finding::payload_changed) report(up ? DtiRule::up_stable : DtiRule::down_stable);
  if (stream.wakeup_waits && !wakeup) report(DtiRule::wakeup_held);
  stream.wakeup_waits = wakeup && channel.valid && !channel.ready;
  if (!channel.fires()) return;
  const StreamGatherer::Result result = stream.gatherer.take(channel.bits);
  const arch::dti::Frame& frame = stream.gatherer.message();
  if (result.rule) report(*result.rule, &frame);
  if (!result.complete) return;
  const std::optional<DtiRule> broken = up ? conversation_.upstream(frame) : conversation_.downstream(frame);
  if (broken) report(*broken, &frame);
  else ++messages_;
}

void DtiChecker::finish() {
  const bool beats = up_.gatherer.unfinished() || down_.gatherer.unfinished();
  if (beats || pins_.up.valid || pins_.down.valid || !conversation_.settled()) report(DtiRule::unfinished);
}

}  // namespace svasim::bridges
