// svasim run, explain and config.
#include <systemc>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <optional>
#include <thread>

#include "models/platform/simulation.hpp"
#include "models/probe/run_database.hpp"
#include "models/probe/story.hpp"
#include "testbenches/sim/options.hpp"
#include "testbenches/sim/wave_options.hpp"

namespace svasim::sim {
namespace {

namespace po = boost::program_options;
using SteadyClock = std::chrono::steady_clock;

platform::Simulation* running = nullptr;

void on_signal(int) {
  if (running != nullptr) running->interrupt();
}

/// --config and --set, in that order, into `config`; throws ConfigError for what is wrong with them together
/// too.
platform::Settings read_settings(const po::variables_map& values, platform::Config& config) {
  platform::Settings settings = platform::Config::bind(config);
  if (values.count("config") != 0) settings.read_file(values["config"].as<std::string>());
  if (values.count("set") != 0) {
    for (const std::string& assignment : values["set"].as<Words>()) settings.assign(assignment);
  }
  config.host.seed = config.run.seed;
  const std::vector<std::string> errors = config.check();
  if (!errors.empty()) throw platform::ConfigError(errors.front());
  return settings;
}

void add_config_options(po::options_description& options) {
  options.add_options()("config", po::value<std::string>())("set", po::value<Words>()->composing());
}

/// Where the records of a run come from.
struct TraceInput {
  std::string path;
  std::optional<trace::Pattern> pattern;  ///< instead of a path
  trace::ReadOptions options;

  std::unique_ptr<trace::Reader> open() const {
    return pattern ? trace::Reader::generate(*pattern, options) : trace::Reader::open(path, options);
  }
};

/// Counts the transactions of a trace beside the run, so that the progress bar has an end. Standard input and
/// broken traces have none.
class TraceLength {
 public:
  explicit TraceLength(const TraceInput& input) {
    if (input.path != "-") thread_ = std::thread([this, input] { count(input); });
  }
  ~TraceLength() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  /// 0: not known (yet).
  std::uint64_t transactions() const { return transactions_; }

 private:
  void count(const TraceInput& input) {
    std::uint64_t count = 0;
    try {
      const auto reader = input.open();
      trace::Record record;
      while (!stop_ && reader->next(record)) {
        if (record.kind == trace::Kind::access)
          trace::for_each_piece(record, [&](const trace::Record&) { ++count; });
      }
    } catch (const trace::TraceError&) {
      return;  // the run reports it
    }
    if (!stop_) transactions_ = count;
  }

  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> transactions_{0};
  std::thread thread_;
};

/// Progress: a bar that is redrawn on a terminal, a plain line now and then elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(const TraceInput& input) {
    if (terminal_) length_.emplace(input);
  }

  void update(std::uint64_t transactions, std::uint64_t faults, probe::Picoseconds now) {
    const auto host = SteadyClock::now();
    if (host - last_ < (terminal_ ? std::chrono::milliseconds(100) : std::chrono::seconds(10))) return;
    last_ = host;
    std::cerr << (terminal_ ? "\r\033[K" + bar(transactions) : "svasim: ") << transactions
              << " transactions, " << faults << " faults, " << std::fixed << std::setprecision(3)
              << static_cast<double>(now) * 1e-9 << " ms simulated, " << std::setprecision(0)
              << static_cast<double>(transactions) / seconds() << " transactions/s" << (terminal_ ? "" : "\n")
              << std::flush;
  }
  void clear() const {
    if (terminal_) std::cerr << "\r\033[K" << std::flush;
  }
  double seconds() const { return std::chrono::duration<double>(SteadyClock::now() - start_).count(); }

 private:
  std::string bar(std::uint64_t transactions) const {
    constexpr std::uint64_t kWidth = 24;
    const std::uint64_t total = length_->transactions();
    if (total == 0) return "";
    const std::uint64_t done = std::min(transactions, total);
    std::string text = "[";
    for (std::uint64_t i = 0; i < kWidth; ++i) text += i * total < done * kWidth ? "█" : "·";
    return text + "] " + std::to_string(100 * done / total) + " %  ";
  }

  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  const SteadyClock::time_point start_ = SteadyClock::now();
  SteadyClock::time_point last_ = start_;
  std::optional<TraceLength> length_;
};

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw std::runtime_error(path.string() + ": cannot be written");
}

