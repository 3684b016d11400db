// The driver: software at the registers and queues of the timed SMMU. What it writes and commands, the
// reference is told too.
#pragma once

#include <map>
#include <vector>

#include "models/arch/command.hpp"
#include "models/arch/event.hpp"
#include "testbenches/differential/predictor.hpp"
#include "testbenches/differential/software.hpp"
#include "testbenches/differential/world.hpp"

namespace svasim::differential {

class Driver {
 public:
  /// All outlive it.
  Driver(Machine& machine, Predictor& predictor, const World& world, Story story);

  void bring_up(Draw& setup);
  void smmu_on(bool on);
  /// GBPA, as far as this software writes it.
  void write_gbpa(std::uint64_t word);
  void write_cr2(Draw& draw);

  /// The commands and a CMD_SYNC, until they are consumed.
  void submit(const Commands& commands);
  /// CERROR_ILL stops the queue; software puts a CMD_SYNC in the command's place and goes on. A legal one is
  /// not sent.
  void submit_illegal(const arch::CommandWords& words);
  /// Reads the event queue, and gives its places back. STAGs are noted, and zero in what is returned.
  std::vector<arch::EventWords> take_events();

  // Stalls it was told of and has not answered yet.
  bool any_stalled() const { return !stalled_.empty(); }
  void resume_stalls(arch::ResumeAction action);
  /// CMD_STALL_TERM of each stalled stream: its STE must abort first, and comes back afterwards.
  void terminate_streams();

 private:
  void write(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4);
  void write_command(std::uint32_t number, const arch::CommandWords& words);
  void put(const arch::CommandWords& words);

  Machine& machine_;
  Predictor& predictor_;
  const World& world_;
  Story story_;
  std::uint32_t cr0_ = 0;
  std::uint32_t commands_made_ = 0, events_read_ = 0;
  std::map<std::uint16_t, arch::EventWords> stalled_;  ///< records, by STAG
};

}  // namespace svasim::differential
