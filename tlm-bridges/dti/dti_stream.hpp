// A message as beats of a stream, and back. Low bytes first, from lane 0; TKEEP marks them; TLAST is on the
// beat with the message's last byte.
#pragma once

#include <optional>

#include "models/arch/dti_frame.hpp"
#include "tlm-bridges/dti/dti_pins.hpp"
#include "tlm-bridges/dti/dti_rules.hpp"

namespace svasim::bridges {

/// Beat number `beat`, from 0, of a message.
inline StreamBeat beat_of(const arch::dti::Frame& frame, unsigned beat, unsigned bytes) {
  StreamBeat result;
  const unsigned first = beat * bytes;
  for (unsigned lane = 0; lane < bytes && first + lane < frame.bytes(); ++lane) {
    result.data[lane] = frame.byte(first + lane);
    result.set_kept(lane);
  }
  result.last = first + bytes >= frame.bytes();
  return result;
}

constexpr unsigned beats_of(unsigned message_bytes, unsigned bytes) {
  return (message_bytes + bytes - 1) / bytes;
}

/// Gathers a message from its beats.
class StreamGatherer {
 public:
  /// Bits of a message by its type; 0: reserved, so that only TLAST tells its end.
  using Length = unsigned (*)(unsigned code);
  StreamGatherer(unsigned bytes, Length length) : bytes_(bytes), length_(length) {}

  struct Result {
    bool complete = false;        ///< message() is whole
    std::optional<DtiRule> rule;  ///< the first that the beat broke
  };
  /// The next beat transferred. After a violation the message goes on: to its TLAST, or to its length.
  Result take(const StreamBeat& beat);
  const arch::dti::Frame& message() const { return frame_; }
  bool unfinished() const { return !starts_; }
  void reset() { starts_ = true; }

 private:
  std::optional<DtiRule> broken_rule(const StreamBeat& beat, unsigned kept, unsigned rest) const;

  const unsigned bytes_;
  const Length length_;
  arch::dti::Frame frame_;
  bool starts_ = true;   ///< the next beat is the first of a message
  bool broken_ = false;  ///< the message broke a rule
  std::uint8_t id_ = 0, dest_ = 0;
};

/// The driving end of a stream: one message after the other, a beat an edge. For PinParty::sample and drive.
class MessageSender {
 public:
  /// `route`: TID and TDEST of its beats.
  MessageSender(Channel<StreamBeat>& channel, unsigned bytes, std::uint8_t route, Stall stall)
      : channel_(channel), sender_(channel, stall), bytes_(bytes), route_(route) {}

  /// The message whose last beat is transferred at this edge, or null.
  const arch::dti::Frame* sample() {
    if (!sender_.sample() || !channel_.bits.last) return nullptr;
    under_way_ = false;
    return &frame_;
  }
  /// The next beat; between messages `next()`, an optional Frame, is asked for one.
  template <class Next>
  void drive(Next&& next) {
    if (!sender_.open()) return;
    if (!under_way_) {
      const std::optional<arch::dti::Frame> frame = next();
      if (!frame) return;
      frame_ = *frame;
      beat_ = 0;
      under_way_ = true;
    }
    StreamBeat beat = beat_of(frame_, beat_++, bytes_);
    beat.id = beat.dest = route_;
    sender_.load(beat);
  }
  bool busy() const { return under_way_; }

 private:
  Channel<StreamBeat>& channel_;
  Sender<StreamBeat> sender_;
  const unsigned bytes_;
  const std::uint8_t route_;
  arch::dti::Frame frame_;
  unsigned beat_ = 0;
  bool under_way_ = false;
};

}  // namespace svasim::bridges