const char* name(platform::Ending ending) {
  switch (ending) {
    case platform::Ending::complete: return "complete";
    case platform::Ending::bad_trace: return "bad trace";
    case platform::Ending::nothing: return "nothing simulated";
    case platform::Ending::stuck: return "stuck";
    case platform::Ending::mismatch: return "mismatch";
    case platform::Ending::interrupted: return "interrupted";
  }
  return "?";
}

int exit_code(platform::Ending ending) {
  if (ending == platform::Ending::complete) return kOk;
  return ending == platform::Ending::bad_trace ? kBadTrace : kFailure;
}

}  // namespace

int run(const Words& words) {
  po::options_description options;
  options.add_options()("trace", po::value<std::string>())("generate", po::value<std::string>())(
      "out", po::value<std::string>())("limit", po::value<std::uint64_t>())("wave",
                                                                            po::value<Words>()->composing());
  add_config_options(options);
  const po::variables_map values = parse(words, options);
  if (values.count("trace") + values.count("generate") != 1 || values.count("out") == 0)
    throw UsageError("run needs --trace T or --generate PATTERN, and --out DIR");

  platform::Config config;
  const platform::Settings settings = read_settings(values, config);
  TraceInput input;
  if (values.count("generate") != 0)
    input.pattern = trace::Pattern::parse(values["generate"].as<std::string>());
  else input.path = values["trace"].as<std::string>();
  input.options.coalesce = config.devices.coalesce;
  if (values.count("limit") != 0) input.options.limit = values["limit"].as<std::uint64_t>();
  platform::WavesConfig waves;
  if (values.count("wave") != 0) {
    if (input.path == "-") throw UsageError("--wave needs a trace in a file: it may be read twice");
    waves.windows = wave_windows(values["wave"].as<Words>(), config, [&] { return input.open(); });
  }
  const auto reader = input.open();

  const std::filesystem::path directory = values["out"].as<std::string>();
  std::filesystem::create_directories(directory);
  probe::RunDatabase database((directory / "run.db").string());
  for (const platform::Setting& s : settings.all()) database.write_config(s.key, s.get(), s.is_default());

  probe::Summary summary;
  ProgressLine line(input);
  waves.directory = (directory / "waves").string();
  platform::Simulation simulation(config, *reader, {&database, &summary}, waves);
  simulation.progress = [&](std::uint64_t t, std::uint64_t f, probe::Picoseconds now) {
    line.update(t, f, now);
  };
  simulation.on_driver_message = [&](const std::string& message) {
    line.clear();
    std::cerr << "svasim: driver: " << message << '\n';
  };
  simulation.on_refused = [&](const std::string& message) {
    line.clear();
    std::cerr << "svasim: refused: " << message << '\n';
  };
  running = &simulation;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  const platform::RunResult result = simulation.run();
  running = nullptr;
  line.clear();

  const double seconds = line.seconds();
  database.write_counters(result.counters);
  database.write_meta("ending", name(result.ending));
  database.finish();
  write_file(directory / "summary.json", summary.json(result.totals));
  write_file(directory / "host.json", summary.host_json(seconds));
  summary.print(std::cout, result.totals, seconds);
  if (!result.message.empty())
    std::cerr << "svasim: " << name(result.ending) << ": " << result.message << '\n';
  if (simulation.waves() != nullptr) {
    for (const std::string& window : simulation.waves()->unreached())
      std::cerr << "svasim: --wave: the run ended before " << window << '\n';
  }
  return exit_code(result.ending);
}

int explain(const Words& words) {
  po::options_description options;
  options.add_options()("dir", po::value<std::string>())("transaction", po::value<std::uint64_t>());
  const po::variables_map values = parse(words, options, {"dir", "transaction"});
  if (values.count("transaction") == 0) throw UsageError("explain needs DIR and a transaction number");
  probe::explain(values["dir"].as<std::string>(), values["transaction"].as<std::uint64_t>(), std::cout);
  return kOk;
}

int config(const Words& words) {
  po::options_description options;
  add_config_options(options);
  platform::Config config;
  read_settings(parse(words, options), config).print(std::cout);
  return kOk;
}

}  // namespace svasim::sim
