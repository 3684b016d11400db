// The seam of the page-walk cache: what goes in and out of it in one clock cycle, whoever implements it (the
// cycle-exact model, the Verilated RTL, or both in lockstep). No time in here: the caller owns the clock and
// calls cycle() once per edge, and need not call it while busy() is false and it has no input (quiet means
// unchanged).
//
// The cache holds descriptors read by the walker: per level 0..3 the table descriptor that leads on, or the
// block or page descriptor that ends the walk, together with the hierarchical attributes collected on the
// way. A lookup answers with the deepest level that matches. Levels have storage of their own, so leaves
// never evict tables.
//
// Order: each operation takes effect at the edge that accepts it. At one edge the order is fill,
// invalidation, lookup: a lookup sees the fill beside it and nothing the invalidation beside it removes, and
// a fill which that invalidation covers is lost without a trace (it must have been read before). A lookup
// sees nothing accepted later. Timing: a lookup accepted at edge k has its response after edge k+2, always;
// one lookup, fill and invalidation per edge. The scopes vmid and asid then hold all readies low for
// max(sets) cycles.
#pragma once

#include <array>
#include <cstdint>

namespace svasim::arch {

inline constexpr unsigned kWalkLevels = 4;

/// Which tables a walk is in. `vpn` is VA[55:12]: bit 43 tells TTB1 from TTB0, and bits above the input range
/// are its copies, so one width serves both halves. The level's index bits and those above it form the tag.
struct WalkCacheKey {
  std::uint16_t vmid = 0;
  std::uint16_t asid = 0;
  std::uint64_t vpn = 0;  ///< 44 bits
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
};

/// What an invalidation removes. By VA it removes every level's entry on the path to `vpn`, or only leaves.
enum class WalkCacheScope : std::uint8_t {
  all = 0,   ///< everything
  vmid = 1,  ///< everything of a VMID, global entries too
  asid = 2,  ///< non-global entries of VMID and ASID
  va = 3,    ///< VMID, VA and (ASID or global)
  vaa = 4,   ///< VMID and VA, any ASID
};

struct WalkCacheInvalidate {
  WalkCacheScope scope = WalkCacheScope::all;
  bool leaf_only = false;  ///< for va and vaa: keep table entries
  WalkCacheKey key;
};

/// Inputs of one cycle. A channel whose ready was low in the last outputs must keep its value until taken.
struct WalkCacheInputs {
  bool lookup_valid = false;
  bool fill_valid = false;
  bool invalidate_valid = false;
  WalkCacheLookup lookup;
  WalkCacheEntry fill;
  WalkCacheInvalidate invalidate;
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
};

/// Sizes: per level the number of sets (a power of two) and ways.
struct WalkCacheGeometry {
  std::array<std::uint32_t, kWalkLevels> sets{1, 4, 16, 64};
  std::array<std::uint32_t, kWalkLevels> ways{4, 4, 4, 4};
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
