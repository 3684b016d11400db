// What both ends of a DTI connection know by the messages exchanged: is there a connection, which
// translations, invalidations, syncs and page requests are outstanding, how many tokens are left. It says of
// each message which rule it breaks, if any. Pure.
//
// Contract: a message that breaks a rule leaves no trace; whoever looks decides what becomes of it.
// Choices: after CONDIS_REQ(disconnect) only acknowledgements go up, and invalidations, syncs and CONDIS_ACK
// down; a connection ends with nothing outstanding.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "models/arch/dti_ats.hpp"
#include "models/arch/dti_tbu.hpp"
#include "tlm-bridges/dti/dti_rules.hpp"

namespace svasim::bridges {

class DtiConversation {
 public:
  explicit DtiConversation(arch::dti::Protocol protocol) : protocol_(protocol) {}

  /// Towards the TCU, from it; in the order in which the messages are complete.
  std::optional<DtiRule> upstream(const arch::dti::Frame& frame);
  std::optional<DtiRule> downstream(const arch::dti::Frame& frame);
  /// Back to the state after reset.
  void reset() { *this = DtiConversation(protocol_); }

  enum class Phase : std::uint8_t { disconnected, connecting, connected, disconnecting };
  Phase phase() const { return phase_; }
  bool connected() const { return phase_ == Phase::connected; }
  bool denied() const { return denied_; }  ///< the last CONDIS_REQ to connect was
  bool pri() const { return pri_; }        ///< the TCU takes page requests
  unsigned version() const { return version_; }
  unsigned free_translation_tokens() const { return tokens_ - translations_; }
  unsigned free_invalidation_tokens() const { return inv_tokens_ - invalidations_; }
  /// Nothing but the connection itself is outstanding.
  bool settled() const;
  /// A request to disconnect may be answered.
  bool may_disconnect() const {
    return phase_ == Phase::disconnecting && invalidations_ == 0 && !sync_ && itags_.none();
  }

 private:
  static constexpr std::size_t kIds = 4096;
  using Broken = std::optional<DtiRule>;

  Broken connection_request(const arch::dti::CondisReqFields& request);
  Broken connection_answer(const arch::dti::CondisAckFields& answer);
  Broken translation(std::uint16_t id, arch::dti::Protocol protocol, bool extended);
  Broken answer(std::uint16_t id);
  Broken invalidation();
  Broken invalidation_ack();
  Broken sync();
  Broken sync_ack();

  // What each message does.
  Broken up(const arch::dti::tbu::CondisReq& request);
  Broken up(const arch::dti::ats::CondisReq& request) { return connection_request(request); }
  Broken up(const arch::dti::tbu::TransReq& request);
  Broken up(const arch::dti::ats::TransReq& request);
  Broken up(const arch::dti::tbu::InvAck&) { return invalidation_ack(); }
  Broken up(const arch::dti::ats::InvAck&) { return invalidation_ack(); }
  Broken up(const arch::dti::tbu::SyncAck&) { return sync_ack(); }
  Broken up(const arch::dti::ats::SyncAck&) { return sync_ack(); }
  Broken up(const arch::dti::tbu::RegWriteAck&);
  Broken up(const arch::dti::tbu::RegReadData&);
  Broken up(const arch::dti::ats::InvComp& completion);
  Broken up(const arch::dti::ats::PageReq& request);
  Broken up(const arch::dti::ats::PageRespAck&);
  Broken down(const arch::dti::tbu::CondisAck& ack) { return connection_answer(ack); }
  Broken down(const arch::dti::ats::CondisAck& ack);
  Broken down(const arch::dti::TransFault& fault);
  Broken down(const arch::dti::tbu::TransResp& response) { return answer(response.id); }
  Broken down(const arch::dti::tbu::TransRespEx& response);
  Broken down(const arch::dti::ats::TransResp& response) { return answer(response.id); }
  Broken down(const arch::dti::tbu::InvReq& request);
  Broken down(const arch::dti::ats::InvReq& request);
  Broken down(const arch::dti::tbu::SyncReq&) { return sync(); }
  Broken down(const arch::dti::ats::SyncReq&) { return sync(); }
  Broken down(const arch::dti::tbu::RegWrite&);
  Broken down(const arch::dti::tbu::RegRead&);
  Broken down(const arch::dti::ats::PageAck&);
  Broken down(const arch::dti::ats::PageResp& response);

  /// Of a set of messages: `act` on one that may go now.
  template <class Set, class Act>
  Broken take(const arch::dti::Frame& frame, Act act);

  arch::dti::Protocol protocol_;
  Phase phase_ = Phase::disconnected;
  bool denied_ = false;
  bool registers_ = false, pri_ = false;  ///< offered
  unsigned offered_version_ = 0, version_ = 0;
  unsigned wanted_tokens_ = 0, tokens_ = 0, offered_inv_tokens_ = 0, inv_tokens_ = 0;
  std::bitset<kIds> ids_, extended_;
  unsigned translations_ = 0;
  unsigned invalidations_ = 0;        ///< without INV_ACK
  unsigned invalidations_first_ = 0;  ///< of them, before the SYNC_REQ
  bool sync_ = false;
  std::bitset<32> itags_;
  struct Group {
    std::uint32_t sid;
    std::uint16_t group;
  };
  std::vector<Group> groups_;                        ///< closed by a Last, without a response
  unsigned page_requests_ = 0, page_responses_ = 0;  ///< without acknowledgement
  unsigned register_writes_ = 0, register_reads_ = 0;
};

}  // namespace svasim::bridges
