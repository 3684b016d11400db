// The SMMU as software and devices see it: registers, queues, invalidation, stalls, ATS and page requests.
#include <catch2/catch.hpp>

#include "testbenches/unit/smmu_root_port.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

namespace reg = arch::reg;
using arch::Opcode;
using Flow = arch::dti::Flow;

constexpr std::uint64_t kVa = 0x123456789000, kPage = kBase + 0x3000000, kOther = kBase + 0x3100000;
constexpr arch::StreamId kStream{1};

struct Bench : SmmuBench {
  std::uint64_t root;
  explicit Bench(const smmu::SmmuConfig& c = {}, const std::vector<Flow>& flows = {Flow::stall})
      : SmmuBench(c, 10, flows) {
    root = attach(kStream);
    tables.map(root, kVa, kPage);
    REQUIRE(bring_up());
  }
  BenchDevice::Record& access(const DeviceAccess& a, std::size_t device = 0) {
    BenchDevice::Record& r = devices[device]->send(a);
    settle();
    return r;
  }
  std::uint32_t gerror() { return read(reg::kGerror) ^ read(reg::kGerrorn); }
  void acknowledge_gerror() { write(reg::kGerrorn, read(reg::kGerror)); }
};

}  // namespace

TEST_CASE("SMMUEN = 0: bypass or abort by GBPA, and nothing of it is kept") {
  Bench b;
  CHECK(b.access({kVa}).pa == kPage);
  REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, arch::cr0::kCmdqEn | arch::cr0::kEventqEn));
  b.run(100);
  CHECK(b.access({kOther}).pa == kOther);
  CHECK_FALSE(b.access({kVa}).ok);  // bypassed: there is no such memory
  b.write(reg::kGbpa, arch::gbpa::kAbort | arch::gbpa::kUpdate);
  b.run(50);
  CHECK_FALSE(b.access({kOther}).ok);
  REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, Bench::kAllOn));
  CHECK(b.access({kVa}).pa == kPage);
  CHECK(b.events_visible() == 0);
}

TEST_CASE("command errors: consumption stops at the command and goes on after the acknowledgement") {
  Bench b;
  SECTION("illegal") {
    arch::Command bad = Bench::sync();
    bad.secure = true;
    b.put(Bench::tlbi_va(kVa));
    b.put(bad);
    b.put(Bench::sync());
    b.ring_doorbell();
    b.settle();
    CHECK(b.read(reg::kCmdqCons) == arch::cmdq_cons::encode(1, arch::CommandError::illegal));
    CHECK(b.gerror() == arch::gerror::kCmdq);
    CHECK(b.memory.word(Bench::kErrorMsi) == 3);
    b.tables.write(Bench::kCommands + 16, encode(Bench::sync()));
    b.acknowledge_gerror();
    b.settle();
    CHECK(b.consumed());
  }
  SECTION("fetch abort") {
    b.memory.aborting.insert(Bench::kCommands);
    b.put(Bench::sync());
    b.ring_doorbell();
    b.settle();
    CHECK(b.read(reg::kCmdqCons) == arch::cmdq_cons::encode(0, arch::CommandError::fetch_abort));
    b.memory.aborting.clear();
    b.acknowledge_gerror();
    b.settle();
    CHECK(b.consumed());
  }
  CHECK(b.gerror() == 0);
}

TEST_CASE("acknowledging another error does not disturb commands being executed") {
  Bench b;
  for (unsigned i = 0; i < 4; ++i) b.put(Bench::sync());
  std::vector<arch::Command> done;
  b.smmu.tcu().on_sync_complete = [&](const arch::Command& c) {
    done.push_back(c);
    b.smmu.tcu().commands.set_error_active(false);  // as a GERRORN write does
  };
  b.ring_doorbell();
  b.settle();
  CHECK(b.consumed());
  CHECK(done.size() == 4);
}

TEST_CASE("a disabled command queue forgets what it fetched") {
  Bench b;
  b.put(Bench::tlbi_va(kVa));
  b.put(Bench::sync());
  b.ring_doorbell();
  REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, Bench::kAllOn & ~arch::cr0::kCmdqEn));
  b.settle();
  const auto before = b.smmu.tcu().commands.consumed();
  b.commands_made = 0;
  b.write(reg::kCmdqProd, 0);
  b.write(reg::kCmdqCons, 0);
  REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, Bench::kAllOn));
  CHECK(b.submit({Bench::sync(), Bench::sync(), Bench::sync()}));
  CHECK(b.smmu.tcu().commands.consumed() == before + 3);
}

