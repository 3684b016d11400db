// Protocol checker of AXI4 on the pins: looks at every edge, names the rule that was broken (axi_rules.hpp).
//
// A response may be valid from the edge after the one at which what it answers was transferred; addresses and
// data are judged when they are transferred, early data when their address is.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/engine/ring.hpp"
#include "tlm-bridges/axi/axi_rules.hpp"
#include "tlm-bridges/pin_clock.hpp"

namespace svasim::bridges {

struct AxiViolation {
  AxiRule rule;
  engine::Cycles cycle;
  std::string text;  ///< whole: section, rule, words, checker, cycle, the transfer
};

class AxiProtocolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class AxiChecker : public PinParty {
 public:
  using Handler = std::function<void(const AxiViolation&)>;

  /// Watches `pins` under `clock`. Without a handler a violation throws AxiProtocolError out of the run.
  AxiChecker(std::string name, PinClock& clock, const AxiPins& pins, const AxiWidths& widths,
             Handler handler = Handler());

  /// At the end of a test: what was not finished is a violation too.
  void finish();
  std::uint64_t transfers() const { return transfers_; }  ///< on all channels, so far

  void sample() override;

 private:
  struct Outstanding {
    AxiAddress address;
    unsigned beats = 0;  ///< seen
    bool complete = false;
  };

  void report(AxiRule rule, const std::string& detail = std::string());
  void watch();
  bool in_reset();
  void check_exclusive_write();
  void check_read();
  void check_response();
  void check_address(const AxiAddress& address);
  void check_early_data();
  void check_data(Outstanding& write, const AxiWrite& beat);

  std::string name_;
  PinClock& clock_;
  const AxiPins& pins_;
  const AxiWidths widths_;
  Handler handler_;
  ChannelWatch<AxiAddress> aw_, ar_;
  ChannelWatch<AxiWrite> w_;
  ChannelWatch<AxiWriteResponse> b_;
  ChannelWatch<AxiRead> r_;
  bool read_reported_ = false, response_reported_ = false;  ///< of the beat that waits on the pins
  bool was_in_reset_ = false;
  bool exclusive_judged_ = false;            ///< the write address that waits
  std::vector<AxiAddress> exclusives_;       ///< reads that are complete: the last of each ID
  std::vector<Outstanding> reads_, writes_;  ///< in order of their addresses
  engine::Ring<AxiWrite> early_;             ///< data without an address yet
  std::uint64_t transfers_ = 0;
};

}  // namespace svasim::bridges
