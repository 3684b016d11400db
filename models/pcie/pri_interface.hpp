// The Page Request Interface of a function: its groups, its credits and its capability registers. A value: no
// time.
//
// Contract: a group's index is not used again before it is answered; never more pages asked for than
// allocated, and never more allocated than the capacity. After a Response Failure nothing is asked for until
// software disables and enables the interface. Source rule: PCIe Base, PRI; pci_capability.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "models/arch/pci_capability.hpp"
#include "models/arch/types.hpp"
#include "models/engine/ring.hpp"
#include "models/pcie/index_pool.hpp"

namespace svasim::pcie {

class PriInterface {
 public:
  static constexpr unsigned kGroups = 512;
  struct Group {
    std::uint32_t first = kNone;  ///< its misses; none if they were given up
    unsigned pages = 0;           ///< page requests to be answered; 0: the index is free
    arch::SubstreamId pasid;
  };

  PriInterface(unsigned capacity, bool response_pasid);

  bool may_request() const { return enabled_ && !failed_; }
  /// Pages that may be asked for now, in one group.
  unsigned room() const {
    return !may_request() || free_.empty() || outstanding_ >= allocation_ ? 0 : allocation_ - outstanding_;
  }
  /// A free index; room() is not 0.
  std::uint16_t open(const Group& group);
  Group& operator[](std::uint16_t index) { return groups_[index]; }
  std::array<Group, kGroups>& groups() { return groups_; }
  /// The group of a response, whose index is free from now on. False, and UPRGI: there is none, or its PASID
  /// is missing.
  bool close(std::uint16_t index, arch::SubstreamId pasid, bool failure, Group& group);
  /// Response Failure came.
  bool failed() const { return failed_; }
  void fail() { failed_ = response_failure_ = true; }

  /// As software sees them: control and status in one word.
  std::uint32_t control() const;
  /// Enable, and status bits to be cleared; a reset is the endpoint's.
  void write_control(std::uint32_t value);
  std::uint32_t capacity() const { return capacity_; }
  std::uint32_t allocation() const { return allocation_; }
  void allocate(std::uint32_t pages) { allocation_ = std::min(pages, capacity_); }
  bool enabled() const { return enabled_; }
  /// Forgets what is outstanding.
  void reset();

 private:
  std::uint32_t capacity_;
  std::uint32_t allocation_ = 0;
  bool response_pasid_;
  bool enabled_ = false;
  bool failed_ = false;            ///< since the last enabling
  bool response_failure_ = false;  ///< RF
  bool unexpected_index_ = false;  ///< UPRGI
  std::uint32_t outstanding_ = 0;  ///< pages
  std::array<Group, kGroups> groups_;
  engine::Ring<std::uint16_t> free_;
};

}  // namespace svasim::pcie
