// See llc.hpp.
#include "models/memory/llc.hpp"

#include <algorithm>

namespace svasim::memory {
namespace {

using engine::Payload;
using engine::Picoseconds;
using probe::Stage;

// At one edge: lines from DRAM first, so that what they free can be used; then arrivals, lookups, sending.
enum Inlets : std::uint8_t { kFromDram, kFromInitiator, kTagStage, kToDram, kResponse };

constexpr std::uint64_t kIsWriteBack = ~std::uint64_t{0};  ///< in Payload::user; else the number of the MSHR

bool power_of_two(unsigned n) { return n != 0 && (n & (n - 1)) == 0; }

std::uint64_t as_argument(void* object) { return reinterpret_cast<std::uint64_t>(object); }

/// The transaction of `tag` takes over what happened to the line it waited for since `joined`.
void charge(engine::Tag& tag, const probe::Timeline& fetch, Picoseconds joined) {
  if (tag.transaction == nullptr) return;
  Picoseconds begin = fetch.begun_at();
  for (const probe::Segment& segment : fetch.segments()) {
    const Picoseconds end = begin + segment.duration;
    if (end > joined) tag.enter(segment.stage, std::max(begin, joined));
    begin = end;
  }
  tag.enter(Stage::llc, begin);
}

}  // namespace

std::vector<std::string> LlcConfig::check() const {
  std::vector<std::string> wrong;
  if (!power_of_two(sets)) wrong.push_back("sets: a power of two is needed");
  if (replacement != "lru" && replacement != "plru") wrong.push_back("replacement: lru or plru");
  if (replacement == "plru" && !power_of_two(ways)) wrong.push_back("ways: plru needs a power of two");
  return wrong;
}

Llc::Llc(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
         const LlcConfig& config, Store& store)
    : sc_core::sc_module(name),
      block_(calendar.add_block()),
      port("port", calendar, clock, {block_, kFromInitiator}, config.width, config.input_depth),
      dram("dram", calendar, clock, {block_, kFromDram}, config.width),
      calendar_(calendar),
      clock_(clock),
      config_(config),
      store_(store),
      tags_(config.sets, config.ways, config.replacement == "plru" ? Replacement::plru : Replacement::lru),
      mshrs_(config.mshrs),
      free_write_backs_(config.write_backs) {
  for (unsigned i = config.mshrs; i-- > 0;) free_mshrs_.push_back(static_cast<std::uint16_t>(i));
  for (Mshr& mshr : mshrs_) mshr.targets.reserve(config.mshr_targets);
  port.bind_request<&Llc::request>(this);
  port.bind_debug([this](tlm::tlm_generic_payload& payload) { return debug(payload); });
  dram.bind_response<&Llc::response>(this);
}

void Llc::request(Payload& payload) {
  payload.tag.enter(Stage::llc, calendar_.now());
  ++requests_;
  queue_.push_back(&payload);
  if (!stalled_) arm();
}

/// The tag stage works as soon as its interval is over.
void Llc::arm() {
  if (armed_) return;
  armed_ = true;
  calendar_.post<&Llc::look_up>(std::max(calendar_.now(), next_lookup_), {block_, kTagStage}, this);
}

void Llc::look_up(std::uint64_t) {
  armed_ = false;
  const Picoseconds now = calendar_.now();
  if (head_ == nullptr) start();
  Payload& payload = *head_->payload;
  const std::uint64_t left = payload.get_address() + payload.bytes() - head_address_;
  const std::uint64_t in_line = kLineBytes - head_address_ % kLineBytes;
  const auto bytes = static_cast<unsigned>(std::min(left, in_line));
  if (head_->status != tlm::TLM_OK_RESPONSE) {
    resolve(*head_, now + clock_.span(config_.tag_latency));
  } else if (!look_up_line(head_address_, bytes)) {
    if (!stalled_) stalled_since_ = now;
    stalled_ = true;  // response() comes here again
    return;
  }
  if (stalled_) tag_stall_cycles_ += (now - stalled_since_) / clock_.period();
  stalled_ = false;
  next_lookup_ = now + clock_.span(config_.interval);
  head_address_ += bytes;
  if (head_address_ == payload.get_address() + payload.bytes() || head_->unresolved == 0) finish_head();
  if (!queue_.empty()) arm();
}

/// The front of the queue enters the tag stage. One that lies outside the memory is a single failed lookup.
void Llc::start() {
  if (free_accesses_.empty()) {
    accesses_.push_back(std::make_unique<Access>());
    free_accesses_.push_back(accesses_.back().get());
  }
  head_ = free_accesses_.back();
  free_accesses_.pop_back();
  Payload& payload = *queue_.front();
  head_address_ = payload.get_address();
  const std::uint64_t last = head_address_ + payload.bytes() - 1;
  *head_ = Access{&payload, static_cast<unsigned>((last >> kLineShift) - (head_address_ >> kLineShift) + 1)};
  if (store_.contains(head_address_, payload.bytes())) return;
  ++address_errors_;
  head_->status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
  head_->unresolved = 1;
}

void Llc::finish_head() {
  head_ = nullptr;
  queue_.pop_front();
  port.release();
}

bool Llc::look_up_line(std::uint64_t address, unsigned bytes) {
  Payload& payload = *head_->payload;
  const std::uint64_t number = address >> kLineShift;
  TagArray::Line* line = tags_.find(number);
  if (line == nullptr) {
    line = allocate(number, !payload.is_write() || bytes != kLineBytes);
    if (line == nullptr) return false;
  } else if (line->pending) {
    if (!join(line->fetch)) return false;
  } else {
    ++hits_;
    resolve(*head_, calendar_.now() + clock_.span(config_.tag_latency + config_.data_latency));
  }
  tags_.touch(*line);
  if (move_bytes(payload, address, bytes)) line->dirty = true;
  return true;
}

bool Llc::join(std::uint16_t number) {
  Mshr& mshr = mshrs_[number];
  if (mshr.targets.size() == config_.mshr_targets) return false;
  mshr.targets.push_back({head_, calendar_.now()});
  ++merged_misses_;
  return true;
}

TagArray::Line* Llc::allocate(std::uint64_t number, bool fetched) {
  TagArray::Line* const place = tags_.victim(number);
  if (place == nullptr || (fetched && free_mshrs_.empty())) return nullptr;
  const TagArray::Line evicted = *place;
  if (evicted.dirty && free_write_backs_ == 0) return nullptr;
  *place = TagArray::Line{};
  place->number = number;
  place->valid = true;
  if (fetched) {
    ++misses_;
    fetch(number, *place);
  } else {
    ++unfetched_allocations_;
    resolve(*head_, calendar_.now() + clock_.span(config_.tag_latency + config_.data_latency));
  }
  if (evicted.dirty) write_back(evicted.number);
  return place;
}

/// True: the line was written. Swaps are resolved here, at the point of coherence, so they are atomic for
/// all.
bool Llc::move_bytes(Payload& payload, std::uint64_t address, unsigned bytes) {
  std::uint8_t* const data = payload.data() + (address - payload.get_address());
  if (payload.is_write()) {
    store_.write(address, data, bytes);
    bytes_written_ += bytes;
    return true;
  }
  if (!payload.is_read()) return false;
  store_.read(address, data, bytes);
  bytes_read_ += bytes;
  engine::Swap& swap = payload.attributes.swap;
  if (!swap.asked || bytes != sizeof swap.desired || !swap.perform(data)) return false;
  store_.write(address, &swap.desired, sizeof swap.desired);
  bytes_written_ += sizeof swap.desired;
  return true;
}

void Llc::fetch(std::uint64_t number, TagArray::Line& place) {
  const Picoseconds now = calendar_.now();
  place.pending = true;
  place.fetch = free_mshrs_.back();
  free_mshrs_.pop_back();
  mshr_peak_ = std::max<std::uint64_t>(mshr_peak_, mshrs_.size() - free_mshrs_.size());
  Mshr& mshr = mshrs_[place.fetch];
  mshr.line = number;
  mshr.targets.push_back({head_, now});
  mshr.fetch.timeline.begin(now, Stage::llc);
  Payload& payload = pool_.make(tlm::TLM_READ_COMMAND, number << kLineShift, kLineBytes);
  payload.user = place.fetch;
  payload.tag.transaction = &mshr.fetch;
  calendar_.post<&Llc::send>(now + clock_.span(config_.tag_latency), {block_, kToDram}, this,
                             as_argument(&payload));
}

void Llc::write_back(std::uint64_t number) {
  --free_write_backs_;
  ++write_backs_;
  Payload& payload = pool_.make(tlm::TLM_WRITE_COMMAND, number << kLineShift, kLineBytes);
  payload.user = kIsWriteBack;
  store_.read(number << kLineShift, payload.data(), kLineBytes);
  calendar_.post<&Llc::send>(calendar_.now() + clock_.span(config_.tag_latency), {block_, kToDram}, this,
                             as_argument(&payload));
}

void Llc::send(std::uint64_t payload) { dram.send(*reinterpret_cast<Payload*>(payload)); }

void Llc::response(Payload& payload) {
  if (payload.user == kIsWriteBack) {
    ++free_write_backs_;
  } else {
    fill(mshrs_[payload.user], payload.ok());
    free_mshrs_.push_back(static_cast<std::uint16_t>(payload.user));
  }
  payload.release();
  if (stalled_) arm();
}

void Llc::fill(Mshr& mshr, bool ok) {
  const Picoseconds now = calendar_.now();
  mshr.fetch.timeline.end(now);
  TagArray::Line& line = *tags_.find(mshr.line);
  line.pending = false;
  if (!ok) line = TagArray::Line{};
  const Picoseconds done = now + clock_.span(config_.data_latency);
  for (const Target& target : mshr.targets) {
    Access& access = *target.access;
    if (!ok) access.status = tlm::TLM_GENERIC_ERROR_RESPONSE;
    if (access.unresolved == 1 && done >= access.done) {
      charge(access.payload->tag, mshr.fetch.timeline, target.joined);
    }
    resolve(access, done);
  }
  mshr.targets.clear();
}

void Llc::resolve(Access& access, Picoseconds done) {
  access.done = std::max(access.done, done);
  if (--access.unresolved != 0) return;
  calendar_.post<&Llc::respond>(access.done, {block_, kResponse}, this, as_argument(&access));
}

void Llc::respond(std::uint64_t argument) {
  auto& access = *reinterpret_cast<Access*>(argument);
  access.payload->set_response_status(access.status);
  free_accesses_.push_back(&access);
  port.respond(*access.payload);
}

unsigned Llc::debug(tlm::tlm_generic_payload& payload) {
  const std::uint64_t address = payload.get_address();
  const unsigned bytes = payload.get_data_length();
  const bool inside = payload.is_write() ? store_.write(address, payload.get_data_ptr(), bytes)
                                         : store_.read(address, payload.get_data_ptr(), bytes);
  payload.set_response_status(inside ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
  return inside ? bytes : 0;
}

}  // namespace svasim::memory
