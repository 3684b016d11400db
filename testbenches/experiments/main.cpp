// svasim_experiment [NAME]... [--check README | --write README]: runs experiments (all, unless named) and
// prints published beside simulated. Fails if a claim does not hold, or if the README shows other tables
// (--check);
// --write puts them there.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <systemc>

#include "testbenches/experiments/markdown.hpp"

namespace svasim::experiments {

const std::vector<Experiment> kExperiments = {
    {"v3", "how long Linux serves page requests", service_histogram},
    {"v3_load", "the same under load: where queues begin", load_sweep},
    {"v6b", "who handles a fault, and what stands behind the page", fault_modes},
};

namespace {

/// The README's block of an experiment.
std::string head(const Experiment& e) { return std::string("<!-- ") + e.name + " -->\n"; }
constexpr const char* kTail = "<!-- end -->\n";

struct Place {
  std::size_t begin, size;
};

Place find_block(const std::string& readme, const Experiment& e) {
  const std::size_t at = readme.find(head(e));
  const std::size_t end = at == std::string::npos ? at : readme.find(kTail, at);
  if (end == std::string::npos) throw std::runtime_error(std::string("README: no block of ") + e.name);
  const std::size_t begin = at + head(e).size();
  return {begin, end - begin};
}

std::string read(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Arguments {
  std::vector<Experiment> experiments;
  std::string readme;
  bool write = false;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--check" || word == "--write") {
      if (++i == argc) throw std::runtime_error(word + ": expected a README");
      arguments.readme = argv[i];
      arguments.write = word == "--write";
      continue;
    }
    const auto found = std::find_if(kExperiments.begin(), kExperiments.end(),
                                    [&](const Experiment& e) { return e.name == word; });
    if (found == kExperiments.end()) {
      std::string names;
      for (const Experiment& e : kExperiments) names += std::string(" ") + e.name;
      throw std::runtime_error(word + ": no such experiment; there are:" + names);
    }
    arguments.experiments.push_back(*found);
  }
  if (arguments.experiments.empty()) arguments.experiments = kExperiments;
  return arguments;
}

int run(const Arguments& arguments) {
  std::string readme = arguments.readme.empty() ? "" : read(arguments.readme);
  bool good = true;
  for (const Experiment& e : arguments.experiments) {
    const Findings findings = e.run();
    const std::string text = findings.tables + '\n' + table(findings.claims);
    std::printf("%s: %s\n\n%s\n", e.name, e.what, text.c_str());
    for (const Claim& claim : findings.claims) {
      if (claim.holds()) continue;
      std::printf("does not hold: %s\n", claim.what.c_str());
      good = false;
    }
    if (arguments.readme.empty()) continue;
    const Place place = find_block(readme, e);
    if (arguments.write) {
      readme.replace(place.begin, place.size, text);
    } else if (readme.compare(place.begin, place.size, text) != 0) {
      std::printf("%s shows other tables: svasim_experiment --write %s mends it\n", arguments.readme.c_str(),
                  arguments.readme.c_str());
      good = false;
    }
  }
  if (arguments.write) std::ofstream(arguments.readme) << readme;
  return good ? 0 : 1;
}

}  // namespace
}  // namespace svasim::experiments

// SystemC's library brings a main() that calls sc_main; ours takes precedence.
int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) {
  try {
    return svasim::experiments::run(svasim::experiments::parse(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "svasim_experiment: %s\n", e.what());
    return 2;
  }
}
