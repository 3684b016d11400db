// See axi_subordinate_bridge.hpp.
#include "tlm-bridges/axi/axi_subordinate_bridge.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "tlm-bridges/axi/axi_rules.hpp"

namespace svasim::bridges {
namespace {

const AxiSubordinateConfig& checked(const AxiSubordinateConfig& config) {
  config.widths.checked();
  if (config.reads == 0 || config.writes == 0 || config.reads > 0xFFFF || config.writes > 0xFFFF) {
    throw std::invalid_argument("AXI subordinate: reads and writes must be 1 to 65535");
  }
  if (config.early_beats == 0) throw std::invalid_argument("AXI subordinate: early_beats must be at least 1");
  return config;
}

/// Where the bytes of a beat lie among the burst's.
std::uint32_t offset_of(const AxiAddress& address, unsigned beat) {
  if (address.burst == AxiBurst::fixed) return beat * address.bytes();
  const AxiBeats beats(address);
  return static_cast<std::uint32_t>(beats.address(beat) - beats.lowest());
}

}  // namespace

AxiSubordinateBridge::AxiSubordinateBridge(sc_core::sc_module_name name, PinClock& clock, AxiPins& pins,
                                           const AxiSubordinateConfig& config)
    : sc_core::sc_module(name),
      config_(checked(config)),
      clock_(clock),
      initiator_("socket", clock.calendar(), clock.clock(), clock.inlet(), config.tlm_width),
      aw_(pins.aw, {config.stalls.seed, config.stalls.aw}),
      w_(pins.w, {config.stalls.seed + 1, config.stalls.w}),
      b_(pins.b, {config.stalls.seed + 2, config.stalls.b}),
      ar_(pins.ar, {config.stalls.seed + 3, config.stalls.ar}),
      r_(pins.r, {config.stalls.seed + 4, config.stalls.r}) {
  reads_.bursts.resize(config.reads);
  reads_.bytes.resize(config.reads);
  writes_.bursts.resize(config.writes);
  writes_.bytes.resize(config.writes);
  initiator_.bind_response<&AxiSubordinateBridge::respond>(this);
  clock.join(*this);
}

// --- bursts

std::size_t AxiSubordinateBridge::accept(Direction& direction, const AxiAddress& address) {
  auto& bursts = direction.bursts;
  const auto place = std::find_if(bursts.begin(), bursts.end(), [](const Burst& b) { return !b.active; });
  const auto ahead = std::count_if(bursts.begin(), bursts.end(),
                                   [&](const Burst& b) { return b.active && b.address.id == address.id; });
  *place = Burst();
  place->active = true;
  place->address = address;
  place->ahead = static_cast<unsigned>(ahead);
  place->legal = !broken_burst_rule(address, config_.widths);
  if (!place->legal) place->worst = AxiResponse::slverr;
  ++direction.active;
  return static_cast<std::size_t>(place - bursts.begin());
}

/// The burst served last is answered: the next of its ID may be.
void AxiSubordinateBridge::retire(Direction& direction) {
  Burst& done = direction.bursts[direction.served];
  done.active = false;
  --direction.active;
  for (Burst& burst : direction.bursts) {
    if (burst.active && burst.address.id == done.address.id) --burst.ahead;
  }
}

bool AxiSubordinateBridge::answerable(const Direction& direction, std::size_t index) const {
  const Burst& burst = direction.bursts[index];
  return burst.active && burst.loaded && burst.ahead == 0 && burst.parts == 0 &&
         burst.beat < burst.address.beats();
}

/// Round robin; one beyond the last if there is none.
std::size_t AxiSubordinateBridge::next_answer(const Direction& direction) const {
  const std::size_t count = direction.bursts.size();
  for (std::size_t i = 1; i <= count; ++i) {
    const std::size_t index = (direction.served + i) % count;
    if (answerable(direction, index)) return index;
  }
  return count;
}

// --- TLM side

engine::Payload& AxiSubordinateBridge::send(Direction& direction, std::size_t index, std::uint32_t offset,
                                            std::uint32_t bytes, std::uint64_t address) {
  engine::Payload& payload = pool_.make(direction.command, address, bytes);
  get_sideband(direction.bursts[index].address, config_.user, payload.attributes);
  payload.user = index << 16 | offset;
  if (payload.is_write()) std::memcpy(payload.data(), direction.bytes[index].data.data() + offset, bytes);
  ++direction.bursts[index].parts;
  return payload;
}

void AxiSubordinateBridge::respond(engine::Payload& payload) {
  Direction& direction = payload.is_read() ? reads_ : writes_;
  const std::size_t index = payload.user >> 16, offset = payload.user & 0xFFFF;
  Burst& burst = direction.bursts[index];
  if (payload.is_read()) {
    std::memcpy(direction.bytes[index].data.data() + offset, payload.data(), payload.bytes());
  }
  burst.worst = worse(burst.worst, to_axi(payload.get_response_status()));
  --burst.parts;
  payload.release();
  clock_.wake();
}

void AxiSubordinateBridge::launch_read(std::size_t index) {
  Burst& burst = reads_.bursts[index];
  burst.loaded = true;
  if (!burst.legal) return;
  const AxiBeats beats(burst.address);
  const auto span = static_cast<std::uint32_t>(beats.span());
  const unsigned accesses = burst.address.burst == AxiBurst::fixed ? beats.count() : 1;
  for (unsigned n = 0; n < accesses; ++n) {
    initiator_.send(send(reads_, index, n * burst.address.bytes(), span, beats.lowest()));
  }
}

void AxiSubordinateBridge::launch_write(std::size_t index) {
  Burst& burst = writes_.bursts[index];
  burst.loaded = true;
  burst.beat = burst.address.beats() - 1;  // what is left is one response
  if (!burst.legal) return;
  const AxiBeats beats(burst.address);
  const auto span = static_cast<std::uint32_t>(beats.span());
  const unsigned accesses = burst.address.burst == AxiBurst::fixed ? beats.count() : 1;
  for (unsigned n = 0; n < accesses; ++n) launch_run(index, n * burst.address.bytes(), span, beats.lowest());
}

/// Writes what is enabled of `bytes` bytes.
void AxiSubordinateBridge::launch_run(std::size_t index, std::uint32_t offset, std::uint32_t bytes,
                                      std::uint64_t address) {
  const auto begin = writes_.bytes[index].enables.begin() + offset, end = begin + bytes;
  if (config_.byte_enables && std::find(begin, end, TLM_BYTE_ENABLED) != end) {
    engine::Payload& payload = send(writes_, index, offset, bytes, address);
    if (std::find(begin, end, TLM_BYTE_DISABLED) != end) {
      payload.set_byte_enable_ptr(&*begin);
      payload.set_byte_enable_length(bytes);
    }
    return initiator_.send(payload);
  }
  for (auto at = std::find(begin, end, TLM_BYTE_ENABLED); at != end;) {
    const auto stop = std::find(at, end, TLM_BYTE_DISABLED);
    const auto skipped = static_cast<std::uint32_t>(at - begin);
    initiator_.send(
        send(writes_, index, offset + skipped, static_cast<std::uint32_t>(stop - at), address + skipped));
    at = std::find(stop, end, TLM_BYTE_ENABLED);
  }
}

// --- data

void AxiSubordinateBridge::take_data(std::size_t index, const AxiWrite& beat) {
  Burst& burst = writes_.bursts[index];
  if (burst.legal) {
    const AxiBeats beats(burst.address);
    const AxiLanes lanes = beats.lanes(burst.beat, config_.widths.bytes());
    const std::uint32_t offset = offset_of(burst.address, burst.beat);
    Bytes& bytes = writes_.bytes[index];
    for (unsigned lane = lanes.first; lane <= lanes.last; ++lane) {
      bytes.data[offset + lane - lanes.first] = beat.data[lane];
      bytes.enables[offset + lane - lanes.first] =
          beat.strb.test(lane) ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED;
    }
  }
  ++burst.beat;
}

/// Data belong to addresses in order.
void AxiSubordinateBridge::take_early_data() {
  while (!early_.empty() && !undata_.empty()) {
    const std::size_t index = undata_.front();
    take_data(index, early_.pop_front());
    if (writes_.bursts[index].beat != writes_.bursts[index].address.beats()) continue;
    undata_.pop_front();
    launch_write(index);
  }
}

AxiRead AxiSubordinateBridge::read_beat(std::size_t index) {
  Burst& burst = reads_.bursts[index];
  AxiRead beat;
  beat.id = burst.address.id;
  beat.resp = burst.worst;
  if (burst.legal) {
    const AxiBeats beats(burst.address);
    const AxiLanes lanes = beats.lanes(burst.beat, config_.widths.bytes());
    std::memcpy(beat.data.data() + lanes.first,
                reads_.bytes[index].data.data() + offset_of(burst.address, burst.beat),
                lanes.last - lanes.first + 1);
  }
  beat.last = ++burst.beat == burst.address.beats();
  return beat;
}

// --- pins

void AxiSubordinateBridge::sample() {
  const Burst& read = reads_.bursts[reads_.served];
  if (r_.sample() && read.beat == read.address.beats()) retire(reads_);
  if (b_.sample()) retire(writes_);
  if (const AxiAddress* address = aw_.sample()) undata_.push_back(accept(writes_, *address));
  if (const AxiWrite* beat = w_.sample()) early_.push_back(*beat);
  take_early_data();
  if (const AxiAddress* address = ar_.sample()) launch_read(accept(reads_, *address));
}

void AxiSubordinateBridge::drive() {
  aw_.drive(writes_.active < writes_.bursts.size());
  w_.drive(!undata_.empty() || early_.size() < config_.early_beats);
  ar_.drive(reads_.active < reads_.bursts.size());
  if (b_.open()) {
    if (const std::size_t index = next_answer(writes_); index < writes_.bursts.size()) {
      writes_.served = index;
      Burst& burst = writes_.bursts[index];
      ++burst.beat;
      b_.load({burst.address.id, burst.worst, 0});
    }
  }
  if (r_.open()) {
    const bool begun = reads_.bursts[reads_.served].beat != 0 && answerable(reads_, reads_.served);
    if (config_.interleave || !begun) {
      const std::size_t index = next_answer(reads_);
      if (index == reads_.bursts.size()) return;
      reads_.served = index;
    }
    r_.load(read_beat(reads_.served));
  }
}

bool AxiSubordinateBridge::busy() const {
  return r_.pending() || b_.pending() || next_answer(reads_) < reads_.bursts.size() ||
         next_answer(writes_) < writes_.bursts.size();
}

}  // namespace svasim::bridges
