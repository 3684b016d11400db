// What every device shares: where its accesses come from, and the issuer that turns them into transactions.
//
// Contract: accesses are issued in order, one every `interval` cycles, at most `window` outstanding. A timed
// access is opened at its time, so what it waits for a place in the window or its turn is in Stage::issue; an
// untimed one is opened when it gets its place, because a device that is told no times asks for the next
// access only then. Source rule: closed-loop devices and open-loop traces (coordinated omission).
#pragma once

#include <cstdint>

#include "models/arch/types.hpp"
#include "models/engine/calendar.hpp"
#include "models/probe/counters.hpp"
#include "models/probe/recorder.hpp"

namespace svasim::pcie {

/// One access of a device, as its trace tells it.
struct DeviceAccess {
  std::uint32_t pasid = 0;
  bool write = false;
  std::uint64_t va = 0;
  std::uint32_t size = 0;  ///< bytes, 1 to 4096, inside a 4 KiB page; what is not is cut to it
  bool has_time = false;
  std::uint64_t time_ps = 0;  ///< issued no earlier
  bool execute = false;       ///< a read that fetches instructions
  bool privileged = false;
  std::uint64_t number = 0;  ///< what the source knows it by: the transaction's `number`
};

/// Where a device's accesses come from.
class AccessSource {
 public:
  virtual ~AccessSource() = default;
  /// The next access. False: nothing now; the device asks again after its poke().
  virtual bool next(DeviceAccess& access) = 0;
};

/// Who a device is: its number in the reports, and its StreamID (for PCIe with the Requester ID in it).
struct DeviceIdentity {
  std::uint32_t index = 0;
  arch::StreamId stream{};
};

struct IssueConfig {
  unsigned window = 256;  ///< outstanding accesses; 0: as many as there are 16-bit tags
  unsigned interval = 1;  ///< cycles from one issue to the next

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("window", window, "count", 0, 65536, "outstanding accesses; 0: as many as there are tags, 65536");
    v.field("issue_interval", interval, "cycles", 1, 1u << 20, "from one issue to the next");
  }
};

class Issuer {
 public:
  Issuer(engine::Calendar& calendar, engine::Clock clock, engine::Inlet inlet, probe::Recorder& recorder,
         DeviceIdentity device, const IssueConfig& config, AccessSource& source);

  /// Who carries out accesses: `(object->*Method)(const DeviceAccess&, probe::Transaction&)`, in
  /// Stage::issue.
  template <auto Method, class Object>
  void bind(Object* object) {
    object_ = object;
    issue_ = [](void* o, const DeviceAccess& a, probe::Transaction& t) {
      (static_cast<Object*>(o)->*Method)(a, t);
    };
  }

  /// The source may have something: it is asked at the next edge. From any block; once to start.
  void poke();
  /// An access left the window.
  void complete();
  /// The source has nothing now and the window is empty.
  bool drained() const { return dry_ && window_.current() == 0; }

  const probe::Occupancy& window() const { return window_; }

 private:
  static constexpr unsigned kTags = 1u << 16;

  void poked(std::uint64_t);
  void step(std::uint64_t = 0);
  void wake_at(engine::Picoseconds when);
  void issue();

  engine::Calendar& calendar_;
  engine::Clock clock_;
  engine::Inlet inlet_;
  probe::Recorder& recorder_;
  DeviceIdentity device_;
  unsigned places_;
  unsigned interval_;
  AccessSource& source_;
  void* object_ = nullptr;
  void (*issue_)(void*, const DeviceAccess&, probe::Transaction&) = nullptr;

  DeviceAccess held_access_;  ///< the next access; it has a place
  bool held_ = false;
  bool dry_ = false;                   ///< the source had nothing and no poke came since
  bool waking_ = false;                ///< a step is posted
  engine::Picoseconds requested_ = 0;  ///< when the held access wanted to be issued
  engine::Picoseconds slot_free_ = 0;  ///< the next issue slot
  probe::Occupancy window_;
};

}  // namespace svasim::pcie
