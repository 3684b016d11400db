// See device_port.hpp.
#include "models/embed/device_port.hpp"

#include <cstring>
#include <string>

namespace svasim::embed {

using arch::dti::Downstream;
using arch::dti::Upstream;
using probe::Stage;

DevicePort::DevicePort(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
                       const DevicePortConfig& config, smmu::Smmu& smmu, std::size_t tbu,
                       probe::Recorder& recorder, unsigned bus_bytes)
    : sc_core::sc_module(name),
      calendar_(calendar),
      block_(calendar.add_block()),
      config_(config),
      recorder_(recorder),
      access_("access", calendar, clock, {block_, kMemory}, bus_bytes),
      links_(smmu.add_root_port(config.streams, clock)),
      token_calls_(config.ats_tokens) {
  for (std::uint16_t i = config.ats_tokens; i > 0; --i)
    free_tokens_.push_back(static_cast<std::uint16_t>(i - 1));
  socket.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
  to_smmu.bind(*this);
  access_.bind_response<&DevicePort::answered>(this);
  access_.bind_ready<&DevicePort::channel_ready>(this);
  access_.socket.bind(smmu.tbu(tbu).device.socket);
  links_.down->bind<&DevicePort::from_tcu>({block_, kTcu}, this);
}

// --- requests

/// Sets the error if the payload is none a port takes.
bool DevicePort::refuses(tlm::tlm_generic_payload& payload) {
  const auto* attributes = payload.get_extension<Attributes>();
  if (attributes != nullptr && attributes->address_type == arch::AddressType::translation_request)
    return false;
  const std::uint64_t bytes = payload.get_data_length();
  const std::uint64_t offset = payload.get_address() % arch::kPageSize;
  if (!payload.is_read() && !payload.is_write()) {
    payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
  } else if (payload.get_byte_enable_ptr() != nullptr) {
    payload.set_response_status(tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  } else if (bytes == 0 || offset + bytes > arch::kPageSize || payload.get_streaming_width() < bytes) {
    payload.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
  } else {
    return false;
  }
  return true;
}

std::uint32_t DevicePort::open(tlm::tlm_generic_payload& theirs, bool blocking) {
  if (free_calls_.empty()) {
    free_calls_.push_back(static_cast<std::uint32_t>(calls_.size()));
    calls_.emplace_back();
  }
  const std::uint32_t number = free_calls_.back();
  free_calls_.pop_back();
  Call& call = calls_[number];
  call.theirs = &theirs;
  call.attributes = theirs.get_extension<Attributes>();
  call.blocking = blocking;
  const arch::SubstreamId substream =
      call.attributes != nullptr ? call.attributes->substream : arch::SubstreamId{};
  call.transaction =
      &recorder_.open(calendar_.now(), call.attributes != nullptr ? raw(call.attributes->stream) : 0,
                      substream.valid ? substream.value : 0,
                      theirs.is_write() ? probe::Operation::write : probe::Operation::read,
                      theirs.get_address(), theirs.get_data_length());
  return number;
}

void DevicePort::start(std::uint32_t number) {
  const Call& call = calls_[number];
  if (call.attributes == nullptr || call.attributes->address_type != arch::AddressType::translation_request) {
    start_access(number);
    return;
  }
  call.transaction->timeline.enter(Stage::dti_out, calendar_.now());
  translations_.push_back(number);
  pump_translations();
}

void DevicePort::start_access(std::uint32_t number) {
  Call& call = calls_[number];
  engine::Payload& payload =
      pool_.make(call.theirs->get_command(), call.theirs->get_address(), call.theirs->get_data_length());
  if (call.theirs->is_write()) {
    std::memcpy(payload.data(), call.theirs->get_data_ptr(), call.theirs->get_data_length());
  }
  if (const Attributes* a = call.attributes) {
    payload.attributes.stream = a->stream;
    payload.attributes.substream = a->substream;
    payload.attributes.privileged = a->privileged;
    payload.attributes.instruction = a->instruction;
    payload.attributes.non_secure = a->non_secure;
    payload.attributes.address_type = a->address_type;
  }
  call.translated = payload.attributes.address_type == arch::AddressType::translated;
  call.epoch = epoch_;
  accesses_[epoch_] += call.translated;
  payload.user = number;
  payload.tag.transaction = call.transaction;
  payload.tag.enter(Stage::tbu_queue, calendar_.now());
  access_.send(payload);
}

void DevicePort::pump_translations() {
  while (!free_tokens_.empty() && !translations_.empty()) {
    const std::uint32_t number = translations_.pop_front();
    const std::uint16_t token = free_tokens_.back();
    free_tokens_.pop_back();
    token_calls_[token] = number;
    const Attributes& a = *calls_[number].attributes;
    Upstream message;
    message.kind = Upstream::Kind::trans_req;
    message.id = token;
    message.flow = arch::dti::Flow::ats;
    message.stream = a.stream;
    message.substream = a.substream;
    message.access = {!a.no_write, a.instruction, a.privileged};
    message.va = arch::Va(calls_[number].theirs->get_address());
    message.transaction = calls_[number].transaction;
    links_.up->send(message);
  }
}

void DevicePort::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  if (refuses(payload)) return;
  if (delay != sc_core::SC_ZERO_TIME) sc_core::wait(delay);
  delay = sc_core::SC_ZERO_TIME;
  const std::uint32_t number = open(payload, true);
  start(number);
  sc_core::wait(calls_[number].done);
  free_calls_.push_back(number);
}

tlm::tlm_sync_enum DevicePort::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                               sc_core::sc_time& delay) {
  if (phase == tlm::END_RESP) {
    awaiting_end_response_ = false;
    pump_responses();
    return tlm::TLM_COMPLETED;
  }
  if (phase != tlm::BEGIN_REQ) return tlm::TLM_ACCEPTED;
  if (refuses(payload)) return tlm::TLM_COMPLETED;
  if (delay != sc_core::SC_ZERO_TIME) {
    calendar_.post<&DevicePort::begin_delayed>(calendar_.now() + delay.value(), {block_, kDelayed}, this,
                                               reinterpret_cast<std::uint64_t>(&payload));
    return tlm::TLM_ACCEPTED;
  }
  const std::uint32_t number = open(payload, false);
  if (!access_.ready()) {
    refused_.push_back(number);
    return tlm::TLM_ACCEPTED;
  }
  start(number);
  phase = tlm::END_REQ;
  return tlm::TLM_UPDATED;
}

