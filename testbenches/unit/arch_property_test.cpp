// Random tables, accesses and cache states: a walk resumed from what earlier walks offered to the walk cache
// ends as a cold walk does; arbitrary memory never crashes a walk, and never makes it long.
#include <catch2/catch.hpp>
#include <random>
#include <sstream>

#include "testbenches/unit/arch_helpers.hpp"

using namespace arch_test;

namespace {

using Random = std::mt19937_64;

/// Everything a walk's end says, to compare and to print.
std::string ending(const TableWalk& walk) {
  std::ostringstream out;
  if (walk.status() == TableWalk::Status::done) {
    const TranslationResult& r = walk.result();
    const auto flags = [&](Permissions p) { out << p.read << p.write << p.execute << ' '; };
    out << std::hex << "pa " << r.pa.value << " ipa " << r.ipa.value << " size " << int(r.log2_size)
        << " kind " << int(r.kind) << " type " << int(r.attributes.type) << '/'
        << int(r.attributes.shareability) << " global " << r.global << " asid " << r.asid << " vmid "
        << r.vmid << " perm ";
    flags(r.permissions.privileged);
    flags(r.permissions.unprivileged);
  } else {
    const Fault& f = walk.fault();
    out << name(f.id) << " termination " << int(f.termination) << " recorded " << f.recorded << " class "
        << int(f.fault_class) << " s2 " << f.stage2 << " level " << int(f.level) << std::hex << " ipa "
        << f.ipa.value << " fetch " << f.fetch_address.value;
  }
  return out.str();
}

/// A tree of tables in which few indices are used, so that random accesses share paths. Attributes are
/// random.
class RandomTables {
 public:
  RandomTables(Random& random, std::uint64_t root, unsigned first_level)
      : random_(random), next_(root + 0x1000) {
    fill(root, first_level);
  }
  Memory memory;

 private:
  void fill(std::uint64_t table, unsigned level) {
    for (unsigned index = 0; index < 3; ++index) memory[table + 8 * index] = entry(level);
  }
  std::uint64_t entry(unsigned level) {
    const unsigned dice = random_() % 16;
    if (dice == 0) return random_() & ~std::uint64_t{1};
    if (level < 3 && (dice > 3 || level == 0)) {
      const std::uint64_t table = next_;
      next_ += 0x1000;
      fill(table, level + 1);
      const std::uint64_t attributes = random_() % 4 == 0 ? random_() & 0xF800'0000'0000'0000 : 0;
      const std::uint64_t far = random_() % 40 == 0 ? 1ull << 45 : 0;
      return table | attributes | far | 3;
    }
    const std::uint64_t shift = 12 + 9 * (3 - level);
    const std::uint64_t address = (random_() % 1024) << shift & 0x7F'FFFF'FFFF;
    const std::uint64_t low = random_() & 0x9DC, high = random_() & 0x0078'0000'0000'0000;
    const std::uint64_t af = random_() % 8 == 0 ? 0 : 1u << 10;
    return address | low | high | af | (level == 3 ? 3 : 1);
  }
  Random& random_;
  std::uint64_t next_;
};

StreamConfig random_config(Random& random, unsigned first_level) {
  StreamConfig config = stage1_config();
  config.s1.half[0].input_bits = first_level == 0 ? 48 : 39;
  config.s1.half[0].had = random() % 4 == 0;
  config.s1.half[0].tbi = random() % 2 == 0;
  config.s1.output_bits = 40;
  config.s1.mair = random();
  config.s1.wxn = random() % 4 == 0;
  config.s1.pan = random() % 4 == 0;
  config.s1.affd = random() % 4 == 0;
  config.s1.abort = random() % 2 == 0;
  config.s1.record = random() % 2 == 0;
  config.s1.stall = random() % 2 == 0;
  config.s1.ha = random() % 3 == 0;
  config.s1.hd = config.s1.ha && random() % 2 == 0;
  return config;
}

std::uint64_t random_va(Random& random) {
  return (random() % 3) << 39 | (random() % 3) << 30 | (random() % 3) << 21 | (random() % 3) << 12 |
         random() % 4096;
}

/// An ideal cache: everything ever offered, deepest match first. It answers as the walk cache promises to.
struct IdealCache {
  std::vector<WalkCacheEntry> entries;

