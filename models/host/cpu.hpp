// CPUs and the software threads on them. A CPU runs one thing at a time; a thread keeps its CPU until it
// blocks. Contract: threads are straight-line code (engine::Fiber); runnable threads wait first in, first
// out, interrupt threads ahead of others (Linux runs them SCHED_FIFO); a hard interrupt handler stops what
// its CPU runs. Loads and stores are timed transactions through one port. Source rule: Linux scheduling as
// far as it shows in fault latency; no time slices.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "models/engine/at_socket.hpp"
#include "models/engine/fiber.hpp"
#include "models/host/latency.hpp"

namespace svasim::host {

class Cpus;
struct Cpu;

class Thread {
 public:
  enum class Kind : std::uint8_t { normal, real_time, interrupt };
  using Body = std::function<void(Thread&)>;

  /// Blocked until the first wake(), which starts `body`. It must outlive the simulation or be finished.
  Thread(Cpus& cpus, Kind kind, Body body);
  /// The hard interrupt context of a CPU: runs as soon as that CPU has interrupts enabled.
  Thread(Cpus& cpus, unsigned cpu, Body body);
  Thread(const Thread&) = delete;

  // From inside the body; the CPU is held unless said otherwise.

  /// Works for `duration`, and as much longer as interrupts take the CPU away.
  void run(Picoseconds duration);
  /// Loads: wait for the data. An access that fails reads as all ones and is reported.
  std::uint32_t read32(std::uint64_t address);
  std::uint64_t read64(std::uint64_t address);
  /// A line (64 bytes) at a time.
  void read_bytes(std::uint64_t address, std::uint8_t* data, unsigned bytes);
  /// Stores: posted, one clock cycle each.
  void write32(std::uint64_t address, std::uint32_t value);
  void write64(std::uint64_t address, std::uint64_t value);
  void write_bytes(std::uint64_t address, const std::uint8_t* data, unsigned bytes);
  /// Waits until this thread's stores have all been answered: others see them.
  void barrier();
  /// Gives the CPU up until wake(); returns at once if a wake() came since the last block().
  void block();
  /// Keeps the CPU until poke().
  void spin();
  /// Lets interrupt threads that wait for a CPU go first.
  void offer();
  /// Disables or enables hard interrupts on this CPU.
  void set_interrupts(bool on);

  // From anywhere.

  /// Makes a blocked thread runnable after `latency`; it then waits for a CPU.
  void wake(Picoseconds latency);
  /// Ends spin().
  void poke();
  Picoseconds now() const;

 private:
  friend class Cpus;
  enum class State : std::uint8_t { blocked, waking, queued, running, finished };

  void ready(std::uint64_t);
  void resume();
  void body();
  void yield_to_interrupt();
  void wait();
  engine::Payload& load(std::uint64_t address, unsigned bytes);
  void store(std::uint64_t address, const std::uint8_t* data, unsigned bytes);
  void answered(engine::Payload& payload);

  Cpus& cpus_;
  Kind kind_;
  State state_ = State::blocked;
  bool wake_pending_ = false;
  bool spinning_ = false;
  bool in_barrier_ = false;
  unsigned posted_ = 0;  ///< stores not yet answered
  engine::Payload* loaded_ = nullptr;
  Cpu* cpu_ = nullptr;  ///< where it runs, or last ran
  Body body_;
  std::optional<engine::Fiber> fiber_;
};

struct Cpu {
  bool takes_interrupts = false;
  Thread* running = nullptr;
  Thread* preempted = nullptr;          ///< wants to go on when the interrupt is over
  Thread* pending_interrupt = nullptr;  ///< waits for interrupts to be enabled
  bool interrupts_on = true;
  bool in_interrupt = false;
  Picoseconds since = 0;              ///< of running, or of the interrupt of an idle CPU
  Picoseconds interrupted_since = 0;  ///< of in_interrupt
  Picoseconds stolen = 0;             ///< by interrupts, ever
  Picoseconds busy = 0;
};

/// The scheduler, and the CPUs' port into the interconnect.
class Cpus {
 public:
  /// Inside a module's constructor. Uses inlets 0 (responses) and 1 (threads) of `block`.
  Cpus(engine::Calendar& calendar, engine::Clock clock, std::uint16_t block, unsigned count, unsigned width);

  Picoseconds busy() const;  ///< summed over CPUs, up to each one's last change
  std::size_t queue_peak() const { return real_time_.peak() + normal_.peak(); }
  std::uint64_t loads() const { return loads_; }
  std::uint64_t stores() const { return stores_; }
  std::uint64_t failed_accesses() const { return failed_accesses_; }

  /// Told of accesses that failed.
  std::function<void(const std::string&)> on_error;
  engine::AtInitiator memory;

 private:
  friend class Thread;

  void respond(engine::Payload& payload);
  void enqueue(Thread& thread);
  void dispatch();
  Cpu* idle_cpu(const Thread& thread);
  void release(Cpu& cpu);
  void begin_interrupt(Cpu& cpu, Thread& thread);
  void end_interrupt(Cpu& cpu);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  engine::Inlet threads_;
  std::vector<Cpu> cpus_;
  engine::Ring<Thread*> real_time_;
  engine::Ring<Thread*> normal_;
  std::uint64_t loads_ = 0, stores_ = 0, failed_accesses_ = 0;
  engine::PayloadPool pool_;
};

}  // namespace svasim::host
