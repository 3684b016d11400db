// Invalidation, responses and interrupt handlers of the SMMU driver. See smmu_driver.hpp.
#include "models/host/smmu_driver.hpp"

#include <algorithm>

#include "models/host/text.hpp"

namespace svasim::host {
namespace {

using arch::Opcode;

constexpr std::uint64_t kMaxTlbiPages = 512;  ///< without ranges: from here on the whole ASID
constexpr std::uint64_t kMaxRangePages = 31;  ///< of a range command, times 2^scale
constexpr unsigned kMaxAtcSpan = arch::kAtcInvalidateAll;

arch::Command atc_inv(arch::StreamId stream, arch::SubstreamId substream, std::uint64_t address,
                      unsigned log2_pages) {
  arch::Command command;
  command.opcode = Opcode::atc_inv;
  command.stream = stream;
  command.substream = substream;
  command.address = address;
  command.size = static_cast<std::uint8_t>(log2_pages);
  return command;
}

/// log2 of the pages of the smallest aligned power-of-two span from page `first` to page `last`.
unsigned log2_span(std::uint64_t first, std::uint64_t last) {
  const std::uint64_t differing = first ^ last;
  return differing == 0 ? 0 : 64 - static_cast<unsigned>(__builtin_clzll(differing));
}

}  // namespace

SmmuDriver::SmmuDriver(std::uint64_t registers, std::uint64_t doorbell, MemoryWindow& tables,
                       const HostConfig& config, InterruptController& interrupts, const Ledger& ledger,
                       Costs& costs, Handlers handlers)
    : registers_(registers),
      doorbell_(doorbell),
      tables_(tables),
      config_(config),
      ledger_(ledger),
      handlers_(std::move(handlers)),
      commands_(registers, config.sync, ledger_),
      events_(registers + arch::reg::kEventqProd, registers + arch::reg::kEventqCons, arch::kLog2EventBytes,
              probe::FaultKind::stall, ledger_, costs[Cost::pop], costs[Cost::wake]),
      requests_(registers + arch::reg::kPriqProd, registers + arch::reg::kPriqCons,
                arch::kLog2PageRequestBytes, probe::FaultKind::pri, ledger_, costs[Cost::pop],
                costs[Cost::wake]) {
  commands_.on_error = [this](const std::string& what) { error("command queue: " + what); };
  connect_interrupts(interrupts);
}

void SmmuDriver::connect_interrupts(InterruptController& interrupts) {
  const auto hard = [this](probe::FaultKind kind) {
    return [this, kind](Thread& thread) { ledger_.advance(kind, probe::Stage::irq_thread, thread.now()); };
  };
  interrupts.connect(static_cast<unsigned>(SmmuLine::event), hard(probe::FaultKind::stall),
                     [this](Thread& thread) {
                       const auto handle = [&](const std::uint8_t* entry) { handle_event(thread, entry); };
                       if (!events_.drain(thread, handle)) return;
                       error("event queue overflow: events lost");
                       events_.acknowledge(thread);
                     });
  interrupts.connect(static_cast<unsigned>(SmmuLine::pri), hard(probe::FaultKind::pri),
                     [this](Thread& thread) {
                       const auto handle = [&](const std::uint8_t* e) { handle_page_request(thread, e); };
                       if (!requests_.drain(thread, handle)) return;
                       error("page request queue overflow: requests lost");
                       handlers_.requests_lost(thread);
                       requests_.acknowledge(thread);
                     });
  interrupts.connect(
      static_cast<unsigned>(SmmuLine::gerror), [this](Thread& thread) { handle_gerror(thread); }, nullptr);
}

// --- invalidation

void SmmuDriver::invalidate_space(Thread& thread, TlbTag tag) {
  arch::Command command;
  command.opcode = tag.stage2 ? Opcode::tlbi_s12_vmall : Opcode::tlbi_nh_asid;
  (tag.stage2 ? command.vmid : command.asid) = tag.id;
  commands_.issue(thread, command, true);
}

bool SmmuDriver::flushes_whole_space(std::uint64_t bytes) const {
  return !features_.ril && bytes >> arch::kPageShift >= kMaxTlbiPages;
}

void SmmuDriver::invalidate_range(Thread& thread, TlbTag tag, std::uint64_t va, std::uint64_t bytes) {
  std::vector<arch::Command> commands;
  arch::Command command;
  command.opcode = tag.stage2 ? Opcode::tlbi_s2_ipa : Opcode::tlbi_nh_va;
  (tag.stage2 ? command.vmid : command.asid) = tag.id;
  command.address = va;
  command.leaf = false;  // an SVA invalidation drops table entries too
  if (!features_.ril) {
    for (; command.address < va + bytes; command.address += arch::kPageSize) commands.push_back(command);
    return commands_.issue(thread, commands, true);
  }
  // Five bits of the page count at a time, from its lowest bit set. One page alone, not leaf only: Linux asks
  // for two.
  command.tg = 1;
  std::uint64_t pages = bytes >> arch::kPageShift;
  if ((pages & kMaxRangePages) == 1) ++pages;
  for (std::uint64_t at = va; at < va + bytes;) {
    command.scale = static_cast<std::uint8_t>(__builtin_ctzll(pages));
    const std::uint64_t count = pages >> command.scale & kMaxRangePages;
    command.num = static_cast<std::uint8_t>(count - 1);
    command.address = at;
    commands.push_back(command);
    pages -= count << command.scale;
    at += count << command.scale << arch::kPageShift;
  }
  commands_.issue(thread, commands, true);
}

void SmmuDriver::invalidate_atc_all(Thread& thread, const std::vector<AtcTarget>& targets) {
  std::vector<arch::Command> commands;
  for (const AtcTarget& target : targets) {
    commands.push_back(atc_inv(target.stream, target.substream, 0, arch::kAtcInvalidateAll));
  }
  commands_.issue(thread, commands, true);
}

void SmmuDriver::invalidate_atc(Thread& thread, const std::vector<AtcTarget>& targets, std::uint64_t va,
                                std::uint64_t bytes) {
  const std::uint64_t first = va >> arch::kPageShift;
  const unsigned span = std::min(log2_span(first, (va + bytes - 1) >> arch::kPageShift), kMaxAtcSpan);
  const std::uint64_t address = first >> span << span << arch::kPageShift;
  std::vector<arch::Command> commands;
  for (const AtcTarget& target : targets) {
    commands.push_back(atc_inv(target.stream, target.substream, address, span));
  }
  commands_.issue(thread, commands, true);
}

// --- responses

void SmmuDriver::resume(Thread& thread, arch::StreamId stream, std::uint16_t stag, bool retry) {
  arch::Command command;
  command.opcode = Opcode::resume;
  command.stream = stream;
  command.stag = stag;
  command.action = retry ? arch::ResumeAction::retry : arch::ResumeAction::abort;
  const probe::FaultKey fault{probe::FaultKind::stall, arch::raw(stream), stag};
  commands_.issue(thread, command, config_.resp_sync, &fault);
}

void SmmuDriver::respond(Thread& thread, const DeviceDescription& device, arch::SubstreamId substream,
                         std::uint16_t prg_index, arch::PriResponse response) {
  arch::Command command;
  command.opcode = Opcode::pri_resp;
  command.stream = device.stream;
  if (device.response_pasid) command.substream = substream;
  command.prg_index = prg_index;
  command.response = response;
  const probe::FaultKey fault{probe::FaultKind::pri, arch::raw(device.stream), prg_index};
  commands_.issue(thread, command, config_.resp_sync, &fault);
}

// --- interrupts

void SmmuDriver::handle_event(Thread& thread, const std::uint8_t* entry) {
  const arch::Event event = arch::decode_event(arch::load_words<4>(entry));
  if (event.stall && arch::stallable(event.id)) {
    streams_mutex_.lock(thread);
    handlers_.stalled(thread, event);
    return streams_mutex_.unlock();
  }
  const std::string pasid = event.substream.valid ? ", PASID " + hex(event.substream.value) : "";
  error(std::string("event ") + name(event.id) + ": stream " + hex(arch::raw(event.stream)) + pasid +
        ", address " + hex(event.input_address.value));
}

void SmmuDriver::handle_page_request(Thread& thread, const std::uint8_t* entry) {
  const arch::PageRequest request = arch::decode_page_request(arch::load_words<2>(entry));
  if (request.stop_marker()) {
    ++stop_markers_;
  } else {
    handlers_.page_request(thread, request);
  }
}

void SmmuDriver::handle_gerror(Thread& thread) {
  const std::uint32_t gerror = thread.read32(reg(arch::reg::kGerror));
  const std::uint32_t active = gerror ^ thread.read32(reg(arch::reg::kGerrorn));
  if (active == 0) return;
  if ((active & arch::gerror::kCmdq) != 0) commands_.recover(thread);
  if ((active & ~arch::gerror::kCmdq) != 0) error("GERROR " + hex(active & ~arch::gerror::kCmdq));
  thread.write32(reg(arch::reg::kGerrorn), gerror);
}

void SmmuDriver::drain(Thread& thread) {
  events_.wait_drained(thread);
  if (features_.pri) requests_.wait_drained(thread);
}

bool SmmuDriver::error(const std::string& what) {
  ++errors_;
  handlers_.error(what);
  return false;
}

}  // namespace svasim::host
