// Exact latencies of every path through the SMMU, derived by hand. A block sees what another sent at the next
// edge (kHop); everything else is a field of the configuration or a size of the DTI protocol.
#include <catch2/catch.hpp>

#include "testbenches/unit/smmu_guest.hpp"
#include "testbenches/unit/smmu_root_port.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

constexpr unsigned kHop = 1;
constexpr unsigned kMemory = 11;  ///< of the memory double

// Values that no two paths can confuse.
smmu::SmmuConfig golden_config() {
  smmu::SmmuConfig c;
  c.tbu.utlb_latency = 2;
  c.tbu.tlb_latency = 3;
  c.tcu.config_latency = 5;
  c.tcu.register_latency = 4;
  c.dti.bytes_per_cycle = 10;
  c.dti.flight = 7;
  return c;
}
const smmu::SmmuConfig kConfig = golden_config();

/// One message, or several sent back to back: their bytes at the stream's width, then the flight.
unsigned dti(unsigned bytes) {
  return (bytes + kConfig.dti.bytes_per_cycle - 1) / kConfig.dti.bytes_per_cycle + kConfig.dti.flight;
}

/// A memory access as its initiator sees it: there, served, back.
constexpr unsigned kAccess = kHop + kMemory + kHop;
/// A descriptor: the read, and a cycle to examine it.
constexpr unsigned kDescriptor = kAccess + 1;
/// Walk cache: a cycle to its port, then its pipeline of two.
constexpr unsigned kWalkCache = 1 + 2;

/// Device to TBU, the access to memory, TBU to device.
const unsigned kAround = kHop + kAccess + kHop;
const unsigned kMicroHit = kAround + kConfig.tbu.utlb_latency;
const unsigned kMainHit = kMicroHit + kConfig.tbu.tlb_latency;
/// A TBU miss answered by the TCU without any memory access: request, configuration hit, walk cache, answer.
const unsigned kTcuHit = kMainHit + dti(arch::dti::kTransReqBytes) + kConfig.tcu.config_latency + kWalkCache +
                         dti(arch::dti::kTransRespBytes);

constexpr std::uint64_t kVa = 0x123456789000, kPage = kBase + 0x3000000;
/// Pages whose walk shares tables with kVa's down to the level: 3 is the page itself.
constexpr std::uint64_t kSharesLevel2 = kVa ^ 0x1000, kSharesLevel1 = kVa ^ 0x200000,
                        kSharesLevel0 = kVa ^ 0x40000000, kSharesNothing = kVa ^ 0x8000000000;

struct Bench : SmmuBench {
  std::uint64_t root;
  explicit Bench(const smmu::SmmuConfig& c = kConfig, std::size_t tbus = 1)
      : SmmuBench(c, kMemory, std::vector<arch::dti::Flow>(tbus, arch::dti::Flow::stall)) {
    root = attach();
    for (const std::uint64_t va : {kVa, kSharesLevel2, kSharesLevel1, kSharesLevel0, kSharesNothing}) {
      tables.map(root, va, kPage);
    }
    REQUIRE(bring_up());
  }
  BenchDevice::Record& read_page(std::uint64_t va, std::size_t device = 0) {
    return devices[device]->send({va});
  }
  Picoseconds latency(std::uint64_t va) {
    BenchDevice::Record& r = read_page(va);
    settle();
    REQUIRE(r.ok);
    return r.cycles();
  }
};

}  // namespace

TEST_CASE("TLB hits") {
  smmu::SmmuConfig c = kConfig;
  c.tbu.utlb_entries = 1;
  Bench b(c);
  b.latency(kVa);
  CHECK(b.latency(kVa) == kMicroHit);
  b.latency(kSharesLevel2);  // evicts kVa from the micro-TLB
  BenchDevice::Record& main = b.read_page(kVa);
  b.settle();
  CHECK(main.cycles() == kMainHit);
  CHECK(main.cycles_in(Stage::tbu_tlb) == kConfig.tbu.utlb_latency + kConfig.tbu.tlb_latency);
}

TEST_CASE("walks, by what the walk cache holds") {
  Bench b;
  b.latency(kVa);
  CHECK(b.latency(kSharesLevel2) == kTcuHit + 1 * kDescriptor);
  CHECK(b.latency(kSharesLevel1) == kTcuHit + 2 * kDescriptor);
  CHECK(b.latency(kSharesLevel0) == kTcuHit + 3 * kDescriptor);
  CHECK(b.latency(kSharesNothing) == kTcuHit + 4 * kDescriptor);
}

