// ATC invalidations: ITags, answers in time, late and never. Source rule: PCIe Base, ATS (an ITag is in use
// until its completions have come); SMMUv3, command queue errors (CERROR_ATC_INV_SYNC).
#include <catch2/catch.hpp>

#include "testbenches/unit/smmu_root_port.hpp"

using namespace svasim;
using namespace svasim::test;

namespace reg = arch::reg;
using arch::Opcode;

namespace {

/// A root port that completes an ATC invalidation only when it is told to.
struct AtcBench : SmmuBench {
  RootPort port{*this};
  arch::Command invalidate = make(Opcode::atc_inv);
  explicit AtcBench() : SmmuBench(with_timeout()) {
    invalidate.stream = kFunction;
    REQUIRE(bring_up());
  }
  static smmu::SmmuConfig with_timeout() {
    smmu::SmmuConfig c;
    c.tcu.atc_timeout = 2;
    return c;
  }
  /// ATC_INV and CMD_SYNC; how many ATC_INVs the root port has then been given.
  std::size_t invalidate_and_sync() {
    put(invalidate);
    put(sync());
    ring_doorbell();
    run(500);
    return given().size();
  }
  std::vector<std::uint16_t> given() const {  ///< their ITags
    std::vector<std::uint16_t> itags;
    for (const auto& m : port.received) {
      if (m.kind == arch::dti::Downstream::Kind::atc_inv) itags.push_back(m.id);
    }
    return itags;
  }
  bool failed() {
    return arch::cmdq_cons::error(read(reg::kCmdqCons)) == arch::CommandError::atc_invalidate_sync;
  }
  void acknowledge() {
    write(reg::kGerrorn, read(reg::kGerror));
    settle();
    REQUIRE(consumed());
  }
};

}  // namespace

TEST_CASE("a completion that comes after the timeout ends no later invalidation") {
  AtcBench b;
  REQUIRE(b.invalidate_and_sync() == 1);
  b.run(2000);
  REQUIRE(b.failed());
  b.acknowledge();

  REQUIRE(b.invalidate_and_sync() == 2);
  const std::uint16_t late = b.given()[0], current = b.given()[1];
  CHECK(late != current);
  b.port.complete_invalidation(late);
  b.run(500);
  CHECK_FALSE(b.consumed());
  CHECK(b.counter("atc_late_completions") == 1);
  b.port.complete_invalidation(current);
  b.run(500);
  CHECK(b.consumed());
  CHECK_FALSE(b.failed());
  b.port.complete_invalidation(late);  // once more: nobody asked
  b.settle();
  CHECK(b.counter("atc_late_completions") == 1);
  // Both are free again.
  REQUIRE(b.invalidate_and_sync() == 3);
  CHECK(b.given()[2] == std::min(late, current));
  b.port.complete_invalidation(b.given()[2]);
  b.settle();
  CHECK(b.consumed());
  CHECK(b.counter("atc_timeouts") == 1);
}

TEST_CASE("all ITags given up: ATC_INV waits for one, at most as long as for an answer") {
  AtcBench b;
  for (unsigned i = 0; i < 32; ++i) CHECK(b.submit({b.invalidate}));
  b.run(3000);
  CHECK(b.counter("atc_timeouts") == 32);
  b.put(SmmuBench::sync());
  b.ring_doorbell();
  b.run(500);
  REQUIRE(b.failed());
  b.acknowledge();
  // Not sent, given up, and the CMD_SYNC behind it fails.
  REQUIRE(b.invalidate_and_sync() == 32);
  CHECK_FALSE(b.failed());
  b.run(2000);
  CHECK(b.failed());
  CHECK(b.given().size() == 32);
  CHECK(b.counter("atc_timeouts") == 33);
  CHECK(b.counter("itag_stalls") == 1);
  b.acknowledge();
  // One that waits gets the ITag of a late completion.
  REQUIRE(b.invalidate_and_sync() == 32);
  b.port.complete_invalidation(17);
  b.run(500);
  REQUIRE(b.given().size() == 33);
  CHECK(b.given().back() == 17);
  CHECK_FALSE(b.consumed());
  b.port.complete_invalidation(17);
  b.run(500);
  CHECK(b.consumed());
  CHECK_FALSE(b.failed());
  CHECK(b.smmu.quiet());
}

TEST_CASE("an ATC invalidation that times out ends CMD_SYNC with an error") {
  SmmuBench b;
  RootPort port(b);
  REQUIRE(b.bring_up());
  arch::Command invalidate = SmmuBench::make(Opcode::atc_inv);
  invalidate.stream = kFunction;
  b.put(invalidate);
  b.put(SmmuBench::sync());
  b.ring_doorbell();
  b.settle();
  REQUIRE(port.received.size() == 1);
  CHECK_FALSE(b.consumed());
  arch::dti::Upstream completion;
  completion.kind = arch::dti::Upstream::Kind::inv_comp;
  completion.id = port.received[0].id;
  const bool lost = GENERATE(false, true);
  completion.error = lost;
  port.links.up->send(completion);
  b.settle();
  CHECK(b.consumed() == !lost);
  if (!lost) return;
  CHECK(arch::cmdq_cons::error(b.read(reg::kCmdqCons)) == arch::CommandError::atc_invalidate_sync);
  b.write(reg::kGerrorn, arch::gerror::kCmdq);
  b.settle();
  CHECK(b.consumed());
}
