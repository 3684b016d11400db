// Context descriptor layout and legality. See cd.hpp.
#include "models/arch/cd.hpp"

#include <algorithm>

#include "models/arch/bit_fields.hpp"

namespace svasim::arch {
namespace {

template <class Io, class C>
void layout(const Io& io, C& c) {
  for (unsigned i = 0; i < 2; ++i) {  // the halves sit 16 bits apart in word 0, in words 1 and 2 otherwise
    auto& half = c.half[i];
    const unsigned base = 16 * i;
    io(0, base + 5, base, half.tsz);
    io(0, base + 7, base + 6, half.tg);
    io(0, base + 9, base + 8, half.ir);
    io(0, base + 11, base + 10, half.orgn);
    io(0, base + 13, base + 12, half.sh);
    io(0, base + 14, base + 14, half.epd);
    io(0, 38 + i, 38 + i, half.tbi);
    io(1 + i, 1, 1, half.had);
    io(1 + i, 2, 2, half.e0pd);
    io.in_place(1 + i, 51, 4, half.ttb);
  }
  io(0, 15, 15, c.endi);
  io(0, 31, 31, c.valid);
  io(0, 34, 32, c.ips);
  io(0, 35, 35, c.affd);
  io(0, 36, 36, c.wxn);
  io(0, 37, 37, c.uwxn);
  io(0, 40, 40, c.pan);
  io(0, 41, 41, c.aa64);
  io(0, 42, 42, c.hd);
  io(0, 43, 43, c.ha);
  io(0, 44, 44, c.s);
  io(0, 45, 45, c.r);
  io(0, 46, 46, c.a);
  io(0, 47, 47, c.aset);
  io(0, 63, 48, c.asid);
  io(1, 3, 3, c.haft);
  io(1, 59, 59, c.epan);
  io(2, 58, 58, c.ds);
  io(3, 63, 0, c.mair);
  io(4, 63, 0, c.amair);
}

template <class Io, class C>
void layout_l1(const Io& io, C& c) {
  io(0, 0, 0, c.valid);
  io.in_place(0, 51, 12, c.l2_ptr);
}

bool half_used(const Cd& c, unsigned index, const CdContext& context) {
  return context.two_halves ? !c.half[index].epd : index == 0;
}

bool half_legal(const Cd& c, unsigned index, const Features& f) {
  const CdHalf& half = c.half[index];
  const auto granule = c.granule(index);
  if (!granule || !granule_supported(*granule, f)) return false;
  const bool ds = c.wide(index, f);
  const unsigned smallest = f.vax >= 1 && (*granule == Granule::k64 || ds) ? 12 : 16;
  if (half.tsz < smallest || half.tsz > smallest_table_tsz(*granule, f.stt)) return false;
  const unsigned output = std::min(size_bits(c.ips), f.oas_bits());
  return (half.ttb >> table_base_bits(*granule, ds, output)) == 0;
}

bool faults_legal(const Cd& c, const Features& f, const CdContext& context) {
  if (c.s && (context.stall_disabled || f.stall_model == StallModel::never)) return false;
  if (!c.s && f.stall_model == StallModel::forced) return false;
  return c.a || !f.term_model;
}

bool updates_legal(const Cd& c, const Features& f) {
  if (c.ha && f.httu == Httu::none) return false;
  if (c.hd && f.httu < Httu::access_and_dirty) return false;
  return !c.haft || c.ha || f.httu != Httu::tables_too;
}

}  // namespace

Cd decode_cd(const CdWords& words) {
  Cd cd;
  layout(FieldReader(words.data()), cd);
  return cd;
}

CdWords encode(const Cd& cd) {
  CdWords words{};
  layout(FieldWriter(words.data()), cd);
  return words;
}

bool legal(const Cd& c, const Features& f, const CdContext& context) {
  if (!c.valid || !c.aa64) return false;
  if (!faults_legal(c, f, context) || !updates_legal(c, f)) return false;
  if (context.two_halves && (c.asid & ~f.asid_mask()) != 0) return false;
  const bool used[2] = {half_used(c, 0, context), half_used(c, 1, context)};
  if (c.endi && (used[0] || used[1])) return false;
  return (!used[0] || half_legal(c, 0, f)) && (!used[1] || half_legal(c, 1, f));
}

L1Cd decode_l1cd(std::uint64_t word) {
  L1Cd l1;
  layout_l1(FieldReader(&word), l1);
  return l1;
}

std::uint64_t encode(const L1Cd& l1) {
  std::uint64_t word = 0;
  layout_l1(FieldWriter(&word), l1);
  return word;
}

}  // namespace svasim::arch
