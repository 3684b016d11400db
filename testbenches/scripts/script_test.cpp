// Script mode itself: what is malformed is said with its line, what is not as expected with both values, and
// the same script gives the same bytes.
#include <array>
#include <catch2/catch.hpp>
#include <iterator>
#include <random>
#include <sstream>

#include "testbenches/sim/script/interpreter.hpp"
#include "testbenches/systemc_test.hpp"

using namespace svasim;

namespace {

struct Outcome {
  std::string out, err, malformed;
  unsigned failures = 0;
};

Outcome run(const std::string& text) {
  test::FreshKernel kernel;
  std::istringstream lines(text);
  std::ostringstream out, err;
  Outcome outcome;
  {
    script::Interpreter interpreter("s", out, err);
    try {
      interpreter.run(lines);
    } catch (const script::ScriptError& error) {
      outcome.malformed = error.what();
    }
    outcome.failures = interpreter.failures();
  }
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

std::string malformed(const std::string& line) { return run("\n# a comment\n" + line + "\n").malformed; }

}  // namespace

TEST_CASE("a malformed line is named, with what was expected") {
  using Catch::StartsWith;
  CHECK_THAT(malformed("{"), StartsWith("s:3: expected one JSON object"));
  CHECK_THAT(malformed("[1]"), StartsWith("s:3: expected one JSON object"));
  CHECK_THAT(malformed("{}"), StartsWith("s:3: expected a field \"op\""));
  CHECK_THAT(malformed(R"({"op":"fish"})"), StartsWith("s:3: \"op\": expected one of config, mem.write"));
  CHECK_THAT(malformed(R"({"op":"access"})"), StartsWith("s:3: expected a field \"va\""));
  CHECK_THAT(malformed(R"({"op":"access","va":0,"strem":1})"),
             StartsWith("s:3: unknown field \"strem\"; expected some of"));
  CHECK_THAT(malformed(R"({"op":"access","va":-1})"), StartsWith("s:3: \"va\": expected a number"));
  CHECK_THAT(malformed(R"({"op":"access","va":"0x1ffffffffffffffff"})"), StartsWith("s:3: \"va\": expected"));
  CHECK_THAT(malformed(R"({"op":"access","va":0,"stream":"0x1_0000_0000"})"),
             StartsWith("s:3: \"stream\": expected at most 32 bits"));
  CHECK_THAT(malformed(R"({"op":"access","va":4090})"), StartsWith("s:3: \"size\": expected 1 to 4096"));
  CHECK_THAT(malformed(R"({"op":"access","va":0,"size":0})"), StartsWith("s:3: \"size\": expected 1 to"));
  CHECK_THAT(malformed(R"({"op":"access","va":0,"size":8192})"), StartsWith("s:3: \"size\": expected 1 to"));
  CHECK_THAT(malformed(R"({"op":"access","va":0,"data":5})"), StartsWith("s:3: \"data\": only of a write"));
  CHECK_THAT(malformed(R"({"op":"access","va":0,"port":1})"), StartsWith("s:3: \"port\": expected less"));
  CHECK_THAT(malformed(R"({"op":"access","va":0,"type":"x"})"),
             StartsWith("s:3: \"type\": expected one of untranslated, translated, found \"x\""));
  CHECK_THAT(malformed(R"({"op":"access","va":0,"wait":1})"), StartsWith("s:3: \"wait\": expected true or"));
  CHECK_THAT(malformed(R"({"op":"reg.read","reg":"CR9"})"), StartsWith("s:3: \"reg\": no register \"CR9\""));
  CHECK_THAT(malformed(R"({"op":"reg.read","reg":2})"), StartsWith("s:3: \"reg\": expected an offset"));
  CHECK_THAT(malformed(R"({"op":"reg.read","reg":0,"bytes":2})"), StartsWith("s:3: \"bytes\": expected 4"));
  CHECK_THAT(malformed(R"({"op":"reg.read","reg":4,"bytes":8})"), StartsWith("s:3: the register access was"));
  CHECK_THAT(malformed(R"({"op":"command","name":"JUMP"})"),
             StartsWith("s:3: \"name\": no command \"JUMP\""));
  CHECK_THAT(malformed(R"({"op":"command","words":[1]})"), StartsWith("s:3: \"words\": expected two"));
  CHECK_THAT(malformed(R"({"op":"mem.write","address":0,"data":1})"), StartsWith("s:3: no memory at 0x0"));
  CHECK_THAT(malformed(R"({"op":"wait","id":"x"})"), StartsWith("s:3: \"id\": nothing outstanding"));
  CHECK_THAT(malformed(R"({"op":"expect","is":{"a":1}})"), StartsWith("s:3: no operation has yielded"));
  CHECK_THAT(malformed(R"({"op":"expect","of":"x","is":{}})"), StartsWith("s:3: \"of\": no result"));
  CHECK_THAT(malformed(R"({"op":"idle","comment":1,"x":"$a.b"})"), StartsWith("s:3: no result has what"));
  CHECK_THAT(malformed(R"({"op":"config","set":{"tbu.slot":1}})"), StartsWith("s:3: "));
  CHECK_THAT(malformed(R"({"op":"config","set":{"tbu.tlb_sets":3}})"),
             StartsWith("s:3: tbu.tlb_sets: 3 is no power of two"));
  CHECK_THAT(malformed(R"({"op":"config","ports":[]})"), StartsWith("s:3: devices: expected 1 to"));
  CHECK_THAT(malformed("{\"op\":\"idle\"}\n{\"op\":\"config\"}"), StartsWith("s:4: the configuration must"));
}

TEST_CASE("what is not as expected is said with both values, and the script goes on") {
  const Outcome outcome = run(R"({"op":"mem.write","address":"0x8000_0000","data":[1,2]}
{"op":"mem.read","address":"0x8000_0000","count":2,"expect":{"data":[1,"0x3"]},"id":"words"}
{"op":"expect","is":{"data":["0x1"],"address":0,"pa":5}}
{"op":"reg.poll","reg":"CR0ACK","data":1}
{"op":"mem.read","address":"0x8000_0008","bytes":4,"expect":{"data":"$words.data.1"}}
)");
  CHECK(outcome.malformed.empty());
  CHECK(outcome.failures == 5);
  CHECK(outcome.err ==
        "s:2: data.1: expected \"0x3\", found \"0x2\"\n"
        "s:3: data: expected 1 of them, found 2: [\"0x1\",\"0x2\"]\n"
        "s:3: address: expected 0, found \"0x80000000\"\n"
        "s:3: pa: expected 5, found no such field\n"
        "s:4: CR0ACK under mask 0xffffffff: expected 0x1, found 0x0 after 5000 ps\n");
}

TEST_CASE("accesses at the same time, several ports, and ID registers of one's own") {
  const std::string text =
      R"({"op":"config","idr1":"0x0266_0288","set":{"tbu.slots":2,"ram.latency":20},"ports":[{"last":9},{"first":10,"last":19,"can_stall":false}]}
{"op":"reg.read","reg":"IDR1","expect":{"data":"0x2660288"}}
{"op":"access","va":"0x8000_0000","write":true,"data":7,"wait":false,"id":"a"}
{"op":"access","va":"0x8000_1000","size":24,"port":1,"stream":10,"wait":false,"id":"b"}
{"op":"access","va":"0x8000_2000","wait":false}
{"op":"wait","id":"b","expect":{"status":"ok","data":[0,0,0]}}
{"op":"wait"}
{"op":"expect","of":"a","is":{"status":"ok","pa":"0x80000000"}}
{"op":"mem.read","address":"0x8000_0000","expect":{"data":7}}
{"op":"advance","ps":1000}
{"op":"reset"}
{"op":"mem.read","address":"0x8000_0000","expect":{"data":0}}
)";
  const Outcome outcome = run(text);
  CHECK(outcome.malformed == "");
  CHECK(outcome.err == "");
  CHECK(outcome.out == run(text).out);
}

