// How CPUs reach the registers of a device: loads and stores of 4 or 8 bytes. Contract: stores are posted,
// loads are answered later by tag, in any order; anything else gets an error. Source rule: PCIe memory-mapped
// registers.
#pragma once

#include <cstdint>
#include <functional>
#include <systemc>

#include "models/engine/at_socket.hpp"
#include "models/pcie/index_pool.hpp"

namespace svasim::pcie {

class RegisterPort : public sc_core::sc_module {
 public:
  /// Registers are at offsets below `bytes`, a power of two, of whatever address they are reached at.
  RegisterPort(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
               std::uint32_t bytes);

 private:
  std::uint16_t block_;  ///< before the socket that uses it

 public:
  engine::AtTarget socket;
  std::function<void(std::uint32_t offset, std::uint64_t value, unsigned bytes)> on_write;
  std::function<void(std::uint32_t offset, std::uint16_t tag, unsigned bytes)> on_read;

  void answer(std::uint16_t tag, std::uint64_t value);

 private:
  struct Load {
    bool live = false;
    engine::Payload* payload = nullptr;
  };
  void request(engine::Payload& payload);

  std::uint32_t bytes_;
  IndexPool<Load> loads_;
};

}  // namespace svasim::pcie
