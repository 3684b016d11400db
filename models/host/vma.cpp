// See vma.hpp.
#include "models/host/vma.hpp"

#include <algorithm>

#include "models/host/frames.hpp"

namespace svasim::host {
namespace {

constexpr std::uint64_t kLast = (std::uint64_t{1} << 48) - 1;

}  // namespace

const Vma* VmaMap::find(std::uint64_t va) const {
  auto next = vmas_.upper_bound(va);
  if (next == vmas_.begin()) return nullptr;
  const Vma& vma = std::prev(next)->second;
  return va <= vma.last ? &vma : nullptr;
}

void VmaMap::split(std::uint64_t at) {
  const Vma* found = find(at);
  if (found == nullptr || found->begin == at) return;
  Vma upper = *found;
  vmas_.at(found->begin).last = at - 1;
  upper.mapping.offset += at - upper.begin;
  upper.begin = upper.mapping.va = at;
  vmas_.emplace(at, upper);
}

void VmaMap::remove(std::uint64_t first, std::uint64_t last) {
  split(first);
  if (last < kLast) split(last + 1);
  vmas_.erase(vmas_.lower_bound(first), vmas_.upper_bound(last));
}

void VmaMap::insert(const Mapping& mapping, bool premapped) {
  const std::uint64_t last = mapping.va + (mapping.bytes - 1);
  remove(mapping.va, last);
  vmas_.emplace(mapping.va, Vma{mapping.va, last, mapping, premapped});
}

bool VmaMap::mapped(std::uint64_t first, std::uint64_t last) const {
  for (std::uint64_t at = first;;) {
    const Vma* vma = find(at);
    if (vma == nullptr) return false;
    if (vma->last >= last) return true;
    at = vma->last + 1;
  }
}

bool VmaMap::cuts_huge_page(std::uint64_t first, std::uint64_t last) const {
  const auto inside = [&](std::uint64_t at) {
    const Vma* vma = find(at);
    return vma != nullptr && vma->mapping.backing == Backing::hugetlb && at % kHugeBytes != 0;
  };
  return inside(first) || (last < kLast && inside(last + 1));
}

bool VmaMap::protect(std::uint64_t first, std::uint64_t last, Protection protection) {
  if (!mapped(first, last)) return false;
  split(first);
  if (last < kLast) split(last + 1);
  for (auto vma = vmas_.lower_bound(first); vma != vmas_.end() && vma->first <= last; ++vma) {
    vma->second.mapping.protection = protection;
  }
  return true;
}

std::vector<Vma> VmaMap::within(std::uint64_t first, std::uint64_t last) const {
  std::vector<Vma> parts;
  auto at = vmas_.upper_bound(first);
  if (at != vmas_.begin()) --at;
  for (; at != vmas_.end() && at->first <= last; ++at) {
    Vma part = at->second;
    if (part.last < first) continue;
    if (part.begin < first) {
      part.mapping.offset += first - part.begin;
      part.begin = part.mapping.va = first;
    }
    part.last = std::min(part.last, last);
    parts.push_back(part);
  }
  return parts;
}

std::uint64_t VmaMap::free_from(std::uint64_t first) const {
  auto next = vmas_.lower_bound(first);
  return next == vmas_.begin() ? 0 : std::prev(next)->second.last + 1;
}

std::uint64_t VmaMap::free_to(std::uint64_t last) const {
  auto next = vmas_.upper_bound(last);
  return next == vmas_.end() ? kLast : next->first - 1;
}

}  // namespace svasim::host
