// See trace_feeder.hpp.
#include "models/platform/trace_feeder.hpp"

#include <algorithm>
#include <string>

namespace svasim::platform {

/// Between the feeder and a device, who act at the same instants in any order: each knows of the other what
/// was so before the instant.
struct TraceFeeder::Source : pcie::AccessSource {
  TraceFeeder& feeder;
  engine::Ring<pcie::DeviceAccess> entries;
  bool issued = true;  ///< the device came back for more, so it has issued what it took
  engine::Picoseconds issued_at = 0;
  engine::Picoseconds pushed_at = 0, popped_at = 0;
  std::size_t pushed = 0, popped = 0;  ///< at those instants

  explicit Source(TraceFeeder& f) : feeder(f) {}

  bool next(pcie::DeviceAccess& access) override {
    const engine::Picoseconds now = feeder.calendar_.now();
    if (!issued) issued_at = now;
    issued = true;
    const std::size_t visible = entries.size() - (pushed_at == now ? pushed : 0);
    if (visible <= feeder.lookahead_ / 2) feeder.wake();
    if (visible == 0) return false;
    popped = (popped_at == now ? popped : 0) + 1;
    popped_at = now;
    issued = false;
    access = entries.pop_front();
    return true;
  }
  void push(const pcie::DeviceAccess& access, engine::Picoseconds now) {
    pushed = (pushed_at == now ? pushed : 0) + 1;
    pushed_at = now;
    entries.push_back(access);
  }
  std::size_t size(engine::Picoseconds now) const { return entries.size() + (popped_at == now ? popped : 0); }
  /// Everything handed out was issued before `now`.
  bool done(engine::Picoseconds now) const { return entries.empty() && issued && issued_at < now; }
};

TraceFeeder::TraceFeeder(engine::Calendar& calendar, engine::Clock clock, unsigned devices,
                         unsigned lookahead, trace::Reader& reader, HostServices host)
    : calendar_(calendar),
      clock_(clock),
      block_(calendar.add_block()),
      lookahead_(lookahead),
      reader_(reader),
      host_(std::move(host)) {
  for (unsigned i = 0; i < devices; ++i) sources_.push_back(std::make_unique<Source>(*this));
}

TraceFeeder::~TraceFeeder() = default;

pcie::AccessSource& TraceFeeder::source(unsigned device) { return *sources_[device]; }

void TraceFeeder::wake() {
  const engine::Picoseconds when = clock_.after(calendar_.now());
  if (exhausted_ || woken_ == when) return;
  woken_ = when;
  calendar_.post<&TraceFeeder::refill>(when, {block_, kRefill}, this);
}

void TraceFeeder::bound(std::uint64_t) {
  bound_.insert({record_.device, record_.pasid});
  binding_ = false;
  refill();
}

void TraceFeeder::unmapped(std::uint64_t) {
  --unmapping_;
  refill();
}

void TraceFeeder::refill(std::uint64_t) {
  const engine::Picoseconds now = calendar_.now();
  while ((holding_ || read()) && hand_out()) {
  }
  for (unsigned i = 0; i < sources_.size(); ++i) {
    if (sources_[i]->pushed != 0 && sources_[i]->pushed_at == now) poke(i);
  }
  if (!exhausted_ && at_end_ && !holding_ && unmapping_ == 0 && issued_everything()) {
    exhausted_ = true;
    on_exhausted();
  }
}

bool TraceFeeder::read() {
  if (at_end_) return false;
  try {
    holding_ = reader_.next(record_);
    if (holding_ && record_.kind == trace::Kind::access && record_.device >= sources_.size()) {
      throw trace::TraceError(reader_.name() + ": record " + std::to_string(reader_.record_number()) +
                              ": device " + std::to_string(record_.device) + ", but device.count is " +
                              std::to_string(sources_.size()));
    }
  } catch (...) {
    error_ = std::current_exception();
    holding_ = false;
  }
  at_end_ = !holding_;
  return holding_;
}

/// Acts on the record held; false if it has to wait.
bool TraceFeeder::hand_out() {
  if (record_.kind == trace::Kind::access) return hand_out_access();
  if (!issued_everything()) return false;
  ++unmapping_;
  host_.unmap(record_.pasid, record_.va, record_.size, [this] { tell<&TraceFeeder::unmapped>(); });
  holding_ = false;
  return true;
}

bool TraceFeeder::hand_out_access() {
  if (binding_) return false;
  const auto pair = std::make_pair(record_.device, record_.pasid);
  if (bound_.count(pair) == 0) {
    binding_ = true;
    host_.bind(record_.device, record_.pasid, [this] { tell<&TraceFeeder::bound>(); });
    return false;
  }
  const engine::Picoseconds now = calendar_.now();
  Source& source = *sources_[record_.device];
  if (source.size(now) >= lookahead_) return false;
  const std::optional<std::uint32_t> pasid = host_.pasid(record_.pasid);
  if (!pasid) ++refused_;
  trace::for_each_piece(record_, [&](const trace::Record& piece) {
    if (!pasid) return;
    source.push({*pasid, piece.write, piece.va, static_cast<std::uint32_t>(piece.size), piece.has_time,
                 piece.time_ps},
                now);
  });
  holding_ = false;
  return true;
}

bool TraceFeeder::issued_everything() const {
  const engine::Picoseconds now = calendar_.now();
  return std::all_of(sources_.begin(), sources_.end(),
                     [now](const auto& source) { return source->done(now); });
}

}  // namespace svasim::platform
