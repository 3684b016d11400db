// The checker: it finds nothing in runs that are right, and it does find what was planted.
#include <catch2/catch.hpp>

#include "testbenches/system/command.hpp"
#include "testbenches/system/database.hpp"
#include "testbenches/system/machine.hpp"
#include "testbenches/system/made_trace.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

void flip(platform::System& system, arch::StreamId stream, std::uint64_t va, std::uint64_t bits) {
  const std::uint64_t address = leaf_address(system, stream, va);
  std::uint64_t descriptor = 0;
  REQUIRE(system.store().read(address, &descriptor, sizeof descriptor));
  descriptor ^= bits;
  REQUIRE(system.store().write(address, &descriptor, sizeof descriptor));
}

/// A command in the SMMU's command queue, in memory.
std::uint64_t command_address(platform::System& system, std::uint32_t index) {
  const auto read = [&](std::uint32_t offset) {
    std::uint32_t value = 0;
    tlm::tlm_generic_payload payload;
    payload.set_command(tlm::TLM_READ_COMMAND);
    payload.set_address(offset);
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    payload.set_data_length(sizeof value);
    payload.set_streaming_width(sizeof value);
    system.smmu().registers().socket.socket.get_base_export()->transport_dbg(payload);
    return value;
  };
  const std::uint64_t base = std::uint64_t{read(arch::reg::kCmdqBase + 4)} << 32 | read(arch::reg::kCmdqBase);
  const arch::QueueBase queue = arch::QueueBase::decode(base, arch::kLog2CommandBytes, 19);
  return queue.entry(index, arch::kLog2CommandBytes).value;
}

/// Looks at the command queue in memory every nanosecond and turns ATC invalidations of ranges into CMD_SYNCs
/// that signal nobody, as if they had got lost on the way.
struct LossyQueue {
  platform::System& system;
  engine::Calendar& calendar;
  engine::Inlet inlet;
  unsigned lost = 0;

  explicit LossyQueue(Machine& machine)
      : system(machine.system()),
        calendar(machine.simulation().calendar()),
        inlet{machine.simulation().calendar().add_block(), 0} {}

  void look(std::uint64_t until) {
    for (std::uint32_t index = 0; index < 256; ++index) {
      const std::uint64_t address = command_address(system, index);
      arch::CommandWords words{};
      system.store().read(address, words.data(), sizeof words);
      const arch::Command command = arch::decode_command(words);
      if (command.opcode != arch::Opcode::atc_inv || command.size >= arch::kAtcInvalidateAll) continue;
      words = arch::encode(arch::Command{});
      system.store().write(address, words.data(), sizeof words);
      ++lost;
    }
    if (calendar.now() < until) calendar.post<&LossyQueue::look>(calendar.now() + 1000, inlet, this, until);
  }
};

constexpr std::uint64_t kAnotherFrame = 0x10'0000'0000, kUser = 1 << 6, kUxn = std::uint64_t{1} << 54;

constexpr auto kPcieStream = static_cast<arch::StreamId>(0x100),
               kPlatformStream = static_cast<arch::StreamId>(0x108);

