// bench: what a transaction costs the host, in units of an empty AT ping-pong, against the design's budgets.
// Contract: measures in turn, so that what disturbs the machine disturbs the floor too; exit code 0 whatever
// the figures, unless --check finds a disaster.
#include <boost/program_options.hpp>
#include <fstream>
#include <iostream>
#include <optional>

#include "testbenches/bench/report.hpp"

namespace {

namespace po = boost::program_options;
using namespace svasim::bench;

constexpr double kDisaster = 4;  ///< budgets
constexpr std::uint64_t kFloorTransactions = 200'000;

struct Options {
  bool quick = false;
  bool check = false;
  std::string only;
  std::string json;
  unsigned repetitions = 5;
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  po::options_description all("bench: CPU time per transaction against the budgets");
  all.add_options()("help", "this text")("quick", po::bool_switch(&options.quick),
                                         "a tenth of the work, three times")(
      "check", po::bool_switch(&options.check),
      "fail beyond 4 budgets, on allocations in steady state, or if a workload is not what it is called")(
      "only", po::value(&options.only), "only kinds whose name contains this")(
      "repetitions", po::value(&options.repetitions), "of each measurement (5); medians are shown")(
      "json", po::value(&options.json), "write the figures to this file");
  po::variables_map values;
  po::store(po::parse_command_line(argc, argv, all), values);
  po::notify(values);
  if (values.count("help") != 0) {
    std::cout << all;
    return std::nullopt;
  }
  if (options.quick) options.repetitions = 3;
  return options;
}

std::vector<Row> measure(const Options& options) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (std::string(kKinds[i].name).find(options.only) != std::string::npos) {
      rows.push_back({static_cast<Kind>(i), {}});
    }
  }
  for (unsigned repetition = 0; repetition < options.repetitions; ++repetition) {
    for (Row& row : rows) {
      for (std::size_t v = 0; v < kVariants.size(); ++v) {
        const std::uint64_t n = info(row.kind).repetition / (options.quick ? 10 : 1);
        row.variants[v].floors.push_back(floor_nanoseconds(kFloorTransactions / (options.quick ? 4 : 1)));
        row.variants[v].costs.push_back(cost_of(row.kind, static_cast<Variant>(v), n));
      }
    }
  }
  return rows;
}

int bench(const Options& options) {
  const std::vector<Row> rows = measure(options);
  if (rows.empty()) throw std::runtime_error("no kind is called " + options.only);
  print(std::cout, rows);
  if (!options.json.empty()) std::ofstream(options.json) << json(rows);
  if (!options.check) return EXIT_SUCCESS;
  const std::vector<std::string> found = disasters(rows, kDisaster);
  for (const std::string& line : found) std::cerr << "bench: " << line << '\n';
  return found.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

// SystemC's library brings a main() that calls sc_main; ours takes precedence, and sc_main is only there to
// link.
int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) {
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  try {
    const std::optional<Options> options = parse(argc, argv);
    return options ? bench(*options) : EXIT_SUCCESS;
  } catch (const std::exception& e) {
    std::cerr << "bench: " << e.what() << '\n';
    return EXIT_FAILURE;
  }
}
