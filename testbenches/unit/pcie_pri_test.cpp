// Page requests: golden times of a fault served, denied and refused for good; groups, the allocation,
// merging.
#include "testbenches/unit/pcie_fixture.hpp"

using namespace svasim;
using namespace svasim::test;
namespace pci = arch::pci;

TEST_CASE("a fault that is served: page request, response, a new Translation Request") {
  EndpointBench bench;
  bench.run({read(0x1000)});
  const Closed& t = bench.transaction(1);
  // 1 lookup, 3 request, 36 host, 56 answer, 93 refused; 4 cycles later the page request, 130 host, 180
  // response, 213 device; 8 cycles later the new request, 254 host, 274 answer, 311 granted; 313 read, 342,
  // 352, 445 done.
  CHECK(t.outcome == Outcome::ok);
  CHECK(t.done() == 445'000);
  CHECK(t.rounds == 1);
  CHECK(t.fault_latency == 311'000 - 93'000);
  CHECK(t.in(Stage::fault_record) == 50'000);
  CHECK(t.in(Stage::prg_response) == 28'000 + 5'000);
  CHECK(t.in(Stage::reissue) == 8'000);
  CHECK(t.in(Stage::link_out) == 33'000 + (4'000 + 33'000) + 33'000 + 29'000);
  REQUIRE(bench.closed.faults.size() == 1);
  const Closed& fault = bench.closed.faults[0];
  CHECK(fault.outcome == Outcome::ok);
  CHECK(fault.begun == 97'000);
  CHECK(fault.done() == 213'000);
  const auto requests = bench.host.of(Tlp::Kind::page_request);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].time == 130'000);
  CHECK(requests[0].tlp.read);
  CHECK_FALSE(requests[0].tlp.write);
  CHECK(requests[0].tlp.last);
  CHECK(requests[0].tlp.pasid == arch::SubstreamId{true, 1});
  bench.check_conserved();
}

TEST_CASE("a page still missing after a successful response is asked for again") {
  EndpointBench bench;
  unsigned groups = 0;
  bench.host.serve = [&](const Tlp& tlp) {
    if (++groups == 3) bench.host.pages[tlp.address] = page(0x9000);
    return 0u;
  };
  bench.run({write(0x1000)});
  CHECK(bench.transaction(1).rounds == 3);
  CHECK(bench.transaction(1).outcome == Outcome::ok);
  CHECK(bench.closed.faults.size() == 3);
  // From one refusal to the next: page request, response, request, answer.
  const Picoseconds round = (4'000 + 33'000 + 50'000 + 33'000) + (8'000 + 33'000 + 20'000 + 37'000);
  CHECK(bench.transaction(1).fault_latency == 3 * round);
  bench.check_conserved();
}

TEST_CASE("Invalid Request fails the accesses, and only those") {
  EndpointBench bench;
  bool first = true;
  bench.host.serve = [&](const Tlp& tlp) {
    bench.host.pages[tlp.address] = page(0x9000);
    return std::exchange(first, false) ? 1u : 0u;
  };
  bench.host.translate = [&](const Tlp& tlp) {
    const bool served = bench.closed.faults.size() > 0 && bench.host.pages.count(tlp.address) != 0;
    return served ? page(0x9000) : no_page();
  };
  bench.run({read(0x1000), read(0x1040), at(1'000'000, read(0x1000))});
  CHECK(bench.transaction(1).outcome == Outcome::failed);
  CHECK(bench.transaction(1).done() == 213'000);
  CHECK(bench.transaction(1).fault_latency == 213'000 - 93'000);
  CHECK(bench.transaction(2).outcome == Outcome::failed);
  CHECK(bench.transaction(3).outcome == Outcome::ok);
  CHECK(bench.closed.faults.at(0).outcome == Outcome::failed);
  CHECK(bench.counter("pri_invalid") == 1);
  bench.check_conserved();
}

TEST_CASE("Response Failure stops PRI: all who wait for pages fail, later faults at once") {
  const unsigned code = GENERATE(0xFu, 0x2u, 0xEu);  // codes without a meaning act as failure
  pcie::EndpointConfig config;
  config.pri.allocation = 2;
  EndpointBench bench(config);
  bench.host.pages[0x5000] = page(0xf000);
  bench.host.serve = [&](const Tlp&) { return code; };
  bench.run({read(0x1000), read(0x2000), read(0x3000), read(0x5000), at(1'000'000, read(0x4000)),
             at(2'000'000, read(0x5000))});
  // Two groups are in flight, the third page waits for the allocation. The first page request waits for the
  // wire until 115 ns, when four Translation Requests have left: 148 host, 198 response, 231 device.
  for (std::uint64_t id : {1, 2, 3}) {
    CHECK(bench.transaction(id).outcome == Outcome::failed);
    CHECK(bench.transaction(id).done() == 231'000);
  }
  CHECK(bench.transaction(4).outcome == Outcome::ok);
  CHECK(bench.transaction(5).outcome == Outcome::failed);
  CHECK(bench.transaction(5).done() == 1'000'000 + 2'000 + 33'000 + 20'000 + 37'000);
  CHECK(bench.transaction(5).rounds == 1);
  CHECK(bench.transaction(6).outcome == Outcome::ok);
  CHECK(bench.pri_control() == (pci::pri::kEnable | pci::pri::kResponseFailure | pci::pri::kResponsePasid));
  CHECK(bench.closed.faults.size() == 2);
  CHECK(bench.host.of(Tlp::Kind::page_request).size() == 2);
  bench.check_conserved();
}

TEST_CASE("after a Response Failure the faults in flight are the host's alone, until it answers them") {
  EndpointBench bench;
  bench.host.serve = [&](const Tlp& tlp) {
    bench.host.service_time = tlp.address == 0x1000 ? 50'000 : 500'000;
    return tlp.address == 0x1000 ? 0xFu : 0u;
  };
  bench.host.pages[0x3000] = page(0x9000);
  // The third access takes over the record of a failed one, and is in flight when the late response comes.
  bench.host.memory_time = 600'000;
  bench.run({read(0x1000), read(0x2000), at(300'000, read(0x3000))});
  CHECK(bench.transaction(1).outcome == Outcome::failed);
  CHECK(bench.transaction(2).outcome == Outcome::failed);
  CHECK(bench.transaction(2).done() == bench.transaction(1).done());
  CHECK(bench.transaction(3).outcome == Outcome::ok);
  REQUIRE(bench.closed.faults.size() == 2);
  CHECK(bench.closed.followers == std::vector<std::size_t>{1, 0});
  CHECK(bench.closed.faults[1].outcome == Outcome::failed);
  CHECK(bench.closed.faults[1].done() > 600'000);
  bench.check_conserved();
}

TEST_CASE("without PRI a refused access fails in the device") {
  pcie::EndpointConfig config;
  config.pri.enabled = false;
  EndpointBench bench(config);
  bench.run({read(0x1000)});
  CHECK(bench.transaction(1).outcome == Outcome::failed);
  CHECK(bench.transaction(1).done() == 93'000);
  CHECK(bench.transaction(1).rounds == 1);
  bench.check_conserved();
}

TEST_CASE("accesses that come while the page is being made present follow the fault") {
  EndpointBench bench;
  bench.run({read(0x1000), at(95'000, read(0x1040)), at(140'000, write(0x1080)), at(215'000, read(0x10c0))});
  CHECK(bench.host.of(Tlp::Kind::page_request).size() == 1);
  REQUIRE(bench.closed.followers.size() == 1);
  CHECK(bench.closed.followers[0] == 3);
  const probe::Cause fault{probe::Cause::Kind::fault, 1};
  for (std::uint64_t id : {2, 3}) {
    CHECK(bench.transaction(id).rounds == 1);
    const auto& segments = bench.transaction(id).segments;
    CHECK(std::count_if(segments.begin(), segments.end(), [&](const auto& s) { return s.cause == fault; }) >=
          2);
  }
  CHECK(bench.transaction(3).in(Stage::fault_record) == 180'000 - 142'000);  // looked up at 142 ns
  CHECK(bench.transaction(3).fault_latency == 311'000 - 142'000);
  CHECK(bench.transaction(4).rounds == 0);  // the page was there, only the translation was not
  // The new request is for a write, because one waits.
  CHECK_FALSE(bench.host.of(Tlp::Kind::translation_request).at(1).tlp.no_write);
  bench.check_conserved();
}

TEST_CASE("a write to a page that may only be read asks for it with W") {
  EndpointBench bench;
  bench.host.pages[0x1000] = page(0x9000, false);
  bench.run({write(0x1000), read(0x1040)});
  const auto requests = bench.host.of(Tlp::Kind::page_request);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].tlp.write);
  CHECK_FALSE(requests[0].tlp.read);  // the read was granted by the same answer
  CHECK(bench.transaction(2).rounds == 0);
  CHECK(bench.transaction(1).rounds == 1);
  bench.check_conserved();
}

TEST_CASE("pages pending together share a group; the allocation is tight") {
  pcie::EndpointConfig config;
  config.pri.group_pages = 2;
  config.pri.allocation = 3;
  config.pri.request_cycles = 100;
  EndpointBench bench(config);
  bench.host.service_time = 200'000;
  bench.run({read(0x1000), read(0x2000), read(0x3000), read(0x4000)});
  const auto requests = bench.host.of(Tlp::Kind::page_request);
  REQUIRE(requests.size() == 4);
  // Refused at 93, 125, 157 and 189 ns. Groups go at 193 ns (two pages) and 293 ns (the third page is all
  // that is allowed). The first response, sent at 254 + 200 ns, arrives at 487 ns and makes room: the last
  // page goes at 587 ns, and gets the wire at 595 ns, after the third page's new Translation Request of 567
  // ns.
  const Picoseconds times[] = {226'000, 254'000, 326'000, 595'000 + 33'000};
  const bool last[] = {false, true, true, true};
  for (unsigned i = 0; i < 4; ++i) {
    INFO("page request " << i);
    CHECK(requests[i].time == times[i]);
    CHECK(requests[i].tlp.last == last[i]);
    CHECK(requests[i].tlp.address == 0x1000 * (i + 1));
  }
  CHECK(requests[0].tlp.group == requests[1].tlp.group);
  CHECK(requests[1].tlp.group != requests[2].tlp.group);
  CHECK(bench.counter("pri_pages_peak") == 3);
  CHECK(bench.counter("pri_groups") == 3);
  bench.check_conserved();
}

TEST_CASE("one page more in the allocation, and the last page does not wait") {
  pcie::EndpointConfig config;
  config.pri.group_pages = 2;
  config.pri.allocation = 4;
  config.pri.request_cycles = 100;
  EndpointBench bench(config);
  bench.host.service_time = 200'000;
  bench.run({read(0x1000), read(0x2000), read(0x3000), read(0x4000)});
  CHECK(bench.host.of(Tlp::Kind::page_request).at(3).time == 293'000 + 2 * 28'000 + 5'000);
  CHECK(bench.counter("pri_pages_peak") == 4);
  bench.check_conserved();
}

TEST_CASE("a group has one PASID") {
  pcie::EndpointConfig config;
  config.pri.group_pages = 8;
  config.pri.request_cycles = 100;
  EndpointBench bench(config);
  bench.run({read(0x1000, 64, 1), read(0x1000, 64, 2), read(0x2000, 64, 1)});
  const auto requests = bench.host.of(Tlp::Kind::page_request);
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].tlp.pasid.value == 1);
  CHECK(requests[1].tlp.pasid.value == 1);
  CHECK(requests[1].tlp.last);
  CHECK(requests[2].tlp.pasid.value == 2);
  CHECK(requests[2].tlp.group != requests[0].tlp.group);
  bench.check_conserved();
}

TEST_CASE("a response for a group that nobody opened is noted and ignored") {
  EndpointBench bench;
  Tlp tlp;
  tlp.kind = Tlp::Kind::prg_response;
  tlp.group = 600;
  bench.host.send_at(10'000, tlp);
  tlp.group = 5;
  bench.host.send_at(10'000, tlp);
  bench.run({});
  CHECK(bench.counter("unexpected_messages") == 2);
}
