// See register_file.hpp.
#include "models/smmu/register_file.hpp"

#include <cstring>

namespace svasim::smmu {

namespace reg = arch::reg;

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
  tcu.on_progress = [this] { acknowledge_cr0(); };
  tcu.interrupts.on_idle = [this] { acknowledge_irq_ctrl(); };
  reset();
}

void RegisterFile::reset() {
  words_ = {};
  word(reg::kGbpa) = arch::gbpa::kReset;
  cr0_target_ = irq_ctrl_target_ = 0;
  context_.state = {};
  update_interrupts();
  update_errors();
}

// --- accesses
// ---------------------------------------------------------------------------------------------------------

// Served in order, each in `latency` cycles; the next may follow a cycle later.
void RegisterFile::request(engine::Payload& payload) {
  ++accesses_;
  ++accesses_in_flight_;
  calendar_.post<&RegisterFile::respond>(later(), timer_, this, reinterpret_cast<std::uint64_t>(&payload));
}

void RegisterFile::respond(std::uint64_t argument) {
  auto& payload = *reinterpret_cast<engine::Payload*>(argument);
  --accesses_in_flight_;
  socket.release();
  const bool done = access(payload.get_command(), payload.get_address(), payload.data(), payload.bytes());
  if (!done) ++refused_;
  payload.set_response_status(done ? tlm::TLM_OK_RESPONSE : tlm::TLM_BURST_ERROR_RESPONSE);
  socket.respond(payload);
}

bool RegisterFile::access(tlm::tlm_command command, std::uint64_t address, unsigned char* data,
                          std::uint64_t bytes) {
  const auto offset = static_cast<std::uint32_t>(address % reg::kSize);
  if ((bytes != 4 && bytes != 8) || offset % bytes != 0) return false;
  for (std::uint32_t i = 0; i < bytes; i += 4) {
    std::uint32_t value = 0;
    if (command == tlm::TLM_READ_COMMAND) {
      value = read32(offset + i);
      std::memcpy(data + i, &value, sizeof value);
    } else {
      std::memcpy(&value, data + i, sizeof value);
      write32(offset + i, value);
    }
  }
  return true;
}

unsigned RegisterFile::debug(tlm::tlm_generic_payload& payload) {
  const unsigned bytes = payload.get_data_length();
  const bool done = payload.is_read() &&
                    access(tlm::TLM_READ_COMMAND, payload.get_address(), payload.get_data_ptr(), bytes);
  return done ? bytes : 0;
}

std::uint32_t RegisterFile::read32(std::uint32_t offset) const {
  switch (offset) {
    case reg::kCmdqProd: return tcu_.commands.prod();
    case reg::kCmdqCons: return tcu_.commands.cons();
    case reg::kEventqProd: return tcu_.events.prod();
    case reg::kEventqCons: return tcu_.events.cons();
    case reg::kPriqProd: return tcu_.page_requests.prod();
    case reg::kPriqCons: return tcu_.page_requests.cons();
    default: break;
  }
  const bool stored = offset / 4 < words_.size() && word(offset) != 0;
  return stored ? word(offset) : arch::id_word(offset, context_.features);
}

arch::RegisterUse RegisterFile::in_use() const {
  return {word(reg::kCr0) | word(reg::kCr0Ack) | cr0_target_,
          word(reg::kIrqCtrl) | word(reg::kIrqCtrlAck) | irq_ctrl_target_};
}

void RegisterFile::write32(std::uint32_t offset, std::uint32_t value) {
  const std::uint32_t bits = arch::writable_bits(offset, context_.features, in_use());
  if (bits == 0) return;
  const std::uint32_t result = (read32(offset) & ~bits) | (value & bits);
  if (offset == reg::kGbpa) return write_gbpa(result);
  if (write_queue_register(offset, result)) return;
  word(offset) = result;
  written(offset);
}

/// The queues keep their indices.
bool RegisterFile::write_queue_register(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case reg::kCmdqProd: tcu_.commands.set_prod(value); return true;
    case reg::kCmdqCons: tcu_.commands.set_cons(value); return true;
    case reg::kEventqProd: tcu_.events.set_prod(value); return true;
    case reg::kEventqCons: tcu_.events.set_cons(value); return true;
    case reg::kPriqProd: tcu_.page_requests.set_prod(value); return true;
    case reg::kPriqCons: tcu_.page_requests.set_cons(value); return true;
    default: return false;
  }
}

void RegisterFile::written(std::uint32_t offset) {
  arch::SmmuState& state = context_.state;
  switch (offset) {
    case reg::kCr0: change_cr0(); break;
    case reg::kIrqCtrl: change_irq_ctrl(); break;
    case reg::kCr1: state.cr1 = word(offset); break;
    case reg::kCr2:
      state.e2h = (word(offset) & arch::cr2::kE2h) != 0;
      state.recinvsid = (word(offset) & arch::cr2::kRecInvSid) != 0;
      state.rec_cfg_ats = (word(offset) & arch::cr2::kRecCfgAts) != 0;
      break;
    case reg::kGerrorn: update_errors(); break;
    case reg::kStrtabBase:
    case reg::kStrtabBase + 4: state.strtab_base = pair(reg::kStrtabBase); break;
    case reg::kStrtabBaseCfg: state.strtab_base_cfg = word(offset); break;
    case reg::kCmdqBase:
    case reg::kCmdqBase + 4: tcu_.commands.set_base(pair(reg::kCmdqBase)); break;
    case reg::kEventqBase:
    case reg::kEventqBase + 4: tcu_.events.set_base(pair(reg::kEventqBase), context_.features.eventqs); break;
    case reg::kPriqBase:
    case reg::kPriqBase + 4:
      tcu_.page_requests.set_base(pair(reg::kPriqBase), context_.features.priqs);
      break;
    default: update_interrupts(); break;  // among others the IRQ_CFG registers
  }
}

