// What a script drives: an embedded SMMU, a RAM, and initiators for its registers and its device ports.
// Everything happens between calls of sc_start made here: a call returns when what it waits for has happened,
// or when nothing is left to happen.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "models/arch/event.hpp"
#include "models/embed/smmu.hpp"
#include "models/memory/ram.hpp"

namespace svasim::script {

struct MachineConfig {
  embed::SmmuConfig smmu;
  memory::RamConfig ram;
  bool hold_invalidations = false;  ///< the script completes them; otherwise they complete on arrival
};

/// A device access or translation request: its payload with what belongs to it. It stays where it is until it
/// has been answered.
struct Access : tlm::tlm_generic_payload {
  Access() { set_extension(&attributes); }
  ~Access() override { clear_extension(&attributes); }

  embed::Attributes attributes;
  std::vector<std::uint8_t> data;
  bool done = false;
  engine::Picoseconds done_at = 0;
};

class Machine : public sc_core::sc_module {
 public:
  /// Throws std::invalid_argument if the configuration has no hardware.
  Machine(sc_core::sc_module_name name, const MachineConfig& config);
  ~Machine() override;

  embed::Smmu& smmu() { return smmu_; }
  memory::Store& memory() { return ram_.store(); }
  std::size_t ports() const { return devices_.size(); }

  engine::Picoseconds now() const { return sc_core::sc_time_stamp().value(); }
  void advance(engine::Picoseconds span);
  /// Until nothing is left to happen.
  void idle();
  /// The SMMU, and the RAM if asked for, as they were at first. False: something is in flight.
  bool reset(bool memory);
  bool is_idle() { return smmu_.calendar().empty(); }

  /// A register access of 4 or 8 bytes that takes its time. False: refused.
  bool access_register(bool write, std::uint32_t offset, std::uint64_t& value, unsigned bytes);
  /// A register of 4 bytes, in no time and without effect.
  std::uint32_t peek_register(std::uint32_t offset);

  /// Sends `access`, which says all but its response, on a port.
  void start(Access& access, std::size_t port);
  /// Until it is answered. False: it is not, and nothing is left to happen.
  bool wait(Access& access);

  void page_request(std::size_t port, const arch::PageRequest& request);
  void complete_invalidation(std::size_t port, std::uint16_t itag);

  // What has been heard since it was last taken, in order.
  struct Interrupt {
    const char* line;
    engine::Picoseconds at;
  };
  struct Message {
    std::size_t port;
    engine::Picoseconds at;
    std::variant<embed::Invalidation, embed::PageResponse> what;
  };
  std::vector<Interrupt> interrupts;
  std::vector<Message> messages;
  std::vector<arch::Event> events;  ///< as they are made, before they are in memory

 private:
  struct Initiator;
  struct Function;
  struct Listener;

  embed::Smmu smmu_;
  memory::Ram ram_;
  std::unique_ptr<Initiator> registers_;
  std::vector<std::unique_ptr<Initiator>> devices_;
  std::vector<std::unique_ptr<Function>> functions_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  bool register_done_ = false;
};

}  // namespace svasim::script
