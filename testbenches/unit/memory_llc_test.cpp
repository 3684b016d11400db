// The last-level cache alone, between an initiator and a target that answers after K cycles.
//
// A request sent at edge t is looked up at t+1. Hit: answered at t+1+tag+data, seen at t+2+tag+data. Miss:
// the fetch leaves at t+1+tag, arrives at t+2+tag, is answered at t+2+tag+K, and its line is here at
// t+3+tag+K.
#include <catch2/catch.hpp>

#include "models/memory/llc.hpp"
#include "testbenches/unit/memory_bench.hpp"

using namespace svasim::test;
using namespace svasim::memory;

namespace {

constexpr Picoseconds ns = 1000;
constexpr unsigned tag = 4, data = 5, K = 30;
constexpr unsigned hit = 2 + tag + data, miss = 4 + tag + data + K;  // initiator to initiator, unloaded

LlcConfig small() {
  LlcConfig c;
  c.sets = 64;
  c.ways = 2;
  c.tag_latency = tag;
  c.data_latency = data;
  return c;
}

struct Bench {
  FreshKernel kernel;
  Calendar calendar{"calendar"};
  Clock clock{ns};
  Store store{0, 1u << 20};
  Initiator initiator{"initiator", calendar, clock};
  Llc llc;
  Target memory{"memory", calendar, clock, K* ns};
  explicit Bench(const LlcConfig& config = small()) : llc("llc", calendar, clock, config, store) {
    initiator.port.socket.bind(llc.port.socket);
    llc.dram.socket.bind(memory.port.socket);
  }
  /// Reads of the first bytes of `lines`, sent one per cycle from edge 10; when each is answered, in cycles
  /// after its sending.
  std::vector<Picoseconds> read_lines(const std::vector<unsigned>& lines) {
    std::vector<const Initiator::Access*> accesses;
    for (unsigned line : lines) accesses.push_back(&initiator.read_at(10 * ns, line * 64ull, 8));
    run(calendar);
    std::vector<Picoseconds> took;
    for (std::size_t i = 0; i < accesses.size(); ++i) {
      took.push_back((accesses[i]->answered - (10 + i) * ns) / ns);
    }
    return took;
  }
};

using Cycles = std::vector<Picoseconds>;

}  // namespace

TEST_CASE("as many misses at once as MSHRs, and not one more") {
  LlcConfig config = small();
  config.mshrs = 3;
  CHECK(Bench(config).read_lines({0, 1, 2}) == Cycles{miss, miss, miss});
  config.mshrs = 2;
  Bench bench(config);
  // The third would be looked up 2 cycles after the first, but finds an MSHR when the first's line is here:
  // miss - 1 - data - 1 cycles after the first's lookup.
  const Picoseconds stall = (miss - 2 - data) - 2;
  CHECK(bench.read_lines({0, 1, 2}) == Cycles{miss, miss, miss + stall});
  CHECK(counters(bench.llc)["tag_stall_cycles"] == stall);
  CHECK(counters(bench.llc)["mshr_peak"] == 2);
}

TEST_CASE("a stalled lookup holds back the hits behind it") {
  LlcConfig config = small();
  config.mshrs = 1;
  Bench bench(config);
  // Line 0 misses, line 1 finds no MSHR until line 0 is here, and line 0, by then a hit, waits behind it.
  const Picoseconds stall = (miss - 2 - data) - 1;
  CHECK(bench.read_lines({0, 1, 0}) == Cycles{miss, miss + stall, hit + stall});
}

TEST_CASE("secondary misses join the fetch of their line, up to its targets") {
  LlcConfig config = small();
  config.mshr_targets = 3;
  Bench bench(config);
  // The fourth finds no room, and hits when the line is here; all are answered one per cycle.
  const Cycles took = bench.read_lines({0, 0, 0, 0});
  CHECK(took == Cycles{miss, miss, miss, miss - 2 - data - 3 + hit});
  CHECK(bench.memory.arrivals.size() == 1);
  CHECK(counters(bench.llc)["merged_misses"] == 2);
  CHECK(counters(bench.llc)["hits"] == 1);
}

TEST_CASE("a secondary miss is charged only what it waited for") {
  Bench bench;
  auto& first = bench.initiator.read_at(10 * ns, 0, 8);
  auto& second = bench.initiator.read_at(10 * ns + 20 * ns, 0, 8);
  run(bench.calendar);
  CHECK(second.answered == first.answered + ns);  // one response per cycle
  CHECK(second.in(Stage::llc) + second.in(Stage::interconnect) == second.took());
  CHECK(first.in(Stage::llc) == first.took() - ns);  // a memory that charges nothing
}

TEST_CASE("one line per interval") {
  LlcConfig config = small();
  config.interval = 3;
  Bench bench(config);
  bench.read_lines({0});
  std::vector<const Initiator::Access*> hits;
  for (int i = 0; i < 3; ++i) hits.push_back(&bench.initiator.read_at(5000 * ns, 0, 8));
  run(bench.calendar);
  for (unsigned i = 0; i < 3; ++i) CHECK(hits[i]->answered == (5000 + hit + 3 * i) * ns);
}

