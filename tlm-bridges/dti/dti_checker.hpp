// Protocol checker of DTI on AXI4-Stream: looks at the pins at every edge, names the rule that was broken
// (dti_rules.hpp). Beats and messages are judged when they are transferred.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include "tlm-bridges/dti/dti_conversation.hpp"
#include "tlm-bridges/dti/dti_stream.hpp"
#include "tlm-bridges/pin_clock.hpp"

namespace svasim::bridges {

struct DtiViolation {
  DtiRule rule;
  engine::Cycles cycle;
  std::string text;  ///< whole: rule, words, checker, cycle, the message
};

class DtiProtocolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class DtiChecker : public PinParty {
 public:
  using Handler = std::function<void(const DtiViolation&)>;

  /// Watches `pins`, `bytes` wide, under `clock`. Without a handler a violation throws DtiProtocolError out
  /// of the run.
  DtiChecker(std::string name, PinClock& clock, const DtiPins& pins, unsigned bytes,
             arch::dti::Protocol protocol, Handler handler = Handler());

  /// At the end of a test: what was not finished is a violation too.
  void finish();
  std::uint64_t messages() const { return messages_; }  ///< without violation, both directions, so far

  void sample() override;

 private:
  struct Stream {
    ChannelWatch<StreamBeat> watch;
    StreamGatherer gatherer;
    bool wakeup_waits = false;  ///< TWAKEUP was high with a beat that waits
  };
  void watch(Stream& stream, const Channel<StreamBeat>& channel, bool wakeup, bool up);
  void report(DtiRule rule, const arch::dti::Frame* frame = nullptr);

  const std::string name_;
  PinClock& clock_;
  const DtiPins& pins_;
  Handler handler_;
  DtiConversation conversation_;
  Stream up_, down_;
  bool was_in_reset_ = false;
  std::uint64_t messages_ = 0;
};

}  // namespace svasim::bridges
