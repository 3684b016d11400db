// The event and PRI queues and the interrupts that announce them: merging, overflow, aborted writes, bad
// bases and indices, and what the SMMU answers to page requests it cannot queue (SMMUv3, event queue and PRI
// queue).
#include <catch2/catch.hpp>

#include "testbenches/unit/smmu_root_port.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

namespace reg = arch::reg;
using Flow = arch::dti::Flow;

constexpr std::uint64_t kVa = 0x123456789000, kPage = kBase + 0x3000000;
constexpr unsigned kPlaces = 1u << SmmuBench::kLog2Queue;

/// Stream 1 aborts and records what it cannot translate, which is everything.
struct Bench : SmmuBench {
  explicit Bench(const smmu::SmmuConfig& c = {}, bool mev = false) : SmmuBench(c, 10, {Flow::no_stall}) {
    attach(arch::StreamId{1}, 1, false);
    arch::SteWords words{};
    memory.store.read(kStreams + 64, words.data(), sizeof words);
    arch::Ste ste = arch::decode_ste(words);
    ste.mev = mev;
    set_ste(arch::StreamId{1}, ste);
    arch::Cd cd;
    memory.store.read(ste.s1_context_ptr, words.data(), sizeof words);
    cd = arch::decode_cd(words);
    cd.a = cd.r = true;
    tables.write(ste.s1_context_ptr, encode(cd));
    REQUIRE(bring_up());
  }
  void fault(std::uint64_t va, unsigned stream = 1) {
    DeviceAccess access{va};
    access.stream = arch::StreamId{stream};
    devices[0]->send(access);
    settle();
  }
  std::uint32_t gerror() { return read(reg::kGerror) ^ read(reg::kGerrorn); }
};

/// A function with PRI, its STE in memory.
struct PriBench : SmmuBench {
  RootPort port{*this};
  explicit PriBench(const smmu::SmmuConfig& c = {}) : SmmuBench(c) {
    set_stream(true);
    REQUIRE(bring_up());
  }
  void set_stream(bool ppar) {
    arch::Ste ste;
    ste.config = arch::SteConfig::bypass;
    ste.ppar = ppar;
    set_ste(kFunction, ste);
  }
  void fill() {
    for (unsigned i = 0; i < kPlaces; ++i) port.page_request(kVa, 1, i + 1 == kPlaces);
    settle();
    REQUIRE(smmu.tcu().page_requests.full());
    REQUIRE(port.received.empty());
  }
  arch::PrgResponseCode code(std::size_t i) {
    return static_cast<arch::PrgResponseCode>(port.received[i].response);
  }
};

}  // namespace

TEST_CASE("events that say the same are merged while the newest is unread, if the STE allows it") {
  const bool mev = GENERATE(false, true);
  Bench b({}, mev);
  b.fault(kVa);
  b.fault(kVa);
  b.fault(kVa + 8);  // the same page
  CHECK(b.events_visible() == (mev ? 1 : 3));
  b.fault(kVa + arch::kPageSize);
  b.fault(kVa);  // no longer the newest
  CHECK(b.events_visible() == (mev ? 3 : 5));
  while (b.events_visible() != 0) b.next_event();
  b.acknowledge_events();
  b.fault(kVa);  // read: told again
  CHECK(b.events_visible() == 1);
  CHECK(b.counter("events_merged") == (mev ? 2 : 0));
}

TEST_CASE("events that know no STE may always merge; tcu.merge_events = 0: none does") {
  smmu::SmmuConfig c;
  c.tcu.merge_events = GENERATE(true, false);
  Bench b(c);
  for (unsigned i = 0; i < 4; ++i) b.fault(kVa, 3);  // STE.V = 0
  CHECK(b.events_visible() == (c.tcu.merge_events ? 1 : 4));
  CHECK(b.next_event().id == arch::EventId::c_bad_ste);
}

TEST_CASE("merging is about records, byte for byte, pages apart") {
  arch::Event a;
  a.id = arch::EventId::f_translation;
  a.stream = arch::StreamId{4};
  a.input_address = arch::Va(0x5000);
  arch::Event b = a;
  b.input_address = arch::Va(0x5FFF);
  CHECK(arch::may_merge(a, b, true));
  CHECK_FALSE(arch::may_merge(a, b, false));
  b.read = true;
  CHECK_FALSE(arch::may_merge(a, b, true));
  b = a;
  b.stream = arch::StreamId{5};
  CHECK_FALSE(arch::may_merge(a, b, true));
  b = a;
  b.stall = true;
  arch::Event stalled = b;
  CHECK_FALSE(arch::may_merge(stalled, b, true));
  for (const auto id : {arch::EventId::f_uut, arch::EventId::c_bad_streamid, arch::EventId::f_ste_fetch,
                        arch::EventId::c_bad_ste}) {
    a.id = id;
    CHECK(arch::may_merge(a, a, false));
  }
}

