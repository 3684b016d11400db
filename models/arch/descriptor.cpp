// Descriptor interpretation and building. See descriptor.hpp.
#include "models/arch/descriptor.hpp"

namespace svasim::arch {

DescriptorKind Descriptor::kind(const TableFormat& format, int level) const {
  if (!valid()) return DescriptorKind::invalid;
  if (level == 3) return bit(word, 1) ? DescriptorKind::leaf : DescriptorKind::invalid;
  if (bit(word, 1)) return DescriptorKind::table;
  return block_allowed(format, level) ? DescriptorKind::leaf : DescriptorKind::invalid;
}

std::uint64_t Descriptor::address(const TableFormat& format, unsigned log2_align) const {
  const std::uint64_t low = word & mask(format.ds ? 50 : 48) & ~mask(log2_align);
  if (format.ds) return low | bits(word, 9, 8) << 50;
  const bool high_bits = format.granule == Granule::k64 && format.oas_bits >= 52;
  return high_bits ? low | bits(word, 15, 12) << 48 : low;
}

std::uint64_t encode(const Stage1Leaf& leaf) {
  std::uint64_t word = leaf.address | (leaf.page ? 3 : 1) | std::uint64_t{leaf.attr_index} << 2 | 3u << 8;
  if (leaf.user) word |= 1u << 6;
  if (!leaf.writable) word |= Descriptor::kReadOnly;
  if (leaf.young) word |= Descriptor::kAccessFlag;
  if (leaf.not_global) word |= Descriptor::kNotGlobal;
  if (leaf.dirty_modifier) word |= Descriptor::kDirtyModifier;
  if (!leaf.executable) word |= Descriptor::kPxn | Descriptor::kUxn;
  return word;
}

std::uint64_t encode(const Stage2Leaf& leaf) {
  std::uint64_t word =
      leaf.address | (leaf.page ? 3 : 1) | std::uint64_t{leaf.memory_attributes} << 2 | 3u << 8;
  if (leaf.readable) word |= 1u << 6;
  if (leaf.writable) word |= Descriptor::kStage2Write;
  if (leaf.young) word |= Descriptor::kAccessFlag;
  if (leaf.dirty_modifier) word |= Descriptor::kDirtyModifier;
  if (!leaf.executable) word |= Descriptor::kUxn;
  return word;
}

}  // namespace svasim::arch
