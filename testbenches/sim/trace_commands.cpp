// svasim import and trace.
#include <filesystem>
#include <iostream>

#include "models/trace/commands.hpp"
#include "models/trace/numbers.hpp"
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

namespace {

int generate(const std::string& pattern, const std::string& out) {
  if (pattern.empty()) {
    std::cout << trace::pattern_help();
    return kOk;
  }
  if (out.empty()) throw UsageError("trace generate needs PATTERN and OUT");
  const std::uint64_t records = trace::generate_trace(trace::Pattern::parse(pattern), out);
  std::cerr << "svasim: " << records << " records written to " << out << '\n';
  return kOk;
}

int map(const std::string& in, const std::string& out, const std::string& gap_text) {
  std::uint64_t gap = 0;
  if (out.empty()) throw UsageError("trace map needs IN and OUT");
  std::error_code ignored;
  if (in == "-" || std::filesystem::is_fifo(in, ignored))
    throw UsageError("trace map reads IN twice: it must be a file, no pipe or standard input");
  if (!gap_text.empty() && !trace::parse_size(gap_text, gap))
    throw UsageError("--gap " + gap_text + "; expected a size in bytes, as 64K");
  const trace::Mapped mapped = trace::map_trace(in, out, gap);
  std::cerr << "svasim: " << mapped.records << " records written to " << out << ", with " << mapped.areas
            << " areas of " << mapped.pages << " pages mapped\n";
  if (mapped.left_out != 0)
    std::cerr << "svasim: " << mapped.left_out << " pages left out: nothing can be mapped at or above 2^48\n";
  return kOk;
}

std::uint64_t head_count(const std::string& text) {
  std::uint64_t count = 10;
  if (!text.empty() && !trace::parse_size(text, count))
    throw UsageError("trace head: '" + text + "' is no number");
  return count;
}

}  // namespace

int trace(const Words& words) {
  po::options_description options;
  options.add_options()("what", po::value<std::string>())("file", po::value<std::string>())(
      "operand", po::value<std::string>())("gap", po::value<std::string>());
  const po::variables_map values = parse(words, options, {"what", "file", "operand"});
  const auto word = [&](const char* name) {
    return values.count(name) == 0 ? std::string() : values[name].as<std::string>();
  };
  const std::string what = word("what"), file = word("file"), operand = word("operand");
  if (values.count("gap") != 0 && what != "map") throw UsageError("--gap is of trace map only");
  if (what == "generate") return generate(file, operand);
  if (file.empty()) throw UsageError("trace needs info, head or validate, and FILE, or generate or map");
  if (what == "map") return map(file, operand, word("gap"));
  if (what == "validate") return trace::trace_validate(file, std::cout);
  if (what == "info") trace::trace_info(file, std::cout);
  else if (what == "head") trace::trace_head(file, head_count(operand), std::cout);
  else throw UsageError("trace " + what + "; expected info, head, validate, generate or map");
  return kOk;
}

}  // namespace svasim::sim
