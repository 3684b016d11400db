// Varint coding of segments. Contract: story_codec.hpp.
#include "models/probe/story_codec.hpp"

#include <limits>

namespace svasim::probe {
namespace {

constexpr std::uint64_t kSameCause = 3;
constexpr std::uint64_t kNewRound = 4;
constexpr unsigned kStageShift = 3;

constexpr std::size_t kLongest = 2 + 3 + 8 + 10;  ///< bytes of a segment: head, rounds, id, duration

std::uint8_t* put(std::uint8_t* next, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *next++ = static_cast<std::uint8_t>(value | 0x80);
  *next++ = static_cast<std::uint8_t>(value);
  return next;
}

/// Reads varints; once one is cut short or too long, `good` stays false.
struct Reader {
  const std::uint8_t* next;
  const std::uint8_t* end;
  bool good = true;

  std::uint64_t get() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && next != end; shift += 7) {
      const std::uint64_t bits = *next & 0x7f;
      if (bits << shift >> shift != bits) break;
      value |= bits << shift;
      if (!(*next++ & 0x80)) return value;
    }
    good = false;
    return 0;
  }
};

}  // namespace

void encode_story(const Segment* segments, std::size_t count, std::vector<std::uint8_t>& bytes) {
  const std::size_t before = bytes.size();
  bytes.resize(before + count * kLongest);
  std::uint8_t* next = bytes.data() + before;
  Cause cause;
  std::uint16_t round = 0;
  for (const Segment* segment = segments; segment != segments + count; ++segment) {
    const bool none = segment->cause.kind == Cause::Kind::none;
    const bool same = !none && segment->cause == cause;
    const std::uint64_t head = static_cast<std::uint64_t>(segment->stage) << kStageShift |
                               (segment->round != round ? kNewRound : 0) |
                               (same ? kSameCause : static_cast<std::uint64_t>(segment->cause.kind));
    next = put(next, head);
    if (head & kNewRound) next = put(next, static_cast<std::uint16_t>(segment->round - round));
    if (!none && !same) next = put(next, segment->cause.id);
    next = put(next, segment->duration);
    cause = segment->cause;
    round = segment->round;
  }
  bytes.resize(static_cast<std::size_t>(next - bytes.data()));
}

std::optional<std::vector<Segment>> decode_story(const std::uint8_t* bytes, std::size_t size) {
  std::vector<Segment> segments;
  Reader reader{bytes, bytes + size};
  Cause cause;
  std::uint64_t round = 0;
  while (reader.next != reader.end) {
    const std::uint64_t head = reader.get();
    const std::uint64_t stage = head >> kStageShift;
    const std::uint64_t kind = head & kSameCause;
    if (head & kNewRound) {
      const std::uint64_t failed = reader.get();
      if (failed > std::numeric_limits<std::uint16_t>::max() - round) return std::nullopt;
      round += failed;
    }
    if (kind == kSameCause && cause.kind == Cause::Kind::none) return std::nullopt;
    if (kind == 0) cause = {};
    if (kind == 1 || kind == 2) cause = {static_cast<Cause::Kind>(kind), reader.get()};
    const Picoseconds duration = reader.get();
    if (!reader.good || stage >= kStageCount) return std::nullopt;
    segments.push_back({duration, cause, static_cast<std::uint16_t>(round), static_cast<Stage>(stage)});
  }
  return segments;
}

}  // namespace svasim::probe
