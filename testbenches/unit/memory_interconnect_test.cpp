// The crossbar alone: times, fairness, finite queues, the order of an input, and the address map.
#include <catch2/catch.hpp>

#include "models/memory/interconnect.hpp"
#include "testbenches/unit/memory_bench.hpp"

using namespace svasim::test;
using namespace svasim::memory;

namespace {

constexpr Picoseconds ns = 1000;
constexpr unsigned R = 3, P = 2;
constexpr std::uint64_t kTarget = 0x10000;  // bytes of each target's region

struct Bench {
  FreshKernel kernel;
  Calendar calendar{"calendar"};
  Clock clock{ns};
  std::deque<Initiator> initiators;
  std::deque<Target> targets;
  Interconnect interconnect;

  Bench(unsigned inputs, unsigned outputs, Picoseconds latency, unsigned target_depth = 1024,
        unsigned input_depth = 8)
      : interconnect("interconnect", calendar, clock, config(input_depth), inputs, outputs, map(outputs)) {
    for (unsigned i = 0; i < inputs; ++i) {
      initiators.emplace_back(("initiator" + std::to_string(i)).c_str(), calendar, clock);
      initiators.back().port.socket.bind(interconnect.port(i).socket);
    }
    for (unsigned i = 0; i < outputs; ++i) {
      targets.emplace_back(("target" + std::to_string(i)).c_str(), calendar, clock, latency, target_depth);
      interconnect.output(i).socket.bind(targets.back().port.socket);
    }
  }
  static InterconnectConfig config(unsigned input_depth) {
    InterconnectConfig c;
    c.request_latency = R;
    c.response_latency = P;
    c.input_depth = input_depth;
    return c;
  }
  static std::vector<Region> map(unsigned outputs) {
    std::vector<Region> result;
    for (unsigned i = outputs; i-- > 0;) result.push_back({(i + 1) * kTarget, kTarget, i});
    return result;
  }
};

}  // namespace

TEST_CASE("unloaded: 2 + R there, 2 + P back") {
  Bench bench(1, 1, 7 * ns);
  auto& read = bench.initiators[0].read_at(10 * ns, kTarget, 8);
  run(bench.calendar);
  REQUIRE(bench.targets[0].arrivals.size() == 1);
  CHECK(bench.targets[0].arrivals[0].when == (10 + 2 + R) * ns);
  CHECK(read.took() == ((2 + R) + 7 + (2 + P)) * ns);
}

TEST_CASE("an output serves its inputs in turn, one request a cycle") {
  Bench bench(3, 1, 0);
  for (unsigned n = 0; n < 4; ++n) {
    for (unsigned i = 0; i < 3; ++i) bench.initiators[i].read_at(10 * ns, kTarget + 0x100 * i + n, 1);
  }
  run(bench.calendar);
  std::vector<std::uint64_t> inputs;
  const auto& arrivals = bench.targets[0].arrivals;
  for (std::size_t k = 0; k < arrivals.size(); ++k) {
    CHECK(arrivals[k].when == (10 + 2 + R + k) * ns);
    inputs.push_back((arrivals[k].address - kTarget) / 0x100);
  }
  CHECK(inputs == std::vector<std::uint64_t>{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2});
}

TEST_CASE("an input that has nothing for a while loses no more than its turn") {
  Bench bench(2, 1, 0);
  for (unsigned n = 0; n < 6; ++n) bench.initiators[0].read_at(10 * ns, kTarget + n, 1);
  auto& late = bench.initiators[1].read_at(13 * ns, kTarget + 0x100, 1);
  run(bench.calendar);
  CHECK(late.took() == (4 + R + P) * ns);  // served at its first chance
}

TEST_CASE("outputs work side by side, but a waiting head blocks those behind it") {
  // Target 0 takes one request at a time and keeps it 20 cycles.
  Bench bench(2, 2, 20 * ns, 1);
  bench.initiators[0].read_at(10 * ns, kTarget, 1);
  bench.initiators[0].read_at(10 * ns, kTarget, 1);
  bench.initiators[0].read_at(10 * ns, kTarget, 1);      // waits in the queue: the second is on the wire
  bench.initiators[0].read_at(10 * ns, 2 * kTarget, 1);  // behind it
  bench.initiators[1].read_at(10 * ns, 2 * kTarget + 1, 1);
  run(bench.calendar);
  const auto& other = bench.targets[1].arrivals;
  REQUIRE(other.size() == 2);
  CHECK(other[0].when == (10 + 2 + R) * ns);
  CHECK(other[0].address == 2 * kTarget + 1);
  // The first is answered 20 cycles after its arrival; the second's END_REQ frees the wire a cycle later, and
  // the third leaves then. The fourth follows it out of the queue a cycle later, and arrives one after that.
  CHECK(other[1].when == (10 + 2 + R + 20 + 1 + 1 + 1) * ns);
}

