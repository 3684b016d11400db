// An example of a monitor: a scoreboard of walks and of the page-walk cache's traffic, for a whole SMMU or
// for a cache alone. It knows no implementation, only what any must do. What is wrong is kept in words.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "models/arch/dti.hpp"
#include "models/arch/table_walk.hpp"
#include "models/arch/walk_monitor.hpp"

namespace svasim::lockstep {

class WalkScoreboard final : public arch::WalkMonitor {
 public:
  struct Seen {
    std::uint64_t begun = 0, done = 0, faulted = 0, requests = 0, responses = 0, hits = 0, fills = 0,
                  invalidations = 0;
  };

  /// `period` of the cache's clock.
  explicit WalkScoreboard(std::uint64_t period) : period_(period) {}

  const Seen& seen() const { return seen_; }
  /// What was wrong, the first things first; at the end of a run call finish() before.
  const std::vector<std::string>& wrong() const { return wrong_; }
  void finish() {
    for (const auto& [walk, begin] : open_) complain("walk " + std::to_string(walk) + " never ended");
    if (!asked_.empty()) complain(std::to_string(asked_.size()) + " requests without response");
  }

  void walk_begins(const arch::WalkStamp& stamp, const arch::dti::Upstream&) override {
    ++seen_.begun;
    if (stamp.walk <= last_walk_) complain("a second walk " + std::to_string(stamp.walk));
    last_walk_ = stamp.walk;
    open_[stamp.walk] = stamp;
  }

  void walk_ends(const arch::WalkStamp& stamp, const arch::TableWalk& walk) override {
    const auto begin = open_.find(stamp.walk);
    if (begin == open_.end()) {
      complain("walk " + std::to_string(stamp.walk) + " ends without having begun");
      return;
    }
    if (begin->second.transaction != stamp.transaction)
      complain("walk " + std::to_string(stamp.walk) + " ends as another transaction's");
    ++(walk.status() == arch::TableWalk::Status::done ? seen_.done : seen_.faulted);
    for (const Asked& asked : asked_) {
      if (asked.walk == stamp.walk)
        complain("walk " + std::to_string(stamp.walk) + " ends, its lookup does not");
    }
    open_.erase(begin);
  }

  void request(const arch::WalkStamp& stamp, const arch::WalkCacheLookup& lookup) override {
    ++seen_.requests;
    if (stamp.walk != 0 && open_.count(stamp.walk) == 0) complain("a lookup of no open walk");
    asked_.push_back({stamp.walk, stamp.time, lookup});
  }

  /// Answers come in order, two cycles after their requests, and a hit is something that was filled.
  void response(const arch::WalkStamp& stamp, const arch::WalkCacheResponse& response) override {
    ++seen_.responses;
    if (asked_.empty()) {
      complain("a response to nothing");
      return;
    }
    const Asked asked = asked_.front();
    asked_.pop_front();
    if (asked.lookup.id != response.id || asked.walk != stamp.walk) complain("a response for somebody else");
    if (stamp.time != asked.time + 2 * period_) complain("a response at another time than two cycles later");
    if (!response.hit) return;
    ++seen_.hits;
    if (filled_.count({response.level, response.descriptor}) == 0) complain("a hit on what was never filled");
  }

  void fill(const arch::WalkStamp&, const arch::WalkCacheEntry& entry) override {
    ++seen_.fills;
    filled_.insert({entry.level, entry.descriptor});
  }

  void invalidate(const arch::WalkStamp&, const arch::WalkCacheInvalidate&) override {
    ++seen_.invalidations;
  }

 private:
  struct Asked {
    std::uint64_t walk = 0, time = 0;
    arch::WalkCacheLookup lookup;
  };
  static constexpr std::size_t kKept = 16;

  void complain(const std::string& what) {
    if (wrong_.size() < kKept) wrong_.push_back(what);
  }

  const std::uint64_t period_;
  std::uint64_t last_walk_ = 0;
  std::map<std::uint64_t, arch::WalkStamp> open_;
  std::deque<Asked> asked_;
  std::set<std::pair<unsigned, std::uint64_t>> filled_;
  Seen seen_;
  std::vector<std::string> wrong_;
};

}  // namespace svasim::lockstep
