// See tcu.hpp.
#include "models/smmu/tcu.hpp"

#include <algorithm>

#include "models/arch/ats_answer.hpp"
#include "models/arch/pri.hpp"

namespace svasim::smmu {
namespace {

constexpr unsigned kItags = 32;  ///< PCIe: a 5-bit ITag per requester

arch::AtsRequest ats_request(const arch::dti::Upstream& request) {
  arch::AtsRequest ats;
  ats.substream = request.substream;
  ats.va = request.va;
  ats.no_write = !request.access.write;
  ats.execute = request.access.instruction;
  ats.privileged = request.access.privileged;
  return ats;
}

}  // namespace

/// One DTI connection.
struct Tcu::Port {
  Tcu& tcu;
  DtiUp& from;
  DtiDown& to;
  std::uint8_t index;
  bool root_port;
  StreamRange streams;  ///< of a root port
  engine::Ring<arch::dti::Upstream> requests;  ///< bounded by the connection's translation tokens
  std::uint32_t itags = 0;                     ///< outstanding ATC invalidations, a bit each

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
      case Kind::sync_ack:
        --tcu.sync_acks_;
        tcu.advance_sync();
        break;
      case Kind::inv_comp:
        itags &= ~(1u << message.id);
        --tcu.atc_outstanding_;
        tcu.atc_error_ |= message.error;
        if (tcu.atc_waiting_) {
          tcu.atc_waiting_ = tcu.atc_invalidate(tcu.atc_command_) == Progress::wait;
          if (!tcu.atc_waiting_) tcu.commands.resume();
        }
        tcu.advance_sync();
        break;
    }
  }
};

Tcu::Tcu(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
         const TcuConfig& config, const Context& context, std::unique_ptr<arch::WalkCache> walk_cache,
         probe::Recorder* recorder)
    : sc_core::sc_module(name),
      block_(calendar.add_block()),
      memory("memory", calendar, clock, {block_, kMemory}, config.bus_bytes),
      interrupts(memory),
      commands(calendar, clock, {block_, kCommands}, memory, *this, context.features),
      events(memory, interrupts, Interrupt::event_queue, arch::kLog2EventBytes),
      page_requests(memory, interrupts, Interrupt::page_request_queue, arch::kLog2PageRequestBytes),
      calendar_(calendar),
      clock_(clock),
      context_(context),
      recorder_(recorder),
      stall_table_(config.stall_max),
      translator_(calendar, clock, {{block_, kPipeline}, {block_, kWalkCache}}, config, context, memory,
                  std::move(walk_cache), *this) {
  const auto visible = [this](const OutputQueue::Record& record) {
    probe::Fault* fault =
        record.fault && recorder_ != nullptr ? recorder_->find(*record.fault, record.va) : nullptr;
    if (fault != nullptr) fault->enter(probe::Stage::interrupt, calendar_.now());
  };
  events.on_visible = visible;
  page_requests.on_visible = visible;
  events.on_progress = [this] { advance_sync(); };
  page_requests.on_dropped = [this](const OutputQueue::Record& record) {
    const arch::PageRequest request = arch::decode_page_request({record.words[0], record.words[1]});
    Port* port = root_port_of(request.stream);
    if (port == nullptr || !request.last || request.stop_marker()) return;
    auto_respond(*port, request, arch::PrgResponseCode::failure, false);
  };
  events.on_write_abort = [this] { on_global_error(arch::gerror::kEventqAbort); };
  page_requests.on_write_abort = [this] { on_global_error(arch::gerror::kPriqAbort); };
  interrupts.on_abort = [this](Interrupt interrupt) {
    static constexpr std::uint32_t kBits[kInterrupts] = {
        arch::gerror::kMsiEventqAbort, arch::gerror::kMsiPriqAbort, arch::gerror::kMsiCmdqAbort,
        arch::gerror::kMsiGerrorAbort};
    on_global_error(kBits[static_cast<std::size_t>(interrupt)]);
  };
}

Tcu::~Tcu() = default;

void Tcu::attach(DtiUp& from, DtiDown& to, bool root_port) {
  const auto index = static_cast<std::uint8_t>(ports_.size());
  ports_.push_back(std::unique_ptr<Port>(new Port{*this, from, to, index, root_port, arch::StreamId{}, {}, 0}));
  from.bind<&Port::receive>({block_, static_cast<std::uint8_t>(kFirstPort + index)}, ports_.back().get());
}

