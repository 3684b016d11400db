// An endpoint that handles its own faults: it tells its driver of pages that are missing, and asks for the
// translation again when the driver has brought them. Contract: endpoint.hpp, fault_reporter.hpp.
#include "models/pcie/endpoint.hpp"

namespace svasim::pcie {

using arch::Tlp;
using probe::Stage;

void Endpoint::set_up_faults() {
  faults_.write = [this](std::uint64_t address, const arch::device_fault::RecordWords& data, unsigned bytes) {
    Tlp tlp;
    tlp.kind = Tlp::Kind::memory_write;
    tlp.requester = device_.stream;
    tlp.address = address;
    tlp.bytes = bytes;
    tlp.data = data;
    link_.send_up(tlp);  // posted: nothing sent later passes it
  };
  faults_.on_answered = [this](std::uint16_t token) {
    Miss& miss = misses_[token];
    miss.fault = nullptr;
    miss.state = Miss::State::reissue;
    for_each_waiting(miss, [&](std::uint32_t, Access& access) {
      access.transaction->timeline.enter(Stage::device_resume, now());
    });
  };
  faults_.on_resolved = [this](std::uint16_t token, bool success) {
    success ? request_translation(token) : fail_all(token);
  };
}

void Endpoint::report_fault(std::uint32_t number) {
  Miss& miss = misses_[number];
  arch::Access wanted;
  for_each_waiting(miss, [&](std::uint32_t, Access& access) {
    wanted.write |= access.write;
    wanted.instruction |= access.execute;
  });
  miss.state = Miss::State::reported;
  miss.fault = &faults_.report(static_cast<std::uint16_t>(number), miss.tag.pasid, miss.page, wanted);
  for_each_waiting(miss,
                   [&](std::uint32_t, Access& access) { miss.fault->attach(*access.transaction, now()); });
}

void Endpoint::register_access(const Tlp& tlp) {
  const auto offset = static_cast<std::uint32_t>(tlp.address);
  const bool capability = offset >= arch::pci::kFirstCapability;  // below are those of arch device_fault
  if (!capability && !config_.reports_faults) {
    ++count_.unexpected;
    return;
  }
  if (tlp.kind == Tlp::Kind::memory_write) {
    if (capability) return write_register(offset, static_cast<std::uint32_t>(tlp.data[0]));
    return faults_.write_register(offset, tlp.data[0], tlp.bytes);
  }
  Tlp answer;
  answer.kind = Tlp::Kind::completion;
  answer.requester = device_.stream;
  answer.tag = tlp.tag;
  answer.bytes = tlp.bytes;
  answer.data[0] = capability ? read_register(offset) : faults_.read_register(offset);
  link_.send_up(answer);
}

}  // namespace svasim::pcie