TEST_CASE("a leaf in the walk cache needs no memory, and time is charged to the right stages") {
  smmu::SmmuConfig c = kConfig;
  c.tbu.utlb_entries = 1;
  c.tbu.tlb_sets = c.tbu.tlb_ways = 1;
  Bench b(c);
  b.latency(kVa);
  b.latency(kSharesLevel2);  // evicts kVa from both TLBs
  BenchDevice::Record& r = b.read_page(kVa);
  b.settle();
  CHECK(r.cycles() == kTcuHit);
  CHECK(r.cycles_in(Stage::dti_out) == dti(arch::dti::kTransReqBytes));
  CHECK(r.cycles_in(Stage::tcu_queue) == 0);
  CHECK(r.cycles_in(Stage::config) == kConfig.tcu.config_latency);
  CHECK(r.cycles_in(Stage::walk_cache) == kWalkCache);
  CHECK(r.cycles_in(Stage::walk_memory) == 0);
  CHECK(r.cycles_in(Stage::dti_back) == dti(arch::dti::kTransRespBytes));
  BenchDevice::Record& cold = b.read_page(kSharesNothing);
  b.settle();
  CHECK(cold.cycles_in(Stage::walk_memory) == 4 * kDescriptor);
}

TEST_CASE("a lookup is presented at the next edge, whether the walk cache is awake or not") {
  // One translation asks out of a memory response (its configuration was fetched), the other, whose
  // configuration is cached, at an edge nearby: the two accesses later, and some cycles more or less.
  const int apart = GENERATE(range(-5, 6));
  Bench b(kConfig, 2);
  constexpr arch::StreamId kCold{2};
  const std::uint64_t cold_root = b.attach(kCold, 2);
  b.tables.map(cold_root, kVa, kPage);
  b.latency(kVa);
  const Picoseconds now = b.calendar.now();
  DeviceAccess access{kVa};
  access.stream = kCold;
  BenchDevice::Record& cold = b.devices[1]->send_at(now + kCycle, access);
  BenchDevice::Record& warm =
      b.devices[0]->send_at(now + (1 + 2 * kAccess + static_cast<unsigned>(apart)) * kCycle, {kSharesLevel2});
  b.settle();
  REQUIRE(cold.cycles_in(Stage::config) == kConfig.tcu.config_latency + 2 * kAccess);
  REQUIRE(warm.cycles_in(Stage::config) == kConfig.tcu.config_latency);
  CAPTURE(apart);
  CHECK(cold.cycles_in(Stage::walk_cache) == kWalkCache);
  CHECK(warm.cycles_in(Stage::walk_cache) == kWalkCache + (apart == 0));  // responses act first
}

TEST_CASE("configuration misses") {
  SECTION("linear tables: STE and CD") {
    Bench b;
    BenchDevice::Record& r = b.read_page(kVa);
    b.settle();
    CHECK(r.cycles() == kTcuHit + 2 * kAccess + 4 * kDescriptor);
    CHECK(r.cycles_in(Stage::config) == kConfig.tcu.config_latency + 2 * kAccess);
  }
  SECTION("two-level tables: a descriptor before each") {
    Bench b;
    constexpr unsigned kSplit = 6, kSsid = 70;
    const std::uint64_t l1 = b.tables.take(4096), l2 = b.tables.take(4096);
    b.memory.set(l1, encode(arch::L1Std{kSplit + 1, l2}));
    arch::Ste ste;
    ste.config = arch::SteConfig::stage1;
    ste.s1_fmt = 1;
    ste.s1_cd_max = 8;
    ste.s1_context_ptr = b.tables.take(4096);
    b.tables.write(l2 + 64, encode(ste));
    const std::uint64_t leaf = b.tables.take(4096);
    b.memory.set(ste.s1_context_ptr + kSsid / 64 * 8, encode(arch::L1Cd{true, leaf}));
    arch::Cd cd;
    cd.half[0].ttb = b.root;
    b.tables.write(leaf + kSsid % 64 * 64, encode(cd));
    REQUIRE(b.write_acknowledged(arch::reg::kCr0, arch::reg::kCr0Ack, 0));
    b.write64(arch::reg::kStrtabBase, l1);
    b.write(arch::reg::kStrtabBaseCfg, arch::strtab::config(12, kSplit, true));
    REQUIRE(b.write_acknowledged(arch::reg::kCr0, arch::reg::kCr0Ack, Bench::kAllOn));
    b.run(2 * kConfig.tbu.tlb_sets);  // SMMUEN = 0 made the TBU scan its TLB
    DeviceAccess access{kVa};
    access.substream = {true, kSsid};
    BenchDevice::Record& r = b.devices[0]->send(access);
    b.settle();
    CHECK(r.cycles() == kTcuHit + 4 * kAccess + 4 * kDescriptor);
  }
}

