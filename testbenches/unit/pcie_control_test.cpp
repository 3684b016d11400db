// What software switches in a function: its capabilities as software finds them, the enable sequences of
// PASID, ATS and PRI, what becomes of page requests when PRI stops, and how the use of a PASID ends.
#include "testbenches/unit/pcie_fixture.hpp"

using namespace svasim;
using namespace svasim::test;
namespace pci = arch::pci;

TEST_CASE("capabilities tell what the device can do") {
  pcie::EndpointConfig config;
  config.pasid_bits = 16;
  config.execute = false;
  config.pri.capacity = 48;
  config.pri.response_pasid = false;
  EndpointBench bench(config, 128, true);
  const auto read = [&](std::uint32_t offset) { return bench.endpoint.read_register(offset); };
  CHECK(read(bench.capability(pci::kAtsId) + 4) == (1u << 5 | 1u << 6));
  CHECK(read(bench.capability(pci::kPasidId) + 4) == (1u << 2 | 16u << 8));
  CHECK(read(bench.capability(pci::kPriId) + 4) == 1u << 24);  // Stopped
  CHECK(read(bench.capability(pci::kPriId) + 8) == 48);
  CHECK(read(bench.capability(pci::kPriId) + 0xC) == 0);
  CHECK(bench.capability(0x1234) == 0);
}

TEST_CASE("loads and stores down the link reach the capabilities") {
  EndpointBench bench;
  Tlp tlp;
  tlp.kind = Tlp::Kind::memory_write;
  tlp.address = bench.capability(pci::kPriId) + pci::pri::kAllocation;
  tlp.bytes = 4;
  tlp.data[0] = 33;
  bench.host.send_at(10'000, tlp);
  tlp.kind = Tlp::Kind::memory_read;
  tlp.tag = 9;
  bench.host.send_at(20'000, tlp);
  bench.run({});
  const auto answers = bench.host.of(Tlp::Kind::completion);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].tlp.tag == 9);
  CHECK(answers[0].tlp.data[0] == 33);
  bench.check_conserved();
}

