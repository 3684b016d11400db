// The storage device behind files and swap: commands wait for one of its slots, work side by side, and then
// share the bandwidth of its transfers. Contract: first come, first served. Source rule: NVMe-like devices; a
// disk is one slot and a long latency.
#pragma once

#include <functional>

#include "models/engine/ring.hpp"
#include "models/host/cpu.hpp"

namespace svasim::host {

struct StorageConfig {
  unsigned queue = 64;             ///< commands in the device at a time
  std::uint64_t bandwidth = 6000;  ///< MB/s

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("storage_queue", queue, "count", 1, 65536, "commands that the storage device works at together");
    v.field("storage_bandwidth", bandwidth, "MB/s", 1, 1e6, "transfers of the storage device (estimate)");
  }
};

class Storage {
 public:
  using Done = std::function<void()>;

  Storage(engine::Calendar& calendar, engine::Inlet inlet, const StorageConfig& config,
          LatencySource& latency, LatencySource& wake);

  /// Reads, asleep until the data are there.
  void read(Thread& thread, std::uint64_t bytes);
  /// Calls `done` when they are written.
  void write(std::uint64_t bytes, Done done);

  std::uint64_t commands() const { return commands_; }
  std::uint64_t bytes() const { return bytes_; }
  std::size_t queue_peak() const { return waiting_.peak(); }

 private:
  struct Command {
    std::uint64_t bytes = 0;
    Done done;
  };

  void submit(std::uint64_t bytes, Done done);
  void begin(Command command);
  void found(std::uint64_t slot);
  void finished(std::uint64_t slot);

  engine::Calendar& calendar_;
  engine::Inlet inlet_;
  StorageConfig config_;
  LatencySource& latency_;
  LatencySource& wake_;
  std::vector<Command> slots_;
  std::vector<std::size_t> free_;
  engine::Ring<Command> waiting_;
  Picoseconds transfers_end_ = 0;
  std::uint64_t commands_ = 0, bytes_ = 0;
};

}  // namespace svasim::host
