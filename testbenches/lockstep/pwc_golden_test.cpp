// The page-walk cache's contract, edge by edge, for each implementation of the seam. Expectations are counted
// by hand from models/arch/walk_cache.hpp.
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "models/smmu/walk_cache_model.hpp"
#include "testbenches/lockstep/wrappers.hpp"
#include "tlm-bridges/lockstep_walk_cache.hpp"
#include "tlm-bridges/pwc_bridge.hpp"
#include "tlm-bridges/walk_cache_factory.hpp"

namespace {

using namespace svasim;
using arch::WalkCacheEntry;
using arch::WalkCacheInputs;
using arch::WalkCacheInvalidate;
using arch::WalkCacheKey;
using arch::WalkCacheResponse;
using arch::WalkCacheScope;
using bridges::WalkCacheImplementation;

const arch::WalkCacheGeometry kGeometry = bridges::built_geometry();
const unsigned kScan = std::max(*std::max_element(kGeometry.sets.begin(), kGeometry.sets.end()),
                                *std::max_element(kGeometry.s2_sets.begin(), kGeometry.s2_sets.end()));

constexpr WalkCacheKey kKey{7, 3, 0x12345678};

WalkCacheEntry entry(WalkCacheKey key, unsigned level, std::uint64_t descriptor) {
  return {key, static_cast<std::uint8_t>(level), level == 3, false, 0, descriptor};
}

/// One edge at a time, with the words of the seam.
struct Cache {
  std::unique_ptr<arch::WalkCache> cache;
  WalkCacheInputs in;

  Cache& look(WalkCacheKey key, std::uint8_t id = 0) {
    in.lookup_valid = true;
    in.lookup = {id, key};
    return *this;
  }
  Cache& fill(const WalkCacheEntry& filled) {
    in.fill_valid = true;
    in.fill = filled;
    return *this;
  }
  Cache& invalidate(WalkCacheScope scope, WalkCacheKey key, bool leaf_only = false) {
    in.invalidate_valid = true;
    in.invalidate = {scope, leaf_only, key, bit_of(key.world)};
    return *this;
  }
  /// As the range TLBIs have it: (num + 1) << scale pages of granule tg.
  Cache& range(WalkCacheKey key, unsigned tg, unsigned num, unsigned scale) {
    invalidate(WalkCacheScope::va, key);
    in.invalidate.tg = static_cast<std::uint8_t>(tg);
    in.invalidate.num = static_cast<std::uint8_t>(num);
    in.invalidate.scale = static_cast<std::uint8_t>(scale);
    return *this;
  }
  Cache& flip(unsigned bit) {
    in.flip = {true, static_cast<std::uint8_t>(bit)};
    return *this;
  }
  void settle() {
    edge();
    while (cache->outputs().busy) edge();
  }
  const arch::WalkCacheOutputs& edge() {
    const arch::WalkCacheOutputs& out = cache->cycle(in);
    in = {};
    return out;
  }
  /// The answer to the lookup accepted at the last edge, two edges on.
  WalkCacheResponse answer() {
    REQUIRE_FALSE(edge().response_valid);
    REQUIRE(edge().response_valid);
    return cache->outputs().response;
  }
  WalkCacheResponse ask(WalkCacheKey key) {
    look(key).edge();
    const WalkCacheResponse response = answer();
    while (cache->outputs().busy) edge();
    return response;
  }
};

/// Some cases hold several pages in one set; a build with fewer ways leaves them to the random bench.
const bool kFewWays = kGeometry.ways[3] < 3;

std::vector<std::string> implementations() { return {"model", "rtl", "lockstep"}; }

Cache make(const std::string& name) {
  const auto implementation = name == "model" ? WalkCacheImplementation::model
                              : name == "rtl" ? WalkCacheImplementation::rtl
                                              : WalkCacheImplementation::lockstep;
  return {
      bridges::make_walk_cache(implementation, kGeometry, std::make_unique<smmu::WalkCacheModel>(kGeometry)),
      {}};
}

}  // namespace

