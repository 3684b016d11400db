// See pasid_allocator.hpp.
#include "models/host/pasid_allocator.hpp"

#include <algorithm>

namespace svasim::host {

std::optional<std::uint32_t> PasidAllocator::take(std::optional<std::uint32_t> preferred,
                                                  std::uint32_t limit) {
  std::uint32_t pasid = min_;
  if (preferred && *preferred >= min_ && !taken(*preferred) && *preferred <= max_ && *preferred < limit) {
    pasid = *preferred;
  } else {
    for (const std::uint32_t used : taken_) {
      if (used == pasid) ++pasid;
    }
    if (pasid > max_ || pasid >= limit) return std::nullopt;
  }
  taken_.insert(std::lower_bound(taken_.begin(), taken_.end(), pasid), pasid);
  return pasid;
}

void PasidAllocator::give_back(std::uint32_t pasid) {
  taken_.erase(std::remove(taken_.begin(), taken_.end(), pasid), taken_.end());
}

bool PasidAllocator::taken(std::uint32_t pasid) const {
  return std::binary_search(taken_.begin(), taken_.end(), pasid);
}

}  // namespace svasim::host