TEST_CASE("hardware updates: a compare-and-swap costs what a descriptor read costs") {
  Bench b;
  arch::Cd cd = SmmuBench::stage1_cd(b.root);
  cd.ha = cd.hd = true;
  b.attach(arch::StreamId{1}, cd);
  arch::Stage1Leaf young;
  young.young = young.writable = false;
  young.dirty_modifier = true;
  b.tables.map(b.root, kSharesLevel2, kPage, young);
  b.tables.map(b.root, kSharesLevel1, kPage, young);
  b.latency(kVa);
  // Its walk reads the page's descriptor and sets the access flag.
  CHECK(b.latency(kSharesLevel2) == kTcuHit + 2 * kDescriptor);
  // A write to a page never used: read levels 2 and 3, one update for access flag and dirty state.
  BenchDevice::Record& dirty = b.devices[0]->send({kSharesLevel1, true});
  b.settle();
  REQUIRE(dirty.ok);
  CHECK(dirty.cycles() == kTcuHit + 3 * kDescriptor);
  CHECK(dirty.cycles_in(Stage::walk_memory) == 3 * kDescriptor);
  // A write to a clean page whose leaf is cached: the cache does not tell where the descriptor is, so the
  // walk starts from the root, four reads, before it can update.
  BenchDevice::Record& clean = b.devices[0]->send({kSharesLevel2, true});
  b.settle();
  REQUIRE(clean.ok);
  CHECK(clean.cycles() == kTcuHit + 5 * kDescriptor);
  // A memory that only reads: the first swap ends as a read, then a read and a write; later ones need no
  // trial.
  b.memory.swaps = false;
  b.tables.map(b.root, kVa ^ 0x2000, kPage, young);
  b.tables.map(b.root, kVa ^ 0x3000, kPage, young);
  CHECK(b.latency(kVa ^ 0x2000) == kTcuHit + kDescriptor + 3 * kAccess + 1);
  CHECK(b.latency(kVa ^ 0x3000) == kTcuHit + kDescriptor + 2 * kAccess + 1);
}

TEST_CASE("a block is one TLB entry; each page size in use is a probe of the main TLB") {
  smmu::SmmuConfig c = kConfig;
  c.tbu.utlb_entries = 1;
  Bench b(c);
  constexpr std::uint64_t kBlock = 0x123480000000, kBlockPa = kBase + 0x2000000;
  arch::Stage1Leaf block;
  block.page = false;
  block.address = kBlockPa;
  b.memory.set(b.tables.slot(b.root, kBlock, 2), encode(block));
  b.latency(kVa);
  b.latency(kBlock);
  CHECK(b.latency(kBlock + 0x1FF000) == kMicroHit);
  CHECK(b.devices[0]->records.back().pa == kBlockPa + 0x1FF000);
  CHECK(b.latency(kVa) == kMainHit);  // 4 KB is tried first
  CHECK(b.latency(kBlock + 0x1000) == kMainHit + 1);
  // A miss knows it after two probes. Tables down to level 2 are cached.
  CHECK(b.latency(kSharesLevel2) == kTcuHit + kDescriptor + 1);
}

TEST_CASE("two page sizes at a time: no further cycle") {
  smmu::SmmuConfig c = kConfig;
  c.tbu.utlb_entries = 1;
  c.tbu.tlb_probes = 2;
  Bench b(c);
  constexpr std::uint64_t kBlock = 0x123480000000;
  arch::Stage1Leaf block;
  block.page = false;
  block.address = kBase + 0x2000000;
  b.memory.set(b.tables.slot(b.root, kBlock, 2), encode(block));
  b.latency(kBlock);
  b.latency(kVa);
  CHECK(b.latency(kBlock + 0x1000) == kMainHit);
  CHECK(b.latency(kSharesLevel2) == kTcuHit + kDescriptor);
}

TEST_CASE("16 KB and 64 KB tables: the page is one TLB entry") {
  Bench b;
  const auto [granule, levels] = GENERATE(
      table<arch::Granule, unsigned>({{arch::Granule::k16, 4}, {arch::Granule::k64, 3}}));  // of 48 bits
  CAPTURE(levels);
  constexpr std::uint64_t kVa48 = 0x923456780000;
  const unsigned page_bits = arch::page_shift(granule);
  const std::uint64_t page = std::uint64_t{1} << page_bits;
  const std::uint64_t root = b.tables.take(page), to = b.tables.take(page);
  std::uint64_t table = root;
  for (unsigned level = 4 - levels; level < 4; ++level) {
    const std::uint64_t index = kVa48 >> arch::level_shift(granule, level) & (page / 8 - 1);
    const std::uint64_t next = level < 3 ? b.tables.take(page) : to;
    arch::Stage1Leaf leaf;
    leaf.address = to;
    b.memory.set(table + index * 8, level < 3 ? arch::table_descriptor(next) : encode(leaf));
    table = next;
  }
  arch::Cd cd = SmmuBench::stage1_cd(root);
  cd.half[0].tg = arch::tg0_of(granule);
  b.attach(arch::StreamId{2}, cd);
  const auto latency = [&](std::uint64_t va) {
    DeviceAccess access{va};
    access.stream = arch::StreamId{2};
    BenchDevice::Record& r = b.devices[0]->send(access);
    b.settle();
    REQUIRE(r.ok);
    return r.cycles();
  };
  CHECK(latency(kVa48) == kTcuHit + 2 * kAccess + levels * kDescriptor);  // the configuration is cold
  CHECK(latency(kVa48 + page - 8) == kMicroHit);
}

