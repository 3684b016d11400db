// See register_file.hpp.
#include "models/smmu/register_file.hpp"

#include <cstring>

namespace svasim::smmu {
namespace {

namespace reg = arch::reg;

constexpr std::uint32_t kIrqWritable =
    arch::irq_ctrl::kGerror | arch::irq_ctrl::kPriq | arch::irq_ctrl::kEventq;

/// Registers that only keep what is written; their bits are read where they are used.
bool plain(std::uint32_t offset) {
  switch (offset) {
    case reg::kCr0:
    case reg::kCr1:
    case reg::kCr2:
    case reg::kIrqCtrl:
    case reg::kGerrorIrqCfg0:
    case reg::kGerrorIrqCfg0 + 4:
    case reg::kGerrorIrqCfg1:
    case reg::kGerrorIrqCfg2:
    case reg::kStrtabBase:
    case reg::kStrtabBase + 4:
    case reg::kStrtabBaseCfg:
    case reg::kCmdqBase:
    case reg::kCmdqBase + 4:
    case reg::kEventqBase:
    case reg::kEventqBase + 4:
    case reg::kEventqIrqCfg0:
    case reg::kEventqIrqCfg0 + 4:
    case reg::kEventqIrqCfg1:
    case reg::kEventqIrqCfg2:
    case reg::kPriqBase:
    case reg::kPriqBase + 4:
    case reg::kPriqIrqCfg0:
    case reg::kPriqIrqCfg0 + 4:
    case reg::kPriqIrqCfg1:
    case reg::kPriqIrqCfg2: return true;
    default: return false;
  }
}

}  // namespace

RegisterFile::RegisterFile(const char* name, engine::Calendar& calendar, engine::Clock clock,
                           unsigned latency, Context& context, Tcu& tcu)
    : socket(name, calendar, clock, tcu.register_port_inlet(), 8, 4),
      calendar_(calendar),
      clock_(clock),
      timer_(tcu.register_timer_inlet()),
      latency_(latency),
      context_(context),
      tcu_(tcu) {
  socket.bind_request<&RegisterFile::request>(this);
  socket.bind_debug([this](tlm::tlm_generic_payload& payload) { return debug(payload); });
  tcu.on_global_error = [this](std::uint32_t bits) { raise_global_error(bits); };
  write_id_registers();
  words_[reg::kGbpa] = arch::gbpa::kReset;
  update_irq_lines();
}

void RegisterFile::write_id_registers() {
  const arch::IdRegisters id = arch::encode(context_.features);
  words_[reg::kIdr0] = id.idr0;
  words_[reg::kIdr1] = id.idr1;
  words_[reg::kIdr3] = id.idr3;
  words_[reg::kIdr5] = id.idr5;
}

// Accesses are served in order, each in `latency` cycles; the next may follow a cycle later.
void RegisterFile::request(engine::Payload& payload) {
  ++accesses_;
  calendar_.post<&RegisterFile::respond>(calendar_.now() + clock_.span(latency_), timer_, this,
                                         reinterpret_cast<std::uint64_t>(&payload));
}

void RegisterFile::respond(std::uint64_t argument) {
  auto& payload = *reinterpret_cast<engine::Payload*>(argument);
  const auto offset = static_cast<std::uint32_t>(payload.get_address() % reg::kSize);
  const std::uint64_t bytes = payload.bytes();
  socket.release();
  if ((bytes != 4 && bytes != 8) || offset % bytes != 0) {
    payload.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
    socket.respond(payload);
    return;
  }
  for (std::uint32_t i = 0; i < bytes; i += 4) {
    std::uint32_t value = 0;
    if (payload.is_read()) {
      value = read32(offset + i);
      std::memcpy(payload.data() + i, &value, sizeof value);
    } else {
      std::memcpy(&value, payload.data() + i, sizeof value);
      write32(offset + i, value);
    }
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  socket.respond(payload);
}

unsigned RegisterFile::debug(tlm::tlm_generic_payload& payload) {
  const auto offset = static_cast<std::uint32_t>(payload.get_address() % reg::kSize);
  if (!payload.is_read() || payload.get_data_length() != 4 || offset % 4 != 0) return 0;
  const std::uint32_t value = read32(offset);
  std::memcpy(payload.get_data_ptr(), &value, sizeof value);
  return 4;
}

std::uint32_t RegisterFile::word(std::uint32_t offset) const {
  const auto found = words_.find(offset);
  return found == words_.end() ? 0 : found->second;
}

std::uint32_t RegisterFile::read32(std::uint32_t offset) const {
  switch (offset) {
    case reg::kCmdqProd: return tcu_.commands.prod();
    case reg::kCmdqCons: return tcu_.commands.cons();
    case reg::kEventqProd: return tcu_.events.prod();
    case reg::kEventqCons: return tcu_.events.cons();
    case reg::kPriqProd: return tcu_.page_requests.prod();
    case reg::kPriqCons: return tcu_.page_requests.cons();
    case reg::kGerror: return gerror_;
    case reg::kGerrorn: return gerrorn_;
    default: return word(offset);
  }
}

void RegisterFile::write32(std::uint32_t offset, std::uint32_t value) {
  if (plain(offset)) words_[offset] = value;
  const engine::Picoseconds effective = calendar_.now() + clock_.span(latency_);
  switch (offset) {
    case reg::kCr0: calendar_.post<&RegisterFile::acknowledge_cr0>(effective, timer_, this, value); break;
    case reg::kIrqCtrl:
      calendar_.post<&RegisterFile::acknowledge_irq_ctrl>(effective, timer_, this, value);
      break;
    case reg::kCr2:
      if (context_.state.smmu_enabled) break;  // may only change while the SMMU is off
      context_.state.e2h = (value & arch::cr2::kE2h) != 0;
      context_.state.recinvsid = (value & arch::cr2::kRecInvSid) != 0;
      context_.state.rec_cfg_ats = (value & arch::cr2::kRecCfgAts) != 0;
      break;
    case reg::kGbpa:
      if ((word(reg::kGbpa) & arch::gbpa::kUpdate) == 0 && (value & arch::gbpa::kUpdate) != 0) {
        words_[reg::kGbpa] = value;
        calendar_.post<&RegisterFile::finish_gbpa>(effective, timer_, this, value & ~arch::gbpa::kUpdate);
      }
      break;
    case reg::kStrtabBase:
    case reg::kStrtabBase + 4: context_.state.strtab_base = pair(reg::kStrtabBase); break;
    case reg::kStrtabBaseCfg: context_.state.strtab_base_cfg = value; break;
    case reg::kCmdqBase:
    case reg::kCmdqBase + 4: tcu_.commands.set_base(pair(reg::kCmdqBase)); break;
    case reg::kCmdqProd: tcu_.commands.set_prod(value); break;
    case reg::kCmdqCons: tcu_.commands.set_cons(value); break;
    case reg::kEventqBase:
    case reg::kEventqBase + 4: tcu_.events.set_base(pair(reg::kEventqBase), context_.features.eventqs); break;
    case reg::kEventqProd: tcu_.events.set_prod(value); break;
    case reg::kEventqCons: tcu_.events.set_cons(value); break;
    case reg::kPriqBase:
    case reg::kPriqBase + 4:
      tcu_.page_requests.set_base(pair(reg::kPriqBase), context_.features.priqs);
      break;
    case reg::kPriqProd: tcu_.page_requests.set_prod(value); break;
    case reg::kPriqCons: tcu_.page_requests.set_cons(value); break;
    case reg::kGerrorn: {
      gerrorn_ = value;
      const std::uint32_t active = gerror_ ^ gerrorn_;
      if ((active & arch::gerror::kCmdq) == 0) tcu_.commands.clear_error();
      tcu_.events.set_abort_active((active & arch::gerror::kEventqAbort) != 0);
      tcu_.page_requests.set_abort_active((active & arch::gerror::kPriqAbort) != 0);
      break;
    }
    default: update_irq_lines(); break;  // among others the IRQ_CFG registers
  }
}

void RegisterFile::acknowledge_cr0(std::uint64_t argument) {
  const auto value = static_cast<std::uint32_t>(argument) & arch::cr0::kWritable;
  words_[reg::kCr0Ack] = value;
  const bool enabled = (value & arch::cr0::kSmmuEn) != 0, ats_check = (value & arch::cr0::kAtsChk) != 0;
  const bool changed = enabled != context_.state.smmu_enabled || ats_check != context_.state.ats_check;
  context_.state.smmu_enabled = enabled;
  context_.state.ats_check = ats_check;
  if (changed) tcu_.translation_rules_changed();
  tcu_.events.set_enabled((value & arch::cr0::kEventqEn) != 0);
  tcu_.page_requests.set_enabled((value & arch::cr0::kPriqEn) != 0);
  tcu_.commands.set_enabled((value & arch::cr0::kCmdqEn) != 0);
}

void RegisterFile::acknowledge_irq_ctrl(std::uint64_t value) {
  words_[reg::kIrqCtrlAck] = static_cast<std::uint32_t>(value) & kIrqWritable;
  update_irq_lines();
}

void RegisterFile::finish_gbpa(std::uint64_t value) {
  words_[reg::kGbpa] = static_cast<std::uint32_t>(value);
  context_.state.gbpa = static_cast<std::uint32_t>(value);
}

void RegisterFile::update_irq_lines() {
  const std::uint32_t enabled = word(reg::kIrqCtrlAck);
  const auto set = [&](Interrupt interrupt, std::uint32_t enable, std::uint32_t cfg0, std::uint32_t cfg1) {
    Interrupts::Line& line = tcu_.interrupts.line(interrupt);
    line.enabled = (enabled & enable) != 0;
    line.address = arch::Pa(pair(cfg0) & arch::irq_cfg::kAddressMask);
    line.data = word(cfg1);
  };
  set(Interrupt::global_error, arch::irq_ctrl::kGerror, reg::kGerrorIrqCfg0, reg::kGerrorIrqCfg1);
  set(Interrupt::event_queue, arch::irq_ctrl::kEventq, reg::kEventqIrqCfg0, reg::kEventqIrqCfg1);
  set(Interrupt::page_request_queue, arch::irq_ctrl::kPriq, reg::kPriqIrqCfg0, reg::kPriqIrqCfg1);
  tcu_.interrupts.line(Interrupt::command_sync).enabled = true;  // wired only: a CMD_SYNC names its own MSI
  tcu_.page_requests.set_interrupt_on_hint((word(reg::kPriqIrqCfg2) & arch::irq_cfg::kPriqLast) != 0);
}

void RegisterFile::raise_global_error(std::uint32_t bits) {
  const std::uint32_t fresh = bits & ~(gerror_ ^ gerrorn_);
  if (fresh == 0) return;
  gerror_ ^= fresh;
  tcu_.events.set_abort_active(((gerror_ ^ gerrorn_) & arch::gerror::kEventqAbort) != 0);
  tcu_.page_requests.set_abort_active(((gerror_ ^ gerrorn_) & arch::gerror::kPriqAbort) != 0);
  tcu_.interrupts.raise(Interrupt::global_error);
}

}  // namespace svasim::smmu
