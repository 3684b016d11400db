// See simulation.hpp.
#include "models/platform/simulation.hpp"

#include <sstream>

namespace svasim::platform {
namespace {

constexpr std::uint64_t kProgressInterval = 4096;  ///< transactions
/// How often in the watchdog's time a run looks whether it was interrupted; transactions may end never or
/// late.
constexpr std::uint64_t kLooksPerWatch = 1000;

}  // namespace

Simulation::Simulation(const Config& config, trace::Reader& reader, std::vector<probe::Sink*> sinks,
                       const WavesConfig& waves)
    : config_(config) {
  calendar_ = std::make_unique<engine::Calendar>("calendar");
  calendar_->shuffle(static_cast<std::uint32_t>(config.run.shuffle));
  inlet_ = {calendar_->add_block(), 0};
  sinks.push_back(this);
  recorder_ = std::make_unique<probe::Recorder>(std::move(sinks));
  if (!waves.windows.empty()) {
    waves_ = std::make_unique<Waves>(*calendar_, config.machine.smmu_period, waves);
  }
  system_ = std::make_unique<System>("system", *calendar_, config, *recorder_, reader,
                                     waves_ ? &waves_->rtl() : nullptr);
  if (waves_) waves_->watch(*system_, *recorder_, config.tcu.pwc_impl != "model");
  system_->feeder().on_exhausted = [this] { maybe_finish(); };
  system_->feeder().on_refused = [this](const std::string& message) {
    if (on_refused) on_refused(message);
  };
  system_->host().on_error = [this](const std::string& message) {
    if (on_driver_message) on_driver_message(message);
  };
  if (config.run.check) {
    checker_ = std::make_unique<Checker>(*system_);
    checker_->on_violation = [this](const std::string& message) { stop(Ending::mismatch, message); };
  }
}

Simulation::~Simulation() = default;

RunResult Simulation::run() {
  system_->start();
  calendar_->post<&Simulation::look>(config_.run.watchdog / kLooksPerWatch, inlet_, this, 1);
  sc_core::sc_start();
  try {
    calendar_->rethrow();
  } catch (const std::exception& e) {  // lockstep mismatch, RTL assertion
    stop(Ending::mismatch, e.what());
  }
  if (waves_) waves_->finish();
  if (!ended_) stop(Ending::stuck, stuck_report());
  result_.counters = system_->counters();
  result_.totals = System::totals(result_.counters);
  result_.totals.simulated = calendar_->now();
  return result_;
}

void Simulation::transaction(const probe::Transaction& closed) {
  system_->feeder().answered(closed.number);
  if (progress && recorder_->closed() % kProgressInterval == 0) {
    progress(recorder_->closed(), recorder_->faults_opened(), calendar_->now());
  }
  if (interrupted_ != 0) stop(Ending::interrupted, "interrupted");
  if (system_->feeder().exhausted()) maybe_finish();
}

void Simulation::fault(const probe::Fault&) {
  if (system_->feeder().exhausted()) maybe_finish();
}

/// The recorder still counts what is being closed, so the decision is the next event's.
void Simulation::maybe_finish() { calendar_->post<&Simulation::finish>(calendar_->now() + 1, inlet_, this); }

void Simulation::finish(std::uint64_t) {
  if (finishing_ || recorder_->live() != 0 || recorder_->faults_live() != 0) return;
  finishing_ = true;
  if (!config_.run.unbind) return end(0);
  // Others still act at the instant at which the host is done.
  system_->shutdown([this] { calendar_->post<&Simulation::end>(calendar_->now() + 1, inlet_, this); });
}

void Simulation::end(std::uint64_t) {
  try {
    if (const std::exception_ptr error = system_->feeder().error()) std::rethrow_exception(error);
    if (!system_->host().smmu_up()) stop(Ending::nothing, "the SMMU could not be brought up");
    if (recorder_->opened() == 0 && system_->feeder().refused() > 0)
      stop(Ending::nothing, "every access of the trace was refused");
    stop(Ending::complete, "");
  } catch (const std::exception& e) {
    stop(Ending::bad_trace, e.what());
  }
}

void Simulation::look(std::uint64_t number) {
  if (interrupted_ != 0) stop(Ending::interrupted, "interrupted");
  if (number % kLooksPerWatch == 0) watch();
  const auto oldest = recorder_->oldest(1);
  if (!oldest.empty() && oldest.front()->timeline.rounds() >= config_.run.rounds)
    stop(Ending::stuck, "an access is tried again and again, and always in vain: " + stuck_report());
  calendar_->post<&Simulation::look>(calendar_->now() + config_.run.watchdog / kLooksPerWatch, inlet_, this,
                                     number + 1);
}

void Simulation::watch() {
  // Faults that are served and begin again are no progress; accesses, and what processes do, are.
  const std::uint64_t seen = recorder_->opened() + recorder_->closed() + system_->feeder().calls() +
                             system_->host().pages_mapped() + (system_->ready() ? 1 : 0) +
                             (finishing_ ? 1 : 0);
  // With nothing under way, devices wait for the times of their accesses; who waits has an event to come.
  const bool idle = system_->ready() && !finishing_ && recorder_->live() == 0 &&
                    recorder_->faults_live() == 0 && !system_->feeder().waits_for_host() &&
                    !calendar_->empty();
  if (seen == last_seen_ && !idle) {
    stop(Ending::stuck, stuck_report());
    return;
  }
  last_seen_ = seen;
  faults_seen_ = recorder_->faults_closed();
}

void Simulation::stop(Ending ending, std::string message) {
  if (ended_) return;
  ended_ = true;
  result_.ending = ending;
  result_.message = std::move(message);
  calendar_->stop();
}

std::string Simulation::stuck_report() const {
  std::ostringstream out;
  const probe::Picoseconds now = calendar_->now();
  out << "no progress at " << now << " ps: " << recorder_->live() << " transactions and "
      << recorder_->faults_live() << " faults alive"
      << (system_->ready() ? "" : "; the driver never became ready");
  if (const std::uint64_t served = recorder_->faults_closed() - faults_seen_; served > 0)
    out << "; " << served << " faults were served meanwhile, to no effect";
  out << '\n' << system_->occupancy();
  for (const probe::Transaction* t : recorder_->oldest(4)) {
    out << "  transaction " << t->id << ", device " << t->device << ", PASID " << t->pasid << ", "
        << probe::name(t->operation) << " of " << t->size << " at 0x" << std::hex << t->va << std::dec
        << ": in " << probe::info(t->timeline.stage()).name << " since " << t->timeline.since()
        << " ps; before that";
    const auto& segments = t->timeline.segments();
    for (std::size_t i = segments.size() > 6 ? segments.size() - 6 : 0; i < segments.size(); ++i) {
      out << ' ' << probe::info(segments[i].stage).name << ' ' << segments[i].duration << ',';
    }
    out << " in " << t->timeline.rounds() << " failed rounds\n";
  }
  return out.str();
}

}  // namespace svasim::platform