bool mentions(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("nothing is found in runs that are right") {
  const Scratch scratch;
  std::vector<std::pair<std::string, Words>> runs = {{trace_file("hello.txt"), {}},
                                                     {trace_file("sort-20k.svt.xz"), {}},
                                                     {trace_file("sort-20k.svt.xz"), {"device.0=platform"}}};
  for (const std::uint32_t seed : {1u, 2u, 3u}) {
    const std::string trace = scratch / ("racing" + std::to_string(seed) + ".svt");
    RacingTrace what;
    what.seed = seed;
    what.unmaps_per_mille = 100;
    CHECK(write_racing_trace(trace, what) > 200);
    runs.push_back({trace, {}});
    runs.push_back({trace, {"device.0=platform"}});
    runs.push_back({trace, {"device.1=pcie"}});
    runs.push_back({trace, {"endpoint.atc.invalidate_cycles=3000", "host.notifier=0", "dti.flight=60"}});
    runs.push_back({trace, {"host.wake=0", "host.anon_fault=20us", "link.gen=1", "link.lanes=1"}});
  }
  for (auto& [trace, settings] : runs) {
    settings.push_back("run.check=on");
    const Words words = run_words(trace, scratch / "run", settings);
    const Finished finished = invoke(words);
    INFO(typed(words));
    CHECK(finished.err == "");
    CHECK(finished.code == 0);
  }
}

TEST_CASE("a page that moves behind everybody's back is noticed at its next use") {
  const auto [device, stream, who] = GENERATE(std::make_tuple(0, kPcieStream, "ATC of stream 0x100"),
                                              std::make_tuple(1, kPlatformStream, "TBU of stream 0x108"));
  CAPTURE(who);
  const std::string dev = " dev=" + std::to_string(device);
  Machine machine("W 0x7f0000001000 64" + dev + "\nR 0x7f0000001040 64 t=100us" + dev +
                      "\nR 0x7f0000001080 64 t=200us" + dev + "\n",
                  {"run.check=on"});
  const arch::StreamId moved = stream;
  machine.on_transaction = [&](const probe::Transaction& t) {
    if (t.id == 2) flip(machine.system(), moved, 0x7f0000001000, kAnotherFrame);
  };
  const platform::RunResult result = machine.run();
  INFO(result.message);
  CHECK(result.ending == platform::Ending::mismatch);
  CHECK(mentions(result.message, std::string(who) + ", PASID 1: read of 0x7f0000001080 used 0x"));
  CHECK(mentions(result.message, "no invalidation is outstanding"));
}

TEST_CASE("a right that goes behind everybody's back is noticed by who needs it, and by nobody else") {
  const auto [device, stream] =
      GENERATE(std::make_tuple(0, kPcieStream), std::make_tuple(1, kPlatformStream));
  const auto [right, asks, may, may_not] =
      GENERATE(table<std::uint64_t, std::string, std::string, std::string>(
          {{kUxn, "fetch", "", " exec"}, {kUser, "read", " priv", ""}}));
  CAPTURE(device, asks);
  std::string trace = "create\nmmap 0x7f0000001000 4K prot=rx\n";
  unsigned at = 0;
  for (const std::string& how : {may, may_not, may, may_not}) {
    trace += "R 0x7f0000001000 64 t=" + std::to_string(100 * ++at) + "us dev=" + std::to_string(device) +
             how + "\n";
  }
  Machine machine(trace, {"run.check=on"});
  machine.on_transaction = [&, moved = stream, bits = right](const probe::Transaction& t) {
    if (t.id == 2) flip(machine.system(), moved, 0x7f0000001000, bits);
  };
  const platform::RunResult result = machine.run();
  INFO(result.message);
  CHECK(result.ending == platform::Ending::mismatch);
  CHECK(machine.transactions.count(3) == 1);
  CHECK(mentions(result.message, "PASID 1: " + asks + " of 0x7f0000001000 used 0x"));
  CHECK(machine.transactions.count(4) == 0);
}

TEST_CASE("a translation that outlives a lost invalidation is noticed") {
  const bool lossy = GENERATE(false, true);
  CAPTURE(lossy);
  Machine machine(R"(
W 0x7f0000001000 64
R 0x7f0000001040 64 t=100us
unmap 0x7f0000001000 4096
R 0x7f0000001080 64 t=200us
)",
                  {"run.check=on"});
  LossyQueue queue(machine);
  machine.on_transaction = [&](const probe::Transaction& t) {
    if (lossy && t.id == 2) queue.look(machine.simulation().calendar().now() + 50'000'000);
  };
  const platform::RunResult result = machine.run();
  INFO(result.message);
  CHECK(queue.lost == (lossy ? 1 : 0));
  CHECK(result.ending == (lossy ? platform::Ending::mismatch : platform::Ending::complete));
  if (!lossy) return;
  CHECK(mentions(result.message, "ATC of stream 0x100, PASID 1: read of 0x7f0000001080 used 0x"));
  CHECK(mentions(result.message, "there is no translation"));
}
