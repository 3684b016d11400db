// A page-walk cache whose traffic can be watched, for benches that clock one without an SMMU around it.
// Contract: behaves as its cache. Stamps have the time of the edge, the first at 0, and no walk.
#pragma once

#include <memory>
#include <utility>

#include "models/arch/walk_monitor.hpp"

namespace svasim::bridges {

class MonitoredWalkCache final : public arch::WalkCache {
 public:
  /// `period` of its clock, in picoseconds.
  explicit MonitoredWalkCache(std::unique_ptr<arch::WalkCache> cache, std::uint64_t period = 1000)
      : cache_(std::move(cache)), period_(period) {}

  void subscribe(arch::WalkMonitor& monitor) { monitors_.subscribe(monitor); }

  const arch::WalkCacheOutputs& cycle(const arch::WalkCacheInputs& in) override {
    if (monitors_.any()) publish_inputs(in);
    const arch::WalkCacheOutputs& after = cache_->cycle(in);
    if (monitors_.any() && after.response_valid) {
      monitors_.publish(&arch::WalkMonitor::response, stamp_, after.response);
    }
    stamp_.time += period_;
    return after;
  }
  const arch::WalkCacheOutputs& outputs() const override { return cache_->outputs(); }

 private:
  void publish_inputs(const arch::WalkCacheInputs& in) const {
    using arch::WalkMonitor;
    const arch::WalkCacheOutputs& before = cache_->outputs();
    if (in.lookup_valid && before.lookup_ready) monitors_.publish(&WalkMonitor::request, stamp_, in.lookup);
    if (in.fill_valid && before.fill_ready) monitors_.publish(&WalkMonitor::fill, stamp_, in.fill);
    if (in.invalidate_valid && before.invalidate_ready)
      monitors_.publish(&WalkMonitor::invalidate, stamp_, in.invalidate);
  }

  std::unique_ptr<arch::WalkCache> cache_;
  const std::uint64_t period_;
  arch::WalkMonitors monitors_;
  arch::WalkStamp stamp_;
};

}  // namespace svasim::bridges
