// A case in words: the difference that ends it, its story, and how accesses and records are told.
#pragma once

#include <ostream>
#include <string>

#include "testbenches/differential/machine.hpp"

namespace svasim::differential {

/// The timed SMMU did something else than the reference says: ends the case.
struct Difference {
  std::string text;
};
[[noreturn]] void differ(const std::string& text);

/// Gets what was done and what came of it, if somebody listens.
class Story {
 public:
  explicit Story(std::ostream* out) : out_(out) {}
  bool heard() const { return out_ != nullptr; }
  void tell(const std::string& text) const {
    if (heard()) *out_ << text << '\n';
  }

 private:
  std::ostream* out_;
};

std::string hex(std::uint64_t value);
/// An event record: its name and four words.
std::string words_of(const std::uint64_t* words);

/// What a device asked.
std::string describe(const Access&);
/// What the timed SMMU did with it.
std::string say(const Access&);

}  // namespace svasim::differential
