// The pages a function is waiting for, each with the accesses that wait: one Translation Request, and one
// page request, at a time for a page.
//
// Contract: a miss lives as long as an access waits for it, so there are never more than outstanding
// accesses.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "models/pcie/atc.hpp"
#include "models/pcie/index_pool.hpp"
#include "models/probe/recorder.hpp"

namespace svasim::pcie {

/// Accesses in order of arrival, linked through Access::next.
struct WaitList {
  std::uint32_t first = kNone;
  std::uint32_t last = kNone;
};

struct Miss {
  enum class State : std::uint8_t {
    queued,     ///< for a Translation Request to be allowed
    requested,  ///< Translation Request in flight; its tag is the index of the miss
    refused,    ///< no access: waiting to be put into a page request group
    paged,      ///< page request in flight
    reissue,    ///< page made present: about to ask again
  };
  bool live = false;
  State state = State::queued;
  arch::SubstreamId pasid;
  arch::Va page;
  WaitList waiting;
  bool no_write = false;  ///< as requested
  bool stale = false;     ///< an invalidation of [stale_first, stale_last] came while in flight
  std::uint64_t stale_first = 0;
  std::uint64_t stale_last = 0;
  probe::Fault* fault = nullptr;      ///< while paged
  std::uint32_t same_bucket = kNone;  ///< next of the hash table's list
  std::uint32_t same_group = kNone;   ///< next page of the page request group

  /// The hull of all invalidations while in flight: an answer that touches it may predate one.
  void invalidated(const AtcInvalidation& by) {
    stale_first = stale ? std::min(stale_first, by.first()) : by.first();
    stale_last = stale ? std::max(stale_last, by.last()) : by.last();
    stale = true;
  }
};

class MissTable {
 public:
  std::uint32_t find(arch::SubstreamId pasid, arch::Va page) const {
    std::uint32_t index = buckets_[bucket(pasid, page)];
    while (index != kNone && !(misses_[index].page == page && misses_[index].pasid == pasid)) {
      index = misses_[index].same_bucket;
    }
    return index;
  }
  /// A new miss; there is none of that page.
  std::uint32_t add(arch::SubstreamId pasid, arch::Va page) {
    if (misses_.in_use() >= buckets_.size()) grow();
    const std::uint32_t index = misses_.take();
    misses_[index].pasid = pasid;
    misses_[index].page = page;
    link(index);
    return index;
  }
  void remove(std::uint32_t index) {
    std::uint32_t* place = &buckets_[bucket(misses_[index].pasid, misses_[index].page)];
    while (*place != index) place = &misses_[*place].same_bucket;
    *place = misses_[index].same_bucket;
    misses_.free(index);
  }
  bool live(std::uint32_t index) const { return misses_.live(index); }
  Miss& operator[](std::uint32_t index) { return misses_[index]; }
  template <class Visitor>
  void for_each(Visitor&& visit) {
    misses_.for_each(visit);
  }

 private:
  std::size_t bucket(arch::SubstreamId pasid, arch::Va page) const {
    const std::uint64_t key = (page.value >> arch::kPageShift) ^ (std::uint64_t{pasid.value} << 40);
    return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15u) >> 32) & (buckets_.size() - 1);
  }
  void link(std::uint32_t index) {
    std::uint32_t& first = buckets_[bucket(misses_[index].pasid, misses_[index].page)];
    misses_[index].same_bucket = first;
    first = index;
  }
  void grow() {
    buckets_.assign(2 * buckets_.size(), kNone);
    misses_.for_each([this](std::uint32_t index, Miss&) { link(index); });
  }

  IndexPool<Miss> misses_;
  std::vector<std::uint32_t> buckets_ = std::vector<std::uint32_t>(64, kNone);  ///< a power of two
};

}  // namespace svasim::pcie
