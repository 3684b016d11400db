// Memory types, shareability and allocation hints: overrides of what comes in, leaves of both stages, and the
// SMMU's own fetches.
#include <catch2/catch.hpp>

#include "models/arch/memory_attributes.hpp"
#include "testbenches/unit/arch_helpers.hpp"

using namespace arch_test;

namespace {

constexpr std::uint64_t kAf = 1u << 10, kUser = 1u << 6;
constexpr std::uint64_t kS2All = 3u << 6;
constexpr std::uint64_t kStrtab = 0x40000, kCdTable = 0x50000, kS1 = 0x100000, kS2 = 0x200000;

/// Stream 5: nested 1 GB blocks of level 1, identity at stage 2; everything write-back unless a test says
/// otherwise.
struct Setup {
  Memory memory;
  SmmuState state;
  Features features;
  Ste ste;
  Cd cd;
  std::uint64_t s1_leaf = kAf | kUser | 3u << 8 | 1;
  std::uint64_t s2_leaf = kAf | kS2All | 0xFu << 2 | 3u << 8 | 1;

  Setup() {
    state.smmu_enabled = true;
    state.strtab_base = kStrtab, state.strtab_base_cfg = 8;
    ste.config = SteConfig::both;
    ste.s1_context_ptr = kCdTable;
    ste.s1_cir = ste.s1_cor = 1, ste.s1_csh = 3;
    ste.s2_aa64 = true, ste.s2_t0sz = 25, ste.s2_sl0 = 1, ste.s2_ps = 5, ste.s2_ttb = kS2, ste.s2_r = true;
    ste.s2_ir0 = ste.s2_or0 = 1, ste.s2_sh0 = 3;
    cd.half[0].ttb = kS1, cd.half[0].tsz = 25;
    cd.half[0].ir = cd.half[0].orgn = 1, cd.half[0].sh = 3;
    cd.mair = 0xFF;
  }
  /// The whole lookup; the fetches are in memory.log.
  Outcome translate(Va va = Va(0x1234), Access access = kRead) {
    memory.log.clear();
    memory.write(kStrtab + 5 * 64, encode(ste));
    memory.write(kCdTable, encode(cd));
    memory[kS1] = s1_leaf;
    memory[kS2] = s2_leaf;
    ConfigWalk config(state, features, kStream, kNoSubstream);
    memory.run(config);
    if (config.status() == ConfigWalk::Status::fault) return FaultOutcome{config.fault(), std::nullopt};
    TableWalk walk(config.config(), va, access);
    memory.run(walk);
    if (walk.status() == TableWalk::Status::fault) return FaultOutcome{walk.fault(), std::nullopt};
    return walk.result();
  }
  MemoryAttributes result() { return std::get<TranslationResult>(translate()).attributes; }
  MemoryAttributes of_fetch(Purpose purpose) {
    translate();
    for (const Fetch& fetch : memory.log) {
      if (fetch.purpose == purpose) return fetch.attributes;
    }
    FAIL("no such fetch");
    return {};
  }
};

}  // namespace

TEST_CASE("Overrides: type, shareability, allocation") {
  struct Row {
    AttributeOverride override;
    MemoryAttributes incoming, out;
  };
  const Row rows[] = {
      {{}, {0xFF, 3}, {0xFF, 3}},
      {{}, {0x44, 0}, {0x44, 2}},                  // uncached is always outer shareable
      {{false, 0x0, 0, 0}, {0xFF, 3}, {0xFF, 0}},  // SHCFG
      {{false, 0x0, 2, 0}, {0xFF, 3}, {0xFF, 2}},
      {{false, 0x0, 0, 0}, {0x04, 3}, {0x04, 2}},        // not for Device
      {{true, 0x5, 1, 0}, {0xFF, 3}, {0x44, 2}},         // MTCFG: Normal uncached
      {{true, 0x3, 1, 0}, {0xFF, 3}, {0x0C, 2}},         // Device-GRE
      {{true, 0x4, 1, 0}, {0xFF, 3}, {0x00, 2}},         // reserved
      {{true, 0xA, 1, 0}, {0xEE, 3}, {0xAA, 3}},         // write-through keeps the hints that came in
      {{true, 0xF, 3, 0}, {0x04, 2}, {0xFF, 3}},         // from Device: read and write allocate
      {{true, 0xD, 3, 0}, {0xFF, 3}, {0xF4, 3}},         // outer write-back, inner uncached
      {{false, 0x0, 1, 0b1000}, {0xFF, 3}, {0xCC, 3}},   // ALLOCCFG: nothing
      {{false, 0x0, 1, 0b1100}, {0xFF, 3}, {0xEE, 3}},   // read
      {{false, 0x0, 1, 0b1010}, {0xBB, 3}, {0x99, 3}},   // write
      {{false, 0x0, 1, 0b1111}, {0xFF, 3}, {0x77, 3}},   // transient
      {{false, 0x0, 1, 0b1001}, {0xFF, 3}, {0xCC, 3}},   // transient without allocation: not transient
      {{false, 0x0, 1, 0b0111}, {0xFF, 3}, {0xFF, 3}},   // as incoming
      {{false, 0x0, 1, 0b1110}, {0x44, 2}, {0x44, 2}}};  // uncached allocates nothing
  for (const Row& row : rows) {
    INFO(std::hex << int(row.override.mtcfg) << " " << int(row.override.mem_attr) << " SHCFG "
                  << int(row.override.sh_cfg) << " ALLOCCFG " << int(row.override.alloc_cfg) << " in "
                  << int(row.incoming.type));
    const MemoryAttributes out = row.override.apply(row.incoming);
    CHECK(int(out.type) == int(row.out.type));
    CHECK(int(out.shareability) == int(row.out.shareability));
  }
}