  WalkCacheResponse lookup(const WalkCacheKey& key) const {
    WalkCacheResponse best;
    for (const WalkCacheEntry& e : entries) {
      const unsigned shift = level_shift(e.key.granule, e.level) - kPageShift;
      const bool match = e.key.world == key.world && e.key.granule == key.granule && e.key.vmid == key.vmid &&
                         (e.global || e.key.asid == key.asid) && e.key.vpn >> shift == key.vpn >> shift;
      if (match && (!best.hit || e.level >= best.level))
        best = {0, true, e.level, e.leaf, e.hierarchical, e.descriptor};
    }
    return best;
  }
};

void step(Memory& memory, TableWalk& walk, IdealCache& cache) {
  std::uint8_t buffer[8];
  if (walk.status() == TableWalk::Status::fetch) {
    if (memory.read(walk.fetch().address.value, buffer, 8)) {
      walk.supply(buffer);
    } else {
      walk.supply_abort();
    }
  } else {
    std::uint64_t& word = memory[walk.update().address.value];
    const std::uint64_t observed = word;
    if (observed == walk.update().expected) word = walk.update().desired;
    walk.supply_update(observed);
  }
  if (walk.fill()) cache.entries.push_back(*walk.fill());
}

bool running(const TableWalk& walk) {
  return walk.status() == TableWalk::Status::fetch || walk.status() == TableWalk::Status::update;
}

void compare_resumed_with_cold(std::uint64_t seed, bool nested) {
  Random random(seed);
  const unsigned first_level = random() % 2;
  RandomTables tables(random, 0x100000, first_level);
  StreamConfig config = random_config(random, first_level);
  if (nested) {  // identity in 1 GB blocks, but for a hole where some of the outputs lie
    config.kind = ConfigKind::both;
    config.s2.start_level = 1;
    config.s2.input_bits = 39;
    config.s2.ttb = 0x8000'0000;
    for (std::uint64_t i = 0; i < 512; ++i) {
      tables.memory[0x8000'0000 + 8 * i] =
          i % 7 == 3 ? 0 : i << 30 | 1u << 10 | (i % 5 == 1 ? 0x7C : 0xFC) | 1;
    }
  }
  IdealCache cache;
  for (int n = 0; n < 60; ++n) {
    const Va va(random_va(random));
    const Access access{random() % 2 == 0, random() % 4 == 0, random() % 2 == 0};
    const auto type = random() % 4 == 0 ? AddressType::translation_request : AddressType::untranslated;
    Memory cold_memory = tables.memory;
    TableWalk cold(config, va, access, type);
    IdealCache unused;
    while (running(cold)) step(cold_memory, cold, unused);
    TableWalk warm(config, va, access, type);
    unsigned steps = 0;
    while (running(warm)) {
      if (warm.uses_walk_cache()) {
        warm.resume(cache.lookup(warm.key()));
      } else {
        step(tables.memory, warm, cache);
      }
      REQUIRE(++steps < 64);
    }
    INFO("seed " << seed << " nested " << nested << " access " << n << " va " << std::hex << va.value);
    REQUIRE(ending(warm) == ending(cold));
    REQUIRE(tables.memory.words == cold_memory.words);
    // Entries of descriptors that hardware has since updated would be stale but legal; keep the latest.
  }
}

}  // namespace

TEST_CASE("Tables built from a random map translate as the map says, for every granule and half") {
  struct Page {
    std::uint64_t pa;
    bool user, writable, executable;
  };
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const unsigned page_bits = seed % 3 == 0 ? 12 : seed % 3 == 1 ? 14 : 16, stride = page_bits - 3;
    const unsigned input =
        page_bits + 1 + random() % (48 - page_bits);  // every start level and every width of it
    const bool high = random() % 2 != 0;
    const std::uint64_t sign = high ? ~((1ull << input) - 1) : 0;
    Memory memory;
    std::uint64_t next = 0x10'0000;
    const std::uint64_t root = next;
    std::map<std::uint64_t, Page> map;
    const auto insert = [&](std::uint64_t va, const Page& page) {
      unsigned shift = page_bits;
      while (input > shift + stride) shift += stride;
      std::uint64_t table = root;
      unsigned width = input - shift;
      for (; shift > page_bits; shift -= stride, width = stride) {
        std::uint64_t& entry = memory[table + 8 * (va >> shift & ((1ull << width) - 1))];
        if (entry == 0) entry = (next += 1ull << page_bits) | 3;
        table = entry & ~((1ull << page_bits) - 1);
      }
      memory[table + 8 * (va >> page_bits & ((1ull << width) - 1))] =
          page.pa | (page.user ? 1u << 6 : 0) | (page.writable ? 0 : 1u << 7) | 1u << 10 |
          (page.executable ? 0 : 3ull << 53) | 3;
    };
    for (int n = 0; n < 40; ++n) {
      const std::uint64_t va = (random() & ((1ull << input) - 1)) >> page_bits << page_bits;
      const Page page{0x4000'0000 + (random() % 4096 << page_bits), random() % 2 != 0, random() % 2 != 0,
                      random() % 2 != 0};
      insert(va, page);
      map[va] = page;
    }
    StreamConfig config = stage1_config();
    config.s1.half[0].enabled = false;
    config.s1.half[high] = {
        true, false, false, static_cast<Granule>(page_bits), static_cast<std::uint8_t>(input), root};
    for (int n = 0; n < 200; ++n) {
      auto it = map.begin();
      std::advance(it, random() % map.size());
      const std::uint64_t page_va =
          random() % 4 == 0 ? it->first ^ 1ull << (page_bits + random() % (input - page_bits)) : it->first;
      const std::uint64_t offset = random() & ((1ull << page_bits) - 1);
      const Access access{random() % 2 != 0, false, random() % 2 != 0};
      TableWalk walk(config, Va(sign | page_va | offset), access);
      memory.run(walk);
      INFO("seed " << seed << " page bits " << page_bits << " input " << input << " va " << std::hex
                   << page_va);
      const auto found = map.find(page_va);
      if (found == map.end()) {
        REQUIRE(walk.fault().id == EventId::f_translation);
      } else if ((access.write && !found->second.writable) || (!access.privileged && !found->second.user)) {
        REQUIRE(walk.fault().id == EventId::f_permission);
      } else {
        REQUIRE(walk.status() == TableWalk::Status::done);
        REQUIRE(walk.result().pa.value == (found->second.pa | offset));
        REQUIRE(walk.result().log2_size == page_bits);
      }
    }
  }
}

