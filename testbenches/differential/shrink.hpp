// Makes a failing case small: fewer operations, then shorter tapes and smaller numbers, as long as it fails.
#pragma once

#include <functional>

#include "testbenches/differential/choices.hpp"

namespace svasim::differential {

/// `fails` runs a replay. At most `attempts` runs are made.
Tapes shrink(Tapes tapes, const std::function<bool(Tapes&)>& fails, unsigned attempts);

}  // namespace svasim::differential
