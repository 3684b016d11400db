// See world.hpp.
#include "testbenches/differential/world.hpp"

#include <algorithm>

#include "models/arch/descriptor.hpp"
#include "models/arch/registers.hpp"

namespace svasim::differential {

using arch::Granule;
using arch::mask;

namespace {

constexpr std::uint64_t kTable = 3, kNotGlobal = arch::Descriptor::kNotGlobal;

}  // namespace

World::World(Machine& machine, const arch::Features& features, Tapes& tapes, Draw& setup)
    : memory_(machine.memory()), features_(features) {
  defects_ = static_cast<unsigned>(setup.of({0, 0, 1, 4}));
  streams.resize(Tapes::kStreams);
  make_stream_table(setup);
  for (unsigned i = 0; i < streams.size(); ++i) {
    Draw draw = tapes.draw(1 + i);
    make_stream(i, draw);
  }
}

std::uint64_t World::take(std::uint64_t bytes) {
  next_ = (next_ + bytes - 1) / bytes * bytes;
  next_ += bytes;
  return next_ - bytes;
}

Granule World::granule(Draw& draw) const {
  std::vector<Granule> supported;
  for (const Granule g : {Granule::k4, Granule::k64, Granule::k16}) {
    if (granule_supported(g, features_)) supported.push_back(g);
  }
  if (supported.empty() || draw.chance(1)) return draw.of({Granule::k4, Granule::k16, Granule::k64});
  return draw.of(supported);
}

std::uint64_t World::name(const Stream& stream, std::uint64_t pa) const {
  return stream.ste.config == arch::SteConfig::both ? pa - kBase + stream.ipa_offset : pa;
}

/// Writes the words with, rarely, one bit wrong; some bits never, where being wrong is not for the SMMU to
/// see.
template <class Words>
void World::write_structure(std::uint64_t address, Words words, std::uint64_t never_flipped_0,
                            std::uint64_t never_flipped_1, std::uint64_t never_flipped_2, Draw& draw) {
  if (defect(draw)) {
    const std::uint64_t never[3] = {never_flipped_0, never_flipped_1, never_flipped_2};
    const std::size_t word = draw.below(3);
    words[word] ^= (std::uint64_t{1} << draw.below(64)) & ~never[word];
  }
  for (std::size_t i = 0; i < words.size(); ++i) memory_.set(address + 8 * i, words[i]);
  if (defect(draw) && draw.chance(30)) memory_.aborting.insert(address);
}

void World::make_stream_table(Draw& draw) {
  const bool two_level = features_.st_level && draw.flag();
  const unsigned split = draw.of({6u, 8u, 10u});
  const unsigned log2_size = std::min<unsigned>(features_.sidsize, draw.of({4u, 8u, 11u}));
  strtab_base = kStreamTable;
  strtab_base_cfg = arch::strtab::config(log2_size, split, two_level);
  const std::uint64_t streams_there = std::uint64_t{1} << log2_size;
  std::vector<std::uint64_t> leaf_tables(streams_there >> split | 1, 0);
  for (unsigned i = 0; i < streams.size(); ++i) {
    const std::uint64_t id = (i + 4 * draw.below(streams_there / 4 + 1)) % streams_there;
    streams[i].id = static_cast<arch::StreamId>(id);
    if (!two_level) {
      streams[i].ste_address = kStreamTable + 64 * id;
      continue;
    }
    const std::uint64_t l1 = kStreamTable + 8 * (id >> split);
    std::uint64_t& table = leaf_tables[id >> split];
    if (table == 0) {
      table = take(std::uint64_t{64} << split);
      const std::uint64_t span = defect(draw) ? draw.below(32) : split + 1;
      memory_.set(l1, table | span);
      l1stds.push_back(l1);
      if (defect(draw) && draw.chance(30)) memory_.aborting.insert(l1 & ~std::uint64_t{63});
    }
    streams[i].ste_address = table + 64 * (id & mask(split));
  }
}

void World::make_stream(unsigned index, Draw& draw) {
  Stream& stream = streams[index];
  stream.ste = make_ste(index, draw);
  make_shapes(index, draw);
  if (stream.ste.stage1()) make_cd_table(index, draw);
  if (stream.ste.stage2()) {
    for (unsigned i = 0; i < 3; ++i) {
      const std::uint64_t pa = (draw.flag() ? kData : kArena) + (draw.below(4) << 12 | draw.below(3) << 21);
      map_stage2(index, pa - kBase + stream.ipa_offset, draw);
    }
  }
  // VMID, STRW and address space are the software's promise.
  write_structure(stream.ste_address, encode(stream.ste), 0, std::uint64_t{3} << 30, mask(16), draw);
}

arch::Ste World::make_ste(unsigned index, Draw& draw) {
  using arch::SteConfig;
  const bool s1 = features_.s1p, s2 = features_.s2p;
  arch::Ste ste;
  std::vector<SteConfig> kinds;
  if (s1) kinds.insert(kinds.end(), {SteConfig::stage1, SteConfig::stage1});
  if (s1 && s2) kinds.insert(kinds.end(), {SteConfig::both, SteConfig::both, SteConfig::both});
  if (s2) kinds.push_back(SteConfig::stage2);
  ste.config = draw.chance(5) ? static_cast<SteConfig>(draw.below(8)) : draw.of(kinds);
  const bool el2 = index == 3 && ste.config == SteConfig::stage1 && features_.hyp && draw.flag();
  ste.strw = el2 ? 2 : 0;
  const unsigned largest = el2 ? 0 : std::min<unsigned>(features_.ssidsize, 12);
  ste.s1_cd_max = static_cast<std::uint8_t>(std::min(largest, draw.of({0u, 2u, 7u, 12u})));
  ste.s1_fmt = static_cast<std::uint8_t>(features_.cd2l ? draw.below(3) : 0);
  ste.s1_dss = static_cast<arch::DefaultSubstream>(draw.of({2, 2, 2, 1, 1, 1, 0, 3}));
  ste.s1_stalld = features_.stall_model == arch::StallModel::selectable && draw.chance(10);
  const bool forced = features_.stall_model == arch::StallModel::forced;
  const bool stalls = features_.stall_model != arch::StallModel::never;
  ste.s2_s = stalls && ste.stage2() && (forced || draw.chance(25));
  ste.s2_r = draw.below(4) != 3;
  if (!ste.s2_s) ste.eats = static_cast<arch::Eats>(draw.of({1, 1, 1, 2, 2, 0}));
  if (ste.eats == arch::Eats::split && (ste.config != SteConfig::both || features_.ns1ats))
    ste.eats = arch::Eats::full;
  ste.s2_vmid = static_cast<std::uint16_t>(index + 1);
  ste.s2_ps = draw.rarely<std::uint8_t>(20, 5, static_cast<std::uint8_t>(draw.below(8)));
  ste.s2_aa64 = true;
  ste.s2_affd = draw.chance(20);
  ste.s2_ha = features_.httu != arch::Httu::none && draw.flag();
  ste.s2_hd = ste.s2_ha && features_.httu == arch::Httu::access_and_dirty && draw.flag();
  ste.s2_ptw = draw.chance(15);
  ste.s2_fwb = features_.fwb && draw.flag();
  ste.priv_cfg = static_cast<std::uint8_t>(draw.chance(15) ? draw.below(4) : 0);
  ste.inst_cfg = static_cast<std::uint8_t>(draw.chance(15) ? draw.below(4) : 0);
  ste.mtcfg = draw.chance(20);
  ste.mem_attr = static_cast<std::uint8_t>(draw.below(16));
  ste.sh_cfg = static_cast<std::uint8_t>(draw.of({1, 0, 2, 3}));
  ste.mev = draw.chance(20);
  return ste;
}

/// Stage-2 shape: any legal start level, up to 16 concatenated tables.
void World::make_shapes(unsigned index, Draw& draw) {
  Stream& stream = streams[index];
  arch::Ste& ste = stream.ste;
  if (!ste.stage2()) return;
  Shape& shape = stream.stage2;
  shape.granule = granule(draw);
  const unsigned most = std::min(features_.ias_bits(), shape.granule == Granule::k64 ? 52u : 48u);
  shape.bits = static_cast<unsigned>(draw.chance(40) ? 27 + draw.below(most - 26) : most);
  std::vector<unsigned> levels;
  for (unsigned sl0 = 0; sl0 < 4; ++sl0) {
    const auto level = stage2_start_level(shape.granule, sl0, features_, false);
    if (!level) continue;
    const unsigned shift = level_shift(shape.granule, *level);
    if (shape.bits > shift && shape.bits - shift <= index_bits(shape.granule) + 4) levels.push_back(sl0);
  }
  ste.s2_sl0 = static_cast<std::uint8_t>(levels.empty() ? draw.below(4) : draw.of(levels));
  ste.s2_t0sz = static_cast<std::uint8_t>(64 - shape.bits);
  ste.s2_tg = tg0_of(shape.granule);
  shape.start = stage2_start_level(shape.granule, ste.s2_sl0, features_, false).value_or(3);
  const unsigned shift = level_shift(shape.granule, shape.start);
  const unsigned entries = shape.bits > shift ? shape.bits - shift : 1;
  shape.root = take(std::uint64_t{8} << std::min(entries, 17u));
  ste.s2_ttb = shape.root;
  if (shape.bits > 34) stream.ipa_offset = draw.below(3) << 32;
}

void World::make_cd_table(unsigned index, Draw& draw) {
  Stream& stream = streams[index];
  arch::Ste& ste = stream.ste;
  const unsigned leaf_bits = ste.s1_cd_max == 0 ? 0 : ste.s1_fmt == 1 ? 6 : ste.s1_fmt == 2 ? 10 : 0;
  const unsigned top_bits = ste.s1_cd_max > leaf_bits ? ste.s1_cd_max - leaf_bits : 0;
  const std::uint64_t top = leaf_bits == 0 ? take(std::uint64_t{64} << ste.s1_cd_max)
                                           : take(std::max<std::uint64_t>(64, std::uint64_t{8} << top_bits));
  ste.s1_context_ptr = name(stream, top);
  const unsigned spaces = ste.s1_cd_max == 0 ? 1 : 1 + static_cast<unsigned>(draw.below(3));
  std::vector<std::uint64_t> leaves(std::size_t{1} << top_bits, 0);
  for (unsigned i = 0; i < spaces; ++i) {
    const auto cd_index = static_cast<std::uint32_t>(
        i == 0 ? 0 : (i + 4 * draw.below(std::uint64_t{1} << ste.s1_cd_max)) & mask(ste.s1_cd_max));
    std::uint64_t address = top + std::uint64_t{64} * cd_index;
    if (leaf_bits != 0) {
      std::uint64_t& leaf = leaves[cd_index >> leaf_bits];
      const std::uint64_t l1cd = top + 8 * (cd_index >> leaf_bits);
      if (leaf == 0) {
        leaf = take(std::uint64_t{64} << leaf_bits);
        memory_.set(l1cd, name(stream, leaf) | (defect(draw) ? 0 : 1));
        if (defect(draw) && draw.chance(30)) memory_.aborting.insert(l1cd & ~std::uint64_t{63});
      }
      if (ste.stage2()) map_stage2(index, name(stream, l1cd), draw);
      address = leaf + 64 * (cd_index & mask(leaf_bits));
    }
    const bool again = std::any_of(stream.spaces.begin(), stream.spaces.end(),
                                   [&](const Space& s) { return s.index == cd_index; });
    if (!again) make_space(index, draw, cd_index, address);
  }
}

void World::make_space(unsigned index, Draw& draw, std::uint32_t cd_index, std::uint64_t cd_address) {
  Stream& stream = streams[index];
  const auto number = static_cast<unsigned>(stream.spaces.size());
  stream.spaces.emplace_back();
  stream.spaces.back().index = cd_index;
  stream.spaces.back().cd_address = cd_address;
  const arch::Cd cd = make_cd(index, number, draw);
  Space& space = stream.spaces.back();
  space.cd = cd;
  for (unsigned i = 0; i < 2; ++i) {
    Shape& shape = space.half[i];
    shape.granule = space.cd.granule(i).value_or(Granule::k4);
    shape.bits = 64u - space.cd.half[i].tsz;
    shape.start =
        arch::start_level(shape.granule, std::clamp(shape.bits, page_shift(shape.granule) + 1, 52u));
    const unsigned shift = level_shift(shape.granule, shape.start);
    const unsigned entries = shape.bits > shift ? std::min(shape.bits - shift, 13u) : 1;
    shape.root = take(std::max<std::uint64_t>(64, std::uint64_t{8} << entries));
    space.cd.half[i].ttb = name(stream, shape.root);
  }
  if (stream.ste.stage2()) map_stage2(index, name(stream, cd_address), draw);
  write_structure(cd_address, encode(space.cd), mask(16) << 48, 0, 0, draw);
  const unsigned addresses = 2 + static_cast<unsigned>(draw.below(4));
  for (unsigned i = 0; i < addresses; ++i) {
    const unsigned half = draw.chance(40) && !space.cd.half[1].epd ? 1 : 0;
    const unsigned bits = space.half[half].bits;
    const unsigned page = page_shift(space.half[half].granule);
    std::uint64_t va = draw.below(4) << page | draw.below(3) << (page + 9) | draw.below(2) << (page + 18) |
                       draw.below(2) << (bits - 1);
    va &= mask(bits);
    map_stage1(index, number, half == 0 ? va : va | ~mask(bits), draw);
  }
}

arch::Cd World::make_cd(unsigned index, unsigned number, Draw& draw) {
  const arch::Ste& ste = streams[index].ste;
  arch::Cd cd;
  for (unsigned i = 0; i < 2; ++i) {
    arch::CdHalf& half = cd.half[i];
    const Granule g = granule(draw);
    half.tg = i == 0 ? tg0_of(g) : tg1_of(g);
    const unsigned smallest = g == Granule::k64 && features_.vax >= 1 ? 12 : 16;
    const unsigned largest = smallest_table_tsz(g, features_.stt);
    half.tsz =
        static_cast<std::uint8_t>(draw.chance(50) ? smallest + draw.below(largest - smallest + 1) : 16);
    if (defect(draw)) half.tsz = static_cast<std::uint8_t>(10 + draw.below(40));
    half.epd = i == 0 ? draw.chance(5) : draw.flag();
    half.tbi = draw.chance(30);
    half.had = features_.had && draw.chance(30);
    half.ttb = streams[index].spaces[number].cd.half[i].ttb;
  }
  const bool forced = features_.stall_model == arch::StallModel::forced;
  const bool never = features_.stall_model == arch::StallModel::never;
  cd.s = !never && !ste.s1_stalld && (forced || draw.chance(30));
  cd.r = draw.below(4) != 3;
  cd.a = features_.term_model || draw.below(3) != 2;
  cd.ips = static_cast<std::uint8_t>(draw.chance(30) ? draw.below(8) : 5);
  cd.affd = draw.chance(20);
  cd.wxn = draw.chance(20);
  cd.pan = draw.chance(20);
  cd.ha = features_.httu != arch::Httu::none && draw.flag();
  cd.hd = cd.ha && features_.httu == arch::Httu::access_and_dirty && draw.flag();
  cd.asid = static_cast<std::uint16_t>(16 * index + number + 1);
  cd.mair = 0x00'04'0C'44'BB'FF'4F'F4u;
  return cd;
}

Slot* World::find(std::uint64_t address) {
  const auto at = std::find_if(slots.begin(), slots.end(), [&](const Slot& s) {
    return s.address >> 3 >> s.group == address >> 3 >> s.group;
  });
  return at == slots.end() ? nullptr : &*at;
}

void World::write(const Slot& slot, std::uint64_t word) {
  const std::uint64_t first = slot.address & ~mask(3 + slot.group), index = mask(slot.group)
                                                                            << slot.log2_size;
  for (std::uint64_t i = 0; i <= mask(slot.group); ++i) {
    memory_.set(first + 8 * i, slot.group == 0 || word == 0 ? word : (word & ~index) | i << slot.log2_size);
  }
}

/// Rarely, a group whose leaves software keeps alike. (Hardware updates one of them at a time: not with
/// those.)
unsigned World::draw_group(const Slot& slot, unsigned table_bits, Draw& draw) {
  const Stream& stream = streams[slot.stream];
  const unsigned group = arch::log2_contiguous_leaves(slot.granule, slot.level);
  const bool updates = slot.stage == 1 ? stream.spaces[slot.space].cd.ha : stream.ste.s2_ha;
  if (!draw.chance(30) || updates || group > table_bits || slot.log2_size + group > 30) return 0;
  const std::uint64_t first = slot.address & ~mask(3 + group);
  for (std::uint64_t i = 0; i <= mask(group); ++i) {
    if (find(first + 8 * i) != nullptr) return 0;
  }
  return group;
}

Slot& World::slot_at(Slot made, unsigned table_bits, Draw& draw) {
  if (Slot* there = find(made.address)) return *there;
  const Stream& stream = streams[made.stream];
  const arch::TableFormat format{made.granule, false, static_cast<std::uint8_t>(features_.oas_bits())};
  made.leaf = made.level == 3 || (arch::block_allowed(format, made.level) && draw.chance(30));
  if (made.leaf) {
    made.group = draw_group(made, table_bits, draw);
    made.original = make_leaf(made, draw);
  } else {
    made.table = take(std::uint64_t{1} << page_shift(made.granule));
    made.original = (made.stage == 1 ? name(stream, made.table) : made.table) | kTable;
    if (made.stage == 1 && draw.chance(15)) made.original |= draw.below(32) << 59;  // hierarchical attributes
  }
  if (made.group == 0 && defect(draw)) {
    std::uint64_t garbage = (draw.word() | kNotGlobal) & ~arch::Descriptor::kContiguous;
    if (made.leaf && made.level < 3)
      garbage &= ~std::uint64_t{2};  // never a table, which software would know
    made.original = draw.of({std::uint64_t{0}, made.original & ~std::uint64_t{1}, garbage});
  }
  write(made, made.original);
  if (defect(draw) && draw.chance(30)) {  // of a group all: who has seen one leaf may know the others
    const std::uint64_t first = made.address & ~mask(std::max(6u, 3 + made.group));
    for (std::uint64_t i = 0; i <= mask(made.group); i += 8) memory_.aborting.insert(first + 8 * i);
  }
  slots.push_back(made);
  return slots.back();
}

bool World::may_be_global(const Slot& slot) const {
  return features_.s2p && streams[slot.stream].ste.s1_cd_max == 0;
}

std::uint64_t World::make_leaf(const Slot& slot, Draw& draw) {
  const Stream& stream = streams[slot.stream];
  const bool page = slot.level == 3;
  const unsigned log2_size = slot.log2_size + slot.group;
  std::uint64_t word = page ? 3 : 1;
  if (slot.group != 0) word |= arch::Descriptor::kContiguous;
  const bool ha = slot.stage == 1 ? stream.spaces[slot.space].cd.ha : stream.ste.s2_ha;
  const bool hd = slot.stage == 1 ? stream.spaces[slot.space].cd.hd : stream.ste.s2_hd;
  word |= std::uint64_t{!draw.chance(ha ? 40 : 5)} << 10;  // AF
  word |= draw.of({3u, 0u, 2u, 1u}) << 8;                  // SH
  word |= std::uint64_t{draw.chance(hd ? 60 : 10)} << 51;  // DBM
  word |= std::uint64_t{draw.below(4)} << 53;              // PXN, UXN or XN
  std::uint64_t target = kBase;
  if (log2_size <= 21) target = kData + (draw.below(8) << log2_size);
  if (log2_size == 25) target = kBase + (draw.below(2) << 25);
  if (slot.stage == 1) {
    word |= draw.of({1u, 1u, 1u, 3u, 3u, 0u, 2u}) << 6;  // AP
    word |= draw.below(8) << 2;                          // AttrIndx
    word |= std::uint64_t{!may_be_global(slot) || draw.flag()} << 11;
    target = name(stream, target);
  } else {
    word |= draw.chance(hd ? 40 : 10) ? draw.of({1u, 2u, 0u}) << 6 : 3u << 6;  // S2AP
    word |= draw.chance(30) ? draw.below(16) << 2 : 15u << 2;
    const std::uint64_t straight = physical(stream, slot.input & ~mask(log2_size));
    const bool structures = straight < kArenaEnd && straight + mask(log2_size) >= kBase;
    if (structures || draw.flag()) target = straight;
  }
  if (defect(draw)) target ^= std::uint64_t{1} << (24 + draw.below(28));
  return word | (target & ~mask(log2_size) & (mask(40) << 12));
}

void World::map_stage2(unsigned index, std::uint64_t ipa, Draw& draw) {
  Stream& stream = streams[index];
  stream.hot.push_back(ipa);
  std::uint64_t table = stream.stage2.root;
  const Granule g = stream.stage2.granule;
  unsigned bits = stream.stage2.bits;
  for (int level = stream.stage2.start; level <= 3; ++level, bits = level_shift(g, level - 1)) {
    const unsigned shift = level_shift(g, level);
    const std::uint64_t at = table + 8 * (ipa >> shift & mask(bits - shift));
    const Slot& slot =
        slot_at({2, index, 0, at, 0, ipa >> shift << shift, shift, level, g}, bits - shift, draw);
    if (slot.leaf) return;
    table = slot.table;
  }
}

void World::map_stage1(unsigned index, unsigned number, std::uint64_t va, Draw& draw) {
  Stream& stream = streams[index];
  Space& space = stream.spaces[number];
  space.hot.push_back(va);
  const Shape shape = space.half[va >> 55 & 1];
  const Granule g = shape.granule;
  std::uint64_t table = shape.root;
  unsigned bits = shape.bits;
  for (int level = shape.start; level <= 3; ++level, bits = level_shift(g, level - 1)) {
    const unsigned shift = level_shift(g, level);
    if (bits <= shift) return;  // an illegal TxSZ: nothing will be read
    const std::uint64_t at = table + 8 * (va >> shift & mask(bits - shift));
    if (stream.ste.stage2()) map_stage2(index, name(stream, at), draw);
    const Slot& slot =
        slot_at({1, index, number, at, 0, va >> shift << shift, shift, level, g}, bits - shift, draw);
    if (slot.leaf) {
      if (stream.ste.stage2()) {
        const std::uint64_t base = memory_.word(at) & (mask(48) & ~mask(shift));
        map_stage2(index, (base | (va & mask(shift))) & mask(stream.stage2.bits), draw);
      }
      return;
    }
    table = slot.table;
  }
}

}  // namespace svasim::differential