TEST_CASE("the event queue wraps, overflows once, and records again when there is room") {
  Bench b({}, {Flow::no_stall});
  constexpr unsigned kPlaces = 1u << Bench::kLog2Queue;
  for (unsigned lap = 0; lap < 3; ++lap) {
    for (unsigned i = 0; i < kPlaces + 2; ++i) CHECK_FALSE(b.access({kVa + (i + 1) * arch::kPageSize}).ok);
    CHECK(b.events_visible() == kPlaces);
    CHECK(((b.smmu.tcu().events.prod() ^ b.smmu.tcu().events.cons()) & arch::kQueueOverflow) != 0);
    for (unsigned i = 0; i < kPlaces; ++i) {
      const arch::Event e = b.next_event();
      CHECK(e.id == arch::EventId::f_translation);
      CHECK(e.input_address.value == kVa + (i + 1) * arch::kPageSize);
      CHECK_FALSE(e.stall);
    }
    b.acknowledge_events();
    CHECK_FALSE(b.smmu.tcu().events.overflowed());
  }
}

TEST_CASE("a stall's record waits for room and survives an aborted write") {
  Bench b;
  SECTION("full queue") {
    constexpr unsigned kPlaces = 1u << Bench::kLog2Queue;
    for (unsigned i = 0; i < kPlaces + 1; ++i) b.devices[0]->send({kVa + (i + 1) * arch::kPageSize});
    b.settle();
    CHECK(b.smmu.tcu().stalled() == kPlaces + 1);
    CHECK_FALSE(b.smmu.tcu().events.overflowed());
    b.next_event();
    b.acknowledge_events();
    b.settle();
    CHECK(b.events_visible() == kPlaces);
  }
  SECTION("aborted write") {
    b.memory.aborting.insert(Bench::kEvents);
    b.devices[0]->send({kVa + arch::kPageSize});
    b.settle();
    CHECK(b.gerror() == arch::gerror::kEventqAbort);
    CHECK(b.events_visible() == 0);
    b.memory.aborting.clear();
    b.acknowledge_gerror();
    b.settle();
    REQUIRE(b.events_visible() == 1);
    CHECK(b.next_event().stall);
  }
}

TEST_CASE("RESUME: retry may fault again, terminate aborts or reads as zero, strangers are ignored") {
  Bench b;
  BenchDevice::Record& r = b.access({kVa + arch::kPageSize});
  CHECK(r.done == 0);
  arch::Event event = b.next_event();
  CHECK(event.stall);
  arch::Command stranger = Bench::resume(event, arch::ResumeAction::abort);
  ++stranger.stag;
  CHECK(b.submit({stranger}));
  stranger.stag = event.stag;
  stranger.stream = arch::StreamId{2};
  CHECK(b.submit({stranger}));
  CHECK(b.smmu.tcu().stalled() == 1);
  for (unsigned round = 0; round < 3; ++round) {
    CHECK(b.submit({Bench::resume(event, arch::ResumeAction::retry)}));
    b.settle();
    REQUIRE(b.events_visible() == 1);
    event = b.next_event();
    b.acknowledge_events();
  }
  SECTION("abort") {
    CHECK(b.submit({Bench::resume(event, arch::ResumeAction::abort)}));
    b.settle();
    CHECK((r.done != 0 && !r.ok));
  }
  SECTION("read as zero") {
    CHECK(b.submit({Bench::resume(event, arch::ResumeAction::raz_wi)}));
    b.settle();
    CHECK((r.ok && r.raz));
  }
  SECTION("stream terminated") {
    arch::Command term = Bench::make(Opcode::stall_term);
    term.stream = kStream;
    CHECK(b.submit({term}));
    b.settle();
    CHECK((r.done != 0 && !r.ok));
  }
  SECTION("SMMU off") {
    b.write(reg::kCr0, 0);
    b.settle();
    CHECK((r.done != 0 && !r.ok));
  }
  CHECK(b.smmu.tcu().stalled() == 0);
}

