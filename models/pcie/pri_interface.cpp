// See pri_interface.hpp.
#include "models/pcie/pri_interface.hpp"

namespace svasim::pcie {

namespace reg = arch::pci::pri;

PriInterface::PriInterface(unsigned capacity, bool response_pasid)
    : capacity_(capacity), response_pasid_(response_pasid) {
  for (std::uint16_t index = 0; index < kGroups; ++index) free_.push_back(index);
}

std::uint16_t PriInterface::open(const Group& group) {
  const std::uint16_t index = free_.pop_front();
  groups_[index] = group;
  outstanding_ += group.pages;
  return index;
}

bool PriInterface::close(std::uint16_t index, arch::SubstreamId pasid, bool failure, Group& group) {
  // A Response Failure may come without the PASID: the SMMU does not know it.
  const bool known = index < kGroups && groups_[index].pages != 0 &&
                     (failure || !response_pasid_ || pasid == groups_[index].pasid);
  if (!known) {
    unexpected_index_ = true;
    return false;
  }
  group = groups_[index];
  groups_[index] = {};
  outstanding_ -= group.pages;
  free_.push_back(index);
  return true;
}

std::uint32_t PriInterface::control() const {
  const bool stopped = !enabled_ && outstanding_ == 0;
  return (enabled_ ? reg::kEnable : 0) | (response_failure_ ? reg::kResponseFailure : 0) |
         (unexpected_index_ ? reg::kUnexpectedIndex : 0) | (stopped ? reg::kStopped : 0) |
         (response_pasid_ ? reg::kResponsePasid : 0);
}

void PriInterface::write_control(std::uint32_t value) {
  const bool enable = (value & reg::kEnable) != 0;
  const bool starts = enable && !enabled_;
  enabled_ = enable;
  if (starts) failed_ = false;
  if (starts || (value & reg::kResponseFailure) != 0) response_failure_ = false;
  if (starts || (value & reg::kUnexpectedIndex) != 0) unexpected_index_ = false;
}

void PriInterface::reset() {
  for (std::uint16_t index = 0; index < kGroups; ++index) {
    if (groups_[index].pages == 0) continue;
    groups_[index] = {};
    free_.push_back(index);
  }
  outstanding_ = 0;
}

}  // namespace svasim::pcie
