// Makes the records of a synthetic trace, one by one.
// Contract: the same pattern gives the same records, on any machine: integers only, one seeded generator.
// Source rule: README.md, "Synthetic traces".
#pragma once

#include <memory>

#include "models/trace/codec.hpp"
#include "models/trace/pattern.hpp"

namespace svasim::trace {

std::unique_ptr<Decoder> make_generator(const Pattern& pattern);

}  // namespace svasim::trace
