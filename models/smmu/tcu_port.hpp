// One DTI connection of the TCU, and what its messages do. A part of Tcu's implementation.
#pragma once

#include <array>

#include "models/smmu/tcu.hpp"

namespace svasim::smmu {

struct Tcu::Port {
  static constexpr unsigned kItags = 32;  ///< PCIe: a 5-bit ITag per requester

  Tcu& tcu;
  DtiUp& from;
  DtiDown& to;
  std::uint8_t index;
  bool root_port;
  unsigned invalidation_tokens;                  ///< free
  StreamRange streams{arch::StreamId{}};         ///< of a root port
  engine::Ring<arch::dti::Upstream> requests{};  ///< bounded by the connection's translation tokens
  std::uint32_t itags = 0;                       ///< in use, a bit each
  std::uint32_t lost_itags = 0;  ///< of them, given up: not used again before their completion has come
  std::array<engine::Picoseconds, kItags> deadlines{};  ///< of the others

  void receive(arch::dti::Upstream& message) {
    using Kind = arch::dti::Upstream::Kind;
    from.consumed();
    switch (message.kind) {
      case Kind::trans_req:
        if (message.transaction != nullptr) {
          message.transaction->timeline.enter(probe::Stage::tcu_queue, tcu.calendar_.now());
        }
        ++(message.flow == arch::dti::Flow::ats ? tcu.ats_requests_ : tcu.requests_);
        requests.push_back(message);
        tcu.schedule_dispatch();
        break;
      case Kind::page_req: tcu.page_request(*this, message); break;
      case Kind::sync_ack: tcu.connection_synced(); break;
      case Kind::inv_comp: tcu.atc_invalidated(*this, message.id, message.error); break;
      case Kind::inv_ack: tcu.invalidation_accepted(*this); break;
    }
  }
  /// A free ITag, or kItags.
  unsigned free_itag() const {
    for (unsigned itag = 0; itag < kItags; ++itag) {
      if ((itags >> itag & 1) == 0) return itag;
    }
    return kItags;
  }
};

}  // namespace svasim::smmu
