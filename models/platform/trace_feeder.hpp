// Hands the records of a trace to the devices and to the host, in order, reading a bounded distance ahead.
// What happens between it, the devices and the host at one instant is seen by the other side strictly later,
// so the order of blocks at an instant does not matter. Source rule: when records act is said in
// models/trace/README.md, "When records act".
#pragma once

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/host/status.hpp"
#include "models/platform/answered.hpp"
#include "models/platform/device_feed.hpp"
#include "models/trace/reader.hpp"

namespace svasim::platform {

/// What the feeder asks of the host's software.
struct TraceServices {
  /// Carries out a control record. `reply` may be called at any later time.
  std::function<void(const trace::Record&, std::function<void(host::Status)> reply)> call;
  std::function<std::optional<std::uint32_t>(std::uint32_t process)> pasid;
};

class TraceFeeder {
 public:
  TraceFeeder(engine::Calendar& calendar, engine::Clock clock, unsigned devices, unsigned lookahead,
              trace::Reader& reader, TraceServices services);
  ~TraceFeeder();

  pcie::AccessSource& source(unsigned device) { return *feeds_[device]; }
  /// Told when device `device` should ask again.
  std::function<void(unsigned device)> poke;
  /// Called once everything has been read, issued and carried out.
  std::function<void()> on_exhausted;
  /// Told of the first refusal of each sort, as "record 17, 'exit pasid=3': ESRCH".
  std::function<void(const std::string&)> on_refused;

  void start() { wake(); }
  /// The access handed out as number `number`, from 1 in order of the trace, has been answered.
  void answered(std::uint64_t number);
  bool exhausted() const { return exhausted_; }
  /// A call of the host is not done.
  bool waits_for_host() const { return calls_ > 0; }
  /// Why reading ended early (a bad trace), or null. What was read before is still simulated.
  std::exception_ptr error() const { return error_; }
  std::uint64_t records() const { return reader_.record_number(); }
  /// Accesses that had no PASID to be issued with.
  std::uint64_t refused() const { return refused_; }
  std::uint64_t calls() const { return called_; }  ///< control records carried out, and first binds
  std::uint64_t refused_calls() const { return refused_calls_; }
  /// Calls by kind and error number.
  using Refusals = std::map<std::pair<trace::Kind, std::string_view>, std::uint64_t>;
  const Refusals& refusals() const { return refusals_; }

 private:
  using Bond = std::pair<std::uint32_t, std::uint32_t>;  ///< (device, process)
  enum InletNumber : std::uint8_t { kHostNews, kRefill, kTimed };

  struct Call {
    trace::Record record;
    std::uint64_t number = 0;    ///< of the record
    std::uint64_t answered = 0;  ///< all accesses up to this one must have been answered
    bool awaited = false;        ///< the records behind it wait until it has returned
    host::Status status = host::Status::ok;
  };

  void wake();
  void refill(std::uint64_t = 0);
  bool read();
  bool hand_out();
  bool hand_out_access();
  bool hand_out_control();
  bool issued_everything() const;
  void call_ready();
  void call_timed(std::uint64_t);
  void call(Call call);
  void returned(std::uint64_t);
  void learn(const Call& call);
  void tell_refused(const Call& call, const char* why);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  std::uint16_t block_;
  unsigned lookahead_;
  trace::Reader& reader_;
  TraceServices services_;
  std::vector<std::unique_ptr<DeviceFeed>> feeds_;

  trace::Record record_;
  bool holding_ = false;  ///< record_ waits for something
  bool at_end_ = false;
  bool awaiting_ = false;  ///< a call that the records behind it wait for
  bool exhausted_ = false;
  engine::Picoseconds woken_ = 0;  ///< when the last refill asked for is
  std::exception_ptr error_;

  std::uint64_t handed_out_ = 0;  ///< accesses; of one that crosses pages each piece
  Answered answered_;
  engine::Ring<Call> waiting_;                      ///< untimed calls, in order of the trace
  std::multimap<engine::Picoseconds, Call> timed_;  ///< by when they are due
  engine::Ring<Call> returned_;                     ///< the host's replies, in order
  unsigned calls_ = 0;                              ///< not returned yet
  /// The PASID a device was told to use for a process when it was bound first; none: binding was refused.
  std::map<Bond, std::optional<std::uint32_t>> bonds_;
  std::set<std::uint32_t> exited_;
  std::uint64_t called_ = 0, refused_ = 0, refused_calls_ = 0;
  Refusals refusals_;
};

}  // namespace svasim::platform
