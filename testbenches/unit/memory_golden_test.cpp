// Exact times through the whole memory system: initiator, interconnect, last-level cache, DRAM, all on a
// clock of 1 ns so that a time in ps is a number of cycles times 1000.
//
//   R, P      interconnect request and response latency     tag, data   cache latencies
//   edge 0    the initiator sends                           edge 1      interconnect
//   1+R       granted and sent                              2+R         cache: lookup
#include <catch2/catch.hpp>

#include "models/memory/dram.hpp"
#include "models/memory/interconnect.hpp"
#include "models/memory/llc.hpp"
#include "testbenches/unit/memory_bench.hpp"

using namespace svasim::test;
using namespace svasim::memory;

namespace {

constexpr unsigned R = 3, P = 2, tag = 4, data = 5;
constexpr unsigned rcd = 10, rp = 11, cl = 12, cwl = 9, burst = 4;
constexpr std::uint64_t kBase = 0x80000000;
constexpr std::uint64_t kRow = 0x400;                 // bytes of a row
constexpr std::uint64_t kSameBank = 4 * kRow;         // four banks, one channel: the next row of a bank
constexpr Picoseconds ns = 1000, kLater = 1000 * ns;  // "later": everything before has finished

InterconnectConfig interconnect_config() {
  InterconnectConfig c;
  c.request_latency = R;
  c.response_latency = P;
  return c;
}
LlcConfig llc_config() {
  LlcConfig c;
  c.sets = 16;
  c.ways = 2;
  c.tag_latency = tag;
  c.data_latency = data;
  return c;
}
DramConfig dram_config() {
  DramConfig c;
  c.channels = 1;
  c.banks = 4;
  c.row_bytes = kRow;
  c.burst_cycles = burst;
  c.t_rcd = rcd, c.t_rp = rp, c.t_cl = cl, c.t_cwl = cwl;
  c.t_ras = 25, c.t_rrd = 3, c.t_rtp = 6, c.t_wr = 8, c.t_wtr = 5;
  c.t_refi = 0;
  return c;
}

struct System {
  FreshKernel kernel;
  Calendar calendar{"calendar"};
  Clock clock{ns};
  Store store{kBase, 1u << 20};
  Initiator initiator{"initiator", calendar, clock};
  Interconnect interconnect{"interconnect",        calendar, clock, interconnect_config(), 1, 1,
                            {{kBase, 1u << 20, 0}}};
  Llc llc;
  Dram dram;

  explicit System(LlcConfig l = llc_config(), DramConfig d = dram_config())
      : llc("llc", calendar, clock, l, store), dram("dram", calendar, clock, d) {
    initiator.port.socket.bind(interconnect.port(0).socket);
    interconnect.output(0).socket.bind(llc.port.socket);
    llc.dram.socket.bind(dram.port.socket);
  }
};

}  // namespace

TEST_CASE("the unloaded latencies of the README") {
  System s;
  auto& closed = s.initiator.read_at(1 * kLater, kBase, 64);
  auto& hit = s.initiator.read_at(2 * kLater, kBase + 8, 8);
  auto& row_hit = s.initiator.read_at(3 * kLater, kBase + 64, 64);
  auto& conflict = s.initiator.read_at(4 * kLater, kBase + kSameBank, 64);
  run(s.calendar);

  CHECK(hit.took() == (4 + R + P + tag + data) * ns);
  CHECK(row_hit.took() == (6 + R + P + tag + data + cl + burst) * ns);
  CHECK(closed.took() == (6 + R + P + tag + data + rcd + cl + burst) * ns);
  CHECK(conflict.took() == (6 + R + P + tag + data + rp + rcd + cl + burst) * ns);

  // Each hop is charged to the stage left behind.
  CHECK(hit.in(Stage::interconnect) == ((2 + R) + (1 + P)) * ns);
  CHECK(hit.in(Stage::llc) == (tag + data + 1) * ns);
  CHECK(closed.in(Stage::interconnect) == ((2 + R) + (1 + P)) * ns);
  CHECK(closed.in(Stage::llc) == ((tag + 1) + (data + 1)) * ns);
  CHECK(closed.in(Stage::dram_queue) == 0);
  CHECK(closed.in(Stage::dram) == (rcd + cl + burst + 1) * ns);
  CHECK(conflict.in(Stage::dram) == (rp + rcd + cl + burst + 1) * ns);

  CHECK(counters(s.llc)["hits"] == 1);
  CHECK(counters(s.llc)["misses"] == 3);
  CHECK(counters(s.dram)["row_closed"] == 1);
  CHECK(counters(s.dram)["row_hits"] == 1);
  CHECK(counters(s.dram)["row_conflicts"] == 1);
  CHECK(s.initiator.leaked() == 0);
}

