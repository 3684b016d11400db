// How devices' missing pages can be handled: by PRI, by stalling, by the device's own driver, or not at all;
// with a PASID or for the whole device; mixed in one machine.
#include <catch2/catch.hpp>

#include "testbenches/unit/host_fake_smmu.hpp"

using namespace svasim;
using namespace svasim::test;
using host::BindKind;
using host::FaultMode;
using host::Status;
using probe::FaultKind;
using probe::Stage;

namespace {

constexpr std::uint64_t kVa = 0x7f00'1240'0000;
constexpr std::uint32_t kStream = 0x30;

host::DeviceDescription device_with(FaultMode mode, bool ats = false, std::uint32_t stream = kStream) {
  host::DeviceDescription d = device(stream, ats ? FaultKind::pri : FaultKind::stall, {});
  d.faults = mode;
  d.fault_registers = kDeviceRegisters;
  return d;
}

struct Modes : Machine {
  using Machine::Machine;
  Status bind(std::uint32_t process, BindKind kind = BindKind::pasid, std::uint32_t stream = kStream) {
    return ask([&](auto reply) { host.bind(arch::StreamId{stream}, process, reply, kind); });
  }
  Status map(std::uint32_t process, std::uint64_t va, std::uint64_t bytes) {
    host::Mapping m;
    m.va = va;
    m.bytes = bytes;
    return ask([&](auto reply) { host.mmap(process, m, reply); });
  }
  arch::Outcome without_pasid(std::uint64_t va) {
    const auto read = [this](arch::Pa pa, void* to, unsigned bytes) {
      smmu.ram.read(pa.value, to, bytes);
      return true;
    };
    return arch::ReferenceTranslator(smmu.state(), arch::Features{}, read)
        .translate(arch::StreamId{kStream}, {}, arch::Va(va), arch::Access{});
  }
  bool stalls(std::uint32_t pasid, std::uint64_t va) {
    const auto outcome = translate(kStream, pasid, va);
    const auto* fault = std::get_if<arch::FaultOutcome>(&outcome);
    return fault != nullptr && fault->fault.termination == arch::Termination::stall;
  }
};

}  // namespace

TEST_CASE("device-managed: its own queue, interrupt and retry; the SMMU sees neither record nor response") {
  host::HostConfig config = fixed_config();
  Modes m(config);
  m.start({device_with(FaultMode::device)});
  REQUIRE(m.bind(1) == Status::ok);
  CHECK(!m.stalls(1, kVa));
  m.log_start = m.smmu.log.size();
  m.smmu.push(kStream, arch::device_fault::Record{77, true, {true, 1}, arch::Va(kVa)});
  m.run();
  const FaultRecord& fault = m.fault_on(kVa);
  CHECK(fault.in(Stage::interrupt) == (1 + 300 + 300) * kNs);
  CHECK(fault.in(Stage::irq_thread) == 2500 * kNs);
  CHECK(fault.in(Stage::queue_drain) == (50 + 50 + 150 + 1) * kNs);
  CHECK(fault.in(Stage::mm_fault) == (1200 + 4) * kNs);
  CHECK(fault.outcome == probe::Outcome::ok);
  CHECK(m.smmu.resolved == std::vector<std::uint32_t>{arch::device_fault::resolution(77, true)});
  CHECK(m.translates(kStream, 1, kVa));
  CHECK(m.commands().empty());
  CHECK(m.count("event_records") + m.count("page_requests") == 0);
  CHECK(m.count("device_records") == 1);
  SECTION("where nothing is mapped it is told to give up") {
    m.smmu.push(kStream, arch::device_fault::Record{5, false, {true, 1}, arch::Va(~std::uint64_t{0xFFF})});
    m.run();
    CHECK(m.smmu.resolved.back() == arch::device_fault::resolution(5, false));
  }
  SECTION("where nothing may be executed a fetch is told to give up") {
    m.smmu.push(kStream, arch::device_fault::Record{6, false, {true, 1}, arch::Va(kVa), true});
    m.run();
    CHECK(m.smmu.resolved.back() == arch::device_fault::resolution(6, false));
  }
  SECTION("several records in one interrupt, wrapping the queue") {
    for (unsigned i = 0; i < 600; ++i) {
      m.smmu.push(kStream, arch::device_fault::Record{
                               static_cast<std::uint16_t>(i), true, {true, 1}, arch::Va(kVa + i * 0x1000)});
      if (i % 100 == 99) m.run();
    }
    CHECK(m.smmu.resolved.size() == 601);
    CHECK(m.recorder.faults_live() == 0);
  }
}

TEST_CASE("a driver's own handler: its thread instead of the workqueue, one fault after the other") {
  Modes m;
  host::DeviceDescription d = device_with(FaultMode::stall);
  d.own_handler = true;
  m.start({d});
  m.bind(1);
  m.push_access(kStream, kVa);
  m.push_access(kStream, kVa + 0x1000);
  m.run();
  CHECK(m.fault_on(kVa).in(Stage::workqueue) == 2500 * kNs);
  CHECK(m.fault_on(kVa + 0x1000).entered(Stage::mm_lock) > m.fault_on(kVa).entered(Stage::command));
  CHECK(m.smmu.log.back().command.opcode == arch::Opcode::resume);  // the same response
  CHECK(m.count("workers") == 0);
}

