// The programming interface, register by register: what is there, what can be written and when, what reads
// back, and how control writes are acknowledged (SMMUv3, register descriptions).
#include <catch2/catch.hpp>

#include "testbenches/unit/smmu_bench.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

namespace reg = arch::reg;

constexpr std::uint32_t kAll = ~0u;
constexpr std::uint64_t kOas48 = (std::uint64_t{1} << 48) - 1;

/// A word: what it reads after power-on, and what of all ones stays when everything is off.
struct Word {
  const char* name;
  std::uint32_t offset;
  std::uint32_t reset;
  std::uint32_t writable;
};

constexpr std::uint32_t low(std::uint64_t v) { return static_cast<std::uint32_t>(v); }
constexpr std::uint32_t high(std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); }
constexpr std::uint64_t kHint = std::uint64_t{1} << 62;
constexpr std::uint64_t kQueueBase = (kOas48 & ~0x1Full) | kHint | 0x1F;
constexpr std::uint64_t kStreamTable = (kOas48 & ~0x3Full) | kHint;
constexpr std::uint64_t kMsiAddress = kOas48 & ~0x3ull;

/// With all features and 48 address bits. GERRORN has no wire to GERROR here: it reads as written.
const Word kWords[] = {
    {"CR1", 0x2C - 4, 0, 0xFFF},
    {"CR2", 0x2C, 0, 0xB},  // PTM is there only with broadcast maintenance
    {"STATUSR", 0x40, 0, 0},
    {"AGBPA", 0x48, 0, 0},
    {"GERROR", 0x60, 0, 0},
    {"GERRORN", 0x64, 0, 0xFD},
    {"GERROR_IRQ_CFG0", 0x68, 0, low(kMsiAddress)},
    {"GERROR_IRQ_CFG0 high", 0x6C, 0, high(kMsiAddress)},
    {"GERROR_IRQ_CFG1", 0x70, 0, kAll},
    {"GERROR_IRQ_CFG2", 0x74, 0, 0x3F},
    {"STRTAB_BASE", 0x80, 0, low(kStreamTable)},
    {"STRTAB_BASE high", 0x84, 0, high(kStreamTable)},
    {"STRTAB_BASE_CFG", 0x88, 0, 0x307FF},
    {"reserved", 0x8C, 0, 0},
    {"CMDQ_BASE", 0x90, 0, low(kQueueBase)},
    {"CMDQ_BASE high", 0x94, 0, high(kQueueBase)},
    {"CMDQ_PROD", 0x98, 0, 0xFFFFF},
    {"CMDQ_CONS", 0x9C, 0, 0xFFFFF},
    {"EVENTQ_BASE", 0xA0, 0, low(kQueueBase)},
    {"EVENTQ_BASE high", 0xA4, 0, high(kQueueBase)},
    {"EVENTQ_IRQ_CFG0", 0xB0, 0, low(kMsiAddress)},
    {"EVENTQ_IRQ_CFG0 high", 0xB4, 0, high(kMsiAddress)},
    {"EVENTQ_IRQ_CFG1", 0xB8, 0, kAll},
    {"EVENTQ_IRQ_CFG2", 0xBC, 0, 0x3F},
    {"PRIQ_BASE", 0xC0, 0, low(kQueueBase)},
    {"PRIQ_BASE high", 0xC4, 0, high(kQueueBase)},
    {"PRIQ_IRQ_CFG0", 0xD0, 0, low(kMsiAddress)},
    {"PRIQ_IRQ_CFG0 high", 0xD4, 0, high(kMsiAddress)},
    {"PRIQ_IRQ_CFG1", 0xD8, 0, kAll},
    {"PRIQ_IRQ_CFG2", 0xDC, 0, 0x8000003F},
    {"GATOS_CTRL", 0x100, 0, 0},
    {"VATOS_SEL", 0x180, 0, 0},
    {"IDR6", 0x190, 0, 0},
    {"DPT_BASE", 0x200, 0, 0},
    {"PIDR4", 0xFD0, 0x4, 0},
    {"PIDR5", 0xFD4, 0, 0},
    {"PIDR0", 0xFE0, 0x83, 0},
    {"PIDR1", 0xFE4, 0xB4, 0},
    {"PIDR2", 0xFE8, 0x1B, 0},
    {"PIDR3", 0xFEC, 0x20, 0},
    {"CIDR0", 0xFF0, 0x0D, 0},
    {"CIDR1", 0xFF4, 0xF0, 0},
    {"CIDR2", 0xFF8, 0x05, 0},
    {"CIDR3", 0xFFC, 0xB1, 0},
    {"Secure page", 0x8000, 0, 0},
    {"EVENTQ_PROD", 0x100A8, 0, 0x800FFFFF},
    {"EVENTQ_CONS", 0x100AC, 0, 0x800FFFFF},
    {"PRIQ_PROD", 0x100C8, 0, 0x800FFFFF},
    {"PRIQ_CONS", 0x100CC, 0, 0x800FFFFF},
    {"EVENTQ_PROD's place in page 0", 0xA8, 0, 0},
    {"EVENTQ_CONS's place in page 0", 0xAC, 0, 0},
    {"PRIQ_PROD's place in page 0", 0xC8, 0, 0},
    {"PRIQ_CONS's place in page 0", 0xCC, 0, 0},
    {"CR0's place in page 1", 0x10020, 0, 0},
    {"last word", 0x1FFFC, 0, 0},
};

