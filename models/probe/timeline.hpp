// The baton rule: a transaction is always in exactly one stage. Entering a stage closes the one before, so the stages of a
// timeline sum to its end-to-end time by construction, waiting included, in integer picoseconds.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "models/probe/stage.hpp"

namespace svasim::probe {

using Picoseconds = std::uint64_t;  ///< simulated time since the start of the run, or a span of it

/// Why a transaction is in a stage when the reason is somebody else.
struct Cause {
  enum class Kind : std::uint8_t { none = 0, transaction = 1, fault = 2 };
  Kind kind = Kind::none;
  std::uint64_t id = 0;  ///< of that transaction or fault
};

/// One closed stay in a stage.
struct Segment {
  Stage stage;
  Cause cause;
  std::uint16_t round;  ///< how many times the translation had failed before
  Picoseconds duration;
};

class Timeline {
 public:
  /// Starts at `now`, in `stage`.
  void begin(Picoseconds now, Stage stage);
  /// Closes the current stage and enters `stage`. `now` may lie ahead of the simulation's time (a known arrival), but never
  /// before the last entry: that aborts the run, as lost time would.
  void enter(Stage stage, Picoseconds now, Cause cause = {});
  /// Closes the last stage.
  void end(Picoseconds now);
  /// A translation failed (a fault or an ATS answer without permission): the next round begins.
  void translation_failed(Picoseconds now);
  /// A translation succeeded; ends the fault latency if one had failed.
  void translation_succeeded(Picoseconds now);

  bool open() const { return open_; }
  Stage stage() const { return stage_; }
  Picoseconds begun_at() const { return begin_; }
  Picoseconds since() const { return since_; }  ///< entry into the current stage
  Picoseconds total() const { return since_ - begin_; }  ///< so far, up to the last entry
  std::uint16_t rounds() const { return round_; }
  Picoseconds fault_latency() const { return fault_latency_; }
  const std::vector<Segment>& segments() const { return segments_; }
  /// Picoseconds per stage; they sum to total() or the run is aborted.
  std::array<Picoseconds, kStageCount> sums() const;

 private:
  void close(Picoseconds now);

  bool open_ = false;
  bool failed_ = false;  ///< a translation failed and none has succeeded since
  Stage stage_ = Stage::issue;
  Cause cause_;
  std::uint16_t round_ = 0;
  Picoseconds begin_ = 0;
  Picoseconds since_ = 0;
  Picoseconds failed_at_ = 0;
  Picoseconds fault_latency_ = 0;
  std::vector<Segment> segments_;  ///< capacity is kept when the timeline is used again
};

}  // namespace svasim::probe
