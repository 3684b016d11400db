// A memory of its own for who embeds an SMMU: any number of ports, sparse contents, an address error outside
// [base, base + size).
//
// One access starts every `interval` cycles (and as many as its data takes at `width` bytes a cycle), in
// order of arrival, lower ports first; it is answered `latency` cycles after its start, and is in effect at
// its start. Each port queues `depth` accesses. Any TLM-2.0 initiator may bind a port: b_transport from a
// thread, nb_transport, and transport_dbg, which takes no time. Compare-and-swaps (engine::Swap) are atomic.
#pragma once

#include <memory>
#include <vector>

#include "models/engine/at_socket.hpp"
#include "models/memory/store.hpp"

namespace svasim::memory {

struct RamConfig {
  std::uint64_t base = 0;
  std::uint64_t size = std::uint64_t{8} << 30;  ///< bytes; host memory is used for what is written only
  unsigned ports = 1;                           ///< 1 to 127
  unsigned latency = 50;                        ///< cycles, at least 1
  unsigned interval = 1;                        ///< cycles, at least 1
  unsigned width = 64;                          ///< bytes per cycle, of each port and of the memory
  unsigned depth = 16;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("base", base, "bytes", 0, 4.5e15, "first address");
    v.field("size", size, "bytes", 1, 4.5e15, "bytes; what is not written takes no host memory");
    v.field("latency", latency, "cycles", 1, 1e6, "from the start of an access to its answer");
    v.field("interval", interval, "cycles", 1, 1e6, "from one start to the next");
    v.field("width", width, "bytes", 1, 4096, "data per cycle, of each port and of the memory");
    v.field("depth", depth, "requests", 1, 4096, "places of each port's queue");
  }
};

class Ram : public sc_core::sc_module {
 public:
  /// `backing`, if given, holds the bytes and outlives the memory.
  Ram(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock, const RamConfig& config,
      Backing* backing = nullptr);
  ~Ram() override;

  tlm::tlm_target_socket<>& port(unsigned index = 0);
  /// The contents, for who builds tables without taking time.
  Store& store() { return store_; }
  /// All bytes are zero again (those of a backing are not). What is under way stays under way.
  void reset() { store_.clear(); }

 private:
  struct Port;

  void serve(Port& port, engine::Payload& payload);
  unsigned debug(tlm::tlm_generic_payload& payload);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  RamConfig config_;
  Store store_;
  engine::Picoseconds free_ = 0;  ///< when the next access may start
  std::vector<std::unique_ptr<Port>> ports_;
};

}  // namespace svasim::memory
