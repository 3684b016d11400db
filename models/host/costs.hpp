// What software costs where it is not simulated instruction by instruction: one distribution per stage, for
// two profiles, and the generators of a run. Contract: means are of the stage's software alone; the loads,
// stores, register accesses and waits it makes are timed besides. Source rule: a meaning says where its
// figures come from: "measured" (page faults of a 2-CPU virtual machine, Linux 6.18, exception entry taken
// off; published figures agree), or "estimate". Sums are bounded by published VT-d page-request histograms.
#pragma once

#include <array>
#include <vector>

#include "models/host/latency.hpp"

namespace svasim::host {

enum class Cost : std::uint8_t {
  irq_delivery,
  irq_handler,
  irq_thread,
  idle_exit,
  pop,
  report,
  kworker,
  driver_handler,
  wake,
  mm_lock,
  anon_fault,
  zero_fault,
  zero_cow,
  cow,
  file_fault,
  fixup,
  huge_fault,
  major_fault,
  storage,
  migrate,
  response,
  notifier,
  exception,
  syscall,
  page_op,
  fork,
  pin,
  count
};
inline constexpr std::size_t kCosts = static_cast<std::size_t>(Cost::count);

struct CostInfo {
  Cost cost;
  const char* key;
  Latency server;
  Picoseconds embedded;  ///< mean; the shape is the server's
  const char* meaning;
};

/// In the order of the enumeration.
inline constexpr std::array<CostInfo, kCosts> kCostInfo = {{
    {Cost::irq_delivery, "irq_delivery", lognormal(300'000, 0.5), 750'000,
     "MSI write at the doorbell until the hard handler starts (estimate)"},
    {Cost::irq_handler, "irq_handler", fixed(300'000), 750'000,
     "hard interrupt handler, on its CPU (estimate)"},
    {Cost::irq_thread, "irq_thread", lognormal(2'500'000, 0.5), 8'000'000,
     "waking the queue's interrupt thread on an idle CPU (estimate)"},
    {Cost::idle_exit, "idle_exit", lognormal(20'000'000, 0.3), 60'000'000,
     "a CPU leaving the deep idle state it is in after idle_after (estimate)"},
    {Cost::pop, "pop", fixed(150'000), 400'000,
     "taking one record off the event or page-request queue (estimate)"},
    {Cost::report, "report", fixed(400'000), 1'500'000,
     "decoding a record, finding its device, reporting the fault (estimate)"},
    {Cost::kworker, "kworker", lognormal(2'800'000, 0.5), 8'000'000,
     "waking a worker on an idle CPU (estimate, bounded by VT-d histograms)"},
    {Cost::driver_handler, "driver_handler", lognormal(2'500'000, 0.5), 8'000'000,
     "waking a device driver's own fault thread (estimate)"},
    {Cost::wake, "wake", lognormal(2'500'000, 0.5), 8'000'000,
     "waking a thread that slept for a lock or for storage (estimate)"},
    {Cost::mm_lock, "mm_lock", fixed(150'000), 500'000,
     "finding the address space, uncontended mmap lock, VMA (estimate)"},
    {Cost::anon_fault, "anon_fault", lognormal(1'200'000, 0.3), 4'000'000,
     "anonymous 4 KB page written first: allocate, zero, map (measured)"},
    {Cost::zero_fault, "zero_fault", lognormal(450'000, 0.3), 1'500'000,
     "anonymous page read first: map the shared zero page (measured)"},
    {Cost::zero_cow, "zero_cow", lognormal(1'900'000, 0.3), 6'000'000,
     "write to a page that maps the zero page, its invalidation apart (measured)"},
    {Cost::cow, "cow", lognormal(2'300'000, 0.3), 7'000'000,
     "copy on write of a 4 KB page, its invalidation apart (measured)"},
    {Cost::file_fault, "file_fault", lognormal(450'000, 0.3), 1'500'000,
     "map a page of the page cache and its neighbours (measured)"},
    {Cost::fixup, "fixup", lognormal(350'000, 0.3), 1'200'000,
     "page present: permission, access flag or dirty state only (estimate)"},
    {Cost::huge_fault, "huge_fault", lognormal(250'000'000, 0.1), 900'000'000,
     "2 MB page: allocate, zero, map (measured)"},
    {Cost::major_fault, "major_fault", fixed(5'000'000), 15'000'000,
     "software of a major fault: page cache or swap, block layer (estimate)"},
    {Cost::storage, "storage", lognormal(50'000'000, 0.2), 100'000'000,
     "storage device: one command, its transfer apart (estimate: NVMe; a disk: 5 to 10 ms)"},
    {Cost::migrate, "migrate", lognormal(3'000'000, 0.3), 10'000'000,
     "moving one page elsewhere: copy and reverse mapping (estimate)"},
    {Cost::response, "response", fixed(200'000), 600'000, "building the response (estimate)"},
    {Cost::notifier, "notifier", fixed(300'000), 1'000'000,
     "MMU notifier before its invalidation commands (estimate)"},
    {Cost::exception, "exception", fixed(200'000), 600'000,
     "a CPU's own page fault: entry and exit (estimate)"},
    {Cost::syscall, "syscall", fixed(700'000), 2'500'000,
     "fixed part of mmap, munmap, madvise, mprotect, bind (estimate)"},
    {Cost::page_op, "page_op", fixed(50'000), 150'000,
     "per page cleared, protected or copied by a system call (estimate)"},
    {Cost::fork, "fork", fixed(60'000'000), 200'000'000, "fixed part of fork (estimate)"},
    {Cost::pin, "pin", fixed(150'000), 500'000, "pinning one page that is present (estimate)"},
}};

constexpr bool in_order(const std::array<CostInfo, kCosts>& table) {
  for (std::size_t i = 0; i < kCosts; ++i) {
    if (table[i].cost != static_cast<Cost>(i)) return false;
  }
  return true;
}
static_assert(in_order(kCostInfo));

enum class Profile : std::uint8_t { server = 0, embedded = 1 };

/// The configured distributions.
class CostTable {
 public:
  CostTable() { set(Profile::server); }
  /// Every mean and shape as the profile has it. `embedded` is an in-order 1 GHz class CPU.
  void set(Profile profile);

  Latency& operator[](Cost cost) { return latency_[static_cast<std::size_t>(cost)]; }
  const Latency& operator[](Cost cost) const { return latency_[static_cast<std::size_t>(cost)]; }

 private:
  std::array<Latency, kCosts> latency_;
};

/// The generators of a run, one per stage.
class Costs {
 public:
  Costs(const CostTable& table, std::uint64_t seed);
  LatencySource& operator[](Cost cost) { return sources_[static_cast<std::size_t>(cost)]; }
  Picoseconds draw(Cost cost) { return (*this)[cost].draw(); }

 private:
  std::vector<LatencySource> sources_;
};

}  // namespace svasim::host
