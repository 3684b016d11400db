// A machine with nothing but a host: RAM, and an SMMU that acknowledges registers, consumes commands, keeps
// its queues, and writes MSIs. Contract: every access takes the same time; the SMMU's faults are whatever the
// test pushes. Source rule: SMMUv3, registers and queues.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/arch/command.hpp"
#include "models/arch/device_fault.hpp"
#include "models/arch/event.hpp"
#include "models/arch/pri.hpp"
#include "models/arch/queue.hpp"
#include "models/arch/reference.hpp"
#include "models/arch/registers.hpp"
#include "models/host/host.hpp"
#include "testbenches/systemc_test.hpp"

namespace svasim::test {

using engine::Picoseconds;
namespace reg = arch::reg;

inline constexpr Picoseconds kNs = 1000;
inline constexpr std::uint64_t kRegisters = 0x2000'0000, kDoorbell = 0x3000'0040;
inline constexpr std::uint64_t kDeviceRegisters = 0x3800'0000;  ///< of the one device with faults of its own
inline constexpr std::uint64_t kTables = 0x8000'0000, kPages = 0x9000'0000, kWindow = 0x1000'0000;

class Ram {
 public:
  void write(std::uint64_t at, const void* from, unsigned bytes) {
    std::memcpy(&page(at)[at % 4096], from, bytes);
  }
  void read(std::uint64_t at, void* to, unsigned bytes) { std::memcpy(to, &page(at)[at % 4096], bytes); }
  std::uint64_t word(std::uint64_t at) {
    std::array<std::uint8_t, 8> bytes;
    read(at, bytes.data(), 8);
    return arch::load_le64(bytes.data());
  }
  template <std::size_t N>
  void put(std::uint64_t at, const std::array<std::uint64_t, N>& words) {
    std::array<std::uint8_t, 8 * N> bytes;
    arch::store_words(bytes.data(), words);
    write(at, bytes.data(), sizeof bytes);
  }

 private:
  std::array<std::uint8_t, 4096>& page(std::uint64_t at) { return pages_[at / 4096]; }
  std::map<std::uint64_t, std::array<std::uint8_t, 4096>> pages_;
};

class FakeSmmu : public sc_core::sc_module {
 public:
  struct Executed {
    Picoseconds when;
    arch::Command command;
  };

  FakeSmmu(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
           probe::Recorder* recorder, arch::Features features)
      : sc_core::sc_module(name),
        calendar_(calendar),
        block_(calendar.add_block()),
        memory("memory", calendar, clock, {block_, 0}, 16, 64),
        msi("msi", calendar, clock, {block_, 1}, 16),
        recorder_(recorder),
        features_(features) {
    memory.bind_request<&FakeSmmu::request>(this);
    msi.bind_response<&FakeSmmu::msi_done>(this);
    const arch::IdRegisters id = encode(features);
    registers_[reg::kIdr0] = id.idr0;
    registers_[reg::kIdr1] = id.idr1;
    registers_[reg::kIdr3] = id.idr3;
    registers_[reg::kIdr5] = id.idr5;
  }

  std::uint32_t& at(std::uint32_t offset) { return registers_[offset]; }
  std::uint32_t& device_register(std::uint32_t offset) { return device_[offset]; }
  std::uint64_t at64(std::uint32_t offset) { return at(offset) | std::uint64_t{at(offset + 4)} << 32; }
  arch::SmmuState state() {
    arch::SmmuState s;
    s.smmu_enabled = (at(reg::kCr0) & arch::cr0::kSmmuEn) != 0;
    s.ats_check = (at(reg::kCr0) & arch::cr0::kAtsChk) != 0;
    s.strtab_base = at64(reg::kStrtabBase);
    s.strtab_base_cfg = at(reg::kStrtabBaseCfg);
    return s;
  }