TEST_CASE("an event queue that is full overflows once, and an overflow not acknowledged stops nothing") {
  Bench b;
  for (unsigned i = 0; i < kPlaces + 3; ++i) b.fault(kVa + i * arch::kPageSize);
  CHECK(b.events_visible() == kPlaces);
  CHECK(b.read(reg::kEventqProd) == (kPlaces | arch::kQueueOverflow));
  CHECK(b.counter("event_overflows") == 1);
  CHECK(b.counter("events_dropped") == 3);
  b.next_event();
  b.write(reg::kEventqCons, b.events_read);  // room, but OVACKFLG as it was
  b.fault(kVa);
  CHECK(b.events_visible() == kPlaces);
  b.fault(kVa + arch::kPageSize);  // the second overflow is not told before the first is acknowledged
  CHECK(b.counter("event_overflows") == 1);
  b.acknowledge_events();
  b.fault(kVa);
  CHECK(b.counter("event_overflows") == 2);
  CHECK((b.read(reg::kEventqProd) & arch::kQueueOverflow) == 0);
}

TEST_CASE("inconsistent indices of the event queue act as full, until they are right again") {
  Bench b;
  b.write(reg::kEventqCons, kPlaces - 3);  // ahead of PROD: 2n - (n - 3) entries "in" the queue
  b.fault(kVa);
  CHECK(b.events_visible() == 0);
  CHECK(b.counter("event_overflows") == 1);
  b.write(reg::kEventqCons, arch::kQueueOverflow);
  b.fault(kVa);
  CHECK(b.events_visible() == 1);
  CHECK(b.gerror() == 0);
}

TEST_CASE("LOG2SIZE larger than IDR1.EVENTQS acts as that") {
  smmu::SmmuConfig c;
  c.features.eventqs = 1;
  Bench b(c);
  for (unsigned i = 0; i < 3; ++i) b.fault(kVa + i * arch::kPageSize);
  CHECK(b.read(reg::kEventqProd) == (2 | arch::kQueueOverflow));
}

TEST_CASE("an event that cannot be written is lost, and so are others until that is acknowledged") {
  Bench b;
  const bool outside = GENERATE(false, true);
  if (outside) {
    REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, arch::cr0::kSmmuEn));
    b.write64(reg::kEventqBase, arch::QueueBase{arch::Pa(0x1000), SmmuBench::kLog2Queue}.encode());
    REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, SmmuBench::kAllOn));
  } else {
    b.memory.aborting.insert(SmmuBench::kEvents);
  }
  b.fault(kVa);
  b.fault(kVa + arch::kPageSize);
  CHECK(b.gerror() == arch::gerror::kEventqAbort);
  CHECK(b.read(reg::kEventqProd) == 0);  // no overflow either
  CHECK(b.memory.word(SmmuBench::kErrorMsi) == 3);
  b.memory.aborting.clear();
  b.write(reg::kGerrorn, b.read(reg::kGerror));
  b.fault(kVa);
  CHECK(b.events_visible() == (outside ? 0 : 1));
  CHECK(b.gerror() == (outside ? arch::gerror::kEventqAbort : 0));
}

TEST_CASE("EVENTQEN = 0 is acknowledged when the records accepted are visible; none comes after") {
  for (unsigned delay = 1; delay < 70; ++delay) {
    Bench b;
    b.fault(kVa);
    for (unsigned i = 1; i < 4; ++i) b.devices[0]->send({kVa + i * arch::kPageSize});
    b.run(delay);
    REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, SmmuBench::kAllOn & ~arch::cr0::kEventqEn));
    const std::uint32_t visible = b.events_visible();
    INFO("delay " << delay);
    CHECK(b.smmu.tcu().events.accepted() == visible);
    b.settle();
    CHECK(b.events_visible() == visible);
    CHECK(b.devices[0]->pending() == 0);
  }
}

