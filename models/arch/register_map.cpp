// See register_map.hpp.
#include "models/arch/register_map.hpp"

#include "models/arch/bit_fields.hpp"
#include "models/arch/queue.hpp"
#include "models/arch/registers.hpp"

namespace svasim::arch {
namespace {

constexpr std::uint32_t kIndex = 0xFFFFF, kLog2Size = 0x1F;
constexpr std::uint64_t kAllocationHint = std::uint64_t{1} << 62;  ///< RA or WA
constexpr std::uint32_t kQueueAttributes = 0x03F, kTableAttributes = 0xFC0;
constexpr std::uint32_t kMsiAttributes = 0x3F;

/// The low or the high word of a 64-bit register at `base`.
std::uint32_t half(std::uint32_t offset, std::uint32_t base, std::uint64_t bits64) {
  return static_cast<std::uint32_t>(offset == base ? bits64 : bits64 >> 32);
}

/// Address bits from `lowest` up to the output address size: those above it need not exist.
std::uint64_t address_bits(unsigned lowest, const Features& f) { return mask(f.oas_bits()) & ~mask(lowest); }

std::uint32_t queue_base(std::uint32_t offset, std::uint32_t base, const Features& f) {
  return half(offset, base, address_bits(5, f) | kAllocationHint | kLog2Size);
}

std::uint32_t cr0_bits(const Features& f) {
  return cr0::kSmmuEn | cr0::kEventqEn | cr0::kCmdqEn | (f.pri ? cr0::kPriqEn : 0) |
         (f.ats ? cr0::kAtsChk : 0) | (f.vmw ? cr0::kVmw : 0);
}

std::uint32_t cr2_bits(const Features& f) {
  return cr2::kRecInvSid | (f.hyp ? cr2::kE2h : 0) | (f.btm ? cr2::kPtm : 0) |
         (f.atsrecerr ? cr2::kRecCfgAts : 0);
}

std::uint32_t gerror_bits(const Features& f) {
  const std::uint32_t msi = gerror::kMsiCmdqAbort | gerror::kMsiEventqAbort | gerror::kMsiGerrorAbort |
                            (f.pri ? gerror::kMsiPriqAbort : 0);
  return gerror::kCmdq | gerror::kEventqAbort | (f.pri ? gerror::kPriqAbort : 0) | (f.msi ? msi : 0);
}

std::uint32_t table_config_bits(const Features& f) {
  constexpr std::uint32_t kTwoLevel = 0x307C0;  // SPLIT, FMT
  return 0x3F | (f.st_level ? kTwoLevel : 0);
}

/// CFG0, CFG1 and CFG2 of an interrupt.
std::uint32_t msi_bits(std::uint32_t offset, std::uint32_t cfg0, const Features& f) {
  if (!f.msi) return 0;
  switch (offset - cfg0) {
    case 0:
    case 4: return half(offset, cfg0, address_bits(2, f));
    case 8: return ~0u;
    default: return kMsiAttributes;
  }
}

}  // namespace

std::uint32_t writable_bits(std::uint32_t offset, const Features& f, const RegisterUse& use) {
  const bool smmu = (use.cr0 & cr0::kSmmuEn) != 0;
  const bool cmdq = (use.cr0 & cr0::kCmdqEn) != 0, eventq = (use.cr0 & cr0::kEventqEn) != 0;
  const bool priq = (use.cr0 & cr0::kPriqEn) != 0 || !f.pri;
  switch (offset) {
    case reg::kCr0: return cr0_bits(f);
    case reg::kCr1:
      return (cmdq || eventq || (use.cr0 & cr0::kPriqEn) != 0 ? 0 : kQueueAttributes) |
             (smmu ? 0 : kTableAttributes);
    case reg::kCr2: return smmu ? 0 : cr2_bits(f);
    case reg::kGbpa: return gbpa::kWritable | gbpa::kUpdate;
    case reg::kIrqCtrl: return irq_ctrl::kGerror | irq_ctrl::kEventq | (f.pri ? irq_ctrl::kPriq : 0);
    case reg::kGerrorn: return gerror_bits(f);
    case reg::kGerrorIrqCfg0:
    case reg::kGerrorIrqCfg0 + 4:
    case reg::kGerrorIrqCfg1:
    case reg::kGerrorIrqCfg2:
      return (use.irq_ctrl & irq_ctrl::kGerror) != 0 ? 0 : msi_bits(offset, reg::kGerrorIrqCfg0, f);
    case reg::kStrtabBase:
    case reg::kStrtabBase + 4:
      return smmu ? 0 : half(offset, reg::kStrtabBase, address_bits(6, f) | kAllocationHint);
    case reg::kStrtabBaseCfg: return smmu ? 0 : table_config_bits(f);
    case reg::kCmdqBase:
    case reg::kCmdqBase + 4: return cmdq ? 0 : queue_base(offset, reg::kCmdqBase, f);
    case reg::kCmdqProd: return kIndex;
    case reg::kCmdqCons: return cmdq ? 0 : kIndex;
    case reg::kEventqBase:
    case reg::kEventqBase + 4: return eventq ? 0 : queue_base(offset, reg::kEventqBase, f);
    case reg::kEventqProd: return eventq ? 0 : kIndex | kQueueOverflow;
    case reg::kEventqCons: return kIndex | kQueueOverflow;
    case reg::kEventqIrqCfg0:
    case reg::kEventqIrqCfg0 + 4:
    case reg::kEventqIrqCfg1:
    case reg::kEventqIrqCfg2:
      return (use.irq_ctrl & irq_ctrl::kEventq) != 0 ? 0 : msi_bits(offset, reg::kEventqIrqCfg0, f);
    case reg::kPriqBase:
    case reg::kPriqBase + 4: return priq ? 0 : queue_base(offset, reg::kPriqBase, f);
    case reg::kPriqProd: return priq ? 0 : kIndex | kQueueOverflow;
    case reg::kPriqCons: return f.pri ? kIndex | kQueueOverflow : 0;
    case reg::kPriqIrqCfg0:
    case reg::kPriqIrqCfg0 + 4:
    case reg::kPriqIrqCfg1:
    case reg::kPriqIrqCfg2:
      if (!f.pri || (use.irq_ctrl & irq_ctrl::kPriq) != 0) return 0;
      return msi_bits(offset, reg::kPriqIrqCfg0, f) | (offset == reg::kPriqIrqCfg2 ? irq_cfg::kPriqLast : 0);
    default: return 0;
  }
}

std::uint32_t id_word(std::uint32_t offset, const Features& f) {
  const IdRegisters id = encode(f);
  const auto implementer = static_cast<std::uint32_t>(bits(id.iidr, 11, 0));
  const auto revision = static_cast<std::uint32_t>(bits(id.iidr, 15, 12));
  const auto variant = static_cast<std::uint32_t>(bits(id.iidr, 19, 16));
  const auto product = static_cast<std::uint32_t>(bits(id.iidr, 31, 20));
  constexpr std::uint32_t kJedec = 1u << 3;
  switch (offset) {
    case reg::kIdr0: return id.idr0;
    case reg::kIdr1: return id.idr1;
    case reg::kIdr3: return id.idr3;
    case reg::kIdr5: return id.idr5;
    case reg::kIidr: return id.iidr;
    case reg::kAidr: return id.aidr;
    case reg::kPidr4: return implementer >> 8;  // JEP106: the bank, then the code in bank
    case reg::kPidr0: return product & 0xFF;
    case reg::kPidr0 + 4: return product >> 8 | (implementer & 0xF) << 4;
    case reg::kPidr0 + 8: return (implementer >> 4 & 7) | kJedec | variant << 4;
    case reg::kPidr0 + 12: return revision << 4;
    case reg::kCidr0: return 0x0D;  // the fixed preamble of a component of class 0xF
    case reg::kCidr0 + 4: return 0xF0;
    case reg::kCidr0 + 8: return 0x05;
    case reg::kCidr0 + 12: return 0xB1;
    default: return 0;
  }
}

}  // namespace svasim::arch
