// See root_port.hpp.
#include "models/pcie/root_port.hpp"

#include "models/pcie/write_pattern.hpp"

namespace svasim::pcie {

using arch::Tlp;
using arch::dti::Downstream;
using arch::dti::Upstream;
using probe::Outcome;
using probe::Stage;

std::vector<std::string> RootPortConfig::check() const {
  std::vector<std::string> errors;
  if (trackers == 0) errors.push_back("trackers must be at least 1");
  if (tokens == 0) errors.push_back("tokens must be at least 1");
  if (bus_bytes == 0) errors.push_back("bus_bytes must be at least 1");
  return errors;
}

RootPort::RootPort(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
                   probe::Recorder& recorder, const RootPortConfig& config, PcieLink& pcie,
                   engine::Link<Upstream>& to_tcu, engine::Link<Downstream>& from_tcu)
    : sc_core::sc_module(name),
      block_(calendar.add_block()),
      memory("memory", calendar, clock, {block_, kMemory}, config.bus_bytes),
      calendar_(calendar),
      recorder_(recorder),
      config_(config),
      pcie_(pcie),
      to_tcu_(to_tcu),
      from_tcu_(from_tcu) {
  memory.bind_response<&RootPort::respond>(this);
  pcie_.up.bind<&RootPort::receive>({block_, kLink}, this);
  from_tcu_.bind<&RootPort::from_tcu>({block_, kTcu}, this);
  epochs_.push_back({});
}

// --- from the function
// ------------------------------------------------------------------------------------------

void RootPort::receive(Tlp& tlp) {
  switch (tlp.kind) {
    case Tlp::Kind::memory_read:
    case Tlp::Kind::memory_write:
      ++(tlp.kind == Tlp::Kind::memory_read ? reads_ : writes_);
      ++epochs_[epochs_.size() - 1].outstanding;
      requests_.push_back({tlp, first_epoch_ + epochs_.size() - 1});
      pump_memory();
      return;
    case Tlp::Kind::translation_request:
      tlp.transaction->timeline.enter(Stage::dti_out, calendar_.now());
      translations_.push_back(tlp);
      pump_translations();
      return;
    case Tlp::Kind::completion:
      registers_ != nullptr ? end_epoch(Epoch::End::load, tlp.tag, tlp.data[0]) : void(++unexpected_);
      break;
    case Tlp::Kind::page_request:
      ++page_requests_;
      forward(Upstream::Kind::page_req, tlp);
      break;
    case Tlp::Kind::invalidate_completion: invalidated(tlp); break;
    default: ++unexpected_; break;
  }
  pcie_.up.consumed();
}

void RootPort::pump_memory() {
  while (!requests_.empty() && trackers_.current() < config_.trackers) {
    const bool for_driver = requests_.front().tlp.transaction == nullptr;
    if (for_driver && writes_in_flight_ > 0) return;
    launch(requests_.pop_front());
  }
}

void RootPort::launch(const MemoryRequest& request) {
  const Tlp& tlp = request.tlp;
  const bool write = tlp.kind == Tlp::Kind::memory_write;
  engine::Payload& payload =
      pool_.make(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, tlp.address, tlp.bytes);
  payload.attributes.stream = tlp.requester;
  payload.attributes.substream = tlp.pasid;
  payload.attributes.privileged = tlp.privileged;
  payload.attributes.instruction = tlp.execute;
  payload.attributes.address_type = tlp.address_type;
  payload.tag.transaction = tlp.transaction;
  payload.user = request.epoch << 16 | tlp.tag;
  if (write) {
    ++writes_in_flight_;
    tlp.transaction != nullptr ? write_pattern(payload, tlp.transaction->id)
                               : void(std::memcpy(payload.data(), tlp.data.data(), tlp.bytes));
  }
  trackers_.enter(calendar_.now());
  payload.tag.enter(Stage::tbu_queue, calendar_.now());
  memory.send(payload);
  pcie_.up.consumed();
}

void RootPort::respond(engine::Payload& payload) {
  const engine::Picoseconds now = calendar_.now();
  const Outcome outcome =
      !payload.ok() ? Outcome::aborted : (payload.attributes.raz ? Outcome::zeroed : Outcome::ok);
  if (payload.is_write()) {
    --writes_in_flight_;
    if (payload.tag.transaction != nullptr) recorder_.close(*payload.tag.transaction, now, outcome);
  } else {
    complete_read(payload, outcome);
  }
  --epochs_[(payload.user >> 16) - first_epoch_].outstanding;
  payload.release();
  trackers_.leave(now);
  end_epochs();
  pump_memory();
}

void RootPort::complete_read(engine::Payload& payload, Outcome outcome) {
  Tlp tlp;
  tlp.kind = Tlp::Kind::completion;
  tlp.requester = payload.attributes.stream;
  tlp.tag = static_cast<std::uint16_t>(payload.user);
  tlp.aborted = outcome == Outcome::aborted;
  tlp.zeroed = outcome == Outcome::zeroed;
  tlp.bytes = tlp.aborted ? 0 : static_cast<std::uint32_t>(payload.bytes());
  tlp.transaction = payload.tag.transaction;
  payload.tag.enter(Stage::link_back, calendar_.now());
  pcie_.send_down(tlp);
}

void RootPort::pump_translations() {
  while (!translations_.empty() && tokens_in_use_.current() < config_.tokens) {
    const Tlp tlp = translations_.pop_front();
    const std::uint32_t id = tokens_.take();
    tokens_[id].tag = tlp.tag;
    tokens_[id].transaction = tlp.transaction;
    tokens_in_use_.enter(calendar_.now());
    Upstream message;
    message.kind = Upstream::Kind::trans_req;
    message.id = static_cast<std::uint16_t>(id);
    message.flow = arch::dti::Flow::ats;
    message.stream = tlp.requester;
    message.substream = tlp.pasid;
    message.access = {!tlp.no_write, tlp.execute, tlp.privileged};
    message.va = arch::Va(tlp.address);
    message.transaction = tlp.transaction;
    to_tcu_.send(message);
    pcie_.up.consumed();
  }
}

void RootPort::forward(Upstream::Kind kind, const Tlp& tlp) {
  Upstream message;
  message.kind = kind;
  message.id = tlp.tag;
  message.stream = tlp.requester;
  message.substream = tlp.pasid;
  message.access = {tlp.write, tlp.execute, tlp.privileged};
  message.va = arch::Va(tlp.address);
  message.page_read = tlp.read;
  message.page_write = tlp.write;
  message.last = tlp.last;
  message.group = tlp.group;
  to_tcu_.send(message);
}

// --- from the TCU
// -----------------------------------------------------------------------------------------------

void RootPort::from_tcu(Downstream& message) {
  from_tcu_.consumed();
  switch (message.kind) {
    case Downstream::Kind::ats_resp: answer_translation(message); break;
    case Downstream::Kind::atc_inv: invalidate(message); break;
    case Downstream::Kind::page_resp: respond_page(message); break;
    case Downstream::Kind::sync_req: end_epoch(Epoch::End::sync, message.id, 0); break;
    default: ++unexpected_; break;
  }
}

void RootPort::answer_translation(const Downstream& message) {
  if (!tokens_.live(message.id)) {
    ++unexpected_;
    return;
  }
  const engine::Picoseconds now = calendar_.now();
  Tlp tlp;
  tlp.kind = Tlp::Kind::translation_completion;
  tlp.tag = tokens_[message.id].tag;
  tlp.ats = message.ats;
  tlp.transaction = tokens_[message.id].transaction;
  tlp.transaction->timeline.enter(Stage::link_back, now);
  pcie_.send_down(tlp);
  tokens_.free(message.id);
  tokens_in_use_.leave(now);
  pump_translations();
}

void RootPort::invalidate(const Downstream& message) {
  const arch::Command& command = message.command;
  const arch::AtsRange range = arch::atc_invalidate_range(command.address, command.size);
  Tlp tlp;
  tlp.kind = Tlp::Kind::invalidate_request;
  tlp.requester = command.stream;
  tlp.pasid = command.substream;
  tlp.tag = message.id;
  tlp.address = range.address;
  tlp.log2_span = range.log2_size;
  tlp.global = command.global;
  if (message.id < completions_.size()) completions_[message.id] = 0;
  pcie_.send_down(tlp);
  Upstream accepted;  // it has its place on the link: the ITags bound them
  accepted.kind = Upstream::Kind::inv_ack;
  to_tcu_.send(accepted);
}

/// An invalidation is complete when all its completions have come, one for each traffic class.
void RootPort::invalidated(const Tlp& tlp) {
  for (std::uint16_t itag = 0; itag < completions_.size(); ++itag) {
    if ((tlp.itags >> itag & 1) == 0) continue;
    if ((++completions_[itag] & 7) != tlp.completions) continue;
    completions_[itag] = 0;
    Tlp complete = tlp;
    complete.tag = itag;
    forward(Upstream::Kind::inv_comp, complete);
  }
}

void RootPort::respond_page(const Downstream& message) {
  Tlp tlp;
  tlp.kind = Tlp::Kind::prg_response;
  tlp.requester = message.stream;
  tlp.pasid = message.substream;
  tlp.group = message.group;
  tlp.response = message.response;
  pcie_.send_down(tlp);
}

void RootPort::end_epoch(Epoch::End end, std::uint16_t number, std::uint64_t value) {
  Epoch& current = epochs_[epochs_.size() - 1];
  current.end = end;
  current.number = number;
  current.value = value;
  epochs_.push_back({});
  end_epochs();
}

/// In order: an epoch is over when all before it are.
void RootPort::end_epochs() {
  while (epochs_.front().end != Epoch::End::none && epochs_.front().outstanding == 0) {
    const Epoch epoch = epochs_.pop_front();
    ++first_epoch_;
    if (epoch.end == Epoch::End::load) {
      registers_->answer(epoch.number, epoch.value);
      continue;
    }
    Upstream message;
    message.kind = Upstream::Kind::sync_ack;
    message.id = epoch.number;
    to_tcu_.send(message);
  }
}

// --- to the function's registers

void RootPort::serve(RegisterPort& port) {
  registers_ = &port;
  port.on_write = [this](std::uint32_t offset, std::uint64_t value, unsigned bytes) {
    down(Tlp::Kind::memory_write, offset, 0, value, bytes);
  };
  port.on_read = [this](std::uint32_t offset, std::uint16_t tag, unsigned bytes) {
    down(Tlp::Kind::memory_read, offset, tag, 0, bytes);
  };
}

void RootPort::down(Tlp::Kind kind, std::uint32_t offset, std::uint16_t tag, std::uint64_t value,
                    unsigned bytes) {
  Tlp tlp;
  tlp.kind = kind;
  tlp.tag = tag;
  tlp.address = offset;
  tlp.bytes = bytes;
  tlp.data[0] = value;
  pcie_.send_down(tlp);
}

}  // namespace svasim::pcie
