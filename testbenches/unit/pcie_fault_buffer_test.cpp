// Where a device keeps faulted accesses, and how often it tries: golden times of the retry policy, and what
// passes or waits when there is no more room.
#include "testbenches/unit/pcie_fixture.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

/// A host that answers Success in vain until the page has been asked for `times` times.
void serve_in_vain(EndpointBench& bench, unsigned times) {
  auto asked = std::make_shared<unsigned>(0);
  bench.host.serve = [&bench, asked, times](const Tlp& tlp) {
    if (++*asked > times) bench.host.pages[tlp.address] = page(0x9000);
    return 0u;
  };
}

/// From one refusal to the next: page request, service, response; `wait` cycles; request, answer.
Picoseconds one_round(unsigned wait) {
  return (4'000 + 33'000 + 50'000 + 33'000) + (wait * 1'000 + 33'000 + 20'000 + 37'000);
}

}  // namespace

TEST_CASE("the wait before asking again doubles while the page stays missing, as often as configured") {
  const unsigned backoff = GENERATE(0u, 1u, 16u);
  pcie::EndpointConfig config;
  config.pri.backoff = backoff;
  EndpointBench bench(config);
  serve_in_vain(bench, 3);
  bench.run({write(0x1000)});
  Picoseconds rounds = 0, waits = 0;
  for (unsigned n = 0; n < 4; ++n) {
    const unsigned wait = 8u << std::min(n, backoff);
    rounds += one_round(wait);
    waits += wait * 1'000;
  }
  CHECK(bench.transaction(1).outcome == Outcome::ok);
  CHECK(bench.transaction(1).rounds == 4);
  CHECK(bench.transaction(1).in(Stage::reissue) == waits);
  CHECK(bench.transaction(1).fault_latency == rounds);
  bench.check_conserved();
}

TEST_CASE("asking again at once") {
  pcie::EndpointConfig config;
  config.pri.reissue_cycles = 0;
  EndpointBench bench(config);
  bench.run({read(0x1000)});
  CHECK(bench.transaction(1).in(Stage::reissue) == 0);
  CHECK(bench.transaction(1).done() == 445'000 - 8'000);  // pcie_pri_test.cpp: 8 cycles less
  bench.check_conserved();
}

TEST_CASE("after so many page requests in vain the accesses fail, and a later one starts anew") {
  const unsigned attempts = GENERATE(1u, 3u);
  pcie::EndpointConfig config;
  config.pri.attempts = attempts;
  EndpointBench bench(config);
  serve_in_vain(bench, attempts);
  bench.run({read(0x1000), at(10'000'000, read(0x1000))});
  CHECK(bench.transaction(1).outcome == Outcome::failed);
  CHECK(bench.transaction(1).rounds == attempts + 1);
  CHECK(bench.transaction(1).done() == 93'000 + attempts * one_round(8));
  CHECK(bench.counter("pri_given_up") == 1);
  CHECK(bench.transaction(2).outcome == Outcome::ok);
  CHECK(bench.counter("pri_groups") == attempts + 1);
  bench.check_conserved();
}

TEST_CASE("when all places for faulted accesses are taken those behind wait, or pass if they do not fault") {
  const pcie::WhenFull when_full = GENERATE(pcie::WhenFull::stall, pcie::WhenFull::pass);
  pcie::EndpointConfig config;
  config.pri.held = 2;
  config.pri.when_full = when_full;
  EndpointBench bench(config);
  bench.host.pages[0x5000] = page(0xf000);
  bench.host.service_time = 1'000'000;
  // The first is there to fill the ATC. Three faults follow, then an access that would hit.
  bench.run({read(0x5000), at(1'000'000, read(0x1000)), at(1'000'000, read(0x2000)),
             at(1'000'000, read(0x3000)), at(1'500'000, read(0x5040))});
  // Refused at 1 092, 1 124 and 1 156 ns: 2 ns of lookup, 28 + 5 up, 20, 32 + 5 down, answers 32 ns apart.
  // The third finds no place; no page request is made for it until the first is granted.
  const auto requests = bench.host.of(Tlp::Kind::page_request);
  REQUIRE(requests.size() == 3);
  CHECK(requests[2].tlp.address == 0x3000);
  CHECK(bench.counter("pri_held_peak") == 2);
  // A place is free when the page is there: after the response, the wait and a new answer, at 2 308 ns. The
  // parked access is looked up again, refused again, and held.
  const Picoseconds refused = 1'000'000 + 2'000 + 33'000 + 20'000 + 37'000;
  const Picoseconds freed =
      refused + (4'000 + 33'000 + 1'000'000 + 33'000) + (8'000 + 33'000 + 20'000 + 37'000);
  CHECK(requests[2].time > freed + 2'000 + 33'000 + 20'000 + 37'000);
  const Picoseconds looked_up = bench.transaction(5).done() - 29'000 - 10'000 - 93'000;
  if (when_full == pcie::WhenFull::pass) {
    CHECK(looked_up == 1'500'000 + 2'000);
  } else {
    CHECK(looked_up >= freed);
    CHECK(looked_up < freed + 200'000);  // not until the third has its place, which is another fault
  }
  CHECK(bench.counter("pri_parked") == 1);
  for (std::uint64_t id = 1; id <= 5; ++id) CHECK(bench.transaction(id).outcome == Outcome::ok);
  bench.check_conserved();
}

TEST_CASE("one place more, and nobody is parked") {
  pcie::EndpointConfig config;
  config.pri.held = 3;
  EndpointBench bench(config);
  bench.run({read(0x1000), read(0x2000), read(0x3000)});
  CHECK(bench.counter("pri_parked") == 0);
  CHECK(bench.counter("pri_held_peak") == 3);
  bench.check_conserved();
}

TEST_CASE("accesses that join a fault need a place too; all of a page parked: no page request for it") {
  pcie::EndpointConfig config;
  config.pri.held = 1;
  EndpointBench bench(config);
  bench.run({read(0x1000), read(0x1040), read(0x2000), at(120'000, read(0x1080))});
  CHECK(bench.counter("pri_held_peak") == 1);
  CHECK(bench.counter("pri_parked") == 2);  // the fourth is behind them and not looked up
  CHECK(bench.host.of(Tlp::Kind::page_request).size() == 2);  // one for each page
  for (std::uint64_t id = 1; id <= 4; ++id) CHECK(bench.transaction(id).outcome == Outcome::ok);
  // Its fault latency begins with its first refusal and ends with the hit on what the first one got.
  CHECK(bench.transaction(2).fault_latency >= bench.transaction(1).fault_latency);
  bench.check_conserved();
}

TEST_CASE("a Response Failure ends parked accesses too") {
  pcie::EndpointConfig config;
  config.pri.held = 1;
  EndpointBench bench(config);
  bench.host.serve = [](const Tlp&) { return 0xFu; };
  bench.run({read(0x1000), read(0x2000), read(0x3000)});
  for (std::uint64_t id = 1; id <= 3; ++id) CHECK(bench.transaction(id).outcome == Outcome::failed);
  CHECK(bench.host.of(Tlp::Kind::page_request).size() == 1);
  bench.check_conserved();
}
