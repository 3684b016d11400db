// A point-to-point channel for messages that are not memory traffic (DTI, PCIe): serialisation at a rate,
// time of flight, and credits that the receiver gives back. Messages arrive in the order they were sent.
// A sender that must know when a message left it (a posted write leaves its buffer) asks for a receipt.
#pragma once

#include <algorithm>
#include <cstdint>

#include "models/engine/calendar.hpp"
#include "models/engine/peak.hpp"
#include "models/engine/ring.hpp"

namespace svasim::engine {

struct LinkTiming {
  Picoseconds per_byte = 0;       ///< serialisation; 0: each message takes one period of the sender's clock
  Picoseconds flight = 0;         ///< after the last byte left
  unsigned credits = 0;           ///< messages in flight or unconsumed at the receiver; 0: unlimited
  unsigned per_byte_1024ths = 0;  ///< to be added to per_byte, in 1/1024 ps; a message rounds up to whole ps

  /// Time on the wire; 0 if the rate is not given.
  constexpr Picoseconds wire(unsigned bytes) const {
    return (bytes * (per_byte * 1024 + per_byte_1024ths) + 1023) / 1024;
  }
};

template <class Message>
class Link {
 public:
  static constexpr std::uint64_t kNoReceipt = ~std::uint64_t{0};

  Link(Calendar& calendar, Clock sender, Clock receiver, LinkTiming timing)
      : calendar_(calendar),
        sender_(sender),
        receiver_(receiver),
        timing_(timing),
        credits_(timing.credits) {}

  /// Who is told of arrivals: `(object->*Method)(Message&)`, at an edge of the receiver's clock. Its inlet
  /// orders them.
  template <auto Method, class Object>
  void bind(Inlet inlet, Object* object) {
    inlet_ = inlet;
    object_ = object;
    receive_ = [](void* o, Message& m) { (static_cast<Object*>(o)->*Method)(m); };
  }

  /// Who gets receipts: `(object->*Method)(receipt)`, at the first edge of the sender's clock after the first
  /// byte got onto the wire.
  template <auto Method, class Object>
  void bind_departure(Inlet inlet, Object* object) {
    sender_inlet_ = inlet;
    sender_object_ = object;
    departed_ = [](void* o, std::uint64_t receipt) { (static_cast<Object*>(o)->*Method)(receipt); };
  }

  /// Sends now if a credit is there, else as soon as one is. `bytes` is the message's size on the wire.
  void send(const Message& message, unsigned bytes, std::uint64_t receipt = kNoReceipt) {
    peak_.changes(calendar_.now(), waiting_.size());
    waiting_.push_back({message, bytes, receipt});
    pump(calendar_.now());
  }

  /// The same for messages that know their size: wire_bytes(message).
  void send(const Message& message) { send(message, wire_bytes(message)); }

  /// By the receiver, once per message: its buffer is free again. The credit flies back as the message came.
  void consumed() {
    if (timing_.credits == 0) return;
    calendar_.post<&Link::credit>(sender_.after(calendar_.now() + timing_.flight), inlet_, this);
  }

  std::size_t waiting() const { return waiting_.size(); }  ///< for a credit
  std::size_t in_flight() const { return in_flight_.size(); }
  unsigned credits() const { return credits_; }  ///< free; 0 if they are unlimited
  /// Most messages ever waiting for a credit.
  std::size_t queue_peak() const { return peak_.peak(waiting_.size()); }
  std::uint64_t messages() const { return messages_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Waiting {
    Message message;
    unsigned bytes;
    std::uint64_t receipt;
  };

  void credit(std::uint64_t) {
    ++credits_;
    peak_.changes(calendar_.now(), waiting_.size());
    pump(calendar_.now());
  }

  void pump(Picoseconds now) {
    while (!waiting_.empty() && (timing_.credits == 0 || credits_ > 0)) {
      const Waiting& next = waiting_.front();
      if (timing_.credits != 0) --credits_;
      const Picoseconds wire = timing_.wire(next.bytes);
      const Picoseconds start = std::max(busy_until_, now);
      if (next.receipt != kNoReceipt) {
        calendar_.post(sender_.after(start), sender_inlet_, departed_, sender_object_, next.receipt);
      }
      busy_until_ = start + (wire != 0 ? wire : sender_.period());
      ++messages_;
      bytes_ += next.bytes;
      in_flight_.push_back(next.message);
      calendar_.post<&Link::arrive>(receiver_.edge(busy_until_ + timing_.flight), inlet_, this);
      waiting_.pop_front();
    }
  }

  void arrive(std::uint64_t) {
    Message message = in_flight_.pop_front();
    receive_(object_, message);
  }

  Calendar& calendar_;
  Clock sender_;
  Clock receiver_;
  LinkTiming timing_;
  unsigned credits_;
  Inlet inlet_;
  void* object_ = nullptr;
  void (*receive_)(void*, Message&) = nullptr;
  Inlet sender_inlet_;
  void* sender_object_ = nullptr;
  Calendar::Handler departed_ = nullptr;
  Picoseconds busy_until_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  Ring<Waiting> waiting_;
  Peak peak_;
  Ring<Message> in_flight_;
};

}  // namespace svasim::engine
