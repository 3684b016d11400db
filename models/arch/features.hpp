// What an SMMU implements, and the ID registers that say so (SMMUv3, IDR0 to IDR5, IIDR, AIDR). Legality
// checks of every structure and command take a Features; software finds the same in the registers. What an
// ID register does not advertise is not there: its fields act as zero, its commands are illegal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace svasim::arch {

/// IDR0.HTTU: hardware update of translation tables.
enum class Httu : std::uint8_t { none = 0, access_flag = 1, access_and_dirty = 2, tables_too = 3 };

/// IDR0.STALL_MODEL.
enum class StallModel : std::uint8_t { selectable = 0, never = 1, forced = 2 };

struct Features {
  std::uint8_t sidsize = 16;   ///< StreamID bits, 0..32
  std::uint8_t ssidsize = 20;  ///< SubstreamID bits, 0..20
  bool s1p = true;
  bool s2p = true;
  bool cohacc = true;  ///< coherent table and queue access
  bool btm = false;    ///< broadcast TLB maintenance: not implemented
  Httu httu = Httu::access_and_dirty;
  bool hyp = true;  ///< EL2 and EL2-E2H stream worlds
  bool ats = true;
  bool ns1ats = false;  ///< split-stage ATS is NOT available
  bool asid16 = true;
  bool msi = true;
  bool sev = true;
  bool pri = true;
  bool vmw = true;  ///< VMID wildcards of invalidations
  bool vmid16 = true;
  bool cd2l = true;       ///< two-level CD tables
  bool atsrecerr = true;  ///< CR2.REC_CFG_ATS exists
  StallModel stall_model = StallModel::selectable;
  bool term_model = false;     ///< terminated faults always abort, never read as zero
  bool st_level = true;        ///< two-level stream table
  bool attr_types_ovr = true;  ///< MTCFG, SHCFG and ALLOCCFG of STE and GBPA exist
  bool attr_perms_ovr = true;  ///< PRIVCFG and INSTCFG of STE and GBPA exist
  std::uint8_t cmdqs = 19;     ///< log2 of the largest queue, 0..19
  std::uint8_t eventqs = 19;
  std::uint8_t priqs = 19;
  bool had = true;        ///< hierarchical attribute disable
  bool pbha = false;      ///< page-based hardware attributes
  bool xnx = true;        ///< stage-2 execute-never by privilege
  bool pps = false;       ///< PRI overflow auto-responses always carry the PASID
  bool fwb = true;        ///< stage-2 forced write-back
  bool stt = false;       ///< small translation tables
  bool ril = true;        ///< range invalidation and level hint
  std::uint8_t bbml = 0;  ///< break-before-make level, 0..2
  bool e0pd = true;       ///< unprivileged access to a half of the addresses can be off
  bool ptwnnc = false;    ///< table accesses to stage-2 Device memory act as Normal uncached
  bool pasidtt = false;   ///< Translated transactions may carry a PASID
  bool epan = false;      ///< CD.EPAN exists
  std::uint8_t oas = 5;   ///< output address size, encoded: see size_bits
  bool gran4k = true;
  bool gran16k = true;
  bool gran64k = true;
  bool ds = false;                ///< 52-bit tables of 4 KB and 16 KB pages
  std::uint8_t vax = 0;           ///< 0: 48-bit virtual addresses, 1: 52-bit
  std::uint16_t stall_max = 256;  ///< transactions stalled at a time
  std::uint32_t iidr = 0;         ///< implementer 11:0, revision 15:12, variant 19:16, product 31:20
  std::uint8_t arch_minor = 3;    ///< AIDR: SMMUv3.n

  unsigned oas_bits() const;
  /// Input address size of stage 1 bypass and of stage 2. Equals the output size: AArch32 tables are not
  /// implemented.
  unsigned ias_bits() const { return oas_bits(); }
  /// Bits of ASIDs and VMIDs that exist.
  std::uint16_t asid_mask() const { return asid16 ? 0xFFFF : 0xFF; }
  std::uint16_t vmid_mask() const { return !s2p ? 0 : vmid16 ? 0xFFFF : 0xFF; }
  /// log2 of the smallest page: the STU devices must be given.
  unsigned smallest_page_shift() const { return gran4k ? 12 : gran16k ? 14 : 16; }

  /// Lists the fields an SMMU can be configured with (visitor: field and choice, as in
  /// models/smmu/config.hpp).
  template <class Visitor>
  void describe(Visitor& v);
  /// What is inconsistent, a line each; empty when nothing is.
  std::vector<std::string> check() const;
};

/// Bits of an address size encoded as IDR5.OAS, CD.IPS and STE.S2PS are: 32, 36, 40, 42, 44, 48, 52 (7 acts
/// as 6).
unsigned size_bits(unsigned encoding);
/// The encoding of the largest size that is no larger than `bits`.
std::uint8_t size_encoding(unsigned bits);

/// IDR2 and IDR4 read as zero: no VATOS page, nothing implementation defined.
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

