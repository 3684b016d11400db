// The DRAM alone. A request sent at edge t arrives at a = t+1; its last data at d is seen by the initiator at
// d+1. Times below are cycles of a 1 ns clock, counted from the arrival of the first request.
#include <catch2/catch.hpp>
#include <random>

#include "models/memory/dram.hpp"
#include "testbenches/unit/memory_bench.hpp"

using namespace svasim::test;
using namespace svasim::memory;

namespace {

constexpr Picoseconds ns = 1000;
constexpr unsigned rcd = 10, rp = 11, cl = 12, cwl = 9, burst = 4, ras = 25, rrd = 3, rtp = 6, wr = 8,
                   wtr = 5;
constexpr std::uint64_t kRow = 0x400, kBanks = 4;

/// The first byte of column `line` of a row, on one channel.
constexpr std::uint64_t at(std::uint64_t row, std::uint64_t bank, std::uint64_t line = 0) {
  return (row * kBanks + bank) * kRow + line * 64;
}

DramConfig config() {
  DramConfig c;
  c.channels = 1;
  c.banks = kBanks;
  c.row_bytes = kRow;
  c.burst_cycles = burst;
  c.t_rcd = rcd, c.t_rp = rp, c.t_cl = cl, c.t_cwl = cwl, c.t_ras = ras;
  c.t_rrd = rrd, c.t_rtp = rtp, c.t_wr = wr, c.t_wtr = wtr;
  c.t_refi = 0;
  return c;
}

struct Request {
  std::uint64_t address;
  bool write = false;
};

struct Bench {
  FreshKernel kernel;
  Calendar calendar{"calendar"};
  Clock clock{ns};
  Initiator initiator{"initiator", calendar, clock};
  Dram dram;
  explicit Bench(const DramConfig& c = config()) : dram("dram", calendar, clock, c) {
    initiator.port.socket.bind(dram.port.socket);
  }
  /// Sends one request per cycle; when the last data of each moved, counted from the arrival of the first.
  std::vector<Picoseconds> data_ends(const std::vector<Request>& requests, Picoseconds arrival = 100) {
    std::vector<const Initiator::Access*> accesses;
    for (const Request& r : requests) {
      const Picoseconds when = (arrival - 1) * ns;
      accesses.push_back(r.write ? &initiator.write_at(when, r.address, std::vector<std::uint8_t>(64))
                                 : &initiator.read_at(when, r.address, 64));
    }
    run(calendar);
    std::vector<Picoseconds> ends;
    for (const auto* access : accesses) ends.push_back(access->answered / ns - 1 - arrival);
    return ends;
  }
};

using Cycles = std::vector<Picoseconds>;

}  // namespace

TEST_CASE("closed row, then a hit, then a conflict long after") {
  Bench bench;
  CHECK(bench.data_ends({{at(0, 0)}}, 100) == Cycles{rcd + cl + burst});
  CHECK(bench.data_ends({{at(0, 0, 5)}}, 1200) == Cycles{cl + burst});
  CHECK(bench.data_ends({{at(0, 0, 6), true}}, 2200) == Cycles{cwl + burst});
  CHECK(bench.data_ends({{at(1, 0)}}, 3200) == Cycles{rp + rcd + cl + burst});
  CHECK(bench.data_ends({{at(1, 1), true}}, 4200) == Cycles{rcd + cwl + burst});
  const auto counted = counters(bench.dram);
  CHECK(counted.at("row_closed") == 2);
  CHECK(counted.at("row_hits") == 2);
  CHECK(counted.at("row_conflicts") == 1);
  CHECK(counted.at("bytes") == 5 * 64);
}

TEST_CASE("a conflict at once waits for tRAS") {
  CHECK(Bench().data_ends({{at(0, 0)}, {at(1, 0)}}) == Cycles{rcd + cl + burst, ras + rp + rcd + cl + burst});
}

TEST_CASE("or for tRTP after the read, if that is later") {
  DramConfig c = config();
  c.t_ras = rcd + rtp;  // tight: both at the same edge
  CHECK(Bench(c).data_ends({{at(0, 0)}, {at(1, 0)}})[1] == rcd + rtp + rp + rcd + cl + burst);
  c.t_rtp = rtp + 1;
  CHECK(Bench(c).data_ends({{at(0, 0)}, {at(1, 0)}})[1] == rcd + rtp + 1 + rp + rcd + cl + burst);
}

TEST_CASE("after a write precharge waits for tWR, a read for tWTR") {
  const unsigned written = rcd + cwl + burst;
  CHECK(Bench().data_ends({{at(0, 0), true}, {at(1, 0)}}) ==
        Cycles{written, written + wr + rp + rcd + cl + burst});
  CHECK(Bench().data_ends({{at(0, 0), true}, {at(0, 0, 1)}}) == Cycles{written, written + wtr + cl + burst});
}

