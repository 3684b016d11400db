// Cycles of the AXI bridges, by hand, and what they put on the pins. A request sent at edge 10 by TLM is seen
// by the manager bridge at 11; its address is on the pins after 11 and taken at 12.
#include <numeric>

#include "testbenches/bridges/axi_bench.hpp"
#include "testbenches/unit/memory_bench.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

constexpr Picoseconds ns = kNs;

struct Pair {
  FreshKernel kernel;
  Calendar calendar{"calendar"};
  Clock clock{ns};
  PinClock pin_clock{calendar, clock};
  AxiPins pins;
  AxiManagerBridge manager;
  PinLog log{pin_clock, pins};
  AxiChecker checker;
  AxiSubordinateBridge subordinate;
  Initiator initiator{"initiator", calendar, clock};
  Target target;

  explicit Pair(Picoseconds latency = 3 * ns, const AxiManagerConfig& m = AxiManagerConfig(),
                const AxiSubordinateConfig& s = AxiSubordinateConfig())
      : manager("manager", pin_clock, pins, m),
        checker("checker", pin_clock, pins, m.widths),
        subordinate("subordinate", pin_clock, pins, s),
        target("target", calendar, clock, latency) {
    initiator.port.socket.bind(manager.socket());
    subordinate.socket().bind(target.port.socket);
  }
  void run() {
    run_all(calendar);
    calendar.rethrow();
    checker.finish();
    CHECK(initiator.leaked() == 0);
  }
};

/// A manager by hand and a memory behind the subordinate bridge.
struct Hand {
  FreshKernel kernel;
  Calendar calendar{"calendar"};
  Clock clock{ns};
  PinClock pin_clock{calendar, clock};
  AxiPins pins;
  PinManager manager{pin_clock, pins};
  PinLog log{pin_clock, pins};
  AxiSubordinateBridge subordinate;
  RandomMemory memory;

  explicit Hand(const AxiSubordinateConfig& s = AxiSubordinateConfig())
      : subordinate("subordinate", pin_clock, pins, s),
        memory("memory", calendar, clock, 1, 1, s.byte_enables) {
    subordinate.socket().bind(memory.port.socket);
    for (unsigned i = 0; i < 256; ++i) memory.bytes.write(i, static_cast<std::uint8_t>(i));
  }
  void run() {
    run_all(calendar);
    calendar.rethrow();
  }
};

AxiWrite data(std::uint8_t first, unsigned lane, unsigned lanes, bool last) {
  AxiWrite beat;
  for (unsigned i = 0; i < lanes; ++i) {
    beat.data[lane + i] = static_cast<std::uint8_t>(first + i);
    beat.strb.set(lane + i);
  }
  beat.last = last;
  return beat;
}

using Cycles = std::vector<std::uint64_t>;
template <class Log>
Cycles cycles(const Log& log) {
  Cycles result;
  for (const auto& entry : log) result.push_back(entry.first);
  return result;
}

}  // namespace

TEST_CASE("one beat: two cycles more each way than without the pins") {
  // read  10 sent, 11 manager, 12 AR, 13 target, 13 + 3 answers, 17 subordinate, 18 R, 19 initiator.
  // write 30 sent, 31 manager, 32 AW and W, 33 target, 36, 37 subordinate, 38 B, 39 initiator.
  Pair pair;
  auto& read = pair.initiator.read_at(10 * ns, 0x100, 8);
  auto& write = pair.initiator.write_at(30 * ns, 0x100, std::vector<std::uint8_t>(8));
  pair.run();
  CHECK(read.answered == 19 * ns);
  CHECK(write.answered == 39 * ns);
  CHECK(pair.target.arrivals[0].when == 13 * ns);
  CHECK(pair.target.arrivals[1].when == 33 * ns);
  CHECK(cycles(pair.log.ar) == Cycles{12});
  CHECK(cycles(pair.log.r) == Cycles{18});
  CHECK(cycles(pair.log.aw) == Cycles{32});
  CHECK(cycles(pair.log.w) == Cycles{32});
  CHECK(cycles(pair.log.b) == Cycles{38});
}

TEST_CASE("eight beats: a cycle for each, stored and forwarded") {
  // read:  the target answers at 16, beats at 18 to 25, initiator 26.
  // write: beats at 32 to 39, sent on at 39, target 40, answers 43, subordinate 44, B 45, initiator 46.
  Pair pair;
  auto& read = pair.initiator.read_at(10 * ns, 0x100, 64);
  auto& write = pair.initiator.write_at(30 * ns, 0x100, std::vector<std::uint8_t>(64));
  pair.run();
  CHECK(cycles(pair.log.r) == Cycles{18, 19, 20, 21, 22, 23, 24, 25});
  CHECK(read.answered == 26 * ns);
  CHECK(cycles(pair.log.w) == Cycles{32, 33, 34, 35, 36, 37, 38, 39});
  CHECK(pair.target.arrivals[1].when == 40 * ns);
  CHECK(write.answered == 46 * ns);
}