  /// A record becomes visible now, and its fault enters Stage::interrupt. False: the queue was full.
  bool push(const arch::Event& event) {
    open({probe::FaultKind::stall, arch::raw(event.stream), event.stag}, event.substream, event.input_address,
         event.stall);
    return append(encode(event), reg::kEventqBase, reg::kEventqProd, reg::kEventqCons, arch::kLog2EventBytes,
                  reg::kEventqIrqCfg0);
  }
  bool push(const arch::PageRequest& request) {
    const std::uint32_t prod = at(reg::kPriqProd), cons = at(reg::kPriqCons);
    if (((prod ^ cons) & arch::kQueueOverflow) != 0) return false;  // unacknowledged: nothing is queued
    open({probe::FaultKind::pri, arch::raw(request.stream), request.prg_index}, request.substream,
         request.page, !request.stop_marker());
    return append(encode(request), reg::kPriqBase, reg::kPriqProd, reg::kPriqCons,
                  arch::kLog2PageRequestBytes, reg::kPriqIrqCfg0);
  }

  /// The device that handles its own faults found one, and tells its driver.
  void push(std::uint32_t stream, const arch::device_fault::Record& record) {
    namespace df = arch::device_fault;
    const auto word = [&](std::uint32_t at) { return device_[at] | std::uint64_t{device_[at + 4]} << 32; };
    device_stream_ = stream;
    open({probe::FaultKind::device, stream, record.token}, record.substream, record.va, true);
    const auto queue = arch::QueueBase::decode(word(df::kQueueBase), df::kLog2RecordBytes);
    const bool was_empty = device_[df::kProd] == device_[df::kCons];
    ram.put(queue.entry(device_[df::kProd], df::kLog2RecordBytes).value, df::encode(record));
    device_[df::kProd] = arch::QueueIndex(queue.log2_size).next(device_[df::kProd]);
    if (was_empty) write_msi_to(word(df::kMsiAddress), device_[df::kMsiData]);
  }

  Ram ram;
  std::vector<std::uint32_t> resolved;  ///< what the driver wrote to the device
  std::vector<Executed> log;            ///< commands in order of consumption
  Picoseconds latency = 48 * kNs;
  Picoseconds command_time = 10 * kNs;
  int fail_command = -1;  ///< index into the log of the command to stop at, as illegal
  std::function<void(const arch::Command&)> on_command;

 private:
  engine::Calendar& calendar_;
  std::uint16_t block_;

 public:
  engine::AtTarget memory;
  engine::AtInitiator msi;

 private:
  void open(probe::FaultKey key, arch::SubstreamId substream, arch::Va va, bool expected) {
    if (recorder_ == nullptr || !expected) return;
    recorder_->open_fault(calendar_.now(), probe::Stage::interrupt, key, key.stream, substream.value,
                          va.value);
  }

  template <std::size_t N>
  bool append(const std::array<std::uint64_t, N>& words, std::uint32_t base, std::uint32_t prod,
              std::uint32_t cons, unsigned log2_entry, std::uint32_t irq_cfg) {
    const auto queue = arch::QueueBase::decode(at64(base), log2_entry);
    const arch::QueueIndex index(queue.log2_size);
    const std::uint32_t flag = at(prod) & arch::kQueueOverflow;
    if (index.full(at(prod), at(cons))) {
      if (flag == (at(cons) & arch::kQueueOverflow)) at(prod) ^= arch::kQueueOverflow;
      return false;
    }
    const bool was_empty = index.empty(at(prod), at(cons));
    ram.put(queue.entry(at(prod), log2_entry).value, words);
    at(prod) = index.next(at(prod)) | flag;
    if (was_empty) write_msi(irq_cfg);
    return true;
  }

  void write_msi(std::uint32_t irq_cfg) { write_msi_to(at64(irq_cfg), at(irq_cfg + 8)); }
  void write_msi_to(std::uint64_t address, std::uint32_t data) {
    engine::Payload& payload = pool_.make(tlm::TLM_WRITE_COMMAND, address, 4);
    for (unsigned i = 0; i < 4; ++i, data >>= 8) payload.data()[i] = static_cast<std::uint8_t>(data);
    msi.send(payload);
  }
  void msi_done(engine::Payload& payload) { payload.release(); }

