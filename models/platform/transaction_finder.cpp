// See transaction_finder.hpp.
#include "models/platform/transaction_finder.hpp"

#include "models/platform/simulation.hpp"

namespace svasim::platform {
namespace {

/// A SystemC kernel that is the current one while it lives.
class OwnKernel {
 public:
  OwnKernel() { sc_core::sc_curr_simcontext = sc_core::sc_default_global_context = &kernel_; }
  ~OwnKernel() {
    sc_core::sc_curr_simcontext = outer_;
    sc_core::sc_default_global_context = outer_default_;
  }
  OwnKernel(const OwnKernel&) = delete;

 private:
  sc_core::sc_simcontext* const outer_ = sc_core::sc_curr_simcontext;
  sc_core::sc_simcontext* const outer_default_ = sc_core::sc_default_global_context;
  sc_core::sc_simcontext kernel_;
};

class Finder : public probe::Sink {
 public:
  explicit Finder(const std::set<std::uint64_t>& ids) : ids_(ids) {}

  void transaction(const probe::Transaction& t) override {
    if (ids_.count(t.id) == 0) return;
    found[t.id] = {t.timeline.begun_at(), t.timeline.begun_at() + t.timeline.total()};
    if (found.size() == ids_.size()) simulation->interrupt();
  }
  void fault(const probe::Fault&) override {}
  void alive(const probe::Transaction& t) {
    if (ids_.count(t.id) != 0) found[t.id] = {t.timeline.begun_at(), engine::Calendar::kNever};
  }

  std::map<std::uint64_t, TransactionSpan> found;
  Simulation* simulation = nullptr;

 private:
  const std::set<std::uint64_t>& ids_;
};

}  // namespace

std::map<std::uint64_t, TransactionSpan> find_transactions(const Config& config, trace::Reader& reader,
                                                           const std::set<std::uint64_t>& ids) {
  const OwnKernel kernel;
  Finder finder(ids);
  Simulation simulation(config, reader, {&finder});
  finder.simulation = &simulation;
  simulation.run();
  simulation.recorder().for_each_live([&](const probe::Transaction& t) { finder.alive(t); });
  return finder.found;
}

void check_waves(const Config& config, trace::Reader& reader, const WavesConfig& waves) {
  const OwnKernel kernel;
  const Simulation simulation(config, reader, {}, waves);
}

}  // namespace svasim::platform
