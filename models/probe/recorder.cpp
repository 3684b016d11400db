// Pools of transactions and faults, and the index of live faults. Contract: recorder.hpp. Source rule:
// nothing is allocated per transaction in steady state.
#include "models/probe/recorder.hpp"

#include <algorithm>
#include <deque>

namespace svasim::probe {
namespace {

/// Objects at stable addresses, used again in last-in, first-out order so that they are still in the cache.
template <class T>
class Pool {
 public:
  T& take() {
    if (free_.empty()) return all_.emplace_back();
    T& object = *free_.back();
    free_.pop_back();
    return object;
  }
  void give_back(T& object) { free_.push_back(&object); }
  const std::deque<T>& all() const { return all_; }

 private:
  std::deque<T> all_;
  std::vector<T*> free_;
};

class UnreadFaults;

/// A fault with its links in the index and in the list of unread records it is in.
struct LiveFault : Fault {
  LiveFault* older = nullptr;
  LiveFault* younger = nullptr;
  UnreadFaults* unread = nullptr;
  LiveFault* unread_before = nullptr;
  LiveFault* unread_after = nullptr;
};

/// Live faults whose records software has not come to.
class UnreadFaults {
 public:
  void append(LiveFault& fault) {
    fault.unread = this;
    fault.unread_before = last_;
    fault.unread_after = nullptr;
    (last_ ? last_->unread_after : first_) = &fault;
    last_ = &fault;
  }
  static void erase(LiveFault& fault) {
    UnreadFaults* list = fault.unread;
    if (!list) return;
    fault.unread = nullptr;
    (fault.unread_before ? fault.unread_before->unread_after : list->first_) = fault.unread_after;
    (fault.unread_after ? fault.unread_after->unread_before : list->last_) = fault.unread_before;
  }
  /// Calls `visit` for each, which may erase the one it is given.
  template <class Visitor>
  void for_each(Visitor&& visit) {
    for (LiveFault *fault = first_, *next; fault; fault = next) {
      next = fault->unread_after;
      visit(*fault);
    }
  }

 private:
  LiveFault* first_ = nullptr;
  LiveFault* last_ = nullptr;
};

/// Live faults by key: a hash table of intrusive lists, each in order of opening. Faults of one key share a
/// list; so may those of others. It allocates only to grow with the largest number of live faults.
class FaultIndex {
 public:
  void insert(LiveFault& fault) {
    if (++size_ > lists_.size()) grow();
    append(fault);
  }
  void erase(LiveFault& fault) {
    --size_;
    List& list = list_of(fault.key);
    (fault.older ? fault.older->younger : list.oldest) = fault.younger;
    (fault.younger ? fault.younger->older : list.youngest) = fault.older;
  }
  LiveFault* first(FaultKey key) const {
    return same_key(lists_[hash(key) & (lists_.size() - 1)].oldest, key);
  }
  /// The first fault of `key` in a list from `fault` on.
  static LiveFault* same_key(LiveFault* fault, FaultKey key) {
    while (fault && !(fault->key == key)) fault = fault->younger;
    return fault;
  }

 private:
  struct List {
    LiveFault* oldest = nullptr;
    LiveFault* youngest = nullptr;
  };

  static std::size_t hash(FaultKey key) {
    const std::uint64_t bits = std::uint64_t{key.stream} << 32 | key.token;
    return static_cast<std::size_t>(((bits << 1) + static_cast<unsigned>(key.kind)) * 0x9e3779b97f4a7c15u >>
                                    32);
  }
  List& list_of(FaultKey key) { return lists_[hash(key) & (lists_.size() - 1)]; }
  void append(LiveFault& fault) {
    List& list = list_of(fault.key);
    fault.older = list.youngest;
    fault.younger = nullptr;
    (list.youngest ? list.youngest->younger : list.oldest) = &fault;
    list.youngest = &fault;
  }
  /// Doubles the lists; the faults of one key keep their order, for they move from one list to one list.
  void grow() {
    std::vector<List> before(2 * lists_.size());
    before.swap(lists_);
    for (const List& list : before) {
      for (LiveFault *fault = list.oldest, *next; fault; fault = next) {
        next = fault->younger;
        append(*fault);
      }
    }
  }

