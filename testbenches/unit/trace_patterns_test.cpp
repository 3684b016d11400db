// Synthetic traces: the same bytes from the same seed, and what each pattern promises.
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "models/trace/commands.hpp"
#include "trace_helpers.hpp"

using namespace trace_test;

namespace {

constexpr std::uint64_t kBase = 0x7f00'0000'0000;  // the default

std::vector<Record> generated(const std::string& pattern, const ReadOptions& options = {}) {
  const auto reader = Reader::generate(Pattern::parse(pattern), options);
  std::vector<Record> records;
  for (Record r; reader->next(r);) {
    INFO(pattern << ", record " << reader->record_number());
    REQUIRE(check(r) == nullptr);
    records.push_back(r);
  }
  return records;
}

std::string refusal(const std::string& pattern) try {
  Pattern::parse(pattern);
  return "none";
} catch (const PatternError& error) {
  return error.what();
}

std::vector<std::uint64_t> offsets(const std::vector<Record>& records) {
  std::vector<std::uint64_t> all;
  for (const Record& r : records) all.push_back(r.va - kBase);
  return all;
}

using Offsets = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a pattern says every option, and means the same when read again") {
  for (const char* text :
       {"sequential", "random,count=5,hot=30,hot_span=4K", "strided,stride=1M,span=1G,size=128",
        "chase,seed=18446744073709551615,interval=1.5us",
        "ring,depth=3,packet=1500,fill=1,devices=2,pasids=3"}) {
    const std::string printed = Pattern::parse(text).print();
    CHECK(Pattern::parse(printed).print() == printed);
    CHECK(generated(printed) == generated(text));
  }
  CHECK(
      Pattern::parse("ring,packet=1K").print() ==
      "ring,count=10000,devices=1,pasids=1,base=0x7f0000000000,size=64,writes=100,interval=0,seed=1,depth=64,"
      "packet=1024,fill=0");
  const std::string help = pattern_help();
  for (const char* word : {"sequential ",  "random ",         "strided ",
                           "chase ",       "ring ",           "count=10000 ",
                           "devices=1 ",   "pasids=1 ",       "base=0x7f0000000000 ",
                           "size=64 ",     "writes=0 ",       "interval=0 ",
                           "seed=1 ",      "span=16777216 ",  "stride=4096 ",
                           "hot=0 ",       "hot_span=65536 ", "depth=64 ",
                           "packet=2048 ", "fill=0 "}) {
    CAPTURE(word);
    CHECK(help.find(std::string("\n  ") + word) != std::string::npos);
  }
}

TEST_CASE("what is no pattern, and what was expected") {
  CHECK(refusal("") == "pattern: ''; expected one of sequential, random, strided, chase, ring");
  CHECK(refusal("sequential,stride=8") ==
        "pattern: 'stride=8'; expected options of sequential: count, devices, pasids, base, size, writes, "
        "interval, seed, span");
  CHECK(refusal("random,") ==
        "pattern: ''; expected options of random: count, devices, pasids, base, size, "
        "writes, interval, seed, span, hot, hot_span");
  CHECK(refusal("random,writes=101") == "pattern: 'writes=101'; expected writes=0 to 100");
  CHECK(refusal("random,writes") == "pattern: 'writes'; expected writes=0 to 100");
  CHECK(refusal("random,interval=5") ==
        "pattern: 'interval=5'; expected interval=0 to 4611686018427387904ps");
  CHECK(refusal("random,size=8K,span=4K") == "pattern: size; expected at most the span");
  CHECK(refusal("chase,size=48") == "pattern: size; expected a power of two of at most 4096 for pages");
  CHECK(refusal("strided,stride=32") == "pattern: stride; expected at least the size and at most the span");
  CHECK(refusal("random,hot=1,hot_span=1G") ==
        "pattern: hot_span; expected at least the size and at most the span");
  CHECK(refusal("random,base=0xffffffffffff0000") == "pattern: base; expected base + span within 64 bits");
  CHECK(refusal("ring,base=8") == "pattern: base; expected a multiple of 4096 for a ring");
  CHECK(refusal("random,count=18446744073709551615,interval=2ps") ==
        "pattern: interval; expected times within 64 bits");
}