TEST_CASE("Resuming from the walk cache ends as a cold walk does") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) compare_resumed_with_cold(seed, seed % 4 == 0);
}

TEST_CASE("Any memory is survived: every word random") {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    Random random(seed);
    const std::uint64_t salt = random();
    unsigned reads = 0;
    const auto word_at = [&](std::uint64_t address) {
      Random local(address ^ salt);
      std::uint64_t word = local();
      return local() % 4 == 0 ? word : word | 3 | 1u << 10 | 1ull << 31;
    };
    const auto read = [&](Pa pa, void* out, unsigned bytes) {
      ++reads;
      if ((pa.value ^ salt) % 61 == 0) return false;
      for (unsigned i = 0; i < bytes; i += 8)
        store_le64(static_cast<std::uint8_t*>(out) + i, word_at(pa.value + i));
      return true;
    };
    SmmuState state;
    state.smmu_enabled = true;
    state.ats_check = random() % 2 == 0;
    state.e2h = random() % 2 == 0;
    state.strtab_base = random();
    state.strtab_base_cfg = static_cast<std::uint32_t>(random());
    Features features;
    features.st_level = random() % 2 == 0;
    const ReferenceTranslator translator(state, features, read);
    const auto type = static_cast<AddressType>(random() % 3);
    const StreamId stream{static_cast<std::uint32_t>(random() % 16)};
    const SubstreamId substream{random() % 2 == 0, static_cast<std::uint32_t>(random() & 0xFFFFF)};
    translator.translate(stream, substream, Va(random()), {random() % 2 == 0, false, false}, type);
    AtsRequest request;
    request.substream = substream;
    request.va = Va(random());
    translator.translation_request(stream, request);
    INFO("seed " << seed);
    CHECK(reads < 200);
  }
}

