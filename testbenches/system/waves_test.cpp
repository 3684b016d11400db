// Waves: they change nothing, they begin and end where they are asked to, the same run gives the same bytes,
// and the Verilated RTL's own waves show what the machine's show at its pins. What the values are is golden
// (golden_latency_test.cpp).
#include <catch2/catch.hpp>
#include <filesystem>

#include "testbenches/system/command.hpp"
#include "testbenches/system/wave_file.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

/// Runs a small trace with a walk cache of `impl` and these waves; returns the directory of its output.
std::string run(const Scratch& scratch, const std::string& name, const std::string& impl, const Words& waves,
                const Words& settings = {}) {
  Words words = run_words(trace_file("hello.txt"), scratch / name, settings);
  words.insert(words.end(), {"--set", "tcu.pwc.impl=" + impl});
  for (const std::string& wave : waves) words.insert(words.end(), {"--wave", wave});
  const Finished finished = invoke(words);
  INFO(typed(words) << '\n' << finished.err);
  REQUIRE(finished.code == 0);
  return scratch / name;
}

/// All that changes, in words; the same for the same waves.
std::string told(const WaveFile& waves) {
  std::string all;
  for (const auto& [name, changes] : waves.signals) {
    all += name;
    for (const auto& [time, value] : changes) all += ' ' + std::to_string(time) + ':' + value;
    all += '\n';
  }
  return all;
}

}  // namespace

TEST_CASE("waves change nothing in a run's results") {
  const Scratch scratch;
  for (const char* impl : {"model", "rtl", "lockstep"}) {
    CAPTURE(impl);
    const std::string off = run(scratch, "off", impl, {});
    const std::string on = run(scratch, "on", impl, {"tx=3", "from=300us,to=301us", "from=311us"});
    CHECK(read_file(off + "/summary.json") == read_file(on + "/summary.json"));
    CHECK(read_file(off + "/run.db") == read_file(on + "/run.db"));
    CHECK(std::filesystem::exists(on + "/waves/tx3.pwc.fst") == (impl != std::string("model")));
    CHECK_FALSE(std::filesystem::exists(off + "/waves"));
  }
}

TEST_CASE("a window begins and ends to the picosecond, and shows what stands") {
  const Scratch scratch;
  const std::string directory =
      run(scratch, "run", "rtl", {"from=0,to=40us", "from=40000001ps,to=41000017ps"});
  const WaveFile early(directory + "/waves/0ps-40000000ps.fst");
  const WaveFile late(directory + "/waves/40000001ps-41000017ps.fst");
  CHECK(early.begin == 0);
  CHECK(early.end == 40'000'000);
  CHECK(late.begin == 40'000'001);
  CHECK(late.end == 41'000'017);
  const WaveFile whole(run(scratch, "whole", "rtl", {"from=0,to=1s"}) + "/waves/0ps-1000000000000ps.fst");
  for (const auto& [name, changes] : late.signals) {
    CAPTURE(name);
    CHECK(changes.front().first == late.begin);
    CHECK(late.text(name, late.begin) == whole.text(name, late.begin));
    CHECK(late.text(name, late.end) == whole.text(name, late.end));
  }
}

TEST_CASE("the same run gives the same waves, in whatever order blocks act at an instant") {
  const Scratch scratch;
  const Words windows = {"from=0,to=1s"};
  const std::string file = "/waves/0ps-1000000000000ps";
  const std::string plain = run(scratch, "plain", "rtl", windows);
  const std::string rtl = told(WaveFile(plain + file + ".pwc.fst"));
  const std::string model = run(scratch, "model", "model", windows);
  CHECK(read_file(plain + file + ".fst") == read_file(model + file + ".fst"));
  for (const unsigned seed : {0u, 1u, 2u, 3u}) {
    CAPTURE(seed);
    const std::string name = "shuffle" + std::to_string(seed);
    const std::string other = run(scratch, name, "rtl", windows, {"run.shuffle=" + std::to_string(seed)});
    CHECK(told(WaveFile(plain + file + ".fst")) == told(WaveFile(other + file + ".fst")));
    CHECK(rtl == told(WaveFile(other + file + ".pwc.fst")));
  }
}