void DevicePort::begin_delayed(std::uint64_t payload) {
  refused_.push_back(open(*reinterpret_cast<tlm::tlm_generic_payload*>(payload), false));
  channel_ready();
}

/// The channel to the TBU is free again.
void DevicePort::channel_ready() {
  while (!refused_.empty() && access_.ready()) {
    const std::uint32_t number = refused_.pop_front();
    start(number);
    tlm::tlm_phase phase = tlm::END_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->nb_transport_bw(*calls_[number].theirs, phase, delay);
  }
}

// --- answers

void DevicePort::answered(engine::Payload& payload) {
  const auto number = static_cast<std::uint32_t>(payload.user);
  Call& call = calls_[number];
  const engine::Attributes& a = payload.attributes;
  const Result result = a.raz          ? Result::raz_wi
                        : a.terminated ? Result::abort
                        : payload.ok() ? Result::ok
                                       : Result::memory_error;
  call.theirs->set_response_status(payload.get_response_status());
  if (payload.is_read() && payload.ok()) {
    std::memcpy(call.theirs->get_data_ptr(), payload.data(), call.theirs->get_data_length());
  }
  if (call.attributes != nullptr && !a.terminated) {
    call.attributes->physical = arch::Pa(payload.get_address());
    call.attributes->memory = a.memory;
  }
  payload.release();
  accesses_[call.epoch] -= call.translated;
  finish(number, result);
  acknowledge_sync();
}

