// The contents of simulated physical memory: sparse, zero until written, functional (no time passes here).
// Or somebody else's memory behind the same interface: see Backing.
// Source rule: only the last-level cache (or a Ram) reads and writes it, at the moment a request is served.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <unordered_map>

namespace svasim::memory {

/// Bytes that live outside the simulator. Only asked for ranges that lie in the memory wholly.
class Backing {
 public:
  virtual ~Backing() = default;
  virtual void read(std::uint64_t address, void* to, std::uint64_t bytes) = 0;
  virtual void write(std::uint64_t address, const void* from, std::uint64_t bytes) = 0;
};

/// Memory of this process: simulated address `base` is byte `bytes` points to. With `base` equal to that
/// pointer, a driver that runs natively finds address = pointer.
class HostMemory : public Backing {
 public:
  HostMemory(std::uint64_t base, void* bytes) : base_(base), bytes_(static_cast<std::uint8_t*>(bytes)) {}
  void read(std::uint64_t address, void* to, std::uint64_t bytes) override {
    std::memcpy(to, bytes_ + (address - base_), bytes);
  }
  void write(std::uint64_t address, const void* from, std::uint64_t bytes) override {
    std::memcpy(bytes_ + (address - base_), from, bytes);
  }

 private:
  std::uint64_t base_;
  std::uint8_t* bytes_;
};

class Store {
 public:
  static constexpr unsigned kChunkShift = 16;
  static constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << kChunkShift;

  /// Memory at [base, base + size); at most 2^52 bytes, both ends below 2^64. `backing`, if given, outlives
  /// it and holds the bytes.
  Store(std::uint64_t base, std::uint64_t size, Backing* backing = nullptr)
      : base_(base), size_(size), backing_(backing) {}

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
  /// All bytes are zero again, and their memory is given back. A backing keeps its bytes: they are its
  /// owner's.
  void clear();

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
  Backing* backing_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Chunk>> chunks_;
  mutable std::array<Recent, 64> recent_;  ///< direct-mapped by chunk number; only chunks that exist
};

}  // namespace svasim::memory
