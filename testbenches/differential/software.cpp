// See software.hpp.
#include "testbenches/differential/software.hpp"

#include "models/arch/bit_fields.hpp"

namespace svasim::differential {
namespace {

using arch::Command;
using arch::Opcode;

Command make(Opcode opcode, std::uint16_t vmid = 0, std::uint16_t asid = 0) {
  Command command;
  command.opcode = opcode;
  command.vmid = vmid;
  command.asid = asid;
  return command;
}

Commands all_tables(const arch::Features& features) {
  Commands commands{make(Opcode::tlbi_nsnh_all)};
  if (features.hyp) commands.push_back(make(Opcode::tlbi_el2_all));
  return commands;
}

/// By address: any byte the descriptor maps, or a range that covers it. A contiguous group is many
/// descriptors: a range.
Command by_address(Opcode opcode, Slot slot, std::uint16_t vmid, std::uint16_t asid,
                   const arch::Features& features, Draw& draw) {
  slot.log2_size += slot.group;
  slot.input &= ~arch::mask(slot.log2_size);
  Command command = make(opcode, vmid, asid);
  command.leaf = draw.flag();
  const unsigned page = page_shift(slot.granule);
  if (features.ril && slot.log2_size > page && slot.log2_size - page <= 31 + 5 &&
      (slot.group != 0 || draw.flag())) {
    command.tg = static_cast<std::uint8_t>(slot.granule == arch::Granule::k4    ? 1
                                           : slot.granule == arch::Granule::k16 ? 2
                                                                                : 3);
    command.address = slot.input;
    command.scale = static_cast<std::uint8_t>(std::min(slot.log2_size - page, 31u));
    command.num = static_cast<std::uint8_t>((1u << (slot.log2_size - page - command.scale)) - 1);
  } else {
    const std::uint64_t offset =
        slot.log2_size > 12 ? draw.below(std::uint64_t{1} << (slot.log2_size - 12)) << 12 : 0;
    command.address = slot.input + offset;
  }
  return command;
}

Commands invalidate_stage1(const World& world, const Slot& slot, const arch::Features& features, Draw& draw) {
  const Stream& stream = world.streams[slot.stream];
  const std::uint16_t asid = stream.spaces[slot.space].cd.asid;
  const bool by_address_suffices = slot.leaf && (slot.group == 0 || features.ril);
  if (stream.ste.strw == 2 && stream.ste.config == arch::SteConfig::stage1) {
    if (by_address_suffices && draw.flag()) {
      return {
          by_address(draw.of({Opcode::tlbi_el2_va, Opcode::tlbi_el2_vaa}), slot, 0, asid, features, draw)};
    }
    return {make(Opcode::tlbi_el2_all)};
  }
  const std::uint16_t vmid = features.s2p ? stream.ste.s2_vmid : 0;
  std::vector<Opcode> opcodes{Opcode::tlbi_nsnh_all, Opcode::tlbi_nh_all};
  if (features.s2p) opcodes.push_back(Opcode::tlbi_s12_vmall);
  if (stream.ste.s1_cd_max > 0) opcodes.push_back(Opcode::tlbi_nh_asid);  // nothing is global
  if (by_address_suffices)
    opcodes.insert(opcodes.end(), {Opcode::tlbi_nh_va, Opcode::tlbi_nh_vaa, Opcode::tlbi_nh_va});
  const Opcode opcode = draw.of(opcodes);
  if (opcode == Opcode::tlbi_nh_va || opcode == Opcode::tlbi_nh_vaa) {
    return {by_address(opcode, slot, vmid, asid, features, draw)};
  }
  return {make(opcode, vmid, asid)};
}

}  // namespace

Commands invalidate_all(const arch::Features& features) {
  Commands commands = all_tables(features);
  Command everything = make(Opcode::cfgi_ste_range);
  everything.range = arch::kCfgiAllRange;
  commands.push_back(everything);
  return commands;
}

Commands invalidate_descriptor(const World& world, const Slot& slot, const arch::Features& features,
                               Draw& draw) {
  if (slot.stage == 1 ? !features.s1p : !features.s2p)
    return all_tables(features);  // its commands do not exist
  if (slot.stage == 1) return invalidate_stage1(world, slot, features, draw);
  const Stream& stream = world.streams[slot.stream];
  const std::uint16_t vmid = stream.ste.s2_vmid;
  Commands commands;
  switch (draw.below(slot.leaf && (slot.group == 0 || features.ril) ? 3 : 2)) {
    case 0: commands = {make(Opcode::tlbi_nsnh_all)}; break;
    case 1: commands = {make(Opcode::tlbi_s12_vmall, vmid)}; break;
    default:
      commands = {by_address(Opcode::tlbi_s2_ipa, slot, vmid, 0, features, draw)};
      if (features.s1p) commands.push_back(make(Opcode::tlbi_nh_all, vmid));  // what both stages made
      break;
  }
  if (stream.ste.stage1()) {  // CDs may lie behind it
    for (const Command& command : invalidate_ste(world, slot.stream, features, false, draw))
      commands.push_back(command);
  }
  return commands;
}

Commands invalidate_ste(const World& world, unsigned index, const arch::Features& features, bool tables_too,
                        Draw& draw) {
  Command command = make(draw.flag() ? Opcode::cfgi_ste : Opcode::cfgi_ste_range);
  command.stream = world.streams[index].id;
  if (command.opcode == Opcode::cfgi_ste_range) {
    command.range = static_cast<std::uint8_t>(draw.of({31u, 0u, 2u, 9u}));
    const unsigned span = command.range + 1u;
    command.stream = static_cast<arch::StreamId>(span >= 32 ? 0 : raw(command.stream) >> span << span);
  }
  Commands commands{command};
  if (tables_too) {
    for (const Command& tlbi : all_tables(features)) commands.push_back(tlbi);
  }
  return commands;
}

Commands invalidate_cd(const World& world, unsigned index, std::uint32_t cd_index,
                       const arch::Features& features, bool tables_too, Draw& draw) {
  if (!features.s1p || draw.chance(25)) return invalidate_ste(world, index, features, tables_too, draw);
  Command command = make(draw.flag() ? Opcode::cfgi_cd_all : Opcode::cfgi_cd);
  command.stream = world.streams[index].id;
  command.substream = {draw.flag(), cd_index};
  command.leaf = draw.flag();
  Commands commands{command};
  if (tables_too) {
    for (const Command& tlbi : all_tables(features)) commands.push_back(tlbi);
  }
  return commands;
}

}  // namespace svasim::differential
