// An embedder: owns sc_main, configures a machine, runs a trace and looks at each transaction as it ends.
#include <systemc>

#include <iostream>

#include "models/platform/simulation.hpp"

namespace {

/// What one wants to know of each transaction; here, the slowest.
class Slowest : public svasim::probe::Sink {
 public:
  void transaction(const svasim::probe::Transaction& t) override {
    if (t.timeline.total() > latency) latency = t.timeline.total(), id = t.id;
  }
  void fault(const svasim::probe::Fault&) override {}
  svasim::probe::Picoseconds latency = 0;
  std::uint64_t id = 0;
};

}  // namespace

int sc_main(int argc, char** argv) {
  if (argc != 2) return 2;
  svasim::platform::Config config;
  svasim::platform::Config::bind(config).assign("host.cpus=2");
  const auto reader = svasim::trace::Reader::open(argv[1]);
  Slowest slowest;
  svasim::platform::Simulation simulation(config, *reader, {&slowest});
  const svasim::platform::RunResult result = simulation.run();
  std::cout << "slowest: transaction " << slowest.id << ", " << slowest.latency << " ps\n" << result.message;
  return result.ending == svasim::platform::Ending::complete && slowest.latency > 0 ? 0 : 1;
}