namespace {

/// A machine that translates stream 1 and bypasses stream 2, with queues of 4 entries.
const std::string kRunning =
    R"({"op":"mem.write","address":"0x8000_0040","data":["0x8000_100b","0x1000_1000_0000"]}
{"op":"mem.write","address":"0x8000_0080","data":["0x9","0x1000_0000_0000"]}
{"op":"mem.write","address":"0x8000_1000","data":["0x0001_7205_c000_3510","0x8000_4000",0,"0xff"]}
{"op":"mem.write","address":"0x8000_4000","data":["0x8000_5003"]}
{"op":"mem.write","address":"0x8000_5000","data":["0x8000_6003","0x8000_6003","0x0060_0000_8000_0f41"]}
{"op":"mem.write","address":"0x8000_6000","data":["0x8000_7003"]}
{"op":"mem.fill","address":"0x8000_7000","count":64,"data":"0x0060_0000_8000_0f43","step":"0x1000"}
{"op":"reg.write","reg":"STRTAB_BASE","data":"0x8000_0000"}
{"op":"reg.write","reg":"STRTAB_BASE_CFG","data":"0x6"}
{"op":"reg.write","reg":"CMDQ_BASE","data":"0x8001_0002"}
{"op":"reg.write","reg":"EVENTQ_BASE","data":"0x8002_0002"}
{"op":"reg.write","reg":"PRIQ_BASE","data":"0x8003_0002"}
{"op":"reg.write","reg":"IRQ_CTRL","data":"0x7"}
{"op":"reg.write","reg":"CR0","data":"0x1f"}
)";

