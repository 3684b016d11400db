// See memory_attributes.hpp.
#include "models/arch/memory_attributes.hpp"

#include <algorithm>

namespace svasim::arch {
namespace {

constexpr std::uint8_t kWriteBack = 0xFF, kNonCacheable = 0x44;
constexpr std::uint8_t kOuterShareable = 2, kInnerShareable = 3;

/// How cacheable half a MAIR byte of Normal memory is: 0 not, 1 write-through, 2 write-back.
unsigned cacheability(unsigned nibble) {
  if (nibble == 4) return 0;
  return (nibble & 4) != 0 ? 2 : 1;
}

unsigned weaker(unsigned a, unsigned b) { return cacheability(b) < cacheability(a) ? b : a; }

std::uint8_t weaker_type(std::uint8_t a, std::uint8_t b) {
  const bool a_device = (a & 0xF0) == 0, b_device = (b & 0xF0) == 0;
  if (a_device && b_device) return std::min(a, b);  // the encoding grows with what is allowed
  if (a_device) return a;
  if (b_device) return b;
  return static_cast<std::uint8_t>(weaker(a >> 4, b >> 4) << 4 | weaker(a & 0xF, b & 0xF));
}

std::uint8_t forced_type(std::uint8_t stage1, unsigned mem_attr) {
  const bool device = (stage1 & 0xF0) == 0;
  switch (mem_attr) {
    case 5: return device ? stage1 : kNonCacheable;
    case 6: return kWriteBack;
    case 7: return stage1;
    default: return mem_attr < 4 ? mair_of_stage2(mem_attr) : 0;
  }
}

}  // namespace

std::uint8_t mair_of_stage2(unsigned mem_attr) {
  constexpr std::uint8_t kNibble[4] = {0, 0x4, 0xB, 0xF};
  const unsigned outer = mem_attr >> 2 & 3, inner = mem_attr & 3;
  if (outer == 0) return static_cast<std::uint8_t>(inner << 2);
  if (inner == 0) return 0;
  return static_cast<std::uint8_t>(kNibble[outer] << 4 | kNibble[inner]);
}

MemoryAttributes normalised(MemoryAttributes attributes) {
  if (attributes.device() || attributes.type == kNonCacheable) attributes.shareability = kOuterShareable;
  return attributes;
}

MemoryAttributes combine(MemoryAttributes stage1, unsigned mem_attr, unsigned shareability, bool fwb) {
  MemoryAttributes out;
  out.type = fwb ? forced_type(stage1.type, mem_attr) : weaker_type(stage1.type, mair_of_stage2(mem_attr));
  const auto either = [&](unsigned value) { return stage1.shareability == value || shareability == value; };
  out.shareability = either(kOuterShareable)   ? kOuterShareable
                     : either(kInnerShareable) ? kInnerShareable
                                               : 0;
  return normalised(out);
}

}  // namespace svasim::arch