TEST_CASE("the same seed gives the same bytes, another seed others") {
  const Directory dir;
  for (const std::string text :
       {"random,count=1000,writes=50", "chase,count=1000", "ring,count=100,writes=50"}) {
    CHECK(generate_trace(Pattern::parse(text), dir.file("a.svt")) ==
          generate_trace(Pattern::parse(text), dir.file("b.svt")));
    generate_trace(Pattern::parse(text + ",seed=2"), dir.file("c.svt"));
    CHECK(dir.read("a.svt") == dir.read("b.svt"));
    CHECK(dir.read("a.svt") != dir.read("c.svt"));
    CHECK(read_all(dir.read("a.svt")) == generated(text));
  }
  generate_trace(Pattern::parse("sequential,count=2,interval=3ns"), dir.file("t.txt"));
  CHECK(dir.read("t.txt") ==
        "# svasim trace 1\n# svasim trace generate sequential,count=2,devices=1,pasids=1,base=0x7f0000000000,"
        "size=64,writes=0,interval=3ns,seed=1,span=16777216\nR 0x7f0000000000 64 t=0ps\nR 0x7f0000000040 64 "
        "t=3ns\n");
}

TEST_CASE("random numbers are the same on every machine") {
  // The generator is the standard's mt19937_64, whose numbers are prescribed. Each access draws for hot, then
  // its place, then its direction: draw 9998 is the last access's place.
  const auto records = generated("random,count=3333,span=4G,size=1,seed=5489");
  std::mt19937_64 reference(5489);
  reference.discard(9997);
  CHECK(records.back().va - kBase == reference() % (std::uint64_t{1} << 32));
}

TEST_CASE("sequential and strided: addresses by hand") {
  CHECK(offsets(generated("sequential,count=5,size=64,span=200")) == Offsets{0, 64, 128, 0, 64});
  CHECK(offsets(generated("strided,count=9,size=64,stride=128,span=512")) ==
        Offsets{0, 128, 256, 384, 64, 192, 320, 448, 0});
}

TEST_CASE("devices and processes take turns, each goes through the pattern") {
  const auto records = generated("sequential,count=8,devices=2,pasids=2,interval=1us");
  for (unsigned i = 0; i < 8; ++i) {
    CHECK(records[i].device == i % 2);
    CHECK(records[i].pasid == 1 + i / 2 % 2);
    CHECK(records[i].va - kBase == i / 4 * 64);
    CHECK(records[i].time_ps == i * 1'000'000);
  }
}

TEST_CASE("writes and the hot set are exact in every hundred accesses") {
  const auto records = generated("random,count=1050,writes=37,hot=80,hot_span=4K,span=1G,size=32");
  for (unsigned hundred = 0; hundred < 10; ++hundred) {
    unsigned writes = 0, hot = 0;
    for (unsigned i = 100 * hundred; i < 100 * hundred + 100; ++i) {
      writes += records[i].write;
      hot += records[i].va - kBase < 4096;
      CHECK(records[i].va % 32 == 0);
      CHECK(records[i].va - kBase < 1 << 30);
    }
    CHECK(writes == 37);
    CHECK(hot >= 80);  // the rest is anywhere, rarely there too
    CHECK(hot <= 82);
  }
}

TEST_CASE("random: every slot of the span, about as often") {
  std::map<std::uint64_t, unsigned> times;
  for (const Record& r : generated("random,count=64000,size=64,span=4K")) ++times[r.va - kBase];
  REQUIRE(times.size() == 64);
  for (const auto& [offset, count] : times) {  // 1000 expected, standard deviation 31.4: five of them
    CHECK(count > 1000 - 157);
    CHECK(count < 1000 + 157);
  }
}

