// The command queue: what is illegal, where consumption stops and how it goes on, what CMD_SYNC signals, ATC
// invalidations that nobody answers, prefetches (SMMUv3, commands).
#include <catch2/catch.hpp>

#include "testbenches/unit/smmu_root_port.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

namespace reg = arch::reg;
using arch::CommandError;
using arch::Opcode;

constexpr std::uint64_t kVa = 0x123456789000, kPage = kBase + 0x3000000;

struct Bench : SmmuBench {
  std::uint64_t root;
  explicit Bench(const smmu::SmmuConfig& c = {}) : SmmuBench(c) {
    root = attach();
    tables.map(root, kVa, kPage);
    REQUIRE(bring_up());
  }
  std::uint32_t gerror() { return read(reg::kGerror) ^ read(reg::kGerrorn); }
  void acknowledge_gerror() { write(reg::kGerrorn, read(reg::kGerror)); }
  void put_words(const arch::CommandWords& words) {
    const arch::QueueIndex index(kLog2Queue);
    tables.write(kCommands + index.index(commands_made) * 16, words);
    commands_made = index.next(commands_made);
  }
};

struct Illegal {
  const char* what;
  arch::CommandWords words;
  void (*without)(arch::Features&) = nullptr;  ///< legal unless the feature is taken away
};

const Illegal kIllegal[] = {
    {"opcode 0", {0x00, 0}},
    {"opcode 0xFF", {0xFF, 0}},
    {"CMD_TLBI_EL3_ALL", {0x18, 0}},
    {"CMD_TLBI_SNH_ALL", {0x60, 0}},
    {"SSec", {0x46 | 1 << 10, 0}},
    {"CMD_SYNC, CS = 3", {0x46 | 3 << 12, 0}},
    {"CMD_PRI_RESP, Resp = 3", {0x41, 3 << 12}},
    {"CMD_ATC_INV without ATS", {0x40, 0}, [](arch::Features& f) { f.ats = f.pri = f.atsrecerr = false; }},
    {"CMD_PRI_RESP without PRI", {0x41, 0}, [](arch::Features& f) { f.pri = false; }},
    {"CMD_RESUME, STALL_MODEL 1",
     {0x44, 0},
     [](arch::Features& f) { f.stall_model = arch::StallModel::never; }},
    {"CMD_STALL_TERM, STALL_MODEL 1",
     {0x45, 0},
     [](arch::Features& f) { f.stall_model = arch::StallModel::never; }},
    {"CMD_TLBI_EL2_ALL without HYP", {0x20, 0}, [](arch::Features& f) { f.hyp = false; }},
    {"CMD_TLBI_S12_VMALL without stage 2", {0x28, 0}, [](arch::Features& f) { f.s2p = f.hyp = false; }},
};

}  // namespace

TEST_CASE("illegal commands stop consumption where they are, until acknowledged") {
  for (const Illegal& illegal : kIllegal) {
    INFO(illegal.what);
    smmu::SmmuConfig c;
    if (illegal.without != nullptr) {
      SmmuBench legal;  // with the feature the command is consumed
      REQUIRE(legal.bring_up());
      legal.tables.write(SmmuBench::kCommands, illegal.words);
      legal.commands_made = 1;
      CHECK(legal.submit({}));
      illegal.without(c.features);
    }
    SmmuBench b(c);
    const std::uint32_t all = c.features.pri ? SmmuBench::kAllOn : SmmuBench::kAllOn & ~arch::cr0::kPriqEn;
    b.bring_up(all);  // IRQ_CTRL.PRIQ is not acknowledged without PRI
    REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, all));
    b.tables.write(SmmuBench::kCommands, encode(SmmuBench::tlbi_va(kVa)));
    b.tables.write(SmmuBench::kCommands + 16, illegal.words);
    b.tables.write(SmmuBench::kCommands + 32, encode(SmmuBench::sync()));
    b.commands_made = 3;
    b.ring_doorbell();
    b.settle();
    CHECK(b.read(reg::kCmdqCons) == arch::cmdq_cons::encode(1, CommandError::illegal));
    CHECK(b.read(reg::kGerror) == arch::gerror::kCmdq);
    CHECK(b.memory.word(SmmuBench::kErrorMsi) == 3);
    // A new PROD does not restart it; the acknowledgement does, from the command as it is then.
    b.put(SmmuBench::sync());
    b.ring_doorbell();
    b.settle();
    CHECK(b.read(reg::kCmdqCons) == arch::cmdq_cons::encode(1, CommandError::illegal));
    b.tables.write(SmmuBench::kCommands + 16, encode(SmmuBench::sync()));
    b.write(reg::kGerrorn, arch::gerror::kCmdq);
    b.settle();
    CHECK(b.read(reg::kCmdqCons) == 4);
  }
}

