// The SMMUv3 register map: offsets from the base of page 0 and field positions, plus the register state a
// translation depends on. Source: SMMUv3, register summary; names and positions agree with Linux
// arm-smmu-v3.h and QEMU smmuv3-internal.h.
#pragma once

#include <cstdint>

#include "models/arch/bit_fields.hpp"
#include "models/arch/features.hpp"

namespace svasim::arch {

namespace reg {
inline constexpr std::uint32_t kIdr0 = 0x00, kIdr1 = 0x04, kIdr2 = 0x08, kIdr3 = 0x0C, kIdr4 = 0x10,
                               kIdr5 = 0x14;
inline constexpr std::uint32_t kIidr = 0x18, kAidr = 0x1C;
inline constexpr std::uint32_t kCr0 = 0x20, kCr0Ack = 0x24, kCr1 = 0x28, kCr2 = 0x2C;
inline constexpr std::uint32_t kStatusr = 0x40, kGbpa = 0x44, kAgbpa = 0x48;
inline constexpr std::uint32_t kIrqCtrl = 0x50, kIrqCtrlAck = 0x54;
inline constexpr std::uint32_t kGerror = 0x60, kGerrorn = 0x64;
inline constexpr std::uint32_t kGerrorIrqCfg0 = 0x68, kGerrorIrqCfg1 = 0x70, kGerrorIrqCfg2 = 0x74;
inline constexpr std::uint32_t kStrtabBase = 0x80, kStrtabBaseCfg = 0x88;
inline constexpr std::uint32_t kCmdqBase = 0x90, kCmdqProd = 0x98, kCmdqCons = 0x9C;
inline constexpr std::uint32_t kEventqBase = 0xA0;
inline constexpr std::uint32_t kEventqIrqCfg0 = 0xB0, kEventqIrqCfg1 = 0xB8, kEventqIrqCfg2 = 0xBC;
inline constexpr std::uint32_t kPriqBase = 0xC0;
inline constexpr std::uint32_t kPriqIrqCfg0 = 0xD0, kPriqIrqCfg1 = 0xD8, kPriqIrqCfg2 = 0xDC;
inline constexpr std::uint32_t kIdr6 = 0x190;
inline constexpr std::uint32_t kPidr4 = 0xFD0, kPidr0 = 0xFE0,
                               kCidr0 = 0xFF0;    ///< each the first of four words
inline constexpr std::uint32_t kPage1 = 0x10000;  ///< second 64 KB page: output queue indices only
inline constexpr std::uint32_t kEventqProd = 0x100A8, kEventqCons = 0x100AC;
inline constexpr std::uint32_t kPriqProd = 0x100C8, kPriqCons = 0x100CC;
inline constexpr std::uint32_t kSize = 0x20000;
}  // namespace reg

/// CR0, and CR0ACK which mirrors it once a write is effective.
namespace cr0 {
inline constexpr std::uint32_t kSmmuEn = 1u << 0, kPriqEn = 1u << 1, kEventqEn = 1u << 2, kCmdqEn = 1u << 3;
inline constexpr std::uint32_t kAtsChk = 1u << 4;
inline constexpr std::uint32_t kVmw = 7u << 6;
/// CR0.VMW: low VMID bits that invalidations ignore, 0..4 (reserved values act as 0).
constexpr std::uint8_t vmw(std::uint32_t cr0) {
  const auto value = static_cast<std::uint8_t>(bits(cr0, 8, 6));
  return value <= 4 ? value : 0;
}
}  // namespace cr0

namespace cr1 {
/// Queues and tables are Normal write-back, inner shareable.
inline constexpr std::uint32_t kWriteBack = 0xD75;
// Cacheability 0 none, 1 write-back, 2 write-through; shareability as in descriptors.
constexpr std::uint8_t table_inner(std::uint32_t cr1) { return static_cast<std::uint8_t>(bits(cr1, 7, 6)); }
constexpr std::uint8_t table_outer(std::uint32_t cr1) { return static_cast<std::uint8_t>(bits(cr1, 9, 8)); }
constexpr std::uint8_t table_sh(std::uint32_t cr1) { return static_cast<std::uint8_t>(bits(cr1, 11, 10)); }
}  // namespace cr1

namespace cr2 {
inline constexpr std::uint32_t kE2h = 1u << 0, kRecInvSid = 1u << 1, kPtm = 1u << 2, kRecCfgAts = 1u << 3;
}  // namespace cr2

/// Global bypass attributes: what happens to untranslated traffic while SMMUEN is 0. UPDATE starts and ends
/// an update.
namespace gbpa {
inline constexpr std::uint32_t kAbort = 1u << 20, kUpdate = 1u << 31;
inline constexpr std::uint32_t kReset = 0x1000;  ///< SHCFG: use incoming
inline constexpr std::uint32_t kWritable =
    0x1F3F1F;  ///< MemAttr, MTCFG, ALLOCCFG, SHCFG, PRIVCFG, INSTCFG, ABORT
// Attributes of bypassing traffic, encoded as in the STE.
constexpr std::uint8_t mem_attr(std::uint32_t gbpa) { return static_cast<std::uint8_t>(bits(gbpa, 3, 0)); }
constexpr bool mtcfg(std::uint32_t gbpa) { return bit(gbpa, 4); }
constexpr std::uint8_t alloc_cfg(std::uint32_t gbpa) { return static_cast<std::uint8_t>(bits(gbpa, 11, 8)); }
constexpr std::uint8_t sh_cfg(std::uint32_t gbpa) { return static_cast<std::uint8_t>(bits(gbpa, 13, 12)); }
constexpr std::uint8_t priv_cfg(std::uint32_t gbpa) { return static_cast<std::uint8_t>(bits(gbpa, 17, 16)); }
constexpr std::uint8_t inst_cfg(std::uint32_t gbpa) { return static_cast<std::uint8_t>(bits(gbpa, 19, 18)); }
}  // namespace gbpa

namespace irq_ctrl {
inline constexpr std::uint32_t kGerror = 1u << 0, kPriq = 1u << 1, kEventq = 1u << 2;
}  // namespace irq_ctrl

/// GERROR bits toggle when an error becomes active; software acknowledges by making GERRORN equal.
namespace gerror {
inline constexpr std::uint32_t kCmdq = 1u << 0, kEventqAbort = 1u << 2, kPriqAbort = 1u << 3;
inline constexpr std::uint32_t kMsiCmdqAbort = 1u << 4, kMsiEventqAbort = 1u << 5, kMsiPriqAbort = 1u << 6;
inline constexpr std::uint32_t kMsiGerrorAbort = 1u << 7, kServiceFailure = 1u << 8;
}  // namespace gerror

/// Interrupt configuration: CFG0 is the MSI address (0: no MSI), CFG1 the data.
namespace irq_cfg {
inline constexpr std::uint64_t kAddressMask = mask(50) << 2;
inline constexpr std::uint32_t kPriqLast =
    1u << 31;  ///< PRIQ CFG2.LO: interrupt on a Last=1 record, not on non-empty
}  // namespace irq_cfg

namespace strtab {
inline constexpr std::uint64_t kAddressMask = mask(46) << 6;
/// STRTAB_BASE_CFG: log2 of the number of StreamIDs covered.
constexpr unsigned log2_size(std::uint32_t cfg) { return static_cast<unsigned>(bits(cfg, 5, 0)); }
/// Low StreamID bits resolved by the second level: 6, 8 or 10 (reserved values act as 6).
constexpr unsigned split(std::uint32_t cfg) {
  const auto value = static_cast<unsigned>(bits(cfg, 10, 6));
  return value == 8 || value == 10 ? value : 6;
}
constexpr bool two_level(std::uint32_t cfg) { return bits(cfg, 17, 16) == 1; }
constexpr std::uint32_t config(unsigned log2_size, unsigned split, bool two_level) {
  return log2_size | split << 6 | (two_level ? 1u << 16 : 0);
}
}  // namespace strtab

/// CMDQ_CONS.ERR: why command consumption stopped.
enum class CommandError : std::uint8_t { none = 0, illegal = 1, fetch_abort = 2, atc_invalidate_sync = 3 };

/// CMDQ_CONS: the index of the next command to consume, and the error that consumption stopped with.
namespace cmdq_cons {
constexpr CommandError error(std::uint32_t cons) { return static_cast<CommandError>(bits(cons, 30, 24)); }
constexpr std::uint32_t encode(std::uint32_t index, CommandError error) {
  return index | std::uint32_t{raw(error)} << 24;
}
}  // namespace cmdq_cons

/// The registers a translation depends on, decoded. The stream table registers stay as written.
struct SmmuState {
  bool smmu_enabled = false;
  bool ats_check = false;    ///< CR0.ATSCHK
  bool recinvsid = false;    ///< CR2.RECINVSID
  bool rec_cfg_ats = false;  ///< CR2.REC_CFG_ATS
  bool e2h = false;          ///< CR2.E2H
  std::uint8_t vmw = 0;      ///< CR0.VMW as cr0::vmw gives it
  std::uint32_t cr1 = cr1::kWriteBack;
  std::uint64_t strtab_base = 0;
  std::uint32_t strtab_base_cfg = 0;
  std::uint32_t gbpa = gbpa::kReset;
};

}  // namespace svasim::arch
