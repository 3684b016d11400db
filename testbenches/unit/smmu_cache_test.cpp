// The TCU's caches: what they hit, what each command removes, and that a walk which an invalidation overtook
// puts nothing back.
#include <catch2/catch.hpp>

#include "models/smmu/config_cache.hpp"
#include "models/smmu/ipa_cache.hpp"
#include "testbenches/unit/smmu_guest.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

constexpr std::uint64_t kVa = 0x123456789000, kPage = kBase + 0x3000000;

arch::Command tlbi(arch::Opcode opcode, std::uint16_t vmid = 1, std::uint64_t address = 0) {
  arch::Command c = SmmuBench::make(opcode);
  c.vmid = vmid;
  c.address = address;
  return c;
}

/// Descriptor reads of a cold nested walk: stage 2 of the CD (which has no walk cache) and of the first
/// table; the leaves of the three other tables, which share the tables above; of the page, which shares
/// levels 0 and 1; and four of stage 1.
constexpr unsigned kColdReads = 4 + 4 + 3 * 1 + 2 + 4;

/// A stream through both stages, with a page mapped.
struct Nested : SmmuBench {
  Guest guest{*this};
  explicit Nested(const smmu::SmmuConfig& c = {}, unsigned memory_latency = 10)
      : SmmuBench(c, memory_latency) {
    guest.map(Guest::ipa(kPage), kPage);
    guest.map_stage1(kVa, Guest::ipa(kPage));
    guest.attach(stage1_cd(0), guest.stage2_ste(arch::SteConfig::both));
    REQUIRE(bring_up());
  }
  BenchDevice::Record& access(std::uint64_t va) {
    BenchDevice::Record& r = devices[0]->send({va});
    settle();
    return r;
  }
  /// Descriptor reads since the last call.
  std::size_t reads() {
    const auto n = static_cast<std::size_t>(
        std::count_if(memory.log.begin() + static_cast<std::ptrdiff_t>(seen), memory.log.end(),
                      [](const FixedMemory::Access& a) { return a.port == 0 && !a.write && a.bytes == 8; }));
    seen = memory.log.size();
    return n;
  }
  std::size_t seen = 0;
  /// Takes everything of stage 1 away, so that the next access walks again, through stage 2.
  void forget_stage1() {
    REQUIRE(submit({tlbi(arch::Opcode::tlbi_nh_all), sync()}));
    settle();
    reads();
  }
};

}  // namespace

TEST_CASE("IPA cache: exact by VMID, address, range and size") {
  smmu::Context context;
  const auto leaf = [](std::uint16_t vmid, std::uint64_t ipa, unsigned level) {
    arch::Stage2Entry e;
    e.vmid = vmid;
    e.level = static_cast<std::uint8_t>(level);
    e.log2_size = static_cast<std::uint8_t>(arch::level_shift(arch::Granule::k4, level));
    e.ipa = arch::Ipa(ipa);
    e.descriptor = ipa | level;
    return e;
  };
  constexpr std::uint64_t kMega = 0x40000000;  // a 2 MB leaf there
  const auto filled = [&] {
    smmu::IpaCache cache(16, 4);
    cache.insert(leaf(1, 0x1000, 3));
    cache.insert(leaf(1, 0x2000, 3));
    cache.insert(leaf(2, 0x1000, 3));
    cache.insert(leaf(1, kMega, 2));
    return cache;
  };
  const auto held = [](smmu::IpaCache& cache) {
    std::string s;
    s += cache.lookup(1, arch::Ipa(0x1FFF)) != nullptr ? 'a' : '.';
    s += cache.lookup(1, arch::Ipa(0x2000)) != nullptr ? 'b' : '.';
    s += cache.lookup(2, arch::Ipa(0x1000)) != nullptr ? 'c' : '.';
    s += cache.lookup(1, arch::Ipa(kMega + 0x1FFFFF)) != nullptr ? 'd' : '.';
    return s;
  };
  const auto after = [&](const arch::Command& command) {
    smmu::IpaCache cache = filled();
    cache.invalidate(command, context);
    return held(cache);
  };
  using arch::Opcode;
  smmu::IpaCache all = filled();
  CHECK(held(all) == "abcd");
  CHECK(all.sizes_in_use() == 2);
  CHECK(all.lookup(1, arch::Ipa(kMega + 0x200000)) == nullptr);
  CHECK(all.lookup(3, arch::Ipa(0x1000)) == nullptr);
  CHECK(all.lookup(1, arch::Ipa(kMega + 5))->level == 2);
  CHECK(after(tlbi(Opcode::tlbi_s2_ipa, 1, 0x1000)) == ".bcd");
  CHECK(after(tlbi(Opcode::tlbi_s2_ipa, 2, 0x1000)) == "ab.d");
  CHECK(after(tlbi(Opcode::tlbi_s2_ipa, 1, kMega + 0x123000)) == "abc.");
  arch::Command hinted = tlbi(Opcode::tlbi_s2_ipa, 1, kMega);
  hinted.tg = 1, hinted.ttl = 2;  // only leaves of level 2
  CHECK(after(hinted) == "abc.");
  hinted.ttl = 3;
  CHECK(after(hinted) == "abcd");
  arch::Command range = tlbi(Opcode::tlbi_s2_ipa, 1, 0x1000);
  range.tg = 1, range.num = 1;  // two pages
  CHECK(after(range) == "..cd");
  CHECK(after(tlbi(Opcode::tlbi_s12_vmall)) == "..c.");
  CHECK(after(tlbi(Opcode::tlbi_nsnh_all)) == "....");
  for (const Opcode op : {Opcode::tlbi_nh_all, Opcode::tlbi_nh_asid, Opcode::tlbi_nh_va, Opcode::tlbi_nh_vaa,
                          Opcode::tlbi_el2_all, Opcode::cfgi_ste, Opcode::cfgi_cd_all}) {
    CAPTURE(arch::name(op));
    CHECK(after(tlbi(op, 1, 0x1000)) == "abcd");
  }
}

