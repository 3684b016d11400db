// See fault_reporter.hpp.
#include "models/pcie/fault_reporter.hpp"

#include <algorithm>

namespace svasim::pcie {

namespace reg = arch::device_fault;
using probe::Stage;

FaultReporter::FaultReporter(engine::Calendar& calendar, engine::Clock clock, engine::Inlet inlet,
                             probe::Recorder& recorder, arch::StreamId stream, std::uint32_t device,
                             const FaultReporterConfig& config)
    : calendar_(calendar),
      clock_(clock),
      inlet_(inlet),
      recorder_(recorder),
      stream_(stream),
      device_(device),
      config_(config) {}

probe::Fault& FaultReporter::report(std::uint16_t token, arch::SubstreamId substream, arch::Va va,
                                    arch::Access wanted) {
  ++reported_;
  const probe::FaultKey key{probe::FaultKind::device, arch::raw(stream_), token};
  probe::Fault& fault =
      recorder_.open_fault(calendar_.now(), Stage::device_report, key, device_, substream.value, va.value);
  if (token >= live_.size()) live_.resize(token + 1u);
  live_[token] = {State::reporting, wanted, false, substream, va, &fault};
  waiting_.push_back(token);
  jobs_.enter(calendar_.now());
  start_jobs();
  return fault;
}

void FaultReporter::start_jobs() {
  const engine::Picoseconds now = calendar_.now();
  while (!waiting_.empty() && busy_ < config_.engines) {
    const std::uint16_t token = waiting_.pop_front();
    ++busy_;
    const std::uint64_t time = live_[token].state == State::answered ? config_.resume : config_.report;
    calendar_.post<&FaultReporter::finished>(std::max(clock_.after(now), clock_.edge(now + time)), inlet_,
                                             this, token);
  }
}

void FaultReporter::finished(std::uint64_t job) {
  const auto token = static_cast<std::uint16_t>(job);
  Live& live = live_[token];
  if (live.state == State::answered) {
    live.state = State::none;
    on_resolved(token, live.success);
    return engine_free();
  }
  live.fault->enter(Stage::fault_record, calendar_.now());
  if (enabled_) {
    records_.push_back(token);
    return record();
  }
  answer(token, false);  // nobody has set the queue up, so nobody would
  engine_free();
}

void FaultReporter::engine_free() {
  --busy_;
  jobs_.leave(calendar_.now());
  start_jobs();
}

/// Writes the oldest record, if there is room for it.
void FaultReporter::record() {
  if (writing_ || records_.empty()) return;
  if (arch::QueueIndex(queue_.log2_size).full(prod_, cons_)) {
    ++full_waits_;
    return;
  }
  const std::uint16_t token = records_.front();
  const Live& live = live_[token];
  writing_ = true;
  write(queue_.entry(prod_, reg::kLog2RecordBytes).value,
        reg::encode(reg::Record{token, live.wanted.write, live.substream, live.va, live.wanted.instruction}),
        1u << reg::kLog2RecordBytes);
  if (!waits_for_write) written();
}

void FaultReporter::written() {
  writing_ = false;
  const arch::QueueIndex index(queue_.log2_size);
  const bool was_empty = index.empty(prod_, cons_);
  prod_ = index.next(prod_);
  Live& live = live_[records_.pop_front()];
  live.state = State::recorded;
  live.fault->enter(Stage::interrupt, calendar_.now());
  if (was_empty) write(msi_address_, {msi_data_, 0}, 4);
  engine_free();
  record();
}

void FaultReporter::answer(std::uint16_t token, bool success) {
  Live& live = live_[token];
  ++answered_;
  live.state = State::answered;
  live.success = success;
  recorder_.close_fault(*live.fault, calendar_.now(), success ? probe::Outcome::ok : probe::Outcome::failed);
  on_answered(token);
  waiting_.push_back(token);
  jobs_.enter(calendar_.now());
  start_jobs();
}

void FaultReporter::write_register(std::uint32_t offset, std::uint64_t value, unsigned bytes) {
  const auto word = static_cast<std::uint32_t>(value);
  if (offset == reg::kQueueBase && bytes == 8) {
    queue_ = arch::QueueBase::decode(value, reg::kLog2RecordBytes);
    enabled_ = true;
    prod_ = cons_ = 0;
  } else if (offset == reg::kCons) {
    cons_ = word;
    record();
  } else if (offset == reg::kMsiAddress && bytes == 8) {
    msi_address_ = value;
  } else if (offset == reg::kMsiData) {
    msi_data_ = word;
  } else if (offset == reg::kResolve) {
    const auto token = static_cast<std::uint16_t>(word);
    const bool known = token < live_.size() && live_[token].state == State::recorded;
    known ? answer(token, (word >> 16 & 1) != 0) : void(++unexpected_);
  }
}

std::uint64_t FaultReporter::read_register(std::uint32_t offset) const {
  switch (offset) {
    case reg::kProd: return prod_;
    case reg::kCons: return cons_;
    case reg::kMsiAddress: return msi_address_;
    case reg::kMsiData: return msi_data_;
    default: return 0;
  }
}

}  // namespace svasim::pcie
