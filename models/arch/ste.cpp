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
  io(1, 16, 13, s.cont);
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
  io.in_place(3, 51, 4, s.s2_ttb);
}

template <class Io, class S>
void layout_l1(const Io& io, S& s) {
  io(0, 4, 0, s.span);
  io.in_place(0, 51, 6, s.l2_ptr);
}

bool stage1_legal(const Ste& s, const Features& f) {
  if (!f.s1p) return false;
  if (s.s1_cd_max > f.ssidsize) return false;
  const bool two_level = s.s1_cd_max > 0 && (s.s1_fmt == 1 || s.s1_fmt == 2);
  if (two_level && !f.cd2l) return false;
  if (s.s1_stalld && f.stall_model != StallModel::selectable) return false;
  if (s.stage2()) return true;  // STRW is ignored: EL1
  return s.strw == 0 || (s.strw == 2 && f.hyp);
}

/// The start level must leave between one index bit and, with 16 concatenated tables, four more than a full
/// table has.
bool stage2_shape_legal(const Ste& s, const Features& f) {
  const auto granule = granule_of_tg0(s.s2_tg);
  if (!granule || !granule_supported(*granule, f)) return false;
  const auto level = stage2_start_level(*granule, s.s2_sl0, f.stt);
  if (!level) return false;
  const unsigned input = 64u - s.s2_t0sz;
  const unsigned largest = *granule == Granule::k64 ? f.ias_bits() : std::min(f.ias_bits(), 48u);
  if (input > largest || s.s2_t0sz > smallest_table_tsz(*granule, f.stt)) return false;
  const unsigned shift = level_shift(*granule, *level);
  return input > shift && input - shift <= index_bits(*granule) + 4;
}

bool stage2_legal(const Ste& s, const Features& f) {
  if (!f.s2p || !s.s2_aa64 || s.s2_endi) return false;
  if (!stage2_shape_legal(s, f)) return false;
  const unsigned output = std::min(size_bits(s.s2_ps), f.oas_bits());
  if ((s.s2_ttb >> output) != 0) return false;
  if (s.s2_ha && f.httu == Httu::none) return false;
  if (s.s2_hd && (!s.s2_ha || f.httu != Httu::access_and_dirty)) return false;
  if (s.s2_s && f.stall_model == StallModel::never) return false;
  if (!s.s2_s && f.stall_model == StallModel::forced) return false;
  return true;
}

bool eats_legal(const Ste& s, const Features& f) {
  if (!f.ats) return true;
  if (s.eats == Eats::split) return s.config == SteConfig::both && !s.s2_s && !f.ns1ats;
  return s.eats != Eats::full || !s.stage2() || !s.s2_s;
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

bool legal(const Ste& s, const Features& f) {
  if (!s.valid) return false;
  if (s.aborts()) return true;
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
