// The SMMU's programming interface, a part of the TCU's block: two 64 KB pages of registers behind a TLM-2.0
// socket, 32- and 64-bit accesses, each taking simulated time. Control writes take effect with their ACK;
// unimplemented offsets read as zero.
#pragma once

#include <cstdint>
#include <unordered_map>

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

  std::uint64_t accesses() const { return accesses_; }

 private:
  void request(engine::Payload& payload);
  void respond(std::uint64_t payload);
  unsigned debug(tlm::tlm_generic_payload& payload);

  std::uint32_t read32(std::uint32_t offset) const;
  void write32(std::uint32_t offset, std::uint32_t value);
  void write_id_registers();
  void acknowledge_cr0(std::uint64_t value);
  void acknowledge_irq_ctrl(std::uint64_t value);
  void finish_gbpa(std::uint64_t value);
  void update_irq_lines();

  std::uint32_t word(std::uint32_t offset) const;
  std::uint64_t pair(std::uint32_t offset) const {
    return word(offset) | std::uint64_t{word(offset + 4)} << 32;
  }

  engine::Calendar& calendar_;
  engine::Clock clock_;
  engine::Inlet timer_;
  unsigned latency_;
  Context& context_;
  Tcu& tcu_;
  std::unordered_map<std::uint32_t, std::uint32_t> words_;  ///< by offset; absent ones read as zero
  std::uint32_t gerror_ = 0;
  std::uint32_t gerrorn_ = 0;
  std::uint64_t accesses_ = 0;
};

}  // namespace svasim::smmu
