// Hardware update of translation tables (SMMUv3, HTTU) in the timed SMMU: access flag and dirty state at both
// stages, as compare-and-swaps in memory, by memories that know them and by plain ones.
#include <catch2/catch.hpp>

#include "testbenches/unit/smmu_guest.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

constexpr std::uint64_t kVa = 0x123456789000, kPage = kBase + 0x3000000;
constexpr std::uint64_t kAf = arch::Descriptor::kAccessFlag, kReadOnly = arch::Descriptor::kReadOnly,
                        kStage2Write = arch::Descriptor::kStage2Write;

arch::Stage1Leaf young_leaf(bool writable = false) {
  arch::Stage1Leaf leaf;
  leaf.young = false;
  leaf.writable = writable;
  leaf.dirty_modifier = true;
  return leaf;
}

/// A stream whose CD enables both updates.
struct Bench : SmmuBench {
  std::uint64_t root = tables.make_root();
  explicit Bench(bool memory_swaps = true, const smmu::SmmuConfig& c = {}) : SmmuBench(c) {
    memory.swaps = memory_swaps;
    arch::Cd cd = stage1_cd(root);
    cd.ha = cd.hd = true;
    attach(arch::StreamId{1}, cd);
    REQUIRE(bring_up());
  }
  std::uint64_t descriptor(std::uint64_t va = kVa) { return memory.word(tables.slot(root, va)); }
  BenchDevice::Record& access(std::uint64_t va, bool write) {
    BenchDevice::Record& r = devices[0]->send({va, write});
    settle();
    return r;
  }
  std::uint64_t writes_to(std::uint64_t address) const {
    return static_cast<std::uint64_t>(std::count_if(
        memory.log.begin(), memory.log.end(),
        [&](const FixedMemory::Access& a) { return a.address == address && (a.write || a.swapped); }));
  }
};

}  // namespace

TEST_CASE("a read sets the access flag, a write makes the page dirty") {
  const bool memory_swaps = GENERATE(true, false);
  CAPTURE(memory_swaps);
  Bench b(memory_swaps);
  b.tables.map(b.root, kVa, kPage, young_leaf());
  const std::uint64_t before = b.descriptor();
  CHECK(b.access(kVa, false).ok);
  CHECK(b.descriptor() == (before | kAf));
  CHECK(b.access(kVa, false).ok);
  CHECK(b.writes_to(b.tables.slot(b.root, kVa)) == 1);  // the translation is kept
  CHECK(b.access(kVa, true).ok);                        // no permission in the TLBs: the TCU makes it dirty
  CHECK(b.descriptor() == ((before | kAf) & ~kReadOnly));
  CHECK(b.writes_to(b.tables.slot(b.root, kVa)) == 2);
  CHECK(b.events_visible() == 0);
}

TEST_CASE("one update does both for a write to a young page") {
  Bench b;
  b.tables.map(b.root, kVa, kPage, young_leaf());
  const std::uint64_t before = b.descriptor();
  CHECK(b.access(kVa, true).ok);
  CHECK(b.descriptor() == ((before | kAf) & ~kReadOnly));
  CHECK(b.writes_to(b.tables.slot(b.root, kVa)) == 1);
}

TEST_CASE("what may not be updated faults as without HTTU, and the descriptor stays") {
  Bench b;
  arch::Stage1Leaf leaf = young_leaf();
  leaf.dirty_modifier = false;
  b.tables.map(b.root, kVa, kPage, leaf);
  const std::uint64_t before = b.descriptor();
  b.access(kVa, true);
  REQUIRE(b.events_visible() == 1);
  CHECK(b.next_event().id == arch::EventId::f_permission);
  CHECK(b.descriptor() == before);
}

