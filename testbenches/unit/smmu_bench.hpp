// An SMMU on a bench: a memory of constant latency, devices that note when their accesses complete, tables
// built with the encoders of models/arch, and software that programs the registers. Everything runs on one
// clock of 1 ns, so a time in ps is a number of cycles times 1000.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <systemc>
#include <vector>

#include "models/arch/cd.hpp"
#include "models/arch/descriptor.hpp"
#include "models/arch/event.hpp"
#include "models/arch/queue.hpp"
#include "models/arch/ste.hpp"
#include "models/memory/store.hpp"
#include "models/smmu/smmu.hpp"
#include "models/smmu/walk_cache_model.hpp"
#include "testbenches/systemc_test.hpp"

namespace svasim::test {

using engine::Calendar;
using engine::Clock;
using engine::Payload;
using engine::Picoseconds;
using probe::Stage;

constexpr Picoseconds kCycle = 1000;
constexpr std::uint64_t kBase = 0x80000000, kBytes = std::uint64_t{64} << 20;

/// Answers every access `latency` cycles after its arrival; the store changes at arrival. Accesses to a line
/// of `aborting` end with an error. Without `swaps` it is a plain TLM memory that takes a swap for a read.
class FixedMemory : public sc_core::sc_module {
 public:
  struct Access {
    Picoseconds when;
    std::uint64_t address;
    std::uint64_t bytes;
    bool write;
    std::size_t port;
    bool swapped = false;
  };
  FixedMemory(sc_core::sc_module_name name, Calendar& calendar, Clock clock, unsigned latency,
              std::size_t ports)
      : sc_core::sc_module(name), calendar_(calendar), latency_(clock.span(latency)) {
    const std::uint16_t block = calendar.add_block();
    for (std::size_t i = 0; i < ports; ++i) ports_.push_back(std::make_unique<Port>(*this, clock, block, i));
  }
  tlm::tlm_target_socket<>& socket(std::size_t port) { return ports_[port]->target.socket; }

  memory::Store store{kBase, kBytes};
  std::set<std::uint64_t> aborting;  ///< addresses of 64-byte lines
  bool swaps = true;
  std::vector<Access> log;

  std::uint64_t word(std::uint64_t address) const {
    std::uint64_t value = 0;
    store.read(address, &value, 8);
    return value;
  }
  void set(std::uint64_t address, std::uint64_t value) { store.write(address, &value, 8); }