TEST_CASE("the RTL's waves agree with the machine's at every edge of its clock") {
  const Scratch scratch;
  const std::string file = run(scratch, "run", "rtl", {"from=0,to=1s"}) + "/waves/0ps-1000000000000ps";
  const WaveFile machine(file + ".fst"), rtl(file + ".pwc.fst");
  unsigned edges = 0, inputs = 0, responses = 0;
  for (const auto& [time, clock] : rtl.changes("TOP.clk_i")) {
    if (clock != "1" || time == 0) continue;
    ++edges;
    CAPTURE(time);
    // Inputs that stand before the edge are there at the edge. (One that the TCU makes of an answer it hears
    // at the edge goes in beside it if the cache is being clocked anyway: nothing shows it before.)
    for (const char* valid : {"lookup_valid_i", "fill_valid_i", "invalidate_valid_i"}) {
      CAPTURE(valid);
      const bool stood = machine.number(std::string("svasim.pwc.") + valid, time - 1) != 0;
      CHECK((!stood || rtl.number(std::string("TOP.") + valid, time) != 0));
      inputs += stood;
    }
    for (const char* output :
         {"lookup_ready_o", "fill_ready_o", "invalidate_ready_o", "busy_o", "response_valid_o"}) {
      CAPTURE(output);
      CHECK(rtl.text(std::string("TOP.") + output, time) ==
            machine.text(std::string("svasim.pwc.") + output, time));
    }
    responses += rtl.number("TOP.response_valid_o", time) != 0;
  }
  CHECK(edges > 100);
  CHECK(inputs > 10);
  CHECK(responses > 10);
}

TEST_CASE("only the blocks asked for are shown") {
  const Scratch scratch;
  const std::string directory = run(scratch, "run", "model", {"tx=3,margin=0,blocks=tcu,tbu0"});
  for (const auto& entry : WaveFile(directory + "/waves/tx3.fst").signals) {
    CAPTURE(entry.first);
    CHECK((entry.first.rfind("svasim.tcu.", 0) == 0 || entry.first.rfind("svasim.tbu0.", 0) == 0));
  }
}

TEST_CASE("a block that is not there is refused before the outputs of an earlier run are touched") {
  const Scratch scratch;
  Words words = run_words(trace_file("hello.txt"), scratch / "out");
  words.insert(words.end(), {"--wave", "from=1us,blocks=tcu,unknown"});
  const auto refused = [&] {
    const Finished finished = invoke(words);
    CHECK(finished.code == 2);
    CHECK(finished.err.rfind("svasim: --wave: no block 'unknown'; there are ", 0) == 0);
  };
  refused();
  CHECK_FALSE(std::filesystem::exists(scratch / "out"));
  REQUIRE(invoke(run_words(trace_file("hello.txt"), scratch / "out")).code == 0);
  const std::string before = read_file(scratch / "out/run.db");
  refused();
  CHECK(read_file(scratch / "out/run.db") == before);
  CHECK_FALSE(std::filesystem::exists(scratch / "out/waves"));
}

TEST_CASE("what --wave cannot do is said in one line") {
  const Scratch scratch;
  const std::string form = "; expected from=TIME,to=TIME or tx=N[,margin=TIME], then [,blocks=NAME,...]";
  for (const auto& [wave, line] : std::vector<std::pair<std::string, std::string>>{
           {"tx=1000000", "--wave tx=1000000: the run issues no transaction 1000000"},
           {"tx=0", "--wave tx=0: a time or a transaction" + form},
           {"around=3", "--wave around=3: no key 'around'" + form},
           {"from=", "--wave from=: 'from=' has no value" + form},
           {"from=2us,to=1us", "--wave from=2us,to=1us: it ends before it begins" + form},
           {"from=2us,margin=1us", "--wave from=2us,margin=1us: a time or a transaction" + form},
           {"tx=3,from=1us", "--wave tx=3,from=1us: a time or a transaction" + form},
           {"tx=many", "--wave tx: 'many' is no number"},
           {"from=3furlongs", "--wave from: unit 'furlongs' in '3furlongs'; expected ps"}}) {
    Words words = run_words(trace_file("hello.txt"), scratch / "out");
    words.insert(words.end(), {"--wave", wave});
    const Finished finished = invoke(words);
    CHECK(finished.code == 2);
    CHECK(finished.err == "svasim: " + line + "\n");
    CHECK_FALSE(std::filesystem::exists(scratch / "out"));
  }
}
