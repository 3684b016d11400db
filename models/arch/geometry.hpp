// Shapes of VMSAv8-64 translation tables: granules, level shifts, start levels, and addresses inside
// descriptors.
#pragma once

#include <cstdint>
#include <optional>

#include "models/arch/bit_fields.hpp"
#include "models/arch/features.hpp"

namespace svasim::arch {

/// The value is log2 of the page size.
enum class Granule : std::uint8_t { k4 = 12, k16 = 14, k64 = 16 };

constexpr unsigned page_shift(Granule granule) { return raw(granule); }
/// Index bits of a full table; entries are 8 bytes.
constexpr unsigned index_bits(Granule granule) { return page_shift(granule) - 3; }
/// log2 of the bytes one entry of a table at `level` (-1..3) maps.
constexpr unsigned level_shift(Granule granule, int level) {
  return page_shift(granule) + static_cast<unsigned>(3 - level) * index_bits(granule);
}

/// First level of a stage-1 walk of `input_bits` (more than the page shift, at most 52): -1 for 4 KB pages
/// and more than 48 bits.
constexpr int start_level(Granule granule, unsigned input_bits) {
  return 4 -
         static_cast<int>((input_bits - page_shift(granule) + index_bits(granule) - 1) / index_bits(granule));
}

/// What the words of a table look like, beside its granule.
struct TableFormat {
  Granule granule = Granule::k4;
  bool ds = false;  ///< 52-bit tables of 4 KB and 16 KB pages (CD.DS, STE.S2DS); never with 64 KB
  std::uint8_t oas_bits = 48;
};

/// May the table of `level` hold blocks? 4 KB: L1, L2, with DS L0; 16 KB: L2, with DS L1; 64 KB: L2, with
/// 52-bit output L1.
constexpr bool block_allowed(const TableFormat& format, int level) {
  if (format.granule == Granule::k4) return level == 1 || level == 2 || (level == 0 && format.ds);
  const bool level1 = format.granule == Granule::k16 ? format.ds : format.oas_bits >= 52;
  return level == 2 || (level == 1 && level1);
}

/// log2 of the leaves that a contiguous hint at `level` groups; 0 where it means nothing.
constexpr unsigned log2_contiguous_leaves(Granule granule, int level) {
  if (granule == Granule::k4) return level >= 1 ? 4 : 0;
  if (level < 2) return 0;
  return granule == Granule::k16 && level == 3 ? 7 : 5;
}

/// The start of a table of `table_bits` index bits at `base`: aligned to its size, and to 64 bytes where base
/// addresses have 52 bits.
constexpr std::uint64_t table_base(std::uint64_t base, unsigned table_bits, unsigned output_bits) {
  const unsigned align = table_bits + 3 < 6 && output_bits >= 52 ? 6 : table_bits + 3;
  return base & ~mask(align);
}

/// TG0 (also S2TG) and TG1 encode granules differently; reserved values give none.
constexpr std::optional<Granule> granule_of_tg0(unsigned tg) {
  if (tg == 0) return Granule::k4;
  if (tg == 1) return Granule::k64;
  if (tg == 2) return Granule::k16;
  return std::nullopt;
}
constexpr std::optional<Granule> granule_of_tg1(unsigned tg) {
  if (tg == 1) return Granule::k16;
  if (tg == 2) return Granule::k4;
  if (tg == 3) return Granule::k64;
  return std::nullopt;
}
constexpr std::uint8_t tg0_of(Granule granule) {
  return granule == Granule::k4 ? 0 : granule == Granule::k64 ? 1 : 2;
}
constexpr std::uint8_t tg1_of(Granule granule) {
  return granule == Granule::k4 ? 2 : granule == Granule::k64 ? 3 : 1;
}

constexpr bool granule_supported(Granule granule, const Features& f) {
  return granule == Granule::k4 ? f.gran4k : granule == Granule::k16 ? f.gran16k : f.gran64k;
}

/// Largest TxSZ: 39, or with small translation tables (IDR3.STT) 48, for 64 KB pages 47.
constexpr unsigned smallest_table_tsz(Granule granule, bool stt) {
  if (!stt) return 39;
  return granule == Granule::k64 ? 47 : 48;
}

/// Largest table base: 48 bits unless the format has 52-bit addresses.
constexpr unsigned table_base_bits(Granule granule, bool ds, unsigned output_bits) {
  return granule == Granule::k64 || ds || output_bits < 48 ? output_bits : 48;
}

/// Start level of a stage-2 walk: `sl` is STE.S2SL0, with S2SL0_2 above it for 4 KB pages with DS. None for
/// reserved values, and for levels that the output size makes pointless.
inline std::optional<int> stage2_start_level(Granule granule, unsigned sl, const Features& f, bool ds) {
  const unsigned oas = f.oas_bits();
  if (granule == Granule::k4) {
    if (sl == 4) return ds ? std::optional<int>(-1) : std::nullopt;
    if (sl > 4 || (sl == 3 && !f.stt) || (sl == 2 && oas <= 42)) return std::nullopt;
    return sl == 3 ? 3 : 2 - static_cast<int>(sl);
  }
  if (sl == 3) return granule == Granule::k16 && ds ? std::optional<int>(0) : std::nullopt;
  if (sl > 3 || (sl == 2 && oas <= (granule == Granule::k16 ? 40u : 42u))) return std::nullopt;
  return 3 - static_cast<int>(sl);
}

}  // namespace svasim::arch
