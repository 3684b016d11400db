// Faults that a device handles with its driver: firmware, records, MSIs, resolutions. Times in ps, firmware
// of 100 ns before a record and 70 ns before a retry.
#include "models/pcie/fault_reporter.hpp"
#include "models/pcie/root_port.hpp"
#include "testbenches/unit/pcie_memory.hpp"

using namespace svasim;
using namespace svasim::test;
namespace reg = arch::device_fault;

namespace {

struct Written {
  Picoseconds time;
  std::uint64_t address;
  unsigned bytes;
  reg::RecordWords data;
};

struct ReporterBench : Machine {
  explicit ReporterBench(unsigned engines = 1, unsigned log2_entries = 4)
      : block(calendar.add_block()),
        reporter(calendar, clock, {block, 0}, recorder, arch::StreamId{9}, 3, {100'000, 70'000, engines}) {
    reporter.write = [this](std::uint64_t address, const reg::RecordWords& data, unsigned bytes) {
      written.push_back({calendar.now(), address, bytes, data});
    };
    reporter.on_answered = [this](std::uint16_t token) { answered[token] = calendar.now(); };
    reporter.on_resolved = [this](std::uint16_t token, bool success) {
      resolved[token] = {calendar.now(), success};
    };
    if (log2_entries > 8) return;
    reporter.write_register(reg::kMsiAddress, 0x2f00'0000, 8);
    reporter.write_register(reg::kMsiData, 11, 4);
    reporter.write_register(reg::kQueueBase,
                            arch::QueueBase{arch::Pa(0x8000), std::uint8_t(log2_entries)}.encode(), 8);
  }
  /// Calls `what` at `time`.
  void at(Picoseconds time, std::function<void()> what) {
    plans.push_back(std::move(what));
    calendar.post<&ReporterBench::act>(time, {block, 1}, this, plans.size() - 1);
  }
  void act(std::uint64_t plan) { plans[plan](); }
  void report(std::uint16_t token) {
    reporter.report(token, {true, 5}, arch::Va(0x1000u * (token + 1u)), {token % 2 == 1, token % 4 == 0});
  }
  void resolve(std::uint16_t token, bool success) {
    reporter.write_register(reg::kResolve, reg::resolution(token, success), 4);
  }
  std::uint64_t counter(const std::string& name) const {
    std::uint64_t found = ~std::uint64_t{0};
    reporter.counters([&](const char* n, std::uint64_t value) { found = name == n ? value : found; });
    return found;
  }
  std::uint16_t block;
  pcie::FaultReporter reporter;
  std::vector<Written> written;
  std::map<unsigned, Picoseconds> answered;
  std::map<unsigned, std::pair<Picoseconds, bool>> resolved;
  std::vector<std::function<void()>> plans;
};

struct Cpu : sc_core::sc_module {
  Cpu(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock, engine::Inlet inlet)
      : sc_core::sc_module(name), port("port", calendar, clock, inlet, 8) {}
  engine::AtInitiator port;
};

/// A CPU, a root port and a device that answers loads of its registers at once, with 42.
struct RegisterBench : Machine {
  RegisterBench()
      : link(calendar, clock, clock, slow_link()),
        up(calendar, clock, clock, {}),
        down(calendar, clock, clock, {}),
        memory("memory", *this),
        root_port("root_port", calendar, clock, recorder, {}, link, up, down),
        registers("registers", calendar, clock, reg::kBytes),
        block(calendar.add_block()),
        cpu("cpu", calendar, clock, {block, 0}) {
    root_port.memory.socket.bind(memory.target.socket);
    root_port.serve(registers);
    cpu.port.socket.bind(registers.socket.socket);
    cpu.port.bind_response<&RegisterBench::answered>(this);
    link.down.bind<&RegisterBench::at_device>({block, 1}, this);
    up.bind<&RegisterBench::at_tcu>({block, 2}, this);
  }
  void access(Picoseconds when, tlm::tlm_command command, std::uint64_t address, unsigned bytes) {
    accesses.push_back(&pool.make(command, address, bytes));
    std::memset(accesses.back()->data(), 0, bytes);
    accesses.back()->data()[0] = 9;
    calendar.post<&RegisterBench::send>(when, {block, 3}, this, accesses.size() - 1);
  }
  void send(std::uint64_t index) { cpu.port.send(*accesses[index]); }
  void at_device(Tlp& tlp) {
    seen.push_back({calendar.now(), tlp.address, tlp.data[0]});
    if (tlp.kind != Tlp::Kind::memory_read) return;
    tlp.kind = Tlp::Kind::completion;
    tlp.data[0] = 42;
    link.send_up(tlp);
  }
  void at_tcu(arch::dti::Upstream&) { up.consumed(); }
  void answered(engine::Payload& payload) {
    answers.push_back({calendar.now(), payload.get_address(), payload.ok() ? payload.data()[0] : ~0u});
    payload.release();
  }
  /// The device writes 64 bytes of its own accord, for nobody to read.
  void device_writes(Picoseconds when, std::uint64_t address, unsigned bytes) {
    writes.push_back({});
    writes.back().kind = Tlp::Kind::memory_write;
    writes.back().address = address;
    writes.back().bytes = bytes;
    writes.back().data = {0x1122, 0};
    if (bytes > 16) writes.back().transaction = &recorder.open(when, 0, 0, probe::Operation::write, 0, bytes);
    calendar.post<&RegisterBench::send_write>(when, {block, 4}, this, writes.size() - 1);
  }
  void send_write(std::uint64_t index) { link.send_up(writes[index]); }

