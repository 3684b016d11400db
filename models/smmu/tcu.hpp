// The translation control unit: answers translation requests of TBUs and root ports over DTI, runs the
// command queue, writes the event and PRI queues, and keeps the stalled transactions. Its parts are
// Translator, CommandQueue, OutputQueue and StallTable; this class is where they meet: answers in tcu.cpp,
// commands in tcu_commands.cpp, records in tcu_records.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "models/arch/pri.hpp"
#include "models/arch/registers.hpp"
#include "models/engine/at_socket.hpp"
#include "models/probe/recorder.hpp"
#include "models/smmu/command_queue.hpp"
#include "models/smmu/interrupts.hpp"
#include "models/smmu/output_queue.hpp"
#include "models/smmu/stall_table.hpp"
#include "models/smmu/tbu.hpp"
#include "models/smmu/translator.hpp"

namespace svasim::smmu {

class Tcu : public sc_core::sc_module, private TranslationClient, private CommandExecutor {
  /// Inlets, in the order in which simultaneous arrivals act.
  enum : std::uint8_t {
    kWalkCache,  ///< first: its edge sees what was asked before it, whoever asks (walk_cache_port.hpp)
    kMemory,
    kPipeline,
    kCommands,
    kRegisterTimer,
    kRegisterPort,
    kFirstPort,
    kDispatch = 255  ///< after the ports: it arbitrates between all that is there
  };
  const std::uint16_t block_;  ///< before the sockets, whose inlets are this block's

 public:
  SC_HAS_PROCESS(Tcu);
  Tcu(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock, const TcuConfig& config,
      unsigned invalidation_tokens, const Context& context, std::unique_ptr<arch::WalkCache> walk_cache,
      probe::Recorder* recorder);
  ~Tcu() override;

  MemoryPort memory;
  Interrupts interrupts;
  CommandQueue commands;
  OutputQueue events;
  OutputQueue page_requests;

  /// Connects a TBU; DTI messages flow on the two links.
  void attach_tbu(DtiUp& from, DtiDown& to) { attach(from, to, false); }
  /// Connects a root port, which serves ATS and PRI of the functions `streams`.
  void attach_root_port(DtiUp& from, DtiDown& to, StreamRange streams);

  /// SMMUEN or ATSCHK changed: nothing translated before may be kept. SMMUEN = 0 terminates what is stalled.
  void translation_rules_changed();
  /// The last such change governs every transaction, and queues switched off have finished.
  bool in_force() const;
  /// Nothing is in flight: no translation, stall, command, record, interrupt or memory access.
  bool quiet() const;
  /// The caches are empty (of the StreamWorlds that CR2.E2H selects).
  void forget_translations();
  /// Queues and control state as after power-on; only when quiet. Counters go on.
  void reset();
  /// Tells `monitor` of every walk, and of the walk cache's traffic.
  void subscribe(arch::WalkMonitor& monitor) { translator_.subscribe(monitor); }
  /// Where the register file's work belongs in the TCU's order of events.
  engine::Inlet register_port_inlet() const { return {block_, kRegisterPort}; }
  engine::Inlet register_timer_inlet() const { return {block_, kRegisterTimer}; }

  std::function<void(std::uint32_t bits)> on_global_error;     ///< GERROR bits that become active
  std::function<void(const arch::Command&)> on_sync_complete;  ///< for the checker
  std::function<void(const arch::Command&)> on_invalidate;  ///< for the checker: TLBI, CFGI, ATC_INV executed
  std::function<void(const arch::Event&)> on_event;         ///< every event made, lost and merged ones too
  std::function<void()> on_send_event;  ///< a CMD_SYNC signals SEV: wakes processors in WFE
  std::function<void()> on_progress;    ///< in_force() may have become true

