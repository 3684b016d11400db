// Memory management as a device's faults meet it: what each class of fault finds, does, costs and
// invalidates. Fixed costs, a store is 1 ns. "Flush" is TLBI, CMD_SYNC (and ATC_INV, CMD_SYNC).
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "testbenches/unit/host_fake_smmu.hpp"

using namespace svasim;
using namespace svasim::test;
using probe::FaultKind;
using probe::Stage;

namespace {

constexpr std::uint64_t kVa = 0x7f00'1240'0000;  // 2 MB aligned
constexpr std::uint64_t kPage = 0x1000;
constexpr std::uint32_t kStream = 0x10;
using Names = std::vector<std::string>;
const Names kFlush = {"CMD_TLBI_NH_VA", "CMD_SYNC"};

host::HostConfig bare_config() {
  host::HostConfig config = fixed_config();
  config.mm.premapped = false;
  return config;
}

host::Mapping mapping(std::uint64_t va, std::uint64_t bytes) {
  host::Mapping m;
  m.va = va;
  m.bytes = bytes;
  return m;
}

host::Mapping file(std::uint64_t va, std::uint64_t bytes, bool shared, bool cached = true) {
  host::Mapping m = mapping(va, bytes);
  m.backing = host::Backing::file;
  m.file = 1;
  m.shared = shared;
  m.cached = cached;
  return m;
}

/// Process 1 on a stalling device.
struct Mm : Machine {
  explicit Mm(const host::HostConfig& config = bare_config(), std::uint64_t page_bytes = kWindow)
      : Machine(config, 0, {}, page_bytes) {
    start({device(kStream, FaultKind::stall)});
  }
  host::Status map(const host::Mapping& m, std::uint32_t process = 1) {
    return ask([&](auto reply) { host.mmap(process, m, reply); });
  }
  host::Status protect(std::uint64_t va, std::uint64_t bytes, host::Protection p) {
    return ask([&](auto reply) { host.mprotect(1, va, bytes, p, reply); });
  }
  Picoseconds mm_fault(std::uint64_t va, bool write = true) {
    return access(kStream, va, write).in(Stage::mm_fault) / kNs;
  }
  bool refused(std::uint64_t va, bool write = true) {
    return access(kStream, va, write).outcome == probe::Outcome::aborted;
  }
  bool readable(std::uint64_t va) { return frame(kStream, va, false).has_value(); }
  bool writable(std::uint64_t va) { return frame(kStream, va, true).has_value(); }
  Names since_now() {
    Names names = commands();
    log_start = smmu.log.size();
    return names;
  }
};

}  // namespace

TEST_CASE("where nothing is mapped, or not for that, a fault is refused") {
  Mm m;
  REQUIRE(m.map(mapping(kVa, 4 * kPage)) == host::Status::ok);
  REQUIRE(m.protect(kVa, kPage, {true, false, false}) == host::Status::ok);
  CHECK(m.refused(kVa - kPage));
  CHECK(m.refused(kVa, true));
  CHECK(!m.refused(kVa, false));
  CHECK(m.protect(kVa + 3 * kPage, 2 * kPage, {}) == host::Status::no_memory);  // a hole
  CHECK(m.protect(kVa + 1, kPage, {}) == host::Status::invalid);
  CHECK(m.ask([&](auto reply) { m.host.munmap(1, kVa, 4 * kPage, reply); }) == host::Status::ok);
  CHECK(m.refused(kVa + kPage));
  CHECK(m.ask([&](auto reply) { m.host.munmap(9, kVa, kPage, reply); }) == host::Status::no_such_process);
}

