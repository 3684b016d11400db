// ATS payloads: the translation completion and the address range of an Invalidate Request (PCIe Base,
// ATS).
#pragma once

#include <cstdint>

#include "models/arch/types.hpp"

namespace svasim::arch {

/// One 64-bit entry of a translation completion, most significant bit first once byte-swapped.
struct AtsTranslation {
  std::uint64_t address = 0;  ///< aligned to the size
  std::uint8_t log2_size = kPageShift;
  bool no_snoop = false;  ///< N
  bool global = false;
  bool privileged = false;  ///< echoes the request
  bool execute = false;
  bool untranslated_only = false;  ///< U
  bool write = false;
  bool read = false;
  constexpr bool any_access() const { return read || write; }
};

std::uint64_t encode(const AtsTranslation&);
AtsTranslation decode_ats_translation(std::uint64_t);

/// Status of a translation completion; only success carries an entry.
enum class AtsStatus : std::uint8_t { success = 0, unsupported_request = 1, completer_abort = 4 };

struct AtsAnswer {
  AtsStatus status = AtsStatus::success;
  AtsTranslation translation;  ///< with success
  /// There is a translation that allows something.
  constexpr bool grants() const { return status == AtsStatus::success && translation.any_access(); }
};

/// An aligned power-of-two range; log2_size 64 is everything.
struct AtsRange {
  std::uint64_t address = 0;
  std::uint8_t log2_size = kPageShift;
};

/// Body of an Invalidate Request: address with size code, and the Global Invalidate flag in bit 0.
std::uint64_t encode_invalidate(AtsRange, bool global);
AtsRange decode_invalidate_range(std::uint64_t body);
/// The range of CMD_ATC_INV: Size 52 is everything.
AtsRange atc_invalidate_range(std::uint64_t address, unsigned size);

}  // namespace svasim::arch
