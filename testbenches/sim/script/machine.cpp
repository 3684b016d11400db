// See machine.hpp.
#include "testbenches/sim/script/machine.hpp"

namespace svasim::script {

/// Posts requests by nb_transport and calls back when the response is there.
struct Machine::Initiator : private tlm::tlm_bw_transport_if<> {
  explicit Initiator(const std::string& name, std::function<void(tlm::tlm_generic_payload&)> done)
      : socket(name.c_str()), done_(std::move(done)) {
    socket.bind(*this);
  }
  tlm::tlm_initiator_socket<> socket;

  void send(tlm::tlm_generic_payload& payload) {
    queue_.push_back(&payload);
    if (queue_.size() == 1) send_front();
  }

 private:
  void send_front() {
    while (!queue_.empty()) {
      tlm::tlm_generic_payload& payload = *queue_.front();
      tlm::tlm_phase phase = tlm::BEGIN_REQ;
      sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
      const auto answer = socket->nb_transport_fw(payload, phase, delay);
      if (answer == tlm::TLM_ACCEPTED) return;  // until END_REQ
      queue_.pop_front();
      if (answer == tlm::TLM_COMPLETED) done_(payload);  // refused at once
    }
  }
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time&) override {
    if (!queue_.empty() && queue_.front() == &payload) {  // END_REQ, or BEGIN_RESP that implies it
      queue_.pop_front();
      send_front();
    }
    if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
    done_(payload);
    return tlm::TLM_COMPLETED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}

  std::deque<tlm::tlm_generic_payload*> queue_;
  std::function<void(tlm::tlm_generic_payload&)> done_;
};

/// What is behind a device port: notes the messages it gets.
struct Machine::Function : embed::ToFunction {
  Function(Machine& of, std::size_t number, bool hold)
      : machine(of), port(number), hold_invalidations(hold) {}
  void invalidate(const embed::Invalidation& invalidation) override {
    machine.messages.push_back({port, machine.now(), invalidation});
    if (!hold_invalidations) machine.complete_invalidation(port, invalidation.itag);
  }
  void page_response(const embed::PageResponse& response) override {
    machine.messages.push_back({port, machine.now(), response});
  }
  Machine& machine;
  std::size_t port;
  bool hold_invalidations;
};

/// Notes the interrupts of one wire.
struct Machine::Listener : sc_core::sc_module {
  SC_HAS_PROCESS(Listener);
  Listener(sc_core::sc_module_name name, Machine& of, sc_core::sc_signal<bool>& wire)
      : sc_core::sc_module(name), machine(of) {
    SC_METHOD(heard);
    sensitive << wire.posedge_event();
    dont_initialize();
  }
  void heard() { machine.interrupts.push_back({basename(), machine.now()}); }
  Machine& machine;
};

Machine::Machine(sc_core::sc_module_name name, const MachineConfig& config)
    : sc_core::sc_module(name),
      smmu_("smmu", config.smmu),
      ram_("ram", smmu_.calendar(), smmu_.clock(), config.ram) {
  registers_ = std::make_unique<Initiator>("registers", [this](tlm::tlm_generic_payload&) {
    register_done_ = true;
    smmu_.calendar().stop();
  });
  registers_->socket.bind(smmu_.programming);
  for (unsigned i = 0; i < config.ram.ports; ++i) smmu_.memory(i).bind(ram_.port(i));
  for (std::size_t i = 0; i < config.smmu.devices.size(); ++i) {
    devices_.push_back(
        std::make_unique<Initiator>("device" + std::to_string(i), [this](tlm::tlm_generic_payload& payload) {
          auto& access = static_cast<Access&>(payload);
          access.done = true;
          access.done_at = now();
          smmu_.calendar().stop();
        }));
    devices_.back()->socket.bind(smmu_.device(i).socket);
    functions_.push_back(std::make_unique<Function>(*this, i, config.hold_invalidations));
    smmu_.device(i).to_function.bind(*functions_.back());
  }
  smmu_.model().tcu().on_event = [this](const arch::Event& event) { events.push_back(event); };
  listeners_.push_back(std::make_unique<Listener>("eventq", *this, smmu_.event_queue_irq));
  listeners_.push_back(std::make_unique<Listener>("priq", *this, smmu_.page_request_queue_irq));
  listeners_.push_back(std::make_unique<Listener>("cmd_sync", *this, smmu_.command_sync_irq));
  listeners_.push_back(std::make_unique<Listener>("gerror", *this, smmu_.global_error_irq));
}

Machine::~Machine() = default;

void Machine::advance(engine::Picoseconds span) {
  const engine::Picoseconds end = now() + span;
  while (now() < end) sc_core::sc_start(sc_core::sc_time::from_value(end - now()));
}

void Machine::idle() {
  while (!is_idle()) sc_core::sc_start();
}

bool Machine::reset(bool memory) {
  if (!smmu_.reset()) return false;
  if (memory) ram_.reset();
  events.clear();
  interrupts.clear();
  messages.clear();
  return true;
}

bool Machine::access_register(bool write, std::uint32_t offset, std::uint64_t& value, unsigned bytes) {
  tlm::tlm_generic_payload payload;
  payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload.set_address(offset);
  payload.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
  payload.set_data_length(bytes);
  payload.set_streaming_width(bytes);
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  register_done_ = false;
  registers_->send(payload);
  while (!register_done_) sc_core::sc_start();
  return payload.is_response_ok();
}

std::uint32_t Machine::peek_register(std::uint32_t offset) {
  std::uint32_t value = 0;
  tlm::tlm_generic_payload payload;
  payload.set_command(tlm::TLM_READ_COMMAND);
  payload.set_address(offset);
  payload.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
  payload.set_data_length(4);
  payload.set_streaming_width(4);
  registers_->socket->transport_dbg(payload);
  return value;
}

void Machine::start(Access& access, std::size_t port) {
  access.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  devices_[port]->send(access);
}

bool Machine::wait(Access& access) {
  while (!access.done && !is_idle()) sc_core::sc_start();
  return access.done;
}

void Machine::page_request(std::size_t port, const arch::PageRequest& request) {
  smmu_.device(port).to_smmu->page_request(request);
}

void Machine::complete_invalidation(std::size_t port, std::uint16_t itag) {
  smmu_.device(port).to_smmu->invalidation_complete(itag);
}

}  // namespace svasim::script