TEST_CASE("bypass: no walk, and one TLB entry for the stream") {
  Bench b;
  arch::Ste ste;
  ste.config = arch::SteConfig::bypass;
  b.set_ste(arch::StreamId{2}, ste);
  const auto latency = [&](std::uint64_t address) {
    DeviceAccess access{address};
    access.stream = arch::StreamId{2};
    BenchDevice::Record& r = b.devices[0]->send(access);
    b.settle();
    REQUIRE(r.ok);
    CHECK(r.pa == address);
    return r.cycles();
  };
  CHECK(latency(kPage) == kTcuHit - kWalkCache + kAccess);  // the STE is fetched
  CHECK(latency(kPage + 0x500000) == kMicroHit);
}

namespace {

struct NestedBench : SmmuBench {
  Guest guest{*this};
  NestedBench(const smmu::SmmuConfig& c, arch::SteConfig stages) : SmmuBench(c, kMemory) {
    for (const std::uint64_t page : {kPage, kPage + 0x1000}) guest.map(Guest::ipa(page), page);
    for (const std::uint64_t va : {kVa, kSharesLevel2}) guest.map_stage1(va, Guest::ipa(kPage));
    guest.attach(stage1_cd(0), guest.stage2_ste(stages));
    REQUIRE(bring_up());
  }
  Picoseconds latency(std::uint64_t va) {
    BenchDevice::Record& r = devices[0]->send({va});
    settle();
    REQUIRE(r.ok);
    return r.cycles();
  }
  void forget_stage1() {
    arch::Command command = make(arch::Opcode::tlbi_nh_all);
    command.vmid = 1;
    REQUIRE(submit({command, sync()}));
    run(2 * config.tbu.tlb_sets);  // the TBU scans
    settle();
  }
};

}  // namespace

TEST_CASE("nested walks, by which cache knows stage 2") {
  smmu::SmmuConfig c = kConfig;
  c.tcu.ipa_latency = 4;
  enum Known { none, walk_cache, ipa_cache };
  const Known known = GENERATE(none, walk_cache, ipa_cache);
  CAPTURE(known);
  if (known != ipa_cache) c.tcu.ipa_sets = 0;
  if (known == none) c.tcu.pwc.s2_ways = {0, 0, 0, 0};
  NestedBench b(c, arch::SteConfig::both);
  b.latency(kVa);
  b.forget_stage1();
  // Each of four stage-1 tables and the page: a lookup in vain and four stage-2 descriptors, or a lookup.
  const unsigned stage2 = known == ipa_cache    ? c.tcu.ipa_latency
                          : known == walk_cache ? kWalkCache
                                                : kWalkCache + 4 * kDescriptor;
  CHECK(b.latency(kVa) == kTcuHit + 4 * (stage2 + kDescriptor) + stage2);
  // With the stage-1 tables above the leaf cached: the leaf's table, its descriptor, and the page.
  CHECK(b.latency(kSharesLevel2) == kTcuHit + 2 * stage2 + kDescriptor);
}

TEST_CASE("stage 2 only") {
  smmu::SmmuConfig c = kConfig;
  c.tcu.ipa_latency = 4;
  c.tbu.utlb_entries = c.tbu.tlb_sets = c.tbu.tlb_ways = 1;
  NestedBench b(c, arch::SteConfig::stage2);
  const unsigned known = kTcuHit - kWalkCache + c.tcu.ipa_latency;
  CHECK(b.latency(Guest::ipa(kPage)) == known + kWalkCache + kAccess + 4 * kDescriptor);  // and the STE
  CHECK(b.latency(Guest::ipa(kPage)) == kMicroHit);
  CHECK(b.latency(Guest::ipa(kPage + 0x1000)) == known + kWalkCache + kDescriptor);
  CHECK(b.latency(Guest::ipa(kPage)) == known);  // the TLBs hold one page, the IPA cache more
}

TEST_CASE("a stall: record, interrupt, RESUME, answer") {
  Bench b;
  b.latency(kVa);
  b.tables.unmap(b.root, kSharesLevel2);
  BenchDevice::Record& r = b.read_page(kSharesLevel2);

  // The failed walk: up to the TCU, configuration and walk cache hit, one descriptor read.
  const Picoseconds failed = kHop + kConfig.tbu.utlb_latency + kConfig.tbu.tlb_latency +
                             dti(arch::dti::kTransReqBytes) + kConfig.tcu.config_latency + kWalkCache +
                             kDescriptor;
  const Picoseconds visible = b.run_until([&] { return b.events_visible() == 1; });
  CHECK((visible - r.sent) / kCycle == failed + kAccess);
  b.settle();
  const FixedMemory::Access& msi = b.memory.log.back();
  CHECK(msi.address == SmmuBench::kEventMsi);
  CHECK(msi.when == visible + kHop * kCycle);

  b.tables.map(b.root, kSharesLevel2, kPage);
  b.put(SmmuBench::resume(b.next_event(), arch::ResumeAction::retry));
  const Picoseconds written = b.calendar.now();
  b.ring_doorbell();
  b.settle();
  REQUIRE(r.ok);
  // The register write, the command's fetch and its execution a cycle later; then the walk again.
  const Picoseconds executed = kHop + kConfig.tcu.register_latency + kAccess + 1;
  CHECK((r.done - written) / kCycle == executed + kConfig.tcu.config_latency + kWalkCache + kDescriptor +
                                           dti(arch::dti::kTransRespBytes) + kAccess + kHop);
}

