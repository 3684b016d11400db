// The messages of DTI-TBU as they are on the wire: type, length and position of every field.
//
// Source rule: AMBA DTI, DTI-TBU message groups. Choice, where no public source tells: the operation codes of
// InvReq, the register messages.
#pragma once

#include <cstdint>
#include <variant>

#include "models/arch/dti_connection.hpp"

namespace svasim::arch::dti::tbu {

struct CondisReq : CondisReqFields {
  bool registers = false;   ///< SUP_REG
  bool spd = false;         ///< SPD
  std::uint8_t stages = 0;  ///< what it caches
  template <class F>
  void layout(const F& f) {
    CondisReqFields::layout(f);
    f(24, 1, registers), f(25, 1, spd), f(26, 2, stages);
  }
};

struct CondisAck : CondisAckFields {
  bool no_cache_init = false;
  template <class F>
  void layout(const F& f) {
    CondisAckFields::layout(f);
    f(20, 1, no_cache_init);
  }
};

/// PERM.
enum class Perm : std::uint8_t { write, read, read_write, speculative };
/// FLOW.
enum class FlowCode : std::uint8_t { stall, translated, no_stall, pri };
/// TransFault::type.
enum class FaultType : std::uint8_t {
  non_abort,
  abort,
  stream_disabled,
  global_disabled,
  translation_pri,
  translation_stall
};

struct TransReq {
  static constexpr std::uint8_t kCode = 0x2;
  static constexpr unsigned kBits = 160;
  std::uint8_t qos = 0;
  std::uint16_t id = 0;
  Protocol protocol = Protocol::tbu;
  bool privileged = false;   ///< PnU
  bool instruction = false;  ///< InD
  Perm perm = Perm::write;
  std::uint8_t sec_sid = 0;
  bool ssv = false;
  FlowCode flow = FlowCode::stall;
  std::uint8_t pas = 0;
  bool ident = false;
  std::uint32_t sid = 0;
  bool pas_unknown = false;
  bool response_extended = false;  ///< REQEX: accepts TransRespEx
  bool mmu_valid = false;          ///< MMUV: a translation is wanted
  bool pm = false;
  std::uint8_t impdef = 0;
  std::uint32_t ssid = 0;
  std::uint64_t address = 0;  ///< IA

  template <class F>
  void layout(const F& f) {
    f(4, 4, qos), f(8, 8, id), f(28, 4, id, 8), f(16, 1, protocol);
    f(17, 1, privileged), f(18, 1, instruction), f(19, 1, perm), f(23, 1, perm, 1);
    f(20, 1, sec_sid), f(26, 1, sec_sid, 1), f(21, 1, ssv), f(22, 1, flow), f(71, 1, flow, 1);
    f(24, 2, pas), f(65, 1, pas, 2), f(27, 1, ident), f(32, 32, sid), f(64, 1, pas_unknown);
    f(66, 1, response_extended), f(69, 1, mmu_valid), f(70, 1, pm), f(72, 4, impdef);
    f(76, 20, ssid), f(96, 64, address);
  }
};

struct TransResp {
  static constexpr std::uint8_t kCode = 0x2;
  static constexpr unsigned kBits = 160;
  std::uint16_t id = 0;
  std::uint8_t cont = 0;
  bool do_not_cache = false;
  bool bypass = false;
  std::uint8_t strw = 0;  ///< with bypass: BP_TYPE
  bool dre = false, dcp = false;
  std::uint8_t privcfg = 0, instcfg = 0;  ///< as in an STE
  bool aset = false, combine_type = false;
  std::uint8_t alloccfg = 0;
  std::uint16_t vmid = 0, asid = 0;
  bool ur = false, uw = false, ux = false, pr = false, pw = false, px = false;  ///< ALLOW_*
  bool tbi = false, global = false, combine_sh = false, combine_alloc = false;
  std::uint8_t pas = 0;
  std::uint8_t trans_range = 0;  ///< what it holds for
  std::uint8_t inval_range = 0;  ///< what invalidations by address match
  std::uint8_t hwattr = 0, attr = 0, sh = 0;
  std::uint64_t page = 0;  ///< OA[51:12]
  bool mpam_ns = false, mpam_nse = false, pmg = false;
  std::uint16_t partid = 0;
  std::uint8_t impdef = 0;

