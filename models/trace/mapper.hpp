// Finds what the processes of a trace would have to mmap before their devices start, and where in the trace.
// Contract: memory grows with the number of areas and of lives of processes, not with the trace's length.
// Source rule: how processes begin and end, and when records act: README.md, "Control records".
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "models/trace/record.hpp"

namespace svasim::trace {

/// What is mapped lies below: 48-bit addresses, as the host's page tables translate.
inline constexpr std::uint64_t kMappedBelow = std::uint64_t{1} << 48;

/// A set of pages, as ranges that neither overlap nor touch.
class PageRanges {
 public:
  void add(std::uint64_t first, std::uint64_t last);
  bool overlap(std::uint64_t first, std::uint64_t last) const;
  const std::map<std::uint64_t, std::uint64_t>& all() const { return ranges_; }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  ///< last page by first
  std::uint64_t hit_first_ = 1, hit_last_ = 0;     ///< in the set, and likely to come again
};

class Mapper {
 public:
  /// Takes the next record of the trace.
  void add(const Record& record);

  struct Plan {
    std::map<std::uint64_t, std::vector<Record>> before, behind;  ///< to insert, by number of the record
    std::uint64_t areas = 0;
    std::uint64_t pages = 0;
    std::uint64_t left_out = 0;  ///< pages accessed that are not below kMappedBelow
  };
  /// Areas with at most `gap` bytes between them become one.
  Plan plan(std::uint64_t gap) const;

 private:
  /// A process from its beginning to its end; children that were forked meanwhile belong to it.
  struct Life {
    std::uint32_t pasid = 0;
    bool created = false;  ///< record `begin` makes it; otherwise it is an access
    PageRanges accessed, executed;
  };
  struct Process {
    bool dead = false;
    bool ending = false;         ///< by an exit that has a time
    std::uint64_t life = kNone;  ///< kNone: left as it is
    PageRanges own;              ///< what the trace has mapped itself
  };
  static constexpr std::uint64_t kNone = 0;

  void access(const Record& record);
  void control(const Record& record);
  void begin(const Record& record);
  void fork(const Record& record);
  static void mmap(const Record& record, Process& process);

  std::uint64_t number_ = 0;             ///< of the record, from 1
  std::map<std::uint64_t, Life> lives_;  ///< by number of the record that begins them
  std::map<std::uint32_t, Process> processes_;
};

}  // namespace svasim::trace
