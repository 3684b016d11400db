// The one exception of the trace library: the input is not a legal trace, or could not be read or written.
// Contract: what() is one line for the user: FILE:LINE:COLUMN: or FILE: record N: what is wrong; what was
// expected.
// Source rule: a bad trace ends the command with exit code kBadTraceExit.
#pragma once

#include <stdexcept>

namespace svasim::trace {

inline constexpr int kBadTraceExit = 3;

class TraceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace svasim::trace
