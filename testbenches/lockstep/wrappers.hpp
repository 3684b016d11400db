// Caches around a cache: one that skips quiet cycles, and one with a planted bug that the bench must find.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/arch/walk_cache.hpp"

namespace svasim::lockstep {

/// Clocks its cache only when the seam says it must: busy, or an input is valid.
class GatedWalkCache final : public arch::WalkCache {
 public:
  explicit GatedWalkCache(std::unique_ptr<arch::WalkCache> cache) : cache_(std::move(cache)) {}
  const arch::WalkCacheOutputs& cycle(const arch::WalkCacheInputs& in) override {
    const bool quiet = !cache_->outputs().busy && !in.lookup_valid && !in.fill_valid && !in.invalidate_valid;
    return quiet ? cache_->outputs() : cache_->cycle(in);
  }
  const arch::WalkCacheOutputs& outputs() const override { return cache_->outputs(); }

 private:
  std::unique_ptr<arch::WalkCache> cache_;
};

/// The bugs a page-walk cache may have. Each strikes now and then, not at once.
inline const std::vector<std::string> kBugs = {
    "descriptor_bit",     // one bit of an answer wrong
    "wrong_id",           // an answer for somebody else
    "shallow_level",      // a hit reported one level up
    "false_miss",         // forgets a hit
    "lost_invalidation",  // an invalidation by VA does nothing
    "lost_fill",          // a fill does nothing
    "table_survives",     // every invalidation by VA is leaf-only
    "asid_leak",          // a fill becomes global
    "early_ready",        // ready during a scan
    "not_busy",           // asleep with an answer under way
};

class FaultyWalkCache final : public arch::WalkCache {
 public:
  FaultyWalkCache(std::unique_ptr<arch::WalkCache> cache, std::string bug)
      : cache_(std::move(cache)), bug_(std::move(bug)) {}

  const arch::WalkCacheOutputs& cycle(const arch::WalkCacheInputs& in) override {
    arch::WalkCacheInputs seen = in;
    const bool by_va = in.invalidate_valid && in.invalidate.scope >= arch::WalkCacheScope::va;
    if (bug_ == "lost_invalidation" && by_va && strikes()) seen.invalidate_valid = false;
    if (bug_ == "table_survives" && by_va) seen.invalidate.leaf_only = true;
    if (bug_ == "lost_fill" && in.fill_valid && strikes()) seen.fill_valid = false;
    if (bug_ == "asid_leak" && in.fill_valid && strikes()) seen.fill.global = true;
    out_ = cache_->cycle(seen);
    const bool hit = out_.response_valid && out_.response.hit;
    if (bug_ == "descriptor_bit" && hit && strikes()) out_.response.descriptor ^= 1u << 12;
    if (bug_ == "wrong_id" && hit && strikes()) out_.response.id ^= 1u;
    if (bug_ == "shallow_level" && hit && out_.response.level > 0 && strikes()) --out_.response.level;
    if (bug_ == "false_miss" && hit && strikes()) out_.response = {out_.response.id};
    if (bug_ == "early_ready" && !out_.fill_ready && strikes()) out_.fill_ready = true;
    if (bug_ == "not_busy" && out_.busy && strikes()) out_.busy = false;
    return out_;
  }
  const arch::WalkCacheOutputs& outputs() const override { return out_; }

 private:
  bool strikes() { return ++chances_ % 64 == 0; }

  std::unique_ptr<arch::WalkCache> cache_;
  std::string bug_;
  std::uint64_t chances_ = 0;
  arch::WalkCacheOutputs out_;
};

}  // namespace svasim::lockstep
