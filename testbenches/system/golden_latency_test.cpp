// Whole transactions, stage by stage, with times that follow from the configuration by hand. All clocks have
// a period of 1 ns, a byte takes 1 ns on the PCIe link, and everything the paths below touch in memory is in
// the last-level cache, so that every time is a whole number of nanoseconds.
#include <catch2/catch.hpp>
#include <sstream>

#include "testbenches/system/command.hpp"
#include "testbenches/system/machine.hpp"
#include "testbenches/system/wave_file.hpp"

using namespace svasim;
using namespace svasim::test;
using probe::Stage;

namespace {

// --- the configuration, in nanoseconds, cycles or bytes

constexpr unsigned kFlight = 7, kAtc = 3, kRequest = 5, kReissue = 9;            // link and endpoint
constexpr unsigned kMicroTlb = 2, kMainTlb = 4, kConfig = 6, kRegister = 3;      // TBU and TCU
constexpr unsigned kDtiFlight = 8, kDtiWidth = 10;                               // DTI
constexpr unsigned kForward = 2, kBackward = 4, kTag = 5, kData = 11;            // interconnect and cache
constexpr unsigned kDelivery = 310, kHandler = 320, kThread = 2500, kPop = 150;  // host
constexpr unsigned kReport = 400, kWorker = 2800, kLock = 160, kAnon = 1200, kResponse = 200;

std::vector<std::string> settings() {
  const auto ns = [](const char* key, unsigned value) {
    return std::string(key) + '=' + std::to_string(value) + "ns";
  };
  const auto number = [](const char* key, unsigned value) {
    return std::string(key) + '=' + std::to_string(value);
  };
  std::vector<std::string> all = {"run.check=on", "tcu.pwc.impl=model"};
  for (const char* clock : {"smmu", "fabric", "dram", "device", "host"}) {
    all.push_back("machine." + std::string(clock) + "_period=1ns");
  }
  for (const char* stage : {"irq_delivery", "irq_thread", "kworker", "wake", "anon_fault", "fixup"}) {
    all.push_back("host." + std::string(stage) + "_shape=fixed");
  }
  // Generation 1 moves 250 MB/s on each lane: with four, a byte a nanosecond.
  for (const std::string& setting :
       {number("link.gen", 1), number("link.lanes", 4), ns("link.flight_ps", kFlight),
        number("endpoint.atc.latency", kAtc), number("endpoint.pri.request_cycles", kRequest),
        number("endpoint.pri.reissue_cycles", kReissue), number("tbu.utlb_latency", kMicroTlb),
        number("tbu.tlb_latency", kMainTlb), number("tcu.config_latency", kConfig),
        number("tcu.register_latency", kRegister), number("dti.flight", kDtiFlight),
        number("dti.bytes_per_cycle", kDtiWidth), number("interconnect.request_latency", kForward),
        number("interconnect.response_latency", kBackward), number("llc.tag_latency", kTag),
        number("llc.data_latency", kData), ns("host.irq_delivery", kDelivery),
        ns("host.irq_handler", kHandler), ns("host.irq_thread", kThread), ns("host.pop", kPop),
        ns("host.report", kReport), ns("host.kworker", kWorker), ns("host.mm_lock", kLock),
        ns("host.anon_fault", kAnon), ns("host.response", kResponse),
        // Rings so short that bring-up has been all around them: their lines are in the cache. A whole event
        // record moves in one beat.
        number("host.cmdq_log2", 4), number("host.port_width", 64)}) {
    all.push_back(setting);
  }
  return all;
}

// --- the parts of a path

/// What a block sends is seen by the next one at the next edge.
constexpr unsigned kHop = 1;

/// `bytes` on the PCIe link: a nanosecond each, then the flight. A TLP's header and framing is 24 bytes, a
/// PASID prefix 4 more; a Translation Completion has 8 bytes of data.
constexpr unsigned link(unsigned bytes) { return bytes + kFlight; }
constexpr unsigned kHeader = 24, kPasid = 4, kTranslation = 8;

/// A DTI message: its beats, then the flight. A translation request and its response have 20 bytes, an answer
/// without a translation 4, a page request 16, its response 12.
constexpr unsigned dti(unsigned bytes) { return (bytes + kDtiWidth - 1) / kDtiWidth + kDtiFlight; }

/// From the sender through the interconnect to a target, and from there back to the sender.
constexpr unsigned kThere = kHop + kForward + kHop, kBack = kHop + kBackward + kHop;
/// A line in the cache, as its initiator sees it.
constexpr unsigned kHit = kThere + kTag + kData + kBack;
/// A load of a register of the SMMU.
constexpr unsigned kRegisterLoad = kThere + kRegister + kBack;
/// The walk cache: an edge until it sees the lookup, then a pipeline of two.
constexpr unsigned kWalkCache = 1 + 2;
/// A descriptor: the read, and a cycle to look at it.
constexpr unsigned kDescriptor = kHit + 1;

using Path = std::vector<std::pair<Stage, unsigned>>;  ///< nanoseconds

Path operator+(Path a, const Path& b) {
  for (const auto& step : b) {
    if (!a.empty() && a.back().first == step.first) a.back().second += step.second;
    else a.push_back(step);
  }
  return a;
}

/// Translated, from the TBU to memory and back to who gave it to the TBU.
const Path kMemory = {{Stage::interconnect, kThere},
                      {Stage::llc, kTag + kData + kHop},
                      {Stage::interconnect, kBackward + kHop + kHop}};

/// The TCU's translation: configuration and walk caches hit, and `descriptors` are left to be read.
Path translation(unsigned descriptors) {
  Path path = {{Stage::config, kConfig}, {Stage::walk_cache, kWalkCache}};
  return descriptors == 0 ? path : path + Path{{Stage::walk_memory, descriptors * kDescriptor}};
}

/// A Translation Request from the device to the TCU and its answer back.
Path ats(unsigned descriptors, bool granted = true) {
  return Path{{Stage::link_out, link(kHeader + kPasid)}, {Stage::dti_out, dti(20)}} +
         translation(descriptors) +
         Path{{Stage::dti_back, dti(granted ? 20 : 4)}, {Stage::link_back, link(kHeader + kTranslation)}};
}

/// A translated access leaves the ATC: no PASID; the micro-TLB knows that the stream needs no translation.
Path translated(unsigned request_data) {
  return Path{{Stage::link_out, link(kHeader + request_data)},
              {Stage::tbu_queue, kHop},
              {Stage::tbu_tlb, kMicroTlb}} +
         kMemory;
}

/// From the record, written into a line that is in the cache, until the response command has been executed.
const Path kService = {
    {Stage::fault_record, kHit},
    // The MSI to the doorbell, its delivery, and the hard handler.
    {Stage::interrupt, kThere + kDelivery + kHandler},
    {Stage::irq_thread, kThread},
    // PROD, the record, taking it, and the store of CONS that occupies the CPU for a cycle.
    {Stage::queue_drain, kRegisterLoad + kHit + kPop + 1},
    {Stage::report, kReport},
    {Stage::workqueue, kWorker},
    {Stage::mm_lock, kLock},
    // All tables are there: one store, of the leaf.
    {Stage::mm_fault, kAnon + 1},
    // The command is stored, and known to be seen.
    {Stage::response, kResponse + kHit},
    // The store of PROD reaches the register, which takes its time; the command is fetched, and executed at
    // the next edge.
    {Stage::command, kThere + kRegister + kHit + 1}};

// --- the paths

constexpr unsigned kLine = 64;

const Path kAtcHitPath =
    Path{{Stage::atc, kAtc}} + translated(0) + Path{{Stage::link_back, link(kHeader + kLine)}};

/// Of a read of a page that another device brought in.
Path ats_read_path(unsigned descriptors) {
  return Path{{Stage::atc, kAtc}} + ats(descriptors) + Path{{Stage::atc, kAtc}} + translated(0) +
         Path{{Stage::link_back, link(kHeader + kLine)}};
}

/// A posted write, which ends at the root port.
const Path kPriPath =
    Path{{Stage::atc, kAtc}} + ats(1, false) +
    // The page request: the device makes it, and it goes up the link and over DTI.
    Path{{Stage::link_out, kRequest + link(kHeader + kPasid) + dti(16)}} + kService +
    Path{{Stage::prg_response, dti(12) + link(kHeader + kPasid)}, {Stage::reissue, kReissue}} + ats(1) +
    Path{{Stage::atc, kAtc}} + translated(kLine);

/// A write.
const Path kStallPath =
    Path{{Stage::tbu_queue, kHop}, {Stage::tbu_tlb, kMicroTlb + kMainTlb}, {Stage::dti_out, dti(20)}} +
    translation(1) + kService + translation(1) +  // resumed, it finds a slot at once
    Path{{Stage::dti_back, dti(20)}} + kMemory;

// --- the run

/// Far apart in time. Eight pages have their leaf descriptors in one line of the cache.
const char* const kTrace = R"(
W 0x7f0000000000 64 dev=1 t=100us
W 0x7f0000001000 64 dev=1 t=200us
W 0x7f0000002000 64 dev=0 t=300us
W 0x7f0000003000 64 dev=0 t=400us
R 0x7f0000003000 64 dev=0 t=500us
R 0x7f0000001000 64 dev=0 t=600us
)";
enum : std::uint64_t { kFirstStall = 1, kStall, kFirstPri, kPri, kAtcHit, kAtsRead };