  template <class Visit>
  void counters(Visit&& visit) const {
    visit("translation_requests", requests_);
    visit("pcie_ats_trans_rq", ats_requests_);
    translator_.counters(visit);
    visit("events_written", events.written());
    visit("events_dropped", events.dropped());
    visit("events_merged", events_merged_);
    visit("event_overflows", events.overflows());
    visit("eventq_peak", std::uint64_t{events.depth_peak()});
    visit("page_requests_written", page_requests.written());
    visit("page_requests_dropped", page_requests.dropped() + page_requests_discarded_);
    visit("page_request_overflows", page_requests.overflows());
    visit("page_auto_responses", auto_responses_);
    visit("priq_peak", std::uint64_t{page_requests.depth_peak()});
    visit("stalls", stalls_);
    visit("stalls_peak", std::uint64_t{stall_table_.peak()});
    visit("stalls_unrecorded_peak", std::uint64_t{unrecorded_.peak()});
    visit("stall_retries", stall_retries_);
    visit("resumes", resumes_);
    visit("page_responses", page_responses_);
    visit("commands", commands.consumed());
    visit("command_fetches", commands.fetches());
    visit("command_errors", commands.errors());
    visit("syncs", commands.syncs());
    visit("sync_events_sent", sevs_);
    visit("prefetches", prefetches_begun_);
    visit("prefetches_dropped", prefetches_dropped_);
    visit("atc_invalidations", atc_invalidations_);
    visit("atc_timeouts", atc_timeouts_);
    visit("atc_late_completions", atc_late_completions_);
    visit("itag_stalls", itag_stalls_);
    visit("invalidation_token_stalls", token_stalls_);
    visit("interrupts_eventq", interrupts.raised(Interrupt::event_queue));
    visit("interrupts_priq", interrupts.raised(Interrupt::page_request_queue));
    visit("interrupts_cmd_sync", interrupts.raised(Interrupt::command_sync));
    visit("interrupts_gerror", interrupts.raised(Interrupt::global_error));
    visit("msis", interrupts.msis());
    visit("msi_aborts", interrupts.msi_aborts());
    visit("memory_accesses", memory.accesses());
    visit("memory_queue_peak", std::uint64_t{memory.queue_peak()});
  }
  /// `visit(name, bits, value)` for every signal of the waves.
  template <class Visit>
  void signals(Visit&& visit) const {
    translator_.signals(visit);
    visit("retries", 16, retries_.size());
    visit("stalls", 16, stall_table_.live());
    visit("stalls_unrecorded", 16, unrecorded_.size());
    visit("cmdq_prod", 20, commands.prod());
    visit("cmdq_cons", 20, commands.cons());
    visit("cmdq_cons_err", 7, commands.cons() >> 24);
    visit("eventq_prod", 32, events.prod());
    visit("eventq_cons", 32, events.cons());
    visit("priq_prod", 32, page_requests.prod());
    visit("priq_cons", 32, page_requests.cons());
    visit("sync", 3, static_cast<std::uint64_t>(sync_));
    visit("atc_invalidations_outstanding", 16, atc_outstanding_);
    visit("memory_outstanding", 16, memory.outstanding());
    visit("memory_queue", 16, memory.queued());
  }
  const WalkCachePort& walk_cache() const { return translator_.walk_cache(); }
  /// Translations in progress, stalled transactions: for the watchdog.
  std::size_t translating() const { return translator_.occupied(); }
  std::size_t stalled() const { return stall_table_.live(); }

 private:
  struct Port;

  void attach(DtiUp& from, DtiDown& to, bool root_port);
  void dispatch(std::uint64_t);
  void schedule_dispatch();
  Port* next_with_request();
  Port* root_port_of(arch::StreamId stream);

  // TranslationClient.
  void translated(const Pending&, const arch::StreamConfig&, const arch::TranslationResult&,
                  bool keep) override;
  bool faulted(const Pending&, const arch::Fault&) override;
  bool park_behind_stall(const Pending&) override;
  void retry(const Pending& pending) override;
  void stream_found(const Pending&, const arch::Ste*) override;
  void translation_ended() override;

  bool stall(const Pending&, const arch::Fault&);
  void answer_fault(const Pending&, bool raz);
  void record(const arch::Event&, bool mev);
  void record_stall(Stalled&);
  void record_stalls();
  void event_lost(const OutputQueue::Record&);
  static OutputQueue::Record to_record(const arch::Event&);

  // CommandExecutor.
  Progress execute(const arch::Command&) override;
  void command_error(arch::CommandError) override;

  Progress invalidate(const arch::Command&);
  bool token_at_every_tbu() const;
  void broadcast(const arch::Command&);
  void invalidation_accepted(Port& port);
  Progress hold(const arch::Command&, std::uint64_t& stalls);
  void release_held();
  Progress atc_invalidate(const arch::Command&);
  void atc_invalidated(Port& port, std::uint16_t itag, bool error);
  void arm_atc_alarm();
  void atc_time_is_up();
  void give_up_atc(std::uint64_t);
  void respond_to_page_request(const arch::Command&);
  void resume_stalled(const arch::Command&);
  void end_stall(Stalled& stalled, arch::ResumeAction action, bool all);
  void prefetch(const arch::Command&);
  Progress begin_sync(const arch::Command&);
  void advance_sync();
  void advance_rules();
  void advance();
  void synchronise(bool root_ports, bool& pending);
  void send_syncs();
  void connection_synced();
  void signal_sync();
  void sync_signalled(engine::Payload& payload, std::uint64_t);

