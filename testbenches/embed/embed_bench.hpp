// A user's platform for tests: an embedded SMMU, a RAM, and a thread that runs the test's body. Tables are
// written with the encoders of models/arch, straight into the RAM.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "models/arch/cd.hpp"
#include "models/arch/command.hpp"
#include "models/arch/descriptor.hpp"
#include "models/arch/event.hpp"
#include "models/arch/queue.hpp"
#include "models/arch/ste.hpp"
#include "models/embed/smmu.hpp"
#include "models/memory/ram.hpp"
#include "testbenches/systemc_test.hpp"

namespace svasim::test {

namespace reg = arch::reg;

/// A foreign initiator: blocking transfers from the thread that calls, and phases as they come.
class Initiator : public sc_core::sc_module, private tlm::tlm_bw_transport_if<> {
 public:
  explicit Initiator(sc_core::sc_module_name name) : sc_core::sc_module(name) { socket.bind(*this); }
  tlm::tlm_initiator_socket<> socket{"socket"};

  static void prepare(tlm::tlm_generic_payload& payload, bool write, std::uint64_t address, void* data,
                      unsigned bytes) {
    payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    payload.set_address(address);
    payload.set_data_ptr(static_cast<unsigned char*>(data));
    payload.set_data_length(bytes);
    payload.set_streaming_width(bytes);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  }
  tlm::tlm_response_status transfer(bool write, std::uint64_t address, void* data, unsigned bytes,
                                    embed::Attributes* attributes = nullptr) {
    tlm::tlm_generic_payload payload;
    prepare(payload, write, address, data, bytes);
    if (attributes != nullptr) payload.set_extension(attributes);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(payload, delay);
    if (attributes != nullptr) payload.clear_extension(attributes);
    return payload.get_response_status();
  }
  std::function<tlm::tlm_sync_enum(tlm::tlm_generic_payload&, tlm::tlm_phase&)> on_phase;

 private:
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time&) override {
    return on_phase ? on_phase(payload, phase) : tlm::TLM_COMPLETED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
};

/// Runs functions, each in a thread of its own.
class Threads : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Threads);
  explicit Threads(sc_core::sc_module_name name) : sc_core::sc_module(name) {}
  void add(std::function<void()> body) {
    bodies_.push_back(std::move(body));
    sc_core::sc_spawn([this, index = bodies_.size() - 1] { bodies_[index](); });
  }

 private:
  std::deque<std::function<void()>> bodies_;  ///< they stay where they are while they run
};

struct EmbedBench {
  static constexpr std::uint64_t kRam = 0x8000'0000, kStreams = kRam, kCommands = kRam + 0x10000,
                                 kEvents = kRam + 0x20000, kPageRequests = kRam + 0x30000,
                                 kFree = kRam + 0x100000;
  static constexpr unsigned kLog2Queue = 4;

  FreshKernel kernel;
  embed::Smmu smmu;
  memory::Ram ram;
  Initiator cpu{"cpu"}, device{"device"};
  Threads threads{"threads"};
  std::uint64_t next = kFree;
  std::uint32_t commands = 0;

  explicit EmbedBench(const embed::SmmuConfig& config = embed::SmmuConfig(), bool bind_ram = true)
      : smmu("smmu", config), ram("ram", smmu.calendar(), smmu.clock(), {kRam, std::uint64_t{8} << 30}) {
    cpu.socket.bind(smmu.programming);
    device.socket.bind(smmu.device(0).socket);
    if (bind_ram) smmu.memory().bind(ram.port());
  }

  /// Runs `body` as a thread, and the simulation until it returns. False: it never does.
  bool run(const std::function<void()>& body) {
    bool done = false;
    threads.add([&] {
      body();
      done = true;
      sc_core::sc_stop();
    });
    sc_core::sc_start(sc_core::sc_time(100, sc_core::SC_MS));
    return done;
  }