TEST_CASE("CMD_SYNC with nothing to wait for") {
  Bench b;
  const Picoseconds written = b.calendar.now();
  const Picoseconds executed = kHop + kConfig.tcu.register_latency + kAccess + 1;
  SECTION("without a signal") {
    b.put(SmmuBench::sync());
    b.ring_doorbell();
    CHECK((b.run_until([&] { return b.consumed(); }) - written) / kCycle == executed);
  }
  SECTION("with an MSI, CONS moves on when it has been written") {
    arch::Command sync = SmmuBench::sync();
    sync.signal = arch::SyncSignal::irq;
    sync.msi_address = SmmuBench::kSyncMsi;
    sync.msi_data = 77;
    b.put(sync);
    b.ring_doorbell();
    CHECK((b.run_until([&] { return b.consumed(); }) - written) / kCycle == executed + kAccess);
    CHECK(b.memory.word(SmmuBench::kSyncMsi) == 77);
    CHECK(b.memory.log.back().when == written + (executed + kHop) * kCycle);
  }
}

TEST_CASE("TLBI and CMD_SYNC with two TBUs") {
  Bench b(kConfig, 2);
  b.put(SmmuBench::tlbi_va(kVa));
  b.put(SmmuBench::sync());
  const Picoseconds written = b.calendar.now();
  b.ring_doorbell();
  const Picoseconds done = b.run_until([&] { return b.consumed(); });
  // TLBI executes; a cycle later the walk cache takes the invalidation, whose three steps (no granule is
  // named, so one for each) hold the SYNC for two more. SYNC_REQ follows INV_REQ on both links at once; each
  // TBU answers on arrival.
  const Picoseconds tlbi = kHop + kConfig.tcu.register_latency + kAccess + 1 + 2;
  CHECK((done - written) / kCycle ==
        tlbi + dti(arch::dti::kInvReqBytes + arch::dti::kShortBytes) + dti(arch::dti::kShortBytes));
}

// --- tightness: n at a time, and the next one waits exactly until one of them is done
// -----------------------------------------------------------------------------------

namespace {

/// Sends `n` reads of pages whose walks share the tables down to level 2, one a cycle.
std::vector<BenchDevice::Record*> burst(Bench& b, unsigned n) {
  std::vector<BenchDevice::Record*> sent;
  for (unsigned i = 0; i < n; ++i) {
    const std::uint64_t va = kVa + (1 + i) * arch::kPageSize;
    b.tables.map(b.root, va, kPage);
    sent.push_back(&b.devices[0]->send_at(b.calendar.now() + (1 + i) * kCycle, {va}));
  }
  b.settle();
  return sent;
}

constexpr unsigned kSlots = 3;
const unsigned kUnloaded = kTcuHit + kDescriptor;
/// A 20-byte message keeps the stream busy for two cycles, so requests follow each other at that distance.
const unsigned kRequestInterval = arch::dti::kTransReqBytes / kConfig.dti.bytes_per_cycle;

}  // namespace

TEST_CASE("DTI: requests are serialised, so a burst of misses spreads") {
  Bench b;
  b.latency(kVa);
  const auto sent = burst(b, 4);
  for (unsigned i = 0; i < 4; ++i) CHECK(sent[i]->cycles() == kUnloaded + i * (kRequestInterval - 1));
}

TEST_CASE("walk slots") {
  smmu::SmmuConfig c = kConfig;
  c.tcu.walk_slots = kSlots;
  Bench b(c);
  b.latency(kVa);
  const auto sent = burst(b, kSlots + 2);
  for (unsigned i = 0; i < kSlots; ++i) CHECK(sent[i]->cycles() == kUnloaded + i * (kRequestInterval - 1));
  // The slot of walk i - kSlots is free a descriptor after it began; walks begin a request interval apart.
  for (unsigned i = kSlots; i < kSlots + 2; ++i) {
    CHECK(sent[i]->done == sent[i - kSlots]->done + kDescriptor * kCycle);
  }
}

