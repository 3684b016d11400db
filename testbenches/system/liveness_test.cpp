// A machine that does not get on is noticed, and the report says what hangs where.
#include <catch2/catch.hpp>

#include "testbenches/system/command.hpp"
#include "testbenches/system/database.hpp"
#include "testbenches/system/machine.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

bool mentions(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

/// Twice a millisecond without progress.
const std::vector<std::string> kWatched = {"run.watchdog=1ms"};

}  // namespace

TEST_CASE("the SMMU's interrupts get lost: faults wait forever") {
  const auto [kind, line, where] =
      GENERATE(std::make_tuple(0, smmu::Interrupt::page_request_queue, "in interrupt since"),
               std::make_tuple(1, smmu::Interrupt::event_queue, "in interrupt since"));
  CAPTURE(kind);
  const std::string dev = " dev=" + std::to_string(kind);
  Machine machine("W 0x7f0000001000 64" + dev + "\nW 0x7f0000002000 64 t=100us" + dev +
                      "\nW 0x7f0000002040 64 t=101us" + dev + "\n",
                  kWatched);
  const smmu::Interrupt lost = line;
  machine.on_transaction = [&](const probe::Transaction&) {
    machine.system().smmu().tcu().interrupts.line(lost).enabled = false;
  };
  const platform::RunResult result = machine.run();
  INFO(result.message);
  CHECK(result.ending == platform::Ending::stuck);
  CHECK(machine.transactions.size() == 1);
  CHECK(mentions(result.message, "2 transactions and 1 faults alive"));
  CHECK(mentions(result.message, "transaction 2, device " + std::to_string(kind) +
                                     ", PASID 1, write of 64 at "
                                     "0x7f0000002000: " +
                                     where));
  CHECK(mentions(result.message, "transaction 3, device"));
  CHECK(mentions(result.message, "in 1 failed rounds"));
  CHECK(mentions(result.message, "tcu: "));
}

TEST_CASE("a fault that comes again for ever is no progress") {
  const unsigned device = GENERATE(0u, 1u);
  const std::string faults = GENERATE("iopf", "device");
  CAPTURE(device, faults);
  const std::string dev = " dev=" + std::to_string(device);
  Machine machine("create\ntouch 0x7f0000002000 64 write\nW 0x7f0000001000 64" + dev +
                      "\nW 0x7f0000002000 64 t=2ms" + dev + "\n",
                  {"run.watchdog=20ms", "device." + std::to_string(device) + ".faults=" + faults});
  // The host remembers a page that its page table in memory has lost, and says that all is well.
  machine.on_transaction = [&](const probe::Transaction& t) {
    if (t.va != 0x7f00'0000'1000) return;
    const auto stream = static_cast<arch::StreamId>(0x100 + 8 * device);
    const std::uint64_t nothing = 0, leaf = leaf_address(machine.system(), stream, 0x7f00'0000'2000);
    REQUIRE(machine.system().store().write(leaf, &nothing, sizeof nothing));
  };
  const platform::RunResult result = machine.run();
  INFO(result.message);
  CHECK(result.ending == platform::Ending::stuck);
  CHECK(mentions(result.message, "1 transactions and "));
  CHECK(mentions(result.message, " faults were served meanwhile, to no effect"));
  CHECK(mentions(result.message, "transaction 2, device " + std::to_string(device)));
}

TEST_CASE("the driver never becomes ready") {
  Machine machine("R 0x1000 64\n", kWatched);
  // Nobody answers at the command queue: it is switched off under the driver's first CMD_SYNC.
  engine::Calendar& calendar = machine.simulation().calendar();
  struct Breaker {
    platform::System& system;
    engine::Calendar& calendar;
    engine::Inlet inlet;
    void act(std::uint64_t) {
      system.smmu().tcu().commands.set_enabled(false);
      if (calendar.now() < 5'000'000'000) calendar.post<&Breaker::act>(calendar.now() + 1000, inlet, this);
    }
  } breaker{machine.system(), calendar, {calendar.add_block(), 0}};
  calendar.post<&Breaker::act>(1000, breaker.inlet, &breaker);
  const platform::RunResult result = machine.run();
  INFO(result.message);
  CHECK(result.ending == platform::Ending::stuck);
  CHECK(mentions(result.message, "the driver never became ready"));
  CHECK(mentions(result.message, "command queue at 0 of"));
}

TEST_CASE("an access that software has retried for ever ends the run") {
  // User pages are never executable in privileged mode, and the kernel, which looks at the mapping only, says
  // Retry.
  const unsigned device = GENERATE(0u, 1u);
  Machine machine(
      "create\nmmap 0x100000 4K prot=rx\nR 0x100000 4 exec priv dev=" + std::to_string(device) + "\n",
      {"run.rounds=50", "run.watchdog=10ms"});
  const platform::RunResult result = machine.run();
  INFO(result.message);
  CHECK(result.ending == platform::Ending::stuck);
  CHECK(mentions(result.message, "tried again and again"));
  CHECK(
      mentions(result.message, "transaction 1, device " + std::to_string(device) + ", PASID 1, fetch of 4"));
}

TEST_CASE("the command: exit code, message, and a database with what there was") {
  const Scratch scratch;
  const std::string trace = scratch.file("t.txt", "# svasim trace 1\nR 0x1000 64\nW 0x2000 64\n");
  const Finished finished = invoke(run_words(
      trace, scratch / "run", {"run.watchdog=1ms", "host.kworker=1000ms", "host.kworker_shape=fixed"}));
  CHECK(finished.code == 1);
  CHECK(finished.err.rfind("svasim: stuck: no progress at ", 0) == 0);
  CHECK(mentions(finished.err, "transaction 1, device 0, PASID 1, read of 64 at 0x1000: in workqueue since"));
  CHECK(
      mentions(finished.err, "transaction 2, device 0, PASID 1, write of 64 at 0x2000: in workqueue since"));
  const Database db(scratch / "run/run.db");
  CHECK(db.text("SELECT value FROM meta WHERE key = 'ending'") == "stuck");
}

TEST_CASE("time that passes between accesses is no lack of progress") {
  Machine machine("R 0x1000 64\nR 0x2000 64 t=20ms\nunmap 0x1000 4096\nR 0x1000 64 t=40.5ms dev=1\n",
                  kWatched);
  const platform::RunResult result = machine.run();
  INFO(result.message);
  CHECK(result.ending == platform::Ending::complete);
  CHECK(machine.transactions.size() == 3);
}
