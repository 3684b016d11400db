// See id_allocator.hpp.
#include "models/host/id_allocator.hpp"

#include <algorithm>

namespace svasim::host {

std::optional<std::uint32_t> IdAllocator::take(std::optional<std::uint32_t> preferred, std::uint32_t limit,
                                               std::uint32_t from) {
  std::uint32_t id = std::max(min_, from);
  if (preferred && *preferred >= min_ && !taken(*preferred) && *preferred <= max_ && *preferred < limit) {
    id = *preferred;
  } else {
    for (auto used = std::lower_bound(taken_.begin(), taken_.end(), id); used != taken_.end() && *used == id;
         ++used) {
      ++id;
    }
    if (id > max_ || id >= limit) return std::nullopt;
  }
  taken_.insert(std::lower_bound(taken_.begin(), taken_.end(), id), id);
  return id;
}

void IdAllocator::give_back(std::uint32_t id) {
  taken_.erase(std::remove(taken_.begin(), taken_.end(), id), taken_.end());
}

bool IdAllocator::taken(std::uint32_t id) const {
  return std::binary_search(taken_.begin(), taken_.end(), id);
}

}  // namespace svasim::host
