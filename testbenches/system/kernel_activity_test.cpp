// What the kernel does to memory while devices use it: forks, migration, reclaim, ageing, NUMA hints, unmaps
// and collapsing race with accesses, faults and invalidations in the whole machine, under the checker. Every
// access still ends well, and every record is answered.
#include <catch2/catch.hpp>
#include <random>

#include "testbenches/system/storm.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

constexpr std::uint64_t kBase = 0x7f12'3440'0000;  // 2 MB aligned
constexpr unsigned kPages = 48, kRemapped = 16;    ///< the last ones, if any

std::string trace_of(unsigned seed, unsigned devices) {
  std::mt19937 random(seed);
  std::ostringstream text;
  for (unsigned i = 0; i < 4000; ++i) {
    const std::uint64_t va = kBase + random() % kPages * 0x1000 + random() % 63 * 64;
    text << (random() % 2 == 0 ? "R" : "W") << " 0x" << std::hex << va << std::dec
         << " 64 dev=" << random() % devices << " pasid=" << 1 + random() % 2 << " t=" << i * 300 << "ns\n";
  }
  return text.str();
}

/// Does something to a random range of a random process now and then.
class Kernel {
 public:
  Kernel(Machine& machine, unsigned seed, bool remaps) : machine_(machine), random_(seed) {
    machine.on_transaction = [this, remaps](const probe::Transaction&) {
      if (++closed_ % 25 == 0) act();
      if (remaps && closed_ % 40 == 0) remap();
    };
  }
  unsigned actions = 0;

 private:
  /// Takes memory away, or the right to write it, and gives it back: the process's next system call.
  void remap() {
    host::Host& host = machine_.system().host();
    const std::uint32_t process = 1 + random_() % 2;
    host::Mapping range;
    range.va = kBase + (kPages - kRemapped + random_() % kRemapped) * 0x1000;
    range.bytes =
        std::min<std::uint64_t>(1 + random_() % 8, (kBase + kPages * 0x1000 - range.va) / 0x1000) * 0x1000;
    host::Protection read_only;
    read_only.write = false;
    const auto ignore = [](host::Status) {};
    if (random_() % 2 == 0) {
      host.munmap(process, range.va, range.bytes, ignore);
      host.mmap(process, range, ignore);
    } else {
      host.mprotect(process, range.va, range.bytes, read_only, ignore);
      host.mprotect(process, range.va, range.bytes, {}, ignore);
    }
  }

  void act() {
    ++actions;
    host::Host& host = machine_.system().host();
    const std::uint32_t process = 1 + random_() % 2;
    const std::uint64_t va = kBase + random_() % kPages * 0x1000, bytes = (1 + random_() % 8) * 0x1000;
    const auto ignore = [](host::Status) {};
    switch (random_() % 8) {
      case 0: return host.fork(process, 100 + actions, ignore);
      case 1: return host.migrate(process, va, bytes, ignore);
      case 2: return host.reclaim(process, va, bytes, ignore);
      case 3: return host.age(process, va, bytes, ignore);
      case 4: return host.numa_hint(process, va, bytes, ignore);
      case 5: return host.discard(process, va, bytes, ignore);
      case 6: return host.collapse(process, kBase, ignore);
      default: return host.touch(process, va, bytes, true, ignore);
    }
  }

  Machine& machine_;
  std::mt19937 random_;
  unsigned closed_ = 0;
};

}  // namespace

TEST_CASE("the kernel's own doings race with devices, and no translation outlives them") {
  const bool remaps = GENERATE(false, true);
  const unsigned seed = GENERATE(range(1u, 5u));
  const std::string ril = GENERATE("idr.ril=on", "idr.ril=off");
  INFO("seed " << seed << ", " << ril << (remaps ? ", munmap and mprotect" : ""));
  Machine machine(
      trace_of(seed, 2),
      {"run.check=on", "run.seed=" + std::to_string(seed), ril, "host.numa_migrate=0.5", "host.storage=5us",
       "host.fork=5us", "host.huge_fault=5us", seed % 2 == 0 ? "host.linux=6.1" : "host.linux=7.0"});
  Kernel kernel(machine, seed, remaps);
  const platform::RunResult result = machine.run();
  INFO(result.message);
  REQUIRE(result.ending == platform::Ending::complete);
  CHECK(kernel.actions > 50);
  CHECK(value_of(result, "host", "mm_cow") > 0);
  CHECK(value_of(result, "host", "mm_numa") > 0);
  CHECK(value_of(result, "host", "flushes") > 50);
  unsigned refused = 0;
  for (const auto& [id, transaction] : machine.transactions) {
    const probe::Transaction& t = transaction.value;
    if (t.outcome == probe::Outcome::ok) continue;
    ++refused;
    if (!remaps || t.va < kBase + (kPages - kRemapped) * 0x1000)
      FAIL_CHECK("transaction " << id << " did not end well");
  }
  CHECK((refused > 0) == remaps);
  check_conserved(result);
}

