// What Verilated code reports instead of ending the process.
#pragma once

#include <stdexcept>
#include <string>

namespace svasim::bridges {

/// A failed assertion, $stop or $fatal in Verilated RTL. The model that raised it stopped in the middle of an
/// edge: destroy it, do not clock it on.
class RtlFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace svasim::bridges