 private:
  struct Port {
    Port(FixedMemory& of, Clock clock, std::uint16_t block, std::size_t number)
        : memory(of),
          index(number),
          answers{block, static_cast<std::uint8_t>(128 + number)},
          target(("port" + std::to_string(number)).c_str(), of.calendar_, clock,
                 {block, static_cast<std::uint8_t>(number)}, 64, 1024) {
      target.bind_request<&Port::request>(this);
    }
    void request(Payload& payload) {
      const std::uint64_t address = payload.get_address();
      memory.log.push_back({memory.calendar_.now(), address, payload.bytes(), payload.is_write(), index});
      const bool ok = memory.aborting.count(address & ~std::uint64_t{63}) == 0 &&
                      (payload.is_write() ? memory.store.write(address, payload.data(), payload.bytes())
                                          : memory.store.read(address, payload.data(), payload.bytes()));
      engine::Swap& swap = payload.attributes.swap;
      if (memory.swaps && ok && swap.asked && swap.perform(payload.data())) {
        memory.log.back().swapped = true;
        memory.store.write(address, &swap.desired, sizeof swap.desired);
      }
      payload.set_response_status(ok ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
      memory.calendar_.post<&Port::answer>(memory.calendar_.now() + memory.latency_, answers, this,
                                           reinterpret_cast<std::uint64_t>(&payload));
    }
    void answer(std::uint64_t payload) {
      target.release();
      target.respond(*reinterpret_cast<Payload*>(payload));
    }
    FixedMemory& memory;
    std::size_t index;
    engine::Inlet answers;
    engine::AtTarget target;
  };
  Calendar& calendar_;
  Picoseconds latency_;
  std::vector<std::unique_ptr<Port>> ports_;
};

/// What a device asks for. 8 bytes, unless said otherwise.
struct DeviceAccess {
  std::uint64_t va = 0;
  bool write = false;
  arch::StreamId stream{1};
  arch::SubstreamId substream{};
  bool privileged = false;
  bool instruction = false;
  arch::AddressType type = arch::AddressType::untranslated;
  std::uint32_t bytes = 8;
};

/// Sends accesses at given times and notes how each ended.
class BenchDevice : public sc_core::sc_module {
 public:
  struct Record {
    DeviceAccess access;
    Picoseconds sent = 0, done = 0;  ///< done 0: not yet
    bool ok = false, raz = false;
    std::uint64_t pa = 0;           ///< where it went; 0 if nowhere
    std::uint64_t data = 0;         ///< read
    engine::Attributes attributes;  ///< of the response
    probe::Transaction transaction;
    Picoseconds cycles() const { return (done - sent) / kCycle; }
    Picoseconds cycles_in(Stage stage) const {
      return transaction.timeline.sums()[static_cast<std::size_t>(stage)] / kCycle;
    }
  };
  BenchDevice(sc_core::sc_module_name name, Calendar& calendar, Clock clock, std::uint64_t first_id)
      : sc_core::sc_module(name),
        calendar_(calendar),
        block_(calendar.add_block()),
        first_id_(first_id),
        port("port", calendar, clock, {block_, 0}, 64) {
    port.bind_response<&BenchDevice::respond>(this);
  }
  /// Sends at `when`; the record stays where it is.
  Record& send_at(Picoseconds when, const DeviceAccess& access) {
    records.emplace_back();
    records.back().access = access;
    calendar_.post<&BenchDevice::issue>(when, {block_, 1}, this, records.size() - 1);
    return records.back();
  }
  /// Sends now.
  Record& send(const DeviceAccess& access) { return send_at(calendar_.now(), access); }
  std::size_t pending() const {
    return static_cast<std::size_t>(
        std::count_if(records.begin(), records.end(), [](const Record& r) { return r.done == 0; }));
  }
  std::deque<Record> records;

 private:
  void issue(std::uint64_t index) {
    Record& r = records[index];
    const DeviceAccess& a = r.access;
    Payload& payload = pool_.make(a.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, a.va, a.bytes);
    std::fill_n(payload.data(), a.bytes, std::uint8_t{0});
    payload.attributes.stream = a.stream;
    payload.attributes.substream = a.substream;
    payload.attributes.privileged = a.privileged;
    payload.attributes.instruction = a.instruction;
    payload.attributes.address_type = a.type;
    payload.user = index;
    r.sent = calendar_.now();
    r.transaction.id = first_id_ + index;
    r.transaction.va = a.va;
    r.transaction.timeline.begin(r.sent, Stage::issue);
    payload.tag.transaction = &r.transaction;
    payload.tag.enter(Stage::tbu_queue, r.sent);
    port.send(payload);
  }
  void respond(Payload& payload) {
    Record& r = records[payload.user];
    r.done = calendar_.now();
    r.ok = payload.ok();
    r.raz = payload.attributes.raz;
    r.attributes = payload.attributes;
    if (r.ok && !r.raz) r.pa = payload.get_address();
    if (!r.access.write && r.access.bytes >= 8) r.data = arch::load_le64(payload.data());
    r.transaction.timeline.end(r.done);
    r.transaction.timeline.check();
    payload.release();
  }
  Calendar& calendar_;
  std::uint16_t block_;
  std::uint64_t first_id_;
  engine::PayloadPool pool_;

 public:
  engine::AtInitiator port;
};

/// Software: register accesses by b_transport from a thread, as a foreign driver model would make them.
class BenchSoftware : public sc_core::sc_module, private tlm::tlm_bw_transport_if<> {
 public:
  SC_HAS_PROCESS(BenchSoftware);
  explicit BenchSoftware(sc_core::sc_module_name name) : sc_core::sc_module(name) {
    socket.bind(*this);
    SC_THREAD(body);
  }
  tlm::tlm_initiator_socket<> socket{"socket"};