TEST_CASE("a second error toggles GERROR back, and again needs its acknowledgement") {
  Bench b;
  for (unsigned round = 0; round < 3; ++round) {
    b.put_words({0xFF, 0});
    b.ring_doorbell();
    b.settle();
    CHECK(b.read(reg::kGerror) == (round % 2 == 0 ? arch::gerror::kCmdq : 0));
    CHECK(b.gerror() == arch::gerror::kCmdq);
    b.tables.write(Bench::kCommands + round * 16, encode(Bench::sync()));
    b.acknowledge_gerror();
    b.settle();
    CHECK(b.consumed());
  }
  CHECK(b.counter("command_errors") == 3);
  CHECK(b.counter("interrupts_gerror") == 3);
}

TEST_CASE("commands that cannot be fetched: those before them are done") {
  Bench b;
  for (unsigned i = 0; i < 6; ++i) b.put(Bench::sync());
  b.memory.aborting.insert(Bench::kCommands + 64);  // four commands a line
  b.ring_doorbell();
  b.settle();
  CHECK(b.read(reg::kCmdqCons) == arch::cmdq_cons::encode(4, CommandError::fetch_abort));
  b.memory.aborting.clear();
  b.acknowledge_gerror();
  b.settle();
  CHECK(b.consumed());
}

TEST_CASE("a queue outside memory") {
  Bench b;
  REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, 0));
  b.write64(reg::kCmdqBase, arch::QueueBase{arch::Pa(0xFFFF'F000'0000), 3}.encode());
  REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, arch::cr0::kCmdqEn));
  b.write(reg::kCmdqProd, 1);
  b.settle();
  CHECK(b.read(reg::kCmdqCons) == arch::cmdq_cons::encode(0, CommandError::fetch_abort));
}

TEST_CASE("inconsistent indices: what lies between them is consumed, and then the queue is empty") {
  Bench b;
  for (unsigned i = 0; i < 8; ++i) b.put(Bench::sync());  // fills the ring: PROD may say more
  for (const std::uint32_t prod : {0xBu, 0xFu, 0xABCD3u, 0x2u}) {
    const std::uint32_t before = b.read(reg::kCmdqCons);
    const std::uint64_t consumed = b.smmu.tcu().commands.consumed();
    b.write(reg::kCmdqProd, prod);
    b.settle();
    INFO(std::hex << "PROD " << prod << " CONS " << before);
    CHECK(b.smmu.tcu().commands.consumed() - consumed == ((prod - before) & 0xF));
    CHECK(b.read(reg::kCmdqCons) == (prod & 0xF));
    CHECK(b.read(reg::kCmdqProd) == prod);
  }
  CHECK(b.gerror() == 0);
}

