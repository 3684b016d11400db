// Stalled transactions: their records and a queue that has no room, what invalidations do to them, STAGs, how
// they end (SMMUv3, fault models and stall).
#include <catch2/catch.hpp>

#include "testbenches/unit/smmu_root_port.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

namespace reg = arch::reg;
using arch::Opcode;
using arch::ResumeAction;

constexpr std::uint64_t kVa = 0x123456789000, kPage = kBase + 0x3000000;
constexpr unsigned kPlaces = 1u << SmmuBench::kLog2Queue;

struct Bench : SmmuBench {
  std::uint64_t root;
  explicit Bench(const smmu::SmmuConfig& c = {}) : SmmuBench(c) {
    root = attach();
    REQUIRE(bring_up());
  }
  static std::uint64_t va(unsigned i) { return kVa + i * arch::kPageSize; }
  /// `n` accesses that stall, in order.
  std::vector<BenchDevice::Record*> stall(unsigned n) {
    std::vector<BenchDevice::Record*> sent;
    for (unsigned i = 0; i < n; ++i) {
      sent.push_back(&devices[0]->send({va(i)}));
      settle();
    }
    return sent;
  }
  arch::Command stall_term(unsigned stream = 1) {
    arch::Command command = make(Opcode::stall_term);
    command.stream = arch::StreamId{stream};
    return command;
  }
};

}  // namespace

TEST_CASE("a stall that finds the queue full waits without a record") {
  Bench b;
  const auto sent = b.stall(kPlaces + 1);
  BenchDevice::Record& last = *sent.back();
  REQUIRE(b.events_visible() == kPlaces);
  CHECK(b.smmu.tcu().stalled() == kPlaces + 1);
  CHECK_FALSE(b.smmu.tcu().events.overflowed());
  b.tables.map(b.root, b.va(kPlaces), kPage);
  SECTION("nothing was invalidated: recorded as it was found") {
    b.next_event();
    b.acknowledge_events();
    b.settle();
    CHECK(b.events_visible() == kPlaces);
    CHECK(last.done == 0);
    CHECK(b.smmu.tcu().stalled() == kPlaces + 1);
  }
  SECTION("invalidated and synchronised: translated again, and software never hears of the old fault") {
    CHECK(b.submit({SmmuBench::tlbi_va(b.va(kPlaces)), SmmuBench::sync()}));
    CHECK(last.done == 0);
    b.next_event();
    b.acknowledge_events();
    b.settle();
    CHECK(last.pa == kPage);
    CHECK(b.events_visible() == kPlaces - 1);
    CHECK(b.smmu.tcu().stalled() == kPlaces);
    CHECK(b.counter("stall_retries") == 1);
  }
  SECTION("translated again it may fault again: one record, of the new outcome") {
    arch::Stage1Leaf old;
    old.young = false;
    b.tables.map(b.root, b.va(kPlaces), kPage, old);
    CHECK(b.submit({SmmuBench::tlbi_va(b.va(kPlaces)), SmmuBench::sync()}));
    for (unsigned i = 0; i < kPlaces; ++i) CHECK(b.next_event().id == arch::EventId::f_translation);
    b.acknowledge_events();
    b.settle();
    REQUIRE(b.events_visible() == 1);
    CHECK(b.next_event().id == arch::EventId::f_access);
    CHECK(last.done == 0);
  }
  SECTION("RESUME of an STAG that software has not been told has no effect") {
    arch::Event guess = b.next_event();
    for (unsigned stag = 0; stag < b.config.features.stall_max; ++stag) {
      bool told = false;
      for (unsigned i = 0; i < kPlaces; ++i) {
        arch::EventWords words{};
        b.memory.store.read(SmmuBench::kEvents + i * 32, words.data(), sizeof words);
        told |= arch::decode_event(words).stag == stag;
      }
      if (told) continue;
      guess.stag = static_cast<std::uint16_t>(stag);
      b.put(SmmuBench::resume(guess, ResumeAction::abort));
      if (stag % 4 == 3) CHECK(b.submit({}));
    }
    CHECK(b.submit({}));
    CHECK(last.done == 0);
    CHECK(b.smmu.tcu().stalled() == kPlaces + 1);
  }
  SECTION("STALL_TERM ends those too, and no record of them comes later") {
    CHECK(b.submit({b.stall_term(2)}));  // another stream
    CHECK(b.smmu.tcu().stalled() == kPlaces + 1);
    CHECK(b.submit({b.stall_term()}));
    b.settle();
    for (const auto* r : sent) CHECK((r->done != 0 && !r->ok));
    CHECK(b.smmu.tcu().stalled() == 0);
    for (unsigned i = 0; i < kPlaces; ++i) b.next_event();
    b.acknowledge_events();
    b.settle();
    CHECK(b.events_visible() == 0);
  }
  SECTION("SMMUEN = 0 ends those too") {
    REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, SmmuBench::kAllOn & ~arch::cr0::kSmmuEn));
    b.settle();
    for (const auto* r : sent) CHECK((r->done != 0 && !r->ok));
    for (unsigned i = 0; i < kPlaces; ++i) b.next_event();
    b.acknowledge_events();
    b.settle();
    CHECK(b.events_visible() == 0);
  }
}

