// summary.json and the report of a run small enough to be reckoned by hand.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "models/probe/format.hpp"
#include "models/probe/summary.hpp"
#include "testbenches/unit/probe_fixture.hpp"

using namespace svasim::probe;

namespace {

std::size_t columns(const std::string& line) {
  std::size_t count = 0;
  for (char c : line) count += (c & 0xc0) != 0x80;  // UTF-8 bytes that begin a character
  return count;
}

}  // namespace

TEST_CASE("summary.json is what the run was") {
  Summary summary;
  Recorder recorder({&summary});
  hand_made_run(recorder);
  const RunTotals totals{21'040'064, 1, 1, 1, {{"ATC", 3, 5}}};
  const auto json = nlohmann::json::parse(summary.json(totals));
  CHECK(json["schema"] == 1);
  CHECK(json["simulated_ps"] == 21'040'064);
  CHECK(json["transactions"]["total"] == 5);
  // The second access merged behind the first, whose translation failed; its own never did.
  CHECK(json["transactions"]["non_faulting"] == 4);
  CHECK(json["transactions"]["faulting"] == 1);
  CHECK(json["transactions"]["failed_translations"] == 1);
  CHECK(json["transactions"]["outcomes"]["ok"] == 5);
  CHECK(json["latency"]["all"]["mean_ps"] == (3 * 40'064 + 20'040'064 + 15'040'064) / 5);
  CHECK(json["latency"]["faulting"]["max_ps"] == 20'040'064);
  CHECK(json["latency"]["non_faulting"]["max_ps"] == 15'040'064);
  CHECK(json["latency"]["non_faulting"]["min_ps"] == 40'064);
  CHECK(json["fault_latency"]["count"] == 1);
  CHECK(json["fault_latency"]["max_ps"] == 20'000'000);
  CHECK(json["faults"]["kinds"]["pri"] == 1);
  CHECK(json["faults"]["kinds"]["stall"] == 0);
  CHECK(json["faults"]["followers"] == 2);
  CHECK(json["faults"]["lifetime"]["max_ps"] == 20'000'000);
  CHECK(json["faults"]["records"] == 1);
  CHECK(json["stages_ps"]["faulting"]["fault_record"] == 4'000'000);
  CHECK(json["stages_ps"]["faulting"]["mm_fault"] == 16'000'000);
  CHECK(json["stages_ps"]["non_faulting"]["mm_fault"] == 15'000'000);
  CHECK(json["stages_ps"]["non_faulting"]["issue"] == 4 * 10'064);
  CHECK(json["stages_ps"]["faults"]["mm_fault"] == 16'000'000);
  CHECK(json["devices"].size() == 2);
  CHECK(json["devices"][1]["device"] == 7);
  CHECK(json["devices"][1]["transactions"] == 2);
  CHECK(json["devices"][1]["faulting"] == 1);
  CHECK(json["hit_rates"][0]["label"] == "ATC");
  CHECK(json["hit_rates"][0]["hits"] == 3);
}

TEST_CASE("host time is in host.json and the report only") {
  Summary summary;
  Recorder recorder({&summary});
  hand_made_run(recorder);
  const std::string json = summary.json({});
  CHECK(json.find("host_") == std::string::npos);
  const auto host = nlohmann::json::parse(summary.host_json(2.0));
  CHECK(host["host_seconds"] == 2.0);
  CHECK(host["transactions_per_host_second"] == 2.5);
}

TEST_CASE("the report, to the letter") {
  Summary summary;
  Recorder recorder({&summary});
  for (Picoseconds start : {0, 100'000, 200'000}) {
    Transaction& hit = recorder.open(start, 0, 1, Operation::read, 0x1000, 64);
    hit.timeline.enter(Stage::llc, start + 10'064);
    recorder.close(hit, start + 40'064, Outcome::ok);
  }
  Transaction& miss = recorder.open(1'000'000, 0, 1, Operation::read, 0x2000, 64);
  Fault& fault = recorder.open_fault(1'010'064, Stage::mm_fault, {FaultKind::pri, 0, 0}, 0, 1, 0x2000);
  miss.timeline.translation_failed(1'010'064);
  fault.attach(miss, 1'010'064);
  recorder.close_fault(fault, 21'010'064, Outcome::ok);
  miss.timeline.enter(Stage::llc, 21'010'064);
  miss.timeline.translation_succeeded(21'010'064);
  recorder.close(miss, 21'040'064, Outcome::aborted);
  std::ostringstream report;
  summary.print(report, {21'040'064, 1, 1, 1, {{"ATC", 3, 4}, {"main TLB", 0, 0}, {"walk cache", 999, 1000}}},
                0.002);
  // A median of 40.064 ns is exact: it is the middle of its bucket (128 to an octave from 32.768 ns).
  // Shares: 10.064 / 40.064 = 25.1 %, a bar of 43 eighths of a column beside one of 128.
  CHECK(
      report.str() ==
      R"(── svasim run ──────────────────────────────────────────────────────────────────────────────────────
  transactions                     4   ok 3, aborted 1
    non-faulting                   3   75.0%
    faulting                       1   25.0%, with 1 failed translations
  faults                           1   PRI 1, stall 0; ok 1
  fault records                    1   responses 1, first-touched pages 1
── latency ─────────────────────────────────────────────────────────────────────────────────────────
                                              mean             p50             p99             max
  end to end, all                         5.040 us        40.06 ns        20.04 us        20.04 us
  end to end, non-faulting                40.06 ns        40.06 ns        40.06 ns        40.06 ns
  end to end, faulting                    20.04 us        20.04 us        20.04 us        20.04 us
  fault latency of those                  20.00 us        20.00 us        20.00 us        20.00 us
  fault, from record to response          20.00 us        20.00 us        20.00 us        20.00 us
── where the time goes, mean per transaction ───────────────────────────────────────────────────────
  stage                  non-faulting                            faulting
  issue                 10.06 ns   25.1%  █████▍                10.06 ns    0.1%  ▏
  llc                   30.00 ns   74.9%  ████████████████      30.00 ns    0.1%  ▏
  mm_fault                     -                                20.00 us   99.8%  ████████████████
── hit rates ───────────────────────────────────────────────────────────────────────────────────────
  ATC                  75.0% of 4                   main TLB                 - of 0
  walk cache           99.9% of 1,000
── speed ───────────────────────────────────────────────────────────────────────────────────────────
  simulated 21.04 us in 2.000 ms of host time, 2,000 transactions per host second
)");
}

TEST_CASE("the report fits one screen whatever happened") {
  const auto rates = GENERATE(0, 1, 12, 100);
  Summary summary;
  Recorder recorder({&summary});
  SECTION("no transaction at all") {}
  SECTION("every stage occurred, for long") {
    std::mt19937_64 random(1);
    for (int i = 0; i < 100; ++i) {
      Transaction& transaction = recorder.open(0, 0, 0, Operation::read, 0, 1);
      Picoseconds now = 0;
      for (std::size_t stage = 1; stage < kStageCount; ++stage) {
        transaction.timeline.enter(static_cast<Stage>(stage), now += random() % 999'999'999'999);
        if (i % 2 && stage % 3 == 0) transaction.timeline.translation_failed(now);
      }
      recorder.close(transaction, now, static_cast<Outcome>(i % 4));
    }
  }
  constexpr std::uint64_t kMany = 1'000'000'000'000;
  RunTotals totals{~std::uint64_t{0}, kMany, kMany, kMany, {}};
  for (int i = 0; i < rates; ++i) {
    totals.hit_rates.push_back({"a cache with quite a long name", kMany, kMany + 1});
  }
  std::ostringstream report;
  summary.print(report, totals, 0);
  std::istringstream lines(report.str());
  std::string line;
  std::size_t count = 0;
  for (; std::getline(lines, line); ++count) {
    CAPTURE(line);
    CHECK(columns(line) <= 100);
  }
  CHECK(count <= 45);
}

TEST_CASE("times and numbers for people") {
  CHECK(human_time(0) == "0 ps");
  CHECK(human_time(999) == "999 ps");
  CHECK(human_time(1000) == "1.000 ns");
  CHECK(human_time(12'345) == "12.35 ns");
  CHECK(human_time(999'949) == "999.9 ns");
  CHECK(human_time(999'960) == "1.000 us");
  CHECK(human_time(1'234'567'890'123) == "1.235 s");
  CHECK(human_time(5'000'000'000'000'000) == "5000 s");
  CHECK(exact_ns(50'123'456) == "50,123.456");
  CHECK(exact_ns(7) == "0.007");
  CHECK(grouped(1'234'567) == "1,234,567");
  CHECK(grouped(123) == "123");
  CHECK(percent(1, 8) == "12.5%");
  CHECK(percent(1, 0) == "-");
  CHECK(bar(0.5, 4) == "██  ");
  CHECK(bar(1e-9, 3) == "▏  ");
  CHECK(bar(2.0, 2) == "██");
  CHECK(lane(25, 75, 100, 8) == "··████··");
  CHECK(lane(100, 100, 100, 4) == "···▏");
  CHECK(lane(0, 0, 0, 4) == "▏···");
}
