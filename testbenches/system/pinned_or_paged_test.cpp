// A plain trace, mapped by `trace map`, tells what demand paging costs and what pinning costs instead.
#include <catch2/catch.hpp>

#include "testbenches/system/command.hpp"
#include "testbenches/system/database.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

constexpr std::int64_t kPages = 61;  ///< of the trace, by its README

std::string map_sqlite(const Scratch& scratch) {
  const std::string mapped = scratch / "mapped.svt.xz";
  const Finished finished = invoke({"trace", "map", trace_file("sqlite-20k.svt.xz"), mapped});
  REQUIRE(finished.code == 0);
  CHECK(finished.err ==
        "svasim: 20029 records written to " + mapped + ", with 28 areas of 61 pages mapped\n");
  return mapped;
}

/// Runs the trace on a device of that kind and returns the path of its database.
std::string run(const Scratch& scratch, const std::string& name, const std::string& trace,
                const std::string& device, Words settings) {
  settings.insert(settings.end(), {"device.0=" + device, "run.unbind=off", "run.check=on"});
  const Finished finished = invoke(run_words(trace, scratch / name, settings));
  INFO(finished.err);
  REQUIRE(finished.code == 0);
  return scratch / (name + "/run.db");
}

const std::string kAccesses = "SELECT va, size, op, outcome FROM transactions ORDER BY id";

}  // namespace

TEST_CASE(
    "demand-paged or pinned: the same accesses end well; faults while it runs, or pins before it starts") {
  const std::string device = GENERATE("pcie", "platform");
  CAPTURE(device);
  const Scratch scratch;
  const std::string trace = map_sqlite(scratch);
  const Database plain(run(scratch, "plain", trace_file("sqlite-20k.svt.xz"), device, {}));
  const Database paged(run(scratch, "paged", trace, device, {"host.premapped=off"}));
  const Words pins{"device.0.faults=pinned", "host.premapped=off"};
  const Database pinned(run(scratch, "pinned", trace, device, pins));
  CHECK(paged.rows(kAccesses) == plain.rows(kAccesses));
  CHECK(pinned.rows(kAccesses) == plain.rows(kAccesses));

  CHECK(paged.number("SELECT count(*) FROM faults") >= kPages);
  CHECK(paged.counter("host", "pages_pinned") == 0);
  CHECK(pinned.number("SELECT count(*) FROM faults") == 0);
  CHECK(pinned.number("SELECT sum(faults) FROM transactions") == 0);
  CHECK(pinned.counter("host", "pages_pinned") == kPages);

  const auto start = [](const Database& db) { return db.number("SELECT min(issue_ps) FROM transactions"); };
  Words slow = pins;
  slow.push_back("host.pin=1150000");  // 1 us more than the default for each page
  const Database slowly(run(scratch, "slowly", trace, device, slow));
  CHECK(start(slowly) - start(pinned) == kPages * 1'000'000);
}

TEST_CASE("a mapped trace runs in every mode, and no mapping is refused") {
  const std::string mode = GENERATE("iopf", "pinned", "device", "none");
  const std::string device = GENERATE("pcie", "platform");
  CAPTURE(mode, device);
  const Scratch scratch;
  const std::string trace = map_sqlite(scratch);
  const Finished valid = invoke({"trace", "validate", trace});
  CHECK(valid.out == trace + ": ok, 20029 records (binary, xz)\n");
  const Database db(run(scratch, "run", trace, device, {"device.0.faults=" + mode}));
  CHECK(db.counter("trace", "refused_calls") == 0);
  CHECK(db.number("SELECT count(*) FROM transactions WHERE outcome = 'ok'") == (mode == "none" ? 0 : 20'000));
}
