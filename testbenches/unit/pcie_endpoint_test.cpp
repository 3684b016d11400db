// Golden times of an endpoint's ways through ATC and ATS. The sums are written out; see pcie_fixture.hpp for
// the sizes on the wire. ATC latency 2 ns.
#include "testbenches/unit/pcie_fixture.hpp"

using namespace svasim;
using namespace svasim::test;

TEST_CASE("an ATC hit costs the lookup and the way of the TLP") {
  EndpointBench bench;
  bench.host.pages[0x1000] = page(0x9000);
  bench.run({read(0x1000), at(1'000'000, read(0x1040))});
  const Closed& hit = bench.transaction(2);
  CHECK(hit.outcome == Outcome::ok);
  CHECK(hit.begun == 1'000'000);
  CHECK(hit.in(Stage::issue) == 0);
  CHECK(hit.in(Stage::atc) == 2'000);
  CHECK(hit.in(Stage::link_out) == 24'000 + 5'000);
  CHECK(hit.in(Stage::tbu_queue) == 10'000);
  CHECK(hit.in(Stage::link_back) == 24'000 + 64'000 + 5'000);
  CHECK(hit.total == 134'000);
  const auto reads = bench.host.of(Tlp::Kind::memory_read);
  REQUIRE(reads.size() == 2);
  CHECK(reads[1].tlp.address == 0x9040);
  CHECK(reads[1].tlp.address_type == arch::AddressType::translated);
  CHECK_FALSE(reads[1].tlp.pasid.valid);
  CHECK(bench.counter("atc_hits") == 1);
  bench.check_conserved();
}

TEST_CASE("an ATC miss asks the host, and is replayed through the ATC") {
  EndpointBench bench;
  bench.host.pages[0x1000] = page(0x9000);
  bench.run({read(0x1008)});
  const Closed& miss = bench.transaction(1);
  CHECK(miss.begun == 1'000);
  CHECK(miss.in(Stage::atc) == 2'000 + 2'000);  // lookup, replay
  CHECK(miss.in(Stage::link_out) == (28'000 + 5'000) + (24'000 + 5'000));
  CHECK(miss.in(Stage::dti_out) == 20'000);
  CHECK(miss.in(Stage::tbu_queue) == 10'000);
  CHECK(miss.in(Stage::link_back) == (32'000 + 5'000) + (88'000 + 5'000));
  CHECK(miss.total == 226'000);
  CHECK(miss.rounds == 0);
  const auto requests = bench.host.of(Tlp::Kind::translation_request);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].time == 36'000);
  CHECK(requests[0].tlp.address == 0x1000);
  CHECK(requests[0].tlp.no_write);
  CHECK(requests[0].tlp.pasid == arch::SubstreamId{true, 1});
  bench.check_conserved();
}

TEST_CASE("accesses to a page that is being asked for wait behind the first, and go in order") {
  EndpointBench bench;
  bench.host.pages[0x1000] = page(0x9000);
  bench.run({read(0x1000), read(0x1040), read(0x1080)});
  CHECK(bench.host.of(Tlp::Kind::translation_request).size() == 1);
  CHECK(bench.counter("ats_merged") == 2);
  const Closed& second = bench.transaction(2);
  const Closed& third = bench.transaction(3);
  CHECK(second.in(Stage::issue) == 1'000);
  // It has its place when the one before is issued at 2 ns, and its turn 1 ns later.
  CHECK(third.begun == 2'000);
  REQUIRE(second.segments.size() >= 3);
  CHECK(second.segments[2].stage == Stage::atc);
  CHECK(second.segments[2].cause == probe::Cause{probe::Cause::Kind::transaction, 1});
  // Looked up at 4 ns, the answer is there at 93 ns; replays are a cycle apart, the wire 24 ns.
  CHECK(second.segments[2].duration == 93'000 - 4'000);
  const auto reads = bench.host.of(Tlp::Kind::memory_read);
  REQUIRE(reads.size() == 3);
  CHECK(reads[0].time == 95'000 + 29'000);
  CHECK(reads[1].time == reads[0].time + 24'000);
  CHECK(reads[2].time == reads[1].time + 24'000);
  CHECK(reads[0].tlp.address == 0x9000);
  CHECK(reads[1].tlp.address == 0x9040);
  CHECK(reads[2].tlp.address == 0x9080);
  bench.check_conserved();
}

TEST_CASE("a write that joins a read-only request makes it ask again, which is no fault") {
  EndpointBench bench;
  bench.host.translate = [](const Tlp& tlp) { return page(0x9000, !tlp.no_write); };
  bench.run({read(0x1000), write(0x1040)});
  const auto requests = bench.host.of(Tlp::Kind::translation_request);
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].tlp.no_write);
  CHECK_FALSE(requests[1].tlp.no_write);
  CHECK(bench.transaction(2).rounds == 0);
  CHECK(bench.counter("ats_refused") == 0);
  CHECK(bench.host.of(Tlp::Kind::memory_write).at(0).tlp.address == 0x9040);
  bench.check_conserved();
}

TEST_CASE("an entry without write permission does not serve a write") {
  EndpointBench bench;
  bench.host.translate = [](const Tlp& tlp) { return page(0x9000, !tlp.no_write); };
  bench.run({read(0x1000), at(1'000'000, write(0x1000)), at(2'000'000, read(0x1000))});
  CHECK(bench.host.of(Tlp::Kind::translation_request).size() == 2);
  CHECK(bench.counter("atc_hits") == 1);
  bench.check_conserved();
}

TEST_CASE("a read that may only write is refused, also when it asked for a read only") {
  pcie::EndpointConfig config;
  config.pri.enabled = false;
  EndpointBench bench(config);
  bench.host.translate = [](const Tlp&) {
    arch::AtsAnswer answer = page(0x9000);
    answer.translation.read = false;
    return answer;
  };
  bench.run({read(0x1000)});
  CHECK(bench.transaction(1).outcome == Outcome::failed);
  CHECK(bench.host.of(Tlp::Kind::translation_request).size() == 1);
  bench.check_conserved();
}

TEST_CASE("replays go before new lookups") {
  pcie::EndpointConfig config;
  config.atc.interval = 50;
  EndpointBench bench(config);
  bench.host.pages = {{0x1000, page(0x9000)}, {0x2000, page(0xa000)}};
  // Lookups start at 1 and 51 ns; the answer is there at 93 ns, when a third and a fourth access wait.
  bench.run({read(0x1000), at(51'000, read(0x2000)), at(60'000, read(0x2040)), at(61'000, read(0x2080))});
  const auto reads = bench.host.of(Tlp::Kind::memory_read);
  REQUIRE(reads.size() == 4);
  CHECK(reads[0].tlp.address == 0x9000);
  CHECK(reads[0].time == 101'000 + 2'000 + 29'000);
  // Of the second page's answer, at 53 + 90 ns, the replay is next at 151 ns.
  CHECK(reads[1].time == 151'000 + 2'000 + 29'000);
  CHECK(reads[1].tlp.address == 0xa000);
  bench.check_conserved();
}

TEST_CASE("completions nobody waits for are noted and ignored") {
  EndpointBench bench;
  Tlp tlp;
  tlp.tag = 9;
  for (auto kind : {Tlp::Kind::completion, Tlp::Kind::translation_completion, Tlp::Kind::memory_read}) {
    tlp.kind = kind;
    bench.host.send_at(10'000, tlp);
  }
  bench.run({});
  CHECK(bench.counter("unexpected_messages") == 3);
}

TEST_CASE("Translation Requests in flight are limited") {
  pcie::EndpointConfig config;
  config.ats.requests = 1;
  EndpointBench bench(config);
  bench.host.pages = {{0x1000, page(0x9000)}, {0x2000, page(0xa000)}};
  bench.run({read(0x1000), read(0x2000)});
  const auto requests = bench.host.of(Tlp::Kind::translation_request);
  REQUIRE(requests.size() == 2);
  CHECK(requests[1].time == 93'000 + 33'000);  // sent when the first answer is there
  CHECK(bench.counter("ats_requests_peak") == 1);
  bench.check_conserved();
}

TEST_CASE("a large page serves all of its range from one entry") {
  EndpointBench bench;
  bench.host.translate = [](const Tlp&) { return page(0x4000'0000, true, 21); };
  bench.run({read(0x20'0000), at(1'000'000, read(0x3f'f000))});
  CHECK(bench.counter("atc_hits") == 1);
  CHECK(bench.host.of(Tlp::Kind::memory_read).at(1).tlp.address == 0x401f'f000);
  bench.check_conserved();
}

TEST_CASE("PASIDs do not share translations") {
  EndpointBench bench;
  bench.host.translate = [](const Tlp& tlp) { return page(tlp.pasid.value * 0x10'0000u); };
  bench.run({read(0x1000, 64, 1), at(1'000'000, read(0x1000, 64, 2))});
  const auto reads = bench.host.of(Tlp::Kind::memory_read);
  REQUIRE(reads.size() == 2);
  CHECK(reads[0].tlp.address == 0x10'0000);
  CHECK(reads[1].tlp.address == 0x20'0000);
  bench.check_conserved();
}

TEST_CASE("Unsupported Request and Completer Abort end the accesses that wait") {
  const auto status = GENERATE(arch::AtsStatus::unsupported_request, arch::AtsStatus::completer_abort);
  EndpointBench bench;
  bench.host.translate = [&](const Tlp&) { return arch::AtsAnswer{status, {}}; };
  bench.run({read(0x1000), read(0x1040)});
  CHECK(bench.transaction(1).outcome == Outcome::failed);
  CHECK(bench.transaction(2).outcome == Outcome::failed);
  CHECK(bench.transaction(1).done() == 93'000);
  CHECK(bench.transaction(1).rounds == 0);
  CHECK(bench.counter("ats_errors") == 1);
  CHECK(bench.host.of(Tlp::Kind::page_request).empty());
  bench.check_conserved();
}

TEST_CASE("without ATS requests go out untranslated, with their PASID, at once") {
  pcie::EndpointConfig config;
  config.ats.enabled = config.pri.enabled = false;
  EndpointBench bench(config);
  bench.run({read(0x1040)});
  CHECK(bench.transaction(1).in(Stage::atc) == 0);
  CHECK(bench.transaction(1).total == (28'000 + 5'000) + 10'000 + (88'000 + 5'000));
  const Tlp tlp = bench.host.seen.at(0).tlp;
  CHECK(tlp.address_type == arch::AddressType::untranslated);
  CHECK(tlp.address == 0x1040);
  CHECK(tlp.pasid == arch::SubstreamId{true, 1});
  bench.check_conserved();
}

TEST_CASE("an answer for untranslated use only is obeyed") {
  EndpointBench bench;
  bench.host.translate = [](const Tlp&) {
    arch::AtsAnswer answer = page(0x9000);
    answer.translation.untranslated_only = true;
    return answer;
  };
  bench.run({read(0x1040)});
  const auto reads = bench.host.of(Tlp::Kind::memory_read);
  REQUIRE(reads.size() == 1);
  CHECK(reads[0].tlp.address_type == arch::AddressType::untranslated);
  CHECK(reads[0].tlp.address == 0x1040);
  bench.check_conserved();
}

TEST_CASE("privileged accesses and fetches say so, and have translations of their own") {
  pcie::DeviceAccess fetch = at(1'000'000, read(0x1000)), privileged = at(2'000'000, read(0x1000));
  fetch.execute = privileged.privileged = true;
  EndpointBench bench;
  bench.host.translate = [](const Tlp& tlp) {
    arch::AtsAnswer answer = page(0x9000);
    answer.translation.execute = tlp.execute;
    answer.translation.privileged = tlp.privileged;
    return answer;
  };
  bench.run({read(0x1000), fetch, privileged, at(3'000'000, fetch), at(4'000'000, privileged)});
  const auto requests = bench.host.of(Tlp::Kind::translation_request);
  REQUIRE(requests.size() == 3);
  CHECK_FALSE(requests[0].tlp.execute);
  CHECK(requests[1].tlp.execute);
  CHECK_FALSE(requests[1].tlp.privileged);
  CHECK(requests[2].tlp.privileged);
  CHECK_FALSE(requests[2].tlp.execute);
  CHECK(bench.counter("atc_hits") == 2);
  CHECK(bench.counter("pasid_downgraded") == 0);
  bench.check_conserved();
}

TEST_CASE(
    "without the PASID capability's Execute and Privileged, or without a PASID, they are plain accesses") {
  const bool pasid = GENERATE(true, false);
  pcie::EndpointConfig config;
  config.pasid = pasid;
  if (pasid) config.execute = config.privileged = false;
  EndpointBench bench(config);
  bench.host.pages[0x1000] = page(0x9000);
  pcie::DeviceAccess access = read(0x1000);
  access.execute = access.privileged = true;
  bench.run({access});
  const Tlp request = bench.host.of(Tlp::Kind::translation_request).at(0).tlp;
  CHECK(request.pasid.valid == pasid);
  CHECK_FALSE(request.execute);
  CHECK_FALSE(request.privileged);
  CHECK(bench.counter("pasid_downgraded") == 1);
  CHECK(bench.transaction(1).outcome == Outcome::ok);
  bench.check_conserved();
}

TEST_CASE("a fetch that joins a read's request asks again; one refused Execute asks for the page") {
  pcie::DeviceAccess fetch = read(0x1040);
  fetch.execute = true;
  EndpointBench bench;
  bool executable = false;
  bench.host.translate = [&](const Tlp& tlp) {
    arch::AtsAnswer answer = page(0x9000);
    answer.translation.execute = tlp.execute && executable;
    return answer;
  };
  bench.host.serve = [&](const Tlp& tlp) {
    CHECK(tlp.execute);
    executable = true;
    return 0u;
  };
  bench.run({read(0x1000), fetch});
  CHECK(bench.host.of(Tlp::Kind::translation_request).size() == 3);
  CHECK(bench.transaction(1).rounds == 0);
  CHECK(bench.transaction(2).rounds == 1);
  CHECK(bench.transaction(2).outcome == Outcome::ok);
  bench.check_conserved();
}

TEST_CASE("a device may ask for write permission always") {
  pcie::EndpointConfig config;
  config.ats.no_write = false;
  EndpointBench bench(config);
  bench.host.translate = [](const Tlp& tlp) { return page(0x9000, !tlp.no_write); };
  bench.run({read(0x1000), at(1'000'000, write(0x1000))});
  CHECK_FALSE(bench.host.of(Tlp::Kind::translation_request).at(0).tlp.no_write);
  CHECK(bench.counter("atc_hits") == 1);
  bench.check_conserved();
}

TEST_CASE("translated requests are No Snoop if their translation says N") {
  EndpointBench bench;
  bench.host.translate = [](const Tlp& tlp) {
    arch::AtsAnswer answer = page(0x9000);
    answer.translation.no_snoop = tlp.address == 0x2000;
    return answer;
  };
  bench.run({read(0x1000), write(0x2000)});
  CHECK_FALSE(bench.host.of(Tlp::Kind::memory_read).at(0).tlp.no_snoop);
  CHECK(bench.host.of(Tlp::Kind::memory_write).at(0).tlp.no_snoop);
  bench.check_conserved();
}

TEST_CASE("after Unsupported Request a device may go on without ATS") {
  pcie::EndpointConfig config;
  config.ats.stop_on_unsupported = true;
  config.ats.requests = 1;
  EndpointBench bench(config);
  bench.host.pages[0x1000] = page(0x9000);
  bench.host.translate = [](const Tlp& tlp) {
    return tlp.address == 0x2000 ? arch::AtsAnswer{arch::AtsStatus::unsupported_request, {}} : page(0x9000);
  };
  // The first is translated; the second's request is refused, the third's waits behind it.
  bench.run(
      {read(0x1000), at(500'000, read(0x2000)), at(500'000, read(0x3000)), at(1'000'000, read(0x1000))});
  CHECK(bench.transaction(1).outcome == Outcome::ok);
  CHECK(bench.transaction(2).outcome == Outcome::failed);
  const auto reads = bench.host.of(Tlp::Kind::memory_read);
  REQUIRE(reads.size() == 3);
  CHECK(reads[0].tlp.address_type == arch::AddressType::translated);
  for (const unsigned i : {1u, 2u}) {
    CHECK(reads[i].tlp.address_type == arch::AddressType::untranslated);
    CHECK(reads[i].tlp.pasid == arch::SubstreamId{true, 1});
  }
  CHECK(bench.counter("ats_requests") == 2);
  bench.check_conserved();
}

TEST_CASE("PASIDs of the capability's width go whole into every TLP; a wider one fails in the device") {
  const unsigned bits = GENERATE(20u, 8u, 1u);
  const std::uint32_t widest = (1u << bits) - 1;
  pcie::EndpointConfig config;
  config.pasid_bits = bits;
  EndpointBench bench(config);
  bench.run({read(0x1000, 64, widest), read(0x1000, 64, widest + 1)});
  CHECK(bench.transaction(1).outcome == Outcome::ok);
  CHECK(bench.transaction(2).outcome == Outcome::failed);
  CHECK(bench.transaction(2).total == bench.transaction(2).in(Stage::issue));
  CHECK(bench.counter("pasid_too_wide") == 1);
  CHECK(bench.host.of(Tlp::Kind::translation_request).at(0).tlp.pasid.value == widest);
  CHECK(bench.host.of(Tlp::Kind::page_request).at(0).tlp.pasid.value == widest);
  bench.check_conserved();
}

TEST_CASE("a posted write leaves the window when it gets onto the wire, a read when it completes") {
  pcie::EndpointConfig config;
  config.ats.enabled = config.pri.enabled = false;
  config.issue.window = 1;
  EndpointBench bench(config);
  bench.run({write(0x1000), write(0x2000), write(0x3000), read(0x4000), read(0x5000)});
  // A write is 28 + 64 B. The first is on the wire at 1 ns: its place is free at 2 ns. The second gets onto
  // the wire at 93 ns, the third at 185 ns; the read is issued at 186 ns and waits for the wire until 277 ns.
  CHECK(bench.transaction(1).begun == 1'000);
  CHECK(bench.transaction(2).begun == 2'000);
  CHECK(bench.transaction(3).begun == 94'000);
  CHECK(bench.transaction(4).begun == 186'000);
  CHECK(bench.transaction(4).done() == 277'000 + 33'000 + 10'000 + 93'000);
  CHECK(bench.transaction(5).begun == 413'000);
  CHECK(bench.counter("window_peak") == 1);
  bench.check_conserved();
}

TEST_CASE("credits of the root port hold back the device, and nothing is lost") {
  pcie::EndpointConfig config;
  config.ats.enabled = config.pri.enabled = false;
  EndpointBench bench(config, 1);
  bench.run({write(0x1000), write(0x2000)});
  // The first arrives at 1 + 92 + 5 = 98 ns; its credit flies back 5 ns and is seen at the next edge.
  CHECK(bench.transaction(1).done() == 98'000);
  CHECK(bench.transaction(2).done() == 104'000 + 92'000 + 5'000);
  bench.check_conserved();
}

TEST_CASE("configurations that cannot work are told apart") {
  CHECK(pcie::EndpointConfig{}.check().empty());
  CHECK(pcie::PcieLinkConfig{}.check().empty());
  pcie::EndpointConfig endpoint;
  endpoint.atc.sets = 3;
  endpoint.ats.enabled = false;
  endpoint.pri.group_pages = 0;
  CHECK(endpoint.check() == std::vector<std::string>{"atc.sets must be a power of two",
                                                     "pri.group_pages must be at least 1",
                                                     "pri.enabled needs ats.enabled"});
  pcie::PcieLinkConfig link;
  link.lanes = 12;
  CHECK(link.check().size() == 1);
}

TEST_CASE("the rate of a link") {
  // Generation 5 moves 4 GB/s a lane less the encoding: 64 B/ns on 16 lanes, times 128/130.
  pcie::PcieLinkConfig config;
  config.gen = 5;
  config.lanes = 16;
  CHECK(config.timing(0).wire(4096) == 65'000);  // 4096 * 130/128 / 64 ns
  config.gen = 1;
  config.lanes = 1;
  CHECK(config.timing(0).wire(1) == 4'000);
  config.gen = 3;
  config.lanes = 8;
  CHECK(config.timing(0).wire(1024) == 130'000);
}
