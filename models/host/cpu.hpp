// CPUs and the software threads on them. A CPU runs one thing at a time; a thread keeps its CPU until it
// blocks, or offers it. Contract: threads are straight-line code (engine::Fiber); runnable threads wait first
// in, first out, interrupt threads ahead of others (Linux runs them SCHED_FIFO); a hard interrupt handler
// stops what its CPU runs. What else the machine computes (`busy`) is a user task on every CPU, which
// interrupt threads displace at once and others after its time slice. A CPU that was idle for long wakes
// late. Loads and stores are timed transactions through one port. Source rule: Linux scheduling as far as it
// shows in fault latency.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/engine/at_socket.hpp"
#include "models/engine/fiber.hpp"
#include "models/host/latency.hpp"

namespace svasim::host {

struct CpuConfig {
  unsigned cpus = 4;
  unsigned port_width = 16;
  double busy = 0;
  Picoseconds burst = 200'000'000;
  Picoseconds slice = 0;
  Picoseconds idle_after = 0;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("cpus", cpus, "count", 1, 256, "CPUs");
    v.field("port_width", port_width, "bytes", 1, 64, "bytes a cycle between the CPUs and the interconnect");
    v.field("busy", busy, "", 0, 1, "load of every CPU by other programs");
    v.field("burst", burst, "ps", 1'000, 1e13, "mean time such a program computes between two sleeps");
    v.field(
        "slice", slice, "ps", 0, 1e13,
        "it keeps its CPU that long before a worker may have it; 0: waking workers displace it (CFS; EEVDF: "
        "up to 3 ms)");
    v.field("idle_after", idle_after, "ps", 0, 1e13,
            "idle time after which a CPU is in deep sleep (idle_exit); 0: never");
  }
};

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
  /// Gives the CPU up for `duration`, or until somebody wakes it.
  void sleep(Picoseconds duration);
  /// Keeps the CPU until poke().
  void spin();
  /// Lets those who wait for a CPU go first.
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
  void timer(std::uint64_t) { wake(0); }
  void resume(Picoseconds when);
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

/// The other programs of a CPU, as one task.
struct OtherWork {
  enum class State : std::uint8_t { asleep, ready, running };
  State state = State::asleep;
  Picoseconds left = 0;   ///< of its burst, when it last began to run
  Picoseconds since = 0;  ///< running
  Picoseconds slice_began = 0;
  bool interrupted = false;  ///< not displaced: its slice goes on
  std::uint32_t turn = 0;    ///< counts its turns on the CPU
};

struct Cpu {
  bool takes_interrupts = false;
  Thread* running = nullptr;
  Thread* preempted = nullptr;          ///< wants to go on when the interrupt is over
  Thread* pending_interrupt = nullptr;  ///< waits for interrupts to be enabled
  bool interrupts_on = true;
  bool in_interrupt = false;
  OtherWork others;
  Picoseconds since = 0;              ///< of running, or of the interrupt of an idle CPU
  Picoseconds idle_since = 0;         ///< nothing at all runs
  Picoseconds interrupted_since = 0;  ///< of in_interrupt
  Picoseconds stolen = 0;             ///< by interrupts, ever
  Picoseconds busy = 0;
};

/// The scheduler, and the CPUs' port into the interconnect.
class Cpus {
 public:
  /// Inside a module's constructor. Uses inlets 0 (responses) and 1 (threads) of `block`.
  Cpus(engine::Calendar& calendar, engine::Clock clock, std::uint16_t block, const CpuConfig& config,
       LatencySource& idle_exit, std::uint64_t seed);
  /// The other programs begin to run.
  void start_others();

  Picoseconds busy() const;  ///< with threads and interrupts; summed over CPUs, up to each one's last change
  Picoseconds others() const { return others_; }  ///< with other programs
  std::uint64_t idle_exits() const { return idle_exits_; }
  std::size_t queue_peak() const { return real_time_.peak() + normal_.peak(); }
  /// `visit(name, text)` and `visit(name, bits, value)` for every signal of the waves.
  template <class Visit>
  void signals(Visit&& visit) const;
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
  Cpu* displaceable_cpu(const Thread& thread);
  void dispatch_again(std::uint64_t);
  void release(Cpu& cpu);
  /// When a CPU can do something new.
  Picoseconds ready_at(const Cpu& cpu);
  static bool runs_nothing(const Cpu& cpu);
  static std::string_view what_runs(const Cpu& cpu);
  void go_idle(Cpu& cpu);
  void others_wake(std::uint64_t cpu);
  void others_run(Cpu& cpu);
  void others_pause(Cpu& cpu);
  void others_end(std::uint64_t turn);
  void begin_interrupt(Cpu& cpu, Thread& thread);
  void end_interrupt(Cpu& cpu);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  engine::Inlet threads_;
  CpuConfig config_;
  LatencySource& idle_exit_;
  LatencySource other_burst_, other_sleep_;
  std::vector<Cpu> cpus_;
  Picoseconds dispatch_at_ = 0;  ///< when a slice of other work is over
  Picoseconds others_ = 0;
  std::uint64_t idle_exits_ = 0;
  engine::Ring<Thread*> real_time_;
  engine::Ring<Thread*> normal_;
  std::uint64_t loads_ = 0, stores_ = 0, failed_accesses_ = 0;
  engine::PayloadPool pool_;
};

template <class Visit>
void Cpus::signals(Visit&& visit) const {
  for (std::size_t i = 0; i < cpus_.size(); ++i) visit("cpu" + std::to_string(i), what_runs(cpus_[i]));
  visit("real_time_queue", 16, real_time_.size());
  visit("normal_queue", 16, normal_.size());
  visit("request_queue", 16, memory.queued());
}

}  // namespace svasim::host
