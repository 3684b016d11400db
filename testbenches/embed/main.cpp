// An SMMU in a platform of one's own: a driver that programs it through its registers, a device that accesses
// virtual addresses by b_transport, a RAM of 8 GB, and nothing else of svasim. The device's second page is
// missing: its access stalls, the driver reads the event record, maps the page and resumes it.
#include <tlm_utils/simple_initiator_socket.h>

#include <iostream>

#include "models/arch/cd.hpp"
#include "models/arch/command.hpp"
#include "models/arch/descriptor.hpp"
#include "models/arch/event.hpp"
#include "models/arch/queue.hpp"
#include "models/arch/ste.hpp"
#include "models/embed/smmu.hpp"
#include "models/memory/ram.hpp"

namespace {

using namespace svasim;
namespace reg = arch::reg;

constexpr std::uint64_t kRam = 0x8000'0000, kStreams = kRam, kCd = kRam + 0x1000, kCommands = kRam + 0x2000,
                        kEvents = kRam + 0x3000, kTables = kRam + 0x4000, kPages = kRam + 0x100000;
constexpr std::uint64_t kVa = 0x40'0000;
constexpr arch::StreamId kStream{5};

struct Platform : sc_core::sc_module {
  embed::Smmu smmu{"smmu"};
  memory::Ram ram{"ram", smmu.calendar(), smmu.clock(), {kRam, std::uint64_t{8} << 30, 2}};
  tlm_utils::simple_initiator_socket<Platform> registers{"registers"}, memory{"memory"}, dma{"dma"};
  sc_core::sc_event ready;
  unsigned commands = 0;
  bool good = true;

  SC_HAS_PROCESS(Platform);
  explicit Platform(sc_core::sc_module_name name) : sc_core::sc_module(name) {
    registers.bind(smmu.programming);
    smmu.memory().bind(ram.port(0));
    memory.bind(ram.port(1));
    dma.bind(smmu.device(0).socket);
    SC_THREAD(driver);
    SC_THREAD(device);
  }

  /// One transfer by b_transport; true if it was answered OK.
  template <class Socket>
  bool transfer(Socket& socket, bool write, std::uint64_t address, void* data, unsigned bytes,
                embed::Attributes* attributes = nullptr) {
    tlm::tlm_generic_payload payload;
    payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    payload.set_address(address);
    payload.set_data_ptr(static_cast<unsigned char*>(data));
    payload.set_data_length(bytes);
    payload.set_streaming_width(bytes);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    if (attributes != nullptr) payload.set_extension(attributes);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(payload, delay);
    if (attributes != nullptr) payload.clear_extension(attributes);
    return payload.is_response_ok();
  }
  void write64(std::uint32_t offset, std::uint64_t value) { transfer(registers, true, offset, &value, 8); }
  void write32(std::uint32_t offset, std::uint32_t value) { transfer(registers, true, offset, &value, 4); }
  std::uint32_t read32(std::uint32_t offset) {
    std::uint32_t value = 0;
    transfer(registers, false, offset, &value, 4);
    return value;
  }
  template <std::size_t N>
  void store(std::uint64_t address, std::array<std::uint64_t, N> words) {
    transfer(memory, true, address, words.data(), N * 8);
  }
  void map(std::uint64_t va, std::uint64_t pa) {  // the last table of four levels covers 2 MB
    arch::Stage1Leaf leaf;
    leaf.address = pa;
    store<1>(kTables + 0x3000 + (va >> 12 & 511) * 8, {encode(leaf)});
  }
  void command(const arch::Command& command) {
    store(kCommands + commands % 64 * 16, encode(command));
    write32(reg::kCmdqProd, ++commands % 128);
    while ((read32(reg::kCmdqCons) & 127) != commands % 128) continue;
  }

  void driver() {
    arch::Cd cd;
    cd.half[0].ttb = kTables;
    cd.s = true;  // faults stall
    arch::Ste ste;
    ste.config = arch::SteConfig::stage1;
    ste.s1_context_ptr = kCd;
    store(kCd, encode(cd));
    store(kStreams + raw(kStream) * 64, encode(ste));
    for (unsigned level = 0; level < 3; ++level) {
      const unsigned shift = arch::level_shift(arch::Granule::k4, level);
      store<1>(kTables + level * 0x1000 + (kVa >> shift & 511) * 8,
               {arch::table_descriptor(kTables + (level + 1) * 0x1000)});
    }
    map(kVa, kPages);
    write64(reg::kStrtabBase, kStreams);
    write32(reg::kStrtabBaseCfg, arch::strtab::config(6, 0, false));
    write64(reg::kCmdqBase, arch::QueueBase{arch::Pa(kCommands), 6}.encode());
    write64(reg::kEventqBase, arch::QueueBase{arch::Pa(kEvents), 6}.encode());
    write32(reg::kIrqCtrl, arch::irq_ctrl::kEventq);
    write32(reg::kCr0, arch::cr0::kSmmuEn | arch::cr0::kEventqEn | arch::cr0::kCmdqEn);
    while (read32(reg::kCr0Ack) == 0) continue;
    ready.notify();
    wait(smmu.event_queue_irq.posedge_event());
    arch::EventWords words{};
    transfer(memory, false, kEvents, words.data(), sizeof words);
    const arch::Event event = arch::decode_event(words);
    std::cout << sc_core::sc_time_stamp() << ": " << arch::name(event.id) << " at 0x" << std::hex
              << event.input_address.value << std::dec << ", stream " << raw(event.stream) << '\n';
    map(event.input_address.value, kPages + 0x1000);
    arch::Command resume;
    resume.opcode = arch::Opcode::resume;
    resume.stream = event.stream;
    resume.stag = event.stag;
    resume.action = arch::ResumeAction::retry;
    command(resume);
  }

  void access(std::uint64_t va, embed::Attributes attributes) {
    std::uint64_t data = va;
    good &= transfer(dma, true, va, &data, sizeof data, &attributes);
    std::cout << sc_core::sc_time_stamp() << ": write to 0x" << std::hex << va << " went to 0x"
              << attributes.physical.value << std::dec << " (" << embed::name(attributes.result) << ") in "
              << attributes.latency_ps << " ps\n";
    for (std::size_t i = 0; i < probe::kStageCount; ++i) {
      if (attributes.stages[i] != 0)
        std::cout << "    " << probe::kStages[i].name << ' ' << attributes.stages[i] << " ps\n";
    }
  }
  void device() {
    embed::Attributes attributes;
    attributes.stream = kStream;
    wait(ready);
    for (const std::uint64_t va : {kVa, kVa + 0x40, kVa + 0x1000}) access(va, attributes);
    sc_core::sc_stop();
  }
};

}  // namespace

int sc_main(int, char**) {
  Platform platform("platform");
  sc_core::sc_start();
  return platform.good ? 0 : 1;
}
