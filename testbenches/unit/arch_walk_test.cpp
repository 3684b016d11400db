// Stage-1 walks over tables written word by word: levels, faults at each level, permissions, input and output
// ranges.
#include <catch2/catch.hpp>

#include "testbenches/unit/arch_helpers.hpp"

using namespace arch_test;

namespace {

// Descriptor bits, by hand.
constexpr std::uint64_t kAf = 1u << 10, kNg = 1u << 11, kUser = 1u << 6, kRo = 1u << 7;
constexpr std::uint64_t kPxn = 1ull << 53, kUxn = 1ull << 54, kDbm = 1ull << 51;
constexpr std::uint64_t kPage = kAf | kNg | kUser | 3, kBlock = kAf | kNg | kUser | 1;

// VA with index 1, 2, 3, 4 at levels 0..3, and the places of its descriptors.
constexpr std::uint64_t kVa = 1ull << 39 | 2ull << 30 | 3ull << 21 | 4ull << 12 | 0x567;
constexpr std::uint64_t kDescriptor[4] = {0x100008, 0x101010, 0x102018, 0x103020};

Memory four_levels(std::uint64_t leaf = 0x8000'2000 | kPage) {
  Memory memory;
  memory[kDescriptor[0]] = 0x101003;
  memory[kDescriptor[1]] = 0x102003;
  memory[kDescriptor[2]] = 0x103003;
  memory[kDescriptor[3]] = leaf;
  return memory;
}

TableWalk walk_of(Memory& memory, const StreamConfig& config, std::uint64_t va = kVa, Access access = kRead) {
  TableWalk walk(config, Va(va), access);
  memory.run(walk);
  return walk;
}

EventId event_of(Memory& memory, const StreamConfig& config, std::uint64_t va = kVa, Access access = kRead) {
  const TableWalk walk = walk_of(memory, config, va, access);
  return walk.status() == TableWalk::Status::fault ? walk.fault().id : EventId::none;
}

}  // namespace

