// Where a user's devices meet one TBU of the SMMU: a plain TLM-2.0 target socket for accesses and translation
// requests, and the messages of ATS and PRI. It takes the place of a root port without a link: what is sent
// at some time is seen by the TBU, or sent towards the TCU, at the next edge, and an answer is the user's at
// the edge at which it arrives.
//
// Contract: 1 to 4096 bytes inside a 4 KB page, no byte enables; anything else is refused at once with a TLM
// error. A translation request (Attributes::address_type) is answered in Attributes::ats and moves no data.
// In nb_transport END_REQ comes when the channel is free again; translation requests wait for one of
// `ats_tokens`. A DTI sync is acknowledged when all translated accesses that came before it have been
// answered: those that an invalidation of the ATC they used must wait for.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <systemc>
#include <tlm>
#include <vector>

#include "models/embed/attributes.hpp"
#include "models/embed/messages.hpp"
#include "models/engine/at_socket.hpp"
#include "models/smmu/smmu.hpp"

namespace svasim::embed {

struct DevicePortConfig {
  /// Of the functions behind the port; ports share none. Accesses are not held to it, messages to functions
  /// are routed by it.
  smmu::StreamRange streams{arch::StreamId{0}, arch::StreamId{0xFFFF'FFFF}};
  bool can_stall = true;  ///< false for PCIe: accesses that fault are terminated, whatever the CD says
  std::uint16_t ats_tokens = 32;  ///< translation requests at the TCU at a time
};

class DevicePort : public sc_core::sc_module, private ToSmmu, private tlm::tlm_fw_transport_if<> {
 public:
  DevicePort(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
             const DevicePortConfig& config, smmu::Smmu& smmu, std::size_t tbu, probe::Recorder& recorder,
             unsigned bus_bytes);

  tlm::tlm_target_socket<> socket{"socket"};
  sc_core::sc_export<ToSmmu> to_smmu{"to_smmu"};
  sc_core::sc_port<ToFunction, 1, sc_core::SC_ZERO_OR_MORE_BOUND> to_function{"to_function"};

  /// Accesses and translation requests not yet answered, stalled ones included.
  std::size_t outstanding() const { return calls_.size() - free_calls_.size(); }

 private:
  enum InletNumber : std::uint8_t { kTcu, kMemory, kDelayed };

  /// Somebody's payload on its way. The caller of b_transport waits for `done`; others get phases.
  struct Call {
    tlm::tlm_generic_payload* theirs = nullptr;
    Attributes* attributes = nullptr;  ///< the payload's extension, or null
    probe::Transaction* transaction = nullptr;
    bool blocking = false;
    bool translated = false;
    unsigned epoch = 0;  ///< of a translated one
    sc_core::sc_event done;
  };

  // tlm_fw_transport_if
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) override;
  void b_transport(tlm::tlm_generic_payload&, sc_core::sc_time&) override;
  bool get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi&) override { return false; }
  unsigned transport_dbg(tlm::tlm_generic_payload&) override { return 0; }

  // ToSmmu
  void page_request(const arch::PageRequest&) override;
  void invalidation_complete(std::uint16_t itag, bool timed_out) override;

  static bool refuses(tlm::tlm_generic_payload& payload);
  std::uint32_t open(tlm::tlm_generic_payload& theirs, bool blocking);
  void begin_delayed(std::uint64_t payload);
  void start(std::uint32_t call);
  void start_access(std::uint32_t call);
  void pump_translations();
  void channel_ready();
  void answered(engine::Payload& payload);
  void finish(std::uint32_t call, Result result);
  void pump_responses();

  void from_tcu(arch::dti::Downstream& message);
  void translation_completed(const arch::dti::Downstream& message);
  void sync(std::uint16_t number);
  void acknowledge_sync();

  engine::Calendar& calendar_;
  std::uint16_t block_;
  DevicePortConfig config_;
  probe::Recorder& recorder_;
  engine::AtInitiator access_;  ///< to the TBU
  smmu::Smmu::DtiLinks& links_;
  engine::PayloadPool pool_;

  std::deque<Call> calls_;  ///< by number; never moved
  std::vector<std::uint32_t> free_calls_;
  engine::Ring<std::uint32_t> refused_;       ///< BEGIN_REQ seen, END_REQ owed
  engine::Ring<std::uint32_t> responses_;     ///< ended, BEGIN_RESP owed
  engine::Ring<std::uint32_t> translations_;  ///< waiting for a token
  std::vector<std::uint32_t> token_calls_;    ///< by token
  std::vector<std::uint16_t> free_tokens_;
  bool awaiting_end_response_ = false;

  // Translated accesses before and since the last DTI sync, of which there is one at a time.
  unsigned epoch_ = 0;
  std::array<std::uint32_t, 2> accesses_{};
  bool sync_pending_ = false;
  std::uint16_t sync_number_ = 0;
};

}  // namespace svasim::embed
