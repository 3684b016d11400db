// The five channels of AXI4 as plain structs, in the standard's words (channel aw, field len = AWLEN).
// Independent of Verilator and SystemC. Unused high bits and lanes are zero.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <tuple>

#include "tlm-bridges/channel.hpp"

namespace svasim::bridges {

constexpr unsigned kAxiMaxBytes = 128;  ///< of the widest data bus

/// Sizes of one interface, in bits.
struct AxiWidths {
  unsigned address = 52;  ///< 1 to 64
  unsigned data = 64;     ///< 32, 64, ..., 1024
  unsigned id = 4;        ///< 0 to 16

  unsigned bytes() const { return data / 8; }
  bool fits(std::uint64_t value) const { return address >= 64 || value >> address == 0; }
  const AxiWidths& checked() const {
    if (address < 1 || address > 64) throw std::invalid_argument("AXI address width: expected 1 to 64 bits");
    if (data < 32 || data > 8 * kAxiMaxBytes || (data & (data - 1)) != 0) {
      throw std::invalid_argument("AXI data width: expected a power of two from 32 to 1024 bits");
    }
    if (id > 16) throw std::invalid_argument("AXI ID width: expected 0 to 16 bits");
    return *this;
  }
};

enum class AxiBurst : std::uint8_t { fixed, incr, wrap, reserved };
enum class AxiResponse : std::uint8_t { okay, exokay, slverr, decerr };

using AxiData = std::array<std::uint8_t, kAxiMaxBytes>;  ///< by lane

/// A write strobe for each lane.
class AxiStrobes {
 public:
  bool test(unsigned lane) const { return words_[lane / 64] >> (lane % 64) & 1; }
  void set(unsigned lane) { words_[lane / 64] |= std::uint64_t{1} << (lane % 64); }
  /// For pins, as AxiData has it.
  std::uint64_t* data() { return words_.data(); }
  const std::uint64_t* data() const { return words_.data(); }
  friend bool operator==(const AxiStrobes& a, const AxiStrobes& b) { return a.words_ == b.words_; }

 private:
  std::array<std::uint64_t, kAxiMaxBytes / 64> words_{};
};

struct AxiAddress {
  std::uint32_t id = 0;
  std::uint64_t addr = 0;
  std::uint8_t len = 0;   ///< beats - 1
  std::uint8_t size = 0;  ///< log2 of the bytes of a beat
  AxiBurst burst = AxiBurst::incr;
  bool lock = false;
  std::uint8_t cache = 0;
  std::uint8_t prot = 0;
  std::uint8_t qos = 0;
  std::uint8_t region = 0;
  std::uint64_t user = 0;

  unsigned beats() const { return len + 1u; }
  unsigned bytes() const { return 1u << (size & 7); }  ///< of a beat
  auto all() const { return std::tie(id, addr, len, size, burst, lock, cache, prot, qos, region, user); }
  friend bool operator==(const AxiAddress& a, const AxiAddress& b) { return a.all() == b.all(); }
};

struct AxiWrite {
  AxiData data{};
  AxiStrobes strb;
  bool last = false;
  std::uint64_t user = 0;
  friend bool operator==(const AxiWrite& a, const AxiWrite& b) {
    return std::tie(a.data, a.strb, a.last, a.user) == std::tie(b.data, b.strb, b.last, b.user);
  }
};

struct AxiWriteResponse {
  std::uint32_t id = 0;
  AxiResponse resp = AxiResponse::okay;
  std::uint64_t user = 0;
  friend bool operator==(const AxiWriteResponse& a, const AxiWriteResponse& b) {
    return std::tie(a.id, a.resp, a.user) == std::tie(b.id, b.resp, b.user);
  }
};

struct AxiRead {
  std::uint32_t id = 0;
  AxiData data{};
  AxiResponse resp = AxiResponse::okay;
  bool last = false;
  std::uint64_t user = 0;
  friend bool operator==(const AxiRead& a, const AxiRead& b) {
    return std::tie(a.id, a.data, a.resp, a.last, a.user) == std::tie(b.id, b.data, b.resp, b.last, b.user);
  }
};

struct AxiPins {
  Channel<AxiAddress> aw;
  Channel<AxiWrite> w;
  Channel<AxiWriteResponse> b;
  Channel<AxiAddress> ar;
  Channel<AxiRead> r;
  bool reset_n = true;  ///< ARESETn, for checkers
};

/// Random back-pressure of a bridge on its own channels, each in so many of 256 edges. For tests.
struct AxiStalls {
  std::uint32_t seed = 0;
  unsigned aw = 0, w = 0, b = 0, ar = 0, r = 0;
};

}  // namespace svasim::bridges
