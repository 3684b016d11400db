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

const arch::WalkCacheGeometry kGeometry = bridges::RtlWalkCache::built_geometry();
const unsigned kScan = *std::max_element(kGeometry.sets.begin(), kGeometry.sets.end());

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
    in.invalidate = {scope, leaf_only, key};
    return *this;
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

TEST_CASE("What is accepted at one edge takes effect in the order fill, invalidation, lookup") {
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);

  SECTION("a lookup sees the fill of its edge") {
    c.fill(entry(kKey, 3, 1)).look(kKey).edge();
    REQUIRE(c.answer().hit);
  }
  SECTION("a lookup does not see a later fill") {
    c.look(kKey).edge();
    REQUIRE_FALSE(c.fill(entry(kKey, 3, 1)).edge().response_valid);
    REQUIRE_FALSE(c.edge().response.hit);
  }
  SECTION("a lookup does not see what the invalidation of its edge removes, whatever its scope") {
    const auto scope = GENERATE(WalkCacheScope::all, WalkCacheScope::vmid, WalkCacheScope::asid,
                                WalkCacheScope::va, WalkCacheScope::vaa);
    c.fill(entry(kKey, 3, 1)).edge();
    c.invalidate(scope, kKey).look(kKey).edge();
    REQUIRE_FALSE(c.answer().hit);
  }
  SECTION("a lookup accepted before an invalidation still sees it") {
    c.fill(entry(kKey, 3, 1)).edge();
    c.look(kKey).edge();
    c.invalidate(WalkCacheScope::all, kKey).edge();
    REQUIRE(c.edge().response.hit);
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
  const auto settle = [&c] {
    c.edge();
    while (c.cache->outputs().busy) c.edge();
  };

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

TEST_CASE("A scan holds every ready low for max(sets) cycles, no more and no less; others hold nothing") {
  const auto name = GENERATE(from_range(implementations()));
  CAPTURE(name);
  Cache c = make(name);
  const auto scope = GENERATE(WalkCacheScope::vmid, WalkCacheScope::asid);
  c.invalidate(scope, kKey).edge();
  for (unsigned n = 0; n < kScan; ++n) {
    CAPTURE(n);
    REQUIRE(c.cache->outputs().busy);
    REQUIRE_FALSE(c.cache->outputs().lookup_ready);
    REQUIRE_FALSE(c.cache->outputs().fill_ready);
    REQUIRE_FALSE(c.cache->outputs().invalidate_ready);
    c.edge();
  }
  REQUIRE(c.cache->outputs().lookup_ready);
  REQUIRE_FALSE(c.cache->outputs().busy);
  for (const auto quick : {WalkCacheScope::all, WalkCacheScope::va, WalkCacheScope::vaa}) {
    REQUIRE(c.invalidate(quick, kKey).edge().invalidate_ready);
  }
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
  c.invalidate(WalkCacheScope::va, page(ways - 1)).edge();
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
  bad.ways[2] = 0;
  REQUIRE_THAT(smmu::WalkCacheModel::check(bad), Catch::Contains("level 2") && Catch::Contains("0 ways"));
  REQUIRE(smmu::WalkCacheModel::check(kGeometry).empty());
}

TEST_CASE("A lockstep mismatch names cycle, output, both values and the last operations") {
  auto faulty =
      std::make_unique<lockstep::FaultyWalkCache>(std::make_unique<bridges::RtlWalkCache>(), "early_ready");
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
    REQUIRE_THAT(mismatch.what(), Catch::Contains("cycle " + std::to_string(mismatch.cycle)) &&
                                      Catch::Contains("invalidate vmid vmid 7"));
  }
}
