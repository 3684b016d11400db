// See dram_channel.hpp.
#include "models/memory/dram_channel.hpp"

#include <algorithm>

namespace svasim::memory {
namespace {

using engine::Picoseconds;

Picoseconds before(Picoseconds time, Picoseconds span) { return time > span ? time - span : 0; }

}  // namespace

DramChannel::DramChannel(const DramConfig& config, const DramTiming& timing)
    : config_(config),
      timing_(timing),
      banks_(config.banks),
      refresh_due_(timing.refi != 0 ? timing.refi : kNever) {
  for (Bank& bank : banks_) bank.queue.reserve(config.queue_depth);
}

void DramChannel::push(const Request& request) { banks_[request.bank].queue.push_back(request); }

DramChannel::Step DramChannel::step(Picoseconds now) {
  while (refresh_due_ <= now) refresh();
  Step result;
  if (command_from_ > now) {
    result.next = command_from_;
    return result;
  }
  Bank* bank = nullptr;
  Candidate chosen{};
  for (Bank& other : banks_) {
    if (other.queue.empty()) continue;
    const Candidate can = candidate(other);
    if (can.from > now) {
      result.next = std::min(result.next, can.from);
    } else if (bank == nullptr || before_in_turn(other, can, *bank, chosen)) {
      bank = &other;
      chosen = can;
    }
  }
  if (bank == nullptr) return result;
  command_from_ = now + timing_.cycle;
  result = issue(*bank, chosen, now);
  result.next = command_from_;
  return result;
}

bool DramChannel::before_in_turn(const Bank& a, const Candidate& of_a, const Bank& b, const Candidate& of_b) {
  const bool column_a = of_a.command == Command::column;
  const bool column_b = of_b.command == Command::column;
  if (column_a != column_b) return column_a;
  return a.queue[of_a.index].order < b.queue[of_b.index].order;
}

DramChannel::Candidate DramChannel::candidate(const Bank& bank) const {
  if (bank.open_row == kClosed) {
    return {Command::activate, 0, std::max(bank.activate_from, activate_from_)};
  }
  const std::size_t looked_at = bank.passed_over < config_.hit_cap ? bank.queue.size() : 1;
  for (std::size_t i = 0; i < looked_at; ++i) {
    if (bank.queue[i].row == bank.open_row) {
      return {Command::column, i, column_from(bank, bank.queue[i])};
    }
  }
  return {Command::precharge, 0, bank.precharge_from};
}

Picoseconds DramChannel::column_from(const Bank& bank, const Request& request) const {
  const Picoseconds bus = before(bus_from_, request.write ? timing_.cwl : timing_.cl);
  return std::max({bank.column_from, bus, request.write ? 0 : read_from_});
}

DramChannel::Step DramChannel::issue(Bank& bank, const Candidate& chosen, Picoseconds now) {
  Request& request = bank.queue[chosen.index];
  Step step;
  step.payload = request.payload;
  step.first = !request.started;
  request.started = true;
  if (chosen.command == Command::activate) {
    counters_.row_closed += step.first;
    bank.open_row = request.row;
    bank.column_from = now + timing_.rcd;
    bank.precharge_from = now + timing_.ras;
    activate_from_ = now + timing_.rrd;
  } else if (chosen.command == Command::precharge) {
    counters_.row_conflicts += step.first;
    bank.open_row = kClosed;
    bank.activate_from = now + timing_.rp;
  } else {
    counters_.row_hits += step.first;
    step.data_end = move_data(bank, request, now);
    bank.passed_over = chosen.index == 0 ? 0 : bank.passed_over + 1;
    bank.queue.erase(bank.queue.begin() + static_cast<std::ptrdiff_t>(chosen.index));
  }
  return step;
}

Picoseconds DramChannel::move_data(Bank& bank, const Request& request, Picoseconds now) {
  const Picoseconds busy = request.bursts * timing_.burst;
  bus_from_ = now + (request.write ? timing_.cwl : timing_.cl) + busy;
  counters_.bus_busy_cycles += busy / timing_.cycle;
  const Picoseconds last_command = now + busy - timing_.burst;
  if (request.write) read_from_ = bus_from_ + timing_.wtr;
  const Picoseconds precharge = request.write ? bus_from_ + timing_.wr : last_command + timing_.rtp;
  bank.precharge_from = std::max(bank.precharge_from, precharge);
  return bus_from_;
}

/// All banks are precharged at the earliest edge that all open ones allow, then refreshed; they end closed.
void DramChannel::refresh() {
  Picoseconds precharge = std::max(refresh_due_, command_from_);
  for (const Bank& bank : banks_) {
    if (bank.open_row != kClosed) precharge = std::max(precharge, bank.precharge_from);
  }
  Picoseconds begin = precharge;
  for (const Bank& bank : banks_) {
    begin = std::max(begin, bank.open_row != kClosed ? precharge + timing_.rp : bank.activate_from);
  }
  for (Bank& bank : banks_) {
    bank.open_row = kClosed;
    bank.activate_from = begin + timing_.rfc;
  }
  ++counters_.refreshes;
  refresh_due_ += timing_.refi;
}

}  // namespace svasim::memory
