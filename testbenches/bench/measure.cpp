// Contract: measure.hpp.
#include "testbenches/bench/measure.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "models/platform/simulation.hpp"
#include "models/probe/run_database.hpp"
#include "testbenches/bench/allocations.hpp"
#include "testbenches/bench/floor.hpp"
#include "testbenches/systemc_test.hpp"

namespace svasim::bench {
namespace {

double cpu_nanoseconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

/// Runs `work` in a child process and brings its result back.
Cost in_child(const std::function<Cost()>& work) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("bench: no pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("bench: no process");
  if (child == 0) {
    int code = EXIT_FAILURE;
    try {
      const Cost cost = work();
      if (write(ends[1], &cost, sizeof cost) == static_cast<ssize_t>(sizeof cost)) code = EXIT_SUCCESS;
    } catch (const std::exception& e) {
      std::fprintf(stderr, "bench: %s\n", e.what());
    }
    _exit(code);
  }
  close(ends[1]);
  Cost cost;
  const bool got = read(ends[0], &cost, sizeof cost) == static_cast<ssize_t>(sizeof cost);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!got || status != 0) throw std::runtime_error("bench: a measurement did not end well");
  return cost;
}

/// A file that is gone when the measurement is over.
struct TemporaryFile {
  TemporaryFile()
      : path(std::filesystem::temp_directory_path() / ("svasim-bench-" + std::to_string(getpid()))) {}
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  std::filesystem::path path;
};

double counter(const platform::RunResult& result, const std::string& block, const std::string& name) {
  for (const auto& value : result.counters) {
    if (value.block == block && value.name == name) return static_cast<double>(value.value);
  }
  throw std::runtime_error("no counter " + block + "." + name);
}

/// The whole run, not per transaction.
Cost run(Kind kind, Variant variant, std::uint64_t transactions) {
  std::istringstream trace(make_trace(kind, transactions));
  platform::Config config;
  config.devices.count = 1;
  config.devices.kind[0] = info(kind).device;
  config.tcu.pwc_impl = variant == Variant::rtl ? "rtl" : "model";

  Cost cost;
  const double before = cpu_nanoseconds();
  const std::uint64_t allocated = allocations();
  const test::FreshKernel kernel;
  const auto reader = trace::Reader::open(trace, "bench");
  const TemporaryFile file;
  std::optional<probe::RunDatabase> database;
  probe::Summary summary;
  std::vector<probe::Sink*> sinks{&summary};
  if (variant == Variant::database) sinks.insert(sinks.begin(), &database.emplace(file.path.string()));
  platform::Simulation simulation(config, *reader, sinks);
  const platform::RunResult result = simulation.run();
  if (result.ending != platform::Ending::complete) throw std::runtime_error(result.message);
  if (database) database->finish();
  cost.nanoseconds = cpu_nanoseconds() - before;
  cost.allocations = static_cast<double>(allocations() - allocated);
  cost.events = static_cast<double>(simulation.calendar().events());
  cost.walk_reads = counter(result, "tcu", "trans_table_walk_access");
  cost.faults = static_cast<double>(simulation.recorder().faults_closed());
  return cost;
}

}  // namespace

Cost cost_of(Kind kind, Variant variant, std::uint64_t transactions) {
  const Cost once = in_child([&] { return run(kind, variant, transactions); });
  const Cost twice = in_child([&] { return run(kind, variant, 2 * transactions); });
  const auto slope = [&](double Cost::*part) {
    return (twice.*part - once.*part) / static_cast<double>(transactions);
  };
  return {slope(&Cost::nanoseconds), slope(&Cost::allocations), slope(&Cost::events),
          slope(&Cost::walk_reads), slope(&Cost::faults)};
}

double floor_nanoseconds(std::uint64_t transactions) {
  const auto run_floor = [](std::uint64_t n) {
    return in_child([n] {
      const double before = cpu_nanoseconds();
      ping_pong(n);
      return Cost{cpu_nanoseconds() - before, 0, 0, 0, 0};
    });
  };
  return (run_floor(2 * transactions).nanoseconds - run_floor(transactions).nanoseconds) /
         static_cast<double>(transactions);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

}  // namespace svasim::bench
