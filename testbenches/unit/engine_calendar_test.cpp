// The calendar against the plainest thing that could do its work: a sorted set of (time, inlet, order of
// posting).
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <tuple>

#include "models/engine/calendar.hpp"
#include "testbenches/systemc_test.hpp"

using namespace svasim::engine;
using svasim::test::FreshKernel;

namespace {

/// What an observer is told: the instant about to act, and the one before.
struct Observer {
  Calendar& calendar;
  std::vector<std::pair<Picoseconds, Picoseconds>> seen;
  void look(Picoseconds since) { seen.emplace_back(calendar.now(), since); }
};

struct Posting {
  Picoseconds delay;
  Inlet inlet;
};

/// What event `id` posts when it is handled: none, one or several, soon, at once, or far away.
std::vector<Posting> postings_of(std::uint64_t id, std::uint32_t seed) {
  std::mt19937_64 random(seed * 1000003ull + id);
  std::vector<Posting> result;
  const unsigned count = id < 50 ? 2 : static_cast<unsigned>(random() % 3);
  for (unsigned i = 0; i < count; ++i) {
    static constexpr Picoseconds kReach[] = {1, 2, 512, 5'000, 2'097'152, 2'200'000, 1'000'000'000};
    result.push_back({random() % kReach[random() % 7],
                      {static_cast<std::uint16_t>(random() % 3), static_cast<std::uint8_t>(random() % 3)}});
  }
  return result;
}

constexpr std::uint64_t kEvents = 5000;

using Seen = std::vector<std::pair<Picoseconds, std::uint64_t>>;

Seen expected(std::uint32_t seed) {
  std::set<std::tuple<Picoseconds, unsigned, unsigned, std::uint64_t>> waiting;
  std::uint64_t next = 0;
  Seen seen;
  const auto post = [&](Picoseconds when, Inlet inlet) {
    if (next < kEvents) waiting.emplace(when, inlet.block, inlet.number, next++);
  };
  for (unsigned i = 0; i < 20; ++i) post(i * 100, {1, 1});
  while (!waiting.empty()) {
    const auto [when, block, number, id] = *waiting.begin();
    waiting.erase(waiting.begin());
    seen.emplace_back(when, id);
    for (const Posting& p : postings_of(id, seed)) post(when + p.delay, p.inlet);
  }
  return seen;
}

struct Replay {
  Calendar& calendar;
  std::uint32_t seed;
  std::uint64_t next = 0;
  Seen seen;

  void post(Picoseconds when, Inlet inlet) {
    if (next < kEvents) calendar.post<&Replay::handle>(when, inlet, this, next++);
  }
  void handle(std::uint64_t id) {
    CHECK(calendar.now() == sc_core::sc_time_stamp().value());
    seen.emplace_back(calendar.now(), id);
    for (const Posting& p : postings_of(id, seed)) post(calendar.now() + p.delay, p.inlet);
  }
};

}  // namespace

TEST_CASE("events are handled by time, inlet and order of posting, near and far") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    FreshKernel kernel;
    Calendar calendar("calendar");
    Replay replay{calendar, seed, 0, {}};
    for (unsigned i = 0; i < 20; ++i) replay.post(i * 100, {1, 1});
    sc_core::sc_start();
    const Seen want = expected(seed);
    CAPTURE(seed, want.size(), replay.seen.size());
    REQUIRE(want.size() > 500);
    CHECK(replay.seen == want);
    CHECK(calendar.events() == want.size());
    CHECK(calendar.empty());
  }
}

namespace {

struct Log {
  Calendar& calendar;
  std::vector<std::pair<Picoseconds, std::uint64_t>> seen;
  std::uint64_t stop_at = ~std::uint64_t{0};
  void handle(std::uint64_t id) {
    seen.emplace_back(calendar.now(), id);
    if (id == stop_at) calendar.stop();
  }
};

}  // namespace

TEST_CASE("stop returns after the event being handled and loses none") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  Log log{calendar, {}, 2};
  calendar.post<&Log::handle>(10, {0, 0}, &log, 1);
  calendar.post<&Log::handle>(20, {0, 0}, &log, 2);
  calendar.post<&Log::handle>(20, {0, 1}, &log, 3);
  calendar.post<&Log::handle>(30'000'000, {0, 0}, &log, 4);
  sc_core::sc_start();
  CHECK(log.seen == Seen{{10, 1}, {20, 2}});
  CHECK(sc_core::sc_time_stamp().value() == 20);
  CHECK(sc_core::sc_get_status() == sc_core::SC_PAUSED);
  calendar.post<&Log::handle>(25, {0, 0}, &log, 5);  // between what is done and what is left
  sc_core::sc_start();
  CHECK(log.seen == Seen{{10, 1}, {20, 2}, {20, 3}, {25, 5}, {30'000'000, 4}});
}

TEST_CASE("sc_start may be cut into pieces, and events posted between them") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  Log log{calendar, {}};
  calendar.post<&Log::handle>(5'000'000, {0, 0}, &log, 1);
  sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_US));
  CHECK(calendar.now() == 1'000'000);
  calendar.post<&Log::handle>(1'000'001, {0, 0}, &log, 2);  // far before the one already loaded
  calendar.post<&Log::handle>(5'000'000, {0, 0}, &log, 3);
  sc_core::sc_start(sc_core::sc_time(10, sc_core::SC_US));
  CHECK(log.seen == Seen{{1'000'001, 2}, {5'000'000, 1}, {5'000'000, 3}});
}

TEST_CASE("shuffle reorders blocks, never the inlets of a block") {
  unsigned orders = 0;
  for (const std::uint32_t seed : {0u, 1u, 77u, 0x1234u, 0xdeadbeefu}) {
    FreshKernel kernel;
    Calendar calendar("calendar");
    calendar.shuffle(seed);
    Log log{calendar, {}};
    for (std::uint16_t block = 0; block < 8; ++block) {
      for (std::uint8_t number : {1, 0}) {
        calendar.post<&Log::handle>(10, {block, number}, &log, block * 2u + number);
      }
    }
    sc_core::sc_start();
    bool sorted = true;
    REQUIRE(log.seen.size() == 16);
    for (std::size_t i = 0; i < 16; i += 2) {
      CAPTURE(seed, i);
      CHECK(log.seen[i].second % 2 == 0);
      CHECK(log.seen[i + 1].second == log.seen[i].second + 1);
      sorted = sorted && log.seen[i].second == i;
    }
    orders += sorted ? 0 : 1;
    if (seed == 0) CHECK(sorted);
  }
  CHECK(orders == 4);
}

TEST_CASE("an observer sees what stands between instants") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  Observer observer{calendar, {}};
  struct Block {
    Calendar& calendar;
    void act(std::uint64_t again) {
      if (again != 0) calendar.post<&Block::act>(calendar.now(), {0, 1}, this, again - 1);
    }
  } block{calendar};
  // Several events at an instant, some posted while it acts, are one instant.
  for (const Picoseconds when : {10u, 20u, 20u, 30u, 5000u}) {
    calendar.post<&Block::act>(when, {0, 0}, &block, 2);
  }
  calendar.observe<&Observer::look>(20, &observer);  // only what is later than 20
  sc_core::sc_start();
  using Seen = std::vector<std::pair<Picoseconds, Picoseconds>>;
  CHECK(observer.seen == Seen{{30, 20}, {5000, 30}});
}
