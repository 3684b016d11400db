// PASIDs: system-wide, one per process. Contract: lowest free first, unless a number is preferred. Source
// rule: Linux iommu-sva; the PCIe PASID is 20 bits, and 0 means none.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace svasim::host {

class IdAllocator {
 public:
  IdAllocator(std::uint32_t min, std::uint32_t max) : min_(min), max_(max) {}

  /// `preferred` if it is in [min, max], below `limit` and free, else the lowest that is and is at least
  /// `from`; none if there is none.
  std::optional<std::uint32_t> take(std::optional<std::uint32_t> preferred, std::uint32_t limit,
                                    std::uint32_t from = 0);
  void give_back(std::uint32_t id);
  bool taken(std::uint32_t id) const;

 private:
  std::uint32_t min_;
  std::uint32_t max_;
  std::vector<std::uint32_t> taken_;  ///< ascending
};

}  // namespace svasim::host
