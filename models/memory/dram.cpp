// See dram.hpp.
#include "models/memory/dram.hpp"

#include <algorithm>

namespace svasim::memory {
namespace {

using engine::Payload;
using engine::Picoseconds;

constexpr unsigned kLineBytes = 64;

// At one edge: arrivals, then one command per channel, then answers.
constexpr std::uint8_t kFromInitiator = 0;
constexpr std::uint8_t kStep = 1;
constexpr std::uint8_t kResponse = 255;

}  // namespace

Dram::Dram(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
           const DramConfig& config)
    : sc_core::sc_module(name),
      block_(calendar.add_block()),
      port("port", calendar, clock, {block_, kFromInitiator}, config.width, config.queue_depth),
      calendar_(calendar),
      clock_(clock),
      config_(config),
      timing_(config, clock) {
  for (unsigned i = 0; i < config.channels; ++i) channels_.push_back({DramChannel(config_, timing_)});
  port.bind_request<&Dram::request>(this);
}

void Dram::request(Payload& payload) {
  const Picoseconds now = calendar_.now();
  const std::uint64_t address = payload.get_address();
  payload.tag.enter(probe::Stage::dram_queue, now);
  if (address % kLineBytes + payload.bytes() > kLineBytes) {
    payload.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
    port.release();
    port.respond(payload);
    return;
  }
  const DramPlace place = place_of(address, config_);
  const std::uint64_t first = address / config_.burst_bytes;
  const std::uint64_t last = (address + payload.bytes() - 1) / config_.burst_bytes;
  channels_[place.channel].scheduler.push({&payload, place.row, arrivals_++, place.bank,
                                           static_cast<unsigned>(last - first + 1), payload.is_write()});
  ++(payload.is_write() ? writes_ : reads_);
  bytes_ += payload.bytes();
  queue_peak_ = std::max(queue_peak_, ++queued_);
  arm(place.channel, now);
}

void Dram::arm(std::uint64_t channel, Picoseconds when) {
  if (when >= channels_[channel].armed) return;
  channels_[channel].armed = when;
  const engine::Inlet inlet{block_, static_cast<std::uint8_t>(kStep + channel)};
  calendar_.post<&Dram::step>(when, inlet, this, channel);
}

/// An earlier step may have made this one superfluous: it then does nothing.
void Dram::step(std::uint64_t number) {
  Channel& channel = channels_[number];
  const Picoseconds now = calendar_.now();
  if (channel.armed <= now) channel.armed = DramChannel::kNever;
  const DramChannel::Step step = channel.scheduler.step(now);
  if (step.first) step.payload->tag.enter(probe::Stage::dram, now);
  if (step.data_end != 0) {
    --queued_;
    port.release();
    calendar_.post<&Dram::respond>(step.data_end, {block_, kResponse}, this,
                                   reinterpret_cast<std::uint64_t>(step.payload));
  }
  if (step.next != DramChannel::kNever) arm(number, step.next);
}

void Dram::respond(std::uint64_t argument) {
  auto& payload = *reinterpret_cast<Payload*>(argument);
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  port.respond(payload);
}

}  // namespace svasim::memory
