// What a page-walk cache may and must answer, from the seam's words alone and without knowing how it is
// built.
//
// The oracle remembers every entry filled and not invalidated since. A hit must be one of them, with the
// content last filled, at the deepest level that could not have been evicted: a set that never held more
// entries than ways has lost none, and in any set the newest is still there. An entry filled with an injected
// error takes a place and is never an answer. It also checks when answers come, and how long an invalidation
// holds the readies.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "models/arch/walk_cache.hpp"

namespace svasim::lockstep {

/// The cache gave an answer that no correct cache gives.
class OracleViolation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Oracle {
 public:
  explicit Oracle(const arch::WalkCacheGeometry& geometry);

  /// One edge: its inputs, the outputs before it and after it. Throws OracleViolation.
  void edge(const arch::WalkCacheInputs& in, const arch::WalkCacheOutputs& before,
            const arch::WalkCacheOutputs& after);

  /// What has happened so far: a run in which something never did proves nothing about it.
  struct Seen {
    std::uint64_t lookups = 0, misses = 0, errors = 0;
    std::array<std::array<std::uint64_t, arch::kWalkLevels>, 2> hits{};  ///< by stage and level
    std::array<std::uint64_t, 5> scopes{};
    std::uint64_t undefined_scopes = 0, leaf_only = 0, ranges = 0;
    std::uint64_t overflows = 0, replaced = 0, covered_fills = 0, flips = 0;
    std::uint64_t lookups_beside_invalidations = 0, lookups_beside_fills = 0;
    std::uint64_t waits = 0, quiet = 0;
  };
  const Seen& seen() const { return seen_; }

 private:
  struct Live {
    arch::WalkCacheEntry entry;
    std::uint64_t serial = 0;
  };
  struct Set {
    std::uint64_t live = 0;
    std::uint64_t poisoned = 0;  ///< filled with an error: still there, for all the oracle knows
    std::uint64_t newest = 0;
    bool overflowed = false;
  };
  /// World, granule, level, VMID, the part of the page number.
  using Path = std::tuple<arch::WalkCacheWorld, arch::Granule, unsigned, std::uint16_t, std::uint64_t>;
  struct Expected {
    std::uint64_t due = 0;
    std::uint8_t id = 0;
    std::vector<arch::WalkCacheEntry> allowed;  ///< hits that are right, deepest first
    bool may_miss = true;
    bool may_err = false;
  };

  static std::uint64_t part(const arch::WalkCacheKey& key, unsigned level);
  Path path_of(const arch::WalkCacheKey& key, unsigned level) const;
  std::uint64_t sets_of(const arch::WalkCacheEntry& entry) const;
  std::uint64_t ways_of(const arch::WalkCacheEntry& entry) const;
  Set& set_of(const arch::WalkCacheEntry& entry);
  void remove(std::vector<Live>& entries, std::size_t index);
  static bool in_range(const arch::WalkCacheInvalidate& request, const arch::WalkCacheEntry& entry);
  static bool covers(const arch::WalkCacheInvalidate& request, const arch::WalkCacheEntry& entry);
  static bool is_everything(const arch::WalkCacheInvalidate& request);
  std::uint64_t steps(const arch::WalkCacheInvalidate& request) const;
  void fill(const arch::WalkCacheEntry& entry, const arch::WalkCacheFlip& flip);
  void invalidate(const arch::WalkCacheInvalidate& request);
  void count(const arch::WalkCacheInvalidate& request);
  Expected expect(const arch::WalkCacheLookup& lookup);
  void check_readies(const arch::WalkCacheOutputs& after) const;
  void check_response(const arch::WalkCacheOutputs& after);

  arch::WalkCacheGeometry geometry_;
  std::uint64_t most_sets_ = 1;
  std::map<Path, std::vector<Live>> live_;
  std::map<std::tuple<bool, unsigned, std::uint64_t>, Set> sets_;  ///< stage 2, level, number
  std::uint64_t poisoned_ = 0;                                     ///< since everything was last removed
  std::deque<Expected> expected_;
  std::uint64_t now_ = 0, serial_ = 0, ready_at_ = 0;
  Seen seen_;
};

}  // namespace svasim::lockstep
