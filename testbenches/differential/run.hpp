// Runs one case: a machine and its world from the tapes, then the operations, each compared with the
// reference.
#pragma once

#include <map>
#include <optional>
#include <ostream>
#include <string>

#include "testbenches/differential/choices.hpp"

namespace svasim::differential {

/// How far a case got, for reports.
struct Statistics {
  std::uint64_t cases = 0, accesses = 0, edits = 0, updates = 0;
  std::map<std::string, std::uint64_t> outcomes;  ///< accesses by what the reference said
};

/// The first difference between the timed SMMU and the reference, in words; none: they agree. While
/// recording, `operations` are drawn; a replay makes those on the tapes. `story` (may be null) gets what was
/// done and what came of it.
std::optional<std::string> run_case(Tapes& tapes, std::size_t operations, Statistics& statistics,
                                    std::ostream* story);

}  // namespace svasim::differential