TEST_CASE("an address a cycle, a beat a cycle, reads beside writes") {
  Pair pair;
  std::vector<const Initiator::Access*> all;
  for (unsigned i = 0; i < 4; ++i) {
    all.push_back(&pair.initiator.read_at(10 * ns, 0x100 * i, 8));
    all.push_back(&pair.initiator.write_at(10 * ns, 0x80 + 0x100 * i, std::vector<std::uint8_t>(8)));
  }
  pair.run();
  // Sent in turn from 10 on; a read takes AR alone and a write AW and W, so each goes its way at once.
  for (unsigned i = 0; i < 8; ++i) CHECK(all[i]->answered == (19 + i) * ns);
  CHECK(cycles(pair.log.ar) == Cycles{12, 14, 16, 18});
  CHECK(cycles(pair.log.aw) == Cycles{13, 15, 17, 19});
}

TEST_CASE("without work between the edges there are none") {
  Pair pair(1000 * ns);
  pair.initiator.read_at(10 * ns, 0x100, 8);
  pair.run();
  // 11: AR goes up; 12: it is taken; 1014: the answer is here, R goes up; 1015: it is taken.
  CHECK(pair.pin_clock.edges() == 4);
}

TEST_CASE("one ID: one burst at a time") {
  AxiManagerConfig config;
  config.ids = 1;
  Pair pair(3 * ns, config);
  auto& first = pair.initiator.read_at(10 * ns, 0x100, 8);
  auto& second = pair.initiator.read_at(10 * ns, 0x200, 8);
  pair.run();
  CHECK(first.answered == 19 * ns);
  // Its ID is free at 18: AR up after 18, taken at 19, seven cycles later than 12.
  CHECK(second.answered == (19 + 7) * ns);
}

TEST_CASE("what touches the same bytes waits, unless both read") {
  for (const bool same : {false, true}) {
    Pair pair;
    pair.initiator.write_at(10 * ns, 0x100, std::vector<std::uint8_t>(8));
    auto& read = pair.initiator.read_at(10 * ns, same ? 0x107 : 0x108, 1);
    pair.run();
    // The write is answered at 18, and the read's AR goes up after that edge; else it follows one cycle
    // behind.
    CHECK(read.answered == (same ? 18 + 1 + 7 : 19 + 1) * ns);
  }
}

TEST_CASE("a full subordinate holds ARREADY down until the last beat is taken") {
  AxiSubordinateConfig config;
  config.reads = 1;
  Pair pair(3 * ns, AxiManagerConfig(), config);
  pair.initiator.read_at(10 * ns, 0x100, 8);
  auto& second = pair.initiator.read_at(10 * ns, 0x200, 8);
  pair.run();
  // R of the first at 18: ARREADY is up after 18, AR is taken at 19.
  CHECK(cycles(pair.log.ar) == Cycles{12, 19});
  CHECK(second.answered == 26 * ns);
}

