// The TCU's way to memory: reads and writes of 4 to 64 bytes and compare-and-swaps of 8, with a callback
// each, in the order they are asked for. Walks, configuration fetches, queue accesses and MSIs share it and
// contend for it.
//
// A compare-and-swap is performed by the memory (engine::Swap), atomically for everybody. A foreign memory
// that only reads is found out by its first answer; from then on the port itself does a read and, if equal, a
// write, one swap at a time: atomic among the updates of this SMMU, not against other initiators.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "models/arch/types.hpp"
#include "models/engine/at_socket.hpp"
#include "models/engine/ring.hpp"

namespace svasim::smmu {

class MemoryPort {
 public:
  MemoryPort(const char* name, engine::Calendar& calendar, engine::Clock clock, engine::Inlet inlet,
             unsigned width)
      : initiator_(name, calendar, clock, inlet, width) {
    initiator_.bind_response<&MemoryPort::complete>(this);
  }

  /// Calls `(object->*Method)(payload, argument)` when the response is here; payload.ok() tells success.
  template <auto Method, class Object>
  void read(arch::Pa address, unsigned bytes, Object* object, std::uint64_t argument = 0) {
    start<Method>(pool_.make(tlm::TLM_READ_COMMAND, address.value, bytes), object, argument);
  }
  template <auto Method, class Object>
  void write(arch::Pa address, const void* data, unsigned bytes, Object* object, std::uint64_t argument = 0) {
    engine::Payload& payload = pool_.make(tlm::TLM_WRITE_COMMAND, address.value, bytes);
    std::memcpy(payload.data(), data, bytes);
    start<Method>(payload, object, argument);
  }

  /// Of 8 aligned bytes. In the response payload.data() is what was found there.
  template <auto Method, class Object>
  void compare_and_swap(arch::Pa address, std::uint64_t expected, std::uint64_t desired, Object* object,
                        std::uint64_t argument = 0) {
    engine::Payload& payload = pool_.make(tlm::TLM_READ_COMMAND, address.value, sizeof desired);
    payload.attributes.swap = {memory_swaps_, false, expected, desired};
    payload.user = wait<Method>(object, argument);
    ++swaps_;
    memory_swaps_ ? send(payload) : lock(payload);
  }

  tlm::tlm_initiator_socket<>& socket() { return initiator_.socket; }
  std::size_t outstanding() const { return pool_.leaked(); }
  std::size_t queued() const { return initiator_.queued(); }
  std::size_t queue_peak() const { return initiator_.queue_peak(); }
  std::uint64_t accesses() const { return accesses_; }
  std::uint64_t swaps() const { return swaps_; }

 private:
  struct Waiter {
    void (*done)(void*, engine::Payload&, std::uint64_t) = nullptr;
    void* object = nullptr;
    std::uint64_t argument = 0;
  };

  template <auto Method, class Object>
  void start(engine::Payload& payload, Object* object, std::uint64_t argument) {
    payload.user = wait<Method>(object, argument);
    send(payload);
  }

  /// Who waits for a response: the number that comes back with it.
  template <auto Method, class Object>
  std::uint64_t wait(Object* object, std::uint64_t argument) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(waiters_.size()));
      waiters_.emplace_back();
    }
    const std::uint32_t number = free_.back();
    free_.pop_back();
    waiters_[number] = {
        [](void* o, engine::Payload& p, std::uint64_t a) { (static_cast<Object*>(o)->*Method)(p, a); },
        object, argument};
    return number;
  }

  void send(engine::Payload& payload) {
    ++accesses_;
    initiator_.send(payload);
  }

  /// A swap the memory cannot do: one at a time.
  void lock(engine::Payload& payload) {
    payload.attributes.swap.asked = false;
    locked_.push_back(&payload);
    if (locked_.size() == 1) send(payload);
  }
  /// The read or the write of the swap at the front ended. True: it needs its write yet.
  bool continue_locked(engine::Payload& payload) {
    engine::Swap& swap = payload.attributes.swap;
    if (payload.is_read() && payload.ok() && swap.perform(payload.data())) {
      payload.set_command(tlm::TLM_WRITE_COMMAND);
      payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
      std::memcpy(payload.data(), &swap.desired, sizeof swap.desired);
      send(payload);
      return true;
    }
    if (payload.is_write()) std::memcpy(payload.data(), &swap.expected, sizeof swap.expected);
    locked_.pop_front();
    if (!locked_.empty()) send(*locked_.front());
    return false;
  }

  void complete(engine::Payload& payload) {
    const engine::Swap& swap = payload.attributes.swap;
    if (swap.asked && payload.ok() && !swap.performed) {
      memory_swaps_ = false;
      lock(payload);
      return;
    }
    if (!locked_.empty() && locked_.front() == &payload && continue_locked(payload)) return;
    const Waiter waiter = waiters_[payload.user];
    free_.push_back(static_cast<std::uint32_t>(payload.user));
    waiter.done(waiter.object, payload, waiter.argument);
    payload.release();
  }

  engine::AtInitiator initiator_;
  engine::PayloadPool pool_;
  std::vector<Waiter> waiters_;
  std::vector<std::uint32_t> free_;
  engine::Ring<engine::Payload*> locked_;  ///< swaps done by read and write; the front one is under way
  bool memory_swaps_ = true;               ///< as far as is known
  std::uint64_t accesses_ = 0, swaps_ = 0;
};

}  // namespace svasim::smmu