void Tcu::attach_root_port(DtiUp& from, DtiDown& to, StreamRange streams) {
  attach(from, to, true);
  ports_.back()->streams = streams;
}

Tcu::Port* Tcu::root_port_of(arch::StreamId stream) {
  for (const auto& port : ports_) {
    if (port->root_port && port->streams.contains(stream)) return port.get();
  }
  return nullptr;
}

// --- dispatch: one request a cycle into a free slot; retries first, then the ports in turn
// ---------------------------

void Tcu::schedule_dispatch() {
  if (dispatch_scheduled_ || !translator_.slot_free()) return;
  const bool any = !retries_.empty() || std::any_of(ports_.begin(), ports_.end(),
                                                    [](const auto& port) { return !port->requests.empty(); });
  if (!any) return;
  dispatch_scheduled_ = true;
  calendar_.post<&Tcu::dispatch>(std::max(calendar_.now(), dispatch_free_), {block_, kDispatch}, this);
}

void Tcu::dispatch(std::uint64_t) {
  dispatch_scheduled_ = false;
  if (!translator_.slot_free()) return;
  if (!retries_.empty()) {
    translator_.start(retries_.pop_front());
  } else {
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      Port& port = *ports_[(next_port_ + i) % ports_.size()];
      if (port.requests.empty()) continue;
      next_port_ = port.index + 1u;
      translator_.start({port.requests.pop_front(), port.index});
      break;
    }
  }
  dispatch_free_ = calendar_.now() + clock_.period();
  schedule_dispatch();
}

// --- outcomes
// ---------------------------------------------------------------------------------------------------------

void Tcu::translated(const Pending& pending, const arch::StreamConfig& config,
                     const arch::TranslationResult& result, bool keep) {
  const arch::dti::Upstream& request = pending.request;
  if (request.transaction != nullptr) {
    if (request.flow != arch::dti::Flow::ats)
      request.transaction->timeline.translation_succeeded(calendar_.now());
    request.transaction->timeline.enter(probe::Stage::dti_back, calendar_.now());
  }
  arch::dti::Downstream answer;
  answer.id = request.id;
  answer.do_not_cache = !keep || !context_.state.smmu_enabled;
  if (request.flow == arch::dti::Flow::ats) {
    answer.kind = arch::dti::Downstream::Kind::ats_resp;
    answer.ats = arch::ats_answer(ats_request(request), config, result);
  } else {
    answer.kind = arch::dti::Downstream::Kind::trans_resp;
    answer.bypass = request.address_type == arch::AddressType::translated && config.global_bypass;
    answer.result = result;
    answer.access_override = config.access_override;
  }
  ports_[pending.port]->to.send(answer, arch::dti::kTransRespBytes);
}

bool Tcu::faulted(const Pending& pending, const arch::Fault& fault) {
  const arch::dti::Upstream& request = pending.request;
  if (fault.termination == arch::Termination::stall) {
    if (context_.state.smmu_enabled) return stall(pending, fault);
    if (request.transaction != nullptr) request.transaction->timeline.translation_failed(calendar_.now());
    answer_fault(pending, false);
    return true;
  }
  if (fault.recorded) {
    record(fault.event(request.stream, request.substream, request.va, request.access), false);
  }
  if (request.flow == arch::dti::Flow::ats) {
    if (request.transaction != nullptr)
      request.transaction->timeline.enter(probe::Stage::dti_back, calendar_.now());
    arch::dti::Downstream answer;
    answer.kind = arch::dti::Downstream::Kind::ats_resp;
    answer.id = request.id;
    answer.ats = arch::ats_answer(ats_request(request), fault);
    ports_[pending.port]->to.send(answer, arch::dti::kTransRespBytes);
  } else {
    if (request.transaction != nullptr) request.transaction->timeline.translation_failed(calendar_.now());
    answer_fault(pending, fault.termination == arch::Termination::raz_wi);
  }
  return true;
}

void Tcu::answer_fault(const Pending& pending, bool raz) {
  if (probe::Transaction* transaction = pending.request.transaction) {
    transaction->timeline.enter(probe::Stage::dti_back, calendar_.now());
  }
  arch::dti::Downstream answer;
  answer.kind = arch::dti::Downstream::Kind::trans_fault;
  answer.id = pending.request.id;
  answer.raz = raz;
  ports_[pending.port]->to.send(answer, arch::dti::kTransFaultBytes);
}