TEST_CASE("how an access is cut: 4 KB, length, width") {
  struct Row {
    std::uint64_t address;
    unsigned bytes, max_beats, max_beat_bytes;
    std::vector<AxiAddress> bursts;
  };
  const auto incr = [](std::uint64_t address, unsigned beats, unsigned bytes) {
    return axi_burst(AxiBurst::incr, address, beats, bytes);
  };
  const Row rows[] = {
      {0x100, 1, 256, 128, {incr(0x100, 1, 1)}},
      {0x105, 2, 256, 128, {incr(0x105, 1, 4)}},  // 0x105 and 0x106 share an aligned word
      {0x103, 2, 256, 128, {incr(0x103, 1, 8)}},  // 0x103 and 0x104 do not
      {0x100, 16, 256, 128, {incr(0x100, 1, 16)}},
      {0x108, 16, 256, 128, {incr(0x108, 2, 16)}},  // 8 bytes of each of two beats
      {0x100, 40, 256, 128, {incr(0x100, 3, 16)}},
      {0x100, 40, 256, 4, {incr(0x100, 10, 4)}},  // narrow beats
      {0xFF8, 16, 256, 128, {incr(0xFF8, 1, 8), incr(0x1000, 1, 8)}},
      {0x10C, 64, 2, 128, {incr(0x10C, 2, 16), incr(0x120, 2, 16), incr(0x140, 1, 16)}},
      {0x000, 4096, 256, 128, {incr(0, 256, 16)}},
      {0x000, 4096, 256, 8, {incr(0, 256, 8), incr(0x800, 256, 8)}},
  };
  for (const Row& row : rows) {
    AxiManagerConfig m;
    m.widths.data = 128;
    m.max_beats = row.max_beats;
    m.max_beat_bytes = row.max_beat_bytes;
    AxiSubordinateConfig s;
    s.widths = m.widths;
    Pair pair(3 * ns, m, s);
    pair.initiator.read_at(10 * ns, row.address, row.bytes);
    auto& write = pair.initiator.write_at(10 * ns, row.address, std::vector<std::uint8_t>(row.bytes, 1));
    pair.run();
    CAPTURE(row.address, row.bytes, row.max_beats);
    CHECK(write.status == tlm::TLM_OK_RESPONSE);
    std::uint64_t strobes = 0;
    for (const auto& entry : pair.log.w) {
      for (unsigned lane = 0; lane < kAxiMaxBytes; ++lane) strobes += entry.second.strb.test(lane);
    }
    CHECK(strobes == row.bytes);
    for (const auto* log : {&pair.log.ar, &pair.log.aw}) {
      REQUIRE(log->size() == row.bursts.size());
      for (std::size_t i = 0; i < log->size(); ++i) {
        AxiAddress seen = (*log)[i].second;
        CHECK(seen.id == i);
        CHECK(seen.cache == 0b1111);
        CHECK(seen.prot == 0b010);
        seen.id = seen.cache = seen.prot = 0;
        CHECK(seen == row.bursts[i]);
      }
    }
  }
}

