// A PCIe function as its driver programs it: capabilities found by walking the list in its configuration
// space. Contract: by loads and stores only. A function without a capability does without it. Source rule:
// Linux pci_enable_pasid, pci_enable_ats (PASID first), pci_enable_pri (only when stopped; reset before).
#pragma once

#include <cstdint>

#include "models/host/lock.hpp"

namespace svasim::host {

class PciFunction {
 public:
  /// Its configuration space begins at `base`. `wake`: how long a thread takes that slept.
  PciFunction(std::uint64_t base, LatencySource& wake) : base_(base), wake_(wake) {}

  /// Finds the capabilities and enables PASIDs, with what else the capability offers.
  void probe(Thread& thread);
  void enable_ats(Thread& thread);
  /// `requests` pages may be asked for at a time, at most the function's capacity. False: it is not there, or
  /// has not stopped.
  bool enable_pri(Thread& thread, std::uint32_t requests);
  void disable_pri(Thread& thread);
  /// Asks the device to end its use of a PASID, and waits, looking every `interval`: no access and no page
  /// request of it is left then. One PASID at a time.
  void stop_pasid(Thread& thread, std::uint32_t pasid, Picoseconds interval);

 private:
  std::uint32_t read(Thread& thread, std::uint32_t offset) const { return thread.read32(base_ + offset); }
  void write(Thread& thread, std::uint32_t offset, std::uint32_t value) const {
    thread.write32(base_ + offset, value);
  }

  std::uint64_t base_;
  LatencySource& wake_;
  bool stopping_ = false;
  WaitList waiting_;                             ///< to stop another PASID
  std::uint32_t ats_ = 0, pri_ = 0, pasid_ = 0;  ///< offsets of the capabilities; 0: none
};

}  // namespace svasim::host