smmu::SmmuConfig all_features() {
  smmu::SmmuConfig c;
  c.features.iidr = 0x4831243B;  // product 0x483, variant 1, revision 2, implementer 0x43B
  return c;
}

}  // namespace

TEST_CASE("power-on values, and the bits that can be written") {
  SmmuBench b(all_features());
  for (const Word& w : kWords) {
    INFO(w.name);
    CHECK(b.read(w.offset) == w.reset);
    b.write(w.offset, kAll);
    CHECK(b.read(w.offset) == (w.writable | w.reset));
    b.write(w.offset, 0);
    CHECK(b.read(w.offset) == w.reset);
  }
  CHECK(b.smmu.registers().refused() == 0);
}

TEST_CASE("64-bit registers may be written whole or by halves, 32-bit ones in pairs") {
  SmmuBench b(all_features());
  b.write64(reg::kStrtabBase, 0x4000'1234'5678'9A40);
  CHECK(b.read(reg::kStrtabBase) == 0x5678'9A40);
  CHECK(b.read(reg::kStrtabBase + 4) == 0x4000'1234);
  b.write(reg::kStrtabBase + 4, 0x7777);
  std::uint64_t value = 0;
  CHECK(b.software.access(false, reg::kStrtabBase, value, 8));
  CHECK(value == 0x7777'5678'9A40);
  b.write64(reg::kCmdqProd, 0x5'0000'0003);
  CHECK(b.read(reg::kCmdqProd) == 3);
  CHECK(b.read(reg::kCmdqCons) == 5);
  CHECK(b.software.access(false, reg::kIdr0, value, 8));
  CHECK(value == (b.read(reg::kIdr0) | std::uint64_t{b.read(reg::kIdr1)} << 32));
}

TEST_CASE("accesses of other sizes or misaligned are refused and do nothing") {
  SmmuBench b;
  for (const auto& [offset, bytes] : std::vector<std::pair<std::uint32_t, unsigned>>{
           {0x20, 1}, {0x20, 2}, {0x22, 4}, {0x24, 8}, {0x20, 16}, {0x98, 3}, {0x1FFFE, 4}}) {
    std::uint64_t value[2] = {~0ull, ~0ull};
    INFO(std::hex << offset << ", " << bytes);
    CHECK_FALSE(b.software.access(true, offset, value[0], bytes));
    CHECK_FALSE(b.software.access(false, offset, value[0], bytes));
  }
  CHECK(b.read(reg::kCr0) == 0);
  CHECK(b.smmu.registers().refused() == 14);
}

TEST_CASE("ID registers say what the configuration says") {
  smmu::SmmuConfig c = all_features();
  c.features.stall_max = 77;
  c.features.cmdqs = 5;
  c.features.pps = true;
  SmmuBench b(c);
  const arch::IdRegisters id = arch::encode(c.features);
  CHECK(b.read(reg::kIdr0) == id.idr0);
  CHECK(b.read(reg::kIdr1) == id.idr1);
  CHECK(b.read(reg::kIdr2) == 0);
  CHECK(b.read(reg::kIdr3) == id.idr3);
  CHECK(b.read(reg::kIdr4) == 0);
  CHECK(b.read(reg::kIdr5) == id.idr5);
  CHECK(b.read(reg::kIdr5) >> 16 == 77);
  CHECK(b.read(reg::kIidr) == 0x4831243B);
  CHECK(b.read(reg::kAidr) == c.features.arch_minor);
  CHECK((b.read(reg::kIdr1) & 3u << 29) == 0);  // neither queues nor tables are preset
}

TEST_CASE("what is not advertised has no registers") {
  smmu::SmmuConfig c;
  SECTION("page requests") {
    c.features.pri = false;
    SmmuBench b(c);
    for (const std::uint32_t offset :
         {reg::kPriqBase, reg::kPriqBase + 4, reg::kPriqIrqCfg0, reg::kPriqIrqCfg1, reg::kPriqIrqCfg2,
          reg::kPriqProd, reg::kPriqCons}) {
      INFO(std::hex << offset);
      b.write(offset, kAll);
      CHECK(b.read(offset) == 0);
    }
    b.write(reg::kCr0, arch::cr0::kPriqEn | arch::cr0::kEventqEn);
    b.settle();
    CHECK(b.read(reg::kCr0Ack) == arch::cr0::kEventqEn);
    b.write(reg::kIrqCtrl, 7);
    b.settle();
    CHECK(b.read(reg::kIrqCtrlAck) == 5);
    b.write(reg::kGerrorn, kAll);
    CHECK(b.read(reg::kGerrorn) == 0xB5);
  }
  SECTION("MSIs: of PRIQ_IRQ_CFG2 only LO is left") {
    c.features.msi = false;
    SmmuBench b(c);
    for (const std::uint32_t offset : {reg::kGerrorIrqCfg0, reg::kGerrorIrqCfg1, reg::kGerrorIrqCfg2,
                                       reg::kEventqIrqCfg0, reg::kEventqIrqCfg1, reg::kPriqIrqCfg0}) {
      INFO(std::hex << offset);
      b.write(offset, kAll);
      CHECK(b.read(offset) == 0);
    }
    b.write(reg::kPriqIrqCfg2, kAll);
    CHECK(b.read(reg::kPriqIrqCfg2) == 1u << 31);
  }
  SECTION("two-level tables, ATS, EL2") {
    c.features.st_level = c.features.ats = c.features.pri = c.features.hyp = c.features.atsrecerr = false;
    SmmuBench b(c);
    b.write(reg::kStrtabBaseCfg, kAll);
    CHECK(b.read(reg::kStrtabBaseCfg) == 0x3F);
    b.write(reg::kCr2, kAll);
    CHECK(b.read(reg::kCr2) == arch::cr2::kRecInvSid);
    b.write(reg::kCr0, arch::cr0::kAtsChk);
    CHECK(b.read(reg::kCr0) == 0);
  }
  SECTION("address bits") {
    c.features.oas = 1;  // 36
    SmmuBench b(c);
    b.write(reg::kStrtabBase + 4, kAll);
    CHECK(b.read(reg::kStrtabBase + 4) == (1u << 30 | 0xF));
  }
}

TEST_CASE("what configures something in use cannot be written until that is off") {
  SmmuBench b;
  REQUIRE(b.bring_up());
  const std::uint32_t kFixed[] = {
      reg::kCr1,           reg::kCr2,         reg::kStrtabBase,    reg::kStrtabBaseCfg, reg::kCmdqBase,
      reg::kCmdqCons,      reg::kEventqBase,  reg::kEventqProd,    reg::kPriqBase,      reg::kPriqProd,
      reg::kEventqIrqCfg0, reg::kPriqIrqCfg1, reg::kGerrorIrqCfg0, reg::kPriqIrqCfg2};
  for (const std::uint32_t offset : kFixed) {
    INFO(std::hex << offset);
    const std::uint32_t before = b.read(offset);
    b.write(offset, ~before);
    CHECK(b.read(offset) == before);
  }
  REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, SmmuBench::kAllOn & ~arch::cr0::kEventqEn));
  b.write(reg::kEventqBase, 0x2000);
  CHECK(b.read(reg::kEventqBase) == 0x2000);
  // CR1 has halves of its own: the tables' attributes are still held by SMMUEN, the queues' by CMDQEN.
  b.write(reg::kCr0, arch::cr0::kCmdqEn);
  b.settle();
  b.write(reg::kCr1, kAll);
  CHECK(b.read(reg::kCr1) == 0xFC0);
}

TEST_CASE("CR0ACK and IRQ_CTRLACK mirror what exists, later") {
  SmmuBench b;
  b.write(reg::kCr0, kAll);
  CHECK(b.read(reg::kCr0) == 0x1DF);
  b.settle();
  CHECK(b.read(reg::kCr0Ack) == 0x1DF);
  b.write(reg::kCr0Ack, 0);
  CHECK(b.read(reg::kCr0Ack) == 0x1DF);
  b.write(reg::kIrqCtrl, kAll);
  b.settle();
  CHECK(b.read(reg::kIrqCtrlAck) == 7);
  b.write(reg::kIrqCtrlAck, 0);
  CHECK(b.read(reg::kIrqCtrlAck) == 7);
}

TEST_CASE("CR0 written faster than it is acknowledged ends as written last") {
  SmmuBench b;
  REQUIRE(b.bring_up());
  for (const std::uint32_t value : {0u, 0x1Fu, 8u, 0xCu, 0x1Du}) b.write(reg::kCr0, value);
  b.settle();
  CHECK(b.read(reg::kCr0) == 0x1D);
  CHECK(b.read(reg::kCr0Ack) == 0x1D);
  CHECK(b.smmu.context().state.smmu_enabled);
}

TEST_CASE("GBPA changes with UPDATE only, and not while an update is under way") {
  SmmuBench b;
  CHECK(b.read(reg::kGbpa) == 0x1000);
  b.write(reg::kGbpa, arch::gbpa::kAbort);
  CHECK(b.read(reg::kGbpa) == 0x1000);
  // Two writes at one instant, as the low and the high word of nothing else can be: by two accesses in a row.
  b.write(reg::kGbpa, kAll);
  b.settle();
  CHECK(b.read(reg::kGbpa) == 0x1F3F1F);
  CHECK(b.smmu.context().state.gbpa == 0x1F3F1F);
  b.write(reg::kGbpa, 0x2000 | arch::gbpa::kUpdate);
  b.settle();
  CHECK(b.read(reg::kGbpa) == 0x2000);
}

TEST_CASE("SMMUEN = 0 is acknowledged when stalled transactions are gone and the TBUs have finished") {
  SmmuBench b;
  const std::uint64_t root = b.attach();
  b.tables.map(root, 0x1000, kBase + 0x3000000);
  REQUIRE(b.bring_up());
  BenchDevice::Record& stalled = b.devices[0]->send({0x5000});
  b.settle();
  REQUIRE(b.smmu.tcu().stalled() == 1);
  // A walk under way at every moment of the change.
  for (unsigned delay = 0; delay < 80; delay += 3) {
    REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, SmmuBench::kAllOn));
    b.settle();
    std::vector<BenchDevice::Record*> sent;
    b.write(reg::kCr0, SmmuBench::kAllOn & ~arch::cr0::kSmmuEn);
    for (unsigned i = 0; i < 4; ++i) {
      sent.push_back(&b.devices[0]->send({0x1000 + 8 * i}));
      b.run(1);
    }
    const Picoseconds acknowledged =
        b.run_until([&] { return (b.smmu.registers().acknowledged() & arch::cr0::kSmmuEn) == 0; });
    REQUIRE(acknowledged != 0);
    CHECK(stalled.done != 0);
    CHECK(stalled.done <= acknowledged + 20 * kCycle);
    b.settle();
    for (const BenchDevice::Record* r : sent) {
      if (r->ok)
        CHECK(r->done <= acknowledged + kCycle);  // translated: finished; bypassed: there is no such memory
    }
  }
  CHECK_FALSE(stalled.ok);
}

