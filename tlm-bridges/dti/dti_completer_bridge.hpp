// The TCU of the models on the pins of a TBU, or PCIe root complex, in RTL: the downstream manager of DTI. It
// grants connections and tokens, hands requests to the TCU and answers what that cannot be asked
// (dti_convert.hpp), holds invalidations back while the requester has no place for them, and acknowledges
// page requests. What it does when: README.md.
//
// Source rule: outputs are registers; the bridge looks at the pins in sample() only.
#pragma once

#include <optional>
#include <vector>

#include "models/arch/dti.hpp"
#include "models/engine/link.hpp"
#include "tlm-bridges/dti/dti_conversation.hpp"
#include "tlm-bridges/dti/dti_stream.hpp"
#include "tlm-bridges/pin_clock.hpp"

namespace svasim::bridges {

struct DtiCompleterConfig {
  arch::dti::Protocol protocol = arch::dti::Protocol::tbu;
  unsigned bytes = 10;               ///< of the stream, 1 to 32
  std::uint8_t dest = 0;             ///< TDEST
  bool accept = true;                ///< false: connections are denied
  std::uint8_t version = 2;          ///< the latest it accepts
  unsigned translation_tokens = 64;  ///< granted at most, 1 to 4096
  std::uint8_t oas = 5;              ///< output address size, as in SMMU_IDR5
  bool pri = true;                   ///< page requests are taken
  DtiStalls stalls;
  DtiTags* tags = nullptr;  ///< shared with the other end, if that is a bridge too
};

class DtiCompleterBridge : private PinParty {
 public:
  using Upstream = arch::dti::Upstream;
  using Downstream = arch::dti::Downstream;

  /// Binds the receiving end of `from_tcu`; sends the requester's messages on `to_tcu`. Throws
  /// std::invalid_argument if the configuration has no hardware.
  DtiCompleterBridge(PinClock& clock, DtiPins& pins, engine::Link<Downstream>& from_tcu,
                     engine::Link<Upstream>& to_tcu, const DtiCompleterConfig& config = {});

  const DtiConversation& conversation() const { return conversation_; }
  /// Messages of the requester that broke a rule: dropped.
  std::uint64_t refused() const { return refused_; }
  std::optional<DtiRule> last_refused() const { return last_refused_; }
  std::size_t queue_peak() const { return queue_.peak(); }  ///< messages of the TCU waiting for the stream

 private:
  void sample() override;
  void drive() override;
  bool busy() const override;

  void from_tcu(Downstream& message);
  void from_requester(const arch::dti::Frame& frame);
  std::optional<arch::dti::Frame> next();
  bool has_work() const;
  bool blocked() const;
  void absorb(const Downstream& message);
  arch::dti::Frame encoded(const Downstream& message);
  arch::dti::Frame connection_answer(const arch::dti::CondisReqFields& request) const;

  void ask(Upstream request);
  void take(const arch::dti::CondisReqFields& request);
  void take(const arch::dti::tbu::TransReq& request);
  void take(const arch::dti::ats::TransReq& request);
  void take(const arch::dti::ats::InvComp& completion);
  void take_inv_ack();
  void take(const arch::dti::ats::PageReq& request);
  void take_sync_ack();

  const DtiCompleterConfig config_;
  PinClock& clock_;
  DtiPins& pins_;
  engine::Link<Downstream>& from_tcu_;
  engine::Link<Upstream>& to_tcu_;
  DtiConversation conversation_;
  StreamGatherer gatherer_;
  Receiver<StreamBeat> up_;
  MessageSender down_;
  engine::Ring<Downstream> queue_;      ///< of the TCU, in order
  engine::Ring<arch::dti::Frame> own_;  ///< the bridge's answers, which go first
  std::vector<arch::Va> asked_;         ///< by TRANSLATION_ID
  std::uint16_t sync_ = 0;              ///< number of the SYNC_REQ under way
  std::uint64_t refused_ = 0;
  std::optional<DtiRule> last_refused_;
};

}  // namespace svasim::bridges