TEST_CASE("A lookup accepted at edge k is answered after edge k+2, one per cycle, and then all is quiet") {
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  REQUIRE_FALSE(c.cache->outputs().busy);
  REQUIRE(c.cache->outputs().lookup_ready);
  c.fill(entry(kKey, 3, 0xabc)).edge();

  REQUIRE_FALSE(c.look(kKey, 10).edge().response_valid);
  REQUIRE_FALSE(c.look(kKey, 11).edge().response_valid);
  const auto expect = [](const arch::WalkCacheOutputs& out, unsigned id) {
    REQUIRE(out.response_valid);
    REQUIRE(out.busy);
    REQUIRE(out.response.id == id);
    REQUIRE(out.response.hit);
    REQUIRE(out.response.descriptor == 0xabc);
  };
  expect(c.look(kKey, 12).edge(), 10);
  expect(c.edge(), 11);
  expect(c.edge(), 12);
  REQUIRE_FALSE(c.edge().response_valid);
  REQUIRE_FALSE(c.cache->outputs().busy);
}

TEST_CASE("The deepest level that matches answers") {
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  for (unsigned level = 0; level < 4; ++level) {
    CAPTURE(level);
    REQUIRE_FALSE(c.ask({7, 3, kKey.vpn ^ (std::uint64_t{1} << 43)}).hit);
    c.fill({kKey, static_cast<std::uint8_t>(level), level == 2, false, 21, 0x100 + level}).edge();
    const WalkCacheResponse got = c.ask(kKey);
    REQUIRE(got.hit);
    REQUIRE(got.level == level);
    REQUIRE(got.leaf == (level == 2));
    REQUIRE(got.hierarchical == 21);
    REQUIRE(got.descriptor == 0x100 + level);
  }
  // A neighbour shares tables but not the page; farther away, fewer levels.
  REQUIRE(c.ask({7, 3, kKey.vpn ^ 1}).level == 2);
  REQUIRE(c.ask({7, 3, kKey.vpn ^ (1u << 9)}).level == 1);
  REQUIRE(c.ask({7, 3, kKey.vpn ^ (1u << 18)}).level == 0);
  REQUIRE_FALSE(c.ask({7, 3, kKey.vpn ^ (1u << 27)}).hit);
  REQUIRE_FALSE(c.ask({7, 4, kKey.vpn}).hit);
  REQUIRE_FALSE(c.ask({8, 3, kKey.vpn}).hit);
}

TEST_CASE("What is accepted at one edge takes effect in the order lookup, fill, invalidation") {
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);

  SECTION("a lookup does not see the fill of its edge, one at the next edge does") {
    c.fill(entry(kKey, 3, 1)).look(kKey).edge();
    c.look(kKey).edge();
    REQUIRE_FALSE(c.edge().response.hit);
    REQUIRE(c.edge().response.hit);
  }
  SECTION("a lookup sees what the invalidation of its edge removes, the next one accepted does not") {
    const auto scope = GENERATE(WalkCacheScope::all, WalkCacheScope::vmid, WalkCacheScope::asid,
                                WalkCacheScope::va, WalkCacheScope::vaa);
    c.fill(entry(kKey, 3, 1)).edge();
    c.invalidate(scope, kKey).look(kKey).edge();
    REQUIRE(c.answer().hit);
    while (!c.cache->outputs().lookup_ready) c.edge();
    REQUIRE_FALSE(c.ask(kKey).hit);
  }
  SECTION("a fill that the invalidation covers is lost, and disturbs nothing") {
    const auto scope =
        GENERATE(WalkCacheScope::vmid, WalkCacheScope::asid, WalkCacheScope::va, WalkCacheScope::vaa);
    c.invalidate(scope, kKey).fill(entry(kKey, 3, 1)).edge();
    while (c.cache->outputs().busy) c.edge();
    REQUIRE_FALSE(c.ask(kKey).hit);
  }
  SECTION("a fill that the invalidation does not cover stays") {
    c.invalidate(WalkCacheScope::asid, {7, 4, 0}).fill(entry(kKey, 3, 1)).edge();
    while (c.cache->outputs().busy) c.edge();
    REQUIRE(c.ask(kKey).hit);
  }
}

