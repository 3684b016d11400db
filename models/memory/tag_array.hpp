// The tags of a set-associative cache and its replacement policy: plain state, no time. A line whose data is
// still on its way (pending) is never a victim.
#pragma once

#include <cstdint>
#include <vector>

namespace svasim::memory {

enum class Replacement : std::uint8_t { lru, plru };

class TagArray {
 public:
  struct Line {
    std::uint64_t number = 0;    ///< address / line size
    std::uint64_t last_use = 0;  ///< for LRU
    bool valid = false;
    bool dirty = false;
    bool pending = false;     ///< being fetched
    std::uint16_t fetch = 0;  ///< while pending: the owner's number of the fetch
  };

  /// `sets` is a power of two; so is `ways`, at most 64, for tree-PLRU.
  TagArray(unsigned sets, unsigned ways, Replacement policy);

  /// The line if it is present (it may be pending), null if not. Does not count as a use.
  Line* find(std::uint64_t number);
  /// The place for line `number`: an invalid one, else the policy's choice among those not pending; null if
  /// all are pending. The caller evicts what is there and fills it in.
  Line* victim(std::uint64_t number);
  /// `line` is used now.
  void touch(Line& line);

 private:
  Line* set_of(std::uint64_t number) { return &lines_[(number & (sets_ - 1)) * ways_]; }
  unsigned tree_choice(std::uint64_t tree) const;

  unsigned sets_;
  unsigned ways_;
  Replacement policy_;
  std::uint64_t uses_ = 0;
  std::vector<Line> lines_;
  std::vector<std::uint64_t> trees_;  ///< per set: bit n of node n (root 1) set: the victim is on the right
};

}  // namespace svasim::memory
