// Shared virtual addressing: PASIDs, bonds, what bind, unbind and exit write and invalidate, and every error
// number. Seeds 0, 1 and 3 of the discussion that led to Linux' SVA; "6.1" and "7.0" where they differ.
#include <catch2/catch.hpp>
#include <random>

#include "models/arch/cd.hpp"
#include "models/arch/ste.hpp"
#include "testbenches/unit/host_fake_smmu.hpp"

using namespace svasim;
using namespace svasim::test;
using host::BindKind;
using host::FaultMode;
using host::Feature;
using host::LinuxVersion;
using host::Status;
using probe::FaultKind;

namespace {

constexpr std::uint64_t kVa = 0x7f00'1240'0000;
constexpr std::uint32_t kA = 0x10, kB = 0x20;
using Names = std::vector<std::string>;

host::HostConfig config_of(LinuxVersion version, host::PasidPolicy policy = host::PasidPolicy::lowest) {
  host::HostConfig config = fixed_config();
  config.linux_version = version;
  config.pasid_policy = policy;
  return config;
}

host::DeviceDescription narrow(std::uint32_t stream, unsigned pasid_bits) {
  host::DeviceDescription d = device(stream, FaultKind::stall, {});
  d.pasid_bits = pasid_bits;
  return d;
}

struct Sva : Machine {
  using Machine::Machine;
  Status bind(std::uint32_t stream, std::uint32_t process, BindKind kind = BindKind::pasid) {
    return ask([&](auto reply) { host.bind(arch::StreamId{stream}, process, reply, kind); });
  }
  Status unbind(std::uint32_t stream, std::uint32_t process) {
    return ask([&](auto reply) { host.unbind(arch::StreamId{stream}, process, reply); });
  }
  Status exit(std::uint32_t process) {
    return ask([&](auto reply) { host.exit(process, reply); });
  }
  Status enable(std::uint32_t stream, Feature f) {
    return ask([&](auto reply) { host.enable(arch::StreamId{stream}, f, reply); });
  }
  Status disable(std::uint32_t stream, Feature f) {
    return ask([&](auto reply) { host.disable(arch::StreamId{stream}, f, reply); });
  }
  Status init(std::uint32_t stream, unsigned features, unsigned min, unsigned max) {
    return ask([&](auto reply) { host.sva_init(arch::StreamId{stream}, features, min, max, reply); });
  }
  Names since_now() {
    Names names = commands();
    log_start = smmu.log.size();
    return names;
  }
  arch::Ste ste(std::uint32_t stream) {
    const arch::SmmuState s = smmu_state();
    std::uint64_t at = s.strtab_base & arch::strtab::kAddressMask;
    if (arch::strtab::two_level(s.strtab_base_cfg)) {
      at = arch::decode_l1std(smmu.ram.word(at + 8 * (stream >> 8))).l2_ptr + 64 * (stream & 0xFF);
    } else {
      at += 64 * stream;
    }
    return arch::decode_ste(words<8>(at));
  }
  arch::Cd cd(std::uint32_t stream, std::uint32_t index) {
    const arch::Ste s = ste(stream);
    std::uint64_t at = s.s1_context_ptr;
    if (s.s1_fmt == 2) {
      at = arch::decode_l1cd(smmu.ram.word(at + 8 * (index >> 10))).l2_ptr + 64 * (index & 0x3FF);
    } else {
      at += 64 * index;
    }
    return arch::decode_cd(words<8>(at));
  }
  arch::SmmuState smmu_state() { return smmu.state(); }
  template <std::size_t N>
  std::array<std::uint64_t, N> words(std::uint64_t at) {
    std::array<std::uint64_t, N> w;
    for (std::size_t i = 0; i < N; ++i) w[i] = smmu.ram.word(at + 8 * i);
    return w;
  }
};

Names times(unsigned n, Names part) {
  Names all;
  for (unsigned i = 0; i < n; ++i) all.insert(all.end(), part.begin(), part.end());
  return all;
}
Names operator+(Names a, const Names& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
const Names kCd = {"CMD_CFGI_CD", "CMD_SYNC"}, kSte = {"CMD_CFGI_STE", "CMD_SYNC"},
            kAtc = {"CMD_ATC_INV", "CMD_SYNC"}, kAsid = {"CMD_TLBI_NH_ASID", "CMD_SYNC"},
            kPrefetch = {"CMD_PREFETCH_CONFIG"};

}  // namespace

TEST_CASE("a PASID is system-wide: one per process, on all its devices; binds of a pair are counted") {
  Sva m(config_of(LinuxVersion::v7_0));
  m.start({device(kA, FaultKind::stall, {}), device(kB, FaultKind::pri, {})});
  CHECK(m.bind(kA, 7) == Status::ok);
  CHECK(m.bind(kB, 7) == Status::ok);
  CHECK(m.bind(kA, 8) == Status::ok);
  CHECK(m.host.pasid(7) == 1u);
  CHECK(m.host.pasid(8) == 2u);
  CHECK(m.cd(kA, 1).half[0].ttb == m.cd(kB, 1).half[0].ttb);
  CHECK(m.cd(kA, 1).asid == m.cd(kB, 1).asid);
  CHECK(m.cd(kA, 2).asid != m.cd(kA, 1).asid);
  CHECK(m.cd(kA, 1).s);
  CHECK(!m.cd(kB, 1).s);
  CHECK(m.cd(kA, 1).half[1].epd);
  m.since_now();
  CHECK(m.bind(kA, 7) == Status::ok);
  CHECK(m.unbind(kA, 7) == Status::ok);
  CHECK(m.commands().empty());
  CHECK(m.unbind(kA, 7) == Status::ok);
  CHECK(!m.commands().empty());
  CHECK(m.unbind(kA, 7) == Status::invalid);
  CHECK(m.bind(0x99, 7) == Status::no_device);
  CHECK(m.unbind(kA, 99) == Status::no_such_process);
  CHECK(m.host.pasid(7) == 1u);  // survives unbinding
  m.unbind(kB, 7);
  CHECK(m.bind(kA, 9) == Status::ok);
  CHECK(m.host.pasid(9) == 3u);
  CHECK(m.exit(7) == Status::ok);  // not the process
  CHECK(m.bind(kA, 10) == Status::ok);
  CHECK(m.host.pasid(10) == 1u);
}

TEST_CASE("bind and unbind in 7.0, command by command") {
  Sva m(config_of(LinuxVersion::v7_0));
  m.start({device(kB, FaultKind::pri, {})});
  CHECK(m.ste(kB).config == arch::SteConfig::bypass);
  m.bind(kB, 1);  // leaf table, descriptor but for its first word, that word; STE; ATS
  CHECK(m.since_now() == times(3, kCd) + times(2, kSte) + kPrefetch + kAtc);
  CHECK(m.ste(kB).config == arch::SteConfig::stage1);
  CHECK(m.ste(kB).s1_dss == arch::DefaultSubstream::bypass);
  CHECK(m.ste(kB).eats == arch::Eats::full);
  CHECK(!m.smmu.log[m.smmu.log.size() - 2].command.substream.valid);
  m.bind(kB, 2);
  CHECK(m.since_now() == times(2, kCd) + kAtc);
  CHECK(m.smmu.log[m.smmu.log.size() - 2].command.substream == arch::SubstreamId{true, 2});
  m.unbind(kB, 2);
  CHECK(m.since_now() == times(2, kCd) + kAtc + kAsid);
  CHECK(!m.cd(kB, 2).valid);
  m.unbind(kB, 1);  // the STE goes back when nothing is left in the ATC
  CHECK(m.since_now() == times(2, kCd) + kAtc + times(2, kSte) + kAsid);
  CHECK(m.ste(kB).config == arch::SteConfig::bypass);
  CHECK(m.errors.empty());
}

TEST_CASE("bind and unbind in 6.1, command by command: the STE has its table from the start") {
  Sva m(config_of(LinuxVersion::v6_1));
  m.start({device(kB, FaultKind::pri, {})});
  CHECK(m.ste(kB).config == arch::SteConfig::stage1);
  m.since_now();
  m.bind(kB, 1);
  CHECK(m.since_now() == times(3, kCd));
  m.bind(kB, 2);
  CHECK(m.since_now() == times(2, kCd));
  for (const unsigned process : {2, 1}) {  // the TLB first, then the ATC
    m.unbind(kB, process);
    CHECK(m.since_now() == kCd + kAsid + kAtc);
    CHECK(!m.cd(kB, process).valid);
  }
  CHECK(m.ste(kB).config == arch::SteConfig::stage1);
  CHECK(m.errors.empty());
}

TEST_CASE("accesses without PASID are translated only while the whole device is bound") {
  Sva m(config_of(GENERATE(LinuxVersion::v6_1, LinuxVersion::v7_0)));
  m.start({device(kA, FaultKind::stall, {})});
  m.bind(kA, 1);
  CHECK(m.ste(kA).s1_dss == arch::DefaultSubstream::bypass);
  m.bind(kA, 2, BindKind::whole_device);
  CHECK(m.ste(kA).s1_dss == arch::DefaultSubstream::use_cd0);
  m.since_now();
  m.unbind(kA, 2);  // process 1 goes on
  CHECK(m.ste(kA).s1_dss == arch::DefaultSubstream::bypass);
  CHECK(m.cd(kA, 1).valid);
}

TEST_CASE("limits: the device's width, the SMMU's, the table's, the system's; and their error numbers") {
  const auto version = GENERATE(LinuxVersion::v6_1, LinuxVersion::v7_0);
  const bool v6_1 = version == LinuxVersion::v6_1;
  INFO((v6_1 ? "6.1" : "7.0"));
  SECTION("a device of two bits has PASIDs 1 to 3") {
    Sva m(config_of(version));
    m.start({narrow(kA, 2)});
    for (unsigned p = 1; p <= 3; ++p) CHECK(m.bind(kA, p) == Status::ok);
    CHECK(m.host.pasid(3) == 3u);
    CHECK(m.bind(kA, 4) == (v6_1 ? Status::no_memory : Status::no_space));
  }
  SECTION("a PASID that exists and does not fit; 6.1 refuses the last one too") {
    Sva m(config_of(version, host::PasidPolicy::trace));
    m.start({device(kB, FaultKind::stall, {300, 254, 255}), narrow(kA, 8)});
    CHECK(m.bind(kA, 300) == Status::overflow);
    CHECK(m.bind(kA, 254) == Status::ok);
    CHECK(m.bind(kA, 255) == (v6_1 ? Status::overflow : Status::ok));
  }
  SECTION("no PASIDs at all") {
    Sva m(config_of(version));
    m.start({narrow(kA, 0)});
    CHECK(m.bind(kA, 1) == (v6_1 ? Status::no_device : Status::no_space));
  }
  SECTION("linear tables have 1024 context descriptors at most; an SMMU may have fewer SubstreamIDs") {
    arch::Features features;
    features.cd2l = GENERATE(false, true);
    features.ssidsize = features.cd2l ? 10 : 20;
    Sva m(config_of(version, host::PasidPolicy::trace), 0, features);
    m.start({device(kA, FaultKind::stall, {})});
    CHECK(m.bind(kA, 1023) == Status::ok);
    CHECK(m.host.pasid(1023) == 1023u);
    CHECK(m.bind(kA, 1024) == Status::ok);  // a number does not matter, it gets another PASID
    CHECK(m.host.pasid(1024) == 1u);
    m.access(kA, kVa, true, 1023);
    CHECK(m.translates(kA, 1023, kVa));
  }
  SECTION("the system's own range") {
    host::HostConfig config = config_of(version);
    config.min_pasid = 5;
    config.max_pasid = 6;
    Sva m(config);
    m.start({device(kA, FaultKind::stall, {})});
    CHECK(m.bind(kA, 1) == Status::ok);
    CHECK(m.host.pasid(1) == 5u);
    CHECK(m.bind(kA, 2) == Status::ok);
    CHECK(m.bind(kA, 3) == (v6_1 ? Status::no_memory : Status::no_space));
  }
}

TEST_CASE("20 bits of PASID, end to end") {
  Sva m(config_of(LinuxVersion::v7_0, host::PasidPolicy::trace));
  m.start({device(kA, FaultKind::stall, {}), device(kB, FaultKind::pri, {})});
  CHECK(m.bind(kA, 0xFFFFF) == Status::ok);
  CHECK(m.bind(kB, 0xFFFFF) == Status::ok);
  CHECK(m.host.pasid(0xFFFFF) == 0xFFFFFu);
  m.access(kA, kVa, true, 0xFFFFF);
  CHECK(m.translates(kB, 0xFFFFF, kVa));
  CHECK(!m.translates(kB, 0x7FFFF, kVa));
  m.smmu.push(page_request(kB, 1, kVa + 0x1000, true, 0xFFFFF));
  m.run();
  CHECK(m.smmu.log.back().command.substream == arch::SubstreamId{true, 0xFFFFF});
  CHECK(m.translates(kA, 0xFFFFF, kVa + 0x1000));
}

TEST_CASE("the proposed init and shutdown: reserved features, overriding limits, once, and only when idle") {
  Sva m(config_of(LinuxVersion::v7_0));
  m.start({device(kA, FaultKind::stall, {}), narrow(kB, 4)});
  CHECK(m.init(kA, 1, 0, 0) == Status::invalid);
  CHECK(m.ask([&](auto r) { m.host.sva_shutdown(arch::StreamId{kA}, r); }) == Status::no_device);
  CHECK(m.init(kA, 0, 100, 101) == Status::ok);
  CHECK(m.init(kA, 0, 0, 0) == Status::exists);
  CHECK(m.init(kB, 0, 0, 16) == Status::invalid);  // more than it has
  CHECK(m.init(kB, 0, 0, 0) == Status::ok);        // the hardware's limit
  CHECK(m.bind(kA, 1) == Status::ok);
  CHECK(m.host.pasid(1) == 100u);
  CHECK(m.bind(kA, 2) == Status::ok);
  CHECK(m.host.pasid(2) == 101u);
  CHECK(m.bind(kA, 3) == Status::no_space);
  CHECK(m.bind(kB, 1) == Status::overflow);
  CHECK(m.bind(kB, 4) == Status::ok);
  CHECK(m.host.pasid(4) == 1u);
  CHECK(m.bind(kA, 4) == Status::overflow);  // below its minimum
  CHECK(m.ask([&](auto r) { m.host.sva_shutdown(arch::StreamId{kA}, r); }) == Status::busy);
  m.unbind(kA, 1);
  m.unbind(kA, 2);
  CHECK(m.ask([&](auto r) { m.host.sva_shutdown(arch::StreamId{kA}, r); }) == Status::ok);
}

TEST_CASE("I/O page faults go on before SVA and off after it") {
  const auto version = GENERATE(LinuxVersion::v6_1, LinuxVersion::v7_0);
  const bool v6_1 = version == LinuxVersion::v6_1;
  Sva m(config_of(version));
  host::DeviceDescription own = device(0x30, FaultKind::stall, {});
  own.faults = FaultMode::device;
  own.fault_registers = kDeviceRegisters;
  m.start({device(kA, FaultKind::stall, {}), device(kB, FaultKind::pri, {}), own, narrow(0x40, 0)});
  for (const std::uint32_t stream : {kA, kB}) {
    CAPTURE(stream);
    CHECK(m.enable(stream, Feature::iopf) == Status::busy);  // its driver did when it was found
    CHECK(m.enable(stream, Feature::sva) == Status::busy);
    CHECK(m.disable(stream, Feature::iopf) == Status::busy);
    CHECK(m.bind(stream, 1) == Status::ok);  // all that was refused changed nothing
    CHECK(m.disable(stream, Feature::sva) == Status::busy);
    CHECK(m.unbind(stream, 1) == Status::ok);
    CHECK(m.disable(stream, Feature::sva) == Status::ok);
    CHECK(m.disable(stream, Feature::sva) == Status::invalid);
    CHECK(m.bind(stream, 1) == (v6_1 ? Status::no_device : Status::ok));  // 7.0 has no such switches
    CHECK(m.unbind(stream, 1) == (v6_1 ? Status::invalid : Status::ok));
    CHECK(m.disable(stream, Feature::iopf) == Status::ok);
    CHECK(m.disable(stream, Feature::iopf) == Status::invalid);
    CHECK(m.enable(stream, Feature::sva) == Status::invalid);  // needs the other one first
    CHECK(m.bind(stream, 1) == (v6_1 ? Status::no_device : Status::ok));
    CHECK(m.unbind(stream, 1) == (v6_1 ? Status::invalid : Status::ok));
    CHECK(m.enable(stream, Feature::iopf) == Status::ok);
    CHECK(m.enable(stream, Feature::sva) == Status::ok);
    CHECK(m.bind(stream, 1) == Status::ok);
  }
  CHECK(m.enable(0x30, Feature::iopf) == Status::invalid);  // handles its own: SVA without them
  CHECK(m.disable(0x30, Feature::sva) == Status::ok);
  CHECK(m.enable(0x30, Feature::sva) == Status::ok);
  CHECK(m.enable(0x40, Feature::sva) == Status::invalid);  // no PASIDs
  CHECK(m.enable(0x99, Feature::sva) == Status::no_device);
}

TEST_CASE("devices of an IOMMU group share PASIDs, and all have to be wide enough") {
  Sva m(config_of(LinuxVersion::v7_0, host::PasidPolicy::trace));
  host::DeviceDescription a = device(kA, FaultKind::stall, {}), b = narrow(kB, 6), c = narrow(0x30, 16);
  a.group = b.group = 3;
  m.start({a, b, c});
  CHECK(m.bind(kA, 50) == Status::ok);
  m.access(kA, kVa, true, 50);
  CHECK(m.translates(kB, 50, kVa));
  CHECK(!m.translates(0x30, 50, kVa));
  CHECK(m.bind(kA, 64) == Status::invalid);  // beyond its peer
  CHECK(m.unbind(kB, 50) == Status::ok);     // the pair is group and process
  CHECK(!m.translates(kA, 50, kVa));
}

TEST_CASE("invalidations fan out to every device with an ATC that the process is bound to") {
  Sva m(config_of(LinuxVersion::v7_0));
  m.start({device(kA, FaultKind::pri, {1, 2}), device(kB, FaultKind::pri, {1}),
           device(0x30, FaultKind::stall, {1})});
  m.access(0x30, kVa);
  m.since_now();
  m.ask([&](auto reply) { m.host.discard(1, kVa, 0x1000, reply); });
  CHECK(m.since_now() == Names{"CMD_TLBI_NH_VA", "CMD_SYNC", "CMD_ATC_INV", "CMD_ATC_INV", "CMD_SYNC"});
  const auto& log = m.smmu.log;
  CHECK(log[log.size() - 3].command.stream == arch::StreamId{kA});
  CHECK(log[log.size() - 2].command.stream == arch::StreamId{kB});
  CHECK(log[log.size() - 2].command.substream == arch::SubstreamId{true, *m.host.pasid(1)});
}

TEST_CASE("512 pages without range invalidation: 7.0 keeps the ATC's range, 6.1 clears the ATC") {
  const auto version = GENERATE(LinuxVersion::v6_1, LinuxVersion::v7_0);
  arch::Features features;
  features.ril = false;
  host::HostConfig config = config_of(version);
  Sva m(config, 0, features);
  m.start({device(kA, FaultKind::pri, {1}), device(kB, FaultKind::stall, {1})});
  m.access(kB, kVa);
  m.access(kB, kVa + 511 * 0x1000);
  m.since_now();
  m.ask([&](auto reply) { m.host.discard(1, kVa, 512 * 0x1000, reply); });
  CHECK(m.since_now() == kAsid + kAtc);
  const arch::Command& atc = m.smmu.log[m.smmu.log.size() - 2].command;
  CHECK(atc.size == (version == LinuxVersion::v6_1 ? arch::kAtcInvalidateAll : 9));
}

TEST_CASE("exit: quiet descriptors, invalidation, then the memory, then the bonds") {
  const auto version = GENERATE(LinuxVersion::v6_1, LinuxVersion::v7_0);
  const bool v6_1 = version == LinuxVersion::v6_1;
  Sva m(config_of(version));
  m.start({device(kA, FaultKind::stall, {1}), device(kB, FaultKind::pri, {1})});
  m.access(kA, kVa);
  m.since_now();
  bool looked = false;
  m.smmu.on_command = [&](const arch::Command& command) {
    if (command.opcode != arch::Opcode::tlbi_nh_asid || looked) return;
    looked = true;
    const arch::Cd cd = m.cd(kA, 1);
    CHECK(cd.valid);
    CHECK(cd.half[0].epd);
    CHECK(cd.s == v6_1);
    CHECK(cd.r == v6_1);
  };
  CHECK(m.exit(1) == Status::ok);
  CHECK(looked);
  const Names quiet =
      times(v6_1 ? 2 : 4, kCd) + kAsid + kAtc;  // two descriptors; in 7.0 the table's address too
  const Names unbind_b = times(2, kCd) + kAtc + times(2, kSte), unbind_a = times(2, kCd) + times(2, kSte);
  CHECK(m.since_now() == quiet + (v6_1 ? times(2, kCd) : unbind_b + unbind_a + kAsid));
  CHECK(!m.host.pasid(1));
  CHECK(m.exit(1) == Status::no_such_process);
  m.push_access(kA, kVa);  // a stall that was on its way
  m.run();
  CHECK(m.smmu.log.back().command.action == arch::ResumeAction::abort);
  CHECK(m.bind(kA, 1) == Status::ok);  // exec: a new address space, with a new PASID
  CHECK(!m.translates(kA, *m.host.pasid(1), kVa));
}

TEST_CASE("an SMMU that always stalls keeps S in a quiet descriptor") {
  arch::Features features;
  features.stall_model = arch::StallModel::forced;
  Sva m(config_of(LinuxVersion::v7_0), 0, features);
  m.start({device(kA, FaultKind::stall, {1})});
  bool looked = false;
  m.smmu.on_command = [&](const arch::Command& command) {
    if (command.opcode != arch::Opcode::tlbi_nh_asid || looked) return;
    looked = true;
    CHECK(m.cd(kA, 1).s);
  };
  m.exit(1);
  CHECK(looked);
}

TEST_CASE("exit and unbind in the middle of faults: each is answered once, and nothing is left") {
  const bool whole_exit = GENERATE(true, false);
  const auto flush = GENERATE(host::Flush::none, host::Flush::drain);
  const unsigned seed = GENERATE(range(1u, 6u));
  INFO("seed " << seed << (whole_exit ? ", exit" : ", unbind"));
  host::HostConfig config = config_of(LinuxVersion::v7_0);
  config.flush = flush;
  config.seed = seed;
  config.cost = host::CostTable{};
  Sva m(config);
  m.start({device(kA, FaultKind::stall, {1, 2}), device(kB, FaultKind::pri, {1, 2})});
  std::mt19937 random(seed);
  unsigned last_requests = 0;
  for (unsigned i = 0; i < 200; ++i) {
    m.push_access(kA, kVa + random() % 64 * 0x1000, true, 1 + i % 2);
    const bool last = random() % 3 != 0;
    m.smmu.push(page_request(kB, i % 512, kVa + random() % 64 * 0x1000, last, 1 + i % 2));
    last_requests += last ? 1 : 0;
    if (i == 100 && whole_exit) m.host.exit(1, [](Status) {});
    if (i == 100 && !whole_exit) {
      m.host.unbind(arch::StreamId{kA}, 1, [](Status) {});
      m.host.unbind(arch::StreamId{kA}, 2, [](Status) {});
      m.host.unbind(arch::StreamId{kB}, 1, [](Status) {});
    }
    m.run(random() % 2000 * kNs);
  }
  m.run();
  unsigned resumes = 0, responses = 0;
  std::map<unsigned, unsigned> by_stag;
  for (const auto& executed : m.smmu.log) {
    if (executed.command.opcode == arch::Opcode::resume) {
      ++resumes;
      CHECK(++by_stag[executed.command.stag] == 1);
    }
    responses += executed.command.opcode == arch::Opcode::pri_resp ? 1 : 0;
  }
  CHECK(resumes == 200);
  CHECK(responses == last_requests);
  CHECK(m.count("responses") == 200 + last_requests);
}

TEST_CASE("drain is bounded: two queue lengths of records, however many come") {
  host::HostConfig config = config_of(LinuxVersion::v7_0);
  config.flush = host::Flush::drain;
  config.eventq_log2 = 3;
  config.cost[host::Cost::anon_fault] = host::fixed(100'000);
  Sva m(config);
  m.start({device(kA, FaultKind::stall, {1}), device(kB, FaultKind::stall, {2})});
  std::optional<Status> done;
  unsigned pushed = 0;
  const auto keep_full = [&] {
    for (unsigned i = 0; i < 400 && !done; ++i) {
      while (m.smmu.push(stall_event(kB, static_cast<std::uint16_t>(pushed), kVa, 2))) ++pushed;
      m.run(300 * kNs);
    }
  };
  m.smmu.push(stall_event(kB, 0xFFFF, kVa, 2));
  m.host.unbind(arch::StreamId{kA}, 1, [&](Status s) { done = s; });
  keep_full();
  CHECK(done == Status::ok);
  CHECK(pushed > 16);
  CHECK(pushed < 16 + 60);
}

TEST_CASE("a PASID is not used again before its faults are flushed") {
  host::HostConfig config = config_of(LinuxVersion::v7_0);
  config.flush = host::Flush::drain;
  config.cost[host::Cost::anon_fault] = host::fixed(50'000'000);
  Sva m(config);
  m.start({device(kA, FaultKind::stall, {1})});
  m.push_access(kA, kVa);
  m.run(10'000 * kNs);  // its worker is at it
  std::optional<std::uint32_t> pasid;
  m.host.exit(1, [](Status) {});
  m.run(1'000 * kNs);
  m.host.bind(arch::StreamId{kA}, 2, [&](Status) { pasid = m.host.pasid(2); });
  m.run(20'000 * kNs);
  CHECK((!pasid || *pasid != 1u));
  m.run();
  CHECK(m.bind(kA, 3) == Status::ok);
  CHECK(m.host.pasid(3) == 1u);
}