TEST_CASE("Invalidation scopes") {
  if (kFewWays) return;
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  const WalkCacheKey global{7, 3, 0x999};
  c.fill(entry(kKey, 1, 1)).edge();
  c.fill(entry(kKey, 3, 2)).edge();
  WalkCacheEntry shared = entry(global, 3, 3);
  shared.global = true;
  c.fill(shared).edge();
  REQUIRE(c.ask({7, 99, global.vpn}).hit);
  const auto settle = [&c] { c.settle(); };

  SECTION("asid spares global entries and other ASIDs") {
    c.invalidate(WalkCacheScope::asid, {7, 4, 0});
    settle();
    REQUIRE(c.ask(kKey).level == 3);
    c.invalidate(WalkCacheScope::asid, {7, 3, 0});
    settle();
    REQUIRE_FALSE(c.ask(kKey).hit);
    REQUIRE(c.ask(global).hit);
  }
  SECTION("vmid takes global entries too, and spares other VMIDs") {
    c.invalidate(WalkCacheScope::vmid, {8, 3, 0});
    settle();
    REQUIRE(c.ask(kKey).hit);
    c.invalidate(WalkCacheScope::vmid, {7, 0, 0});
    settle();
    REQUIRE_FALSE(c.ask(kKey).hit);
    REQUIRE_FALSE(c.ask(global).hit);
  }
  SECTION("va takes the path, leaf-only the leaves of it") {
    c.invalidate(WalkCacheScope::va, {7, 4, kKey.vpn});
    settle();
    REQUIRE(c.ask(kKey).level == 3);
    c.invalidate(WalkCacheScope::va, kKey, true);
    settle();
    REQUIRE(c.ask(kKey).level == 1);
    c.invalidate(WalkCacheScope::va, kKey);
    settle();
    REQUIRE_FALSE(c.ask(kKey).hit);
    c.invalidate(WalkCacheScope::va, {7, 99, global.vpn});
    settle();
    REQUIRE_FALSE(c.ask(global).hit);
  }
  SECTION("vaa takes the path of any ASID") {
    c.invalidate(WalkCacheScope::vaa, {7, 99, kKey.vpn});
    settle();
    REQUIRE_FALSE(c.ask(kKey).hit);
  }
}

TEST_CASE("An invalidation of n steps holds every ready low for n - 1 cycles, no more and no less") {
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  unsigned steps = kScan;
  SECTION("everything: one") {
    c.invalidate(WalkCacheScope::all, kKey);
    c.in.invalidate.worlds = arch::kAllWorlds;
    steps = 1;
  }
  SECTION("an undefined scope is everything") {
    c.invalidate(static_cast<WalkCacheScope>(6), kKey);
    steps = 1;
  }
  SECTION("one world of all: every set") { c.invalidate(WalkCacheScope::all, kKey); }
  SECTION("a VMID: every set") { c.invalidate(WalkCacheScope::vmid, kKey); }
  SECTION("an ASID: every set") { c.invalidate(WalkCacheScope::asid, kKey); }
  SECTION("an address without a granule: one for each granule") {
    c.invalidate(WalkCacheScope::va, kKey);
    steps = 3;
  }
  SECTION("a range of one page") {
    c.range(kKey, 1, 0, 0);
    steps = 1;
  }
  SECTION("a range: its pages") {
    c.range(kKey, 2, 2, 1);
    steps = std::min(kScan, 6u);
  }
  SECTION("a range of many pages: every set") { c.range(kKey, 3, 31, 31); }
  c.edge();
  for (unsigned n = 1; n < steps; ++n) {
    CAPTURE(n);
    REQUIRE(c.cache->outputs().busy);
    REQUIRE_FALSE(c.cache->outputs().lookup_ready);
    REQUIRE_FALSE(c.cache->outputs().fill_ready);
    REQUIRE_FALSE(c.cache->outputs().invalidate_ready);
    c.edge();
  }
  REQUIRE(c.cache->outputs().lookup_ready);
  REQUIRE(c.cache->outputs().fill_ready);
  REQUIRE(c.cache->outputs().invalidate_ready);
  REQUIRE(c.cache->outputs().busy);  // the last step
  c.edge();
  REQUIRE_FALSE(c.cache->outputs().busy);
  REQUIRE(c.cache->outputs().counters.invalidations == 1);
  REQUIRE(c.cache->outputs().counters.waits == steps - 1);
}

