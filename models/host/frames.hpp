// Physical memory of processes and page caches: 4 KB frames and 2 MB blocks, counted when shared. Contract:
// page tables are made of fresh frames or of tables that were emptied, so nobody need clear them. Clearing
// and copying data costs time where it is done and moves no bytes.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "models/host/memory_window.hpp"

namespace svasim::host {

inline constexpr unsigned kHugeShift = 21;
inline constexpr std::uint64_t kHugeBytes = std::uint64_t{1} << kHugeShift;
inline constexpr std::uint64_t kPagesPerHuge = kHugeBytes / arch::kPageSize;

class Frames {
 public:
  Frames(std::uint64_t base, std::uint64_t bytes) : window_(base, bytes) {}

  /// None: no memory.
  std::optional<std::uint64_t> table();
  std::optional<std::uint64_t> page();
  std::optional<std::uint64_t> block();
  bool has_block() const { return !blocks_.empty() || window_.fits(kHugeBytes, kHugeBytes); }
  /// The page all first reads of anonymous memory map; never freed. None: no memory.
  std::optional<std::uint64_t> zero_page();

  /// One more user of a page or block.
  void share(std::uint64_t frame) { ++extra_users_[frame]; }
  bool shared(std::uint64_t frame) const { return extra_users_.count(frame) != 0; }
  /// One user less; the last one frees it.
  void release_page(std::uint64_t frame);
  void release_block(std::uint64_t frame);
  /// A block is 512 pages from now on, each with the block's users (who may go on to map it as a block).
  void split_block(std::uint64_t frame);
  /// Its memory reads as zero.
  void free_table(std::uint64_t frame) { tables_.push_back(frame); }

 private:
  std::optional<std::uint64_t> fresh() { return window_.take(arch::kPageSize, arch::kPageSize); }
  static std::optional<std::uint64_t> pop(std::vector<std::uint64_t>& free);
  bool drop(std::uint64_t frame);

  MemoryWindow window_;
  std::vector<std::uint64_t> tables_, pages_, blocks_;  ///< free; of tables_ all memory is zero
  std::unordered_map<std::uint64_t, std::uint32_t> extra_users_;
  std::unordered_set<std::uint64_t> split_;
  std::optional<std::uint64_t> zero_page_;
};

}  // namespace svasim::host
