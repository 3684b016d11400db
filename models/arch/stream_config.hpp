// Everything the translation of a stream's (or substream's) transactions needs once its STE and CD are known.
// Small, and a value: caches keep it, walks copy it.
#pragma once

#include <array>
#include <cstdint>

#include "models/arch/fault.hpp"
#include "models/arch/geometry.hpp"
#include "models/arch/memory_attributes.hpp"
#include "models/arch/ste.hpp"
#include "models/arch/translation.hpp"

namespace svasim::arch {

enum class ConfigKind : std::uint8_t { abort, bypass, stage1, stage2, both };

struct Stage1Half {
  bool enabled = false;  ///< EPD is 0; otherwise a walk faults
  bool tbi = false;
  bool had = false;  ///< hierarchical attributes of tables are ignored
  Granule granule = Granule::k4;
  std::uint8_t input_bits = 48;
  std::uint64_t ttb = 0;
  bool e0pd = false;    ///< unprivileged accesses fault
  bool ds = false;      ///< 52-bit tables of 4 KB or 16 KB pages
  std::uint8_t sh = 0;  ///< shareability of leaves with DS
  MemoryAttributes table_attributes{};
};

/// The part that comes from the CD.
struct Stage1Config {
  std::array<Stage1Half, 2> half;
  std::uint8_t output_bits = 48;  ///< effective IPS
  std::uint64_t mair = 0;
  std::uint16_t asid = 0;
  bool affd = false, wxn = false, pan = false, epan = false;
  bool ha = false, hd = false, haft = false;
  bool abort = true, record = true, stall = false;  ///< CD.A, R, S
};

struct Stage2Config {
  Granule granule = Granule::k4;
  bool ds = false;
  std::uint8_t input_bits = 48;
  std::uint8_t output_bits = 48;  ///< effective S2PS
  std::int8_t start_level = 0;
  std::uint8_t sh = 0;  ///< shareability of leaves with DS
  std::uint64_t ttb = 0;
  bool affd = false, ptw = false, fwb = false, xnx = false;
  bool device_walks_uncached = false;  ///< IDR3.PTWNNC
  bool ha = false, hd = false, haft = false;
  bool record = true, stall = false;  ///< STE.S2R, S2S
  MemoryAttributes table_attributes{};
};

struct StreamConfig {
  ConfigKind kind = ConfigKind::abort;
  StreamWorld world = StreamWorld::el1;
  Stage1Config s1;
  Stage2Config s2;
  std::uint16_t vmid = 0;
  Eats eats = Eats::off;  ///< effective: split without CR0.ATSCHK is off
  bool ppar = false;
  bool mev = false;
  bool stall_allowed = true;  ///< false: a fault that would stall terminates with abort, and is recorded
  bool term_abort = false;    ///< IDR0.TERM_MODEL: never read-as-zero
  bool global_bypass =
      false;  ///< SMMUEN = 0, or a Translated transaction: an address out of range aborts silently
  bool record_ats_errors = false;  ///< CR2.REC_CFG_ATS
  AccessOverride access_override;
  AttributeOverride attribute_override;
  /// Attributes of the transaction, after overrides. As if it had come in with MemoryAttributes' defaults;
  /// whoever knows better sets attribute_override.apply(what came in) before a walk.
  MemoryAttributes incoming;
  std::uint8_t ias_bits = 48, oas_bits = 48;

  bool stage1() const { return kind == ConfigKind::stage1 || kind == ConfigKind::both; }
  bool stage2() const { return kind == ConfigKind::stage2 || kind == ConfigKind::both; }
  Access effective(Access incoming_access) const { return access_override.apply(incoming_access); }
};

}  // namespace svasim::arch
