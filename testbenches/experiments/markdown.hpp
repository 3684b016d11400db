// Tables of the README. Contract: numbers with three significant digits, so that a table says no more than it
// means.
#pragma once

#include <string>
#include <vector>

#include "testbenches/experiments/experiment.hpp"

namespace svasim::experiments {

/// Three significant digits, without an exponent.
std::string number(double value);
std::string number(double value, const std::string& unit);

using Row = std::vector<std::string>;
std::string table(const Row& head, const std::vector<Row>& rows);
std::string table(const std::vector<Claim>& claims);

}  // namespace svasim::experiments
