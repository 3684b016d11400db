// Hands the records of a trace to the devices in order, reading a bounded distance ahead. Control records act
// when every earlier access has been issued. What happens between it, the devices and the host at one instant
// is seen by the other side strictly later, so the order of blocks at an instant does not matter.
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
  /// A bind or an unmap is not done.
  bool waits_for_host() const { return binding_ || unmapping_ > 0; }
  /// Why reading ended early (a bad trace), or null. What was read before is still simulated.
  std::exception_ptr error() const { return error_; }
  std::uint64_t records() const { return reader_.record_number(); }
  /// Accesses that no PASID could be bound for.
  std::uint64_t refused() const { return refused_; }

 private:
  struct Source;

  enum InletNumber : std::uint8_t { kHostNews, kRefill };

  void wake();
  /// The host calls back at its own instants: the news takes effect at the next edge.
  template <auto Method>
  void tell() {
    calendar_.post<Method>(clock_.after(calendar_.now()), {block_, kHostNews}, this);
  }
  void bound(std::uint64_t);
  void unmapped(std::uint64_t);
  void refill(std::uint64_t = 0);
  bool read();
  bool hand_out();
  bool hand_out_access();
  bool issued_everything() const;

  engine::Calendar& calendar_;
  engine::Clock clock_;
  std::uint16_t block_;
  unsigned lookahead_;
  trace::Reader& reader_;
  HostServices host_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> bound_;  ///< (device, process)
  trace::Record record_;
  bool holding_ = false;  ///< record_ waits for something
  bool at_end_ = false;
  bool binding_ = false;
  engine::Picoseconds woken_ = 0;  ///< when the last refill asked for is
  bool exhausted_ = false;
  std::uint64_t unmapping_ = 0;
  std::uint64_t refused_ = 0;
  std::exception_ptr error_;
};

}  // namespace svasim::platform