TEST_CASE("STE and GBPA overrides, and IDR1 that says whether they exist") {
  Setup s;
  s.ste.config = SteConfig::bypass;
  s.ste.mtcfg = true, s.ste.mem_attr = 0xA, s.ste.sh_cfg = 0, s.ste.alloc_cfg = 0b1100;
  s.ste.priv_cfg = 3;
  CHECK(s.result() == MemoryAttributes{0xAA, 0});
  s.features.attr_types_ovr = false;
  CHECK(s.result() == MemoryAttributes{0xFF, 3});
  s.state.smmu_enabled = false;
  s.features.attr_types_ovr = true;
  s.state.gbpa = 0xA | 1u << 4 | 0b1100u << 8 | 3u << 16;
  CHECK(s.result() == MemoryAttributes{0xAA, 0});
  const auto config = [&] { return ConfigWalk(s.state, s.features, kStream, kNoSubstream).config(); };
  CHECK(config().effective(kRead).privileged);
  s.features.attr_perms_ovr = false;
  CHECK_FALSE(config().effective(kRead).privileged);
  s.features.attr_types_ovr = false;
  CHECK(s.result() == MemoryAttributes{0xFF, 3});
}

TEST_CASE("What stage 1 does with what came in: only allocation hints combine") {
  Setup s;
  s.ste.config = SteConfig::stage1;
  s.ste.sh_cfg = 0;
  CHECK(s.result() == MemoryAttributes{0xFF, 3});  // SH of the leaf
  s.ste.alloc_cfg = 0b1100;
  CHECK(s.result() == MemoryAttributes{0xEE, 3});
  s.ste.mtcfg = true, s.ste.mem_attr = 5;  // uncached comes without hints
  CHECK(s.result() == MemoryAttributes{0xFF, 3});
  s.cd.mair = 0xBB;
  CHECK(s.result() == MemoryAttributes{0xBB, 3});
  s.cd.mair = 0x0C;
  CHECK(s.result() == MemoryAttributes{0x0C, 2});
  struct Row {
    std::uint8_t mair, acts_as;
  };
  for (const Row& row : {Row{0x01, 0x00}, Row{0x06, 0x04}, Row{0x0B, 0x08}, Row{0x0D, 0x0C}, Row{0xF0, 0xF3},
                         Row{0x40, 0x43}, Row{0xFF, 0xFF}}) {
    CHECK(int(canonical_mair(row.mair)) == int(row.acts_as));
  }
}

TEST_CASE("Stage 2 alone combines with what came in; hints pass") {
  Setup s;
  s.ste.config = SteConfig::stage2;
  s.ste.alloc_cfg = 0b1100;
  CHECK(s.result() == MemoryAttributes{0xEE, 3});
  s.s2_leaf = kAf | kS2All | 0xAu << 2 | 1;  // write-through, not shareable
  CHECK(s.result() == MemoryAttributes{0xAA, 3});
  s.ste.sh_cfg = 0;
  CHECK(s.result() == MemoryAttributes{0xAA, 0});
  s.s2_leaf = kAf | kS2All | 6u << 2 | 3u << 8 | 1;  // with FWB: write-back
  s.ste.s2_fwb = true;
  s.ste.mtcfg = true, s.ste.mem_attr = 5;
  CHECK(s.result() == MemoryAttributes{0xFF, 2});  // uncached came in outer shareable
  s.features.fwb = false;                          // 6 is then outer uncached, inner write-through
  CHECK(int(s.result().type) == 0x44);
}

