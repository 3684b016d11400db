// pwc_lockstep: random traffic into two page-walk caches at once, checked against each other and against the
// oracle.
//
//   pwc_lockstep --seed 7 --cycles 100000                    the RTL against the model
//   pwc_lockstep --set plru --seed 7                         of another parameter set
//   pwc_lockstep --seed 7 --pair rtl,gated-rtl               skipping quiet cycles changes nothing
//   pwc_lockstep --seed 7 --weights invalidate=200,hot=2     traffic of your own mix, in every phase
//   pwc_lockstep --seed 7 --plant lost_fill [--in both]      must fail: the bench finds what it looks for
//
// A difference ends the run with cycle, output, both values and the last operations in words, and with the
// waves of the cycles before it. Exit codes: 0 the verdict is PASS, 1 a difference or a run that proves
// nothing, 2 a wrong option.
#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "models/smmu/walk_cache_model.hpp"
#include "testbenches/lockstep/coverage.hpp"
#include "testbenches/lockstep/oracle.hpp"
#include "testbenches/lockstep/rtl_set.hpp"
#include "testbenches/lockstep/traffic.hpp"
#include "testbenches/lockstep/wrappers.hpp"
#include "tlm-bridges/lockstep_walk_cache.hpp"

namespace svasim::lockstep {
namespace {

namespace po = boost::program_options;

struct Options {
  std::string set;
  std::uint64_t seed = 1;
  std::uint64_t cycles = 100000;
  std::string pair = "model,rtl";
  std::string weights;
  Traffic::Fixed fixed;  ///< what `weights` says
  std::string bug;
  std::string bug_in = "second";
  std::string wave_directory = ".";
  std::uint64_t wave_cycles = 200;
  std::string coverage;
  std::string code_coverage;

  std::string command() const {
    std::ostringstream os;
    os << "pwc_lockstep --set " << set << " --seed " << seed << " --cycles " << cycles << " --pair " << pair;
    if (!weights.empty()) os << " --weights " << weights;
    if (!bug.empty()) os << " --plant " << bug << " --in " << bug_in;
    return os.str();
  }
};

const RtlSet& set_named(const std::string& name) {
  std::string known;
  for (const RtlSet& set : rtl_sets()) {
    if (set.name == name) return set;
    known += " " + set.name;
  }
  throw po::error("unknown parameter set '" + name + "', known are" + known);
}

/// The two caches of one run. `rtl` is the last RTL made: the one whose waves and coverage are of interest.
struct Caches {
  RtlUnderTest* rtl = nullptr;
  std::unique_ptr<bridges::LockstepWalkCache> pair;

  Caches(const Options& options, const RtlSet& set) {
    const std::size_t comma = options.pair.find(',');
    if (comma == std::string::npos) throw po::error("--pair wants two caches, as model,rtl");
    auto reference = make(options.pair.substr(0, comma), set, options, options.bug_in == "both");
    auto under_test = make(options.pair.substr(comma + 1), set, options, true);
    pair = std::make_unique<bridges::LockstepWalkCache>(std::move(reference), std::move(under_test));
  }

 private:
  std::unique_ptr<arch::WalkCache> make(const std::string& name, const RtlSet& set) {
    if (name == "model") return std::make_unique<smmu::WalkCacheModel>(set.geometry);
    if (name.rfind("gated-", 0) == 0) return std::make_unique<GatedWalkCache>(make(name.substr(6), set));
    if (name != "rtl") {
      throw po::error("unknown cache '" + name + "' in --pair: model, rtl, gated-model or gated-rtl");
    }
    auto made = set.make();
    rtl = made.get();
    return made;
  }

