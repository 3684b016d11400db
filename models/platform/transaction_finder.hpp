// What waves need to know before the run. When transactions live: a run of its own, which ends as soon as
// that is known. The machine is deterministic, so that the next run of the same configuration and trace has
// them at the same times.
#pragma once

#include <map>
#include <set>

#include "models/engine/calendar.hpp"
#include "models/platform/config.hpp"
#include "models/platform/waves.hpp"
#include "models/trace/reader.hpp"

namespace svasim::platform {

/// From its issue to its end; Calendar::kNever if the run ends, for whatever reason, while it lives.
struct TransactionSpan {
  engine::Picoseconds issued;
  engine::Picoseconds done;
};

/// Those of `ids` that are issued at all. Makes a SystemC kernel for itself; the current one is as before.
/// Throws ConfigError.
std::map<std::uint64_t, TransactionSpan> find_transactions(const Config& config, trace::Reader& reader,
                                                           const std::set<std::uint64_t>& ids);

/// Throws ConfigError if `waves` names a block that the machine does not have; makes no files, and a kernel
/// as find_transactions() does.
void check_waves(const Config& config, trace::Reader& reader, const WavesConfig& waves);

}  // namespace svasim::platform