  /// One access of 4 or 8 bytes; runs the simulation until it is done. False: refused.
  bool access(bool write, std::uint32_t offset, std::uint64_t& value, unsigned bytes) {
    payload_.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    payload_.set_address(offset);
    payload_.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    payload_.set_data_length(bytes);
    payload_.set_streaming_width(bytes);
    payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    busy_ = true;
    start_.notify(sc_core::SC_ZERO_TIME);
    while (busy_) sc_core::sc_start(sc_core::sc_time::from_value(kCycle));
    return payload_.is_response_ok();
  }

 private:
  void body() {
    while (true) {
      while (!busy_) sc_core::wait(start_);
      sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
      socket->b_transport(payload_, delay);
      busy_ = false;
    }
  }
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) override {
    return tlm::TLM_COMPLETED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
  sc_core::sc_event start_;
  tlm::tlm_generic_payload payload_;
  bool busy_ = false;
};

/// Builds translation tables of 4 KB pages and 48 bits directly in the store.
class BenchTables {
 public:
  explicit BenchTables(FixedMemory& memory) : memory_(memory) {}
  /// Zeroed memory, aligned to its (power of two) size.
  std::uint64_t take(std::uint64_t bytes) {
    next_ = (next_ + bytes - 1) / bytes * bytes;
    next_ += bytes;
    return next_ - bytes;
  }
  std::uint64_t make_root() { return take(arch::kPageSize); }
  /// Where the descriptor of `va` at `level` is; makes the tables above it.
  std::uint64_t slot(std::uint64_t root, std::uint64_t va, unsigned level = 3) {
    std::uint64_t table = root;
    for (unsigned l = 0;; ++l) {
      const std::uint64_t at = table + (va >> arch::level_shift(arch::Granule::k4, l) & 511) * 8;
      if (l == level) return at;
      if (memory_.word(at) == 0) memory_.set(at, arch::table_descriptor(take(arch::kPageSize)));
      table = memory_.word(at) & 0xFFFFFFFFF000;
    }
  }
  void map(std::uint64_t root, std::uint64_t va, std::uint64_t pa, arch::Stage1Leaf leaf = {}) {
    leaf.address = pa;
    memory_.set(slot(root, va), encode(leaf));
  }
  void unmap(std::uint64_t root, std::uint64_t va) { memory_.set(slot(root, va), 0); }
  template <std::size_t N>
  void write(std::uint64_t address, const std::array<std::uint64_t, N>& words) {
    for (std::size_t i = 0; i < N; ++i) memory_.set(address + 8 * i, words[i]);
  }

 private:
  FixedMemory& memory_;
  std::uint64_t next_ = kBase + 0x100000;  ///< below: stream table, queues, interrupt words
};

/// The SMMU with its surroundings. Queues of 2^kLog2Queue entries; stream table of 64 linear STEs.
struct SmmuBench {
  static constexpr unsigned kLog2Queue = 3, kLog2Streams = 6;
  static constexpr std::uint64_t kStreams = kBase, kCommands = kBase + 0x10000, kEvents = kBase + 0x20000,
                                 kPageRequests = kBase + 0x30000, kEventMsi = kBase + 0x40000,
                                 kPriMsi = kBase + 0x40100, kErrorMsi = kBase + 0x40200,
                                 kSyncMsi = kBase + 0x40300;

  FreshKernel kernel;
  Calendar calendar{"calendar"};
  Clock clock{kCycle};
  probe::Recorder recorder;
  smmu::SmmuConfig config;
  smmu::Smmu smmu;
  FixedMemory memory;
  std::vector<std::unique_ptr<BenchDevice>> devices;  ///< one per TBU
  BenchSoftware software{"software"};
  BenchTables tables{memory};
  std::uint32_t commands_made = 0;
  std::uint32_t events_read = 0;

