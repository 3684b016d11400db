// The command as a user meets it: exit codes, and one line that says what is wrong and what was expected.
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <regex>
#include <thread>

#include "models/platform/config.hpp"
#include "testbenches/system/command.hpp"
#include "testbenches/system/database.hpp"
#include "testbenches/system/made_trace.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

constexpr int kFailure = 1, kBadUsage = 2, kBadTrace = 3;

/// Runs the words, which must fail with `code` and exactly this line on stderr.
void check_refused(const Words& words, int code, const std::string& line) {
  const Finished finished = invoke(words);
  INFO(typed(words));
  CHECK(finished.code == code);
  CHECK(finished.err == "svasim: " + line + "\n");
  CHECK(finished.out == "");
}

void check_setting_refused(const std::string& setting, const std::string& line) {
  check_refused({"config", "--set", setting}, kBadUsage, line);
}

std::int64_t transactions(const std::string& directory) {
  return Database(directory + "/run.db").number("SELECT count(*) FROM transactions");
}

std::string ending(const std::string& directory) {
  return Database(directory + "/run.db").text("SELECT value FROM meta WHERE key = 'ending'");
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

}  // namespace

TEST_CASE("settings that are wrong") {
  check_setting_refused("tcu.walkslots=3", "unknown key 'tcu.walkslots'; did you mean 'tcu.walk_slots'?");
  check_setting_refused("link.lane=4", "unknown key 'link.lane'; did you mean 'link.lanes'?");
  check_setting_refused("tcu.walk_slots", "'tcu.walk_slots'; expected key=value");
  check_setting_refused("tcu.walk_slots=many", "tcu.walk_slots: 'many' is no number; expected walks");
  check_setting_refused("tcu.walk_slots=", "tcu.walk_slots: '' is no number; expected walks");
  check_setting_refused("tcu.walk_slots=4097", "tcu.walk_slots: 4097 is out of range; expected 0 to 4096");
  check_setting_refused("tcu.walk_slots=-1", "tcu.walk_slots: -1 is out of range; expected 0 to 4096");
  check_setting_refused("tcu.walk_slots=1.5", "tcu.walk_slots: '1.5' is not a whole number of walks");
  check_setting_refused("host.pop=3furlongs", "host.pop: unit 'furlongs' in '3furlongs'; expected ps");
  check_setting_refused("host.pop=3KiB", "host.pop: unit 'KiB' in '3KiB'; expected ps");
  check_setting_refused("host.pop=nan", "host.pop: 'nan' is no number; expected ps");
  check_setting_refused("run.check=maybe", "run.check: 'maybe'; expected on or off");
  check_setting_refused("device.0=usb", "device.0: 'usb'; expected one of pcie platform");
  check_setting_refused("tbu.tlb_sets=3", "tbu.tlb_sets: 3 is no power of two");
}

TEST_CASE("values that are wrong together name their keys") {
  for (const auto& [settings, key] : std::vector<std::pair<Words, std::string>>{
           {{"host.irq_cpu=4"}, "host.irq_cpu"},
           {{"host.priq_log2=1", "endpoint.pri.group_pages=3"}, "host.priq_log2"},
           {{"endpoint.ats.enabled=off"}, "endpoint.pri.enabled"},
           {{"link.lanes=3"}, "link.lanes"},
           {{"idr.stall_model=forced"}, "idr.stall_model"},
           {{"idr.oas=5", "idr.ds=on"}, "idr.ds"},
           {{"host.min_pasid=9", "host.max_pasid=8"}, "host.min_pasid"}}) {
    Words words{"config"};
    for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
    const Finished finished = invoke(words);
    INFO(typed(words) << '\n' << finished.err);
    CHECK(finished.code == kBadUsage);
    CHECK(finished.err.rfind("svasim: " + key, 0) == 0);
    CHECK(lines(finished.err).size() == 1);
  }
}

