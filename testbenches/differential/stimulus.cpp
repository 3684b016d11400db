// See stimulus.hpp.
#include "testbenches/differential/stimulus.hpp"

#include "testbenches/tight_smmu.hpp"

namespace svasim::differential {
namespace {

smmu::SmmuConfig draw_config(Draw& draw) {
  smmu::SmmuConfig c = draw.flag() ? test::tight_smmu() : smmu::SmmuConfig();
  arch::Features& f = c.features;
  c.tcu.merge_events = draw.flag();
  c.tbu.tlb_contiguous = draw.flag();
  if (draw.chance(10)) (draw.flag() ? f.s1p : f.s2p) = false;
  f.httu = static_cast<arch::Httu>(draw.of({2, 2, 1, 0}));
  f.hyp = !draw.chance(10);
  f.ats = !draw.chance(10);
  f.ns1ats = draw.chance(20);
  f.asid16 = !draw.chance(10);
  f.vmid16 = !draw.chance(10);
  f.cd2l = !draw.chance(15);
  f.stall_model = static_cast<arch::StallModel>(draw.of({0, 0, 0, 1, 2}));
  f.term_model = draw.chance(20);
  f.st_level = !draw.chance(20);
  f.had = !draw.chance(20);
  f.xnx = draw.flag();
  f.fwb = draw.flag();
  f.stt = draw.chance(20);
  f.ril = !draw.chance(20);
  f.oas = static_cast<std::uint8_t>(draw.chance(30) ? draw.below(7) : 5);
  if (draw.chance(20)) f.gran16k = false;
  if (draw.chance(20)) f.gran64k = false;
  if (draw.chance(10)) f.gran4k = false;
  f.vax = f.oas == 6 && draw.flag() ? 1 : 0;
  f.ssidsize = static_cast<std::uint8_t>(draw.of({20, 8, 0, 5}));
  return c;
}

std::uint64_t draw_address(const Stream& stream, const Access& a, Draw& draw) {
  std::uint64_t address = kData + (draw.below(16) << 12);
  const Space* space = nullptr;
  for (const Space& s : stream.spaces) {
    if (s.index == (a.substream.valid ? a.substream.value : 0)) space = &s;
  }
  if (a.type == arch::AddressType::translated) {
    if (!stream.hot.empty() && draw.flag()) address = draw.of(stream.hot);
  } else if (space != nullptr && !space->hot.empty() && !draw.chance(3)) {
    address = draw.of(space->hot);
    if (draw.chance(20)) address ^= draw.below(4) << draw.of({12, 14, 16});
    if (draw.chance(3)) address ^= std::uint64_t{1} << (40 + draw.below(24));
  } else if (!stream.hot.empty()) {
    address = draw.of(stream.hot);
  }
  return (address & ~arch::mask(12)) | draw.below(511) * 8;
}

}  // namespace

MachineChoice draw_machine(Draw& draw) {
  MachineChoice choice;
  choice.config = draw_config(draw);
  choice.memory_latency = static_cast<unsigned>(draw.of({1, 7, 30}));
  choice.memory_knows_swaps = !draw.flag();
  return choice;
}

Access draw_access(const World& world, Draw& draw) {
  Access a;
  const Stream& stream = world.streams[draw.below(world.streams.size())];
  a.stream = draw.chance(2) ? static_cast<arch::StreamId>(draw.below(5000)) : stream.id;
  a.tbu = static_cast<std::uint8_t>(draw.below(2));
  const std::uint64_t kind = draw.below(10);
  a.ats = kind >= 8;
  if (kind == 7) a.type = arch::AddressType::translated;
  if (!stream.spaces.empty()) {
    const std::uint32_t index = draw.of(stream.spaces).index;
    if (index != 0 || (stream.ste.s1_cd_max > 0 && draw.chance(15))) a.substream = {true, index};
  }
  if (draw.chance(4)) a.substream = {draw.flag(), static_cast<std::uint32_t>(draw.below(64))};
  if (!a.substream.valid) a.substream.value = 0;
  a.write = draw.chance(35);
  a.privileged = draw.chance(30);
  a.instruction = draw.chance(8) && (!a.write || a.ats);
  if (a.ats && !a.substream.valid) a.privileged = a.instruction = false;  // PCIe: a PASID tells them
  a.address = draw_address(stream, a, draw);
  return a;
}

const Slot* draw_slot(const World& world, Draw& draw) {
  if (world.slots.empty()) return nullptr;
  const Slot* slot = &world.slots[draw.below(world.slots.size())];
  for (unsigned tries = 0; tries < 3 && !slot->leaf; ++tries) {  // leaves mostly
    slot = &world.slots[draw.below(world.slots.size())];
  }
  return slot;
}

std::uint64_t draw_edit(World& world, const Slot& slot, std::uint64_t there, Draw& draw) {
  switch (draw.below(8)) {
    case 0: return 0;
    case 1: return there ^ 1u << draw.of({10u, 7u, 6u, 0u});
    case 2:
    case 3: return slot.original;
    default: return slot.leaf ? world.make_leaf(slot, draw) : slot.original;
  }
}

arch::Ste draw_edit(arch::Ste ste, Draw& draw) {
  switch (draw.below(6)) {
    case 0: break;  // as it was
    case 1: ste.s1_dss = static_cast<arch::DefaultSubstream>(draw.below(4)); break;
    case 2: ste.eats = static_cast<arch::Eats>(draw.below(4)); break;
    case 3:
      ste.priv_cfg = static_cast<std::uint8_t>(draw.below(4));
      ste.inst_cfg = static_cast<std::uint8_t>(draw.below(4));
      ste.mtcfg = draw.flag();
      ste.sh_cfg = static_cast<std::uint8_t>(draw.below(4));
      break;
    case 4:
      if (draw.flag()) ste.config = static_cast<arch::SteConfig>(draw.below(8));
      break;
    default:
      ste.s2_affd ^= draw.flag();
      ste.s2_ptw ^= draw.flag();
      ste.s2_fwb ^= draw.flag();
      ste.s2_ps = static_cast<std::uint8_t>(draw.below(8));
      ste.s2_r ^= draw.flag();
  }
  return ste;
}

arch::Cd draw_edit(arch::Cd cd, Draw& draw) {
  switch (draw.below(3)) {
    case 0: break;
    case 1:
      cd.a = draw.flag();
      cd.r = draw.flag();
      cd.s = draw.flag();
      break;
    default:
      cd.affd ^= draw.flag();
      cd.wxn ^= draw.flag();
      cd.pan ^= draw.flag();
      cd.valid = draw.below(4) != 3;
      cd.half[0].epd ^= draw.chance(30);
      cd.half[1].epd ^= draw.chance(30);
      cd.half[0].tbi ^= draw.flag();
      cd.half[0].had ^= draw.flag();
      cd.mair ^= draw.below(256) << 8 * draw.below(8);
  }
  return cd;
}

}  // namespace svasim::differential