TEST_CASE("a write of a whole line allocates without fetching, of a part of one fetches") {
  System s;
  auto& whole = s.initiator.write_at(1 * kLater, kBase, std::vector<std::uint8_t>(64, 0x5a));
  auto& part = s.initiator.write_at(2 * kLater, kBase + 64, {1, 2, 3});
  auto& both = s.initiator.read_at(3 * kLater, kBase + 63, 3);
  run(s.calendar);
  CHECK(whole.took() == (4 + R + P + tag + data) * ns);
  CHECK(part.took() == (6 + R + P + tag + data + rcd + cl + burst) * ns);
  CHECK(both.data == std::vector<std::uint8_t>{0x5a, 1, 2});
  CHECK(both.took() ==
        (4 + R + P + tag + data + 1) * ns);  // two lines: the second is looked up a cycle later
}

TEST_CASE("a compare-and-swap takes the time of a read, and makes the line dirty only if it writes") {
  System s;
  auto& miss = s.initiator.swap_at(1 * kLater, kBase + 8, 1, 2);   // finds 0
  auto& equal = s.initiator.swap_at(2 * kLater, kBase + 8, 0, 7);  // finds 0
  auto& other = s.initiator.swap_at(3 * kLater, kBase + 8, 0, 9);  // finds 7
  auto& read = s.initiator.read_at(4 * kLater, kBase + 8, 8);
  auto& odd = s.initiator.swap_at(5 * kLater, kBase + 60, 0, 1);  // across lines: not atomic, so only a read
  // Two lines that share the set with the first push it out: written back, once.
  s.initiator.read_at(6 * kLater, kBase + 16 * 64, 8);
  s.initiator.read_at(7 * kLater, kBase + 32 * 64, 8);
  run(s.calendar);
  CHECK(miss.took() == (6 + R + P + tag + data + rcd + cl + burst) * ns);
  CHECK(equal.took() == (4 + R + P + tag + data) * ns);
  CHECK((miss.swap.performed && equal.swap.performed && other.swap.performed));
  CHECK(equal.data[0] == 0);
  CHECK(other.data[0] == 7);
  CHECK(read.data[0] == 7);
  CHECK_FALSE(odd.swap.performed);
  CHECK(counters(s.llc)["write_backs"] == 1);
}

TEST_CASE("4096 bytes are looked up one line per interval and sent in 64 beats") {
  constexpr unsigned lines = 64, beats = 64;
  std::vector<std::uint8_t> page(4096);
  for (std::size_t i = 0; i < page.size(); ++i) page[i] = static_cast<std::uint8_t>(i * 7);
  LlcConfig large = llc_config();
  large.sets = 64;
  System big(large);
  auto& write = big.initiator.write_at(1 * kLater, kBase, page);
  auto& read = big.initiator.read_at(2 * kLater, kBase, 4096);
  run(big.calendar);
  CHECK(read.data == page);
  // Each hop with data takes its beats, the last one being seen at the edge after it.
  CHECK(write.took() == (4 + R + P + tag + data + (lines - 1) + 2 * (beats - 1)) * ns);
  CHECK(read.took() == (4 + R + P + tag + data + (lines - 1) + 2 * (beats - 1)) * ns);
}

TEST_CASE("lines of one access miss in parallel; its timeline is that of the line that comes last") {
  System s;
  auto& read = s.initiator.read_at(kLater, kBase, 256);  // four lines of one row
  run(s.calendar);
  // Lookups at 0..3; fetches reach the DRAM one per cycle; the first opens the row, the others follow in
  // bursts. The response's four beats pass two hops.
  CHECK(read.took() == (6 + R + P + tag + data + rcd + cl + 4 * burst + 2 * 3) * ns);
  CHECK(read.in(Stage::dram) == (cl + burst + 1) * ns);  // the last one's own command is its column command
  // It came 3 cycles after the first line, whose column commands start rcd after arrival, and is the fourth.
  CHECK(read.in(Stage::dram_queue) == (rcd + 3 * burst - 3) * ns);
  CHECK(counters(s.dram)["row_hits"] == 3);
}