TEST_CASE("Worlds and granules tell entries apart, and invalidations reach the worlds they name") {
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  using arch::Granule;
  using arch::WalkCacheWorld;
  const WalkCacheKey keys[] = {{7, 3, 0x10, WalkCacheWorld::el1, Granule::k4},
                               {7, 3, 0x10, WalkCacheWorld::el2, Granule::k4},
                               {7, 3, 0x10, WalkCacheWorld::el2_e2h, Granule::k16},
                               {7, 3, 0x10, WalkCacheWorld::stage2, Granule::k64}};
  for (unsigned n = 0; n < 4; ++n) c.fill(entry(keys[n], 2, n)).edge();
  for (unsigned n = 0; n < 4; ++n) REQUIRE(c.ask(keys[n]).descriptor == n);
  WalkCacheKey other = keys[0];
  other.granule = Granule::k64;
  REQUIRE_FALSE(c.ask(other).hit);
  c.invalidate(WalkCacheScope::vmid, keys[1]);
  c.in.invalidate.worlds = bit_of(WalkCacheWorld::el2) | bit_of(WalkCacheWorld::stage2);
  c.settle();
  REQUIRE(c.ask(keys[0]).hit);
  REQUIRE_FALSE(c.ask(keys[1]).hit);
  REQUIRE(c.ask(keys[2]).hit);
  REQUIRE_FALSE(c.ask(keys[3]).hit);
}

TEST_CASE("What an entry maps depends on its granule") {
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  // log2 of the 4 KB pages that a level-3 and a level-2 entry map: 16 KB pages of 11 index bits, 64 KB of 13.
  const auto [granule, page, block] = GENERATE(table<arch::Granule, unsigned, unsigned>(
      {{arch::Granule::k4, 0u, 9u}, {arch::Granule::k16, 2u, 13u}, {arch::Granule::k64, 4u, 17u}}));
  const auto at = [g = granule](std::uint64_t vpn) {
    return WalkCacheKey{7, 3, vpn, arch::WalkCacheWorld::el1, g};
  };
  const std::uint64_t vpn = std::uint64_t{3} << 20;
  c.fill(entry(at(vpn), 2, 2)).edge();
  c.fill(entry(at(vpn), 3, 3)).edge();
  REQUIRE(c.ask(at(vpn + (1u << page) - 1)).level == 3);
  REQUIRE(c.ask(at(vpn + (1u << page))).level == 2);
  REQUIRE(c.ask(at(vpn + (1u << block) - 1)).level == 2);
  REQUIRE_FALSE(c.ask(at(vpn + (1u << block))).hit);
}

