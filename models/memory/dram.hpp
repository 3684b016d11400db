// The DRAM behind the last-level cache: channels of banks with open rows, one shared request queue with
// back-pressure. It models time only; the bytes are in the Store. A request lies within one 64-byte line
// (TLM_BURST_ERROR_RESPONSE else), and is answered when its last data has moved.
//
// Stages: `dram_queue` from arrival, `dram` from the first command issued for the request.
#pragma once

#include <cstdint>
#include <vector>

#include "models/engine/at_socket.hpp"
#include "models/memory/dram_channel.hpp"

namespace svasim::memory {

class Dram : public sc_core::sc_module {
  std::uint16_t block_;  ///< first: the socket needs it

 public:
  Dram(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
       const DramConfig& config);

  engine::AtTarget port;  ///< the last-level cache binds here

  template <class F>
  void counters(F&& f) const {
    DramChannel::Counters sum;
    for (const auto& channel : channels_) {
      const auto& c = channel.scheduler.counters();
      sum.row_hits += c.row_hits;
      sum.row_closed += c.row_closed;
      sum.row_conflicts += c.row_conflicts;
      sum.refreshes += c.refreshes;
      sum.bus_busy_cycles += c.bus_busy_cycles;
    }
    f("reads", reads_);
    f("writes", writes_);
    f("bytes", bytes_);
    f("row_hits", sum.row_hits);
    f("row_closed", sum.row_closed);
    f("row_conflicts", sum.row_conflicts);
    f("refreshes", sum.refreshes);
    f("bus_busy_cycles", sum.bus_busy_cycles);
    f("queue_peak", queue_peak_);
  }
  /// `visit(name, bits, value)` for every signal of the waves.
  template <class Visit>
  void signals(Visit&& visit) const {
    visit("queue", 16, queued_);
    visit("reads", 32, reads_);
    visit("writes", 32, writes_);
  }

 private:
  struct Channel {
    DramChannel scheduler;
    engine::Picoseconds armed = DramChannel::kNever;  ///< when its next step is posted
  };

  void request(engine::Payload& payload);
  void step(std::uint64_t channel);
  void arm(std::uint64_t channel, engine::Picoseconds when);
  void respond(std::uint64_t payload);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  DramConfig config_;
  DramTiming timing_;
  std::vector<Channel> channels_;
  std::uint64_t arrivals_ = 0;
  std::uint64_t queued_ = 0;
  std::uint64_t reads_ = 0;
  std::uint64_t writes_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t queue_peak_ = 0;
};

}  // namespace svasim::memory
