// Stream table entry (64 bytes) and level-1 stream table descriptor: decoded views, encoders for drivers,
// legality. Source: SMMUv3, stream table entry; cross-checked with Linux arm-smmu-v3.h.
#pragma once

#include <array>
#include <cstdint>

#include "models/arch/features.hpp"
#include "models/arch/geometry.hpp"

namespace svasim::arch {

/// STE.Config. Values 1..3 abort as 0 does.
enum class SteConfig : std::uint8_t { abort = 0, bypass = 4, stage1 = 5, stage2 = 6, both = 7 };

/// STE.S1DSS: what a transaction without SubstreamID does when substreams are on.
enum class DefaultSubstream : std::uint8_t { terminate = 0, bypass = 1, use_cd0 = 2 };

/// STE.EATS. Value 3 needs a device permission table, which is not implemented, and acts as off.
enum class Eats : std::uint8_t { off = 0, full = 1, split = 2, full_dpt = 3 };

/// Defaults make a legal abort entry with "use incoming" attributes, so that a builder sets only what it
/// means.
struct Ste {
  bool valid = true;
  SteConfig config = SteConfig::abort;
  std::uint8_t s1_fmt = 0;           ///< 0 linear, 1 4 KB leaves, 2 64 KB leaves
  std::uint64_t s1_context_ptr = 0;  ///< address bits 51:6; an IPA when both stages are on
  std::uint8_t s1_cd_max = 0;        ///< log2 of the number of CDs; 0: substreams off
  DefaultSubstream s1_dss = DefaultSubstream::terminate;
  std::uint8_t s1_cir = 0, s1_cor = 0, s1_csh = 0;
  std::uint8_t s2_hwu = 0;  ///< page-based hardware attributes: no effect
  bool dre = false;         ///< destructive reads: there are none
  bool dcp = false;         ///< directed prefetch: there is none
  std::uint8_t cont = 0;
  bool ppar = false;
  bool mev = false;
  bool s2_fwb = false;
  bool s1_stalld = false;
  Eats eats = Eats::off;
  std::uint8_t strw = 0;
  std::uint8_t mem_attr = 0;
  bool mtcfg = false;
  std::uint8_t alloc_cfg = 0;
  std::uint8_t sh_cfg = 1;
  std::uint8_t priv_cfg = 0;
  std::uint8_t inst_cfg = 0;
  std::uint16_t s2_vmid = 0;
  std::uint8_t s2_t0sz = 0;
  std::uint8_t s2_sl0 = 0;
  bool s2_sl0_2 = false;  ///< bit 2 of the start level, with s2_ds and 4 KB pages
  bool s2_ds = false;     ///< 52-bit tables of 4 KB and 16 KB pages
  std::uint8_t s2_ir0 = 0, s2_or0 = 0, s2_sh0 = 0;
  std::uint8_t s2_tg = 0;
  std::uint8_t s2_ps = 0;
  bool s2_aa64 = false;
  bool s2_endi = false;
  bool s2_affd = false;
  bool s2_ptw = false;
  bool s2_hd = false, s2_ha = false, s2_haft = false;
  bool s2_s = false, s2_r = false;
  std::uint64_t s2_ttb = 0;  ///< address bits 51:4

  bool aborts() const { return (static_cast<unsigned>(config) & 4) == 0; }
  bool stage1() const { return config == SteConfig::stage1 || config == SteConfig::both; }
  bool stage2() const { return config == SteConfig::stage2 || config == SteConfig::both; }
};

using SteWords = std::array<std::uint64_t, 8>;

Ste decode_ste(const SteWords&);
SteWords encode(const Ste&);
/// False: C_BAD_STE. V = 0 is illegal; an aborting entry is otherwise legal whatever its other fields.
bool legal(const Ste&, const Features&);

/// Is STE.STRW in force? Only stage 1 alone, in an SMMU with EL2 worlds, has a choice of world.
bool strw_used(const Ste&, const Features&);
/// log2 of the CDs of the stream (STE.S1CDMax); 0 without SubstreamIDs.
unsigned cd_table_bits(const Ste&, const Features&);
/// Effective STE.S2DS, and the start level field that goes with it (see stage2_start_level).
bool stage2_ds(const Ste&, const Features&);
unsigned stage2_sl(const Ste&, const Features&);

/// Level-1 stream table descriptor: 2^(span-1) STEs at l2_ptr; span 0 or above 11 is invalid.
struct L1Std {
  std::uint8_t span = 0;
  std::uint64_t l2_ptr = 0;  ///< address bits 51:6
};
L1Std decode_l1std(std::uint64_t);
std::uint64_t encode(const L1Std&);

}  // namespace svasim::arch
