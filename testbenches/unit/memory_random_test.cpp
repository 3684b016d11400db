// Random traffic through the whole memory system, on clocks that do not divide each other: the bytes agree
// with a plain map, and every time is the same however the calendar orders blocks.
#include <catch2/catch.hpp>
#include <random>

#include "models/memory/dram.hpp"
#include "models/memory/interconnect.hpp"
#include "models/memory/llc.hpp"
#include "testbenches/unit/memory_bench.hpp"

using namespace svasim::test;
using namespace svasim::memory;

namespace {

constexpr std::uint64_t kBase = 0x4000'0000'0000;
constexpr std::uint64_t kShared = 0x8000;  // then a private part for each initiator
constexpr std::uint64_t kPrivate = 0x4000;
constexpr unsigned kInitiators = 3, kRequests = 700;  // of each

/// Initiator `who` owns the 16-byte pieces who, who+3, ... of the shared part, so that lines are shared and
/// each byte still has one writer, whose accesses pass the cache in the order it sent them.
std::pair<std::uint64_t, unsigned> random_place(std::mt19937& random, unsigned who) {
  if (random() % 16 == 0) {
    const unsigned bytes = 1 + random() % 4096;
    return {kBase + kShared + who * kPrivate + random() % (kPrivate - bytes), bytes};
  }
  const std::uint64_t piece = random() % (kShared / 48) * 3 + who;
  const unsigned offset = random() % 16;
  return {kBase + piece * 16 + offset, 1 + static_cast<unsigned>(random() % (16 - offset))};
}

struct Result {
  std::vector<std::array<Picoseconds, 6>> times;  ///< sent, answered and stages of every access
  std::map<std::string, std::uint64_t> llc, dram;
  unsigned wrong = 0;
  std::size_t leaked = 0;
};

Result simulate(std::uint32_t seed, std::uint32_t shuffle, const char* replacement) {
  FreshKernel kernel;
  Calendar calendar("calendar");
  calendar.shuffle(shuffle);
  Store store(kBase, kShared + kInitiators * kPrivate);
  InterconnectConfig interconnect_config;
  interconnect_config.width = 32;
  interconnect_config.input_depth = 2;
  LlcConfig llc_config;
  llc_config.replacement = replacement;
  llc_config.sets = 16;
  llc_config.ways = 4;
  llc_config.mshrs = 6;
  llc_config.mshr_targets = 2;
  llc_config.write_backs = 2;
  llc_config.input_depth = 3;
  llc_config.width = 32;
  DramConfig dram_config;
  dram_config.queue_depth = 5;
  dram_config.row_bytes = 1024;
  dram_config.t_refi = 900;
  Interconnect interconnect("interconnect", calendar, Clock(1000), interconnect_config, kInitiators, 1,
                            {{kBase, store.size(), 0}});
  Llc llc("llc", calendar, Clock(500), llc_config, store);
  Dram dram("dram", calendar, Clock(625), dram_config);
  std::deque<Initiator> initiators;
  constexpr Picoseconds periods[kInitiators] = {1000, 700, 1300};
  for (unsigned i = 0; i < kInitiators; ++i) {
    initiators.emplace_back(("initiator" + std::to_string(i)).c_str(), calendar, Clock(periods[i]), 32);
    initiators[i].port.socket.bind(interconnect.port(i).socket);
  }
  interconnect.output(0).socket.bind(llc.port.socket);
  llc.dram.socket.bind(dram.port.socket);

  std::mt19937 random(seed);
  std::map<std::uint64_t, std::uint8_t> oracle;
  for (unsigned n = 0; n < kRequests; ++n) {
    for (unsigned who = 0; who < kInitiators; ++who) {
      const Clock clock(periods[who]);
      const Picoseconds when = clock.edge(n * 20'000ull + random() % 40'000);
      const auto [address, bytes] = random_place(random, who);
      std::vector<std::uint8_t> data(bytes);
      if (random() % 2 == 0) {
        for (auto& byte : data) byte = static_cast<std::uint8_t>(random());
        initiators[who].write_at(when, address, data);
      } else {
        initiators[who].read_at(when, address, bytes);
      }
    }
  }
  run(calendar);

  // An initiator's accesses take effect in the order it sent them: by time, then by posting.
  Result result;
  for (auto& initiator : initiators) {
    std::vector<const Initiator::Access*> order;
    for (const auto& access : initiator.accesses()) order.push_back(&access);
    std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->sent < b->sent; });
    for (const auto* access : order) {
      for (std::size_t i = 0; i < access->data.size(); ++i) {
        const std::uint64_t address = access->address + i;
        if (access->command == tlm::TLM_WRITE_COMMAND) oracle[address] = access->data[i];
        if (access->data[i] != (oracle.count(address) ? oracle[address] : 0)) ++result.wrong;
      }
      if (access->status != tlm::TLM_OK_RESPONSE) ++result.wrong;
      result.times.push_back({access->sent, access->answered, access->in(Stage::interconnect),
                              access->in(Stage::llc), access->in(Stage::dram_queue),
                              access->in(Stage::dram)});
    }
    result.leaked += initiator.leaked();
  }
  for (const auto& [address, byte] : oracle) {
    std::uint8_t stored = 0;
    store.read(address, &stored, 1);
    if (stored != byte) ++result.wrong;
  }
  result.llc = counters(llc);
  result.dram = counters(dram);
  return result;
}

}  // namespace

