// ATC invalidation: what it removes, what it waits for, and answers that race with it.
#include "testbenches/unit/pcie_fixture.hpp"

using namespace svasim;
using namespace svasim::test;

TEST_CASE("an invalidation removes the entry and completes after its cycles") {
  EndpointBench bench;
  bench.host.pages[0x1000] = page(0x9000);
  bench.host.invalidate_at(500'000, 3, 0x1000);
  bench.run({read(0x1000), at(1'000'000, read(0x1000))});
  const auto completions = bench.host.of(Tlp::Kind::invalidate_completion);
  REQUIRE(completions.size() == 1);
  CHECK(completions[0].tlp.itags == 1u << 3);
  CHECK(completions[0].tlp.completions == 1);
  CHECK(completions[0].time == 500'000 + (36'000 + 5'000) + 4'000 + (24'000 + 5'000));
  CHECK(bench.counter("atc_hits") == 0);
  CHECK(bench.counter("atc_invalidated") == 1);
  bench.check_conserved();
}

TEST_CASE("an answer that may predate an invalidation is not used") {
  EndpointBench bench;
  bench.host.pages[0x1000] = page(0x9000);
  // The request is at the host at 36 ns; the invalidation overtakes its answer: at the device at 81 ns, done
  // at 85 ns. The answer, sent at 76 ns when the wire is free, is there at 113 ns: the request is repeated at
  // once.
  bench.host.invalidate_at(40'000, 0, 0x1000);
  bench.run({read(0x1000)});
  const auto requests = bench.host.of(Tlp::Kind::translation_request);
  REQUIRE(requests.size() == 2);
  CHECK(requests[1].time == 113'000 + 33'000);
  CHECK(bench.host.of(Tlp::Kind::invalidate_completion).at(0).time == 85'000 + 29'000);
  CHECK(bench.transaction(1).done() == 203'000 + 2'000 + 29'000 + 10'000 + 93'000);
  CHECK(bench.transaction(1).rounds == 0);
  CHECK(bench.counter("ats_stale") == 1);
  bench.check_conserved();
}

TEST_CASE("what the answer covers decides whether it raced") {
  struct Case {
    std::uint64_t invalidated;
    std::uint32_t pasid;
    std::uint8_t log2_size;
    bool stale;
  };
  const Case c = GENERATE(Case{0x2000, 1, 12, false},  // another page
                          Case{0x5000, 1, 21, true},   // another page of the same large page
                          Case{0x20'0000, 1, 21, false}, Case{0x1000, 2, 12, false});
  EndpointBench bench;
  bench.host.translate = [&](const Tlp&) { return page(0x4000'0000, true, c.log2_size); };
  bench.host.invalidate_at(40'000, 0, c.invalidated, 12, c.pasid);
  bench.run({read(0x1000)});
  CHECK(bench.counter("ats_stale") == (c.stale ? 1 : 0));
  bench.check_conserved();
}

TEST_CASE("each of several invalidations during a request counts, in either order") {
  const bool ours_first = GENERATE(true, false);
  const std::uint64_t other = GENERATE(0x1000, 0x9000);
  EndpointBench bench;
  bench.host.pages[0x5000] = page(0x9000);
  bench.host.translation_time = 200'000;
  bench.host.invalidate_at(40'000, 0, ours_first ? 0x5000 : other);
  bench.host.invalidate_at(50'000, 1, ours_first ? other : 0x5000);
  bench.run({read(0x5000)});
  CHECK(bench.counter("ats_stale") == 1);
  bench.check_conserved();
}

TEST_CASE("the completion waits for reads that use the translation") {
  EndpointBench bench;
  bench.host.pages = {{0x1000, page(0x9000)}, {0x2000, page(0xa000)}};
  bench.host.memory_time = 300'000;
  // The reads are at the host at 124 ns and (wire) 148 ns; their data is back at 517 and 605 ns.
  bench.host.invalidate_at(200'000, 0, 0x1000);
  bench.host.invalidate_at(200'000, 1, 0x3000);
  bench.run({read(0x1000), read(0x2000)});
  CHECK(bench.transaction(1).done() == 124'000 + 300'000 + 93'000);
  const auto completions = bench.host.of(Tlp::Kind::invalidate_completion);
  REQUIRE(completions.size() == 2);
  CHECK(completions[0].tlp.itags == 1u << 1);  // nobody uses that page
  CHECK(completions[1].tlp.itags == 1u << 0);
  CHECK(completions[1].time == bench.transaction(1).done() + 29'000);
  bench.check_conserved();
}

TEST_CASE("the completion is behind posted writes that use the translation, credits or not") {
  const unsigned credits = GENERATE(1u, 128u);
  EndpointBench bench({}, credits);
  bench.host.pages[0x1000] = page(0x9000);
  bench.host.invalidate_at(450'000, 0, 0x1000);
  // The entry is there from the first access; twenty writes of 4 KiB queue up long before the invalidation
  // comes.
  bench.source.accesses.push_back(write(0x1000));
  for (int i = 0; i < 20; ++i) bench.source.accesses.push_back(at(300'000, write(0x1000, 4096)));
  bench.run({});
  REQUIRE(bench.host.seen.size() == 23);
  CHECK(bench.host.seen.back().tlp.kind == Tlp::Kind::invalidate_completion);
  bench.check_conserved();
}

TEST_CASE("a granted access that has not left yet holds the completion back") {
  pcie::EndpointConfig config;
  config.atc.latency = 100;  // from the answer at 191 ns to the replay's end at 291 ns
  EndpointBench bench(config);
  bench.host.pages[0x1000] = page(0x9000);
  bench.host.invalidate_at(200'000, 0, 0x1000);  // done at 245 ns
  bench.run({write(0x1000)});
  const auto& seen = bench.host.seen;
  REQUIRE(seen.size() == 3);
  CHECK(seen[1].tlp.kind == Tlp::Kind::memory_write);
  CHECK(seen[1].tlp.address == 0x9000);
  CHECK(seen[2].tlp.kind == Tlp::Kind::invalidate_completion);
  CHECK(seen[2].time == seen[1].time + 24'000);
  bench.check_conserved();
}

TEST_CASE("32 invalidations at once; a tag in use or out of range is not accepted") {
  EndpointBench bench;
  for (std::uint16_t itag = 0; itag < 32; ++itag) bench.host.invalidate_at(10'000, itag, 0x1000u * itag);
  bench.host.invalidate_at(100'000'000, 40, 0x1000);
  bench.run({});
  CHECK(bench.host.of(Tlp::Kind::invalidate_completion).size() == 32);
  CHECK(bench.counter("unexpected_messages") == 1);
}

TEST_CASE("a completion for each traffic class, all behind what used the translation") {
  const unsigned completions = GENERATE(1u, 3u, 8u);
  pcie::EndpointConfig config;
  config.atc.completions = completions;
  EndpointBench bench(config);
  bench.host.invalidate_at(10'000, 5, 0x1000);
  bench.run({});
  const auto sent = bench.host.of(Tlp::Kind::invalidate_completion);
  REQUIRE(sent.size() == completions);
  for (unsigned i = 0; i < completions; ++i) {
    CHECK(sent[i].tlp.itags == 1u << 5);
    CHECK(sent[i].tlp.completions == completions % 8);
    // At the device at 10 + 36 + 5 = 51 ns, removed 4 cycles later; then each has the wire for 24 ns.
    CHECK(sent[i].time == 55'000 + (i + 1) * 24'000 + 5'000);
  }
  bench.check_conserved();
}

TEST_CASE("completions that wait share a message, and their ITags are in use until it is sent") {
  pcie::EndpointConfig config;
  config.atc.collect_cycles = 200;
  EndpointBench bench(config);
  for (const std::uint16_t itag : {0, 7, 31}) bench.host.invalidate_at(10'000, itag, 0x1000);
  bench.host.invalidate_at(100'000, 7, 0x1000);  // still in use
  bench.host.invalidate_at(300'000, 7, 0x1000);
  bench.run({});
  const auto sent = bench.host.of(Tlp::Kind::invalidate_completion);
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].tlp.itags == (1u << 0 | 1u << 7 | 1u << 31));
  CHECK(sent[0].time == 55'000 + 200'000 + 29'000);  // 200 cycles after the first is done
  CHECK(sent[1].tlp.itags == 1u << 7);
  CHECK(bench.counter("unexpected_messages") == 1);
  CHECK(bench.counter("atc_invalidations") == 4);
  CHECK(bench.counter("atc_completions") == 2);
}

TEST_CASE("the Global flag of an Invalidate Request is obeyed if the capability says so") {
  const bool supported = GENERATE(true, false);
  pcie::EndpointConfig config;
  config.atc.global_invalidate = supported;
  EndpointBench bench(config);
  bench.host.pages[0x1000] = page(0x9000);
  Tlp tlp;
  tlp.kind = Tlp::Kind::invalidate_request;
  tlp.pasid = {true, 2};
  tlp.address = 0x1000;
  tlp.log2_span = 12;
  tlp.global = true;
  bench.host.send_at(500'000, tlp);
  bench.run({read(0x1000)});
  CHECK(bench.counter("atc_invalidated") == (supported ? 1 : 0));
  bench.check_conserved();
}

TEST_CASE("a translation that is valid for every PASID is lost, and waited for, with any of them") {
  EndpointBench bench;
  bench.host.translate = [](const Tlp&) {
    arch::AtsAnswer answer = page(0x9000);
    answer.translation.global = true;
    return answer;
  };
  bench.host.memory_time = 500'000;
  bench.host.invalidate_at(300'000, 0, 0x1000, 12, 9);  // nobody uses that PASID
  bench.run({read(0x1000, 64, 1), at(200'000, read(0x1000, 64, 2))});
  CHECK(bench.counter("atc_hits") == 1);  // the other PASID's
  CHECK(bench.counter("atc_invalidated") == 1);
  const auto sent = bench.host.of(Tlp::Kind::invalidate_completion);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].time == bench.transaction(2).done() + 29'000);
  bench.check_conserved();
}

TEST_CASE("an answer valid for every PASID races with an invalidation of any, another answer does not") {
  const bool global = GENERATE(true, false);
  EndpointBench bench;
  bench.host.translate = [=](const Tlp&) {
    arch::AtsAnswer answer = page(0x9000);
    answer.translation.global = global;
    return answer;
  };
  bench.host.invalidate_at(40'000, 0, 0x1000, 12, 9);
  bench.run({read(0x1000)});
  CHECK(bench.counter("ats_stale") == (global ? 1 : 0));
  bench.check_conserved();
}
