// svasim_differential: random cases on the timed SMMU and on the reference, which must agree. A case that
// does not is shrunk, told in words, and comes with the command line that plays it again.
#include <boost/program_options.hpp>
#include <iostream>
#include <systemc>

#include "testbenches/differential/run.hpp"
#include "testbenches/differential/shrink.hpp"

namespace po = boost::program_options;
using namespace svasim::differential;

namespace {

/// Distinct cases of all seeds.
std::uint64_t seed_of(std::uint64_t seed, std::uint64_t number) {
  return seed << 40 ^ number * 0x2545F4914F6CDD1Du;
}

int replay(Tapes tapes) {
  Statistics statistics;
  const auto difference = run_case(tapes, 0, statistics, &std::cout);
  std::cout << (difference ? *difference : "no difference") << '\n';
  return difference ? 1 : 0;
}

int report(Tapes tapes, std::uint64_t seed, std::uint64_t number, const std::string& difference,
           unsigned attempts) {
  Statistics ignored;
  const std::size_t operations = tapes.operations();
  const auto fails = [&](Tapes& candidate) { return run_case(candidate, 0, ignored, nullptr).has_value(); };
  std::cout << "\ncase " << number << " of seed " << seed << " differs:\n"
            << difference << "\n\nshrinking...\n";
  Tapes small = shrink(tapes, fails, attempts);
  std::cout << "from " << operations << " operations to " << small.operations() << ":\n\n";
  replay(small);
  std::cout << "\nas found:  svasim_differential --seed " << seed << " --from " << number << " --cases 1\n"
            << "as shrunk: svasim_differential --replay " << small.text() << '\n';
  return 1;
}

}  // namespace

int sc_main(int argc, char** argv) {
  std::uint64_t seed = 1, from = 0, cases = 1000;
  std::size_t operations = 24;
  unsigned attempts = 3000;
  std::string played;
  po::options_description options("svasim_differential");
  auto add = options.add_options();
  add("help", "this text");
  add("seed", po::value(&seed)->default_value(seed), "of all randomness");
  add("from", po::value(&from)->default_value(from), "first case");
  add("cases", po::value(&cases)->default_value(cases), "how many");
  add("operations", po::value(&operations)->default_value(operations), "of each case");
  add("shrink", po::value(&attempts)->default_value(attempts), "runs to spend on shrinking");
  add("replay", po::value(&played), "a case as printed");
  po::variables_map values;
  po::store(po::parse_command_line(argc, argv, options), values);
  po::notify(values);
  if (values.count("help") != 0) {
    std::cout << options;
    return 0;
  }
  sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  if (!played.empty()) return replay(Tapes::parse(played));
  std::cout << "seed " << seed << ", cases " << from << " to " << from + cases - 1 << std::endl;
  Statistics statistics;
  for (std::uint64_t number = from; number < from + cases; ++number) {
    Tapes tapes;
    tapes.seed = seed_of(seed, number);
    const auto difference = run_case(tapes, operations, statistics, nullptr);
    if (difference) return report(std::move(tapes), seed, number, *difference, attempts);
  }
  std::cout << statistics.cases << " cases agree: " << statistics.accesses << " accesses, "
            << statistics.edits << " edits, " << statistics.updates << " hardware updates\n";
  for (const auto& [outcome, count] : statistics.outcomes) {
    std::cout << "  " << outcome << ": " << 100.0 * count / statistics.accesses << "%\n";
  }
  return 0;
}
