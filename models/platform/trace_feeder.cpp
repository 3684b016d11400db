// See trace_feeder.hpp.
#include "models/platform/trace_feeder.hpp"

#include <algorithm>
#include <string>

namespace svasim::platform {

struct TraceFeeder::Source : pcie::AccessSource {
  struct Entry {
    pcie::DeviceAccess access;
    engine::Picoseconds handed_out;
  };
  TraceFeeder& feeder;
  engine::Ring<Entry> entries;
  bool issued = true;  ///< the device came back for more, so it has issued what it took
  engine::Picoseconds issued_at = 0;

  explicit Source(TraceFeeder& f) : feeder(f) {}

  bool next(pcie::DeviceAccess& access) override {
    const engine::Picoseconds now = feeder.calendar_.now();
    issued = true;
    issued_at = now;
    if (entries.size() <= feeder.lookahead_ / 2) feeder.wake();
    if (entries.empty() || entries.front().handed_out >= now) return false;
    issued = false;
    access = entries.pop_front().access;
    return true;
  }
  /// Everything handed out was issued before `now`.
  bool done(engine::Picoseconds now) const { return entries.empty() && issued && issued_at < now; }
};

TraceFeeder::TraceFeeder(engine::Calendar& calendar, engine::Clock clock, unsigned devices,
                         unsigned lookahead, trace::Reader& reader, HostServices host)
    : calendar_(calendar),
      clock_(clock),
      inlet_{calendar.add_block(), 0},
      lookahead_(lookahead),
      reader_(reader),
      host_(std::move(host)) {
  for (unsigned i = 0; i < devices; ++i) sources_.push_back(std::make_unique<Source>(*this));
}

TraceFeeder::~TraceFeeder() = default;

pcie::AccessSource& TraceFeeder::source(unsigned device) { return *sources_[device]; }

void TraceFeeder::wake() {
  if (waking_ || exhausted_) return;
  waking_ = true;
  calendar_.post<&TraceFeeder::refill>(clock_.after(calendar_.now()), inlet_, this);
}

void TraceFeeder::refill(std::uint64_t) {
  waking_ = false;
  while ((holding_ || read()) && hand_out()) {
  }
  for (unsigned i = 0; i < sources_.size(); ++i) {
    if (!sources_[i]->entries.empty()) poke(i);
  }
  if (at_end_ && !holding_ && unmapping_ == 0 && issued_everything()) {
    exhausted_ = true;
    on_exhausted();
  }
}

bool TraceFeeder::read() {
  if (at_end_) return false;
  try {
    holding_ = reader_.next(record_);
    if (holding_ && record_.kind == trace::Kind::access && record_.device >= sources_.size()) {
      throw trace::TraceError("record " + std::to_string(reader_.record_number()) + ": device " +
                              std::to_string(record_.device) + ", but device.count is " +
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
  host_.unmap(record_.pasid, record_.va, record_.size, [this] {
    --unmapping_;
    wake();
  });
  holding_ = false;
  return true;
}

bool TraceFeeder::hand_out_access() {
  if (binding_) return false;
  const auto pair = std::make_pair(record_.device, record_.pasid);
  if (bound_.count(pair) == 0) {
    binding_ = true;
    host_.bind(record_.device, record_.pasid, [this, pair] {
      bound_.insert(pair);
      binding_ = false;
      wake();
    });
    return false;
  }
  auto& entries = sources_[record_.device]->entries;
  if (entries.size() >= lookahead_) return false;
  const std::optional<std::uint32_t> pasid = host_.pasid(record_.pasid);
  if (!pasid) ++refused_;
  trace::for_each_piece(record_, [&](const trace::Record& piece) {
    if (!pasid) return;
    entries.push_back({{*pasid, piece.write, piece.va, static_cast<std::uint32_t>(piece.size), piece.has_time,
                        piece.time_ps},
                       calendar_.now()});
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
