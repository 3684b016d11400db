// A manager on the pins of AXI4 that makes random bursts of all types and knows what must come back.
#pragma once

#include <algorithm>
#include <array>

#include "testbenches/bridges/axi_bench.hpp"

namespace svasim::test {

/// Where beat `n` of a burst lies, written down from the standard (A3.4.1) and not taken from the bridges.
struct BeatPlace {
  std::uint64_t first = 0;  ///< of the bytes it may move
  unsigned bytes = 0;
  BeatPlace(const AxiAddress& a, unsigned n) {
    const std::uint64_t size = std::uint64_t{1} << a.size, start = a.addr / size * size,
                        total = size * (a.len + 1u);
    first = a.burst == AxiBurst::fixed || n == 0 ? a.addr : start + n * size;
    if (a.burst == AxiBurst::wrap && first >= a.addr / total * total + total) first -= total;
    bytes = static_cast<unsigned>(first / size * size + size - first);
  }
};

/// A manager on the pins that makes random bursts of all three types, narrow and unaligned ones among them,
/// with random strobes, and knows what each must read. Several are under way at a time, with any IDs; none
/// touches what a write under way does.
class BurstTraffic : public PinParty {
 public:
  /// `space`: addresses are below it. `status`: how an access to an address ends, the same for all of a page;
  /// a write without a strobe is one only if `strobeless_fails`.
  BurstTraffic(PinClock& clock, AxiPins& pins, const AxiWidths& widths, std::uint32_t seed, unsigned count,
               unsigned space, tlm::tlm_response_status (*status)(std::uint64_t), bool strobeless_fails,
               const AxiStalls& stalls)
      : widths_(widths),
        random_(seed),
        left_(count),
        space_(space),
        status_(status),
        strobeless_fails_(strobeless_fails),
        aw_(pins.aw, {stalls.seed, stalls.aw}),
        ar_(pins.ar, {stalls.seed + 1, stalls.ar}),
        w_(pins.w, {stalls.seed + 2, stalls.w}),
        b_(pins.b, {stalls.seed + 3, stalls.b}),
        r_(pins.r, {stalls.seed + 4, stalls.r}) {
    clock.join(*this);
    clock.wake();
  }
  Bytes bytes;                         ///< as they must be
  std::array<unsigned, 3> finished{};  ///< bursts by type
  unsigned narrow = 0;                 ///< of them
  std::vector<std::string> wrong;
  bool done() const { return left_ == 0 && under_way_.empty(); }

  void sample() override {
    aw_.sample(), ar_.sample(), w_.sample();
    if (const AxiWriteResponse* response = b_.sample()) take(*response);
    if (const AxiRead* beat = r_.sample()) take(*beat);
  }
  void drive() override {
    if (left_ > 0 && under_way_.size() < 8 && random_.chance(60)) begin();
    next(aw_, aw_queue_), next(ar_, ar_queue_), next(w_, w_queue_);
    b_.drive(true), r_.drive(true);
  }
  bool busy() const override { return !done(); }

 private:
  struct Burst {
    bool write = false;
    AxiAddress address;
    std::uint64_t lowest = 0, end = 0;
    std::vector<std::vector<std::uint8_t>> expected;  ///< of a read, by beat
    unsigned beat = 0;
    AxiResponse resp = AxiResponse::okay;
  };