  void request(engine::Payload& payload) {
    memory.release();
    const std::uint64_t address = payload.get_address();
    if (address >= kRegisters && address < kRegisters + reg::kSize) {
      access_register(payload, static_cast<std::uint32_t>(address - kRegisters));
    } else if (address >= kDeviceRegisters && address < kDeviceRegisters + arch::device_fault::kBytes) {
      access_device(payload, static_cast<std::uint32_t>(address - kDeviceRegisters));
    } else if (payload.is_write()) {
      ram.write(address, payload.data(), static_cast<unsigned>(payload.bytes()));
    } else {
      ram.read(address, payload.data(), static_cast<unsigned>(payload.bytes()));
    }
    calendar_.post<&FakeSmmu::respond>(calendar_.now() + latency, {block_, 2}, this,
                                       reinterpret_cast<std::uint64_t>(&payload));
  }
  void respond(std::uint64_t argument) {
    auto& payload = *reinterpret_cast<engine::Payload*>(argument);
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    memory.respond(payload);
  }

  void access_device(engine::Payload& payload, std::uint32_t offset) {
    for (unsigned i = 0; i < payload.bytes(); i += 4) {
      if (payload.is_write()) {
        std::memcpy(&device_[offset + i], payload.data() + i, 4);
      } else {
        std::memcpy(payload.data() + i, &device_[offset + i], 4);
      }
    }
    if (!payload.is_write() || offset != arch::device_fault::kResolve) return;
    const std::uint32_t value = device_[offset];
    resolved.push_back(value);
    close({probe::FaultKind::device, device_stream_, value & 0xFFFF}, value >> 16 != 0);
  }

  void access_register(engine::Payload& payload, std::uint32_t offset) {
    for (unsigned i = 0; i < payload.bytes(); i += 4) {
      std::uint32_t& value = at(offset + i);
      if (payload.is_write()) {
        value = 0;
        for (unsigned b = 0; b < 4; ++b) value |= std::uint32_t{payload.data()[i + b]} << (8 * b);
      } else {
        for (unsigned b = 0; b < 4; ++b) {
          payload.data()[i + b] = static_cast<std::uint8_t>(value >> (8 * b));
        }
      }
    }
    if (!payload.is_write()) return;
    if (offset == reg::kCr0) at(reg::kCr0Ack) = at(reg::kCr0);
    if (offset == reg::kIrqCtrl) at(reg::kIrqCtrlAck) = at(reg::kIrqCtrl);
    if (offset == reg::kGerrorn)
      at(reg::kCmdqCons) = arch::cmdq_cons::encode(cons_, arch::CommandError::none);
    if (offset == reg::kCmdqBase) cons_ = 0;
    consume();
  }

  void consume() {
    const arch::QueueIndex index(arch::QueueBase::decode(at64(reg::kCmdqBase), 4).log2_size);
    const bool error = at(reg::kGerror) != at(reg::kGerrorn);
    if (consuming_ || error || (at(reg::kCr0) & arch::cr0::kCmdqEn) == 0) return;
    if (index.empty(at(reg::kCmdqProd), cons_)) return;
    consuming_ = true;
    calendar_.post<&FakeSmmu::execute>(calendar_.now() + command_time, {block_, 3}, this);
  }
  void execute(std::uint64_t) {
    consuming_ = false;
    const auto queue = arch::QueueBase::decode(at64(reg::kCmdqBase), arch::kLog2CommandBytes);
    const std::uint64_t address = queue.entry(cons_, arch::kLog2CommandBytes).value;
    const arch::Command command = arch::decode_command({ram.word(address), ram.word(address + 8)});
    if (fail_command == static_cast<int>(log.size())) {
      fail_command = -1;
      at(reg::kCmdqCons) = arch::cmdq_cons::encode(cons_, arch::CommandError::illegal);
      at(reg::kGerror) ^= arch::gerror::kCmdq;
      return write_msi(reg::kGerrorIrqCfg0);
    }
    log.push_back({calendar_.now(), command});
    if (on_command) on_command(command);
    finish(command);
    cons_ = arch::QueueIndex(queue.log2_size).next(cons_);
    at(reg::kCmdqCons) = cons_;
    consume();
  }
  void finish(const arch::Command& command) {
    if (command.opcode == arch::Opcode::sync && command.signal == arch::SyncSignal::irq) {
      ram.write(command.msi_address, &command.msi_data, 4);
    }
    const bool stall = command.opcode == arch::Opcode::resume;
    if (recorder_ == nullptr || !(stall || command.opcode == arch::Opcode::pri_resp)) return;
    const probe::FaultKey key{stall ? probe::FaultKind::stall : probe::FaultKind::pri,
                              arch::raw(command.stream), stall ? command.stag : command.prg_index};
    const bool good =
        stall ? command.action == arch::ResumeAction::retry : command.response == arch::PriResponse::success;
    close(key, good);
  }
  void close(probe::FaultKey key, bool good) {
    if (recorder_ == nullptr) return;
    recorder_->for_each_fault(key, [&](probe::Fault& fault) {
      recorder_->close_fault(fault, calendar_.now(), good ? probe::Outcome::ok : probe::Outcome::aborted);
    });
  }