TEST_CASE("IPA cache: the least recently used leaf of a set goes; 0 sets keep nothing") {
  arch::Stage2Entry e;
  smmu::IpaCache cache(1, 2);
  for (const std::uint64_t ipa : {0x1000, 0x2000}) {
    e.ipa = arch::Ipa(ipa);
    cache.insert(e);
  }
  CHECK(cache.lookup(0, arch::Ipa(0x1000)) != nullptr);
  e.ipa = arch::Ipa(0x3000);
  cache.insert(e);
  CHECK(cache.lookup(0, arch::Ipa(0x2000)) == nullptr);
  CHECK(cache.lookup(0, arch::Ipa(0x1000)) != nullptr);
  smmu::IpaCache off(0, 2);
  off.insert(e);
  CHECK_FALSE(off.enabled());
}

TEST_CASE("nested walk: every table's IPA and the page's is translated once") {
  Nested b;
  CHECK(b.access(kVa).pa == kPage);
  CHECK(b.reads() == kColdReads);
  b.forget_stage1();
  CHECK(b.access(kVa).pa == kPage);
  CHECK(b.reads() == 4);  // stage-1 descriptors only
  CHECK(b.submit({tlbi(arch::Opcode::tlbi_s2_ipa, 1, Guest::ipa(kPage)), SmmuBench::sync()}));
  b.forget_stage1();
  CHECK(b.access(kVa).pa == kPage);
  CHECK(b.reads() == 4 + 4);  // and the page's walk: Leaf = 0 takes the tables above it out of the walk cache
}

TEST_CASE("nested walk: a stage-2 mapping taken away faults after its TLBI, from whatever cache") {
  Nested b;
  b.access(kVa);
  b.memory.set(b.guest.stage2_slot(Guest::ipa(kPage)), 0);
  REQUIRE(b.submit({tlbi(arch::Opcode::tlbi_s2_ipa, 1, Guest::ipa(kPage)), tlbi(arch::Opcode::tlbi_nh_all),
                    SmmuBench::sync()}));
  b.access(kVa);
  REQUIRE(b.events_visible() == 1);
  const arch::Event event = b.next_event();
  CHECK(event.id == arch::EventId::f_translation);
  CHECK(event.stage2);
  CHECK(event.address == Guest::ipa(kPage));
}

// --- the race: what was read before an invalidation must not be kept after it
// ----------------------------------------------------------------------------------------------

