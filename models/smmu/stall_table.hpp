// Stalled transactions: translations that faulted and are parked until CMD_RESUME or CMD_STALL_TERM names
// them. Each has an STAG, which nobody else gets until then; requests for the same page that come meanwhile
// are parked behind it and need no record of their own (SMMUv3, fault models, duplicate suppression). While
// the event queue cannot take its record, software does not know the STAG, and the record may yet be replaced
// by a retry.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "models/arch/dti.hpp"
#include "models/arch/event.hpp"
#include "models/probe/recorder.hpp"

namespace svasim::smmu {

/// What is asked of the translator.
enum class Goal : std::uint8_t {
  translation,
  stream,           ///< only the STE, for the answer to a page request
  prefetch_config,  ///< STE and CD into the caches, a hint: nothing is recorded, updated or answered
  prefetch_page,    ///< and the walk to an address
};

/// A translation request and the DTI port to answer.
struct Pending {
  arch::dti::Upstream request;
  std::uint8_t port = 0;
  Goal goal = Goal::translation;
  std::uint64_t epoch = 0;  ///< invalidations before its translation began; set by the translator
};

/// One translation, granted or refused, answers both.
inline bool same_translation(const arch::dti::Upstream& a, const arch::dti::Upstream& b) {
  return a.stream == b.stream && a.substream == b.substream && a.flow == b.flow &&
         a.address_type == b.address_type &&
         a.va.aligned(arch::kPageShift) == b.va.aligned(arch::kPageShift) &&
         a.access.write == b.access.write && a.access.instruction == b.access.instruction &&
         a.access.privileged == b.access.privileged;
}

struct Stalled {
  bool live = false;
  bool recorded = false;  ///< the event queue has taken the record
  std::uint16_t stag = 0;
  std::uint64_t serial = 0;  ///< tells the stalls that have had this STAG apart
  arch::Event event;
  probe::Fault* fault = nullptr;  ///< instrumentation
  std::vector<Pending> requests;  ///< the first one is what the record says

  bool covers(const arch::dti::Upstream& request) const {
    return same_translation(requests.front().request, request);
  }
};

class StallTable {
 public:
  explicit StallTable(unsigned size) : entries_(size) {
    for (unsigned i = size; i > 0; --i) free_.push_back(static_cast<std::uint16_t>(i - 1));
  }

  bool full() const { return free_.empty(); }
  std::size_t live() const { return entries_.size() - free_.size(); }
  std::size_t peak() const { return peak_; }

  /// Parks `pending` under a free STAG; the table must not be full.
  Stalled& park(const Pending& pending) {
    Stalled& entry = entries_[free_.back()];
    entry.stag = free_.back();
    free_.pop_back();
    entry.live = true;
    entry.recorded = false;
    entry.serial = ++serial_;
    entry.fault = nullptr;
    entry.requests.assign(1, pending);
    peak_ = std::max(peak_, live());
    return entry;
  }

  /// The entry for the page of `request`, or null.
  Stalled* find(const arch::dti::Upstream& request) {
    if (live() == 0) return nullptr;
    for (Stalled& entry : entries_) {
      if (entry.live && entry.covers(request)) return &entry;
    }
    return nullptr;
  }
  /// The entry that software names by (StreamID, STAG), or null.
  Stalled* find(arch::StreamId stream, std::uint16_t stag) {
    if (stag >= entries_.size()) return nullptr;
    Stalled& entry = entries_[stag];
    return entry.live && entry.recorded && entry.requests.front().request.stream == stream ? &entry : nullptr;
  }
  /// The entry that a record names, or null if its stall is over.
  Stalled* find(std::uint16_t stag, std::uint64_t serial) {
    Stalled& entry = entries_[stag];
    return entry.live && entry.serial == serial ? &entry : nullptr;
  }

  /// The STAG may be used again.
  void release(Stalled& entry) {
    entry.live = false;
    entry.requests.clear();
    free_.push_back(entry.stag);
  }

  template <class Visit>
  void for_each_live(Visit&& visit) {
    for (Stalled& entry : entries_) {
      if (entry.live) visit(entry);
    }
  }

 private:
  std::vector<Stalled> entries_;
  std::vector<std::uint16_t> free_;
  std::uint64_t serial_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace svasim::smmu