TEST_CASE("values are understood with units, and shown") {
  const Finished finished = invoke({"config", "--set", "host.pop=1.5us", "--set", "machine.ram_bytes=2GiB",
                                    "--set", "run.check=yes", "--set", "dram.t_cl=0.02us"});
  REQUIRE(finished.code == 0);
  CHECK(std::regex_search(finished.out, std::regex("host\\.pop +1500000 ps ")));
  CHECK(std::regex_search(finished.out, std::regex("machine\\.ram_bytes +2147483648 bytes ")));
  CHECK(std::regex_search(finished.out, std::regex("run\\.check +on ")));
  CHECK(std::regex_search(finished.out, std::regex("dram\\.t_cl +20 ns ")));
}

TEST_CASE("config lists every key with its value, unit, meaning and range") {
  const Finished finished = invoke({"config"});
  REQUIRE(finished.code == 0);
  platform::Config config;
  const platform::Settings settings = platform::Config::bind(config);
  std::vector<std::string> listed;
  for (const std::string& line : lines(finished.out)) {
    if (!line.empty()) listed.push_back(line);
  }
  REQUIRE(listed.size() == settings.all().size());
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const platform::Setting& s = settings.all()[i];
    CAPTURE(listed[i], s.key);
    CHECK(listed[i].rfind(s.key + " ", 0) == 0);
    CHECK(listed[i].find(" " + s.get() + (s.unit.empty() ? "" : " " + s.unit) + " ") != std::string::npos);
    CHECK(s.meaning.size() > 3);
    CHECK(s.range.size() > 2);
    CHECK(listed[i].find(s.meaning + " [" + s.range + "]") != std::string::npos);
  }
}

TEST_CASE("configuration files") {
  const Scratch scratch;
  const std::string good = scratch.file("good.ini", "# a comment\n[tcu]\nwalk_slots = 5\npwc.impl = model\n");
  const Finished finished = invoke({"config", "--config", good, "--set", "tcu.slots=7"});
  CHECK(finished.code == 0);
  CHECK(std::regex_search(finished.out, std::regex("tcu\\.walk_slots +5 ")));
  CHECK(std::regex_search(finished.out, std::regex("tcu\\.slots +7 ")));
  const std::string key = scratch.file("key.ini", "[tcu]\nwalk_slot = 5\n");
  check_refused({"config", "--config", key}, kBadUsage,
                key + ": unknown key 'tcu.walk_slot'; did you mean 'tcu.walk_slots'?");
  const std::string value = scratch.file("value.ini", "[tcu]\nwalk_slots = five\n");
  check_refused({"config", "--config", value}, kBadUsage,
                value + ": tcu.walk_slots: 'five' is no number; expected walks");
  const std::string line = scratch.file("line.ini", "[tcu]\nwalk_slots = 5\nthis is no setting\n");
  const Finished bad = invoke({"config", "--config", line});
  CHECK(bad.code == kBadUsage);
  CHECK(bad.err.rfind("svasim: " + line + ": ", 0) == 0);
  CHECK(bad.err.find("this is no setting") != std::string::npos);
  CHECK(lines(bad.err).size() == 1);
  check_refused({"config", "--config", scratch / "none.ini"}, kBadUsage,
                scratch / "none.ini" + ": cannot be read");
}

TEST_CASE("what is typed wrong") {
  check_refused({"simulate"}, kBadUsage, "unknown command 'simulate'; see svasim --help");
  check_refused({"run", "--trace", "x"}, kBadUsage,
                "run needs --trace T or --generate PATTERN, and --out DIR");
  const std::string twice = "trace map reads IN twice: it must be a file, no pipe or standard input";
  check_refused({"trace", "map", "-", "x"}, kBadUsage, twice);
  check_refused({"trace", "map", "x"}, kBadUsage, "trace map needs IN and OUT");
  check_refused({"trace", "map", "x", "y", "--gap", "z"}, kBadUsage,
                "--gap z; expected a size in bytes, as 64K");
  check_refused({"trace", "info", "x", "--gap", "1"}, kBadUsage, "--gap is of trace map only");
  check_refused({"explain", "x"}, kBadUsage, "explain needs DIR and a transaction number");
  for (const Words& words :
       {Words{"run", "--trcae", "x"}, Words{"run", "--trace", "x", "--out", "y", "--limit", "z"},
        Words{"explain", "x", "one"}, Words{"run", "--trace"}}) {
    const Finished finished = invoke(words);
    INFO(typed(words) << '\n' << finished.err);
    CHECK(finished.code == kBadUsage);
    CHECK(lines(finished.err).size() == 1);
  }
  const Finished nothing = invoke({});
  CHECK(nothing.code == kBadUsage);
  CHECK(nothing.err.find("usage:") != std::string::npos);
  const Finished help = invoke({"--help"});
  CHECK(help.code == 0);
  CHECK(help.out.find("svasim run") != std::string::npos);
}

