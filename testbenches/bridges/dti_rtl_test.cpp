// Verilated RTL on the pins of DTI: a register slice between the bridges, a tiny TBU before the TCU of the
// models, a tiny TCU behind the TBU of the models, and a whole SMMU whose TBU and TCU talk through pins.
#include <Vdti_slice.h>
#include <Vdti_tbu.h>
#include <Vdti_tcu.h>

#include "testbenches/bridges/dti_bench.hpp"
#include "testbenches/unit/smmu_root_port.hpp"
#include "tlm-bridges/dti/dti_rtl.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

SVASIM_DTI_TCU_PORT(SliceNearPort, s_up_, s_dn_, _i, _o);
SVASIM_DTI_TBU_PORT(SliceFarPort, m_up_, m_dn_, _i, _o);
SVASIM_DTI_TBU_PORT(TbuPort, up_, dn_, _i, _o);
SVASIM_DTI_TCU_PORT(TcuPort, up_, dn_, _i, _o);

constexpr unsigned kSliceBytes = 10, kTinyBytes = 20;

/// A TBU of the models with a device, to be connected to a TCU by links without a stream of their own.
struct FarTbu {
  smmu::DtiUp up;
  smmu::DtiDown down;
  smmu::Tbu tbu;
  BenchDevice device;

  FarTbu(Calendar& calendar, Clock clock, const smmu::TbuConfig& config, const smmu::Context& context)
      : up(calendar, clock, clock, {}),
        down(calendar, clock, clock, {}),
        tbu("far_tbu", calendar, clock, config, context, arch::dti::Flow::stall, up, down),
        device("far_device", calendar, clock, 1) {
    device.port.socket.bind(tbu.device.socket);
  }
};

/// Both bridges with the slice in between, and a checker on either side of it.
struct SlicedDti {
  DtiPins near, far;
  DtiChecker near_checker, far_checker;
  DtiRequesterBridge requester;
  RtlParty<Vdti_slice> slice;
  DtiCompleterBridge completer;

  SlicedDti(PinClock& clock, UpLink& near_up, DownLink& near_down, UpLink& far_up, DownLink& far_down,
            const DtiRequesterConfig& r = {}, const DtiCompleterConfig& c = {})
      : near_checker("near", clock, near, kSliceBytes, r.protocol),
        far_checker("far", clock, far, kSliceBytes, r.protocol),
        requester(clock, near, near_up, near_down, r),
        slice(clock),
        completer(clock, far, far_down, far_up, c) {
    slice.attach<SliceNearPort>(near);
    slice.attach<SliceFarPort>(far);
  }
  void finish() {
    near_checker.finish();
    far_checker.finish();
  }
};

/// An SMMU without a TBU of its own, and one at the far end of the pins.
struct FarBench {
  SmmuBench bench;
  smmu::Smmu::DtiLinks& links;
  FarTbu far;
  PinClock pins;
  SlicedDti dti;

  explicit FarBench(const smmu::SmmuConfig& config)
      : bench(config, 10, {}, 0, 1),
        links(bench.smmu.add_tbu(bench.clock, {})),
        far(bench.calendar, bench.clock, config.tbu, bench.smmu.context()),
        pins(bench.calendar, bench.clock),
        dti(pins, far.up, far.down, *links.up, *links.down) {
    far.tbu.memory.socket.bind(bench.memory.socket(1));
  }
  BenchDevice& device() { return far.device; }
};

template <class Config>
Config of_ats() {
  Config config;
  config.protocol = Protocol::ats;
  return config;
}

/// The same with a root port.
struct FarRootPort {
  SmmuBench bench;
  PinClock clock;
  smmu::Smmu::DtiLinks near;
  smmu::Smmu::DtiLinks& far;
  SlicedDti dti;
  RootPort port;

  explicit FarRootPort(const smmu::SmmuConfig& config)
      : bench(config),
        clock(bench.calendar, bench.clock),
        near{std::make_unique<smmu::DtiUp>(bench.calendar, bench.clock, bench.clock, engine::LinkTiming{}),
             std::make_unique<smmu::DtiDown>(bench.calendar, bench.clock, bench.clock, engine::LinkTiming{})},
        far(bench.smmu.add_root_port(kFunction, bench.clock, {})),
        dti(clock, *near.up, *near.down, *far.up, *far.down, of_ats<DtiRequesterConfig>(),
            of_ats<DtiCompleterConfig>()),
        port(bench.calendar, near) {}
};

/// The same with an ordinary TBU: a link with a flight.
struct NearBench {
  SmmuBench bench;
  explicit NearBench(const smmu::SmmuConfig& config) : bench(config, 10) {}
  BenchDevice& device() { return *bench.devices.front(); }
};

