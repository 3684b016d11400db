// See platform_device.hpp.
#include "models/pcie/platform_device.hpp"

#include "models/pcie/write_pattern.hpp"

namespace svasim::pcie {

using probe::Outcome;

std::vector<std::string> PlatformDeviceConfig::check() const {
  std::vector<std::string> errors;
  if (bus_bytes == 0) errors.push_back("bus_bytes must be at least 1");
  return errors;
}

PlatformDevice::PlatformDevice(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
                               probe::Recorder& recorder, const PlatformDeviceConfig& config,
                               DeviceIdentity device, AccessSource& source)
    : sc_core::sc_module(name),
      block_(calendar.add_block()),
      memory("memory", calendar, clock, {block_, kMemory}, config.bus_bytes),
      calendar_(calendar),
      recorder_(recorder),
      config_(config),
      device_(device),
      issuer_(calendar, clock, {block_, kIssue}, recorder, device, config.issue, source) {
  memory.bind_response<&PlatformDevice::respond>(this);
  issuer_.bind<&PlatformDevice::issued>(this);
}

void PlatformDevice::issued(const DeviceAccess& access, probe::Transaction& transaction) {
  engine::Payload& payload =
      pool_.make(access.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, access.va, access.size);
  payload.attributes.stream = device_.stream;
  payload.attributes.substream = {config_.pasid, access.pasid};
  payload.tag.transaction = &transaction;
  if (access.write) write_pattern(payload, transaction.id);
  payload.tag.enter(probe::Stage::tbu_queue, calendar_.now());
  memory.send(payload);
}

void PlatformDevice::respond(engine::Payload& payload) {
  const Outcome outcome =
      !payload.ok() ? Outcome::aborted : (payload.attributes.raz ? Outcome::zeroed : Outcome::ok);
  recorder_.close(*payload.tag.transaction, calendar_.now(), outcome);
  payload.release();
  issuer_.complete();
}

}  // namespace svasim::pcie
