// The page-walk cache as Verilated RTL (rtl/pwc.sv) behind the seam models/arch/walk_cache.hpp.
#pragma once

#include <memory>

#include "models/arch/walk_cache.hpp"

namespace svasim::bridges {

/// The RTL after reset. Use and destroy it in the thread that made it.
std::unique_ptr<arch::WalkCache> make_rtl_walk_cache();

/// The geometry the RTL was built with (CMake: SVASIM_PWC_SETS and its neighbours).
arch::WalkCacheGeometry built_geometry();

}  // namespace svasim::bridges
