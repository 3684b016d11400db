// One transaction told as a story, from run.db: every stage, wait and cause in order, with times that add up.
// Contract: the sum is computed from what is printed and compared with the transaction's times. Source rule:
// the baton rule (design, idea 2).
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "models/probe/run_database.hpp"

namespace svasim::probe {

/// Prints transaction `id` of the run in `directory` (its run.db) to `out`, at most 120 columns wide. Throws
/// DatabaseError with a line for the user if there is no such run or transaction, or the database is not of
/// this version; nothing has been printed then.
void explain(const std::string& directory, std::uint64_t id, std::ostream& out);

}  // namespace svasim::probe
