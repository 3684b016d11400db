// See pwc_bridge.hpp. The only file of the library that includes the Verilated model.
#include "tlm-bridges/pwc_bridge.hpp"

#include <Vpwc.h>

#include "tlm-bridges/pwc_pins.hpp"

namespace svasim::bridges {

std::unique_ptr<arch::WalkCache> make_rtl_walk_cache() { return std::make_unique<PwcPins<Vpwc>>(); }

arch::WalkCacheGeometry built_geometry() { return SVASIM_PWC_GEOMETRY; }

}  // namespace svasim::bridges
