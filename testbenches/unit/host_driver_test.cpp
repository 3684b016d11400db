// The SMMU driver against registers, tables and queues: what it writes, in which order, and what it does when
// queues fill, overflow or stop.
#include <catch2/catch.hpp>
#include <random>

#include "testbenches/unit/host_fake_smmu.hpp"

using namespace svasim;
using namespace svasim::test;
using probe::FaultKind;
using probe::Stage;

namespace {

constexpr std::uint64_t kVa = 0x7f00'1234'5000;
using Names = std::vector<std::string>;

Names sequence(std::initializer_list<std::pair<unsigned, const char*>> parts) {
  Names names;
  for (const auto& [times, name] : parts) names.insert(names.end(), times, name);
  return names;
}

host::HostConfig config_with(unsigned cmdq, unsigned eventq, unsigned priq) {
  host::HostConfig config = fixed_config();
  config.cmdq_log2 = cmdq;
  config.eventq_log2 = eventq;
  config.priq_log2 = priq;
  return config;
}

arch::Features without_ranges() {
  arch::Features features;
  features.ril = false;
  return features;
}

/// Touches `pages` pages from kVa on, one fault at a time.
void touch(Machine& m, std::uint32_t stream, unsigned pages) {
  for (unsigned i = 0; i < pages; ++i) {
    m.smmu.push(stall_event(stream, static_cast<std::uint16_t>(i), kVa + i * 0x1000));
    m.run(20'000 * kNs);
  }
  m.log_start = m.smmu.log.size();
}

}  // namespace

TEST_CASE("bring-up enables everything in order, and the tables translate") {
  const auto sync = GENERATE(host::SyncMode::msi, host::SyncMode::poll);
  host::HostConfig config = fixed_config();
  config.sync = sync;
  Machine m(config);
  m.start({device(0x123, FaultKind::pri, {1, 2000})});
  CHECK(m.errors.empty());
  CHECK(m.smmu.at(reg::kCr0) == (arch::cr0::kSmmuEn | arch::cr0::kPriqEn | arch::cr0::kEventqEn |
                                 arch::cr0::kCmdqEn | arch::cr0::kAtsChk));
  m.log_start = 0;
  CHECK(m.commands() == sequence({{1, "CMD_CFGI_STE_RANGE"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_TLBI_EL2_ALL"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_TLBI_NSNH_ALL"},
                                  {1, "CMD_SYNC"},
                                  // the STE: bypass
                                  {1, "CMD_CFGI_STE"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_CFGI_STE"},
                                  {1, "CMD_SYNC"},
                                  // process 1: a CD leaf table, the CD, the table into the STE, ATS on
                                  {1, "CMD_CFGI_CD"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_CFGI_CD"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_CFGI_CD"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_CFGI_STE"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_CFGI_STE"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_PREFETCH_CONFIG"},
                                  {1, "CMD_ATC_INV"},
                                  {1, "CMD_SYNC"},
                                  // process 2000: another leaf table, the CD, its PASID in the ATC
                                  {1, "CMD_CFGI_CD"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_CFGI_CD"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_CFGI_CD"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_ATC_INV"},
                                  {1, "CMD_SYNC"}}));
  const auto signal = sync == host::SyncMode::msi ? arch::SyncSignal::irq : arch::SyncSignal::none;
  CHECK(m.smmu.log.back().command.signal == signal);
  for (const std::uint32_t pasid : {1u, 2000u}) {
    const auto outcome = m.translate(0x123, pasid, kVa);
    REQUIRE(std::holds_alternative<arch::FaultOutcome>(outcome));
    CHECK(std::get<arch::FaultOutcome>(outcome).event->id == arch::EventId::f_translation);
  }
}

TEST_CASE("linear tables where the SMMU has no two-level ones") {
  arch::Features features;
  features.st_level = features.cd2l = false;
  features.sidsize = 10;
  Machine m(fixed_config(), 0, features);
  m.start({device(0x123, FaultKind::stall, {1000})});
  CHECK(m.errors.empty());
  m.smmu.push(stall_event(0x123, 1, kVa, 1000));
  m.run();
  CHECK(m.translates(0x123, 1000, kVa));
}

TEST_CASE("unmap: descriptors, TLBI, SYNC, ATC_INV, SYNC") {
  Machine m(fixed_config(), 0, without_ranges());
  m.start({device(0x10, FaultKind::stall), device(0x20, FaultKind::pri)});
  touch(m, 0x10, 4);
  m.smmu.on_command = [&](const arch::Command& command) {
    if (command.opcode == arch::Opcode::tlbi_nh_va) CHECK(!m.translates(0x10, 1, command.address));
  };
  bool done = false;
  SECTION("by page, and one aligned power-of-two span for the ATC") {
    m.host.discard(1, kVa, 3 * 0x1000, [&](host::Status) { done = true; });
    m.run();
    CHECK(m.commands() ==
          sequence({{3, "CMD_TLBI_NH_VA"}, {1, "CMD_SYNC"}, {1, "CMD_ATC_INV"}, {1, "CMD_SYNC"}}));
    const arch::Command& atc = m.smmu.log[m.smmu.log.size() - 2].command;
    CHECK(atc.address == (kVa & ~0x3fffull));  // pages 5, 6, 7 of 4..7
    CHECK(atc.size == 2);
    CHECK(!m.smmu.log[m.log_start].command.leaf);
    CHECK(m.translates(0x10, 1, kVa + 3 * 0x1000));
  }
  SECTION("nothing mapped there: no commands") {
    m.host.discard(1, 0x1000, ~0ull >> 20, [&](host::Status) { done = true; });
    m.run();
    CHECK(m.commands().empty());
  }
  CHECK(done);
  CHECK(m.errors.empty());
}

TEST_CASE("range invalidation: five bits of the page count at a time, and two pages for one") {
  // Linux arm-smmu-v3: each command is num * 2^scale pages; a low chunk of exactly one page is made two when
  // the command is not leaf only.
  struct Range {
    unsigned pages, num, scale;
  };
  const auto [pages, expected] = GENERATE(table<unsigned, std::vector<Range>>({
      {1, {{0, 1, 1}}},
      {3, {{0, 3, 0}}},
      {32, {{0, 1, 5}}},
      {33, {{0, 17, 1}}},  // 34 pages
      {100, {{0, 25, 2}}},
      {99, {{0, 3, 0}, {3, 3, 5}}},
  }));
  host::HostConfig config = fixed_config();
  config.cost[host::Cost::anon_fault] = host::fixed(0);
  Machine m(config);
  m.start({device(0x10, FaultKind::stall)});
  m.smmu.push(stall_event(0x10, 1, kVa));
  m.smmu.push(stall_event(0x10, 2, kVa + (pages - 1) * 0x1000));
  m.run();
  m.log_start = m.smmu.log.size();
  m.host.discard(1, kVa, pages * 0x1000, [](host::Status) {});
  m.run();
  REQUIRE(m.commands() ==
          sequence({{static_cast<unsigned>(expected.size()), "CMD_TLBI_NH_VA"}, {1, "CMD_SYNC"}}));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const arch::Command& command = m.smmu.log[m.log_start + i].command;
    INFO(pages << " pages, command " << i);
    CHECK(command.tg == 1);
    CHECK(!command.leaf);
    CHECK(command.address == kVa + expected[i].pages * 0x1000);
    CHECK(command.num + 1u == expected[i].num);
    CHECK(command.scale == expected[i].scale);
  }
}

TEST_CASE("512 pages or more: the whole ASID") {
  host::HostConfig config = fixed_config();
  config.cost[host::Cost::anon_fault] = host::fixed(0);
  Machine m(config, 0, without_ranges());
  m.start({device(0x10, FaultKind::stall)});
  touch(m, 0x10, 1);
  m.smmu.push(stall_event(0x10, 1, kVa + 511 * 0x1000));
  m.run();
  m.log_start = m.smmu.log.size();
  m.host.discard(1, 0, ~0ull, [](host::Status) {});
  m.run();
  CHECK(m.commands() == sequence({{1, "CMD_TLBI_NH_ASID"}, {1, "CMD_SYNC"}}));
}

TEST_CASE("freed frames are used again") {
  Machine m;
  m.start({device(0x10, FaultKind::stall)});
  touch(m, 0x10, 1);
  const auto before = std::get<arch::TranslationResult>(m.translate(0x10, 1, kVa)).pa;
  m.host.discard(1, kVa, 0x1000, [](host::Status) {});
  m.run();
  m.smmu.push(stall_event(0x10, 1, kVa + 0x5000));
  m.run();
  CHECK(std::get<arch::TranslationResult>(m.translate(0x10, 1, kVa + 0x5000)).pa == before);
}

TEST_CASE("a small command queue wraps and fills without losing or reordering a command") {
  const auto sync = GENERATE(host::SyncMode::msi, host::SyncMode::poll);
  host::HostConfig config = config_with(2, 8, 8);
  config.sync = sync;
  Machine m(config, 0, without_ranges());
  m.start({device(0x10, FaultKind::stall), device(0x20, FaultKind::pri)});
  touch(m, 0x10, 20);
  m.smmu.command_time = 300 * kNs;
  m.host.discard(1, kVa, 20 * 0x1000, [](host::Status) {});
  m.run();
  std::vector<std::uint64_t> addresses;
  for (std::size_t i = m.log_start; i < m.smmu.log.size(); ++i) {
    if (m.smmu.log[i].command.opcode == arch::Opcode::tlbi_nh_va) {
      addresses.push_back(m.smmu.log[i].command.address);
    }
  }
  REQUIRE(addresses.size() == 20);
  for (unsigned i = 0; i < 20; ++i) CHECK(addresses[i] == kVa + i * 0x1000);
  CHECK(m.commands() ==
        sequence({{20, "CMD_TLBI_NH_VA"}, {1, "CMD_SYNC"}, {1, "CMD_ATC_INV"}, {1, "CMD_SYNC"}}));
  CHECK(m.count("cmdq_full_waits") > 0);
  CHECK(m.count("cmdq_peak") == 4);
}

TEST_CASE("many CPUs insert at once: every command arrives once, those of a call together") {
  host::HostConfig config = config_with(3, 10, 10);
  config.cpu.cpus = 16;
  Machine m(config);
  m.start({device(0x10, FaultKind::stall, {1, 2, 3, 4})});
  m.smmu.command_time = 200 * kNs;
  for (std::uint16_t i = 0; i < 200; ++i) {
    m.smmu.push(stall_event(0x10, i, kVa + (i / 4) * 0x1000, 1 + i % 4));
  }
  m.run(30'000 * kNs);
  for (std::uint32_t p = 1; p <= 4; ++p) m.host.discard(p, kVa, 40 * 0x1000, [](host::Status) {});
  m.run();
  std::vector<unsigned> resumed(200);
  for (std::size_t i = m.log_start; i < m.smmu.log.size(); ++i) {
    const arch::Command& command = m.smmu.log[i].command;
    if (command.opcode == arch::Opcode::resume) ++resumed[command.stag];
  }
  CHECK(std::all_of(resumed.begin(), resumed.end(), [](unsigned n) { return n == 1; }));
  CHECK(m.recorder.faults_live() == 0);
  CHECK(m.count("responses") == 200);
  CHECK(m.errors.empty());
}

TEST_CASE("output queues wrap") {
  Machine m(config_with(8, 1, 1));
  m.start({device(0x10, FaultKind::stall), device(0x20, FaultKind::pri)});
  for (std::uint16_t i = 0; i < 11; ++i) {
    CHECK(m.smmu.push(stall_event(0x10, i, kVa + i * 0x1000)));
    CHECK(m.smmu.push(page_request(0x20, i, kVa + i * 0x1000, true)));
    m.run(20'000 * kNs);
  }
  CHECK(m.faults.faults.size() == 22);
  CHECK(m.count("eventq_peak") == 1);
  CHECK(m.errors.empty());
}

TEST_CASE("event queue overflow is reported and acknowledged, and events go on") {
  Machine m(config_with(8, 1, 8));
  m.start({device(0x10, FaultKind::stall)});
  arch::Event event = stall_event(0x10, 0, kVa);
  event.stall = false;
  CHECK(m.smmu.push(event));
  CHECK(m.smmu.push(event));
  CHECK(!m.smmu.push(event));
  m.run();
  CHECK(m.count("event_overflows") == 1);
  CHECK(m.count("event_records") == 2);
  CHECK((m.smmu.at(reg::kEventqCons) & arch::kQueueOverflow) != 0);
  CHECK(m.errors.size() == 3);  // two bad events and the overflow
  for (unsigned i = 0; i < 3; ++i) {
    CHECK(m.smmu.push(event));
    m.run();
  }
  CHECK(m.count("event_overflows") == 1);
  CHECK(m.count("event_records") == 5);
}

TEST_CASE("page requests lost: groups without their last are forgotten, then requests are taken again") {
  Machine m(config_with(8, 8, 1));
  m.start({device(0x20, FaultKind::pri)});
  CHECK(m.smmu.push(page_request(0x20, 1, kVa, false)));
  CHECK(m.smmu.push(page_request(0x20, 1, kVa + 0x1000, false)));
  CHECK(!m.smmu.push(page_request(0x20, 1, kVa + 0x2000, true)));  // answered by the SMMU
  m.run();
  CHECK(m.count("pri_overflows") == 1);
  CHECK(m.count("discarded_requests") == 2);
  CHECK(m.commands().empty());
  CHECK((m.smmu.at(reg::kPriqCons) & arch::kQueueOverflow) != 0);
  CHECK(m.smmu.push(page_request(0x20, 1, kVa + 0x3000, true)));
  m.run();
  CHECK(m.commands() == Names{"CMD_PRI_RESP"});
  CHECK(!m.translates(0x20, 1, kVa));
}

TEST_CASE("an illegal command is reported, made a CMD_SYNC, and the queue goes on") {
  Machine m(fixed_config(), 0, without_ranges());
  m.start({device(0x10, FaultKind::stall)});
  touch(m, 0x10, 3);
  m.smmu.fail_command = static_cast<int>(m.smmu.log.size()) + 1;
  bool done = false;
  m.host.discard(1, kVa, 3 * 0x1000, [&](host::Status) { done = true; });
  m.run();
  CHECK(done);
  CHECK(m.commands() ==
        sequence({{1, "CMD_TLBI_NH_VA"}, {1, "CMD_SYNC"}, {1, "CMD_TLBI_NH_VA"}, {1, "CMD_SYNC"}}));
  REQUIRE(m.errors.size() == 1);
  CHECK(m.errors[0].find("CERROR_ILL") != std::string::npos);
  CHECK(m.smmu.at(reg::kGerrorn) == m.smmu.at(reg::kGerror));
}

TEST_CASE("with one CPU, which waits with interrupts off, the error is found when the CMD_SYNC times out") {
  host::HostConfig config = fixed_config();
  config.cpu.cpus = 1;
  Machine m(config);
  m.start({device(0x10, FaultKind::stall)});
  touch(m, 0x10, 1);
  m.smmu.fail_command = static_cast<int>(m.smmu.log.size());
  bool done = false;
  m.host.discard(1, kVa, 0x1000, [&](host::Status) { done = true; });
  m.run(3'000'000'000 * kNs);
  CHECK(done);
  REQUIRE(m.errors.size() == 2);
  CHECK(m.errors[0].find("not completed for a second") != std::string::npos);
  CHECK(m.errors[1].find("CERROR_ILL") != std::string::npos);
}

TEST_CASE("shutdown: context descriptor, ATC, ASID, and late faults are refused") {
  Machine m;
  m.start({device(0x20, FaultKind::pri), device(0x10, FaultKind::stall)});
  bool done = false;
  m.host.shutdown([&] { done = true; });
  m.run();
  REQUIRE(done);
  // Of each device: its context descriptor, the ATC, and, none being left, its STE; then the address space's.
  // At last records that are on their way are waited for.
  CHECK(m.commands() ==
        sequence({{1, "CMD_CFGI_CD"},  {1, "CMD_SYNC"}, {1, "CMD_CFGI_CD"},      {1, "CMD_SYNC"},
                  {1, "CMD_CFGI_STE"}, {1, "CMD_SYNC"}, {1, "CMD_CFGI_STE"},     {1, "CMD_SYNC"},
                  {1, "CMD_CFGI_CD"},  {1, "CMD_SYNC"}, {1, "CMD_CFGI_CD"},      {1, "CMD_SYNC"},
                  {1, "CMD_ATC_INV"},  {1, "CMD_SYNC"}, {1, "CMD_CFGI_STE"},     {1, "CMD_SYNC"},
                  {1, "CMD_CFGI_STE"}, {1, "CMD_SYNC"}, {1, "CMD_TLBI_NH_ASID"}, {1, "CMD_SYNC"},
                  {1, "CMD_SYNC"}}));
  const auto outcome = m.translate(0x20, 1, kVa);
  REQUIRE(std::holds_alternative<arch::FaultOutcome>(outcome));
  CHECK(std::get<arch::FaultOutcome>(outcome).event->id == arch::EventId::c_bad_substreamid);
  m.smmu.push(stall_event(0x10, 9, kVa));
  m.run();
  CHECK(m.smmu.log.back().command.action == arch::ResumeAction::abort);
}

TEST_CASE("PASIDs: system-wide, the trace's number when free, else the lowest") {
  host::HostConfig config = fixed_config();
  config.max_pasid = 100;
  Machine m(config);
  m.start({device(0x10, FaultKind::stall, {5, 0, 1}), device(0x20, FaultKind::pri, {5, 101})});
  CHECK(m.host.pasid(5) == 5u);
  CHECK(m.host.pasid(0) == 1u);    // 0 is no PASID
  CHECK(m.host.pasid(1) == 2u);    // 1 was taken
  CHECK(m.host.pasid(101) == 3u);  // beyond max_pasid
  CHECK(!m.host.pasid(7));
  CHECK(m.errors.empty());
}

TEST_CASE("a process is bound when it is asked for, once") {
  Machine m;
  m.start({device(0x10, FaultKind::stall, {})});
  std::vector<host::Status> replies;
  m.host.bind(arch::StreamId{0x10}, 9, [&](host::Status s) { replies.push_back(s); });
  m.host.bind(arch::StreamId{0x10}, 9, [&](host::Status s) { replies.push_back(s); });
  m.host.bind(arch::StreamId{0x99}, 9, [&](host::Status s) { replies.push_back(s); });
  m.run();
  CHECK(replies == std::vector<host::Status>{host::Status::ok, host::Status::ok, host::Status::no_device});
  CHECK(m.commands() == sequence({{1, "CMD_CFGI_CD"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_CFGI_CD"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_CFGI_CD"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_CFGI_STE"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_CFGI_STE"},
                                  {1, "CMD_SYNC"},
                                  {1, "CMD_PREFETCH_CONFIG"}}));
  REQUIRE(m.errors.size() == 1);
  CHECK(m.errors[0].find("ENODEV") != std::string::npos);
  m.smmu.push(stall_event(0x10, 1, kVa, 9));
  m.run();
  CHECK(m.translates(0x10, 9, kVa));
}

TEST_CASE("a process whose PASID a device cannot carry is not bound to it") {
  Machine m;
  host::DeviceDescription narrow = device(0x20, FaultKind::pri, {300, 2});
  narrow.pasid_bits = 8;
  m.start({device(0x10, FaultKind::stall, {300}), narrow});
  REQUIRE(m.errors.size() == 1);
  CHECK(m.errors[0].find("EOVERFLOW") != std::string::npos);
  CHECK(m.host.pasid(2) == 2u);
}

TEST_CASE("the allocator gives the lowest free PASID, and none beyond its limits") {
  host::IdAllocator pasids(2, 4);
  CHECK(pasids.take({}, 100) == 2u);
  CHECK(pasids.take(4, 100) == 4u);
  CHECK(pasids.take(4, 100) == 3u);
  CHECK(!pasids.take({}, 100));
  pasids.give_back(4);
  CHECK(!pasids.take({}, 4));
  CHECK(pasids.take(1, 5) == 4u);
}

TEST_CASE("results do not depend on the order of blocks") {
  const auto run = [](std::uint32_t shuffle) {
    host::HostConfig config = config_with(4, 6, 6);
    config.cpu.cpus = 3;
    config.cost = host::CostTable{};
    Machine m(config, shuffle);
    m.start({device(0x10, FaultKind::stall, {1, 2}), device(0x20, FaultKind::pri, {1, 2})});
    std::mt19937 random(7);
    for (std::uint16_t i = 0; i < 60; ++i) {
      const std::uint64_t va = kVa + random() % 32 * 0x1000;
      m.smmu.push(stall_event(0x10, i, va, 1 + i % 2));
      m.smmu.push(page_request(0x20, i, va, true, 1 + i % 2));
      if (i % 10 == 9) m.host.discard(1 + i % 2, kVa, 16 * 0x1000, [](host::Status) {});
      m.run(random() % 4000 * kNs);
    }
    m.run();
    REQUIRE(m.recorder.faults_live() == 0);
    std::vector<std::pair<Picoseconds, std::uint64_t>> commands;
    for (const auto& [when, command] : m.smmu.log) {
      commands.emplace_back(when, arch::encode(command)[0] ^ arch::encode(command)[1]);
    }
    return commands;
  };
  const auto expected = run(0);
  for (const std::uint32_t seed : {1u, 77u, 4099u}) {
    INFO("shuffle " << seed);
    CHECK(run(seed) == expected);
  }
}

TEST_CASE("a stage's draws depend on its name and the seed alone, and have the mean asked for") {
  host::LatencySource a(host::lognormal(1'000'000, 0.5), 3, "a"),
      again(host::lognormal(1'000'000, 0.5), 3, "a");
  host::LatencySource b(host::uniform(1'000'000, 0.25), 3, "b");
  double sum = 0;
  for (unsigned i = 0; i < 20000; ++i) {
    const Picoseconds drawn = a.draw();
    CHECK(drawn == again.draw());
    const Picoseconds even = b.draw();
    CHECK((even >= 750'000 && even <= 1'250'000));
    sum += static_cast<double>(drawn);
  }
  CHECK(sum / 20000 == Approx(1'000'000).epsilon(0.02));
}
