// Bit fields of architected structures, described once: a structure's layout function lists its fields, and
// the same list reads them from words, or writes them into words. Words are 64-bit; memory is little-endian.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "models/arch/types.hpp"

namespace svasim::arch {

constexpr std::uint64_t mask(unsigned bits) {
  return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

/// Bits hi..lo of a word, right-aligned.
constexpr std::uint64_t bits(std::uint64_t word, unsigned hi, unsigned lo) {
  return (word >> lo) & mask(hi - lo + 1);
}
constexpr bool bit(std::uint64_t word, unsigned n) { return ((word >> n) & 1) != 0; }

/// Fills a structure's fields from words; hand it to the structure's layout function.
class FieldReader {
 public:
  explicit FieldReader(const std::uint64_t* words) : words_(words) {}
  /// A field of bits hi..lo, right-aligned in the member.
  template <class T>
  void operator()(unsigned word, unsigned hi, unsigned lo, T& member) const {
    member = static_cast<T>(bits(words_[word], hi, lo));
  }
  /// A field whose bits stay where they are in the word: addresses.
  template <class T>
  void in_place(unsigned word, unsigned hi, unsigned lo, T& member) const {
    member = static_cast<T>(bits(words_[word], hi, lo) << lo);
  }

 private:
  const std::uint64_t* words_;
};

/// Ors a structure's fields into words that start as zero. Bits of a member outside its field are dropped.
class FieldWriter {
 public:
  explicit FieldWriter(std::uint64_t* words) : words_(words) {}
  template <class T>
  void operator()(unsigned word, unsigned hi, unsigned lo, const T& member) const {
    words_[word] |= (value_of(member) & mask(hi - lo + 1)) << lo;
  }
  template <class T>
  void in_place(unsigned word, unsigned hi, unsigned lo, const T& member) const {
    words_[word] |= value_of(member) & (mask(hi - lo + 1) << lo);
  }

 private:
  template <class T>
  static std::uint64_t value_of(const T& member) {
    if constexpr (std::is_class_v<T>) {
      return member.value;
    } else {
      return static_cast<std::uint64_t>(member);
    }
  }

  std::uint64_t* words_;
};

inline std::uint64_t load_le64(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  for (unsigned i = 0; i < 8; ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
  return word;
}

inline void store_le64(std::uint8_t* bytes, std::uint64_t word) {
  for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(word >> (8 * i));
}

/// N words as they lie in memory at `bytes` (8 * N of them).
template <std::size_t N>
std::array<std::uint64_t, N> load_words(const std::uint8_t* bytes) {
  std::array<std::uint64_t, N> words{};
  for (std::size_t i = 0; i < N; ++i) words[i] = load_le64(bytes + 8 * i);
  return words;
}

template <std::size_t N>
void store_words(std::uint8_t* bytes, const std::array<std::uint64_t, N>& words) {
  for (std::size_t i = 0; i < N; ++i) store_le64(bytes + 8 * i, words[i]);
}

}  // namespace svasim::arch
