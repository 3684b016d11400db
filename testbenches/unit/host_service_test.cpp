// The fault service path with fixed latencies, by hand. With a 1 ns clock and 48 ns behind the port, a load
// of up to 16 bytes takes 50 ns, one of 32 bytes 51 ns, a store holds its CPU for 1 ns and is seen 50 ns
// after it was begun.
#include <catch2/catch.hpp>

#include "testbenches/unit/host_fake_smmu.hpp"

using namespace svasim;
using namespace svasim::test;
using probe::FaultKind;
using probe::Stage;

namespace {

constexpr std::uint64_t kVa = 0x7f00'1234'5000;

const FaultRecord& fault_at(const Machine& m, std::uint64_t va) {
  const auto found = std::find_if(m.faults.faults.begin(), m.faults.faults.end(),
                                  [&](const FaultRecord& f) { return f.va == va; });
  REQUIRE(found != m.faults.faults.end());
  return *found;
}

void check_stages(const FaultRecord& fault, const std::vector<std::pair<Stage, Picoseconds>>& expected) {
  for (const auto& [stage, ns] : expected) {
    INFO("va " << std::hex << fault.va << std::dec << ", stage " << probe::info(stage).name);
    CHECK(fault.in(stage) == ns * kNs);
  }
}

}  // namespace

TEST_CASE("a stalled transaction's fault spends the documented time in each stage") {
  Machine m;
  m.start({device(0x10, FaultKind::stall)});
  REQUIRE(m.errors.empty());
  m.smmu.push(stall_event(0x10, 7, kVa));
  m.run();
  REQUIRE(m.faults.faults.size() == 1);
  const FaultRecord& fault = m.faults.faults[0];
  check_stages(fault, {{Stage::interrupt, 1 + 300 + 300},        // MSI on the wire, delivery, hard handler
                       {Stage::irq_thread, 2500},                // waking the thread
                       {Stage::queue_drain, 50 + 51 + 150 + 1},  // PROD, the record, software, CONS
                       {Stage::report, 400},
                       {Stage::group_wait, 0},
                       {Stage::workqueue, 2800},
                       {Stage::mm_lock, 150},
                       {Stage::mm_fault, 1200 + 4},  // three tables and the page
                       {Stage::response, 200 + 50},  // and the command seen by the SMMU
                       {Stage::command, 1 + 10}});   // PROD on the wire, consumption
  CHECK(fault.outcome == probe::Outcome::ok);
  CHECK(m.commands() == std::vector<std::string>{"CMD_RESUME"});  // no CMD_SYNC
  CHECK(m.smmu.log.back().command.action == arch::ResumeAction::retry);
  CHECK(m.smmu.log.back().command.stag == 7);
  CHECK(m.translates(0x10, 1, kVa));
  CHECK(m.count("pages_mapped") == 1);
  CHECK(m.errors.empty());
}

TEST_CASE("a page request group waits for its last request and is answered once") {
  Machine m;
  m.start({device(0x20, FaultKind::pri)});
  m.smmu.push(page_request(0x20, 5, kVa, false));
  m.smmu.push(page_request(0x20, 5, kVa + 0x1000, true));
  m.run();
  REQUIRE(m.faults.faults.size() == 2);
  check_stages(fault_at(m, kVa), {{Stage::interrupt, 601},
                                  {Stage::irq_thread, 2500},
                                  {Stage::queue_drain, 50 + 50 + 150 + 1},
                                  {Stage::report, 400},
                                  {Stage::group_wait, 50 + 150 + 1 + 400}});  // the other's pop and report
  check_stages(fault_at(m, kVa + 0x1000), {{Stage::interrupt, 601},
                                           {Stage::irq_thread, 2500},
                                           {Stage::queue_drain, 251 + 400 + 201},  // behind the first
                                           {Stage::report, 400},
                                           {Stage::group_wait, 0}});
  for (const FaultRecord& fault : m.faults.faults) {
    check_stages(fault, {{Stage::workqueue, 2800},
                         {Stage::mm_lock, 2 * 150},
                         {Stage::mm_fault, 1200 + 4 + 1200 + 1},  // one page after the other
                         {Stage::response, 250},
                         {Stage::command, 11}});
  }
  CHECK(m.commands() == std::vector<std::string>{"CMD_PRI_RESP"});
  const arch::Command& response = m.smmu.log.back().command;
  CHECK(response.response == arch::PriResponse::success);
  CHECK(response.substream == arch::SubstreamId{true, 1});
  CHECK(m.translates(0x20, 1, kVa));
  CHECK(m.translates(0x20, 1, kVa + 0x1000));
  CHECK(m.count("groups") == 1);
}

