// Queues of work: who shares a fault workqueue, and what that does to those behind a slow fault; CPUs that
// are busy or asleep; interrupts that are coalesced.
#include <catch2/catch.hpp>

#include "testbenches/unit/host_fake_smmu.hpp"

using namespace svasim;
using namespace svasim::test;
using host::Status;
using host::WorkqueueScope;
using probe::FaultKind;
using probe::Stage;

namespace {

constexpr std::uint64_t kVa = 0x7f00'1240'0000, kSlow = 0x7f00'2000'0000;
constexpr std::uint32_t kA = 0x10, kB = 0x20, kC = 0x30;

struct Queues : Machine {
  explicit Queues(const host::HostConfig& config) : Machine(config) {
    start({device(kA, FaultKind::stall, {1}), device(kB, FaultKind::stall, {1, 2}),
           device(kC, FaultKind::pri, {1})});
    host::Mapping file;
    file.va = kSlow;
    file.bytes = 0x100000;
    file.backing = host::Backing::file;
    file.cached = false;
    ask([&](auto reply) { host.mmap(1, file, reply); });
  }
  /// Device A waits for storage.
  void slow_fault() {
    push_access(kA, kSlow, false);
    run(20'000 * kNs);
  }
  Picoseconds waits(std::uint64_t va) { return fault_on(va).in(Stage::workqueue) / kNs; }
};

host::HostConfig config_of(WorkqueueScope scope, unsigned max_active = 1) {
  host::HostConfig config = fixed_config();
  config.workqueue = scope;
  config.max_active = max_active;
  return config;
}

}  // namespace

TEST_CASE("head-of-line blocking: who is behind a major fault depends on what shares its queue") {
  struct Case {
    WorkqueueScope scope;
    bool other_device, other_process, other_queue;  // blocked behind device A's fault in process 1?
  };
  const Case c = GENERATE(Case{WorkqueueScope::global, true, true, true},
                          Case{WorkqueueScope::per_smmu, true, true, true},
                          Case{WorkqueueScope::per_queue, true, true, false},
                          Case{WorkqueueScope::per_device, false, false, false},
                          Case{WorkqueueScope::per_domain, true, false, true});
  INFO("scope " << static_cast<int>(c.scope));
  Queues m(config_of(c.scope));
  m.slow_fault();
  m.push_access(kB, kVa, true, 1);
  m.push_access(kB, kVa + 0x1000, true, 2);
  m.smmu.push(page_request(kC, 1, kVa + 0x2000, true, 1));
  m.run();
  constexpr Picoseconds kBlocked = 20'000;
  CHECK((m.waits(kVa) > kBlocked) == c.other_device);
  CHECK((m.waits(kVa + 0x1000) > kBlocked) == c.other_process);
  CHECK((m.waits(kVa + 0x2000) > kBlocked) == c.other_queue);
}

TEST_CASE("max_active: so many groups at a time; Linux' defaults do not block") {
  constexpr unsigned kFaults = 6;
  const unsigned active = GENERATE(1u, 2u, 3u, 0u);
  host::HostConfig config = config_of(WorkqueueScope::per_smmu, active);
  config.cpu.cpus = 8;
  config.mm.read_around = 1;
  Queues m(config);
  for (unsigned i = 0; i < kFaults; ++i) m.push_access(kA, kSlow + i * 0x1000, false);
  m.run();
  std::vector<std::pair<Picoseconds, int>> edges;
  for (const FaultRecord& fault : m.faults.faults) {
    edges.emplace_back(fault.entered(Stage::mm_lock), 1);
    edges.emplace_back(fault.entered(Stage::command), -1);
  }
  std::sort(edges.begin(), edges.end());
  int together = 0, most = 0;
  for (const auto& [when, change] : edges) most = std::max(most, together += change);
  CHECK(most == static_cast<int>(active == 0 ? kFaults : active));
}

TEST_CASE("flush waits for the faults of everybody who shares the queue") {
  const auto scope = GENERATE(WorkqueueScope::per_smmu, WorkqueueScope::per_device);
  host::HostConfig config = config_of(scope, 8);
  config.flush = host::Flush::drain;
  Queues m(config);
  m.slow_fault();
  Picoseconds unbound = 0;
  m.host.unbind(arch::StreamId{kB}, 2, [&](Status s) {
    CHECK(s == Status::ok);
    unbound = m.now();
  });
  m.run();
  CHECK((unbound > m.fault_on(kSlow).entered(Stage::command)) == (scope == WorkqueueScope::per_smmu));
}

TEST_CASE("a flush waits for what was queued before it, not for what comes after") {
  host::HostConfig config = config_of(WorkqueueScope::per_smmu, 8);
  config.flush = host::Flush::drain;
  Queues m(config);
  m.slow_fault();
  Picoseconds unbound = 0;
  m.host.unbind(arch::StreamId{kB}, 2, [&](Status) { unbound = m.now(); });
  m.run(25'000 * kNs);
  m.push_access(kA, kSlow + 0x80000, false);  // 60 us more
  m.run();
  CHECK(unbound > m.fault_on(kSlow).entered(Stage::command));
  CHECK(unbound < m.fault_on(kSlow + 0x80000).entered(Stage::command));
}

TEST_CASE("other programs: interrupt threads displace them at once, workers after their slice") {
  host::HostConfig config = fixed_config();
  config.cpu.cpus = 2;
  config.cpu.busy = 1;
  config.cpu.burst = 1'000'000'000'000;
  const Picoseconds slice = GENERATE(Picoseconds{0}, Picoseconds{3'000'000'000});
  config.cpu.slice = slice;
  Machine m(config);
  m.start({device(kA, FaultKind::stall)});
  m.run(100'000'000 * kNs);
  const Picoseconds begin = m.now();
  m.push_access(kA, kVa);
  m.run();
  CHECK(m.fault_on(kVa).in(Stage::irq_thread) == 2500 * kNs);
  // Both CPUs have long run their programs. The interrupt thread displaced one of them, and that one began
  // anew; the other's slice is over.
  CHECK(m.fault_on(kVa).in(Stage::workqueue) == 2800 * kNs);
  const double other = static_cast<double>(m.count("cpu_others_ps"));
  CHECK(other > 0);
  CHECK(m.now() > begin);
}

TEST_CASE("a worker waits for the slice of whoever has just begun") {
  host::HostConfig config = fixed_config();
  config.cpu.cpus = 1;
  config.cpu.busy = 1;
  config.cpu.burst = 1'000'000'000'000;
  config.cpu.slice = 500'000'000;  // 0.5 ms
  Machine m(config);
  m.start({device(kA, FaultKind::stall)});
  m.run(10'000'000 * kNs);
  m.push_access(kA, kVa);
  m.run();
  // The interrupt thread had the CPU; when it let go, the other program began a slice.
  const Picoseconds wait = m.fault_on(kVa).in(Stage::workqueue);
  CHECK(wait >= 500'000 * kNs);
  CHECK(wait <= 503'000 * kNs);
}

TEST_CASE("half a load leaves half the CPUs' time") {
  host::HostConfig config = fixed_config();
  config.cpu.busy = 0.5;
  Machine m(config);
  m.start({device(kA, FaultKind::stall)});
  const Picoseconds begin = m.now();
  m.run(1'000'000'000 * kNs);
  const double load =
      static_cast<double>(m.count("cpu_others_ps")) / (4.0 * static_cast<double>(m.now() - begin));
  CHECK(load == Approx(0.5).margin(0.05));
}

TEST_CASE("deep idle: who wakes a CPU that slept for long waits for it to come up") {
  host::HostConfig config = fixed_config();
  config.cpu.idle_after = 1'000'000'000;
  Machine m(config);
  m.start({device(kA, FaultKind::stall)});
  m.run(5'000'000 * kNs);
  m.push_access(kA, kVa);
  m.run();
  const FaultRecord slow = m.fault_on(kVa);
  CHECK(slow.in(Stage::interrupt) == (601 + 20'000) * kNs);
  CHECK(slow.in(Stage::irq_thread) == (2500 + 20'000) * kNs);
  CHECK(slow.in(Stage::workqueue) == 2800 * kNs);  // where the interrupt thread ran
  m.run(5'000'000 * kNs);
  m.push_access(kA, kVa + 0x1000);
  m.run(100'000 * kNs);
  m.push_access(kA, kVa + 0x2000);  // right behind: all are awake
  m.run();
  CHECK(m.fault_on(kVa + 0x2000).in(Stage::interrupt) == 601 * kNs);
  CHECK(m.fault_on(kVa + 0x2000).in(Stage::workqueue) == 2800 * kNs);
}

TEST_CASE("coalescing: interrupts held back share") {
  host::HostConfig config = fixed_config();
  config.irq_coalesce = 10'000'000;
  Machine m(config);
  m.start({device(kA, FaultKind::stall)});
  m.push_access(kA, kVa);
  m.run(5'000 * kNs);
  m.push_access(kA, kVa + 0x1000);
  m.run();
  CHECK(m.fault_on(kVa).in(Stage::interrupt) == (10'000 + 601) * kNs);
  CHECK(m.fault_on(kVa + 0x1000).in(Stage::interrupt) == (10'000 + 601 - 5'000) * kNs);
  CHECK(m.count("interrupts") == 1);
}

TEST_CASE("responses are not synchronised, unless asked for") {
  host::HostConfig config = fixed_config();
  config.resp_sync = GENERATE(false, true);
  Machine m(config);
  m.start({device(kA, FaultKind::stall)});
  m.push_access(kA, kVa);
  m.run();
  CHECK(m.commands() == (config.resp_sync ? std::vector<std::string>{"CMD_RESUME", "CMD_SYNC"}
                                          : std::vector<std::string>{"CMD_RESUME"}));
}

TEST_CASE("profiles set every cost") {
  host::CostTable table;
  CHECK(table[host::Cost::anon_fault].mean == 1'200'000);
  table.set(host::Profile::embedded);
  CHECK(table[host::Cost::anon_fault].mean == 4'000'000);
  for (const host::CostInfo& info : host::kCostInfo) {
    INFO(info.key);
    CHECK(info.embedded > info.server.mean);
    const std::string meaning = info.meaning;
    CHECK((meaning.find("(measured") != std::string::npos || meaning.find("(estimate") != std::string::npos));
  }
}
