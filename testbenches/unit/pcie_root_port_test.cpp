// The root port between a link, a memory and a TCU that are all played by the test. DTI messages take one
// cycle.
#include "models/pcie/root_port.hpp"
#include "testbenches/unit/pcie_memory.hpp"

using namespace svasim;
using namespace svasim::test;
using arch::dti::Downstream;
using arch::dti::Upstream;

namespace {

struct RootPortBench : Machine {
  explicit RootPortBench(const pcie::RootPortConfig& config = {}, unsigned credits = 128)
      : link(calendar, clock, clock, slow_link(credits)),
        up(calendar, clock, clock, {}),
        down(calendar, clock, clock, {}),
        memory("memory", *this),
        root_port("root_port", calendar, clock, recorder, config, link, up, down) {
    root_port.memory.socket.bind(memory.target.socket);
    link.down.bind<&RootPortBench::at_device>({calendar.add_block(), 0}, this);
    up.bind<&RootPortBench::at_tcu>({calendar.add_block(), 0}, this);
  }
  template <class Message>
  struct Seen {
    Picoseconds time;
    Message message;
  };
  void at_device(Tlp& tlp) { device.push_back({calendar.now(), tlp}); }
  void at_tcu(Upstream& message) {
    up.consumed();
    tcu.push_back({calendar.now(), message});
  }
  /// A TLP sent by the device at `when`, with a transaction of its own if it is one's.
  void from_device(Picoseconds when, Tlp tlp) {
    using Kind = Tlp::Kind;
    if (tlp.kind == Kind::memory_read || tlp.kind == Kind::memory_write ||
        tlp.kind == Kind::translation_request) {
      tlp.transaction = &recorder.open(when, 0, 0, probe::Operation::read, tlp.address, 1);
    }
    tlps.push_back(tlp);
    calendar.post<&RootPortBench::send_tlp>(when, {65535, 0}, this, tlps.size() - 1);
  }
  void send_tlp(std::uint64_t index) { link.send_up(tlps[index]); }
  void from_tcu(Picoseconds when, const Downstream& message) {
    messages.push_back(message);
    calendar.post<&RootPortBench::send_message>(when, {65535, 1}, this, messages.size() - 1);
  }
  void send_message(std::uint64_t index) { down.send(messages[index], 1); }
  std::uint64_t counter(const std::string& name) const {
    std::uint64_t found = ~std::uint64_t{0};
    root_port.counters([&](const char* n, std::uint64_t value) {
      if (name == n) found = value;
    });
    return found;
  }

  pcie::PcieLink link;
  engine::Link<Upstream> up;
  engine::Link<Downstream> down;
  MemoryStub memory;
  pcie::RootPort root_port;
  std::deque<Tlp> tlps;
  std::deque<Downstream> messages;
  std::vector<Seen<Tlp>> device;
  std::vector<Seen<Upstream>> tcu;
};

Tlp memory_tlp(Tlp::Kind kind, std::uint64_t address, std::uint16_t tag, std::uint32_t bytes = 64) {
  Tlp tlp;
  tlp.kind = kind;
  tlp.address_type = arch::AddressType::translated;
  tlp.requester = arch::StreamId{0x100};
  tlp.address = address;
  tlp.tag = tag;
  tlp.bytes = bytes;
  return tlp;
}
Tlp translation_request(std::uint64_t address, std::uint16_t tag) {
  Tlp tlp = memory_tlp(Tlp::Kind::translation_request, address, tag);
  tlp.pasid = {true, 5};
  tlp.no_write = true;
  return tlp;
}
Tlp invalidate_completion(std::uint32_t itags, std::uint8_t completions) {
  Tlp tlp = memory_tlp(Tlp::Kind::invalidate_completion, 0, 0);
  tlp.itags = itags;
  tlp.completions = completions;
  return tlp;
}
Downstream downstream(Downstream::Kind kind, std::uint16_t id) {
  Downstream message;
  message.kind = kind;
  message.id = id;
  return message;
}

}  // namespace