TEST_CASE("refused by the manager bridge without a burst") {
  AxiManagerConfig config;
  config.widths.address = 40;
  Pair pair(3 * ns, config);
  auto& last = pair.initiator.read_at(10 * ns, (std::uint64_t{1} << 40) - 8, 8);
  auto& beyond = pair.initiator.read_at(50 * ns, (std::uint64_t{1} << 40) - 8, 9);
  auto& wrapped = pair.initiator.write_at(50 * ns, ~std::uint64_t{0}, {1, 2});
  pair.run();
  CHECK(last.status == tlm::TLM_OK_RESPONSE);
  CHECK(beyond.status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  CHECK(beyond.answered == 52 * ns);  // seen at 51
  CHECK(wrapped.status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  CHECK(pair.target.arrivals.size() == 1);
  CHECK_THROWS_AS(AxiWidths({52, 48, 4}).checked(), std::invalid_argument);
}

TEST_CASE("errors: DECERR is an address error, SLVERR a generic one") {
  for (const auto status : {tlm::TLM_OK_RESPONSE, tlm::TLM_GENERIC_ERROR_RESPONSE,
                            tlm::TLM_ADDRESS_ERROR_RESPONSE, tlm::TLM_COMMAND_ERROR_RESPONSE}) {
    Pair pair;
    pair.target.status = status;
    auto& read = pair.initiator.read_at(10 * ns, 0x100, 64);
    auto& write = pair.initiator.write_at(10 * ns, 0x200, {1});
    pair.run();
    const auto expected =
        status == tlm::TLM_COMMAND_ERROR_RESPONSE ? tlm::TLM_GENERIC_ERROR_RESPONSE : status;
    CHECK(read.status == expected);
    CHECK(write.status == expected);
  }
}

TEST_CASE("WRAP comes from one access, in the order of its beats") {
  Hand hand;
  // Container 0x40 to 0x5F, four beats of 8: 0x50, 0x58, 0x40, 0x48.
  hand.manager.ar.push_back({0, axi_burst(AxiBurst::wrap, 0x50, 4, 8)});
  hand.run();
  CHECK(hand.memory.accesses == 1);
  REQUIRE(hand.log.r.size() == 4);
  const std::uint8_t first[] = {0x50, 0x58, 0x40, 0x48};
  for (unsigned n = 0; n < 4; ++n) {
    CHECK(hand.log.r[n].second.data[0] == first[n]);
    CHECK(hand.log.r[n].second.data[7] == first[n] + 7);
    CHECK(hand.log.r[n].second.last == (n == 3));
  }
}

TEST_CASE("FIXED is an access for each beat, always on the same lanes") {
  Hand hand;
  // Four-byte beats on an 8-byte bus, from 0x25: bytes 0x25 to 0x27, lanes 5 to 7.
  hand.manager.ar.push_back({0, axi_burst(AxiBurst::fixed, 0x25, 3, 4)});
  hand.manager.aw.push_back({40, axi_burst(AxiBurst::fixed, 0x30, 2, 4)});
  hand.manager.w.push_back({40, data(0x90, 0, 4, false)});
  hand.manager.w.push_back({40, data(0xA0, 1, 1, true)});
  hand.run();
  CHECK(hand.memory.accesses == 3 + 2);
  REQUIRE(hand.log.r.size() == 3);
  for (const auto& [cycle, beat] : hand.log.r) {
    CHECK(beat.data[4] == 0);
    CHECK(beat.data[5] == 0x25);
    CHECK(beat.data[7] == 0x27);
  }
  CHECK(hand.memory.bytes.read(0x30) == 0x90);
  CHECK(hand.memory.bytes.read(0x31) == 0xA0);  // the second beat has only this strobe
  CHECK(hand.memory.bytes.read(0x33) == 0x93);
}

TEST_CASE("a write with holes: its runs one by one, or one access with byte enables") {
  for (const bool byte_enables : {false, true}) {
    AxiSubordinateConfig config;
    config.byte_enables = byte_enables;
    Hand hand(config);
    hand.manager.aw.push_back({0, axi_burst(AxiBurst::incr, 0x80, 2, 8)});
    AxiWrite holes = data(0xC0, 6, 2, false);
    holes.strb.set(0);
    hand.manager.w.push_back({0, holes});
    hand.manager.w.push_back({0, data(0xD0, 0, 3, true)});
    hand.manager.aw.push_back({30, axi_burst(AxiBurst::incr, 0x80, 1, 8, 3)});  // nothing enabled
    AxiWrite nothing;
    nothing.last = true;
    hand.manager.w.push_back({30, nothing});
    hand.run();
    CHECK(hand.memory.accesses ==
          (byte_enables ? 1 : 2));  // lane 0; lanes 6 and 7 with those of the next beat
    CHECK(hand.memory.bytes.read(0x80) == 0);
    CHECK(hand.memory.bytes.read(0x81) == 0x81);
    CHECK(hand.memory.bytes.read(0x86) == 0xC0);
    CHECK(hand.memory.bytes.read(0x8A) == 0xD2);
    CHECK(hand.memory.bytes.read(0x8B) == 0x8B);
    REQUIRE(hand.log.b.size() == 2);
    CHECK(hand.log.b[1].second.id == 3);
  }
}

TEST_CASE("data before their address: as many beats as there is room for") {
  AxiSubordinateConfig config;
  config.early_beats = 2;
  Hand hand(config);
  for (unsigned n = 0; n < 4; ++n) {
    hand.manager.w.push_back({0, data(static_cast<std::uint8_t>(8 * n), 0, 8, n == 3)});
  }
  hand.manager.aw.push_back({9, axi_burst(AxiBurst::incr, 0x100, 4, 8)});
  hand.run();
  // On the pins after edge 0, two are taken; the address at 10 makes room at 11.
  CHECK(cycles(hand.log.w) == Cycles{1, 2, 11, 12});
  CHECK(cycles(hand.log.aw) == Cycles{10});
  CHECK(hand.memory.bytes.read(0x11F) == 31);
}

TEST_CASE("same ID in order; of two IDs the data come burst by burst, or beat by beat") {
  for (const bool interleave : {false, true}) {
    AxiSubordinateConfig config;
    config.interleave = interleave;
    Hand hand(config);
    hand.manager.ar.push_back({0, axi_burst(AxiBurst::incr, 0x00, 4, 8, 1)});
    hand.manager.ar.push_back({0, axi_burst(AxiBurst::incr, 0x40, 2, 8, 1)});
    hand.manager.ar.push_back({0, axi_burst(AxiBurst::incr, 0x80, 3, 8, 2)});
    hand.run();
    std::vector<unsigned> firsts;
    for (const auto& [cycle, beat] : hand.log.r) firsts.push_back(beat.data[0]);
    // The bursts lie in places 0 to 2. The data of the third are here two cycles after those of the first,
    // whose beats 0 and 1 are out by then. Round robin then alternates places 0 and 2, until place 0 is done
    // and place 1, the next after it, may begin.
    const std::vector<unsigned> in_turn{0x00, 0x08, 0x10, 0x18, 0x40, 0x48, 0x80, 0x88, 0x90};
    const std::vector<unsigned> mixed{0x00, 0x08, 0x80, 0x10, 0x88, 0x18, 0x40, 0x90, 0x48};
    CHECK(firsts == (interleave ? mixed : in_turn));
  }
}

TEST_CASE("illegal bursts are answered with SLVERR, beat for beat, and touch nothing; exclusive is OKAY") {
  Hand hand;
  hand.manager.ar.push_back({0, axi_burst(AxiBurst::incr, 0xFF8, 2, 8, 1)});
  hand.manager.ar.push_back({0, axi_burst(AxiBurst::wrap, 0x40, 3, 8, 2)});
  hand.manager.ar.push_back({0, axi_burst(AxiBurst::incr, 0x40, 256, 128, 3)});
  hand.manager.aw.push_back({0, axi_burst(AxiBurst::reserved, 0x40, 1, 8, 4)});
  hand.manager.w.push_back({0, data(0xEE, 0, 8, true)});
  hand.run();
  CHECK(hand.memory.accesses == 0);
  CHECK(hand.log.r.size() == 2 + 3 + 256);
  for (const auto& [cycle, beat] : hand.log.r) CHECK(beat.resp == AxiResponse::slverr);
  REQUIRE(hand.log.b.size() == 1);
  CHECK(hand.log.b[0].second.resp == AxiResponse::slverr);

  Hand exclusive;
  AxiAddress address = axi_burst(AxiBurst::incr, 0x40, 1, 8);
  address.lock = true;
  exclusive.manager.ar.push_back({0, address});
  exclusive.run();
  REQUIRE(exclusive.log.r.size() == 1);
  CHECK(exclusive.log.r[0].second.resp == AxiResponse::okay);
}

TEST_CASE("what of atomics crosses: exclusive writes as normal ones, a compare-and-swap as its read") {
  Hand h;
  AxiAddress exclusive = axi_burst(AxiBurst::incr, 0x20, 1, 8);
  exclusive.lock = true;
  h.manager.ar.push_back({0, exclusive});
  h.manager.aw.push_back({50, exclusive});
  h.manager.w.push_back({50, data(0xA0, 0, 8, true)});
  h.run();
  REQUIRE(h.log.r.size() == 1);
  CHECK(h.log.r[0].second.resp == AxiResponse::okay);  // says: no exclusive accesses here
  CHECK(h.log.r[0].second.data[3] == 0x23);
  REQUIRE(h.log.b.size() == 1);
  CHECK(h.log.b[0].second.resp == AxiResponse::okay);
  CHECK(+h.memory.bytes.read(0x23) == 0xA3);  // and so it is written

  Pair p;
  const auto& swap = p.initiator.swap_at(10 * ns, 0x40, 0, 77);
  p.run();
  REQUIRE(p.log.ar.size() == 1);
  CHECK(p.log.aw.empty());
  CHECK_FALSE(p.log.ar[0].second.lock);
  CHECK(swap.status == tlm::TLM_OK_RESPONSE);
  CHECK_FALSE(swap.swap.performed);  // its initiator knows, and writes itself
}

TEST_CASE("side-band: what AxUSER carries comes back whole, without it what AxPROT and AxCACHE tell") {
  engine::Attributes a;
  a.stream = arch::StreamId{0x8765'4321};
  a.substream = {true, 0xF'ABCD};
  a.privileged = a.instruction = true;
  a.non_secure = false;
  a.address_type = arch::AddressType::translated;
  a.memory = {0x44, 2};
  AxiAddress address;
  engine::Attributes back;
  put_sideband(a, AxiUser::smmu, address);
  CHECK(address.prot == 0b101);
  CHECK(address.cache == 0b0011);
  CHECK(address.user == (std::uint64_t{2} << 62 | std::uint64_t{0x44} << 54 | std::uint64_t{3} << 52 |
                         std::uint64_t{0xF'ABCD} << 32 | 0x8765'4321));
  get_sideband(address, AxiUser::smmu, back);
  CHECK(back.stream == a.stream);
  CHECK(back.substream == a.substream);
  CHECK(back.address_type == a.address_type);
  CHECK(back.memory == a.memory);
  CHECK((back.privileged && back.instruction && !back.non_secure));

  struct Row {
    std::uint8_t mair, cache, back;
  };
  for (const Row row : {Row{0x00, 0b0000, 0x00}, Row{0x04, 0b0001, 0x04}, Row{0x0C, 0b0001, 0x04},
                        Row{0x44, 0b0011, 0x44}, Row{0xBB, 0b1110, 0xBB}, Row{0xFF, 0b1111, 0xFF}}) {
    a.memory = {row.mair, 3};
    put_sideband(a, AxiUser::none, address);
    CHECK(address.user == 0);
    CHECK(address.cache == row.cache);
    get_sideband(address, AxiUser::none, back);
    CHECK(back.memory.type == row.back);
  }
}