  template <class F>
  void layout(const F& f) {
    f(4, 8, id), f(76, 4, id, 8), f(12, 4, cont), f(16, 1, do_not_cache), f(17, 1, bypass);
    f(18, 2, strw), f(20, 1, dre), f(21, 1, dcp), f(22, 2, privcfg), f(24, 2, instcfg), f(26, 1, aset);
    f(27, 1, combine_type), f(28, 4, alloccfg), f(32, 16, vmid), f(48, 16, asid);
    f(64, 1, ur), f(65, 1, uw), f(66, 1, ux), f(67, 1, pr), f(68, 1, pw), f(69, 1, px);
    f(70, 1, pas), f(88, 1, pas, 1), f(90, 1, pas, 2), f(71, 1, tbi), f(72, 1, global), f(73, 1, mpam_ns);
    f(74, 1, combine_sh), f(75, 1, combine_alloc), f(80, 4, trans_range), f(84, 4, inval_range);
    f(89, 1, mpam_nse), f(92, 4, hwattr), f(96, 8, attr), f(104, 2, sh), f(106, 1, pmg), f(108, 40, page);
    f(148, 4, partid), f(152, 4, partid, 4), f(91, 1, partid, 8), f(107, 1, partid, 9), f(156, 4, impdef);
  }
};

/// A TransResp and 32 bits more.
struct TransRespEx : TransResp {
  static constexpr std::uint8_t kCode = 0x3;
  static constexpr unsigned kBits = 192;
  std::uint16_t mecid = 0;
  std::uint8_t partid_high = 0;
  template <class F>
  void layout(const F& f) {
    TransResp::layout(f);
    f(160, 16, mecid), f(176, 2, partid_high);
  }
};

/// Bits 31:12 are a SubstreamID or a range, bits 63:32 a StreamID or VMID and ASID: which, OPERATION tells.
/// Choice: OPERATION[7:0] is the opcode of the SMMU's command, OPERATION[8] its Leaf.
struct InvReq {
  static constexpr std::uint8_t kCode = 0x4;
  static constexpr unsigned kBits = 128;
  std::uint16_t operation = 0;
  std::uint32_t ssid = 0;  ///< or the range: range_ttl() and its neighbours
  std::uint32_t sid = 0;   ///< or VMID in 15:0, ASID in 31:16
  std::uint8_t range = 0;  ///< CFGI: 2^(range+1) StreamIDs
  bool inc_aset1 = false;
  bool scale5 = false;     ///< SCALE[5]
  std::uint64_t page = 0;  ///< ADDR[63:12]

  template <class F>
  void layout(const F& f) {
    f(4, 8, operation), f(70, 1, operation, 8), f(12, 20, ssid), f(32, 32, sid), f(64, 5, range);
    f(69, 1, inc_aset1), f(71, 1, scale5), f(76, 52, page);
  }
};

using InvAck = Short<0x4>;
using SyncReq = Short<0x5>;
using SyncAck = Short<0x5>;
using RegWriteAck = Short<0x6>;

/// Choice: positions and lengths of the register messages.
struct RegReadData {
  static constexpr std::uint8_t kCode = 0x7;
  static constexpr unsigned kBits = 64;
  std::uint32_t data = 0;
  template <class F>
  void layout(const F& f) {
    f(32, 32, data);
  }
};
struct RegWrite {
  static constexpr std::uint8_t kCode = 0x6;
  static constexpr unsigned kBits = 64;
  std::uint32_t address = 0;  ///< 20 bits, of bytes
  std::uint32_t data = 0;
  template <class F>
  void layout(const F& f) {
    f(12, 20, address), f(32, 32, data);
  }
};
struct RegRead {
  static constexpr std::uint8_t kCode = 0x7;
  static constexpr unsigned kBits = 32;
  std::uint32_t address = 0;
  template <class F>
  void layout(const F& f) {
    f(12, 20, address);
  }
};

using Upstream = std::variant<CondisReq, TransReq, InvAck, SyncAck, RegWriteAck, RegReadData>;
using Downstream =
    std::variant<CondisAck, TransFault, TransResp, TransRespEx, InvReq, SyncReq, RegWrite, RegRead>;

}  // namespace svasim::arch::dti::tbu
