// What a synthetic trace is made of: a pattern and its options, as text "random,count=1000,span=1G".
// Contract: a parsed pattern is legal; print() of it is parsed to the same, and says every option.
// Source rule: README.md, "Synthetic traces".
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace svasim::trace {

/// The text is no pattern. what() is one line that says what was expected.
class PatternError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Pattern {
  enum class Kind : std::uint8_t { sequential, random, strided, chase, ring };
  static constexpr std::string_view kNames[] = {"sequential", "random", "strided", "chase", "ring"};

  Kind kind = Kind::sequential;
  std::uint64_t count = 10'000;
  std::uint64_t devices = 1, pasids = 1;
  std::uint64_t base = 0x7f00'0000'0000;
  std::uint64_t size = 64;
  std::uint64_t writes = 0;    ///< percent
  std::uint64_t interval = 0;  ///< ps; 0: no times
  std::uint64_t seed = 1;
  std::uint64_t span = std::uint64_t{16} << 20;  ///< all but ring
  std::uint64_t stride = 4096;                   ///< strided
  std::uint64_t hot = 0;                         ///< random: percent
  std::uint64_t hot_span = std::uint64_t{64} << 10;
  std::uint64_t depth = 64;     ///< ring: buffers
  std::uint64_t packet = 2048;  ///< ring: bytes
  std::uint64_t fill = 0;       ///< ring: a CPU writes the buffer first

  /// Throws PatternError.
  static Pattern parse(std::string_view text);
  std::string print() const;
  std::uint64_t streams() const { return devices * pasids; }
};

/// All patterns and options, for a user.
std::string pattern_help();

}  // namespace svasim::trace
