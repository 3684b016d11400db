// See trace_feeder.hpp.
#include "models/platform/trace_feeder.hpp"

#include <algorithm>

#include "models/trace/text_format.hpp"

namespace svasim::platform {

using trace::Kind;

TraceFeeder::TraceFeeder(engine::Calendar& calendar, engine::Clock clock, unsigned devices,
                         unsigned lookahead, trace::Reader& reader, TraceServices services)
    : calendar_(calendar),
      clock_(clock),
      block_(calendar.add_block()),
      lookahead_(lookahead),
      reader_(reader),
      services_(std::move(services)) {
  for (unsigned i = 0; i < devices; ++i)
    feeds_.push_back(std::make_unique<DeviceFeed>(calendar, lookahead, [this] { wake(); }));
}

TraceFeeder::~TraceFeeder() = default;

void TraceFeeder::wake() {
  const engine::Picoseconds when = clock_.after(calendar_.now());
  if (exhausted_ || woken_ == when) return;
  woken_ = when;
  calendar_.post<&TraceFeeder::refill>(when, {block_, kRefill}, this);
}

void TraceFeeder::answered(std::uint64_t number) {
  answered_.add(number, calendar_.now());
  if (!waiting_.empty()) wake();
}

void TraceFeeder::refill(std::uint64_t) {
  call_ready();
  while ((holding_ || read()) && hand_out()) {
  }
  for (unsigned i = 0; i < feeds_.size(); ++i) {
    if (feeds_[i]->news()) poke(i);
  }
  const bool all_called = waiting_.empty() && timed_.empty() && calls_ == 0;
  if (!exhausted_ && at_end_ && !holding_ && all_called && issued_everything()) {
    exhausted_ = true;
    on_exhausted();
  }
}

bool TraceFeeder::read() {
  if (at_end_) return false;
  try {
    holding_ = reader_.next(record_);
    if (holding_ && trace::info(record_.kind).device && record_.device >= feeds_.size()) {
      throw trace::TraceError(reader_.name() + ": record " + std::to_string(reader_.record_number()) +
                              ": device " + std::to_string(record_.device) + ", but device.count is " +
                              std::to_string(feeds_.size()));
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
  if (awaiting_) return false;
  holding_ = !(record_.kind == Kind::access ? hand_out_access() : hand_out_control());
  return !holding_;
}

// --- accesses

bool TraceFeeder::hand_out_access() {
  const auto bond = bonds_.find({record_.device, record_.pasid});
  if (bond == bonds_.end()) {
    Call bind;
    bind.record.kind = Kind::bind;
    bind.record.device = record_.device;
    bind.record.pasid = record_.pasid;
    bind.number = reader_.record_number();
    bind.awaited = true;
    if (exited_.count(record_.pasid) == 0) {
      call(std::move(bind));
      return false;
    }
    bonds_[{record_.device, record_.pasid}] = std::nullopt;
    return hand_out_access();
  }
  DeviceFeed& feed = *feeds_[record_.device];
  if (feed.size() >= lookahead_) return false;
  if (!bond->second) {
    if (++refused_ == 1) tell_refused({record_, reader_.record_number()}, "no PASID");
    return true;
  }
  trace::for_each_piece(record_, [&](const trace::Record& piece) {
    feed.push({*bond->second, piece.write, piece.va, static_cast<std::uint32_t>(piece.size), piece.has_time,
               piece.time_ps, piece.execute, piece.privileged, ++handed_out_});
  });
  return true;
}

bool TraceFeeder::issued_everything() const {
  return std::all_of(feeds_.begin(), feeds_.end(), [](const auto& feed) { return feed->done(); });
}

// --- control records

bool TraceFeeder::hand_out_control() {
  if (waiting_.size() + timed_.size() >= lookahead_) return false;
  Call call;
  call.record = record_;
  call.number = reader_.record_number();
  if (record_.has_time) {
    const engine::Picoseconds due = std::max(clock_.edge(record_.time_ps), clock_.after(calendar_.now()));
    timed_.emplace(due, std::move(call));
    calendar_.post<&TraceFeeder::call_timed>(due, {block_, kTimed}, this);
    return true;
  }
  if (!issued_everything()) return false;
  if (record_.control.in_flight != trace::kAnyNumber && record_.control.in_flight < handed_out_)
    call.answered = handed_out_ - record_.control.in_flight;
  call.awaited = awaiting_ = record_.kind != Kind::unmap && !record_.control.nowait;
  waiting_.push_back(std::move(call));
  call_ready();
  if (!waiting_.empty()) wake();  // what is answered at this very instant counts at the next
  return true;
}

void TraceFeeder::call_ready() {
  while (!waiting_.empty() && answered_.up_to(waiting_.front().answered, calendar_.now()))
    call(waiting_.pop_front());
}

void TraceFeeder::call_timed(std::uint64_t) {
  call(std::move(timed_.begin()->second));
  timed_.erase(timed_.begin());
}

void TraceFeeder::call(Call call) {
  ++calls_;
  ++called_;
  awaiting_ |= call.awaited;
  const trace::Record record = call.record;
  services_.call(record, [this, call = std::move(call)](host::Status status) mutable {
    call.status = status;
    returned_.push_back(std::move(call));
    // The host acts at its own instants: the news takes effect at the next edge.
    calendar_.post<&TraceFeeder::returned>(clock_.after(calendar_.now()), {block_, kHostNews}, this);
  });
}

void TraceFeeder::returned(std::uint64_t) {
  const Call call = returned_.pop_front();
  --calls_;
  if (call.awaited) awaiting_ = false;
  learn(call);
  if (call.status != host::Status::ok) {
    ++refused_calls_;
    const char* why = host::name(call.status);
    if (++refusals_[{call.record.kind, why}] == 1) tell_refused(call, why);
  }
  refill();
}

/// What devices and processes are from now on.
void TraceFeeder::learn(const Call& call) {
  const trace::Record& record = call.record;
  const bool ok = call.status == host::Status::ok;
  if (record.kind == Kind::bind) {
    const Bond bond{record.device, record.pasid};
    if (!ok && bonds_.count(bond) != 0) return;
    const bool whole_device = ok && record.control.as == trace::As::device;
    bonds_[bond] = whole_device ? std::optional<std::uint32_t>(0) : services_.pasid(record.pasid);
    exited_.erase(record.pasid);
  } else if (ok && record.kind == Kind::exit) {
    exited_.insert(record.pasid);
  } else if (ok && (record.kind == Kind::create || record.kind == Kind::fork)) {
    const std::uint32_t made = record.kind == Kind::fork ? record.control.number : record.pasid;
    exited_.erase(made);
    for (unsigned device = 0; device < feeds_.size(); ++device) bonds_.erase({device, made});
  }
}

void TraceFeeder::tell_refused(const Call& call, const char* why) {
  if (!on_refused) return;
  std::string line;
  trace::print_record(call.record, line);
  line.pop_back();
  on_refused("record " + std::to_string(call.number) + ", '" + line + "': " + why);
}

}  // namespace svasim::platform
