// Hands the records of a trace to the devices in order, reading a bounded distance ahead. Control records act
// when every earlier access has been issued. What it hands out at one instant is seen by a device strictly
// later, so the order of blocks at an instant does not matter.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "models/engine/calendar.hpp"
#include "models/engine/ring.hpp"
#include "models/pcie/device.hpp"
#include "models/trace/reader.hpp"

namespace svasim::platform {

/// What the feeder asks of the host's software. `done` may be called at any later time.
struct HostServices {
  std::function<void(std::uint32_t device, std::uint32_t process, std::function<void()> done)> bind;
  std::function<std::optional<std::uint32_t>(std::uint32_t process)> pasid;
  std::function<void(std::uint32_t process, std::uint64_t va, std::uint64_t bytes,
                     std::function<void()> done)>
      unmap;
};

class TraceFeeder {
 public:
  TraceFeeder(engine::Calendar& calendar, engine::Clock clock, unsigned devices, unsigned lookahead,
              trace::Reader& reader, HostServices host);
  ~TraceFeeder();

  pcie::AccessSource& source(unsigned device);
  /// Told when device `device` should ask again.
  std::function<void(unsigned device)> poke;
  /// Called once everything has been read, issued and unmapped.
  std::function<void()> on_exhausted;

  void start() { wake(); }
  bool exhausted() const { return exhausted_; }
  /// Why reading ended early (a bad trace), or null. What was read before is still simulated.
  std::exception_ptr error() const { return error_; }
  std::uint64_t records() const { return reader_.record_number(); }
  /// Accesses that no PASID could be bound for.
  std::uint64_t refused() const { return refused_; }

 private:
  struct Source;

  void wake();
  void refill(std::uint64_t);
  bool read();
  bool hand_out();
  bool hand_out_access();
  bool issued_everything() const;

  engine::Calendar& calendar_;
  engine::Clock clock_;
  engine::Inlet inlet_;
  unsigned lookahead_;
  trace::Reader& reader_;
  HostServices host_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> bound_;  ///< (device, process)
  trace::Record record_;
  bool holding_ = false;  ///< record_ waits for something
  bool at_end_ = false;
  bool binding_ = false;
  bool waking_ = false;
  bool exhausted_ = false;
  std::uint64_t unmapping_ = 0;
  std::uint64_t refused_ = 0;
  std::exception_ptr error_;
};

}  // namespace svasim::platform
