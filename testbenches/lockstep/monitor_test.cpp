// Monitors at the seam of the page-walk cache: whoever implements it, a scoreboard that subscribes sees all
// of its traffic; and the scoreboard finds what is wrong.
#include <catch2/catch.hpp>

#include "models/smmu/walk_cache_model.hpp"
#include "testbenches/lockstep/traffic.hpp"
#include "testbenches/lockstep/walk_scoreboard.hpp"
#include "tlm-bridges/monitored_walk_cache.hpp"
#include "tlm-bridges/pwc_bridge.hpp"

using namespace svasim;
using lockstep::WalkScoreboard;

TEST_CASE("a scoreboard sees what the cache counts, in RTL and model") {
  constexpr std::uint64_t kPeriod = 800, kSeed = 11;
  INFO("seed " << kSeed);
  for (const bool rtl : {false, true}) {
    std::unique_ptr<arch::WalkCache> bare = std::make_unique<smmu::WalkCacheModel>(bridges::built_geometry());
    if (rtl) bare = bridges::make_rtl_walk_cache();
    bridges::MonitoredWalkCache cache(std::move(bare), kPeriod);
    WalkScoreboard first(kPeriod), second(kPeriod);
    cache.subscribe(first);
    cache.subscribe(second);
    lockstep::Traffic traffic(kSeed);
    for (unsigned n = 0; n < 20000; ++n) cache.cycle(traffic.next(cache.outputs()));
    while (cache.outputs().busy) cache.cycle({});
    first.finish();
    CHECK(first.wrong() == std::vector<std::string>{});
    const arch::WalkCacheCounters& counters = cache.outputs().counters;
    CHECK(first.seen().requests == counters.lookups);
    CHECK(first.seen().responses == counters.lookups);
    CHECK(first.seen().hits == counters.hits);
    CHECK(first.seen().fills == counters.fills + counters.lost_fills);
    CHECK(first.seen().invalidations == counters.invalidations);
    CHECK(second.seen().responses == first.seen().responses);
    CHECK(counters.hits > 1000);
  }
}

TEST_CASE("the scoreboard finds what is wrong") {
  WalkScoreboard board(1000);
  const auto answer = [](std::uint8_t id, std::uint64_t descriptor) {
    return arch::WalkCacheResponse{id, descriptor != 0, 2, false, 0, descriptor, false};
  };
  arch::WalkCacheEntry entry;
  entry.level = 2;
  entry.descriptor = 3;
  board.fill({}, entry);
  board.request({1000}, {7, {}});
  board.response({3000}, answer(7, 3));
  CHECK(board.wrong().empty());

  board.request({4000}, {8, {}});
  board.response({6000}, answer(9, 0));
  board.request({7000}, {8, {}});
  board.response({8000}, answer(8, 0));
  board.request({9000}, {8, {}});
  board.response({11000}, answer(8, 5));
  board.response({12000}, answer(8, 0));
  board.request({13000}, {8, {}});
  board.walk_begins({13000, 1}, {});
  board.finish();
  CHECK(board.wrong() == std::vector<std::string>{"a response for somebody else",
                                                  "a response at another time than two cycles later",
                                                  "a hit on what was never filled", "a response to nothing",
                                                  "walk 1 never ended", "1 requests without response"});
}