TEST_CASE("two TBUs stall on one page: one record; terminating it leaves the other to its own fault") {
  Bench b({}, {Flow::stall, Flow::stall});
  BenchDevice::Record& first = b.access({kVa + arch::kPageSize}, 0);
  BenchDevice::Record& second = b.access({kVa + arch::kPageSize}, 1);
  CHECK(b.events_visible() == 1);
  CHECK(b.submit({Bench::resume(b.next_event(), arch::ResumeAction::abort)}));
  b.settle();
  CHECK((first.done != 0 && !first.ok));
  CHECK(second.done == 0);
  REQUIRE(b.events_visible() == 1);
  b.tables.map(b.root, kVa + arch::kPageSize, kPage);
  CHECK(b.submit({Bench::resume(b.next_event(), arch::ResumeAction::retry)}));
  b.settle();
  CHECK(second.pa == kPage);
}

TEST_CASE("accesses to one page share a translation only where it allows them") {
  Bench b({}, {Flow::no_stall, Flow::no_stall});
  arch::Stage1Leaf read_only;
  read_only.writable = false;
  b.tables.map(b.root, kVa + arch::kPageSize, kPage, read_only);
  std::vector<BenchDevice::Record*> sent;
  for (unsigned i = 0; i < 8; ++i) {  // reads, writes and fetches, alternately, on both TBUs at once
    DeviceAccess a{kVa + arch::kPageSize};
    a.write = i % 4 == 1;
    a.instruction = i % 4 == 3;
    sent.push_back(&b.devices[i / 2 % 2]->send(a));
  }
  b.settle();
  for (const auto* r : sent) CHECK(r->ok == (!r->access.write && !r->access.instruction));
}

TEST_CASE("invalidation: what each command removes from the TLB") {
  Bench b;
  const std::uint64_t root2 = b.attach(arch::StreamId{2}, 2);
  b.tables.map(root2, kVa, kPage);
  const DeviceAccess one{kVa, false, kStream}, two{kVa, false, arch::StreamId{2}};
  const auto remap = [&](std::uint64_t pa) {
    b.tables.map(b.root, kVa, pa);
    b.tables.map(root2, kVa, pa);
  };
  b.access(one), b.access(two);
  remap(kOther);
  CHECK(b.access(one).pa == kPage);
  arch::Command command = Bench::tlbi_va(kVa);
  bool first = true, second = false;
  SECTION("VA and ASID") {}
  SECTION("another VA") { command.address = kVa + arch::kPageSize, first = false; }
  SECTION("ASID") { command.opcode = Opcode::tlbi_nh_asid; }
  SECTION("VA of all ASIDs") { command.opcode = Opcode::tlbi_nh_vaa, second = true; }
  SECTION("everything") { command.opcode = Opcode::tlbi_nsnh_all, second = true; }
  SECTION("a range") {
    command.address = kVa - 2 * arch::kPageSize;
    command.tg = 1;
    command.num = 2;
  }
  SECTION("EL2") { command.opcode = Opcode::tlbi_el2_all, first = false; }
  CHECK(b.submit({command, Bench::sync()}));
  CHECK(b.access(one).pa == (first ? kOther : kPage));
  CHECK(b.access(two).pa == (second ? kOther : kPage));
}

TEST_CASE("an invalidation during a walk: the answer is used but not kept, and CMD_SYNC waits for it") {
  Bench b;
  const unsigned mid_walk = 40;  // the configuration has been fetched, descriptors are being read
  BenchDevice::Record& r = b.devices[0]->send({kVa});
  b.run(mid_walk);
  REQUIRE(r.done == 0);
  CHECK(b.submit({Bench::tlbi_va(kVa), Bench::sync()}));
  CHECK(r.done != 0);
  b.tables.map(b.root, kVa, kOther);
  CHECK(b.access({kVa}).pa == kOther);
}

