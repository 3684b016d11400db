// The small parts of the engine: clock, ring, payload pool, fibers, links.
#include <catch2/catch.hpp>
#include <deque>
#include <random>

#include "models/engine/fiber.hpp"
#include "models/engine/link.hpp"
#include "models/engine/payload.hpp"
#include "testbenches/systemc_test.hpp"

using namespace svasim::engine;
using svasim::test::FreshKernel;

TEST_CASE("edges of a clock") {
  constexpr Clock clock(625);
  STATIC_REQUIRE(clock.edge(0) == 0);
  STATIC_REQUIRE(clock.edge(1) == 625);
  STATIC_REQUIRE(clock.edge(625) == 625);
  STATIC_REQUIRE(clock.after(0) == 625);
  STATIC_REQUIRE(clock.after(624) == 625);
  STATIC_REQUIRE(clock.after(625) == 1250);
  STATIC_REQUIRE(clock.later(600, 2) == 3 * 625);
}

TEST_CASE("a ring is a deque that remembers its peak") {
  std::mt19937 random(3);
  Ring<int> ring;
  std::deque<int> oracle;
  std::size_t peak = 0;
  for (int i = 0; i < 10000; ++i) {
    switch (random() % 4) {
      case 0: ring.push_back(i), oracle.push_back(i); break;
      case 1: ring.push_front(i), oracle.push_front(i); break;
      default:
        if (oracle.empty()) break;
        REQUIRE(ring.pop_front() == oracle.front());
        oracle.pop_front();
    }
    peak = std::max(peak, oracle.size());
    REQUIRE(ring.size() == oracle.size());
    for (std::size_t j = 0; j < oracle.size(); ++j) REQUIRE(ring[j] == oracle[j]);
  }
  CHECK(ring.peak() == peak);
}

TEST_CASE("payloads come back to their pool, clean, and the missing are counted") {
  PayloadPool pool;
  Payload& a = pool.make(tlm::TLM_WRITE_COMMAND, 0x1000, 64);
  Payload& b = pool.make(tlm::TLM_READ_COMMAND, 0x2000, 4096);
  CHECK(pool.leaked() == 2);
  a.attributes.raz = true;
  a.attributes.privileged = true;
  a.tag.push(7);
  a.set_response_status(tlm::TLM_OK_RESPONSE);
  b.acquire();
  b.release();
  CHECK(pool.leaked() == 2);
  a.release();
  CHECK(pool.leaked() == 1);
  Payload& again = pool.make(tlm::TLM_READ_COMMAND, 0x3000, 65);
  CHECK(&again == &a);
  CHECK(again.get_address() == 0x3000);
  CHECK(again.get_data_length() == 65);
  CHECK(again.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE);
  CHECK_FALSE(again.attributes.raz);
  CHECK_FALSE(again.attributes.privileged);
  CHECK(again.tag.depth == 0);
  CHECK(again.get_extension<Attributes>() == &again.attributes);
  CHECK(again.get_extension<Tag>() == &again.tag);
  again.data()[64] = 1;  // room for all of it
  again.release();
  b.release();
  CHECK(pool.leaked() == 0);
}

TEST_CASE("fibers sleep, wait and are resumed in the calendar's order") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  std::vector<std::pair<Picoseconds, std::string>> log;
  const auto note = [&](const char* what) { log.emplace_back(calendar.now(), what); };
  Fiber* first = nullptr;
  Fiber* second = nullptr;
  Fiber a(calendar, {0, 1}, 100, [&] {
    note("a starts");
    first->sleep_until(300);
    note("a wakes b");
    second->wake_at(400);
    first->sleep_until(400);
    note("a ends");
  });
  Fiber b(calendar, {0, 0}, 100, [&] {
    note("b starts");
    second->wait();
    note("b was woken");
  });
  first = &a;
  second = &b;
  sc_core::sc_start();
  using Log = decltype(log);
  CHECK(log ==
        Log{{100, "b starts"}, {100, "a starts"}, {300, "a wakes b"}, {400, "b was woken"}, {400, "a ends"}});
  CHECK(a.finished());
  CHECK(b.finished());
}

TEST_CASE("a fiber that still waits is unwound when it ends") {
  struct Guard {
    bool& gone;
    ~Guard() { gone = true; }
  };
  FreshKernel kernel;
  Calendar calendar("calendar");
  bool gone = false;
  {
    std::unique_ptr<Fiber> fiber;
    fiber = std::make_unique<Fiber>(calendar, Inlet{0, 0}, 10, [&] {
      const Guard guard{gone};
      fiber->wait();
    });
    sc_core::sc_start();
    CHECK_FALSE(fiber->finished());
    CHECK_FALSE(gone);
  }
  CHECK(gone);
}

namespace {

struct Receiver {
  Calendar& calendar;
  std::vector<std::pair<Picoseconds, int>> seen;
  Link<int>* frees = nullptr;  ///< whose credit is given back at once
  void receive(int& message) {
    seen.emplace_back(calendar.now(), message);
    if (frees != nullptr) frees->consumed();
  }
};
using Seen = std::vector<std::pair<Picoseconds, int>>;

}  // namespace

TEST_CASE("a link serialises: a message waits for the wire, then its bytes, then its flight") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  Receiver receiver{calendar, {}};
  Link<int> link(calendar, Clock(1000), Clock(1000), {10, 5000, 0});
  link.bind<&Receiver::receive>({0, 0}, &receiver);
  link.send(1, 100);  // on the wire 0..1000, arrives at 6000
  link.send(2, 50);   // 1000..1500, at 6500: seen at the edge 7000
  link.send(3, 250);  // 1500..4000, at 9000
  sc_core::sc_start();
  CHECK(receiver.seen == Seen{{6000, 1}, {7000, 2}, {9000, 3}});
  CHECK(link.messages() == 3);
  CHECK(link.bytes() == 400);
}

TEST_CASE("a link without a rate carries one message per period") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  Receiver receiver{calendar, {}};
  Link<int> link(calendar, Clock(1000), Clock(1000), {0, 0, 0});
  link.bind<&Receiver::receive>({0, 0}, &receiver);
  for (int i = 1; i <= 3; ++i) link.send(i, 8);
  sc_core::sc_start();
  CHECK(receiver.seen == Seen{{1000, 1}, {2000, 2}, {3000, 3}});
}

TEST_CASE("without a credit a message waits until one has flown back") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  Receiver receiver{calendar, {}};
  Link<int> link(calendar, Clock(1000), Clock(1000), {0, 4000, 2});
  receiver.frees = &link;
  link.bind<&Receiver::receive>({0, 0}, &receiver);
  for (int i = 1; i <= 4; ++i) link.send(i, 8);
  sc_core::sc_start();
  // 1 and 2 have credits. Message 1 arrives at 1000 + 4000; its credit is with the sender at the next edge
  // after 9000, where message 3 starts its period on the wire.
  CHECK(receiver.seen == Seen{{5000, 1}, {6000, 2}, {15000, 3}, {16000, 4}});
  CHECK(link.queue_peak() == 2);
}
