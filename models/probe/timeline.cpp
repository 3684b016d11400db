// How a timeline closes its stages. Contract: timeline.hpp. Source rule: the baton rule (design, idea 2).
#include "models/probe/timeline.hpp"

#include <cstdio>
#include <cstdlib>
#include <limits>

namespace svasim::probe {

void lost_time(Cause owner, Stage stage, const char* what, Picoseconds got, Picoseconds expected) {
  constexpr const char* kOwners[] = {"timeline", "transaction", "fault"};
  const StageInfo& where = info(stage);
  std::fprintf(stderr, "svasim: lost time: %s %llu in stage %.*s: %s: %llu ps instead of %llu ps\n",
               kOwners[static_cast<unsigned>(owner.kind)], static_cast<unsigned long long>(owner.id),
               static_cast<int>(where.name.size()), where.name.data(), what,
               static_cast<unsigned long long>(got), static_cast<unsigned long long>(expected));
  std::abort();
}

void Timeline::begin(Picoseconds now, Stage stage, Cause owner) {
  open_ = true;
  failed_ = false;
  stage_ = stage;
  round_ = 0;
  cause_ = {};
  owner_ = owner;
  begin_ = since_ = now;
  fault_latency_ = 0;
  segments_.clear();
}

void Timeline::close(Picoseconds now, Cause next) {
  if (!open_) lost_time(owner_, stage_, "used after its end", now, since_);
  if (now < since_) lost_time(owner_, stage_, "left before it was entered", now, since_);
  const Picoseconds duration = now - since_;
  since_ = now;
  Segment* last = segments_.empty() ? nullptr : &segments_.back();
  if (last && last->stage == stage_ && last->round == round_ && last->cause == cause_) {
    last->duration += duration;
  } else if (duration != 0 ||
             (cause_.kind != Cause::Kind::none && cause_ != next && !(last && last->cause == cause_))) {
    segments_.push_back({duration, cause_, round_, stage_});
  }
}

void Timeline::end(Picoseconds now) {
  close(now);
  translation_succeeded(now);
  open_ = false;
}

void Timeline::translation_failed(Picoseconds now) {
  close(now);
  if (round_ != std::numeric_limits<std::uint16_t>::max()) ++round_;
  if (!failed_) failed_at_ = now;
  failed_ = true;
}

void Timeline::translation_succeeded(Picoseconds now) {
  if (!failed_) return;
  if (now < failed_at_) lost_time(owner_, stage_, "translated before it had failed", now, failed_at_);
  fault_latency_ += now - failed_at_;
  failed_ = false;
}

Stage Timeline::stage_at(Picoseconds t) const {
  Picoseconds left = since_;  // when the stage looked at was entered
  Stage stage = stage_;
  for (auto segment = segments_.rbegin(); left > t && segment != segments_.rend(); ++segment) {
    left -= segment->duration;
    stage = segment->stage;
  }
  return stage;
}

std::array<Picoseconds, kStageCount> Timeline::sums() const {
  check();
  std::array<Picoseconds, kStageCount> sums{};
  for (const Segment& segment : segments_) sums[static_cast<std::size_t>(segment.stage)] += segment.duration;
  return sums;
}

void Timeline::check() const {
  Picoseconds sum = 0;
  for (const Segment& segment : segments_) sum += segment.duration;
  if (sum != total()) lost_time(owner_, stage_, "stages do not sum to the end-to-end time", sum, total());
}

}  // namespace svasim::probe
