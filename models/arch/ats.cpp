// ATS payload encodings. See ats.hpp.
#include "models/arch/ats.hpp"

#include "models/arch/bit_fields.hpp"
#include "models/arch/command.hpp"

namespace svasim::arch {
namespace {

/// Address bits 63:12 with the size code: S (bit 11) clear is 4 KB; else ones from bit 12 up, ended by a
/// zero, where k ones mean 4096 * 2^(k+1) bytes. Everything is ones up to bit 62.
std::uint64_t encode_range(std::uint64_t address, unsigned log2_size) {
  if (log2_size <= kPageShift) return address & ~mask(kPageShift);
  if (log2_size >= 64) return (mask(63) & ~mask(kPageShift)) | 1u << 11;
  const std::uint64_t ones = mask(log2_size - 1) & ~mask(kPageShift);
  return (address & ~mask(log2_size)) | ones | 1u << 11;
}

AtsRange decode_range(std::uint64_t word) {
  if (!bit(word, 11)) return {word & ~mask(kPageShift), kPageShift};
  unsigned zero = kPageShift;
  while (zero < 63 && bit(word, zero)) ++zero;
  const unsigned log2_size = zero + 1;
  return {word & ~mask(log2_size), static_cast<std::uint8_t>(log2_size)};
}

template <class Io, class T>
void layout_flags(const Io& io, T& t) {
  io(0, 0, 0, t.read);
  io(0, 1, 1, t.write);
  io(0, 2, 2, t.untranslated_only);
  io(0, 3, 3, t.execute);
  io(0, 4, 4, t.privileged);
  io(0, 5, 5, t.global);
  io(0, 10, 10, t.no_snoop);
}

}  // namespace

std::uint64_t encode(const AtsTranslation& translation) {
  std::uint64_t word = encode_range(translation.address, translation.log2_size);
  layout_flags(FieldWriter(&word), translation);
  return word;
}

AtsTranslation decode_ats_translation(std::uint64_t word) {
  AtsTranslation translation;
  const AtsRange range = decode_range(word);
  translation.address = range.address;
  translation.log2_size = range.log2_size;
  layout_flags(FieldReader(&word), translation);
  return translation;
}

std::uint64_t encode_invalidate(AtsRange range, bool global) {
  return encode_range(range.address, range.log2_size) | (global ? 1 : 0);
}

AtsRange decode_invalidate_range(std::uint64_t body) { return decode_range(body); }

AtsRange atc_invalidate_range(std::uint64_t address, unsigned size) {
  if (size >= kAtcInvalidateAll) return {0, 64};
  const unsigned log2_size = kPageShift + size;
  return {address & ~mask(log2_size), static_cast<std::uint8_t>(log2_size)};
}

}  // namespace svasim::arch