  explicit SmmuBench(const smmu::SmmuConfig& c = {}, unsigned memory_latency = 10,
                     const std::vector<arch::dti::Flow>& flows = {arch::dti::Flow::stall},
                     std::uint32_t shuffle = 0, std::size_t more_memory_ports = 0)
      : config(c),
        smmu((calendar.shuffle(shuffle), "smmu"), calendar, clock, c, flows,
             std::make_unique<smmu::WalkCacheModel>(c.tcu.pwc), &recorder),
        memory("memory", calendar, clock, memory_latency, 1 + flows.size() + more_memory_ports) {
    smmu.tcu().memory.socket().bind(memory.socket(0));
    for (std::size_t i = 0; i < flows.size(); ++i) {
      devices.push_back(std::make_unique<BenchDevice>(("device" + std::to_string(i)).c_str(), calendar, clock,
                                                      1 + (std::uint64_t{i} << 32)));
      devices.back()->port.socket.bind(smmu.tbu(i).device.socket);
      smmu.tbu(i).memory.socket.bind(memory.socket(1 + i));
    }
    software.socket.bind(smmu.registers().socket.socket);
  }

  // Time.
  void run(engine::Cycles cycles) { sc_core::sc_start(sc_core::sc_time::from_value(cycles * kCycle)); }
  /// Runs edge by edge until `condition`; the edge that made it true. 0 if it never does. (sc_start leaves
  /// what is due at its end for the next call, so what is seen after it is the edge before.)
  Picoseconds run_until(const std::function<bool()>& condition, engine::Cycles limit = 100000) {
    for (; !condition(); run(1)) {
      if (limit-- == 0) return 0;
    }
    return calendar.now() - kCycle;
  }
  /// Until nothing is left to do.
  void settle() {
    while (!calendar.empty()) run(1);
  }

  // Registers.
  std::uint32_t read(std::uint32_t offset) {
    std::uint64_t value = 0;
    software.access(false, offset, value, 4);
    return static_cast<std::uint32_t>(value);
  }
  void write(std::uint32_t offset, std::uint32_t value) {
    std::uint64_t wide = value;
    software.access(true, offset, wide, 4);
  }
  void write64(std::uint32_t offset, std::uint64_t value) { software.access(true, offset, value, 8); }
  /// Writes a control register and waits for its acknowledgement.
  bool write_acknowledged(std::uint32_t offset, std::uint32_t ack, std::uint32_t value) {
    write(offset, value);
    for (unsigned tries = 0; tries < 100; ++tries) {
      if (read(ack) == value) return true;
    }
    return false;
  }
  static constexpr std::uint32_t kAllOn =
      arch::cr0::kSmmuEn | arch::cr0::kPriqEn | arch::cr0::kEventqEn | arch::cr0::kCmdqEn;

  /// Brings the SMMU up: tables and queues first, SMMUEN last.
  bool bring_up(std::uint32_t cr0 = kAllOn) {
    namespace reg = arch::reg;
    write64(reg::kStrtabBase, kStreams);
    write(reg::kStrtabBaseCfg, arch::strtab::config(kLog2Streams, 0, false));
    const auto queue = [](std::uint64_t at) { return arch::QueueBase{arch::Pa(at), kLog2Queue}.encode(); };
    write64(reg::kCmdqBase, queue(kCommands));
    write64(reg::kEventqBase, queue(kEvents));
    write64(reg::kPriqBase, queue(kPageRequests));
    write64(reg::kEventqIrqCfg0, kEventMsi);
    write(reg::kEventqIrqCfg1, 1);
    write64(reg::kPriqIrqCfg0, kPriMsi);
    write(reg::kPriqIrqCfg1, 2);
    write64(reg::kGerrorIrqCfg0, kErrorMsi);
    write(reg::kGerrorIrqCfg1, 3);
    const std::uint32_t irqs = arch::irq_ctrl::kGerror | arch::irq_ctrl::kPriq | arch::irq_ctrl::kEventq;
    return write_acknowledged(reg::kIrqCtrl, reg::kIrqCtrlAck, irqs) &&
           write_acknowledged(reg::kCr0, reg::kCr0Ack, cr0);
  }