TEST_CASE("pinned: pages are there when bind returns, and when mmap returns; elsewhere accesses end") {
  host::HostConfig config = fixed_config();
  config.mm.premapped = false;
  Modes m(config);
  const bool ats = GENERATE(false, true);
  m.start({device_with(FaultMode::pinned, ats)});
  m.ask([&](auto reply) { m.host.create(1, reply); });
  m.map(1, kVa, 10 * 0x1000);
  const Picoseconds begin = m.now();
  Picoseconds bound = 0;
  m.host.bind(arch::StreamId{kStream}, 1, [&](Status s) {
    CHECK(s == Status::ok);
    bound = m.now();
  });
  m.run();
  CHECK(bound - begin >= 10 * (1200 + 150) * kNs);
  CHECK(bound - begin < (10 * (1200 + 150) + 10'000) * kNs);
  for (unsigned i = 0; i < 10; ++i) CHECK(m.translates(kStream, 1, kVa + i * 0x1000));
  m.map(1, kVa + 0x100000, 0x2000);
  CHECK(m.translates(kStream, 1, kVa + 0x101000));
  CHECK(m.count("pages_pinned") == 12);
  CHECK(!m.stalls(1, kVa + 0x200000));
  SECTION("neither reclaim nor migration moves them") {
    const auto frame = m.frame(kStream, kVa, true);
    m.ask([&](auto reply) { m.host.reclaim(1, kVa, 0x10000, reply); });
    m.ask([&](auto reply) { m.host.migrate(1, kVa, 0x10000, reply); });
    CHECK(m.frame(kStream, kVa, true) == frame);
  }
  SECTION("a miss is an event, and nothing else") {
    m.log_start = m.smmu.log.size();
    arch::Event event = stall_event(kStream, 0, kVa + 0x200000);
    event.stall = false;
    m.smmu.push(event);
    m.run();
    CHECK(m.commands().empty());
    REQUIRE(m.errors.size() == 1);
    CHECK(m.errors[0].find("F_TRANSLATION") != std::string::npos);
  }
}

TEST_CASE("SVA without I/O page faults: nothing stalls, page requests are refused") {
  host::HostConfig config = fixed_config();
  config.linux_version = GENERATE(host::LinuxVersion::v6_1, host::LinuxVersion::v7_0);
  const bool v6_1 = config.linux_version == host::LinuxVersion::v6_1;
  Modes m(config);
  m.start({device_with(FaultMode::none), device_with(FaultMode::none, true, 0x40)});
  CHECK(m.bind(1) == Status::ok);
  CHECK(m.bind(1, BindKind::pasid, 0x40) == Status::ok);
  CHECK(!m.stalls(1, kVa));
  CHECK(m.ask([&](auto reply) { m.host.touch(1, kVa, 8, true, reply); }) == Status::ok);  // by a CPU
  CHECK(m.translates(kStream, 1, kVa));
  m.smmu.push(page_request(0x40, 3, kVa + 0x1000, true));
  m.run();
  CHECK(m.smmu.log.back().command.response ==
        (v6_1 ? arch::PriResponse::failure : arch::PriResponse::invalid));
}

TEST_CASE("faults without PASID: the whole device is in one address space") {
  Modes m;
  m.start({device_with(FaultMode::stall)});
  CHECK(m.bind(1, BindKind::whole_device) == Status::ok);
  CHECK(m.bind(1) == Status::busy);
  CHECK(m.bind(2, BindKind::whole_device) == Status::busy);
  CHECK(!m.host.pasid(1));
  arch::Event event = stall_event(kStream, 9, kVa);
  event.substream = {};
  m.smmu.push(event);
  m.run();
  CHECK(m.smmu.log.back().command.action == arch::ResumeAction::retry);
  CHECK(std::holds_alternative<arch::TranslationResult>(m.without_pasid(kVa)));
  SECTION("its unmaps reach everything under it") {
    m.log_start = m.smmu.log.size();
    m.ask([&](auto reply) { m.host.discard(1, kVa, 0x1000, reply); });
    CHECK(!std::holds_alternative<arch::TranslationResult>(m.without_pasid(kVa)));
    CHECK(m.commands() == std::vector<std::string>{"CMD_TLBI_NH_VA", "CMD_SYNC"});
  }
  SECTION("afterwards it bypasses again, and faults are refused") {
    m.ask([&](auto reply) { m.host.unbind(arch::StreamId{kStream}, 1, reply); });
    const auto outcome = m.without_pasid(kVa);
    CHECK(std::get<arch::TranslationResult>(outcome).pa.value == kVa);
    m.smmu.push(event);
    m.run();
    CHECK(m.smmu.log.back().command.action == arch::ResumeAction::abort);
  }
}

TEST_CASE("a device that writes records of its faults cannot be given away as a whole") {
  Modes m;
  m.start({device_with(FaultMode::device)});
  CHECK(m.bind(1, BindKind::whole_device) == Status::busy);
  CHECK(m.bind(1) == Status::ok);
}

TEST_CASE("without PASID, a device with an ATC loses every PASID's translations of a range") {
  Modes m;
  m.start({device_with(FaultMode::pri, true)});
  m.bind(1, BindKind::whole_device);
  m.ask([&](auto reply) { m.host.touch(1, kVa, 8, true, reply); });
  m.ask([&](auto reply) { m.host.discard(1, kVa, 0x1000, reply); });
  CHECK(m.smmu.log[m.smmu.log.size() - 2].command.opcode == arch::Opcode::atc_inv);
  CHECK(!m.smmu.log[m.smmu.log.size() - 2].command.substream.valid);
}

TEST_CASE("a private PASID: the driver's own table, of the same PASIDs and ASIDs, and never faulted in") {
  host::HostConfig config = fixed_config();
  config.pasid_policy = host::PasidPolicy::lowest;
  Modes m(config);
  m.start({device_with(FaultMode::stall)});
  CHECK(m.bind(1) == Status::ok);
  CHECK(m.ask([&](auto reply) { m.host.create_domain(1000, reply); }) == Status::ok);
  CHECK(m.ask([&](auto reply) { m.host.create_domain(1000, reply); }) == Status::exists);
  CHECK(m.bind(1000) == Status::ok);
  CHECK(m.host.pasid(1000) == 2u);
  CHECK(m.map(1000, kVa, 0x2000) == Status::ok);
  CHECK(m.translates(kStream, 2, kVa));
  CHECK(!m.translates(kStream, 1, kVa));
  CHECK(m.stalls(1, kVa));
  CHECK(!m.stalls(2, kVa + 0x5000));
  m.push_access(kStream, kVa + 0x5000, true, 2);
  m.run();
  CHECK(m.smmu.log.back().command.action == arch::ResumeAction::abort);
  m.log_start = m.smmu.log.size();
  m.ask([&](auto reply) { m.host.munmap(1000, kVa, 0x2000, reply); });
  CHECK(m.commands() == std::vector<std::string>{"CMD_TLBI_NH_VA", "CMD_SYNC"});
  CHECK(!m.translates(kStream, 2, kVa));
}

TEST_CASE("a virtual machine's memory: stage 2, pinned as in Linux, or else faulted in like any other") {
  host::HostConfig config = fixed_config();
  config.s2_pinned = GENERATE(true, false);
  Modes m(config);
  m.start({device_with(FaultMode::stall)});
  m.ask([&](auto reply) { m.host.create_guest(7, reply); });
  CHECK(m.bind(7) == Status::invalid);
  CHECK(m.bind(7, BindKind::whole_device) == Status::ok);
  arch::Event event = stall_event(kStream, 9, kVa);
  event.substream = {};
  event.stage2 = true;
  m.smmu.push(event);
  m.run();
  const arch::Command& response = m.smmu.log.back().command;
  CHECK(response.action == (config.s2_pinned ? arch::ResumeAction::abort : arch::ResumeAction::retry));
  m.ask([&](auto reply) { m.host.touch(7, kVa, 8, true, reply); });
  CHECK(std::holds_alternative<arch::TranslationResult>(m.without_pasid(kVa)));
  const auto missing = m.without_pasid(kVa + 0x1000);
  REQUIRE(std::holds_alternative<arch::FaultOutcome>(missing));
  const arch::Fault& fault = std::get<arch::FaultOutcome>(missing).fault;
  CHECK(fault.stage2);
  CHECK((fault.termination == arch::Termination::stall) == !config.s2_pinned);
  m.log_start = m.smmu.log.size();
  m.ask([&](auto reply) { m.host.munmap(7, kVa, 0x1000, reply); });
  CHECK(m.commands() == std::vector<std::string>{"CMD_TLBI_S2_IPA", "CMD_SYNC"});
  CHECK(!std::holds_alternative<arch::TranslationResult>(m.without_pasid(kVa)));
  m.ask([&](auto reply) { m.host.unbind(arch::StreamId{kStream}, 7, reply); });
  CHECK(std::get<arch::TranslationResult>(m.without_pasid(kVa)).pa.value == kVa);
}

TEST_CASE("all of them in one machine") {
  Modes m;
  host::DeviceDescription own = device_with(FaultMode::device, false, 0x50);
  m.start({device(0x10, FaultKind::stall), device(0x20, FaultKind::pri), own,
           device_with(FaultMode::none, true, 0x60)});
  m.bind(1, BindKind::pasid, 0x50);
  m.bind(1, BindKind::pasid, 0x60);
  m.push_access(0x10, kVa);
  m.smmu.push(page_request(0x20, 1, kVa + 0x1000, true));
  m.smmu.push(0x50, arch::device_fault::Record{1, true, {true, 1}, arch::Va(kVa + 0x2000)});
  m.run();
  for (const std::uint32_t stream : {0x10u, 0x20u, 0x50u, 0x60u}) {
    for (unsigned i = 0; i < 3; ++i) CHECK(m.translates(stream, 1, kVa + i * 0x1000));
  }
  CHECK(m.recorder.faults_live() == 0);
  CHECK(m.errors.empty());
}