TEST_CASE("every command tells its usage") {
  for (const char* command : {"run", "explain", "config", "import", "trace", "script"}) {
    const Finished finished = invoke({command, "--help"});
    CHECK(finished.code == 0);
    CHECK(finished.out.find("svasim " + std::string(command)) != std::string::npos);
  }
}

TEST_CASE("of many messages of the driver ten are shown, as the kernel's rate limit does it") {
  const Scratch scratch;
  std::string trace = "# svasim trace 1\n";
  for (unsigned i = 0; i < 25; ++i) trace += "R 0x" + std::to_string(7000 + i) + "000 64\n";
  const Finished finished = invoke(run_words(scratch.file("misses.txt", trace), scratch / "out",
                                             {"device.0=platform", "device.0.faults=pinned"}));
  CHECK(finished.code == 0);
  const std::vector<std::string> told = lines(finished.err);
  REQUIRE(told.size() == 11);
  CHECK(told[9] == "svasim: driver: event F_TRANSLATION: stream 0x100, PASID 0x1, address 0x7009000");
  CHECK(told[10] == "svasim: driver: 15 more messages");
}

TEST_CASE("a bad trace: what was read before is simulated, the record is named") {
  const Scratch scratch;
  const std::string good = "# svasim trace 1\nR 0x10000 64\nW 0x20000 64\n";
  SECTION("a line that is none") {
    const std::string trace = scratch.file("t.txt", good + "X 0x30000 64\nR 0x40000 64\n");
    const Finished finished = invoke(run_words(trace, scratch / "run"));
    CHECK(finished.code == kBadTrace);
    CHECK(finished.err.rfind("svasim: bad trace: " + trace + ":4:1: cannot read 'X'; expected R, W, ", 0) ==
          0);
    CHECK(lines(finished.err).size() == 1);
  }
  SECTION("a device that is not there") {
    const std::string trace = scratch.file("t.txt", good + "R 0x30000 64 dev=2\nR 0x40000 64\n");
    const Finished finished = invoke(run_words(trace, scratch / "run"));
    CHECK(finished.code == kBadTrace);
    CHECK(finished.err == "svasim: bad trace: " + trace + ": record 3: device 2, but device.count is 2\n");
  }
  CHECK(transactions(scratch / "run") == 2);
  CHECK(ending(scratch / "run") == "bad trace");
}

TEST_CASE("a truncated binary trace") {
  const Scratch scratch;
  const std::string whole = scratch / "whole.svt";
  write_racing_trace(whole, {});
  const std::string bytes = read_file(whole);
  const std::string trace = scratch.file("cut.svt", bytes.substr(0, bytes.size() / 2));
  const Finished finished = invoke(run_words(trace, scratch / "run"));
  CHECK(finished.code == kBadTrace);
  CHECK(std::regex_search(finished.err, std::regex("^svasim: bad trace: .*cut.svt: record [0-9]+")));
  CHECK(lines(finished.err).size() == 1);
  CHECK(transactions(scratch / "run") > 100);
}

TEST_CASE("files that are not there") {
  const Scratch scratch;
  const Finished no_trace = invoke(run_words(scratch / "none.svt", scratch / "run"));
  CHECK(no_trace.code == kBadTrace);
  CHECK(no_trace.err.rfind("svasim: " + scratch / "none.svt", 0) == 0);
  CHECK(lines(no_trace.err).size() == 1);
  CHECK_FALSE(std::filesystem::exists(scratch / "run"));
  const std::string file = scratch.file("file", "");
  const Finished no_directory = invoke(run_words(trace_file("hello.txt"), file + "/run"));
  CHECK(no_directory.code == kFailure);
  CHECK(no_directory.err.find(file) != std::string::npos);
  CHECK(lines(no_directory.err).size() == 1);
  std::filesystem::create_directories(scratch / "taken/run.db");
  const Finished no_database = invoke(run_words(trace_file("hello.txt"), scratch / "taken"));
  CHECK(no_database.code == kFailure);
  CHECK(no_database.err.find("run.db") != std::string::npos);
  CHECK(lines(no_database.err).size() == 1);
}