  // From a thread.
  std::uint64_t read(std::uint32_t offset, unsigned bytes = 4) {
    std::uint64_t value = 0;
    CHECK(cpu.transfer(false, offset, &value, bytes) == tlm::TLM_OK_RESPONSE);
    return value;
  }
  void write(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    CHECK(cpu.transfer(true, offset, &value, bytes) == tlm::TLM_OK_RESPONSE);
  }
  void bring_up(std::uint32_t cr0 = arch::cr0::kSmmuEn | arch::cr0::kPriqEn | arch::cr0::kEventqEn |
                                    arch::cr0::kCmdqEn) {
    const auto queue = [](std::uint64_t at) { return arch::QueueBase{arch::Pa(at), kLog2Queue}.encode(); };
    write(reg::kStrtabBase, kStreams, 8);
    write(reg::kStrtabBaseCfg, arch::strtab::config(6, 0, false));
    write(reg::kCmdqBase, queue(kCommands), 8);
    write(reg::kEventqBase, queue(kEvents), 8);
    write(reg::kPriqBase, queue(kPageRequests), 8);
    write(reg::kIrqCtrl, arch::irq_ctrl::kGerror | arch::irq_ctrl::kPriq | arch::irq_ctrl::kEventq);
    write(reg::kCr0, cr0);
    while (read(reg::kCr0Ack) != cr0) continue;
  }
  void submit(const arch::Command& command) {
    const arch::QueueIndex index(kLog2Queue);
    put(kCommands + index.index(commands) * 16, encode(command));
    commands = index.next(commands);
    write(reg::kCmdqProd, commands);
    while (index.with_wrap(static_cast<std::uint32_t>(read(reg::kCmdqCons))) != commands) continue;
  }
  void sync() { submit(arch::Command()); }
  embed::Attributes access(bool write, std::uint64_t va, void* data, unsigned bytes, embed::Attributes a) {
    device.transfer(write, va, data, bytes, &a);
    return a;
  }
  embed::Attributes read8(std::uint64_t va, embed::Attributes a) {
    std::uint64_t data = 0;
    return access(false, va, &data, 8, a);
  }

  // Tables, in no time.
  template <std::size_t N>
  void put(std::uint64_t address, const std::array<std::uint64_t, N>& words) {
    ram.store().write(address, words.data(), N * 8);
  }
  std::uint64_t word(std::uint64_t address) {
    std::uint64_t value = 0;
    ram.store().read(address, &value, 8);
    return value;
  }
  std::uint64_t take(std::uint64_t bytes) {
    next = (next + bytes - 1) / bytes * bytes;
    return std::exchange(next, next + bytes);
  }
  void set_ste(arch::StreamId stream, const arch::Ste& ste) { put(kStreams + raw(stream) * 64, encode(ste)); }
  /// A stream with stage-1 tables of four levels and an ASID of its own; the tables' root.
  std::uint64_t attach(arch::StreamId stream, bool stall = false, arch::Ste ste = {}) {
    arch::Cd cd;
    cd.half[0].ttb = take(4096);
    cd.asid = static_cast<std::uint16_t>(raw(stream));
    cd.s = stall;
    cd.mair = 0xFF;
    ste.config = arch::SteConfig::stage1;
    ste.s1_context_ptr = take(64);
    put(ste.s1_context_ptr, encode(cd));
    set_ste(stream, ste);
    return cd.half[0].ttb;
  }
  void map(std::uint64_t root, std::uint64_t va, std::uint64_t pa, arch::Stage1Leaf leaf = {}) {
    std::uint64_t table = root;
    for (unsigned level = 0;; ++level) {
      const std::uint64_t at = table + (va >> arch::level_shift(arch::Granule::k4, level) & 511) * 8;
      leaf.address = pa;
      if (level == 3) return put<1>(at, {encode(leaf)});
      if (word(at) == 0) put<1>(at, {arch::table_descriptor(take(4096))});
      table = word(at) & 0xFFFF'FFFF'F000;
    }
  }
  arch::Event event(unsigned index) {
    arch::EventWords words{};
    ram.store().read(kEvents + index * 32, words.data(), sizeof words);
    return arch::decode_event(words);
  }
};

inline embed::Attributes of_stream(std::uint32_t stream) {
  embed::Attributes attributes;
  attributes.stream = arch::StreamId{stream};
  return attributes;
}

}  // namespace svasim::test