TEST_CASE("the input queue is finite") {
  LlcConfig config = small();
  config.mshrs = 1;
  config.input_depth = 2;
  Bench bench(config);
  bench.read_lines({0, 1, 2, 3, 4});
  CHECK(counters(bench.llc)["input_queue_peak"] == 2);
  CHECK(counters(bench.llc)["misses"] == 5);
}

TEST_CASE("write-back buffers are finite: an eviction waits for one") {
  LlcConfig config = small();
  config.sets = 1;
  config.ways = 2;
  config.write_backs = 1;
  Bench bench(config);
  for (unsigned i = 0; i < 2; ++i) {
    bench.initiator.write_at(10 * ns, i * 64ull, std::vector<std::uint8_t>(64));
  }
  auto& third = bench.initiator.write_at(1000 * ns, 2 * 64, std::vector<std::uint8_t>(64));
  auto& fourth = bench.initiator.write_at(1000 * ns, 3 * 64, std::vector<std::uint8_t>(64));
  run(bench.calendar);
  CHECK(third.took() == hit * ns);
  // The third's write-back frees its buffer as a fetch would its MSHR; the fourth is looked up then.
  const Picoseconds freed = 1000 + miss - 1 - data;
  CHECK(fourth.answered == (freed + tag + data + 1) * ns);
  CHECK(bench.memory.arrivals.size() == 2);
  CHECK(bench.memory.arrivals[0].address == 0);
  CHECK(bench.memory.arrivals[1].address == 64);
}

TEST_CASE("a set whose lines are all on their way takes no other") {
  LlcConfig config = small();
  config.sets = 1;
  config.ways = 2;
  const Picoseconds stall = (miss - 2 - data) - 2;
  CHECK(Bench(config).read_lines({0, 1, 2}) == Cycles{miss, miss, miss + stall});
}

TEST_CASE("a line the memory refuses is an error, and is not kept") {
  Bench bench;
  bench.memory.status = tlm::TLM_COMMAND_ERROR_RESPONSE;
  auto& read = bench.initiator.read_at(10 * ns, 0, 256);
  auto& again = bench.initiator.read_at(1000 * ns, 0, 8);
  run(bench.calendar);
  CHECK(read.status == tlm::TLM_GENERIC_ERROR_RESPONSE);
  CHECK(again.status == tlm::TLM_GENERIC_ERROR_RESPONSE);
  CHECK(counters(bench.llc)["hits"] == 0);
  CHECK(bench.memory.arrivals.size() == 5);
}

TEST_CASE("outside the memory: an error after the tag latency, in order with the rest") {
  Bench bench;
  auto& outside = bench.initiator.read_at(10 * ns, 1u << 20, 8);
  auto& across = bench.initiator.read_at(100 * ns, (1u << 20) - 8, 16);
  auto& last = bench.initiator.read_at(200 * ns, (1u << 20) - 8, 8);
  auto& wraps = bench.initiator.read_at(300 * ns, ~0ull - 3, 8);
  run(bench.calendar);
  for (const auto* access : {&outside, &across, &wraps}) {
    CHECK(access->status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(access->took() == (2 + tag) * ns);
  }
  CHECK(last.status == tlm::TLM_OK_RESPONSE);
  CHECK(counters(bench.llc)["address_errors"] == 3);
}

TEST_CASE("true LRU evicts the line used longest ago") {
  TagArray tags(2, 4, Replacement::lru);
  const auto use = [&](std::uint64_t number) {
    TagArray::Line* line = tags.find(number);
    if (line == nullptr) {
      line = tags.victim(number);
      *line = TagArray::Line{};
      line->number = number;
      line->valid = true;
    }
    tags.touch(*line);
  };
  for (std::uint64_t number : {0, 2, 4, 6, 0, 2}) use(number);
  CHECK(tags.victim(8)->number == 4);
  tags.find(4)->pending = true;
  CHECK(tags.victim(8)->number == 6);
  use(6);
  CHECK(tags.victim(8)->number == 0);
  CHECK_FALSE(tags.victim(1)->valid);  // the other set
  for (std::uint64_t number : {0, 2, 6}) tags.find(number)->pending = true;
  CHECK(tags.victim(8) == nullptr);
}

TEST_CASE("tree-PLRU evicts from the half and quarter not used last") {
  TagArray tags(1, 4, Replacement::plru);
  for (std::uint64_t number = 0; number < 4; ++number) {
    TagArray::Line* line = tags.victim(number);
    *line = TagArray::Line{};
    line->number = number;
    line->valid = true;
    tags.touch(*line);
  }
  CHECK(tags.victim(9)->number == 0);  // last uses: 3 (right half), and 1 in the left half
  tags.touch(*tags.find(0));
  CHECK(tags.victim(9)->number == 2);  // true LRU would evict 1
  tags.touch(*tags.find(2));
  CHECK(tags.victim(9)->number == 1);
  tags.find(1)->pending = true;
  CHECK(tags.victim(9)->number == 3);  // of those that may go, the one used longest ago
}

TEST_CASE("configuration rules") {
  LlcConfig config;
  CHECK(config.check().empty());
  config.sets = 3;
  config.ways = 6;
  config.replacement = "plru";
  CHECK(config.check().size() == 2);
  config.replacement = "random";
  CHECK(config.check().size() == 2);
}
