// See shrink.hpp.
#include "testbenches/differential/shrink.hpp"

#include <algorithm>

namespace svasim::differential {
namespace {

class Shrinker {
 public:
  Shrinker(Tapes tapes, const std::function<bool(Tapes&)>& fails, unsigned attempts)
      : best_(std::move(tapes)), fails_(fails), attempts_(attempts) {
    best_.seed.reset();
  }

  Tapes run() {
    for (bool better = true; better && attempts_ > 0;) {
      better = drop_operations();
      for (std::size_t i = best_.tapes.size(); i-- > 0;) better |= shorten(i) | lower(i);
    }
    return best_;
  }

 private:
  bool accept(Tapes candidate) {
    if (attempts_ == 0) return false;
    --attempts_;
    Tapes played = candidate;
    if (!fails_(played)) return false;
    best_ = std::move(candidate);
    return true;
  }

  /// Runs of operations, long ones first, the last ones first.
  bool drop_operations() {
    bool better = false;
    for (std::size_t length = best_.operations(); length > 0; length /= 2) {
      for (std::size_t last = best_.tapes.size(); last >= Tapes::kFirstOperation + length;) {
        Tapes candidate = best_;
        const auto end = candidate.tapes.begin() + static_cast<std::ptrdiff_t>(last);
        candidate.tapes.erase(end - static_cast<std::ptrdiff_t>(length), end);
        const bool dropped = accept(std::move(candidate));
        better |= dropped;
        last -= dropped ? length : 1;
      }
    }
    return better;
  }

  /// The end of a tape reads as zeros.
  bool shorten(std::size_t index) {
    bool better = false;
    for (std::size_t length = best_.tapes[index].size(); length > 0; length /= 2) {
      while (best_.tapes[index].size() >= length) {
        Tapes candidate = best_;
        candidate.tapes[index].resize(candidate.tapes[index].size() - length);
        if (!accept(std::move(candidate))) break;
        better = true;
      }
    }
    return better;
  }

  /// Each number to zero, else to half.
  bool lower(std::size_t index) {
    bool better = false;
    for (std::size_t i = 0; i < best_.tapes[index].size() && attempts_ > 0; ++i) {
      for (const unsigned shift : {64u, 1u}) {
        const std::uint64_t value = best_.tapes[index][i];
        if (value == 0) break;
        Tapes candidate = best_;
        candidate.tapes[index][i] = shift == 64 ? 0 : value >> shift;
        better |= accept(std::move(candidate));
      }
    }
    return better;
  }

  Tapes best_;
  const std::function<bool(Tapes&)>& fails_;
  unsigned attempts_;
};

}  // namespace

Tapes shrink(Tapes tapes, const std::function<bool(Tapes&)>& fails, unsigned attempts) {
  return Shrinker(std::move(tapes), fails, attempts).run();
}

}  // namespace svasim::differential
