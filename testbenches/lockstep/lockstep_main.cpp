// pwc_lockstep: random traffic into two page-walk caches at once, checked against each other and against the
// oracle.
//
//   pwc_lockstep --seed 7 --cycles 100000                    the RTL against the model
//   pwc_lockstep --seed 7 --pair rtl,gated-rtl               skipping quiet cycles changes nothing
//   pwc_lockstep --seed 7 --plant lost_fill [--in both]      must fail: the bench finds what it looks for
//
// Exit codes: 0 the verdict is PASS, 1 a difference or a run that proves nothing, 2 a wrong option.
#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include "models/smmu/walk_cache_model.hpp"
#include "testbenches/lockstep/oracle.hpp"
#include "testbenches/lockstep/traffic.hpp"
#include "testbenches/lockstep/wrappers.hpp"
#include "tlm-bridges/lockstep_walk_cache.hpp"
#include "tlm-bridges/pwc_bridge.hpp"

namespace svasim::lockstep {
namespace {

namespace po = boost::program_options;

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t cycles = 100000;
  std::string pair = "model,rtl";
  std::string bug;
  std::string bug_in = "second";

  std::string command() const {
    std::ostringstream os;
    os << "pwc_lockstep --seed " << seed << " --cycles " << cycles << " --pair " << pair;
    if (!bug.empty()) os << " --plant " << bug << " --in " << bug_in;
    return os.str();
  }
};

std::unique_ptr<arch::WalkCache> make(const std::string& name) {
  const arch::WalkCacheGeometry geometry = bridges::built_geometry();
  if (name == "model") return std::make_unique<smmu::WalkCacheModel>(geometry);
  if (name == "rtl") return bridges::make_rtl_walk_cache();
  if (name.rfind("gated-", 0) == 0) return std::make_unique<GatedWalkCache>(make(name.substr(6)));
  throw po::error("unknown cache '" + name + "' in --pair: model, rtl, gated-model or gated-rtl");
}

std::unique_ptr<arch::WalkCache> make(const std::string& name, const Options& options, bool buggy) {
  auto cache = make(name);
  if (!buggy || options.bug.empty()) return cache;
  return std::make_unique<FaultyWalkCache>(std::move(cache), options.bug);
}

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

std::string summary(const Options& options, const Oracle::Seen& seen) {
  std::ostringstream os;
  os << "seed=" << options.seed << " cycles=" << options.cycles << " pair=" << options.pair
     << " lookups=" << seen.lookups << " misses=" << seen.misses << " errors=" << seen.errors
     << " covered_fills=" << seen.covered_fills << " overflows=" << seen.overflows << " quiet=" << seen.quiet;
  return os.str();
}

/// `n` counts the edges, and names the bad one if it throws.
void run(const Options& options, bridges::LockstepWalkCache& caches, Oracle& oracle, std::uint64_t& n) {
  Traffic traffic(options.seed);
  for (n = 0; n < options.cycles; ++n) {
    const arch::WalkCacheOutputs before = caches.outputs();
    const arch::WalkCacheInputs& in = traffic.next(before);
    oracle.edge(in, before, caches.cycle(in));
  }
}

int verify(const Options& options) {
  const std::size_t comma = options.pair.find(',');
  if (comma == std::string::npos) throw po::error("--pair wants two caches, as model,rtl");
  bridges::LockstepWalkCache caches(make(options.pair.substr(0, comma), options, options.bug_in == "both"),
                                    make(options.pair.substr(comma + 1), options, true));
  Oracle oracle(bridges::built_geometry());
  std::uint64_t n = 0;
  try {
    run(options, caches, oracle, n);
  } catch (const std::runtime_error& error) {
    std::cout << error.what() << "\nLOCKSTEP FAIL seed=" << options.seed << " cycle=" << n
              << "\nreproduce: " << options.command() << std::endl;
    return 1;
  }
  constexpr std::uint64_t kLongEnough = 20000;
  const std::string missing = never_happened(oracle.seen(), bridges::built_geometry());
  if (options.cycles >= kLongEnough && !missing.empty()) {
    std::cout << "LOCKSTEP VACUOUS " << summary(options, oracle.seen()) << "\nnever happened: " << missing
              << std::endl;
    return 1;
  }
  std::cout << "LOCKSTEP PASS " << summary(options, oracle.seen()) << std::endl;
  return 0;
}

Options parse(int argc, char** argv, bool& help) {
  Options options;
  po::options_description described("pwc_lockstep");
  described.add_options()("help,h", "this text")                                            //
      ("seed", po::value(&options.seed)->default_value(options.seed), "of all randomness")  //
      ("cycles", po::value(&options.cycles)->default_value(options.cycles), "clock edges")  //
      ("pair", po::value(&options.pair)->default_value(options.pair),
       "reference, cache under test: each model, rtl, gated-model or gated-rtl")(
          "plant", po::value(&options.bug), "plant this bug")  //
      ("in", po::value(&options.bug_in)->default_value(options.bug_in),
       "plant it in the second cache, or in both");
  po::variables_map values;
  po::store(po::parse_command_line(argc, argv, described), values);
  po::notify(values);
  help = values.count("help") != 0;
  if (help) std::cout << described;
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
