// Waves of the signals inside Verilated RTL, in FST files of their own, one window of simulated time each.
//
// Contract: the RTL was Verilated with --trace-fst. The clock in the waves rises where the RTL is clocked and
// falls half a period before that, when its inputs stand: while the RTL is quiet it is not clocked, and its
// clock stays high.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

class VerilatedFstC;

namespace svasim::bridges {

class RtlWaves {
 public:
  /// `now` tells the simulated time in picoseconds; `period` is that of the RTL's clock.
  RtlWaves(std::function<std::uint64_t()> now, std::uint64_t period);
  ~RtlWaves();

  /// What stands at `from`, and every edge from now on, goes into the file; throws WaveError.
  void open(const std::string& path, std::uint64_t from);
  /// The waves end at `to`.
  void close(std::uint64_t to);
  bool recording() const { return recording_; }

  // By the bridge of the RTL.

  /// Hand this to the Verilated model's trace() once, before the first open().
  VerilatedFstC& file() { return *file_; }
  /// The inputs stand, the clock is low; the clock is high. After each evaluation while recording.
  void low() { dump(now_() - period_ / 2); }
  void high() { dump(now_()); }

 private:
  void dump(std::uint64_t when);

  std::function<std::uint64_t()> now_;
  std::uint64_t period_;
  std::unique_ptr<VerilatedFstC> file_;
  bool recording_ = false;
  std::uint64_t last_ = 0;  ///< what was dumped last
};

}  // namespace svasim::bridges