TEST_CASE("interrupts: MSI with an address, wire without, nothing when disabled") {
  Bench b;
  std::vector<smmu::Interrupt> wires;
  b.smmu.tcu().interrupts.wire = [&](smmu::Interrupt i) { wires.push_back(i); };
  SECTION("MSI") {
    b.fault(kVa);
    CHECK(b.memory.word(SmmuBench::kEventMsi) == 1);
    CHECK(wires.empty());
    // Only a queue that was empty interrupts.
    b.memory.set(SmmuBench::kEventMsi, 0);
    b.fault(kVa + arch::kPageSize);
    CHECK(b.memory.word(SmmuBench::kEventMsi) == 0);
    b.next_event(), b.next_event();
    b.acknowledge_events();
    b.fault(kVa);
    CHECK(b.memory.word(SmmuBench::kEventMsi) == 1);
  }
  SECTION("wire") {
    REQUIRE(b.write_acknowledged(reg::kIrqCtrl, reg::kIrqCtrlAck, 0));
    b.write64(reg::kEventqIrqCfg0, 0);
    REQUIRE(b.write_acknowledged(reg::kIrqCtrl, reg::kIrqCtrlAck, 7));
    b.fault(kVa);
    CHECK(wires == std::vector<smmu::Interrupt>{smmu::Interrupt::event_queue});
    CHECK(b.memory.word(SmmuBench::kEventMsi) == 0);
  }
  SECTION("disabled: lost") {
    REQUIRE(b.write_acknowledged(reg::kIrqCtrl, reg::kIrqCtrlAck, 0));
    b.fault(kVa);
    REQUIRE(b.write_acknowledged(reg::kIrqCtrl, reg::kIrqCtrlAck, 7));
    b.settle();
    CHECK(b.memory.word(SmmuBench::kEventMsi) == 0);
    CHECK(wires.empty());
  }
}

TEST_CASE("MSIs that abort are global errors of their own, and do not feed each other") {
  PriBench b;
  const std::uint64_t line = GENERATE(SmmuBench::kEventMsi, SmmuBench::kPriMsi, SmmuBench::kErrorMsi);
  b.memory.aborting.insert(line);
  std::uint32_t expected = 0;
  if (line == SmmuBench::kEventMsi) {
    DeviceAccess access{kVa};
    access.stream = arch::StreamId{50};
    b.devices[0]->send(access);
    expected = arch::gerror::kMsiEventqAbort;
  } else if (line == SmmuBench::kPriMsi) {
    b.port.page_request(kVa, 1, true);
    expected = arch::gerror::kMsiPriqAbort;
  } else {
    b.tables.write(SmmuBench::kCommands, arch::CommandWords{0xFF, 0});
    b.write(reg::kCmdqProd, 1);
    expected = arch::gerror::kMsiGerrorAbort | arch::gerror::kCmdq;
  }
  b.settle();
  CHECK(b.read(reg::kGerror) == expected);
  CHECK(b.memory.word(SmmuBench::kErrorMsi) == (line == SmmuBench::kErrorMsi ? 0 : 3));
}

TEST_CASE("IRQ_CTRL = 0 is acknowledged when no MSI is on its way") {
  for (unsigned delay = 1; delay < 90; delay += 2) {
    Bench b;
    b.devices[0]->send({kVa});
    b.run(delay);
    REQUIRE(b.write_acknowledged(reg::kIrqCtrl, reg::kIrqCtrlAck, 0));
    const std::uint64_t then = b.memory.word(SmmuBench::kEventMsi);
    b.settle();
    CHECK(b.memory.word(SmmuBench::kEventMsi) == then);
  }
}

