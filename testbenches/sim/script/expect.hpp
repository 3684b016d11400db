// Expectations: a pattern of JSON that a result must match.
#pragma once

#include <string>
#include <vector>

#include "testbenches/sim/script/fields.hpp"

namespace svasim::script {

/// A line for each difference, "events.0.id: expected "F_ACCESS", found "F_TRANSLATION"". Objects must have
/// the fields the pattern names; arrays as many elements as it has; numbers are equal however they are
/// written.
std::vector<std::string> differences(const Json& pattern, const Json& found, const std::string& path = "");

}  // namespace svasim::script
