// svasim: the command line. Finds the subcommand, and turns what went wrong into one line and an exit code.
#include <systemc>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>

#include "models/platform/settings.hpp"
#include "models/probe/run_database.hpp"
#include "models/trace/error.hpp"
#include "models/trace/pattern.hpp"
#include "testbenches/sim/commands.hpp"

namespace {

using namespace svasim;

struct Command {
  const char* name;
  int (*function)(const sim::Words&);
  const char* usage;
};

constexpr std::array kCommands = {
    Command{"run", sim::run,
            "run --trace T|--generate PATTERN --out DIR [--config F] [--set KEY=VALUE]... [--limit N]\n"
            "             [--wave tx=N|from=TIME,to=TIME]...                          simulate"},
    Command{"explain", sim::explain,
            "explain DIR N                                               tell one transaction's story"},
    Command{"config", sim::config,
            "config [--config F] [--set KEY=VALUE]...                    every key, its value and meaning"},
    Command{"import", sim::import,
            "import --from lackey|native FILE OUT [--coalesce BYTES] [--limit N] [--device D] [--pasid P]"},
    Command{"trace", sim::trace,
            "trace info|head|validate FILE [N]                           look at a trace\n"
            "  svasim trace generate [PATTERN OUT]                                 make one; alone: patterns "
            "and options\n"
            "  svasim trace map IN OUT [--gap SIZE]                                mmap what devices access"},
    Command{
        "script", sim::script,
        "script FILE|-                                               run a directed test of the SMMU alone"},
};

int usage(std::ostream& out, int code) {
  out << "svasim " SVASIM_VERSION
         ": what a device's access to a virtual address costs, stage by stage\n\nusage:\n";
  for (const Command& command : kCommands) out << "  svasim " << command.usage << '\n';
  out << "\nexit codes: 0 done, 1 the simulation failed, 2 wrong command line or configuration, 3 bad "
         "trace or script\n";
  return code;
}

int dispatch(const std::string& name, const sim::Words& words) {
  for (const Command& command : kCommands) {
    if (name == command.name) return command.function(words);
  }
  throw sim::UsageError("unknown command '" + name + "'; see svasim --help");
}

}  // namespace

// SystemC's own main would print a banner before sc_main.
int main(int argc, char** argv) {
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  return sc_core::sc_elab_and_sim(argc, argv);
}

int sc_main(int argc, char** argv) {
  if (argc < 2) return usage(std::cerr, sim::kBadUsage);
  const std::string name = argv[1];
  if (name == "--help" || name == "-h" || name == "help") return usage(std::cout, sim::kOk);
  if (name == "--version") {
    std::cout << "svasim " SVASIM_VERSION "\n";
    return sim::kOk;
  }
  const sim::Words words(argv + 2, argv + argc);
  const auto asks = [](const std::string& word) { return word == "--help" || word == "-h"; };
  if (std::any_of(words.begin(), words.end(), asks)) return usage(std::cout, sim::kOk);
  try {
    return dispatch(name, words);
  } catch (const sim::UsageError& e) {
    std::cerr << "svasim: " << e.what() << '\n';
    return sim::kBadUsage;
  } catch (const platform::ConfigError& e) {
    std::cerr << "svasim: " << e.what() << '\n';
    return sim::kBadUsage;
  } catch (const trace::PatternError& e) {
    std::cerr << "svasim: " << e.what() << '\n';
    return sim::kBadUsage;
  } catch (const trace::TraceError& e) {
    std::cerr << "svasim: " << e.what() << '\n';
    return sim::kBadTrace;
  } catch (const std::exception& e) {
    std::cerr << "svasim: " << e.what() << '\n';
    return sim::kFailure;
  }
}
