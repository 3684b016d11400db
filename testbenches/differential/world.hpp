// What software has built: registers, stream table, STEs, CDs and translation tables, all drawn from tapes.
// Software is correct where the architecture makes results depend on it (address spaces have ASIDs and VMIDs
// of their own, global pages only where no other address space shares the VMID) and otherwise does
// everything, legal or not.
#pragma once

#include <cstdint>
#include <vector>

#include "models/arch/cd.hpp"
#include "models/arch/geometry.hpp"
#include "models/arch/ste.hpp"
#include "testbenches/differential/choices.hpp"
#include "testbenches/differential/machine.hpp"

namespace svasim::differential {

inline constexpr std::uint64_t kStreamTable = kBase, kCommandQueue = kBase + 0x40000,
                               kEventQueue = kBase + 0x50000, kArena = kBase + 0x100000,
                               kArenaEnd = kBase + 0x2000000, kData = kArenaEnd;
inline constexpr unsigned kLog2Commands = 8, kLog2Events = 7;

/// A table that maps `bits` bits of input from level `start` on.
struct Shape {
  arch::Granule granule = arch::Granule::k4;
  unsigned bits = 48;
  int start = 0;
  std::uint64_t root = 0;  ///< physical
};

/// A translation table descriptor: where it is, what it maps, and for whom.
struct Slot {
  unsigned stage = 1;
  unsigned stream = 0;  ///< index into World::streams
  unsigned space = 0;   ///< stage 1: index into Stream::spaces
  std::uint64_t address = 0;
  std::uint64_t original = 0;
  std::uint64_t input = 0;  ///< VA or IPA of the first byte it maps
  unsigned log2_size = 12;
  int level = 3;
  arch::Granule granule = arch::Granule::k4;
  bool leaf = false;
  std::uint64_t table = 0;  ///< what it leads to, if it is a table
  unsigned group = 0;       ///< log2 of the leaves that carry the contiguous hint together
};

/// An address space: one CD and its tables.
struct Space {
  std::uint32_t index = 0;  ///< in the CD table
  std::uint64_t cd_address = 0;
  arch::Cd cd;
  Shape half[2];
  std::vector<std::uint64_t> hot;  ///< VAs that something is built for
};

struct Stream {
  arch::StreamId id{};
  std::uint64_t ste_address = 0;
  arch::Ste ste;
  std::vector<Space> spaces;
  Shape stage2;
  std::uint64_t ipa_offset = 0;    ///< IPA of the first byte of memory
  std::vector<std::uint64_t> hot;  ///< IPAs that something is built for
};

class World {
 public:
  /// Registers and stream table from tape 0, one stream from each of the next.
  World(Machine& machine, const arch::Features& features, Tapes& tapes, Draw& setup);

  std::vector<Stream> streams;
  std::vector<Slot> slots;
  std::vector<std::uint64_t> l1stds;  ///< addresses of level-1 stream table descriptors in use
  std::uint64_t strtab_base = 0;
  std::uint32_t strtab_base_cfg = 0;

  /// Writes the slot's descriptor, and those of its contiguous group with it.
  void write(const Slot& slot, std::uint64_t word);
  /// A leaf for a slot, as its stream's software might write it.
  std::uint64_t make_leaf(const Slot& slot, Draw& draw);
  arch::Ste make_ste(unsigned stream, Draw& draw);
  arch::Cd make_cd(unsigned stream, unsigned space, Draw& draw);
  /// Something built for one more address.
  void map_stage1(unsigned stream, unsigned space, std::uint64_t va, Draw& draw);
  void map_stage2(unsigned stream, std::uint64_t ipa, Draw& draw);

 private:
  void make_stream_table(Draw& draw);
  void make_stream(unsigned index, Draw& draw);
  void make_cd_table(unsigned stream, Draw& draw);
  void make_space(unsigned stream, Draw& draw, std::uint32_t cd_index, std::uint64_t cd_address);
  void make_shapes(unsigned stream, Draw& draw);
  std::uint64_t take(std::uint64_t bytes);
  bool defect(Draw& draw) { return defects_ != 0 && draw.chance(defects_); }
  arch::Granule granule(Draw& draw) const;
  bool may_be_global(const Slot& slot) const;
  /// The address software writes into a stage-1 structure for physical memory: an IPA with stage 2.
  std::uint64_t name(const Stream& stream, std::uint64_t pa) const;
  std::uint64_t physical(const Stream& stream, std::uint64_t ipa) const {
    return ipa - stream.ipa_offset + kBase;
  }
  template <class Words>
  void write_structure(std::uint64_t address, Words words, std::uint64_t never_flipped_0,
                       std::uint64_t never_flipped_1, std::uint64_t never_flipped_2, Draw& draw);
  Slot* find(std::uint64_t address);
  /// The slot at its address; made, with a leaf or a table, if nothing is there yet.
  Slot& slot_at(Slot made, unsigned table_bits, Draw& draw);
  unsigned draw_group(const Slot& slot, unsigned table_bits, Draw& draw);

  Memory& memory_;
  arch::Features features_;
  unsigned defects_ = 0;  ///< percent
  std::uint64_t next_ = kArena;
};

}  // namespace svasim::differential
