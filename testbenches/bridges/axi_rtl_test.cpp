// Verilated RTL on the pins: a register slice between the bridges, a memory behind the manager bridge, a
// copying manager before the subordinate bridge, and the walker of an SMMU whose memory lies behind RTL.
#include <Vaxi_copy.h>
#include <Vaxi_memory.h>
#include <Vaxi_slice.h>

#include "testbenches/bridges/axi_burst_traffic.hpp"
#include "testbenches/embed/embed_bench.hpp"
#include "tlm-bridges/axi/axi_rtl.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

SVASIM_AXI_SUBORDINATE_PORT(SubordinatePort, s_axi_, _i, _o);
SVASIM_AXI_MANAGER_PORT(ManagerPort, m_axi_, _i, _o);

/// Manager bridge, slice, subordinate bridge, with a checker on both sides.
struct Sliced {
  AxiPins near, far;
  AxiManagerBridge manager;
  RtlParty<Vaxi_slice> slice;
  AxiSubordinateBridge subordinate;
  AxiChecker near_checker, far_checker;

  Sliced(PinClock& clock, const AxiManagerConfig& m, const AxiSubordinateConfig& s)
      : manager("manager", clock, near, m),
        slice(clock),
        subordinate("subordinate", clock, far, s),
        near_checker("near", clock, near, m.widths),
        far_checker("far", clock, far, m.widths) {
    slice.attach<SubordinatePort>(near);
    slice.attach<ManagerPort>(far);
  }
};

}  // namespace

TEST_CASE("TLM -> pins -> register slice -> pins -> TLM: byte-exact") {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    AxiManagerConfig m;
    m.max_beat_bytes = random.one_of({2u, 8u});
    m.stalls = random_stalls(random);
    AxiSubordinateConfig s;
    s.interleave = random.chance(50);
    s.stalls = random_stalls(random);
    FreshKernel kernel;
    Calendar calendar("calendar");
    PinClock clock(calendar, Clock(kNs));
    Sliced sliced(clock, m, s);
    Traffic traffic("traffic", calendar, Clock(kNs), seed, 400);
    RandomMemory memory("memory", calendar, Clock(kNs), seed, 50, false);
    traffic.port.socket.bind(sliced.manager.socket());
    sliced.subordinate.socket().bind(memory.port.socket);
    run_all(calendar);
    calendar.rethrow();
    sliced.near_checker.finish();
    sliced.far_checker.finish();
    CHECK(traffic.wrong == std::vector<std::string>());
    CHECK(traffic.answered == 400);
    CHECK(memory.bytes.all() == traffic.bytes.all());
    CHECK(sliced.near_checker.transfers() == sliced.far_checker.transfers());
  }
}

namespace {

/// Random accesses to the RTL memory's 4 KB and to what lies beyond.
class SmallTraffic : public sc_core::sc_module {
 public:
  SmallTraffic(sc_core::sc_module_name name, Calendar& calendar, std::uint32_t seed, unsigned count)
      : sc_core::sc_module(name),
        port("port", calendar, Clock(kNs), {block_ = calendar.add_block(), 0}, 64),
        calendar_(calendar),
        random_(seed),
        left_(count),
        expected_(4096) {
    port.bind_response<&SmallTraffic::response>(this);
    calendar.post<&SmallTraffic::send>(0, {block_, 1}, this);
  }

 private:
  std::uint16_t block_ = 0;

 public:
  engine::AtInitiator port;
  std::uint64_t answered = 0, wrong = 0, overtaken = 0;

 private:
  void send(std::uint64_t) {
    if (left_-- == 0) return;
    const bool write = random_.chance(50), beyond = random_.chance(5);
    const unsigned bytes = 1 + random_.below(random_.one_of({8u, 64u, 300u}));
    const unsigned at = random_.below(4096 - bytes);
    Payload& payload = pool_.make(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND,
                                  at + (beyond ? 0x1000u : 0u), bytes);
    payload.user = sent_++;
    answers_.emplace_back(expected_.begin() + at, expected_.begin() + at + bytes);
    for (unsigned i = 0; write && i < bytes; ++i) {
      payload.data()[i] = static_cast<std::uint8_t>(random_.below(256));
      if (!beyond) expected_[at + i] = payload.data()[i];
    }
    port.send(payload);
    calendar_.post<&SmallTraffic::send>(calendar_.now() + kNs * (1 + random_.below(8)), {block_, 1}, this);
  }
  void response(Payload& payload) {
    overtaken += payload.user != answered;
    ++answered;
    const bool beyond = payload.get_address() >= 0x1000;
    const auto status = beyond ? tlm::TLM_ADDRESS_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
    const auto& expected = answers_[payload.user];
    const bool right =
        payload.is_write() || beyond || std::equal(expected.begin(), expected.end(), payload.data());
    wrong += payload.get_response_status() != status || !right;
    payload.release();
  }

