// An access or translation request that a script has started and not yet seen the result of.
#pragma once

#include <string>

#include "testbenches/sim/script/interpreter.hpp"

namespace svasim::script {

struct Interpreter::Outstanding {
  Access access;
  std::string op;
  std::string id;
  std::size_t port = 0;
  std::uint64_t va = 0;  ///< the payload's address is the SMMU's to change
};

}  // namespace svasim::script