TEST_CASE("a disabled event queue: stalls wait, and are told when it is enabled") {
  Bench b;
  REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, SmmuBench::kAllOn & ~arch::cr0::kEventqEn));
  b.stall(3);
  CHECK(b.events_visible() == 0);
  CHECK(b.smmu.tcu().stalled() == 3);
  REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, SmmuBench::kAllOn));
  b.settle();
  CHECK(b.events_visible() == 3);
}

TEST_CASE("a stall's record that cannot be written comes again when the error is acknowledged") {
  Bench b;
  b.memory.aborting.insert(SmmuBench::kEvents);
  b.stall(3);
  CHECK(b.read(reg::kGerror) == arch::gerror::kEventqAbort);
  CHECK(b.events_visible() == 0);
  CHECK(b.counter("stalls") == 0);
  b.memory.aborting.clear();
  b.write(reg::kGerrorn, arch::gerror::kEventqAbort);
  b.settle();
  REQUIRE(b.events_visible() == 3);
  CHECK(b.counter("stalls") == 3);
  std::set<std::uint64_t> told;
  for (unsigned i = 0; i < 3; ++i) told.insert(b.next_event().input_address.value);
  CHECK(told == std::set<std::uint64_t>{b.va(0), b.va(1), b.va(2)});
}

TEST_CASE("STAGs name one stall each until RESUME, and there are STALL_MAX of them") {
  smmu::SmmuConfig c;
  c.features.stall_max = 5;
  Bench b(c);
  const auto sent = b.stall(7);
  REQUIRE(b.events_visible() == 5);
  CHECK(b.smmu.tcu().stalled() == 5);
  std::set<std::uint16_t> live;
  std::vector<arch::Event> events;
  for (unsigned i = 0; i < 5; ++i) {
    events.push_back(b.next_event());
    CHECK(events.back().stag < 5);
    CHECK(live.insert(events.back().stag).second);
  }
  b.acknowledge_events();
  SECTION("each RESUME frees one, which the next waiting stall gets") {
    for (unsigned i = 0; i < 2; ++i) {
      CHECK(b.submit({SmmuBench::resume(events[i], ResumeAction::abort)}));
      live.erase(events[i].stag);
      b.settle();
      REQUIRE(b.events_visible() == 1);
      const arch::Event next = b.next_event();
      CHECK(next.input_address.value == b.va(5 + i));
      CHECK(live.insert(next.stag).second);
    }
    CHECK(b.smmu.tcu().stalled() == 5);
  }
  SECTION("SMMUEN = 0 terminates those without an STAG too") {
    REQUIRE(b.write_acknowledged(reg::kCr0, reg::kCr0Ack, SmmuBench::kAllOn & ~arch::cr0::kSmmuEn));
    b.settle();
    for (const auto* r : sent) CHECK((r->done != 0 && !r->ok));
  }
}

TEST_CASE("TERM_MODEL = 1: RESUME never ends in read-as-zero") {
  smmu::SmmuConfig c;
  c.features.term_model = GENERATE(false, true);
  Bench b(c);
  const auto sent = b.stall(1);
  const bool legal = !sent.empty() && b.events_visible() == 1 && sent[0]->done == 0;
  REQUIRE(legal);
  CHECK(b.submit({SmmuBench::resume(b.next_event(), ResumeAction::raz_wi)}));
  b.settle();
  CHECK(sent[0]->raz == !c.features.term_model);
  CHECK(sent[0]->ok == !c.features.term_model);
}

TEST_CASE("Ac decides, then Ab") {
  Bench b;
  b.tables.map(b.root, b.va(1), kPage);
  const auto sent = b.stall(1);
  arch::Command both = SmmuBench::resume(b.next_event(), static_cast<ResumeAction>(3));
  b.tables.map(b.root, b.va(0), kPage);
  CHECK(b.submit({both}));
  b.settle();
  CHECK(sent[0]->pa == kPage);
}

TEST_CASE("STALL_MODEL: a CD must not ask for what there is not") {
  smmu::SmmuConfig c;
  const auto [model, stall, legal] = GENERATE(std::make_tuple(arch::StallModel::selectable, true, true),
                                              std::make_tuple(arch::StallModel::selectable, false, true),
                                              std::make_tuple(arch::StallModel::never, true, false),
                                              std::make_tuple(arch::StallModel::never, false, true),
                                              std::make_tuple(arch::StallModel::forced, true, true),
                                              std::make_tuple(arch::StallModel::forced, false, false));
  c.features.stall_model = model;
  SmmuBench b(c);
  b.attach(arch::StreamId{1}, 1, stall);
  REQUIRE(b.bring_up());
  b.devices[0]->send({kVa});
  b.settle();
  REQUIRE(b.events_visible() == 1);
  const arch::Event event = b.next_event();
  CHECK(event.id == (legal ? arch::EventId::f_translation : arch::EventId::c_bad_cd));
  CHECK(event.stall == (legal && stall));
}