TEST_CASE("translation slots of the TCU") {
  smmu::SmmuConfig c = kConfig;
  c.tcu.slots = kSlots;
  Bench b(c);
  b.latency(kVa);
  const auto sent = burst(b, kSlots + 2);
  const unsigned occupied = kConfig.tcu.config_latency + kWalkCache + kDescriptor;
  for (unsigned i = kSlots; i < kSlots + 2; ++i) {
    CHECK(sent[i]->done == sent[i - kSlots]->done + occupied * kCycle);
    // It arrived a request interval after the one before, and waited until the slot was free.
    CHECK(sent[i]->cycles_in(Stage::tcu_queue) == occupied - kSlots * kRequestInterval);
  }
}

TEST_CASE("tokens: the next request leaves when an answer is back") {
  smmu::SmmuConfig c = kConfig;
  c.tbu.tokens = kSlots;
  Bench b(c);
  b.latency(kVa);
  const auto sent = burst(b, kSlots + 2);
  const unsigned round_trip = kUnloaded - kMainHit;
  for (unsigned i = kSlots; i < kSlots + 2; ++i) {
    CHECK(sent[i]->done == sent[i - kSlots]->done + round_trip * kCycle);
  }
}

TEST_CASE("slots of the TBU: a miss waits for one, looks up again, and the lookups behind it stand still") {
  smmu::SmmuConfig c = kConfig;
  c.tbu.slots = kSlots;
  Bench b(c);
  b.latency(kVa);
  const auto sent = burst(b, kSlots + 2);
  const unsigned round_trip = kUnloaded - kMainHit;
  const unsigned again = kConfig.tbu.utlb_latency + kConfig.tbu.tlb_latency;
  for (unsigned i = kSlots; i < kSlots + 2; ++i) {
    CHECK(sent[i]->done == sent[i - kSlots]->done + (again + round_trip) * kCycle);
  }
  CHECK(sent[kSlots]->cycles_in(Stage::tbu_queue) ==
        kHop + (sent[0]->done / kCycle - kAccess - kHop) -
            (sent[kSlots]->sent / kCycle + kMainHit - kAround + kHop));
}

TEST_CASE("configuration slots: who waited finds the cache filled") {
  smmu::SmmuConfig c = kConfig;
  c.tcu.config_slots = 1;
  Bench b(c);
  BenchDevice::Record& first = b.devices[0]->send({kVa});
  BenchDevice::Record& second = b.devices[0]->send_at(b.calendar.now() + kCycle, {kSharesNothing});
  b.settle();
  CHECK(first.cycles_in(Stage::config) == kConfig.tcu.config_latency + 2 * kAccess);
  // It looked up in vain a request interval later, waited for the first one's fetches, and looked up again.
  CHECK(second.cycles_in(Stage::config) ==
        kConfig.tcu.config_latency + 2 * kAccess - kRequestInterval + kConfig.tcu.config_latency);
}

TEST_CASE("stalled transactions: one too many waits, without a slot, until a STAG is free") {
  smmu::SmmuConfig c = kConfig;
  c.features.stall_max = 2;
  Bench b(c);
  b.latency(kVa);
  for (unsigned i = 1; i <= 3; ++i) b.devices[0]->send({kVa + i * arch::kPageSize * 2});
  b.settle();
  CHECK(b.events_visible() == 2);
  CHECK(b.smmu.tcu().stalled() == 2);
  CHECK(b.smmu.tcu().translating() == 0);
  const arch::Event first = b.next_event();
  b.tables.map(b.root, first.input_address.value, kPage);
  const Picoseconds written = b.calendar.now();
  b.put(SmmuBench::resume(first, arch::ResumeAction::retry));
  b.ring_doorbell();
  // The STAG passes on when RESUME executes, and the third record is written.
  const Picoseconds executed = kHop + kConfig.tcu.register_latency + kAccess + 1;
  const Picoseconds visible = b.run_until([&] { return b.events_visible() == 2; });
  CHECK((visible - written) / kCycle == executed + kAccess);
  b.settle();
  CHECK(b.devices[0]->records[1].ok);
  CHECK(b.smmu.tcu().stalled() == 2);
  CHECK(b.smmu.tcu().translating() == 0);
}

// --- control changes, page requests, ATC invalidations, prefetches
// -----------------------------------------------------------------------------------

namespace {

/// From the register write to its execution; a control write takes effect as much later.
const unsigned kWritten = kHop + kConfig.tcu.register_latency;
const unsigned kApplied = kWritten + kConfig.tcu.register_latency;

}  // namespace

