// A DTI message as bits, and how a message's struct is read from and written to them: its layout function
// lists the fields once. Source rule: AMBA DTI, messages of up to 192 bits, the message type in bits 3:0.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "models/arch/bit_fields.hpp"

namespace svasim::arch::dti {

/// Bit 0 is bit 0 of the first word. Bits beyond `bits` are zero.
struct Frame {
  static constexpr unsigned kMaxBytes = 24;
  std::array<std::uint64_t, 3> words{};
  unsigned bits = 0;

  unsigned bytes() const { return bits / 8; }
  std::uint8_t byte(unsigned i) const { return static_cast<std::uint8_t>(words[i / 8] >> (i % 8 * 8)); }
  /// Appends a byte; false, and nothing happens, when it is full.
  bool append(std::uint8_t value) {
    if (bits == 8 * kMaxBytes) return false;
    words[bits / 64] |= std::uint64_t{value} << (bits % 64);
    bits += 8;
    return true;
  }
  std::uint8_t code() const { return words[0] & 0xF; }  ///< the message type
  friend bool operator==(const Frame& a, const Frame& b) { return a.words == b.words && a.bits == b.bits; }
  friend bool operator!=(const Frame& a, const Frame& b) { return !(a == b); }
};

/// Fills a message's fields from a frame.
class FrameReader {
 public:
  explicit FrameReader(const Frame& frame) : frame_(frame) {}
  /// `width` bits of the frame from bit `at` on are those of the member from `member_bit` on.
  template <class T>
  void operator()(unsigned at, unsigned width, T& member, unsigned member_bit = 0) const {
    const unsigned word = at / 64, shift = at % 64;
    std::uint64_t value = frame_.words[word] >> shift;
    if (shift + width > 64) value |= frame_.words[word + 1] << (64 - shift);
    const std::uint64_t others = static_cast<std::uint64_t>(member) & ~(mask(width) << member_bit);
    member = static_cast<T>(others | (value & mask(width)) << member_bit);
  }

 private:
  const Frame& frame_;
};

/// The reverse; bits of a member outside its fields are dropped.
class FrameWriter {
 public:
  explicit FrameWriter(Frame& frame) : frame_(frame) {}
  template <class T>
  void operator()(unsigned at, unsigned width, const T& member, unsigned member_bit = 0) const {
    const unsigned word = at / 64, shift = at % 64;
    const std::uint64_t value = static_cast<std::uint64_t>(member) >> member_bit & mask(width);
    frame_.words[word] |= value << shift;
    if (shift + width > 64) frame_.words[word + 1] |= value >> (64 - shift);
  }

 private:
  Frame& frame_;
};

/// Of a message struct: `kCode`, `kBits` and `layout(F&)`.
template <class Message>
Frame encode(Message message) {
  Frame frame;
  frame.bits = Message::kBits;
  frame.words[0] = Message::kCode;
  message.layout(FrameWriter(frame));
  return frame;
}

template <class... Messages>
Frame encode(const std::variant<Messages...>& any) {
  return std::visit([](const auto& message) { return encode(message); }, any);
}

namespace detail {
template <class Set, std::size_t... I>
unsigned length_of(unsigned code, std::index_sequence<I...>) {
  unsigned bits = 0;
  ((std::variant_alternative_t<I, Set>::kCode == code ? void(bits = std::variant_alternative_t<I, Set>::kBits)
                                                      : void()),
   ...);
  return bits;
}

template <class Message, class Set>
void decode_if(const Frame& frame, std::optional<Set>& result) {
  if (Message::kCode != frame.code() || Message::kBits != frame.bits) return;
  Message message;
  message.layout(FrameReader(frame));
  result = message;
}

template <class Set, std::size_t... I>
std::optional<Set> decode(const Frame& frame, std::index_sequence<I...>) {
  std::optional<Set> result;
  (decode_if<std::variant_alternative_t<I, Set>>(frame, result), ...);
  return result;
}
}  // namespace detail

/// Bits of the message of a set (a variant of messages) with this type; 0: a reserved type.
template <class Set>
unsigned length_of(unsigned code) {
  return detail::length_of<Set>(code, std::make_index_sequence<std::variant_size_v<Set>>());
}

/// Nothing: a reserved type, or not this type's length. Reserved bits are ignored; who wants to know compares
/// the frame with the encoding of its message.
template <class Set>
std::optional<Set> decode(const Frame& frame) {
  return detail::decode<Set>(frame, std::make_index_sequence<std::variant_size_v<Set>>());
}

}  // namespace svasim::arch::dti
