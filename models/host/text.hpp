// Numbers in messages.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace svasim::host {

inline std::string hex(std::uint64_t value) {
  char text[19];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace svasim::host