TEST_CASE("an evicted dirty line is written back; a clean one is not") {
  System s;
  const std::uint64_t same_set = 16 * 64;  // 16 sets of 2 ways
  s.initiator.write_at(1 * kLater, kBase, std::vector<std::uint8_t>(64, 1));
  s.initiator.read_at(2 * kLater, kBase + same_set, 64);
  auto& evicts = s.initiator.read_at(3 * kLater, kBase + 2 * same_set, 64);  // the written line is the oldest
  s.initiator.read_at(4 * kLater, kBase + 3 * same_set, 64);
  auto& back = s.initiator.read_at(5 * kLater, kBase, 1);
  run(s.calendar);
  CHECK(counters(s.llc)["write_backs"] == 1);
  CHECK(counters(s.dram)["writes"] == 1);
  CHECK(counters(s.dram)["reads"] == 4);
  CHECK(back.data.front() == 1);
  // Posted: the fetch goes first, so the write-back does not delay it (another bank, row closed).
  CHECK(evicts.took() == (6 + R + P + tag + data + rcd + cl + burst) * ns);
}

TEST_CASE("an address outside the memory") {
  System s;
  auto& unmapped = s.initiator.read_at(kLater, 0x1000, 8);
  auto& across = s.initiator.read_at(2 * kLater, kBase + (1u << 20) - 4, 8);
  run(s.calendar);
  CHECK(unmapped.status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  CHECK(unmapped.took() == (2 + R + P) * ns);
  CHECK(across.status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  CHECK(unmapped.in(Stage::interconnect) == unmapped.took());
}

namespace {

struct Thread : sc_core::sc_module, tlm::tlm_bw_transport_if<> {
  tlm::tlm_initiator_socket<> socket{"socket"};
  sc_core::sc_time read_took, write_took;
  std::array<std::uint8_t, 8> data{};
  SC_HAS_PROCESS(Thread);
  explicit Thread(sc_core::sc_module_name name) : sc_core::sc_module(name) {
    socket.bind(*this);
    SC_THREAD(body);
  }
  sc_core::sc_time access(tlm::tlm_command command, std::array<std::uint8_t, 8>& bytes) {
    tlm::tlm_generic_payload payload;
    payload.set_command(command);
    payload.set_address(kBase + 0x40);
    payload.set_data_ptr(bytes.data());
    payload.set_data_length(8);
    payload.set_streaming_width(8);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const auto begin = sc_core::sc_time_stamp();
    socket->b_transport(payload, delay);
    CHECK(payload.is_response_ok());
    return sc_core::sc_time_stamp() - begin + delay;
  }
  void body() {
    std::array<std::uint8_t, 8> bytes{1, 2, 3, 4, 5, 6, 7, 8};
    sc_core::wait(100, sc_core::SC_NS);
    write_took = access(tlm::TLM_WRITE_COMMAND, bytes);
    sc_core::wait(100, sc_core::SC_NS);
    read_took = access(tlm::TLM_READ_COMMAND, data);
  }
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) override {
    return tlm::TLM_ACCEPTED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
};

}  // namespace

TEST_CASE("b_transport from a thread takes as long as four phases") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  const Clock clock(ns);
  Store store(kBase, 1u << 20);
  Thread thread("thread");
  Interconnect interconnect("interconnect", calendar, clock, interconnect_config(), 1, 1,
                            {{kBase, 1u << 20, 0}});
  Llc llc("llc", calendar, clock, llc_config(), store);
  Dram dram("dram", calendar, clock, dram_config());
  thread.socket.bind(interconnect.port(0).socket);
  interconnect.output(0).socket.bind(llc.port.socket);
  llc.dram.socket.bind(dram.port.socket);
  sc_core::sc_start(10, sc_core::SC_US);
  CHECK(thread.write_took.value() == (6 + R + P + tag + data + rcd + cl + burst) * ns);
  CHECK(thread.read_took.value() == (4 + R + P + tag + data) * ns);
  CHECK(thread.data == std::array<std::uint8_t, 8>{1, 2, 3, 4, 5, 6, 7, 8});

  tlm::tlm_generic_payload debug;
  std::array<std::uint8_t, 4> peeked{};
  debug.set_command(tlm::TLM_READ_COMMAND);
  debug.set_address(kBase + 0x42);
  debug.set_data_ptr(peeked.data());
  debug.set_data_length(4);
  const auto before = counters(llc);
  CHECK(thread.socket->transport_dbg(debug) == 4);
  CHECK(peeked == std::array<std::uint8_t, 4>{3, 4, 5, 6});
  CHECK(counters(llc) == before);
}
