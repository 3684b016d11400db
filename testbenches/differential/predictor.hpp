// The reference beside the timed SMMU: given the same registers and commands, and the same memory, it says
// what must become of each access. Its hardware updates are kept apart from memory, where the timed SMMU
// makes them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "models/reference/svasim_reference.h"
#include "testbenches/differential/run.hpp"
#include "testbenches/differential/words.hpp"

namespace svasim::differential {

/// What the reference says of an access.
struct Expected {
  svasim_outcome outcome{};
  svasim_ats_completion completion{};
  svasim_event event{};
};

/// In words: whole, and as one of few kinds.
std::string say(const Access&, const Expected&);
std::string kind_of(const Access&, const Expected&);

class Predictor {
 public:
  /// With the features that the machine's ID registers tell. All outlive it.
  Predictor(Machine& machine, Statistics& statistics, Story story);
  Predictor(const Predictor&) = delete;

  const arch::Features& features() const { return features_; }
  void write(std::uint32_t offset, std::uint64_t value, unsigned bytes);
  /// It acts as the command says. False: the command is illegal.
  bool command(const arch::CommandWords& words);

  Expected expect(const Access& access);
  /// The words read for the last access, in a story.
  const std::string& reads() const { return reads_; }

  // Hardware updates since the last check.
  bool any_updates() const { return !updated_.empty(); }
  void forget_updates() { updated_.clear(); }
  /// The access last expected may not have had its turn: memory may show its updates, or not.
  void doubt_updates();
  /// Memory must now be what they made of it.
  void check_updates();

 private:
  static int read(void* predictor, std::uint64_t address, void* data, std::uint32_t bytes);
  static int swap(void* predictor, std::uint64_t address, std::uint64_t expected, std::uint64_t desired,
                  std::uint64_t* observed);

  Machine& machine_;
  std::unique_ptr<svasim_reference, void (*)(svasim_reference*)> reference_;
  arch::Features features_;
  std::map<std::uint64_t, std::uint64_t> updated_;  ///< descriptors that memory may still have as before
  std::map<std::uint64_t, std::uint64_t> before_;   ///< the same before the last access
  std::map<std::uint64_t, std::uint64_t> maybe_updated_;  ///< for accesses that may not have had their turn
  std::string reads_;
  Statistics& statistics_;
  Story story_;
};

}  // namespace svasim::differential