TEST_CASE(
    "anonymous memory: a write takes a page, a read the zero page, and a write after it a second fault") {
  Mm m;
  m.map(mapping(kVa, 16 * kPage));
  CHECK(m.mm_fault(kVa) == 1200 + 4);                // three tables and the page
  CHECK(m.mm_fault(kVa + kPage, false) == 450 + 1);  // the page
  CHECK(m.readable(kVa + kPage));
  CHECK(!m.writable(kVa + kPage));
  m.access(kStream, kVa + 2 * kPage, false);
  CHECK(m.frame(kStream, kVa + kPage, false) == m.frame(kStream, kVa + 2 * kPage, false));
  CHECK(m.since_now() == Names(3, "CMD_RESUME"));  // what was not present is in no TLB
  m.smmu.on_command = [&](const arch::Command& command) {
    if (command.opcode == arch::Opcode::tlbi_nh_va) CHECK(!m.readable(kVa + kPage));  // between the pages
  };
  const Picoseconds copy = m.mm_fault(kVa + kPage);
  CHECK(copy > 1900 + 300 + 2);  // copy, notifier, two stores, and the flush
  CHECK(copy < 1900 + 300 + 2 + 1000);
  CHECK(m.since_now() == Names{"CMD_TLBI_NH_VA", "CMD_SYNC", "CMD_RESUME"});
  CHECK(m.writable(kVa + kPage));
  CHECK(m.count("mm_zero") == 2);
  CHECK(m.count("mm_zero_cow") == 1);
  CHECK(m.count("mm_anonymous") == 1);
}

TEST_CASE("fork: everything is invalidated, and the next write copies while the child keeps the page") {
  Mm m;
  m.map(mapping(kVa, 16 * kPage));
  m.access(kStream, kVa);
  m.since_now();
  const auto parent = m.frame(kStream, kVa, true);
  REQUIRE(m.ask([&](auto reply) { m.host.fork(1, 2, reply); }) == host::Status::ok);
  CHECK(m.since_now() == Names{"CMD_TLBI_NH_ASID", "CMD_SYNC"});
  CHECK(!m.writable(kVa));
  REQUIRE(m.ask([&](auto reply) { m.host.bind(arch::StreamId{kStream}, 2, reply); }) == host::Status::ok);
  CHECK(m.frame(kStream, kVa, false, 2) == parent);
  const Picoseconds copy = m.mm_fault(kVa);
  CHECK(copy > 2300 + 300 + 2);
  CHECK(m.frame(kStream, kVa, true) != parent);
  CHECK(m.frame(kStream, kVa, false, 2) == parent);
  CHECK(!m.frame(kStream, kVa, true, 2));
  m.since_now();
  m.access(kStream, kVa, true, 2);  // nobody else uses it any more
  CHECK(m.frame(kStream, kVa, true, 2) == parent);
  CHECK(m.since_now() == Names{"CMD_TLBI_NH_VA", "CMD_SYNC", "CMD_RESUME"});
  CHECK(m.count("mm_cow") == 1);
  CHECK(m.count("mm_reuse") == 1);
}

TEST_CASE("page cache: one read maps the sixteen pages around it that are there") {
  Mm m;
  m.map(file(kVa + 4 * kPage, 64 * kPage, true));
  CHECK(m.mm_fault(kVa + 20 * kPage, false) == 450 + 3 + 16);
  for (unsigned i = 0; i < 40; ++i) {
    INFO("page " << i);
    CHECK(m.readable(kVa + i * kPage) == (i >= 16 && i < 32));
    CHECK(!m.writable(kVa + i * kPage));
  }
  SECTION("a window that the mapping cuts") {
    CHECK(m.mm_fault(kVa + 5 * kPage, false) == 450 + 12);
    CHECK(!m.readable(kVa + 3 * kPage));
  }
  SECTION("a clean page of a shared mapping is made dirty") {
    m.since_now();
    m.access(kStream, kVa + 17 * kPage);
    CHECK(m.since_now() == Names{"CMD_TLBI_NH_VA", "CMD_SYNC", "CMD_RESUME"});
    CHECK(m.writable(kVa + 17 * kPage));
    CHECK(m.count("mm_dirty") == 1);
  }
  SECTION("a private mapping copies") {
    host::Mapping own = file(kVa + 0x100 * kPage, 8 * kPage, false);
    own.offset = 16 * kPage;  // what the shared mapping has at its page 20
    m.map(own);
    m.access(kStream, own.va, false);
    CHECK(m.frame(kStream, own.va, false) == m.frame(kStream, kVa + 20 * kPage, false));
    m.access(kStream, own.va, true);
    CHECK(m.frame(kStream, own.va, true) != m.frame(kStream, kVa + 20 * kPage, false));
    CHECK(m.count("mm_cow") == 1);
    own.va += 0x100 * kPage;
    m.map(own);
    m.access(kStream, own.va, true);  // written first
    CHECK(m.writable(own.va));
    CHECK(m.count("mm_file_cow") == 1);
  }
}