TEST_CASE("an input's queue is finite, and is what its initiator feels") {
  Bench bench(1, 1, 20 * ns, 1, 2);
  for (unsigned n = 0; n < 6; ++n) bench.initiators[0].read_at(10 * ns, kTarget + n, 1);
  run(bench.calendar);
  CHECK(counters(bench.interconnect)["input_queue_peak"] == 2);
  const auto& arrivals = bench.targets[0].arrivals;
  REQUIRE(arrivals.size() == 6);
  for (unsigned n = 0; n < 6; ++n) {
    CHECK(arrivals[n].address == kTarget + n);
    CHECK(arrivals[n].when == (10 + 2 + R + 21 * n) * ns);  // answered, and the next one at the next edge
  }
}

TEST_CASE("data holds its output for its beats") {
  Bench bench(2, 1, 0);
  bench.initiators[0].write_at(10 * ns, kTarget, std::vector<std::uint8_t>(256));  // four beats
  bench.initiators[1].read_at(14 * ns, kTarget + 0x1000, 1);
  run(bench.calendar);
  const auto& arrivals = bench.targets[0].arrivals;
  REQUIRE(arrivals.size() == 2);
  CHECK(arrivals[0].when == (10 + 4 + R + 4) * ns);  // stored and forwarded
  CHECK(arrivals[1].when == arrivals[0].when + 1 * ns);
  CHECK(counters(bench.interconnect)["wait_cycles"] == 3);
}

TEST_CASE("responses of several targets share an input's response channel") {
  Bench bench(1, 3, 6 * ns);
  std::vector<const Initiator::Access*> reads;
  for (unsigned i = 0; i < 3; ++i)
    reads.push_back(&bench.initiators[0].read_at(10 * ns, (i + 1) * kTarget, 256));
  run(bench.calendar);
  // 256 bytes take four beats, from the target and then to the initiator, where they queue.
  const Picoseconds first = 10 + (2 + R) + 6 + (4 + P) + 4;
  CHECK(reads[0]->answered == first * ns);
  CHECK(reads[1]->answered == (first + 4) * ns);
  CHECK(reads[2]->answered == (first + 8) * ns);
}

TEST_CASE("the address map: regions end where they end") {
  Bench bench(1, 2, 0);
  const auto status = [&](std::uint64_t address, unsigned bytes) -> const tlm::tlm_response_status& {
    return bench.initiators[0].read_at(10 * ns, address, bytes).status;
  };
  const auto& below = status(kTarget - 1, 1);
  const auto& first = status(kTarget, 1);
  const auto& last = status(3 * kTarget - 8, 8);
  const auto& above = status(3 * kTarget, 1);
  const auto& across_targets = status(2 * kTarget - 4, 8);
  const auto& across_end = status(3 * kTarget - 4, 8);
  const auto& wraps = status(~0ull, 8);
  run(bench.calendar);
  CHECK(first == tlm::TLM_OK_RESPONSE);
  CHECK(last == tlm::TLM_OK_RESPONSE);
  for (const auto* refused : {&below, &above, &across_targets, &across_end, &wraps}) {
    CHECK(*refused == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  }
  CHECK(counters(bench.interconnect)["address_errors"] == 5);
  CHECK(bench.initiators[0].leaked() == 0);
}

TEST_CASE("a wrong map is told") {
  CHECK(Interconnect::check_map(1, 2, {{0, 16, 0}, {16, 16, 1}}).empty());
  CHECK(Interconnect::check_map(1, 2, {{0, 17, 0}, {16, 16, 1}}).size() == 1);
  CHECK(Interconnect::check_map(1, 2, {{16, 16, 1}, {0, 17, 0}}).size() == 1);
  CHECK(Interconnect::check_map(1, 2, {{0, 0, 0}}).size() == 1);
  CHECK(Interconnect::check_map(1, 2, {{0, 16, 2}}).size() == 1);
  CHECK(Interconnect::check_map(1, 2, {{~0ull - 8, 16, 0}}).size() == 1);
  CHECK(Interconnect::check_map(0, 64, {}).size() == 2);
}
