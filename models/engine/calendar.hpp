// The calendar: all timed work of a simulation, in one total order (time, inlet, sequence). It owns the only
// timed sc_event on the data path, so results cannot depend on the kernel's process order.
//
// An inlet is one way work reaches a block: a port, a timer. Inlets of one block are ordered by number (that
// is the block's documented arbitration of simultaneous arrivals); blocks are ordered by an index that must
// not matter, because what a block sends is visible to another at its next clock edge at the earliest.
// shuffle() permutes that index to prove it.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <queue>
#include <systemc>
#include <utility>
#include <vector>

#include "models/engine/clock.hpp"

namespace svasim::engine {

/// Where work arrives: a block and one of its inlets (0 to 255).
struct Inlet {
  std::uint16_t block = 0;
  std::uint8_t number = 0;
};

class Calendar : public sc_core::sc_module {
 public:
  using Handler = void (*)(void* object, std::uint64_t argument);

  SC_HAS_PROCESS(Calendar);
  explicit Calendar(sc_core::sc_module_name name);

  /// A new block; its inlets are {block, 0..255}.
  std::uint16_t add_block() { return next_block_++; }

  /// Calls `handler(object, argument)` at `when` (now or later). At equal times inlets decide, then order of
  /// posting.
  void post(Picoseconds when, Inlet inlet, Handler handler, void* object, std::uint64_t argument = 0);

  /// Calls `(object->*Method)(argument)` at `when`.
  template <auto Method, class Object>
  void post(Picoseconds when, Inlet inlet, Object* object, std::uint64_t argument = 0) {
    post(
        when, inlet, [](void* o, std::uint64_t a) { (static_cast<Object*>(o)->*Method)(a); }, object,
        argument);
  }

  Picoseconds now() const { return running_ ? now_ : sc_core::sc_time_stamp().value(); }
  std::uint64_t events() const { return events_; }  ///< handled so far
  bool empty() const { return size_ == 0; }

  /// Reorders blocks (not the inlets of a block) at equal times. For the test that results do not depend on
  /// it.
  void shuffle(std::uint32_t seed) { shuffle_ = seed; }

  /// Calls `(object->*Method)(since)` before an instant later than `from` acts: what it sees has stood since
  /// the instant `since`. For instrumentation, which must change nothing; one observer at a time, kNever:
  /// none.
  template <auto Method, class Object>
  void observe(Picoseconds from, Object* object) {
    observed_from_ = from;
    observer_ = object;
    observe_ = [](void* o, Picoseconds since) { (static_cast<Object*>(o)->*Method)(since); };
  }
  static constexpr Picoseconds kNever = ~Picoseconds{0};

  /// Pauses the simulation after the event being handled; sc_start returns and may be called again.
  void stop() { stopping_ = true; }
  /// An exception out of a handler stops the simulation too; after sc_start this throws it.
  void rethrow() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }
  /// For a main that does not know of calendars: such an exception goes to the kernel instead, which throws
  /// it out of sc_start.
  void throw_into_kernel() { throw_into_kernel_ = true; }

 private:
  struct Entry {
    Picoseconds when;
    std::uint64_t order;  ///< block, inlet number, sequence
    Handler handler;
    void* object;
    std::uint64_t argument;
    bool operator>(const Entry& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };

  /// An entry in a bucket's list. Nodes are used again at once, so the memory in use stays small and in
  /// cache.
  struct Node {
    Entry entry;
    std::uint32_t next;
  };

  // A ring of buckets of 2^kBucketShift ps covers the near future; what lies beyond waits in a heap. The
  // bucket that the present lies in is kept sorted, last first.
  static constexpr unsigned kBucketShift = 9;
  static constexpr std::size_t kBuckets = 4096;
  static constexpr std::uint32_t kNoNode = ~std::uint32_t{0};

  void run();
  template <class Call>
  void guarded(Call&& call);
  void insert_current(const Entry& entry);
  void insert_near(std::uint64_t bucket, const Entry& entry);
  bool advance();  ///< makes the earliest non-empty bucket current; false if there is none
  void load(std::uint64_t bucket);
  std::uint64_t next_occupied(std::uint64_t from) const;

  std::vector<Node> nodes_;
  std::uint32_t free_node_ = kNoNode;
  std::array<std::uint32_t, kBuckets> buckets_;  ///< the node posted last
  std::array<std::uint64_t, kBuckets / 64> occupied_{};
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> far_;
  std::vector<Entry> current_;  ///< of bucket current_bucket_, sorted, earliest at the back
  std::uint64_t current_bucket_ = 0;
  std::size_t size_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t events_ = 0;
  std::uint32_t shuffle_ = 0;
  std::uint16_t next_block_ = 0;
  Picoseconds now_ = 0;
  Picoseconds armed_ = kNever;
  Picoseconds observed_from_ = kNever;
  void* observer_ = nullptr;
  void (*observe_)(void*, Picoseconds since) = nullptr;
  bool running_ = false;
  bool stopping_ = false;
  bool throw_into_kernel_ = false;
  std::exception_ptr failure_;
  sc_core::sc_event wake_;
};

}  // namespace svasim::engine