TEST_CASE("LOG2SIZE larger than IDR1.CMDQS acts as that") {
  smmu::SmmuConfig c;
  c.features.cmdqs = 2;
  SmmuBench b(c);
  REQUIRE(b.bring_up());  // asks for 2^3
  for (unsigned i = 0; i < 4; ++i) b.tables.write(SmmuBench::kCommands + i * 16, encode(SmmuBench::sync()));
  b.write(reg::kCmdqProd, 4);
  b.settle();
  CHECK(b.read(reg::kCmdqCons) == 4);  // index 0, wrapped
  b.write(reg::kCmdqProd, 3);          // index 3 of the next lap
  b.settle();
  CHECK(b.read(reg::kCmdqCons) == 3);
  CHECK(b.smmu.tcu().commands.consumed() == 4 + 7);
}

TEST_CASE("CMD_SYNC signals by MSI, by wire, by event, or not at all") {
  smmu::SmmuConfig c;
  const bool msi = GENERATE(true, false), sev = GENERATE(true, false);
  c.features.msi = msi;
  c.features.sev = sev;
  SmmuBench b(c);
  unsigned wires = 0, events = 0;
  b.smmu.tcu().interrupts.wire = [&](smmu::Interrupt i) { wires += i == smmu::Interrupt::command_sync; };
  b.smmu.tcu().on_send_event = [&] { ++events; };
  REQUIRE(b.bring_up());
  arch::Command sync = SmmuBench::sync();
  sync.msi_address = SmmuBench::kSyncMsi;
  sync.msi_data = 42;
  SECTION("nothing") {
    CHECK(b.submit({sync}));
    CHECK((wires == 0 && events == 0));
    CHECK(b.memory.word(SmmuBench::kSyncMsi) == 0);
  }
  SECTION("interrupt with an address: a write if there are MSIs, else the wire") {
    sync.signal = arch::SyncSignal::irq;
    CHECK(b.submit({sync}));
    CHECK(wires == (msi ? 0 : 1));
    CHECK(b.memory.word(SmmuBench::kSyncMsi) == (msi ? 42 : 0));
  }
  SECTION("interrupt without an address: the wire, whatever IRQ_CTRL says") {
    b.write_acknowledged(reg::kIrqCtrl, reg::kIrqCtrlAck, 0);
    sync.signal = arch::SyncSignal::irq;
    sync.msi_address = 0;
    CHECK(b.submit({sync}));
    CHECK(wires == 1);
  }
  SECTION("event") {
    sync.signal = arch::SyncSignal::sev;
    CHECK(b.submit({sync}));
    CHECK(events == (sev ? 1 : 0));
    CHECK(wires == 0);
    CHECK(b.memory.word(SmmuBench::kSyncMsi) == 0);
  }
}

TEST_CASE("an aborted MSI of CMD_SYNC is a global error, and the CMD_SYNC is complete") {
  Bench b;
  arch::Command sync = Bench::sync();
  sync.signal = arch::SyncSignal::irq;
  sync.msi_address = 0x1000;  // nothing is there
  CHECK(b.submit({sync, Bench::sync()}));
  CHECK(b.gerror() == arch::gerror::kMsiCmdqAbort);
}

TEST_CASE("commands with SMMUEN = 0: invalidations work, messages to devices are not sent") {
  SmmuBench b;
  RootPort port(b);
  REQUIRE(b.bring_up(arch::cr0::kCmdqEn));
  arch::Command invalidate = SmmuBench::make(Opcode::atc_inv), response = SmmuBench::make(Opcode::pri_resp),
                prefetch = SmmuBench::make(Opcode::prefetch_addr);
  invalidate.stream = response.stream = prefetch.stream = kFunction;
  CHECK(b.submit({invalidate, response, prefetch, SmmuBench::tlbi_va(kVa), SmmuBench::make(Opcode::cfgi_ste),
                  SmmuBench::sync()}));
  b.settle();
  CHECK(port.received.empty());
}