  // DTI messages that are no translation requests.
  void page_request(Port& port, const arch::dti::Upstream&);
  void discard(Port& port, const arch::dti::Upstream&, const arch::PriDecision&);
  void page_request_lost(const OutputQueue::Record&);
  void auto_respond(Port& port, const arch::PageRequest&, const arch::PriDecision&);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  const Context& context_;
  const engine::Picoseconds atc_timeout_;
  const unsigned invalidation_tokens_;  ///< of each connection
  const bool merge_events_;
  const std::uint32_t prefetch_queue_;
  probe::Recorder* recorder_;  ///< may be null: no instrumentation
  StallTable stall_table_;
  Translator translator_;
  std::vector<std::unique_ptr<Port>> ports_;
  engine::Ring<Pending> retries_;  ///< resumed; bounded by the translation tokens
  engine::Ring<Pending>
      overflowed_;  ///< page requests whose STE says how to answer; bounded by the devices' allocations
  engine::Ring<Pending> prefetches_;  ///< at most config.prefetch_queue
  std::size_t next_port_ = 0;
  bool dispatch_scheduled_ = false;
  engine::Picoseconds dispatch_free_ = 0;

  // Records.
  struct Unrecorded {
    std::uint16_t stag = 0;
    std::uint64_t serial = 0;
  };
  engine::Ring<Unrecorded> unrecorded_;    ///< stalls without a record, oldest first; bounded by the STAGs
  std::optional<arch::Event> last_event_;  ///< the newest record, if others may merge with it

  // The CMD_SYNC or ATC_INV that the command queue waits for.
  enum class Sync : std::uint8_t { none, translations, connections, records, signal };
  Sync sync_ = Sync::none;
  arch::Command sync_command_;
  bool translations_kept_ = false;  ///< TBUs may hold some: the SMMU has been on since the last time none did
  bool invalidated_ = false;        ///< a TLBI or CFGI since the last CMD_SYNC
  bool atc_invalidated_ = false;    ///< an ATC_INV since the last CMD_SYNC
  std::uint64_t sync_records_ = 0;  ///< event records of transactions terminated before the CMD_SYNC
  bool invalidation_waiting_ = false;  ///< a TLBI waits until the walk cache has taken enough of it
  bool atc_error_ = false;             ///< a device did not answer an ATC_INV
  bool sync_connecting_ = false;       ///< the connections have not confirmed yet
  std::uint32_t atc_outstanding_ = 0;
  sc_core::sc_event atc_alarm_;         ///< at the first deadline of those and of a held ATC_INV
  std::optional<arch::Command> held_;   ///< an invalidation without a token, or an ATC_INV without an ITag
  engine::Picoseconds held_until_ = 0;  ///< the ATC_INV; then it is given up unsent

  // A change of SMMUEN or ATSCHK.
  enum class Rules : std::uint8_t { in_force, tokens, translations, connections };
  Rules rules_ = Rules::in_force;
  bool rules_connecting_ = false;

  // DTI SYNC_REQs, all to TBUs or all to root ports.
  struct ConnectionSync {
    bool root_ports = false;
    bool* pending = nullptr;
  };
  engine::Ring<ConnectionSync> connection_syncs_;  ///< the front one is under way; at most one a user
  std::uint32_t connection_syncs_acks_ = 0;
  std::uint16_t sync_id_ = 0;

  std::uint64_t requests_ = 0, ats_requests_ = 0, stalls_ = 0, stall_retries_ = 0, resumes_ = 0,
                events_merged_ = 0, page_responses_ = 0, page_requests_discarded_ = 0, auto_responses_ = 0,
                prefetches_begun_ = 0, prefetches_dropped_ = 0, atc_invalidations_ = 0, atc_timeouts_ = 0,
                atc_late_completions_ = 0, itag_stalls_ = 0, token_stalls_ = 0, sevs_ = 0;
};

}  // namespace svasim::smmu
