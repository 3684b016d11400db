// Stream and context descriptor tables, written as Linux does: what hardware may be reading changes in an
// order in which every state in between is a legal one, invalidated step by step. See smmu_driver.hpp.
#include <algorithm>

#include "models/host/smmu_driver.hpp"
#include "models/host/text.hpp"

namespace svasim::host {
namespace {

using arch::Opcode;

constexpr unsigned kLog2CdLeaf = 10;                       ///< CDs in a leaf of a two-level table
constexpr std::uint64_t kCdBytes = sizeof(arch::CdWords);  ///< 64
constexpr std::uint8_t kWriteBack = 1;
constexpr std::uint8_t kInnerShareable = 3;

arch::Command for_stream(Opcode opcode, arch::StreamId stream) {
  arch::Command command;
  command.opcode = opcode;
  command.stream = stream;
  command.leaf = true;
  return command;
}

arch::Command cfgi_cd(arch::StreamId stream, std::uint32_t index, bool leaf) {
  arch::Command command = for_stream(Opcode::cfgi_cd, stream);
  command.substream = {false, index};
  command.leaf = leaf;
  return command;
}

std::uint32_t index_of(arch::SubstreamId substream) { return substream.valid ? substream.value : 0; }

}  // namespace

Master* SmmuDriver::attach(Thread& thread, const DeviceDescription& device) {
  const std::string who = "stream " + hex(arch::raw(device.stream));
  if (masters_.count(device.stream) != 0) return error(who + " attached twice"), nullptr;
  if (device.faults == FaultMode::stall && features_.stall_model == arch::StallModel::never) {
    return error(who + " can only stall, and the SMMU cannot"), nullptr;
  }
  if (device.ats && !features_.ats) return error(who + " needs ATS, and the SMMU has none"), nullptr;
  if (device.faults == FaultMode::pri && !features_.pri) {
    return error(who + " needs PRI, and the SMMU has none"), nullptr;
  }
  auto master = std::make_unique<Master>();
  master->device = device;
  master->ssid_bits = std::min<unsigned>(features_.ssidsize, device.pasid_bits);
  if (!features_.cd2l) master->ssid_bits = std::min(master->ssid_bits, kLog2CdLeaf);
  const auto address = ste_address(thread, device.stream);
  if (!address || !take_cd_table(*master)) {
    return error(who + ": no stream table entry or no memory"), nullptr;
  }
  arch::Ste ste;
  ste.config = arch::SteConfig::bypass;
  if (keeps_cd_table(*master)) ste = stream_table_entry(*master, false);
  write_structure(thread, *address, arch::encode(ste), for_stream(Opcode::cfgi_ste, device.stream));
  streams_mutex_.lock(thread);
  Master* attached = masters_.emplace(device.stream, std::move(master)).first->second.get();
  streams_mutex_.unlock();
  return attached;
}

Master* SmmuDriver::find(arch::StreamId stream) const {
  const auto found = masters_.find(stream);
  return found == masters_.end() ? nullptr : found->second.get();
}

// --- stream table entries

arch::Ste SmmuDriver::stream_table_entry(const Master& master, bool whole_device) const {
  const DeviceDescription& device = master.device;
  arch::Ste ste;
  ste.config = arch::SteConfig::stage1;
  ste.s1_fmt = master.two_level ? 2 : 0;
  ste.s1_context_ptr = master.cd_table;
  ste.s1_cd_max = static_cast<std::uint8_t>(master.ssid_bits);
  // Traffic without PASID: context 0, or else the identity domain.
  ste.s1_dss = whole_device ? arch::DefaultSubstream::use_cd0 : arch::DefaultSubstream::bypass;
  ste.s1_cir = ste.s1_cor = kWriteBack;
  ste.s1_csh = kInnerShareable;
  ste.s1_stalld = features_.stall_model == arch::StallModel::selectable && !stalls(master);
  if (device.ats) ste.eats = arch::Eats::full;
  ste.ppar = device.ats && device.response_pasid;
  return ste;
}

/// 6.1 binds devices only whose DMA mappings are translated already, with the table that PASIDs share.
bool SmmuDriver::keeps_cd_table(const Master& master) const {
  return config_.linux_version == LinuxVersion::v6_1 && master.ssid_bits > 0;
}

/// Linux fetches an STE ahead that translates.
void SmmuDriver::use_cd_table(Thread& thread, Master& master, bool whole_device) {
  const arch::StreamId stream = master.device.stream;
  const auto address = ste_address(thread, stream);
  write_structure(thread, *address, arch::encode(stream_table_entry(master, whole_device)),
                  for_stream(Opcode::cfgi_ste, stream));
  commands_.issue(thread, for_stream(Opcode::prefetch_config, stream), false);
  if (master.device.ats) invalidate_atc_all(thread, {{stream, {}}});  // ATS goes on
}

void SmmuDriver::use_stage2(Thread& thread, Master& master, std::uint64_t root, std::uint16_t vmid,
                            bool stall) {
  arch::Ste ste;
  ste.config = arch::SteConfig::stage2;
  ste.s2_vmid = vmid;
  ste.s2_t0sz = 16;  // 48 bits, from level 0
  ste.s2_sl0 = 2;
  ste.s2_ir0 = ste.s2_or0 = kWriteBack;
  ste.s2_sh0 = kInnerShareable;
  ste.s2_ps = features_.oas;
  ste.s2_aa64 = ste.s2_r = true;
  ste.s2_s = stall;
  ste.s2_ttb = root;
  if (master.device.ats && !stall) ste.eats = arch::Eats::full;
  const arch::StreamId stream = master.device.stream;
  write_structure(thread, *ste_address(thread, stream), arch::encode(ste),
                  for_stream(Opcode::cfgi_ste, stream));
  if (master.device.ats) invalidate_atc_all(thread, {{stream, {}}});
}

void SmmuDriver::use_identity(Thread& thread, Master& master) {
  arch::Ste identity;
  identity.config = arch::SteConfig::bypass;
  const arch::SteWords words = arch::encode(identity);
  const auto ste = ste_address(thread, master.device.stream);
  const arch::Command invalidate = for_stream(Opcode::cfgi_ste, master.device.stream);
  for (unsigned i = 0; i < words.size(); ++i) {
    thread.write64(*ste + 8 * i, words[i]);
    if (i == 0) commands_.issue(thread, invalidate, true);
  }
  commands_.issue(thread, invalidate, true);
}

// --- context descriptors

bool SmmuDriver::take_cd_table(Master& master) {
  master.two_level = master.ssid_bits > kLog2CdLeaf;
  const std::uint64_t bytes =
      master.two_level ? std::uint64_t{8} << (master.ssid_bits - kLog2CdLeaf) : kCdBytes << master.ssid_bits;
  const auto table = tables_.take(bytes, std::max<std::uint64_t>(bytes, kCdBytes));
  if (!table) return false;
  master.cd_table = *table;
  if (master.two_level) master.cd_leaves.resize(std::size_t{1} << (master.ssid_bits - kLog2CdLeaf));
  return true;
}

std::optional<std::uint64_t> SmmuDriver::cd_address(Thread& thread, Master& master, std::uint32_t index) {
  if (!master.two_level) return master.cd_table + index * kCdBytes;
  std::uint64_t& leaf = master.cd_leaves[index >> kLog2CdLeaf];
  if (leaf == 0) {
    const std::uint64_t bytes = kCdBytes << kLog2CdLeaf;
    const auto table = tables_.take(bytes, bytes);
    if (!table) return std::nullopt;
    leaf = *table;
    const std::uint64_t at = master.cd_table + std::uint64_t{8} * (index >> kLog2CdLeaf);
    thread.write64(at, arch::encode(arch::L1Cd{true, leaf}));
    commands_.issue(thread, cfgi_cd(master.device.stream, index, false), true);
  }
  return leaf + (index & arch::mask(kLog2CdLeaf)) * kCdBytes;
}

void SmmuDriver::write_structure(Thread& thread, std::uint64_t address,
                                 const std::array<std::uint64_t, 8>& words, const arch::Command& invalidate) {
  for (unsigned i = 1; i < words.size(); ++i) thread.write64(address + 8 * i, words[i]);
  commands_.issue(thread, invalidate, true);
  thread.write64(address, words[0]);  // with V, once the rest is known to be seen
  commands_.issue(thread, invalidate, true);
}

bool SmmuDriver::install_cd(Thread& thread, Master& master, arch::SubstreamId substream, const arch::Cd& cd) {
  const std::uint32_t index = index_of(substream);
  const auto address = cd_address(thread, master, index);
  if (!address) return error("no memory for context descriptors");
  write_structure(thread, *address, arch::encode(cd), cfgi_cd(master.device.stream, index, true));
  const bool first = master.contexts++ == 0 && !keeps_cd_table(master);
  if (first || !substream.valid) return use_cd_table(thread, master, !substream.valid), true;
  if (master.device.ats && config_.linux_version != LinuxVersion::v6_1) {
    invalidate_atc_all(thread, {{master.device.stream, substream}});
  }
  return true;
}

void SmmuDriver::quiet_cd(Thread& thread, Master& master, arch::SubstreamId substream, arch::Cd cd) {
  const std::uint32_t index = index_of(substream);
  const auto address = cd_address(thread, master, index);
  const bool v6_1 = config_.linux_version == LinuxVersion::v6_1;
  if (!v6_1) cd.half[0] = {};
  cd.half[0].epd = true;
  if (!v6_1 && !stall_forced()) cd.s = cd.r = false;
  const arch::CdWords words = arch::encode(cd);
  const arch::Command invalidate = cfgi_cd(master.device.stream, index, true);
  thread.write64(*address, words[0]);
  commands_.issue(thread, invalidate, true);
  if (v6_1) return;
  thread.write64(*address + 8, words[1]);  // the table's address, which EPD0 has made meaningless
  commands_.issue(thread, invalidate, true);
}

void SmmuDriver::remove_cd(Thread& thread, Master& master, arch::SubstreamId substream) {
  const std::uint32_t index = index_of(substream);
  const auto address = cd_address(thread, master, index);
  const arch::Command invalidate = cfgi_cd(master.device.stream, index, true);
  thread.write64(*address, 0);  // V = 0 first
  commands_.issue(thread, invalidate, true);
  if (config_.linux_version != LinuxVersion::v6_1) {
    for (unsigned i = 1; i < arch::CdWords{}.size(); ++i) thread.write64(*address + 8 * i, 0);
    commands_.issue(thread, invalidate, true);
  }
  --master.contexts;
}

void SmmuDriver::leave_cd_table(Thread& thread, Master& master, arch::SubstreamId substream) {
  if (master.contexts == 0 && !keeps_cd_table(master)) return use_identity(thread, master);
  if (!substream.valid) use_cd_table(thread, master, false);
}

}  // namespace svasim::host
