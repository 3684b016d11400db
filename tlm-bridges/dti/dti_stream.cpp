// See dti_stream.hpp.
#include "tlm-bridges/dti/dti_stream.hpp"

#include <algorithm>

namespace svasim::bridges {

StreamGatherer::Result StreamGatherer::take(const StreamBeat& beat) {
  if (starts_) {
    frame_ = {};
    broken_ = false;
    id_ = beat.id, dest_ = beat.dest;
  }
  const bool first = starts_;
  starts_ = false;
  unsigned kept = 0;
  const unsigned before = frame_.bytes();
  for (unsigned lane = 0; lane < bytes_; ++lane) {
    if (!beat.kept(lane)) continue;
    ++kept;
    frame_.append(beat.data[lane]);
  }
  const unsigned length = frame_.bits == 0 ? 0 : length_(frame_.code()) / 8;
  Result result;
  if (length != 0) {
    if (!broken_) result.rule = broken_rule(beat, kept, length - std::min(before, length));
  } else if (first && kept == 0) {
    result.rule = DtiRule::tkeep_gap;
  } else if (beat.last && !broken_) {
    result.rule = DtiRule::message_type;
  }
  broken_ |= result.rule.has_value();
  starts_ = beat.last || (length != 0 && frame_.bytes() >= length);
  result.complete = starts_ && !broken_;
  return result;
}

/// `rest`: bytes of the message from this beat on.
std::optional<DtiRule> StreamGatherer::broken_rule(const StreamBeat& beat, unsigned kept,
                                                   unsigned rest) const {
  for (unsigned lane = 0; lane < kept; ++lane) {
    if (!beat.kept(lane)) return DtiRule::tkeep_gap;
  }
  if (beat.id != id_ || beat.dest != dest_) return DtiRule::route_changed;
  const bool final = rest <= bytes_;
  if (!beat.last && final && kept == rest) return DtiRule::tlast_late;
  if (beat.last && !final) return DtiRule::tlast_early;
  if (kept != std::min(rest, bytes_)) return DtiRule::tkeep_bytes;
  return std::nullopt;
}

}  // namespace svasim::bridges
