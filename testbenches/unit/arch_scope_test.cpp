// What each invalidation command removes, entry by entry; and that walk cache invalidations remove no less.
#include <catch2/catch.hpp>
#include <random>

#include "models/arch/tlb_scope.hpp"

using namespace svasim::arch;

namespace {

Command tlbi(Opcode op, std::uint16_t vmid = 1, std::uint16_t asid = 2, std::uint64_t address = 0x5000) {
  Command c;
  c.opcode = op;
  c.vmid = vmid;
  c.asid = asid;
  c.address = address;
  return c;
}

struct Fixture {
  SmmuState state;
  Features features;
  bool hit(const Command& c, const TlbTag& tag) const { return invalidates(c, tag, state, features); }
};

/// VMID 1, ASID 2, VA 0x5000, 4 KB.
TlbTag entry(TranslationKind kind = TranslationKind::stage1) {
  TlbTag tag;
  tag.kind = kind;
  tag.vmid = 1, tag.asid = 2, tag.address = 0x5000;
  return tag;
}

}  // namespace

TEST_CASE("Scope of each command") {
  enum : unsigned { kVmid = 1, kAsid = 2, kAddress = 4, kGlobalIsAnyAsid = 8, kNeverGlobal = 16 };
  struct Row {
    Opcode op;
    unsigned looks_at;
    bool stage1, both, stage2;
  };
  const Row rows[] = {{Opcode::tlbi_nh_all, kVmid, true, true, false},
                      {Opcode::tlbi_nh_asid, kVmid | kAsid | kNeverGlobal, true, true, false},
                      {Opcode::tlbi_nh_va, kVmid | kAsid | kAddress | kGlobalIsAnyAsid, true, true, false},
                      {Opcode::tlbi_nh_vaa, kVmid | kAddress, true, true, false},
                      {Opcode::tlbi_s12_vmall, kVmid, true, true, true},
                      {Opcode::tlbi_s2_ipa, kVmid | kAddress, false, false, true},
                      {Opcode::tlbi_nsnh_all, 0, true, true, true}};
  const Fixture f;
  for (const Row& row : rows) {
    const struct {
      TranslationKind kind;
      bool affected;
    } kinds[] = {{TranslationKind::stage1, row.stage1},
                 {TranslationKind::both, row.both},
                 {TranslationKind::stage2, row.stage2},
                 {TranslationKind::bypass, false}};
    for (const auto& k : kinds) {
      INFO(name(row.op) << " kind " << static_cast<int>(k.kind));
      const auto hit = [&](auto&& change) {
        TlbTag tag = entry(k.kind);
        change(tag);
        return f.hit(tlbi(row.op), tag);
      };
      CHECK(hit([](TlbTag&) {}) == k.affected);
      CHECK(hit([](TlbTag& t) { t.vmid = 9; }) == (k.affected && (row.looks_at & kVmid) == 0));
      CHECK(hit([](TlbTag& t) { t.asid = 9; }) == (k.affected && (row.looks_at & kAsid) == 0));
      CHECK(hit([](TlbTag& t) { t.address = 0x6000; }) == (k.affected && (row.looks_at & kAddress) == 0));
      CHECK(hit([](TlbTag& t) { t.global = true, t.asid = 9; }) ==
            (k.affected && ((row.looks_at & kAsid) == 0 || (row.looks_at & kGlobalIsAnyAsid) != 0)));
      CHECK(hit([](TlbTag& t) { t.global = true; }) == (k.affected && (row.looks_at & kNeverGlobal) == 0));
      CHECK_FALSE(hit([](TlbTag& t) { t.world = StreamWorld::el2; }));
      CHECK_FALSE(hit([](TlbTag& t) { t.world = StreamWorld::el2_e2h; }));
    }
  }
  CHECK_FALSE(f.hit(tlbi(Opcode::sync), entry()));
  CHECK_FALSE(f.hit(tlbi(Opcode::cfgi_ste), entry()));
}