TEST_CASE("a page that is present already costs the fix-up only") {
  Machine m;
  m.start({device(0x10, FaultKind::stall)});
  m.smmu.push(stall_event(0x10, 1, kVa));
  m.run();
  m.smmu.push(stall_event(0x10, 2, kVa + 8));
  m.run();
  CHECK(fault_at(m, kVa + 8).in(Stage::mm_fault) == 350 * kNs);
  CHECK(m.count("pages_mapped") == 1);
}

TEST_CASE("what no mapping allows is refused, and the error sticks to the group") {
  Machine m;
  m.start({device(0x10, FaultKind::stall), device(0x20, FaultKind::pri)});
  SECTION("a PASID nobody has") {
    m.smmu.push(stall_event(0x10, 1, kVa, 77));
    m.run();
    CHECK(m.smmu.log.back().command.action == arch::ResumeAction::abort);
  }
  SECTION("no PASID") {
    arch::Event event = stall_event(0x10, 1, kVa);
    event.substream = {};
    m.smmu.push(event);
    m.run();
    CHECK(m.smmu.log.back().command.action == arch::ResumeAction::abort);
  }
  SECTION("an address beyond 48 bits, between two good ones") {
    m.smmu.push(page_request(0x20, 1, kVa, false));
    m.smmu.push(page_request(0x20, 1, 0xffff'0000'0000'0000, false));
    m.smmu.push(page_request(0x20, 1, kVa + 0x1000, true));
    m.run();
    CHECK(m.smmu.log.back().command.response == arch::PriResponse::invalid);
    CHECK(m.translates(0x20, 1, kVa));
    CHECK(!m.translates(0x20, 1, kVa + 0x1000));
  }
  CHECK(m.count("failed_groups") == 1);
  CHECK(m.recorder.faults_live() == 0);
}

TEST_CASE(
    "a fault needs every right it asks for: reading, writing, executing; privilege makes no difference") {
  struct Row {
    host::Protection protection;
    bool read, write, execute, served;
  };
  const Row row = GENERATE(values<Row>({{{true, true, false}, true, false, true, false},  // not executable
                                        {{true, false, true}, true, false, true, true},
                                        {{false, false, true}, true, false, true, false},  // fetches read
                                        {{true, false, true}, false, true, false, false},
                                        {{true, false, true}, true, true, false, false},
                                        {{false, true, false}, false, true, false, true},
                                        {{false, true, false}, true, true, false, false},
                                        {{true, true, true}, true, true, true, true}}));
  const bool privileged = GENERATE(false, true), pri = GENERATE(false, true);
  INFO("rights " << row.protection.read << row.protection.write << row.protection.execute << ", asked "
                 << row.read << row.write << row.execute << (pri ? ", PRI" : ", stall"));
  if (!pri && row.read == row.write) return;  // an event tells one of the two
  Machine m;
  m.start({device(0x10, FaultKind::stall), device(0x20, FaultKind::pri)});
  m.ask([&](auto reply) { m.host.mprotect(1, kVa, 0x1000, row.protection, reply); });
  if (pri) {
    arch::PageRequest request = page_request(0x20, 1, kVa, true);
    request.read = row.read;
    request.write = row.write;
    request.execute = row.execute;
    request.privileged = privileged;
    m.smmu.push(request);
  } else {
    arch::Event event = stall_event(0x10, 1, kVa);
    event.read = row.read;
    event.instruction = row.execute;
    event.privileged = privileged;
    m.smmu.push(event);
  }
  m.run();
  const arch::Command& answer = m.smmu.log.back().command;
  if (pri) {
    CHECK(answer.response == (row.served ? arch::PriResponse::success : arch::PriResponse::invalid));
  } else {
    CHECK(answer.action == (row.served ? arch::ResumeAction::retry : arch::ResumeAction::abort));
  }
  CHECK(m.count("pages_mapped") == (row.served ? 1 : 0));
}

TEST_CASE("one interrupt thread takes records one after the other") {
  Machine m;
  m.start({device(0x10, FaultKind::stall)});
  constexpr unsigned kFaults = 6;
  for (std::uint16_t i = 0; i < kFaults; ++i) m.smmu.push(stall_event(0x10, i, kVa + i * 0x1000));
  m.run();
  REQUIRE(m.faults.faults.size() == kFaults);
  for (unsigned i = 0; i < kFaults; ++i) {
    const FaultRecord& fault = fault_at(m, kVa + i * 0x1000);
    CHECK(fault.in(Stage::interrupt) == 601 * kNs);
    CHECK(fault.in(Stage::queue_drain) >= (50 + i * 602 + 202) * kNs);
    CHECK(fault.in(Stage::queue_drain) <= (50 + i * 602 + 202 + 2 * i) * kNs);  // port shared with workers
  }
  CHECK(m.count("interrupts") == 1);
}

TEST_CASE("a record that arrives while its line is masked interrupts again on unmask") {
  Machine m;
  m.start({device(0x10, FaultKind::stall)});
  const Picoseconds begin = m.now();
  m.smmu.push(stall_event(0x10, 1, kVa));
  m.run(3700 * kNs);  // the record is consumed, its thread still runs
  REQUIRE(m.now() == begin + 3700 * kNs);
  m.smmu.push(stall_event(0x10, 2, kVa + 0x1000));
  m.run();
  CHECK(m.faults.faults.size() == 2);
  CHECK(m.recorder.faults_live() == 0);
}

TEST_CASE("a worker that begins wakes the next, unless a busy one is sooner") {
  const auto serve = [](unsigned cpus, Picoseconds fault) {
    host::HostConfig config = fixed_config();
    config.cpu.cpus = cpus;
    config.cost[host::Cost::anon_fault].mean = fault;
    Machine m(config);
    m.start({device(0x10, FaultKind::stall)});
    m.smmu.push(stall_event(0x10, 1, kVa));
    m.smmu.push(stall_event(0x10, 2, kVa + 0x1000));
    m.run();
    REQUIRE(m.faults.faults.size() == 2);
    CHECK(m.count("workers") == 2);
    return std::make_pair(fault_at(m, kVa), fault_at(m, kVa + 0x1000));
  };
  constexpr Picoseconds kShort = 1'200 * kNs, kLong = 20'000 * kNs, kWake = 2'800 * kNs;
  for (const auto& [cpus, fault] : {std::pair{1u, kShort}, {1u, kLong}, {2u, kShort}}) {
    const auto [first, second] = serve(cpus, fault);
    CHECK(second.entered(Stage::mm_lock) == first.entered(Stage::command) + 1 * kNs);
  }
  const auto [first, second] = serve(2, kLong);
  CHECK(second.entered(Stage::mm_lock) == first.entered(Stage::mm_lock) + kWake);
}

TEST_CASE("policy deny answers as mainline does") {
  host::HostConfig config = fixed_config();
  config.pri_policy = host::PriPolicy::mainline_deny;
  Machine m(config);
  m.start({device(0x20, FaultKind::pri)});
  m.smmu.push(page_request(0x20, 3, kVa, false));
  m.smmu.push(page_request(0x20, 3, kVa + 0x1000, true));
  m.run();
  CHECK(m.commands() == std::vector<std::string>{"CMD_PRI_RESP"});
  CHECK(m.smmu.log.back().command.response == arch::PriResponse::failure);
  CHECK(m.recorder.faults_live() == 0);
}

TEST_CASE("stop markers are dropped without response") {
  Machine m;
  m.start({device(0x20, FaultKind::pri)});
  arch::PageRequest marker = page_request(0x20, 3, 0, true);
  marker.read = marker.write = false;
  m.smmu.push(marker);
  m.run();
  CHECK(m.commands().empty());
  CHECK(m.count("page_requests") == 1);
}