/// Segments with neighbours of one stage put together.
Path path_of(const ClosedTransaction& transaction) {
  Path path;
  for (const probe::Segment& segment : transaction.segments()) {
    REQUIRE(segment.duration % 1000 == 0);
    path = path + Path{{segment.stage, static_cast<unsigned>(segment.duration / 1000)}};
  }
  return path;
}

std::string text(const Path& path) {
  std::ostringstream out;
  unsigned sum = 0;
  for (const auto& [stage, duration] : path) {
    out << probe::info(stage).name << ' ' << duration << '\n';
    sum += duration;
  }
  out << "total " << sum << '\n';
  return out.str();
}

/// The run again, with waves around one transaction.
struct WavesOf {
  static constexpr std::uint64_t kMargin = 50'000;

  explicit WavesOf(std::uint64_t id) : WavesOf(id, span(id)) {}

  const std::uint64_t issued;
  const WaveFile file;

 private:
  using Span = std::pair<std::uint64_t, std::uint64_t>;  ///< from issue to end
  WavesOf(std::uint64_t id, Span span) : issued(span.first), file(record(id, span)) {}

  static Span span(std::uint64_t id) {
    Machine machine(kTrace, settings());
    machine.run();
    const probe::Timeline& timeline = machine.transactions.at(id).value.timeline;
    return {timeline.begun_at(), timeline.begun_at() + timeline.total()};
  }
  static WaveFile record(std::uint64_t id, Span span) {
    const Scratch scratch;
    const platform::WaveWindow window{"waves", span.first - kMargin, span.second + kMargin, id, {}};
    Machine machine(kTrace, settings(), {scratch / "waves", {window}});
    REQUIRE(machine.run().ending == platform::Ending::complete);
    return WaveFile(scratch / "waves/waves.fst");
  }
};

}  // namespace

