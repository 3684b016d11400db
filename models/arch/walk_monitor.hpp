// Analysis ports of walks and of the page-walk cache: who wants to watch (a scoreboard, coverage, a log)
// subscribes a WalkMonitor and is told what happens, when, and for whose walk. Nobody there costs one branch.
//
// Contract: a monitor only watches. It is called while the model is at work: it must not call back into it,
// keeps no reference to a message, and outlives what it watches. Monitors are called in the order of their
// subscription.
#pragma once

#include <cstdint>
#include <vector>

#include "models/arch/walk_cache.hpp"

namespace svasim::arch {

class TableWalk;
namespace dti {
struct Upstream;
}

/// When, and whose.
struct WalkStamp {
  std::uint64_t time = 0;         ///< picoseconds
  std::uint64_t walk = 0;         ///< walks count from 1; 0: of no walk
  std::uint64_t transaction = 0;  ///< whose walk it is; 0: of none that is recorded, as a prefetch
};

class WalkMonitor {
 public:
  virtual ~WalkMonitor() = default;
  virtual void walk_begins(const WalkStamp&, const dti::Upstream&) {}
  /// With its result or fault. Those merged behind it end with it and have no walk of their own.
  virtual void walk_ends(const WalkStamp&, const TableWalk&) {}
  // The page-walk cache: inputs at the edge that takes them, responses at the edge they come out.
  virtual void request(const WalkStamp&, const WalkCacheLookup&) {}
  virtual void response(const WalkStamp&, const WalkCacheResponse&) {}
  virtual void fill(const WalkStamp&, const WalkCacheEntry&) {}
  virtual void invalidate(const WalkStamp&, const WalkCacheInvalidate&) {}
};

/// The publishing side.
class WalkMonitors {
 public:
  void subscribe(WalkMonitor& monitor) { monitors_.push_back(&monitor); }
  bool any() const { return !monitors_.empty(); }

  /// publish(&WalkMonitor::fill, stamp, entry)
  template <class Message>
  void publish(void (WalkMonitor::*port)(const WalkStamp&, const Message&), const WalkStamp& stamp,
               const Message& message) const {
    for (WalkMonitor* const monitor : monitors_) (monitor->*port)(stamp, message);
  }

 private:
  std::vector<WalkMonitor*> monitors_;
};

}  // namespace svasim::arch
