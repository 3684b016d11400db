// The Invalidate Requests a function is busy with, by ITag, and the accesses each has to wait for. A value:
// no time. Contract: an ITag is free again when its completion is sent. Source rule: PCIe Base, ATS.
#pragma once

#include <array>
#include <cstdint>

#include "models/pcie/atc.hpp"

namespace svasim::pcie {

class Invalidations {
 public:
  static constexpr unsigned kItags = 32;

  /// False: no such ITag, or it is in use.
  bool accept(std::uint16_t itag, const AtcInvalidation& what) {
    if (itag >= kItags || all_[itag].pending) return false;
    all_[itag] = {true, what, 0};
    return true;
  }
  const AtcInvalidation& what(std::uint64_t itag) const { return all_[itag].what; }
  /// One more access uses what was removed.
  void hold(std::uint64_t itag) { ++all_[itag].uses; }
  /// One less. True: nobody is left.
  bool release(std::uint64_t itag) { return --all_[itag].uses == 0; }
  bool held(std::uint64_t itag) const { return all_[itag].uses != 0; }

  /// To be completed. True: the first since complete().
  bool finish(std::uint64_t itag) {
    const bool first = finished_ == 0;
    finished_ |= std::uint32_t{1} << itag;
    return first;
  }
  /// The ITags that are finished, one bit each; they are free now.
  std::uint32_t complete() {
    const std::uint32_t done = finished_;
    for (unsigned itag = 0; itag < kItags; ++itag) {
      if ((done >> itag & 1) != 0) all_[itag].pending = false;
    }
    finished_ = 0;
    return done;
  }

 private:
  struct Invalidation {
    bool pending = false;
    AtcInvalidation what;
    unsigned uses = 0;
  };
  std::array<Invalidation, kItags> all_;
  std::uint32_t finished_ = 0;
};

}  // namespace svasim::pcie
