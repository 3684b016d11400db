// Command queue entries (16 bytes), SMMUv3 commands: encode, decode, legality.
#pragma once

#include <array>
#include <cstdint>

#include "models/arch/features.hpp"
#include "models/arch/types.hpp"

namespace svasim::arch {

enum class Opcode : std::uint8_t {
  prefetch_config = 0x01,
  prefetch_addr = 0x02,
  cfgi_ste = 0x03,
  cfgi_ste_range = 0x04,  ///< with range 31: CFGI_ALL
  cfgi_cd = 0x05,
  cfgi_cd_all = 0x06,
  tlbi_nh_all = 0x10,
  tlbi_nh_asid = 0x11,
  tlbi_nh_va = 0x12,
  tlbi_nh_vaa = 0x13,
  tlbi_el2_all = 0x20,
  tlbi_el2_asid = 0x21,
  tlbi_el2_va = 0x22,
  tlbi_el2_vaa = 0x23,
  tlbi_s12_vmall = 0x28,
  tlbi_s2_ipa = 0x2A,
  tlbi_nsnh_all = 0x30,
  atc_inv = 0x40,
  pri_resp = 0x41,
  resume = 0x44,
  stall_term = 0x45,
  sync = 0x46,
};

/// "CMD_SYNC" and so on; "?" for unknown opcodes.
const char* name(Opcode);
constexpr bool is_cfgi(Opcode op) { return op >= Opcode::cfgi_ste && op <= Opcode::cfgi_cd_all; }
constexpr bool is_tlbi(Opcode op) { return op >= Opcode::tlbi_nh_all && op <= Opcode::tlbi_nsnh_all; }

/// CMD_PRI_RESP.Resp. Not the PCIe code: see pri.hpp.
enum class PriResponse : std::uint8_t { failure = 0, invalid = 1, success = 2 };

/// CMD_SYNC.CS.
enum class SyncSignal : std::uint8_t { none = 0, irq = 1, sev = 2 };

/// CMD_RESUME as Ac, Ab: retry wins; otherwise abort or read-as-zero/write-ignored.
enum class ResumeAction : std::uint8_t { raz_wi = 0, retry = 1, abort = 2 };

inline constexpr std::uint8_t kCfgiAllRange = 31;
inline constexpr std::uint8_t kAtcInvalidateAll = 52;  ///< ATC_INV.Size of everything

/// All commands in one struct; fields an opcode does not have are not encoded and decode as their defaults.
struct Command {
  Opcode opcode = Opcode::sync;
  bool secure = false;  ///< SSec: illegal on this queue
  StreamId stream{};
  SubstreamId substream;
  bool leaf = false;
  std::uint8_t range = 0;  ///< CFGI_STE_RANGE: 2^(range+1) StreamIDs, 31 for all
  std::uint16_t vmid = 0;
  std::uint16_t asid = 0;
  std::uint64_t address = 0;  ///< VA or IPA of TLBI, ATC_INV, PREFETCH_ADDR; bits 11:0 zero
  std::uint8_t size = 0;      ///< ATC_INV: 4096 * 2^size bytes; PREFETCH_ADDR: 2^size translations
  std::uint8_t stride = 0;    ///< PREFETCH_ADDR: 2^(12+stride) bytes from one to the next
  std::uint8_t num = 0, scale = 0, tg = 0,
               ttl = 0;  ///< range invalidation: (num+1) * 2^scale pages of TG; tg 0: none
  bool global = false;   ///< ATC_INV.G
  std::uint16_t prg_index = 0;
  PriResponse response = PriResponse::failure;
  ResumeAction action = ResumeAction::raz_wi;
  std::uint16_t stag = 0;
  SyncSignal signal = SyncSignal::none;
  std::uint8_t msi_shareability = 0, msi_attributes = 0;
  std::uint32_t msi_data = 0;
  std::uint64_t msi_address = 0;  ///< 0: wired interrupt
};

using CommandWords = std::array<std::uint64_t, 2>;

CommandWords encode(const Command&);
Command decode_command(const CommandWords&);
/// False: CERROR_ILL.
bool legal(const Command&, const Features&);
/// The level that leaves must be of to be removed (TLBI.TTL); 0: any.
unsigned level_hint(const Command&, const Features&);
/// Must a CFGI command remove the cached STE of a stream, the CD at an index of its table, or the level-1
/// descriptors that led there? False for other commands.
bool removes_ste(const Command&, StreamId);
bool removes_cd(const Command&, StreamId, std::uint32_t index);
bool removes_l1std(const Command&, StreamId);
bool removes_l1cd(const Command&, StreamId, std::uint32_t index);
/// Does a CFGI command name this stream? CFGI_STE_RANGE names 2^(range+1) aligned StreamIDs. False for other
/// commands.
bool names_stream(const Command&, StreamId);

}  // namespace svasim::arch