TEST_CASE("A walk of four levels reads four descriptors") {
  Memory memory = four_levels();
  const TableWalk walk = walk_of(memory, stage1_config());
  REQUIRE(walk.status() == TableWalk::Status::done);
  CHECK(walk.result().pa == Pa(0x8000'2567));
  CHECK(walk.result().log2_size == 12);
  CHECK(walk.result().asid == 7);
  CHECK(walk.result().vmid == 3);
  CHECK_FALSE(walk.result().global);
  REQUIRE(memory.log.size() == 4);
  for (unsigned level = 0; level < 4; ++level) {
    CHECK(memory.log[level].address == Pa(kDescriptor[level]));
    CHECK(memory.log[level].level == int(level));
    CHECK(memory.log[level].bytes == 8);
  }
}

TEST_CASE("Blocks end a walk early, where the level allows them") {
  Memory memory = four_levels();
  memory[kDescriptor[2]] = 0x4000'0000 | kBlock;
  CHECK(walk_of(memory, stage1_config()).result().pa == Pa(0x4000'0000 + (kVa & (2 * kM - 1))));
  CHECK(walk_of(memory, stage1_config()).result().log2_size == 21);
  memory[kDescriptor[1]] = 0x8000'0000 | kBlock;
  CHECK(walk_of(memory, stage1_config()).result().pa == Pa(0x8000'0000 + (kVa & (kG - 1))));
  memory[kDescriptor[0]] = kBlock;  // no blocks at level 0
  CHECK(event_of(memory, stage1_config()) == EventId::f_translation);
}

TEST_CASE("Faults at each level") {
  const StreamConfig config = stage1_config();
  for (unsigned level = 0; level < 4; ++level) {
    INFO("level " << level);
    Memory memory = four_levels();
    memory.aborting.insert(kDescriptor[level]);
    const TableWalk aborted = walk_of(memory, config);
    CHECK(aborted.fault().id == EventId::f_walk_eabt);
    CHECK(aborted.fault().fetch_address == Pa(kDescriptor[level]));
    CHECK(aborted.fault().fault_class == FaultClass::tt);
    CHECK(aborted.fault().termination == Termination::abort);

    memory = four_levels();
    memory[kDescriptor[level]] &= ~std::uint64_t{1};
    const TableWalk invalid = walk_of(memory, config);
    CHECK(invalid.fault().id == EventId::f_translation);
    CHECK(invalid.fault().fault_class == FaultClass::in);
    CHECK(invalid.fault().level == int(level));
    CHECK_FALSE(invalid.fault().stage2);

    memory = four_levels();
    StreamConfig narrow = config;
    narrow.s1.output_bits = 36;
    memory[kDescriptor[level]] |= 1ull << 36;
    CHECK(event_of(memory, narrow) == EventId::f_addr_size);
    narrow.s1.output_bits = 40;
    memory = four_levels();
    memory[kDescriptor[3]] |= 1ull << 36;
    CHECK(event_of(memory, narrow) == EventId::none);
  }
  Memory memory = four_levels(0x8000'2000 | (kPage & ~kAf));
  CHECK(event_of(memory, config) == EventId::f_access);
  memory[kDescriptor[3]] = 0x8000'2000 | kPage | kRo;
  CHECK(event_of(memory, config, kVa, kWrite) == EventId::f_permission);
  memory[kDescriptor[3]] = 0x8000'2000 | (kPage & ~2ull);  // level 3 has no blocks
  CHECK(event_of(memory, config) == EventId::f_translation);
}

TEST_CASE("Priority: translation, address size, access flag, permission") {
  StreamConfig config = stage1_config();
  config.s1.output_bits = 36;
  const std::uint64_t far = 1ull << 40, forbidden = kRo;
  Memory memory = four_levels((0x2000 | far | forbidden | kUser | 3) & ~1ull);
  CHECK(event_of(memory, config, kVa, kWrite) == EventId::f_translation);
  memory[kDescriptor[3]] |= 1;
  CHECK(event_of(memory, config, kVa, kWrite) == EventId::f_addr_size);
  memory[kDescriptor[3]] &= ~far;
  CHECK(event_of(memory, config, kVa, kWrite) == EventId::f_access);
  memory[kDescriptor[3]] |= kAf;
  CHECK(event_of(memory, config, kVa, kWrite) == EventId::f_permission);
  memory[kDescriptor[3]] &= ~forbidden;
  CHECK(event_of(memory, config, kVa, kWrite) == EventId::none);
}

TEST_CASE("AFFD forgives a clear access flag") {
  Memory memory = four_levels(0x8000'2000 | (kPage & ~kAf));
  StreamConfig config = stage1_config();
  config.s1.affd = true;
  CHECK(event_of(memory, config) == EventId::none);
}

TEST_CASE("The permission matrix") {
  // AP[2:1], then what a read, a write and a fetch (UXN = PXN = 0) may do unprivileged and privileged.
  // User-writable pages are never executable by privileged code.
  struct Row {
    std::uint64_t ap;
    bool ur, uw, ux, pr, pw, px;
  };
  const Row rows[] = {{0, false, false, true, true, true, true},
                      {kUser, true, true, true, true, true, false},
                      {kRo, false, false, true, true, false, true},
                      {kRo | kUser, true, false, true, true, false, true}};
  const StreamConfig config = stage1_config();
  const auto allowed = [&](std::uint64_t leaf, Access access, const StreamConfig& c) {
    Memory memory = four_levels(leaf);
    const TableWalk walk = walk_of(memory, c, kVa, access);
    const bool ok = walk.status() == TableWalk::Status::done;
    if (!ok) CHECK(walk.fault().id == EventId::f_permission);
    if (ok) CHECK(walk.result().allows(access));
    return ok;
  };
  for (const Row& row : rows) {
    INFO("AP " << (row.ap >> 6));
    const std::uint64_t leaf = 0x8000'2000 | (kPage & ~kUser) | row.ap;
    CHECK(allowed(leaf, kRead, config) == row.ur);
    CHECK(allowed(leaf, kWrite, config) == row.uw);
    CHECK(allowed(leaf, kFetch, config) == row.ux);
    CHECK(allowed(leaf, kPrivRead, config) == row.pr);
    CHECK(allowed(leaf, kPrivWrite, config) == row.pw);
    CHECK(allowed(leaf, kPrivFetch, config) == row.px);
    CHECK_FALSE(allowed(leaf | kUxn, kFetch, config));
    CHECK(allowed(leaf | kUxn, kPrivFetch, config) == row.px);
    CHECK_FALSE(allowed(leaf | kPxn, kPrivFetch, config));
    CHECK(allowed(leaf | kPxn, kFetch, config) == row.ux);

    StreamConfig wxn = config;
    wxn.s1.wxn = true;
    CHECK(allowed(leaf, kFetch, wxn) == (row.ux && !row.uw));
    CHECK(allowed(leaf, kPrivFetch, wxn) == (row.px && !row.pw));

    StreamConfig pan = config;
    pan.s1.pan = true;
    const bool user_page = (row.ap & kUser) != 0;
    CHECK(allowed(leaf, kPrivRead, pan) == (row.pr && !user_page));
    CHECK(allowed(leaf, kPrivWrite, pan) == (row.pw && !user_page));
    CHECK(allowed(leaf, kPrivFetch, pan) == row.px);
    CHECK(allowed(leaf, kRead, pan) == row.ur);

    StreamConfig el2 = config;  // one privilege level: AP[1] and PXN do not exist
    el2.world = StreamWorld::el2;
    CHECK(allowed(leaf, kRead, el2));
    CHECK(allowed(leaf, kWrite, el2) == ((row.ap & kRo) == 0));
    CHECK(allowed(leaf | kPxn, kPrivFetch, el2));
    CHECK_FALSE(allowed(leaf | kUxn, kPrivFetch, el2));
  }
}

TEST_CASE("Tables restrict what lies below them, unless HAD") {
  constexpr std::uint64_t kNoUser = 1ull << 61, kReadOnly = 1ull << 62, kXn = 1ull << 60,
                          kPxnTable = 1ull << 59;
  for (unsigned level = 0; level < 3; ++level) {
    const auto restricted = [&](std::uint64_t attribute, Access access, bool had) {
      Memory memory = four_levels(0x8000'2000 | kPage);
      memory[kDescriptor[level]] |= attribute;
      StreamConfig config = stage1_config();
      config.s1.half[0].had = had;
      return event_of(memory, config, kVa, access) == EventId::f_permission;
    };
    INFO("level " << level);
    Memory memory = four_levels(0x8000'2000 | (kPage & ~kUser));  // privileged code may execute this
    memory[kDescriptor[level]] |= kXn;
    CHECK(event_of(memory, stage1_config(), kVa, kPrivFetch) == EventId::none);
    memory[kDescriptor[level]] |= kPxnTable;
    CHECK(event_of(memory, stage1_config(), kVa, kPrivFetch) == EventId::f_permission);
    StreamConfig had = stage1_config();
    had.s1.half[0].had = true;
    CHECK(event_of(memory, had, kVa, kPrivFetch) == EventId::none);
    CHECK(restricted(kNoUser, kRead, false));
    CHECK_FALSE(restricted(kNoUser, kPrivRead, false));
    CHECK(restricted(kReadOnly, kWrite, false));
    CHECK(restricted(kReadOnly, kPrivWrite, false));
    CHECK_FALSE(restricted(kReadOnly, kRead, false));
    CHECK(restricted(kXn, kFetch, false));
    CHECK_FALSE(restricted(kPxnTable, kFetch, false));
    CHECK_FALSE(restricted(kNoUser, kRead, true));
    CHECK_FALSE(restricted(kReadOnly, kWrite, true));
    CHECK_FALSE(restricted(kXn, kFetch, true));
  }
}

TEST_CASE("STE overrides of privilege and instruction come before the check") {
  Memory memory = four_levels(0x8000'2000 | (kPage & ~kUser) | kUxn);
  StreamConfig config = stage1_config();
  CHECK(event_of(memory, config, kVa, kRead) == EventId::f_permission);
  config.access_override.privileged = 3;
  CHECK(event_of(memory, config, kVa, kRead) == EventId::none);
  config.access_override.privileged = 2;
  CHECK(event_of(memory, config, kVa, kPrivRead) == EventId::f_permission);
  config.access_override = {0, 3};
  TableWalk fetch(config, Va(kVa), kRead);
  memory.run(fetch);
  REQUIRE(fetch.status() == TableWalk::Status::fault);
  CHECK(fetch.fault().event(kStream, kNoSubstream, Va(kVa), kRead).instruction);
  CHECK_FALSE(fetch.fault().event(kStream, kNoSubstream, Va(kVa), kWrite).instruction);
}

TEST_CASE("The input range is exact: TxSZ, both halves, TBI") {
  // First level of a walk by granule and input bits: as tabulated for VMSAv8-64.
  struct Row {
    Granule granule;
    unsigned first_tsz, last_tsz, level;
  };
  const Row rows[] = {{Granule::k4, 16, 24, 0},  {Granule::k4, 25, 33, 1},  {Granule::k4, 34, 42, 2},
                      {Granule::k4, 43, 48, 3},  {Granule::k16, 16, 16, 0}, {Granule::k16, 17, 27, 1},
                      {Granule::k16, 28, 38, 2}, {Granule::k16, 39, 48, 3}, {Granule::k64, 12, 21, 1},
                      {Granule::k64, 22, 34, 2}, {Granule::k64, 35, 47, 3}};
  for (const Row& row : rows) {
    for (unsigned tsz = row.first_tsz; tsz <= row.last_tsz; ++tsz) {
      INFO("page shift " << page_shift(row.granule) << " TxSZ " << tsz);
      StreamConfig config = stage1_config();
      const auto bits_in = static_cast<std::uint8_t>(64 - tsz);
      config.s1.half[0] = {true, false, false, row.granule, bits_in, 0x10'0000'0000};
      config.s1.half[1] = {true, true, false, row.granule, bits_in, 0x20'0000'0000};
      const std::uint64_t top = (1ull << bits_in) - 1;
      const TableWalk low(config, Va(top), kRead);
      REQUIRE(low.status() == TableWalk::Status::fetch);
      CHECK(low.fetch().level == int(row.level));
      // the last entry of the first table: its index is all that is left of the address there
      unsigned shift = page_shift(row.granule);
      for (unsigned level = 3; level > row.level; --level) shift += page_shift(row.granule) - 3;
      CHECK(low.fetch().address == Pa(0x10'0000'0000 + (top >> shift) * 8));
      CHECK(TableWalk(config, Va(top + 1), kRead).fault().id == EventId::f_translation);
      CHECK(TableWalk(config, Va(1ull << 63), kRead).fault().id == EventId::f_translation);
      const TableWalk high(config, Va(~top), kRead);
      REQUIRE(high.status() == TableWalk::Status::fetch);
      CHECK(high.fetch().address == Pa(0x20'0000'0000));
      CHECK(TableWalk(config, Va(~top - 1), kRead).fault().id == EventId::f_translation);
      // TBI of half 1: the top byte is free
      CHECK(TableWalk(config, Va(~top & ~(0xA5ull << 56)), kRead).status() == TableWalk::Status::fetch);
      CHECK(TableWalk(config, Va(1ull << 56), kRead).fault().id == EventId::f_translation);
    }
  }
}

TEST_CASE("EPD makes a half fault, and EL2 has one half") {
  StreamConfig config = stage1_config();
  config.s1.half[0].enabled = false;
  CHECK(TableWalk(config, Va(0), kRead).fault().id == EventId::f_translation);
  config = stage1_config();
  CHECK(TableWalk(config, Va(~0ull), kRead).fault().id == EventId::f_translation);
  config.world = StreamWorld::el2;
  config.s1.half[1] = config.s1.half[0];
  CHECK(TableWalk(config, Va(~0ull), kRead).fault().id == EventId::f_translation);
  CHECK(TableWalk(config, Va(0), kRead).status() == TableWalk::Status::fetch);
}

TEST_CASE("16 KB and 64 KB granules: indices, pages and blocks") {
  StreamConfig config = stage1_config();
  config.s1.half[0] = {true, false, false, Granule::k16, 47, 0x100000};
  const std::uint64_t va16 = 1ull << 36 | 2ull << 25 | 3ull << 14 | 0x123;
  Memory memory;
  memory[0x100008] = 0x104003;
  memory[0x104010] = 0x108003;
  memory[0x108018] = 0x800'C000 | kPage;
  CHECK(walk_of(memory, config, va16).result().pa == Pa(0x800'C123));
  memory[0x104010] = 0x4000'0000 | kBlock;
  CHECK(walk_of(memory, config, va16).result().log2_size == 25);
  CHECK(walk_of(memory, config, va16).result().pa == Pa(0x4000'0000 | 3ull << 14 | 0x123));
  memory[0x100008] = kBlock;  // no blocks at level 1 of 16 KB
  CHECK(event_of(memory, config, va16) == EventId::f_translation);

  config.s1.half[0] = {true, false, false, Granule::k64, 48, 0x100000};
  const std::uint64_t va64 = 1ull << 42 | 2ull << 29 | 3ull << 16 | 0x123;
  memory = {};
  memory[0x100008] = 0x110003;
  memory[0x110010] = 0x120003;
  memory[0x120018] = 0x800'0000 | kPage;
  CHECK(walk_of(memory, config, va64).result().pa == Pa(0x800'0123));
  CHECK(walk_of(memory, config, va64).result().log2_size == 16);
  memory[0x110010] = 0x2000'0000 | kBlock;
  CHECK(walk_of(memory, config, va64).result().log2_size == 29);
  config.oas_bits = 52, config.s1.output_bits = 52;
  memory[0x110010] = 0x120003;
  memory[0x120018] = 0x800'0000 | 0xA000 | kPage;  // OA[51:48]
  CHECK(walk_of(memory, config, va64).result().pa == Pa(0xA'0000'0800'0123));
}

TEST_CASE("Attributes come from MAIR and the leaf") {
  StreamConfig config = stage1_config();
  config.s1.mair = 0x00'00'00'04'44'BB'FF'00;
  const auto attributes = [&](unsigned index, std::uint64_t sh) {
    Memory memory = four_levels(0x8000'2000 | kPage | index << 2 | sh << 8);
    return walk_of(memory, config).result().attributes;
  };
  CHECK(attributes(1, 3) == MemoryAttributes{0xFF, 3});
  CHECK(attributes(2, 0) == MemoryAttributes{0xBB, 0});
  CHECK(attributes(3, 3) == MemoryAttributes{0x44, 2});  // uncached: outer shareable
  CHECK(attributes(4, 0) == MemoryAttributes{0x04, 2});  // Device too
}

TEST_CASE("Who decides how a stage-1 fault ends: A, R, S") {
  struct Row {
    bool a, r, s, may_stall;
    Termination termination;
    bool recorded;
  };
  const Row rows[] = {{true, false, false, true, Termination::abort, false},
                      {true, true, false, true, Termination::abort, true},
                      {false, false, false, true, Termination::raz_wi, false},
                      {false, true, false, true, Termination::raz_wi, true},
                      {false, false, true, true, Termination::stall, true},
                      {true, true, true, true, Termination::stall, true},
                      {true, false, true, false, Termination::abort, true}};
  for (const Row& row : rows) {
    StreamConfig config = stage1_config();
    config.s1.abort = row.a, config.s1.record = row.r, config.s1.stall = row.s;
    Memory memory;
    TableWalk walk(config, Va(kVa), kRead, AddressType::untranslated, row.may_stall);
    memory.run(walk);
    INFO("A " << row.a << " R " << row.r << " S " << row.s);
    CHECK(walk.fault().termination == row.termination);
    CHECK(walk.fault().recorded == row.recorded);
    memory.aborting.insert(kDescriptor[0]);  // a walk abort heeds none of them
    TableWalk aborted(config, Va(kVa), kRead);
    memory.run(aborted);
    CHECK(aborted.fault().termination == Termination::abort);
    CHECK(aborted.fault().recorded);
  }
  StreamConfig config = stage1_config();
  config.s1.abort = false;
  config.term_abort = true;  // TERM_MODEL
  Memory memory;
  CHECK(walk_of(memory, config).fault().termination == Termination::abort);
}

TEST_CASE("The event of a stage-1 fault") {
  StreamConfig config = stage1_config();
  config.s1.stall = true;
  Memory memory;
  const TableWalk walk = walk_of(memory, config, kVa, kPrivWrite);
  const Event e = walk.fault().event(kStream, {true, 42}, Va(kVa), kPrivWrite);
  // F_TRANSLATION, SSV, SSID 42, SID 5; STALL, PnU, not InD, not RnW, S2 0, CLASS IN
  CHECK(encode(e) ==
        EventWords{0x10 | 1u << 11 | 42u << 12 | 5ull << 32, 1ull << 31 | 1ull << 33 | 2ull << 40, kVa, 0});
}

TEST_CASE("The event of a walk abort tells where") {
  Memory memory = four_levels();
  memory.aborting.insert(kDescriptor[2]);
  const TableWalk walk = walk_of(memory, stage1_config());
  const Event e = walk.fault().event(kStream, kNoSubstream, Va(kVa), kRead);
  CHECK(encode(e) == EventWords{0x0B | 5ull << 32, 1ull << 35 | 1ull << 40, kVa, kDescriptor[2]});
}

TEST_CASE("Streams without stage 1") {
  StreamConfig config;
  CHECK(TableWalk(config, Va(kVa), kRead).fault().id == EventId::none);  // Config = abort: silent
  CHECK_FALSE(TableWalk(config, Va(kVa), kRead).fault().recorded);
  config.kind = ConfigKind::bypass;
  const TableWalk walk(config, Va(kVa), kWrite);
  REQUIRE(walk.status() == TableWalk::Status::done);
  CHECK(walk.result().pa == Pa(kVa));
  CHECK(walk.result().allows(kPrivFetch));
  CHECK_FALSE(walk.uses_walk_cache());
  const TableWalk beyond(config, Va(1ull << 48), kRead);
  CHECK(beyond.fault().id == EventId::f_addr_size);
  CHECK(beyond.fault().recorded);
  CHECK_FALSE(beyond.fault().stage2);
  config.global_bypass = true;
  CHECK_FALSE(TableWalk(config, Va(1ull << 48), kRead).fault().recorded);
}

TEST_CASE("What a walk offers to the walk cache") {
  Memory memory = four_levels(0x8000'2000 | kPage);
  memory[kDescriptor[1]] |= 1ull << 62;
  StreamConfig config = stage1_config();
  TableWalk walk(config, Va(kVa), kRead);
  CHECK(walk.uses_walk_cache());
  CHECK(walk.key().vpn == kVa >> 12);
  CHECK_FALSE(walk.fill());
  const std::uint8_t collected[4] = {0, 0, 8, 8};  // APTable of level 1 is collected above levels 2 and 3
  for (unsigned level = 0; level < 4; ++level) {
    std::uint8_t bytes[8];
    memory.read(walk.fetch().address.value, bytes, 8);
    walk.supply(bytes);
    REQUIRE(walk.fill());
    CHECK(walk.fill()->level == level);
    CHECK(walk.fill()->leaf == (level == 3));
    CHECK(walk.fill()->hierarchical == collected[level]);
    CHECK(walk.fill()->descriptor == memory[kDescriptor[level]]);
    CHECK(walk.fill()->key.asid == 7);
    CHECK(walk.fill()->key.vmid == 3);
    CHECK_FALSE(walk.fill()->global);
  }
  CHECK(walk.status() == TableWalk::Status::done);
  for (const std::uint64_t bad :
       {std::uint64_t{0}, 0x8000'2000 | (kPage & ~kAf), 0x8000'2000 | (kPage & ~kUser)}) {
    memory = four_levels(bad);
    CHECK_FALSE(walk_of(memory, config).fill());
  }
  config.s1.affd = true;  // no fault, but a leaf with AF = 0 must be read again
  memory = four_levels(0x8000'2000 | (kPage & ~kAf));
  CHECK(walk_of(memory, config).status() == TableWalk::Status::done);
  CHECK_FALSE(walk_of(memory, config).fill());
  memory = four_levels(0x8000'2000 | (kPage & ~kNg));
  CHECK(walk_of(memory, config).fill()->global);
  CHECK(walk_of(memory, config).result().global);
}

TEST_CASE("Stage 1 of every world and granule uses the walk cache; what has no ASID leaves it 0") {
  const auto world = GENERATE(StreamWorld::el1, StreamWorld::el2, StreamWorld::el2_e2h);
  const auto granule = GENERATE(Granule::k4, Granule::k16, Granule::k64);
  StreamConfig config = stage1_config();
  config.world = world;
  config.s1.half[0].granule = granule;
  TableWalk walk(config, Va(kVa), kRead);
  REQUIRE(walk.uses_walk_cache());
  const WalkCacheKey key = walk.key();
  CHECK(raw(key.world) == raw(world));
  CHECK(key.granule == granule);
  CHECK(key.asid == (world == StreamWorld::el2 ? 0 : 7));
  walk.resume({});  // a miss: no other lookup is due
  CHECK_FALSE(walk.uses_walk_cache());
  std::uint8_t bytes[8];
  store_le64(bytes, 0x200003);
  walk.supply(bytes);
  REQUIRE(walk.fill());
  CHECK(walk.fill()->key.granule == granule);
  CHECK(raw(walk.fill()->key.world) == raw(world));
}

TEST_CASE("A leaf hit ends the walk with no fetch, and checks this access") {
  StreamConfig config = stage1_config();
  const WalkCacheResponse hit{0, true, 3, true, 0, 0x8000'2000 | kPage | kRo};
  TableWalk read(config, Va(kVa), kRead);
  read.resume(hit);
  REQUIRE(read.status() == TableWalk::Status::done);
  CHECK(read.result().pa == Pa(0x8000'2567));
  CHECK_FALSE(read.fill());
  TableWalk write(config, Va(kVa), kWrite);
  write.resume(hit);
  CHECK(write.fault().id == EventId::f_permission);
  TableWalk miss(config, Va(kVa), kRead);
  miss.resume(WalkCacheResponse{});
  CHECK(miss.fetch().level == 0);
  TableWalk table(config, Va(kVa), kRead);
  table.resume({0, true, 2, false, 0, 0x103003});
  CHECK(table.fetch().address == Pa(kDescriptor[3]));
  // A clean leaf that must become dirty: its address is unknown, so the walk is cold.
  config.s1.ha = config.s1.hd = true;
  TableWalk clean(config, Va(kVa), kWrite);
  clean.resume({0, true, 3, true, 0, hit.descriptor | kDbm});
  CHECK(clean.status() == TableWalk::Status::fetch);
  CHECK(clean.fetch().level == 0);
}
