// What correct software does after it changed a structure: commands that suffice, chosen at random among
// those that do.
#pragma once

#include <vector>

#include "models/arch/command.hpp"
#include "testbenches/differential/world.hpp"

namespace svasim::differential {

using Commands = std::vector<arch::Command>;

/// After a change of a translation table descriptor.
Commands invalidate_descriptor(const World& world, const Slot& slot, const arch::Features& features,
                               Draw& draw);
/// After a change of a stream's STE, or of anything on the way to it. `tables_too`: of fields that TLBs may
/// keep.
Commands invalidate_ste(const World& world, unsigned stream, const arch::Features& features, bool tables_too,
                        Draw& draw);
/// After a change of a CD.
Commands invalidate_cd(const World& world, unsigned stream, std::uint32_t cd_index,
                       const arch::Features& features, bool tables_too, Draw& draw);
/// Everything, everywhere.
Commands invalidate_all(const arch::Features& features);

}  // namespace svasim::differential
