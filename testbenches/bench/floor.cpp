// Contract: floor.hpp.
#include "testbenches/bench/floor.hpp"

#include <systemc>
#include <tlm>

#include "testbenches/systemc_test.hpp"

namespace svasim::bench {
namespace {

const sc_core::sc_time kStep(1, sc_core::SC_NS);

struct Initiator : sc_core::sc_module, tlm::tlm_bw_transport_if<> {
  SC_HAS_PROCESS(Initiator);
  Initiator(sc_core::sc_module_name name, std::uint64_t transactions)
      : sc_core::sc_module(name), left(transactions) {
    socket.bind(*this);
    SC_METHOD(step);
    sensitive << next;
  }

  /// END_RESP of the transaction before, BEGIN_REQ of the next.
  void step() {
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    if (responded) {
      responded = false;
      phase = tlm::END_RESP;
      socket->nb_transport_fw(payload, phase, delay);
    }
    if (left-- == 0) return;
    phase = tlm::BEGIN_REQ;
    socket->nb_transport_fw(payload, phase, delay);
  }
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase& incoming,
                                     sc_core::sc_time&) override {
    if (incoming == tlm::BEGIN_RESP) {
      responded = true;
      next.notify(kStep);
    }
    return tlm::TLM_ACCEPTED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}

  tlm::tlm_initiator_socket<> socket{"socket"};
  tlm::tlm_generic_payload payload;
  tlm::tlm_phase phase;
  sc_core::sc_event next;
  std::uint64_t left;
  bool responded = false;
};

struct Target : sc_core::sc_module, tlm::tlm_fw_transport_if<> {
  SC_HAS_PROCESS(Target);
  explicit Target(sc_core::sc_module_name name) : sc_core::sc_module(name) {
    socket.bind(*this);
    SC_METHOD(step);
    sensitive << next;
    dont_initialize();
  }

  /// END_REQ, then BEGIN_RESP.
  void step() {
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    phase = accepted ? tlm::BEGIN_RESP : tlm::END_REQ;
    if (!accepted) next.notify(kStep);
    accepted = !accepted;
    socket->nb_transport_bw(*payload, phase, delay);
  }
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& incoming, tlm::tlm_phase& incoming_phase,
                                     sc_core::sc_time&) override {
    if (incoming_phase == tlm::END_RESP) return tlm::TLM_COMPLETED;
    payload = &incoming;
    next.notify(kStep);
    return tlm::TLM_ACCEPTED;
  }
  void b_transport(tlm::tlm_generic_payload&, sc_core::sc_time&) override {}
  bool get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi&) override { return false; }
  unsigned transport_dbg(tlm::tlm_generic_payload&) override { return 0; }

  tlm::tlm_target_socket<> socket{"socket"};
  tlm::tlm_generic_payload* payload = nullptr;
  tlm::tlm_phase phase;
  sc_core::sc_event next;
  bool accepted = false;
};

}  // namespace

void ping_pong(std::uint64_t transactions) {
  test::FreshKernel kernel;
  Initiator initiator("initiator", transactions);
  Target target("target");
  initiator.socket.bind(target.socket);
  sc_core::sc_start();
}

}  // namespace svasim::bench