/// Parks the request under a new STAG and records the event; false if no STAG is free.
bool Tcu::stall(const Pending& pending, const arch::Fault& fault) {
  if (stall_table_.full()) return false;
  const engine::Picoseconds now = calendar_.now();
  const arch::dti::Upstream& request = pending.request;
  Stalled& stalled = stall_table_.park(pending);
  ++stalls_;
  stalled.fault = nullptr;
  if (recorder_ != nullptr && request.transaction != nullptr) {
    request.transaction->timeline.translation_failed(now);
    stalled.fault = &recorder_->open_fault(
        now, probe::Stage::fault_record, {probe::FaultKind::stall, raw(request.stream), stalled.stag},
        request.transaction->device, request.substream.value, request.va.aligned(arch::kPageShift).value);
    stalled.fault->attach(*request.transaction, now);
  }
  arch::Event event = fault.event(request.stream, request.substream, request.va, request.access);
  event.stall = true;
  event.stag = stalled.stag;
  record(event, true);
  return true;
}

bool Tcu::park_behind_stall(const Pending& pending) {
  Stalled* stalled = stall_table_.find(pending.request);
  if (stalled == nullptr) return false;
  stalled->requests.push_back(pending);
  if (stalled->fault != nullptr && pending.request.transaction != nullptr) {
    pending.request.transaction->timeline.translation_failed(calendar_.now());
    stalled->fault->attach(*pending.request.transaction, calendar_.now());
  }
  return true;
}

void Tcu::record(const arch::Event& event, bool keep) {
  if (on_event) on_event(event);
  OutputQueue::Record record;
  record.words = arch::encode(event);
  record.keep = keep;
  if (event.stall) record.fault = probe::FaultKey{probe::FaultKind::stall, raw(event.stream), event.stag};
  record.va = event.input_address.value;
  events.push(record);
}

void Tcu::translation_ended() {
  schedule_dispatch();
  advance_sync();
  if (invalidation_waiting_ && translator_.walk_cache().accepts_invalidations()) {
    invalidation_waiting_ = false;
    commands.resume();
  }
}

// --- commands
// ---------------------------------------------------------------------------------------------------------

CommandExecutor::Progress Tcu::execute(const arch::Command& command) {
  using arch::Opcode;
  switch (command.opcode) {
    case Opcode::sync: return begin_sync(command);
    case Opcode::atc_inv: return atc_invalidate(command);
    case Opcode::pri_resp: respond_to_page_request(command); break;
    case Opcode::resume: resume_stalled(command); break;
    case Opcode::stall_term:
      stall_table_.for_each_live([&](Stalled& stalled) {
        if (stalled.requests.front().request.stream == command.stream)
          end_stall(stalled, arch::ResumeAction::abort, true);
      });
      break;
    case Opcode::prefetch_config:
    case Opcode::prefetch_addr: break;  // hints
    default: return invalidate(command);
  }
  return Progress::done;
}

void Tcu::command_error(arch::CommandError) { on_global_error(arch::gerror::kCmdq); }

CommandExecutor::Progress Tcu::invalidate(const arch::Command& command) {
  if (on_invalidate) on_invalidate(command);
  broadcast_invalidate(command);
  invalidation_waiting_ = !translator_.walk_cache().accepts_invalidations();
  return invalidation_waiting_ ? Progress::wait : Progress::done;
}

void Tcu::broadcast_invalidate(const arch::Command& command) {
  invalidated_ = true;
  translator_.invalidate(command);
  for (const auto& port : ports_) {
    if (port->root_port) continue;
    arch::dti::Downstream message;
    message.kind = arch::dti::Downstream::Kind::inv_req;
    message.command = command;
    port->to.send(message, arch::dti::kInvReqBytes);
  }
}