TEST_CASE("chase: one cycle through every page, over and over, for every stream") {
  const std::uint64_t pages = GENERATE(1u, 2u, 7u, 1024u);
  const auto records =
      generated("chase,size=128,devices=2,pasids=2,seed=" + std::to_string(pages) +
                ",count=" + std::to_string(4 * 2 * pages) + ",span=" + std::to_string(pages * 4096));
  std::map<std::pair<std::uint32_t, std::uint32_t>, Offsets> streams;
  for (const Record& r : records) streams[{r.device, r.pasid}].push_back(r.va - kBase);
  REQUIRE(streams.size() == 4);
  for (const auto& [stream, visited] : streams) {
    REQUIRE(visited.size() == 2 * pages);
    std::set<std::uint64_t> first;
    for (std::uint64_t i = 0; i < pages; ++i) {
      first.insert(visited[i] / 4096);
      CHECK(visited[i] == visited[i + pages]);  // the same order, the same place in each page
    }
    CHECK(first.size() == pages);
    CHECK(*first.rbegin() == pages - 1);
  }
}

TEST_CASE("ring: no access outside a mapped buffer, none taken back before its packet") {
  const std::string pattern = GENERATE("ring,count=50,depth=4,packet=1500,size=256",
                                       "ring,count=90,depth=3,packet=9000,devices=2,pasids=2",
                                       "ring,count=20,depth=1,packet=64,fill=1,writes=0");
  const Pattern p = Pattern::parse(pattern);
  const std::uint64_t buffer_bytes = (p.packet + 4095) / 4096 * 4096;
  const std::uint64_t accesses_per_packet = (p.packet + p.size - 1) / p.size;
  struct Buffer {
    std::uint64_t last_access = 0;  ///< counted over the trace
    bool filled = false;
  };
  std::map<std::pair<std::uint32_t, std::uint64_t>, Buffer> mapped;  // by PASID and address
  std::set<std::uint32_t> created;
  std::set<std::pair<std::uint32_t, std::uint32_t>> bound;
  std::uint64_t accesses = 0, bytes = 0, most = 0;
  INFO(pattern);
  for (const Record& r : generated(pattern)) {
    const auto key = std::pair(r.pasid, r.va);
    if (r.kind == Kind::create) {
      CHECK(created.insert(r.pasid).second);
    } else if (r.kind == Kind::bind) {
      CHECK(bound.insert({r.device, r.pasid}).second);
    } else if (r.kind == Kind::mmap) {
      CHECK(created.count(r.pasid) == 1);
      CHECK(mapped.emplace(key, Buffer{}).second);
    } else if (r.kind == Kind::touch) {
      CHECK(r.write);
      mapped.at(key).filled = true;
    } else if (r.kind == Kind::munmap) {
      const Buffer buffer = mapped.at(key);
      // All but the newest in_flight accesses are answered: its packet's are, and no access of a later one is
      // waited for.
      CHECK(accesses - r.control.in_flight == buffer.last_access);
      mapped.erase(key);
    } else {
      CHECK(bound.count({r.device, r.pasid}) == 1);
      CHECK(r.write == (p.writes == 100));
      const std::uint64_t start = kBase + (r.va - kBase) / buffer_bytes * buffer_bytes;
      Buffer& buffer = mapped.at({r.pasid, start});
      CHECK(buffer.filled == (p.fill == 1));
      buffer.last_access = ++accesses;
      bytes += r.size;
    }
    most = std::max<std::uint64_t>(most, mapped.size());
  }
  CHECK(accesses == p.count * accesses_per_packet);
  CHECK(bytes == p.count * p.packet);
  CHECK(most == p.depth * p.devices * p.pasids);
}

TEST_CASE("a generated trace can be cut and coalesced like any other") {
  ReadOptions options;
  options.limit = 3;
  CHECK(generated("sequential,size=16", options).size() == 3);
  options.coalesce = 64;
  CHECK(offsets(generated("sequential,size=16", options)) == Offsets{0, 64, 128});
}
