// The baton rule: no picosecond is lost or counted twice, followers mirror their fault, and a run that breaks
// it aborts.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <new>
#include <random>
#include <string>

#include "models/probe/recorder.hpp"

namespace {
std::size_t allocations = 0;
}

// Out of line, or the compiler sees free() on what it takes for memory of another operator new.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace svasim::probe;

namespace {

/// Keeps what a sink is given, as values.
struct Keep : Sink {
  std::vector<Transaction> transactions;
  std::vector<Fault> faults;
  void transaction(const Transaction& closed) override { transactions.push_back(closed); }
  void fault(const Fault& closed) override { faults.push_back(closed); }
};

/// What `act` writes to stderr before it aborts; empty if it does not abort.
std::string aborts_with(const std::function<void()>& act) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    dup2(ends[1], STDERR_FILENO);
    act();
    _exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char c;
  while (read(ends[0], &c, 1) == 1) text += c;
  ::close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? text : "";
}

Picoseconds in(const Timeline& timeline, Stage stage) {
  return timeline.sums()[static_cast<std::size_t>(stage)];
}

}  // namespace

TEST_CASE("a timeline charges every picosecond to the stage it was in") {
  Timeline timeline;
  timeline.begin(100, Stage::issue);
  timeline.enter(Stage::atc, 130);
  timeline.enter(Stage::llc, 175);
  timeline.enter(Stage::atc, 180);
  timeline.end(200);
  CHECK(in(timeline, Stage::issue) == 30);
  CHECK(in(timeline, Stage::atc) == 45 + 20);
  CHECK(in(timeline, Stage::llc) == 5);
  CHECK(timeline.begun_at() == 100);
  CHECK(timeline.total() == 100);
  CHECK_FALSE(timeline.open());
  REQUIRE(timeline.segments().size() == 4);
  CHECK(timeline.segments()[3].stage == Stage::atc);
}

TEST_CASE("stays are continued, dropped or kept for what they tell") {
  const Cause walk{Cause::Kind::transaction, 12};
  Timeline timeline;
  timeline.begin(0, Stage::issue);
  SECTION("the same stage for the same cause goes on") {
    timeline.enter(Stage::issue, 10);
    timeline.end(25);
    REQUIRE(timeline.segments().size() == 1);
    CHECK(timeline.segments()[0].duration == 25);
  }
  SECTION("the same stage for another cause is another stay") {
    timeline.enter(Stage::issue, 10, walk);
    timeline.end(25);
    REQUIRE(timeline.segments().size() == 2);
    CHECK(timeline.segments()[1].cause == walk);
  }
  SECTION("a stay of no length is dropped, and its neighbours become one") {
    timeline.enter(Stage::atc, 10);
    timeline.enter(Stage::issue, 10);
    timeline.end(25);
    REQUIRE(timeline.segments().size() == 1);
    CHECK(timeline.segments()[0].duration == 25);
  }
  SECTION("a merge of no length is kept") {
    timeline.enter(Stage::hazard, 10, walk);
    timeline.enter(Stage::atc, 10);
    timeline.end(25);
    REQUIRE(timeline.segments().size() == 3);
    CHECK(timeline.segments()[1].stage == Stage::hazard);
    CHECK(timeline.segments()[1].duration == 0);
    CHECK(timeline.segments()[1].cause == walk);
  }
  SECTION("unless a neighbour names its cause, whichever") {
    timeline.enter(Stage::hazard, 10, walk);
    timeline.enter(Stage::atc, 10, walk);
    timeline.enter(Stage::hazard, 20, walk);
    timeline.end(20);
    REQUIRE(timeline.segments().size() == 2);
    CHECK(timeline.segments()[1].stage == Stage::atc);
    CHECK(timeline.segments()[1].duration == 10);
    CHECK(timeline.segments()[1].cause == walk);
  }
}

TEST_CASE("rounds and fault latency follow the failed translations") {
  Timeline timeline;
  timeline.begin(0, Stage::walk_memory);
  timeline.translation_failed(100);
  timeline.enter(Stage::mm_fault, 100);
  timeline.enter(Stage::reissue, 400);
  timeline.translation_failed(500);  // again: the latency runs from the first
  timeline.enter(Stage::walk_memory, 600);
  timeline.translation_succeeded(700);
  timeline.enter(Stage::dram, 700);
  CHECK(timeline.fault_latency() == 600);
  CHECK(timeline.rounds() == 2);
  std::vector<int> rounds;
  SECTION("a second episode adds to it") {
    timeline.translation_failed(800);
    timeline.end(850);  // never translated: until the end
    CHECK(timeline.fault_latency() == 650);
    CHECK(timeline.rounds() == 3);
    for (const Segment& segment : timeline.segments()) rounds.push_back(segment.round);
    CHECK(rounds == std::vector<int>{0, 1, 1, 2, 2, 2, 3});
  }
  SECTION("a translation that did not fail adds nothing") {
    timeline.translation_succeeded(750);
    timeline.end(800);
    CHECK(timeline.fault_latency() == 600);
  }
}