TEST_CASE("--limit ends the trace early") {
  const Scratch scratch;
  Words words = run_words(trace_file("sqlite-20k.svt.xz"), scratch / "run");
  words.insert(words.end(), {"--limit", "100"});
  REQUIRE(invoke(words).code == 0);
  CHECK(Database(scratch / "run/run.db").counter("trace", "records") == 100);
  CHECK(transactions(scratch / "run") == 100);
}

TEST_CASE("the configuration is stored with the run") {
  const Scratch scratch;
  REQUIRE(invoke(run_words(trace_file("hello.txt"), scratch / "run", {"tcu.walk_slots=5"})).code == 0);
  const Database db(scratch / "run/run.db");
  CHECK(db.text("SELECT value, is_default FROM config WHERE key = 'tcu.walk_slots'") == "5|0");
  CHECK(db.number("SELECT count(*) FROM config WHERE is_default = 0") == 1);
}

TEST_CASE("an interrupted run leaves what it had") {
  const Scratch scratch;
  Command command(run_words(trace_file("sqlite-200k.svt.xz"), scratch / "run", {"run.check=on"}));
  // Until the database is there the signal would end the process the ordinary way.
  while (command.running() && !std::filesystem::exists(scratch / "run/run.db"))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  REQUIRE(command.running());
  command.signal(SIGINT);
  const Finished finished = command.wait();
  CHECK(finished.code == kFailure);
  CHECK(finished.err == "svasim: interrupted: interrupted\n");
  CHECK(ending(scratch / "run") == "interrupted");
  const Database db(scratch / "run/run.db");
  CHECK(db.number("SELECT count(*) FROM transactions WHERE done_ps - issue_ps != " + stage_sum()) == 0);
  CHECK(db.text("PRAGMA integrity_check") == "ok");
  CHECK(invoke({"explain", scratch / "run", "1"}).code == 0);
}

TEST_CASE("explain") {
  const Scratch scratch;
  REQUIRE(invoke(run_words(trace_file("hello.txt"), scratch / "run")).code == 0);
  const Database db(scratch / "run/run.db");
  for (const char* faulting : {"> 0", "= 0"}) {
    const std::string id =
        db.text("SELECT id FROM transactions WHERE faults " + std::string(faulting) + " LIMIT 1");
    const Finished finished = invoke({"explain", scratch / "run", id});
    INFO(finished.out);
    CHECK(finished.code == 0);
    CHECK(finished.out.rfind("Transaction " + id + ": ", 0) == 0);
    CHECK(finished.out.find(" add up, no time is lost") != std::string::npos);
    CHECK((finished.out.find("\nFault ") != std::string::npos) == (std::string(faulting) == "> 0"));
    const std::string nanoseconds = db.text(
        "SELECT printf('%d,%03d.%03d', (done_ps - issue_ps) / 1000000, (done_ps - issue_ps) / 1000 % "
        "1000, (done_ps - issue_ps) % 1000) FROM transactions WHERE id = " +
        id);
    CHECK(finished.out.find(nanoseconds.substr(nanoseconds.find_first_not_of("0,")) + " ") !=
          std::string::npos);
  }
  const std::string last = db.text("SELECT max(id) FROM transactions");
  check_refused(
      {"explain", scratch / "run", "1000"}, kFailure,
      scratch / "run/run.db" + ": there is no transaction 1000; it has " + last + ", the last is " + last);
  const Finished no_run = invoke({"explain", scratch / "none", "1"});
  CHECK(no_run.code == kFailure);
  CHECK(no_run.err.find(scratch / "none/run.db") != std::string::npos);
  CHECK(lines(no_run.err).size() == 1);
}
