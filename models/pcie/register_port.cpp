// See register_port.hpp.
#include "models/pcie/register_port.hpp"

#include "models/arch/bit_fields.hpp"

namespace svasim::pcie {

RegisterPort::RegisterPort(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
                           std::uint32_t bytes)
    : sc_core::sc_module(name),
      block_(calendar.add_block()),
      socket("socket", calendar, clock, {block_, 0}, 8, 16),
      bytes_(bytes) {
  socket.bind_request<&RegisterPort::request>(this);
}

void RegisterPort::request(engine::Payload& payload) {
  socket.release();
  const auto size = static_cast<unsigned>(payload.bytes());
  const std::uint32_t offset = static_cast<std::uint32_t>(payload.get_address()) & (bytes_ - 1);
  if ((size != 4 && size != 8) || offset % size != 0 || payload.attributes.swap.asked) {
    payload.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
    return socket.respond(payload);
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  if (!payload.is_write()) {
    const std::uint32_t tag = loads_.take();
    loads_[tag].payload = &payload;
    return on_read(offset, static_cast<std::uint16_t>(tag), size);
  }
  std::uint64_t value = 0;
  std::memcpy(&value, payload.data(), size);
  on_write(offset, value, size);
  socket.respond(payload);
}

void RegisterPort::answer(std::uint16_t tag, std::uint64_t value) {
  if (!loads_.live(tag)) return;
  engine::Payload& payload = *loads_[tag].payload;
  loads_.free(tag);
  std::memcpy(payload.data(), &value, payload.bytes());
  socket.respond(payload);
}

}  // namespace svasim::pcie
