// Device-managed I/O page faults: how a device that handles its own tells its driver, and is told.
//
// Firmware of `engines` engines carries out one job each at a time, oldest first: reporting a fault
// (`report`, then a record into the queue in memory, then PROD and an MSI if the queue was empty), and taking
// up a resolution (`resume`, then the device tries again or gives up). An engine with a record waits while
// the queue is full. Contract: every fault reported is resolved once. Source rule:
// models/arch/device_fault.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "models/arch/device_fault.hpp"
#include "models/arch/queue.hpp"
#include "models/engine/calendar.hpp"
#include "models/engine/ring.hpp"
#include "models/probe/counters.hpp"
#include "models/probe/recorder.hpp"

namespace svasim::pcie {

struct FaultReporterConfig {
  std::uint64_t report = 100'000'000;
  std::uint64_t resume = 80'000'000;
  unsigned engines = 1;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("faults.report", report, "ps", 0, 1e12,
            "device-managed faults: firmware, before a fault is recorded (estimate: 180 us in all, as "
            "published of RDMA adapters)");
    v.field("faults.resume", resume, "ps", 0, 1e12,
            "device-managed faults: firmware, from the driver's resolution to the retry (estimate)");
    v.field("faults.engines", engines, "count", 1, 1024, "device-managed faults: firmware engines");
  }
};

class FaultReporter {
 public:
  /// What a device writes by itself: to memory, `bytes` (4 or 16) of `data` in order. Anything written later,
  /// or read from its registers, is seen after it.
  using Write =
      std::function<void(std::uint64_t address, const arch::device_fault::RecordWords& data, unsigned bytes)>;

  FaultReporter(engine::Calendar& calendar, engine::Clock clock, engine::Inlet inlet,
                probe::Recorder& recorder, arch::StreamId stream, std::uint32_t device,
                const FaultReporterConfig& config);

  /// Tells the driver of a missing page. `token` names the fault until it is resolved. The caller attaches
  /// the transactions that wait for it, and may do so until on_answered.
  probe::Fault& report(std::uint16_t token, arch::SubstreamId substream, arch::Va va, arch::Access wanted);

  Write write;
  /// After `write` of a record, if the device cannot promise that order: it calls written() then.
  bool waits_for_write = false;
  void written();
  /// The driver has answered, the fault is closed; then: firmware is done with it.
  std::function<void(std::uint16_t token)> on_answered;
  std::function<void(std::uint16_t token, bool success)> on_resolved;

  // Registers (arch::device_fault), naturally aligned.
  void write_register(std::uint32_t offset, std::uint64_t value, unsigned bytes);
  std::uint64_t read_register(std::uint32_t offset) const;

  template <class F>
  void counters(F&& f) const {
    f("faults_reported", reported_);
    f("faults_answered", answered_);
    f("fault_jobs_peak", jobs_.peak());
    f("fault_queue_full", full_waits_);
    f("unexpected_resolutions", unexpected_);
  }

 private:
  enum class State : std::uint8_t { none, reporting, recorded, answered };
  struct Live {
    State state = State::none;
    arch::Access wanted;
    bool success = false;
    arch::SubstreamId substream;
    arch::Va va;
    probe::Fault* fault = nullptr;
  };

  void start_jobs();
  void finished(std::uint64_t token);
  void engine_free();
  void record();
  void answer(std::uint16_t token, bool success);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  engine::Inlet inlet_;
  probe::Recorder& recorder_;
  arch::StreamId stream_;
  std::uint32_t device_;
  FaultReporterConfig config_;

  std::vector<Live> live_;               ///< by token
  engine::Ring<std::uint16_t> waiting_;  ///< for an engine
  engine::Ring<std::uint16_t> records_;  ///< to be written; each keeps its engine
  unsigned busy_ = 0;
  bool writing_ = false;
  probe::Occupancy jobs_;
  arch::QueueBase queue_;
  bool enabled_ = false;
  std::uint32_t prod_ = 0, cons_ = 0;
  std::uint64_t msi_address_ = 0;
  std::uint32_t msi_data_ = 0;
  std::uint64_t reported_ = 0, answered_ = 0, full_waits_ = 0, unexpected_ = 0;
};

}  // namespace svasim::pcie
