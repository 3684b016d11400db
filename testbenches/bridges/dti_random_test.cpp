// Model -> pins -> model, back to back, with the checker on: random messages of both protocols at random
// widths, tokens and back-pressure. What arrives is what was sent, in order; nothing is lost.
#include <algorithm>

#include "testbenches/bridges/dti_bench.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

/// `a` and `b` as multisets of lines: the first line that only one has, or nothing.
std::string difference(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::vector<std::string> only_a, only_b;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only_a));
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(only_b));
  if (only_a.empty() && only_b.empty()) return {};
  return "sent only: " + (only_a.empty() ? std::string("-") : only_a.front()) +
         "\nreceived only: " + (only_b.empty() ? std::string("-") : only_b.front());
}

/// Without " id N": wire IDs are the bridge's own, the requester's must come back with the answer.
std::vector<std::string> without_ids(std::vector<std::string> lines) {
  for (std::string& line : lines) {
    const std::size_t at = line.find(" id ");
    if (at == std::string::npos) continue;
    const std::size_t end = line.find(' ', at + 4);
    line.erase(at, end == std::string::npos ? std::string::npos : end - at);
  }
  return lines;
}

void run(Protocol protocol, std::uint32_t seed) {
  CAPTURE(int(protocol), seed);
  DtiRandom random(seed);
  const auto stalls = [&] {
    const auto share = [&] { return random.one_of({0u, 64u, 200u}); };
    return DtiStalls{static_cast<std::uint32_t>(random.bits(30)), share(), share()};
  };
  const unsigned bytes = random.one_of({1u, 4u, 8u, 10u, 16u, 20u, 24u, 32u});
  const unsigned wanted = random.one_of({1u, 3u, 16u, 4096u}), granted = random.one_of({1u, 8u, 4096u});
  CAPTURE(bytes, wanted, granted);

  FreshKernel kernel;
  Calendar calendar("calendar");
  calendar.shuffle(seed);
  PinClock clock(calendar, Clock(kNs));
  DtiLinks links(calendar);
  DtiPins pins;
  DtiRequesterConfig r;
  r.protocol = protocol;
  r.bytes = bytes;
  r.id = static_cast<std::uint8_t>(random.bits(8));
  r.translation_tokens = wanted;
  r.invalidation_tokens = random.one_of({1u, 2u, 16u});
  r.stalls = stalls();
  DtiCompleterConfig c;
  c.protocol = protocol;
  c.bytes = bytes;
  c.translation_tokens = granted;
  c.stalls = stalls();
  DtiChecker checker("checker", clock, pins, bytes, protocol);
  DtiRequesterBridge requester(clock, pins, links.near_up, links.near_down, r);
  DtiCompleterBridge completer(clock, pins, links.far_down, links.far_up, c);
  RequesterPlayer tbu(calendar, links.near_up, links.near_down, protocol, seed, 300, 40);
  CompleterPlayer tcu(calendar, links.far_down, links.far_up, protocol, seed + 1, random.one_of({5u, 200u}),
                      random.one_of({0u, 10u, 50u}));
  sc_core::sc_start();
  calendar.rethrow();

  CHECK(tbu.done());
  CHECK(tcu.done());
  CHECK(tbu.unknown == 0);
  CHECK(requester.refused() + completer.refused() == 0);
  CHECK(difference(without_ids(tbu.sent), without_ids(tcu.received)) == "");
  CHECK(without_ids(tcu.sent) == without_ids(tbu.received));  // one stream, in order
  CHECK(tcu.outstanding_peak <= std::size_t{std::min(wanted, granted)});
  CHECK(checker.messages() >= tbu.sent.size() + tcu.sent.size() + 2);
  checker.finish();
}

}  // namespace

/// Drives a stream with beats of any content, the types that exist more often than others; takes all that
/// comes.
class Noise : public PinParty {
 public:
  Noise(PinClock& clock, Channel<StreamBeat>& out, Channel<StreamBeat>& in, std::uint32_t seed,
        unsigned bytes)
      : out_(out), in_(in), random_(seed), bytes_(bytes) {
    clock.join(*this);
  }

 private:
  void sample() override { taken_ = out_.fires(); }
  void drive() override {
    in_.ready = true;
    if (out_.valid && !taken_) return;
    out_.valid = left_ > 0;
    if (left_ == 0) return;
    --left_;
    for (unsigned lane = 0; lane < bytes_; ++lane) {
      out_.bits.data[lane] = static_cast<std::uint8_t>(random_.bits(random_.chance(60) ? 4 : 8));
    }
    out_.bits.keep = {};
    for (unsigned lane = 0; lane < bytes_; ++lane) {
      if (random_.chance(99)) out_.bits.set_kept(lane);
    }
    out_.bits.last = random_.chance(40);
  }
  bool busy() const override { return left_ > 0; }
  Channel<StreamBeat>& out_;
  Channel<StreamBeat>& in_;
  DtiRandom random_;
  const unsigned bytes_;
  unsigned left_ = 4000;
  bool taken_ = false;
};

TEST_CASE("noise on the pins breaks rules, not the bridges") {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    const Protocol protocol = seed % 2 == 0 ? Protocol::tbu : Protocol::ats;
    const unsigned bytes = seed % 3 == 0 ? 20 : 4;
    CAPTURE(seed, int(protocol), bytes);
    FreshKernel kernel;
    Calendar calendar("calendar");
    PinClock clock(calendar, Clock(kNs));
    DtiLinks links(calendar);
    DtiRequesterConfig r;
    r.protocol = protocol;
    r.bytes = bytes;
    DtiCompleterConfig c;
    c.protocol = protocol;
    c.bytes = bytes;
    DtiPins near, far;
    unsigned violations = 0;
    const auto count = [&](const DtiViolation&) { ++violations; };
    DtiChecker near_checker("near", clock, near, bytes, protocol, count);
    DtiChecker far_checker("far", clock, far, bytes, protocol, count);
    DtiRequesterBridge requester(clock, near, links.near_up, links.near_down, r);
    DtiCompleterBridge completer(clock, far, links.far_down, links.far_up, c);
    Noise tcu_noise(clock, near.down, near.up, seed, bytes), tbu_noise(clock, far.up, far.down, ~seed, bytes);
    RequesterPlayer tbu(calendar, links.near_up, links.near_down, protocol, seed, 50, 10);
    CompleterPlayer tcu(calendar, links.far_down, links.far_up, protocol, seed, 50, 20);
    clock.wake();
    sc_core::sc_start(20, sc_core::SC_US);  // who gets no answer waits for ever
    calendar.rethrow();
    CHECK(tbu.unknown == 0);  // no answer to what was not asked
    CHECK(violations >= requester.refused() + completer.refused());
    CHECK(requester.refused() > 100);
    CHECK(completer.refused() > 100);
  }
}

TEST_CASE("DTI-TBU back to back: every message arrives as it was sent") {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) run(Protocol::tbu, seed);
}

TEST_CASE("DTI-ATS back to back: every message arrives as it was sent") {
  for (std::uint32_t seed = 101; seed <= 140; ++seed) run(Protocol::ats, seed);
}
