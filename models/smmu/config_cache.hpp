// The TCU's configuration cache: STEs by StreamID and CDs by StreamID and index, invalid ones too (they may
// be cached until a CFGI removes them).
#pragma once

#include <cstdint>
#include <vector>

#include "models/arch/cd.hpp"
#include "models/arch/command.hpp"
#include "models/arch/ste.hpp"

namespace svasim::smmu {

/// A set-associative, least-recently-used map from (StreamID, index) to a structure.
template <class Structure>
class StructureCache {
 public:
  StructureCache(unsigned sets, unsigned ways) : sets_(sets), ways_(ways), entries_(sets * ways) {}

  const Structure* lookup(arch::StreamId stream, std::uint32_t index) {
    for (Entry& entry : set(stream, index)) {
      if (entry.used == 0 || entry.stream != stream || entry.index != index) continue;
      entry.used = ++clock_;
      return &entry.structure;
    }
    return nullptr;
  }

  void insert(arch::StreamId stream, std::uint32_t index, const Structure& structure) {
    Entry* victim = nullptr;
    for (Entry& entry : set(stream, index)) {
      if (entry.used != 0 && entry.stream == stream && entry.index == index) {
        victim = &entry;
        break;
      }
      if (victim == nullptr || entry.used < victim->used) victim = &entry;
    }
    *victim = {stream, index, ++clock_, structure};
  }

  /// Removes every entry for which `match(stream, index)`.
  template <class Match>
  void remove(Match&& match) {
    for (Entry& entry : entries_) {
      if (entry.used != 0 && match(entry.stream, entry.index)) entry.used = 0;
    }
  }

 private:
  struct Entry {
    arch::StreamId stream{};
    std::uint32_t index = 0;
    std::uint64_t used = 0;  ///< last use; 0: invalid
    Structure structure;
  };
  struct Set {
    Entry* first;
    Entry* last;
    Entry* begin() const { return first; }
    Entry* end() const { return last; }
  };
  Set set(arch::StreamId stream, std::uint32_t index) {
    Entry* first = entries_.data() + ((raw(stream) ^ index) & (sets_ - 1)) * ways_;
    return {first, first + ways_};
  }

  unsigned sets_;
  unsigned ways_;
  std::vector<Entry> entries_;
  std::uint64_t clock_ = 0;
};

class ConfigCache {
 public:
  ConfigCache(unsigned sets, unsigned ways) : stes_(sets, ways), cds_(sets, ways) {}

  const arch::Ste* ste(arch::StreamId stream) { return stes_.lookup(stream, 0); }
  const arch::Cd* cd(arch::StreamId stream, std::uint32_t index) { return cds_.lookup(stream, index); }
  void insert(arch::StreamId stream, const arch::Ste& ste) { stes_.insert(stream, 0, ste); }
  void insert(arch::StreamId stream, std::uint32_t index, const arch::Cd& cd) {
    cds_.insert(stream, index, cd);
  }

  /// Removes what a CFGI command must remove.
  void invalidate(const arch::Command& command) {
    if (!arch::is_cfgi(command.opcode)) return;
    stes_.remove([&](arch::StreamId s, std::uint32_t) { return arch::removes_ste(command, s); });
    cds_.remove([&](arch::StreamId s, std::uint32_t i) { return arch::removes_cd(command, s, i); });
  }

 private:
  StructureCache<arch::Ste> stes_;
  StructureCache<arch::Cd> cds_;
};

}  // namespace svasim::smmu
