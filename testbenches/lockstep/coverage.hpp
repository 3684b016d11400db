// Functional coverage of the page-walk cache's bench: named bins, filled from what goes in and comes out at
// each edge. A group is a cross of what its name says; a bin that a geometry cannot reach does not exist for
// it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "models/arch/walk_cache.hpp"

namespace svasim::lockstep {

class Coverage {
 public:
  explicit Coverage(const arch::WalkCacheGeometry& geometry);

  /// One edge: its inputs, the outputs before it and after it.
  void edge(const arch::WalkCacheInputs& in, const arch::WalkCacheOutputs& before,
            const arch::WalkCacheOutputs& after);

  std::size_t bins() const { return names_.size(); }
  std::size_t hit() const;
  std::vector<std::string> holes() const;
  /// One line a bin: its name, a space, its count. What scripts/coverage merges.
  void write(std::ostream& os) const;

 private:
  using Bin = std::size_t;
  struct Lookup {
    std::uint64_t due = 0;
    arch::WalkCacheKey key;
  };

  Bin bin(const std::string& name);
  void count(const std::string& name);
  bool keeps(arch::WalkCacheWorld world, unsigned level) const;
  void define_all();
  void cover_lookups(const arch::WalkCacheInputs& in, const arch::WalkCacheOutputs& after, bool looking);
  void cover_fill(const arch::WalkCacheInputs& in);
  void cover_invalidation(const arch::WalkCacheInvalidate& request);
  void cover_hazards(const arch::WalkCacheInputs& in, bool looking, bool filling, bool invalidating);
  void cover_counters(const arch::WalkCacheOutputs& before, const arch::WalkCacheOutputs& after);

  arch::WalkCacheGeometry geometry_;
  std::uint32_t most_sets_ = 1;
  std::map<std::string, Bin> index_;
  std::vector<std::string> names_;
  std::vector<std::uint64_t> counts_;
  std::uint64_t now_ = 0;
  std::vector<Lookup> in_flight_;
  bool looked_before_ = false, was_busy_ = false;
};

}  // namespace svasim::lockstep