  Calendar& calendar_;
  Random random_;
  unsigned left_;
  std::uint64_t sent_ = 0;
  engine::PayloadPool pool_;
  std::vector<std::uint8_t> expected_;
  std::deque<std::vector<std::uint8_t>> answers_;
};

}  // namespace

TEST_CASE("RTL memory that stalls, interleaves and answers out of order") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    AxiManagerConfig m;
    m.stalls = random_stalls(random);
    m.max_beats = random.one_of({3u, 256u});
    FreshKernel kernel;
    Calendar calendar("calendar");
    PinClock clock(calendar, Clock(kNs));
    AxiPins pins;
    AxiManagerBridge manager("manager", clock, pins, m);
    RtlParty<Vaxi_memory> memory(clock);
    memory.attach<SubordinatePort>(pins);
    AxiChecker checker("checker", clock, pins, m.widths);
    SmallTraffic traffic("traffic", calendar, seed, 600);
    traffic.port.socket.bind(manager.socket());
    run_all(calendar);
    calendar.rethrow();
    checker.finish();
    CHECK(traffic.answered == 600);
    CHECK(traffic.wrong == 0);
    CHECK(traffic.overtaken > 100);
  }
}

TEST_CASE("RTL memory and a manager on the pins: INCR, WRAP and FIXED bursts, with and without a slice") {
  std::array<unsigned, 3> finished{};
  for (std::uint32_t seed = 1; seed <= 16; ++seed) {
    const bool sliced = seed % 2 == 0;
    INFO("seed " << seed << (sliced ? ", through a slice" : ""));
    Random random(seed);
    FreshKernel kernel;
    Calendar calendar("calendar");
    PinClock clock(calendar, Clock(kNs));
    AxiPins near, far;
    const AxiWidths widths;
    const auto small = [](std::uint64_t address) {
      return address < 4096 ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE;
    };
    BurstTraffic traffic(clock, near, widths, seed, 300, 4096 + 200, small, true, random_stalls(random));
    std::unique_ptr<RtlParty<Vaxi_slice>> slice;
    if (sliced) {
      slice = std::make_unique<RtlParty<Vaxi_slice>>(clock);
      slice->attach<SubordinatePort>(near);
      slice->attach<ManagerPort>(far);
    }
    RtlParty<Vaxi_memory> memory(clock);
    memory.attach<SubordinatePort>(sliced ? far : near);
    AxiChecker near_checker("near", clock, near, widths), far_checker("far", clock, far, widths);
    run_all(calendar);
    calendar.rethrow();
    near_checker.finish();
    far_checker.finish();
    CHECK(traffic.done());
    CHECK(traffic.wrong == std::vector<std::string>());
    CHECK(far_checker.transfers() == (sliced ? near_checker.transfers() : 0));
    for (unsigned type = 0; type < 3; ++type) finished[type] += traffic.finished[type];
  }
  for (const unsigned bursts : finished) CHECK(bursts > 1000);
}