TEST_CASE("lost time aborts the run and says whose") {
  CHECK(aborts_with([] {
          Recorder recorder;
          recorder.open(0, 0, 0, Operation::read, 0, 1);
          Transaction& second = recorder.open(5, 0, 0, Operation::read, 0, 1);
          second.timeline.enter(Stage::dram, 1200);
          second.timeline.enter(Stage::link_back, 1100);
        }) ==
        "svasim: lost time: transaction 2 in stage dram: left before it was entered: 1100 ps instead of 1200 "
        "ps\n");
  CHECK(aborts_with([] {
          Recorder recorder;
          Fault& fault = recorder.open_fault(50, Stage::command, {FaultKind::stall, 1, 2}, 0, 0, 0);
          recorder.close_fault(fault, 49, Outcome::ok);
        }) ==
        "svasim: lost time: fault 1 in stage command: left before it was entered: 49 ps instead of 50 ps\n");
  CHECK(aborts_with([] {
          Recorder recorder;
          Transaction& ended = recorder.open(5, 0, 0, Operation::read, 0, 1);
          recorder.close(ended, 10, Outcome::ok);
          ended.timeline.enter(Stage::atc, 11);
        }) ==
        "svasim: lost time: transaction 1 in stage issue: used after its end: 11 ps instead of 10 ps\n");
  CHECK(aborts_with([] {
          Recorder recorder;
          Transaction& served = recorder.open(5, 0, 0, Operation::read, 0, 1);
          recorder.open_fault(6, Stage::report, {FaultKind::pri, 1, 2}, 0, 0, 0).attach(served, 7);
          recorder.close(served, 8, Outcome::ok);
        }) ==
        "svasim: lost time: transaction 1 in stage report: closed while a fault still serves it: 8 ps "
        "instead of 7 ps\n");
}

TEST_CASE("followers mirror the stages of their fault from when they joined") {
  Keep keep;
  Recorder recorder({&keep});
  Transaction& early = recorder.open(0, 0, 0, Operation::read, 0x1000, 8);
  Transaction& late = recorder.open(0, 0, 0, Operation::read, 0x1008, 8);
  Fault& fault = recorder.open_fault(10, Stage::fault_record, {FaultKind::stall, 0, 0}, 0, 0, 0x1000);
  fault.attach(early, 10);
  fault.enter(Stage::interrupt, 30);
  fault.attach(late, 45);
  CHECK(late.fault == &fault);
  fault.enter(Stage::mm_fault, 60);
  recorder.close_fault(fault, 100, Outcome::ok);
  CHECK(early.fault == nullptr);
  CHECK(late.fault == nullptr);
  CHECK(late.timeline.stage() == Stage::mm_fault);
  early.timeline.enter(Stage::resume, 100);
  late.timeline.enter(Stage::resume, 110);  // somebody else was resumed first
  recorder.close(early, 130, Outcome::ok);
  recorder.close(late, 140, Outcome::zeroed);

  REQUIRE(keep.faults.size() == 1);
  CHECK(keep.faults[0].followers.size() == 2);
  for (Stage stage : {Stage::fault_record, Stage::interrupt, Stage::mm_fault}) {
    CHECK(in(keep.transactions[0].timeline, stage) == in(keep.faults[0].timeline, stage));
  }
  CHECK(in(keep.transactions[1].timeline, Stage::fault_record) == 0);
  CHECK(in(keep.transactions[1].timeline, Stage::interrupt) == 60 - 45);
  CHECK(in(keep.transactions[1].timeline, Stage::mm_fault) == 110 - 60);
  CHECK(keep.transactions[1].timeline.segments()[1].cause == Cause(Cause::Kind::fault, 1));
  CHECK(keep.transactions[1].outcome == Outcome::zeroed);
}

TEST_CASE("live faults are found by key and page, oldest first, against a plain list") {
  const auto seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  std::mt19937 random(seed);
  Recorder recorder;
  std::vector<Fault*> live;  // in order of opening
  for (int step = 0; step < 3000; ++step) {
    const FaultKey key{static_cast<FaultKind>(random() % 2), static_cast<std::uint32_t>(random() % 3),
                       static_cast<std::uint32_t>(random() % 40)};
    if (random() % 5 < 3) {
      live.push_back(
          &recorder.open_fault(0, Stage::report, key, 0, 0, (random() % 4) << 12 | random() % 4096));
    } else {
      // The visitor may close what it visits; it closes every other one.
      bool odd = false;
      recorder.for_each_fault(key, [&](Fault& fault) {
        if ((odd = !odd)) {
          live.erase(std::find(live.begin(), live.end(), &fault));
          recorder.close_fault(fault, 0, Outcome::ok);
        }
      });
    }
    const std::uint64_t va = (random() % 4) << 12;
    std::vector<Fault*> expected, got;
    Fault* oldest_of_page = nullptr;
    for (Fault* fault : live) {
      if (!(fault->key == key)) continue;
      expected.push_back(fault);
      if (!oldest_of_page && fault->va >> 12 == va >> 12) oldest_of_page = fault;
    }
    recorder.for_each_fault(key, [&](Fault& fault) { got.push_back(&fault); });
    REQUIRE(got == expected);
    REQUIRE(recorder.find(key, va) == oldest_of_page);
    REQUIRE(recorder.faults_live() == live.size());
  }
}