TEST_CASE("A range reaches from its first page to its last, of its granule only") {
  if (kFewWays) return;
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  const auto page = [](std::uint64_t n) {
    return WalkCacheKey{7, 3, 0x1000 + n * 4, arch::WalkCacheWorld::el1, arch::Granule::k16};
  };
  for (unsigned n = 0; n < 8; ++n) c.fill(entry(page(n), 3, n)).edge();
  WalkCacheKey small = page(3);
  small.granule = arch::Granule::k4;
  c.fill(entry(small, 3, 99)).edge();
  // From page 2 on, (1 + 1) << 1 = 4 pages: 2 to 5. The page number may have bits below the granule.
  WalkCacheKey first = page(2);
  first.vpn += 3;
  c.range(first, 2, 1, 1).settle();
  for (unsigned n = 0; n < 8; ++n) {
    CAPTURE(n);
    REQUIRE(c.ask(page(n)).hit == (n < 2 || n > 5));
  }
  REQUIRE(c.ask(small).hit);
  c.invalidate(WalkCacheScope::va, small).settle();  // without a granule: entries of any, on one 4 KB page
  REQUIRE_FALSE(c.ask(small).hit);
  c.invalidate(WalkCacheScope::va, {7, 3, page(7).vpn + 3}).settle();
  REQUIRE_FALSE(c.ask(page(7)).hit);
  REQUIRE(c.ask(page(6)).hit);
  c.range(page(0), 2, 31, 31).settle();  // to the end of the address space, and no further
  for (unsigned n = 0; n < 8; ++n) REQUIRE_FALSE(c.ask(page(n)).hit);
}

TEST_CASE("An entry with a flipped bit is a miss, reported and removed, whichever bit it is") {
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  // Descriptor, parity, leaf, hierarchical: fields that do not decide what matches.
  const unsigned bit = GENERATE(0u, 63u, 64u, 65u, 67u, 71u);
  CAPTURE(bit);
  c.fill(entry(kKey, 1, 5)).edge();
  c.fill(entry(kKey, 3, 6)).flip(bit).edge();
  WalkCacheResponse got = c.ask(kKey);
  REQUIRE(got.hit);
  REQUIRE(got.level == 1);
  REQUIRE(got.error);
  got = c.ask(kKey);
  REQUIRE(got.level == 1);
  REQUIRE_FALSE(got.error);
  REQUIRE(c.cache->outputs().counters.errors == 1);
  c.fill(entry(kKey, 3, 7)).edge();
  REQUIRE(c.ask(kKey).descriptor == 7);
}

TEST_CASE("An entry whose tag is flipped answers nobody") {
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  // ASID bit 0, VMID bit 1, world bit 1, granule bit 1, and bit 40 of the page number.
  struct Case {
    unsigned bit;
    WalkCacheKey becomes;
  };
  const Case cases[] = {{92, {7, 2, kKey.vpn}},
                        {77, {5, 3, kKey.vpn}},
                        {75, {7, 3, kKey.vpn, arch::WalkCacheWorld::el2_e2h}},
                        {108 + 40, {7, 3, kKey.vpn ^ std::uint64_t{1} << 40}}};
  for (const Case& flipped : cases) {
    CAPTURE(flipped.bit);
    c.fill(entry(kKey, 3, 6)).flip(flipped.bit).edge();
    REQUIRE_FALSE(c.ask(kKey).hit);
    const WalkCacheResponse got = c.ask(flipped.becomes);
    REQUIRE_FALSE(got.hit);
    REQUIRE(got.error);
  }
  c.fill(entry(kKey, 3, 6)).flip(108 + 44).edge();  // no such bit
  REQUIRE(c.ask(kKey).hit);
}

TEST_CASE("Counters count what the seam says, when it says") {
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  const auto& now = c.cache->outputs().counters;
  c.fill(entry(kKey, 3, 1)).look(kKey).edge();
  REQUIRE(now.fills == 0);
  c.look(kKey).edge();
  REQUIRE(now.fills == 1);
  REQUIRE(now.lookups == 0);
  c.edge();
  REQUIRE(now.lookups == 1);
  REQUIRE(now.hits == 0);
  c.edge();
  REQUIRE(now.lookups == 2);
  REQUIRE(now.hits == 1);
  c.fill(entry(kKey, 3, 1)).invalidate(WalkCacheScope::vmid, kKey).edge();
  REQUIRE(now.lost_fills == 0);
  c.settle();
  REQUIRE(now.lost_fills == 1);
  REQUIRE(now.invalidations == 1);
  REQUIRE(now.evictions == 0);
  const unsigned ways = kGeometry.ways[3];
  for (std::uint64_t n = 0; n <= ways; ++n) c.fill(entry({1, 1, n * kGeometry.sets[3]}, 3, 1)).edge();
  c.settle();
  REQUIRE(now.evictions == 1);
  REQUIRE(now.fills == 2 + ways);
}

