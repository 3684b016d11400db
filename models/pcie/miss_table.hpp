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

/// A range that covers what was invalidated, and maybe more.
struct Hull {
  bool any = false;
  std::uint64_t first = 0, last = 0;

  void add(const AtcInvalidation& by) {
    first = any ? std::min(first, by.first()) : by.first();
    last = any ? std::max(last, by.last()) : by.last();
    any = true;
  }
  bool touches(std::uint64_t from, std::uint64_t to) const { return any && from <= last && to >= first; }
};

struct Miss {
  enum class State : std::uint8_t {
    queued,     ///< for a Translation Request to be allowed
    requested,  ///< Translation Request in flight; its tag is the index of the miss
    refused,    ///< no access: waiting to be put into a page request group
    paged,      ///< page request in flight
    reported,   ///< to the driver of a device that handles its own faults
    reissue,    ///< page made present: about to ask again
  };
  bool live = false;
  State state = State::queued;
  AtcTag tag;
  arch::Va page;
  WaitList waiting;
  bool no_write = false;  ///< as requested
  bool execute = false;   ///< as requested
  unsigned attempts = 0;  ///< page requests that were answered Success
  // Invalidations while the request is in flight: an answer that touches one may predate it.
  Hull stale;                         ///< of this PASID
  Hull foreign;                       ///< of others: concerns an answer that is valid for every PASID
  probe::Fault* fault = nullptr;      ///< while paged or reported
  std::uint32_t same_bucket = kNone;  ///< next of the hash table's list
  std::uint32_t same_group = kNone;   ///< next page of the page request group
};

class MissTable {
 public:
  std::uint32_t find(AtcTag tag, arch::Va page) const {
    std::uint32_t index = buckets_[bucket(tag, page)];
    while (index != kNone && !(misses_[index].page == page && misses_[index].tag == tag)) {
      index = misses_[index].same_bucket;
    }
    return index;
  }
  /// A new miss; there is none of that page.
  std::uint32_t add(AtcTag tag, arch::Va page) {
    if (misses_.in_use() >= buckets_.size()) grow();
    const std::uint32_t index = misses_.take();
    misses_[index].tag = tag;
    misses_[index].page = page;
    link(index);
    return index;
  }
  void remove(std::uint32_t index) {
    std::uint32_t* place = &buckets_[bucket(misses_[index].tag, misses_[index].page)];
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
  std::size_t bucket(AtcTag tag, arch::Va page) const {
    const std::uint64_t key = (page.value >> arch::kPageShift) ^ (std::uint64_t{tag.pasid.value} << 40);
    return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15u) >> 32) & (buckets_.size() - 1);
  }
  void link(std::uint32_t index) {
    std::uint32_t& first = buckets_[bucket(misses_[index].tag, misses_[index].page)];
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
