// Who keeps the transactions and faults of a run while they live, and what becomes of them when they end.
// Transactions and faults are pooled: none is allocated per access in steady state. Instrumentation only: no
// model may decide anything by what it reads here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "models/probe/timeline.hpp"

namespace svasim::probe {

enum class Operation : std::uint8_t { read = 0, write = 1, fetch = 2 };  ///< fetch: of instructions
enum class Outcome : std::uint8_t {
  ok = 0,
  aborted = 1,
  zeroed = 2,  ///< RAZ/WI
  failed = 3,  ///< in the device
};

inline constexpr std::array<std::string_view, 3> kOperations = {"read", "write", "fetch"};
inline constexpr std::array<std::string_view, 4> kOutcomes = {"ok", "aborted", "zeroed", "failed"};
constexpr std::string_view name(Operation operation) {
  return kOperations[static_cast<std::size_t>(operation)];
}
constexpr std::string_view name(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

struct Fault;

/// One device access inside one page, from issue to completion.
struct Transaction {
  std::uint64_t id = 0;      ///< from 1, in order of issue
  std::uint64_t number = 0;  ///< what its source knows it by, for whoever opened it; 0: nothing
  std::uint32_t device = 0;
  std::uint32_t pasid = 0;
  Operation operation = Operation::read;
  Outcome outcome = Outcome::ok;
  std::uint32_t size = 0;  ///< bytes, 1 to 4096
  std::uint64_t va = 0;
  Timeline timeline;
  Fault* fault = nullptr;  ///< the fault that is serving it now
  std::vector<Transaction*>
      waiters;  ///< merged behind this one's translation; a fault that takes it takes them

  /// `waiter` waits for the translation this one has asked for: in `hazard`, or, if a fault serves this one,
  /// with it from `now` on. (The fault takes it in when it next changes its stage; so it does not matter
  /// whether a fault that begins or ends at this very instant did so before or after the merge.)
  void merge(Transaction& waiter, Picoseconds now);
  /// The fault is over and this one asks again: its waiters are back in `hazard`.
  void rejoin_waiters(Picoseconds now);
};

enum class FaultKind : std::uint8_t { pri = 0, stall = 1, device = 2 };
inline constexpr std::array<std::string_view, 3> kFaultKinds = {"pri", "stall", "device"};
constexpr std::string_view name(FaultKind kind) { return kFaultKinds[static_cast<std::size_t>(kind)]; }

/// How software sees the fault it is serving: the stream and the token the hardware gave it (PRG index or
/// STAG).
struct FaultKey {
  FaultKind kind;
  std::uint32_t stream;
  std::uint32_t token;
};
constexpr bool operator==(FaultKey a, FaultKey b) {
  return a.kind == b.kind && a.stream == b.stream && a.token == b.token;
}

/// One page's fault record, from the failed translation to the response. Its followers mirror its stages, and
/// keep the fault until it is closed.
struct Fault {
  std::uint64_t id = 0;
  FaultKey key{};
  std::uint32_t device = 0;
  std::uint32_t pasid = 0;
  std::uint64_t va = 0;
  Outcome outcome = Outcome::ok;
  Timeline timeline;
  std::vector<Transaction*> followers;

  /// Enters `stage`, and so does every follower, with this fault as the cause.
  void enter(Stage stage, Picoseconds now);
  /// `transaction`, and who waits behind it, wait for this fault from `now` on, in the fault's current stage.
  void attach(Transaction& transaction, Picoseconds now);
  /// Takes in those who merged behind a follower before `now`, from when they did.
  void take_in_waiters(Picoseconds now);

 private:
  void follow(Transaction& transaction, Picoseconds now);
};

/// What receives closed transactions and faults (the run database, histograms, a test).
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void transaction(const Transaction&) = 0;
  virtual void fault(const Fault&) = 0;
};

class Recorder {
 public:
  /// `sinks` must outlive the recorder; each gets every closed transaction and fault, in order of closing.
  explicit Recorder(std::vector<Sink*> sinks = {});
  ~Recorder();

  /// A new transaction in Stage::issue. Ids count from 1 in order of opening.
  Transaction& open(Picoseconds now, std::uint32_t device, std::uint32_t pasid, Operation operation,
                    std::uint64_t va, std::uint32_t size);
  /// Ends it, checks that no time was lost, hands it to the sinks and recycles it. It must have no fault.
  void close(Transaction& transaction, Picoseconds now, Outcome outcome);

  /// A new fault in `stage`. Several live faults may share a key (pages of one page-request group).
  Fault& open_fault(Picoseconds now, Stage stage, FaultKey key, std::uint32_t device, std::uint32_t pasid,
                    std::uint64_t va);
  /// Ends it, checks and hands it to the sinks with its followers; they stay in their stage and are detached.
  void close_fault(Fault& fault, Picoseconds now, Outcome outcome);

  /// Calls `visit(Fault&)` for the live faults of `key`, oldest first. `visit` may close the fault it is
  /// given, and no other; it may open faults, of which those of `key` may be missed.
  template <class Visitor>
  void for_each_fault(FaultKey key, Visitor&& visit) {
    for (Fault *fault = first_fault(key), *next; fault; fault = next) {
      next = next_fault(*fault);
      visit(*fault);
    }
  }
  /// The oldest live fault of `key` on the 4 KiB page of `va`; null if there is none.
  Fault* find(FaultKey key, std::uint64_t va) const;
  /// Enters `stage` for all live faults of `key`.
  void enter(FaultKey key, Stage stage, Picoseconds now) {
    for_each_fault(key, [&](Fault& fault) { fault.enter(stage, now); });
  }

  /// Software comes to all records of a queue that were visible before `now`, without knowing which they are:
  /// all live faults of `kind` between Stage::interrupt and `to` enter `to`, which is irq_thread or
  /// queue_drain. A fault is known here until it first got that far. Amortised constant time per fault.
  void advance(FaultKind kind, Stage to, Picoseconds now);

  std::uint64_t opened() const { return opened_; }
  std::uint64_t closed() const { return closed_; }
  std::uint64_t faults_opened() const { return faults_opened_; }
  std::uint64_t faults_closed() const { return faults_closed_; }
  std::uint64_t live() const { return opened_ - closed_; }
  std::uint64_t faults_live() const { return faults_opened_ - faults_closed_; }
  /// Calls `visit(const Transaction&)` for the live transactions, in no order. It looks at all that ever
  /// lived at once.
  template <class Visitor>
  void for_each_live(Visitor&& visit) const {
    for (std::size_t i = 0; i < pooled(); ++i) {
      if (const Transaction& transaction = pooled(i); transaction.timeline.open()) visit(transaction);
    }
  }
  /// The oldest live transactions, at most `count`, for the watchdog's report.
  std::vector<const Transaction*> oldest(std::size_t count) const;

 private:
  std::size_t pooled() const;
  const Transaction& pooled(std::size_t index) const;
  Fault* first_fault(FaultKey key) const;
  /// The next younger live fault with the key of `fault`.
  static Fault* next_fault(const Fault& fault);

  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::uint64_t opened_ = 0, closed_ = 0, faults_opened_ = 0, faults_closed_ = 0;
};

}  // namespace svasim::probe
