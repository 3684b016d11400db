// svasim script.
#include <fstream>
#include <iostream>

#include "testbenches/sim/options.hpp"
#include "testbenches/sim/script/interpreter.hpp"

namespace svasim::sim {

namespace po = boost::program_options;

int script(const Words& words) {
  po::options_description options;
  options.add_options()("file", po::value<std::string>());
  const po::variables_map values = parse(words, options, {"file"});
  if (values.count("file") == 0) throw UsageError("script needs FILE, or - for standard input");
  const std::string name = values["file"].as<std::string>();
  const bool standard_input = name == "-";
  std::ifstream file;
  if (!standard_input) {
    file.open(name);
    if (!file) throw UsageError("cannot read " + name);
  }
  script::Interpreter interpreter(standard_input ? "<stdin>" : name, std::cout, std::cerr);
  try {
    interpreter.run(standard_input ? std::cin : file);
  } catch (const script::ScriptError& error) {
    std::cout.flush();
    std::cerr << error.what() << '\n';
    return kBadTrace;
  }
  std::cout.flush();
  return interpreter.failures() == 0 ? kOk : kFailure;
}

}  // namespace svasim::sim
