// What a walk asks for (fetches, descriptor updates) and what a successful one gives.
#pragma once

#include <cstdint>

#include "models/arch/types.hpp"

namespace svasim::arch {

/// What a fetch reads.
enum class Purpose : std::uint8_t { l1std, ste, l1cd, cd, stage1_descriptor, stage2_descriptor };

const char* name(Purpose);

/// Memory type in the encoding of a MAIR byte (allocation hints included), and shareability (0 non, 2 outer,
/// 3 inner).
struct MemoryAttributes {
  std::uint8_t type = 0xFF;
  std::uint8_t shareability = 3;
  constexpr bool device() const { return (type & 0xF0) == 0; }
  friend constexpr bool operator==(MemoryAttributes a, MemoryAttributes b) {
    return a.type == b.type && a.shareability == b.shareability;
  }
};

struct Fetch {
  Pa address;
  unsigned bytes = 8;  ///< 8 or 64
  Purpose purpose = Purpose::ste;
  std::int8_t level = 0;  ///< of descriptors: -1 (52-bit tables of 4 KB) to 3
  MemoryAttributes attributes;
};

/// An atomic compare-and-swap of a descriptor (hardware update of access flag and dirty state).
struct Update {
  Pa address;
  std::uint64_t expected = 0;
  std::uint64_t desired = 0;
  MemoryAttributes attributes;
};

struct Permissions {
  bool read = false;
  bool write = false;
  bool execute = false;
  friend constexpr bool operator==(Permissions a, Permissions b) {
    return a.read == b.read && a.write == b.write && a.execute == b.execute;
  }
};

constexpr Permissions both(Permissions a, Permissions b) {
  return {a.read && b.read, a.write && b.write, a.execute && b.execute};
}

/// Permissions at each privilege.
struct PrivilegedPermissions {
  Permissions privileged;
  Permissions unprivileged;

  constexpr Permissions at(bool priv) const { return priv ? privileged : unprivileged; }
  /// A write needs w, an instruction fetch x, any other read r.
  constexpr bool allows(Access access) const {
    const Permissions p = at(access.privileged);
    return access.write ? p.write : access.instruction ? p.execute : p.read;
  }
};

/// What the translation is a translation of; TLB invalidation by IPA touches stage2 only.
enum class TranslationKind : std::uint8_t { bypass, stage1, stage2, both };

/// Who the translation belongs to.
enum class StreamWorld : std::uint8_t { el1, el2, el2_e2h };

struct TranslationResult {
  Pa pa;    ///< of the byte asked for
  Ipa ipa;  ///< stage-1 output of the byte asked for (the input, without stage 1)
  /// log2 of the naturally aligned input region the result holds for: the smaller of the two stages' leaves.
  /// Bypass: the whole input address size.
  std::uint8_t log2_size = kPageShift;
  /// The same where leaves with the contiguous hint count as the group they belong to: a TLB may keep one
  /// entry of this size. At least log2_size.
  std::uint8_t log2_contiguous = kPageShift;
  /// Size and level of the leaf that invalidations by address name: stage 1's if on, else stage 2's.
  std::uint8_t log2_leaf = kPageShift;
  std::int8_t level = 3;
  TranslationKind kind = TranslationKind::bypass;
  StreamWorld world = StreamWorld::el1;
  PrivilegedPermissions permissions;
  MemoryAttributes attributes;
  bool global = false;
  std::uint16_t asid = 0;
  std::uint16_t vmid = 0;
  std::uint8_t log2_granule =
      kPageShift;  ///< page size of the tables (stage 1's if on), for range invalidation

  /// Takes the access after STE overrides (StreamConfig::effective).
  bool allows(Access access) const { return permissions.allows(access); }
};

}  // namespace svasim::arch
