// Traces made for a test: two devices and two processes on few hot pages, some of which are unmapped while
// they are in use.
#pragma once

#include <random>
#include <set>
#include <string>

#include "models/trace/writer.hpp"

namespace svasim::test {

struct RacingTrace {
  std::uint32_t seed = 1;
  unsigned records = 3000;
  unsigned unmaps_per_mille = 60;
  unsigned devices = 2;
  unsigned processes = 2;
  unsigned pages = 24;  ///< of each process; eight of them hot
};

/// Writes the trace to `path` and returns the number of unmaps.
inline unsigned write_racing_trace(const std::string& path, const RacingTrace& what) {
  constexpr std::uint64_t kBase = 0x7f12'3456'0000;
  std::mt19937 random(what.seed);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const auto writer = trace::Writer::open(path);
  std::set<std::uint32_t> seen;
  unsigned unmaps = 0;
  for (unsigned i = 0; i < what.records; ++i) {
    trace::Record record;
    const unsigned page = below(10) < 7 ? below(8) : below(what.pages);
    record.va = kBase + page * trace::kPageBytes;
    record.pasid = 1 + below(what.processes);
    // A process comes into being with its first access.
    if (below(1000) < what.unmaps_per_mille && seen.count(record.pasid) != 0) {
      ++unmaps;
      record.kind = trace::Kind::unmap;
      record.size = trace::kPageBytes * (1 + below(3));
    } else {
      seen.insert(record.pasid);
      record.write = below(2) == 0;
      record.device = below(what.devices);
      record.va += below(63) * 64;
      record.size = below(8) == 0 ? 5000 : 64 << below(3);  // sometimes across a page
    }
    writer->write(record);
  }
  writer->finish();
  return unmaps;
}

}  // namespace svasim::test
