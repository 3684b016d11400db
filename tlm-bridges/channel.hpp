// A valid/ready channel of some payload (AXI, AXI4-Stream, ...) as a plain struct, with its two ends for
// blocks whose pins are registers, and the watch for the one rule all such channels share.
//
// Contract: at each edge of a PinClock an end is first sampled, then driven; in between it says what
// happened. A transfer happens at an edge where VALID and READY are both high just before it.
#pragma once

#include <cstdint>

namespace svasim::bridges {

template <class Bits>
struct Channel {
  bool valid = false;
  bool ready = false;
  Bits bits;
  bool fires() const { return valid && ready; }
};

/// Random back-pressure for constrained-random tests: holds a channel back in `share` of 256 edges.
class Stall {
 public:
  Stall() = default;
  Stall(std::uint32_t seed, unsigned share) : state_(seed * 0x9E37'79B9'7F4A'7C15u + 1), share_(share) {}
  bool holds() {
    if (share_ == 0) return false;
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return (state_ >> 32 & 255) < share_;
  }

 private:
  std::uint64_t state_ = 1;
  unsigned share_ = 0;
};

/// The end that drives VALID and the payload. Once up, both stay until the transfer.
template <class Bits>
class Sender {
 public:
  explicit Sender(Channel<Bits>& channel, Stall stall = Stall()) : channel_(channel), stall_(stall) {}

  /// Whether what is on the pins is transferred at this edge.
  bool sample() { return sent_ = channel_.fires(); }
  /// In drive(), once: true if load() may put something on the pins now.
  bool open() {
    if (sent_) channel_.valid = false;
    sent_ = false;
    return !channel_.valid && !stall_.holds();
  }
  void load(const Bits& bits) {
    channel_.bits = bits;
    channel_.valid = true;
  }
  bool pending() const { return channel_.valid; }

 private:
  Channel<Bits>& channel_;
  Stall stall_;
  bool sent_ = false;
};

/// The end that drives READY.
template <class Bits>
class Receiver {
 public:
  explicit Receiver(Channel<Bits>& channel, Stall stall = Stall()) : channel_(channel), stall_(stall) {
    channel_.ready = true;
  }

  /// What is transferred at this edge, or null. Valid until drive().
  const Bits* sample() const { return channel_.fires() ? &channel_.bits : nullptr; }
  /// `room`: one more can be taken at the next edge.
  void drive(bool room) { channel_.ready = room && !stall_.holds(); }

 private:
  Channel<Bits>& channel_;
  Stall stall_;
};

/// VALID stays up, and the payload as it is, until the transfer.
template <class Bits>
class ChannelWatch {
 public:
  enum class Finding : std::uint8_t { kept, valid_fell, payload_changed };
  /// Once per edge, with the pins just before it.
  Finding sample(const Channel<Bits>& channel) {
    Finding finding = Finding::kept;
    if (waiting_ && !channel.valid) finding = Finding::valid_fell;
    else if (waiting_ && !(channel.bits == bits_)) finding = Finding::payload_changed;
    waiting_ = channel.valid && !channel.ready;
    if (waiting_) bits_ = channel.bits;
    return finding;
  }
  /// A reset in between ends every obligation.
  void reset() { waiting_ = false; }

 private:
  bool waiting_ = false;
  Bits bits_;
};

}  // namespace svasim::bridges
