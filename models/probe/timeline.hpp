// The baton rule: a transaction is always in exactly one stage. Entering a stage closes the one before, so
// the stages of a timeline sum to its end-to-end time by construction, waiting included, in integer
// picoseconds.
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
  constexpr Cause() : kind(Kind::none), id(0) {}
  constexpr Cause(Kind of_kind, std::uint64_t of_id) : kind(of_kind), id(of_id) {}
  Kind kind : 8;
  std::uint64_t id : 56;  ///< of that transaction or fault; packed so that a segment is three words
};
constexpr bool operator==(Cause a, Cause b) { return a.kind == b.kind && a.id == b.id; }
constexpr bool operator!=(Cause a, Cause b) { return !(a == b); }

/// One closed stay in a stage.
struct Segment {
  Picoseconds duration;
  Cause cause;
  std::uint16_t round;  ///< how many times the translation had failed before
  Stage stage;
};

/// The broken invariant: time was lost or counted twice. Names the timeline's owner, its stage and the two
/// times on stderr and aborts the run.
[[noreturn]] void lost_time(Cause owner, Stage stage, const char* what, Picoseconds got,
                            Picoseconds expected);

/// Two stays in one stage for one cause in one round are one segment when nothing lies between them. A stay
/// of no length is not recorded, unless it names a cause that its neighbours do not: that somebody merged is
/// worth telling.
class Timeline {
 public:
  /// Starts at `now`, in `stage`. `owner` is whose timeline this is, for the message if time is lost.
  void begin(Picoseconds now, Stage stage, Cause owner = {});
  /// Closes the current stage and enters `stage`. `now` may lie ahead of the simulation's time (a known
  /// arrival), but never before the last entry: that aborts the run, as lost time would.
  void enter(Stage stage, Picoseconds now, Cause cause = {}) {
    close(now, cause);
    stage_ = stage;
    cause_ = cause;
  }
  /// Closes the last stage. A fault latency that no successful translation ended ends here.
  void end(Picoseconds now);
  /// A translation failed (a fault or an ATS answer without permission): the next round begins.
  void translation_failed(Picoseconds now);
  /// A translation succeeded; ends the fault latency if one had failed.
  void translation_succeeded(Picoseconds now);

  bool open() const { return open_; }
  Stage stage() const { return stage_; }
  /// The stage at `t`, not before it began: not stage() if that was entered ahead of time.
  Stage stage_at(Picoseconds t) const;
  Picoseconds begun_at() const { return begin_; }
  Picoseconds since() const { return since_; }           ///< entry into the current stage
  Picoseconds total() const { return since_ - begin_; }  ///< so far, up to the last entry
  std::uint16_t rounds() const { return round_; }        ///< failed translations so far, at most 65535
  /// From a first failed translation to the next successful one; the sum if that happened more than once.
  Picoseconds fault_latency() const { return fault_latency_; }
  const std::vector<Segment>& segments() const { return segments_; }
  /// Picoseconds per stage; they sum to total() or the run is aborted.
  std::array<Picoseconds, kStageCount> sums() const;
  /// Aborts the run unless the segments sum to total().
  void check() const;

 private:
  /// `next`: the cause of the stay that follows.
  void close(Picoseconds now, Cause next = {});

  bool open_ = false;
  bool failed_ = false;  ///< a translation failed and none has succeeded since
  Stage stage_ = Stage::issue;
  std::uint16_t round_ = 0;
  Cause cause_;
  Cause owner_;
  Picoseconds begin_ = 0;
  Picoseconds since_ = 0;
  Picoseconds failed_at_ = 0;
  Picoseconds fault_latency_ = 0;
  std::vector<Segment> segments_;  ///< capacity is kept when the timeline is used again
};

}  // namespace svasim::probe