TEST_CASE("an update that aborts is an external abort of the walk") {
  Bench b;
  b.tables.map(b.root, kVa, kPage, young_leaf());
  b.access(kVa ^ 0x200000, false);  // a translation fault; the upper tables are cached now
  const std::uint64_t slot = b.tables.slot(b.root, kVa);
  BenchDevice::Record& r = b.devices[0]->send({kVa});
  const auto reads = [&] {
    return std::count_if(b.memory.log.begin(), b.memory.log.end(),
                         [&](const FixedMemory::Access& a) { return a.address == slot; });
  };
  REQUIRE(b.run_until([&] { return reads() == 1; }) != 0);
  b.memory.aborting.insert(slot & ~std::uint64_t{63});
  b.settle();
  CHECK_FALSE(r.ok);
  arch::Event event;
  while (b.events_visible() != 0) event = b.next_event();
  CHECK(event.id == arch::EventId::f_walk_eabt);
  CHECK(event.address == slot);
}

TEST_CASE("software that changes the descriptor between read and update wins") {
  const bool memory_swaps = GENERATE(true, false);
  CAPTURE(memory_swaps);
  Bench b(memory_swaps);
  b.tables.map(b.root, kVa, kPage, young_leaf());
  const std::uint64_t slot = b.tables.slot(b.root, kVa);
  BenchDevice::Record& r = b.devices[0]->send({kVa});
  const auto read = [&] { return !b.memory.log.empty() && b.memory.log.back().address == slot; };
  REQUIRE(b.run_until(read) != 0);
  const std::uint64_t other = kPage + arch::kPageSize;
  b.tables.map(b.root, kVa, other, young_leaf());
  b.settle();
  CHECK(r.ok);
  CHECK(r.pa == other);
  CHECK((b.descriptor() & kAf) != 0);
  CHECK((b.descriptor() & 0xFFFFFFFFF000) == other);
}

TEST_CASE("updates of one descriptor by many walks at once lose nothing") {
  const bool memory_swaps = GENERATE(true, false);
  CAPTURE(memory_swaps);
  Bench b(memory_swaps);
  // The same page, reached as read and as write, privileged or not: walks that are not merged.
  b.tables.map(b.root, kVa, kPage, young_leaf());
  for (unsigned i = 0; i < 4; ++i) {
    DeviceAccess access{kVa, (i & 1) == 0};
    access.privileged = (i & 2) != 0;
    b.devices[0]->send(access);
  }
  b.settle();
  for (const BenchDevice::Record& r : b.devices[0]->records) CHECK(r.ok);
  CHECK((b.descriptor() & kAf) != 0);
  CHECK((b.descriptor() & kReadOnly) == 0);
}

TEST_CASE("stage 2 updates: of the table, of its own update, and of the page; on the way to the CD only AF") {
  const bool memory_swaps = GENERATE(true, false);
  CAPTURE(memory_swaps);
  SmmuBench b;
  b.memory.swaps = memory_swaps;
  arch::Stage2Leaf clean;
  clean.young = clean.writable = false;
  clean.dirty_modifier = true;
  Guest guest(b, clean);
  const std::uint64_t page_ipa = Guest::ipa(kPage);
  guest.map(page_ipa, kPage);
  guest.map_stage1(kVa, page_ipa, young_leaf());
  arch::Cd cd = SmmuBench::stage1_cd(0);
  cd.ha = cd.hd = true;
  arch::Ste ste = guest.stage2_ste(arch::SteConfig::both);
  ste.s2_ha = ste.s2_hd = true;
  guest.attach(cd, ste);
  REQUIRE(b.bring_up());

  BenchDevice::Record& r = b.devices[0]->send({kVa, true});
  b.settle();
  REQUIRE(r.ok);
  CHECK(r.pa == kPage);
  const auto state = [&](std::uint64_t pa) {
    return guest.stage2_word(Guest::ipa(pa)) & (kAf | kStage2Write);
  };
  CHECK(state(guest.cd) == kAf);
  for (unsigned level = 0; level < 3; ++level) CHECK(state(guest.slot(kVa, level)) == kAf);
  CHECK(state(guest.slot(kVa)) == (kAf | kStage2Write));  // the leaf's update is a write to its table
  CHECK(state(kPage) == (kAf | kStage2Write));
  CHECK((b.memory.word(guest.slot(kVa)) & (kAf | kReadOnly)) == kAf);
}
