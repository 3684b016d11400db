// The ATC: what it may answer, what it must forget; and against a naive list of everything ever inserted.
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "models/pcie/atc.hpp"

using namespace svasim;
using arch::AtsTranslation;
using arch::Va;
using pcie::Atc;
using pcie::AtcInvalidation;
using pcie::AtcTag;

namespace {

AtsTranslation translation(std::uint64_t address, unsigned log2_size = 12, bool write = true) {
  AtsTranslation t;
  t.address = address;
  t.log2_size = static_cast<std::uint8_t>(log2_size);
  t.read = true;
  t.write = write;
  return t;
}
AtcTag pasid(std::uint32_t value, bool privileged = false) { return {{true, value}, privileged}; }
AtcInvalidation span(std::uint64_t address, unsigned log2_size, arch::SubstreamId whose = {},
                     bool global = false) {
  return {{address, static_cast<std::uint8_t>(log2_size)}, whose, global};
}

}  // namespace

TEST_CASE("tags keep PASIDs and privilege apart") {
  Atc atc(4, 2);
  atc.insert(pasid(1), Va(0x1000), translation(0x9000));
  CHECK(atc.lookup(pasid(1), Va(0x1fff), false) != nullptr);
  CHECK(atc.lookup(pasid(2), Va(0x1000), false) == nullptr);
  CHECK(atc.lookup(pasid(1, true), Va(0x1000), false) == nullptr);
  CHECK(atc.lookup({{false, 1}, false}, Va(0x1000), false) == nullptr);
  CHECK(atc.lookup(pasid(1), Va(0x2000), false) == nullptr);
}

TEST_CASE("a global entry serves every PASID") {
  Atc atc(4, 2);
  AtsTranslation t = translation(0x9000);
  t.global = true;
  atc.insert({}, Va(0x1000), t);
  CHECK(atc.lookup(pasid(5), Va(0x1000), true) != nullptr);
}

TEST_CASE("permissions: a read-only entry does not serve a write, one without access is not kept") {
  Atc atc(4, 2);
  atc.insert(pasid(1), Va(0x1000), translation(0x9000, 12, false));
  CHECK(atc.lookup(pasid(1), Va(0x1000), false) != nullptr);
  CHECK(atc.lookup(pasid(1), Va(0x1000), true) == nullptr);
  atc.insert(pasid(1), Va(0x1000), translation(0x9000));
  CHECK(atc.lookup(pasid(1), Va(0x1000), true) != nullptr);
  CHECK(atc.entries() == 1);
  atc.insert(pasid(1), Va(0x2000), AtsTranslation{});
  CHECK(atc.entries() == 1);
}

TEST_CASE("a fetch needs Execute, which is given only where it was asked for") {
  Atc atc(4, 2);
  atc.insert(pasid(1), Va(0x1000), translation(0x9000));
  CHECK(atc.lookup(pasid(1), Va(0x1000), false, true) == nullptr);
  AtsTranslation t = translation(0x9000);
  t.execute = true;
  atc.insert(pasid(1), Va(0x1000), t);
  CHECK(atc.lookup(pasid(1), Va(0x1000), false, true) != nullptr);
  CHECK(atc.lookup(pasid(1), Va(0x1000), false, false) != nullptr);
}

TEST_CASE("every translation size from 4 KiB to 1 GiB, as the S bit and the size code say it") {
  const unsigned log2_size = GENERATE(range(12u, 31u));
  const std::uint64_t size = std::uint64_t{1} << log2_size, base = 5 * size;
  Atc atc(16, 2);
  AtsTranslation sent = translation(3 * size, log2_size);
  atc.insert(pasid(1), Va(base + 0x123), arch::decode_ats_translation(arch::encode(sent)));
  for (const std::uint64_t va : {base, base + size / 2, base + size - 1}) {
    const AtsTranslation* t = atc.lookup(pasid(1), Va(va), true);
    REQUIRE(t != nullptr);
    CHECK(t->address == 3 * size);
    CHECK(t->log2_size == log2_size);
  }
  CHECK(atc.lookup(pasid(1), Va(base - 1), false) == nullptr);
  CHECK(atc.lookup(pasid(1), Va(base + size), false) == nullptr);
  CHECK(atc.entries() == 1);
  CHECK(atc.invalidate(span(base + size - 0x1000, 12, {true, 1})) == 1);
}

