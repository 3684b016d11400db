// What is wrong with an SMMU's configuration: values out of the ranges their describe() gives, sizes that must
// be powers of two, and features that contradict each other.
#pragma once

#include <string>
#include <vector>

#include "models/smmu/smmu.hpp"

namespace svasim::smmu {

/// A line each, "tbu.tlb_sets: 3 is no power of two"; empty when nothing is wrong.
std::vector<std::string> check(const SmmuConfig& config);

}  // namespace svasim::smmu
