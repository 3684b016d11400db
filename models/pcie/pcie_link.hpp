// The PCIe link between a function and its root port, one channel of TLPs each way.
//
// Contract: packets of a direction stay in order. Upstream ones need a buffer at the root port (credits);
// downstream ones have theirs already: completions in the requester, invalidations by ITag, responses by PRG
// index. Source rule: PCIe Base, encoding (8b/10b to generation 2, 128b/130b to 5, 236 of 256 flit bytes in
// 6).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "models/arch/tlp.hpp"
#include "models/engine/link.hpp"

namespace svasim::pcie {

struct PcieLinkConfig {
  unsigned gen = 5;
  unsigned lanes = 16;
  std::uint64_t flight_ps = 150'000;
  unsigned credits = 128;
  unsigned max_payload = 256;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("gen", gen, "count", 1, 6, "PCIe generation: rate of a lane and its encoding");
    v.field("lanes", lanes, "count", 1, 16, "lanes: 1, 2, 4, 8 or 16");
    v.field(
        "flight_ps", flight_ps, "ps", 0, 1'000'000'000,
        "from the last byte sent to the packet's use: wire, retimers, physical and link layers of both ends");
    v.field("credits", credits, "count", 1, 65536, "receive buffers of the root port, in packets");
    v.field("max_payload", max_payload, "bytes", 128, 4096,
            "data bytes of one packet: 128 to 4096, a power of two");
  }
  std::vector<std::string> check() const {
    std::vector<std::string> errors;
    if (gen < 1 || gen > 6) errors.push_back("gen must be 1 to 6");
    if (!power_of_two(lanes) || lanes > 16) errors.push_back("lanes must be 1, 2, 4, 8 or 16");
    if (!power_of_two(max_payload) || max_payload < 128 || max_payload > 4096) {
      errors.push_back("max_payload must be a power of two from 128 to 4096");
    }
    if (credits == 0) errors.push_back("credits must be at least 1");
    return errors;
  }
  /// Of a checked configuration. `receiver_credits` as in LinkTiming.
  engine::LinkTiming timing(unsigned receiver_credits) const {
    // Picoseconds for 1024 bytes on one lane: gigatransfers a second, eight to the byte, and the encoding.
    constexpr std::array<unsigned, 6> kPerKib = {4'096'000, 2'048'000, 1'040'000, 520'000, 260'000, 138'847};
    const unsigned per_byte_1024ths = kPerKib[gen - 1] / lanes;
    return {per_byte_1024ths / 1024, flight_ps, receiver_credits, per_byte_1024ths % 1024};
  }

 private:
  static constexpr bool power_of_two(unsigned n) { return n != 0 && (n & (n - 1)) == 0; }
};

struct PcieLink {
  /// `config` is checked.
  PcieLink(engine::Calendar& calendar, engine::Clock device, engine::Clock root, const PcieLinkConfig& config)
      : up(calendar, device, root, config.timing(config.credits)),
        down(calendar, root, device, config.timing(0)),
        max_payload(config.max_payload) {}

  unsigned bytes(const arch::Tlp& tlp) const { return arch::wire_bytes(tlp, max_payload); }
  void send_up(const arch::Tlp& tlp) { up.send(tlp, bytes(tlp)); }
  void send_down(const arch::Tlp& tlp) { down.send(tlp, bytes(tlp)); }

  engine::Link<arch::Tlp> up;    ///< bound by the root port; its receipts by the endpoint
  engine::Link<arch::Tlp> down;  ///< bound by the endpoint
  unsigned max_payload;
};

}  // namespace svasim::pcie
