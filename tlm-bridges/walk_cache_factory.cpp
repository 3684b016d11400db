// The choice between model, RTL and both.
#include "tlm-bridges/walk_cache_factory.hpp"

#include <string>
#include <utility>

#include "tlm-bridges/lockstep_walk_cache.hpp"
#include "tlm-bridges/pwc_bridge.hpp"

namespace svasim::bridges {

namespace {

std::string list(const std::array<std::uint32_t, arch::kWalkLevels>& values) {
  std::string text;
  for (const std::uint32_t value : values) text += (text.empty() ? "" : ";") + std::to_string(value);
  return text;
}

void require_built(const arch::WalkCacheGeometry& wanted) {
  const arch::WalkCacheGeometry built = RtlWalkCache::built_geometry();
  if (wanted.sets == built.sets && wanted.ways == built.ways) return;
  throw GeometryNotBuilt("the page-walk cache RTL was built with sets " + list(built.sets) + " and ways " +
                         list(built.ways) + ", not sets " + list(wanted.sets) + " and ways " +
                         list(wanted.ways) + ": use the model, or build with -DSVASIM_PWC_SETS=\"" +
                         list(wanted.sets) + "\" -DSVASIM_PWC_WAYS=\"" + list(wanted.ways) + "\"");
}

}  // namespace

std::unique_ptr<arch::WalkCache> make_walk_cache(WalkCacheImplementation implementation,
                                                 const arch::WalkCacheGeometry& geometry,
                                                 std::unique_ptr<arch::WalkCache> model) {
  if (implementation == WalkCacheImplementation::model) return model;
  require_built(geometry);
  auto rtl = std::make_unique<RtlWalkCache>();
  if (implementation == WalkCacheImplementation::rtl) return rtl;
  return std::make_unique<LockstepWalkCache>(std::move(model), std::move(rtl));
}

}  // namespace svasim::bridges