// --- CR0: a change begins when the one before has been acknowledged
// ---------------------------------------------------------------------------------------------------

void RegisterFile::change_cr0() {
  if (cr0_changing_ || word(reg::kCr0) == word(reg::kCr0Ack)) return;
  cr0_changing_ = true;
  calendar_.post<&RegisterFile::apply_cr0>(later(), timer_, this);
}

void RegisterFile::apply_cr0(std::uint64_t) {
  cr0_target_ = word(reg::kCr0);
  cr0_applied_ = true;
  arch::SmmuState& state = context_.state;
  const bool enabled = (cr0_target_ & arch::cr0::kSmmuEn) != 0;
  const bool ats_check = (cr0_target_ & arch::cr0::kAtsChk) != 0;
  const bool changed = enabled != state.smmu_enabled || ats_check != state.ats_check;
  state.smmu_enabled = enabled;
  state.ats_check = ats_check;
  state.vmw = arch::cr0::vmw(cr0_target_);
  if (changed) tcu_.translation_rules_changed();
  tcu_.events.set_enabled((cr0_target_ & arch::cr0::kEventqEn) != 0);
  tcu_.page_requests.set_enabled((cr0_target_ & arch::cr0::kPriqEn) != 0);
  tcu_.commands.set_enabled((cr0_target_ & arch::cr0::kCmdqEn) != 0);
  acknowledge_cr0();
}

void RegisterFile::acknowledge_cr0() {
  if (!cr0_applied_ || !tcu_.in_force()) return;
  word(reg::kCr0Ack) = cr0_target_;
  cr0_applied_ = cr0_changing_ = false;
  change_cr0();
}

// --- IRQ_CTRL, GBPA, errors
// ---------------------------------------------------------------------------------------------------

void RegisterFile::change_irq_ctrl() {
  if (irq_ctrl_changing_ || word(reg::kIrqCtrl) == word(reg::kIrqCtrlAck)) return;
  irq_ctrl_changing_ = true;
  calendar_.post<&RegisterFile::apply_irq_ctrl>(later(), timer_, this);
}

void RegisterFile::apply_irq_ctrl(std::uint64_t) {
  irq_ctrl_target_ = word(reg::kIrqCtrl);
  irq_ctrl_applied_ = true;
  update_interrupts();
  acknowledge_irq_ctrl();
}

void RegisterFile::acknowledge_irq_ctrl() {
  if (!irq_ctrl_applied_ || !tcu_.interrupts.idle()) return;
  word(reg::kIrqCtrlAck) = irq_ctrl_target_;
  irq_ctrl_applied_ = irq_ctrl_changing_ = false;
  change_irq_ctrl();
}

/// A value counts only if it is written with UPDATE, and while no update is under way.
void RegisterFile::write_gbpa(std::uint32_t value) {
  if (gbpa_changing_ || (value & arch::gbpa::kUpdate) == 0) return;
  gbpa_changing_ = true;
  word(reg::kGbpa) = value;
  calendar_.post<&RegisterFile::finish_gbpa>(later(), timer_, this);
}

void RegisterFile::finish_gbpa(std::uint64_t) {
  gbpa_changing_ = false;
  word(reg::kGbpa) &= ~arch::gbpa::kUpdate;
  context_.state.gbpa = word(reg::kGbpa);
}

void RegisterFile::update_interrupts() {
  const auto set = [&](Interrupt interrupt, std::uint32_t enable, std::uint32_t cfg0, std::uint32_t cfg1) {
    Interrupts::Line& line = tcu_.interrupts.line(interrupt);
    line.enabled = (irq_ctrl_target_ & enable) != 0;
    line.address = arch::Pa(pair(cfg0) & arch::irq_cfg::kAddressMask);
    line.data = word(cfg1);
  };
  set(Interrupt::global_error, arch::irq_ctrl::kGerror, reg::kGerrorIrqCfg0, reg::kGerrorIrqCfg1);
  set(Interrupt::event_queue, arch::irq_ctrl::kEventq, reg::kEventqIrqCfg0, reg::kEventqIrqCfg1);
  set(Interrupt::page_request_queue, arch::irq_ctrl::kPriq, reg::kPriqIrqCfg0, reg::kPriqIrqCfg1);
  tcu_.interrupts.line(Interrupt::command_sync).enabled = true;  // wired only: a CMD_SYNC names its own MSI
  tcu_.page_requests.set_interrupt_on_hint((word(reg::kPriqIrqCfg2) & arch::irq_cfg::kPriqLast) != 0);
}

/// What is active stops the queue it is about.
void RegisterFile::update_errors() {
  const std::uint32_t active = word(reg::kGerror) ^ word(reg::kGerrorn);
  tcu_.commands.set_error_active((active & arch::gerror::kCmdq) != 0);
  tcu_.events.set_abort_active((active & arch::gerror::kEventqAbort) != 0);
  tcu_.page_requests.set_abort_active((active & arch::gerror::kPriqAbort) != 0);
}

void RegisterFile::raise_global_error(std::uint32_t bits) {
  const std::uint32_t fresh = bits & ~(word(reg::kGerror) ^ word(reg::kGerrorn));
  if (fresh == 0) return;
  word(reg::kGerror) ^= fresh;
  update_errors();
  tcu_.interrupts.raise(Interrupt::global_error);
}

}  // namespace svasim::smmu
