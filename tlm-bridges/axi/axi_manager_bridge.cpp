// See axi_manager_bridge.hpp.
#include "tlm-bridges/axi/axi_manager_bridge.hpp"

#include <algorithm>
#include <stdexcept>

#include "tlm-bridges/axi/axi_burst.hpp"

namespace svasim::bridges {
namespace {

AxiManagerConfig checked(AxiManagerConfig config) {
  config.widths.checked();
  if (config.accesses == 0) throw std::invalid_argument("AXI manager: accesses must be at least 1");
  if (config.ids == 0 || config.ids > 1u << config.widths.id) {
    throw std::invalid_argument("AXI manager: ids must be 1 to 2^(ID width)");
  }
  if (config.max_beats == 0 || config.max_beats > 256) {
    throw std::invalid_argument("AXI manager: max_beats must be 1 to 256");
  }
  if (config.max_beat_bytes == 0 || (config.max_beat_bytes & (config.max_beat_bytes - 1)) != 0) {
    throw std::invalid_argument("AXI manager: max_beat_bytes must be a power of two");
  }
  config.max_beat_bytes = std::min(config.max_beat_bytes, config.widths.bytes());
  return config;
}

bool enabled(const engine::Payload& payload, std::uint32_t byte) {
  const unsigned char* enables = payload.get_byte_enable_ptr();
  return enables == nullptr || enables[byte % payload.get_byte_enable_length()] == TLM_BYTE_ENABLED;
}

bool overlap(const engine::Payload& a, const engine::Payload& b) {
  return a.get_address() < b.get_address() + b.bytes() && b.get_address() < a.get_address() + a.bytes();
}

}  // namespace

AxiManagerBridge::AxiManagerBridge(sc_core::sc_module_name name, PinClock& clock, AxiPins& pins,
                                   const AxiManagerConfig& config)
    : sc_core::sc_module(name),
      config_(checked(config)),
      clock_(clock),
      target_("socket", clock.calendar(), clock.clock(), clock.inlet(), config.tlm_width, config.accesses),
      aw_(pins.aw, {config.stalls.seed, config.stalls.aw}),
      w_(pins.w, {config.stalls.seed + 1, config.stalls.w}),
      b_(pins.b, {config.stalls.seed + 2, config.stalls.b}),
      ar_(pins.ar, {config.stalls.seed + 3, config.stalls.ar}),
      r_(pins.r, {config.stalls.seed + 4, config.stalls.r}),
      accesses_(config.accesses) {
  reads_.bursts.resize(config.ids);
  writes_.bursts.resize(config.ids);
  target_.bind_request<&AxiManagerBridge::request>(this);
  target_.accept_byte_enables();
  clock.join(*this);
}

// --- TLM side

void AxiManagerBridge::request(engine::Payload& payload) {
  if (payload.attributes.address_type == arch::AddressType::translation_request) {
    return refuse(payload, tlm::TLM_COMMAND_ERROR_RESPONSE);
  }
  const std::uint64_t last = payload.get_address() + payload.bytes() - 1;
  if (last < payload.get_address() || !config_.widths.fits(last)) {
    return refuse(payload, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  }
  if (!payload.is_read() && !payload.is_write()) return refuse(payload, tlm::TLM_OK_RESPONSE);
  Access& access =
      *std::find_if(accesses_.begin(), accesses_.end(), [](const Access& a) { return a.payload == nullptr; });
  access = Access{&payload, sequence_++, 0, 0, AxiResponse::okay};
  (payload.is_read() ? reads_ : writes_).uncut.push_back(&access);
  clock_.wake();
}

void AxiManagerBridge::refuse(engine::Payload& payload, tlm::tlm_response_status status) {
  payload.set_response_status(status);
  target_.release();
  target_.respond(payload);
}

// --- addresses and data

/// AXI orders nothing between channels and IDs, TLM does: an earlier access to the same bytes comes first,
/// unless both read.
bool AxiManagerBridge::overtakes(const Access& access) const {
  return std::any_of(accesses_.begin(), accesses_.end(), [&](const Access& other) {
    return other.payload != nullptr && other.sequence < access.sequence &&
           (other.payload->is_write() || access.payload->is_write()) &&
           overlap(*other.payload, *access.payload);
  });
}

/// The lowest, or one beyond them if none is free.
unsigned AxiManagerBridge::free_id(const Direction& direction) const {
  const auto& bursts = direction.bursts;
  const auto found =
      std::find_if(bursts.begin(), bursts.end(), [](const Burst& b) { return b.access == nullptr; });
  return static_cast<unsigned>(found - bursts.begin());
}

bool AxiManagerBridge::can_cut(const Direction& direction) const {
  return !direction.uncut.empty() && free_id(direction) < direction.bursts.size() &&
         !overtakes(*direction.uncut.front());
}

/// The next burst of the oldest access: as many of its bytes as lie before the next 4 KB boundary and in
/// `max_beats` beats; in one beat no wider than needed, else in beats as wide as allowed.
const AxiAddress& AxiManagerBridge::cut(Direction& direction) {
  Access& access = *direction.uncut.front();
  const engine::Payload& payload = *access.payload;
  const unsigned id = free_id(direction);
  Burst& burst = direction.bursts[id];
  burst = Burst{&access, AxiAddress(), access.cut, 0, 0};
  AxiAddress& address = burst.address;
  put_sideband(payload.attributes, config_.user, address);
  address.id = id;
  address.addr = payload.get_address() + access.cut;
  const auto left = std::min<std::uint64_t>(payload.bytes() - access.cut, 4096 - address.addr % 4096);
  const std::uint64_t last = address.addr + left - 1;
  while (address.addr >> address.size != last >> address.size && address.bytes() < config_.max_beat_bytes) {
    ++address.size;
  }
  const std::uint64_t first_beat = address.addr >> address.size;
  const auto beats = std::min<std::uint64_t>((last >> address.size) - first_beat + 1, config_.max_beats);
  address.len = static_cast<std::uint8_t>(beats - 1);
  const std::uint64_t end = (first_beat + beats) << address.size;
  burst.bytes = static_cast<std::uint32_t>(std::min(end - address.addr, left));
  access.cut += burst.bytes;
  ++access.bursts;
  if (access.cut == payload.bytes()) direction.uncut.pop_front();
  return address;
}

AxiWrite AxiManagerBridge::write_beat() {
  Burst& burst = writes_.bursts[data_.front()];
  engine::Payload& payload = *burst.access->payload;
  const AxiBeats beats(burst.address);
  const auto at = static_cast<std::uint32_t>(beats.address(burst.beat) - burst.address.addr);
  const std::uint32_t bytes = std::min(beats.bytes(burst.beat), burst.bytes - at);
  const unsigned lane = beats.lanes(burst.beat, config_.widths.bytes()).first;
  AxiWrite beat;
  for (std::uint32_t i = 0; i < bytes; ++i) {
    const std::uint32_t byte = burst.offset + at + i;
    if (!enabled(payload, byte)) continue;
    beat.strb.set(lane + i);
    beat.data[lane + i] = payload.data()[byte];
  }
  beat.last = ++burst.beat == beats.count();
  if (beat.last) data_.pop_front();
  return beat;
}

// --- responses

void AxiManagerBridge::take_read(const AxiRead& beat) {
  if (beat.id >= reads_.bursts.size() || reads_.bursts[beat.id].access == nullptr) return;
  Burst& burst = reads_.bursts[beat.id];
  engine::Payload& payload = *burst.access->payload;
  const AxiBeats beats(burst.address);
  const auto at = static_cast<std::uint32_t>(beats.address(burst.beat) - burst.address.addr);
  const std::uint32_t bytes = std::min(beats.bytes(burst.beat), burst.bytes - at);
  const unsigned lane = beats.lanes(burst.beat, config_.widths.bytes()).first;
  for (std::uint32_t i = 0; i < bytes; ++i) {
    const std::uint32_t byte = burst.offset + at + i;
    if (enabled(payload, byte)) payload.data()[byte] = beat.data[lane + i];
  }
  const bool complete = ++burst.beat == beats.count();
  burst.access->worst = worse(burst.access->worst, beat.resp);
  if (complete) finish(burst, beat.resp);
  else if (beat.last) finish(burst, AxiResponse::slverr);  // beats are missing
}

void AxiManagerBridge::take_response(const AxiWriteResponse& response) {
  if (response.id >= writes_.bursts.size() || writes_.bursts[response.id].access == nullptr) return;
  Burst& burst = writes_.bursts[response.id];
  if (burst.beat == burst.address.beats()) finish(burst, response.resp);
}

void AxiManagerBridge::finish(Burst& burst, AxiResponse response) {
  Access& access = *burst.access;
  burst.access = nullptr;
  access.worst = worse(access.worst, response);
  engine::Payload& payload = *access.payload;
  if (--access.bursts != 0 || access.cut != payload.bytes()) return;
  access.payload = nullptr;
  payload.set_response_status(to_tlm(access.worst));
  target_.release();
  target_.respond(payload);
}

// --- pins

void AxiManagerBridge::sample() {
  aw_.sample();
  w_.sample();
  ar_.sample();
  if (const AxiRead* beat = r_.sample()) take_read(*beat);
  if (const AxiWriteResponse* response = b_.sample()) take_response(*response);
}

void AxiManagerBridge::drive() {
  if (ar_.open() && can_cut(reads_)) ar_.load(cut(reads_));
  if (aw_.open() && can_cut(writes_)) {
    const AxiAddress& address = cut(writes_);
    data_.push_back(address.id);
    aw_.load(address);
  }
  if (w_.open() && !data_.empty()) w_.load(write_beat());
  b_.drive(true);
  r_.drive(true);
}

bool AxiManagerBridge::busy() const {
  return aw_.pending() || w_.pending() || ar_.pending() || !data_.empty() || can_cut(reads_) ||
         can_cut(writes_);
}

}  // namespace svasim::bridges
