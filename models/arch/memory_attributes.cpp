// See memory_attributes.hpp.
#include "models/arch/memory_attributes.hpp"

#include <algorithm>

namespace svasim::arch {
namespace {

constexpr std::uint8_t kNonCacheable = 0x44;
constexpr std::uint8_t kOuterShareable = 2, kInnerShareable = 3;

/// One level, inner or outer, of Normal memory: how cacheable, and the allocation hints.
struct Level {
  enum Kind : std::uint8_t { none, write_through, write_back };
  Kind kind = none;
  bool read_allocate = true, write_allocate = true, transient = false;
};

/// Half a MAIR byte: 0b00RW write-through transient, 0b0100 not cacheable, 0b01RW write-back transient,
/// 0b10RW write-through, 0b11RW write-back.
Level level_of(unsigned nibble) {
  if (nibble == 4) return {};
  return {(nibble & 4) != 0 ? Level::write_back : Level::write_through, (nibble & 2) != 0, (nibble & 1) != 0,
          (nibble & 8) == 0};
}

unsigned nibble_of(const Level& level) {
  if (level.kind == Level::none) return 4;
  const bool transient = level.transient && (level.read_allocate || level.write_allocate);
  return (transient ? 0u : 8u) | (level.kind == Level::write_back ? 4u : 0u) |
         (level.read_allocate ? 2u : 0u) | (level.write_allocate ? 1u : 0u);
}

/// Not allocating and being transient are the special cases, which win.
Level with_hints(Level level, const Level& hints) {
  if (hints.kind == Level::none) return level;
  level.read_allocate &= hints.read_allocate;
  level.write_allocate &= hints.write_allocate;
  level.transient |= hints.transient;
  return level;
}

Level weaker(const Level& a, const Level& b) {
  Level level = with_hints(a, b);
  level.kind = std::min(a.kind, b.kind);
  return level;
}

constexpr bool device(std::uint8_t type) { return (type & 0xF0) == 0; }

/// Applies `f` to the outer and inner level of two types.
template <class F>
std::uint8_t by_level(std::uint8_t a, std::uint8_t b, F&& f) {
  const unsigned outer = nibble_of(f(level_of(a >> 4), level_of(b >> 4)));
  return static_cast<std::uint8_t>(outer << 4 | nibble_of(f(level_of(a & 0xF), level_of(b & 0xF))));
}

std::uint8_t weaker_type(std::uint8_t a, std::uint8_t b) {
  if (device(a) && device(b)) return std::min(a, b);  // the encoding grows with what is allowed
  if (device(a)) return a;
  if (device(b)) return b;
  return by_level(a, b, weaker);
}

std::uint8_t write_back_with_hints(std::uint8_t stage1) {
  const Level write_back{Level::write_back, true, true, false};
  if (device(stage1)) stage1 = kNonCacheable;
  return by_level(stage1, stage1, [&](const Level& a, const Level&) { return with_hints(write_back, a); });
}

/// Stage 2 with FWB: Device kinds, 5 uncached unless stage 1 is Device, 6 write-back, 7 as stage 1.
std::uint8_t forced_type(std::uint8_t stage1, unsigned mem_attr) {
  switch (mem_attr & 7) {
    case 4: return 0;
    case 5: return device(stage1) ? stage1 : kNonCacheable;
    case 6: return write_back_with_hints(stage1);
    case 7: return stage1;
    default: {
      const std::uint8_t kind = mair_of_stage2(mem_attr & 3);
      return device(stage1) ? std::min(stage1, kind) : kind;
    }
  }
}

MemoryAttributes normal(unsigned inner, unsigned outer, unsigned shareability,
                        const std::uint8_t (&code)[4]) {
  MemoryAttributes attributes;
  attributes.type = static_cast<std::uint8_t>(code[outer & 3] << 4 | code[inner & 3]);
  attributes.shareability = static_cast<std::uint8_t>(shareability);
  return normalised(attributes);
}

}  // namespace

std::uint8_t mair_of_stage2(unsigned mem_attr) {
  constexpr std::uint8_t kNibble[4] = {0, 0x4, 0xB, 0xF};
  const unsigned outer = mem_attr >> 2 & 3, inner = mem_attr & 3;
  if (outer == 0) return static_cast<std::uint8_t>(inner << 2);
  if (inner == 0) return 0;
  return static_cast<std::uint8_t>(kNibble[outer] << 4 | kNibble[inner]);
}

bool stage2_device(unsigned mem_attr, bool fwb) {
  return fwb ? (mem_attr & 7) <= 4 : device(mair_of_stage2(mem_attr));
}

std::uint8_t canonical_mair(std::uint8_t mair) {
  if (device(mair)) return mair & 0xC;
  return (mair & 0xF) == 0 ? mair | 0x3 : mair;
}

MemoryAttributes normalised(MemoryAttributes attributes) {
  if (attributes.device()) {
    attributes.shareability = kOuterShareable;
    return attributes;
  }
  attributes.type =
      by_level(attributes.type, attributes.type, [](const Level& a, const Level&) { return a; });
  if (attributes.type == kNonCacheable) attributes.shareability = kOuterShareable;
  if (attributes.shareability == 1) attributes.shareability = 0;  // reserved
  return attributes;
}

MemoryAttributes table_attributes(unsigned inner, unsigned outer, unsigned shareability) {
  return normal(inner, outer, shareability, {0x4, 0xF, 0xA, 0xE});
}

MemoryAttributes cd_attributes(unsigned inner, unsigned outer, unsigned shareability) {
  return normal(inner, outer, shareability, {0x4, 0xE, 0xA, 0xC});
}

MemoryAttributes with_incoming_hints(MemoryAttributes stage1, MemoryAttributes incoming) {
  if (!stage1.device() && !incoming.device()) stage1.type = by_level(stage1.type, incoming.type, with_hints);
  return normalised(stage1);
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

MemoryAttributes AttributeOverride::apply(MemoryAttributes attributes) const {
  const std::uint8_t incoming = attributes.type;
  if (mtcfg) {
    attributes.type = mair_of_stage2(mem_attr);
    if (!device(attributes.type) && !device(incoming)) {
      attributes.type = by_level(attributes.type, incoming, with_hints);
    }
  }
  if (sh_cfg != 1) attributes.shareability = sh_cfg;
  if ((alloc_cfg & 8) != 0 && !device(attributes.type)) {
    attributes.type = by_level(attributes.type, attributes.type, [&](Level level, const Level&) {
      level.read_allocate = (alloc_cfg & 4) != 0;
      level.write_allocate = (alloc_cfg & 2) != 0;
      level.transient = (alloc_cfg & 1) != 0;
      return level;
    });
  }
  return normalised(attributes);
}

}  // namespace svasim::arch
