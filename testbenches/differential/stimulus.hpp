// What is drawn for a case and its operations: machines, accesses, and changes of descriptors, STEs and CDs.
// Nothing here acts.
#pragma once

#include "testbenches/differential/world.hpp"

namespace svasim::differential {

struct MachineChoice {
  smmu::SmmuConfig config;
  unsigned memory_latency = 1;  ///< cycles
  bool memory_knows_swaps = true;
};
MachineChoice draw_machine(Draw& draw);

Access draw_access(const World& world, Draw& draw);

/// A descriptor to change; null: there are none.
const Slot* draw_slot(const World& world, Draw& draw);
/// What it becomes, from `there`.
std::uint64_t draw_edit(World& world, const Slot& slot, std::uint64_t there, Draw& draw);
/// The STE of a stream, and a CD, with some fields changed.
arch::Ste draw_edit(arch::Ste ste, Draw& draw);
arch::Cd draw_edit(arch::Cd cd, Draw& draw);

}  // namespace svasim::differential