TEST_CASE("row hits follow each other on the data bus without a gap") {
  CHECK(Bench().data_ends({{at(0, 0)}, {at(0, 0, 1)}, {at(0, 0, 2)}}) ==
        Cycles{rcd + cl + burst, rcd + cl + 2 * burst, rcd + cl + 3 * burst});
}

TEST_CASE("banks work side by side and share the data bus and tRRD") {
  // Activates at 0, rrd and 2 rrd; rrd < burst, so that from the second on the bus decides.
  CHECK(Bench().data_ends({{at(0, 0)}, {at(0, 1)}, {at(0, 2)}}) ==
        Cycles{rcd + cl + burst, rcd + cl + 2 * burst, rcd + cl + 3 * burst});
  DramConfig c = config();
  c.t_rrd = burst + 3;
  CHECK(Bench(c).data_ends({{at(0, 0)}, {at(0, 1)}}) ==
        Cycles{rcd + cl + burst, burst + 3 + rcd + cl + burst});
}

TEST_CASE("channels share nothing but the port") {
  DramConfig c = config();
  c.channels = 2;
  CHECK(Bench(c).data_ends({{0}, {256}}) == Cycles{rcd + cl + burst, 1 + rcd + cl + burst});
}

TEST_CASE("a row hit overtakes an older conflict, hit_cap times") {
  const std::vector<Request> requests = {{at(0, 0)}, {at(1, 0)}, {at(0, 0, 1)}, {at(0, 0, 2)}};
  const Picoseconds first = rcd + cl + burst;
  const auto ends = Bench().data_ends(requests);
  CHECK(ends[2] == first + burst);
  CHECK(ends[3] == first + 2 * burst);
  CHECK(ends[1] == ras + rp + rcd + cl + burst);  // the hits are over before tRAS is
  DramConfig c = config();
  c.hit_cap = 1;
  const auto capped = Bench(c).data_ends(requests);
  CHECK(capped[2] == first + burst);
  CHECK(capped[1] == ras + rp + rcd + cl + burst);
  const Picoseconds second_row = ras + rp;  // its activate; back to the first row after tRAS again
  CHECK(capped[3] == second_row + ras + rp + rcd + cl + burst);
}

TEST_CASE("time is charged to dram_queue until the first command of its own, then to dram") {
  Bench bench;
  auto& first = bench.initiator.read_at(99 * ns, at(0, 0), 64);
  auto& second = bench.initiator.read_at(99 * ns, at(1, 0), 64);
  run(bench.calendar);
  CHECK(first.in(Stage::dram_queue) == 0);
  CHECK(first.in(Stage::dram) == (rcd + cl + burst + 1) * ns);
  CHECK(second.in(Stage::dram_queue) == (ras - 1) * ns);  // it arrived a cycle later
  CHECK(second.in(Stage::dram) == (rp + rcd + cl + burst + 1) * ns);
}

TEST_CASE("the request queue is finite; a place is free when the column command is issued") {
  DramConfig c = config();
  for (const unsigned depth : {2u, 3u}) {
    c.queue_depth = depth;
    Bench bench(c);
    // Three rows of three banks. With two places the third request arrives a cycle after the first's column
    // command; with three it waits for the bus only.
    const auto ends = bench.data_ends({{at(0, 0)}, {at(0, 1)}, {at(0, 2)}});
    CAPTURE(depth);
    CHECK(ends[2] == (depth == 3 ? rcd + cl + 3 * burst : (rcd + 1) + rcd + cl + burst));
    CHECK(counters(bench.dram)["queue_peak"] == depth);
  }
}

TEST_CASE("a refresh closes the rows and takes tRFC") {
  DramConfig c = config();
  constexpr unsigned refi = 200, rfc = 40;
  c.t_refi = refi;
  c.t_rfc = rfc;
  const unsigned closed = rcd + cl + burst;
  // Arriving with the refresh, a request waits for it; a cycle after its end, it does not.
  CHECK(Bench(c).data_ends({{at(0, 0)}}, refi) == Cycles{rfc + closed});
  CHECK(Bench(c).data_ends({{at(0, 0)}}, refi + rfc - 1) == Cycles{1 + closed});
  CHECK(Bench(c).data_ends({{at(0, 0)}}, refi + rfc) == Cycles{closed});
  // A row opened before it is closed by it; refreshes that found nobody waiting took place all the same.
  Bench idle(c);
  idle.data_ends({{at(0, 0)}}, 100);
  CHECK(idle.data_ends({{at(0, 0)}}, 5 * refi + rfc) == Cycles{closed});
  CHECK(counters(idle.dram)["refreshes"] == 5);
  // Activated 5 cycles before the refresh: precharged after tRAS, refreshed, and activated again.
  CHECK(Bench(c).data_ends({{at(0, 0)}}, refi - 5) == Cycles{ras + rp + rfc + closed});
}

