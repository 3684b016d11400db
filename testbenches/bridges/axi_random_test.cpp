// TLM -> pins -> TLM under constrained-random traffic: every byte and status is known, every channel is held
// back at random, memory answers out of order, the checker watches.
#include "testbenches/bridges/axi_bench.hpp"

using namespace svasim::test;

namespace {

struct Choice {
  AxiManagerConfig manager;
  AxiSubordinateConfig subordinate;
  unsigned slowest;
};

AxiStalls stalls(Random& random) {
  const auto share = [&] { return random.one_of({0u, 0u, 64u, 200u}); };
  return {random.below(1 << 30), share(), share(), share(), share(), share()};
}

Choice choose(Random& random) {
  Choice c;
  c.manager.widths = {52, 32u << random.below(6), 4 + random.below(3)};
  c.manager.accesses = 1 + random.below(32);
  c.manager.ids = 1 + random.below(1u << c.manager.widths.id);
  c.manager.max_beats = random.one_of({1u, 2u, 7u, 16u, 256u});
  c.manager.max_beat_bytes = 1u << random.below(8);
  c.manager.stalls = stalls(random);
  c.subordinate.widths = c.manager.widths;
  c.subordinate.reads = 1 + random.below(16);
  c.subordinate.writes = 1 + random.below(16);
  c.subordinate.early_beats = 1 + random.below(4);
  c.subordinate.interleave = random.chance(50);
  c.subordinate.byte_enables = random.chance(50);
  c.subordinate.stalls = stalls(random);
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
