// TLM -> pins -> TLM under constrained-random traffic: every byte and status is known, every channel is held
// back at random, memory answers out of order, the checker watches.
#include "testbenches/bridges/axi_burst_traffic.hpp"

using namespace svasim::test;

namespace {

struct Choice {
  AxiManagerConfig manager;
  AxiSubordinateConfig subordinate;
  unsigned slowest;
};

Choice choose(Random& random) {
  Choice c;
  c.manager.widths = {52, 32u << random.below(6), 4 + random.below(3)};
  c.manager.accesses = 1 + random.below(32);
  c.manager.ids = 1 + random.below(1u << c.manager.widths.id);
  c.manager.max_beats = random.one_of({1u, 2u, 7u, 16u, 256u});
  c.manager.max_beat_bytes = 1u << random.below(8);
  c.manager.stalls = random_stalls(random);
  c.subordinate.widths = c.manager.widths;
  c.subordinate.reads = 1 + random.below(16);
  c.subordinate.writes = 1 + random.below(16);
  c.subordinate.early_beats = 1 + random.below(4);
  c.subordinate.interleave = random.chance(50);
  c.subordinate.byte_enables = random.chance(50);
  c.subordinate.stalls = random_stalls(random);
  c.slowest = random.one_of({1u, 10u, 100u});
  return c;
}

}  // namespace

TEST_CASE("back-to-back: byte-exact for any widths, limits, stalls and order of answers") {
  std::uint64_t overtaken = 0;
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const Choice choice = choose(random);
    INFO("seed " << seed << ", data " << choice.manager.widths.data << " bits, ids " << choice.manager.ids
                 << ", beats " << choice.manager.max_beats << " of " << choice.manager.max_beat_bytes);
    FreshKernel kernel;
    Calendar calendar("calendar");
    const Clock clock(kNs);
    PinClock pin_clock(calendar, clock);
    AxiPins pins;
    AxiManagerBridge manager("manager", pin_clock, pins, choice.manager);
    AxiChecker checker("checker", pin_clock, pins, choice.manager.widths);
    AxiSubordinateBridge subordinate("subordinate", pin_clock, pins, choice.subordinate);
    Traffic traffic("traffic", calendar, clock, seed, 400);
    RandomMemory memory("memory", calendar, clock, seed + 1000, choice.slowest,
                        choice.subordinate.byte_enables);
    traffic.port.socket.bind(manager.socket());
    subordinate.socket().bind(memory.port.socket);
    run_all(calendar);
    calendar.rethrow();
    checker.finish();
    CHECK(traffic.wrong == std::vector<std::string>());
    CHECK(traffic.answered == 400);
    CHECK(traffic.leaked() == 0);
    CHECK(memory.bytes.all() == traffic.bytes.all());
    overtaken += traffic.overtaken;
  }
  CHECK(overtaken > 1000);
}

TEST_CASE("pins -> TLM: INCR, WRAP and FIXED bursts of a manager on the pins, byte-exact") {
  std::array<unsigned, 3> finished{};
  unsigned narrow = 0;
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    Choice choice = choose(random);
    const AxiWidths& widths = choice.subordinate.widths;
    INFO("seed " << seed << ", data " << widths.data << " bits, ids " << (1u << widths.id));
    FreshKernel kernel;
    Calendar calendar("calendar");
    PinClock clock(calendar, Clock(kNs));
    AxiPins pins;
    BurstTraffic traffic(clock, pins, widths, seed, 300, 0x10000, Bytes::status, false,
                         choice.manager.stalls);
    AxiChecker checker("checker", clock, pins, widths);
    AxiSubordinateBridge subordinate("subordinate", clock, pins, choice.subordinate);
    RandomMemory memory("memory", calendar, Clock(kNs), seed + 1000, choice.slowest,
                        choice.subordinate.byte_enables);
    subordinate.socket().bind(memory.port.socket);
    run_all(calendar);
    calendar.rethrow();
    checker.finish();
    CHECK(traffic.done());
    CHECK(traffic.wrong == std::vector<std::string>());
    CHECK(memory.bytes.all() == traffic.bytes.all());
    for (unsigned type = 0; type < 3; ++type) finished[type] += traffic.finished[type];
    narrow += traffic.narrow;
  }
  for (const unsigned bursts : finished) CHECK(bursts > 3000);
  CHECK(narrow > 3000);
}
