// See zstd_frames.hpp. What is not a frame is left for the decompressor to complain about.
#include "models/trace/zstd_frames.hpp"

#include <algorithm>

namespace svasim::trace {

void ZstdFrames::expect(State state, unsigned field_bytes) {
  state_ = state;
  need_ = field_bytes;
}

void ZstdFrames::feed(const char* bytes, std::size_t count) {
  for (const char* const end = bytes + count; bytes != end;) {
    const auto passed = std::min<std::uint64_t>(skip_, static_cast<std::uint64_t>(end - bytes));
    skip_ -= passed;
    bytes += passed;
    if (bytes == end) return;
    field_ |= std::uint64_t{static_cast<unsigned char>(*bytes++)} << (8 * have_);
    if (++have_ < need_) continue;
    advance();
    field_ = 0;
    have_ = 0;
  }
}

void ZstdFrames::advance() {
  switch (state_) {
    case State::magic:
      if ((field_ & 0xfffffff0) == 0x184d2a50) return expect(State::skippable, 4);
      return expect(State::descriptor, 1);
    case State::skippable: skip_ = field_; return expect(State::magic, 4);
    case State::descriptor: {
      static constexpr unsigned kDictionaryId[] = {0, 1, 2, 4};
      static constexpr unsigned kContentSize[] = {0, 2, 4, 8};
      const bool single_segment = field_ & 0x20;
      const unsigned size_code = static_cast<unsigned>(field_ >> 6);
      checksum_ = field_ & 0x04;
      skip_ = kDictionaryId[field_ & 3] + kContentSize[size_code];
      skip_ +=
          single_segment ? (size_code == 0 ? 1 : 0) : 1;  // one byte of content size, or of window descriptor
      return expect(State::block, 3);
    }
    case State::block: {
      const bool last = field_ & 1;
      const bool run_length = (field_ >> 1 & 3) == 1;
      skip_ = run_length ? 1 : field_ >> 3;
      if (!last) return;
      skip_ += checksum_ ? 4 : 0;
      return expect(State::magic, 4);
    }
  }
}

}  // namespace svasim::trace
