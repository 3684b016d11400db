// Random tables and accesses. Every translation and every fault must be what the reference translator, which
// has no caches and no time, says; and when things happen must not depend on the order in which blocks are
// evaluated.
#include <catch2/catch.hpp>
#include <random>

#include "models/arch/reference.hpp"
#include "testbenches/tight_smmu.hpp"
#include "testbenches/unit/smmu_bench.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

using Random = std::mt19937;

bool chance(Random& random, unsigned percent) { return random() % 100 < percent; }

constexpr unsigned kStreams = 8;  ///< 1..5 stage 1 with all fault models, 6 bypass, 7 abort, 0 and 8 invalid
constexpr std::uint64_t kData = kBase + 0x2000000;

/// Few distinct addresses, so that accesses meet in TLBs and slots.
std::uint64_t random_va(Random& random) {
  static constexpr std::uint64_t kRegions[] = {0, 0x200000, 0x40000000, 0x8000000000, 0xFFFFFFFFF000};
  const std::uint64_t va = kRegions[random() % 5] + random() % 6 * arch::kPageSize + random() % 500 * 8;
  return chance(random, 2) ? va | std::uint64_t{1} << 52 : va;
}

/// Never global: a global page belongs to every address space.
arch::Stage1Leaf random_leaf(Random& random) {
  arch::Stage1Leaf leaf;
  leaf.writable = chance(random, 70);
  leaf.user = chance(random, 80);
  leaf.young = chance(random, 90);
  leaf.executable = chance(random, 30);
  return leaf;
}

void random_tables(SmmuBench& b, Random& random, bool stall) {
  for (unsigned stream = 1; stream <= 5; ++stream) {
    const std::uint64_t root = b.tables.make_root();
    for (unsigned i = 0; i < 20; ++i) {
      b.tables.map(root, random_va(random) & 0xFFFFFFFFF000, kData + random() % 64 * arch::kPageSize,
                   random_leaf(random));
    }
    arch::Stage1Leaf block = random_leaf(random);
    block.page = false;
    block.address = kData;
    b.memory.set(b.tables.slot(root, 0x80000000, 2), encode(block));
    arch::Cd cd;
    cd.half[0].ttb = root;
    cd.asid = static_cast<std::uint16_t>(stream);
    cd.a = stream % 2 != 0;
    cd.r = stream != 3;
    cd.s = stall;
    cd.wxn = stream == 4;
    arch::Ste ste;
    ste.config = arch::SteConfig::stage1;
    ste.priv_cfg = stream == 5 ? 3 : 0;
    ste.s1_context_ptr = b.tables.take(64);
    b.tables.write(ste.s1_context_ptr, encode(cd));
    b.set_ste(arch::StreamId{stream}, ste);
  }
  arch::Ste ste;
  ste.config = arch::SteConfig::bypass;
  b.set_ste(arch::StreamId{6}, ste);
  ste.config = arch::SteConfig::abort;
  b.set_ste(arch::StreamId{7}, ste);
}

DeviceAccess random_access(Random& random, bool data_only) {
  DeviceAccess a;
  a.va = chance(random, 5) ? 0x80000000 + random() % 0x200000 / 8 * 8 : random_va(random);
  a.write = chance(random, 40);
  a.instruction = !a.write && chance(random, 20);
  a.privileged = chance(random, 30);
  a.stream = static_cast<arch::StreamId>(1 + random() % (data_only ? 5 : kStreams));
  if (!data_only && chance(random, 2)) a.stream = arch::StreamId{70};  // outside the stream table
  if (!data_only && chance(random, 2)) a.substream = {true, 1};
  if (raw(a.stream) == 6) a.va = kData + a.va % 0x10000;
  return a;
}

/// Event records, comparable.
using Records = std::multiset<arch::EventWords>;