TEST_CASE("CR0: queues at once, SMMUEN when the TBUs have confirmed") {
  Bench b(kConfig, 2);
  b.latency(kVa);
  const auto acknowledged = [&](std::uint32_t cr0) {
    std::uint64_t value = cr0;
    const Picoseconds written = b.calendar.now();
    b.write(arch::reg::kCr0, cr0);
    return (b.run_until([&] { return b.smmu.registers().acknowledged() == value; }) - written) / kCycle;
  };
  const std::uint32_t off = Bench::kAllOn & ~arch::cr0::kSmmuEn;
  CHECK(acknowledged(Bench::kAllOn & ~arch::cr0::kPriqEn) == kApplied);
  CHECK(acknowledged(Bench::kAllOn) == kApplied);
  // Off: the TBUs forget everything, and say so. On again: they hold nothing, and say so.
  CHECK(acknowledged(off) ==
        kApplied + dti(arch::dti::kInvReqBytes + arch::dti::kShortBytes) + dti(arch::dti::kShortBytes));
  CHECK(acknowledged(Bench::kAllOn) == kApplied + 2 * dti(arch::dti::kShortBytes));
}

TEST_CASE("page requests: queued, refused, answered after an overflow") {
  Bench b;
  RootPort port(b);
  arch::Ste ste;
  ste.config = arch::SteConfig::bypass;
  ste.ppar = true;
  b.set_ste(kFunction, ste);
  const unsigned arrives = dti(arch::dti::kPageReqBytes), back = dti(arch::dti::kPageRespBytes);
  const Picoseconds sent = b.calendar.now();
  port.page_request(kVa, 1, false);
  const auto written = [&] { return b.smmu.tcu().page_requests.prod() == 1; };
  CHECK((b.run_until(written) - sent) / kCycle == arrives + kAccess);

  const auto answered = [&] {
    const Picoseconds asked = b.calendar.now();
    const std::size_t before = port.when.size();
    port.page_request(kVa, 2, true);
    b.settle();
    REQUIRE(port.when.size() == before + 1);
    return (port.when.back() - asked) / kCycle;
  };
  for (unsigned i = 1; i < 1u << Bench::kLog2Queue; ++i) port.page_request(kVa, 1, false);
  b.settle();
  const unsigned config = kConfig.tcu.config_latency;
  CHECK(answered() == arrives + config + kAccess + back);  // the STE from memory
  CHECK(answered() == arrives + config + back);            // and from the configuration cache
  REQUIRE(b.write_acknowledged(arch::reg::kCr0, arch::reg::kCr0Ack, Bench::kAllOn & ~arch::cr0::kPriqEn));
  b.settle();
  CHECK(answered() == arrives + back);
}

TEST_CASE("ATS: a translation, and the shorter answer that there is none") {
  Bench b;
  RootPort port(b);
  arch::Ste ste;
  ste.eats = arch::Eats::full;
  b.attach(kFunction, Bench::stage1_cd(b.root), ste);
  const auto answered = [&](std::uint64_t va) {
    const Picoseconds asked = b.calendar.now();
    port.translation_request(va, false);
    b.settle();
    return (port.when.back() - asked) / kCycle;
  };
  answered(kVa);
  const unsigned tcu = kConfig.tcu.config_latency + kWalkCache + kDescriptor;
  CHECK(answered(kSharesLevel2) == dti(20) + tcu + dti(20));
  CHECK(port.received.back().ats.grants());
  const std::uint64_t missing = kVa + 2 * arch::kPageSize;
  CHECK(answered(missing) == dti(20) + tcu + dti(4));
  CHECK_FALSE(port.received.back().ats.grants());
}

TEST_CASE("an ATC invalidation that nobody answers, to the microsecond") {
  smmu::SmmuConfig c = kConfig;
  c.tcu.atc_timeout = 2;
  Bench b(c);
  RootPort port(b);
  arch::Command invalidate = Bench::make(arch::Opcode::atc_inv);
  invalidate.stream = kFunction;
  b.put(invalidate);
  b.put(Bench::sync());
  const Picoseconds written = b.calendar.now();
  b.ring_doorbell();
  const Picoseconds failed = b.run_until(
      [&] { return arch::cmdq_cons::error(b.smmu.tcu().commands.cons()) != arch::CommandError::none; });
  // Given up at the edge after the timeout; what the devices sent before is still waited for.
  CHECK((failed - written) / kCycle == kWritten + kAccess + 1 + 2000 + 1 + 2 * dti(arch::dti::kShortBytes));
}

TEST_CASE("an ATC invalidation without an ITag: given up as late as one without an answer") {
  smmu::SmmuConfig c = kConfig;
  c.tcu.atc_timeout = 2;
  Bench b(c);
  RootPort port(b);
  arch::Command invalidate = Bench::make(arch::Opcode::atc_inv);
  invalidate.stream = kFunction;
  for (unsigned i = 0; i < 32; ++i) REQUIRE(b.submit({invalidate}));
  b.run(3000);  // all given up
  b.put(invalidate);
  b.put(Bench::sync());
  const Picoseconds waits = b.calendar.now() + (kWritten + kAccess + 1) * kCycle;
  b.ring_doorbell();
  const Picoseconds failed = b.run_until(
      [&] { return arch::cmdq_cons::error(b.smmu.tcu().commands.cons()) != arch::CommandError::none; });
  // CMD_SYNC executes a cycle after the ATC_INV has been given up.
  CHECK((failed - waits) / kCycle == 2000 + 1 + 1 + 2 * dti(arch::dti::kShortBytes));
  CHECK(port.received.size() == 32 + 1);  // and the SYNC_REQ
}

