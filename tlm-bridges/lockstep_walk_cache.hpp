// Two page-walk caches side by side, every output compared at every edge.
//
// Contract: behaves as its second cache (the one under test); the first is the reference. The first
// difference throws LockstepMismatch, whose text names the cycle, the output, both values and the last
// operations in words.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "models/arch/walk_cache.hpp"

namespace svasim::bridges {

class LockstepMismatch : public std::runtime_error {
 public:
  LockstepMismatch(std::uint64_t cycle, std::string field, std::uint64_t expected, std::uint64_t got,
                   const std::string& history);

  const std::uint64_t cycle;     ///< edges before the one that differs
  const std::string field;       ///< the output, as "response.descriptor"
  const std::uint64_t expected;  ///< what the reference says
  const std::uint64_t got;       ///< what the cache under test says
};

class LockstepWalkCache final : public arch::WalkCache {
 public:
  /// Neither may be null, and both must stand in the same state, as after construction.
  LockstepWalkCache(std::unique_ptr<arch::WalkCache> reference, std::unique_ptr<arch::WalkCache> under_test);

  /// Throws LockstepMismatch; the pair is of no use afterwards.
  const arch::WalkCacheOutputs& cycle(const arch::WalkCacheInputs& in) override;
  const arch::WalkCacheOutputs& outputs() const override { return under_test_->outputs(); }

 private:
  struct Operation {
    std::uint64_t cycle = 0;
    arch::WalkCacheInputs in;
    arch::WalkCacheOutputs before;  ///< the outputs the inputs stood beside
  };
  static constexpr std::size_t kHistory = 24;

  void compare() const;
  std::string history() const;

  std::unique_ptr<arch::WalkCache> reference_;
  std::unique_ptr<arch::WalkCache> under_test_;
  std::uint64_t cycle_ = 0;
  std::array<Operation, kHistory> recent_;  ///< a ring of the last edges with an input
  std::uint64_t recorded_ = 0;
};

}  // namespace svasim::bridges
