// One DRAM channel: its banks, data bus and scheduler, as plain state that is told the time. One command per
// clock.
//
// Each step considers for every bank the request it should serve: the oldest that hits the open row, unless
// the bank's oldest has been passed over `hit_cap` times already. Of the commands that are legal now, reads
// and writes go before activates and precharges, and the older request before the younger (FR-FCFS).
//
// A refresh falls due every tREFI: from then on no other command is issued until the banks are precharged as
// soon as they may be and the refresh is over. It needs no event: it is worked out before the next command.
#pragma once

#include <cstdint>
#include <vector>

#include "models/memory/dram_config.hpp"

namespace svasim::engine {
class Payload;
}

namespace svasim::memory {

class DramChannel {
 public:
  static constexpr engine::Picoseconds kNever = ~engine::Picoseconds{0};

  struct Request {
    engine::Payload* payload;
    std::uint64_t row;
    std::uint64_t order;  ///< of arrival
    unsigned bank;
    unsigned bursts;
    bool write;
    bool started = false;  ///< a command was issued for it
  };
  /// What a step did for which request.
  struct Step {
    engine::Payload* payload = nullptr;  ///< null: no command
    bool first = false;                  ///< its first command
    engine::Picoseconds data_end =
        0;  ///< of a read or write, which leaves the queue; 0: precharge or activate
    engine::Picoseconds next = kNever;  ///< when another step may achieve something
  };
  struct Counters {
    std::uint64_t row_hits = 0;
    std::uint64_t row_closed = 0;
    std::uint64_t row_conflicts = 0;
    std::uint64_t refreshes = 0;
    std::uint64_t bus_busy_cycles = 0;
  };

  DramChannel(const DramConfig& config, const DramTiming& timing);

  void push(const Request& request);
  /// Issues at most one command at `now`, an edge of the clock not before the last step.
  Step step(engine::Picoseconds now);
  const Counters& counters() const { return counters_; }

 private:
  static constexpr std::uint64_t kClosed = ~std::uint64_t{0};
  enum class Command : std::uint8_t { column, activate, precharge };
  struct Bank {
    std::uint64_t open_row = kClosed;
    engine::Picoseconds column_from = 0;     ///< earliest read or write of the open row
    engine::Picoseconds activate_from = 0;   ///< earliest activate if closed
    engine::Picoseconds precharge_from = 0;  ///< earliest precharge if open
    unsigned passed_over = 0;                ///< row hits served before the oldest request
    std::vector<Request> queue;              ///< oldest first
  };
  struct Candidate {
    Command command;
    std::size_t index;  ///< in the bank's queue
    engine::Picoseconds from;
  };

  Candidate candidate(const Bank& bank) const;
  engine::Picoseconds column_from(const Bank& bank, const Request& request) const;
  /// Whether a's candidate goes before b's.
  static bool before_in_turn(const Bank& a, const Candidate& of_a, const Bank& b, const Candidate& of_b);
  void refresh();
  Step issue(Bank& bank, const Candidate& chosen, engine::Picoseconds now);
  engine::Picoseconds move_data(Bank& bank, const Request& request, engine::Picoseconds now);

  const DramConfig& config_;
  const DramTiming& timing_;
  std::vector<Bank> banks_;
  engine::Picoseconds command_from_ = 0;   ///< earliest next command of the channel
  engine::Picoseconds bus_from_ = 0;       ///< the data bus is free
  engine::Picoseconds read_from_ = 0;      ///< tWTR after the last written data
  engine::Picoseconds activate_from_ = 0;  ///< tRRD after the last activate
  engine::Picoseconds refresh_due_;
  Counters counters_;
};

}  // namespace svasim::memory
