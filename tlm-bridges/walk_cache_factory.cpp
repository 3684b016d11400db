// The choice between model, RTL and both.
#include "tlm-bridges/walk_cache_factory.hpp"

#include <string>
#include <utility>

#include "tlm-bridges/lockstep_walk_cache.hpp"
#include "tlm-bridges/pwc_bridge.hpp"

namespace svasim::bridges {

namespace {

std::string list(const arch::WalkCacheGeometry::PerLevel& values) {
  std::string text;
  for (const std::uint32_t value : values) text += (text.empty() ? "" : ";") + std::to_string(value);
  return text;
}

/// The CMake options that build a geometry.
std::string options(const arch::WalkCacheGeometry& geometry) {
  return "-DSVASIM_PWC_SETS=\"" + list(geometry.sets) + "\" -DSVASIM_PWC_WAYS=\"" + list(geometry.ways) +
         "\" -DSVASIM_PWC_S2_SETS=\"" + list(geometry.s2_sets) + "\" -DSVASIM_PWC_S2_WAYS=\"" +
         list(geometry.s2_ways) +
         "\" -DSVASIM_PWC_PLRU=" + std::to_string(static_cast<unsigned>(geometry.replacement));
}

void require_built(const arch::WalkCacheGeometry& wanted) {
  const std::string built = options(built_geometry()), asked = options(wanted);
  if (asked == built) return;
  throw GeometryNotBuilt("the page-walk cache RTL was built with " + built +
                         ": use the model, or build with " + asked);
}

}  // namespace

std::unique_ptr<arch::WalkCache> make_walk_cache(WalkCacheImplementation implementation,
                                                 const arch::WalkCacheGeometry& geometry,
                                                 std::unique_ptr<arch::WalkCache> model, RtlWaves* waves) {
  if (implementation == WalkCacheImplementation::model) return model;
  require_built(geometry);
  auto rtl = waves != nullptr ? make_waved_rtl_walk_cache(*waves) : make_rtl_walk_cache();
  if (implementation == WalkCacheImplementation::rtl) return rtl;
  return std::make_unique<LockstepWalkCache>(std::move(model), std::move(rtl));
}

}  // namespace svasim::bridges