TEST_CASE("unread records of a kind advance as a batch, and only those not read yet") {
  Recorder recorder;
  std::vector<Fault*> faults;
  for (std::uint32_t i = 0; i < 5; ++i) {
    faults.push_back(&recorder.open_fault(0, Stage::interrupt, {FaultKind::pri, 0, i}, 0, 0, 0));
  }
  Fault& stall = recorder.open_fault(0, Stage::interrupt, {FaultKind::stall, 0, 0}, 0, 0, 0);
  faults[1]->enter(Stage::irq_thread, 5);
  faults[2]->enter(Stage::workqueue, 5);
  recorder.close_fault(*faults[3], 5, Outcome::ok);
  recorder.advance(FaultKind::pri, Stage::irq_thread, 10);
  recorder.advance(FaultKind::pri, Stage::queue_drain, 20);
  CHECK(faults[0]->timeline.stage() == Stage::queue_drain);
  CHECK(faults[0]->timeline.since() == 20);
  CHECK(faults[1]->timeline.stage() == Stage::queue_drain);
  CHECK(faults[2]->timeline.stage() == Stage::workqueue);
  CHECK(faults[4]->timeline.stage() == Stage::queue_drain);
  CHECK(stall.timeline.stage() == Stage::interrupt);
}

TEST_CASE("random lives sum up, against a plain account of entries") {
  const auto seed = GENERATE(range(1u, 20u));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Keep keep;
  Recorder recorder({&keep});
  for (int n = 0; n < 50; ++n) {
    Picoseconds now = random() % 1000;
    const Picoseconds begin = now;
    std::map<Stage, Picoseconds> account;
    Stage stage = Stage::issue;
    Transaction& transaction = recorder.open(now, 1, 2, Operation::write, 3, 4);
    for (auto entries = random() % 40; entries > 0; --entries) {
      const Picoseconds stay = random() % 3 ? random() % 100 : 0;
      account[stage] += stay;
      now += stay;
      if (random() % 8 == 0) transaction.timeline.translation_failed(now);
      if (random() % 8 == 0) transaction.timeline.translation_succeeded(now);
      stage = static_cast<Stage>(random() % 6);
      transaction.timeline.enter(stage, now, {static_cast<Cause::Kind>(random() % 3), random() % 2});
    }
    account[stage] += 7;
    recorder.close(transaction, now + 7, Outcome::ok);
    const Timeline& timeline = keep.transactions.back().timeline;
    CHECK(timeline.total() == now + 7 - begin);
    for (std::size_t i = 0; i < kStageCount; ++i) {
      CHECK(timeline.sums()[i] == account[static_cast<Stage>(i)]);
    }
  }
}

TEST_CASE("the watchdog sees the oldest live transactions") {
  Recorder recorder;
  std::vector<Transaction*> open;
  for (int i = 0; i < 10; ++i) open.push_back(&recorder.open(0, 0, 0, Operation::read, 0, 1));
  for (int i : {0, 2, 5}) recorder.close(*open[static_cast<std::size_t>(i)], 1, Outcome::ok);
  recorder.open(0, 0, 0, Operation::read, 0, 1);  // number 11, in a place used before
  std::vector<std::uint64_t> ids;
  for (const Transaction* transaction : recorder.oldest(4)) ids.push_back(transaction->id);
  CHECK(ids == std::vector<std::uint64_t>{2, 4, 5, 7});
  CHECK(recorder.oldest(100).size() == 8);
  CHECK(recorder.live() == 8);
}

TEST_CASE("steady state allocates nothing") {
  Recorder recorder;
  std::vector<Transaction*> open(64);
  const auto traffic = [&](int laps) {
    for (int lap = 0; lap < laps; ++lap) {
      for (auto& transaction : open) transaction = &recorder.open(0, 0, 0, Operation::read, 0, 1);
      for (std::uint32_t i = 0; i < 64; ++i) {
        recorder.open_fault(1, Stage::report, {FaultKind::pri, 0, i % 16}, 0, 0, i << 12).attach(*open[i], 1);
      }
      for (std::uint32_t key = 0; key < 16; ++key) {
        recorder.enter({FaultKind::pri, 0, key}, Stage::command, 2);
        recorder.for_each_fault({FaultKind::pri, 0, key},
                                [&](Fault& fault) { recorder.close_fault(fault, 3, Outcome::ok); });
      }
      for (auto& transaction : open) recorder.close(*transaction, 4, Outcome::ok);
    }
  };
  traffic(200);  // every pooled object has met the longest life
  const std::size_t before = allocations;
  traffic(200);
  CHECK(allocations == before);
}
