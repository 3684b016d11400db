// Drives the page-walk cache, whichever implementation is behind the seam: queues lookups, fills and
// invalidations, and clocks the cache only while there is work (quiet means unchanged). Fills and
// invalidations keep their order and go one a cycle; lookups go beside fills, but never ahead of an
// invalidation.
// Time: what is asked at an edge is presented at the next one, whether the cache is awake or not: `inlet` is
// its block's first, so that the cache's edge comes before all that may ask at it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <variant>

#include "models/arch/walk_monitor.hpp"
#include "models/engine/calendar.hpp"
#include "models/engine/ring.hpp"

namespace svasim::smmu {

class WalkCachePort {
 public:
  using Respond = std::function<void(std::uint16_t slot, const arch::WalkCacheResponse&)>;

  WalkCachePort(engine::Calendar& calendar, engine::Clock clock, engine::Inlet inlet,
                std::unique_ptr<arch::WalkCache> cache, const arch::WalkMonitors& monitors, Respond respond)
      : calendar_(calendar),
        clock_(clock),
        inlet_(inlet),
        cache_(std::move(cache)),
        monitors_(monitors),
        respond_(std::move(respond)) {}

  /// `slot` comes back with the response. `whose` is for monitors.
  void lookup(std::uint16_t slot, const arch::WalkCacheKey& key, const arch::WalkStamp& whose);
  void fill(const arch::WalkCacheEntry& entry, const arch::WalkStamp& whose);
  void invalidate(const arch::WalkCacheInvalidate& invalidate);
  /// Every invalidation asked for so far has taken effect. (It may be busy with lookups all the same.)
  bool settled() const { return invalidations_ == 0 && cache_->outputs().invalidate_ready; }
  /// The command queue waits while false: a range is many invalidations.
  bool accepts_invalidations() const { return invalidations_ < kInvalidations; }
  std::function<void()> on_progress;  ///< called when an invalidation was taken or has settled

  std::uint64_t lookups() const { return lookups_; }
  std::uint64_t hits(unsigned level) const { return hits_[level]; }
  std::uint64_t cycles() const { return cycles_; }  ///< clocked
  std::size_t queue_peak() const { return waiting_.peak(); }
  /// The cache's pins as they stand before its next edge, and what waits for them.
  template <class Visit>
  void signals(Visit&& visit) const;

 private:
  struct Lookup {
    std::uint16_t slot;
    arch::WalkCacheKey key;
    arch::WalkStamp whose;
  };
  static constexpr std::uint32_t kInvalidations = 16;  ///< of one command at the most, and places for them
  struct Update {
    std::variant<std::monostate, arch::WalkCacheEntry, arch::WalkCacheInvalidate> what;
    arch::WalkStamp whose;
  };

  /// The inputs before the next edge; those of a channel that is not valid stay as they are.
  void present(arch::WalkCacheInputs& in) const;
  void wake();
  void tick(std::uint64_t);
  template <class Message>
  void tell(void (arch::WalkMonitor::*port)(const arch::WalkStamp&, const Message&), arch::WalkStamp whose,
            const Message& message) const {
    whose.time = calendar_.now();
    monitors_.publish(port, whose, message);
  }

  engine::Calendar& calendar_;
  engine::Clock clock_;
  engine::Inlet inlet_;
  std::unique_ptr<arch::WalkCache> cache_;
  const arch::WalkMonitors& monitors_;
  Respond respond_;
  engine::Ring<Lookup> waiting_;
  engine::Ring<Lookup> in_flight_;  ///< accepted; answers come in order
  engine::Ring<Update> updates_;
  arch::WalkCacheInputs inputs_;
  bool ticking_ = false;
  bool lookup_presented_ = false;    ///< and not taken yet
  std::uint32_t invalidations_ = 0;  ///< in updates_
  bool unsettled_ = false;           ///< an invalidation since on_progress said settled
  std::uint64_t lookups_ = 0;
  std::uint64_t cycles_ = 0;
  std::array<std::uint64_t, arch::kWalkLevels> hits_{};
};

template <class Visit>
void WalkCachePort::signals(Visit&& visit) const {
  arch::WalkCacheInputs in = inputs_;
  present(in);
  const arch::WalkCacheOutputs& out = cache_->outputs();
  visit("lookup_valid_i", 1, in.lookup_valid);
  visit("lookup_ready_o", 1, out.lookup_ready);
  visit("lookup_id_i", 8, in.lookup.id);
  visit("lookup_vpn_i", 44, in.lookup.key.vpn);
  visit("lookup_asid_i", 16, in.lookup.key.asid);
  visit("lookup_vmid_i", 16, in.lookup.key.vmid);
  visit("lookup_world_i", 2, raw(in.lookup.key.world));
  visit("response_valid_o", 1, out.response_valid);
  visit("response_id_o", 8, out.response.id);
  visit("response_hit_o", 1, out.response.hit);
  visit("response_level_o", 2, out.response.level);
  visit("response_leaf_o", 1, out.response.leaf);
  visit("response_descriptor_o", 64, out.response.descriptor);
  visit("fill_valid_i", 1, in.fill_valid);
  visit("fill_ready_o", 1, out.fill_ready);
  visit("fill_vpn_i", 44, in.fill.key.vpn);
  visit("fill_level_i", 2, in.fill.level);
  visit("fill_leaf_i", 1, in.fill.leaf);
  visit("fill_descriptor_i", 64, in.fill.descriptor);
  visit("invalidate_valid_i", 1, in.invalidate_valid);
  visit("invalidate_ready_o", 1, out.invalidate_ready);
  visit("invalidate_scope_i", 3, raw(in.invalidate.scope));
  visit("invalidate_vpn_i", 44, in.invalidate.key.vpn);
  visit("invalidate_asid_i", 16, in.invalidate.key.asid);
  visit("busy_o", 1, out.busy);
  visit("lookups_waiting", 16, waiting_.size());
  visit("updates_waiting", 16, updates_.size());
}

}  // namespace svasim::smmu
