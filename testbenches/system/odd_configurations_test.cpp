// Machines nobody would build: one of everything, or far too much, in random combination. Whatever the sizes,
// every access is answered, with the right translation, and no picosecond is lost. A failure prints the
// command.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "models/trace/reader.hpp"
#include "testbenches/system/command.hpp"
#include "testbenches/system/database.hpp"
#include "testbenches/system/made_trace.hpp"
#include "testbenches/system/odd_sizes.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

class Odd {
 public:
  explicit Odd(std::uint32_t seed) : random_(seed) {}

  Words settings() {
    Words chosen = {"run.check=on", "tcu.pwc.impl=model", "run.watchdog=20ms"};
    for (const OddSize& choice : kOddSizes) {
      if (below(2) == 0) continue;
      chosen.push_back(std::string(choice.key) + '=' + choice.values[below(choice.values.size())]);
    }
    // A page request group must fit the queue: such a configuration is refused.
    const auto starts = [](const char* with) {
      return [with](const std::string& setting) { return setting.rfind(with, 0) == 0; };
    };
    const auto groups = std::find_if(chosen.begin(), chosen.end(), starts("endpoint.pri.group_pages="));
    if (groups != chosen.end() && *groups != "endpoint.pri.group_pages=1") {
      chosen.erase(std::remove_if(chosen.begin(), chosen.end(), starts("host.priq_log2=")), chosen.end());
    }
    return chosen;
  }
  RacingTrace trace() {
    RacingTrace what;
    what.seed = static_cast<std::uint32_t>(random_());
    what.records = 400;
    what.unmaps_per_mille = 20 * below(6);
    what.processes = 1 + below(3);
    what.pages = 8 + below(60);
    return what;
  }

 private:
  unsigned below(std::size_t n) { return static_cast<unsigned>(random_() % n); }
  std::mt19937 random_;
};

std::int64_t pieces(const std::string& trace, const Words& settings) {
  trace::ReadOptions options;
  for (const std::string& setting : settings) {
    if (setting.rfind("device.coalesce=", 0) == 0) options.coalesce = std::stoull(setting.substr(16));
  }
  std::int64_t count = 0;
  const auto reader = trace::Reader::open(trace, options);
  for (trace::Record record; reader->next(record);) {
    if (record.kind == trace::Kind::access) trace::for_each_piece(record, [&](const auto&) { ++count; });
  }
  return count;
}

}  // namespace

TEST_CASE("odd configurations run to their end") {
  constexpr std::uint32_t kFirst = SVASIM_ODD_FIRST, kCount = SVASIM_ODD_COUNT;
  for (std::uint32_t seed = kFirst; seed < kFirst + kCount; ++seed) {
    Odd odd(seed);
    const Scratch scratch;
    const std::string trace = scratch / "odd.svt";
    write_racing_trace(trace, odd.trace());
    const Words settings = odd.settings();
    const Words words = run_words(trace, scratch / "run", settings);
    const Finished run = invoke(words);
    INFO("seed " << seed << ": " << typed(words) << '\n' << run.err);
    CHECK(run.code == 0);
    if (run.code != 0) continue;
    const Database db(scratch / "run/run.db");
    CHECK(db.number("SELECT count(*) FROM transactions") == pieces(trace, settings));
    CHECK(db.number("SELECT count(*) FROM transactions WHERE outcome != 'ok'") == 0);
    CHECK(db.number("SELECT count(*) FROM transactions WHERE done_ps - issue_ps != " + stage_sum()) == 0);
    CHECK(db.number("SELECT count(*) FROM faults WHERE end_ps - begin_ps != " + stage_sum()) == 0);
    CHECK(db.number("SELECT count(*) FROM faults WHERE outcome != 'ok'") == 0);
  }
}

TEST_CASE("a run that could simulate nothing fails, and says why") {
  const Scratch scratch;
  const std::string trace = scratch.file("t.txt", "# svasim trace 1\nR 0x1000 64\nW 0x2000 64 dev=1\n");
  // No stage 1 with 4 KB pages: the driver gives up. No SubstreamIDs: no device has PASIDs.
  const std::vector<std::pair<Words, std::string>> machines = {
      {{"idr.gran4k=off"}, "the SMMU could not be brought up"},
      {{"idr.ssidsize=0", "idr.cd2l=off"}, "every access of the trace was refused"}};
  for (const auto& [settings, why] : machines) {
    const Words words = run_words(trace, scratch / "run", settings);
    const Finished run = invoke(words);
    INFO(typed(words) << '\n' << run.err);
    CHECK(run.code == 1);
    CHECK(run.err.find("svasim: nothing simulated: " + why + "\n") != std::string::npos);
    CHECK(run.err.find("svasim: refused: record 1, 'R 0x1000 64': no PASID\n") != std::string::npos);
    const Database db(scratch / "run/run.db");
    CHECK(db.number("SELECT count(*) FROM transactions") == 0);
    CHECK(db.counter("trace", "refused") == 2);
    CHECK(db.text("SELECT value FROM meta WHERE key = 'ending'") == "nothing simulated");
  }
}
