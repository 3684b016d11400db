// Where a random case comes from: tapes of numbers. Everything random in a case is drawn from its tapes, and
// 0 is always the simplest choice; so a case is its tapes, and shrinking is making tapes fewer, shorter and
// smaller.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace svasim::differential {

using Tape = std::vector<std::uint64_t>;

/// Reads a tape. Past its end a recording draws new numbers and appends them; a replay reads zeros.
class Draw {
 public:
  explicit Draw(Tape& tape) : tape_(&tape) {}
  Draw(Tape& tape, std::uint64_t seed) : tape_(&tape), random_(seed) {}

  std::uint64_t word() {
    if (next_ == tape_->size()) {
      if (!random_) return 0;
      tape_->push_back((*random_)());
    }
    return (*tape_)[next_++];
  }
  /// 0 to n - 1.
  std::uint64_t below(std::uint64_t n) {
    if (next_ == tape_->size() && random_) tape_->push_back((*random_)() % n);
    return word() % n;
  }
  bool chance(unsigned percent) { return below(100) >= 100 - percent; }
  bool flag() { return below(2) != 0; }
  template <class T>
  T of(std::initializer_list<T> list) {
    return *(list.begin() + below(list.size()));
  }
  template <class T>
  const T& of(const std::vector<T>& list) {
    return list[below(list.size())];
  }
  /// With a chance of `percent`, `other` instead of `usual`.
  template <class T>
  T rarely(unsigned percent, T usual, T other) {
    return chance(percent) ? other : usual;
  }

 private:
  Tape* tape_;
  std::size_t next_ = 0;
  std::optional<std::mt19937_64> random_;
};

/// A case: what the machine is, one tape per stream, then one tape per operation.
struct Tapes {
  static constexpr unsigned kStreams = 4, kFirstOperation = 1 + kStreams;
  std::deque<Tape> tapes;             ///< a deque: draws keep pointers while it grows
  std::optional<std::uint64_t> seed;  ///< recording; else replay

  Draw draw(std::size_t index) {
    if (index >= tapes.size()) tapes.resize(index + 1);
    if (!seed) return Draw(tapes[index]);
    return Draw(tapes[index], *seed * 0x9E3779B97F4A7C15u + index);
  }
  std::size_t operations() const {
    return tapes.size() > kFirstOperation ? tapes.size() - kFirstOperation : 0;
  }

  /// As text for a command line: numbers in hexadecimal, tapes apart by '/'.
  std::string text() const;
  static Tapes parse(const std::string&);
};

}  // namespace svasim::differential
