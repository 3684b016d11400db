// See interconnect.hpp.
#include "models/memory/interconnect.hpp"

#include <algorithm>
#include <stdexcept>

namespace svasim::memory {
namespace {

using engine::Inlet;
using engine::Payload;
using engine::Picoseconds;

// At one edge: responses, then arrivals of requests, then grants, then deliveries of responses; lower ports
// first.
constexpr std::uint8_t kFromTarget = 0;
constexpr std::uint8_t kFromInitiator = Interconnect::kMaxPorts;
constexpr std::uint8_t kGrant = 2 * Interconnect::kMaxPorts;
constexpr std::uint8_t kDeliver = kGrant + Interconnect::kMaxPorts + 1;  // grants include those of no output

Inlet inlet(std::uint16_t block, std::uint8_t kind, std::uint64_t port) {
  return {block, static_cast<std::uint8_t>(kind + port)};
}

std::uint64_t data_beats(const Payload& payload, unsigned width) {
  return engine::beats(payload.request_bytes(), width);
}

}  // namespace

Interconnect::Input::Input(Interconnect& of, unsigned number)
    : owner(of),
      port(("port" + std::to_string(number)).c_str(), of.calendar_, of.clock_,
           inlet(of.block_, kFromInitiator, number), of.config_.width, of.config_.input_depth) {
  port.bind_request<&Input::request>(this);
  port.bind_debug([this](tlm::tlm_generic_payload& payload) { return owner.debug(payload); });
}

Interconnect::Output::Output(Interconnect& of, unsigned own_number, unsigned inputs)
    : owner(of),
      number(own_number),
      port(("output" + std::to_string(own_number)).c_str(), of.calendar_, of.clock_,
           inlet(of.block_, kFromTarget, own_number), of.config_.width),
      last(inputs - 1) {
  port.bind_response<&Output::response>(this);
  port.bind_ready<&Output::ready>(this);
}

Interconnect::Interconnect(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
                           const InterconnectConfig& config, unsigned inputs, unsigned outputs,
                           std::vector<Region> map)
    : sc_core::sc_module(name),
      calendar_(calendar),
      clock_(clock),
      config_(config),
      map_(std::move(map)),
      block_(calendar.add_block()) {
  const auto wrong = check_map(inputs, outputs, map_);
  if (!wrong.empty()) throw std::invalid_argument(wrong.front());
  std::sort(map_.begin(), map_.end(), [](const Region& a, const Region& b) { return a.base < b.base; });
  for (unsigned i = 0; i < outputs; ++i) outputs_.push_back(std::make_unique<Output>(*this, i, inputs));
  for (unsigned i = 0; i < inputs; ++i) inputs_.push_back(std::make_unique<Input>(*this, i));
}

std::vector<std::string> Interconnect::check_map(unsigned inputs, unsigned outputs,
                                                 const std::vector<Region>& map) {
  std::vector<std::string> wrong;
  const auto region = [&](std::size_t i) { return "interconnect region " + std::to_string(i); };
  if (inputs < 1 || inputs > kMaxPorts) wrong.push_back("interconnect: 1 to 63 inputs");
  if (outputs < 1 || outputs > kMaxPorts) wrong.push_back("interconnect: 1 to 63 outputs");
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (map[i].size == 0) wrong.push_back(region(i) + " is empty");
    if (map[i].base + map[i].size < map[i].base) wrong.push_back(region(i) + " goes beyond 2^64");
    if (map[i].target >= outputs) wrong.push_back(region(i) + " names an output that does not exist");
    for (std::size_t j = 0; j < i; ++j) {
      const Region& low = map[i].base < map[j].base ? map[i] : map[j];
      const Region& high = map[i].base < map[j].base ? map[j] : map[i];
      if (high.base - low.base < low.size) wrong.push_back(region(i) + " overlaps " + region(j));
    }
  }
  return wrong;
}