namespace {

constexpr unsigned kSlow = 100;  ///< memory latency: all else is short against it

/// Sends an access. When the read of `before`, the last one before `raced`, is in memory, the command goes
/// out; while `raced` is on its way back software has changed it (`change`) and the command is executed.
void overtake(SmmuBench& b, const arch::Command& command, std::uint64_t before, std::uint64_t raced,
              const std::function<void()>& change) {
  b.memory.log.clear();
  BenchDevice::Record& r = b.devices[0]->send({kVa});
  const auto in_memory = [&](std::uint64_t address) {
    return b.run_until([&, address] {
      return std::any_of(b.memory.log.begin(), b.memory.log.end(),
                         [&](const FixedMemory::Access& a) { return a.port == 0 && a.address == address; });
    });
  };
  REQUIRE(in_memory(before) != 0);
  b.put(command);
  b.put(SmmuBench::sync());
  b.ring_doorbell();
  const Picoseconds read = in_memory(raced);
  REQUIRE(read != 0);
  change();
  const auto executed = [&] { return (b.smmu.tcu().commands.cons() & 7) != (b.commands_made + 8 - 2) % 8; };
  REQUIRE(b.run_until(executed) < read + kSlow * kCycle);
  REQUIRE(r.done == 0);
  b.settle();
  CHECK(r.ok);
  CHECK(r.pa == kPage);  // it was translated before
  CHECK(b.consumed());
}

}  // namespace

TEST_CASE("IPA cache: a walk that a TLBI overtook puts nothing back") {
  Nested b({}, kSlow);
  b.access(kVa);
  const std::uint64_t slot = b.guest.stage2_slot(Guest::ipa(kPage));
  REQUIRE(b.submit({tlbi(arch::Opcode::tlbi_s12_vmall), SmmuBench::sync()}));
  b.settle();
  overtake(b, tlbi(arch::Opcode::tlbi_s12_vmall), b.tables.slot(b.guest.stage2_root, Guest::ipa(kPage), 2),
           slot, [&] { b.guest.map(Guest::ipa(kPage), kPage + 0x1000); });
  CHECK(b.access(kVa).pa == kPage + 0x1000);
}

TEST_CASE("configuration cache: a fetch that a CFGI overtook is not kept") {
  SmmuBench b({}, kSlow);
  const std::uint64_t root = b.tables.make_root(), other = b.tables.make_root();
  b.tables.map(root, kVa, kPage);
  b.tables.map(other, kVa, kPage + 0x1000);
  const std::uint64_t cd = b.attach(arch::StreamId{1}, SmmuBench::stage1_cd(root));
  REQUIRE(b.bring_up());
  arch::Command command = SmmuBench::make(arch::Opcode::cfgi_cd);
  command.stream = arch::StreamId{1};
  overtake(b, command, SmmuBench::kStreams + 64, cd,
           [&] { b.tables.write(cd, encode(SmmuBench::stage1_cd(other, 2))); });
  BenchDevice::Record& r = b.devices[0]->send({kVa});
  b.settle();
  CHECK(r.pa == kPage + 0x1000);
}

TEST_CASE("walk cache and TLBs: a walk that a TLBI overtook is not kept") {
  SmmuBench b({}, kSlow);
  const std::uint64_t root = b.attach();
  b.tables.map(root, kVa, kPage);
  REQUIRE(b.bring_up());
  overtake(b, SmmuBench::tlbi_va(kVa), b.tables.slot(root, kVa, 2), b.tables.slot(root, kVa),
           [&] { b.tables.map(root, kVa, kPage + 0x1000); });
  BenchDevice::Record& r = b.devices[0]->send({kVa});
  b.settle();
  CHECK(r.pa == kPage + 0x1000);
}

// --- configuration cache
// ----------------------------------------------------------------------------------------------

TEST_CASE("configuration cache: what each CFGI removes") {
  using arch::Opcode;
  const auto after = [](Opcode opcode, std::uint32_t stream, std::uint32_t substream,
                        std::uint8_t range = 0) {
    smmu::ConfigCache cache(8, 4);
    for (const std::uint32_t s : {4u, 5u, 8u}) {
      cache.insert(arch::StreamId{s}, arch::Ste{});
      for (const std::uint32_t cd : {0u, 3u}) cache.insert(arch::StreamId{s}, cd, arch::Cd{});
    }
    arch::Command command = SmmuBench::make(opcode);
    command.stream = arch::StreamId{stream};
    command.substream = {true, substream};
    command.range = range;
    cache.invalidate(command);
    std::string held;  // per stream: STE, CD 0, CD 3
    for (const std::uint32_t s : {4u, 5u, 8u}) {
      held += cache.ste(arch::StreamId{s}) != nullptr ? 'S' : '.';
      for (const std::uint32_t cd : {0u, 3u}) held += cache.cd(arch::StreamId{s}, cd) != nullptr ? 'C' : '.';
      held += ' ';
    }
    return held;
  };
  CHECK(after(Opcode::cfgi_ste, 5, 0) == "SCC ... SCC ");
  CHECK(after(Opcode::cfgi_ste, 6, 0) == "SCC SCC SCC ");
  CHECK(after(Opcode::cfgi_ste_range, 5, 0, 0) == "... ... SCC ");  // streams 4 and 5
  CHECK(after(Opcode::cfgi_ste_range, 0, 0, arch::kCfgiAllRange) == "... ... ... ");
  CHECK(after(Opcode::cfgi_cd, 5, 3) == "SCC SC. SCC ");
  CHECK(after(Opcode::cfgi_cd, 5, 0) == "SCC S.C SCC ");
  CHECK(after(Opcode::cfgi_cd_all, 5, 0) == "SCC S.. SCC ");
  CHECK(after(Opcode::tlbi_nsnh_all, 5, 0) == "SCC SCC SCC ");
}

