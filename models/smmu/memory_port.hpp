// The TCU's way to memory: reads and writes of 4 to 64 bytes with a callback each, in the order they are
// asked for. Walks, configuration fetches, queue accesses and MSIs share it and contend for it.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "models/arch/types.hpp"
#include "models/engine/at_socket.hpp"

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

  tlm::tlm_initiator_socket<>& socket() { return initiator_.socket; }
  std::size_t outstanding() const { return pool_.leaked(); }
  std::size_t queue_peak() const { return initiator_.queue_peak(); }
  std::uint64_t accesses() const { return accesses_; }

 private:
  struct Waiter {
    void (*done)(void*, engine::Payload&, std::uint64_t) = nullptr;
    void* object = nullptr;
    std::uint64_t argument = 0;
  };

  template <auto Method, class Object>
  void start(engine::Payload& payload, Object* object, std::uint64_t argument) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(waiters_.size()));
      waiters_.emplace_back();
    }
    payload.user = free_.back();
    free_.pop_back();
    waiters_[payload.user] = {
        [](void* o, engine::Payload& p, std::uint64_t a) { (static_cast<Object*>(o)->*Method)(p, a); },
        object, argument};
    ++accesses_;
    initiator_.send(payload);
  }

  void complete(engine::Payload& payload) {
    const Waiter waiter = waiters_[payload.user];
    free_.push_back(static_cast<std::uint32_t>(payload.user));
    waiter.done(waiter.object, payload, waiter.argument);
    payload.release();
  }

  engine::AtInitiator initiator_;
  engine::PayloadPool pool_;
  std::vector<Waiter> waiters_;
  std::vector<std::uint32_t> free_;
  std::uint64_t accesses_ = 0;
};

}  // namespace svasim::smmu