/// Needs an ITag of the function's root port; ignored when the SMMU is off or nobody is there.
CommandExecutor::Progress Tcu::atc_invalidate(const arch::Command& command) {
  Port* port = root_port_of(command.stream);
  if (port == nullptr || !context_.state.smmu_enabled) return Progress::done;
  const unsigned itag = port->itags == ~0u ? kItags : static_cast<unsigned>(__builtin_ctz(~port->itags));
  if (itag == kItags) {
    atc_waiting_ = true;
    atc_command_ = command;
    return Progress::wait;
  }
  if (on_invalidate) on_invalidate(command);
  port->itags |= 1u << itag;
  ++atc_outstanding_;
  atc_invalidated_ = true;
  arch::dti::Downstream message;
  message.kind = arch::dti::Downstream::Kind::atc_inv;
  message.id = static_cast<std::uint16_t>(itag);
  message.command = command;
  message.stream = command.stream;
  message.substream = command.substream;
  port->to.send(message, arch::dti::kInvReqBytes);
  return Progress::done;
}

void Tcu::respond_to_page_request(const arch::Command& command) {
  Port* port = root_port_of(command.stream);
  if (port == nullptr || !context_.state.smmu_enabled) return;
  ++page_responses_;
  if (recorder_ != nullptr) {
    recorder_->enter({probe::FaultKind::pri, raw(command.stream), command.prg_index},
                     probe::Stage::prg_response, calendar_.now());
  }
  arch::dti::Downstream message;
  message.kind = arch::dti::Downstream::Kind::page_resp;
  message.stream = command.stream;
  message.substream = command.substream;
  message.group = command.prg_index;
  message.response = static_cast<std::uint8_t>(arch::prg_response_code(command.response));
  port->to.send(message, arch::dti::kPageRespBytes);
}

/// An unknown StreamID and STAG pair has no effect and is no error.
void Tcu::resume_stalled(const arch::Command& command) {
  Stalled* stalled = stall_table_.find(command.stream, command.stag);
  if (stalled == nullptr) return;
  ++resumes_;
  const bool retry = (raw(command.action) & raw(arch::ResumeAction::retry)) != 0;  // Ac decides, then Ab
  end_stall(*stalled, retry ? arch::ResumeAction::retry : command.action, false);
}

/// What is parked behind the stalled transaction has no STAG of its own: unless `all` are to be terminated it
/// tries again, and may find a fault of its own.
void Tcu::end_stall(Stalled& stalled, arch::ResumeAction action, bool all) {
  const engine::Picoseconds now = calendar_.now();
  const bool retry = action == arch::ResumeAction::retry;
  if (stalled.fault != nullptr) {
    recorder_->close_fault(*stalled.fault, now, retry ? probe::Outcome::ok : probe::Outcome::aborted);
  }
  events.discard(
      [&](const OutputQueue::Record& record) { return record.fault && record.fault->token == stalled.stag; });
  for (std::size_t i = 0; i < stalled.requests.size(); ++i) {
    const Pending& pending = stalled.requests[i];
    if (!retry && (all || i == 0)) {
      answer_fault(pending, action == arch::ResumeAction::raz_wi && !context_.features.term_model);
      continue;
    }
    if (probe::Transaction* transaction = pending.request.transaction) {
      transaction->timeline.enter(probe::Stage::resume, now);
      transaction->rejoin_waiters(now);
    }
    retries_.push_back(pending);
  }
  stall_table_.release(stalled);
  translator_.release_blocked();
  schedule_dispatch();
}

// --- CMD_SYNC: translations begun before it, then TBUs and ATC invalidations, then root ports; then its
// signal
// -------------------------

CommandExecutor::Progress Tcu::begin_sync(const arch::Command& command) {
  sync_command_ = command;
  sync_records_ = events.accepted();
  sync_ = Sync::translations;
  advance_sync();
  return Progress::wait;
}

void Tcu::advance_sync() {
  if (sync_ == Sync::translations) {
    if (invalidated_ && !translator_.settled(translator_.epoch())) return;
    sync_ = Sync::connections;
    if (invalidated_) send_sync(false);
    invalidated_ = false;
  }
  if (sync_ == Sync::connections) {
    if (sync_acks_ != 0 || atc_outstanding_ != 0) return;
    if (atc_invalidated_) {  // the devices have answered: now what they sent before must be observable
      atc_invalidated_ = false;
      send_sync(true);
      if (sync_acks_ != 0) return;
    }
    sync_ = Sync::records;
  }
  if (sync_ != Sync::records || !events.settled(sync_records_)) return;
  sync_ = Sync::signal;
  signal_sync();
}

