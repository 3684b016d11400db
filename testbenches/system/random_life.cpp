// svasim_random_life: random lives, each as its user would run it. Whatever a life says, its run ends within
// seconds with a documented exit code and message, loses nothing, passes the checker, and is the same again:
// byte for byte, in whatever order blocks act at an instant, and whatever implements the page-walk cache.
#include <unistd.h>

#include <boost/program_options.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>

#include "testbenches/system/conserved.hpp"
#include "testbenches/system/life.hpp"
#include "testbenches/system/renumbered.hpp"

namespace po = boost::program_options;
using namespace svasim::test;

namespace {

constexpr std::chrono::seconds kPatience{120};  ///< of a run that takes 0.1 s; sanitizers and busy machines

/// How it ended; code -1: it was not done in time.
Finished run(const Words& words) {
  Command command(words);
  const auto begun = std::chrono::steady_clock::now();
  while (command.running()) {
    if (std::chrono::steady_clock::now() - begun > kPatience) {
      command.signal(SIGKILL);
      return {-1, "", command.err() + "svasim: not done in time"};
    }
    usleep(2000);
  }
  return command.wait();
}

struct Case {
  const Scratch scratch;
  const Life life;
  const std::string trace;
  Words words;  ///< as played last
  enum class Kind { complete, nothing, refused } kind = Kind::complete;

  explicit Case(std::uint64_t seed) : life(seed), trace(scratch.file("life.txt", life.trace)) {}

  std::string database(const std::string& name) const { return scratch / (name + "/run.db"); }
  /// What is wrong; empty if nothing is.
  std::string play(const std::string& name, const Words& more);
  std::string judge();
};

std::string Case::play(const std::string& name, const Words& more) {
  Words settings = life.settings;
  settings.insert(settings.end(), more.begin(), more.end());
  words = run_words(trace, scratch / name, settings);
  const Finished finished = run(words);
  const bool nothing =
      finished.code == 1 && finished.err.find("svasim: nothing simulated") != std::string::npos;
  const bool refused = finished.code == 2 && finished.err.rfind("svasim: ", 0) == 0;
  kind = refused ? Kind::refused : nothing ? Kind::nothing : Kind::complete;
  if (finished.code != 0 && !nothing && !refused)
    return "exit code " + std::to_string(finished.code) + '\n' + finished.err;
  if (kind != Kind::complete) return "";
  const Database db(database(name));
  std::string broken;
  for (const std::string& law : broken_laws([&](const std::string&block, const std::string&counter) {
         return static_cast<std::uint64_t>(
             db.number("SELECT coalesce(sum(value), 0) FROM counters WHERE name = '" + counter +
                       "' AND block LIKE '" + block + "%'"));
       }))
    broken += law + '\n';
  return broken;
}

std::string Case::judge() {
  if (const std::string wrong = play("model", {"tcu.pwc.impl=model"}); !wrong.empty()) return wrong;
  if (kind != Kind::complete) return "";
  if (const std::string wrong = play("shuffled", {"tcu.pwc.impl=model", "run.shuffle=1"}); !wrong.empty())
    return wrong;
  if (const std::string other = first_difference(database("model"), database("shuffled")); !other.empty())
    return "differs with run.shuffle=1:\n" + other;
  const bool sizes_built = std::none_of(life.settings.begin(), life.settings.end(),
                                        [](const std::string& s) { return s.rfind("tcu.pwc.", 0) == 0; });
  const std::string impl = "tcu.pwc.impl=" + std::string(sizes_built ? "lockstep" : "model");
  if (const std::string wrong = play("again", {impl}); !wrong.empty()) return wrong;
  if (const std::string other = differences(database("model"), database("again")); !other.empty())
    return "differs when run again with " + impl + ":\n" + other;
  if (!sizes_built && read_file(database("model")) != read_file(database("again")))
    return "run.db differs when run again";
  return "";
}

int report(const Case& wrong, const std::string& why, std::uint64_t seed) {
  const std::string kept = "random_life_" + std::to_string(seed) + ".txt";
  std::ofstream(kept) << wrong.life.trace;
  Words words = wrong.words;
  words[2] = kept;
  words[4] = "out/random_life";
  std::cout << "\nlife " << seed << " went wrong: " << why << "\nits trace is kept: " << typed(words)
            << "\nagain: svasim_random_life --seed " << seed << " --lives 1\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seed = 1, lives = 100;
  po::options_description options("svasim_random_life");
  auto add = options.add_options();
  add("help", "this text");
  add("seed", po::value(&seed)->default_value(seed), "of the first life; the next one has the next");
  add("lives", po::value(&lives)->default_value(lives), "how many");
  po::variables_map values;
  po::store(po::parse_command_line(argc, argv, options), values);
  po::notify(values);
  if (values.count("help") != 0) {
    std::cout << options;
    return 0;
  }
  std::cout << "seeds " << seed << " to " << seed + lives - 1 << std::endl;
  unsigned counts[3] = {};
  for (std::uint64_t at = seed; at < seed + lives; ++at) {
    Case one(at);
    if (const std::string why = one.judge(); !why.empty()) return report(one, why, at);
    ++counts[static_cast<unsigned>(one.kind)];
  }
  std::cout << counts[0] << " lives ended well, " << counts[1] << " had nothing to simulate, " << counts[2]
            << " machines were refused\n";
  return counts[0] > 0 ? 0 : 1;
}