TEST_CASE("golden: whole transactions, stage by stage") {
  // With one leaf entry in the walk cache the last page walked has taken the place of the others: a read of
  // such a page needs its leaf descriptor. Otherwise it needs nothing.
  const bool leaf_evicted = GENERATE(false, true);
  CAPTURE(leaf_evicted);
  std::vector<std::string> with = settings();
  if (leaf_evicted) with.insert(with.end(), {"tcu.pwc.level3_sets=1", "tcu.pwc.level3_ways=1"});
  Machine machine(kTrace, with);
  const platform::RunResult result = machine.run();
  INFO(result.message);
  REQUIRE(result.ending == platform::Ending::complete);
  REQUIRE(machine.transactions.size() == kAtsRead);
  REQUIRE(machine.faults.size() == 4);

  SECTION("an ATC hit, a read") {
    CHECK(text(path_of(machine.transactions.at(kAtcHit))) == text(kAtcHitPath));
  }
  SECTION("an ATS round trip") {
    CHECK(text(path_of(machine.transactions.at(kAtsRead))) == text(ats_read_path(leaf_evicted ? 1 : 0)));
  }
  SECTION("a PRI fault") { CHECK(text(path_of(machine.transactions.at(kPri))) == text(kPriPath)); }
  SECTION("a stall fault") { CHECK(text(path_of(machine.transactions.at(kStall))) == text(kStallPath)); }
}

// --- the waves

TEST_CASE("golden: waves of a transaction change its stage when it does") {
  const auto [id, path] = GENERATE(table<std::uint64_t, Path>(
      {{kAtcHit, kAtcHitPath}, {kAtsRead, ats_read_path(0)}, {kPri, kPriPath}, {kStall, kStallPath}}));
  CAPTURE(id);
  const WavesOf waves(id);
  WaveFile::Changes expected = {{waves.file.begin, "not issued"}};
  std::uint64_t t = waves.issued;
  for (const auto& [stage, duration] : path) {
    expected.emplace_back(t, probe::info(stage).name);
    t += duration * 1000;
  }
  expected.emplace_back(t, "done");
  CHECK(waves.file.changes("svasim.transaction.stage") == expected);
}

TEST_CASE("golden: waves of an ATS round trip, signal by signal") {
  const WavesOf waves(kAtsRead);
  // When things happen, in nanoseconds since the issue.
  const unsigned ask = kAtc, at_root_port = ask + link(kHeader + kPasid), at_tcu = at_root_port + dti(20),
                 lookup = at_tcu + kConfig, answer = lookup + kWalkCache,
                 back_at_root_port = answer + dti(20),
                 translated_at = back_at_root_port + link(kHeader + kTranslation);
  unsigned end = 0;
  for (const auto& [stage, duration] : ats_read_path(0)) end += duration;
  const auto check = [&](const std::string& signal, unsigned rises, unsigned falls) {
    const std::string name = "svasim." + signal;
    CAPTURE(name);
    const WaveFile::Changes& changes = waves.file.changes(name);
    REQUIRE(changes.size() >= 3);
    CHECK(waves.file.number(name, waves.file.begin) == 0);
    CHECK(changes[1].first == waves.issued + 1000 * rises);
    CHECK(waves.file.number(name, changes[1].first) == 1);
    CHECK(changes[2].first == waves.issued + 1000 * falls);
    CHECK(waves.file.number(name, changes[2].first) == 0);
  };
  check("endpoint0.window", 0, end);
  check("endpoint0.ats_in_flight", ask, translated_at);
  check("root_port0.tokens", at_root_port, back_at_root_port);
  check("tcu.slots", at_tcu, answer);
  check("tcu.slots_config", at_tcu, lookup);
  check("tcu.slots_walking", lookup, answer);
  check("pwc.lookup_valid_i", lookup, lookup + 1);  // taken at the next edge
  check("pwc.response_valid_o", answer, answer + 1);
  check("stages.dti_back", answer, back_at_root_port);
}
