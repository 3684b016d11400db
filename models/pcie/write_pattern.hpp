// The data a device writes: nothing decides by it, but a write must move something that tells whose it is.
#pragma once

#include <cstdint>
#include <cstring>

#include "models/engine/payload.hpp"

namespace svasim::pcie {

/// Fills the payload with the little-endian bytes of `transaction`, repeated.
inline void write_pattern(engine::Payload& payload, std::uint64_t transaction) {
  std::uint8_t* data = payload.data();
  std::uint64_t left = payload.bytes();
  for (; left >= 8; left -= 8, data += 8) std::memcpy(data, &transaction, 8);
  std::memcpy(data, &transaction, left);
}

}  // namespace svasim::pcie
