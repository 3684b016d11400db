// What a run says of itself adds up, and agrees with the trace: transactions, faults, pages, and every
// picosecond.
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "models/trace/reader.hpp"
#include "testbenches/system/command.hpp"
#include "testbenches/system/database.hpp"
#include "testbenches/system/made_trace.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

struct Expected {
  std::int64_t pieces = 0;
  std::int64_t pages = 0;               ///< distinct (PASID, page)
  std::int64_t written_after_read = 0;  ///< those of them read first and written later
};

/// Counted from the trace alone.
Expected count(const std::string& trace) {
  Expected expected;
  std::map<std::pair<std::uint32_t, std::uint64_t>, bool> pages;  ///< was it read first?
  std::set<std::pair<std::uint32_t, std::uint64_t>> written_after_read;
  const auto reader = trace::Reader::open(trace);
  for (trace::Record record; reader->next(record);) {
    if (record.kind != trace::Kind::access) continue;
    trace::for_each_piece(record, [&](const trace::Record& piece) {
      ++expected.pieces;
      const std::pair<std::uint32_t, std::uint64_t> page{piece.pasid, piece.va / trace::kPageBytes};
      const bool read_first = pages.try_emplace(page, !piece.write).first->second;
      if (read_first && piece.write) written_after_read.insert(page);
    });
  }
  expected.pages = static_cast<std::int64_t>(pages.size());
  expected.written_after_read = static_cast<std::int64_t>(written_after_read.size());
  return expected;
}

std::int64_t records_written(const Database& db) {
  return db.counter("tcu", "stalls") + db.counter("tcu", "page_requests_written");
}

std::int64_t responses_given(const Database& db) {
  return db.counter("tcu", "resumes") + db.counter("tcu", "page_responses");
}

void check_time_adds_up(const Database& db) {
  CHECK(db.number("SELECT count(*) FROM transactions WHERE done_ps - issue_ps != " + stage_sum()) == 0);
  CHECK(db.number("SELECT count(*) FROM faults WHERE end_ps - begin_ps != " + stage_sum()) == 0);
  CHECK(db.number("SELECT count(*) FROM transactions WHERE (faults = 0) != (fault_ps = 0)") == 0);
  CHECK(db.number("SELECT count(*) FROM transactions WHERE fault_ps > done_ps - issue_ps") == 0);
}

/// Every fault a transaction names is there, is of its page, and lies within its life.
void check_references(const Database& db) {
  CHECK(db.number("SELECT count(*) FROM transactions t LEFT JOIN faults f ON f.id = t.fault_id WHERE "
                  "t.fault_id IS NOT NULL AND (f.id IS NULL OR f.pasid != t.pasid OR f.device != t.device OR "
                  "f.va / 4096 != t.va / 4096 OR f.end_ps > t.done_ps OR f.end_ps <= t.issue_ps)") == 0);
  CHECK(
      db.number("SELECT count(*) FROM transactions WHERE faults > 0 AND outcome = 'ok' AND fault_id IS NULL "
                "AND device IN (SELECT device FROM faults WHERE kind = 'stall')") == 0);
  CHECK(db.number("SELECT count(*) FROM faults WHERE followers = 0") == 0);
}

}  // namespace

TEST_CASE("a real program from cold, on both fault paths") {
  const std::string kind = GENERATE("pcie", "platform");
  const std::string file = GENERATE("sqlite-20k.svt.xz", "sqlite-200k.svt.xz");
  CAPTURE(kind, file);
  const std::string trace = trace_file(file);
  const Expected expected = count(trace);
  REQUIRE(expected.pieces >= 20'000);
  const Scratch scratch;
  const Finished run =
      invoke(run_words(trace, scratch / "run", {"device.0=" + kind, "tcu.pwc.impl=rtl", "run.check=on"}));
  INFO(run.err);
  REQUIRE(run.code == 0);
  const Database db(scratch / "run/run.db");
  CHECK(db.number("SELECT count(*) FROM transactions") == expected.pieces);
  CHECK(db.number("SELECT count(*) FROM transactions WHERE outcome != 'ok'") == 0);
  // One fault for each page, and a second for one that was read first (zero page) and then written.
  const std::int64_t copied = db.counter("host", "mm_zero_cow");
  const std::int64_t faults = expected.pages + copied;
  CHECK(copied <= expected.written_after_read);
  CHECK(db.counter("host", "mm_zero") + db.counter("host", "mm_anonymous") == expected.pages);
  CHECK(db.number("SELECT count(*) FROM faults") == faults);
  CHECK(db.number("SELECT count(DISTINCT va / 4096) FROM faults WHERE outcome = 'ok'") == expected.pages);
  CHECK(records_written(db) == faults);
  CHECK(responses_given(db) == faults);
  CHECK(db.counter("host", "pages_mapped") == expected.pages);
  CHECK(db.number("SELECT count(*) FROM faults WHERE kind != '" +
                  std::string(kind == "pcie" ? "pri" : "stall") + "'") == 0);
  CHECK(db.text("SELECT value FROM meta WHERE key = 'ending'") == "complete");
  check_time_adds_up(db);
  check_references(db);
}

TEST_CASE("two devices and unmaps: records, responses and fault rows agree") {
  const Scratch scratch;
  const std::string trace = scratch / "racing.svt";
  write_racing_trace(trace, {});
  const Finished run = invoke(run_words(trace, scratch / "run"));
  INFO(run.err);
  REQUIRE(run.code == 0);
  const Database db(scratch / "run/run.db");
  const std::int64_t faults = db.number("SELECT count(*) FROM faults");
  CHECK(db.number("SELECT count(*) FROM transactions WHERE outcome = 'ok'") == count(trace).pieces);
  CHECK(records_written(db) == faults);
  CHECK(responses_given(db) == faults);
  CHECK(db.counter("host", "pages_mapped") <= faults);
  CHECK(db.counter("host", "pages_mapped") > count(trace).pages);  // unmapped pages were touched again
  check_time_adds_up(db);
  check_references(db);
}

TEST_CASE("the event of the last access is read too, though the access ends before it is written") {
  const Scratch scratch;
  const std::string trace = scratch.file("t.txt",
                                         "# svasim trace 1\nunbind dev=1 t=37020ns\nW 0x7f12344008eb 64 "
                                         "dev=1 t=37320ns\nR 0x7f12344000fe 1 dev=1 t=38220ns\n");
  const Finished run = invoke(run_words(trace, scratch / "run"));
  INFO(run.err);
  REQUIRE(run.code == 0);
  const Database db(scratch / "run/run.db");
  CHECK(db.counter("tcu", "events_written") == 2);
  CHECK(db.counter("host", "event_records") == 2);
}