  struct Event {
    Picoseconds time;
    std::uint64_t address, value;
  };
  pcie::PcieLink link;
  engine::Link<arch::dti::Upstream> up;
  engine::Link<arch::dti::Downstream> down;
  MemoryStub memory;
  pcie::RootPort root_port;
  pcie::RegisterPort registers;
  std::uint16_t block;
  Cpu cpu;
  engine::PayloadPool pool;
  std::vector<engine::Payload*> accesses;
  std::deque<Tlp> writes;
  std::vector<Event> seen, answers;
};

}  // namespace

TEST_CASE("loads and stores reach a device's registers over the link") {
  RegisterBench bench;
  bench.access(10'000, tlm::TLM_READ_COMMAND, 0x3000'001C, 4);
  bench.access(10'000, tlm::TLM_WRITE_COMMAND, 0x3000'0000, 8);
  bench.access(10'000, tlm::TLM_READ_COMMAND, 0x3000'0002, 2);  // no register
  sc_core::sc_start();
  REQUIRE(bench.seen.size() == 2);
  CHECK(bench.seen[0].time == 11'000 + 24'000 + 5'000);
  CHECK(bench.seen[0].address == 0x1C);
  CHECK(bench.seen[1].time == 11'000 + 24'000 + (24'000 + 8'000) + 5'000);
  CHECK(bench.seen[1].value == 9);
  REQUIRE(bench.answers.size() == 3);
  CHECK(bench.answers[0].time == 13'000);  // a store is posted: seen at 12 ns
  CHECK(bench.answers[1].time == 14'000);
  CHECK(bench.answers[1].value == ~0u);
  CHECK(bench.answers[2].time == 40'000 + (24'000 + 4'000) + 5'000 + 1'000);
  CHECK(bench.answers[2].value == 42);
}

TEST_CASE("a load's answer, and what the device writes for its driver, come after the writes before them") {
  RegisterBench bench;
  bench.memory.time = [](const engine::Payload& p) { return p.get_address() == 0x1000 ? 500'000 : 10'000; };
  bench.device_writes(10'000, 0x1000, 64);  // at memory at 104 ns, done at 605 ns
  bench.device_writes(10'000, 0x8000, 16);  // a record
  bench.device_writes(10'000, 0x2f00'0000, 4);
  bench.access(150'000, tlm::TLM_READ_COMMAND, 0x3000'0008, 4);
  sc_core::sc_start();
  REQUIRE(bench.memory.seen.size() == 3);
  CHECK(bench.memory.seen[0].time == 10'000 + (24'000 + 64'000) + 5'000 + 1'000);
  CHECK(bench.memory.seen[1].time == 604'000 + 1'000 + 1'000);
  CHECK(bench.memory.seen[1].data[0] == 0x22);
  CHECK(bench.memory.seen[2].time == 606'000 + 10'000 + 1'000 + 1'000);
  REQUIRE(bench.answers.size() == 1);
  CHECK(bench.answers[0].time == 618'000 + 10'000 + 1'000 + 1'000);
}

TEST_CASE("a fault: firmware, record, MSI; its answer: firmware, retry") {
  ReporterBench bench;
  bench.at(10'000, [&] { bench.report(7); });
  bench.at(500'000, [&] { bench.resolve(7, true); });
  sc_core::sc_start();
  REQUIRE(bench.written.size() == 2);
  CHECK(bench.written[0].time == 10'000 + 100'000);
  CHECK(bench.written[0].address == 0x8000);
  CHECK(bench.written[0].bytes == 16);
  const reg::Record record = reg::decode(bench.written[0].data);
  CHECK(record.token == 7);
  CHECK(record.write);
  CHECK_FALSE(record.execute);
  CHECK(record.substream == arch::SubstreamId{true, 5});
  CHECK(record.va.value == 0x8000);
  CHECK(bench.written[1].address == 0x2f00'0000);
  CHECK(bench.written[1].bytes == 4);
  CHECK(bench.written[1].data[0] == 11);
  CHECK(bench.reporter.read_register(reg::kProd) == 1);
  CHECK(bench.answered.at(7) == 500'000);
  CHECK(bench.resolved.at(7) == std::make_pair(Picoseconds{500'000 + 70'000}, true));
  REQUIRE(bench.closed.faults.size() == 1);
  CHECK(bench.closed.faults[0].in(Stage::device_report) == 100'000);
  CHECK(bench.closed.faults[0].in(Stage::interrupt) == 500'000 - 110'000);
  CHECK(bench.closed.faults[0].outcome == Outcome::ok);
}

TEST_CASE("firmware does one thing at a time and in order; a second engine does another") {
  const unsigned engines = GENERATE(1u, 2u);
  ReporterBench bench(engines);
  bench.at(0, [&] {
    for (std::uint16_t token : {1, 2, 3}) bench.report(token);
  });
  bench.at(150'000, [&] { bench.resolve(1, false); });
  sc_core::sc_start();
  std::vector<Picoseconds> records;
  for (const Written& w : bench.written) {
    if (w.bytes == 16) records.push_back(w.time);
  }
  if (engines == 1) {
    CHECK(records == std::vector<Picoseconds>{100'000, 200'000, 300'000});
    CHECK(bench.resolved.at(1) == std::make_pair(Picoseconds{300'000 + 70'000}, false));
  } else {
    CHECK(records == std::vector<Picoseconds>{100'000, 100'000, 200'000});
    CHECK(bench.resolved.at(1) == std::make_pair(Picoseconds{150'000 + 70'000}, false));
  }
  CHECK(bench.closed.faults[0].outcome == Outcome::failed);
}

TEST_CASE("one MSI for a queue that becomes non-empty; none while records are in it") {
  ReporterBench bench(4);
  bench.at(0, [&] {
    for (std::uint16_t token : {1, 2, 3}) bench.report(token);
  });
  bench.at(200'000, [&] { bench.reporter.write_register(reg::kCons, 2, 4); });
  bench.at(210'000, [&] { bench.report(4); });  // one record is in the queue
  bench.at(400'000, [&] { bench.reporter.write_register(reg::kCons, 4, 4); });
  bench.at(410'000, [&] { bench.report(5); });
  sc_core::sc_start();
  std::vector<Picoseconds> msis;
  for (const Written& w : bench.written) {
    if (w.bytes == 4) msis.push_back(w.time);
  }
  CHECK(msis == std::vector<Picoseconds>{100'000, 510'000});
}

TEST_CASE("a full queue holds the record, and the engine that has it") {
  ReporterBench bench(1, 0);  // one entry
  bench.at(0, [&] {
    for (std::uint16_t token : {1, 2, 3}) bench.report(token);
  });
  bench.at(1'000'000, [&] { bench.reporter.write_register(reg::kCons, 1, 4); });
  sc_core::sc_start();
  std::vector<Picoseconds> records;
  for (const Written& w : bench.written) {
    if (w.bytes == 16) records.push_back(w.time);
  }
  CHECK(records == std::vector<Picoseconds>{100'000, 1'000'000});
  CHECK(bench.counter("fault_queue_full") == 2);  // the second, and after it the third
  CHECK(bench.recorder.faults_live() == 3);
}

TEST_CASE("what software should not do: answer what was not asked, twice, too early; or set nothing up") {
  SECTION("answers") {
    ReporterBench bench;
    bench.at(0, [&] {
      bench.report(1);
      bench.resolve(1, true);       // not recorded yet
      bench.resolve(0xFFFF, true);  // never
    });
    bench.at(200'000, [&] {
      bench.resolve(1, true);
      bench.resolve(1, false);
    });
    sc_core::sc_start();
    CHECK(bench.counter("unexpected_resolutions") == 3);
    CHECK(bench.resolved.at(1).second);
    CHECK(bench.recorder.faults_live() == 0);
  }
  SECTION("no queue: the fault is answered by itself, as failed") {
    ReporterBench bench(1, 99);
    bench.at(0, [&] { bench.report(1); });
    sc_core::sc_start();
    CHECK(bench.written.empty());
    CHECK(bench.resolved.at(1) == std::make_pair(Picoseconds{170'000}, false));
  }
}

TEST_CASE("a device that cannot promise an order says when a record is written") {
  ReporterBench bench;
  bench.reporter.waits_for_write = true;
  bench.at(0, [&] { bench.report(1); });
  bench.at(140'000, [&] { bench.reporter.written(); });
  sc_core::sc_start();
  REQUIRE(bench.written.size() == 2);
  CHECK(bench.written[1].time == 140'000);
  CHECK(bench.recorder.faults_live() == 1);
}
