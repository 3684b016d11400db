// The ordered segments of a timeline as a compact byte string, for the column `story` of the run database.
// Contract: decode undoes encode exactly, and refuses any string encode cannot have written. Source rule: the
// format is this:
//
//   story    = { segment }
//   segment  = head [rounds] [id] duration          each a varint: 7 bits a byte, lowest first, 0x80 if more
//   follow head     = stage << 3 | new_round << 2 | cause  stage: position in stage.hpp; cause: 0 none, 1
//   transaction, 2 fault,
//                                                   3 the same as of the segment before
//   rounds   = failed translations since the segment before; if new_round
//   id       = of the transaction or fault; if cause is 1 or 2
//   duration = picoseconds
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "models/probe/timeline.hpp"

namespace svasim::probe {

/// Appends the story of `count` segments to `bytes`.
void encode_story(const Segment* segments, std::size_t count, std::vector<std::uint8_t>& bytes);
/// The segments, or nothing if the bytes are not a story.
std::optional<std::vector<Segment>> decode_story(const std::uint8_t* bytes, std::size_t size);

}  // namespace svasim::probe