template <class Visitor>
void Features::describe(Visitor& v) {
  v.field("s1p", s1p, "", 0, 1, "IDR0.S1P: stage 1");
  v.field("s2p", s2p, "", 0, 1, "IDR0.S2P: stage 2");
  v.field("cohacc", cohacc, "", 0, 1, "IDR0.COHACC: table and queue accesses are coherent");
  v.choice("httu", httu, {"none", "access", "dirty", "tables"},
           "IDR0.HTTU: access flags set by hardware, dirty state too, access flags of tables too");
  v.field("hyp", hyp, "", 0, 1, "IDR0.HYP: EL2 and EL2-E2H stream worlds");
  v.field("ats", ats, "", 0, 1, "IDR0.ATS");
  v.field("ns1ats", ns1ats, "", 0, 1, "IDR0.NS1ATS: split-stage ATS is not available");
  v.field("asid16", asid16, "", 0, 1, "IDR0.ASID16: 16-bit ASIDs, else 8-bit");
  v.field("msi", msi, "", 0, 1, "IDR0.MSI: interrupts may be memory writes");
  v.field("sev", sev, "", 0, 1, "IDR0.SEV: CMD_SYNC and the command queue can wake processors");
  v.field("pri", pri, "", 0, 1, "IDR0.PRI: page requests");
  v.field("vmw", vmw, "", 0, 1, "IDR0.VMW: invalidations can ignore low VMID bits");
  v.field("vmid16", vmid16, "", 0, 1, "IDR0.VMID16: 16-bit VMIDs, else 8-bit");
  v.field("cd2l", cd2l, "", 0, 1, "IDR0.CD2L: two-level CD tables");
  v.field("atsrecerr", atsrecerr, "", 0, 1, "IDR0.ATSRECERR: CR2.REC_CFG_ATS exists");
  v.choice("stall_model", stall_model, {"selectable", "never", "forced"}, "IDR0.STALL_MODEL");
  v.field("term_model", term_model, "", 0, 1, "IDR0.TERM_MODEL: terminated faults always abort");
  v.field("st_level", st_level, "", 0, 1, "IDR0.ST_LEVEL: two-level stream tables");
  v.field("sidsize", sidsize, "bits", 0, 32, "IDR1.SIDSIZE: StreamID");
  v.field("ssidsize", ssidsize, "bits", 0, 20, "IDR1.SSIDSIZE: SubstreamID, which is the PASID");
  v.field("priqs", priqs, "log2", 0, 19, "IDR1.PRIQS: entries of the largest PRI queue");
  v.field("eventqs", eventqs, "log2", 0, 19, "IDR1.EVENTQS: entries of the largest event queue");
  v.field("cmdqs", cmdqs, "log2", 0, 19, "IDR1.CMDQS: entries of the largest command queue");
  v.field("attr_types_ovr", attr_types_ovr, "", 0, 1, "IDR1.ATTR_TYPES_OVR: memory types can be overridden");
  v.field("attr_perms_ovr", attr_perms_ovr, "", 0, 1,
          "IDR1.ATTR_PERMS_OVR: privilege and instruction can be overridden");
  v.field("had", had, "", 0, 1, "IDR3.HAD: hierarchical attributes can be disabled");
  v.field("pbha", pbha, "", 0, 1, "IDR3.PBHA: page-based hardware attributes (no effect here)");
  v.field("xnx", xnx, "", 0, 1, "IDR3.XNX: stage-2 execute-never by privilege");
  v.field("pps", pps, "", 0, 1, "IDR3.PPS: PRI overflow responses always carry the PASID");
  v.field("fwb", fwb, "", 0, 1, "IDR3.FWB: stage 2 can force memory types");
  v.field("stt", stt, "", 0, 1, "IDR3.STT: small translation tables");
  v.field("ril", ril, "", 0, 1, "IDR3.RIL: range invalidation and level hint");
  v.field("bbml", bbml, "", 0, 2, "IDR3.BBML: break-before-make level");
  v.field("e0pd", e0pd, "", 0, 1, "IDR3.E0PD: unprivileged access to a half can be off");
  v.field("ptwnnc", ptwnnc, "", 0, 1, "IDR3.PTWNNC: table accesses to Device memory are Normal uncached");
  v.field("pasidtt", pasidtt, "", 0, 1, "IDR3.PASIDTT: Translated transactions may carry a PASID");
  v.field("epan", epan, "", 0, 1, "IDR3.EPAN: enhanced privileged access never");
  v.field("oas", oas, "", 0, 6, "IDR5.OAS: 32, 36, 40, 42, 44, 48 or 52 address bits");
  v.field("gran4k", gran4k, "", 0, 1, "IDR5.GRAN4K");
  v.field("gran16k", gran16k, "", 0, 1, "IDR5.GRAN16K");
  v.field("gran64k", gran64k, "", 0, 1, "IDR5.GRAN64K");
  v.field("ds", ds, "", 0, 1, "IDR5.DS: 52-bit tables of 4 KB and 16 KB pages");
  v.field("vax", vax, "", 0, 1, "IDR5.VAX: 0 for 48-bit virtual addresses, 1 for 52-bit");
  v.field("stall_max", stall_max, "transactions", 1, 65535,
          "IDR5.STALL_MAX: stalled transactions with a record");
  v.field("iidr", iidr, "", 0, 4294967295.0, "IIDR: implementer, revision, variant, product");
  v.field("arch_minor", arch_minor, "", 1, 4, "AIDR.ArchMinorRev: SMMUv3.n");
}

}  // namespace svasim::arch
