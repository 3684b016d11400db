// See store.hpp.
#include "models/memory/store.hpp"

#include <algorithm>

namespace svasim::memory {
namespace {

constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << Store::kChunkShift) - 1;

}  // namespace

Store::Chunk* Store::find(std::uint64_t number) const {
  Recent& recent = recent_[number % recent_.size()];
  if (recent.number == number) return recent.chunk;
  const auto found = chunks_.find(number);
  if (found == chunks_.end()) return nullptr;
  recent = {number, found->second.get()};
  return recent.chunk;
}

Store::Chunk& Store::make(std::uint64_t number) {
  if (Chunk* chunk = find(number)) return *chunk;
  auto& chunk = chunks_[number];
  chunk = std::make_unique<Chunk>();
  return *chunk;
}

bool Store::read(std::uint64_t address, void* to, std::uint64_t bytes) const {
  if (!contains(address, bytes)) return false;
  if (backing_ != nullptr) {
    backing_->read(address, to, bytes);
    return true;
  }
  auto* out = static_cast<std::uint8_t*>(to);
  while (bytes != 0) {
    const std::uint64_t offset = address & kOffsetMask;
    const std::uint64_t part = std::min(bytes, kOffsetMask + 1 - offset);
    if (const Chunk* chunk = find(address >> kChunkShift)) {
      std::memcpy(out, chunk->data() + offset, part);
    } else {
      std::memset(out, 0, part);
    }
    address += part, out += part, bytes -= part;
  }
  return true;
}

bool Store::write(std::uint64_t address, const void* from, std::uint64_t bytes) {
  if (!contains(address, bytes)) return false;
  if (backing_ != nullptr) {
    backing_->write(address, from, bytes);
    return true;
  }
  const auto* in = static_cast<const std::uint8_t*>(from);
  while (bytes != 0) {
    const std::uint64_t offset = address & kOffsetMask;
    const std::uint64_t part = std::min(bytes, kOffsetMask + 1 - offset);
    std::memcpy(make(address >> kChunkShift).data() + offset, in, part);
    address += part, in += part, bytes -= part;
  }
  return true;
}

void Store::clear() {
  chunks_.clear();
  recent_.fill({});
}

}  // namespace svasim::memory
