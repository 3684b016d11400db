// Counts what the program allocates with operator new. Contract: one number for all threads; what C libraries
// take from malloc is not in it. Source rule: nothing is allocated per transaction in steady state.
#pragma once

#include <cstdint>

namespace svasim::bench {

/// Calls of operator new so far.
std::uint64_t allocations();

}  // namespace svasim::bench