TEST_CASE("of overlapping sizes the one that grants answers") {
  Atc atc(4, 2);
  atc.insert(pasid(1), Va(0x1000), translation(0x9000, 12, false));
  atc.insert(pasid(1), Va(0x1000), translation(0x4000'0000, 21, true));
  const AtsTranslation* t = atc.lookup(pasid(1), Va(0x1000), true);
  REQUIRE(t != nullptr);
  CHECK(t->log2_size == 21);
}

TEST_CASE("the least recently used way is replaced") {
  Atc atc(1, 2);
  atc.insert(pasid(1), Va(0x1000), translation(0x1000));
  atc.insert(pasid(1), Va(0x2000), translation(0x2000));
  CHECK(atc.lookup(pasid(1), Va(0x1000), false) != nullptr);
  atc.insert(pasid(1), Va(0x3000), translation(0x3000));
  CHECK(atc.lookup(pasid(1), Va(0x1000), false) != nullptr);
  CHECK(atc.lookup(pasid(1), Va(0x2000), false) == nullptr);
  CHECK(atc.lookup(pasid(1), Va(0x3000), false) != nullptr);
}

TEST_CASE("invalidation: any overlap counts; without PASID or with Global, for every PASID") {
  Atc atc(16, 4);
  const auto fill = [&] {
    atc.insert(pasid(1), Va(0x20'0000), translation(0x4000'0000, 21));
    atc.insert(pasid(1), Va(0x1000), translation(0x9000));
    atc.insert(pasid(2), Va(0x1000), translation(0xa000));
  };
  fill();
  CHECK(atc.invalidate(span(0x21'5000, 12, {true, 1})) == 1);
  CHECK(atc.invalidate(span(0x1000, 12, {true, 2})) == 1);
  CHECK(atc.invalidate(span(0x1000, 12, {true, 2})) == 0);
  fill();
  CHECK(atc.invalidate(span(0x1000, 12, {true, 2}, true)) == 2);
  fill();
  CHECK(atc.invalidate(span(0, 13)) == 2);
  fill();
  CHECK(atc.invalidate(span(0, 64)) == 3);
  CHECK(atc.entries() == 0);
}

TEST_CASE("absurd sizes do no harm") {
  Atc atc(4, 2);
  for (unsigned log2_size : {0u, 11u, 53u, 64u, 255u}) {
    atc.insert(pasid(1), Va(~std::uint64_t{0}), translation(0, log2_size));
    CHECK(atc.lookup(pasid(1), Va(~std::uint64_t{0}), false) != nullptr);
  }
  atc.invalidate(span(~std::uint64_t{0}, 12));
  CHECK(atc.entries() == 0);
}

namespace {

/// Everything inserted and not invalidated since; the latest first. Ranges are kept as first and last byte.
class Naive {
 public:
  struct Entry {
    AtcTag tag;
    std::uint64_t first, last;
    AtsTranslation t;
  };
  void insert(AtcTag tag, std::uint64_t va, const AtsTranslation& t) {
    const std::uint64_t size = std::uint64_t{1} << t.log2_size;
    const std::uint64_t first = va / size * size;
    for (std::size_t i = 0; i < entries.size();) {
      const Entry& e = entries[i];
      const bool same = e.first == first && e.last == first + size - 1 &&
                        e.tag.privileged == tag.privileged && (e.tag.pasid == tag.pasid || e.t.global);
      if (same) entries.erase(entries.begin() + static_cast<long>(i));
      else ++i;
    }
    entries.push_back({tag, first, first + size - 1, t});
  }
  bool grants(AtcTag tag, std::uint64_t va, bool write, const AtsTranslation* answer) const {
    for (const Entry& e : entries) {
      const bool covers = e.first <= va && va <= e.last && e.tag.privileged == tag.privileged &&
                          (e.t.global || e.tag.pasid == tag.pasid);
      if (!covers || !(write ? e.t.write : e.t.read)) continue;
      if (answer == nullptr || (answer->address == e.t.address && answer->log2_size == e.t.log2_size))
        return true;
    }
    return false;
  }
  void invalidate(std::uint64_t first, std::uint64_t last, arch::SubstreamId whose, bool global) {
    for (std::size_t i = 0; i < entries.size();) {
      const Entry& e = entries[i];
      const bool gone = e.first <= last && first <= e.last &&
                        (global || !whose.valid || e.t.global || e.tag.pasid == whose);
      if (gone) entries.erase(entries.begin() + static_cast<long>(i));
      else ++i;
    }
  }
  std::vector<Entry> entries;
};

}  // namespace

TEST_CASE("random traffic: never an answer the list would not give, and with room never a miss either") {
  const auto seed = GENERATE(1u, 2u, 3u, 4u, 5u, 6u);
  const bool roomy = seed % 2 == 0;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  // With room: one set that is never full, since all there is are 3 PASIDs, 2 privileges and 64 + 32 + 4
  // ranges.
  Atc atc(roomy ? 1 : 8, roomy ? 700 : 2);
  Naive naive;
  unsigned hits = 0;
  for (unsigned step = 0; step < 30'000; ++step) {
    INFO("step " << step);
    const AtcTag tag = pasid(pick(3), pick(8) == 0);
    const std::uint64_t va = std::uint64_t{pick(64)} << 12 | pick(4096);
    switch (pick(8)) {
      case 0:
      case 1: {
        const unsigned sizes[] = {12, 13, 16};
        AtsTranslation t = translation(std::uint64_t{step} << 16, sizes[pick(3)], pick(2) == 0);
        t.global = pick(16) == 0;
        atc.insert(tag, Va(va), t);
        naive.insert(tag, va, t);
        break;
      }
      case 2: {
        if (pick(8) != 0) break;
        const unsigned log2_size = 12 + pick(7);
        const arch::SubstreamId whose{pick(4) != 0, pick(3)};
        const bool global = pick(8) == 0;
        const std::uint64_t size = std::uint64_t{1} << log2_size;
        atc.invalidate(span(va, log2_size, whose, global));
        naive.invalidate(va / size * size, va / size * size + size - 1, whose, global);
        break;
      }
      default: {
        const bool write = pick(2) == 0;
        const AtsTranslation* answer = atc.lookup(tag, Va(va), write);
        if (answer != nullptr) {
          ++hits;
          if (!naive.grants(tag, va, write, answer)) FAIL("answered " << answer->address << " for " << va);
        } else if (roomy && naive.grants(tag, va, write, nullptr)) {
          FAIL("missed " << va);
        }
      }
    }
  }
  CHECK(hits > 1000);
}
