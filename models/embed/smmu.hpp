// An SMMUv3 for a platform of your own: an SC_MODULE with standard TLM-2.0 sockets that needs no host model,
// no endpoint and no trace. You own sc_main. Several may live in one simulation; nothing is global.
//
//   embed::Smmu smmu("smmu", config);
//   cpu.socket.bind(smmu.programming);          // registers: 2 x 64 KB, 32- and 64-bit accesses
//   smmu.memory().bind(ram.port());             // table walks, queues, MSIs, and translated accesses
//   dma.socket.bind(smmu.device(0).socket);     // accesses with embed::Attributes
//
// See README.md for what each socket takes, and testbenches/embed for a whole example.
#pragma once

#include <memory>
#include <vector>

#include "models/embed/device_port.hpp"
#include "models/embed/pulse.hpp"
#include "models/memory/interconnect.hpp"
#include "models/smmu/smmu.hpp"

namespace svasim::embed {

struct SmmuConfig {
  smmu::SmmuConfig smmu;              ///< ID registers (`features`), sizes and latencies
  engine::Picoseconds period = 1000;  ///< of the SMMU's clock
  std::vector<DevicePortConfig> devices{DevicePortConfig{}};  ///< a TBU for each
  /// One memory socket that the TCU and all TBUs share (a crossbar without latency of its own, a cycle each
  /// way), or one for each: 0 is the TCU's, 1 + i that of TBU i.
  bool shared_memory_socket = true;
};

class Smmu : public sc_core::sc_module {
 public:
  /// Runs on `calendar`, or on its own. SMMUs and memories that talk to each other may share one, and then
  /// events at one instant have one order. Throws std::invalid_argument if the configuration has no hardware.
  explicit Smmu(sc_core::sc_module_name name, const SmmuConfig& config = SmmuConfig(),
                engine::Calendar* calendar = nullptr, std::vector<probe::Sink*> sinks = {});
  ~Smmu() override;

 private:
  const SmmuConfig config_;
  std::unique_ptr<engine::Calendar> own_calendar_;
  engine::Calendar& calendar_;
  const engine::Clock clock_;
  probe::Recorder recorder_;
  smmu::Smmu smmu_;

 public:
  tlm::tlm_target_socket<>& programming;
  tlm::tlm_initiator_socket<>& memory(std::size_t index = 0);
  DevicePort& device(std::size_t index) { return *devices_.at(index); }

  /// Wired interrupts: high for a cycle each.
  sc_core::sc_signal<bool> event_queue_irq{"event_queue_irq"};
  sc_core::sc_signal<bool> page_request_queue_irq{"page_request_queue_irq"};
  sc_core::sc_signal<bool> command_sync_irq{"command_sync_irq"};
  sc_core::sc_signal<bool> global_error_irq{"global_error_irq"};

  /// Back to the state after power-on, in no time, so that one instance serves many tests. False, and nothing
  /// changes, while anything is in flight or stalled: clear CR0.SMMUEN first, which terminates what is.
  bool reset();

  engine::Calendar& calendar() { return calendar_; }
  engine::Clock clock() const { return clock_; }
  /// The model behind the sockets, for counters and hooks.
  smmu::Smmu& model() { return smmu_; }

 private:
  void add_memory_crossbar();

  std::vector<std::unique_ptr<DevicePort>> devices_;
  std::unique_ptr<memory::Interconnect> crossbar_;
  std::vector<Pulse> pulses_;  ///< by smmu::Interrupt
};

}  // namespace svasim::embed
