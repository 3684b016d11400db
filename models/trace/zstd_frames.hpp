// Follows the frame structure of a zstd stream, without decompressing, to tell whether it is complete.
// Contract: feed() takes the compressed bytes in any portions; complete() is true exactly between frames.
// Source rule: RFC 8878, sections 3.1.1 (frames, blocks) and 3.1.2 (skippable frames). Boost's zstd filter
// takes a stream that ends inside a frame for a finished one, so a truncated trace would otherwise look like
// a shorter one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace svasim::trace {

class ZstdFrames {
 public:
  void feed(const char* bytes, std::size_t count);
  bool complete() const { return state_ == State::magic && have_ == 0 && skip_ == 0; }

 private:
  enum class State { magic, descriptor, block, skippable };
  void advance();  ///< acts on the little-endian field just collected
  void expect(State, unsigned field_bytes);

  State state_ = State::magic;
  std::uint64_t field_ = 0;  ///< the field being collected
  unsigned have_ = 0;        ///< its bytes so far
  unsigned need_ = 4;
  std::uint64_t skip_ = 0;  ///< bytes to pass over before the next field
  bool checksum_ = false;
};

}  // namespace svasim::trace
