// The crossbar between initiators (TBUs, TCU, CPUs) and targets (last-level cache, register files).
//
// A request waits `request_latency` cycles in its input's queue (decode, arbitration), then competes for its
// output when it is the head of that queue: an input's requests stay in order, and a head that waits blocks
// those behind it. Each output takes one request at a time (as many cycles as it has data beats) from the
// eligible heads, round robin: the search starts behind the input served last. A request that lies in no
// region is answered with an address error. Responses wait `response_latency` cycles and leave on their
// input's response channel in order of arrival; of those that arrive at one edge, the lower output goes
// first.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/engine/at_socket.hpp"

namespace svasim::memory {

struct InterconnectConfig {
  unsigned request_latency = 4;
  unsigned response_latency = 4;
  unsigned width = 64;
  unsigned input_depth = 8;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("request_latency", request_latency, "cycles", 0, 1000, "from arrival to the earliest grant");
    v.field("response_latency", response_latency, "cycles", 0, 1000,
            "from a response's arrival to its sending");
    v.field("width", width, "bytes", 1, 4096, "data bytes per cycle of each channel");
    v.field("input_depth", input_depth, "count", 1, 4096, "requests that fit each input's queue");
  }
  std::vector<std::string> check() const { return {}; }
};

/// Addresses [base, base + size) are answered by output `target`.
struct Region {
  std::uint64_t base;
  std::uint64_t size;
  unsigned target;
};

class Interconnect : public sc_core::sc_module {
 public:
  static constexpr unsigned kMaxPorts = 63;  ///< of inputs, and of outputs

  /// Throws std::invalid_argument with the first message of check_map().
  Interconnect(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
               const InterconnectConfig& config, unsigned inputs, unsigned outputs, std::vector<Region> map);

  /// One message per broken rule: port numbers in range, regions not empty, not overlapping, not wrapping.
  static std::vector<std::string> check_map(unsigned inputs, unsigned outputs,
                                            const std::vector<Region>& map);

  engine::AtTarget& port(unsigned input) { return inputs_[input]->port; }          ///< initiators bind here
  engine::AtInitiator& output(unsigned output) { return outputs_[output]->port; }  ///< bind to a target

  template <class F>
  void counters(F&& f) const {
    f("requests", requests_);
    f("address_errors", address_errors_);
    f("bytes", bytes_);
    f("input_queue_peak", input_queue_peak());
    f("wait_cycles", wait_cycles_);
  }
  /// `visit(name, bits, value)` for every signal of the waves.
  template <class Visit>
  void signals(Visit&& visit) const {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      visit("input" + std::to_string(i) + "_queue", 16, inputs_[i]->queue.size());
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      visit("output" + std::to_string(i) + "_ready", 1, outputs_[i]->port.ready());
    }
  }

 private:
  struct Waiting {
    engine::Payload* payload;
    unsigned output;               ///< outputs_.size(): in no region
    engine::Picoseconds eligible;  ///< its latency is over
  };
  struct Input {
    Input(Interconnect& owner, unsigned number);
    void request(engine::Payload& payload);
    void deliver(std::uint64_t payload);

    Interconnect& owner;
    engine::AtTarget port;
    engine::Ring<Waiting> queue;
    engine::Picoseconds free = 0;  ///< the data of the request granted last has left the queue
  };
  struct Output {
    Output(Interconnect& owner, unsigned number, unsigned inputs);
    void response(engine::Payload& payload);
    void ready() { owner.arbitrate(number); }

    Interconnect& owner;
    unsigned number;
    engine::AtInitiator port;
    unsigned last;  ///< input served last
  };

  unsigned decode(std::uint64_t address, std::uint64_t bytes) const;
  unsigned debug(tlm::tlm_generic_payload& payload);
  void announce_head(Input& input);
  bool eligible(const Input& input, std::uint64_t output) const;
  void arbitrate(std::uint64_t output);
  void reject_unmapped();
  engine::Payload& take_head(Input& input);
  std::uint64_t input_queue_peak() const;

  engine::Calendar& calendar_;
  engine::Clock clock_;
  InterconnectConfig config_;
  std::vector<Region> map_;
  std::uint16_t block_;
  std::vector<std::unique_ptr<Output>> outputs_;
  std::vector<std::unique_ptr<Input>> inputs_;
  std::uint64_t requests_ = 0;
  std::uint64_t address_errors_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t wait_cycles_ = 0;  ///< of requests, beyond the request latency
};

}  // namespace svasim::memory
