// run.db: what hand-made transactions become in it, the coding of stories, equal bytes for equal calls, and
// what is left when the disk is full or the run is killed.
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <random>
#include <thread>

#include "models/probe/run_database.hpp"
#include "models/probe/story.hpp"
#include "models/probe/story_codec.hpp"
#include "testbenches/unit/probe_fixture.hpp"

using namespace svasim::probe;

namespace {

/// All rows of a query, columns separated by '|', through SQLite alone.
std::vector<std::string> query(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  INFO(sql << ": " << sqlite3_errmsg(database));
  REQUIRE(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  std::vector<std::string> rows;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    std::string row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const unsigned char* text = sqlite3_column_text(statement, i);
      row += (i ? "|" : "") + std::string(text ? reinterpret_cast<const char*>(text) : "NULL");
    }
    rows.push_back(row);
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return rows;
}

using Rows = std::vector<std::string>;

/// Accesses of a few random stages, with faults among them.
void random_run(Recorder& recorder, std::uint64_t seed, int count) {
  std::mt19937_64 random(seed);
  for (int i = 0; i < count; ++i) {
    Picoseconds now = static_cast<Picoseconds>(i) * 1000;
    Transaction& transaction = recorder.open(now, random() % 3, 1, Operation::read, random(), 64);
    for (int n = 0; n < 6; ++n)
      transaction.timeline.enter(static_cast<Stage>(random() % 17), now += random() % 5000);
    if (random() % 16 == 0) {
      transaction.timeline.translation_failed(now);
      Fault& fault = recorder.open_fault(now, Stage::fault_record, {FaultKind::stall, 1, 1}, 0, 1, random());
      fault.attach(transaction, now);
      recorder.close_fault(fault, now += random() % 1'000'000, Outcome::ok);
    }
    recorder.close(transaction, now, Outcome::ok);
  }
}

}  // namespace

TEST_CASE("the tables hold what the run was") {
  TemporaryDirectory directory;
  const std::string path = directory / "run.db";
  RunDatabase database(path);
  database.write_config("tcu.walk_slots", "32", false);
  database.write_config("seed", "1", true);
  Recorder recorder({&database});
  hand_made_run(recorder);
  database.write_counters({{"tcu", "walks", 17}, {"atc", "misses", ~std::uint64_t{0}}});
  database.finish();

  CHECK(
      query(path,
            "SELECT id, device, pasid, op, printf('%x', va), size, issue_ps, done_ps, outcome, faults, "
            "fault_ps, "
            "fault_id, s_issue, s_hazard, s_llc, s_fault_record, s_mm_fault, s_dram FROM transactions") ==
      Rows{
          "1|0|1|read|1000|64|0|40064|ok|0|0|NULL|10064|0|30000|0|0|0",
          "2|0|1|read|196a0|64|100000|140064|ok|0|0|NULL|10064|0|30000|0|0|0",
          "3|0|1|read|31d40|64|200000|240064|ok|0|0|NULL|10064|0|30000|0|0|0",
          "4|7|42|write|ffff800012345678|8|1000000|21040064|ok|1|20000000|1|10064|0|30000|4000000|16000000|0",
          "5|7|42|read|ffff800012345000|4|6000000|21040064|ok|0|0|1|10064|0|30000|0|15000000|0"});
  CHECK(query(path,
              "SELECT id, device, pasid, printf('%x', va), kind, stream, token, begin_ps, end_ps, outcome, "
              "followers, "
              "s_fault_record, s_mm_fault, s_llc FROM faults") ==
        Rows{"1|7|42|ffff800012345000|pri|1792|3|1010064|21010064|ok|2|4000000|16000000|0"});
  CHECK(query(path, "SELECT * FROM counters") == Rows{"tcu|walks|17", "atc|misses|-1"});
  CHECK(query(path, "SELECT * FROM config") == Rows{"tcu.walk_slots|32|0", "seed|1|1"});
  CHECK(query(path, "SELECT key FROM meta") == Rows{"svasim_version", "schema_version", "complete"});
  CHECK(query(path, "SELECT count(*) FROM stages") == Rows{std::to_string(kStageCount)});
  // No column keeps the value of the row before.
  std::string sum = "0";
  for (const StageInfo& stage : kStages) sum += "+s_" + std::string(stage.name);
  CHECK(query(path, "SELECT id FROM transactions WHERE " + sum + " != done_ps - issue_ps").empty());
  CHECK(query(path, "SELECT id FROM faults WHERE " + sum + " != end_ps - begin_ps").empty());
  CHECK(query(path, "PRAGMA integrity_check") == Rows{"ok"});
}

TEST_CASE("a story comes back as it was told") {
  const auto seed = GENERATE(range(1u, 50u));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::vector<Segment> story;
  std::uint16_t round = 0;
  for (auto n = random() % 60; n > 0; --n) {
    round = static_cast<std::uint16_t>(
        std::min<std::uint64_t>(round + (random() % 4 ? 0 : random() >> (48 + random() % 16)), 65535));
    const auto kind = static_cast<Cause::Kind>(random() % 3);
    const std::uint64_t id = random() % 2 ? 5 : random() >> (8 + random() % 56);
    const Cause cause = kind == Cause::Kind::none ? Cause() : Cause(kind, id);
    story.push_back({random() >> random() % 64, cause, round, static_cast<Stage>(random() % kStageCount)});
  }
  std::vector<std::uint8_t> bytes;
  encode_story(story.data(), story.size(), bytes);
  const auto told = decode_story(bytes.data(), bytes.size());
  REQUIRE(told);
  REQUIRE(told->size() == story.size());
  for (std::size_t i = 0; i < story.size(); ++i) {
    CHECK((*told)[i].stage == story[i].stage);
    CHECK((*told)[i].cause == story[i].cause);
    CHECK((*told)[i].round == story[i].round);
    CHECK((*told)[i].duration == story[i].duration);
  }
  // What is cut short or damaged is refused or read as some story, never past its end.
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const std::vector<std::uint8_t> head(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(cut));
    decode_story(head.data(), head.size());
    std::vector<std::uint8_t> damaged = bytes;
    damaged[cut] ^= static_cast<std::uint8_t>(1 + random() % 255);
    decode_story(damaged.data(), damaged.size());
  }
}