  std::unique_ptr<arch::WalkCache> make(const std::string& name, const RtlSet& set, const Options& options,
                                        bool buggy) {
    auto cache = make(name, set);
    if (!buggy || options.bug.empty()) return cache;
    return std::make_unique<FaultyWalkCache>(std::move(cache), options.bug);
  }
};

/// What a passing run of some length must have met at least once.
std::string never_happened(const Oracle::Seen& seen, const arch::WalkCacheGeometry& geometry) {
  std::string missing;
  const auto need = [&missing](std::uint64_t count, const std::string& what) {
    if (count == 0) missing += (missing.empty() ? "" : ", ") + what;
  };
  for (unsigned stage = 0; stage < 2; ++stage) {
    for (unsigned l = 0; l < arch::kWalkLevels; ++l) {
      const std::string where = "stage " + std::to_string(stage + 1) + " level " + std::to_string(l);
      if ((stage == 0 ? geometry.ways : geometry.s2_ways)[l] != 0)
        need(seen.hits[stage][l], "hit at " + where);
    }
  }
  for (std::size_t s = 0; s < seen.scopes.size(); ++s) need(seen.scopes[s], "scope " + std::to_string(s));
  need(seen.undefined_scopes, "undefined scope");
  need(seen.leaf_only, "leaf-only invalidation");
  need(seen.ranges, "range invalidation");
  need(seen.misses, "miss");
  need(seen.errors, "parity error");
  need(seen.overflows, "set overflow");
  need(seen.replaced, "refill of an entry");
  need(seen.covered_fills, "fill lost to the invalidation of its edge");
  need(seen.lookups_beside_invalidations, "lookup at the edge of an invalidation");
  need(seen.lookups_beside_fills, "lookup at the edge of a fill");
  need(seen.waits, "channel that waits");
  need(seen.quiet, "quiet cycle");
  return missing;
}

/// `n` counts the edges, and names the bad one if it throws. From cycle `wave_from` on the RTL's waves are
/// recorded.
void run(const Options& options, Caches& caches, Oracle& oracle, Coverage* coverage, std::uint64_t& n,
         std::optional<std::uint64_t> wave_from = {}, const std::string& wave = {}) {
  Traffic traffic(options.seed, options.fixed);
  for (n = 0; n < options.cycles; ++n) {
    if (wave_from && n == *wave_from) caches.rtl->open_wave(wave);
    const arch::WalkCacheOutputs before = caches.pair->outputs();
    const arch::WalkCacheInputs& in = traffic.next(before);
    const arch::WalkCacheOutputs& after = caches.pair->cycle(in);
    oracle.edge(in, before, after);
    if (coverage != nullptr) coverage->edge(in, before, after);
  }
}

/// The same run again, to the cycle that failed, with waves of the cycles before it.
std::string record_wave(const Options& options, const RtlSet& set, std::uint64_t failed) {
  const std::uint64_t from = failed > options.wave_cycles ? failed - options.wave_cycles : 0;
  const std::string file =
      options.wave_directory + "/pwc_" + set.name + "_" + std::to_string(options.seed) + ".fst";
  Caches caches(options, set);
  if (caches.rtl == nullptr) return "none: no RTL in this pair";
  Oracle oracle(set.geometry);
  std::uint64_t n = 0;
  try {
    run(options, caches, oracle, nullptr, n, from, file);
  } catch (const std::runtime_error& error) {
    if (n < from) return "none: " + std::string(error.what());
  }
  caches.rtl->close_wave();
  return file + ", cycles " + std::to_string(from) + " to " + std::to_string(n) +
         " (time is 2 a cycle from the first)";
}

int fail(const Options& options, const RtlSet& set, std::uint64_t n, const char* why) {
  std::cout << why << "\nLOCKSTEP FAIL set=" << set.name << " seed=" << options.seed << " cycle=" << n
            << "\nreproduce: " << options.command() << "\nwaves: " << record_wave(options, set, n)
            << std::endl;
  return 1;
}

void write_coverage(const Options& options, const Caches& caches, const Coverage& coverage) {
  if (!options.code_coverage.empty()) caches.rtl->write_coverage(options.code_coverage);
  if (options.coverage.empty()) return;
  std::ofstream file(options.coverage);
  coverage.write(file);
  std::cout << "functional coverage: " << coverage.hit() << " of " << coverage.bins() << " bins";
  for (const std::string& hole : coverage.holes()) std::cout << "\n  never: " << hole;
  std::cout << std::endl;
}

int verify(const Options& options) {
  const RtlSet& set = set_named(options.set);
  Caches caches(options, set);
  Oracle oracle(set.geometry);
  Coverage coverage(set.geometry);
  std::uint64_t n = 0;
  const std::clock_t begin = std::clock();
  try {
    run(options, caches, oracle, options.coverage.empty() ? nullptr : &coverage, n);
  } catch (const std::runtime_error& error) {
    return fail(options, set, n, error.what());
  }
  // Of this process alone; the clock may stand still for a short run.
  const double took = static_cast<double>(std::max<std::clock_t>(std::clock() - begin, 1)) / CLOCKS_PER_SEC;
  const Oracle::Seen& seen = oracle.seen();
  std::ostringstream summary;
  summary << "set=" << set.name << " seed=" << options.seed << " cycles=" << options.cycles
          << " pair=" << options.pair << " lookups=" << seen.lookups << " misses=" << seen.misses
          << " errors=" << seen.errors << " covered_fills=" << seen.covered_fills
          << " overflows=" << seen.overflows << " quiet=" << seen.quiet
          << " cycles_per_second=" << static_cast<std::uint64_t>(static_cast<double>(options.cycles) / took);
  constexpr std::uint64_t kLongEnough = 40000;
  const std::string missing = never_happened(seen, set.geometry);
  if (options.weights.empty() && options.cycles >= kLongEnough && !missing.empty()) {
    std::cout << "LOCKSTEP VACUOUS " << summary.str() << "\nnever happened: " << missing << std::endl;
    return 1;
  }
  std::cout << "LOCKSTEP PASS " << summary.str() << std::endl;
  write_coverage(options, caches, coverage);
  return 0;
}

/// `text` is name=value, several with commas between them.
Traffic::Fixed parse_weights(const std::string& text) {
  Traffic::Fixed fixed;
  std::istringstream list(text);
  for (std::string item; std::getline(list, item, ',');) {
    const std::size_t equals = std::min(item.find('='), item.size());
    const auto& weights = Traffic::weights();
    const auto named = std::find_if(weights.begin(), weights.end(), [&](const Traffic::Weight& weight) {
      return item.compare(0, equals, weight.name) == 0;
    });
    if (named == weights.end()) throw po::error("--weights: unknown weight '" + item + "', see --help");
    unsigned value = 0;
    std::istringstream number(item.substr(equals));
    if (number.get() != '=' || !(number >> value) || !number.eof() || value < named->least ||
        value > named->most) {
      throw po::error("--weights: '" + item + "' is not " + named->name + "=" + std::to_string(named->least) +
                      " to " + std::to_string(named->most));
    }
    fixed.emplace_back(named->field, value);
  }
  return fixed;
}

Options parse(int argc, char** argv, bool& help) {
  Options options;
  options.set = rtl_sets().front().name;
  po::options_description described("pwc_lockstep");
  const auto with_default = [](auto& value) { return po::value(&value)->default_value(value); };
  auto add = described.add_options();
  add("help,h", "this text");
  add("set", with_default(options.set), "parameter set of the RTL");
  add("seed", with_default(options.seed), "of all randomness");
  add("list", "the parameter sets");
  add("weights", po::value(&options.weights),
      "name=value,...: this mix in every phase. Chances in 256 that an idle channel begins a lookup, fill or "
      "invalidate; of "
      "an invalidation to scan (the readies fall: back-pressure); of a key to be one used before (reuse); of "
      "a fill to be "
      "stored with an error (flip). hot: keys in use, 1 to 16. spread: bits above a level's index that vary, "
      "0 to 9");
  add("cycles", with_default(options.cycles), "clock edges");
  add("pair", with_default(options.pair),
      "reference, cache under test: each model, rtl, gated-model or gated-rtl");
  add("plant", po::value(&options.bug), "plant this bug");
  add("in", with_default(options.bug_in), "plant it in the second cache, or in both");
  add("wave-directory", with_default(options.wave_directory), "where the waves of a failure go");
  add("wave-cycles", with_default(options.wave_cycles), "how many cycles before it they show");
  add("coverage", po::value(&options.coverage), "write functional coverage to this file");
  add("code-coverage", po::value(&options.code_coverage),
      "write Verilator's coverage to this file (sets built for it)");
  po::variables_map values;
  po::store(po::parse_command_line(argc, argv, described), values);
  po::notify(values);
  help = values.count("help") != 0;
  if (help) std::cout << described;
  if (values.count("list") != 0) {
    for (const RtlSet& set : rtl_sets()) std::cout << set.name << '\n';
    help = true;
  }
  options.fixed = parse_weights(options.weights);
  if (values.count("plant") && std::find(kBugs.begin(), kBugs.end(), options.bug) == kBugs.end()) {
    std::string known;
    for (const std::string& bug : kBugs) known += " " + bug;
    throw po::error("unknown bug '" + options.bug + "', known are" + known);
  }
  if (options.bug_in != "second" && options.bug_in != "both") throw po::error("--in is 'second' or 'both'");
  return options;
}

}  // namespace
}  // namespace svasim::lockstep

int main(int argc, char** argv) {
  try {
    bool help = false;
    const svasim::lockstep::Options options = svasim::lockstep::parse(argc, argv, help);
    return help ? 0 : svasim::lockstep::verify(options);
  } catch (const boost::program_options::error& error) {
    std::cerr << "pwc_lockstep: " << error.what() << std::endl;
    return 2;
  }
}
