// The translation control unit: answers translation requests of TBUs and root ports over DTI, runs the
// command queue, writes the event and PRI queues, and keeps the stalled transactions. Its parts are
// Translator, CommandQueue, OutputQueue and StallTable; this class is where they meet.
#pragma once

#include <cstdint>
#include <memory>
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
    kMemory,
    kWalkCache,
    kPipeline,
    kCommands,
    kRegisterTimer,
    kRegisterPort,
    kFirstPort,
    kDispatch = 255  ///< after the ports: it arbitrates between all that is there
  };
  const std::uint16_t block_;  ///< before the sockets, whose inlets are this block's

 public:
  Tcu(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock, const TcuConfig& config,
      const Context& context, std::unique_ptr<arch::WalkCache> walk_cache, probe::Recorder* recorder);
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
  /// Where the register file's work belongs in the TCU's order of events.
  engine::Inlet register_port_inlet() const { return {block_, kRegisterPort}; }
  engine::Inlet register_timer_inlet() const { return {block_, kRegisterTimer}; }

  std::function<void(std::uint32_t bits)> on_global_error;     ///< GERROR bits that become active
  std::function<void(const arch::Command&)> on_sync_complete;  ///< for the checker
  std::function<void(const arch::Command&)> on_invalidate;  ///< for the checker: TLBI, CFGI, ATC_INV executed
  std::function<void(const arch::Event&)> on_event;         ///< every event record made, dropped ones too

  template <class Visit>
  void counters(Visit&& visit) const {
    visit("translation_requests", requests_);
    visit("ats_requests", ats_requests_);
    translator_.counters(visit);
    visit("events_written", events.written());
    visit("events_dropped", events.dropped());
    visit("eventq_peak", std::uint64_t{events.depth_peak()});
    visit("page_requests_written", page_requests.written());
    visit("page_requests_dropped", page_requests.dropped());
    visit("priq_peak", std::uint64_t{page_requests.depth_peak()});
    visit("stalls", stalls_);
    visit("stalls_peak", std::uint64_t{stall_table_.peak()});
    visit("resumes", resumes_);
    visit("page_responses", page_responses_);
    visit("commands", commands.consumed());
    visit("syncs", commands.syncs());
    visit("interrupts", interrupts.raised());
    visit("memory_accesses", memory.accesses());
    visit("memory_queue_peak", std::uint64_t{memory.queue_peak()});
  }
  /// Translations in progress, stalled transactions: for the watchdog.
  std::size_t translating() const { return translator_.occupied(); }
  std::size_t stalled() const { return stall_table_.live(); }

 private:
  struct Port;

  void attach(DtiUp& from, DtiDown& to, bool root_port);
  void dispatch(std::uint64_t);
  void schedule_dispatch();
  Port* root_port_of(arch::StreamId stream);

  // TranslationClient.
  void translated(const Pending&, const arch::StreamConfig&, const arch::TranslationResult&,
                  bool keep) override;
  bool faulted(const Pending&, const arch::Fault&) override;
  bool park_behind_stall(const Pending&) override;
  void retry(const Pending& pending) override { retries_.push_back(pending); }
  void translation_ended() override;

  bool stall(const Pending&, const arch::Fault&);
  void answer_fault(const Pending&, bool raz);
  void record(const arch::Event&, bool keep);

  // CommandExecutor.
  Progress execute(const arch::Command&) override;
  void command_error(arch::CommandError) override;

  void broadcast_invalidate(const arch::Command&);
  Progress invalidate(const arch::Command&);
  Progress atc_invalidate(const arch::Command&);
  void respond_to_page_request(const arch::Command&);
  void resume_stalled(const arch::Command&);
  void end_stall(Stalled& stalled, arch::ResumeAction action, bool all);
  Progress begin_sync(const arch::Command&);
  void advance_sync();
  void send_sync(bool root_ports);
  void signal_sync();
  void sync_signalled(engine::Payload& payload, std::uint64_t);

  // DTI messages that are no translation requests.
  void page_request(Port& port, const arch::dti::Upstream&);
  void auto_respond(Port& port, const arch::PageRequest&, arch::PrgResponseCode code, bool with_pasid);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  const Context& context_;
  probe::Recorder* recorder_;  ///< may be null: no instrumentation
  StallTable stall_table_;
  Translator translator_;
  std::vector<std::unique_ptr<Port>> ports_;
  engine::Ring<Pending> retries_;  ///< resumed; bounded by the translation tokens
  std::size_t next_port_ = 0;
  bool dispatch_scheduled_ = false;
  engine::Picoseconds dispatch_free_ = 0;

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
  std::uint16_t sync_id_ = 0;
  std::uint32_t sync_acks_ = 0;
  std::uint32_t atc_outstanding_ = 0;
  bool atc_waiting_ = false;  ///< an ATC_INV waits for an ITag
  arch::Command atc_command_;

  std::uint64_t requests_ = 0, ats_requests_ = 0, stalls_ = 0, resumes_ = 0, page_responses_ = 0;
};

}  // namespace svasim::smmu