TEST_CASE("reset: as after power-on, but not while something is in flight") {
  SmmuBench b;
  std::uint64_t root = b.attach();
  b.tables.map(root, 0x1000, kBase + 0x3000000);
  REQUIRE(b.bring_up());
  BenchDevice::Record& stalled = b.devices[0]->send({0x5000});
  b.devices[0]->send({0x1000});
  b.run(3);  // arrived
  CHECK_FALSE(b.smmu.reset());
  b.settle();
  CHECK_FALSE(b.smmu.reset());  // a stalled transaction is in flight
  CHECK(b.submit({SmmuBench::resume(b.next_event(), arch::ResumeAction::abort)}));
  b.tables.write(SmmuBench::kCommands + 16, arch::CommandWords{0xFF, 0});
  b.write(reg::kCmdqProd, 2);  // an error stays behind
  b.settle();
  CHECK(stalled.done != 0);
  CHECK(b.read(reg::kGerror) != 0);
  REQUIRE(b.smmu.reset());
  for (const std::uint32_t offset :
       {reg::kCr0, reg::kCr0Ack, reg::kIrqCtrlAck, reg::kStrtabBase, reg::kCmdqBase, reg::kCmdqProd,
        reg::kCmdqCons, reg::kEventqBase, reg::kEventqProd, reg::kGerror, reg::kEventqIrqCfg0}) {
    INFO(std::hex << offset);
    CHECK(b.read(offset) == 0);
  }
  CHECK(b.read(reg::kGbpa) == arch::gbpa::kReset);
  // It works again, and remembers no translation.
  b.tables.map(root, 0x1000, kBase + 0x3100000);
  b.commands_made = b.events_read = 0;
  REQUIRE(b.bring_up());
  BenchDevice::Record& again = b.devices[0]->send({0x1000});
  b.settle();
  CHECK(again.pa == kBase + 0x3100000);
  CHECK(b.submit({SmmuBench::sync()}));
  CHECK(b.smmu.quiet());
}

TEST_CASE("debug accesses read without time and never write") {
  SmmuBench b;
  tlm::tlm_generic_payload payload;
  std::uint64_t value = 0;
  payload.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
  payload.set_address(reg::kIdr0);
  payload.set_command(tlm::TLM_READ_COMMAND);
  payload.set_data_length(8);
  const auto debug = [&] {
    return b.smmu.registers().socket.socket.get_base_export()->transport_dbg(payload);
  };
  CHECK(debug() == 8);
  const arch::IdRegisters id = arch::encode(b.smmu.context().features);
  CHECK(value == (id.idr0 | std::uint64_t{id.idr1} << 32));
  payload.set_data_length(4);
  payload.set_address(reg::kCmdqProd);
  payload.set_command(tlm::TLM_WRITE_COMMAND);
  CHECK(debug() == 0);
  CHECK(b.read(reg::kCmdqProd) == 0);
}