TEST_CASE("random traffic: right bytes, and the same times in every order of blocks") {
  for (std::uint32_t seed = 1; seed <= 3; ++seed) {
    const char* replacement = seed % 2 == 0 ? "plru" : "lru";
    const Result plain = simulate(seed, 0, replacement);
    CAPTURE(seed);
    CHECK(plain.wrong == 0);
    CHECK(plain.leaked == 0);
    REQUIRE(plain.times.size() == kInitiators * kRequests);
    for (const auto& t : plain.times) CHECK(t[1] - t[0] == t[2] + t[3] + t[4] + t[5]);
    // Every mechanism was at work.
    CHECK(plain.llc.at("mshr_peak") == 6);
    CHECK(plain.llc.at("merged_misses") > 5);
    CHECK(plain.llc.at("write_backs") > 50);
    CHECK(plain.llc.at("tag_stall_cycles") > 50);
    CHECK(plain.dram.at("queue_peak") == 5);
    CHECK(plain.dram.at("row_hits") > 50);
    CHECK(plain.dram.at("row_conflicts") > 50);
    CHECK(plain.dram.at("refreshes") > 5);
    CHECK(plain.dram.at("reads") == plain.llc.at("misses"));
    CHECK(plain.dram.at("writes") == plain.llc.at("write_backs"));
    for (const std::uint32_t shuffle : {1u, 0x1234u, 0xabcdef01u, 77u, 0x7fffffffu}) {
      const Result shuffled = simulate(seed, shuffle, replacement);
      CAPTURE(shuffle);
      CHECK(shuffled.times == plain.times);
      CHECK(shuffled.llc == plain.llc);
      CHECK(shuffled.dram == plain.dram);
    }
  }
}

TEST_CASE("the store is zero until written, and allocates on writes only") {
  constexpr std::uint64_t size = std::uint64_t{1} << 52;
  Store store(0x1000, size);
  std::array<std::uint8_t, 8> bytes{1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(store.read(0x1000 + size - 8, bytes.data(), 8));
  CHECK(bytes == std::array<std::uint8_t, 8>{});
  CHECK(store.chunks() == 0);
  CHECK_FALSE(store.read(0x1000 + size - 7, bytes.data(), 8));
  CHECK_FALSE(store.write(0xfff, bytes.data(), 8));
  CHECK_FALSE(store.contains(~0ull, 2));
  CHECK(store.contains(0x1000, size));
  CHECK_FALSE(store.contains(0x1000, size + 1));
  CHECK(store.chunks() == 0);

  std::mt19937_64 random(11);
  std::map<std::uint64_t, std::uint8_t> oracle;
  for (int i = 0; i < 3000; ++i) {
    // Around the borders of chunks whose numbers collide in the table of recent ones.
    const std::uint64_t chunk = (random() % 4 * 64 + random() % 3 + 1) << Store::kChunkShift;
    const std::uint64_t address = chunk - 64 + random() % 128;
    std::vector<std::uint8_t> data(1 + random() % 100);
    if (random() % 2 == 0) {
      for (auto& byte : data) byte = static_cast<std::uint8_t>(random());
      REQUIRE(store.write(address, data.data(), data.size()));
      for (std::size_t j = 0; j < data.size(); ++j) oracle[address + j] = data[j];
    } else {
      REQUIRE(store.read(address, data.data(), data.size()));
      for (std::size_t j = 0; j < data.size(); ++j) {
        REQUIRE(data[j] == (oracle.count(address + j) ? oracle[address + j] : 0));
      }
    }
  }
  CHECK(store.chunks() <= 16);
}
