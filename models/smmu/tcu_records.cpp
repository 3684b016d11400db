// The records the TCU makes: events, stalls, page requests. See tcu.hpp.
#include <algorithm>

#include "models/smmu/tcu_port.hpp"

namespace svasim::smmu {
namespace {

arch::PageRequest page_request_of(const arch::dti::Upstream& message) {
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
  return request;
}

}  // namespace

// --- events and stalls
// ---------------------------------------------------------------------------------------------------------

/// Parks the request under a new STAG and records the event; false if no STAG is free.
bool Tcu::stall(const Pending& pending, const arch::Fault& fault) {
  if (stall_table_.full()) return false;
  const engine::Picoseconds now = calendar_.now();
  const arch::dti::Upstream& request = pending.request;
  Stalled& stalled = stall_table_.park(pending);
  if (recorder_ != nullptr && request.transaction != nullptr) {
    request.transaction->timeline.translation_failed(now);
    stalled.fault = &recorder_->open_fault(
        now, probe::Stage::fault_record, {probe::FaultKind::stall, raw(request.stream), stalled.stag},
        request.transaction->device, request.substream.value, request.va.aligned(arch::kPageShift).value);
    stalled.fault->attach(*request.transaction, now);
  }
  stalled.event = fault.event(request.stream, request.substream, request.va, request.access);
  stalled.event.stall = true;
  stalled.event.stag = stalled.stag;
  if (unrecorded_.empty() && events.writable()) {
    record_stall(stalled);
  } else {
    unrecorded_.push_back({stalled.stag, stalled.serial});
  }
  return true;
}

void Tcu::record_stall(Stalled& stalled) {
  ++stalls_;
  stalled.recorded = true;
  if (on_event) on_event(stalled.event);
  OutputQueue::Record record = to_record(stalled.event);
  record.owner = stalled.serial;
  record.fault = probe::FaultKey{probe::FaultKind::stall, raw(stalled.event.stream), stalled.stag};
  events.push(record);
  last_event_.reset();
}

/// The queue has room again. A stall that an invalidation came after is translated again first: its fault may
/// be history, and software that has synchronised must not be told of it.
void Tcu::record_stalls() {
  while (!unrecorded_.empty() && events.writable()) {
    const Unrecorded next = unrecorded_.pop_front();
    Stalled* stalled = stall_table_.find(next.stag, next.serial);
    if (stalled == nullptr) continue;  // terminated meanwhile
    if (stalled->requests.front().epoch == translator_.epoch()) {
      record_stall(*stalled);
    } else {
      ++stall_retries_;
      end_stall(*stalled, arch::ResumeAction::retry, false);
    }
  }
}

/// A stall is told again when the queue is writable; other events are gone.
void Tcu::event_lost(const OutputQueue::Record& record) {
  last_event_.reset();
  const arch::Event event = arch::decode_event(record.words);
  if (!event.stall) return;
  Stalled* stalled = stall_table_.find(event.stag, record.owner);
  if (stalled == nullptr) return;
  --stalls_;
  stalled->recorded = false;
  unrecorded_.push_back({stalled->stag, stalled->serial});
}

OutputQueue::Record Tcu::to_record(const arch::Event& event) {
  OutputQueue::Record record;
  record.words = arch::encode(event);
  record.va = event.input_address.value;
  return record;
}

/// The record of a transaction that has been terminated: merged with the newest one if software has not
/// consumed that yet and it says the same, lost if there is no room.
void Tcu::record(const arch::Event& event, bool mev) {
  if (on_event) on_event(event);
  if (merge_events_ && last_event_ && events.newest_unread() && arch::may_merge(*last_event_, event, mev)) {
    ++events_merged_;
    return;
  }
  if (events.push(to_record(event))) {
    last_event_ = event;
  } else if (events.enabled()) {
    events.note_overflow();
  }
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

// --- page requests
// ----------------------------------------------------------------------------------------------------

void Tcu::page_request(Port& port, const arch::dti::Upstream& message) {
  const arch::PageRequest request = page_request_of(message);
  const arch::PriQueueState queue{context_.state.smmu_enabled && page_requests.enabled(), false,
                                  page_requests.full(), page_requests.overflowed()};
  const arch::PriDecision decision = decide(request, queue, context_.features);
  if (decision.overflow) page_requests.note_overflow();
  if (decision.action != arch::PriDecision::Action::queue) return discard(port, message, decision);
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

void Tcu::discard(Port& port, const arch::dti::Upstream& message, const arch::PriDecision& decision) {
  ++page_requests_discarded_;
  if (decision.action != arch::PriDecision::Action::respond) return;
  if (decision.needs_ste) {
    Pending pending{message, port.index};
    pending.goal = Goal::stream;
    overflowed_.push_back(pending);
    schedule_dispatch();
    return;
  }
  auto_respond(port, page_request_of(message), decision);
}

/// The STE that says how to answer a page request, or that there is none.
void Tcu::stream_found(const Pending& pending, const arch::Ste* ste) {
  arch::PriDecision decision;
  decision.action = arch::PriDecision::Action::respond;
  decision.needs_ste = true;
  auto_respond(*ports_[pending.port], page_request_of(pending.request), settle_response(decision, ste));
}

/// Accepted, but its write aborted, or one before it.
void Tcu::page_request_lost(const OutputQueue::Record& record) {
  const arch::PageRequest request = arch::decode_page_request({record.words[0], record.words[1]});
  Port* port = root_port_of(request.stream);
  const arch::PriDecision decision = decide(request, {}, context_.features);
  if (port != nullptr && decision.action == arch::PriDecision::Action::respond) {
    auto_respond(*port, request, decision);
  }
}

void Tcu::auto_respond(Port& port, const arch::PageRequest& request, const arch::PriDecision& decision) {
  ++auto_responses_;
  if (recorder_ != nullptr) {
    recorder_->enter({probe::FaultKind::pri, raw(request.stream), request.prg_index},
                     probe::Stage::prg_response, calendar_.now());
  }
  arch::dti::Downstream response;
  response.kind = arch::dti::Downstream::Kind::page_resp;
  response.stream = request.stream;
  if (decision.with_pasid) response.substream = request.substream;
  response.group = request.prg_index;
  response.response = static_cast<std::uint8_t>(decision.code);
  port.to.send(response);
}

}  // namespace svasim::smmu
