// Same inputs, same bytes; and what must not matter does not: the implementation of the page-walk cache, and
// the order in which blocks act at one instant.
#include <catch2/catch.hpp>

#include "testbenches/system/command.hpp"
#include "testbenches/system/database.hpp"
#include "testbenches/system/made_trace.hpp"
#include "testbenches/system/renumbered.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

/// Runs the trace into a directory of its own and returns its database.
std::string run(const Scratch& scratch, const std::string& name, const std::string& trace,
                const Words& settings) {
  const Words words = run_words(trace, scratch / name, settings);
  const Finished finished = invoke(words);
  INFO(typed(words) << '\n' << finished.err);
  REQUIRE(finished.code == 0);
  return scratch / (name + "/run.db");
}

struct Case {
  std::string name;
  std::string trace;
  Words settings;
};

/// Several devices, both kinds of fault, unmaps; the real trace on each path.
std::vector<Case> cases(const Scratch& scratch) {
  const std::string racing = scratch / "racing.svt", crowd = scratch / "crowd.svt";
  write_racing_trace(racing, {});
  RacingTrace many;
  many.seed = 7;
  many.devices = 5;
  many.processes = 3;
  write_racing_trace(crowd, many);
  return {
      {"hello", trace_file("hello.txt"), {}},
      {"racing", racing, {}},
      {"two PCIe devices", racing, {"device.1=pcie"}},
      {"two platform devices", racing, {"device.0=platform"}},
      {"five devices", crowd, {"device.count=5", "device.1=pcie", "device.3=pcie"}},
      {"tight", racing, {"link.credits=2", "tbu.slots=2", "tcu.slots=2", "run.lookahead=1", "host.cpus=1"}},
      {"PCIe", trace_file("sqlite-20k.svt.xz"), {}},
      {"platform", trace_file("sqlite-20k.svt.xz"), {"device.0=platform"}}};
}

}  // namespace

TEST_CASE("the same seed gives the same bytes, another seed other times") {
  const Scratch scratch;
  const std::string trace = scratch / "racing.svt";
  write_racing_trace(trace, {});
  const std::string first = read_file(run(scratch, "a", trace, {}));
  CHECK(first == read_file(run(scratch, "b", trace, {})));
  CHECK(read_file(scratch / "a/summary.json") == read_file(scratch / "b/summary.json"));
  CHECK_FALSE(differences(scratch / "a/run.db", run(scratch, "c", trace, {"run.seed=2"})).empty());
}

TEST_CASE("RTL, model and lockstep of the page-walk cache give the same run") {
  const Scratch scratch;
  const std::string racing = scratch / "racing.svt";
  write_racing_trace(racing, {});
  for (const std::string& trace : {racing, trace_file("sqlite-20k.svt.xz")}) {
    CAPTURE(trace);
    const std::string rtl = run(scratch, "rtl", trace, {"tcu.pwc.impl=rtl"});
    CHECK(differences(rtl, run(scratch, "model", trace, {"tcu.pwc.impl=model"})) == "");
    CHECK(differences(rtl, run(scratch, "lockstep", trace, {"tcu.pwc.impl=lockstep"})) == "");
  }
}

TEST_CASE("the order of blocks at one instant does not matter") {
  const Scratch scratch;
  for (const Case& c : cases(scratch)) {
    CAPTURE(c.name);
    const std::string plain = run(scratch, c.name, c.trace, c.settings);
    for (const unsigned shuffle : {1u, 2u, 3u, 4u, 5u}) {
      CAPTURE(shuffle);
      Words settings = c.settings;
      settings.push_back("run.shuffle=" + std::to_string(shuffle));
      CHECK(first_difference(plain, run(scratch, c.name + std::to_string(shuffle), c.trace, settings)) == "");
    }
  }
}
