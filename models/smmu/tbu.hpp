// The translation buffer unit: device accesses in, translated accesses out to memory. Micro-TLB, main TLB,
// slots for what waits for the TCU. See README.md for the pipeline.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "models/arch/dti.hpp"
#include "models/engine/at_socket.hpp"
#include "models/engine/link.hpp"
#include "models/smmu/config.hpp"
#include "models/smmu/tlb.hpp"

namespace svasim::smmu {

using DtiUp = engine::Link<arch::dti::Upstream>;
using DtiDown = engine::Link<arch::dti::Downstream>;

/// What the checker is told: a translation is used for an access, at the moment it leaves the TBU.
struct TranslationUse {
  const engine::Attributes& attributes;
  arch::Va va;
  arch::Pa pa;
  bool write;
};

class Tbu : public sc_core::sc_module {
  const std::uint16_t block_;  ///< first: the sockets' inlets are this block's

 public:
  /// `flow` says whether its devices can be stalled (PCIe cannot).
  Tbu(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock, const TbuConfig& config,
      const Context& context, arch::dti::Flow flow, DtiUp& to_tcu, DtiDown& from_tcu);

  engine::AtTarget device;     ///< from a root port or a platform device
  engine::AtInitiator memory;  ///< to the interconnect

  std::function<void(const TranslationUse&)> on_use;  ///< for the checker

  template <class Visit>
  void counters(Visit&& visit) const {
    visit("transaction", transactions_);
    visit("tlb_miss", tlb_misses_);
    visit("pcie_ats_trans_passed", ats_passed_);
    visit("utlb_hits", utlb_hits_);
    visit("tlb_lookups", tlb_lookups_);
    visit("tlb_hits", tlb_hits_);
    visit("tlb_hits_with_slot", late_hits_);
    visit("translation_requests", requests_);
    visit("merged", merged_);
    visit("aborted", aborted_);
    visit("invalidations", invalidations_);
    visit("input_queue_peak", std::uint64_t{input_.peak()});
    visit("slots_peak", slots_peak_);
    visit("tokens_peak", tokens_peak_);
  }
  /// `visit(name, bits, value)` for every signal of the waves.
  template <class Visit>
  void signals(Visit&& visit) const {
    visit("inside", 16, inside_);
    visit("input_queue", 16, input_.size());
    visit("waiting_for_slot", 16, missed_.size());
    visit("slots", 16, occupied());
    visit("tokens_free", 16, tokens_);
    visit("waiting_for_token", 16, asking_.size());
    visit("utlb_hits", 32, utlb_hits_);
    visit("tlb_hits", 32, tlb_hits_);
    visit("tlb_misses", 32, tlb_misses_);
    visit("dti_up_in_flight", 16, to_tcu_.in_flight());
    visit("request_queue", 16, memory.queued());
    visit("sync_pending", 1, sync_pending_);
  }
  /// No transaction is inside.
  bool quiet() const { return inside_ == 0; }
  /// The TLBs are empty.
  void forget_translations();
  /// Transactions inside, for the watchdog.
  std::size_t occupied() const { return slots_.size() - free_slots_.size(); }

 private:
  static constexpr std::uint16_t kNone = 0xFFFF;

  /// A transaction that waits for a translation. Only the first of a page asks the TCU; the others are
  /// chained.
  struct Slot {
    engine::Payload* payload = nullptr;
    std::uint64_t source = 0;  ///< as TLB entries
    std::uint64_t page = 0;    ///< of 4 KB
    bool primary = false;
    bool poisoned = false;       ///< an invalidation came after the request: use the answer, do not keep it
    std::uint16_t next = kNone;  ///< chained behind the primary, in order of arrival
    std::uint16_t last = kNone;  ///< end of the primary's chain
  };

  // The pipeline, in order.
  void accept(engine::Payload& payload);
  void start_lookup(std::uint64_t);
  void utlb_result(std::uint64_t payload);
  void tlb_result(std::uint64_t payload);
  void miss(engine::Payload& payload);
  bool slot_free() const { return !free_slots_.empty() || slots_.size() < limit(config_.slots); }
  std::uint16_t take_slot();
  void occupy_slot(engine::Payload& payload, std::uint16_t slot);
  void look_up_again();
  void looked_up_again(std::uint64_t slot);
  void merge(engine::Payload& waiting, engine::Payload& ahead);
  void ask(std::uint16_t slot);
  void pump_requests();
  void receive(arch::dti::Downstream& message);
  void answer(const arch::dti::Downstream& message);
  void forward(engine::Payload& payload, const TlbEntry& entry);
  void terminate(engine::Payload& payload, bool raz);
  void memory_response(engine::Payload& payload);

  void schedule_lookup();
  const TlbEntry* find(Tlb& tlb, const engine::Payload& payload) const;
  unsigned tlb_rounds() const;
  std::uint16_t chain_of(const Slot& slot) const;
  void release_slot(std::uint16_t slot);
  void invalidate(const arch::Command& command);
  void acknowledge_invalidation(std::uint64_t);
  void try_sync();

  engine::Calendar& calendar_;
  engine::Clock clock_;
  TbuConfig config_;
  const Context& context_;
  DtiUp& to_tcu_;
  arch::dti::Flow flow_;

  Tlb utlb_;
  Tlb tlb_;
  engine::Ring<engine::Payload*> input_;   ///< bounded by config.input_queue (AtTarget places)
  engine::Ring<engine::Payload*> missed_;  ///< waiting for a slot; at most what the lookup pipelines hold
  engine::Ring<std::uint16_t> asking_;     ///< slots waiting for a token
  std::vector<Slot> slots_;                ///< made as they are needed
  std::vector<std::uint16_t> free_slots_;
  std::uint32_t tokens_;                 ///< free
  engine::Picoseconds lookup_free_ = 0;  ///< when the next lookup may start
  engine::Picoseconds tlb_free_ = 0;     ///< when the next one of the main TLB may
  bool lookup_scheduled_ = false;

  std::uint32_t scans_waiting_ = 0;  ///< invalidations that wait for the TLBs; bounded by their tokens

  // CMD_SYNC: accesses forwarded before it must have completed. They are counted in two alternating epochs.
  unsigned epoch_ = 0;
  std::array<std::uint32_t, 2> forwarded_{};
  bool sync_pending_ = false;
  std::uint16_t sync_id_ = 0;

  std::uint32_t inside_ = 0;  ///< accepted and not answered
  std::uint64_t transactions_ = 0, utlb_hits_ = 0, tlb_lookups_ = 0, tlb_hits_ = 0, tlb_misses_ = 0,
                late_hits_ = 0, ats_passed_ = 0, requests_ = 0, merged_ = 0, aborted_ = 0, invalidations_ = 0,
                slots_peak_ = 0, tokens_peak_ = 0;
};

}  // namespace svasim::smmu