TEST_CASE("page requests that cannot be queued: what is answered") {
  smmu::SmmuConfig c;
  struct Row {
    const char* what;
    void (*prepare)(PriBench&);
    bool pps, pasid;
    arch::PrgResponseCode code;
    bool with_pasid;
  };
  const auto full = [](PriBench& b) { b.fill(); };
  const Row rows[] = {
      {"SMMUEN = 0", [](PriBench& b) { b.write(reg::kCr0, SmmuBench::kAllOn & ~arch::cr0::kSmmuEn); }, false,
       true, arch::PrgResponseCode::failure, false},
      {"PRIQEN = 0", [](PriBench& b) { b.write(reg::kCr0, SmmuBench::kAllOn & ~arch::cr0::kPriqEn); }, true,
       true, arch::PrgResponseCode::failure, false},
      {"write aborted", [](PriBench& b) { b.memory.aborting.insert(SmmuBench::kPageRequests); }, true, true,
       arch::PrgResponseCode::failure, false},
      {"PRIQ_ABT_ERR active",
       [](PriBench& b) {
         b.memory.aborting.insert(SmmuBench::kPageRequests);
         b.port.page_request(kVa, 300, false);
         b.settle();
         b.memory.aborting.clear();
       },
       true, true, arch::PrgResponseCode::failure, false},
      {"overflow, PPS", full, true, true, arch::PrgResponseCode::success, true},
      {"overflow, PPS, no PASID", full, true, false, arch::PrgResponseCode::success, false},
      {"overflow, PPAR", full, false, true, arch::PrgResponseCode::success, true},
      {"overflow, no PPAR",
       [](PriBench& b) {
         b.fill();
         b.set_stream(false);
       },
       false, true, arch::PrgResponseCode::success, false},
      {"overflow, no PASID, no STE",
       [](PriBench& b) {
         b.fill();
         b.memory.set(SmmuBench::kStreams + raw(kFunction) * 64, 0);
       },
       false, false, arch::PrgResponseCode::success, false},
      {"overflow, STE invalid",
       [](PriBench& b) {
         b.fill();
         b.memory.set(SmmuBench::kStreams + raw(kFunction) * 64, 0);
       },
       false, true, arch::PrgResponseCode::failure, false},
      {"overflow, STE cannot be read",
       [](PriBench& b) {
         b.fill();
         b.memory.aborting.insert(SmmuBench::kStreams + raw(kFunction) * 64);
       },
       false, true, arch::PrgResponseCode::failure, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    c.features.pps = row.pps;
    PriBench b(c);
    row.prepare(b);
    b.settle();
    const arch::SubstreamId pasid = row.pasid ? arch::SubstreamId{true, 5} : arch::SubstreamId{};
    b.port.page_request(kVa, 9, false, true, pasid);                    // not the last one: no answer
    if (row.pasid) b.port.page_request(0, 10, true, false, {true, 5});  // a stop marker: no answer
    b.settle();
    CHECK(b.port.received.empty());
    b.port.page_request(kVa, 11, true, true, pasid);
    b.settle();
    REQUIRE(b.port.received.size() == 1);
    CHECK(b.port.received[0].group == 11);
    CHECK(b.port.received[0].stream == kFunction);
    CHECK(b.code(0) == row.code);
    CHECK(b.port.received[0].substream.valid == row.with_pasid);
    if (row.with_pasid) CHECK(b.port.received[0].substream.value == 5);
    CHECK(b.events_visible() == 0);
  }
}

TEST_CASE("a stream out of the table's range: an overflow is answered with failure") {
  PriBench b;
  RootPort far(b, arch::StreamId{1000});
  b.fill();
  far.page_request(kVa, 3, true, true, {true, 5}, arch::StreamId{1000});
  b.settle();
  REQUIRE(far.received.size() == 1);
  CHECK(static_cast<arch::PrgResponseCode>(far.received[0].response) == arch::PrgResponseCode::failure);
  CHECK(b.port.received.empty());
}

TEST_CASE("a stop marker is queued like a request") {
  PriBench b;
  b.port.page_request(0x7000, 6, true, false);
  b.settle();
  REQUIRE(b.read(reg::kPriqProd) == 1);
  arch::PageRequestWords words{};
  b.memory.store.read(SmmuBench::kPageRequests, words.data(), sizeof words);
  const arch::PageRequest request = arch::decode_page_request(words);
  CHECK(request.stop_marker());
  CHECK(request.stream == kFunction);
  CHECK(request.substream.value == 5);
}

TEST_CASE("PRIQ_IRQ_CFG2.LO: interrupt on Last instead of on a queue that was empty") {
  PriBench b;
  const bool lo = GENERATE(false, true);
  REQUIRE(b.write_acknowledged(reg::kIrqCtrl, reg::kIrqCtrlAck, 0));
  b.write(reg::kPriqIrqCfg2, lo ? arch::irq_cfg::kPriqLast : 0);
  REQUIRE(b.write_acknowledged(reg::kIrqCtrl, reg::kIrqCtrlAck, 7));
  const auto interrupted = [&] {
    const bool sent = b.memory.word(SmmuBench::kPriMsi) != 0;
    b.memory.set(SmmuBench::kPriMsi, 0);
    return sent;
  };
  b.port.page_request(kVa, 1, false);
  b.settle();
  CHECK(interrupted() == !lo);
  b.port.page_request(kVa, 1, true);
  b.settle();
  CHECK(interrupted() == lo);
}

TEST_CASE("overflow of the PRI queue blocks it until OVACKFLG says so") {
  PriBench b;
  b.fill();
  b.port.page_request(kVa, 2, true);
  b.settle();
  const std::uint32_t prod = b.read(reg::kPriqProd);
  CHECK((prod & arch::kQueueOverflow) != 0);
  b.write(reg::kPriqCons, prod & ~arch::kQueueOverflow);
  b.port.page_request(kVa, 3, true);
  b.settle();
  CHECK(b.read(reg::kPriqProd) == prod);
  CHECK(b.port.received.size() == 2);
  b.write(reg::kPriqCons, prod);
  b.port.page_request(kVa, 4, true);
  b.settle();
  CHECK(b.read(reg::kPriqProd) == prod + 1);
  CHECK(b.port.received.size() == 2);
}