/// Asks the TBUs or the root ports to have finished what came before.
void Tcu::send_sync(bool root_ports) {
  ++sync_id_;
  for (const auto& port : ports_) {
    if (port->root_port != root_ports) continue;
    ++sync_acks_;
    arch::dti::Downstream message;
    message.kind = arch::dti::Downstream::Kind::sync_req;
    message.id = sync_id_;
    port->to.send(message, arch::dti::kShortBytes);
  }
}

void Tcu::signal_sync() {
  if (atc_error_) {
    atc_error_ = false;
    sync_ = Sync::none;
    commands.resume(arch::CommandError::atc_invalidate_sync);
    return;
  }
  const bool msi = sync_command_.signal == arch::SyncSignal::irq && sync_command_.msi_address != 0;
  const std::uint32_t data = sync_command_.msi_data;
  if (sync_command_.signal == arch::SyncSignal::irq && !msi) interrupts.raise(Interrupt::command_sync);
  if (on_sync_complete) on_sync_complete(sync_command_);
  // The MSI is a write like any other; CONS moves on when it is observable.
  if (msi) {
    memory.write<&Tcu::sync_signalled>(arch::Pa(sync_command_.msi_address), &data, sizeof data, this);
    return;
  }
  sync_ = Sync::none;
  commands.resume();
}

void Tcu::sync_signalled(engine::Payload& payload, std::uint64_t) {
  if (!payload.ok()) on_global_error(arch::gerror::kMsiCmdqAbort);
  sync_ = Sync::none;
  commands.resume();
}

// --- page requests
// ----------------------------------------------------------------------------------------------------

void Tcu::page_request(Port& port, const arch::dti::Upstream& message) {
  arch::PageRequest request;
  request.stream = message.stream;
  request.substream = message.substream;
  request.privileged = message.access.privileged;
  request.execute = message.access.instruction;
  request.read = message.page_read;
  request.write = message.page_write;
  request.last = message.last;
  request.prg_index = message.group;
  request.page = message.va.aligned(arch::kPageShift);
  if (!context_.state.smmu_enabled || !page_requests.enabled()) {
    // One response per group, and none to a stop marker (PCIe, page request services).
    if (request.last && !request.stop_marker()) {
      auto_respond(port, request, arch::PrgResponseCode::failure, false);
    }
    return;
  }
  if (page_requests.full() || page_requests.overflowed()) {
    // Dropped; the Last one of a group is answered Success so that the device asks again (SMMUv3, PRI queue
    // overflow).
    page_requests.note_overflow();
    if (request.last && !request.stop_marker()) {
      auto_respond(port, request, arch::PrgResponseCode::success, context_.features.pps);
    }
    return;
  }
  const probe::FaultKey key{probe::FaultKind::pri, raw(message.stream), message.group};
  probe::Fault* fault = recorder_ != nullptr ? recorder_->find(key, message.va.value) : nullptr;
  if (fault != nullptr) fault->enter(probe::Stage::fault_record, calendar_.now());
  OutputQueue::Record record;
  const arch::PageRequestWords words = arch::encode(request);
  std::copy(words.begin(), words.end(), record.words.begin());
  record.interrupt_hint = request.last;
  record.fault = key;
  record.va = message.va.value;
  page_requests.push(record);
}

void Tcu::auto_respond(Port& port, const arch::PageRequest& request, arch::PrgResponseCode code,
                       bool with_pasid) {
  if (recorder_ != nullptr) {
    recorder_->enter({probe::FaultKind::pri, raw(request.stream), request.prg_index},
                     probe::Stage::prg_response, calendar_.now());
  }
  arch::dti::Downstream response;
  response.kind = arch::dti::Downstream::Kind::page_resp;
  response.stream = request.stream;
  if (with_pasid) response.substream = request.substream;
  response.group = request.prg_index;
  response.response = static_cast<std::uint8_t>(code);
  port.to.send(response, arch::dti::kPageRespBytes);
}

void Tcu::translation_rules_changed() {
  arch::Command everything;
  everything.opcode = arch::Opcode::cfgi_ste_range;
  everything.range = arch::kCfgiAllRange;
  translations_kept_ ? broadcast_invalidate(everything) : translator_.invalidate(everything);
  translations_kept_ = context_.state.smmu_enabled;
  if (context_.state.smmu_enabled) return;
  stall_table_.for_each_live([&](Stalled& stalled) { end_stall(stalled, arch::ResumeAction::abort, true); });
}

}  // namespace svasim::smmu
