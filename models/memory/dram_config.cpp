// See dram_config.hpp.
#include "models/memory/dram_config.hpp"

#include <cmath>

namespace svasim::memory {

std::vector<std::string> DramConfig::check() const {
  std::vector<std::string> wrong;
  if (interleave_bytes % 64 != 0) wrong.push_back("interleave_bytes: a multiple of 64 is needed");
  if (row_bytes % interleave_bytes != 0)
    wrong.push_back("row_bytes: a multiple of interleave_bytes is needed");
  if (t_refi != 0 && t_refi <= t_rfc + t_ras + t_rp)
    wrong.push_back("t_refi: no time is left between refreshes");
  return wrong;
}

DramTiming::DramTiming(const DramConfig& config, engine::Clock clock) {
  const auto cycles = [&](double nanoseconds) {
    return clock.edge(static_cast<engine::Picoseconds>(std::llround(nanoseconds * 1000)));
  };
  cycle = clock.period();
  rcd = cycles(config.t_rcd);
  rp = cycles(config.t_rp);
  cl = cycles(config.t_cl);
  cwl = cycles(config.t_cwl);
  ras = cycles(config.t_ras);
  rrd = cycles(config.t_rrd);
  rtp = cycles(config.t_rtp);
  wr = cycles(config.t_wr);
  wtr = cycles(config.t_wtr);
  refi = cycles(config.t_refi);
  rfc = cycles(config.t_rfc);
  burst = clock.span(config.burst_cycles);
}

DramPlace place_of(std::uint64_t address, const DramConfig& config) {
  const std::uint64_t unit = address / config.interleave_bytes;
  const std::uint64_t in_channel =
      unit / config.channels * config.interleave_bytes + address % config.interleave_bytes;
  const std::uint64_t row_of_channel = in_channel / config.row_bytes;
  return {static_cast<unsigned>(unit % config.channels), static_cast<unsigned>(row_of_channel % config.banks),
          row_of_channel / config.banks};
}

}  // namespace svasim::memory