TEST_CASE("a read goes to the TBU and comes back as a completion") {
  RootPortBench bench;
  bench.from_device(10'000, memory_tlp(Tlp::Kind::memory_read, 0x9000, 77));
  sc_core::sc_start();
  REQUIRE(bench.memory.seen.size() == 1);
  const MemoryStub::Seen& request = bench.memory.seen[0];
  // 24 B and 5 ns of flight; one cycle to the next block.
  CHECK(request.time == 10'000 + 29'000 + 1'000);
  CHECK(request.address == 0x9000);
  CHECK(request.stream == arch::StreamId{0x100});
  CHECK_FALSE(request.substream.valid);
  CHECK(request.type == arch::AddressType::translated);
  REQUIRE(bench.device.size() == 1);
  const Tlp& completion = bench.device[0].message;
  CHECK(completion.kind == Tlp::Kind::completion);
  CHECK(completion.tag == 77);
  CHECK(completion.bytes == 64);
  CHECK_FALSE(completion.aborted);
  CHECK(completion.transaction->timeline.stage() == Stage::link_back);
  CHECK(completion.transaction->timeline.since() == 51'000);
  CHECK(bench.device[0].time == 51'000 + 88'000 + 5'000);
  CHECK(bench.root_port.leaked() == 0);
}

TEST_CASE("a write ends when memory has accepted it") {
  RootPortBench bench;
  bench.from_device(10'000, memory_tlp(Tlp::Kind::memory_write, 0x9000, 0));
  sc_core::sc_start();
  CHECK(bench.device.empty());
  CHECK(bench.transaction(1).done() == 10'000 + 93'000 + 1'000 + 10'000 + 1'000);
  CHECK(bench.transaction(1).in(Stage::tbu_queue) == 12'000);
  CHECK(bench.memory.seen.at(0).data.at(0) == 1);  // the id of its transaction
}

TEST_CASE("terminated accesses say so") {
  RootPortBench bench;
  bench.memory.answer = [](engine::Payload& payload) {
    if (payload.get_address() < 0x2000) payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    if (payload.get_address() >= 0x2000) payload.attributes.raz = true;
  };
  bench.from_device(10'000, memory_tlp(Tlp::Kind::memory_read, 0x1000, 0));
  bench.from_device(11'000, memory_tlp(Tlp::Kind::memory_read, 0x2000, 1));
  bench.from_device(12'000, memory_tlp(Tlp::Kind::memory_write, 0x1000, 2));
  bench.from_device(13'000, memory_tlp(Tlp::Kind::memory_write, 0x2000, 3));
  sc_core::sc_start();
  REQUIRE(bench.device.size() == 2);
  CHECK(bench.device[0].message.aborted);
  CHECK(bench.device[0].message.bytes == 0);
  CHECK_FALSE(bench.device[1].message.aborted);
  CHECK(bench.device[1].message.zeroed);
  CHECK(bench.transaction(3).outcome == Outcome::aborted);
  CHECK(bench.transaction(4).outcome == Outcome::zeroed);
}

TEST_CASE("trackers are tight, and a waiting request keeps its credit") {
  pcie::RootPortConfig config;
  config.trackers = 1;
  RootPortBench bench(config, 2);
  for (std::uint16_t tag = 0; tag < 3; ++tag) {
    bench.from_device(10'000, memory_tlp(Tlp::Kind::memory_read, 0x1000u * tag, tag));
  }
  bench.memory.time = [](const engine::Payload&) { return 100'000; };
  sc_core::sc_start();
  // At the port at 39 and 63 ns. A response is there 102 ns after its request left; the next leaves at that
  // edge, and its credit is at the device 6 ns later.
  REQUIRE(bench.memory.seen.size() == 3);
  CHECK(bench.memory.seen[0].time == 40'000);
  CHECK(bench.memory.seen[1].time == 39'000 + 102'000 + 1'000);
  CHECK(bench.memory.seen[2].time == 39'000 + 2 * 102'000 + 1'000);
  CHECK(bench.counter("trackers_peak") == 1);
}

TEST_CASE("Translation Requests: fields, tokens, answers out of order") {
  pcie::RootPortConfig config;
  config.tokens = 2;
  RootPortBench bench(config);
  for (std::uint16_t tag = 0; tag < 3; ++tag) {
    bench.from_device(10'000, translation_request(0x1000u * (tag + 1), static_cast<std::uint16_t>(40 + tag)));
  }
  Downstream answer = downstream(Downstream::Kind::ats_resp, 1);
  answer.ats = page(0x9000);
  bench.from_tcu(200'000, answer);
  sc_core::sc_start(300, sc_core::SC_NS);
  REQUIRE(bench.tcu.size() == 3);
  const Upstream& request = bench.tcu[0].message;
  CHECK(request.kind == Upstream::Kind::trans_req);
  CHECK(request.flow == arch::dti::Flow::ats);
  CHECK(request.stream == arch::StreamId{0x100});
  CHECK(request.substream == arch::SubstreamId{true, 5});
  CHECK(request.va.value == 0x1000);
  CHECK_FALSE(request.access.write);
  CHECK(bench.tcu[0].time == 10'000 + 33'000 + 1'000);
  CHECK(bench.tcu[1].message.id == 1);
  CHECK(bench.tcu[2].time == 201'000 + 1'000);  // the token of the answer
  CHECK(bench.tcu[2].message.id == 1);
  REQUIRE(bench.device.size() == 1);
  CHECK(bench.device[0].message.tag == 41);
  CHECK(bench.device[0].message.ats.translation.address == 0x9000);
  CHECK(bench.device[0].time == 201'000 + 32'000 + 5'000);
  CHECK(bench.counter("tokens_peak") == 2);
}

TEST_CASE(
    "an invalidation is complete with the last completion of each traffic class, one message for many "
    "ITags") {
  RootPortBench bench;
  bench.from_device(10'000, invalidate_completion(1u << 3 | 1u << 7, 2));
  bench.from_device(11'000, invalidate_completion(1u << 3, 2));
  for (int i = 0; i < 8; ++i) bench.from_device(12'000, invalidate_completion(1u << 9, 0));  // 0 stands for 8
  sc_core::sc_start();
  REQUIRE(bench.tcu.size() == 2);  // of ITag 7 one is missing
  CHECK(bench.tcu[0].message.id == 3);
  CHECK(bench.tcu[1].message.id == 9);
}

TEST_CASE("page requests and their responses, invalidations and their completions are passed on") {
  RootPortBench bench;
  Tlp ppr = memory_tlp(Tlp::Kind::page_request, 0x5000, 0);
  ppr.pasid = {true, 6};
  ppr.write = ppr.last = true;
  ppr.group = 511;
  bench.from_device(10'000, ppr);
  bench.from_device(10'000, invalidate_completion(1u << 31, 1));
  Downstream response = downstream(Downstream::Kind::page_resp, 0);
  response.group = 511;
  response.response = 1;
  response.substream = {true, 6};
  bench.from_tcu(10'000, response);
  Downstream invalidation = downstream(Downstream::Kind::atc_inv, 30);
  invalidation.command.opcode = arch::Opcode::atc_inv;
  invalidation.command.address = 0x4000;
  invalidation.command.size = 2;
  invalidation.command.substream = {true, 6};
  invalidation.command.global = true;
  bench.from_tcu(20'000, invalidation);
  invalidation.command.size = arch::kAtcInvalidateAll;
  bench.from_tcu(30'000, invalidation);
  sc_core::sc_start();
  REQUIRE(bench.tcu.size() == 4);
  for (unsigned i = 0; i < 2; ++i) CHECK(bench.tcu[i].message.kind == Upstream::Kind::inv_ack);
  const Upstream& page_request = bench.tcu[2].message;
  CHECK(page_request.kind == Upstream::Kind::page_req);
  CHECK(page_request.group == 511);
  CHECK(page_request.page_write);
  CHECK_FALSE(page_request.page_read);
  CHECK(page_request.last);
  CHECK(page_request.va.value == 0x5000);
  CHECK(page_request.substream == arch::SubstreamId{true, 6});
  CHECK(bench.tcu[3].message.kind == Upstream::Kind::inv_comp);
  CHECK(bench.tcu[3].message.id == 31);
  CHECK_FALSE(bench.tcu[3].message.error);
  REQUIRE(bench.device.size() == 3);
  CHECK(bench.device[0].message.kind == Tlp::Kind::prg_response);
  CHECK(bench.device[0].message.group == 511);
  CHECK(bench.device[0].message.response == 1);
  CHECK(bench.device[0].time == 11'000 + 28'000 + 5'000);
  const Tlp& request = bench.device[1].message;
  CHECK(request.kind == Tlp::Kind::invalidate_request);
  CHECK(request.tag == 30);
  CHECK(request.address == 0x4000);
  CHECK(request.log2_span == 14);
  CHECK(request.global);
  CHECK(request.pasid == arch::SubstreamId{true, 6});
  CHECK(bench.device[2].message.log2_span == 64);
}

TEST_CASE("a sync is acknowledged when what came before it is answered, and not later") {
  RootPortBench bench;
  bench.memory.time = [](const engine::Payload& payload) {
    return payload.get_address() == 0x1000 ? 500'000 : 10'000;
  };
  bench.from_tcu(5'000, downstream(Downstream::Kind::sync_req, 1));  // nothing before it
  bench.from_device(10'000,
                    memory_tlp(Tlp::Kind::memory_write, 0x1000, 0));  // there at 103 ns, done at 605 ns
  bench.from_tcu(199'000, downstream(Downstream::Kind::sync_req, 2));
  bench.from_device(300'000,
                    memory_tlp(Tlp::Kind::memory_write, 0x2000, 1));  // done before, in another epoch
  bench.from_tcu(450'000, downstream(Downstream::Kind::sync_req, 3));
  bench.from_device(600'000,
                    memory_tlp(Tlp::Kind::memory_write, 0x1000, 2));  // after the syncs: not waited for
  sc_core::sc_start();
  REQUIRE(bench.tcu.size() == 3);
  const Picoseconds times[] = {7'000, 606'000, 607'000};
  for (unsigned i = 0; i < 3; ++i) {
    CHECK(bench.tcu[i].message.kind == Upstream::Kind::sync_ack);
    CHECK(bench.tcu[i].message.id == i + 1);
    CHECK(bench.tcu[i].time == times[i]);
  }
  CHECK(bench.recorder.live() == 0);
}

TEST_CASE("answers nobody waits for are noted and ignored") {
  RootPortBench bench;
  bench.from_tcu(10'000, downstream(Downstream::Kind::ats_resp, 9));
  bench.from_tcu(20'000, downstream(Downstream::Kind::trans_fault, 0));
  bench.from_device(10'000, memory_tlp(Tlp::Kind::completion, 0, 0));
  sc_core::sc_start();
  CHECK(bench.counter("unexpected_messages") == 3);
  CHECK(bench.device.empty());
}
