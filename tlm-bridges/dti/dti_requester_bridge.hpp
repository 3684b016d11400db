// A TBU or root port of the models on the pins of a TCU in RTL: the upstream manager of DTI. It connects,
// takes translation requests while there are tokens, gives them wire IDs, and acknowledges page responses,
// which the models' messages have no word for. What it does when: README.md.
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

struct DtiRequesterConfig {
  arch::dti::Protocol protocol = arch::dti::Protocol::tbu;
  unsigned bytes = 10;                ///< of the stream, 1 to 32
  std::uint8_t id = 0;                ///< TID
  std::uint8_t version = 2;           ///< offered
  unsigned translation_tokens = 64;   ///< asked for, 1 to 4096; the TCU may grant fewer
  unsigned invalidation_tokens = 16;  ///< granted to the TCU, 1 to 16
  DtiStalls stalls;
  DtiTags* tags = nullptr;  ///< shared with the other end, if that is a bridge too
};

class DtiRequesterBridge : private PinParty {
 public:
  using Upstream = arch::dti::Upstream;
  using Downstream = arch::dti::Downstream;

  /// Binds the receiving end of `from_model`; sends the TCU's messages on `to_model`. Connects at once.
  /// Throws std::invalid_argument if the configuration has no hardware.
  DtiRequesterBridge(PinClock& clock, DtiPins& pins, engine::Link<Upstream>& from_model,
                     engine::Link<Downstream>& to_model, const DtiRequesterConfig& config = {});

  /// Ends the connection as soon as nothing is outstanding; the next message of the model makes a new one.
  void disconnect();
  const DtiConversation& conversation() const { return conversation_; }
  /// Messages of the TCU that broke a rule: dropped.
  std::uint64_t refused() const { return refused_; }
  std::optional<DtiRule> last_refused() const { return last_refused_; }
  std::size_t queue_peak() const { return requests_.peak(); }  ///< requests waiting for a token

 private:
  void sample() override;
  void drive() override;
  bool busy() const override;

  void from_model(Upstream& message);
  void from_tcu(const arch::dti::Frame& frame);
  std::optional<arch::dti::Frame> next();
  arch::dti::Frame ask();
  arch::dti::Frame encoded(const Upstream& message) const;
  arch::dti::Frame connection_request(bool connect) const;
  bool has_work() const;
  bool can_ask() const { return !requests_.empty() && conversation_.free_translation_tokens() > 0; }
  bool may_leave() const { return !wanted_ && requests_.empty() && conversation_.settled(); }
  void give_up(const Upstream& message);
  Upstream answered(std::uint16_t id);

  void deliver(const arch::dti::TransFault& fault);
  void deliver(const arch::dti::tbu::TransResp& response);
  void deliver(const arch::dti::ats::TransResp& response);
  void deliver(const arch::dti::tbu::InvReq& request);
  void deliver(const arch::dti::ats::InvReq& request);
  void deliver(const arch::dti::ats::PageResp& response);
  void deliver_sync();

  const DtiRequesterConfig config_;
  PinClock& clock_;
  DtiPins& pins_;
  engine::Link<Upstream>& from_model_;
  engine::Link<Downstream>& to_model_;
  DtiConversation conversation_;
  MessageSender up_;
  Receiver<StreamBeat> down_;
  StreamGatherer gatherer_;
  engine::Ring<Upstream> requests_;     ///< waiting for a token
  engine::Ring<Upstream> others_;       ///< overtake them: acknowledgements, completions, page requests
  engine::Ring<arch::dti::Frame> own_;  ///< the bridge's acknowledgements, which go first
  std::vector<Upstream> asked_;         ///< by wire ID
  std::vector<std::uint16_t> free_ids_;
  bool wanted_ = true;  ///< a connection is
  std::uint64_t refused_ = 0;
  std::optional<DtiRule> last_refused_;
};

}  // namespace svasim::bridges