TEST_CASE("after a reset nothing is translated, until software has enabled PASID, ATS and PRI") {
  EndpointBench bench({}, 128, true);
  bench.write_register_at(500'000, bench.capability(pci::kPasidId) + 4, pci::pasid::kEnable);
  bench.write_register_at(1'500'000, bench.capability(pci::kAtsId) + 4, pci::ats::kEnable);
  bench.write_register_at(2'500'000, bench.capability(pci::kPriId) + 0xC, 16);
  bench.write_pri_control_at(2'500'000, pci::pri::kEnable);
  bench.run(
      {read(0x1000), at(1'000'000, read(0x1000)), at(2'000'000, read(0x1000)), at(3'000'000, read(0x1000))});
  const auto reads = bench.host.of(Tlp::Kind::memory_read);
  REQUIRE(reads.size() == 3);
  CHECK(reads[0].tlp.address_type == arch::AddressType::untranslated);
  CHECK_FALSE(reads[0].tlp.pasid.valid);
  CHECK(reads[1].tlp.address_type == arch::AddressType::untranslated);
  CHECK(reads[1].tlp.pasid == arch::SubstreamId{true, 1});
  CHECK(bench.transaction(3).outcome == Outcome::failed);  // ATS, but no PRI
  CHECK(bench.transaction(4).outcome == Outcome::ok);
  CHECK(reads[2].tlp.address_type == arch::AddressType::translated);
  bench.check_conserved();
}

TEST_CASE("the allocation is what software writes, at most the capacity") {
  pcie::EndpointConfig config;
  config.pri.capacity = 3;
  const std::uint32_t written = GENERATE(2u, 3u, 4u, 0xFFFF'FFFFu);
  EndpointBench bench(config);
  bench.write_register_at(500, bench.capability(pci::kPriId) + 0xC, written);
  bench.host.service_time = 1'000'000;
  bench.run({read(0x1000), read(0x2000), read(0x3000), read(0x4000), read(0x5000)});
  CHECK(bench.counter("pri_pages_peak") == std::min(written, 3u));
  CHECK(bench.endpoint.read_register(bench.capability(pci::kPriId) + 0xC) == std::min(written, 3u));
  bench.check_conserved();
}

TEST_CASE("after a Response Failure: disable, wait for Stopped, enable; then pages are asked for again") {
  EndpointBench bench;
  bench.host.serve = [&](const Tlp& tlp) {
    bench.host.service_time = tlp.address == 0x2000 ? 500'000 : 50'000;
    if (tlp.address != 0x1000) bench.host.pages[tlp.address] = page(0x9000);
    return tlp.address == 0x1000 ? 0xFu : 0u;
  };
  // The failure comes at 213 ns and a little; the response for the second page not before 700 ns.
  bench.write_pri_control_at(300'000, pci::pri::kResponseFailure | pci::pri::kEnable);  // clears RF, no more
  std::uint32_t cleared = 0, disabled = 0, stopped = 0;
  bench.write_pri_control_at(500'000, 0);
  bench.write_pri_control_at(2'000'000, pci::pri::kEnable);
  const auto look = [&](Picoseconds when, std::uint32_t& value) {
    bench.look_at(when, [&bench, &value] { value = bench.pri_control(); });
  };
  look(350'000, cleared);
  look(550'000, disabled);
  look(1'000'000, stopped);
  bench.run({read(0x1000), read(0x2000), at(400'000, read(0x3000)), at(3'000'000, read(0x4000))});
  CHECK(cleared == (pci::pri::kEnable | pci::pri::kResponsePasid));
  CHECK(disabled == pci::pri::kResponsePasid);  // a response is still expected
  CHECK(stopped == (pci::pri::kStopped | pci::pri::kResponsePasid));
  for (std::uint64_t id : {1, 2, 3}) CHECK(bench.transaction(id).outcome == Outcome::failed);
  CHECK(bench.transaction(4).outcome == Outcome::ok);
  bench.check_conserved();
}

TEST_CASE("disabling PRI fails who has not asked yet; who has gets the response") {
  pcie::EndpointConfig config;
  config.pri.allocation = 1;
  EndpointBench bench(config);
  bench.host.service_time = 500'000;
  bench.write_pri_control_at(300'000, 0);
  bench.run({read(0x1000), read(0x2000)});
  CHECK(bench.transaction(1).outcome == Outcome::ok);
  CHECK(bench.transaction(2).outcome == Outcome::failed);
  CHECK(bench.transaction(2).done() == 300'000);
  bench.check_conserved();
}

TEST_CASE("a reset forgets what is outstanding; its responses are unexpected") {
  EndpointBench bench;
  bench.host.service_time = 500'000;
  bench.write_pri_control_at(300'000, 0);
  bench.write_pri_control_at(310'000, pci::pri::kReset);
  bench.run({read(0x1000)});
  CHECK(bench.transaction(1).outcome == Outcome::failed);
  CHECK(bench.transaction(1).done() == 310'000);
  CHECK(bench.counter("pri_unexpected") == 1);
  CHECK((bench.pri_control() & pci::pri::kUnexpectedIndex) != 0);
  CHECK((bench.pri_control() & pci::pri::kStopped) != 0);
  CHECK(bench.recorder.faults_live() == 0);
}

TEST_CASE("a response for an index that is not outstanding sets UPRGI, which software clears") {
  const bool clear = GENERATE(true, false);
  EndpointBench bench;
  Tlp tlp;
  tlp.kind = Tlp::Kind::prg_response;
  tlp.group = 5;
  bench.host.send_at(10'000, tlp);
  if (clear) bench.write_pri_control_at(500'000, pci::pri::kEnable | pci::pri::kUnexpectedIndex);
  bench.run({read(0x1000)});
  CHECK(((bench.pri_control() & pci::pri::kUnexpectedIndex) == 0) == clear);
  CHECK(bench.transaction(1).outcome == Outcome::ok);  // PRI goes on
}

TEST_CASE(
    "a response without the PASID is unexpected if the device requires it; a failure never carries one") {
  const bool required = GENERATE(true, false);
  pcie::EndpointConfig config;
  config.pri.response_pasid = required;
  EndpointBench bench(config);
  bench.host.service_time = 1'000'000;
  Tlp tlp;
  tlp.kind = Tlp::Kind::prg_response;
  tlp.group = 0;
  tlp.response = 1;
  bench.host.send_at(300'000, tlp);  // Invalid Request
  tlp.response = 0xF;
  bench.host.send_at(500'000, tlp);
  bench.run({read(0x1000)});
  CHECK(bench.transaction(1).outcome == Outcome::failed);
  CHECK(bench.transaction(1).done() == (required ? 500'000 : 300'000) + 24'000 + 5'000);
  CHECK(bench.counter("pri_failure") == (required ? 1 : 0));
}

TEST_CASE("all 512 indices are used before one is used again, and never one that is outstanding") {
  pcie::EndpointConfig config;
  config.pri.allocation = 600;
  config.pri.capacity = 600;
  config.issue.window = 0;
  EndpointBench bench(config);
  bench.host.service_time = 100'000'000;
  for (std::uint64_t i = 0; i < 600; ++i) bench.source.accesses.push_back(read(i << 12));
  std::set<unsigned> indices;
  bench.host.serve = [&](const Tlp& tlp) {
    if (indices.size() < 512) CHECK(indices.insert(tlp.group).second);
    bench.host.pages[tlp.address] = page(0x9000);
    return 0u;
  };
  bench.run({});
  CHECK(indices.size() == 512);
  CHECK(bench.counter("pri_pages_peak") == 512);  // one page a group, 512 groups
  CHECK(bench.counter("pri_groups") == 600);
  bench.check_conserved();
}

TEST_CASE("switching ATS off: nothing is translated any more, and what waited goes untranslated") {
  EndpointBench bench;
  bench.host.pages[0x1000] = page(0x9000);
  bench.write_register_at(520'000, bench.capability(pci::kAtsId) + 4, 0);
  bench.run({read(0x1000), at(500'000, read(0x2000)), at(600'000, read(0x1000))});
  const auto reads = bench.host.of(Tlp::Kind::memory_read);
  REQUIRE(reads.size() == 3);
  for (const unsigned i : {1u, 2u}) CHECK(reads[i].tlp.address_type == arch::AddressType::untranslated);
  CHECK(bench.counter("atc_invalidated") == 1);
  CHECK((bench.pri_control() & pci::pri::kEnable) == 0);  // PRI needs ATS
  bench.check_conserved();
}

TEST_CASE("ending a PASID with a stop marker: its page requests are given up, the marker is behind them") {
  EndpointBench bench;
  bench.host.service_time = 1'000'000;
  std::uint32_t busy = 0, over = 0;
  bench.write_register_at(300'000, pci::kStopPasid, pci::kStopping | 1);
  bench.look_at(301'000, [&] { busy = bench.endpoint.read_register(pci::kStopPasid); });
  bench.look_at(900'000, [&] { over = bench.endpoint.read_register(pci::kStopPasid); });
  bench.host.pages[0x9000] = page(0xc000);
  bench.host.memory_time = 300'000;
  // Two faults of PASID 1 and one of PASID 2; a read of PASID 1 is in flight; one comes too late.
  bench.run({read(0x1000), read(0x2000), read(0x3000, 64, 2), at(150'000, read(0x9000)),
             at(310'000, read(0x9000))});
  for (std::uint64_t id : {1, 2}) {
    CHECK(bench.transaction(id).outcome == Outcome::failed);
    CHECK(bench.transaction(id).done() == 300'000);
  }
  CHECK(bench.transaction(3).outcome == Outcome::ok);
  CHECK(bench.transaction(4).outcome == Outcome::ok);
  CHECK(bench.transaction(5).outcome == Outcome::failed);
  CHECK(bench.transaction(5).total == 0);
  CHECK(busy == (pci::kStopping | 1));
  CHECK(over == 0);
  const auto requests = bench.host.of(Tlp::Kind::page_request);
  REQUIRE(requests.size() == 4);
  const Tlp& marker = requests[3].tlp;
  CHECK(marker.last);
  CHECK_FALSE(marker.read);
  CHECK_FALSE(marker.write);
  CHECK(marker.pasid == arch::SubstreamId{true, 1});
  CHECK(requests[3].time == 300'000 + 33'000);
  CHECK(bench.counter("pri_pages") == 3);  // the marker is none
  CHECK(bench.counter("pri_stop_markers") == 1);
  CHECK(bench.counter("pasid_stopped") == 1);
  bench.check_conserved();
}

TEST_CASE("ending a PASID by waiting: its page requests get their responses, and no marker is sent") {
  pcie::EndpointConfig config;
  config.pri.stop = pcie::PasidStop::wait;
  config.pri.allocation = 1;
  EndpointBench bench(config);
  bench.write_register_at(140'000, pci::kStopPasid, pci::kStopping | 1);
  bench.run({read(0x1000), read(0x2000), at(5'000'000, read(0x1000))});
  CHECK(bench.transaction(1).outcome == Outcome::ok);      // was asked for
  CHECK(bench.transaction(2).outcome == Outcome::failed);  // was not
  CHECK(bench.transaction(2).done() == 140'000);
  CHECK(bench.host.of(Tlp::Kind::page_request).size() == 1);
  CHECK(bench.transaction(3).outcome == Outcome::ok);  // a new use of the same PASID
  bench.check_conserved();
}

TEST_CASE("a PASID that nobody uses is stopped at once") {
  EndpointBench bench;
  bench.write_register_at(10'000, pci::kStopPasid, pci::kStopping | 0xF'FFFF);
  bench.run({});
  CHECK(bench.endpoint.read_register(pci::kStopPasid) == 0);
  CHECK(bench.host.of(Tlp::Kind::page_request).at(0).tlp.pasid.value == 0xF'FFFF);
}
