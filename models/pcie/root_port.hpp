// The root port of one PCIe link: memory requests go to the TBU, ATS and PRI messages to the TCU (DTI-ATS),
// and their answers back to the function.
//
// Contract: every TLP leaves at the edge at which it arrives if a tracker or a token is there, else when one
// is; meanwhile it keeps its receive buffer, so the link's credits bound both queues. Posted writes end here,
// when memory has accepted them. A DTI sync is acknowledged when every memory request that arrived before it
// has been answered: Invalidate Completions are messages of their own and would overtake the writes they
// follow on the link. So is the answer to a load of a register, and what the device writes for its driver
// waits for the writes before it: PCIe keeps that order. Source rule: PCIe Base, ordering; DTI-ATS.
#pragma once

#include <array>
#include <systemc>
#include <vector>

#include "models/arch/dti.hpp"
#include "models/engine/at_socket.hpp"
#include "models/pcie/index_pool.hpp"
#include "models/pcie/pcie_link.hpp"
#include "models/pcie/register_port.hpp"
#include "models/probe/counters.hpp"

namespace svasim::pcie {

struct RootPortConfig {
  unsigned trackers = 256;
  unsigned tokens = 32;
  unsigned bus_bytes = 64;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("trackers", trackers, "count", 1, 65536, "memory requests outstanding at the TBU");
    v.field("tokens", tokens, "count", 1, 4096,
            "DTI-ATS translation tokens: Translation Requests at the TCU");
    v.field("bus_bytes", bus_bytes, "bytes", 1, 4096, "width of the bus to the TBU");
  }
  std::vector<std::string> check() const;
};

class RootPort : public sc_core::sc_module {
 public:
  /// `config` is checked. Binds the root end of `pcie` and the receiving end of `from_tcu`.
  RootPort(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
           probe::Recorder& recorder, const RootPortConfig& config, PcieLink& pcie,
           engine::Link<arch::dti::Upstream>& to_tcu, engine::Link<arch::dti::Downstream>& from_tcu);

  /// `f(name, std::uint64_t)` for every counter.
  template <class F>
  void counters(F&& f) const {
    f("reads", reads_);
    f("writes", writes_);
    f("page_requests", page_requests_);
    f("trackers_peak", trackers_.peak());
    f("tokens_peak", tokens_in_use_.peak());
    f("up_queue_peak", std::uint64_t{pcie_.up.queue_peak()});
    f("up_packets", pcie_.up.messages());
    f("up_bytes", pcie_.up.bytes());
    f("down_packets", pcie_.down.messages());
    f("down_bytes", pcie_.down.bytes());
    f("unexpected_messages", unexpected_);
  }
  /// `visit(name, bits, value)` for every signal of the waves.
  template <class Visit>
  void signals(Visit&& visit) const {
    visit("trackers", 16, trackers_.current());
    visit("tokens", 16, tokens_in_use_.current());
    visit("memory_waiting", 16, requests_.size());
    visit("translations_waiting", 16, translations_.size());
    visit("request_queue", 16, memory.queued());
  }
  /// CPUs reach the device's registers through `port`.
  void serve(RegisterPort& port);
  /// Payloads not returned: 0 at the end of a run.
  std::size_t leaked() const { return pool_.leaked(); }

 private:
  std::uint16_t block_;  ///< before the socket that uses it

 public:
  engine::AtInitiator memory;  ///< to the TBU

 private:
  enum InletNumber : std::uint8_t { kLink, kMemory, kTcu };
  struct MemoryRequest {
    arch::Tlp tlp;
    std::uint64_t epoch;
  };
  /// The memory requests that arrived between two that wait for all before them.
  struct Epoch {
    std::uint64_t outstanding = 0;
    enum class End : std::uint8_t { none, sync, load } end = End::none;
    std::uint16_t number = 0;  ///< of the sync, or the load's tag
    std::uint64_t value = 0;   ///< what was loaded
  };
  struct Token {
    bool live = false;
    std::uint16_t tag = 0;
    probe::Transaction* transaction = nullptr;
  };

  void receive(arch::Tlp& tlp);
  void pump_memory();
  void launch(const MemoryRequest& request);
  void respond(engine::Payload& payload);
  void complete_read(engine::Payload& payload, probe::Outcome outcome);
  void down(arch::Tlp::Kind kind, std::uint32_t offset, std::uint16_t tag, std::uint64_t value,
            unsigned bytes);
  void pump_translations();
  void forward(arch::dti::Upstream::Kind kind, const arch::Tlp& tlp);

  void from_tcu(arch::dti::Downstream& message);
  void answer_translation(const arch::dti::Downstream& message);
  void invalidate(const arch::dti::Downstream& message);
  void invalidated(const arch::Tlp& tlp);
  void respond_page(const arch::dti::Downstream& message);
  void end_epoch(Epoch::End end, std::uint16_t number, std::uint64_t value);
  void end_epochs();

  engine::Calendar& calendar_;
  probe::Recorder& recorder_;
  RootPortConfig config_;
  PcieLink& pcie_;
  engine::Link<arch::dti::Upstream>& to_tcu_;
  engine::Link<arch::dti::Downstream>& from_tcu_;
  engine::PayloadPool pool_;
  RegisterPort* registers_ = nullptr;

  engine::Ring<MemoryRequest> requests_;  ///< waiting for a tracker
  engine::Ring<arch::Tlp> translations_;  ///< waiting for a token
  engine::Ring<Epoch> epochs_;            ///< at least one: the current is the last
  std::uint64_t first_epoch_ = 0;
  IndexPool<Token> tokens_;
  probe::Occupancy trackers_, tokens_in_use_;
  std::array<unsigned, 32> completions_{};  ///< received, by ITag
  std::uint64_t writes_in_flight_ = 0;
  std::uint64_t reads_ = 0, writes_ = 0, page_requests_ = 0, unexpected_ = 0;
};

}  // namespace svasim::pcie
