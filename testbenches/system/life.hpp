// A random life: a trace in which everything collides (few processes on few pages, whose mappings come and
// go, fork, end, move and are bound and unbound while several devices of all kinds access them), and a
// machine for it. Contract: the same seed gives the same life; whatever it says, a run of it ends in order.
#pragma once

#include <random>

#include "testbenches/system/command.hpp"

namespace svasim::test {

struct Life {
  explicit Life(std::uint64_t seed);

  std::string trace;
  Words settings;

 private:
  void draw_machine();
  void draw_trace();
  std::string access();
  std::string control();
  std::string range();
  std::string when(bool may_wait);

  unsigned below(std::size_t n) { return static_cast<unsigned>(random_() % n); }
  bool one_in(unsigned n) { return below(n) == 0; }
  template <class T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }
  void set(const std::string& key, const std::string& value) { settings.push_back(key + '=' + value); }

  std::mt19937_64 random_;
  unsigned devices_ = 1, pages_ = 1, processes_ = 1, time_ns_ = 0;
  std::uint64_t base_ = 0;
};

}  // namespace svasim::test
