// Waves of a run: the signals of all blocks, and of the Verilated RTL, in windows of simulated time.
//
// Contract: looks at the machine between instants and changes nothing; outside the windows it costs the
// calendar's one comparison an instant. A window [from, to] has the values that stand at `from`, every change
// up to `to`, and ends there, or where the run ends. Source rule: registered boundaries (what is sent at an
// instant is seen at the next edge at the earliest), so what stands between instants is what pins would show.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/engine/calendar.hpp"
#include "models/probe/recorder.hpp"
#include "models/probe/signals.hpp"
#include "tlm-bridges/rtl_waves.hpp"

namespace svasim::bridges {
class FstFile;
}

namespace svasim::platform {

class System;

/// A window, and what it shows.
struct WaveWindow {
  std::string name;  ///< of its files: NAME.fst, and NAME.pwc.fst of the walk cache's RTL
  engine::Picoseconds from = 0;
  engine::Picoseconds to = engine::Calendar::kNever;
  std::uint64_t transaction = 0;    ///< whose stage is shown; 0: nobody's
  std::vector<std::string> blocks;  ///< empty: all
};

struct WavesConfig {
  std::string directory;            ///< is made with the first window's file
  std::vector<WaveWindow> windows;  ///< in order; they do not overlap
};

class Waves : private probe::Signals {
 public:
  /// With at least one window; `rtl_period` is the walk cache's clock.
  Waves(engine::Calendar& calendar, engine::Picoseconds rtl_period, const WavesConfig& config);
  ~Waves() override;

  /// For the walk cache, before it is made.
  bridges::RtlWaves& rtl() { return rtl_; }
  /// Before the run; both must live until finish(). Throws ConfigError if a window names no block of the
  /// system.
  void watch(const System& system, const probe::Recorder& recorder, bool has_rtl);
  /// The run is over: files end here. Throws bridges::WaveError.
  void finish();
  /// Windows that the run did not reach.
  std::vector<std::string> unreached() const;

 private:
  /// A signal of the open file, and the value it has there.
  struct Signal {
    std::uint32_t handle;
    std::uint64_t value;
    std::string text;
  };
  enum class Pass { names, declare, first, change };

  void block(std::string_view name) override;
  void operator()(std::string_view name, unsigned bits, std::uint64_t value) override;
  void operator()(std::string_view name, std::string_view text) override;

  void look(engine::Picoseconds since);
  void show(engine::Picoseconds since, engine::Picoseconds until);
  void open();
  void close(engine::Picoseconds end);
  void visit_all(Pass pass, engine::Picoseconds at);
  void visit_transactions(engine::Picoseconds at);

  engine::Calendar& calendar_;
  const std::string directory_;
  const std::vector<WaveWindow> windows_;
  bridges::RtlWaves rtl_;
  const System* system_ = nullptr;
  const probe::Recorder* recorder_ = nullptr;
  bool has_rtl_ = false;

  std::size_t window_ = 0;  ///< open, or the next one
  std::unique_ptr<bridges::FstFile> file_;
  std::vector<Signal> signals_;
  Pass pass_ = Pass::names;
  bool selected_ = false;  ///< the block that is visited
  bool in_block_ = false;  ///< of the declarations
  std::size_t next_ = 0;   ///< signal to be visited
  std::vector<std::string> names_;
};

}  // namespace svasim::platform
