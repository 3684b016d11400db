// What --wave asks for, as windows of the run.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/platform/config.hpp"
#include "models/platform/waves.hpp"
#include "models/trace/reader.hpp"

namespace svasim::sim {

/// Each of `requests` is "from=TIME,to=TIME" or "tx=N[,margin=TIME]", and may end in ",blocks=NAME,NAME...".
/// When a transaction lives is found out by a run of its own, of the trace that `open` gives. The windows
/// come in order of time. Throws UsageError: not such a text, windows that overlap, a transaction that is
/// never issued.
std::vector<platform::WaveWindow> wave_windows(const std::vector<std::string>& requests,
                                               const platform::Config& config,
                                               const std::function<std::unique_ptr<trace::Reader>()>& open);

}  // namespace svasim::sim
