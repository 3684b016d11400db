// A whole simulation inside the test, for tests that reach into the machine or want every segment of a
// timeline.
#pragma once

#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/platform/simulation.hpp"
#include "testbenches/systemc_test.hpp"

namespace svasim::test {

/// A counter at the end of a run, summed over the blocks whose name starts with `block`: "tbu" is all TBUs.
inline std::uint64_t value_of(const platform::RunResult& result, const std::string& block,
                              const std::string& name) {
  std::uint64_t sum = 0;
  for (const auto& counter : result.counters) {
    if (counter.name == name && counter.block.compare(0, block.size(), block) == 0) sum += counter.value;
  }
  return sum;
}

/// Where the leaf descriptor of (stream, PASID 1, va) is in memory: what a walk reads last.
inline std::uint64_t leaf_address(platform::System& system, arch::StreamId stream, std::uint64_t va) {
  std::uint64_t last = 0;
  const smmu::Context& context = system.smmu().context();
  const arch::ReferenceTranslator reference(context.state, context.features,
                                            [&](arch::Pa pa, void* out, unsigned bytes) {
                                              last = pa.value;
                                              return system.store().read(pa.value, out, bytes);
                                            });
  const arch::Outcome outcome = reference.translate(stream, {true, 1}, arch::Va(va), arch::Access{});
  if (!std::holds_alternative<arch::TranslationResult>(outcome)) throw std::logic_error("no leaf");
  return last;
}

struct ClosedTransaction {
  probe::Transaction value;
  const std::vector<probe::Segment>& segments() const { return value.timeline.segments(); }
};

class Machine : private probe::Sink {
 public:
  /// `trace` is text without its first line; `settings` are "key=value".
  Machine(const std::string& trace, const std::vector<std::string>& settings,
          const platform::WavesConfig& waves = {})
      : text_("# svasim trace 1\n" + trace), reader_(trace::Reader::open(text_, "test")) {
    platform::Settings bound = platform::Config::bind(config_);
    for (const std::string& setting : settings) bound.assign(setting);
    config_.host.seed = config_.run.seed;
    if (const auto errors = config_.check(); !errors.empty()) throw platform::ConfigError(errors.front());
    simulation_ =
        std::make_unique<platform::Simulation>(config_, *reader_, std::vector<probe::Sink*>{this}, waves);
    simulation_->on_driver_message = [this](const std::string& m) { driver_messages.push_back(m); };
  }

  platform::RunResult run() { return simulation_->run(); }
  platform::Simulation& simulation() { return *simulation_; }
  platform::System& system() { return simulation_->system(); }

  /// By id, which count from 1 in order of issue.
  std::map<std::uint64_t, ClosedTransaction> transactions;
  std::map<std::uint64_t, probe::Fault> faults;
  std::vector<std::string> driver_messages;
  /// Called with each transaction as it closes.
  std::function<void(const probe::Transaction&)> on_transaction;

 private:
  void transaction(const probe::Transaction& t) override {
    transactions[t.id] = {t};
    if (on_transaction) on_transaction(t);
  }
  void fault(const probe::Fault& f) override { faults[f.id] = f; }

  FreshKernel kernel_;
  platform::Config config_;
  std::istringstream text_;
  std::unique_ptr<trace::Reader> reader_;
  std::unique_ptr<platform::Simulation> simulation_;
};

}  // namespace svasim::test
