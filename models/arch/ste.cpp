// Stream table entry layout and legality. See ste.hpp.
#include "models/arch/ste.hpp"

#include <algorithm>

#include "models/arch/bit_fields.hpp"

namespace svasim::arch {
namespace {

template <class Io, class S>
void layout(const Io& io, S& s) {
  io(0, 0, 0, s.valid);
  io(0, 3, 1, s.config);
  io(0, 5, 4, s.s1_fmt);
  io.in_place(0, 51, 6, s.s1_context_ptr);
  io(0, 63, 59, s.s1_cd_max);
  io(1, 1, 0, s.s1_dss);
  io(1, 3, 2, s.s1_cir);
  io(1, 5, 4, s.s1_cor);
  io(1, 7, 6, s.s1_csh);
  io(1, 11, 8, s.s2_hwu);
  io(1, 12, 12, s.dre);
  io(1, 16, 13, s.cont);
  io(1, 17, 17, s.dcp);
  io(1, 18, 18, s.ppar);
  io(1, 19, 19, s.mev);
  io(1, 25, 25, s.s2_fwb);
  io(1, 27, 27, s.s1_stalld);
  io(1, 29, 28, s.eats);
  io(1, 31, 30, s.strw);
  io(1, 35, 32, s.mem_attr);
  io(1, 36, 36, s.mtcfg);
  io(1, 40, 37, s.alloc_cfg);
  io(1, 45, 44, s.sh_cfg);
  io(1, 49, 48, s.priv_cfg);
  io(1, 51, 50, s.inst_cfg);
  io(2, 15, 0, s.s2_vmid);
  io(2, 37, 32, s.s2_t0sz);
  io(2, 39, 38, s.s2_sl0);
  io(2, 41, 40, s.s2_ir0);
  io(2, 43, 42, s.s2_or0);
  io(2, 45, 44, s.s2_sh0);
  io(2, 47, 46, s.s2_tg);
  io(2, 50, 48, s.s2_ps);
  io(2, 51, 51, s.s2_aa64);
  io(2, 52, 52, s.s2_endi);
  io(2, 53, 53, s.s2_affd);
  io(2, 54, 54, s.s2_ptw);
  io(2, 55, 55, s.s2_hd);
  io(2, 56, 56, s.s2_ha);
  io(2, 57, 57, s.s2_s);
  io(2, 58, 58, s.s2_r);
  io(2, 59, 59, s.s2_haft);
  io(3, 2, 2, s.s2_sl0_2);
  io(3, 3, 3, s.s2_ds);
  io.in_place(3, 51, 4, s.s2_ttb);
}

template <class Io, class S>
void layout_l1(const Io& io, S& s) {
  io(0, 4, 0, s.span);
  io.in_place(0, 51, 6, s.l2_ptr);
}

bool fits(std::uint64_t address, unsigned address_bits) { return (address >> address_bits) == 0; }

bool stage1_legal(const Ste& s, const Features& f) {
  if (!f.s1p) return false;
  if (f.ssidsize != 0 && s.s1_cd_max > f.ssidsize) return false;
  const bool two_level = cd_table_bits(s, f) > 0 && (s.s1_fmt == 1 || s.s1_fmt == 2);
  if (two_level && !f.cd2l) return false;
  if (s.s1_stalld && f.stall_model != StallModel::selectable) return false;
  return fits(s.s1_context_ptr, s.stage2() ? f.ias_bits() : f.oas_bits());
}

/// The start level must leave between one index bit and, with 16 concatenated tables, four more than a full
/// table has.
bool stage2_shape_legal(const Ste& s, const Features& f) {
  const auto granule = granule_of_tg0(s.s2_tg);
  if (!granule || !granule_supported(*granule, f)) return false;
  const bool ds = stage2_ds(s, f);
  const auto level = stage2_start_level(*granule, stage2_sl(s, f), f, ds);
  if (!level) return false;
  const unsigned input = 64u - s.s2_t0sz;
  const unsigned largest = *granule == Granule::k64 || ds ? 52 : 48;
  if (input > std::min(f.ias_bits(), largest)) return false;
  if (s.s2_t0sz > smallest_table_tsz(*granule, f.stt)) return false;
  const unsigned output = std::min(size_bits(s.s2_ps), f.oas_bits());
  if (!fits(s.s2_ttb, table_base_bits(*granule, ds, output))) return false;
  const unsigned shift = level_shift(*granule, *level);
  return input > shift && input - shift <= index_bits(*granule) + 4;
}

bool stage2_legal(const Ste& s, const Features& f) {
  if (!f.s2p || !s.s2_aa64 || s.s2_endi) return false;
  if (!stage2_shape_legal(s, f)) return false;
  if (s.s2_ha && f.httu == Httu::none) return false;
  if (s.s2_hd && f.httu < Httu::access_and_dirty) return false;
  if (s.s2_haft && !s.s2_ha && f.httu == Httu::tables_too) return false;
  if (s.s2_s && f.stall_model == StallModel::never) return false;
  return s.s2_s || f.stall_model != StallModel::forced;
}

bool eats_legal(const Ste& s, const Features& f) {
  if (!f.ats || s.config == SteConfig::bypass) return true;
  if (s.eats == Eats::split) return s.config == SteConfig::both && !s.s2_s && !f.ns1ats;
  return s.eats != Eats::full || !s.stage2() || !s.s2_s;
}

bool vmid_legal(const Ste& s, const Features& f) {
  const bool tagged = f.s2p && s.config != SteConfig::bypass && (!strw_used(s, f) || s.strw == 0);
  return !tagged || f.vmid16 || s.s2_vmid <= 0xFF;
}

}  // namespace

Ste decode_ste(const SteWords& words) {
  Ste ste;
  layout(FieldReader(words.data()), ste);
  return ste;
}

SteWords encode(const Ste& ste) {
  SteWords words{};
  layout(FieldWriter(words.data()), ste);
  return words;
}

bool strw_used(const Ste& s, const Features& f) { return f.s1p && f.hyp && s.config == SteConfig::stage1; }

unsigned cd_table_bits(const Ste& s, const Features& f) { return f.ssidsize == 0 ? 0 : s.s1_cd_max; }

bool stage2_ds(const Ste& s, const Features& f) {
  return f.ds && s.s2_ds && granule_of_tg0(s.s2_tg) != Granule::k64;
}

unsigned stage2_sl(const Ste& s, const Features& f) {
  const bool third_bit = stage2_ds(s, f) && s.s2_sl0_2 && granule_of_tg0(s.s2_tg) == Granule::k4;
  return s.s2_sl0 | (third_bit ? 4u : 0);
}

bool legal(const Ste& s, const Features& f) {
  if (!s.valid) return false;
  if (s.aborts()) return true;
  if (strw_used(s, f) && (s.strw & 1) != 0) return false;
  if (!vmid_legal(s, f)) return false;
  return (!s.stage1() || stage1_legal(s, f)) && (!s.stage2() || stage2_legal(s, f)) && eats_legal(s, f);
}

L1Std decode_l1std(std::uint64_t word) {
  L1Std l1;
  layout_l1(FieldReader(&word), l1);
  return l1;
}

std::uint64_t encode(const L1Std& l1) {
  std::uint64_t word = 0;
  layout_l1(FieldWriter(&word), l1);
  return word;
}

}  // namespace svasim::arch
