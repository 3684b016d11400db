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
#include "models/platform/transaction_finder.hpp"
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

/// The driver's messages, as many as the kernel's rate limit lets through in a burst.
class DriverLog {
 public:
  explicit DriverLog(const ProgressLine& line) : line_(line) {}

  void add(const std::string& message) {
    if (++messages_ <= kBurst) tell(message);
  }
  void finish() const {
    if (messages_ > kBurst) tell(std::to_string(messages_ - kBurst) + " more messages");
  }

 private:
  static constexpr std::uint64_t kBurst = 10;

  void tell(const std::string& text) const {
    line_.clear();
    std::cerr << "svasim: driver: " << text << '\n';
  }

  const ProgressLine& line_;
  std::uint64_t messages_ = 0;
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

/// A run as the command line asks for it.
struct Job {
  platform::Config config;
  platform::Settings settings;
  TraceInput input;
  platform::WavesConfig waves;
  std::filesystem::path directory;
};

void read_input(const po::variables_map& values, Job& job) {
  if (values.count("generate") != 0) {
    job.input.pattern = trace::Pattern::parse(values["generate"].as<std::string>());
  } else {
    job.input.path = values["trace"].as<std::string>();
  }
  job.input.options.coalesce = job.config.devices.coalesce;
  if (values.count("limit") != 0) job.input.options.limit = values["limit"].as<std::uint64_t>();
  if (values.count("wave") == 0) return;
  if (job.input.path == "-") throw UsageError("--wave needs a trace in a file: it may be read twice");
  job.waves.windows = wave_windows(values["wave"].as<Words>(), job.config, [&] { return job.input.open(); });
}

std::unique_ptr<Job> read_job(const Words& words) {
  po::options_description options;
  options.add_options()("trace", po::value<std::string>())("generate", po::value<std::string>())(
      "out", po::value<std::string>())("limit", po::value<std::uint64_t>())("wave",
                                                                            po::value<Words>()->composing());
  add_config_options(options);
  const po::variables_map values = parse(words, options);
  if (values.count("trace") + values.count("generate") != 1 || values.count("out") == 0)
    throw UsageError("run needs --trace T or --generate PATTERN, and --out DIR");
  auto job = std::make_unique<Job>();
  job->settings = read_settings(values, job->config);
  read_input(values, *job);
  job->directory = values["out"].as<std::string>();
  job->waves.directory = (job->directory / "waves").string();
  return job;
}

/// Until its end, or a signal.
platform::RunResult run_to_end(platform::Simulation& simulation, ProgressLine& line) {
  DriverLog log(line);
  simulation.progress = [&](std::uint64_t t, std::uint64_t f, probe::Picoseconds now) {
    line.update(t, f, now);
  };
  simulation.on_driver_message = [&](const std::string& message) { log.add(message); };
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
  log.finish();
  return result;
}

}  // namespace

int run(const Words& words) {
  const std::unique_ptr<Job> job = read_job(words);
  // Before the outputs of an earlier run go.
  if (!job->waves.windows.empty()) platform::check_waves(job->config, *job->input.open(), job->waves);
  const auto reader = job->input.open();
  std::filesystem::create_directories(job->directory);
  probe::RunDatabase database((job->directory / "run.db").string());
  for (const platform::Setting& s : job->settings.all()) {
    database.write_config(s.key, s.get(), s.is_default());
  }
  probe::Summary summary;
  ProgressLine line(job->input);
  platform::Simulation simulation(job->config, *reader, {&database, &summary}, job->waves);
  const platform::RunResult result = run_to_end(simulation, line);

  const double seconds = line.seconds();
  database.write_counters(result.counters);
  database.write_meta("ending", name(result.ending));
  database.finish();
  write_file(job->directory / "summary.json", summary.json(result.totals));
  write_file(job->directory / "host.json", summary.host_json(seconds));
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