TEST_CASE("a translation found while the walk cache is still taking an invalidation is not kept") {
  smmu::SmmuConfig c;  // a TBU that asks again before the sixteenth page of a range has been taken
  c.dti.flight = 0;
  c.dti.bytes_per_cycle = 64;
  c.tbu.utlb_latency = c.tbu.tlb_latency = c.tcu.config_latency = 1;
  Bench b(c);
  constexpr unsigned kPages = 16;
  const std::uint64_t va = kVa + (kPages - 1) * arch::kPageSize;
  b.tables.map(b.root, va, kPage);
  CHECK(b.access({va}).pa == kPage);
  b.tables.map(b.root, va, kOther);
  arch::Command range = Bench::tlbi_va(kVa);
  range.tg = 1;
  range.num = kPages - 1;
  b.put(range);
  b.put(Bench::sync());
  b.ring_doorbell();
  while (!b.consumed()) {
    b.devices[0]->send({va});
    b.run(1);
  }
  b.settle();
  CHECK(b.access({va}).pa == kOther);
}

TEST_CASE("any number of invalidations goes through, however long the walk cache takes for each") {
  Bench b;
  arch::Command range = Bench::tlbi_va(kVa);
  range.tg = 1;
  range.num = 15;
  arch::Command scan = Bench::make(Opcode::tlbi_nh_asid);
  for (unsigned round = 0; round < 4; ++round)
    CHECK(b.submit({range, scan, range, range, scan, Bench::sync()}));
}

TEST_CASE("CMD_SYNC makes the records of terminated transactions visible") {
  // The SYNC executes at every moment around the fault.
  for (unsigned delay = 0; delay < 60; ++delay) {
    Bench b({}, {Flow::no_stall});
    b.access({kVa});
    std::uint32_t made = 0, made_before = 0, visible = 0;
    b.smmu.tcu().on_event = [&](const arch::Event&) { ++made; };
    b.smmu.tcu().on_sync_complete = [&](const arch::Command&) {
      made_before = made;
      visible = b.events_visible();
    };
    b.put(Bench::sync());
    b.devices[0]->send({kVa + arch::kPageSize});
    b.run(delay);
    b.smmu.tcu().commands.set_prod(b.commands_made);
    b.settle();
    INFO("delay " << delay);
    CHECK(made == 1);
    CHECK(b.consumed());
    CHECK(visible == made_before);
  }
}

TEST_CASE("memory that aborts: STE, CD and descriptor fetches end in their events") {
  Bench b;
  std::uint64_t line = 0;
  arch::EventId id{};
  SECTION("STE") { line = Bench::kStreams + 64, id = arch::EventId::f_ste_fetch; }
  SECTION("CD") {
    line = arch::decode_ste({b.memory.word(Bench::kStreams + 64)}).s1_context_ptr;
    id = arch::EventId::f_cd_fetch;
  }
  SECTION("descriptor") { line = b.tables.slot(b.root, kVa) & ~63ull, id = arch::EventId::f_walk_eabt; }
  b.memory.aborting.insert(line);
  CHECK_FALSE(b.access({kVa}).ok);
  REQUIRE(b.events_visible() == 1);
  CHECK(b.next_event().id == id);
  b.memory.aborting.clear();  // a fetch that aborted is not cached
  CHECK(b.access({kVa}).ok);
}

TEST_CASE("translation requests: granted, no access, refused") {
  SmmuBench b;
  RootPort port(b);
  const std::uint64_t root = b.attach(kFunction, 3, false);
  arch::Stage1Leaf read_only;
  read_only.writable = false;
  b.tables.map(root, kVa, kPage, read_only);
  arch::SteWords words{};
  b.memory.store.read(SmmuBench::kStreams + raw(kFunction) * 64, words.data(), sizeof words);
  arch::Ste ste = arch::decode_ste(words);
  ste.eats = arch::Eats::full;
  b.set_ste(kFunction, ste);
  REQUIRE(b.bring_up());

  port.translation_request(kVa, true);
  port.translation_request(kVa + arch::kPageSize, false);
  port.translation_request(kVa, false, kStream);  // no valid STE there
  b.settle();
  REQUIRE(port.received.size() == 3);
  std::map<unsigned, unsigned> by_status;
  for (const auto& m : port.received) {
    ++by_status[static_cast<unsigned>(m.ats.status)];
    if (m.ats.translation.read) {
      CHECK(m.ats.translation.address == kPage);
      CHECK_FALSE(m.ats.translation.write);
    }
  }
  CHECK(by_status[static_cast<unsigned>(arch::AtsStatus::success)] == 2);
  CHECK(by_status[static_cast<unsigned>(arch::AtsStatus::completer_abort)] == 1);
  CHECK(b.events_visible() == 0);  // REC_CFG_ATS is 0

  port.received.clear();
  b.write(reg::kCr0, SmmuBench::kAllOn & ~arch::cr0::kSmmuEn);
  b.run(20);
  port.translation_request(kVa, false);
  b.settle();
  REQUIRE(port.received.size() == 1);
  CHECK(port.received[0].ats.status == arch::AtsStatus::unsupported_request);
  REQUIRE(b.events_visible() == 1);
  CHECK(b.next_event().id == arch::EventId::f_bad_ats_treq);
}

