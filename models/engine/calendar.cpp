// See calendar.hpp.
#include "models/engine/calendar.hpp"

#include <algorithm>

namespace svasim::engine {
namespace {

/// A bijection on 16 bits that depends on the seed; the identity for seed 0. The odd factor has high bits set
/// for small seeds too, so that the few blocks of a machine do change places.
std::uint16_t permute(std::uint16_t block, std::uint32_t seed) {
  if (seed == 0) return block;
  const std::uint32_t mixed = seed * 0x9E37'79B1u;
  return static_cast<std::uint16_t>((block ^ (mixed & 0xFFFF)) * (mixed >> 16 | 1));
}

}  // namespace

Calendar::Calendar(sc_core::sc_module_name name) : sc_core::sc_module(name) {
  SC_METHOD(run);
  sensitive << wake_;
  dont_initialize();
  buckets_.fill(kNoNode);
}

void Calendar::post(Picoseconds when, Inlet inlet, Handler handler, void* object, std::uint64_t argument) {
  const std::uint64_t block = permute(inlet.block, shuffle_);
  const Entry entry{when, block << 48 | std::uint64_t{inlet.number} << 40 | sequence_++, handler, object,
                    argument};
  ++size_;
  const std::uint64_t bucket = when >> kBucketShift;
  if (bucket <= current_bucket_) {
    insert_current(entry);
  } else if (bucket - current_bucket_ < kBuckets) {
    insert_near(bucket, entry);
  } else {
    far_.push(entry);
  }
  if (!running_ && when < armed_) {
    armed_ = when;
    wake_.notify(sc_core::sc_time::from_value(when - sc_core::sc_time_stamp().value()));
  }
}

void Calendar::insert_current(const Entry& entry) {
  auto place = current_.end();
  while (place != current_.begin() && entry > *(place - 1)) --place;
  current_.insert(place, entry);
}

void Calendar::insert_near(std::uint64_t bucket, const Entry& entry) {
  if (free_node_ == kNoNode) {
    free_node_ = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({{}, kNoNode});
  }
  const std::uint32_t node = free_node_;
  free_node_ = nodes_[node].next;
  nodes_[node] = {entry, buckets_[bucket % kBuckets]};
  buckets_[bucket % kBuckets] = node;
  occupied_[bucket % kBuckets / 64] |= std::uint64_t{1} << (bucket % 64);
}

std::uint64_t Calendar::next_occupied(std::uint64_t from) const {
  // Bucket numbers from..from+kBuckets-1 map onto the ring once; scan it word by word.
  for (std::uint64_t bucket = from; bucket < from + kBuckets;) {
    const std::uint64_t word = occupied_[bucket % kBuckets / 64] >> (bucket % 64);
    if (word != 0) return bucket + static_cast<unsigned>(__builtin_ctzll(word));
    bucket += 64 - bucket % 64;
  }
  return kNever;
}

void Calendar::load(std::uint64_t bucket) {
  current_bucket_ = bucket;
  for (std::uint32_t node = std::exchange(buckets_[bucket % kBuckets], kNoNode); node != kNoNode;) {
    current_.push_back(nodes_[node].entry);
    const std::uint32_t next = std::exchange(nodes_[node].next, free_node_);
    free_node_ = std::exchange(node, next);
  }
  occupied_[bucket % kBuckets / 64] &= ~(std::uint64_t{1} << (bucket % 64));
  while (!far_.empty() && far_.top().when >> kBucketShift <= bucket) {
    current_.push_back(far_.top());
    far_.pop();
  }
  if (current_.size() > 1) std::sort(current_.begin(), current_.end(), std::greater<>());
}

bool Calendar::advance() {
  if (size_ == 0) return false;
  std::uint64_t bucket = next_occupied(current_bucket_ + 1);
  if (!far_.empty()) bucket = std::min(bucket, far_.top().when >> kBucketShift);
  load(bucket);
  return true;
}

template <class Call>
void Calendar::guarded(Call&& call) {
  try {
    call();
  } catch (...) {  // not through the kernel, which would turn it into a report
    failure_ = std::current_exception();
    stopping_ = true;
  }
}

void Calendar::run() {
  running_ = true;
  const Picoseconds since = std::exchange(now_, sc_core::sc_time_stamp().value());
  armed_ = kNever;
  if (now_ > observed_from_ && now_ != since) guarded([&] { observe_(observer_, since); });
  while (!stopping_ && (!current_.empty() || advance())) {
    const Entry entry = current_.back();
    if (entry.when > now_) break;
    current_.pop_back();
    --size_;
    ++events_;
    guarded([&] { entry.handler(entry.object, entry.argument); });
  }
  running_ = false;
  if (!current_.empty() || advance()) {
    armed_ = current_.back().when;
    wake_.notify(sc_core::sc_time::from_value(armed_ - now_));
  }
  if (stopping_) {
    stopping_ = false;
    if (throw_into_kernel_) rethrow();
    sc_core::sc_pause();
  }
}

}  // namespace svasim::engine