/// The call's time ends here; the number of a blocking one is free when its thread has gone on.
void DevicePort::finish(std::uint32_t number, Result result) {
  Call& call = calls_[number];
  const engine::Picoseconds now = calendar_.now();
  probe::Timeline& timeline = call.transaction->timeline;
  timeline.enter(timeline.stage(), now);
  if (call.attributes != nullptr) {
    call.attributes->result = result;
    call.attributes->latency_ps = timeline.total();
    call.attributes->stages = timeline.sums();
  }
  recorder_.close(*call.transaction, now,
                  result == Result::ok       ? probe::Outcome::ok
                  : result == Result::raz_wi ? probe::Outcome::zeroed
                                             : probe::Outcome::aborted);
  if (call.blocking) {
    call.done.notify(sc_core::SC_ZERO_TIME);
    return;
  }
  responses_.push_back(number);
  pump_responses();
}

void DevicePort::pump_responses() {
  while (!responses_.empty() && !awaiting_end_response_) {
    const std::uint32_t number = responses_.pop_front();
    tlm::tlm_generic_payload& theirs = *calls_[number].theirs;
    free_calls_.push_back(number);
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    awaiting_end_response_ = true;  // before the call: the initiator may send END_RESP from inside it
    const auto answer = socket->nb_transport_bw(theirs, phase, delay);
    if (answer != tlm::TLM_ACCEPTED) awaiting_end_response_ = false;
  }
}

// --- messages

void DevicePort::from_tcu(Downstream& message) {
  links_.down->consumed();
  switch (message.kind) {
    case Downstream::Kind::ats_resp: translation_completed(message); break;
    case Downstream::Kind::atc_inv: {
      Upstream accepted;
      accepted.kind = Upstream::Kind::inv_ack;
      links_.up->send(accepted);
      const arch::Command& command = message.command;
      const Invalidation invalidation{message.id, command.stream, command.substream,
                                      arch::atc_invalidate_range(command.address, command.size),
                                      command.global};
      if (to_function.size() == 0) invalidation_complete(message.id, false);
      else to_function->invalidate(invalidation);
      break;
    }
    case Downstream::Kind::page_resp:
      if (to_function.size() != 0) {
        to_function->page_response({message.stream, message.substream, message.group,
                                    static_cast<arch::PrgResponseCode>(message.response)});
      }
      break;
    case Downstream::Kind::sync_req: sync(message.id); break;
    default: break;  // for TBUs
  }
}

void DevicePort::translation_completed(const Downstream& message) {
  const std::uint32_t number = token_calls_[message.id];
  free_tokens_.push_back(message.id);
  Call& call = calls_[number];
  const bool success = message.ats.status == arch::AtsStatus::success;
  call.attributes->ats = message.ats;
  call.theirs->set_response_status(success ? tlm::TLM_OK_RESPONSE : tlm::TLM_GENERIC_ERROR_RESPONSE);
  finish(number, success ? Result::ok : Result::abort);
  pump_translations();
}

void DevicePort::page_request(const arch::PageRequest& request) {
  Upstream message;
  message.kind = Upstream::Kind::page_req;
  message.stream = request.stream;
  message.substream = request.substream;
  message.access = {request.write, request.execute, request.privileged};
  message.va = request.page;
  message.page_read = request.read;
  message.page_write = request.write;
  message.last = request.last;
  message.group = request.prg_index;
  links_.up->send(message);
}

void DevicePort::invalidation_complete(std::uint16_t itag, bool timed_out) {
  Upstream message;
  message.kind = Upstream::Kind::inv_comp;
  message.id = itag;
  message.error = timed_out;
  links_.up->send(message);
}

void DevicePort::sync(std::uint16_t number) {
  sync_pending_ = true;
  sync_number_ = number;
  epoch_ ^= 1;
  acknowledge_sync();
}

void DevicePort::acknowledge_sync() {
  if (!sync_pending_ || accesses_[epoch_ ^ 1] != 0) return;
  sync_pending_ = false;
  Upstream message;
  message.kind = Upstream::Kind::sync_ack;
  message.id = sync_number_;
  links_.up->send(message);
}

}  // namespace svasim::embed