TEST_CASE("Random legal-looking STEs and CDs never break a walk") {
  for (std::uint64_t seed = 1; seed <= 20000; ++seed) {
    Random random(seed);
    Features features;
    features.vax = random() % 2;
    features.oas = static_cast<std::uint8_t>(random() % 7);
    features.stt = random() % 2 == 0;
    features.ds = random() % 2 == 0;
    features.httu = static_cast<Httu>(random() % 4);
    features.fwb = random() % 2 == 0;
    features.epan = features.e0pd = features.ptwnnc = features.pasidtt = random() % 2 == 0;
    features.attr_types_ovr = features.attr_perms_ovr = random() % 2 == 0;
    const auto random_words = [&] {
      std::array<std::uint64_t, 8> words{};
      for (auto& w : words) w = random();
      return words;
    };
    SmmuState state;
    state.smmu_enabled = state.ats_check = true;
    state.e2h = random() % 2 == 0;
    Ste ste = decode_ste(random_words());
    ste.valid = ste.s2_aa64 = true;
    ste.s2_endi = false;
    ste.config = static_cast<SteConfig>(4 + random() % 4);
    ste.s1_cd_max %= 21;
    ste.s2_t0sz = static_cast<std::uint8_t>(10 + random() % 40);
    ste.s2_ttb &= 0xFFFF'F000;
    ste.strw &= 2;
    if (random() % 4 != 0) ste.eats = Eats::off;
    Cd cd = decode_cd(random_words());
    cd.valid = cd.aa64 = true;
    cd.endi = false;
    for (auto& half : cd.half)
      half.tsz = static_cast<std::uint8_t>(10 + random() % 40), half.ttb &= 0xFFFF'F000;
    const SubstreamId substream{ste.s1_cd_max > 0 && random() % 2 == 0, 1};
    ConfigWalk walk(state, features, kStream, substream, static_cast<AddressType>(random() % 3), &ste);
    const auto drive = [&](auto& w) {
      using Status = typename std::decay_t<decltype(w)>::Status;
      unsigned steps = 0;
      while (w.status() == Status::fetch || w.status() == Status::update) {
        if (w.status() == Status::update) {
          w.supply_update(w.update().expected);
        } else {
          std::uint8_t buffer[64];
          const bool cd_wanted = w.fetch().purpose == Purpose::cd;
          const auto cd_words = encode(cd);
          for (unsigned i = 0; i < 8; ++i) {
            store_le64(buffer + 8 * i, cd_wanted ? cd_words[i] : (random() & 0xFFF8'007F'FFFF'FFFF) | 0x403);
          }
          w.supply(buffer);
        }
        REQUIRE(++steps < 100);
      }
    };
    INFO("seed " << seed);
    drive(walk);
    if (walk.status() != ConfigWalk::Status::done) continue;
    Va va(random() >> (random() % 40));
    if (random() % 2 == 0) va = Va(~va.value);
    TableWalk table(walk.config(), va, {random() % 2 == 0, false, false});
    drive(table);
    if (table.status() == TableWalk::Status::done)
      CHECK((table.result().pa.value >> features.oas_bits()) == 0);
  }
}
