// svasim import and trace.
#include <iostream>

#include "models/trace/commands.hpp"
#include "testbenches/sim/options.hpp"

namespace svasim::sim {

namespace po = boost::program_options;

int import(const Words& words) {
  trace::ImportOptions import;
  std::string from = "detect";
  po::options_description options;
  options.add_options()("from", po::value(&from))("in", po::value<std::string>())(
      "out", po::value<std::string>())("coalesce", po::value(&import.read.coalesce))(
      "limit", po::value(&import.read.limit))("device", po::value(&import.read.device))(
      "pasid", po::value(&import.read.pasid))("instructions", po::bool_switch(&import.read.instructions));
  const po::variables_map values = parse(words, options, {"in", "out"});
  if (values.count("out") == 0) throw UsageError("import needs FILE and OUT");
  if (from == "lackey") import.read.source = trace::Source::lackey;
  else if (from == "native") import.read.source = trace::Source::native;
  else if (from != "detect") throw UsageError("--from " + from + "; expected lackey or native");
  const std::string out = values["out"].as<std::string>();
  import.write = trace::write_options_for(out);
  const std::uint64_t records = trace::import_trace(import, values["in"].as<std::string>(), out);
  std::cerr << "svasim: " << records << " records written to " << out << '\n';
  return kOk;
}

int trace(const Words& words) {
  std::uint64_t count = 10;
  po::options_description options;
  options.add_options()("what", po::value<std::string>())("file", po::value<std::string>())(
      "count", po::value(&count));
  const po::variables_map values = parse(words, options, {"what", "file", "count"});
  if (values.count("file") == 0) throw UsageError("trace needs info, head or validate, and FILE");
  const std::string what = values["what"].as<std::string>();
  const std::string file = values["file"].as<std::string>();
  if (what == "validate") return trace::trace_validate(file, std::cout);
  if (what == "info") trace::trace_info(file, std::cout);
  else if (what == "head") trace::trace_head(file, count, std::cout);
  else throw UsageError("trace " + what + "; expected info, head or validate");
  return kOk;
}

}  // namespace svasim::sim