  std::size_t size_ = 0;
  std::vector<List> lists_ = std::vector<List>(64);  ///< a power of two
};

}  // namespace

struct Recorder::Impl {
  std::vector<Sink*> sinks;
  Pool<Transaction> transactions;
  Pool<LiveFault> faults;
  FaultIndex index;
  std::array<UnreadFaults, kFaultKinds.size()> unhandled;  ///< up to Stage::interrupt
  std::array<UnreadFaults, kFaultKinds.size()> handled;    ///< in Stage::irq_thread
};

void Fault::enter(Stage stage, Picoseconds now) {
  take_in_waiters(now);
  timeline.enter(stage, now);
  for (Transaction* follower : followers) follower->timeline.enter(stage, now, {Cause::Kind::fault, id});
}

void Fault::attach(Transaction& transaction, Picoseconds now) {
  follow(transaction, now);
  for (Transaction* waiter : transaction.waiters) {  // their translation is the one that failed
    waiter->timeline.translation_failed(now);
    follow(*waiter, now);
  }
}

void Fault::follow(Transaction& transaction, Picoseconds now) {
  transaction.timeline.enter(timeline.stage(), now, {Cause::Kind::fault, id});
  transaction.fault = this;
  followers.push_back(&transaction);
}

void Fault::take_in_waiters(Picoseconds now) {
  for (std::size_t i = 0; i < followers.size(); ++i) {
    for (Transaction* waiter : followers[i]->waiters) {
      const Picoseconds merged_at = waiter->timeline.since();
      if (waiter->fault != nullptr || merged_at >= now) continue;
      waiter->timeline.translation_failed(merged_at);
      follow(*waiter, merged_at);
    }
  }
}

void Transaction::merge(Transaction& waiter, Picoseconds now) {
  waiters.push_back(&waiter);
  waiter.timeline.enter(Stage::hazard, now, {Cause::Kind::transaction, id});
}

void Transaction::rejoin_waiters(Picoseconds now) {
  for (Transaction* waiter : waiters)
    waiter->timeline.enter(Stage::hazard, now, {Cause::Kind::transaction, id});
}

Recorder::Recorder(std::vector<Sink*> sinks) : impl_(std::make_unique<Impl>()) {
  impl_->sinks = std::move(sinks);
}
Recorder::~Recorder() = default;

Transaction& Recorder::open(Picoseconds now, std::uint32_t device, std::uint32_t pasid, Operation operation,
                            std::uint64_t va, std::uint32_t size) {
  Transaction& transaction = impl_->transactions.take();
  transaction.id = ++opened_;
  transaction.number = 0;
  transaction.device = device;
  transaction.pasid = pasid;
  transaction.operation = operation;
  transaction.outcome = Outcome::ok;
  transaction.size = size;
  transaction.va = va;
  transaction.fault = nullptr;
  transaction.waiters.clear();
  transaction.timeline.begin(now, Stage::issue, {Cause::Kind::transaction, transaction.id});
  return transaction;
}

void Recorder::close(Transaction& transaction, Picoseconds now, Outcome outcome) {
  Timeline& timeline = transaction.timeline;
  if (transaction.fault) {
    lost_time({Cause::Kind::transaction, transaction.id}, timeline.stage(),
              "closed while a fault still serves it", now, timeline.since());
  }
  timeline.end(now);
  timeline.check();
  transaction.outcome = outcome;
  for (Sink* sink : impl_->sinks) sink->transaction(transaction);
  ++closed_;
  impl_->transactions.give_back(transaction);
}

Fault& Recorder::open_fault(Picoseconds now, Stage stage, FaultKey key, std::uint32_t device,
                            std::uint32_t pasid, std::uint64_t va) {
  LiveFault& fault = impl_->faults.take();
  fault.id = ++faults_opened_;
  fault.key = key;
  fault.device = device;
  fault.pasid = pasid;
  fault.va = va;
  fault.outcome = Outcome::ok;
  fault.timeline.begin(now, stage, {Cause::Kind::fault, fault.id});
  impl_->index.insert(fault);
  impl_->unhandled[static_cast<std::size_t>(key.kind)].append(fault);
  return fault;
}

void Recorder::close_fault(Fault& fault, Picoseconds now, Outcome outcome) {
  fault.take_in_waiters(now);
  fault.timeline.end(now);
  fault.timeline.check();
  fault.outcome = outcome;
  for (Sink* sink : impl_->sinks) sink->fault(fault);
  for (Transaction* follower : fault.followers) follower->fault = nullptr;
  fault.followers.clear();
  ++faults_closed_;
  LiveFault& live = static_cast<LiveFault&>(fault);
  impl_->index.erase(live);
  UnreadFaults::erase(live);
  impl_->faults.give_back(live);
}

void Recorder::advance(FaultKind kind, Stage to, Picoseconds now) {
  UnreadFaults& handled = impl_->handled[static_cast<std::size_t>(kind)];
  const auto leave = [&](LiveFault& fault, Stage from) {
    UnreadFaults::erase(fault);
    if (fault.timeline.stage() == from) fault.enter(to, now);
  };
  if (to == Stage::queue_drain) handled.for_each([&](LiveFault& fault) { leave(fault, Stage::irq_thread); });
  impl_->unhandled[static_cast<std::size_t>(kind)].for_each([&](LiveFault& fault) {
    if (fault.timeline.stage() < Stage::interrupt || fault.timeline.since() == now) return;
    leave(fault, Stage::interrupt);
    if (fault.timeline.stage() == Stage::irq_thread) handled.append(fault);
  });
}

std::size_t Recorder::pooled() const { return impl_->transactions.all().size(); }
const Transaction& Recorder::pooled(std::size_t index) const { return impl_->transactions.all()[index]; }

Fault* Recorder::first_fault(FaultKey key) const { return impl_->index.first(key); }

Fault* Recorder::next_fault(const Fault& fault) {
  return FaultIndex::same_key(static_cast<const LiveFault&>(fault).younger, fault.key);
}

Fault* Recorder::find(FaultKey key, std::uint64_t va) const {
  constexpr unsigned kPageShift = 12;
  Fault* fault = first_fault(key);
  while (fault && fault->va >> kPageShift != va >> kPageShift) fault = next_fault(*fault);
  return fault;
}

std::vector<const Transaction*> Recorder::oldest(std::size_t count) const {
  std::vector<const Transaction*> live;
  for_each_live([&](const Transaction& transaction) { live.push_back(&transaction); });
  count = std::min(count, live.size());
  std::partial_sort(live.begin(), live.begin() + static_cast<std::ptrdiff_t>(count), live.end(),
                    [](const Transaction* a, const Transaction* b) { return a->id < b->id; });
  live.resize(count);
  return live;
}

}  // namespace svasim::probe