/// Lines that are mostly well formed and mostly nonsense: any register gets any value, tables are noise.
class Noise {
 public:
  explicit Noise(std::uint32_t seed) : random_(seed) {}

  std::string line() {
    switch (pick(16)) {
      case 0:
        return op("mem.write") + address() + R"(,"data":[)" + word() + "," + word() + "," + word() + "]}";
      case 1: return op("mem.fill") + address() + R"(,"count":64,"data":)" + word() + "}";
      case 2: return op("reg.write") + reg() + R"(,"data":)" + word() + R"(,"bytes":)" + width() + "}";
      case 3: return op("reg.read") + reg() + R"(,"bytes":)" + width() + "}";
      case 4: return op("command") + R"(,"words":[)" + command() + "," + word() + "]}";
      case 5: return op("translate") + R"(,"va":)" + word() + stream() + "}";
      case 6: return op("page_request") + R"(,"va":)" + word() + stream() + R"(,"read":true})";
      case 7: return op("wait") + "}";
      case 8: return op("events") + "}";
      default:
        return op("access") + R"(,"va":)" + word() + stream() + R"(,"write":)" + flag() + R"(,"size":)" +
               one_of({"1", "8", "4096", "0"}) + R"(,"privileged":)" + flag() + R"(,"type":")" +
               one_of({"untranslated", "translated"}) + R"("})";
    }
  }

 private:
  std::size_t pick(std::size_t choices) { return random_() % choices; }
  std::string one_of(std::initializer_list<const char*> all) { return all.begin()[pick(all.size())]; }
  static std::string op(const char* name) { return std::string(R"({"op":")") + name + '"'; }
  static std::string quoted(std::uint64_t value) { return '"' + script::hex(value) + '"'; }
  std::string flag() { return one_of({"true", "false"}); }
  std::string width() { return one_of({"4", "4", "8"}); }
  std::string address() { return R"(,"address":)" + quoted(0x8000'0000 + pick(64) * 0x1000); }
  std::string reg() { return R"(,"reg":)" + quoted(pick(6) == 0 ? 0x100A8 + pick(16) * 4 : pick(64) * 4); }
  std::string stream() {
    const std::string substream = pick(3) == 0 ? R"(,"substream":)" + quoted(pick(8)) : "";
    return R"(,"stream":)" + quoted(pick(2) == 0 ? 1 + pick(2) : pick(64)) + substream;
  }
  std::string command() { return quoted((random_() & 0xFFFF'FF00) | pick(0x50)); }
  /// Addresses of the tables, few bits set, or anything.
  std::string word() {
    switch (pick(5)) {
      case 0: return quoted(0x8000'0000 + pick(64) * 0x1000 + pick(64));
      case 1: return quoted(pick(128) * 0x1000 + pick(64));
      case 2: return quoted(0x8000'0003 + pick(64) * 0x1000);
      case 3: return quoted((std::uint64_t{random_()} << 32 | random_()) >> pick(64));
      default: return quoted(0x8000'0000 + pick(64) * 0x40);
    }
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("noise in registers, tables, queues and commands never ends a script") {
  const char* const kReached[] = {R"("status":"ok")",
                                  R"("status":"abort")",
                                  R"("status":"stalled")",
                                  R"("status":"success")",
                                  "CERROR_ILL",
                                  "F_TRANSLATION",
                                  "C_BAD_STE",
                                  "memory_error",
                                  "\"consumed\":true"};
  std::array<unsigned, std::size(kReached)> reached{};
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    Noise noise(seed);
    std::string text = kRunning;
    for (unsigned i = 0; i < 60; ++i) text += noise.line() + '\n';
    // Lines a script may not have (an access over two pages, say) end it; it is run without them.
    Outcome outcome = run(text);
    for (; !outcome.malformed.empty(); outcome = run(text)) {
      INFO("seed " << seed << ": " << outcome.malformed);
      const auto line = static_cast<std::size_t>(std::stoul(outcome.malformed.substr(2)));
      REQUIRE(line >= 1);
      std::size_t begin = 0;
      for (std::size_t i = 1; i < line; ++i) begin = text.find('\n', begin) + 1;
      text.replace(begin, text.find('\n', begin) - begin, "#");
    }
    for (std::size_t i = 0; i < reached.size(); ++i) {
      reached[i] += outcome.out.find(kReached[i]) != std::string::npos;
    }
  }
  for (std::size_t i = 0; i < reached.size(); ++i) {
    INFO(kReached[i] << " in " << reached[i] << " of 200");
    CHECK(reached[i] >= 10);
  }
}
