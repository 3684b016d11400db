// TLM-2.0 target socket -> AXI4 manager pins: an access becomes INCR bursts. What it takes, what it puts on
// the pins and when: README.md.
//
// Source rule: outputs are registers; the bridge looks at the pins in sample() only.
#pragma once

#include <systemc>
#include <vector>

#include "models/engine/at_socket.hpp"
#include "tlm-bridges/axi/axi_sideband.hpp"
#include "tlm-bridges/pin_clock.hpp"

namespace svasim::bridges {

struct AxiManagerConfig {
  AxiWidths widths;
  unsigned accesses = 16;         ///< TLM accesses in the bridge
  unsigned ids = 16;              ///< bursts outstanding, of reads and of writes: each has an ID to itself
  unsigned max_beats = 256;       ///< of a burst, 1 to 256
  unsigned max_beat_bytes = 128;  ///< a power of two; more than the bus has means the bus width
  unsigned tlm_width = 64;        ///< bytes per cycle of the TLM side
  AxiUser user = AxiUser::none;
  AxiStalls stalls;
};

class AxiManagerBridge : public sc_core::sc_module, private PinParty {
 public:
  /// Throws std::invalid_argument if the configuration has no hardware.
  AxiManagerBridge(sc_core::sc_module_name name, PinClock& clock, AxiPins& pins,
                   const AxiManagerConfig& config = AxiManagerConfig());

  tlm::tlm_target_socket<>& socket() { return target_.socket; }

 private:
  struct Access {
    engine::Payload* payload = nullptr;  ///< null: free
    std::uint64_t sequence = 0;          ///< order of arrival
    std::uint32_t cut = 0;               ///< bytes that have become bursts
    unsigned bursts = 0;                 ///< unanswered
    AxiResponse worst = AxiResponse::okay;
  };
  struct Burst {
    Access* access = nullptr;  ///< null: the ID is free
    AxiAddress address;
    std::uint32_t offset = 0;  ///< of the access
    std::uint32_t bytes = 0;   ///< that it moves
    unsigned beat = 0;         ///< next
  };
  /// Reads or writes.
  struct Direction {
    engine::Ring<Access*> uncut;  ///< in order of arrival
    std::vector<Burst> bursts;    ///< by ID
  };

  void sample() override;
  void drive() override;
  bool busy() const override;

  void request(engine::Payload& payload);
  void refuse(engine::Payload& payload, tlm::tlm_response_status status);
  bool overtakes(const Access& access) const;
  unsigned free_id(const Direction& direction) const;
  bool can_cut(const Direction& direction) const;
  const AxiAddress& cut(Direction& direction);
  AxiWrite write_beat();
  void take_read(const AxiRead& beat);
  void take_response(const AxiWriteResponse& response);
  void finish(Burst& burst, AxiResponse response);

  const AxiManagerConfig config_;
  PinClock& clock_;
  engine::AtTarget target_;
  Sender<AxiAddress> aw_;
  Sender<AxiWrite> w_;
  Receiver<AxiWriteResponse> b_;
  Sender<AxiAddress> ar_;
  Receiver<AxiRead> r_;
  std::vector<Access> accesses_;
  Direction reads_, writes_;
  engine::Ring<unsigned> data_;  ///< IDs of writes whose data have not all left, in order of their addresses
  std::uint64_t sequence_ = 0;
};

}  // namespace svasim::bridges
