// A process: one writable anonymous mapping of everything, made present page by page, in real stage-1 page
// tables (4 KB granule, 48 bits, four levels) in simulated memory. Contract: the tables in memory are written
// by timed stores; this software remembers what it wrote and never reads them back. Source rule: Linux arm64
// memory management, VMSAv8-64.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "models/arch/cd.hpp"
#include "models/arch/features.hpp"
#include "models/host/lock.hpp"
#include "models/host/memory_window.hpp"

namespace svasim::host {

/// PASIDs are system-wide and belong to a process until it ends.
class PasidAllocator {
 public:
  PasidAllocator(std::uint32_t min, std::uint32_t max) : min_(min), max_(max) {}

  /// `preferred` if it is in [min, max], below `limit` and free, else the lowest that is; none if there is
  /// none.
  std::optional<std::uint32_t> take(std::optional<std::uint32_t> preferred, std::uint32_t limit);
  void give_back(std::uint32_t pasid);
  bool taken(std::uint32_t pasid) const;

 private:
  std::uint32_t min_;
  std::uint32_t max_;
  std::vector<std::uint32_t> taken_;  ///< ascending
};

class AddressSpace {
 public:
  static constexpr unsigned kAddressBits = 48;

  AddressSpace(FrameAllocator& frames, std::uint16_t asid, LatencySource& wake);
  ~AddressSpace();

  /// Takes the top-level table. False: no memory.
  bool create();
  /// What its context descriptors say.
  arch::Cd context_descriptor(const arch::Features& features, bool stall) const;
  std::uint16_t asid() const { return asid_; }

  static bool covers(arch::Va va) { return va.value >> kAddressBits == 0; }
  bool present(arch::Va va) const;
  /// Maps the page of `va` if it is not present. False: no memory.
  bool map(Thread& thread, arch::Va va);

  /// What unmap() took out of the tables: from the first page to the end of the last, and their frames, which
  /// are free_pages()' to give back once nothing refers to them.
  struct Gathered {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::vector<std::uint64_t> frames;
  };
  /// Clears the leaf descriptors of the pages that [va, va + bytes) touches.
  Gathered unmap(Thread& thread, std::uint64_t va, std::uint64_t bytes);
  void free_pages(const Gathered& gathered);

  std::uint64_t pages() const { return pages_; }           ///< present now
  std::uint64_t first_touches() const { return mapped_; }  ///< mapped, ever

  RwLock mmap_lock;

 private:
  struct Table;

  Table* next_table(Thread& thread, Table& table, unsigned level, std::uint64_t va);
  void clear(Thread& thread, Table& table, unsigned level, std::uint64_t base, std::uint64_t first,
             std::uint64_t last, Gathered& gathered);

  FrameAllocator& frames_;
  std::uint16_t asid_;
  std::unique_ptr<Table> root_;
  std::uint64_t pages_ = 0;
  std::uint64_t mapped_ = 0;
};

}  // namespace svasim::host
