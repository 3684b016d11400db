// The subcommands of svasim. Each takes the words behind its name and returns the process's exit code.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace svasim::sim {

inline constexpr int kOk = 0;
inline constexpr int kFailure = 1;   ///< checker, lockstep, stuck, interrupted, nothing simulated, no output
inline constexpr int kBadUsage = 2;  ///< command line or configuration
inline constexpr int kBadTrace = 3;  ///< or a malformed script

/// The command line is wrong. what() is one line.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using Words = std::vector<std::string>;

int run(const Words& words);
int explain(const Words& words);
int config(const Words& words);
int import(const Words& words);
int trace(const Words& words);
int script(const Words& words);

}  // namespace svasim::sim