TEST_CASE("RTL manager: copies through the subordinate bridge, INCR and WRAP, and sees errors") {
  struct Row {
    bool wrap;
    unsigned beats;
    std::uint64_t from, to;
    unsigned resp;
  };
  // Page 5 answers SLVERR (Bytes::status).
  for (const Row& row : {Row{false, 16, 0x100, 0x2008, 0}, Row{true, 8, 0x128, 0x3000, 0},
                         Row{false, 1, 0x100, 0x5000, 2}, Row{false, 2, 0x5000, 0x2000, 2}}) {
    FreshKernel kernel;
    Calendar calendar("calendar");
    PinClock clock(calendar, Clock(kNs));
    AxiPins pins;
    RtlParty<Vaxi_copy> copy(clock);
    copy.attach<ManagerPort>(pins);
    AxiChecker checker("checker", clock, pins, AxiWidths{52, 64, 0});
    AxiSubordinateBridge subordinate("subordinate", clock, pins);
    RandomMemory memory("memory", calendar, Clock(kNs), 1, 20, false);
    subordinate.socket().bind(memory.port.socket);
    for (unsigned i = 0; i < 256; ++i) memory.bytes.write(0x100 + i, static_cast<std::uint8_t>(i + 1));
    Vaxi_copy& rtl = copy.model();
    rtl.wrap_i = row.wrap;
    rtl.beats_i = static_cast<std::uint8_t>(row.beats - 1);
    rtl.src_i = row.from;
    rtl.dst_i = row.to;
    rtl.start_i = 1;
    clock.wake();
    sc_core::sc_start(1500, sc_core::SC_PS);  // past the edge that sees it
    rtl.start_i = 0;
    run_all(calendar);
    calendar.rethrow();
    checker.finish();
    CHECK(rtl.done_o == 1);
    CHECK(rtl.resp_o == row.resp);
    const std::uint64_t span = 8 * row.beats, base = row.wrap ? row.from / span * span : row.from;
    for (std::uint64_t i = 0; row.resp == 0 && i < span; ++i) {
      const std::uint64_t from = row.wrap ? base + (row.from - base + i) % span : row.from + i;
      CHECK(+memory.bytes.read(row.to + i) == +memory.bytes.read(from));
    }
  }
}

// --- an SMMU whose memory is behind RTL

namespace {

/// A platform like EmbedBench, with or without pins and a register slice on the memory port.
struct Walked {
  EmbedBench bench{embed::SmmuConfig(), false};
  PinClock clock{bench.smmu.calendar(), bench.smmu.clock()};
  std::unique_ptr<Sliced> sliced;
  explicit Walked(bool through_rtl) {
    if (!through_rtl) {
      bench.smmu.memory().bind(bench.ram.port());
      return;
    }
    AxiManagerConfig m;
    AxiSubordinateConfig s;
    m.user = s.user = AxiUser::smmu;
    sliced = std::make_unique<Sliced>(clock, m, s);
    bench.smmu.memory().bind(sliced->manager.socket());
    sliced->subordinate.socket().bind(bench.ram.port());
  }
};

using Answers = std::vector<embed::Attributes>;

Answers walk(bool through_rtl) {
  Walked walked(through_rtl);
  EmbedBench& b = walked.bench;
  Answers answers;
  const bool ended = b.run([&] {
    const std::uint64_t root = b.attach(arch::StreamId{5});
    b.map(root, 0x7000'3000, EmbedBench::kRam + 0x50'0000);
    b.map(root, 0x7000'4000, EmbedBench::kRam + 0x60'0000);
    b.bring_up();
    // Cold: STE, CD and four levels; then one level from the walk caches; a TLB hit; a fault.
    for (const std::uint64_t va : {0x7000'3008, 0x7000'4010, 0x7000'3010, 0x7000'9000}) {
      answers.push_back(b.read8(va, of_stream(5)));
    }
    sc_core::wait(1, sc_core::SC_US);  // the event is written after the answer
  });
  CHECK(ended);
  if (walked.sliced) {
    walked.sliced->near_checker.finish();
    walked.sliced->far_checker.finish();
    CHECK(walked.sliced->near_checker.transfers() > 0);
  }
  return answers;
}

}  // namespace

TEST_CASE("a walker's memory behind RTL: the same translations, later by what the pins take") {
  const Answers plain = walk(false), rtl = walk(true);
  REQUIRE(plain.size() == rtl.size());
  // A read of one beat of 8 bytes takes 2 cycles more each way for the bridges (axi_golden_test.cpp) and one
  // each way for the slice: 6. An STE and a CD are 64 bytes, 8 beats instead of one: 7 more, 13.
  constexpr std::uint64_t kWord = 6, kLine = kWord + 7;
  const std::uint64_t later[] = {
      2 * kLine + 4 * kWord + kWord,  // STE, CD, levels 0 to 3, and the read itself
      kWord + kWord,                  // level 3, and the read itself
      kWord,                          // the read itself
      kWord,                          // level 3 is invalid; the event is written after the answer
  };
  for (std::size_t i = 0; i < plain.size(); ++i) {
    CAPTURE(i);
    CHECK(rtl[i].result == plain[i].result);
    CHECK(rtl[i].physical.value == plain[i].physical.value);
    CHECK(rtl[i].memory == plain[i].memory);
    CHECK(rtl[i].latency_ps == plain[i].latency_ps + later[i] * kNs);
  }
}