  probe::Recorder* recorder_;
  arch::Features features_;
  std::map<std::uint32_t, std::uint32_t> registers_;
  std::map<std::uint32_t, std::uint32_t> device_;  ///< registers
  std::uint32_t device_stream_ = 0;
  std::uint32_t cons_ = 0;
  bool consuming_ = false;
  engine::PayloadPool pool_;
};

/// A closed fault: where it was and for how long.
struct FaultRecord {
  probe::FaultKey key;
  std::uint64_t va;
  probe::Outcome outcome;
  Picoseconds begun;
  std::vector<probe::Segment> segments;

  Picoseconds in(probe::Stage stage) const {
    Picoseconds sum = 0;
    for (const auto& segment : segments) sum += segment.stage == stage ? segment.duration : 0;
    return sum;
  }
  Picoseconds entered(probe::Stage stage) const {
    Picoseconds at = begun;
    for (const auto& segment : segments) {
      if (segment.stage == stage) return at;
      at += segment.duration;
    }
    return 0;
  }
};

class FaultLog : public probe::Sink {
 public:
  void transaction(const probe::Transaction&) override {}
  void fault(const probe::Fault& f) override {
    faults.push_back({f.key, f.va, f.outcome, f.timeline.begun_at(), f.timeline.segments()});
  }
  std::vector<FaultRecord> faults;  ///< in order of closing
};

/// Every latency fixed, at its default mean.
inline host::HostConfig fixed_config() {
  host::HostConfig config;
  for (const host::CostInfo& info : host::kCostInfo) config.cost[info.cost].shape = host::LatencyShape::fixed;
  return config;
}

inline host::DeviceDescription device(std::uint32_t stream, probe::FaultKind kind,
                                      std::vector<std::uint32_t> processes = {1}) {
  host::DeviceDescription d;
  d.stream = arch::StreamId{stream};
  d.ats = kind == probe::FaultKind::pri;
  d.faults = d.ats ? host::FaultMode::pri : host::FaultMode::stall;
  d.processes = std::move(processes);
  return d;
}

class Machine {
 public:
  explicit Machine(const host::HostConfig& config = fixed_config(), std::uint32_t shuffle = 0,
                   arch::Features features = {}, std::uint64_t page_bytes = kWindow)
      : calendar("calendar"),
        smmu("smmu", calendar, clock, &recorder, features),
        host("host", calendar, clock, config, {kRegisters, kDoorbell, kTables, kWindow, kPages, page_bytes},
             &recorder) {
    calendar.shuffle(shuffle);
    host.memory().socket.bind(smmu.memory.socket);
    smmu.msi.socket.bind(host.doorbell().socket);
    host.on_error = [this](const std::string& what) { errors.push_back(what); };
  }