TEST_CASE("EL2 commands by address act on EL2 or EL2-E2H entries, as CR2.E2H says; the others on both") {
  Fixture f;
  TlbTag el2 = entry(), e2h = entry(), el1 = entry();
  el2.world = StreamWorld::el2, el2.global = true;
  e2h.world = StreamWorld::el2_e2h;
  for (const Opcode op :
       {Opcode::tlbi_el2_all, Opcode::tlbi_el2_va, Opcode::tlbi_el2_vaa, Opcode::tlbi_el2_asid}) {
    INFO(name(op));
    f.state.e2h = false;
    CHECK(f.hit(tlbi(op, 0, 77), el2) == (op != Opcode::tlbi_el2_asid));  // no ASIDs there
    const bool both_worlds = op == Opcode::tlbi_el2_all || op == Opcode::tlbi_el2_asid;
    CHECK(f.hit(tlbi(op), e2h) == both_worlds);
    CHECK_FALSE(f.hit(tlbi(op), el1));
    f.state.e2h = true;
    CHECK(f.hit(tlbi(op), e2h));
    CHECK(f.hit(tlbi(op, 0, 77), e2h) == (op == Opcode::tlbi_el2_all || op == Opcode::tlbi_el2_vaa));
    CHECK(f.hit(tlbi(op), el2) == (op == Opcode::tlbi_el2_all));
  }
}

TEST_CASE("Without stage 2 there are no VMIDs") {
  Fixture f;
  f.features.s2p = false;
  TlbTag tag = entry();
  tag.vmid = 0;
  CHECK(f.hit(tlbi(Opcode::tlbi_nh_va, 55), tag));
}

