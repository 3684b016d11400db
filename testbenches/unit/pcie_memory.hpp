// A TBU and memory in one for the PCIe tests: notes every request and answers it after a while.
#pragma once

#include <functional>
#include <vector>

#include "models/engine/at_socket.hpp"
#include "testbenches/unit/pcie_fixture.hpp"

namespace svasim::test {

class MemoryStub : public sc_core::sc_module {
 public:
  struct Seen {
    Picoseconds time;
    std::uint64_t address;
    bool write;
    arch::StreamId stream;
    arch::SubstreamId substream;
    arch::AddressType type;
    std::vector<std::uint8_t> data;  ///< written
    bool instruction = false, privileged = false;
  };

  MemoryStub(sc_core::sc_module_name name, Machine& machine)
      : sc_core::sc_module(name),
        machine_(machine),
        block_(machine.calendar.add_block()),
        target("target", machine.calendar, machine.clock, {block_, 0}, 4096, 1024) {
    target.bind_request<&MemoryStub::request>(this);
  }

  std::function<Picoseconds(const engine::Payload&)> time = [](const engine::Payload&) { return 10'000; };
  /// Called when a request is answered; the status is OK unless it says otherwise.
  std::function<void(engine::Payload&)> answer = [](engine::Payload&) {};
  std::vector<Seen> seen;

 private:
  void request(engine::Payload& payload) {
    target.release();
    const auto& a = payload.attributes;
    seen.push_back({machine_.calendar.now(),
                    payload.get_address(),
                    payload.is_write(),
                    a.stream,
                    a.substream,
                    a.address_type,
                    {},
                    a.instruction,
                    a.privileged});
    if (payload.is_write()) seen.back().data.assign(payload.data(), payload.data() + payload.bytes());
    machine_.calendar.post<&MemoryStub::respond>(machine_.calendar.now() + time(payload), {block_, 1}, this,
                                                 reinterpret_cast<std::uint64_t>(&payload));
  }
  void respond(std::uint64_t argument) {
    auto& payload = *reinterpret_cast<engine::Payload*>(argument);
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    answer(payload);
    target.respond(payload);
  }

  Machine& machine_;
  std::uint16_t block_;

 public:
  engine::AtTarget target;
};

}  // namespace svasim::test
