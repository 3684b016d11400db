// What blocks count besides transactions: a registry read once, at the end of a run, and an occupancy to
// register in it. Contract: instrumentation only. Source rule: a name is declared where its block is; reports
// derive from the registry.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "models/probe/timeline.hpp"

namespace svasim::probe {

/// How many of something there are: waiting entries, busy slots, tokens in use.
class Occupancy {
 public:
  /// `now` must not go back; `n` more, or fewer, from `now` on. More leave than entered: that is taken as all
  /// of them.
  void enter(Picoseconds now, std::uint64_t n = 1) {
    advance(now);
    current_ += n;
    entered_ += n;
    peak_ = std::max(peak_, current_);
  }
  void leave(Picoseconds now, std::uint64_t n = 1) {
    advance(now);
    current_ -= std::min(n, current_);
  }

  std::uint64_t current() const { return current_; }
  std::uint64_t peak() const { return peak_; }
  std::uint64_t entered() const { return entered_; }
  /// Occupancy summed over time until the last change, in picoseconds. Divided by a span it is the mean
  /// occupancy in it; divided by entered(), the mean stay.
  Picoseconds area() const { return area_; }

 private:
  void advance(Picoseconds now) {
    area_ += current_ * (now - since_);
    since_ = now;
  }

  std::uint64_t current_ = 0;
  std::uint64_t peak_ = 0;
  std::uint64_t entered_ = 0;
  Picoseconds since_ = 0;
  Picoseconds area_ = 0;
};

/// The counters of all blocks, in order of registration. What is registered must live until read().
class Counters {
 public:
  struct Value {
    std::string block;
    std::string name;
    std::uint64_t value;
  };

  /// `name` is unique within `block`.
  void add(std::string block, std::string name, const std::uint64_t* counter) {
    add(std::move(block), std::move(name), [counter] { return *counter; });
  }
  void add(std::string block, std::string name, std::function<std::uint64_t()> read) {
    entries_.push_back({std::move(block), std::move(name), std::move(read)});
  }
  /// As `name`_peak, `name`_entered and `name`_ps (its area).
  void add(const std::string& block, const std::string& name, const Occupancy* occupancy) {
    add(block, name + "_peak", [occupancy] { return occupancy->peak(); });
    add(block, name + "_entered", [occupancy] { return occupancy->entered(); });
    add(block, name + "_ps", [occupancy] { return occupancy->area(); });
  }

  std::vector<Value> read() const {
    std::vector<Value> values;
    for (const Entry& entry : entries_) values.push_back({entry.block, entry.name, entry.read()});
    return values;
  }

 private:
  struct Entry {
    std::string block;
    std::string name;
    std::function<std::uint64_t()> read;
  };
  std::vector<Entry> entries_;
};

}  // namespace svasim::probe