  // Tables.
  void set_ste(arch::StreamId stream, const arch::Ste& ste) {
    tables.write(kStreams + raw(stream) * 64, encode(ste));
  }
  /// A stream translated by stage 1 through one CD; the root of its tables.
  std::uint64_t attach(arch::StreamId stream = arch::StreamId{1}, std::uint16_t asid = 1, bool stall = true) {
    const std::uint64_t root = tables.make_root();
    attach(stream, stage1_cd(root, asid, stall));
    return root;
  }
  static arch::Cd stage1_cd(std::uint64_t root, std::uint16_t asid = 1, bool stall = true) {
    arch::Cd cd;
    cd.half[0].ttb = root;
    cd.asid = asid;
    cd.s = stall;
    cd.mair = 0xFF;
    return cd;
  }
  /// A stream with one CD: stage 1, and stage 2 if `ste` says both. The CD's address.
  std::uint64_t attach(arch::StreamId stream, const arch::Cd& cd, arch::Ste ste = {}) {
    if (!ste.stage1()) ste.config = arch::SteConfig::stage1;
    ste.s1_context_ptr = tables.take(64);
    tables.write(ste.s1_context_ptr, encode(cd));
    set_ste(stream, ste);
    return ste.s1_context_ptr;
  }

  /// A counter of the TCU; all ones: there is none of this name.
  std::uint64_t counter(const std::string& name) {
    std::uint64_t found = ~0ull;
    smmu.tcu().counters([&](const std::string& n, std::uint64_t value) {
      if (n == name) found = value;
    });
    return found;
  }

  // Command queue.
  void put(const arch::Command& command) {
    const arch::QueueIndex index(kLog2Queue);
    tables.write(kCommands + index.index(commands_made) * 16, encode(command));
    commands_made = index.next(commands_made);
  }
  void ring_doorbell() { write(arch::reg::kCmdqProd, commands_made); }
  bool consumed() { return (smmu.tcu().commands.cons() & 0xFFFFF) == commands_made; }
  /// Puts commands and runs until the SMMU has consumed them; false if it never does.
  bool submit(const std::vector<arch::Command>& commands) {
    for (const arch::Command& command : commands) put(command);
    ring_doorbell();
    return run_until([this] { return consumed(); }) != 0;
  }
  static arch::Command make(arch::Opcode opcode) {
    arch::Command command;
    command.opcode = opcode;
    return command;
  }
  static arch::Command sync() { return make(arch::Opcode::sync); }
  static arch::Command tlbi_va(std::uint64_t va, std::uint16_t asid = 1) {
    arch::Command command = make(arch::Opcode::tlbi_nh_va);
    command.address = va;
    command.asid = asid;
    return command;
  }
  static arch::Command resume(const arch::Event& event, arch::ResumeAction action) {
    arch::Command command = make(arch::Opcode::resume);
    command.stream = event.stream;
    command.stag = event.stag;
    command.action = action;
    return command;
  }

  // Event queue.
  std::uint32_t events_visible() {
    return arch::QueueIndex(kLog2Queue).count(smmu.tcu().events.prod(), events_read);
  }
  /// The oldest record not yet read; it stays in the queue until acknowledged.
  arch::Event next_event() {
    const arch::QueueIndex index(kLog2Queue);
    arch::EventWords words{};
    memory.store.read(kEvents + index.index(events_read) * 32, words.data(), sizeof words);
    events_read = index.next(events_read);
    return arch::decode_event(words);
  }
  /// Gives the places of all records read back, and acknowledges an overflow.
  void acknowledge_events() {
    write(arch::reg::kEventqCons, events_read | (smmu.tcu().events.prod() & arch::kQueueOverflow));
  }
};

}  // namespace svasim::test
