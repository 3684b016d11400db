// See tlb_scope.hpp.
#include "models/arch/tlb_scope.hpp"

#include <algorithm>

#include "models/arch/bit_fields.hpp"
#include "models/arch/geometry.hpp"

namespace svasim::arch {
namespace {

/// VA bits above this one are a tag byte or copies: they never tell two translations apart.
constexpr unsigned kVaBits = 56;

/// With a level hint only leaves of that level, and tables above it.
bool level_matches(const Command& command, const TlbTag& tag, const Features& features) {
  if (!tag.leaf && command.leaf) return false;
  const auto hint = static_cast<int>(level_hint(command, features));
  return hint == 0 || (tag.leaf ? tag.level == hint : tag.level < hint);
}

bool address_matches(const Command& command, const TlbTag& tag, const Features& features) {
  if (!level_matches(command, tag, features)) return false;
  const TlbiRange range = tlbi_range(command, features);
  if (range.log2_granule != 0 && range.log2_granule != tag.log2_granule) return false;
  const std::uint64_t first = tag.address & mask(kVaBits) & ~mask(tag.log2_size);
  const std::uint64_t last = first | (mask(tag.log2_size) & mask(kVaBits));
  return first <= range.last && range.first <= last;
}

bool asid_matches(const Command& command, const TlbTag& tag) {
  return tag.global || tag.asid == command.asid;
}

bool nh_matches(const Command& command, const TlbTag& tag, const Features& features) {
  if (tag.kind != TranslationKind::stage1 && tag.kind != TranslationKind::both) return false;
  switch (command.opcode) {
    case Opcode::tlbi_nh_all: return true;
    case Opcode::tlbi_nh_asid: return !tag.global && tag.asid == command.asid;
    case Opcode::tlbi_nh_va: return asid_matches(command, tag) && address_matches(command, tag, features);
    default: return address_matches(command, tag, features);
  }
}

/// All and by-ASID commands reach both worlds, of which only EL2-E2H has ASIDs; by-address ones the world
/// that CR2.E2H selects.
bool el2_matches(const Command& command, const TlbTag& tag, const SmmuState& state,
                 const Features& features) {
  if (tag.world == StreamWorld::el1) return false;
  if (command.opcode == Opcode::tlbi_el2_all) return true;
  if (command.opcode == Opcode::tlbi_el2_asid) {
    return tag.world == StreamWorld::el2_e2h && !tag.global && tag.asid == command.asid;
  }
  if (tag.world != (state.e2h ? StreamWorld::el2_e2h : StreamWorld::el2)) return false;
  switch (command.opcode) {
    case Opcode::tlbi_el2_va:
      return (!state.e2h || asid_matches(command, tag)) && address_matches(command, tag, features);
    default: return address_matches(command, tag, features);
  }
}

unsigned range_granule(unsigned tg) { return tg == 1 ? 12 : tg == 2 ? 14 : 16; }

WalkCacheInvalidate in_world(WalkCacheScope scope, WalkCacheWorld world) {
  WalkCacheInvalidate request;
  request.scope = scope;
  request.worlds = bit_of(world);
  return request;
}

/// The part by address: the cache does the arithmetic of ranges itself, as the command has them; of one
/// larger than it can tell it removes all of `whole`.
void set_address(WalkCacheInvalidate& request, const Command& command, const Features& features,
                 WalkCacheScope whole) {
  if (features.ril && features.ds && command.tg != 0 && command.scale > 31) {
    request.scope = whole;
    return;
  }
  request.leaf_only = command.leaf;
  request.key.vpn = bits(command.address, kVaBits - 1, kPageShift);
  if (!features.ril) return;
  request.tg = command.tg;
  request.num = command.num;
  request.scale = command.scale & 31;
}

std::optional<WalkCacheInvalidate> el2_invalidate(const Command& command, const SmmuState& state,
                                                  const Features& features) {
  const WalkCacheWorld world = state.e2h ? WalkCacheWorld::el2_e2h : WalkCacheWorld::el2;
  WalkCacheInvalidate request = in_world(WalkCacheScope::all, world);
  request.key.asid = command.asid;
  switch (command.opcode) {
    case Opcode::tlbi_el2_all:
      request.key.asid = 0;
      request.worlds = bit_of(WalkCacheWorld::el2) | bit_of(WalkCacheWorld::el2_e2h);
      return request;
    case Opcode::tlbi_el2_asid:
      request.scope = WalkCacheScope::asid;
      request.worlds = bit_of(WalkCacheWorld::el2_e2h);
      return request;
    case Opcode::tlbi_el2_va: request.scope = state.e2h ? WalkCacheScope::va : WalkCacheScope::vaa; break;
    default: request.scope = WalkCacheScope::vaa; break;
  }
  if (!state.e2h) request.key.asid = 0;
  set_address(request, command, features, WalkCacheScope::all);
  return request;
}

/// CR0.VMW: low bits of the VMID do not count.
bool vmid_matches(const Command& command, const TlbTag& tag, const SmmuState& state,
                  const Features& features) {
  const unsigned ignored = features.vmw ? state.vmw : 0;
  return !features.s2p || command.vmid >> ignored == tag.vmid >> ignored;
}

/// The cache matches whole VMIDs: a group of them is everything of the worlds concerned.
WalkCacheInvalidate with_vmid_wildcard(const WalkCacheInvalidate& request, const SmmuState& state,
                                       const Features& features) {
  if (!features.s2p || !features.vmw || state.vmw == 0) return request;
  WalkCacheInvalidate all;
  all.worlds = request.worlds;
  return all;
}

}  // namespace

TlbTag tag_of(const TranslationResult& result, std::uint64_t input_address) {
  TlbTag tag;
  tag.kind = result.kind;
  tag.world = result.world;
  tag.asid = result.asid;
  tag.vmid = result.vmid;
  tag.global = result.global;
  tag.address = input_address & ~mask(result.log2_leaf);
  tag.log2_size = result.log2_leaf;
  tag.level = result.level;
  tag.log2_granule = result.log2_granule;
  return tag;
}

TlbiRange tlbi_range(const Command& command, const Features& features) {
  const std::uint64_t address = command.address & mask(kVaBits);
  if (!features.ril || command.tg == 0) {
    return {address & ~mask(kPageShift), address | mask(kPageShift), 0};
  }
  const unsigned granule = range_granule(command.tg);
  const std::uint64_t first = address & ~mask(granule);
  const unsigned scale = features.ds ? std::min<unsigned>(command.scale, 39) : command.scale & 31u;
  const std::uint64_t bytes = (std::uint64_t{command.num} + 1) << (scale + granule);
  const std::uint64_t half_end =
      first | mask(kVaBits - 1);  // a range never runs from one half into the other
  return {first, std::min(first + bytes - 1, half_end), static_cast<std::uint8_t>(granule)};
}

bool invalidates(const Command& command, const TlbTag& tag, const SmmuState& state,
                 const Features& features) {
  if (!is_tlbi(command.opcode) || tag.kind == TranslationKind::bypass) return false;
  if (command.opcode >= Opcode::tlbi_el2_all && command.opcode <= Opcode::tlbi_el2_vaa) {
    return el2_matches(command, tag, state, features);
  }
  if (tag.world != StreamWorld::el1) return false;
  if (command.opcode == Opcode::tlbi_nsnh_all) return true;
  if (!vmid_matches(command, tag, state, features)) return false;
  if (command.opcode == Opcode::tlbi_s12_vmall) return true;
  if (command.opcode == Opcode::tlbi_s2_ipa) {
    return tag.kind == TranslationKind::stage2 && address_matches(command, tag, features);
  }
  return nh_matches(command, tag, features);
}

std::optional<WalkCacheInvalidate> walk_cache_invalidate(const Command& command, const SmmuState& state,
                                                         const Features& features) {
  if (!is_tlbi(command.opcode)) return std::nullopt;
  if (command.opcode >= Opcode::tlbi_el2_all && command.opcode <= Opcode::tlbi_el2_vaa) {
    return el2_invalidate(command, state, features);
  }
  WalkCacheInvalidate request = in_world(WalkCacheScope::vmid, WalkCacheWorld::el1);
  request.key.vmid = features.s2p ? command.vmid : 0;
  switch (command.opcode) {
    case Opcode::tlbi_nsnh_all: request.scope = WalkCacheScope::all; [[fallthrough]];
    case Opcode::tlbi_s12_vmall:
      request.worlds |= bit_of(WalkCacheWorld::stage2);
      return with_vmid_wildcard(request, state, features);
    case Opcode::tlbi_nh_all: return with_vmid_wildcard(request, state, features);
    case Opcode::tlbi_nh_asid: request.scope = WalkCacheScope::asid; break;
    case Opcode::tlbi_nh_va: request.scope = WalkCacheScope::va; break;
    case Opcode::tlbi_s2_ipa: request.worlds = bit_of(WalkCacheWorld::stage2); [[fallthrough]];
    default: request.scope = WalkCacheScope::vaa; break;
  }
  if (command.opcode != Opcode::tlbi_s2_ipa && command.opcode != Opcode::tlbi_nh_vaa) {
    request.key.asid = command.asid;
  }
  if (command.opcode != Opcode::tlbi_nh_asid) set_address(request, command, features, WalkCacheScope::vmid);
  return with_vmid_wildcard(request, state, features);
}

}  // namespace svasim::arch