TEST_CASE("FWB keeps stage 1's hints when it forces write-back") {
  CHECK(int(combine({0xEE, 3}, 6, 3, true).type) == 0xEE);
  CHECK(int(combine({0xA4, 3}, 6, 3, true).type) == 0xEF);
  CHECK(int(combine({0x04, 3}, 6, 3, true).type) == 0xFF);
}

TEST_CASE("Attributes of the SMMU's own fetches") {
  Setup s;
  CHECK(s.of_fetch(Purpose::ste) == MemoryAttributes{0xFF, 3});
  s.state.cr1 = 2u << 6 | 0u << 8 | 2u << 10;  // inner write-through, outer none
  CHECK(s.of_fetch(Purpose::ste) == MemoryAttributes{0x4A, 2});
  s.state.cr1 = 0;
  CHECK(s.of_fetch(Purpose::ste) == MemoryAttributes{0x44, 2});

  CHECK(s.of_fetch(Purpose::stage2_descriptor) == MemoryAttributes{0xFF, 3});
  s.ste.s2_ir0 = 3, s.ste.s2_or0 = 2, s.ste.s2_sh0 = 2;
  CHECK(s.of_fetch(Purpose::stage2_descriptor) == MemoryAttributes{0xAE, 2});

  s.ste.config = SteConfig::stage1;
  CHECK(s.of_fetch(Purpose::cd) == MemoryAttributes{0xEE, 3});
  CHECK(s.of_fetch(Purpose::stage1_descriptor) == MemoryAttributes{0xFF, 3});
  s.ste.s1_cir = 3, s.ste.s1_cor = 0, s.ste.s1_csh = 1;  // no read allocation; reserved: not shareable
  CHECK(s.of_fetch(Purpose::cd) == MemoryAttributes{0x4C, 0});
  s.cd.half[0].ir = s.cd.half[0].orgn = 0;
  CHECK(s.of_fetch(Purpose::stage1_descriptor) == MemoryAttributes{0x44, 2});

  // With stage 2 on, the page they lie in has its say.
  s.ste.config = SteConfig::both;
  s.ste.s1_cir = s.ste.s1_cor = 1, s.ste.s1_csh = 0;
  s.cd.half[0].ir = s.cd.half[0].orgn = 1, s.cd.half[0].sh = 0;
  s.s2_leaf = kAf | kS2All | 0xAu << 2 | 2u << 8 | 1;
  CHECK(s.of_fetch(Purpose::cd) == MemoryAttributes{0xAA, 2});
  CHECK(s.of_fetch(Purpose::stage1_descriptor) == MemoryAttributes{0xBB, 2});
  s.s2_leaf = kAf | kS2All | 1u << 2 | 1;  // Device-nGnRE
  CHECK(s.of_fetch(Purpose::cd) == MemoryAttributes{0x04, 2});
  s.features.ptwnnc = true;
  CHECK(s.of_fetch(Purpose::cd) == MemoryAttributes{0x44, 2});
  CHECK(s.of_fetch(Purpose::stage1_descriptor) == MemoryAttributes{0x44, 2});
}

TEST_CASE("S2PTW: tables and CDs in stage-2 Device memory are permission faults, data is not") {
  struct Row {
    unsigned mem_attr;
    bool fwb, device;
  };
  const Row rows[] = {{0, false, true},  {3, false, true},  {4, false, true},   {8, false, true},
                      {12, false, true}, {5, false, false}, {15, false, false}, {1, true, true},
                      {4, true, true},   {5, true, false},  {6, true, false},   {7, true, false}};
  for (const Row& row : rows) {
    INFO("MemAttr " << row.mem_attr << " FWB " << row.fwb);
    Setup s;
    s.ste.s2_ptw = true;
    s.ste.s2_fwb = row.fwb;
    s.s2_leaf = kAf | kS2All | row.mem_attr << 2 | 1;
    const Outcome nested = s.translate();
    REQUIRE(std::holds_alternative<FaultOutcome>(nested) == row.device);
    if (row.device) {
      CHECK(fault_of(nested).id == EventId::f_permission);
      CHECK(fault_of(nested).fault_class == FaultClass::cd);
    }
    s.ste.config = SteConfig::stage2;  // S2PTW speaks of nested walks only
    CHECK(std::holds_alternative<TranslationResult>(s.translate()));
  }
}
