// See platform_device.hpp.
#include "models/pcie/platform_device.hpp"

#include "models/pcie/write_pattern.hpp"

namespace svasim::pcie {

using probe::Outcome;
using probe::Stage;

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
      issuer_(calendar, clock, {block_, kIssue}, recorder, device, config.issue, source),
      faults_(calendar, clock, {block_, kFirmware}, recorder, device.stream, device.index, config.faults) {
  set_up_faults();
  memory.bind_response<&PlatformDevice::respond>(this);
  issuer_.bind<&PlatformDevice::issued>(this);
}

void PlatformDevice::issued(const DeviceAccess& access, probe::Transaction& transaction) {
  const std::uint32_t number = accesses_.take();
  accesses_[number].access = access;
  accesses_[number].transaction = &transaction;
  send(number);
}

void PlatformDevice::send(std::uint32_t number) {
  const DeviceAccess& access = accesses_[number].access;
  probe::Transaction& transaction = *accesses_[number].transaction;
  engine::Payload& payload =
      pool_.make(access.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, access.va, access.size);
  payload.attributes.stream = device_.stream;
  payload.attributes.substream = {config_.pasid, access.pasid};
  payload.attributes.instruction = access.execute && !access.write;
  payload.attributes.privileged = access.privileged;
  payload.tag.transaction = &transaction;
  payload.user = number;
  if (access.write) write_pattern(payload, transaction.id);
  payload.tag.enter(Stage::tbu_queue, calendar_.now());
  memory.send(payload);
}

void PlatformDevice::respond(engine::Payload& payload) {
  const std::uint64_t who = payload.user;
  const bool terminated = !payload.ok() && payload.attributes.terminated;
  const Outcome outcome =
      !payload.ok() ? Outcome::aborted : (payload.attributes.raz ? Outcome::zeroed : Outcome::ok);
  payload.release();
  if (who == kRecord) return faults_.written();
  if (who == kMsi) return;
  const auto number = static_cast<std::uint32_t>(who);
  terminated&& config_.reports_faults ? wait_for_page(number) : finish(number, outcome);
}

void PlatformDevice::finish(std::uint32_t number, Outcome outcome) {
  recorder_.close(*accesses_[number].transaction, calendar_.now(), outcome);
  accesses_.free(number);
  issuer_.complete();
}

// --- faults that the device tells its driver of

void PlatformDevice::wait_for_page(std::uint32_t number) {
  Outstanding& access = accesses_[number];
  const arch::SubstreamId pasid{config_.pasid, access.access.pasid};
  const arch::Va page = arch::Va(access.access.va).aligned(arch::kPageShift);
  const AtcTag tag{pasid, false};
  std::uint32_t missing = pages_.find(tag, page);
  const bool first = missing == kNone;
  if (first) {
    missing = pages_.add(tag, page);
    pages_[missing].fault = &faults_.report(static_cast<std::uint16_t>(missing), pasid, page,
                                            {access.access.write, access.access.execute});
  }
  Miss& miss = pages_[missing];
  (first ? miss.waiting.first : accesses_[miss.waiting.last].next) = number;
  miss.waiting.last = number;
  access.next = kNone;
  if (miss.fault != nullptr) {
    miss.fault->attach(*access.transaction, calendar_.now());
  } else {  // answered already
    access.transaction->timeline.enter(Stage::device_resume, calendar_.now());
  }
}

/// `visit(number)` in order of arrival; it may end the access.
template <class Visitor>
void PlatformDevice::for_each_waiting(std::uint32_t page, Visitor&& visit) {
  for (std::uint32_t number = pages_[page].waiting.first, next; number != kNone; number = next) {
    next = accesses_[number].next;
    visit(number);
  }
}

void PlatformDevice::set_up_faults() {
  faults_.waits_for_write = true;
  faults_.write = [this](std::uint64_t address, const arch::device_fault::RecordWords& data, unsigned bytes) {
    engine::Payload& payload = pool_.make(tlm::TLM_WRITE_COMMAND, address, bytes);
    payload.attributes.stream = device_.stream;
    payload.user = bytes == 4 ? kMsi : kRecord;
    std::memcpy(payload.data(), data.data(), bytes);
    memory.send(payload);
  };
  faults_.on_answered = [this](std::uint16_t page) {
    pages_[page].fault = nullptr;
    for_each_waiting(page, [this](std::uint32_t number) {
      accesses_[number].transaction->timeline.enter(Stage::device_resume, calendar_.now());
    });
  };
  faults_.on_resolved = [this](std::uint16_t page, bool success) {
    for_each_waiting(
        page, [&](std::uint32_t number) { success ? send(number) : finish(number, Outcome::aborted); });
    pages_.remove(page);
  };
}

void PlatformDevice::serve(RegisterPort& port) {
  port.on_write = [this](std::uint32_t offset, std::uint64_t value, unsigned bytes) {
    faults_.write_register(offset, value, bytes);
  };
  port.on_read = [this, &port](std::uint32_t offset, std::uint16_t tag, unsigned) {
    port.answer(tag, faults_.read_register(offset));
  };
}

}  // namespace svasim::pcie
