// The consumer of the command queue: fetches commands from memory, up to a cache line at a time, and executes
// them in order, one a cycle at most (SMMUv3, command queue). A CMD_SYNC holds everything behind it until it
// is complete. An error stops consumption, with CONS.RD at the command, until GERROR.CMDQ_ERR is
// acknowledged; then the command is fetched again. Inconsistent indices act as a full queue: consumption ends
// where they meet.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "models/arch/command.hpp"
#include "models/arch/queue.hpp"
#include "models/arch/registers.hpp"
#include "models/engine/calendar.hpp"
#include "models/smmu/memory_port.hpp"

namespace svasim::smmu {

/// Who carries the commands out.
class CommandExecutor {
 public:
  enum class Progress : std::uint8_t {
    done,
    wait
  };  ///< wait: the executor calls CommandQueue::resume() when done

  virtual ~CommandExecutor() = default;
  /// Starts `command`, which is legal. A CMD_SYNC is done when all it waits for is.
  virtual Progress execute(const arch::Command& command) = 0;
  /// Consumption stopped with `error` in CMDQ_CONS.ERR: GERROR.CMDQ_ERR becomes active.
  virtual void command_error(arch::CommandError error) = 0;
};

class CommandQueue {
 public:
  CommandQueue(engine::Calendar& calendar, engine::Clock clock, engine::Inlet inlet, MemoryPort& memory,
               CommandExecutor& executor, const arch::Features& features)
      : calendar_(calendar),
        clock_(clock),
        inlet_(inlet),
        memory_(memory),
        executor_(executor),
        features_(features) {}

  // Registers.
  void set_base(std::uint64_t base) {
    base_ = arch::QueueBase::decode(base, arch::kLog2CommandBytes, features_.cmdqs);
  }
  /// Off, no command is begun any more; the one under way is finished: see idle().
  void set_enabled(bool enabled);
  void set_prod(std::uint32_t prod);
  void set_cons(std::uint32_t cons) { cons_ = cons & 0xFFFFF; }
  /// GERROR.CMDQ_ERR: while it is active nothing is consumed.
  void set_error_active(bool active);
  std::uint32_t prod() const { return prod_; }
  /// RD and ERR.
  std::uint32_t cons() const { return cons_ | static_cast<std::uint32_t>(error_code_) << 24; }

  /// The command that had to wait is done, or ended with `error` (a CMD_SYNC after an ATC invalidation
  /// timeout).
  void resume(arch::CommandError error = arch::CommandError::none);

  bool enabled() const { return enabled_; }
  /// No command is being fetched or executed.
  bool idle() const { return !working_; }
  std::function<void()> on_idle;  ///< a disabled queue has become idle
  void reset();

  std::uint64_t consumed() const { return consumed_; }
  std::uint64_t fetches() const { return fetches_; }
  std::uint64_t errors() const { return errors_; }
  std::uint64_t syncs() const { return syncs_; }

 private:
  static constexpr unsigned kLine = 64;  ///< bytes of a fetch at the most

  void advance();
  void fetch();
  void fetched(engine::Payload& payload, std::uint64_t);
  void execute_next(std::uint64_t);
  void retire();
  void fail(arch::CommandError error);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  engine::Inlet inlet_;
  MemoryPort& memory_;
  CommandExecutor& executor_;
  const arch::Features& features_;
  arch::QueueBase base_;
  std::uint32_t prod_ = 0;
  std::uint32_t cons_ = 0;
  bool enabled_ = false;
  bool error_ = false;    ///< active: not yet acknowledged
  bool working_ = false;  ///< a fetch or an execution is under way
  arch::CommandError error_code_ = arch::CommandError::none;
  std::array<arch::CommandWords, kLine / 16> buffer_{};
  unsigned buffered_ = 0;
  unsigned next_ = 0;
  std::uint64_t consumed_ = 0, fetches_ = 0, errors_ = 0, syncs_ = 0;
};

}  // namespace svasim::smmu