TEST_CASE("Translated transactions need ATS of the stream when ATSCHK says so") {
  Bench b({}, {Flow::no_stall});
  DeviceAccess translated{kPage};
  translated.type = arch::AddressType::translated;
  CHECK(b.access(translated).pa == kPage);  // ATSCHK = 0: trusted
  REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, Bench::kAllOn | arch::cr0::kAtsChk));
  b.run(100);
  CHECK_FALSE(b.access(translated).ok);
  REQUIRE(b.events_visible() == 1);
  CHECK(b.next_event().id == arch::EventId::f_transl_forbidden);
}

TEST_CASE("page requests: queued, answered, refused") {
  SmmuBench b;
  RootPort port(b);
  arch::Ste ste;
  ste.config = arch::SteConfig::bypass;
  ste.ppar = true;
  b.set_ste(kFunction, ste);
  REQUIRE(b.bring_up());
  constexpr unsigned kPlaces = 1u << SmmuBench::kLog2Queue;
  const auto code = [&](std::size_t i) {
    return static_cast<arch::PrgResponseCode>(port.received[i].response);
  };
  SECTION("a group and its response") {
    port.page_request(kVa, 7, false);
    port.page_request(kVa + arch::kPageSize, 7, true);
    b.settle();
    CHECK(b.smmu.tcu().page_requests.prod() == 2);
    CHECK(b.memory.word(SmmuBench::kPriMsi) == 2);
    arch::Command response = SmmuBench::make(Opcode::pri_resp);
    response.stream = kFunction;
    response.substream = {true, 5};
    response.prg_index = 7;
    response.response = arch::PriResponse::success;
    CHECK(b.submit({response}));
    b.settle();
    REQUIRE(port.received.size() == 1);
    CHECK(port.received[0].group == 7);
    CHECK(code(0) == arch::PrgResponseCode::success);
  }
  SECTION("overflow: the last of a lost group is told to try again, until software acknowledges") {
    for (unsigned i = 0; i < kPlaces; ++i) port.page_request(kVa, 1, i + 1 == kPlaces);
    port.page_request(kVa, 2, false);
    port.page_request(kVa, 2, true);
    port.page_request(0, 3, true, false);  // a stop marker is never answered
    b.settle();
    REQUIRE(port.received.size() == 1);
    CHECK(code(0) == arch::PrgResponseCode::success);
    CHECK(port.received[0].substream.valid);  // STE.PPAR
    CHECK(b.smmu.tcu().page_requests.overflowed());
    const std::uint32_t prod = b.read(reg::kPriqProd);
    b.write(reg::kPriqCons, prod & ~arch::kQueueOverflow);  // room, but the overflow stands
    port.page_request(kVa, 4, true);
    b.settle();
    CHECK(port.received.size() == 2);
    b.write(reg::kPriqCons, prod);
    port.page_request(kVa, 5, true);
    b.settle();
    CHECK(port.received.size() == 2);
    CHECK(b.smmu.tcu().page_requests.written() == kPlaces + 1);
  }
  SECTION("disabled queue, aborted write: failure, once a group") {
    b.memory.aborting.insert(SmmuBench::kPageRequests);
    port.page_request(kVa, 1, true);
    b.settle();
    REQUIRE(port.received.size() == 1);
    CHECK(code(0) == arch::PrgResponseCode::failure);
    port.page_request(kVa, 2, false);
    port.page_request(kVa, 2, true);
    b.settle();
    REQUIRE(port.received.size() == 2);
    CHECK(code(1) == arch::PrgResponseCode::failure);
    CHECK_FALSE(port.received[1].substream.valid);
  }
}