TEST_CASE("invalidation tokens: the next command waits until every TBU has a place") {
  smmu::SmmuConfig c = kConfig;
  c.dti.invalidation_tokens = 1;
  Bench b(c, 2);
  std::vector<Picoseconds> executed;
  b.smmu.tcu().on_invalidate = [&](const arch::Command&) { executed.push_back(b.calendar.now() / kCycle); };
  const Picoseconds written = b.calendar.now() / kCycle;
  const bool scans = GENERATE(false, true);
  CAPTURE(scans);
  for (unsigned i = 0; i < 3; ++i)
    b.put(scans ? Bench::make(arch::Opcode::tlbi_nsnh_all) : Bench::tlbi_va(kVa));
  b.ring_doorbell();
  b.settle();
  REQUIRE(executed.size() == 3);
  CHECK(executed[0] - written == kWritten + kAccess + 1);
  // INV_REQ is there, its search begins at once, INV_ACK is back.
  const unsigned round_trip = dti(16) + dti(1);
  CHECK(executed[1] - executed[0] == round_trip);
  // The search for one page is over long before the next INV_REQ comes; a scan takes a cycle a set, and the
  // second INV_REQ keeps its place until the first one's is over.
  CHECK(executed[2] - executed[0] == (scans ? dti(16) + kConfig.tbu.tlb_sets + dti(1) : 2 * round_trip));
  CHECK(b.counter("invalidation_token_stalls") == 2);
  CHECK(b.smmu.quiet());
}

TEST_CASE("invalidation tokens: of a root port") {
  smmu::SmmuConfig c = kConfig;
  c.dti.invalidation_tokens = 2;
  Bench b(c);
  RootPort port(b);
  std::vector<Picoseconds> executed;
  b.smmu.tcu().on_invalidate = [&](const arch::Command&) { executed.push_back(b.calendar.now() / kCycle); };
  arch::Command invalidate = Bench::make(arch::Opcode::atc_inv);
  invalidate.stream = kFunction;
  for (unsigned i = 0; i < 4; ++i) b.put(invalidate);
  b.ring_doorbell();
  b.run(200);
  REQUIRE(executed.size() == 4);
  CHECK(executed[1] - executed[0] == 1);
  CHECK(executed[2] - executed[0] == dti(16) + dti(1));
  // The second INV_REQ is behind the first on the stream: 32 bytes in four cycles.
  CHECK(executed[3] - executed[1] ==
        2 * 16 / kConfig.dti.bytes_per_cycle + 1 + kConfig.dti.flight + dti(1) - 1);
  for (std::uint16_t itag = 0; itag < 4; ++itag) port.complete_invalidation(itag);
  b.settle();
  CHECK(b.smmu.quiet());
}

TEST_CASE("a stall that waited for room in the queue, retried after an invalidation") {
  Bench b;
  b.latency(kVa);
  constexpr unsigned kPlaces = 1u << Bench::kLog2Queue;
  for (unsigned i = 1; i <= kPlaces + 1; ++i) {
    b.devices[0]->send({kVa + i * 2 * arch::kPageSize});
    b.settle();
  }
  BenchDevice::Record& last = b.devices[0]->records.back();
  b.tables.map(b.root, last.access.va, kPage);
  REQUIRE(b.submit({Bench::tlbi_va(last.access.va), Bench::sync()}));
  b.settle();
  b.next_event();
  const Picoseconds written = b.calendar.now();
  b.acknowledge_events();
  b.settle();
  REQUIRE(last.ok);
  // The tables of kVa's pages are in the walk cache, the invalidated path is not.
  CHECK((last.done - written) / kCycle == kWritten + kConfig.tcu.config_latency + kWalkCache +
                                              4 * kDescriptor + dti(arch::dti::kTransRespBytes) + kAccess +
                                              kHop);
}

TEST_CASE("a prefetched page is walked at once if there is nothing else to do") {
  Bench b;
  b.latency(kVa);
  arch::Command prefetch = Bench::make(arch::Opcode::prefetch_addr);
  prefetch.stream = arch::StreamId{1};
  prefetch.address = kSharesLevel1;
  b.put(prefetch);
  const Picoseconds written = b.calendar.now();
  b.ring_doorbell();
  b.settle();
  const Picoseconds executed = kWritten + kAccess + 1;
  const Picoseconds walk = executed + kConfig.tcu.config_latency + kWalkCache + kHop;
  const std::size_t n = b.memory.log.size();
  CHECK((b.memory.log[n - 2].when - written) / kCycle == walk);
  CHECK((b.memory.log[n - 1].when - written) / kCycle == walk + kDescriptor);
  CHECK(b.latency(kSharesLevel1) == kTcuHit);
}
