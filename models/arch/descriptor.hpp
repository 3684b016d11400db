// VMSAv8-64 descriptors: a thin view of the 64-bit word, and builders for whoever writes tables.
#pragma once

#include <cstdint>

#include "models/arch/geometry.hpp"

namespace svasim::arch {

enum class DescriptorKind : std::uint8_t { invalid, table, leaf };

/// The view interprets; whether a value is acceptable is the walk's business.
struct Descriptor {
  std::uint64_t word = 0;

  bool valid() const { return bit(word, 0); }
  /// Kind at a level of a walk: the same bits mean table, block or page by level.
  DescriptorKind kind(const TableFormat&, int level) const;
  /// Next table (log2_align = page shift) or output base (log2_align = level shift). 64 KB tables of a 52-bit
  /// SMMU keep address bits 51:48 in bits 15:12, tables with DS address bits 51:50 in bits 9:8.
  std::uint64_t address(const TableFormat&, unsigned log2_align) const;
  std::uint64_t address(Granule granule, unsigned log2_align, unsigned oas_bits) const {
    return address({granule, false, static_cast<std::uint8_t>(oas_bits)}, log2_align);
  }

  bool access_flag() const { return bit(word, 10); }
  bool dirty_modifier() const { return bit(word, 51); }
  bool contiguous() const { return bit(word, 52); }

  // Stage 1.
  unsigned attr_index() const { return static_cast<unsigned>(bits(word, 4, 2)); }
  bool user_access() const { return bit(word, 6); }  ///< AP[1]
  bool read_only() const { return bit(word, 7); }    ///< AP[2]
  bool not_global() const { return bit(word, 11); }
  bool pxn() const { return bit(word, 53); }
  bool uxn() const { return bit(word, 54); }
  unsigned shareability() const { return static_cast<unsigned>(bits(word, 9, 8)); }
  /// The attributes a table passes down, as the walk cache keeps them: NSTable 4, APTable 3:2, XNTable 1,
  /// PXNTable 0.
  std::uint8_t table_attributes() const { return static_cast<std::uint8_t>(bits(word, 63, 59)); }

  // Stage 2.
  unsigned memory_attributes() const { return static_cast<unsigned>(bits(word, 5, 2)); }
  bool stage2_read() const { return bit(word, 6); }
  bool stage2_write() const { return bit(word, 7); }
  unsigned stage2_xn() const { return static_cast<unsigned>(bits(word, 54, 53)); }

  static constexpr std::uint64_t kAccessFlag = std::uint64_t{1} << 10;
  static constexpr std::uint64_t kReadOnly = std::uint64_t{1} << 7;     ///< stage 1 AP[2]
  static constexpr std::uint64_t kStage2Write = std::uint64_t{1} << 7;  ///< stage 2 S2AP[1]
  static constexpr std::uint64_t kNotGlobal = std::uint64_t{1} << 11;
  static constexpr std::uint64_t kDirtyModifier = std::uint64_t{1} << 51;
  static constexpr std::uint64_t kContiguous = std::uint64_t{1} << 52;
  static constexpr std::uint64_t kPxn = std::uint64_t{1} << 53;
  static constexpr std::uint64_t kUxn = std::uint64_t{1} << 54;
};

/// A descriptor that leads to the table at `table`, with no restricting attributes.
constexpr std::uint64_t table_descriptor(std::uint64_t table) { return table | 3; }

/// What software chooses of a stage-1 leaf. Inner shareable, access flag set unless `young` is false.
struct Stage1Leaf {
  std::uint64_t address = 0;  ///< aligned to what the level maps
  bool page = true;           ///< level 3; otherwise a block
  bool writable = true;
  bool user = true;
  bool young = true;
  bool not_global = true;
  bool executable = false;
  bool dirty_modifier = false;  ///< DBM
  std::uint8_t attr_index = 0;
};
std::uint64_t encode(const Stage1Leaf&);

struct Stage2Leaf {
  std::uint64_t address = 0;
  bool page = true;
  bool readable = true;
  bool writable = true;
  bool young = true;
  bool executable = true;
  bool dirty_modifier = false;
  std::uint8_t memory_attributes = 0xF;  ///< Normal write-back
};
std::uint64_t encode(const Stage2Leaf&);

}  // namespace svasim::arch