TEST_CASE("devices that never answer: they are given up, CMD_SYNC says so, and it goes on") {
  smmu::SmmuConfig c;
  c.tcu.atc_timeout = 1;  // us: 1000 cycles
  Bench b(c);
  RootPort port(b);
  arch::Command invalidate = Bench::make(Opcode::atc_inv);
  invalidate.stream = kFunction;
  // More than there are ITags.
  for (unsigned i = 0; i < 40; i += 4) {
    CHECK(b.submit({invalidate, invalidate, invalidate, invalidate}));
  }
  b.settle();
  CHECK(port.received.size() == 32);  // the others never get an ITag
  const std::uint32_t at = b.commands_made;
  b.put(Bench::sync());
  b.ring_doorbell();
  CHECK(b.run_until([&] { return b.gerror() == arch::gerror::kCmdq; }, 5000) != 0);
  CHECK(b.read(reg::kCmdqCons) == arch::cmdq_cons::encode(at, CommandError::atc_invalidate_sync));
  CHECK(b.counter("atc_timeouts") == 40);
  for (const auto& message : port.received) port.complete_invalidation(message.id);  // too late
  port.complete_invalidation(77);                                                    // and nonsense
  b.settle();
  b.acknowledge_gerror();
  b.settle();
  CHECK(b.consumed());
  // One that is answered in time is no error.
  port.received.clear();
  b.put(invalidate);
  b.put(Bench::sync());
  b.ring_doorbell();
  b.run(900);
  REQUIRE(port.received.size() == 1);
  CHECK_FALSE(b.consumed());
  port.complete_invalidation(port.received[0].id);
  b.run(2000);
  CHECK(b.consumed());
  CHECK(b.gerror() == 0);
}

TEST_CASE("SMMUEN changes while no TBU has a place for an invalidation: before the commands that wait") {
  smmu::SmmuConfig c;
  c.dti.invalidation_tokens = 1;
  Bench b(c);
  for (unsigned i = 0; i < 4; ++i) b.put(SmmuBench::make(Opcode::tlbi_nsnh_all));  // a scan each
  b.ring_doorbell();
  b.run_until([&] { return b.counter("invalidation_token_stalls") == 1; });
  std::uint64_t executed = 0;
  b.smmu.tcu().on_invalidate = [&](const arch::Command&) { ++executed; };
  REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, SmmuBench::kAllOn & ~arch::cr0::kSmmuEn));
  CHECK(executed < 3);
  b.settle();
  CHECK(executed == 3);
  CHECK(b.consumed());
  CHECK(b.smmu.quiet());
}

TEST_CASE("prefetch: what it fetched is there") {
  Bench b;
  arch::Command prefetch = Bench::make(Opcode::prefetch_config);
  prefetch.stream = arch::StreamId{1};
  SECTION("configuration") {
    CHECK(b.submit({prefetch}));
    b.settle();
    BenchDevice::Record& r = b.devices[0]->send({kVa});
    b.settle();
    CHECK(r.pa == kPage);
    CHECK(r.cycles_in(Stage::config) == b.config.tcu.config_latency);
    CHECK(r.cycles_in(Stage::walk_memory) > 0);
  }
  SECTION("addresses") {
    for (unsigned i = 0; i < 8; ++i)
      b.tables.map(b.root, kVa + i * arch::kPageSize, kPage + i * arch::kPageSize);
    prefetch.opcode = Opcode::prefetch_addr;
    prefetch.address = kVa;
    prefetch.size = 3;
    CHECK(b.submit({prefetch}));
    b.settle();
    for (unsigned i = 0; i < 8; ++i) {
      BenchDevice::Record& r = b.devices[0]->send({kVa + i * arch::kPageSize});
      b.settle();
      CHECK(r.pa == kPage + i * arch::kPageSize);
      CHECK(r.cycles_in(Stage::walk_memory) == 0);
    }
    CHECK(b.counter("prefetches") == 8);
  }
  SECTION("a span larger than the queue: the rest is dropped") {
    prefetch.opcode = Opcode::prefetch_addr;
    prefetch.address = kVa;
    prefetch.size = 31;
    CHECK(b.submit({prefetch, Bench::sync()}));
    b.settle();
    CHECK(b.counter("prefetches") == b.config.tcu.prefetch_queue);
    CHECK(b.counter("prefetches_dropped") == (std::uint64_t{1} << 31) - b.config.tcu.prefetch_queue);
  }
}