/// With links that take as long as the pins: the beats, and two hops and a slice (tlm-bridges/dti/README.md).
smmu::SmmuConfig link_like_pins() {
  smmu::SmmuConfig config;
  config.dti.bytes_per_cycle = kSliceBytes;
  config.dti.flight = 2 + 1;
  return config;
}

constexpr std::uint64_t kVa = 0x7000'0000, kPage = kBase + 0x3000000, kApart = 4096;

struct Outcome {
  std::vector<std::string> accesses;  ///< in words, with their cycles
  Picoseconds synced = 0;             ///< CMD_SYNC behind a TLBI, from its doorbell
};

/// Accesses each done before the next: cold, warm, other pages of the same table, a stream that is not there,
/// a missing page that stalls and is retried by RESUME, and one page again after its invalidation.
template <class Machine>
Outcome exercise(Machine& machine) {
  SmmuBench& bench = machine.bench;
  BenchDevice& device = machine.device();
  const std::uint64_t root = bench.attach();
  for (unsigned i = 0; i < 4; ++i) bench.tables.map(root, kVa + i * kApart, kPage + i * kApart);
  REQUIRE(bench.bring_up());
  const auto access = [&](std::uint64_t va, bool write, std::uint32_t stream = 1) {
    DeviceAccess a;
    a.va = va;
    a.write = write;
    a.stream = arch::StreamId(stream);
    device.send(a);
    bench.run(300);
  };
  access(kVa + 8, false);
  access(kVa + 16, false);
  access(kVa + kApart, true);
  access(kVa + 2 * kApart + 128, false);
  access(kVa, false, 9);           // no STE: aborts
  access(kVa + 9 * kApart, true);  // stalls
  REQUIRE(bench.events_visible() == 2);
  bench.next_event();
  const arch::Event event = bench.next_event();
  bench.tables.map(root, kVa + 9 * kApart, kPage);
  REQUIRE(bench.submit({SmmuBench::resume(event, arch::ResumeAction::retry)}));
  bench.run(300);
  Outcome outcome;
  bench.put(SmmuBench::tlbi_va(kVa));
  bench.put(SmmuBench::sync());
  const Picoseconds begin = bench.calendar.now();
  bench.ring_doorbell();
  const Picoseconds end = bench.run_until([&] { return bench.consumed(); });
  outcome.synced = end - begin;
  access(kVa + 8, false);  // a miss again
  for (const BenchDevice::Record& r : device.records) {
    std::ostringstream line;
    line << std::hex << r.access.va << std::dec << (r.access.write ? " write" : " read") << " ok " << r.ok
         << " pa " << std::hex << r.pa << std::dec << " attributes " << int(r.attributes.memory.type) << '/'
         << int(r.attributes.memory.shareability) << " privileged " << r.attributes.privileged;
    if (r.access.va != kVa + 9 * kApart) line << " cycles " << r.cycles();
    outcome.accesses.push_back(line.str());
  }
  return outcome;
}

using Told = std::pair<engine::Cycles, std::string>;  ///< when, what

/// What a root port is told: translations granted, without access and refused, a group of
/// page requests and its response, an ATC invalidation with its CMD_SYNC. Each is done before the next.
std::vector<Told> exercise_ats(SmmuBench& bench, RootPort& port) {
  const std::uint64_t root = bench.attach(kFunction, 3, false);
  bench.tables.map(root, kVa, kPage);
  arch::SteWords words{};
  bench.memory.store.read(SmmuBench::kStreams + raw(kFunction) * 64, words.data(), sizeof words);
  arch::Ste ste = arch::decode_ste(words);
  ste.eats = arch::Eats::full;
  bench.set_ste(kFunction, ste);
  REQUIRE(bench.bring_up());
  port.translation_request(kVa, false);
  bench.run(300);
  port.translation_request(kVa + kApart, false);
  bench.run(300);
  port.translation_request(kVa, false, arch::StreamId{8});
  bench.run(300);
  port.page_request(kVa + kApart, 5, false);
  bench.run(100);
  port.page_request(kVa + 2 * kApart, 5, true);
  bench.run(100);
  arch::Command response = SmmuBench::make(arch::Opcode::pri_resp);
  response.stream = kFunction;
  response.substream = {true, 5};
  response.prg_index = 5;
  response.response = arch::PriResponse::success;
  REQUIRE(bench.submit({response}));
  bench.run(100);
  arch::Command invalidate = SmmuBench::make(arch::Opcode::atc_inv);
  invalidate.stream = kFunction;
  invalidate.address = kVa;
  invalidate.size = 3;
  bench.put(invalidate);
  bench.put(SmmuBench::sync());
  bench.ring_doorbell();
  bench.run(100);
  CHECK_FALSE(bench.consumed());
  port.complete_invalidation(port.received.back().id);
  bench.run(100);
  CHECK(bench.consumed());
  std::vector<Told> all;
  for (std::size_t i = 0; i < port.received.size(); ++i) {
    all.push_back({port.when[i] / kNs, text(port.received[i])});
  }
  return all;
}

}  // namespace

