// See storage.hpp.
#include "models/host/storage.hpp"

#include <algorithm>

namespace svasim::host {

Storage::Storage(engine::Calendar& calendar, engine::Inlet inlet, const StorageConfig& config,
                 LatencySource& latency, LatencySource& wake)
    : calendar_(calendar), inlet_(inlet), config_(config), latency_(latency), wake_(wake) {
  slots_.resize(config.queue);
  for (std::size_t slot = config.queue; slot > 0; --slot) free_.push_back(slot - 1);
}

void Storage::read(Thread& thread, std::uint64_t bytes) {
  bool ready = false;
  submit(bytes, [&] {
    ready = true;
    thread.wake(wake_.draw());
  });
  while (!ready) thread.block();
}

void Storage::write(std::uint64_t bytes, Done done) { submit(bytes, std::move(done)); }

void Storage::submit(std::uint64_t bytes, Done done) {
  ++commands_;
  bytes_ += bytes;
  Command command{bytes, std::move(done)};
  if (free_.empty()) return waiting_.push_back(std::move(command));
  begin(std::move(command));
}

void Storage::begin(Command command) {
  const std::size_t slot = free_.back();
  free_.pop_back();
  slots_[slot] = std::move(command);
  calendar_.post<&Storage::found>(calendar_.now() + latency_.draw(), inlet_, this, slot);
}

void Storage::found(std::uint64_t slot) {
  constexpr std::uint64_t kPicosecondsPerByteAt1MBps = 1'000'000;
  const Picoseconds transfer = slots_[slot].bytes * kPicosecondsPerByteAt1MBps / config_.bandwidth;
  transfers_end_ = std::max(transfers_end_, calendar_.now()) + transfer;
  calendar_.post<&Storage::finished>(transfers_end_, inlet_, this, slot);
}

void Storage::finished(std::uint64_t slot) {
  const Done done = std::move(slots_[slot].done);
  free_.push_back(slot);
  if (!waiting_.empty()) begin(waiting_.pop_front());
  done();
}

}  // namespace svasim::host
