// Where accesses come from: window, issue interval, times of a trace; and a platform device in front of
// memory.
#include "models/pcie/platform_device.hpp"
#include "testbenches/unit/pcie_fixture.hpp"
#include "testbenches/unit/pcie_memory.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

/// Issues into nowhere: an access ends `hold` after its issue.
struct IssuerBench : Machine {
  IssuerBench(unsigned window, unsigned interval, Picoseconds hold_for)
      : hold(hold_for),
        block(calendar.add_block()),
        issuer(calendar, clock, {block, 1}, recorder, {}, {window, interval}, source) {
    issuer.bind<&IssuerBench::issued>(this);
  }
  void issued(const pcie::DeviceAccess& access, probe::Transaction& transaction) {
    times.push_back(calendar.now());
    sizes.push_back(access.size);
    transaction.timeline.enter(Stage::atc, calendar.now());
    live.push_back(&transaction);
    calendar.post<&IssuerBench::end>(calendar.now() + hold, {block, 0}, this);
  }
  void end(std::uint64_t) {
    recorder.close(*live.front(), calendar.now(), Outcome::ok);
    live.pop_front();
    issuer.complete();
  }
  void run(std::initializer_list<pcie::DeviceAccess> accesses) {
    source.accesses.insert(source.accesses.end(), accesses);
    issuer.poke();
    sc_core::sc_start();
    CHECK(issuer.drained());
    CHECK(recorder.live() == 0);
  }
  Picoseconds hold;
  std::uint16_t block;
  ListSource source;
  pcie::Issuer issuer;
  std::vector<Picoseconds> times;
  std::vector<std::uint32_t> sizes;
  std::deque<probe::Transaction*> live;
};

}  // namespace

TEST_CASE("one issue every interval") {
  IssuerBench bench(0, 3, 100'000);
  bench.run({read(0), read(0), read(0)});
  CHECK(bench.times == std::vector<Picoseconds>{1'000, 4'000, 7'000});
  CHECK(bench.transaction(1).in(Stage::issue) == 0);
  CHECK(bench.transaction(2).in(Stage::issue) == 3'000);
  CHECK(bench.issuer.window().peak() == 3);
}

TEST_CASE("the window is tight: a place is used at the edge at which it gets free") {
  IssuerBench bench(2, 1, 10'000);
  bench.run({read(0), read(0), read(0), read(0)});
  CHECK(bench.times == std::vector<Picoseconds>{1'000, 2'000, 11'000, 12'000});
  CHECK(bench.transaction(3).begun == 11'000);  // a closed loop: latency starts with the place
  CHECK(bench.issuer.window().peak() == 2);
}

TEST_CASE("a timed access is issued at its time, and waits from its time") {
  IssuerBench bench(1, 1, 10'000);
  bench.run({at(20'000, read(0)), at(20'500, read(0)), at(22'000, read(0)), at(90'000, read(0))});
  CHECK(bench.times == std::vector<Picoseconds>{20'000, 30'000, 40'000, 90'000});
  CHECK(bench.transaction(2).begun == 21'000);  // the first edge at or after its time
  CHECK(bench.transaction(2).in(Stage::issue) == 9'000);
  CHECK(bench.transaction(3).begun == 22'000);
  CHECK(bench.transaction(3).in(Stage::issue) == 18'000);
  CHECK(bench.transaction(4).in(Stage::issue) == 0);
}

TEST_CASE("a dry source is asked again when poked") {
  IssuerBench bench(4, 1, 10'000);
  bench.run({read(0)});
  CHECK(bench.times.size() == 1);
  bench.run({read(0)});
  CHECK(bench.times == std::vector<Picoseconds>{1'000, 12'000});
}

TEST_CASE("an access is cut to its page") {
  IssuerBench bench(4, 1, 10'000);
  bench.run({read(0xff0, 4096), read(0x1000, 0), read(0x1000, 5000), read(0x1000, 4096)});
  CHECK(bench.sizes == std::vector<std::uint32_t>{16, 1, 4096, 4096});
}

namespace {

struct PlatformBench : Machine {
  PlatformBench()
      : memory("memory", *this),
        device("device", calendar, clock, recorder, {}, {3, arch::StreamId{9}}, source) {
    device.memory.socket.bind(memory.target.socket);
  }
  void run(std::initializer_list<pcie::DeviceAccess> accesses) {
    source.accesses.insert(source.accesses.end(), accesses);
    device.poke();
    sc_core::sc_start();
    CHECK(device.drained());
    CHECK(recorder.live() == 0);
    CHECK(device.leaked() == 0);
  }
  ListSource source;
  MemoryStub memory;
  pcie::PlatformDevice device;
};

}  // namespace

TEST_CASE("a platform device sends untranslated requests with its SubstreamID, and its id as data") {
  PlatformBench bench;
  bench.run({read(0x1000), write(0x2000, 12)});
  REQUIRE(bench.memory.seen.size() == 2);
  const MemoryStub::Seen& second = bench.memory.seen[1];
  CHECK(second.stream == arch::StreamId{9});
  CHECK(second.substream == arch::SubstreamId{true, 1});
  CHECK(second.type == arch::AddressType::untranslated);
  CHECK(second.data == std::vector<std::uint8_t>{2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0});
  // 1 issue; seen at the target's next edge, answered 10 ns later, seen at the next edge.
  CHECK(bench.transaction(1).total == 1'000 + 10'000 + 1'000);
  CHECK(bench.transaction(1).in(Stage::tbu_queue) == 12'000);
  CHECK(bench.transaction(1).outcome == Outcome::ok);
}

TEST_CASE("a platform device says what fetches and what is privileged") {
  pcie::DeviceAccess fetch = read(0x1000), privileged = write(0x1000);
  fetch.execute = privileged.privileged = true;
  PlatformBench bench;
  bench.run({read(0x1000), fetch, privileged});
  std::vector<std::pair<bool, bool>> seen;
  for (const MemoryStub::Seen& s : bench.memory.seen) seen.emplace_back(s.instruction, s.privileged);
  CHECK(seen == std::vector<std::pair<bool, bool>>{{false, false}, {true, false}, {false, true}});
}

TEST_CASE("the SMMU's terminations are outcomes of the access") {
  PlatformBench bench;
  bench.memory.answer = [](engine::Payload& payload) {
    if (payload.get_address() == 0x1000) payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    if (payload.get_address() == 0x2000) payload.attributes.raz = true;
  };
  bench.run({read(0x1000), write(0x2000), read(0x3000)});
  CHECK(bench.transaction(1).outcome == Outcome::aborted);
  CHECK(bench.transaction(2).outcome == Outcome::zeroed);
  CHECK(bench.transaction(3).outcome == Outcome::ok);
}
