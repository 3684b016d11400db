// Pins of rtl/pwc.sv <-> the structs of the seam, for a Verilated top of any geometry (or of the user's own
// RTL with the same pins). Include the Verilated header before this one.
//
// Contract: as the seam. cycle() is one rising edge and two evaluations of the RTL. Construct, use and
// destroy an object in one thread; objects are independent of each other.
#pragma once

#include <cstdint>

#include "models/arch/walk_cache.hpp"
#include "tlm-bridges/own_context.hpp"

namespace svasim::bridges {

/// `Model` is the Verilated top.
template <class Model>
class PwcPins : public arch::WalkCache {
 public:
  /// The RTL after reset.
  PwcPins() {
    rtl_.pins().rst_ni = 0;
    rtl_.edge();
    rtl_.pins().rst_ni = 1;
    sample();
  }

  /// Throws RtlFailure if an assertion of the RTL fails.
  const arch::WalkCacheOutputs& cycle(const arch::WalkCacheInputs& in) override {
    Model& pins = rtl_.pins();
    pins.lookup_valid_i = in.lookup_valid;
    pins.fill_valid_i = in.fill_valid;
    pins.invalidate_valid_i = in.invalidate_valid;
    if (in.lookup_valid) drive(pins, in.lookup);
    if (in.fill_valid) drive(pins, in.fill, in.flip);
    if (in.invalidate_valid) drive(pins, in.invalidate);
    edge();
    sample();
    return out_;
  }
  const arch::WalkCacheOutputs& outputs() const override { return out_; }

 protected:
  OwnContext<Model>& rtl() { return rtl_; }
  /// The rising edge; who records waves does it in two halves.
  virtual void edge() { rtl_.edge(); }

 private:
  static constexpr std::uint64_t kVpnMask = (std::uint64_t{1} << 44) - 1;

  /// As in a TLBI's TG.
  static std::uint8_t code_of(arch::Granule granule) {
    return granule == arch::Granule::k16 ? 2 : granule == arch::Granule::k64 ? 3 : 1;
  }

  // Verilator wants unused high bits of a pin clear.
  static void drive(Model& pins, const arch::WalkCacheLookup& lookup) {
    pins.lookup_id_i = lookup.id;
    pins.lookup_world_i = raw(lookup.key.world) & 3u;
    pins.lookup_granule_i = code_of(lookup.key.granule);
    pins.lookup_vmid_i = lookup.key.vmid;
    pins.lookup_asid_i = lookup.key.asid;
    pins.lookup_vpn_i = lookup.key.vpn & kVpnMask;
  }

  static void drive(Model& pins, const arch::WalkCacheEntry& fill, const arch::WalkCacheFlip& flip) {
    pins.fill_world_i = raw(fill.key.world) & 3u;
    pins.fill_granule_i = code_of(fill.key.granule);
    pins.fill_vmid_i = fill.key.vmid;
    pins.fill_asid_i = fill.key.asid;
    pins.fill_vpn_i = fill.key.vpn & kVpnMask;
    pins.fill_level_i = fill.level & 3u;
    pins.fill_leaf_i = fill.leaf;
    pins.fill_global_i = fill.global;
    pins.fill_hierarchical_i = fill.hierarchical & 31u;
    pins.fill_descriptor_i = fill.descriptor;
    pins.fill_flip_i = flip.valid;
    pins.fill_flip_bit_i = flip.bit;
  }

  static void drive(Model& pins, const arch::WalkCacheInvalidate& invalidate) {
    // Three pins: a code beyond them means what any undefined one does.
    pins.invalidate_scope_i = raw(invalidate.scope) < 8 ? raw(invalidate.scope) : 7;
    pins.invalidate_leaf_only_i = invalidate.leaf_only;
    pins.invalidate_worlds_i = invalidate.worlds & arch::kAllWorlds;
    pins.invalidate_vmid_i = invalidate.key.vmid;
    pins.invalidate_asid_i = invalidate.key.asid;
    pins.invalidate_vpn_i = invalidate.key.vpn & kVpnMask;
    pins.invalidate_tg_i = invalidate.tg & 3u;
    pins.invalidate_num_i = invalidate.num & 31u;
    pins.invalidate_scale_i = invalidate.scale & 31u;
  }

  void sample() {
    const Model& pins = rtl_.pins();
    out_.lookup_ready = pins.lookup_ready_o;
    out_.fill_ready = pins.fill_ready_o;
    out_.invalidate_ready = pins.invalidate_ready_o;
    out_.response_valid = pins.response_valid_o;
    out_.busy = pins.busy_o;
    out_.response = {pins.response_id_o,
                     static_cast<bool>(pins.response_hit_o),
                     pins.response_level_o,
                     static_cast<bool>(pins.response_leaf_o),
                     pins.response_hierarchical_o,
                     pins.response_descriptor_o,
                     static_cast<bool>(pins.response_error_o)};
    out_.counters = {pins.lookups_o,    pins.hits_o,      pins.errors_o,        pins.fills_o,
                     pins.lost_fills_o, pins.evictions_o, pins.invalidations_o, pins.waits_o};
  }

  OwnContext<Model> rtl_;
  arch::WalkCacheOutputs out_;
};

}  // namespace svasim::bridges