TEST_CASE("a request beyond a line is refused") {
  Bench bench;
  auto& wide = bench.initiator.read_at(10 * ns, 32, 64);
  auto& narrow = bench.initiator.read_at(1000 * ns, 32, 32);
  run(bench.calendar);
  CHECK(wide.status == tlm::TLM_BURST_ERROR_RESPONSE);
  CHECK(narrow.took() == (1 + rcd + cl + burst + 1) * ns);
}

TEST_CASE("addresses: channels interleave below columns, banks and rows above") {
  DramConfig c;
  c.channels = 2;
  c.banks = 4;
  c.row_bytes = 1024;
  c.interleave_bytes = 256;
  const auto is = [&](std::uint64_t address, unsigned channel, unsigned bank, std::uint64_t row) {
    const DramPlace place = place_of(address, c);
    return place.channel == channel && place.bank == bank && place.row == row;
  };
  CHECK(is(255, 0, 0, 0));
  CHECK(is(256, 1, 0, 0));
  CHECK(is(2047, 1, 0, 0));
  CHECK(is(2048, 0, 1, 0));
  CHECK(is(4 * 2048, 0, 0, 1));
  CHECK(is(std::uint64_t{1} << 52, 0, 0, std::uint64_t{1} << 39));
}

TEST_CASE("times are whole cycles, rounded up; the defaults are those of DDR4-3200") {
  const DramTiming t(DramConfig{}, Clock(625));
  CHECK(t.rcd == 22 * 625);
  CHECK(t.cwl == 16 * 625);
  CHECK(t.ras == 52 * 625);  // 32 ns are 51.2 cycles
  CHECK(t.burst == 4 * 625);
  DramConfig wrong;
  CHECK(wrong.check().empty());
  wrong.interleave_bytes = 96;
  wrong.t_rfc = 8000;
  CHECK(wrong.check().size() == 3);
}

namespace {

struct Command {
  Picoseconds when;
  const void* payload;
  Picoseconds data_end;
};
bool operator==(const Command& a, const Command& b) {
  return a.when == b.when && a.payload == b.payload && a.data_end == b.data_end;
}

struct Arrival {
  Picoseconds when;
  DramChannel::Request request;
};

std::vector<Arrival> random_arrivals(std::uint32_t seed, unsigned gap) {
  std::mt19937 random(seed);
  std::vector<Arrival> arrivals;
  Picoseconds when = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    when += random() % gap * ns;
    auto* name = reinterpret_cast<svasim::engine::Payload*>(i + 1);  // never looked into
    arrivals.push_back({when,
                        {name, random() % 3, i, static_cast<unsigned>(random() % kBanks),
                         1 + static_cast<unsigned>(i % 2), random() % 3 == 0}});
  }
  return arrivals;
}

/// `every_cycle`: the plainest use, a step in each cycle; else only where the channel says it may matter.
std::vector<Command> commands(const DramConfig& c, const std::vector<Arrival>& arrivals, bool every_cycle) {
  const DramTiming timing(c, Clock(ns));
  DramChannel channel(c, timing);
  std::vector<Command> result;
  std::size_t next = 0, left = arrivals.size();
  Picoseconds now = 0;
  while (left != 0) {
    while (next < arrivals.size() && arrivals[next].when == now) channel.push(arrivals[next++].request);
    const DramChannel::Step step = channel.step(now);
    if (step.payload != nullptr) result.push_back({now, step.payload, step.data_end});
    if (step.data_end != 0) --left;
    Picoseconds wake = step.next;
    if (next < arrivals.size()) wake = std::min(wake, arrivals[next].when);
    now = every_cycle ? now + ns : wake;
  }
  return result;
}

}  // namespace

TEST_CASE("skipping cycles changes nothing: the channel against itself stepped every cycle") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    DramConfig c = config();
    c.t_refi = seed % 2 == 0 ? 300 : 0;
    c.t_rfc = 50;
    c.hit_cap = seed % 5;
    const auto arrivals = random_arrivals(seed, 1 + seed * 3);
    const auto ticking = commands(c, arrivals, true);
    const auto skipping = commands(c, arrivals, false);
    CAPTURE(seed, ticking.size(), skipping.size());
    CHECK(ticking == skipping);
    // One command a cycle, and data never overlap on the bus.
    Picoseconds bus = 0;
    std::vector<Picoseconds> ends;
    for (std::size_t i = 0; i < ticking.size(); ++i) {
      if (i != 0) CHECK(ticking[i].when > ticking[i - 1].when);
      if (ticking[i].data_end == 0) continue;
      CHECK(ticking[i].data_end >= bus + burst * ns);
      bus = ticking[i].data_end;
    }
  }
}
