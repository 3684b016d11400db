// See smmu.hpp.
#include "models/embed/smmu.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "models/smmu/config_check.hpp"
#include "models/smmu/walk_cache_model.hpp"

namespace svasim::embed {
namespace {

const SmmuConfig& checked(const SmmuConfig& config) {
  const std::vector<std::string> errors = smmu::check(config.smmu);
  if (!errors.empty()) throw std::invalid_argument(errors.front());
  if (config.period == 0) throw std::invalid_argument("period: 0 is no clock");
  if (config.devices.empty() || config.devices.size() > memory::Interconnect::kMaxPorts - 1) {
    throw std::invalid_argument("devices: expected 1 to 62 ports");
  }
  for (const DevicePortConfig& device : config.devices) {
    if (device.ats_tokens == 0) throw std::invalid_argument("devices: ats_tokens must be at least 1");
  }
  return config;
}

std::unique_ptr<engine::Calendar> make_calendar() {
  auto calendar = std::make_unique<engine::Calendar>("calendar");
  calendar->throw_into_kernel();
  return calendar;
}

std::vector<arch::dti::Flow> flows(const SmmuConfig& config) {
  std::vector<arch::dti::Flow> flows;
  for (const DevicePortConfig& device : config.devices) {
    flows.push_back(device.can_stall ? arch::dti::Flow::stall : arch::dti::Flow::no_stall);
  }
  return flows;
}

}  // namespace

Smmu::Smmu(sc_core::sc_module_name name, const SmmuConfig& config, engine::Calendar* calendar,
           std::vector<probe::Sink*> sinks)
    : sc_core::sc_module(name),
      config_(checked(config)),
      own_calendar_(calendar == nullptr ? make_calendar() : nullptr),
      calendar_(calendar == nullptr ? *own_calendar_ : *calendar),
      clock_(config.period),
      recorder_(std::move(sinks)),
      smmu_("smmu", calendar_, clock_, config.smmu, flows(config),
            std::make_unique<smmu::WalkCacheModel>(config.smmu.tcu.pwc), &recorder_),
      programming(smmu_.registers().socket.socket) {
  for (std::size_t i = 0; i < config.devices.size(); ++i) {
    devices_.push_back(std::make_unique<DevicePort>(("device" + std::to_string(i)).c_str(), calendar_, clock_,
                                                    config.devices[i], smmu_, i, recorder_,
                                                    config.smmu.tbu.bus_bytes));
  }
  if (config.shared_memory_socket) add_memory_crossbar();
  const std::uint16_t block = calendar_.add_block();
  sc_core::sc_signal<bool>* wires[smmu::kInterrupts] = {&event_queue_irq, &page_request_queue_irq,
                                                        &command_sync_irq, &global_error_irq};
  for (std::uint8_t i = 0; i < smmu::kInterrupts; ++i) {
    pulses_.emplace_back(*wires[i], calendar_, clock_, engine::Inlet{block, i});
  }
  smmu_.tcu().interrupts.wire = [this](smmu::Interrupt interrupt) {
    pulses_[static_cast<std::size_t>(interrupt)].raise();
  };
}

Smmu::~Smmu() = default;

bool Smmu::reset() {
  const bool busy = std::any_of(devices_.begin(), devices_.end(),
                                [](const auto& device) { return device->outstanding() != 0; });
  return !busy && smmu_.reset();
}

void Smmu::add_memory_crossbar() {
  const auto inputs = static_cast<unsigned>(1 + config_.devices.size());
  const unsigned width = std::max(config_.smmu.tcu.bus_bytes, config_.smmu.tbu.bus_bytes);
  crossbar_ = std::make_unique<memory::Interconnect>(
      "crossbar", calendar_, clock_, memory::InterconnectConfig{0, 0, width, 8}, inputs, 1,
      std::vector<memory::Region>{{0, std::uint64_t{1} << 63, 0}});
  smmu_.tcu().memory.socket().bind(crossbar_->port(0).socket);
  for (unsigned i = 1; i < inputs; ++i) smmu_.tbu(i - 1).memory.socket.bind(crossbar_->port(i).socket);
}

tlm::tlm_initiator_socket<>& Smmu::memory(std::size_t index) {
  if (config_.shared_memory_socket) {
    if (index != 0) throw std::out_of_range("embed::Smmu: the one memory socket is number 0");
    return crossbar_->output(0).socket;
  }
  return index == 0 ? smmu_.tcu().memory.socket() : smmu_.tbu(index - 1).memory.socket;
}

}  // namespace svasim::embed
