// See tlb_scope.hpp.
#include "models/arch/tlb_scope.hpp"

#include <algorithm>

#include "models/arch/bit_fields.hpp"
#include "models/arch/geometry.hpp"

namespace svasim::arch {
namespace {

/// VA bits above this one are a tag byte or copies: they never tell two translations apart.
constexpr unsigned kVaBits = 56;

bool address_matches(const Command& command, const TlbTag& tag, const Features& features) {
  if (command.leaf && !tag.leaf) return false;
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

/// Without E2H the EL2 world has no ASIDs: by-ASID commands find nothing, and by-VA ones ignore theirs.
bool el2_matches(const Command& command, const TlbTag& tag, const SmmuState& state,
                 const Features& features) {
  if (tag.world != (state.e2h ? StreamWorld::el2_e2h : StreamWorld::el2)) return false;
  switch (command.opcode) {
    case Opcode::tlbi_el2_all: return true;
    case Opcode::tlbi_el2_asid: return state.e2h && !tag.global && tag.asid == command.asid;
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

/// The part by address: the cache does the arithmetic of ranges itself, as the command has them.
void set_address(WalkCacheInvalidate& request, const Command& command, const Features& features) {
  request.leaf_only = command.leaf;
  request.key.vpn = bits(command.address, kVaBits - 1, kPageShift);
  if (!features.ril) return;
  request.tg = command.tg;
  request.num = command.num;
  request.scale = command.scale;
}

std::optional<WalkCacheInvalidate> el2_invalidate(const Command& command, const SmmuState& state,
                                                  const Features& features) {
  const WalkCacheWorld world = state.e2h ? WalkCacheWorld::el2_e2h : WalkCacheWorld::el2;
  WalkCacheInvalidate request = in_world(WalkCacheScope::all, world);
  if (state.e2h) request.key.asid = command.asid;
  switch (command.opcode) {
    case Opcode::tlbi_el2_all: return request;
    case Opcode::tlbi_el2_asid:
      if (!state.e2h) return std::nullopt;
      request.scope = WalkCacheScope::asid;
      return request;
    case Opcode::tlbi_el2_va: request.scope = state.e2h ? WalkCacheScope::va : WalkCacheScope::vaa; break;
    default: request.scope = WalkCacheScope::vaa; break;
  }
  set_address(request, command, features);
  return request;
}

}  // namespace

TlbTag tag_of(const TranslationResult& result, std::uint64_t input_address) {
  TlbTag tag;
  tag.kind = result.kind;
  tag.world = result.world;
  tag.asid = result.asid;
  tag.vmid = result.vmid;
  tag.global = result.global;
  tag.address = input_address & ~mask(result.log2_size);
  tag.log2_size = result.log2_size;
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
  const std::uint64_t bytes = (std::uint64_t{command.num} + 1) << (command.scale + granule);
  return {first, std::min(first + bytes - 1, mask(kVaBits)), static_cast<std::uint8_t>(granule)};
}

bool invalidates(const Command& command, const TlbTag& tag, const SmmuState& state,
                 const Features& features) {
  if (!is_tlbi(command.opcode) || tag.kind == TranslationKind::bypass) return false;
  if (command.opcode >= Opcode::tlbi_el2_all && command.opcode <= Opcode::tlbi_el2_vaa) {
    return el2_matches(command, tag, state, features);
  }
  if (tag.world != StreamWorld::el1) return false;
  if (command.opcode == Opcode::tlbi_nsnh_all) return true;
  if (features.s2p && command.vmid != tag.vmid) return false;
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
    case Opcode::tlbi_s12_vmall: request.worlds |= bit_of(WalkCacheWorld::stage2); return request;
    case Opcode::tlbi_nh_all: return request;
    case Opcode::tlbi_nh_asid: request.scope = WalkCacheScope::asid; break;
    case Opcode::tlbi_nh_va: request.scope = WalkCacheScope::va; break;
    case Opcode::tlbi_s2_ipa: request.worlds = bit_of(WalkCacheWorld::stage2); [[fallthrough]];
    default: request.scope = WalkCacheScope::vaa; break;
  }
  if (command.opcode != Opcode::tlbi_s2_ipa && command.opcode != Opcode::tlbi_nh_vaa) {
    request.key.asid = command.asid;
  }
  if (command.opcode != Opcode::tlbi_nh_asid) set_address(request, command, features);
  return request;
}

}  // namespace svasim::arch
