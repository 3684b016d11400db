// The seam of the page-walk cache: what goes in and out of it in one clock cycle, whoever implements it (the
// cycle-exact model, the Verilated RTL, or both in lockstep). No time in here: the caller owns the clock and
// calls cycle() once per edge, and need not call it while busy() is false and it has no input (quiet means
// unchanged).
//
// The cache holds descriptors read by the walker: per stage and level the table descriptor that leads on, or
// the block or page descriptor that ends the walk, in stage 1 with the hierarchical attributes collected on
// the way. A lookup names a stage and answers with the deepest level that matches. Levels have storage of
// their own, so leaves never evict tables.
//
// Order: each operation takes effect at the edge that accepts it. At one edge the order is lookup, fill,
// invalidation: a lookup sees exactly what earlier edges left, and a fill that the invalidation beside it
// covers is lost without a trace (it must have been read before). Timing: a lookup accepted at edge k has its
// response after edge k+2, always; one lookup, fill and invalidation per edge. An invalidation takes steps,
// and holds all readies low for all cycles but one of them: 1 step if it is of everything; by address 3 (a
// granule each) without a granule, else one per page up to the largest bank's sets; otherwise these.
#pragma once

#include <array>
#include <cstdint>

#include "models/arch/geometry.hpp"

namespace svasim::arch {

inline constexpr unsigned kWalkLevels = 4;

/// Whose tables a walk is in: stage 1 of a stream world, or stage 2.
enum class WalkCacheWorld : std::uint8_t { el1 = 0, el2 = 1, el2_e2h = 2, stage2 = 3 };

constexpr std::uint8_t bit_of(WalkCacheWorld world) { return static_cast<std::uint8_t>(1u << raw(world)); }
inline constexpr std::uint8_t kAllWorlds = 15;

/// Which tables a walk is in. `vpn` is VA[55:12] or IPA[55:12]: of a VA bit 43 tells TTB1 from TTB0, and bits
/// above the input range are its copies, so one width serves both halves. The level's index bits and those
/// above it, which depend on the granule, form the tag. Worlds without VMID or ASID leave theirs 0.
struct WalkCacheKey {
  std::uint16_t vmid = 0;
  std::uint16_t asid = 0;
  std::uint64_t vpn = 0;  ///< 44 bits
  WalkCacheWorld world = WalkCacheWorld::el1;
  Granule granule = Granule::k4;
};

/// What the cache stores of one level of a walk.
struct WalkCacheEntry {
  WalkCacheKey key;
  std::uint8_t level = 0;  ///< 0..3, the level whose descriptor this is
  bool leaf = false;       ///< a block or page descriptor
  bool global = false;     ///< leaf with nG = 0: matches every ASID
  std::uint8_t hierarchical =
      0;  ///< 5 bits collected above this level: NSTable 4, APTable 3:2, XNTable 1, PXNTable 0
  std::uint64_t descriptor = 0;  ///< as read from memory
};

struct WalkCacheLookup {
  std::uint8_t id = 0;  ///< returned with the response
  WalkCacheKey key;
};

struct WalkCacheResponse {
  std::uint8_t id = 0;
  bool hit = false;
  std::uint8_t level = 0;
  bool leaf = false;
  std::uint8_t hierarchical = 0;
  std::uint64_t descriptor = 0;
  bool error = false;  ///< an entry of this key had odd parity: it was passed over, and removed
};

/// What an invalidation removes, of the worlds it names. By VA it removes every level's entry on the path to
/// a page of the range, or only leaves.
enum class WalkCacheScope : std::uint8_t {
  all = 0,   ///< everything
  vmid = 1,  ///< everything of a VMID, global entries too
  asid = 2,  ///< non-global entries of VMID and ASID
  va = 3,    ///< VMID, address and (ASID or global)
  vaa = 4,   ///< VMID and address (a VA or an IPA), any ASID
};

/// The range is that of a range TLBI: (num + 1) << scale pages of granule tg (1: 4 KB, 2: 16 KB, 3: 64 KB)
/// from vpn on, and entries of that granule only; tg 0: the one 4 KB page vpn, and entries of any granule.
struct WalkCacheInvalidate {
  WalkCacheScope scope = WalkCacheScope::all;
  bool leaf_only = false;            ///< for va and vaa: keep table entries
  WalkCacheKey key;                  ///< world and granule are not looked at
  std::uint8_t worlds = kAllWorlds;  ///< bit_of() each
  std::uint8_t tg = 0;               ///< 2 bits
  std::uint8_t num = 0;              ///< 5 bits
  std::uint8_t scale = 0;            ///< 5 bits
};

/// Error injection: the fill beside it is stored with one bit flipped. Bits 0 to 63 are the descriptor's,
/// then parity 64, leaf 65, global 66, hierarchical 67-71, granule 72-73, world 74-75, VMID 76-91, ASID
/// 92-107, tag from 108 on (as long as the level's tag of a 4 KB granule); bits beyond do not exist, none is
/// flipped.
struct WalkCacheFlip {
  bool valid = false;
  std::uint8_t bit = 0;
};

/// Inputs of one cycle. A channel whose ready was low in the last outputs must keep its value until taken.
struct WalkCacheInputs {
  bool lookup_valid = false;
  bool fill_valid = false;
  bool invalidate_valid = false;
  WalkCacheLookup lookup;
  WalkCacheEntry fill;
  WalkCacheInvalidate invalidate;
  WalkCacheFlip flip;
};

/// Events since reset, modulo 2^32. Those of a lookup are counted with its response, those of a fill or an
/// invalidation one cycle after the edge that accepts it.
struct WalkCacheCounters {
  std::uint32_t lookups = 0;        ///< answered
  std::uint32_t hits = 0;           ///< of them
  std::uint32_t errors = 0;         ///< of them, those that found an entry with odd parity
  std::uint32_t fills = 0;          ///< written
  std::uint32_t lost_fills = 0;     ///< covered by an invalidation, or of a level that keeps nothing
  std::uint32_t evictions = 0;      ///< fills that evicted an entry of another key
  std::uint32_t invalidations = 0;  ///< begun
  std::uint32_t waits = 0;          ///< cycles with the readies low
};

/// Outputs after the edge. The readies are functions of state alone and hold for the inputs of the next
/// cycle; an input is taken at an edge when its valid and its ready were both high before it. The response is
/// valid for one cycle: the caller always takes it.
struct WalkCacheOutputs {
  bool lookup_ready = true;
  bool fill_ready = true;
  bool invalidate_ready = true;
  bool response_valid = false;
  bool busy = false;  ///< something is in flight: keep clocking
  WalkCacheResponse response;
  WalkCacheCounters counters;
};

enum class WalkCacheReplacement : std::uint8_t { round_robin = 0, plru = 1 };

/// Sizes: per stage and level the number of sets (a power of two; 1: fully associative) and ways (1: direct
/// mapped, 0: the level keeps nothing). Tree PLRU wants a power of two of ways.
struct WalkCacheGeometry {
  using PerLevel = std::array<std::uint32_t, kWalkLevels>;
  PerLevel sets{1, 4, 16, 64};
  PerLevel ways{4, 4, 4, 4};
  PerLevel s2_sets{1, 4, 16, 64};
  PerLevel s2_ways{4, 4, 4, 4};
  WalkCacheReplacement replacement = WalkCacheReplacement::round_robin;
};

class WalkCache {
 public:
  virtual ~WalkCache() = default;
  /// One clock edge: `in` as they stood before it, the outputs as they stand after it.
  virtual const WalkCacheOutputs& cycle(const WalkCacheInputs& in) = 0;
  /// The outputs as they stand now.
  virtual const WalkCacheOutputs& outputs() const = 0;
};

}  // namespace svasim::arch
