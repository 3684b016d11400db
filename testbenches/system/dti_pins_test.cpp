// The whole machine with AXI4-Stream pins and their protocol checkers in every DTI connection (dti.pins). A
// broken rule ends a run with Ending::mismatch, so a complete run broke none.
#include <catch2/catch.hpp>
#include <sstream>

#include "testbenches/system/command.hpp"
#include "testbenches/system/database.hpp"
#include "testbenches/system/machine.hpp"
#include "testbenches/system/made_trace.hpp"
#include "testbenches/system/renumbered.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

/// Both kinds of device and of fault, hits and misses everywhere, an unmap; far apart in time.
const char* const kApart = R"(
W 0x7f0000000000 64 dev=1 t=100us
W 0x7f0000001000 64 dev=1 t=200us
R 0x7f0000001040 64 dev=1 t=300us
W 0x7f0000002000 64 dev=0 t=400us
R 0x7f0000002040 64 dev=0 t=500us
R 0x7f0000001000 64 dev=0 t=600us
R 0x7f0000009000 64 dev=0 t=700us
W 0x7f0000009000 64 dev=0 t=800us
R 0x7f0000009000 64 dev=1 t=900us
)";

struct Outcome {
  std::vector<std::string> transactions;  ///< in words, with every stage
  std::size_t faults = 0;
  std::uint64_t records = 0, responses = 0, messages = 0;
};

Outcome outcome(const std::vector<std::string>& settings) {
  Machine machine(kApart, settings);
  const platform::RunResult result = machine.run();
  INFO(result.message);
  REQUIRE(result.ending == platform::Ending::complete);
  Outcome all;
  for (const auto& [id, transaction] : machine.transactions) {
    std::ostringstream text;
    text << id << ':';
    probe::Picoseconds sum = 0;
    for (const probe::Segment& segment : transaction.segments()) {
      text << ' ' << probe::info(segment.stage).name << ' ' << segment.duration;
      sum += segment.duration;
    }
    CHECK(sum == transaction.value.timeline.total());
    all.transactions.push_back(text.str());
  }
  all.faults = machine.faults.size();
  all.records = result.totals.fault_records;
  all.responses = result.totals.responses;
  all.messages = value_of(result, "dti", "messages");
  return all;
}

std::string run(const Scratch& scratch, const std::string& name, const std::string& trace, Words settings) {
  settings.push_back("run.check=on");
  const Words words = run_words(trace, scratch / name, settings);
  const Finished finished = invoke(words);
  INFO(typed(words) << '\n' << finished.err);
  REQUIRE(finished.code == 0);
  return scratch / (name + "/run.db");
}

/// What was asked and how it ended; when, and after how many tries, is the machine's.
std::vector<std::string> ends(const Database& database) {
  return database.rows(
      "SELECT device, pasid, op, va, size, outcome FROM transactions ORDER BY 1, 2, 3, 4, 5, 6");
}

}  // namespace

TEST_CASE("dti.pins: alone, a transaction takes the stages and times it takes over links") {
  const std::string width = GENERATE("4", "10", "32");
  CAPTURE(width);
  const std::vector<std::string> links = {"tcu.pwc.impl=model", "run.check=on", "dti.flight=2",
                                          "dti.bytes_per_cycle=" + width};
  std::vector<std::string> pins = links;
  pins.push_back("dti.pins=on");
  const Outcome expected = outcome(links), crossed = outcome(pins);
  REQUIRE(expected.transactions.size() == 9);
  CHECK(crossed.transactions == expected.transactions);
  CHECK(expected.faults == 5);  // page 9 is read before it is written
  CHECK(crossed.faults == expected.faults);
  CHECK(crossed.records == expected.records);
  CHECK(crossed.responses == expected.responses);
  CHECK(expected.messages == 0);
  // Each connection's CONDIS_REQ and ACK; of each transaction that missed, a request and its answer.
  CHECK(crossed.messages >= 3 * 2 + 2 * (2 + 5));
}

TEST_CASE("dti.pins: in a crowd every access ends as it does over links") {
  const Scratch scratch;
  const std::string crowd = scratch / "crowd.svt";
  RacingTrace many;
  many.seed = 7;
  many.devices = 5;
  many.processes = 3;
  write_racing_trace(crowd, many);
  struct Case {
    std::string trace;
    Words settings;
  };
  const std::vector<Case> cases = {
      {crowd, {"device.count=5", "device.1=pcie", "device.3=pcie"}},
      {crowd,
       {"device.count=5", "device.1=pcie", "dti.bytes_per_cycle=1", "tbu.tokens=2", "root_port.tokens=1"}},
      {crowd, {"device.count=5", "device.3=pcie", "dti.bytes_per_cycle=32", "dti.invalidation_tokens=1"}},
      {trace_file("sqlite-20k.svt.xz"), {}},
      {trace_file("sqlite-20k.svt.xz"), {"device.0=platform", "tbu.tokens=0"}}};
  for (const Case& c : cases) {
    CAPTURE(c.trace, c.settings);
    Words with_pins = c.settings;
    with_pins.push_back("dti.pins=on");
    const Database links(run(scratch, "links", c.trace, c.settings)),
        pins(run(scratch, "pins", c.trace, with_pins));
    CHECK(ends(pins) == ends(links));
    const std::string sums =
        "SELECT COUNT(*) FROM transactions WHERE " + stage_sum() + " <> done_ps - issue_ps";
    CHECK(pins.number(sums) == 0);
    CHECK(pins.number("SELECT COUNT(*) FROM faults WHERE outcome <> 'ok'") == 0);
    CHECK(pins.number("SELECT MIN(SUM(s_dti_out), SUM(s_config)) FROM transactions") > 0);
  }
}

TEST_CASE("dti.pins: the order of blocks at one instant does not matter") {
  const Scratch scratch;
  const std::string racing = scratch / "racing.svt";
  write_racing_trace(racing, {});
  const Words settings = {"dti.pins=on"};
  const std::string plain = run(scratch, "plain", racing, settings);
  for (const unsigned shuffle : {1u, 2u, 3u}) {
    CAPTURE(shuffle);
    const Words shuffled = {"dti.pins=on", "run.shuffle=" + std::to_string(shuffle)};
    CHECK(first_difference(plain, run(scratch, std::to_string(shuffle), racing, shuffled)) == "");
  }
}
