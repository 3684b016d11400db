// See machine.hpp.
#include "testbenches/differential/machine.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "models/smmu/walk_cache_model.hpp"

namespace svasim::differential {

using engine::Payload;

/// Port 0 is the TCU's; writes at the others (device data) only look whether there is memory.
struct Memory::Port {
  Port(Memory& of, engine::Clock clock, std::uint16_t block, std::size_t number)
      : memory(of),
        tcu(number == 0),
        answers{block, static_cast<std::uint8_t>(128 + number)},
        target(("port" + std::to_string(number)).c_str(), of.calendar_, clock,
               {block, static_cast<std::uint8_t>(number)}, 64, 1024) {
    target.bind_request<&Port::request>(this);
  }
  void request(Payload& payload) {
    const std::uint64_t address = payload.get_address(), line = address & ~std::uint64_t{63};
    bool ok = memory.aborting.count(line) == 0 && memory.store.contains(address, payload.bytes());
    if (ok && payload.is_read()) memory.store.read(address, payload.data(), payload.bytes());
    engine::Swap& swap = payload.attributes.swap;
    if (ok && swap.asked && memory.knows_swaps && swap.perform(payload.data()))
      memory.set(address, swap.desired);
    if (ok && payload.is_write() && tcu) memory.store.write(address, payload.data(), payload.bytes());
    payload.set_response_status(ok ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
    memory.calendar_.post<&Port::answer>(memory.calendar_.now() + memory.latency_, answers, this,
                                         reinterpret_cast<std::uint64_t>(&payload));
  }
  void answer(std::uint64_t payload) {
    target.release();
    target.respond(*reinterpret_cast<Payload*>(payload));
  }
  Memory& memory;
  bool tcu;
  engine::Inlet answers;
  engine::AtTarget target;
};

Memory::Memory(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
               unsigned latency, std::size_t ports)
    : sc_core::sc_module(name), calendar_(calendar), latency_(clock.span(latency)) {
  const std::uint16_t block = calendar.add_block();
  for (std::size_t i = 0; i < ports; ++i) {
    ports_.emplace_back(new Port(*this, clock, block, i), [](Port* port) { delete port; });
  }
}

tlm::tlm_target_socket<>& Memory::socket(std::size_t port) { return ports_[port]->target.socket; }

std::uint64_t Memory::word(std::uint64_t address) const {
  std::uint64_t value = 0;
  store.read(address, &value, 8);
  return value;
}

/// Sends accesses and notes how they ended.
struct Machine::Master : public sc_core::sc_module {
  Master(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock)
      : sc_core::sc_module(name), port("port", calendar, clock, {calendar.add_block(), 0}, 64) {
    port.bind_response<&Master::respond>(this);
  }
  Payload& make(bool write, std::uint64_t address, unsigned bytes, Access* access) {
    Payload& payload = pool.make(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, address, bytes);
    std::fill_n(payload.data(), bytes, std::uint8_t{0});
    payload.attributes = {};
    payload.tag = {};
    payload.user = reinterpret_cast<std::uint64_t>(access);
    return payload;
  }
  void respond(Payload& payload) {
    if (payload.user == 0) {
      std::memcpy(&value, payload.data(), std::min<std::uint64_t>(payload.bytes(), 8));
    } else {
      Access& access = *reinterpret_cast<Access*>(payload.user);
      access.done = true;
      access.ok = payload.ok();
      access.raz = payload.attributes.raz;
      access.forwarded = !payload.attributes.terminated;
      access.pa = payload.get_address();
      access.attributes = payload.attributes.memory;
    }
    payload.release();
  }
  engine::PayloadPool pool;
  std::uint64_t value = 0;  ///< of the last register read
  engine::AtInitiator port;
};

struct Machine::RootPort {
  RootPort(smmu::Smmu& smmu, engine::Calendar& calendar, engine::Clock clock)
      : links(smmu.add_root_port({arch::StreamId{0}, arch::StreamId{0xFFFFFFFF}}, clock)) {
    links.down->bind<&RootPort::receive>({calendar.add_block(), 0}, this);
  }
  void send(Access& access) {
    arch::dti::Upstream m;
    m.flow = arch::dti::Flow::ats;
    m.id = static_cast<std::uint16_t>(waiting.size());
    m.stream = access.stream;
    m.substream = access.substream;
    m.access = {access.write, access.instruction, access.privileged};
    m.va = arch::Va(access.address);
    waiting.push_back(&access);
    links.up->send(m);
  }
  void receive(arch::dti::Downstream& message) {
    using Kind = arch::dti::Downstream::Kind;
    if (message.kind == Kind::ats_resp) {
      waiting[message.id]->done = true;
      waiting[message.id]->answer = message.ats;
    } else if (message.kind == Kind::sync_req || message.kind == Kind::atc_inv) {
      const bool sync = message.kind == Kind::sync_req;
      arch::dti::Upstream ack;
      ack.kind = arch::dti::Upstream::Kind::inv_ack;
      if (!sync) links.up->send(ack);
      ack.kind = sync ? arch::dti::Upstream::Kind::sync_ack : arch::dti::Upstream::Kind::inv_comp;
      ack.id = message.id;
      links.up->send(ack);
    }
  }
  smmu::Smmu::DtiLinks& links;
  std::vector<Access*> waiting;  ///< by DTI id
};

Machine::Machine(const smmu::SmmuConfig& config, unsigned latency) {
  const std::vector<arch::dti::Flow> flows{arch::dti::Flow::stall, arch::dti::Flow::no_stall};
  smmu_ = std::make_unique<smmu::Smmu>("smmu", calendar_, clock_, config, flows,
                                       std::make_unique<smmu::WalkCacheModel>(config.tcu.pwc), nullptr);
  memory_ = std::make_unique<Memory>("memory", calendar_, clock_, latency, 1 + flows.size());
  smmu_->tcu().memory.socket().bind(memory_->socket(0));
  for (std::size_t i = 0; i < flows.size(); ++i) {
    devices_.push_back(std::make_unique<Master>(("device" + std::to_string(i)).c_str(), calendar_, clock_));
    devices_[i]->port.socket.bind(smmu_->tbu(i).device.socket);
    smmu_->tbu(i).memory.socket.bind(memory_->socket(1 + i));
  }
  software_ = std::make_unique<Master>("software", calendar_, clock_);
  software_->port.socket.bind(smmu_->registers().socket.socket);
  root_port_ = std::make_unique<RootPort>(*smmu_, calendar_, clock_);
}

Machine::~Machine() = default;

void Machine::write(std::uint32_t offset, std::uint64_t value, unsigned bytes) {
  Payload& payload = software_->make(true, offset, bytes, nullptr);
  std::memcpy(payload.data(), &value, bytes);
  software_->port.send(payload);
  run(20);
}

std::uint64_t Machine::read(std::uint32_t offset, unsigned bytes) {
  software_->value = 0;
  software_->port.send(software_->make(false, offset, bytes, nullptr));
  run(20);
  return software_->value;
}

void Machine::send(Access& access) {
  if (access.ats) return root_port_->send(access);
  Master& device = *devices_[access.tbu];
  Payload& payload = device.make(access.write, access.address, 8, &access);
  payload.attributes.stream = access.stream;
  payload.attributes.substream = access.substream;
  payload.attributes.privileged = access.privileged;
  payload.attributes.instruction = access.instruction;
  payload.attributes.address_type = access.type;
  device.port.send(payload);
}

void Machine::run(engine::Cycles cycles) {
  if (cycles == 0) return;
  sc_core::sc_start(sc_core::sc_time::from_value(clock_.span(cycles)));
  calendar_.rethrow();
}

void Machine::settle() {
  while (!calendar_.empty()) run(200);
}

}  // namespace svasim::differential
