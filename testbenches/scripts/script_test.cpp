// Script mode itself: what is malformed is said with its line, what is not as expected with both values, and
// the same script gives the same bytes.
#include <catch2/catch.hpp>
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
