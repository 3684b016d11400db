// The TCU's commands and what CMD_SYNC and control changes wait for. See tcu.hpp.
#include <algorithm>

#include "models/smmu/tcu_port.hpp"

namespace svasim::smmu {
namespace {

/// Every configuration, and the translations made by it.
arch::Command forget_everything() {
  arch::Command command;
  command.opcode = arch::Opcode::cfgi_ste_range;
  command.range = arch::kCfgiAllRange;
  return command;
}

}  // namespace

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
    case Opcode::prefetch_addr: prefetch(command); break;
    default: return invalidate(command);
  }
  return Progress::done;
}

void Tcu::command_error(arch::CommandError) { on_global_error(arch::gerror::kCmdq); }

/// Hints, done when there is nothing else to translate: they fill the TCU's caches. What does not fit the
/// queue is dropped, and so is everything while the SMMU is off.
void Tcu::prefetch(const arch::Command& command) {
  if (!context_.state.smmu_enabled) return;
  const bool config = command.opcode == arch::Opcode::prefetch_config;
  const std::uint64_t pages = config ? 1 : std::uint64_t{1} << command.size;
  for (std::uint64_t i = 0; i < pages; ++i) {
    if (prefetches_.size() >= prefetch_queue_) {
      prefetches_dropped_ += pages - i;
      break;
    }
    Pending pending;
    pending.goal = config ? Goal::prefetch_config : Goal::prefetch_page;
    pending.request.flow = arch::dti::Flow::no_stall;
    pending.request.stream = command.stream;
    pending.request.substream = command.substream;
    pending.request.va = arch::Va(command.address + (i << (arch::kPageShift + command.stride)));
    prefetches_.push_back(pending);
  }
  schedule_dispatch();
}

/// The TBUs are told at once, so each must have a place for it.
CommandExecutor::Progress Tcu::invalidate(const arch::Command& command) {
  if (!token_at_every_tbu()) return hold(command, token_stalls_);
  if (on_invalidate) on_invalidate(command);
  invalidated_ = true;
  translator_.invalidate(command);
  broadcast(command);
  invalidation_waiting_ = !translator_.walk_cache().accepts_invalidations();
  return invalidation_waiting_ ? Progress::wait : Progress::done;
}

bool Tcu::token_at_every_tbu() const {
  return std::all_of(ports_.begin(), ports_.end(),
                     [](const auto& port) { return port->root_port || port->invalidation_tokens != 0; });
}

void Tcu::broadcast(const arch::Command& command) {
  for (const auto& port : ports_) {
    if (port->root_port) continue;
    --port->invalidation_tokens;
    arch::dti::Downstream message;
    message.kind = arch::dti::Downstream::Kind::inv_req;
    message.command = command;
    port->to.send(message);
  }
}

/// What nobody was asked to accept is ignored.
void Tcu::invalidation_accepted(Port& port) {
  if (port.invalidation_tokens == invalidation_tokens_) return;
  ++port.invalidation_tokens;
  advance();  // a control change first: commands may go on for ever
  release_held();
}

CommandExecutor::Progress Tcu::hold(const arch::Command& command, std::uint64_t& stalls) {
  ++stalls;
  held_ = command;
  held_until_ = calendar_.now() + atc_timeout_;
  if (command.opcode == arch::Opcode::atc_inv) arm_atc_alarm();
  return Progress::wait;
}

/// A token or an ITag has come free: the command that waits tries again.
void Tcu::release_held() {
  if (!held_) return;
  if (held_->opcode == arch::Opcode::atc_inv) {
    const Port* port = root_port_of(held_->stream);
    if (port != nullptr && (port->free_itag() == Port::kItags || port->invalidation_tokens == 0)) return;
  } else if (!token_at_every_tbu()) {
    return;
  }
  const arch::Command command = *held_;
  held_.reset();
  if (execute(command) == Progress::done) commands.resume();
}