  AxiAddress draw() {
    AxiAddress a;
    a.id = random_.below(1u << widths_.id);
    a.burst = random_.one_of({AxiBurst::fixed, AxiBurst::incr, AxiBurst::wrap});
    while (a.bytes() < widths_.bytes() && random_.chance(70)) ++a.size;
    a.addr = random_.below(space_);
    if (a.burst == AxiBurst::incr) {
      a.len = static_cast<std::uint8_t>(random_.below(random_.one_of({1u, 4u, 16u, 64u})));
      while (a.addr % 4096 / a.bytes() * a.bytes() + a.beats() * a.bytes() > 4096) --a.len;
    } else if (a.burst == AxiBurst::wrap) {
      a.len = random_.one_of<std::uint8_t>({1, 3, 7, 15});
      a.addr = a.addr / a.bytes() * a.bytes();
    } else {
      a.len = static_cast<std::uint8_t>(random_.below(16));
    }
    return a;
  }
  void begin() {
    Burst burst;
    burst.write = random_.chance(50);
    burst.address = draw();
    burst.lowest = ~std::uint64_t{0};
    for (unsigned n = 0; n < burst.address.beats(); ++n) {
      const BeatPlace place(burst.address, n);
      burst.lowest = std::min(burst.lowest, place.first);
      burst.end = std::max(burst.end, place.first + place.bytes);
    }
    for (const Burst& other : under_way_) {
      if ((burst.write || other.write) && burst.lowest < other.end && other.lowest < burst.end) return;
    }
    --left_;
    narrow += burst.address.bytes() < widths_.bytes();
    bool touches = !burst.write;
    for (unsigned n = 0; n < burst.address.beats(); ++n) {
      const BeatPlace place(burst.address, n);
      if (burst.write) touches |= write_beat(place, n == burst.address.len);
      else read_beat(burst, place);
    }
    if (touches || strobeless_fails_) burst.resp = response_to(burst.address.addr);
    (burst.write ? aw_queue_ : ar_queue_).push_back(burst.address);
    under_way_.push_back(burst);
  }
  AxiResponse response_to(std::uint64_t address) const {
    const auto status = status_(address);
    return status == tlm::TLM_OK_RESPONSE              ? AxiResponse::okay
           : status == tlm::TLM_GENERIC_ERROR_RESPONSE ? AxiResponse::slverr
                                                       : AxiResponse::decerr;
  }
  /// Whether it has a strobe.
  bool write_beat(const BeatPlace& place, bool last) {
    AxiWrite beat;
    beat.last = last;
    bool any = false;
    for (unsigned i = 0; i < place.bytes; ++i) {
      const auto lane = static_cast<unsigned>((place.first + i) % widths_.bytes());
      beat.data[lane] = static_cast<std::uint8_t>(random_.below(256));
      if (!random_.chance(80)) continue;
      beat.strb.set(lane);
      any = true;
      if (status_(place.first) == tlm::TLM_OK_RESPONSE) bytes.write(place.first + i, beat.data[lane]);
    }
    w_queue_.push_back(beat);
    return any;
  }
  void read_beat(Burst& burst, const BeatPlace& place) {
    burst.expected.emplace_back();
    for (unsigned i = 0; i < place.bytes; ++i) burst.expected.back().push_back(bytes.read(place.first + i));
  }
  /// The oldest burst of that ID and direction: those are answered in order.
  std::deque<Burst>::iterator oldest(bool write, std::uint32_t id) {
    return std::find_if(under_way_.begin(), under_way_.end(),
                        [&](const Burst& b) { return b.write == write && b.address.id == id; });
  }
  void take(const AxiWriteResponse& response) {
    const auto burst = oldest(true, response.id);
    if (burst == under_way_.end()) return fail("a write response to nothing", response.id);
    if (response.resp != burst->resp) fail("write response", burst->address.addr);
    finish(burst);
  }
  void take(const AxiRead& beat) {
    const auto burst = oldest(false, beat.id);
    if (burst == under_way_.end()) return fail("read data of nothing", beat.id);
    if (beat.resp != burst->resp) fail("read response", burst->address.addr);
    const BeatPlace place(burst->address, burst->beat);
    for (unsigned i = 0; burst->resp == AxiResponse::okay && i < place.bytes; ++i) {
      if (beat.data[(place.first + i) % widths_.bytes()] == burst->expected[burst->beat][i]) continue;
      fail("beat " + std::to_string(burst->beat) + " of a read of type " +
               std::to_string(static_cast<int>(burst->address.burst)),
           burst->address.addr);
      break;
    }
    if (++burst->beat == burst->address.beats()) finish(burst);
  }
  void finish(std::deque<Burst>::iterator burst) {
    ++finished[static_cast<unsigned>(burst->address.burst)];
    under_way_.erase(burst);
  }
  void fail(const std::string& what, std::uint64_t where) {
    if (wrong.size() < 5) wrong.push_back(what + " at " + std::to_string(where));
  }
  template <class Bits>
  void next(Sender<Bits>& end, std::deque<Bits>& queue) {
    if (!end.open() || queue.empty()) return;
    end.load(queue.front());
    queue.pop_front();
  }

  const AxiWidths widths_;
  Random random_;
  unsigned left_;
  const unsigned space_;
  tlm::tlm_response_status (*const status_)(std::uint64_t);
  const bool strobeless_fails_;
  Sender<AxiAddress> aw_, ar_;
  Sender<AxiWrite> w_;
  Receiver<AxiWriteResponse> b_;
  Receiver<AxiRead> r_;
  std::deque<AxiAddress> aw_queue_, ar_queue_;
  std::deque<AxiWrite> w_queue_;
  std::deque<Burst> under_way_;
};

}  // namespace svasim::test
