// 20-bit PASIDs end to end: in TLPs, DTI, descriptors, both queues, commands, reports and run.db. Processes
// whose PASIDs agree in all but the high bits use the same addresses at the same time: a bit lost anywhere
// gives one of them another's page, which the checker finds, or none.
#include "testbenches/system/command.hpp"
#include "testbenches/system/database.hpp"
#include "testbenches/system/storm.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

/// Equal in their lowest 4, 8, 10, 12, 15, 16, 18 and 19 bits to the first one.
constexpr std::uint32_t kPasids[] = {0xFFFFF, 0x7FFFF, 0x3FFFF, 0x0FFFF, 0x07FFF,
                                     0x00FFF, 0x003FF, 0x000FF, 0xF};

std::string accesses() {
  std::mt19937 random(1);
  std::ostringstream text;
  for (unsigned i = 0; i < 1200; ++i) {
    text << (random() % 2 == 0 ? "R" : "W") << " 0x" << std::hex << Storm::kBase + random() % 16 * 0x1000
         << std::dec << " 64 dev=" << random() % 2 << " pasid=" << kPasids[random() % std::size(kPasids)]
         << "\n";
  }
  return text.str();
}

const std::vector<std::string> kSettings = {"run.check=on", "device.count=2", "device.0=pcie",
                                            "device.1=platform", "host.workqueue=per_domain"};

}  // namespace

TEST_CASE("PASIDs that differ in their high bits only have memory of their own") {
  Machine machine(accesses(), kSettings);
  std::set<std::uint32_t> in_events, in_invalidations;
  machine.system().smmu().tcu().on_event = [&](const arch::Event& event) {
    in_events.insert(event.substream.value);
  };
  machine.system().smmu().tcu().on_invalidate = [&](const arch::Command& command) {
    if (command.opcode == arch::Opcode::atc_inv && command.substream.valid)
      in_invalidations.insert(command.substream.value);
  };
  const platform::RunResult result = machine.run();
  INFO(result.message);
  REQUIRE(result.ending == platform::Ending::complete);
  check_conserved(result);
  const std::set<std::uint32_t> all(std::begin(kPasids), std::end(kPasids));
  CHECK(in_events == all);
  CHECK(in_invalidations == all);
  std::map<probe::FaultKind, std::set<std::uint32_t>> of_faults;
  for (const auto& [id, fault] : machine.faults) of_faults[fault.key.kind].insert(fault.pasid);
  CHECK(of_faults[probe::FaultKind::pri] == all);
  CHECK(of_faults[probe::FaultKind::stall] == all);
  for (const auto& [id, t] : machine.transactions) CHECK(t.value.outcome == probe::Outcome::ok);
  // Every process has its 16 pages, or one of them would have had another's.
  CHECK(value_of(result, "host", "pages_mapped") == 16 * std::size(kPasids));
}

TEST_CASE("a PASID wider than the device's capability is refused at bind, and never cut") {
  std::vector<std::string> settings = kSettings;
  settings.push_back("endpoint.pasid_bits=12");
  Machine machine(accesses(), settings);
  std::set<std::uint32_t> at_tcu;
  machine.system().smmu().tcu().on_invalidate = [&](const arch::Command& command) {
    if (command.opcode == arch::Opcode::atc_inv && command.substream.valid)
      at_tcu.insert(command.substream.value);
  };
  const platform::RunResult result = machine.run();
  INFO(result.message);
  check_conserved(result);
  for (const auto& [id, t] : machine.transactions) {
    const bool fits = t.value.device != 0 || t.value.pasid < 1u << 12;
    CHECK((t.value.outcome == probe::Outcome::ok) == fits);
  }
  // Who came to the other device first has a wide PASID, and is refused here; the others get narrow ones.
  CHECK(value_of(result, "endpoint0", "pasid_too_wide") + value_of(result, "trace", "refused") > 100);
  CHECK(*at_tcu.rbegin() == 0xFFF);
}

TEST_CASE("PASIDs of 20 bits in run.db") {
  const Scratch scratch;
  const std::string file = scratch.file("wide.svt", "# svasim trace 1\n" + accesses());
  const Finished run = invoke(run_words(file, scratch / "run", kSettings));
  INFO(run.err);
  REQUIRE(run.code == 0);
  const Database db(scratch / "run/run.db");
  std::vector<std::string> expected;
  for (const std::uint32_t pasid : kPasids) expected.push_back(std::to_string(pasid));
  CHECK(db.rows("SELECT DISTINCT pasid FROM transactions ORDER BY pasid DESC") == expected);
  CHECK(db.rows("SELECT DISTINCT pasid FROM faults WHERE kind = 'pri' ORDER BY pasid DESC") == expected);
  CHECK(db.rows("SELECT DISTINCT pasid FROM faults WHERE kind = 'stall' ORDER BY pasid DESC") == expected);
}
