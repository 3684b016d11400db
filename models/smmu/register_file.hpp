// The SMMU's programming interface, a part of the TCU's block: two 64 KB pages of registers behind a TLM-2.0
// socket. Each access takes simulated time; accesses are served in order.
//
// Contract: aligned accesses of 4 or 8 bytes (an 8-byte one is two of 4, low word first, at one instant);
// anything else ends with a TLM error and no effect. The address counts modulo 128 KB. Which bits exist and
// when they can be written: models/arch/register_map.hpp; everything else reads as zero and ignores writes.
// Control writes take effect with their acknowledgement: CR0 when whatever the change forbids has ended and
// the TBUs have confirmed it, one change at a time; IRQ_CTRL when no MSI is on its way.
#pragma once

#include <array>
#include <cstdint>

#include "models/arch/register_map.hpp"
#include "models/arch/registers.hpp"
#include "models/engine/at_socket.hpp"
#include "models/smmu/tcu.hpp"

namespace svasim::smmu {

class RegisterFile {
 public:
  RegisterFile(const char* name, engine::Calendar& calendar, engine::Clock clock, unsigned latency,
               Context& context, Tcu& tcu);

  engine::AtTarget socket;

  /// Toggles the GERROR bits that are not active yet, and raises the interrupt.
  void raise_global_error(std::uint32_t bits);

  /// No access and no control change is under way.
  bool quiet() const {
    return accesses_in_flight_ == 0 && !cr0_changing_ && !irq_ctrl_changing_ && !gbpa_changing_;
  }
  /// All registers as after power-on.
  void reset();

  std::uint32_t acknowledged() const { return word(arch::reg::kCr0Ack); }  ///< CR0ACK
  std::uint64_t accesses() const { return accesses_; }
  std::uint64_t refused() const { return refused_; }

 private:
  void request(engine::Payload& payload);
  void respond(std::uint64_t payload);
  bool access(tlm::tlm_command command, std::uint64_t address, unsigned char* data, std::uint64_t bytes);
  unsigned debug(tlm::tlm_generic_payload& payload);

  std::uint32_t read32(std::uint32_t offset) const;
  void write32(std::uint32_t offset, std::uint32_t value);
  bool write_queue_register(std::uint32_t offset, std::uint32_t value);
  void write_gbpa(std::uint32_t value);
  void written(std::uint32_t offset);

  // Control changes, each a step later than the one before.
  engine::Picoseconds later() const { return calendar_.now() + clock_.span(latency_); }
  void change_cr0();
  void apply_cr0(std::uint64_t);
  void acknowledge_cr0();
  void change_irq_ctrl();
  void apply_irq_ctrl(std::uint64_t);
  void acknowledge_irq_ctrl();
  void finish_gbpa(std::uint64_t);
  void update_interrupts();
  void update_errors();

  arch::RegisterUse in_use() const;
  std::uint32_t& word(std::uint32_t offset) { return words_[offset / 4]; }
  std::uint32_t word(std::uint32_t offset) const { return words_[offset / 4]; }
  std::uint64_t pair(std::uint32_t offset) const {
    return word(offset) | std::uint64_t{word(offset + 4)} << 32;
  }

  engine::Calendar& calendar_;
  engine::Clock clock_;
  engine::Inlet timer_;
  unsigned latency_;
  Context& context_;
  Tcu& tcu_;
  std::array<std::uint32_t, 0x100 / 4>
      words_{};                   ///< page 0 below the queues of page 1, as far as implemented
  std::uint32_t cr0_target_ = 0;  ///< applied, to be acknowledged
  std::uint32_t irq_ctrl_target_ = 0;
  bool cr0_changing_ = false, cr0_applied_ = false;
  bool irq_ctrl_changing_ = false, irq_ctrl_applied_ = false;
  bool gbpa_changing_ = false;
  std::uint32_t accesses_in_flight_ = 0;
  std::uint64_t accesses_ = 0, refused_ = 0;
};

}  // namespace svasim::smmu
