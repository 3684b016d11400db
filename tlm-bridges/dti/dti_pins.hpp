// DTI on AXI4-Stream as plain structs: a stream towards the TCU and one from it, in the standard's words.
// Independent of Verilator and SystemC. Unused high bits and lanes are zero.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <tuple>

#include "tlm-bridges/channel.hpp"

namespace svasim::probe {
struct Transaction;
}

namespace svasim::bridges {

constexpr unsigned kDtiMaxBytes = 32;  ///< of the widest stream

/// Bytes of TDATA: 1 to 32. Interconnects use 1, 4, 10, 20; powers of two are common too.
inline unsigned checked_dti_bytes(unsigned bytes) {
  if (bytes < 1 || bytes > kDtiMaxBytes) throw std::invalid_argument("DTI stream: expected 1 to 32 bytes");
  return bytes;
}

struct StreamBeat {
  std::array<std::uint8_t, kDtiMaxBytes> data{};  ///< TDATA by lane
  std::array<std::uint8_t, 4> keep{};             ///< TKEEP, a bit a lane
  bool last = false;                              ///< TLAST
  std::uint8_t id = 0;                            ///< TID: of the TBU or root port, towards the TCU
  std::uint8_t dest = 0;                          ///< TDEST: the same, from the TCU

  bool kept(unsigned lane) const { return (keep[lane / 8] >> (lane % 8) & 1) != 0; }
  void set_kept(unsigned lane) {
    keep[lane / 8] = static_cast<std::uint8_t>(keep[lane / 8] | 1u << lane % 8);
  }
  friend bool operator==(const StreamBeat& a, const StreamBeat& b) {
    return std::tie(a.data, a.keep, a.last, a.id, a.dest) == std::tie(b.data, b.keep, b.last, b.id, b.dest);
  }
};

struct DtiPins {
  Channel<StreamBeat> up;                       ///< towards the TCU
  Channel<StreamBeat> down;                     ///< from it
  bool up_wakeup = false, down_wakeup = false;  ///< TWAKEUP
  bool reset_n = true;                          ///< ARESETn, for checkers
};

/// Instrumentation that has no bits: whose request a wire ID outstanding belongs to. A requester bridge
/// notes it, the completer bridge at the other end of the same pins reads it.
using DtiTags = std::array<probe::Transaction*, 4096>;

/// Random back-pressure of a bridge on its two streams, each in so many of 256 edges. For tests.
struct DtiStalls {
  std::uint32_t seed = 0;
  unsigned up = 0, down = 0;
};

}  // namespace svasim::bridges