unsigned Interconnect::decode(std::uint64_t address, std::uint64_t bytes) const {
  const auto above = std::upper_bound(map_.begin(), map_.end(), address,
                                      [](std::uint64_t a, const Region& region) { return a < region.base; });
  const auto nowhere = static_cast<unsigned>(outputs_.size());
  if (above == map_.begin()) return nowhere;
  const Region& region = *(above - 1);
  const std::uint64_t offset = address - region.base;
  return offset < region.size && bytes <= region.size - offset ? region.target : nowhere;
}

unsigned Interconnect::debug(tlm::tlm_generic_payload& payload) {
  const unsigned output = decode(payload.get_address(), payload.get_data_length());
  if (output != outputs_.size()) return outputs_[output]->port.socket->transport_dbg(payload);
  payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  return 0;
}

void Interconnect::Input::request(Payload& payload) {
  ++owner.requests_;
  owner.bytes_ += payload.bytes();
  const Picoseconds eligible = owner.calendar_.now() + owner.clock_.span(owner.config_.request_latency);
  queue.push_back({&payload, owner.decode(payload.get_address(), payload.bytes()), eligible});
  if (queue.size() == 1) owner.announce_head(*this);
}

/// The head competes from when its latency is over and the data of the one before has left the queue.
void Interconnect::announce_head(Input& input) {
  if (input.queue.empty()) return;
  const Waiting& head = input.queue.front();
  const Picoseconds when = std::max(head.eligible, input.free);
  calendar_.post<&Interconnect::arbitrate>(when, inlet(block_, kGrant, head.output), this, head.output);
}

bool Interconnect::eligible(const Input& input, std::uint64_t output) const {
  if (input.queue.empty() || input.queue.front().output != output) return false;
  return std::max(input.queue.front().eligible, input.free) <= calendar_.now();
}

void Interconnect::arbitrate(std::uint64_t number) {
  if (number == outputs_.size()) {
    reject_unmapped();
    return;
  }
  Output& output = *outputs_[number];
  if (!output.port.ready()) return;  // Output::ready() comes here again
  const auto count = static_cast<unsigned>(inputs_.size());
  for (unsigned step = 1; step <= count; ++step) {
    const unsigned i = (output.last + step) % count;
    if (!eligible(*inputs_[i], number)) continue;
    output.last = i;
    Payload& payload = take_head(*inputs_[i]);
    payload.tag.push(static_cast<std::uint16_t>(i));
    output.port.send(payload);
    return;
  }
}

void Interconnect::reject_unmapped() {
  for (const auto& input : inputs_) {
    if (!eligible(*input, outputs_.size())) continue;
    ++address_errors_;
    Payload& payload = take_head(*input);
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    calendar_.post<&Input::deliver>(calendar_.now() + clock_.span(config_.response_latency),
                                    {block_, kDeliver}, input.get(),
                                    reinterpret_cast<std::uint64_t>(&payload));
  }
}

/// Frees the head's place, and lets the next head compete.
Payload& Interconnect::take_head(Input& input) {
  const Picoseconds now = calendar_.now();
  const Waiting head = input.queue.pop_front();
  wait_cycles_ += (now - head.eligible) / clock_.period();
  input.free = now + clock_.span(data_beats(*head.payload, config_.width));
  input.port.release();
  announce_head(input);
  return *head.payload;
}

void Interconnect::Output::response(Payload& payload) {
  const Picoseconds now = owner.calendar_.now();
  payload.tag.enter(probe::Stage::interconnect, now);
  Input& input = *owner.inputs_[payload.tag.pop()];
  owner.calendar_.post<&Input::deliver>(now + owner.clock_.span(owner.config_.response_latency),
                                        {owner.block_, kDeliver}, &input,
                                        reinterpret_cast<std::uint64_t>(&payload));
}

void Interconnect::Input::deliver(std::uint64_t payload) {
  port.respond(*reinterpret_cast<Payload*>(payload));
}

std::uint64_t Interconnect::input_queue_peak() const {
  std::size_t peak = 0;
  for (const auto& input : inputs_) peak = std::max(peak, input->queue.peak());
  return peak;
}

}  // namespace svasim::memory