/// Needs an ITag of the function's root port and a token of the connection; ignored when the SMMU is off or
/// nobody is there.
CommandExecutor::Progress Tcu::atc_invalidate(const arch::Command& command) {
  Port* port = root_port_of(command.stream);
  if (port == nullptr || !context_.state.smmu_enabled) return Progress::done;
  const unsigned itag = port->free_itag();
  if (itag == Port::kItags) return hold(command, itag_stalls_);
  if (port->invalidation_tokens == 0) return hold(command, token_stalls_);
  if (on_invalidate) on_invalidate(command);
  ++atc_invalidations_;
  --port->invalidation_tokens;
  port->itags |= 1u << itag;
  port->deadlines[itag] = calendar_.now() + atc_timeout_;
  if (atc_outstanding_++ == 0) arm_atc_alarm();
  atc_invalidated_ = true;
  arch::dti::Downstream message;
  message.kind = arch::dti::Downstream::Kind::atc_inv;
  message.id = static_cast<std::uint16_t>(itag);
  message.command = command;
  message.stream = command.stream;
  message.substream = command.substream;
  port->to.send(message);
  return Progress::done;
}

/// The completion of an ATC invalidation. Of one given up it only frees the ITag, so that it cannot end a
/// later one's; what nobody asked for is ignored.
void Tcu::atc_invalidated(Port& port, std::uint16_t itag, bool error) {
  if (itag >= Port::kItags || (port.itags >> itag & 1) == 0) return;
  const std::uint32_t bit = 1u << itag;
  const bool late = (port.lost_itags & bit) != 0;
  port.itags &= ~bit;
  port.lost_itags &= ~bit;
  if (late) {
    ++atc_late_completions_;
  } else {
    atc_error_ |= error;
    atc_timeouts_ += error;
    if (--atc_outstanding_ == 0) arm_atc_alarm();
  }
  release_held();
  advance();
}

/// At the first deadline there is; without one it is withdrawn.
void Tcu::arm_atc_alarm() {
  constexpr engine::Picoseconds kNever = ~engine::Picoseconds{0};
  engine::Picoseconds next = held_ && held_->opcode == arch::Opcode::atc_inv ? held_until_ : kNever;
  for (const auto& port : ports_) {
    for (unsigned itag = 0; itag < Port::kItags; ++itag) {
      if (((port->itags & ~port->lost_itags) >> itag & 1) != 0) next = std::min(next, port->deadlines[itag]);
    }
  }
  atc_alarm_.cancel();
  if (next == kNever) return;
  const engine::Picoseconds now = calendar_.now();
  atc_alarm_.notify(sc_core::sc_time::from_value(std::max(next, now) - now));
}

/// An event of its own and not the calendar's: it is withdrawn when everybody has answered. Acts at the next
/// edge, where the order of arrivals is defined.
void Tcu::atc_time_is_up() {
  calendar_.post<&Tcu::give_up_atc>(clock_.after(calendar_.now()), {block_, kCommands}, this);
}

void Tcu::give_up_atc(std::uint64_t) {
  const engine::Picoseconds now = calendar_.now();
  const auto give_up = [this] {
    ++atc_timeouts_;
    atc_error_ = true;
  };
  for (const auto& port : ports_) {
    for (unsigned itag = 0; itag < Port::kItags; ++itag) {
      if (((port->itags & ~port->lost_itags) >> itag & 1) == 0 || port->deadlines[itag] > now) continue;
      port->lost_itags |= 1u << itag;
      --atc_outstanding_;
      give_up();
    }
  }
  if (held_ && held_->opcode == arch::Opcode::atc_inv && held_until_ <= now) {
    held_.reset();
    give_up();
    commands.resume();
  }
  arm_atc_alarm();
  advance();
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
  port->to.send(message);
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
    if (invalidated_) synchronise(false, sync_connecting_);
    invalidated_ = false;
  }
  if (sync_ == Sync::connections) {
    if (sync_connecting_ || atc_outstanding_ != 0) return;
    if (atc_invalidated_) {  // the devices have answered: now what they sent before must be observable
      atc_invalidated_ = false;
      synchronise(true, sync_connecting_);
      if (sync_connecting_) return;
    }
    sync_ = Sync::records;
  }
  if (sync_ != Sync::records || !events.settled(sync_records_)) return;
  sync_ = Sync::signal;
  signal_sync();
}

/// Has the TBUs or the root ports finish what came before; `pending` is true until all of them have.
void Tcu::synchronise(bool root_ports, bool& pending) {
  pending = true;
  connection_syncs_.push_back({root_ports, &pending});
  if (connection_syncs_.size() == 1) send_syncs();
}

