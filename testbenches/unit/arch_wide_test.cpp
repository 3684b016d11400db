// 52-bit addresses: tables of 4 KB and 16 KB pages with DS (LPA2), 64 KB tables, stage-2 start levels, table
// bases; and small tables.
#include <catch2/catch.hpp>

#include "testbenches/unit/arch_helpers.hpp"

using namespace arch_test;

namespace {

constexpr std::uint64_t kAf = 1u << 10, kNg = 1u << 11, kUser = 1u << 6;
constexpr std::uint64_t kPage = kAf | kNg | kUser | 3, kBlock = kAf | kNg | kUser | 1;

Features wide_features() {
  Features f;
  f.oas = 6, f.ds = true, f.vax = 1, f.stt = true;
  return f;
}

/// TTB0 of `granule` and `input` bits with DS, at 1 MB; the SMMU has 52 bits.
StreamConfig wide_config(Granule granule, unsigned input) {
  StreamConfig config = stage1_config();
  config.ias_bits = config.oas_bits = config.s1.output_bits = 52;
  Stage1Half& half = config.s1.half[0];
  half.granule = granule;
  half.ds = granule != Granule::k64;
  half.sh = 3;
  half.input_bits = static_cast<std::uint8_t>(input);
  return config;
}

TableWalk walk_of(Memory& memory, const StreamConfig& config, std::uint64_t va) {
  memory.log.clear();
  TableWalk walk(config, Va(va), kRead);
  memory.run(walk);
  return walk;
}

}  // namespace

