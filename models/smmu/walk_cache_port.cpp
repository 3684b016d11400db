// See walk_cache_port.hpp.
#include "models/smmu/walk_cache_port.hpp"

namespace svasim::smmu {

void WalkCachePort::lookup(std::uint16_t slot, const arch::WalkCacheKey& key, const arch::WalkStamp& whose) {
  waiting_.push_back({slot, key, whose});
  wake();
}

void WalkCachePort::fill(const arch::WalkCacheEntry& entry, const arch::WalkStamp& whose) {
  updates_.push_back({entry, whose});
  wake();
}

void WalkCachePort::invalidate(const arch::WalkCacheInvalidate& invalidate) {
  updates_.push_back({invalidate, {}});
  ++invalidations_;
  unsettled_ = true;
  wake();
}

void WalkCachePort::wake() {
  if (ticking_) return;
  ticking_ = true;
  calendar_.post<&WalkCachePort::tick>(clock_.after(calendar_.now()), inlet_, this);
}

void WalkCachePort::present(arch::WalkCacheInputs& in) const {
  // A channel not ready keeps its input for the next edge.
  const Update none;
  const Update& update = updates_.empty() ? none : updates_.front();
  const auto* entry = std::get_if<arch::WalkCacheEntry>(&update.what);
  const auto* invalidate = std::get_if<arch::WalkCacheInvalidate>(&update.what);
  in.fill_valid = entry != nullptr;
  if (entry != nullptr) in.fill = *entry;
  in.invalidate_valid = invalidate != nullptr;
  if (invalidate != nullptr) in.invalidate = *invalidate;
  // At one edge a lookup comes before an invalidation, so one that came after it waits until it is taken.
  // (What was presented before that one came stays: its translation is older and will not be kept.)
  in.lookup_valid = !waiting_.empty() && (lookup_presented_ || invalidations_ == 0);
  if (in.lookup_valid) {
    in.lookup = {static_cast<std::uint8_t>(waiting_.front().slot), waiting_.front().key};
  }
}

void WalkCachePort::tick(std::uint64_t) {
  present(inputs_);
  const arch::WalkCacheOutputs& before = cache_->outputs();
  const bool lookup_taken = inputs_.lookup_valid && before.lookup_ready;
  lookup_presented_ = inputs_.lookup_valid && !lookup_taken;
  const bool update_taken =
      (inputs_.fill_valid && before.fill_ready) || (inputs_.invalidate_valid && before.invalidate_ready);
  const arch::WalkCacheOutputs& after = cache_->cycle(inputs_);
  ++cycles_;
  if (monitors_.any()) {
    if (lookup_taken) tell(&arch::WalkMonitor::request, waiting_.front().whose, inputs_.lookup);
    if (update_taken && inputs_.fill_valid)
      tell(&arch::WalkMonitor::fill, updates_.front().whose, inputs_.fill);
    if (update_taken && inputs_.invalidate_valid)
      tell(&arch::WalkMonitor::invalidate, updates_.front().whose, inputs_.invalidate);
    if (after.response_valid) tell(&arch::WalkMonitor::response, in_flight_.front().whose, after.response);
  }
  if (lookup_taken) {
    in_flight_.push_back(waiting_.pop_front());
    ++lookups_;
  }
  const bool invalidated = update_taken && inputs_.invalidate_valid;
  if (invalidated) --invalidations_;
  if (update_taken) updates_.pop_front();
  const bool answered = after.response_valid;
  const arch::WalkCacheResponse response = after.response;
  const bool busy = after.busy || !waiting_.empty() || !updates_.empty();
  ticking_ = busy;
  if (busy) calendar_.post<&WalkCachePort::tick>(clock_.after(calendar_.now()), inlet_, this);
  if (answered) {
    if (response.hit) ++hits_[response.level];
    respond_(in_flight_.pop_front().slot, response);
  }
  const bool settles = unsettled_ && settled();
  if (settles) unsettled_ = false;
  if ((settles || invalidated) && on_progress) on_progress();
}

}  // namespace svasim::smmu
