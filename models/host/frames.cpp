// See frames.hpp.
#include "models/host/frames.hpp"

namespace svasim::host {

std::optional<std::uint64_t> Frames::pop(std::vector<std::uint64_t>& free) {
  if (free.empty()) return std::nullopt;
  const std::uint64_t frame = free.back();
  free.pop_back();
  return frame;
}

std::optional<std::uint64_t> Frames::table() {
  const auto used = pop(tables_);
  return used ? used : fresh();
}

std::optional<std::uint64_t> Frames::page() {
  if (const auto used = pop(pages_)) return used;
  const auto unused = fresh();
  return unused ? unused : pop(tables_);
}

std::optional<std::uint64_t> Frames::block() {
  if (!has_block()) return std::nullopt;
  if (const auto used = pop(blocks_)) return used;
  auto frame = fresh();
  for (; *frame % kHugeBytes != 0; frame = fresh()) tables_.push_back(*frame);
  window_.take(kHugeBytes - arch::kPageSize, arch::kPageSize);
  return frame;
}

std::optional<std::uint64_t> Frames::zero_page() {
  if (!zero_page_) zero_page_ = fresh();
  return zero_page_;
}

bool Frames::drop(std::uint64_t frame) {
  const auto found = extra_users_.find(frame);
  if (found == extra_users_.end()) return true;
  if (--found->second == 0) extra_users_.erase(found);
  return false;
}

void Frames::release_page(std::uint64_t frame) {
  if (frame == zero_page_ || !drop(frame)) return;
  pages_.push_back(frame);
}

void Frames::release_block(std::uint64_t frame) {
  if (split_.count(frame) != 0) {
    for (std::uint64_t i = 0; i < kPagesPerHuge; ++i) release_page(frame + i * arch::kPageSize);
  } else if (drop(frame)) {
    blocks_.push_back(frame);
  }
}

void Frames::split_block(std::uint64_t frame) {
  if (!split_.insert(frame).second) return;
  const auto found = extra_users_.find(frame);
  if (found == extra_users_.end()) return;
  const std::uint32_t users = found->second;
  for (std::uint64_t i = 1; i < kPagesPerHuge; ++i) extra_users_[frame + i * arch::kPageSize] = users;
}

}  // namespace svasim::host
