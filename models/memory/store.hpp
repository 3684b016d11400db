// The contents of simulated physical memory: sparse, zero until written, functional (no time passes here).
// Source rule: only the last-level cache reads and writes it, at the moment a request passes its tag stage.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <unordered_map>

namespace svasim::memory {

class Store {
 public:
  static constexpr unsigned kChunkShift = 16;
  static constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << kChunkShift;

  /// Memory at [base, base + size); at most 2^52 bytes, both ends below 2^64.
  Store(std::uint64_t base, std::uint64_t size) : base_(base), size_(size) {}

  std::uint64_t base() const { return base_; }
  std::uint64_t size() const { return size_; }
  bool contains(std::uint64_t address, std::uint64_t bytes) const {
    const std::uint64_t offset = address - base_;
    return address >= base_ && offset < size_ && bytes <= size_ - offset;
  }

  /// Copies `bytes` out; false, and nothing is touched, unless all of them lie in the memory. Reading what
  /// was never written allocates nothing.
  bool read(std::uint64_t address, void* to, std::uint64_t bytes) const;
  /// Copies `bytes` in; false, and nothing is touched, unless all of them lie in the memory.
  bool write(std::uint64_t address, const void* from, std::uint64_t bytes);

  std::uint64_t chunks() const { return chunks_.size(); }  ///< allocated so far

 private:
  using Chunk = std::array<std::uint8_t, kChunkBytes>;
  struct Recent {
    std::uint64_t number = ~std::uint64_t{0};
    Chunk* chunk = nullptr;
  };

  /// Null if nothing was ever written there.
  Chunk* find(std::uint64_t number) const;
  Chunk& make(std::uint64_t number);

  std::uint64_t base_;
  std::uint64_t size_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Chunk>> chunks_;
  mutable std::array<Recent, 64> recent_;  ///< direct-mapped by chunk number; only chunks that exist
};

}  // namespace svasim::memory