TEST_CASE("DS, 4 KB pages: a walk of 52 bits begins at level -1 and its addresses have 52 bits") {
  const StreamConfig config = wide_config(Granule::k4, 52);
  const std::uint64_t va = 9ull << 48 | 1ull << 39 | 2ull << 30 | 3ull << 21 | 4ull << 12 | 0x567;
  // Address bits 51:50 of every descriptor stand in bits 9:8.
  Memory memory;
  memory[0x100000 + 9 * 8] = 0x0003'0000'0020'0000ull | 3;       // level -1: bits 49:48 in place
  memory[0x0003'0000'0020'0000 + 8] = 0x30'0000 | 1u << 8 | 3;   // level 0: bit 50
  memory[0x0004'0000'0030'0000 + 16] = 0x40'0000 | 2u << 8 | 3;  // level 1: bit 51
  memory[0x0008'0000'0040'0000 + 24] = 0x50'0000 | 3;
  memory[0x50'0000 + 32] = 0x0002'0000'8000'2000 | 3u << 8 | kPage;
  const TableWalk walk = walk_of(memory, config, va);
  REQUIRE(walk.status() == TableWalk::Status::done);
  CHECK(walk.result().pa == Pa(0x000E'0000'8000'2567));
  CHECK(walk.result().attributes == MemoryAttributes{0xFF, 3});  // SH from the CD, not from bits 9:8
  REQUIRE(memory.log.size() == 5);
  for (int i = 0; i < 5; ++i) CHECK(int(memory.log[i].level) == i - 1);
  StreamConfig other = config;
  other.s1.half[0].sh = 2;
  CHECK(walk_of(memory, other, va).result().attributes == MemoryAttributes{0xFF, 2});
  other.s1.output_bits = 51;
  CHECK(walk_of(memory, other, va).fault().id == EventId::f_addr_size);
}

TEST_CASE("Where blocks may stand") {
  struct Row {
    Granule granule;
    bool ds;
    std::uint8_t oas;
    std::set<int> levels;
  };
  const Row rows[] = {{Granule::k4, false, 48, {1, 2}}, {Granule::k4, true, 52, {0, 1, 2}},
                      {Granule::k16, false, 48, {2}},   {Granule::k16, true, 52, {1, 2}},
                      {Granule::k64, false, 48, {2}},   {Granule::k64, false, 52, {1, 2}}};
  for (const Row& row : rows) {
    const TableFormat format{row.granule, row.ds, row.oas};
    for (int level = -1; level < 3; ++level) {
      INFO("page shift " << page_shift(row.granule) << " DS " << row.ds << " level " << level);
      CHECK((Descriptor{kBlock}.kind(format, level) == DescriptorKind::leaf) ==
            (row.levels.count(level) != 0));
      CHECK(Descriptor{kPage}.kind(format, level) == DescriptorKind::table);
    }
    CHECK(Descriptor{kPage}.kind(format, 3) == DescriptorKind::leaf);
    CHECK(Descriptor{kBlock}.kind(format, 3) == DescriptorKind::invalid);
  }
}

TEST_CASE("Large blocks: 512 GB, 64 GB, 4 TB") {
  Memory memory;
  memory[0x100000 + 8] = 0x0004'0180'0000'0000 >> 2 << 2;
  memory[0x100000 + 8] = 5ull << 39 | kBlock;
  StreamConfig config = wide_config(Granule::k4, 48);
  CHECK(walk_of(memory, config, 1ull << 39 | 0x12'3456).result().pa == Pa(5ull << 39 | 0x12'3456));
  CHECK(walk_of(memory, config, 1ull << 39).result().log2_size == 39);
  config = wide_config(Granule::k16, 47);
  memory[0x100000 + 8] = 3ull << 36 | kBlock;
  CHECK(walk_of(memory, config, 1ull << 36 | 0x999).result().pa == Pa(3ull << 36 | 0x999));
  CHECK(walk_of(memory, config, 1ull << 36).result().log2_size == 36);
  config = wide_config(Granule::k64, 52);
  memory[0x100000 + 8] = 3ull << 42 | 0xF000 | kBlock;  // address bits 51:48 in 15:12
  CHECK(walk_of(memory, config, 1ull << 42 | 0x999).result().pa == Pa(0xFull << 48 | 3ull << 42 | 0x999));
  CHECK(walk_of(memory, config, 1ull << 42).result().log2_size == 42);
}

TEST_CASE("First levels of 52-bit stage-1 walks") {
  CHECK(start_level(Granule::k4, 52) == -1);
  CHECK(start_level(Granule::k4, 49) == -1);
  CHECK(start_level(Granule::k4, 48) == 0);
  CHECK(start_level(Granule::k16, 52) == 0);
  CHECK(start_level(Granule::k16, 48) == 0);
  CHECK(start_level(Granule::k64, 52) == 1);
}

TEST_CASE("TxSZ of a CD") {
  struct Row {
    unsigned tg;
    bool ds;
    std::uint8_t vax;
    bool stt;
    unsigned least, most;
  };
  const Row rows[] = {{0, false, 0, false, 16, 39}, {0, true, 1, false, 12, 39}, {0, true, 0, true, 16, 48},
                      {0, false, 1, true, 16, 48},  {2, true, 1, true, 12, 48},  {2, false, 1, false, 16, 39},
                      {1, false, 1, true, 12, 47},  {1, true, 0, false, 16, 39}};
  for (const Row& row : rows) {
    Features f = wide_features();
    f.vax = row.vax, f.stt = row.stt;
    Cd cd;
    cd.ds = row.ds;
    cd.half[0].tg = static_cast<std::uint8_t>(row.tg);
    for (unsigned tsz = 0; tsz < 64; ++tsz) {
      cd.half[0].tsz = static_cast<std::uint8_t>(tsz);
      INFO("TG " << row.tg << " DS " << row.ds << " VAX " << int(row.vax) << " TxSZ " << tsz);
      CHECK(legal(cd, f, {}) == (tsz >= row.least && tsz <= row.most));
    }
    cd.half[0].tsz = 12;
    f.ds = false;  // then CD.DS does not exist
    CHECK(legal(cd, f, {}) == (row.tg == 1 && row.vax == 1));
  }
}

TEST_CASE("Table bases: 48 bits without 52-bit tables, and 64-byte alignment with 52 bits") {
  Features f = wide_features();
  Cd cd;
  cd.ips = 6;
  cd.half[0].ttb = 1ull << 48;
  CHECK_FALSE(legal(cd, f, {}));
  cd.ds = true;
  CHECK(legal(cd, f, {}));
  cd.ds = false, cd.half[0].tg = 1;
  CHECK(legal(cd, f, {}));
  cd.ips = 5;
  CHECK_FALSE(legal(cd, f, {}));
  CHECK(table_base(0x1234'5670, 1, 48) == 0x1234'5670);
  CHECK(table_base(0x1234'5670, 1, 52) == 0x1234'5640);
  CHECK(table_base(0x1234'5670, 5, 48) == 0x1234'5600);
}

TEST_CASE("Small tables: two entries of a last-level table") {
  StreamConfig config = stage1_config();
  config.s1.half[0].input_bits = 16;  // TxSZ 48: level 3 alone, VA[15:12]
  Memory memory;
  memory[0x100000 + 5 * 8] = 0x7000 | kPage;
  const TableWalk walk = walk_of(memory, config, 0x5123);
  REQUIRE(walk.status() == TableWalk::Status::done);
  CHECK(walk.result().pa == Pa(0x7123));
  CHECK(int(memory.log[0].level) == 3);
  CHECK(walk_of(memory, config, 0x1'0000).fault().id == EventId::f_translation);
}

TEST_CASE("Stage-2 start levels, S2SL0 and S2SL0_2") {
  struct Row {
    unsigned sl0, tg;
    bool sl0_2, ds, stt;
    std::uint8_t oas;
    int level;  ///< 9: reserved
  };
  const Row rows[] = {
      {0, 0, false, false, false, 5, 2}, {1, 0, false, false, false, 5, 1}, {2, 0, false, false, false, 5, 0},
      {3, 0, false, false, false, 5, 9}, {3, 0, false, false, true, 5, 3},  {2, 0, false, false, false, 3, 9},
      {2, 0, false, false, false, 4, 0}, {0, 0, true, true, false, 6, -1},  {1, 0, true, true, false, 6, 9},
      {0, 0, true, false, false, 6, 2},  {0, 2, false, false, false, 5, 3}, {1, 2, false, false, false, 5, 2},
      {2, 2, false, false, false, 5, 1}, {2, 2, false, false, false, 2, 9}, {2, 2, false, false, false, 3, 1},
      {3, 2, false, false, false, 6, 9}, {3, 2, false, true, false, 6, 0},  {0, 1, false, false, false, 5, 3},
      {1, 1, false, false, false, 5, 2}, {2, 1, false, false, false, 5, 1}, {2, 1, false, false, false, 3, 9},
      {3, 1, false, true, true, 6, 9}};
  for (const Row& row : rows) {
    Features f;
    f.oas = row.oas, f.stt = row.stt, f.ds = row.oas == 6;
    Ste ste;
    ste.s2_tg = static_cast<std::uint8_t>(row.tg);
    ste.s2_sl0 = static_cast<std::uint8_t>(row.sl0);
    ste.s2_sl0_2 = row.sl0_2;
    ste.s2_ds = row.ds;
    INFO("SL0 " << row.sl0 << " SL0_2 " << row.sl0_2 << " TG " << row.tg << " DS " << row.ds << " OAS "
                << int(row.oas));
    const auto level = stage2_start_level(*granule_of_tg0(row.tg), stage2_sl(ste, f), f, stage2_ds(ste, f));
    CHECK(level.value_or(9) == row.level);
  }
}

TEST_CASE("Stage-2 shapes: the input a start level takes, up to 16 concatenated tables") {
  // A table of the start level resolves `index` bits above `shift`; concatenation adds four.
  struct Row {
    unsigned tg, sl0;
    bool sl0_2, ds;
    unsigned shift, index;
  };
  const Row rows[] = {
      {0, 0, false, false, 21, 9},  {0, 1, false, false, 30, 9},  {0, 2, false, false, 39, 9},
      {0, 3, false, false, 12, 9},  {0, 0, true, true, 48, 9},    {2, 0, false, false, 14, 11},
      {2, 1, false, false, 25, 11}, {2, 2, false, false, 36, 11}, {2, 3, false, true, 47, 11},
      {1, 0, false, false, 16, 13}, {1, 1, false, false, 29, 13}, {1, 2, false, false, 42, 13}};
  const Features f = wide_features();
  for (const Row& row : rows) {
    Ste ste;
    ste.config = SteConfig::stage2;
    ste.s2_aa64 = true, ste.s2_ps = 6, ste.s2_r = true;
    ste.s2_tg = static_cast<std::uint8_t>(row.tg);
    ste.s2_sl0 = static_cast<std::uint8_t>(row.sl0);
    ste.s2_sl0_2 = row.sl0_2;
    ste.s2_ds = row.ds;
    const unsigned largest = row.ds || row.tg == 1 ? 52 : 48, smallest = row.tg == 1 ? 17 : 16;
    for (unsigned input = 10; input <= 56; ++input) {
      ste.s2_t0sz = static_cast<std::uint8_t>(64 - input);
      INFO("TG " << row.tg << " SL0 " << row.sl0 << " DS " << row.ds << " input " << input);
      const bool fits = input > row.shift && input <= row.shift + row.index + 4;
      CHECK(legal(ste, f) == (fits && input <= largest && input >= smallest));
    }
  }
}

TEST_CASE("DS at stage 2: 52 bits in, 52 bits out, SH from the STE") {
  StreamConfig config;
  config.kind = ConfigKind::stage2;
  config.ias_bits = config.oas_bits = 52;
  config.s2.ds = true;
  config.s2.sh = 2;
  config.s2.start_level = 0;
  config.s2.input_bits = 52;  // level 0 with 16 tables side by side: index bits 51:39
  config.s2.output_bits = 52;
  config.s2.ttb = 0x200000;
  Memory memory;
  const std::uint64_t ipa = 0xFull << 48 | 0x7ull << 39 | 0x1234;
  memory[0x200000 + (ipa >> 39) * 8] = 1ull << 39 | 3u << 8 | kAf | 0xFu << 2 | 3u << 6 | 1;
  const TableWalk walk = walk_of(memory, config, ipa);
  REQUIRE(walk.status() == TableWalk::Status::done);
  CHECK(walk.result().pa == Pa(3ull << 50 | 1ull << 39 | 0x1234));
  CHECK(walk.result().attributes == MemoryAttributes{0xFF, 2});  // combined with ISH: OSH
  CHECK(walk.result().log2_size == 39);
}

TEST_CASE("Groups of leaves with the contiguous hint") {
  struct Row {
    Granule granule;
    int level;
    unsigned log2_group;  ///< 0: the hint means nothing
  };
  const Row rows[] = {{Granule::k4, 3, 16}, {Granule::k4, 2, 25},  {Granule::k4, 1, 34},
                      {Granule::k4, 0, 0},  {Granule::k16, 3, 21}, {Granule::k16, 2, 30},
                      {Granule::k16, 1, 0}, {Granule::k64, 3, 21}, {Granule::k64, 2, 34},
                      {Granule::k64, 1, 0}};
  for (const Row& row : rows) {
    INFO("page shift " << page_shift(row.granule) << " level " << row.level);
    const unsigned leaf = level_shift(row.granule, row.level);
    const unsigned group = log2_contiguous_leaves(row.granule, row.level);
    CHECK(group == (row.log2_group == 0 ? 0 : row.log2_group - leaf));
  }
  Memory memory;
  StreamConfig config = stage1_config();
  config.s1.half[0].input_bits = 39;
  memory[0x100000] = 0x101003;
  memory[0x101000] = 0x102003;
  memory[0x102000] = 0x8000'0000 | kPage | Descriptor::kContiguous;
  CHECK(walk_of(memory, config, 0).result().log2_size == 12);
  CHECK(walk_of(memory, config, 0).result().log2_contiguous == 16);
  memory[0x102000] &= ~Descriptor::kContiguous;
  CHECK(walk_of(memory, config, 0).result().log2_contiguous == 12);
  config.s1.half[0].input_bits = 32;  // level 1 blocks: a group of 16 GB is cut to the 4 GB there are
  memory[0x100000] = 0x8000'0000 | kBlock | Descriptor::kContiguous;
  CHECK(walk_of(memory, config, 0).result().log2_contiguous == 32);
}
