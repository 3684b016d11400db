// Pins of rtl/pwc.sv <-> the structs of the seam. The only file that includes the Verilated model.
#include "tlm-bridges/pwc_bridge.hpp"

#include <Vpwc.h>

#include "tlm-bridges/own_context.hpp"

namespace svasim::bridges {

namespace {

constexpr std::uint64_t kVpnMask = (std::uint64_t{1} << 44) - 1;

// Verilator wants unused high bits of a pin clear.
void drive(Vpwc& pins, const arch::WalkCacheLookup& lookup) {
  pins.lookup_id_i = lookup.id;
  pins.lookup_vmid_i = lookup.key.vmid;
  pins.lookup_asid_i = lookup.key.asid;
  pins.lookup_vpn_i = lookup.key.vpn & kVpnMask;
}

void drive(Vpwc& pins, const arch::WalkCacheEntry& fill) {
  pins.fill_vmid_i = fill.key.vmid;
  pins.fill_asid_i = fill.key.asid;
  pins.fill_vpn_i = fill.key.vpn & kVpnMask;
  pins.fill_level_i = fill.level & 3u;
  pins.fill_leaf_i = fill.leaf;
  pins.fill_global_i = fill.global;
  pins.fill_hierarchical_i = fill.hierarchical & 31u;
  pins.fill_descriptor_i = fill.descriptor;
}

void drive(Vpwc& pins, const arch::WalkCacheInvalidate& invalidate) {
  // Three pins: a code beyond them means what any undefined one does.
  const auto scope = static_cast<std::uint8_t>(invalidate.scope);
  pins.invalidate_scope_i = scope < 8 ? scope : static_cast<std::uint8_t>(arch::WalkCacheScope::all);
  pins.invalidate_leaf_only_i = invalidate.leaf_only;
  pins.invalidate_vmid_i = invalidate.key.vmid;
  pins.invalidate_asid_i = invalidate.key.asid;
  pins.invalidate_vpn_i = invalidate.key.vpn & kVpnMask;
}

}  // namespace

struct RtlWalkCache::Rtl : OwnContext<Vpwc> {};

RtlWalkCache::RtlWalkCache() : rtl_(std::make_unique<Rtl>()) {
  rtl_->pins().rst_ni = 0;
  rtl_->edge();
  rtl_->pins().rst_ni = 1;
  sample();
}

RtlWalkCache::~RtlWalkCache() = default;

const arch::WalkCacheOutputs& RtlWalkCache::cycle(const arch::WalkCacheInputs& in) {
  Vpwc& pins = rtl_->pins();
  pins.lookup_valid_i = in.lookup_valid;
  pins.fill_valid_i = in.fill_valid;
  pins.invalidate_valid_i = in.invalidate_valid;
  if (in.lookup_valid) drive(pins, in.lookup);
  if (in.fill_valid) drive(pins, in.fill);
  if (in.invalidate_valid) drive(pins, in.invalidate);
  rtl_->edge();
  sample();
  return out_;
}

void RtlWalkCache::sample() {
  const Vpwc& pins = rtl_->pins();
  out_.lookup_ready = pins.lookup_ready_o;
  out_.fill_ready = pins.fill_ready_o;
  out_.invalidate_ready = pins.invalidate_ready_o;
  out_.response_valid = pins.response_valid_o;
  out_.busy = pins.busy_o;
  out_.response = {pins.response_id_o,           static_cast<bool>(pins.response_hit_o),
                   pins.response_level_o,        static_cast<bool>(pins.response_leaf_o),
                   pins.response_hierarchical_o, pins.response_descriptor_o};
}

arch::WalkCacheGeometry RtlWalkCache::built_geometry() { return {{SVASIM_PWC_SETS}, {SVASIM_PWC_WAYS}}; }

}  // namespace svasim::bridges
