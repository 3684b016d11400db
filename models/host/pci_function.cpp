// See pci_function.hpp.
#include "models/host/pci_function.hpp"

#include <algorithm>

#include "models/arch/pci_capability.hpp"

namespace svasim::host {

namespace pci = arch::pci;

void PciFunction::probe(Thread& thread) {
  constexpr unsigned kMost = 64;  // a list that ends nowhere
  std::uint32_t at = pci::kFirstCapability;
  for (unsigned i = 0; i < kMost && at >= pci::kFirstCapability; ++i) {
    const std::uint32_t header = read(thread, at);
    if (header == ~0u) return;  // nobody there
    switch (pci::id_of(header)) {
      case pci::kAtsId: ats_ = at; break;
      case pci::kPriId: pri_ = at; break;
      case pci::kPasidId: pasid_ = at; break;
      default: break;
    }
    at = pci::next_of(header);
  }
  if (pasid_ == 0) return;
  const std::uint32_t offered = read(thread, pasid_ + pci::pasid::kControl);
  write(thread, pasid_ + pci::pasid::kControl,
        pci::pasid::kEnable | ((offered & pci::pasid::kExecute) != 0 ? pci::pasid::kExecuteEnable : 0) |
            ((offered & pci::pasid::kPrivileged) != 0 ? pci::pasid::kPrivilegedEnable : 0));
}

void PciFunction::enable_ats(Thread& thread) {
  if (ats_ != 0) write(thread, ats_ + pci::ats::kControl, pci::ats::kEnable);  // STU 0: 4 KB
}

bool PciFunction::enable_pri(Thread& thread, std::uint32_t requests) {
  if (pri_ == 0) return false;
  const std::uint32_t control = pri_ + pci::pri::kControl;
  if ((read(thread, control) & pci::pri::kStopped) == 0) return false;
  const std::uint32_t capacity = read(thread, pri_ + pci::pri::kCapacity);
  write(thread, pri_ + pci::pri::kAllocation, std::min(requests, capacity));
  write(thread, control, pci::pri::kReset);
  write(thread, control, pci::pri::kEnable);
  return true;
}

void PciFunction::disable_pri(Thread& thread) {
  if (pri_ != 0) write(thread, pri_ + pci::pri::kControl, 0);
}

void PciFunction::stop_pasid(Thread& thread, std::uint32_t pasid, Picoseconds interval) {
  while (stopping_) waiting_.wait(thread);
  stopping_ = true;
  write(thread, pci::kStopPasid, pci::kStopping | pasid);
  while ((read(thread, pci::kStopPasid) & pci::kStopping) != 0) thread.sleep(interval);
  stopping_ = false;
  waiting_.notify(wake_);
}

}  // namespace svasim::host