TEST_CASE("A fill goes to the entry it replaces, else to a free way, else to the victims in turn") {
  if (kFewWays) return;
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  const unsigned ways = kGeometry.ways[3];
  const auto page = [](unsigned n) { return WalkCacheKey{1, 1, std::uint64_t{n} * kGeometry.sets[3]}; };
  const auto held = [&](unsigned n) { return c.ask(page(n)).hit; };
  for (unsigned n = 0; n < ways; ++n) c.fill(entry(page(n), 3, n)).edge();
  c.fill(entry(page(0), 3, 77)).edge();
  REQUIRE(c.ask(page(0)).descriptor == 77);
  for (unsigned n = 0; n < ways; ++n) REQUIRE(held(n));

  c.fill(entry(page(ways), 3, 0)).edge();
  REQUIRE_FALSE(held(0));
  REQUIRE(held(1 % (ways + 1)));
  c.invalidate(WalkCacheScope::va, page(ways - 1)).settle();
  c.fill(entry(page(ways + 1), 3, 0)).edge();
  REQUIRE(held(ways));
  for (unsigned n = 1; n + 1 < ways; ++n) REQUIRE(held(n));
}

TEST_CASE("A global entry and entries of single ASIDs replace each other: never two answers") {
  if (kFewWays) return;
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  WalkCacheEntry shared = entry(kKey, 3, 9);
  shared.global = true;
  c.fill(entry({7, 1, kKey.vpn}, 3, 1)).edge();
  c.fill(entry({7, 2, kKey.vpn}, 3, 2)).edge();
  REQUIRE(c.ask({7, 1, kKey.vpn}).descriptor == 1);
  c.fill(shared).edge();
  REQUIRE(c.ask({7, 1, kKey.vpn}).descriptor == 9);
  REQUIRE(c.ask({7, 2, kKey.vpn}).descriptor == 9);
  c.fill(entry({7, 1, kKey.vpn}, 3, 4)).edge();
  REQUIRE(c.ask({7, 1, kKey.vpn}).descriptor == 4);
  REQUIRE_FALSE(c.ask({7, 2, kKey.vpn}).hit);
}

TEST_CASE("Bits beyond a field's width are not looked at") {
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  WalkCacheEntry wide = entry({7, 3, kKey.vpn | std::uint64_t{5} << 44}, 3, 1);
  wide.level |= 8;
  wide.hierarchical = 0xff;
  c.fill(wide).edge();
  const WalkCacheResponse got = c.ask(kKey);
  REQUIRE(got.level == 3);
  REQUIRE(got.hierarchical == 31);
  c.invalidate(WalkCacheScope::vmid, kKey);
  c.in.invalidate.worlds = 0xf0;
  c.settle();
  REQUIRE(c.ask(kKey).hit);
  c.range(kKey, 4 + 1, 32 + 0, 32 + 0).settle();
  REQUIRE_FALSE(c.ask(kKey).hit);
  c.fill(wide).edge();
  c.invalidate(static_cast<WalkCacheScope>(9), {}).edge();
  REQUIRE_FALSE(c.ask(kKey).hit);
}

