// What software can switch in an endpoint: its capabilities in configuration space, and the stop of a PASID.
// Contract: endpoint.hpp; arch pci_capability.hpp.
#include "models/pcie/endpoint.hpp"

namespace svasim::pcie {

using arch::Tlp;
using probe::Outcome;

// --- configuration space -----------------------------------------------------------------------------------

namespace {

namespace pci = arch::pci;
constexpr std::uint32_t kAts = pci::kFirstCapability, kPasid = kAts + 0x10, kPri = kPasid + 0x10;

}  // namespace

std::uint32_t Endpoint::read_register(std::uint32_t offset) const {
  switch (offset) {
    case kAts: return pci::header(pci::kAtsId, kPasid);
    case kAts + pci::ats::kControl:
      return pci::ats::kPageAligned | (config_.atc.global_invalidate ? pci::ats::kGlobalInvalidate : 0) |
             (ats_on_ ? pci::ats::kEnable : 0);
    case kPasid: return pci::header(pci::kPasidId, kPri);
    case kPasid + pci::pasid::kControl:
      return (config_.execute ? pci::pasid::kExecute : 0) |
             (config_.privileged ? pci::pasid::kPrivileged : 0) |
             config_.pasid_bits << pci::pasid::kWidthShift | pasid_control_;
    case kPri: return pci::header(pci::kPriId, 0);
    case kPri + pci::pri::kControl: return pri_.control();
    case kPri + pci::pri::kCapacity: return pri_.capacity();
    case kPri + pci::pri::kAllocation: return pri_.allocation();
    case pci::kStopPasid: return stopping_ ? pci::kStopping | stopping_pasid_.value : 0;
    default: return 0;
  }
}

void Endpoint::write_register(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case kAts + pci::ats::kControl:
      control_ats(config_.ats.enabled && (value & pci::ats::kEnable) != 0);
      break;
    case kPasid + pci::pasid::kControl:
      pasid_control_ =
          value & (pci::pasid::kEnable | pci::pasid::kExecuteEnable | pci::pasid::kPrivilegedEnable);
      break;
    case kPri + pci::pri::kControl:
      control_pri(config_.pri.enabled ? value : value & ~pci::pri::kEnable);
      break;
    case kPri + pci::pri::kAllocation:
      pri_.allocate(value);
      wake_page_requester();
      break;
    case pci::kStopPasid:
      if ((value & pci::kStopping) != 0) stop_pasid(value & 0xF'FFFF);
      break;
    default: break;
  }
}

// --- what software switches --------------------------------------------------------------------------------

void Endpoint::control_pri(std::uint32_t value) {
  namespace reg = arch::pci::pri;
  if ((value & reg::kReset) != 0 && !pri_.enabled()) {
    give_up_pages(true);
    for (std::uint16_t index = 0; index < PriInterface::kGroups; ++index) {
      recorder_.for_each_fault(
          key(index), [&](probe::Fault& fault) { recorder_.close_fault(fault, now(), Outcome::failed); });
    }
    pages_in_flight_.leave(now(), pages_in_flight_.current());
    pri_.reset();
  }
  pri_.write_control(ats_on_ ? value : value & ~reg::kEnable);
  if (!pri_.enabled()) give_up_pages(false);
  wake_page_requester();
}

/// What is in flight when ATS goes off ends untranslated, or fails if it waits for a page.
void Endpoint::control_ats(bool on) {
  if (ats_on_ == on) return;
  ats_on_ = on;
  if (on) return;
  control_pri(0);
  give_up_pages(true);
  const AtcInvalidation everything{{0, 64}, {}, false};
  count_.invalidated += atc_.invalidate(everything);
  misses_.for_each([&](std::uint32_t, Miss& miss) { miss.stale.add(everything); });
}

/// From now on accesses of the PASID fail and ask for no pages; while others of it are left, stopping_.
void Endpoint::stop_pasid(std::uint32_t pasid) {
  if (stopping_) return;
  stopping_pasid_ = {true, pasid};
  stopping_left_ = 0;
  accesses_.for_each(
      [&](std::uint32_t, Access& access) { stopping_left_ += access.pasid == stopping_pasid_; });
  stopping_ = stopping_left_ != 0;
  const bool marker = config_.pri.stop == PasidStop::marker;
  give_up_pages(marker, &stopping_pasid_);
  if (marker && pri_.enabled()) send_stop_marker();
}

/// Not answered, not credited; neither its group nor its address means anything.
void Endpoint::send_stop_marker() {
  Tlp tlp;
  tlp.kind = Tlp::Kind::page_request;
  tlp.requester = device_.stream;
  tlp.pasid = stopping_pasid_;
  tlp.address = ~std::uint64_t{0} << arch::kPageShift;
  tlp.last = true;
  ++count_.stop_markers;
  link_.send_up(tlp);
}

}  // namespace svasim::pcie
