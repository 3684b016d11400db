// Context descriptor (64 bytes) and level-1 CD table descriptor: decoded views, encoders for drivers,
// legality. Source: SMMUv3, context descriptor; cross-checked with Linux arm-smmu-v3.h.
#pragma once

#include <array>
#include <cstdint>

#include "models/arch/features.hpp"
#include "models/arch/geometry.hpp"

namespace svasim::arch {

/// One half of the address space. TTB0 and TTB1 encode the granule differently: see Cd::granule.
struct CdHalf {
  std::uint8_t tsz = 16;
  std::uint8_t tg = 0;
  std::uint8_t ir = 0, orgn = 0, sh = 0;
  bool epd = false;  ///< walks of this half fault
  bool tbi = false;
  bool had = false;
  std::uint64_t ttb = 0;  ///< address bits 51:4
  bool e0pd = false;      ///< unprivileged accesses of this half fault
};

/// Defaults: valid, AArch64, TTB0 on with 4 KB and 48 bits, TTB1 off.
struct Cd {
  Cd() { half[1].epd = true, half[1].tg = 2; }

  std::array<CdHalf, 2> half;
  bool valid = true;
  bool endi = false;
  std::uint8_t ips = 5;
  bool affd = false;
  bool wxn = false, uwxn = false;  ///< UWXN means nothing to AArch64 tables
  bool pan = false, epan = false;
  bool aa64 = true;
  bool hd = false, ha = false, haft = false;
  bool ds = false;  ///< 52-bit tables of 4 KB and 16 KB pages
  bool s = false, r = true, a = true;
  bool aset = false;
  std::uint16_t asid = 0;
  std::uint64_t mair = 0;
  std::uint64_t amair = 0;

  /// Effective DS of a half.
  bool wide(unsigned index, const Features& f) const { return f.ds && ds && granule(index) != Granule::k64; }
  std::optional<Granule> granule(unsigned index) const {
    return index == 0 ? granule_of_tg0(half[0].tg) : granule_of_tg1(half[1].tg);
  }
};

using CdWords = std::array<std::uint64_t, 8>;

Cd decode_cd(const CdWords&);
CdWords encode(const Cd&);

/// What of the stream a CD's legality depends on.
struct CdContext {
  bool stall_disabled = false;  ///< STE.S1STALLD
  bool two_halves = true;       ///< EL1 and EL2-E2H; EL2 has TTB0 only, no EPD0 and no ASIDs
};
/// False: C_BAD_CD.
bool legal(const Cd&, const Features&, const CdContext&);

/// Level-1 CD table descriptor.
struct L1Cd {
  bool valid = false;
  std::uint64_t l2_ptr = 0;  ///< address bits 51:12; an IPA when both stages are on
};
L1Cd decode_l1cd(std::uint64_t);
std::uint64_t encode(const L1Cd&);

}  // namespace svasim::arch
