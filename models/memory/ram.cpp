// See ram.hpp.
#include "models/memory/ram.hpp"

#include <algorithm>
#include <string>

namespace svasim::memory {
namespace {

template <class Payload>
bool move_bytes(Store& store, Payload& payload) {
  const std::uint64_t address = payload.get_address(), bytes = payload.get_data_length();
  if (payload.is_write()) return store.write(address, payload.get_data_ptr(), bytes);
  return !payload.is_read() || store.read(address, payload.get_data_ptr(), bytes);
}

}  // namespace

struct Ram::Port {
  Port(Ram& of, std::uint16_t block, unsigned number)
      : ram(of),
        timer{block, static_cast<std::uint8_t>(128 + number)},
        target(("port" + std::to_string(number)).c_str(), of.calendar_, of.clock_,
               {block, static_cast<std::uint8_t>(number)}, of.config_.width, of.config_.depth) {
    target.bind_request<&Port::request>(this);
    target.bind_debug([this](tlm::tlm_generic_payload& payload) { return ram.debug(payload); });
  }
  void request(engine::Payload& payload) { ram.serve(*this, payload); }
  void start(std::uint64_t argument) {
    auto& payload = *reinterpret_cast<engine::Payload*>(argument);
    const bool inside = move_bytes(ram.store_, payload);
    engine::Swap& swap = payload.attributes.swap;
    if (inside && swap.asked && payload.bytes() == sizeof swap.desired && swap.perform(payload.data())) {
      ram.store_.write(payload.get_address(), &swap.desired, sizeof swap.desired);
    }
    payload.set_response_status(inside ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
    target.release();
    ram.calendar_.post<&Port::answer>(ram.calendar_.now() + ram.clock_.span(ram.config_.latency), timer, this,
                                      argument);
  }
  void answer(std::uint64_t payload) { target.respond(*reinterpret_cast<engine::Payload*>(payload)); }

  Ram& ram;
  engine::Inlet timer;
  engine::AtTarget target;
};

Ram::Ram(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
         const RamConfig& config, Backing* backing)
    : sc_core::sc_module(name),
      calendar_(calendar),
      clock_(clock),
      config_(config),
      store_(config.base, config.size, backing) {
  const std::uint16_t block = calendar.add_block();
  for (unsigned i = 0; i < config.ports; ++i) ports_.push_back(std::make_unique<Port>(*this, block, i));
}

Ram::~Ram() = default;

tlm::tlm_target_socket<>& Ram::port(unsigned index) { return ports_.at(index)->target.socket; }

void Ram::serve(Port& port, engine::Payload& payload) {
  const engine::Picoseconds start = std::max(calendar_.now(), free_);
  const engine::Cycles data = engine::beats(payload.bytes(), config_.width);
  free_ = start + clock_.span(std::max<engine::Cycles>(config_.interval, data));
  const auto argument = reinterpret_cast<std::uint64_t>(&payload);
  if (start == calendar_.now()) port.start(argument);
  else calendar_.post<&Port::start>(start, port.timer, &port, argument);
}

unsigned Ram::debug(tlm::tlm_generic_payload& payload) {
  return move_bytes(store_, payload) ? payload.get_data_length() : 0;
}

}  // namespace svasim::memory
