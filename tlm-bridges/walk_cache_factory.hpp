// Picks the page-walk cache a configuration asks for.
#pragma once

#include <memory>
#include <stdexcept>

#include "models/arch/walk_cache.hpp"

namespace svasim::bridges {

class RtlWaves;

enum class WalkCacheImplementation { model, rtl, lockstep };

/// The RTL was built for another geometry; the text names both and the CMake variables to set.
class GeometryNotBuilt : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// `model` is the cycle-exact model of `geometry`, which only its owner can make (bridges do not know
/// models): returned as it is for `model`, the reference for `lockstep`, not used (may be null) for `rtl`.
/// `waves`, if not null, gets the waves of the RTL, if there is any, and must outlive the cache. Throws
/// GeometryNotBuilt for `rtl` and `lockstep` if the RTL has another geometry.
std::unique_ptr<arch::WalkCache> make_walk_cache(WalkCacheImplementation implementation,
                                                 const arch::WalkCacheGeometry& geometry,
                                                 std::unique_ptr<arch::WalkCache> model,
                                                 RtlWaves* waves = nullptr);

}  // namespace svasim::bridges