TEST_CASE("a major fault waits for storage asleep, with the mmap lock held for reading") {
  host::HostConfig config = bare_config();
  config.storage.bandwidth = 4096;  // MB/s: a page a microsecond
  Mm m(config);
  m.map(file(kVa, 64 * kPage, true, false));
  const Picoseconds begin = m.now();
  SECTION("software, device, transfer of the pages around, waking, and the page-cache fault") {
    const auto major = m.mm_fault(kVa + 40 * kPage, false);
    CHECK(major >= 5000 + 50'000 + 32'000 + 2500 + 450);
    CHECK(major <= 5000 + 50'000 + 32'000 + 2500 + 450 + 32);
    CHECK(m.mm_fault(kVa + 30 * kPage, false) < 600);  // read around
    CHECK(m.count("storage_bytes") == 32 * kPage);
    CHECK(m.count("storage_commands") == 1);
  }
  SECTION("a writer waits for it, a reader does not") {
    m.map(mapping(kVa + 0x100 * kPage, kPage));
    m.push_access(kStream, kVa, false);
    m.run(20'000 * kNs);
    Picoseconds unmapped = 0;
    m.push_access(kStream, kVa + 0x100 * kPage);
    m.run(10'000 * kNs);
    CHECK(m.fault_on(kVa + 0x100 * kPage).outcome == probe::Outcome::ok);
    m.host.munmap(1, kVa + 0x100 * kPage, kPage, [&](host::Status) { unmapped = m.now(); });
    m.run();
    CHECK(unmapped > m.fault_on(kVa).entered(Stage::response));
  }
  SECTION("two that need the same page read it once") {
    m.push_access(kStream, kVa, false);
    m.push_access(kStream, kVa + 8, false);
    m.run();
    CHECK(m.count("storage_commands") == 1);
    CHECK(m.count("mm_file_major") == 2);
  }
  CHECK(m.now() > begin);
  CHECK(m.errors.empty());
}

TEST_CASE("storage: commands beyond its queue wait, and transfers share its bandwidth") {
  host::HostConfig config = bare_config();
  config.storage.queue = GENERATE(1u, 4u);
  config.mm.read_around = 1;
  Mm m(config);
  m.map(file(kVa, 64 * kPage, true, false));
  constexpr unsigned kFaults = 4;
  for (unsigned i = 0; i < kFaults; ++i) m.push_access(kStream, kVa + i * kPage, false);
  const Picoseconds begin = m.now();
  m.run();
  Picoseconds last = 0;
  for (unsigned i = 0; i < kFaults; ++i) {
    last = std::max(last, m.fault_on(kVa + i * kPage).entered(Stage::response) - begin);
  }
  const unsigned turns = kFaults / config.storage.queue;
  CHECK(last >= turns * 50'000 * kNs);
  constexpr unsigned kWorkers = (kFaults - 1) * 2'800;  // one after the other wakes
  CHECK(last < (turns * 50'700 + kWorkers + 20'000) * kNs);
}

TEST_CASE("swapped out page by page, each with its own flush; back from storage") {
  Mm m;
  m.map(mapping(kVa, 4 * kPage));
  for (unsigned i = 0; i < 3; ++i) m.access(kStream, kVa + i * kPage);
  m.since_now();
  m.ask([&](auto reply) { m.host.reclaim(1, kVa, 4 * kPage, reply); });
  CHECK(m.since_now() == Names{kFlush[0], kFlush[1], kFlush[0], kFlush[1], kFlush[0], kFlush[1]});
  CHECK(!m.readable(kVa));
  CHECK(m.mm_fault(kVa) >= 5000 + 50'000 + 2500 + 1200);
  CHECK(m.writable(kVa));
  CHECK(m.count("mm_swap") == 1);
  CHECK(m.count("storage_commands") == 4);  // three writes, a read
}

TEST_CASE("two that fault on one swapped page get the same frame") {
  Mm m;
  m.map(mapping(kVa, kPage));
  m.access(kStream, kVa);
  m.ask([&](auto reply) { m.host.reclaim(1, kVa, kPage, reply); });
  std::set<std::uint64_t> frames;
  m.smmu.on_command = [&](const arch::Command& command) {
    if (command.opcode == arch::Opcode::resume) frames.insert(m.frame(kStream, kVa, true).value_or(0));
  };
  m.push_access(kStream, kVa);
  m.run(30'000 * kNs);
  m.push_access(kStream, kVa + 8);
  m.run();
  CHECK(m.count("mm_swap") == 2);
  CHECK(frames.size() == 1);
}

TEST_CASE("2 MB pages are blocks; taking a part away splits transparent ones, and is refused of others") {
  Mm m;
  const auto backing = GENERATE(host::Backing::anonymous, host::Backing::hugetlb);
  host::Mapping huge = mapping(kVa, 2 * host::kHugeBytes);
  huge.huge = true;
  huge.backing = backing;
  REQUIRE(m.map(huge) == host::Status::ok);
  CHECK(m.mm_fault(kVa + 5 * kPage) == 250'000 + 3);  // two tables and the block
  const auto outcome = m.translate(kStream, 1, kVa + 5 * kPage);
  CHECK(std::get<arch::TranslationResult>(outcome).pa.value % host::kHugeBytes == 5 * kPage);
  CHECK(m.writable(kVa + host::kHugeBytes - 1));
  CHECK(!m.readable(kVa + host::kHugeBytes));
  const auto frame = m.frame(kStream, kVa + 9 * kPage, true);
  const auto munmap = [&](std::uint64_t va, std::uint64_t bytes) {
    return m.ask([&](auto reply) { m.host.munmap(1, va, bytes, reply); });
  };
  if (backing == host::Backing::hugetlb) {
    CHECK(munmap(kVa + 4 * kPage, kPage) == host::Status::invalid);
    CHECK(munmap(kVa, kPage) == host::Status::invalid);
    CHECK(m.protect(kVa + host::kHugeBytes, kPage, {true, false, false}) == host::Status::invalid);
    CHECK(m.map(file(kVa, kPage, false)) == host::Status::invalid);
    for (const auto call : {&host::Host::reclaim, &host::Host::age, &host::Host::numa_hint,
                            &host::Host::migrate, &host::Host::discard}) {
      m.ask([&](auto reply) { (m.host.*call)(1, kVa, 3 * kPage, reply); });  // it has no part of 4 KB
    }
    CHECK(m.frame(kStream, kVa + 9 * kPage, true) == frame);
    CHECK(munmap(kVa, host::kHugeBytes) == host::Status::ok);
    CHECK(m.refused(kVa + 9 * kPage));
    return;
  }
  CHECK(munmap(kVa + 4 * kPage, kPage) == host::Status::ok);
  CHECK(!m.readable(kVa + 4 * kPage));
  CHECK(m.frame(kStream, kVa + 9 * kPage, true) == frame);
  CHECK(m.refused(kVa + 4 * kPage));
}

TEST_CASE(
    "no memory: a transparent 2 MB page becomes small ones, a hugetlb page is refused, nothing is lost") {
  Mm m(bare_config(), 2 * host::kHugeBytes);  // tables, one block, less than another
  host::Mapping huge = mapping(kVa, 3 * host::kHugeBytes);
  huge.huge = true;
  REQUIRE(m.map(huge) == host::Status::ok);
  CHECK(m.mm_fault(kVa) >= 250'000);
  CHECK(m.mm_fault(kVa + host::kHugeBytes) < 2'000);
  CHECK(m.count("mm_huge") == 1);
  CHECK(m.count("mm_anonymous") == 1);
  host::Mapping other = mapping(kVa + 4 * host::kHugeBytes, host::kHugeBytes);
  other.backing = host::Backing::hugetlb;
  REQUIRE(m.map(other) == host::Status::ok);
  CHECK(m.refused(other.va));
  SECTION("to the last page: faults are refused until some are given back") {
    std::uint64_t va = kVa + host::kHugeBytes;
    while (!m.refused(va)) va += kPage;
    CHECK(va - (kVa + host::kHugeBytes) > host::kHugeBytes / 2);
    m.ask([&](auto reply) { m.host.munmap(1, kVa + host::kHugeBytes, 4 * kPage, reply); });
    CHECK(!m.refused(va));
    CHECK(m.recorder.faults_live() == 0);
  }
}

TEST_CASE("a fork's write to a 2 MB page splits it and copies one page") {
  Mm m;
  host::Mapping huge = mapping(kVa, host::kHugeBytes);
  huge.huge = true;
  m.map(huge);
  m.access(kStream, kVa);
  m.ask([&](auto reply) { m.host.fork(1, 2, reply); });
  const auto shared = m.frame(kStream, kVa + kPage, false);
  m.access(kStream, kVa + kPage);  // splits; the device tries again
  m.access(kStream, kVa + kPage);
  CHECK(m.frame(kStream, kVa + kPage, true) != shared);
  CHECK(!m.writable(kVa + 2 * kPage));
  CHECK(m.readable(kVa + 2 * kPage));
}

TEST_CASE("a fork's write to a hugetlb page copies it as a whole") {
  Mm m;
  host::Mapping huge = mapping(kVa, host::kHugeBytes);
  huge.backing = host::Backing::hugetlb;
  m.map(huge);
  m.access(kStream, kVa);
  m.ask([&](auto reply) { m.host.fork(1, 2, reply); });
  const auto shared = m.frame(kStream, kVa + kPage, false);
  CHECK(m.mm_fault(kVa) >= 2'300 + 250'000);
  CHECK(m.writable(kVa + 511 * kPage));
  CHECK(m.frame(kStream, kVa + kPage, true) != shared);
}

TEST_CASE("a child's device finds nothing before fork has returned, and never what fork replaces") {
  Mm m;
  m.map(mapping(kVa, 16 * kPage));
  for (unsigned i = 0; i < 8; ++i) m.access(kStream, kVa + i * kPage);
  bool forked = false;
  m.host.fork(1, 2, [&](host::Status status) { forked = status == host::Status::ok; });
  bool bound = false;
  m.host.bind(arch::StreamId{kStream}, 2, [&](host::Status status) { bound = status == host::Status::ok; });
  m.run(20'000 * kNs);
  REQUIRE((bound && !forked));
  m.push_access(kStream, kVa, false, 2);
  m.push_access(kStream, kVa + 12 * kPage, true, 2);
  m.smmu.on_command = [&](const arch::Command& command) {
    if (command.opcode == arch::Opcode::resume) CHECK(forked);
  };
  m.run();
  CHECK(forked);
  CHECK(m.frame(kStream, kVa, false, 2) == m.frame(kStream, kVa, false));
  CHECK(m.recorder.faults_live() == 0);
}

TEST_CASE("collapse: the table goes, not leaf only, before the block comes") {
  Mm m;
  m.map(mapping(kVa, host::kHugeBytes));
  for (unsigned i = 0; i < 3; ++i) m.access(kStream, kVa + i * kPage);
  m.since_now();
  CHECK(m.ask([&](auto reply) { m.host.collapse(1, kVa, reply); }) == host::Status::ok);
  CHECK(m.since_now() == kFlush);
  CHECK(!m.smmu.log[m.smmu.log.size() - 2].command.leaf);
  CHECK(m.writable(kVa + 511 * kPage));
  CHECK(m.ask([&](auto reply) { m.host.collapse(1, kVa, reply); }) == host::Status::invalid);
}

TEST_CASE("access flag and NUMA hints: fixed up without a flush, unless the page moves") {
  host::HostConfig config = bare_config();
  config.mm.numa_migrate = GENERATE(0.0, 1.0);
  Mm m(config);
  m.map(mapping(kVa, 4 * kPage));
  m.access(kStream, kVa);
  const auto frame = m.frame(kStream, kVa, true);
  m.ask([&](auto reply) { m.host.age(1, kVa, kPage, reply); });
  CHECK(!m.readable(kVa));
  m.since_now();
  CHECK(m.mm_fault(kVa, false) == 350 + 1);
  CHECK(m.since_now() == Names{"CMD_RESUME"});
  m.ask([&](auto reply) { m.host.numa_hint(1, kVa, 4 * kPage, reply); });
  CHECK(m.since_now() == kFlush);
  CHECK(!m.readable(kVa));
  CHECK(m.mm_fault(kVa, false) == 350 + 1 + (config.mm.numa_migrate == 1 ? 3000 : 0));
  CHECK((m.frame(kStream, kVa, true) == frame) == (config.mm.numa_migrate == 0));
}

TEST_CASE("who faults on a page that is being moved waits for it") {
  host::HostConfig config = bare_config();
  config.cost[host::Cost::migrate] = host::fixed(40'000'000);
  Mm m(config);
  m.map(mapping(kVa, 4 * kPage));
  m.access(kStream, kVa);
  const auto frame = m.frame(kStream, kVa, true);
  const Picoseconds begin = m.now();
  m.host.migrate(1, kVa, kPage, [](host::Status) {});
  m.run(5'000 * kNs);
  CHECK(!m.readable(kVa));
  m.access(kStream, kVa);
  CHECK(m.fault_on(kVa).entered(Stage::response) > begin + 40'000 * kNs);
  CHECK(m.writable(kVa));
  CHECK(m.frame(kStream, kVa, true) != frame);
}

TEST_CASE("munmap frees page tables, and they are used again") {
  host::HostConfig config = bare_config();
  Mm m(config);
  for (unsigned round = 0; round < 3; ++round) {
    const std::uint64_t va = kVa + round * (std::uint64_t{1} << 30);
    m.map(mapping(va, kPage));
    m.access(kStream, va);
    CHECK(m.writable(va));
    m.since_now();
    m.ask([&](auto reply) { m.host.munmap(1, va, kPage, reply); });
    CHECK(m.since_now() == kFlush);
    CHECK(!m.readable(va));
  }
}

TEST_CASE("a table that goes is invalidated even if nothing was left in it") {
  Mm m;
  m.map(mapping(kVa, kPage));
  m.access(kStream, kVa);
  m.ask([&](auto reply) { m.host.discard(1, kVa, kPage, reply); });
  m.since_now();
  m.ask([&](auto reply) { m.host.munmap(1, kVa, kPage, reply); });
  CHECK(m.since_now() == kFlush);
}

TEST_CASE("CPU touches fault pages in for devices, as CPU faults") {
  Mm m;
  m.map(mapping(kVa, 4 * kPage));
  CHECK(m.ask([&](auto reply) { m.host.touch(1, kVa + 8, 2 * kPage, true, reply); }) == host::Status::ok);
  CHECK(m.writable(kVa + 2 * kPage));
  CHECK(m.commands().empty());
  CHECK(m.ask([&](auto reply) { m.host.touch(1, kVa - 8, 8, false, reply); }) == host::Status::bad_address);
}

TEST_CASE("whatever happens in whatever order, a translation is allowed, and no writable page is shared") {
  const unsigned seed = GENERATE(range(1u, 9u));
  INFO("seed " << seed);
  host::HostConfig config = bare_config();
  config.mm.numa_migrate = 0.5;
  config.mm.read_around = 4;
  Mm m(config);
  std::mt19937 random(seed);
  constexpr unsigned kPages = 1024;
  struct Allowed {
    bool read = false, write = false;
  };
  std::vector<Allowed> allowed(kPages);
  const auto draw = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  m.map(mapping(kVa, kPages * kPage));
  std::fill(allowed.begin(), allowed.end(), Allowed{true, true});
  const auto ignore = [](host::Status) {};
  for (unsigned step = 0; step < 120; ++step) {
    const unsigned at = draw(4) == 0 ? draw(2) * 512 : draw(kPages),
                   count = draw(3) == 0 ? 512 : 1 + draw(20);
    const unsigned end = std::min(kPages, at + count);
    const std::uint64_t va = kVa + at * kPage, bytes = (end - at) * kPage;
    const auto set = [&](Allowed a, bool only_mapped) {
      for (unsigned i = at; i < end; ++i) {
        if (!only_mapped || allowed[i].read) allowed[i] = a;
      }
    };
    switch (draw(14)) {
      case 0: {
        host::Mapping map = draw(2) == 0 ? mapping(va, bytes) : file(va, bytes, draw(2) == 0, draw(2) == 0);
        map.huge = draw(2) == 0;
        m.host.mmap(1, map, ignore);
        set({true, true}, false);
        break;
      }
      case 1:
        m.host.munmap(1, va, bytes, ignore);
        set({}, false);
        break;
      case 2: {
        const bool write = draw(2) == 0;
        const bool hole = std::any_of(&allowed[at], &allowed[0] + end, [](Allowed a) { return !a.read; });
        m.host.mprotect(1, va, bytes, {true, write, false}, ignore);
        if (!hole) set({true, write}, true);
        break;
      }
      case 3: m.host.discard(1, va, bytes, ignore); break;
      case 4: m.host.reclaim(1, va, bytes, ignore); break;
      case 5: m.host.age(1, va, bytes, ignore); break;
      case 6: m.host.numa_hint(1, va, bytes, ignore); break;
      case 7: m.host.migrate(1, va, bytes, ignore); break;
      case 8: m.host.collapse(1, va, ignore); break;
      case 9:
        if (step % 3 == 0) m.host.fork(1, 100 + step, ignore);
        break;
      default:
        for (unsigned i = 0; i < 8; ++i) m.push_access(kStream, kVa + draw(kPages) * kPage, draw(2) == 0);
    }
    m.run(draw(3) == 0 ? 5'000'000 * kNs : draw(100'000) * kNs);
  }
  m.run(1'000'000'000 * kNs);
  CHECK(m.recorder.faults_live() == 0);
  std::set<std::uint64_t> writable;
  for (unsigned i = 0; i < kPages; ++i) {
    const std::uint64_t va = kVa + i * kPage;
    INFO("page " << i);
    if (m.readable(va)) CHECK(allowed[i].read);
    if (!m.writable(va)) continue;
    CHECK(allowed[i].write);
    const bool own = writable.insert(*m.frame(kStream, va, true)).second;
    CHECK((own || m.count("mm_file_write") + m.count("mm_dirty") > 0));  // a shared file may be mapped twice
  }
  CHECK(m.errors.empty());
}
