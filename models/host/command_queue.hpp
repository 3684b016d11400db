// The command queue as Linux drives it: slots are reserved without a lock; of the CPUs that insert at the
// same time the first one publishes PROD for all; a CMD_SYNC is waited for by polling, interrupts disabled.
// Contract: commands of one call stay together and in order. Source rule: Linux arm-smmu-v3, command queue
// insertion; SMMUv3, command queue errors.
#pragma once

#include <string>
#include <vector>

#include "models/arch/command.hpp"
#include "models/arch/queue.hpp"
#include "models/arch/registers.hpp"
#include "models/host/host_config.hpp"
#include "models/host/ledger.hpp"
#include "models/host/lock.hpp"

namespace svasim::host {

/// Linux' wait between two looks: ten at once, then 1 us, 2 us, 4 us and so on with ten more looks each time.
class PollBackoff {
 public:
  explicit PollBackoff(Thread& thread) : thread_(&thread), begun_(thread.now()) {}
  /// False when a second has passed.
  bool wait();

 private:
  Thread* thread_;
  Picoseconds begun_;
  Picoseconds delay_ = 1'000'000;
  unsigned looks_ = 0;
};

class CommandQueue {
 public:
  CommandQueue(std::uint64_t registers, SyncMode sync, const Ledger& ledger);

  /// Programs base and indices; the queue may then be enabled.
  void set_up(Thread& thread, arch::QueueBase base, bool msi);
  /// Inserts `commands` and, if `sync`, a CMD_SYNC whose completion it waits for. Longer lists are inserted
  /// in batches, of which only the last is synchronised. `fault`: whose response this is.
  void issue(Thread& thread, const std::vector<arch::Command>& commands, bool sync,
             const probe::FaultKey* fault = nullptr);
  void issue(Thread& thread, const arch::Command& command, bool sync, const probe::FaultKey* fault = nullptr);
  /// Waits for a CMD_SYNC: the records of what ended before are visible.
  void sync(Thread& thread) { insert(thread, nullptr, 0, true, nullptr); }
  /// Handles GERROR.CMDQ_ERR: reports it and, if the command was illegal, makes it a CMD_SYNC.
  void recover(Thread& thread);

  std::uint64_t commands() const { return commands_; }
  std::uint64_t syncs() const { return syncs_; }
  std::uint64_t full_waits() const { return full_waits_; }  ///< insertions that found no room
  std::uint64_t errors() const { return errors_; }
  std::uint32_t peak() const { return peak_; }  ///< most entries not known to be consumed

  std::function<void(const std::string&)> on_error;

 private:
  struct Slot {
    bool written = false;
    bool response = false;  ///< `fault` is whose
    probe::FaultKey fault{};
  };

  void insert(Thread& thread, const arch::Command* commands, unsigned count, bool sync,
              const probe::FaultKey* fault);
  std::uint32_t reserve(Thread& thread, unsigned count);
  void wait_for_room(Thread& thread, unsigned count);
  void write(Thread& thread, std::uint32_t position, const arch::Command& command);
  void publish(Thread& thread, std::uint32_t start);
  bool all_written(std::uint32_t first, std::uint32_t end);
  void wait_for_sync(Thread& thread, std::uint32_t position);
  bool completed(Thread& thread, std::uint32_t position);
  void consumed(std::uint32_t cons);
  arch::Command sync_command(std::uint32_t position) const;
  std::uint64_t address(std::uint32_t position) const;
  void report(const std::string& what);

  std::uint64_t registers_;
  SyncMode sync_;
  const Ledger& ledger_;
  arch::QueueBase base_;
  arch::QueueIndex index_{0};
  std::vector<Slot> slots_;
  std::uint32_t prod_ = 0;       ///< reserved up to here
  std::uint32_t published_ = 0;  ///< PROD register
  std::uint32_t cons_ = 0;       ///< known to be consumed up to here
  bool owned_ = false;           ///< somebody gathers commands and will publish
  bool refreshing_ = false;      ///< somebody reads CONS for all that wait for room
  unsigned waiting_for_sync_ = 0;
  SpinList changed_;
  std::uint64_t commands_ = 0, syncs_ = 0, full_waits_ = 0, errors_ = 0;
  std::uint32_t peak_ = 0;
};

}  // namespace svasim::host
