// A DTI connection between blocks of the models that crosses pins: the links of a TBU or root port, a bridge,
// AXI4-Stream pins with a protocol checker on them, a bridge, the links of the TCU. Nothing happens while
// nothing is sent.
//
// Contract: what comes out is what went in, as dti_convert.hpp says, in as many cycles as README.md says; a
// broken rule ends the run with DtiProtocolError. Instrumentation crosses too.
#pragma once

#include <string>

#include "models/arch/dti.hpp"
#include "models/engine/link.hpp"
#include "tlm-bridges/dti/dti_checker.hpp"
#include "tlm-bridges/dti/dti_completer_bridge.hpp"
#include "tlm-bridges/dti/dti_requester_bridge.hpp"

namespace svasim::bridges {

struct DtiPinLinkConfig {
  arch::dti::Protocol protocol = arch::dti::Protocol::tbu;
  unsigned bytes = 10;                ///< of the stream, 1 to 32
  unsigned translation_tokens = 64;   ///< 1 to 4096
  unsigned invalidation_tokens = 16;  ///< 1 to 16
  std::uint8_t id = 0;                ///< TID and TDEST
};

class DtiPinLink {
 public:
  using Up = engine::Link<arch::dti::Upstream>;
  using Down = engine::Link<arch::dti::Downstream>;

  /// The requester's links are `near_up` and `near_down`, the TCU's `far_up` and `far_down`; `clock` is that
  /// of the pins. Throws std::invalid_argument if the configuration has no hardware.
  DtiPinLink(const std::string& name, engine::Calendar& calendar, engine::Clock clock, Up& near_up,
             Down& near_down, Up& far_up, Down& far_down, const DtiPinLinkConfig& config)
      : clock_(calendar, clock),
        checker_(name, clock_, pins_, config.bytes, config.protocol),
        requester_(clock_, pins_, near_up, near_down, requester_config(config, tags_)),
        completer_(clock_, pins_, far_down, far_up, completer_config(config, tags_)) {}
  DtiPinLink(const DtiPinLink&) = delete;

  const DtiChecker& checker() const { return checker_; }

  /// `visit(name, std::uint64_t)` for every counter.
  template <class Visit>
  void counters(Visit&& visit) const {
    visit("messages", checker_.messages());
    visit("edges", clock_.edges());
    visit("requests_waiting_peak", std::uint64_t{requester_.queue_peak()});
    visit("answers_waiting_peak", std::uint64_t{completer_.queue_peak()});
  }

 private:
  static DtiRequesterConfig requester_config(const DtiPinLinkConfig& config, DtiTags& tags) {
    DtiRequesterConfig requester;
    requester.protocol = config.protocol;
    requester.bytes = config.bytes;
    requester.id = config.id;
    requester.translation_tokens = config.translation_tokens;
    requester.invalidation_tokens = config.invalidation_tokens;
    requester.tags = &tags;
    return requester;
  }
  static DtiCompleterConfig completer_config(const DtiPinLinkConfig& config, DtiTags& tags) {
    DtiCompleterConfig completer;
    completer.protocol = config.protocol;
    completer.bytes = config.bytes;
    completer.dest = config.id;
    completer.translation_tokens = config.translation_tokens;
    completer.tags = &tags;
    return completer;
  }

  PinClock clock_;
  DtiPins pins_;
  DtiTags tags_{};
  DtiChecker checker_;
  DtiRequesterBridge requester_;
  DtiCompleterBridge completer_;
};

}  // namespace svasim::bridges
