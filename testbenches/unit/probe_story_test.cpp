// svasim explain: a story to the letter, and its error messages.
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "models/probe/story.hpp"
#include "testbenches/unit/probe_fixture.hpp"

using namespace svasim::probe;

namespace {

std::string explained(const TemporaryDirectory& directory, std::uint64_t id) {
  std::ostringstream out;
  explain(directory.path(), id, out);
  return out.str();
}

/// `text` with each run of white space as one blank.
std::string one_line(const std::string& text) {
  std::string line;
  for (char c : text) {
    const char blank = c == '\n' ? ' ' : c;
    if (blank != ' ' || (!line.empty() && line.back() != ' ')) line += blank;
  }
  return line;
}

std::string error_of(const TemporaryDirectory& directory, std::uint64_t id) {
  try {
    return "no error: " + explained(directory, id);
  } catch (const DatabaseError& error) {
    return error.what();
  }
}

void write_hand_made_run(const TemporaryDirectory& directory) {
  RunDatabase database(directory / "run.db");
  Recorder recorder({&database});
  hand_made_run(recorder);
  database.finish();
}

}  // namespace

TEST_CASE("the story of a faulting access") {
  TemporaryDirectory directory;
  write_hand_made_run(directory);
  CHECK(explained(directory, 4) ==
        R"(Transaction 4: device 7, PASID 42, write of 8 bytes at 0xffff800012345678
  issued             1,000.000 ns
  done              21,040.064 ns   outcome ok
  latency           20,040.064 ns   20.04 us, of which faulting 20.00 us (1 failed translation)

         start/ns        time/ns                    stage            what happens, because of whom
            0.000         10.064  █···············  issue            in the device: waiting for an issue slot and being
                                                                     issued
  ── translation failed; round 2 ───────────────────────────────────────────────────────────────────────────────────────
           10.064      4,000.000  ███·············  fault_record     fault found: writing the event or page-request
                                                                     record to its queue in memory [fault 1]
        4,010.064     16,000.000  ···█████████████  mm_fault         worker: making the page present, page-table writes
                                                                     included [fault 1]
       20,010.064         30.000  ···············█  llc              in the last-level cache
              sum     20,040.064  = done - issued: the 4 stays add up, no time is lost

Fault 1: page request of device 7, PASID 42, page 0xffff800012345000, ok, served 2 transactions
  from 1,010.064 ns to 21,010.064 ns: 20.00 us
)");
}

TEST_CASE("every kind of fault is told by its name") {
  for (const auto& [kind, words] : {std::pair{FaultKind::pri, "page request"},
                                    {FaultKind::stall, "stall"},
                                    {FaultKind::device, "device-managed fault"}}) {
    TemporaryDirectory directory;
    RunDatabase database(directory / "run.db");
    Recorder recorder({&database});
    Transaction& access = recorder.open(0, 3, 1, Operation::read, 0x1000, 8);
    access.timeline.translation_failed(10);
    Fault& fault = recorder.open_fault(10, Stage::fault_record, {kind, 0x300, 1}, 3, 1, 0x1000);
    fault.attach(access, 10);
    recorder.close_fault(fault, 20, Outcome::ok);
    access.timeline.enter(Stage::llc, 20);
    access.timeline.translation_succeeded(20);
    recorder.close(access, 30, Outcome::ok);
    database.finish();
    CHECK(explained(directory, 1).find("Fault 1: " + std::string(words) + " of device 3") !=
          std::string::npos);
  }
}

TEST_CASE("a merge is told with the one it merged behind") {
  TemporaryDirectory directory;
  write_hand_made_run(directory);
  const std::string story = one_line(explained(directory, 5));
  CAPTURE(story);
  CHECK(story.find("[behind transaction 4's walk]") != std::string::npos);
  CHECK(story.find("15,000.000") != std::string::npos);
  CHECK(story.find("the 4 stays add up") != std::string::npos);
  CHECK(story.find("round 2") == std::string::npos);
}

TEST_CASE("a story that does not add up says so") {
  TemporaryDirectory directory;
  write_hand_made_run(directory);
  sqlite3* database = nullptr;
  sqlite3_open((directory / "run.db").c_str(), &database);
  sqlite3_exec(database, "UPDATE transactions SET done_ps = done_ps + 1 WHERE id = 1", nullptr, nullptr,
               nullptr);
  sqlite3_exec(database, "UPDATE transactions SET s_dram = 1 WHERE id = 2", nullptr, nullptr, nullptr);
  sqlite3_exec(database, "UPDATE transactions SET story = x'ff' WHERE id = 3", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  CHECK(explained(directory, 1).find("DOES NOT ADD UP: done - issued is 40.065 ns") != std::string::npos);
  CHECK(explained(directory, 2).find("the columns sum to 40.065 ns") != std::string::npos);
  CHECK(error_of(directory, 3) == directory / "run.db: the story of transaction 3 is damaged");
}

TEST_CASE("what cannot be explained") {
  TemporaryDirectory directory;
  CHECK(error_of(directory, 1) == directory / "run.db: unable to open database file");
  std::ofstream(directory / "run.db") << std::string(5000, 'x');
  CHECK(error_of(directory, 1) == directory / "run.db: file is not a database");
  std::ofstream(directory / "run.db", std::ios::trunc);
  CHECK(error_of(directory, 1) == directory / "run.db: not a run database of this version of svasim");
  { RunDatabase empty(directory / "run.db"); }
  CHECK(error_of(directory, 1) == directory / "run.db: there is no transaction 1; it has none");
  write_hand_made_run(directory);
  CHECK(error_of(directory, 6) == directory / "run.db: there is no transaction 6; it has 5, the last is 5");
  CHECK(error_of(directory, ~std::uint64_t{0}).find("there is no transaction 18446744073709551615") !=
        std::string::npos);
}