TEST_CASE("a root port and a TCU that talk through pins and a register slice") {
  const smmu::SmmuConfig config = link_like_pins();
  const std::vector<Told> expected = [&] {
    SmmuBench bench(config);
    RootPort port(bench);
    return exercise_ats(bench, port);
  }();
  FarRootPort machine(config);
  const std::vector<Told> pins = exercise_ats(machine.bench, machine.port);
  REQUIRE(expected.size() == 6);  // three answers, the response, the invalidation, its sync
  CHECK(pins == expected);
  machine.dti.finish();
}

// The wire holds the TCU to it: a checker names an ITag that is used again too early.
TEST_CASE(
    "an ATC invalidation that was given up: its ITag is outstanding on the wire until it is completed") {
  smmu::SmmuConfig config = link_like_pins();
  config.tcu.atc_timeout = 2;
  FarRootPort machine(config);
  SmmuBench& bench = machine.bench;
  REQUIRE(bench.bring_up());
  arch::Command invalidate = SmmuBench::make(arch::Opcode::atc_inv);
  invalidate.stream = kFunction;
  for (unsigned i = 0; i < 31; ++i) REQUIRE(bench.submit({invalidate}));
  bench.run(3000);
  REQUIRE(bench.counter("atc_timeouts") == 31);
  bench.put(invalidate);  // with the last ITag
  bench.put(invalidate);
  bench.ring_doorbell();
  bench.run(500);
  CHECK(machine.port.received.size() == 32);
  machine.port.complete_invalidation(3);  // late: the ITag goes to the one that waits
  bench.run(500);
  REQUIRE(machine.port.received.size() == 33);
  CHECK(machine.port.received.back().id == 3);
  for (std::uint16_t itag = 0; itag < 32; ++itag) machine.port.complete_invalidation(itag);
  bench.run(500);
  CHECK(bench.counter("atc_late_completions") == 31);
  CHECK(bench.counter("atc_timeouts") == 31);
  machine.dti.finish();
  CHECK(machine.dti.requester.refused() + machine.dti.completer.refused() == 0);
  CHECK(bench.smmu.quiet());
}

TEST_CASE("an SMMU whose TBU and TCU talk through pins and a register slice") {
  const smmu::SmmuConfig config = link_like_pins();
  const Outcome direct = [&] {
    NearBench machine(config);
    return exercise(machine);
  }();
  FarBench machine(config);
  const Outcome pins = exercise(machine);
  CHECK(direct.accesses.size() == 7);
  CHECK(pins.accesses == direct.accesses);
  // SYNC_REQ follows the steps of the walk cache, when both beats of INV_REQ have left; INV_ACK is back long
  // before SYNC_ACK.
  CHECK(pins.synced == direct.synced);
  machine.dti.finish();
  CHECK(machine.dti.requester.refused() + machine.dti.completer.refused() == 0);
  CHECK(machine.bench.smmu.quiet());
}

TEST_CASE("register slice between the bridges: every message arrives, checkers on both sides") {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    const Protocol protocol = seed % 2 == 0 ? Protocol::tbu : Protocol::ats;
    CAPTURE(seed, int(protocol));
    FreshKernel kernel;
    Calendar calendar("calendar");
    PinClock clock(calendar, Clock(kNs));
    DtiLinks links(calendar);
    DtiRequesterConfig r;
    r.protocol = protocol;
    r.stalls = {seed, seed % 3 * 80, seed % 4 * 60};
    DtiCompleterConfig c;
    c.protocol = protocol;
    c.stalls = {seed + 100, seed % 5 * 50, seed % 2 * 128};
    SlicedDti dti(clock, links.near_up, links.near_down, links.far_up, links.far_down, r, c);
    RequesterPlayer tbu(calendar, links.near_up, links.near_down, protocol, seed, 300, 40);
    CompleterPlayer tcu(calendar, links.far_down, links.far_up, protocol, seed, 60, 20);
    sc_core::sc_start();
    calendar.rethrow();
    CHECK(tbu.done());
    CHECK(tcu.done());
    CHECK(tbu.unknown == 0);
    CHECK(tbu.received.size() == tcu.sent.size());
    CHECK(tcu.received.size() == tbu.sent.size());
    dti.finish();
  }
}