void compare_with_reference(std::uint32_t seed, const smmu::SmmuConfig& config) {
  INFO("seed " << seed);
  Random random(seed);
  SmmuBench b(config, 7, {arch::dti::Flow::stall, arch::dti::Flow::no_stall});
  random_tables(b, random, false);
  Records recorded, expected;
  b.smmu.tcu().on_event = [&](const arch::Event& event) { recorded.insert(encode(event)); };
  REQUIRE(b.bring_up());
  b.memory.aborting.insert(b.tables.take(arch::kPageSize));
  for (unsigned i = 0; i < 3; ++i) {  // some descriptors cannot be read
    b.memory.aborting.insert(b.tables.slot(kBase + 0x100000, random_va(random) & 0xFFFFFFFFF000) & ~63ull);
  }
  Picoseconds when = b.calendar.now();
  for (unsigned i = 0; i < 1500; ++i) {
    if (chance(random, 30)) when += random() % 20 * kCycle;
    b.devices[random() % 2]->send_at(when, random_access(random, false));
  }
  b.settle();

  const auto& context = b.smmu.context();
  arch::ReferenceTranslator reference(
      context.state, context.features, [&](arch::Pa pa, void* out, unsigned bytes) {
        return b.memory.aborting.count(pa.value & ~63ull) == 0 && b.memory.store.read(pa.value, out, bytes);
      });
  for (std::size_t d = 0; d < 2; ++d) {
    for (const BenchDevice::Record& r : b.devices[d]->records) {
      const DeviceAccess& a = r.access;
      const arch::Outcome outcome = reference.translate(
          a.stream, a.substream, arch::Va(a.va), {a.write, a.instruction, a.privileged}, a.type, d == 0);
      INFO("device " << d << " stream " << raw(a.stream) << " va " << std::hex << a.va << " write "
                     << a.write);
      REQUIRE(r.done != 0);
      if (const auto* translation = std::get_if<arch::TranslationResult>(&outcome)) {
        CHECK(r.ok == b.memory.store.contains(translation->pa.value, a.bytes));
        if (r.ok) CHECK(r.pa == translation->pa.value);
        CHECK(!r.raz);
        continue;
      }
      const auto& fault = std::get<arch::FaultOutcome>(outcome);
      CHECK(r.raz == (fault.fault.termination == arch::Termination::raz_wi));
      CHECK(r.ok == r.raz);
      if (fault.event) expected.insert(encode(*fault.event));
    }
  }
  CHECK(recorded.size() == expected.size());
  CHECK((recorded == expected));
  CHECK(expected.size() > 50);
}

}  // namespace

TEST_CASE("every translation and every fault is the reference translator's") {
  const std::uint32_t seed = GENERATE(1u, 2u, 3u, 4u, 5u, 6u);
  compare_with_reference(seed, tight_smmu());
  compare_with_reference(seed, smmu::SmmuConfig{});
}

namespace {

/// What a run looked like from outside.
struct Observation {
  std::vector<std::tuple<Picoseconds, bool, bool, std::uint64_t>> ends;
  std::vector<std::array<Picoseconds, probe::kStageCount>> stages;
  std::vector<std::tuple<Picoseconds, std::uint64_t, bool>> memory;  ///< accesses of the TCU, in order
};

/// Two TBUs under load, pages that fault and are resumed, invalidations in between.
Observation observe(std::uint32_t seed, std::uint32_t shuffle) {
  Random random(seed);
  SmmuBench b(tight_smmu(), 7, {arch::dti::Flow::stall, arch::dti::Flow::stall}, shuffle);
  random_tables(b, random, true);
  REQUIRE(b.bring_up());
  Picoseconds when = b.calendar.now();
  for (unsigned i = 0; i < 600; ++i) {
    if (chance(random, 40)) when += random() % 30 * kCycle;
    b.devices[random() % 2]->send_at(when, random_access(random, true));
  }
  for (unsigned round = 0; b.devices[0]->pending() + b.devices[1]->pending() != 0; ++round) {
    if (round > 3000) {
      FAIL("transactions never end: seed " << seed);
    }
    b.run(40);
    if (b.events_visible() != 0) {
      const arch::Event event = b.next_event();
      const auto action =
          chance(random, 50) ? arch::ResumeAction::retry : static_cast<arch::ResumeAction>(random() % 2 * 2);
      b.submit({SmmuBench::resume(event, action)});
      b.acknowledge_events();
    } else if (chance(random, 20)) {
      b.submit({SmmuBench::tlbi_va(random_va(random) & 0xFFFFFFFFF000,
                                   static_cast<std::uint16_t>(1 + random() % 5)),
                SmmuBench::sync()});
    }
  }
  b.settle();
  CHECK(b.smmu.tcu().stalled() == 0);
  CHECK(b.smmu.tcu().translating() == 0);
  CHECK(b.recorder.faults_live() == 0);
  Observation o;
  for (const auto& device : b.devices) {
    for (const BenchDevice::Record& r : device->records) {
      o.ends.emplace_back(r.done, r.ok, r.raz, r.pa);
      o.stages.push_back(r.transaction.timeline.sums());
    }
  }
  for (const FixedMemory::Access& a : b.memory.log) {
    if (a.port == 0) o.memory.emplace_back(a.when, a.address, a.write);
  }
  return o;
}

}  // namespace

TEST_CASE("times do not depend on the order in which blocks are evaluated") {
  const std::uint32_t seed = GENERATE(11u, 12u, 13u, 14u);
  INFO("seed " << seed);
  const Observation straight = observe(seed, 0);
  CHECK(straight.ends.size() == 600);
  for (const std::uint32_t shuffle : {1u, 77u, 0x1234u, 0xABCD01u}) {
    INFO("shuffle " << shuffle);
    const Observation shuffled = observe(seed, shuffle);
    CHECK((shuffled.ends == straight.ends));
    CHECK((shuffled.stages == straight.stages));
    CHECK((shuffled.memory == straight.memory));
  }
}