TEST_CASE("Addresses: blocks, leaves, the tag byte") {
  const Fixture f;
  TlbTag block = entry();
  block.address = 0x20'0000, block.log2_size = 21;
  CHECK(f.hit(tlbi(Opcode::tlbi_nh_va, 1, 2, 0x20'0000), block));
  CHECK(f.hit(tlbi(Opcode::tlbi_nh_va, 1, 2, 0x3F'F000), block));
  CHECK_FALSE(f.hit(tlbi(Opcode::tlbi_nh_va, 1, 2, 0x40'0000), block));
  CHECK_FALSE(f.hit(tlbi(Opcode::tlbi_nh_va, 1, 2, 0x1F'F000), block));
  TlbTag table = block;
  table.leaf = false;
  Command c = tlbi(Opcode::tlbi_nh_va, 1, 2, 0x20'0000);
  CHECK(f.hit(c, table));
  c.leaf = true;
  CHECK_FALSE(f.hit(c, table));
  CHECK(f.hit(c, block));
  TlbTag high = entry();
  high.address = 0xFFFF'8000'0000'5000;
  CHECK(f.hit(tlbi(Opcode::tlbi_nh_va, 1, 2, 0xFFFF'8000'0000'5000), high));
  CHECK(f.hit(tlbi(Opcode::tlbi_nh_va, 1, 2, 0xA5FF'8000'0000'5000), high));  // bits 63:56 are a tag
  CHECK_FALSE(f.hit(tlbi(Opcode::tlbi_nh_va, 1, 2, 0x0000'8000'0000'5000), high));
  TlbTag all = entry();
  all.address = 0, all.log2_size = 64;
  CHECK(f.hit(tlbi(Opcode::tlbi_nh_va, 1, 2, 0x00FF'FFFF'FFFF'F000), all));
}

TEST_CASE("An invalidation by VA names a stage-1 block, however small the pages stage 2 cut it into") {
  const Fixture f;
  TranslationResult result;
  result.kind = TranslationKind::both;
  result.vmid = 1, result.asid = 2;
  result.log2_size = 12, result.log2_leaf = 21;
  const TlbTag tag = tag_of(result, 0x203000);
  CHECK(f.hit(tlbi(Opcode::tlbi_nh_va, 1, 2, 0x2FF000), tag));
  CHECK_FALSE(f.hit(tlbi(Opcode::tlbi_nh_va, 1, 2, 0x403000), tag));
}

TEST_CASE("Ranges: (NUM + 1) * 2^SCALE pages of TG") {
  Fixture f;
  Command c = tlbi(Opcode::tlbi_nh_va, 1, 2, 0x10'0000);
  c.num = 2, c.scale = 3, c.tg = 1;  // 24 pages of 4 KB
  CHECK(tlbi_range(c, f.features).first == 0x10'0000);
  CHECK(tlbi_range(c, f.features).last == 0x11'7FFF);
  TlbTag tag = entry();
  const auto hit = [&](std::uint64_t address) {
    tag.address = address;
    return f.hit(c, tag);
  };
  CHECK_FALSE(hit(0xF'F000));
  CHECK(hit(0x10'0000));
  CHECK(hit(0x11'7000));
  CHECK_FALSE(hit(0x11'8000));
  tag.log2_granule = 16;  // entries of another granule are not meant
  CHECK_FALSE(hit(0x10'0000));
  tag.log2_granule = 12;
  c.tg = 2;  // 24 pages of 16 KB
  CHECK(tlbi_range(c, f.features).last == 0x15'FFFF);
  c.tg = 1;
  f.features.ril = false;  // then the fields mean nothing
  CHECK(hit(0x10'0000));
  CHECK_FALSE(hit(0x10'1000));
  f.features.ril = true;
  c.num = 31, c.scale = 31, c.tg = 3;  // 2^52 bytes, cut at the end of the address space
  CHECK(tlbi_range(c, f.features).last == 0x0010'0000'000F'FFFF);
  c.address = 0xFFFF'8000'0000'0000;
  CHECK(tlbi_range(c, f.features).last == 0x00FF'FFFF'FFFF'FFFF);
}

TEST_CASE("Walk cache invalidations carry the command's scope, world and range") {
  SmmuState e2h;
  e2h.e2h = true;
  const auto of = [](const Command& c, const SmmuState& state = {}) {
    return walk_cache_invalidate(c, state, Features{});
  };
  Command c = tlbi(Opcode::tlbi_nh_va, 1, 2, 0xFFFF'8000'0001'0000);
  c.leaf = true;
  c.tg = 2, c.num = 7, c.scale = 3;
  REQUIRE(of(c));
  CHECK(of(c)->scope == WalkCacheScope::va);
  CHECK(of(c)->worlds == bit_of(WalkCacheWorld::el1));
  CHECK(of(c)->leaf_only);
  CHECK(of(c)->key.vmid == 1);
  CHECK(of(c)->key.asid == 2);
  CHECK(of(c)->key.vpn == 0xFF'8000'0001'0);
  CHECK(of(c)->tg == 2);
  CHECK(of(c)->num == 7);
  CHECK(of(c)->scale == 3);
  Features plain;
  plain.s2p = false;  // then entries have VMID 0, whatever the command says
  plain.ril = false;  // then the range fields mean nothing
  CHECK(walk_cache_invalidate(c, SmmuState{}, plain)->key.vmid == 0);
  CHECK(walk_cache_invalidate(c, SmmuState{}, plain)->tg == 0);

  const auto worlds = [](std::initializer_list<WalkCacheWorld> list) {
    unsigned bits = 0;
    for (const WalkCacheWorld world : list) bits |= bit_of(world);
    return bits;
  };
  using World = WalkCacheWorld;
  CHECK(of(tlbi(Opcode::tlbi_nh_asid))->scope == WalkCacheScope::asid);
  CHECK(of(tlbi(Opcode::tlbi_nh_all))->scope == WalkCacheScope::vmid);
  CHECK(of(tlbi(Opcode::tlbi_nh_all))->worlds == worlds({World::el1}));
  CHECK(of(tlbi(Opcode::tlbi_s12_vmall))->scope == WalkCacheScope::vmid);
  CHECK(of(tlbi(Opcode::tlbi_s12_vmall))->worlds == worlds({World::el1, World::stage2}));
  CHECK(of(tlbi(Opcode::tlbi_nsnh_all))->scope == WalkCacheScope::all);
  CHECK(of(tlbi(Opcode::tlbi_nsnh_all))->worlds == worlds({World::el1, World::stage2}));
  CHECK(of(tlbi(Opcode::tlbi_s2_ipa))->scope == WalkCacheScope::vaa);
  CHECK(of(tlbi(Opcode::tlbi_s2_ipa))->worlds == worlds({World::stage2}));
  CHECK(of(tlbi(Opcode::tlbi_el2_all))->worlds == worlds({World::el2, World::el2_e2h}));
  CHECK(of(tlbi(Opcode::tlbi_el2_all), e2h)->worlds == worlds({World::el2, World::el2_e2h}));
  CHECK(of(tlbi(Opcode::tlbi_el2_asid))->worlds == worlds({World::el2_e2h}));
  CHECK(of(tlbi(Opcode::tlbi_el2_asid), e2h)->scope == WalkCacheScope::asid);
  CHECK(of(tlbi(Opcode::tlbi_el2_va))->scope == WalkCacheScope::vaa);
  CHECK(of(tlbi(Opcode::tlbi_el2_va), e2h)->scope == WalkCacheScope::va);
  CHECK_FALSE(of(tlbi(Opcode::sync)));
}

TEST_CASE("Walk cache invalidations remove exactly what the command must") {
  std::mt19937_64 random(7);
  const auto removes = [](const WalkCacheInvalidate& i, const WalkCacheEntry& e) {
    if ((i.worlds & bit_of(e.key.world)) == 0) return false;
    const unsigned page = page_shift(e.key.granule);
    const std::uint64_t first = i.key.vpn << 12 >> page << page;
    const std::uint64_t bytes = i.tg == 0 ? 1 : (std::uint64_t{i.num} + 1) << (i.scale + page);
    const unsigned shift = level_shift(e.key.granule, e.level);
    const std::uint64_t low = e.key.vpn << 12 >> shift << shift, high = low + (1ull << shift) - 1;
    const std::uint64_t begin = i.tg == 0 ? i.key.vpn << 12 : first;
    const bool granule = i.tg == 0 || page == (i.tg == 1 ? 12u : i.tg == 2 ? 14u : 16u);
    const bool same_va = granule && begin <= high && low <= begin + bytes - 1 && !(i.leaf_only && !e.leaf);
    const bool same_vmid = i.key.vmid == e.key.vmid, same_asid = i.key.asid == e.key.asid;
    switch (i.scope) {
      case WalkCacheScope::all: return true;
      case WalkCacheScope::vmid: return same_vmid;
      case WalkCacheScope::asid: return same_vmid && same_asid && !e.global;
      case WalkCacheScope::va: return same_vmid && same_va && (same_asid || e.global);
      case WalkCacheScope::vaa: return same_vmid && same_va;
    }
    return false;
  };
  const Opcode ops[] = {Opcode::tlbi_nh_all,   Opcode::tlbi_nh_asid,   Opcode::tlbi_nh_va,
                        Opcode::tlbi_nh_vaa,   Opcode::tlbi_s12_vmall, Opcode::tlbi_s2_ipa,
                        Opcode::tlbi_nsnh_all, Opcode::tlbi_el2_all,   Opcode::tlbi_el2_asid,
                        Opcode::tlbi_el2_va,   Opcode::tlbi_el2_vaa};
  const Granule granules[] = {Granule::k4, Granule::k16, Granule::k64};
  unsigned required = 0;
  for (int n = 0; n < 40000; ++n) {
    Command c = tlbi(ops[random() % 11], random() % 2, random() % 2, (random() % 64) << 12);
    c.leaf = random() % 2 != 0;
    if (random() % 2 != 0) c.tg = 1 + random() % 3, c.num = random() % 8, c.scale = random() % 3;
    SmmuState state;
    state.e2h = random() % 2 != 0;
    WalkCacheEntry e;
    e.key.world = static_cast<WalkCacheWorld>(random() % 4);
    const bool el2 = e.key.world == WalkCacheWorld::el2 || e.key.world == WalkCacheWorld::el2_e2h;
    const bool no_asid = e.key.world == WalkCacheWorld::el2 || e.key.world == WalkCacheWorld::stage2;
    e.key.vmid = el2 ? 0 : random() % 2;
    e.key.asid = no_asid ? 0 : random() % 2;
    e.key.vpn = random() % 64;
    e.key.granule = granules[random() % 3];
    e.level = 2 + random() % 2;
    e.leaf = e.level == 3 || random() % 2 != 0;
    e.global = e.leaf && random() % 2 != 0;
    TlbTag tag;
    tag.kind = e.key.world == WalkCacheWorld::stage2 ? TranslationKind::stage2 : TranslationKind::stage1;
    tag.world = el2 ? static_cast<StreamWorld>(e.key.world) : StreamWorld::el1;
    tag.asid = e.key.asid;
    tag.vmid = e.key.vmid;
    tag.global = e.global;
    tag.leaf = e.leaf;
    tag.log2_granule = page_shift(e.key.granule);
    tag.log2_size = static_cast<std::uint8_t>(level_shift(e.key.granule, e.level));
    tag.address = e.key.vpn << 12 & ~((1ull << tag.log2_size) - 1);
    const bool must = invalidates(c, tag, state, Features{});
    const auto request = walk_cache_invalidate(c, state, Features{});
    required += must;
    INFO("iteration " << n << " " << name(c.opcode) << " level " << int(e.level) << " vpn " << e.key.vpn);
    REQUIRE((request && removes(*request, e)) == must);
  }
  CHECK(required > 1000);
}

TEST_CASE("A level hint narrows to leaves of that level and tables above it") {
  Fixture f;
  f.features.ds = true;
  struct Row {
    unsigned tg, ttl;
    bool leaf_command;
    unsigned leaves, tables;  ///< a bit per level that must go
  };
  const Row rows[] = {{1, 0, false, 0b1111, 0b1111}, {1, 1, false, 0b0010, 0b0001},
                      {1, 2, false, 0b0100, 0b0011}, {1, 3, false, 0b1000, 0b0111},
                      {1, 2, true, 0b0100, 0},       {2, 1, true, 0b0010, 0},
                      {0, 2, false, 0b1111, 0b1111}};
  for (const Row& row : rows) {
    Command c = tlbi(Opcode::tlbi_nh_va);
    c.tg = static_cast<std::uint8_t>(row.tg), c.ttl = static_cast<std::uint8_t>(row.ttl);
    c.num = 3, c.leaf = row.leaf_command;
    c.address = 0x4000;
    for (int level = 0; level < 4; ++level) {
      INFO("TG " << row.tg << " TTL " << row.ttl << " leaf " << row.leaf_command << " level " << level);
      TlbTag tag = entry();
      tag.address = 0x4000;
      tag.log2_granule = row.tg == 2 ? 14 : 12;
      tag.level = static_cast<std::int8_t>(level);
      CHECK(f.hit(c, tag) == ((row.leaves >> level & 1) != 0));
      tag.leaf = false;
      CHECK(f.hit(c, tag) == ((row.tables >> level & 1) != 0));
    }
  }
  Command c = tlbi(Opcode::tlbi_nh_va);
  c.tg = 2, c.ttl = 1, c.num = 1, c.address = 0x4000;
  TlbTag tag = entry();
  tag.address = 0x4000, tag.log2_granule = 14;
  CHECK_FALSE(f.hit(c, tag));
  f.features.ds = false;  // level 1 of 16 KB has no blocks then: the hint means nothing
  CHECK(f.hit(c, tag));
  f.features.ril = false;  // nor does any part of the range
  tag.log2_granule = 12;
  CHECK(f.hit(c, tag));
}

TEST_CASE("VMID wildcards") {
  Fixture f;
  for (unsigned vmw = 0; vmw <= 4; ++vmw) {
    f.state.vmw = static_cast<std::uint8_t>(vmw);
    for (unsigned vmid = 0; vmid < 64; ++vmid) {
      TlbTag tag = entry();
      tag.vmid = static_cast<std::uint16_t>(vmid);
      INFO("VMW " << vmw << " VMID " << vmid);
      for (const Opcode op : {Opcode::tlbi_nh_all, Opcode::tlbi_nh_va, Opcode::tlbi_s12_vmall}) {
        CHECK(f.hit(tlbi(op, 0x15), tag) == (vmid >> vmw == 0x15u >> vmw));
      }
    }
  }
  f.features.vmw = false;
  TlbTag tag = entry();
  tag.vmid = 0x14;
  CHECK_FALSE(f.hit(tlbi(Opcode::tlbi_nh_all, 0x15), tag));
  f.features.vmw = true;  // the walk cache matches whole VMIDs: it loses more
  CHECK(walk_cache_invalidate(tlbi(Opcode::tlbi_nh_va), f.state, f.features)->scope == WalkCacheScope::all);
}

TEST_CASE("8-bit identifiers: a command with more bits matches nothing") {
  Fixture f;
  f.features.asid16 = f.features.vmid16 = false;
  CHECK(f.hit(tlbi(Opcode::tlbi_nh_asid), entry()));
  CHECK_FALSE(f.hit(tlbi(Opcode::tlbi_nh_asid, 1, 0x102), entry()));
  CHECK_FALSE(f.hit(tlbi(Opcode::tlbi_nh_asid, 0x101, 2), entry()));
}

TEST_CASE("Any address of a leaf removes every piece it is kept in") {
  const Fixture f;
  TranslationResult result;  // 2 MB of stage 1 on 4 KB of stage 2
  result.kind = TranslationKind::both;
  result.vmid = 1, result.asid = 2;
  result.log2_size = 12, result.log2_leaf = 21, result.level = 2;
  const TlbTag tag = tag_of(result, 0x20'5000);
  CHECK(f.hit(tlbi(Opcode::tlbi_nh_va, 1, 2, 0x3F'F000), tag));
  CHECK_FALSE(f.hit(tlbi(Opcode::tlbi_nh_va, 1, 2, 0x40'0000), tag));
}

TEST_CASE("The longest ranges") {
  Features f;
  Command c = tlbi(Opcode::tlbi_nh_va, 1, 2, 0x7FFF'FFFF'F000);
  c.tg = 1, c.num = 31, c.scale = 31;
  CHECK(tlbi_range(c, f).first == 0x7FFF'FFFF'F000);
  CHECK(tlbi_range(c, f).last == 0x7FFF'FFFF'F000 + (32ull << 43) - 1);
  f.ds = true;
  c.scale = 63;  // acts as 39; and TTB0's range ends where TTB1's begins
  CHECK(tlbi_range(c, f).last == (1ull << 55) - 1);
  f.ds = false;
  c.scale = 32;  // five bits: 0
  CHECK(tlbi_range(c, f).last == 0x7FFF'FFFF'F000 + (32ull << 12) - 1);
}

TEST_CASE("What a CFGI removes") {
  struct Row {
    Opcode op;
    bool leaf;
    bool ste, cd, other_cd, l1std, l1cd;  ///< of the stream
  };
  const Row rows[] = {{Opcode::cfgi_ste, false, true, true, true, true, true},
                      {Opcode::cfgi_ste, true, true, true, true, false, true},
                      {Opcode::cfgi_ste_range, false, true, true, true, true, true},
                      {Opcode::cfgi_cd, false, false, true, false, false, true},
                      {Opcode::cfgi_cd, true, false, true, false, false, false},
                      {Opcode::cfgi_cd_all, false, false, true, true, false, true},
                      {Opcode::tlbi_nh_all, false, false, false, false, false, false}};
  for (const Row& row : rows) {
    Command c;
    c.opcode = row.op;
    c.stream = StreamId{6}, c.substream = {true, 3}, c.leaf = row.leaf;
    INFO(name(row.op) << " leaf " << row.leaf);
    CHECK(removes_ste(c, StreamId{6}) == row.ste);
    CHECK(removes_cd(c, StreamId{6}, 3) == row.cd);
    CHECK(removes_cd(c, StreamId{6}, 4) == row.other_cd);
    CHECK(removes_l1std(c, StreamId{6}) == row.l1std);
    CHECK(removes_l1cd(c, StreamId{6}, 3) == row.l1cd);
    CHECK(removes_cd(c, StreamId{7}, 3) == (row.op == Opcode::cfgi_ste_range));  // range 0: 6 and 7
    CHECK_FALSE(removes_ste(c, StreamId{8}));
  }
}