TEST_CASE("a TBU in RTL before the TCU of the models") {
  SmmuBench bench({}, 10, {}, 0, 0);
  smmu::Smmu::DtiLinks& links = bench.smmu.add_tbu(bench.clock, {});
  PinClock clock(bench.calendar, bench.clock);
  DtiPins pins;
  DtiChecker checker("rtl tbu", clock, pins, kTinyBytes, Protocol::tbu);
  DtiCompleterConfig c;
  c.bytes = kTinyBytes;
  c.translation_tokens = 3;
  DtiCompleterBridge completer(clock, pins, *links.down, *links.up, c);
  RtlParty<Vdti_tbu> rtl(clock);
  rtl.attach<TbuPort>(pins);
  rtl.model().sid_i = 1;
  rtl.model().first_i = kVa;

  const std::uint64_t root = bench.attach(arch::StreamId{1}, 1, false);
  for (unsigned i = 0; i < 8; ++i) {
    if (i != 5) bench.tables.map(root, kVa + i * kApart, kPage + (7 - i) * kApart);
  }
  REQUIRE(bench.bring_up());
  rtl.model().start_i = 1;
  clock.wake();
  bench.run(2000);
  CHECK(rtl.model().connected_o);
  REQUIRE(rtl.model().done_o);
  for (unsigned i = 0; i < 8; ++i) {
    CAPTURE(i);
    std::uint64_t page = 0;
    for (unsigned bit = 0; bit < 40; ++bit) {
      const unsigned at = 40 * i + bit;
      page |= std::uint64_t{rtl.model().pages_o[at / 32] >> (at % 32) & 1} << bit;
    }
    CHECK((rtl.model().faults_o >> i & 1) == (i == 5));
    CHECK(page << 12 == (i == 5 ? 0 : kPage + (7 - i) * kApart));
  }
  REQUIRE(bench.submit({SmmuBench::tlbi_va(kVa), SmmuBench::sync()}));
  CHECK(rtl.model().invalidations_o == 1);
  CHECK(rtl.model().syncs_o == 2);  // SMMUEN had one of its own
  rtl.model().leave_i = 1;
  clock.wake();
  bench.run(100);
  CHECK_FALSE(rtl.model().connected_o);
  REQUIRE(bench.submit({SmmuBench::sync()}));  // nobody is connected
  checker.finish();
  CHECK(completer.refused() == 0);
}

TEST_CASE("the TBU of the models before a TCU in RTL") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  const Clock ns(kNs);
  smmu::Context context;
  FarTbu far(calendar, ns, {}, context);
  FixedMemory memory("memory", calendar, ns, 10, 1);
  far.tbu.memory.socket.bind(memory.socket(0));
  PinClock clock(calendar, ns);
  DtiPins pins;
  DtiChecker checker("rtl tcu", clock, pins, kTinyBytes, Protocol::tbu);
  DtiRequesterConfig r;
  r.bytes = kTinyBytes;
  DtiRequesterBridge requester(clock, pins, far.up, far.down, r);
  RtlParty<Vdti_tcu> rtl(clock);
  rtl.attach<TcuPort>(pins);
  const auto run = [&](unsigned cycles) {
    sc_core::sc_start(sc_core::sc_time::from_value(cycles * kNs));
    calendar.rethrow();
  };
  run(10);
  CHECK(requester.conversation().connected());
  for (unsigned i = 0; i < 20; ++i) {
    DeviceAccess access;
    access.va = kBase + i * kApart + (i == 7 ? std::uint64_t{1} << 47 : 0);
    access.write = i % 2 != 0;
    far.device.send(access);
  }
  run(500);
  REQUIRE(far.device.pending() == 0);
  for (const BenchDevice::Record& record : far.device.records) {
    const bool aborts = record.access.va >> 47 != 0;
    CAPTURE(record.access.va);
    CHECK(record.ok == !aborts);
    CHECK(record.pa == (aborts ? 0 : record.access.va));
  }
  CHECK(rtl.model().requests_o == 20);
  far.device.send(far.device.records.front().access);
  run(100);
  CHECK(rtl.model().requests_o == 20);  // the TLB has it
  rtl.model().invalidate_i = 1;
  clock.wake();
  run(1);
  rtl.model().invalidate_i = 0;
  run(100);
  CHECK(rtl.model().synced_o);
  far.device.send(far.device.records.front().access);
  run(100);
  CHECK(rtl.model().requests_o == 21);  // and had to forget it
  checker.finish();
  CHECK(requester.refused() == 0);
}
