// What an endpoint is made of, and no behaviour: an outstanding access, and what it counts.
#pragma once

#include <cstdint>

#include "models/arch/types.hpp"
#include "models/pcie/index_pool.hpp"
#include "models/probe/recorder.hpp"

namespace svasim::pcie {

/// One outstanding access of the window; its index is the tag of its read.
struct Access {
  bool live = false;
  bool write = false;
  bool execute = false;  ///< a read that fetches
  bool privileged = false;
  bool granted = false;     ///< may be sent
  bool translated = false;  ///< uses a translation: an invalidation waits for it
  bool no_snoop = false;    ///< as its translation says
  bool global = false;      ///< its translation is every PASID's
  bool refused = false;     ///< its translation failed, and it was looked up again since
  bool held = false;        ///< has a place among the faulted accesses
  arch::AddressType type = arch::AddressType::untranslated;
  arch::SubstreamId pasid;
  arch::Va va;
  std::uint32_t size = 0;
  std::uint64_t address = 0;        ///< to be sent
  std::uint32_t invalidations = 0;  ///< ITags, one bit each, that wait for it
  std::uint32_t next = kNone;       ///< in the wait list of a miss
  probe::Transaction* transaction = nullptr;
};

struct EndpointCounts {
  std::uint64_t lookups = 0, hits = 0, invalidated = 0, invalidations = 0, completions = 0;
  std::uint64_t merged = 0, refused = 0, errors = 0, stale = 0;
  std::uint64_t groups = 0, successes = 0, invalids = 0, failures = 0;
  std::uint64_t given_up = 0, parked = 0;
  std::uint64_t stop_markers = 0, stopped = 0, too_wide = 0;
  std::uint64_t downgraded = 0;  ///< accesses that could not say that they fetch, or are privileged
  std::uint64_t unexpected_responses = 0, unexpected = 0;

  template <class F>
  void visit(F&& f) const {
    f("atc_lookups", lookups);
    f("atc_hits", hits);
    f("atc_invalidations", invalidations);
    f("atc_invalidated", invalidated);
    f("atc_completions", completions);
    f("ats_merged", merged);
    f("ats_refused", refused);
    f("ats_errors", errors);
    f("ats_stale", stale);
    f("pri_groups", groups);
    f("pri_success", successes);
    f("pri_invalid", invalids);
    f("pri_failure", failures);
    f("pri_unexpected", unexpected_responses);
    f("pri_given_up", given_up);
    f("pri_parked", parked);
    f("pri_stop_markers", stop_markers);
    f("pasid_stopped", stopped);
    f("pasid_too_wide", too_wide);
    f("pasid_downgraded", downgraded);
    f("unexpected_messages", unexpected);
  }
};

}  // namespace svasim::pcie
