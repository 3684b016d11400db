// AXI4 subordinate pins -> TLM-2.0 initiator socket: a burst becomes an access, or a few. What it takes, what
// it sends and when: README.md.
//
// Source rule: outputs are registers; the bridge looks at the pins in sample() only.
#pragma once

#include <systemc>
#include <vector>

#include "models/engine/at_socket.hpp"
#include "tlm-bridges/axi/axi_burst.hpp"
#include "tlm-bridges/axi/axi_sideband.hpp"
#include "tlm-bridges/pin_clock.hpp"

namespace svasim::bridges {

struct AxiSubordinateConfig {
  AxiWidths widths;
  unsigned reads = 16;        ///< bursts outstanding, each 1 to 65535
  unsigned writes = 16;       ///< likewise
  unsigned early_beats = 4;   ///< write data taken before their address, at least 1
  bool interleave = false;    ///< read data of several IDs beat by beat; else burst by burst
  bool byte_enables = false;  ///< the TLM target takes them; else a write with holes is several accesses
  unsigned tlm_width = 64;    ///< bytes per cycle of the TLM side
  AxiUser user = AxiUser::none;
  AxiStalls stalls;
};

class AxiSubordinateBridge : public sc_core::sc_module, private PinParty {
 public:
  /// Throws std::invalid_argument if the configuration has no hardware.
  AxiSubordinateBridge(sc_core::sc_module_name name, PinClock& clock, AxiPins& pins,
                       const AxiSubordinateConfig& config = AxiSubordinateConfig());

  tlm::tlm_initiator_socket<>& socket() { return initiator_.socket; }

 private:
  static constexpr std::uint32_t kMaxBytes = 4096;  ///< of a legal burst

  struct Burst {
    bool active = false;
    bool loaded = false;  ///< reads: always; writes: all data are here
    bool legal = true;
    unsigned ahead = 0;  ///< older ones of the same ID
    unsigned parts = 0;  ///< TLM accesses unanswered
    unsigned beat = 0;   ///< next
    AxiAddress address;
    AxiResponse worst = AxiResponse::okay;
  };
  struct Bytes {
    std::array<std::uint8_t, kMaxBytes> data;
    std::array<std::uint8_t, kMaxBytes> enables;  ///< of writes, as TLM has them
  };
  /// Reads or writes.
  struct Direction {
    tlm::tlm_command command;
    std::vector<Burst> bursts;
    std::vector<Bytes> bytes;  ///< of each burst: from lowest() on, or beat by beat if FIXED
    std::size_t active = 0;
    std::size_t served = 0;  ///< whose response was on the pins last
  };

  void sample() override;
  void drive() override;
  bool busy() const override;

  std::size_t accept(Direction& direction, const AxiAddress& address);
  void retire(Direction& direction);
  bool answerable(const Direction& direction, std::size_t index) const;
  std::size_t next_answer(const Direction& direction) const;
  void launch_read(std::size_t index);
  void take_early_data();
  void take_data(std::size_t index, const AxiWrite& beat);
  void launch_write(std::size_t index);
  void launch_run(std::size_t index, std::uint32_t offset, std::uint32_t bytes, std::uint64_t address);
  engine::Payload& send(Direction& direction, std::size_t index, std::uint32_t offset, std::uint32_t bytes,
                        std::uint64_t address);
  void respond(engine::Payload& payload);
  AxiRead read_beat(std::size_t index);

  const AxiSubordinateConfig config_;
  PinClock& clock_;
  engine::PayloadPool pool_;
  engine::AtInitiator initiator_;
  Receiver<AxiAddress> aw_;
  Receiver<AxiWrite> w_;
  Sender<AxiWriteResponse> b_;
  Receiver<AxiAddress> ar_;
  Sender<AxiRead> r_;
  Direction reads_{tlm::TLM_READ_COMMAND, {}, {}};
  Direction writes_{tlm::TLM_WRITE_COMMAND, {}, {}};
  engine::Ring<std::size_t> undata_;  ///< writes whose data are not all here, in order of their addresses
  engine::Ring<AxiWrite> early_;      ///< data of writes whose address is not here
};

}  // namespace svasim::bridges