TEST_CASE("the coding of a story is the documented one") {
  // atc is stage 1, hazard stage 7, mm_fault stage 26.
  const std::vector<Segment> story = {{5, {}, 0, Stage::atc},
                                      {200, {Cause::Kind::transaction, 12}, 0, Stage::hazard},
                                      {1, {Cause::Kind::fault, 7}, 2, Stage::mm_fault},
                                      {0, {Cause::Kind::fault, 7}, 2, Stage::atc}};
  std::vector<std::uint8_t> bytes;
  encode_story(story.data(), story.size(), bytes);
  CHECK(bytes == std::vector<std::uint8_t>{1 << 3, 5,                                    //
                                           7 << 3 | 1, 12, 0xc8, 0x01,                   //
                                           (26 << 3 | 4 | 2) & 0x7f | 0x80, 1, 2, 7, 1,  //
                                           1 << 3 | 3, 0});
  const std::vector<std::uint8_t> bad_stage = {0x80 | 0, 0x04, 5}, no_cause_before = {3, 5},
                                  endless(11, 0xff);
  CHECK_FALSE(decode_story(bad_stage.data(), bad_stage.size()));
  CHECK_FALSE(decode_story(no_cause_before.data(), no_cause_before.size()));
  CHECK_FALSE(decode_story(endless.data(), endless.size()));
  CHECK_FALSE(decode_story(bytes.data(), 1));
  std::vector<std::uint8_t> longest(10, 0xff);  // 2^64 - 1, and one more bit is too many
  longest.front() = 1 << 3;
  longest.insert(longest.end(), {1});
  REQUIRE(decode_story(longest.data(), longest.size()));
  CHECK(decode_story(longest.data(), longest.size())->front().duration == ~std::uint64_t{0});
  longest.back() = 2;
  CHECK_FALSE(decode_story(longest.data(), longest.size()));
}

TEST_CASE("same calls, same bytes") {
  TemporaryDirectory directory;
  for (const char* file : {"a", "b"}) {
    RunDatabase database(directory / file);
    database.write_config("key", "value", true);
    Recorder recorder({&database});
    random_run(recorder, 7, 10000);
    if (*file == 'b')
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the clock decides nothing
    random_run(recorder, 8, 3000);
    database.finish();
  }
  const std::string a = file_text(directory / "a");
  CHECK(a.size() > 1'000'000);
  CHECK((a == file_text(directory / "b")));
  CHECK(query(directory / "a", "SELECT count(*), max(id) FROM transactions") == Rows{"13000|13000"});
}

TEST_CASE("a run replaces the one before it") {
  TemporaryDirectory directory;
  for (int run = 0; run < 2; ++run) {
    RunDatabase database(directory / "run.db");
    Recorder recorder({&database});
    hand_made_run(recorder);
    database.finish();
  }
  CHECK(query(directory / "run.db", "SELECT count(*) FROM transactions") == Rows{"5"});
}

TEST_CASE("a place that cannot be written is an error that names it") {
  TemporaryDirectory directory;
  const std::string path = directory / "missing/run.db";
  try {
    RunDatabase database(path);
    FAIL("created " << path);
  } catch (const DatabaseError& error) {
    CHECK(error.path() == path);
    CHECK(std::string(error.what()).find(path + ": ") == 0);
  }
  CHECK_THROWS_AS(RunDatabase(directory.path()), DatabaseError);  // a directory
}

TEST_CASE("a full disk stops the database, not the simulation") {
  TemporaryDirectory directory;
  RunDatabase database(directory / "run.db");
  Recorder recorder({&database});
  random_run(recorder, 1, 5000);
  database.flush();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit full{1 << 20, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &full);
  random_run(recorder, 2, 40000);
  CHECK_THROWS_AS(database.finish(), DatabaseError);
  CHECK(database.failed());
  CHECK_THROWS_AS(database.write_config("a", "b", true), DatabaseError);
  random_run(recorder, 3, 40000);
  setrlimit(RLIMIT_FSIZE, &before);
  CHECK(recorder.live() == 0);
  CHECK(query(directory / "run.db", "SELECT count(*) >= 5000 FROM transactions") == Rows{"1"});
}

TEST_CASE("a killed run leaves what was committed") {
  TemporaryDirectory directory;
  const std::string path = directory / "run.db";
  const pid_t child = fork();
  if (child == 0) {
    RunDatabase database(path);
    Recorder recorder({&database});
    random_run(recorder, 1, 5000);
    database.flush();
    random_run(recorder, 2, 40000);
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  std::ostringstream story;
  explain(directory.path(), 5000, story);
  CHECK(story.str().find("no time is lost") != std::string::npos);
  CHECK(query(path, "PRAGMA integrity_check") == Rows{"ok"});
  CHECK(query(path, "SELECT value FROM meta WHERE key = 'complete'").empty());
}

TEST_CASE("nothing is written after the end") {
  TemporaryDirectory directory;
  RunDatabase database(directory / "run.db");
  database.finish();
  CHECK_THROWS_AS(database.write_meta("a", "b"), DatabaseError);
  CHECK_THROWS_AS(database.finish(), DatabaseError);
}
