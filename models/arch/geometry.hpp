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
/// log2 of the bytes one entry of a table at `level` (0..3) maps.
constexpr unsigned level_shift(Granule granule, unsigned level) {
  return page_shift(granule) + (3 - level) * index_bits(granule);
}

/// First level of a stage-1 walk of `input_bits` (more than the page shift, at most 52).
constexpr unsigned start_level(Granule granule, unsigned input_bits) {
  const unsigned levels = (input_bits - page_shift(granule) + index_bits(granule) - 1) / index_bits(granule);
  return levels >= 4 ? 0 : 4 - levels;
}

/// May the table of `level` hold blocks? 4 KB: L1, L2; 16 KB and 64 KB: L2; 64 KB with 52-bit output also L1.
constexpr bool block_allowed(Granule granule, unsigned level, unsigned oas_bits) {
  if (granule == Granule::k4) return level == 1 || level == 2;
  return level == 2 || (granule == Granule::k64 && level == 1 && oas_bits >= 52);
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

/// Start level of a stage-2 walk (STE.S2SL0); none for reserved values.
constexpr std::optional<unsigned> stage2_start_level(Granule granule, unsigned sl0, bool stt) {
  if (sl0 < 3) return granule == Granule::k4 ? 2 - sl0 : 3 - sl0;
  if (granule == Granule::k4 && stt) return 3;
  return std::nullopt;
}

}  // namespace svasim::arch