/// One at a time: a connection answers one before it is asked again.
void Tcu::send_syncs() {
  while (!connection_syncs_.empty() && connection_syncs_acks_ == 0) {
    ++sync_id_;
    for (const auto& port : ports_) {
      if (port->root_port != connection_syncs_.front().root_ports) continue;
      ++connection_syncs_acks_;
      arch::dti::Downstream message;
      message.kind = arch::dti::Downstream::Kind::sync_req;
      message.id = sync_id_;
      port->to.send(message);
    }
    if (connection_syncs_acks_ == 0) *connection_syncs_.pop_front().pending = false;  // nobody is connected
  }
}

void Tcu::connection_synced() {
  if (connection_syncs_acks_ == 0 || --connection_syncs_acks_ != 0) return;
  *connection_syncs_.pop_front().pending = false;
  send_syncs();
  advance();
}

void Tcu::signal_sync() {
  if (atc_error_) {
    atc_error_ = false;
    sync_ = Sync::none;
    commands.resume(arch::CommandError::atc_invalidate_sync);
    return;
  }
  const bool irq = sync_command_.signal == arch::SyncSignal::irq;
  const bool msi = irq && context_.features.msi && sync_command_.msi_address != 0;
  if (irq && !msi) interrupts.raise(Interrupt::command_sync);
  if (sync_command_.signal == arch::SyncSignal::sev && context_.features.sev) {
    ++sevs_;
    if (on_send_event) on_send_event();
  }
  if (on_sync_complete) on_sync_complete(sync_command_);
  // The MSI is a write like any other; CONS moves on when it is observable.
  if (msi) {
    const std::uint32_t data = sync_command_.msi_data;
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

// --- control changes: translations begun under the old rules end, then the TBUs confirm
// ---------------------------------------------------------------------------------------------------

void Tcu::translation_rules_changed() {
  translator_.invalidate(forget_everything());
  invalidated_ |= translations_kept_;
  rules_ = translations_kept_ ? Rules::tokens : Rules::translations;
  translations_kept_ = context_.state.smmu_enabled;
  if (!context_.state.smmu_enabled) {
    prefetches_.clear();
    unrecorded_.clear();
    stall_table_.for_each_live([&](Stalled& s) { end_stall(s, arch::ResumeAction::abort, true); });
  }
  advance();
}

bool Tcu::in_force() const {
  return rules_ == Rules::in_force && (events.enabled() || events.idle()) &&
         (page_requests.enabled() || page_requests.idle()) && (commands.enabled() || commands.idle());
}

void Tcu::advance_rules() {
  if (rules_ == Rules::tokens && token_at_every_tbu()) {
    rules_ = Rules::translations;
    broadcast(forget_everything());
  }
  if (rules_ == Rules::translations && translator_.settled(translator_.epoch())) {
    rules_ = Rules::connections;
    synchronise(false, rules_connecting_);
  }
  if (rules_ == Rules::connections && !rules_connecting_) rules_ = Rules::in_force;
}

void Tcu::advance() {
  advance_sync();
  advance_rules();
  if (on_progress) on_progress();
}

// --- reset
// ---------------------------------------------------------------------------------------------------

bool Tcu::quiet() const {
  const auto idle = [this](const auto& port) {
    return port->requests.empty() && port->invalidation_tokens == invalidation_tokens_;
  };
  return translator_.occupied() == 0 && translator_.blocked() == 0 && stall_table_.live() == 0 &&
         retries_.empty() && overflowed_.empty() && prefetches_.empty() &&
         std::all_of(ports_.begin(), ports_.end(), idle) && commands.idle() && events.idle() &&
         page_requests.idle() && interrupts.idle() && sync_ == Sync::none && connection_syncs_.empty() &&
         atc_outstanding_ == 0 && !held_ && memory.outstanding() == 0;
}

void Tcu::forget_translations() {
  arch::Command command = forget_everything();
  translator_.invalidate(command);
  for (const auto opcode : {arch::Opcode::tlbi_nsnh_all, arch::Opcode::tlbi_el2_all}) {
    command.opcode = opcode;
    translator_.invalidate(command);
  }
}

void Tcu::reset() {
  commands.reset();
  events.reset();
  page_requests.reset();
  last_event_.reset();
  rules_ = Rules::in_force;
  translations_kept_ = invalidated_ = atc_invalidated_ = atc_error_ = false;
}

}  // namespace svasim::smmu
