// A PCIe function as its driver finds and programs it, by loads and stores of its configuration space.
#include <catch2/catch.hpp>

#include "models/arch/pci_capability.hpp"
#include "testbenches/unit/host_fake_smmu.hpp"

using namespace svasim;
using namespace svasim::test;
namespace pci = arch::pci;

namespace {

constexpr std::uint32_t kAts = 0x100, kPasid = 0x140, kPri = 0x180;

struct Function : Machine {
  Function() {
    reg(kAts) = pci::header(pci::kAtsId, kPasid);
    reg(kPasid) = pci::header(pci::kPasidId, kPri);
    reg(kPasid + pci::pasid::kControl) = pci::pasid::kExecute | 20u << pci::pasid::kWidthShift;
    reg(kPri) = pci::header(pci::kPriId, 0);
    reg(kPri + pci::pri::kControl) = pci::pri::kStopped;
    reg(kPri + pci::pri::kCapacity) = 32;
  }
  std::uint32_t& reg(std::uint32_t offset) { return smmu.device_register(offset); }
  void attach(std::uint32_t page_requests = 64) {
    host::DeviceDescription d = device(0x10, probe::FaultKind::pri);
    d.config_space = kDeviceRegisters;
    d.page_requests = page_requests;
    start({d});
  }
};

}  // namespace

TEST_CASE("capabilities are found by their list; PASID, ATS and PRI are enabled") {
  Function f;
  const std::uint32_t wanted = GENERATE(16u, 64u);
  f.attach(wanted);
  CHECK(f.errors.empty());
  CHECK(f.reg(kPasid + pci::pasid::kControl) == (pci::pasid::kEnable | pci::pasid::kExecuteEnable));
  CHECK(f.reg(kAts + pci::ats::kControl) == pci::ats::kEnable);
  CHECK(f.reg(kPri + pci::pri::kAllocation) == std::min(wanted, 32u));  // its capacity
  CHECK(f.reg(kPri + pci::pri::kControl) == pci::pri::kEnable);
}

TEST_CASE("PRI goes off and on with IOPF, which is how a script recovers it after a Response Failure") {
  Function f;
  f.attach();
  const arch::StreamId stream{0x10};
  const auto enable = [&](host::Feature what) {
    return f.ask([&](auto reply) { f.host.enable(stream, what, reply); });
  };
  const auto disable = [&](host::Feature what) {
    return f.ask([&](auto reply) { f.host.disable(stream, what, reply); });
  };
  CHECK(disable(host::Feature::sva) == host::Status::busy);  // bound
  CHECK(f.ask([&](auto reply) { f.host.unbind(stream, 1, reply); }) == host::Status::ok);
  CHECK(disable(host::Feature::sva) == host::Status::ok);
  CHECK(f.reg(kPri + pci::pri::kControl) == pci::pri::kEnable);
  CHECK(disable(host::Feature::iopf) == host::Status::ok);
  CHECK(f.reg(kPri + pci::pri::kControl) == 0);
  CHECK(enable(host::Feature::iopf) == host::Status::busy);  // not stopped yet
  CHECK(enable(host::Feature::sva) == host::Status::invalid);
  CHECK(f.reg(kPri + pci::pri::kControl) == 0);
  f.reg(kPri + pci::pri::kControl) = pci::pri::kStopped | pci::pri::kResponseFailure;
  CHECK(enable(host::Feature::iopf) == host::Status::ok);
  CHECK(f.reg(kPri + pci::pri::kControl) == pci::pri::kEnable);
  CHECK(enable(host::Feature::sva) == host::Status::ok);
}

TEST_CASE("PRI that has not stopped, or is not there, is not enabled, and that is told") {
  Function f;
  SECTION("not stopped") { f.reg(kPri + pci::pri::kControl) = 0; }
  SECTION("not there") { f.reg(kPasid) = pci::header(pci::kPasidId, 0); }
  SECTION("a list without end") { f.reg(kPasid) = pci::header(pci::kPasidId, kAts); }
  f.attach();
  REQUIRE(f.errors.size() == 1);
  CHECK(f.errors[0].find("PRI cannot be enabled") != std::string::npos);
  CHECK(f.reg(kPri + pci::pri::kAllocation) == 0);
  CHECK(f.reg(kAts + pci::ats::kControl) == pci::ats::kEnable);
}
