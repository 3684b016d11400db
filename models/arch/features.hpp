// What an SMMU implements, and the ID registers that say so (SMMUv3, IDR0, IDR1, IDR3, IDR5). Legality checks
// of every structure and command take a Features; software finds the same in the registers.
#pragma once

#include <cstdint>

namespace svasim::arch {

/// IDR0.HTTU: hardware update of translation tables.
enum class Httu : std::uint8_t { none = 0, access_flag = 1, access_and_dirty = 2 };

/// IDR0.STALL_MODEL.
enum class StallModel : std::uint8_t { selectable = 0, never = 1, forced = 2 };

struct Features {
  std::uint8_t sidsize = 16;   ///< StreamID bits, 0..32
  std::uint8_t ssidsize = 20;  ///< SubstreamID bits, 0..20
  bool s1p = true;
  bool s2p = true;
  bool cohacc = true;  ///< coherent table and queue access
  bool btm = false;    ///< broadcast TLB maintenance
  Httu httu = Httu::access_and_dirty;
  bool hyp = true;  ///< EL2 and EL2-E2H stream worlds
  bool ats = true;
  bool ns1ats = false;  ///< split-stage ATS is NOT available
  bool asid16 = true;
  bool msi = true;
  bool sev = true;
  bool pri = true;
  bool vmid16 = true;
  bool cd2l = true;       ///< two-level CD tables
  bool atsrecerr = true;  ///< CR2.REC_CFG_ATS exists
  StallModel stall_model = StallModel::selectable;
  bool term_model = false;  ///< terminated faults always abort, never read as zero
  bool st_level = true;     ///< two-level stream table
  std::uint8_t cmdqs = 19;  ///< log2 of the largest queue, 0..19
  std::uint8_t eventqs = 19;
  std::uint8_t priqs = 19;
  bool had = true;       ///< hierarchical attribute disable
  bool xnx = true;       ///< stage-2 execute-never by privilege
  bool pps = false;      ///< PRI overflow auto-responses always carry the PASID
  bool fwb = true;       ///< stage-2 forced write-back
  bool stt = false;      ///< small translation tables
  bool ril = true;       ///< range invalidation
  std::uint8_t oas = 5;  ///< output address size, encoded: see size_bits
  bool gran4k = true;
  bool gran16k = true;
  bool gran64k = true;
  std::uint8_t vax = 0;           ///< 0: 48-bit virtual addresses, 1: 52-bit
  std::uint16_t stall_max = 256;  ///< transactions stalled at a time
  std::uint32_t iidr = 0;         ///< implementer 11:0, revision 15:12, variant 19:16, product 31:20
  std::uint8_t arch_minor = 3;    ///< AIDR: SMMUv3.n

  unsigned oas_bits() const;
  /// Input address size of stage 1 bypass and of stage 2. Equals the output size: AArch32 tables are not
  /// implemented.
  unsigned ias_bits() const { return oas_bits(); }
};

/// Bits of an address size encoded as IDR5.OAS, CD.IPS and STE.S2PS are: 32, 36, 40, 42, 44, 48, 52 (7 acts
/// as 6).
unsigned size_bits(unsigned encoding);
/// The encoding of the largest size that is no larger than `bits`.
std::uint8_t size_encoding(unsigned bits);

struct IdRegisters {
  std::uint32_t idr0 = 0;
  std::uint32_t idr1 = 0;
  std::uint32_t idr3 = 0;
  std::uint32_t idr5 = 0;
  std::uint32_t iidr = 0;
  std::uint32_t aidr = 0;
};

IdRegisters encode(const Features&);
Features decode_features(const IdRegisters&);

}  // namespace svasim::arch
