// Stage 2 alone and nested: fetch counts, which IPA is reported with which class, and the order of the two
// stages' checks.
#include <catch2/catch.hpp>

#include "models/arch/memory_attributes.hpp"
#include "testbenches/unit/arch_helpers.hpp"

using namespace arch_test;

namespace {

constexpr std::uint64_t kAf = 1u << 10, kUser = 1u << 6, kRo = 1u << 7;
constexpr std::uint64_t kS1Page = kAf | kUser | 3;
constexpr std::uint64_t kS2Read = 1u << 6, kS2Write = 1u << 7, kS2Normal = 0xFu << 2;
constexpr std::uint64_t kS2Page = kAf | kS2Read | kS2Write | kS2Normal | 3;
constexpr std::uint64_t kS2Table = 0x200000;  ///< level 0, 1, 2, 3 tables follow each other
constexpr std::uint64_t kVa = 1ull << 39 | 2ull << 30 | 3ull << 21 | 4ull << 12 | 0x567;

/// 48-bit stage 2 from level 0. IPA page n (below 2 MB) lies at PA 0x4000'0000 + n pages; stage-1 tables at
/// IPA 0x10000.
struct Nested {
  Memory memory;
  StreamConfig config;

  Nested() {
    config = stage1_config();
    config.kind = ConfigKind::both;
    config.s1.half[0].ttb = 0x10000;
    config.s2.ttb = kS2Table;
    memory[kS2Table] = (kS2Table + 0x1000) | 3;
    memory[kS2Table + 0x1000] = (kS2Table + 0x2000) | 3;
    memory[kS2Table + 0x2000] = (kS2Table + 0x3000) | 3;
    for (std::uint64_t page = 0; page < 512; ++page) stage2(page << 12) = pa_of(page << 12) | kS2Page;
    stage1(0x10008) = 0x11003;
    stage1(0x11010) = 0x12003;
    stage1(0x12018) = 0x13003;
    stage1(0x13020) = 0x55000 | kS1Page;
  }
  static std::uint64_t pa_of(std::uint64_t ipa) { return 0x4000'0000 + ipa; }
  std::uint64_t& stage1(std::uint64_t ipa) { return memory[pa_of(ipa)]; }
  std::uint64_t& stage2(std::uint64_t ipa) { return memory[kS2Table + 0x3000 + (ipa >> 12) * 8]; }
  TableWalk walk(Access access = kRead) {
    memory.log.clear();
    TableWalk w(config, Va(kVa), access);
    memory.run(w);
    return w;
  }
};

}  // namespace

TEST_CASE("A cold nested walk of four by four levels reads 24 descriptors") {
  Nested n;
  const TableWalk walk = n.walk();
  REQUIRE(walk.status() == TableWalk::Status::done);
  CHECK(walk.result().pa == Pa(0x4005'5567));
  CHECK(walk.result().ipa == Ipa(0x5'5567));
  CHECK(walk.result().kind == TranslationKind::both);
  REQUIRE(n.memory.log.size() == 24);
  for (unsigned i = 0; i < 24; ++i) {
    const bool stage1 = i % 5 == 4;
    CHECK((n.memory.log[i].purpose == Purpose::stage1_descriptor) == stage1);
    CHECK(n.memory.log[i].level == int(stage1 ? i / 5 : i % 5));
  }
  CHECK(n.memory.log[4].address == Pa(0x4001'0008));
}

TEST_CASE("Stage-2 faults on a stage-1 table: class TT and the descriptor's IPA") {
  const std::uint64_t ipas[4] = {0x10008, 0x11010, 0x12018, 0x13020};
  for (unsigned level = 0; level < 4; ++level) {
    INFO("level " << level);
    Nested n;
    n.stage2(ipas[level]) = 0;
    TableWalk walk = n.walk(kWrite);
    CHECK(walk.fault().id == EventId::f_translation);
    CHECK(walk.fault().stage2);
    CHECK(walk.fault().fault_class == FaultClass::tt);
    CHECK(walk.fault().ipa == Ipa(ipas[level]));
    const Event e = walk.fault().event(kStream, kNoSubstream, Va(kVa), kWrite);
    CHECK(encode(e) == EventWords{0x10 | 5ull << 32, 1ull << 39 | 1ull << 40, kVa, ipas[level] & ~0xFFFull});
    n.stage2(ipas[level]) = Nested::pa_of(ipas[level] & ~0xFFFull) | (kS2Page & ~kS2Read);
    walk = n.walk(kWrite);  // tables are read, so write-only is not enough
    CHECK(walk.fault().id == EventId::f_permission);
    CHECK(walk.fault().ttrnw);
    n.stage2(ipas[level]) = Nested::pa_of(ipas[level] & ~0xFFFull) | (kS2Page & ~kS2Write);
    CHECK(n.walk(kWrite).status() == TableWalk::Status::done);  // and read-only is
  }
}

TEST_CASE("Stage-2 faults on the output: class IN and its IPA; stage 1 is checked first") {
  Nested n;
  n.stage2(0x55000) = Nested::pa_of(0x55000) | (kS2Page & ~kS2Write);
  CHECK(n.walk(kRead).status() == TableWalk::Status::done);
  CHECK_FALSE(n.walk(kRead).result().allows(kWrite));
  const TableWalk write = n.walk(kWrite);
  CHECK(write.fault().id == EventId::f_permission);
  CHECK(write.fault().stage2);
  CHECK(write.fault().fault_class == FaultClass::in);
  CHECK(write.fault().ipa == Ipa(0x55567));
  n.stage1(0x13020) |= kRo;
  CHECK_FALSE(n.walk(kWrite).fault().stage2);
  n.stage2(0x55000) = 0;
  CHECK(n.walk(kWrite).fault().id == EventId::f_permission);
  n.stage1(0x13020) = 0x55000 | (kS1Page & ~kAf);
  CHECK(n.walk(kRead).fault().id == EventId::f_access);
}

TEST_CASE("Walk aborts name the stage and the purpose") {
  Nested n;
  n.memory.aborting = {kS2Table + 0x1000};
  TableWalk walk = n.walk();
  CHECK(walk.fault().id == EventId::f_walk_eabt);
  CHECK(walk.fault().stage2);
  CHECK(walk.fault().fault_class == FaultClass::tt);
  CHECK(walk.fault().fetch_address == Pa(kS2Table + 0x1000));
  n.memory.aborting = {Nested::pa_of(0x13020)};
  walk = n.walk();
  CHECK_FALSE(walk.fault().stage2);
  CHECK(walk.fault().fault_class == FaultClass::tt);
  CHECK(walk.fault().fetch_address == Pa(Nested::pa_of(0x13020)));
}

TEST_CASE("Stage 2 ends abort or stall by S2R and S2S, whatever the CD says") {
  Nested n;
  n.stage2(0x55000) = 0;
  n.config.s1.stall = true;
  CHECK(n.walk().fault().termination == Termination::abort);
  CHECK(n.walk().fault().recorded);
  n.config.s2.record = false;
  CHECK_FALSE(n.walk().fault().recorded);
  n.config.s1.stall = false;
  n.config.s1.abort = false;
  n.config.s2.stall = true;
  CHECK(n.walk().fault().termination == Termination::stall);
  CHECK(n.walk().fault().recorded);
}

TEST_CASE("S2PTW: a stage-1 table in stage-2 Device memory is a stage-2 permission fault") {
  Nested n;
  n.stage2(0x12000) = Nested::pa_of(0x12000) | (kS2Page & ~kS2Normal);
  CHECK(n.walk().status() == TableWalk::Status::done);
  n.config.s2.ptw = true;
  CHECK(n.walk().fault().id == EventId::f_permission);
  CHECK(n.walk().fault().ipa == Ipa(0x12018));
}

TEST_CASE("The region is the smaller of both stages', and attributes are the weaker") {
  Nested n;
  n.stage1(0x12018) = 0x40000000 | (kS1Page & ~2ull);  // a 2 MB block at IPA 1 GB
  n.memory[kS2Table + 0x1008] = 0xC0000000 | (kS2Page & ~2ull);
  const TableWalk walk = n.walk();
  CHECK(walk.result().log2_size == 21);
  CHECK(walk.result().pa == Pa(0xC0000000 + (kVa & (2 * kM - 1))));
  n.memory[kS2Table + 0x1008] = 0xC0000000 | 5u << 2 | (kS2Page & ~2ull & ~kS2Normal);
  CHECK(n.walk().result().attributes == MemoryAttributes{0x44, 2});
  n.memory[kS2Table + 0x1008] = 0xC0000000 | 1u << 2 | (kS2Page & ~2ull & ~kS2Normal);
  CHECK(n.walk().result().attributes == MemoryAttributes{0x04, 2});
}

TEST_CASE("How the memory types of the two stages combine") {
  constexpr unsigned kDevice0 = 0, kDeviceRe = 1, kGre = 3, kNc = 5, kWt = 10, kWb = 15;
  struct Row {
    std::uint8_t stage1;
    unsigned stage2;
    std::uint8_t type;
  };
  const Row weaker[] = {{0xFF, kWb, 0xFF},    {0xFF, kWt, 0xBB},      {0xFF, kNc, 0x44},
                        {0xBB, kWb, 0xBB},    {0x44, kWt, 0x44},      {0xF4, 0b0111, 0x44},
                        {0x4F, 0b1110, 0x4B}, {0xFF, 0b0111, 0x4F},   {0xFF, kDeviceRe, 4},
                        {0x0C, kWb, 0x0C},    {0x0C, kDevice0, 0x00}, {0x04, kGre, 0x04},
                        {0x00, kGre, 0x00},   {0xFF, 0b0100, 0x00},   {0xFF, 0b1000, 0x00},
                        {0xFF, 0b1100, 0x00}, {0x77, kWb, 0x77},      {0x77, kWt, 0x33}};
  for (const Row& row : weaker) {
    INFO("stage 1 " << std::hex << int(row.stage1) << " stage 2 " << row.stage2);
    CHECK(int(combine({row.stage1, 3}, row.stage2, 3, false).type) == int(row.type));
  }
  const Row forced[] = {{0x44, 6, 0xFF}, {0x04, 6, 0xFF},  {0xFF, 5, 0x44}, {0x04, 5, 0x04}, {0xBB, 7, 0xBB},
                        {0x08, 7, 0x08}, {0xFF, 4, 0x00},  {0xFF, 0, 0x00}, {0xFF, 1, 0x04}, {0x0C, 1, 0x04},
                        {0x00, 3, 0x00}, {0xBB, 15, 0xBB}, {0x04, 7, 0x04}};
  for (const Row& row : forced) {
    INFO("FWB, stage 1 " << std::hex << int(row.stage1) << " stage 2 " << row.stage2);
    CHECK(int(combine({row.stage1, 3}, row.stage2, 3, true).type) == int(row.type));
  }
  const auto shareability = [](unsigned s1, unsigned s2) {
    return int(combine({0xFF, static_cast<std::uint8_t>(s1)}, 15, s2, false).shareability);
  };
  CHECK(shareability(0, 0) == 0);
  CHECK(shareability(0, 3) == 3);
  CHECK(shareability(3, 0) == 3);
  CHECK(shareability(3, 2) == 2);
  CHECK(shareability(2, 0) == 2);
  CHECK(int(combine({0x44, 0}, 15, 0, false).shareability) == 2);
}

TEST_CASE("Stage 2 alone: input range, concatenated tables, permissions") {
  StreamConfig config;
  config.kind = ConfigKind::stage2;
  config.s2.start_level = 1;
  config.s2.input_bits = 40;  // two tables at level 1 side by side: index bits 39:30
  config.s2.ttb = 0x200000;
  Memory memory;
  memory[0x200000 + 0x3FF * 8] = 0x8000'0000 | (kS2Page & ~2ull);
  TableWalk top(config, Va((1ull << 40) - 1), kPrivWrite);
  memory.run(top);
  REQUIRE(top.status() == TableWalk::Status::done);
  CHECK(top.result().pa == Pa(0xBFFF'FFFF));
  CHECK(top.result().kind == TranslationKind::stage2);
  const TableWalk over(config, Va(1ull << 40), kRead);
  CHECK(over.fault().id == EventId::f_translation);
  CHECK(over.fault().stage2);
  CHECK(over.fault().fault_class == FaultClass::in);
  const TableWalk far(config, Va(1ull << 48), kRead);
  CHECK(far.fault().id == EventId::f_addr_size);
  CHECK_FALSE(far.fault().stage2);
  memory[0x200000 + 0x3FF * 8] = 0x8000'0000 | kAf | kS2Normal | 1;
  TableWalk none(config, Va((1ull << 40) - 1), kRead);
  memory.run(none);
  CHECK(none.fault().id == EventId::f_permission);
  config.s2.output_bits = 32;
  memory[0x200000 + 0x3FF * 8] = 0x1'0000'0000 | (kS2Page & ~2ull);
  TableWalk wide(config, Va((1ull << 40) - 1), kRead);
  memory.run(wide);
  CHECK(wide.fault().id == EventId::f_addr_size);
}

TEST_CASE("Every translation by stage 2 begins with a look into the walk cache") {
  Nested n;
  TableWalk walk(n.config, Va(kVa), kRead);
  // Cold: stage 1 first, then the IPA of each stage-1 table read, then that of the access.
  std::vector<std::pair<WalkCacheWorld, std::uint64_t>> asked;
  std::vector<WalkCacheEntry> filled;
  while (walk.status() == TableWalk::Status::fetch) {
    if (walk.uses_walk_cache()) {
      asked.push_back({walk.key().world, walk.key().vpn});
      walk.resume({});
      continue;
    }
    std::uint8_t bytes[8];
    REQUIRE(n.memory.read(walk.fetch().address.value, bytes, 8));
    walk.supply(bytes);
    REQUIRE(walk.fill());
    filled.push_back(*walk.fill());
  }
  REQUIRE(walk.status() == TableWalk::Status::done);
  REQUIRE(asked.front().first == WalkCacheWorld::el1);
  REQUIRE(asked.front().second == kVa >> 12);
  REQUIRE(asked.size() == 1 + 4 + 1);
  REQUIRE(asked.back() == std::make_pair(WalkCacheWorld::stage2, walk.result().ipa.value >> 12));

  // Warm: the stage-1 leaf, then the stage-2 leaf, and nothing is read.
  TableWalk warm(n.config, Va(kVa), kRead);
  const auto answer = [&filled](const WalkCacheKey& key) {
    WalkCacheResponse best;
    for (const WalkCacheEntry& e : filled) {
      if (e.key.world == key.world && e.key.vpn == key.vpn && (!best.hit || e.level >= best.level))
        best = {0, true, e.level, e.leaf, e.hierarchical, e.descriptor};
    }
    return best;
  };
  for (int lookup = 0; lookup < 2; ++lookup) {
    REQUIRE(warm.uses_walk_cache());
    const WalkCacheResponse hit = answer(warm.key());
    REQUIRE(hit.leaf);
    warm.resume(hit);
  }
  REQUIRE(warm.status() == TableWalk::Status::done);
  REQUIRE(warm.result().pa == walk.result().pa);
}

TEST_CASE("A stage-2 leaf from the walk cache that needs an update is read again") {
  StreamConfig config;
  config.kind = ConfigKind::stage2;
  config.s2.start_level = 1;
  config.s2.input_bits = 39;
  config.s2.ttb = 0x200000;
  config.s2.ha = config.s2.hd = true;
  constexpr std::uint64_t kDbm = 1ull << 51, kS2Writable = 1ull << 7;
  const std::uint64_t clean = 0x8000'0000 | kDbm | (kS2Page & ~2ull & ~kS2Writable);
  Memory memory;
  memory[0x200000 + 2 * 8] = clean;
  TableWalk walk(config, Va(2ull << 30), kWrite);
  REQUIRE(walk.uses_walk_cache());
  walk.resume({0, true, 1, true, 0, clean});
  REQUIRE(walk.status() == TableWalk::Status::fetch);
  CHECK_FALSE(walk.uses_walk_cache());
  CHECK(walk.fetch().address == Pa(0x200000 + 2 * 8));
}

TEST_CASE("Stage-2 execute-never by privilege") {
  constexpr std::uint64_t kXn1 = 1ull << 54, kXn0 = 1ull << 53;
  struct Row {
    std::uint64_t xn;
    bool user, privileged, user_without, privileged_without;
  };
  const Row rows[] = {{0, true, true, true, true},
                      {kXn0, true, false, true, true},
                      {kXn1, false, false, false, false},
                      {kXn1 | kXn0, false, true, false, false}};
  for (const Row& row : rows) {
    StreamConfig config;
    config.kind = ConfigKind::stage2;
    config.s2.start_level = 1;
    config.s2.input_bits = 39;
    Memory memory;
    memory[0] = row.xn | (kS2Page & ~2ull);
    const auto result = [&](bool xnx) {
      config.s2.xnx = xnx;
      TableWalk walk(config, Va(0), kRead);
      memory.run(walk);
      return walk.result();
    };
    CHECK(result(true).allows(kFetch) == row.user);
    CHECK(result(true).allows(kPrivFetch) == row.privileged);
    CHECK(result(false).allows(kFetch) == row.user_without);
    CHECK(result(false).allows(kPrivFetch) == row.privileged_without);
  }
}

TEST_CASE("With both stages on, CDs are read through stage 2") {
  Nested n;
  SmmuState state;
  state.smmu_enabled = true;
  state.strtab_base = 0x80000;
  state.strtab_base_cfg = 8;
  Ste ste;
  ste.config = SteConfig::both;
  ste.s1_context_ptr = 0x20000;
  ste.s2_aa64 = true, ste.s2_t0sz = 16, ste.s2_sl0 = 2, ste.s2_ps = 5, ste.s2_ttb = kS2Table, ste.s2_r = true;
  n.memory.write(0x80000 + 5 * 64, encode(ste));
  Cd cd;
  cd.half[0].ttb = 0x10000;
  n.memory.write(Nested::pa_of(0x20000), encode(cd));
  const auto lookup = [&](Features f = {}) {
    n.memory.log.clear();
    ConfigWalk walk(state, f, kStream, kNoSubstream);
    n.memory.run(walk);
    return walk;
  };
  REQUIRE(lookup().status() == ConfigWalk::Status::done);
  CHECK(lookup().config().kind == ConfigKind::both);
  REQUIRE(n.memory.log.size() == 6);  // STE, four stage-2 levels, CD
  CHECK(n.memory.log[5].address == Pa(Nested::pa_of(0x20000)));
  n.stage2(0x20000) = 0;
  const ConfigWalk faulted = lookup();
  CHECK(faulted.fault().id == EventId::f_translation);
  CHECK(faulted.fault().fault_class == FaultClass::cd);
  CHECK(faulted.fault().stage2);
  CHECK(faulted.fault().ipa == Ipa(0x20000));
  CHECK(faulted.fault().recorded);
  n.stage2(0x20000) = Nested::pa_of(0x20000) | (kS2Page & ~kS2Read);
  CHECK(lookup().fault().id == EventId::f_permission);
  n.memory.aborting = {kS2Table + 0x2000};
  CHECK(lookup().fault().id == EventId::f_walk_eabt);
  CHECK(lookup().fault().fault_class == FaultClass::cd);
  n.memory.aborting = {Nested::pa_of(0x20000)};
  n.stage2(0x20000) = Nested::pa_of(0x20000) | kS2Page;
  CHECK(lookup().fault().id == EventId::f_cd_fetch);
  CHECK(lookup().fault().fetch_address == Pa(Nested::pa_of(0x20000)));
}
