// The parameter sets the RTL is Verilated for, each with waves. One set is one Verilated top; set.cpp.in
// makes the translation unit of each, CMakeLists.txt their list.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/arch/walk_cache.hpp"

namespace svasim::lockstep {

/// RTL that can record its waves and tell its code coverage, if it was built so.
class RtlUnderTest : public arch::WalkCache {
 public:
  /// From the next cycle on, into an FST file.
  virtual void open_wave(const std::string& file) = 0;
  virtual void close_wave() = 0;
  /// Verilator's coverage data.
  virtual void write_coverage(const std::string& file) = 0;
};

struct RtlSet {
  std::string name;
  arch::WalkCacheGeometry geometry;
  std::unique_ptr<RtlUnderTest> (*make)();
};

/// All sets of this program, the default first.
const std::vector<RtlSet>& rtl_sets();

}  // namespace svasim::lockstep