  /// Brings up and binds; returns when that is done.
  void start(std::vector<host::DeviceDescription> devices) {
    bool ready = false;
    host.start(std::move(devices), [&] { ready = true; });
    run();
    if (!ready) errors.push_back("start did not finish");
    log_start = smmu.log.size();
  }
  void run(Picoseconds time = 10'000'000 * kNs) { sc_core::sc_start(sc_core::sc_time::from_value(time)); }
  Picoseconds now() const { return sc_core::sc_time_stamp().value(); }
  std::uint64_t count(const std::string& name) const {
    std::uint64_t found = ~std::uint64_t{0};
    host.counters([&](const char* n, std::uint64_t value) {
      if (name == n) found = value;
    });
    return found;
  }
  /// Makes a request to the host and waits for its reply: `call` gets what to reply to.
  template <class Call>
  host::Status ask(Call&& call) {
    std::optional<host::Status> status;
    call([&status](host::Status s) { status = s; });
    run();
    if (!status) errors.push_back("no reply");
    return status.value_or(host::Status::invalid);
  }
  /// What the stages of the last closed fault on the page of `va` took; its outcome.
  const FaultRecord& fault_on(std::uint64_t va) const {
    const auto found = std::find_if(faults.faults.rbegin(), faults.faults.rend(), [&](const FaultRecord& f) {
      return f.va >> arch::kPageShift == va >> arch::kPageShift;
    });
    if (found == faults.faults.rend()) throw std::out_of_range("no fault on that page");
    return *found;
  }
  /// A stalled access faults and is served.
  const FaultRecord& access(std::uint32_t stream, std::uint64_t va, bool write = true,
                            std::uint32_t pasid = 1) {
    push_access(stream, va, write, pasid);
    run();
    return fault_on(va);
  }
  void push_access(std::uint32_t stream, std::uint64_t va, bool write = true, std::uint32_t pasid = 1);
  std::optional<std::uint64_t> frame(std::uint32_t stream, std::uint64_t va, bool write,
                                     std::uint32_t pasid = 1) {
    const auto outcome = translate(stream, pasid, va, write);
    const auto* result = std::get_if<arch::TranslationResult>(&outcome);
    if (result == nullptr) return std::nullopt;
    return result->pa.value & ~arch::mask(arch::kPageShift);
  }
  /// Names of the commands consumed since start().
  std::vector<std::string> commands() const {
    std::vector<std::string> names;
    for (std::size_t i = log_start; i < smmu.log.size(); ++i)
      names.push_back(name(smmu.log[i].command.opcode));
    return names;
  }
  arch::Outcome translate(std::uint32_t stream, std::uint32_t pasid, std::uint64_t va, bool write = true) {
    const auto read = [this](arch::Pa pa, void* to, unsigned bytes) {
      smmu.ram.read(pa.value, to, bytes);
      return true;
    };
    arch::Access access;
    access.write = write;
    return arch::ReferenceTranslator(smmu.state(), arch::Features{}, read)
        .translate(arch::StreamId{stream}, {true, pasid}, arch::Va(va), access);
  }
  bool translates(std::uint32_t stream, std::uint32_t pasid, std::uint64_t va) {
    return std::holds_alternative<arch::TranslationResult>(translate(stream, pasid, va));
  }

  FreshKernel kernel;
  FaultLog faults;
  probe::Recorder recorder{{&faults}};
  engine::Clock clock{kNs};
  engine::Calendar calendar;
  FakeSmmu smmu;
  host::Host host;
  std::vector<std::string> errors;
  std::size_t log_start = 0;
  std::uint16_t next_stag = 0;
};

inline arch::Event stall_event(std::uint32_t stream, std::uint16_t stag, std::uint64_t va,
                               std::uint32_t pasid = 1) {
  arch::Event event;
  event.id = arch::EventId::f_translation;
  event.stream = arch::StreamId{stream};
  event.substream = {true, pasid};
  event.stag = stag;
  event.stall = true;
  event.input_address = arch::Va(va);
  event.fault_class = arch::FaultClass::in;
  return event;
}

inline void Machine::push_access(std::uint32_t stream, std::uint64_t va, bool write, std::uint32_t pasid) {
  arch::Event event = stall_event(stream, next_stag++, va, pasid);
  event.read = !write;
  smmu.push(event);
}

inline arch::PageRequest page_request(std::uint32_t stream, std::uint16_t prg, std::uint64_t va, bool last,
                                      std::uint32_t pasid = 1) {
  arch::PageRequest request;
  request.stream = arch::StreamId{stream};
  request.substream = {true, pasid};
  request.prg_index = prg;
  request.read = request.write = true;
  request.last = last;
  request.page = arch::Va(va);
  return request;
}

}  // namespace svasim::test
