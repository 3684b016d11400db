// Identities and addresses of the SMMUv3 architecture, each a type of its own: mixing them does not compile.
#pragma once

#include <cstdint>
#include <type_traits>

namespace svasim::arch {

/// A byte address of one address space. The spaces are distinct types; crossing from one to another is a
/// translation.
template <class Space>
struct Address {
  std::uint64_t value = 0;

  constexpr Address() = default;
  constexpr explicit Address(std::uint64_t v) : value(v) {}
  constexpr Address operator+(std::uint64_t bytes) const { return Address(value + bytes); }
  /// The address with the low `log2_size` bits clear.
  constexpr Address aligned(unsigned log2_size) const { return Address(value >> log2_size << log2_size); }
  /// The low `log2_size` bits.
  constexpr std::uint64_t offset(unsigned log2_size) const {
    return value & ((std::uint64_t{1} << log2_size) - 1);
  }
  friend constexpr bool operator==(Address a, Address b) { return a.value == b.value; }
  friend constexpr bool operator!=(Address a, Address b) { return a.value != b.value; }
  friend constexpr bool operator<(Address a, Address b) { return a.value < b.value; }
};

using Va = Address<struct VaSpace>;    ///< what a device or process uses
using Ipa = Address<struct IpaSpace>;  ///< stage-1 output, stage-2 input
using Pa = Address<struct PaSpace>;    ///< what the interconnect decodes

inline constexpr unsigned kPageShift = 12;  ///< smallest granule, and the unit of ATS and PRI addresses
inline constexpr std::uint64_t kPageSize = std::uint64_t{1} << kPageShift;

/// Up to 32 bits; for PCIe its low 16 bits are the Requester ID.
enum class StreamId : std::uint32_t {};

/// A SubstreamID, which for PCIe is the PASID (20 bits), with its valid bit SSV.
struct SubstreamId {
  bool valid = false;
  std::uint32_t value = 0;
  friend constexpr bool operator==(SubstreamId a, SubstreamId b) {
    return a.valid == b.valid && (!a.valid || a.value == b.value);
  }
  friend constexpr bool operator!=(SubstreamId a, SubstreamId b) { return !(a == b); }
};

/// What an access asks of a page.
struct Access {
  bool write = false;        ///< otherwise a read
  bool instruction = false;  ///< InD; only for reads
  bool privileged = false;   ///< PnU
};

/// PCIe AT field.
enum class AddressType : std::uint8_t { untranslated = 0, translation_request = 1, translated = 2 };

template <class Id>
constexpr auto raw(Id id) {
  return static_cast<std::underlying_type_t<Id>>(id);
}

}  // namespace svasim::arch
