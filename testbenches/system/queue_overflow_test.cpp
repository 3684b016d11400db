// Every queue of the fault path, so short that it overflows or blocks. Nothing is lost that the architecture
// keeps: stalls wait for their records, page requests are answered and asked for again; only records of
// terminated accesses are lost, and counted.
#include "testbenches/system/storm.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

enum class Devices { pcie, platform, both };

std::vector<std::string> settings(Devices devices, unsigned seed, std::initializer_list<std::string> more) {
  const std::string first = devices == Devices::platform ? "platform" : "pcie";
  const std::string second = devices == Devices::pcie ? "pcie" : "platform";
  std::vector<std::string> all = {"run.check=on",       "run.seed=" + std::to_string(seed),
                                  "device.count=4",     "device.0=" + first,
                                  "device.1=" + first,  "device.2=" + second,
                                  "device.3=" + second, "host.premapped=off"};
  all.insert(all.end(), more);
  return all;
}

/// A storm with what it needs beyond the machine.
struct Run {
  Machine machine;
  platform::RunResult result;

  Run(const Storm& storm, const std::vector<std::string>& settings) : machine(storm.trace(), settings) {
    INFO("seed " << storm.seed);
    storm.map(machine.system().host());
    result = machine.run();
    INFO(result.message);
    REQUIRE(result.ending == platform::Ending::complete);
    CHECK(machine.transactions.size() == storm.accesses);
    check_conserved(result);
    CHECK(value("host", "commands") == value("tcu", "commands"));
  }
  std::uint64_t value(const char* block, const char* name) const { return value_of(result, block, name); }
  /// Who may have its page has got it.
  void check_served() const {
    for (const auto& [id, t] : machine.transactions) {
      const bool ok = t.value.outcome == probe::Outcome::ok;
      if (ok ? Storm::forbidden(t.value) : Storm::allowed(t.value)) FAIL_CHECK("transaction " << id);
    }
  }
};

Storm storm(unsigned seed) {
  Storm made;
  made.seed = seed;
  made.apart_ns = 20;
  return made;
}

}  // namespace

TEST_CASE("event queue full: stalls wait for room, and no overflow is told") {
  const unsigned seed = GENERATE(1u, 2u);
  const std::string log2 = GENERATE("0", "1", "3");
  const Run run(storm(seed), settings(Devices::platform, seed, {"host.eventq_log2=" + log2}));
  run.check_served();
  CHECK(run.value("tcu", "eventq_peak") == std::uint64_t{1} << std::stoul(log2));
  CHECK(run.value("tcu", "stalls_unrecorded_peak") > 10);
  CHECK(run.value("tcu", "events_dropped") == 0);
  CHECK(run.value("tcu", "event_overflows") == 0);
}

TEST_CASE("event queue overflow: events of terminated accesses are lost and counted, stalls are not") {
  const unsigned seed = GENERATE(1u, 2u, 3u);
  const Run run(storm(seed),
                settings(Devices::platform, seed,
                         {"host.eventq_log2=1", "device.3.faults=none", "tcu.merge_events=off"}));
  std::uint64_t terminated = 0;
  for (const auto& [id, t] : run.machine.transactions) {
    const bool ok = t.value.outcome == probe::Outcome::ok;
    if (t.value.device == 3) terminated += ok ? 0 : 1;
    else if (ok ? Storm::forbidden(t.value) : Storm::allowed(t.value)) FAIL_CHECK("transaction " << id);
  }
  CHECK(run.value("tcu", "events_dropped") > 10);
  CHECK(run.value("tcu", "event_overflows") > 0);
  CHECK(run.value("host", "event_overflows") == run.value("tcu", "event_overflows"));
  CHECK(run.value("tcu", "events_written") - run.value("tcu", "stalls") +
            run.value("tcu", "events_dropped") ==
        terminated);
}