TEST_CASE("exit in the middle of a storm: accesses end, records are answered, the rest goes on") {
  const std::string linux_version = GENERATE("6.1", "7.0");
  const unsigned seed = GENERATE(1u, 2u, 3u);
  Machine machine(trace_of(seed, 2), {"run.check=on", "host.linux=" + linux_version});
  unsigned closed = 0;
  bool exited = false;
  machine.on_transaction = [&](const probe::Transaction&) {
    if (++closed == 1000)
      machine.system().host().exit(2, [&](host::Status s) { exited = s == host::Status::ok; });
  };
  const platform::RunResult result = machine.run();
  INFO(result.message);
  REQUIRE(result.ending == platform::Ending::complete);
  CHECK(exited);
  unsigned failed = 0;
  for (const auto& [id, transaction] : machine.transactions) {
    if (transaction.value.outcome == probe::Outcome::ok) continue;
    ++failed;
    CHECK(transaction.value.pasid == 2);
  }
  CHECK(failed > 0);
  check_conserved(result);
}

TEST_CASE("exit: while memory is torn down 7.0 aborts without an event, 6.1 stalls and is answered Abort") {
  const bool v6_1 = GENERATE(true, false);
  CAPTURE(v6_1);
  // Process 2 keeps the device's tables in use; tearing 4 MB down takes long enough for accesses in between.
  std::ostringstream text;
  text
      << "create\ncreate pasid=2\nbind dev=1\nbind dev=1 pasid=2\nmmap 0x400000 4M\ntouch 0x400000 4M write\n"
      << "W 0x400000 64 dev=1\nexit t=10ms\n";
  for (unsigned i = 0; i < 400; ++i) text << "R 0x400000 64 dev=1 t=" << 9990 + i << "us\n";
  Machine machine(text.str(),
                  {"run.check=on", v6_1 ? "host.linux=6.1" : "host.linux=7.0", "host.premapped=off"});
  std::map<arch::EventId, std::vector<arch::Event>> events;
  engine::Picoseconds gone = ~engine::Picoseconds{0};  // the first access that finds no context descriptor
  machine.system().smmu().tcu().on_event = [&](const arch::Event& event) {
    events[event.id].push_back(event);
    if (event.id == arch::EventId::c_bad_cd) gone = std::min(gone, machine.simulation().calendar().now());
  };
  const platform::RunResult result = machine.run();
  INFO(result.message);
  REQUIRE(result.ending == platform::Ending::complete);
  unsigned meanwhile = 0;
  for (const auto& [id, t] : machine.transactions) {
    const probe::Timeline& timeline = t.value.timeline;
    meanwhile += t.value.outcome == probe::Outcome::aborted && timeline.begun_at() + timeline.total() < gone;
  }
  CHECK(gone != ~engine::Picoseconds{0});
  CHECK(meanwhile > 0);
  CHECK(events.count(arch::EventId::f_translation) == (v6_1 ? 1 : 0));
  for (const arch::Event& event : events[arch::EventId::f_translation]) CHECK(event.stall);
  CHECK(machine.faults.empty() == !v6_1);
  for (const auto& [id, fault] : machine.faults) CHECK(fault.outcome == probe::Outcome::aborted);
  check_conserved(result);
}

TEST_CASE("2 MB pages from the device's side: one fault, one translation") {
  std::ostringstream text;
  for (unsigned i = 0; i < 64; ++i) text << "W 0x" << std::hex << kBase + i * 0x8000 << std::dec << " 64\n";
  Machine machine(text.str(), {"run.check=on", "host.thp=always"});
  const platform::RunResult result = machine.run();
  REQUIRE(result.ending == platform::Ending::complete);
  CHECK(value_of(result, "host", "mm_huge") >= 1);  // who comes too late has tried as well
  CHECK(value_of(result, "host", "pages_mapped") == 512);
}

TEST_CASE("modes of devices, mixed in one run") {
  std::ostringstream text;
  for (unsigned i = 0; i < 200; ++i) {
    text << "W 0x" << std::hex << kBase + i % 20 * 0x1000 << std::dec << " 64 dev=" << i % 4 << " pasid=1\n";
  }
  Machine machine(text.str(),
                  {"run.check=on", "device.count=4", "device.0=pcie", "device.1=platform", "device.2=pcie",
                   "device.2.faults=none", "device.3=platform", "device.3.faults=none"});
  const platform::RunResult result = machine.run();
  INFO(result.message);
  REQUIRE(result.ending == platform::Ending::complete);
  unsigned served[4] = {}, refused[4] = {};
  for (const auto& [id, t] : machine.transactions) {
    ++(t.value.outcome == probe::Outcome::ok ? served : refused)[t.value.device];
  }
  CHECK(served[0] == 50);
  CHECK(served[1] == 50);
  CHECK(refused[2] > 0);
  CHECK(refused[3] > 0);
  for (const auto& [id, fault] : machine.faults) CHECK(fault.device < 2);
}
