// See at_socket.hpp.
#include "models/engine/at_socket.hpp"

#include <algorithm>
#include <cstring>
#include <typeinfo>

namespace svasim::engine {
namespace {

std::uint64_t as_argument(Payload& payload) { return reinterpret_cast<std::uint64_t>(&payload); }
Payload& as_payload(std::uint64_t argument) { return *reinterpret_cast<Payload*>(argument); }

std::uint64_t response_bytes(const tlm::tlm_generic_payload& p) {
  return p.is_read() ? p.get_data_length() : 0;
}

/// Data read, as far as asked for.
void copy_enabled(Payload& from, tlm::tlm_generic_payload& to) {
  const unsigned char* const enables = to.get_byte_enable_ptr();
  if (enables == nullptr) {
    std::memcpy(to.get_data_ptr(), from.data(), from.bytes());
    return;
  }
  for (unsigned i = 0; i < from.bytes(); ++i) {
    if (enables[i % to.get_byte_enable_length()] == TLM_BYTE_ENABLED) to.get_data_ptr()[i] = from.data()[i];
  }
}

/// When a receiver sees a payload whose first beat it can take at `first`: the edge after it took the last
/// one, which needs a cycle for each and the sender to have sent it.
Picoseconds reception(Clock clock, Picoseconds first, Cycles count, const Payload& payload) {
  return clock.after(std::max(first + clock.span(count - 1), payload.last_beat));
}

}  // namespace

// --- initiator
// ------------------------------------------------------------------------------------------------------

AtInitiator::AtInitiator(const char* name, Calendar& calendar, Clock clock, Inlet inlet, unsigned width)
    : socket(name), calendar_(calendar), clock_(clock), inlet_(inlet), width_(width) {
  socket.bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
}

void AtInitiator::send(Payload& payload) {
  peak_.changes(calendar_.now(), queue_.size());
  queue_.push_back(&payload);
  if (refused_ == nullptr && !pumping_) pump();
}

void AtInitiator::pump(std::uint64_t) {
  pumping_ = false;
  const Picoseconds now = calendar_.now();
  if (refused_ != nullptr) return;
  if (queue_.empty()) {
    if (ready_ != nullptr) ready_(ready_object_);
    return;
  }
  peak_.changes(now, queue_.size());
  if (channel_free_ <= now) transmit(*queue_.pop_front(), now);
  if (refused_ == nullptr) schedule_pump();
}

void AtInitiator::transmit(Payload& payload, Picoseconds now) {
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  channel_free_ = clock_.later(now, beats(payload.request_bytes(), width_));
  payload.last_beat = now + clock_.span(beats(payload.request_bytes(), width_) - 1);
  refused_ = &payload;  // before the call: a target may send END_REQ from inside it
  const auto answer = socket->nb_transport_fw(payload, phase, delay);
  if (answer == tlm::TLM_ACCEPTED) return;
  refused_ = nullptr;
  if (answer == tlm::TLM_UPDATED && phase != tlm::BEGIN_RESP) return;
  // A foreign target that answers at once.
  calendar_.post<&AtInitiator::respond>(clock_.after(now + delay.value()), inlet_, this,
                                        as_argument(payload));
  if (answer == tlm::TLM_COMPLETED) return;
  phase = tlm::END_RESP;
  socket->nb_transport_fw(payload, phase, delay);
}

/// The next request, or the news that one may be sent, when the channel is free.
void AtInitiator::schedule_pump() {
  if (pumping_ || (queue_.empty() && ready_ == nullptr)) return;
  pumping_ = true;
  calendar_.post<&AtInitiator::pump>(channel_free_, inlet_, this);
}

tlm::tlm_sync_enum AtInitiator::nb_transport_bw(tlm::tlm_generic_payload& generic, tlm::tlm_phase& phase,
                                                sc_core::sc_time& delay) {
  auto& payload = static_cast<Payload&>(generic);
  const Picoseconds now = calendar_.now() + delay.value();
  if (refused_ == &payload) {  // END_REQ, or BEGIN_RESP that implies it
    refused_ = nullptr;
    channel_free_ = std::max(channel_free_, clock_.after(now));
    schedule_pump();
  }
  if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
  received_ = reception(clock_, std::max(now, received_), beats(response_bytes(payload), width_), payload);
  calendar_.post<&AtInitiator::respond>(received_, inlet_, this, as_argument(payload));
  return tlm::TLM_COMPLETED;
}

void AtInitiator::respond(std::uint64_t payload) { response_(object_, as_payload(payload)); }

// --- target
// ---------------------------------------------------------------------------------------------------------

/// Sets the error if this target does not take such a payload: not 1 to 4096 bytes, streaming, byte enables.
bool AtTarget::refuses(tlm::tlm_generic_payload& payload) const {
  const bool enables = payload.get_byte_enable_ptr() != nullptr;
  const std::uint64_t bytes = payload.get_data_length(), width = payload.get_streaming_width();
  if (bytes < 1 || bytes > 4096 || (width != 0 && width < bytes)) {
    payload.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
  } else if (enables && (!byte_enables_ || payload.get_byte_enable_length() == 0)) {
    payload.set_response_status(tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  } else {
    return false;
  }
  return true;
}

/// Somebody else's payload. For b_transport `done` wakes the caller; for nb_transport the answer goes back as
/// phases.
struct AtTarget::Foreign {
  tlm::tlm_generic_payload* theirs;
  Payload* ours;
  sc_core::sc_event* done;
};

AtTarget::AtTarget(const char* name, Calendar& calendar, Clock clock, Inlet inlet, unsigned width,
                   unsigned depth)
    : socket(name), calendar_(calendar), clock_(clock), inlet_(inlet), width_(width), free_(depth) {
  socket.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
}

AtTarget::~AtTarget() = default;

tlm::tlm_sync_enum AtTarget::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                             sc_core::sc_time& delay) {
  if (phase == tlm::BEGIN_REQ) return begin_request(payload, phase, delay.value());
  if (phase == tlm::END_RESP) {
    awaiting_end_response_ = false;
    if (!responses_.empty() && !pumping_) {
      pumping_ = true;
      calendar_.post<&AtTarget::pump_responses>(clock_.after(calendar_.now() + delay.value()), inlet_, this);
    }
    return tlm::TLM_COMPLETED;
  }
  return tlm::TLM_ACCEPTED;
}

tlm::tlm_sync_enum AtTarget::begin_request(tlm::tlm_generic_payload& generic, tlm::tlm_phase& phase,
                                           Picoseconds delay) {
  if (refuses(generic)) return tlm::TLM_COMPLETED;
  const bool ours = typeid(generic) == typeid(Payload);  // a final class
  Payload& payload = ours ? static_cast<Payload&>(generic) : adopt(generic, nullptr);
  const Picoseconds now = calendar_.now() + delay;
  if (!refused_.empty() || !take_place()) {
    refused_.push_back(&payload);
    return tlm::TLM_ACCEPTED;
  }
  schedule_arrival(payload, now);
  phase = tlm::END_REQ;
  return tlm::TLM_UPDATED;
}

bool AtTarget::take_place() {
  if (free_ == 0) return false;
  --free_;
  return true;
}

void AtTarget::schedule_arrival(Payload& payload, Picoseconds sent) {
  received_ = reception(clock_, std::max(sent, received_), beats(payload.request_bytes(), width_), payload);
  calendar_.post<&AtTarget::arrive>(received_, inlet_, this, as_argument(payload));
}

void AtTarget::arrive(std::uint64_t payload) { request_(object_, as_payload(payload)); }

void AtTarget::release() {
  if (refused_.empty()) {
    ++free_;
    return;
  }
  Payload& payload = *refused_.pop_front();
  schedule_arrival(payload, calendar_.now());
  for (const auto& foreign : foreign_) {
    if (foreign->ours != &payload) continue;
    if (foreign->done == nullptr) {
      tlm::tlm_phase phase = tlm::END_REQ;
      sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
      socket->nb_transport_bw(*foreign->theirs, phase, delay);
    }
    return;
  }
  tlm::tlm_phase phase = tlm::END_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  socket->nb_transport_bw(payload, phase, delay);
}

void AtTarget::respond(Payload& payload) {
  responses_.push_back(&payload);
  if (!pumping_ && !awaiting_end_response_) pump_responses();
}

void AtTarget::pump_responses(std::uint64_t) {
  pumping_ = false;
  const Picoseconds now = calendar_.now();
  if (responses_.empty() || awaiting_end_response_) return;
  if (channel_free_ <= now) {
    Payload& payload = *responses_.pop_front();
    channel_free_ = clock_.later(now, beats(response_bytes(payload), width_));
    payload.last_beat = now + clock_.span(beats(response_bytes(payload), width_) - 1);
    finish(payload);
  }
  if (!responses_.empty() && !pumping_ && !awaiting_end_response_) {
    pumping_ = true;
    calendar_.post<&AtTarget::pump_responses>(channel_free_, inlet_, this);
  }
}

void AtTarget::finish(Payload& payload) {
  tlm::tlm_phase phase = tlm::BEGIN_RESP;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  const auto found = std::find_if(foreign_.begin(), foreign_.end(),
                                  [&](const auto& foreign) { return foreign->ours == &payload; });
  if (found == foreign_.end()) {
    socket->nb_transport_bw(payload, phase, delay);
    return;
  }
  const Foreign foreign = **found;
  foreign_.erase(found);
  tlm::tlm_generic_payload& theirs = *foreign.theirs;
  theirs.set_response_status(payload.get_response_status());
  if (payload.is_read()) copy_enabled(payload, theirs);
  if (auto* attributes = theirs.get_extension<Attributes>()) *attributes = payload.attributes;
  payload.release();
  if (foreign.done != nullptr) {
    // The caller sees the response as an initiator on our clock would.
    const Picoseconds last_beat = calendar_.now() + clock_.span(beats(response_bytes(theirs), width_) - 1);
    foreign.done->notify(sc_core::sc_time::from_value(clock_.after(last_beat) - calendar_.now()));
    return;
  }
  awaiting_end_response_ = socket->nb_transport_bw(theirs, phase, delay) == tlm::TLM_ACCEPTED;
}

Payload& AtTarget::adopt(tlm::tlm_generic_payload& theirs, sc_core::sc_event* done) {
  Payload& payload = adopted_.make(theirs.get_command(), theirs.get_address(), theirs.get_data_length());
  if (theirs.is_write()) std::memcpy(payload.data(), theirs.get_data_ptr(), theirs.get_data_length());
  payload.set_byte_enable_ptr(theirs.get_byte_enable_ptr());
  payload.set_byte_enable_length(theirs.get_byte_enable_length());
  if (const auto* attributes = theirs.get_extension<Attributes>()) payload.attributes = *attributes;
  foreign_.push_back(std::make_unique<Foreign>(Foreign{&theirs, &payload, done}));
  return payload;
}

void AtTarget::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  if (refuses(payload)) return;
  sc_core::wait(delay);
  delay = sc_core::SC_ZERO_TIME;
  sc_core::sc_event done;
  Payload& ours = adopt(payload, &done);
  const Picoseconds now = calendar_.now();
  if (!refused_.empty() || !take_place()) {
    refused_.push_back(&ours);
  } else {
    schedule_arrival(ours, now);
  }
  sc_core::wait(done);
}

}  // namespace svasim::engine
