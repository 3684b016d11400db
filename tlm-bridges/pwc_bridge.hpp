// The page-walk cache as Verilated RTL (rtl/pwc.sv) behind the seam models/arch/walk_cache.hpp.
//
// Contract: as the seam. cycle() is one rising edge and two evaluations of the RTL. The geometry is fixed
// when the RTL is built (CMake: SVASIM_PWC_SETS, SVASIM_PWC_WAYS). Construct, use and destroy an object in
// one thread; objects are independent of each other.
#pragma once

#include <memory>

#include "models/arch/walk_cache.hpp"

namespace svasim::bridges {

class RtlWalkCache final : public arch::WalkCache {
 public:
  /// The RTL after reset.
  RtlWalkCache();
  ~RtlWalkCache() override;

  /// Throws RtlFailure if an assertion of the RTL fails.
  const arch::WalkCacheOutputs& cycle(const arch::WalkCacheInputs& in) override;
  const arch::WalkCacheOutputs& outputs() const override { return out_; }

  /// The geometry the RTL was built with.
  static arch::WalkCacheGeometry built_geometry();

 private:
  struct Rtl;
  void sample();

  std::unique_ptr<Rtl> rtl_;
  arch::WalkCacheOutputs out_;
};

}  // namespace svasim::bridges