TEST_CASE("prefetch never records, never faults, never changes a descriptor") {
  Bench b;
  arch::Cd cd;
  cd.half[0].ttb = b.root;
  cd.asid = 1;
  cd.ha = true;
  const std::uint64_t at = arch::decode_ste({b.memory.word(Bench::kStreams + 64)}).s1_context_ptr;
  b.tables.write(at, encode(cd));
  arch::Stage1Leaf old;
  old.young = false;
  b.tables.map(b.root, kVa, kPage, old);
  const std::uint64_t before = b.memory.word(b.tables.slot(b.root, kVa));
  std::vector<arch::Command> commands;
  for (const auto opcode : {Opcode::prefetch_config, Opcode::prefetch_addr}) {
    for (const unsigned stream : {0u, 1u, 1000u}) {
      arch::Command prefetch = Bench::make(opcode);
      prefetch.stream = arch::StreamId{stream};
      prefetch.address = stream == 1 ? kVa : 0x1000;
      CHECK(b.submit({prefetch}));
    }
  }
  b.memory.aborting.insert(b.tables.slot(b.root, kVa) & ~63ull);
  arch::Command prefetch = Bench::make(Opcode::prefetch_addr);
  prefetch.stream = arch::StreamId{1};
  prefetch.address = kVa;
  CHECK(b.submit({prefetch, Bench::sync()}));
  b.settle();
  CHECK(b.events_visible() == 0);
  CHECK(b.memory.word(b.tables.slot(b.root, kVa)) == before);
  CHECK(b.smmu.tcu().translating() == 0);
  b.memory.aborting.clear();
  BenchDevice::Record& r = b.devices[0]->send({kVa});
  b.settle();
  CHECK(r.pa == kPage);
  CHECK(b.memory.word(b.tables.slot(b.root, kVa)) != before);
}

TEST_CASE("an access that meets a prefetch of its page shares the walk") {
  for (unsigned delay = 1; delay < 90; ++delay) {
    Bench b;
    arch::Command prefetch = Bench::make(Opcode::prefetch_addr);
    prefetch.stream = arch::StreamId{1};
    prefetch.address = kVa;
    b.put(prefetch);
    b.smmu.tcu().commands.set_prod(b.commands_made);
    b.run(delay);
    BenchDevice::Record& good = b.devices[0]->send({kVa});
    BenchDevice::Record& bad = b.devices[0]->send({kVa + arch::kPageSize});
    b.settle();
    INFO("delay " << delay);
    CHECK(good.pa == kPage);
    CHECK(bad.done == 0);
    CHECK(b.events_visible() == 1);
  }
}

TEST_CASE("a CMD_SYNC and a change of SMMUEN at the same time: both end, whatever comes first") {
  for (unsigned delay = 1; delay < 60; ++delay) {
    INFO("delay " << delay);
    Bench b;
    RootPort port(b);
    b.devices[0]->send({kVa});
    b.settle();
    arch::Command invalidate = Bench::make(Opcode::atc_inv);
    invalidate.stream = kFunction;
    b.put(Bench::tlbi_va(kVa));
    b.put(Bench::sync());
    b.put(invalidate);
    b.put(Bench::sync());
    b.smmu.tcu().commands.set_prod(b.commands_made);
    b.run(delay);
    b.devices[0]->send({kVa});
    REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, SmmuBench::kAllOn & ~arch::cr0::kSmmuEn));
    REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, SmmuBench::kAllOn));
    b.settle();
    for (const auto& message : port.received) {
      if (message.kind == arch::dti::Downstream::Kind::atc_inv) port.complete_invalidation(message.id);
    }
    b.settle();
    CHECK(b.consumed());
    CHECK(b.smmu.quiet());
    CHECK(b.devices[0]->pending() == 0);
  }
}
