// The page-walk cache as Verilated RTL (rtl/pwc.sv) behind the seam models/arch/walk_cache.hpp.
#pragma once

#include <memory>

#include "models/arch/walk_cache.hpp"

namespace svasim::bridges {

class RtlWaves;

/// The RTL after reset. Use and destroy it in the thread that made it.
std::unique_ptr<arch::WalkCache> make_rtl_walk_cache();
/// The same RTL, slower, with its waves in `waves`, which must outlive it.
std::unique_ptr<arch::WalkCache> make_waved_rtl_walk_cache(RtlWaves& waves);

/// The geometry the RTL was built with (CMake: SVASIM_PWC_SETS and its neighbours).
arch::WalkCacheGeometry built_geometry();

}  // namespace svasim::bridges
