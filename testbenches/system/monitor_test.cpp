// Monitors in a whole machine: a scoreboard agrees with the run, and every walk is some transaction's.
#include <catch2/catch.hpp>
#include <random>

#include "testbenches/lockstep/walk_scoreboard.hpp"
#include "testbenches/system/machine.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

std::uint64_t counter(platform::System& system, const std::string& name) {
  for (const auto& value : system.counters()) {
    if (value.block == "tcu" && value.name == name) return value.value;
  }
  FAIL("no counter " << name);
  return 0;
}

/// Which transactions had a walk.
struct Walkers : arch::WalkMonitor {
  std::map<std::uint64_t, unsigned> walks;
  void walk_begins(const arch::WalkStamp& stamp, const arch::dti::Upstream&) override {
    ++walks[stamp.transaction];
  }
};

}  // namespace

TEST_CASE("monitors see every walk and every lookup of a run") {
  constexpr std::uint32_t kSeed = 5;
  std::mt19937 random(kSeed);
  std::ostringstream trace;
  for (unsigned n = 0; n < 1500; ++n) {
    const std::string page = "0x7f0000" + std::to_string(100 + random() % 200) + "000";
    trace << (random() % 3 == 0 ? "W " : "R ") << page << " 64 dev=" << random() % 2 << '\n';
    if (n % 100 == 99) trace << "unmap " << page << " 4K\n";
  }
  for (const char* const implementation : {"model", "rtl"}) {
    INFO("seed " << kSeed << ", " << implementation);
    Machine machine(trace.str(), {std::string("tcu.pwc.impl=") + implementation, "device.count=2",
                                  "endpoint.atc.sets=4", "endpoint.atc.ways=2"});
    const std::uint64_t period = 1000;
    lockstep::WalkScoreboard board(period);
    Walkers walkers;
    machine.system().smmu().tcu().subscribe(board);
    machine.system().smmu().tcu().subscribe(walkers);
    REQUIRE(machine.run().ending == platform::Ending::complete);
    board.finish();
    CHECK(board.wrong() == std::vector<std::string>{});
    const lockstep::WalkScoreboard::Seen& seen = board.seen();
    CHECK(seen.begun == counter(machine.system(), "walks"));
    CHECK(seen.done + seen.faulted == seen.begun);
    CHECK(seen.requests == counter(machine.system(), "pwc_lookups"));
    CHECK(seen.responses == seen.requests);
    CHECK((seen.done > 100 && seen.faulted > 100 && seen.hits > 100 && seen.invalidations > 0));
    for (const auto& [transaction, walks] : walkers.walks)
      CHECK(machine.transactions.count(transaction) == 1);
  }
}
