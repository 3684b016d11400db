// TLM-2.0 base-protocol sockets whose nb_transport never acts: it only posts into the calendar. A request is
// seen by the target at its next clock edge, a response by the initiator at its next one.
//
// If the target has a place, BEGIN_REQ is answered with END_REQ at once and the initiator may send again when
// its beats are over; if not, END_REQ comes when the target frees one. A place freed and a request sent at
// the same instant meet with the same result in either order. Responses are always taken (the initiator
// reserved their place): BEGIN_RESP returns TLM_COMPLETED. Data moves at `width` bytes a cycle, requests with
// data and responses with data occupying their channel.
//
// Foreign initiators may use b_transport from a thread, any payload, and the full four phases.
#pragma once

#include <functional>
#include <systemc>
#include <tlm>

#include "models/engine/calendar.hpp"
#include "models/engine/payload.hpp"
#include "models/engine/peak.hpp"
#include "models/engine/ring.hpp"

namespace svasim::engine {

/// Cycles that `bytes` take on a channel of `width` bytes; at least one.
constexpr Cycles beats(std::uint64_t bytes, unsigned width) {
  return bytes <= width ? 1 : (bytes + width - 1) / width;
}

class AtInitiator : private tlm::tlm_bw_transport_if<> {
 public:
  /// Inside a module's constructor. Responses arrive on `inlet`.
  AtInitiator(const char* name, Calendar& calendar, Clock clock, Inlet inlet, unsigned width);

  /// Calls `(object->*Method)(Payload&)` for each response, at an edge of the clock.
  template <auto Method, class Object>
  void bind_response(Object* object) {
    object_ = object;
    response_ = [](void* o, Payload& p) { (static_cast<Object*>(o)->*Method)(p); };
  }
  /// Calls `(object->*Method)()` once after each request sent, at the edge from which ready() holds again.
  template <auto Method, class Object>
  void bind_ready(Object* object) {
    ready_object_ = object;
    ready_ = [](void* o) { (static_cast<Object*>(o)->*Method)(); };
  }
  /// With bind_ready: a request sent now leaves now. For who arbitrates as late as possible.
  bool ready() const { return refused_ == nullptr && !pumping_ && queue_.empty(); }
  /// Sends as soon as the channel is free, in order. The caller keeps its reference until the response.
  void send(Payload& payload);
  std::size_t queued() const { return queue_.size(); }
  /// Most requests ever waiting for the channel.
  std::size_t queue_peak() const { return peak_.peak(queue_.size()); }

  tlm::tlm_initiator_socket<> socket;

 private:
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) override;
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
  void pump(std::uint64_t = 0);
  void transmit(Payload& payload, Picoseconds now);
  void schedule_pump();
  void respond(std::uint64_t payload);

  Calendar& calendar_;
  Clock clock_;
  Inlet inlet_;
  unsigned width_;
  Ring<Payload*> queue_;
  Peak peak_;
  Payload* refused_ = nullptr;    ///< sent, END_REQ not yet seen
  Picoseconds channel_free_ = 0;  ///< the request channel's next free edge
  Picoseconds received_ = 0;      ///< when the last response is seen; the next one's beats follow it
  bool pumping_ = false;          ///< a pump is posted
  void* object_ = nullptr;
  void (*response_)(void*, Payload&) = nullptr;
  void* ready_object_ = nullptr;
  void (*ready_)(void*) = nullptr;
};

class AtTarget : private tlm::tlm_fw_transport_if<> {
 public:
  /// Inside a module's constructor. `depth` places for requests not yet released.
  AtTarget(const char* name, Calendar& calendar, Clock clock, Inlet inlet, unsigned width, unsigned depth);
  ~AtTarget() override;

  /// Calls `(object->*Method)(Payload&)` for each request, at an edge of the clock.
  template <auto Method, class Object>
  void bind_request(Object* object) {
    object_ = object;
    request_ = [](void* o, Payload& p) { (static_cast<Object*>(o)->*Method)(p); };
  }
  /// Who answers transport_dbg; without one it returns 0 bytes.
  void bind_debug(std::function<unsigned(tlm::tlm_generic_payload&)> debug) { debug_ = std::move(debug); }

  /// Payloads may come with byte enables. Without this they are refused.
  void accept_byte_enables() { byte_enables_ = true; }

  /// A request left its place in the input queue: one more may come.
  void release();
  /// Sends the response; the status is set. One response a beat, in order of calling.
  void respond(Payload& payload);

  tlm::tlm_target_socket<> socket;

 private:
  struct Foreign;  ///< somebody else's payload, served through one of ours

  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&) override;
  void b_transport(tlm::tlm_generic_payload&, sc_core::sc_time&) override;
  bool get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi&) override { return false; }
  unsigned transport_dbg(tlm::tlm_generic_payload& payload) override { return debug_ ? debug_(payload) : 0; }

  tlm::tlm_sync_enum begin_request(tlm::tlm_generic_payload&, tlm::tlm_phase&, Picoseconds delay);
  bool refuses(tlm::tlm_generic_payload&) const;
  Payload& adopt(tlm::tlm_generic_payload& foreign, sc_core::sc_event* done);
  bool take_place();
  void schedule_arrival(Payload& payload, Picoseconds sent);
  void arrive(std::uint64_t payload);
  void pump_responses(std::uint64_t = 0);
  void finish(Payload& payload);

  Calendar& calendar_;
  Clock clock_;
  Inlet inlet_;
  unsigned width_;
  unsigned free_;           ///< places for further requests
  Ring<Payload*> refused_;  ///< BEGIN_REQ seen, END_REQ owed
  Ring<Payload*> responses_;
  Picoseconds channel_free_ = 0;  ///< the response channel's next free edge
  Picoseconds received_ = 0;      ///< when the last request is seen; the next one's beats follow it
  bool pumping_ = false;
  bool awaiting_end_response_ = false;
  bool byte_enables_ = false;
  void* object_ = nullptr;
  void (*request_)(void*, Payload&) = nullptr;
  std::function<unsigned(tlm::tlm_generic_payload&)> debug_;
  PayloadPool adopted_;
  std::vector<std::unique_ptr<Foreign>> foreign_;
};

}  // namespace svasim::engine