TEST_CASE("an invalid STE is kept until its CFGI; a fetch that aborted is not kept") {
  SmmuBench b;
  const std::uint64_t root = b.tables.make_root();
  b.tables.map(root, kVa, kPage);
  REQUIRE(b.bring_up());
  const auto access = [&] {
    BenchDevice::Record& r = b.devices[0]->send({kVa});
    b.settle();
    return r.ok;
  };
  const auto last_event = [&] {
    arch::Event event;
    while (b.events_visible() != 0) event = b.next_event();
    b.acknowledge_events();
    return event.id;
  };
  SECTION("negative caching") {
    CHECK_FALSE(access());
    CHECK(last_event() == arch::EventId::c_bad_ste);
    b.attach(arch::StreamId{1}, SmmuBench::stage1_cd(root));
    CHECK_FALSE(access());  // the invalid one is still cached
    CHECK(last_event() == arch::EventId::c_bad_ste);
    arch::Command command = SmmuBench::make(arch::Opcode::cfgi_ste);
    command.stream = arch::StreamId{1};
    REQUIRE(b.submit({command, SmmuBench::sync()}));
    CHECK(access());
  }
  SECTION("aborted fetch") {
    b.attach(arch::StreamId{1}, SmmuBench::stage1_cd(root));
    b.memory.aborting.insert(SmmuBench::kStreams + 64);
    CHECK_FALSE(access());
    CHECK(last_event() == arch::EventId::f_ste_fetch);
    b.memory.aborting.clear();
    CHECK(access());
  }
}

TEST_CASE("unlimited slots, tokens and queues: nothing waits, and the peaks tell what was needed") {
  smmu::SmmuConfig c;
  c.tbu.input_queue = c.tbu.slots = c.tbu.tokens = 0;
  c.tcu.slots = c.tcu.config_slots = c.tcu.walk_slots = 0;
  SmmuBench b(c, 2000);
  const std::uint64_t root = b.attach();
  constexpr unsigned kPages = 200;
  for (unsigned i = 0; i < kPages; ++i) b.tables.map(root, kVa + i * 0x1000, kPage + i * 0x1000);
  REQUIRE(b.bring_up());
  for (unsigned i = 0; i < kPages; ++i) b.devices[0]->send({kVa + i * 0x1000});
  b.settle();
  for (const BenchDevice::Record& r : b.devices[0]->records) CHECK(r.ok);
  std::map<std::string, std::uint64_t> count;
  b.smmu.tbu(0).counters([&](const char* name, std::uint64_t value) { count[name] = value; });
  CHECK(count["slots_peak"] == kPages);
  CHECK(count["tokens_peak"] == kPages);
  b.smmu.tcu().counters([&](const char* name, std::uint64_t value) { count[name] = value; });
  CHECK(count["slots_peak"] == kPages);
  CHECK(count["walk_slots_peak"] == kPages);
}

TEST_CASE("counters of the architecture's performance-monitor events") {
  Nested b;
  b.access(kVa);
  b.access(kVa + 8);
  std::map<std::string, std::uint64_t> count;
  const auto take = [&](const char* name, std::uint64_t value) { count[name] = value; };
  b.smmu.tbu(0).counters(take);
  b.smmu.tcu().counters(take);
  CHECK(count["transaction"] == 2);
  CHECK(count["tlb_miss"] == 1);
  CHECK(count["config_cache_miss"] == 1);
  CHECK(count["config_struct_access"] == 2);  // STE and CD
  CHECK(count["trans_table_walk_access"] == kColdReads);
  CHECK(count["pcie_ats_trans_rq"] == 0);
  CHECK(count["pcie_ats_trans_passed"] == 0);
}