TEST_CASE("RTL of another geometry is refused with both geometries and the way out") {
  arch::WalkCacheGeometry wanted = kGeometry;
  wanted.ways[3] += 1;
  const auto refused = [&wanted](WalkCacheImplementation implementation) {
    return bridges::make_walk_cache(implementation, wanted, std::make_unique<smmu::WalkCacheModel>(wanted));
  };
  REQUIRE_THROWS_AS(refused(WalkCacheImplementation::rtl), bridges::GeometryNotBuilt);
  REQUIRE_THROWS_WITH(refused(WalkCacheImplementation::lockstep), Catch::Contains("SVASIM_PWC_WAYS"));
  REQUIRE_NOTHROW(refused(WalkCacheImplementation::model));
}

TEST_CASE("A geometry no hardware has is refused in words") {
  arch::WalkCacheGeometry bad = kGeometry;
  bad.sets[1] = 3;
  REQUIRE_THAT(smmu::WalkCacheModel::check(bad), Catch::Contains("level 1") && Catch::Contains("3 sets"));
  REQUIRE_THROWS_AS(smmu::WalkCacheModel(bad), std::invalid_argument);
  bad = kGeometry;
  bad.ways[2] = 65;
  REQUIRE_THAT(smmu::WalkCacheModel::check(bad), Catch::Contains("level 2") && Catch::Contains("65 ways"));
  bad = kGeometry;
  bad.replacement = arch::WalkCacheReplacement::plru;
  bad.s2_ways[0] = 3;
  REQUIRE_THAT(smmu::WalkCacheModel::check(bad), Catch::Contains("stage 2") && Catch::Contains("PLRU"));
  REQUIRE(smmu::WalkCacheModel::check(kGeometry).empty());
}

TEST_CASE("A level without ways keeps nothing, and tree PLRU evicts what the tree points at") {
  arch::WalkCacheGeometry geometry = kGeometry;
  geometry.ways = {0, 1, 1, 4};
  geometry.sets[3] = 1;
  geometry.replacement = arch::WalkCacheReplacement::plru;
  Cache c{std::make_unique<smmu::WalkCacheModel>(geometry), {}};
  c.fill(entry(kKey, 0, 1)).edge();
  REQUIRE_FALSE(c.ask(kKey).hit);
  REQUIRE(c.cache->outputs().counters.lost_fills == 1);
  const auto page = [](unsigned n) { return WalkCacheKey{1, 1, n}; };
  for (unsigned n = 0; n < 4; ++n) c.fill(entry(page(n), 3, n)).edge();
  // The last use was way 3, so the root points left; on the left way 1 was used last, so at way 0. Using it
  // turns the root to the right, where way 2 is older.
  REQUIRE(c.ask(page(0)).hit);
  c.fill(entry(page(4), 3, 4)).edge();
  REQUIRE_FALSE(c.ask(page(2)).hit);
  for (const unsigned n : {0u, 1u, 3u, 4u}) REQUIRE(c.ask(page(n)).hit);
}

TEST_CASE("A lockstep mismatch names cycle, output, both values and the last operations") {
  auto faulty = std::make_unique<lockstep::FaultyWalkCache>(bridges::make_rtl_walk_cache(), "early_ready");
  bridges::LockstepWalkCache pair(std::make_unique<smmu::WalkCacheModel>(kGeometry), std::move(faulty));
  WalkCacheInputs in;
  in.invalidate_valid = true;
  in.invalidate = {WalkCacheScope::vmid, false, kKey};
  try {
    for (unsigned n = 0; n < 4 * kScan + 256; ++n) pair.cycle(in);
    FAIL("no mismatch");
  } catch (const bridges::LockstepMismatch& mismatch) {
    REQUIRE(mismatch.field == "fill_ready");
    REQUIRE(mismatch.expected == 0);
    REQUIRE(mismatch.got == 1);
    REQUIRE_THAT(mismatch.what(),
                 Catch::Contains("cycle " + std::to_string(mismatch.cycle)) &&
                     Catch::Contains("invalidate vmid of EL1, EL2, EL2-E2H, stage 2, vmid 7"));
  }
}