TEST_CASE("page-request queue overflow: the SMMU answers, partial groups are forgotten, devices ask again") {
  const unsigned seed = GENERATE(1u, 2u, 3u);
  const unsigned pages = GENERATE(1u, 3u);
  INFO(pages << " pages a group");
  Storm made = storm(seed);
  made.accesses = 400;  // each comes again and again
  const Run run(made, settings(Devices::pcie, seed,
                               {"host.priq_log2=4", "endpoint.pri.group_pages=" + std::to_string(pages)}));
  if (pages == 1) run.check_served();  // else one page that is denied denies its whole group
  CHECK(run.value("tcu", "priq_peak") == 16);
  CHECK(run.value("tcu", "page_request_overflows") > 0);
  CHECK(run.value("host", "pri_overflows") == run.value("tcu", "page_request_overflows"));
  CHECK(run.value("tcu", "page_auto_responses") > 0);
  CHECK(run.value("endpoint", "pri_failure") == 0);
  if (pages > 1) CHECK(run.value("host", "discarded_requests") > 0);
}

TEST_CASE("command queue full: CPUs wait for room") {
  const unsigned seed = GENERATE(1u, 2u);
  const Run run(storm(seed), settings(Devices::both, seed, {"host.cmdq_log2=1", "host.cpus=8"}));
  run.check_served();
  CHECK(run.value("host", "cmdq_peak") == 2);
  CHECK(run.value("host", "cmdq_full_waits") > 0);
}

TEST_CASE("stall table full: translations wait for an STAG") {
  const unsigned seed = GENERATE(1u, 2u);
  const unsigned most = GENERATE(1u, 3u);
  const Run run(storm(seed), settings(Devices::platform, seed, {"idr.stall_max=" + std::to_string(most)}));
  run.check_served();
  CHECK(run.value("tcu", "stalls_peak") == most);
}

TEST_CASE("page requests allocated to a device: it has no more outstanding") {
  const unsigned seed = GENERATE(1u, 2u);
  const unsigned most = GENERATE(1u, 5u);
  const Run run(storm(seed),
                settings(Devices::pcie, seed, {"endpoint.pri.allocation=" + std::to_string(most)}));
  run.check_served();
  for (unsigned device = 0; device < 4; ++device) {
    CHECK(value_of(run.result, "endpoint" + std::to_string(device), "pri_pages_peak") == most);
  }
}

TEST_CASE("max_active: so many groups are served at a time, the others wait in the workqueue") {
  const unsigned seed = GENERATE(1u, 2u);
  const unsigned most = GENERATE(1u, 2u);
  const Run run(storm(seed),
                settings(Devices::both, seed, {"host.max_active=" + std::to_string(most), "host.cpus=8"}));
  run.check_served();
  CHECK(run.value("host", "workers") == most);
  CHECK(run.value("host", "workqueue_peak") > 10);
  // From when a worker has a fault until it has answered.
  std::map<std::uint64_t, int> changes;
  for (const auto& [id, fault] : run.machine.faults) {
    std::uint64_t at = fault.timeline.begun_at();
    for (const probe::Segment& segment : fault.timeline.segments()) {
      const bool served = segment.stage == probe::Stage::mm_lock || segment.stage == probe::Stage::mm_fault ||
                          segment.stage == probe::Stage::response;
      if (served) ++changes[at], --changes[at + segment.duration];
      at += segment.duration;
    }
  }
  int serving = 0, peak = 0;
  for (const auto& [time, change] : changes) peak = std::max(peak, serving += change);
  CHECK(peak == static_cast<int>(most));
}

TEST_CASE("everything as small as it gets at once") {
  const unsigned seed = GENERATE(range(1u, 5u));
  const Run run(storm(seed),
                settings(Devices::both, seed,
                         {"host.eventq_log2=0", "host.priq_log2=1", "host.cmdq_log2=1", "host.cpus=1",
                          "host.max_active=1", "idr.stall_max=1", "endpoint.pri.allocation=1", "tbu.slots=1",
                          "tbu.tokens=1", "tcu.slots=1", "tcu.walk_slots=1", "dti.flight=0",
                          "host.linux=" + std::string(seed % 2 == 0 ? "6.1" : "7.0")}));
  run.check_served();
}
