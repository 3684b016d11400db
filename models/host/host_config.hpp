// What can be configured of the host, with defaults. Contract: plain values; check() names what is wrong.
// Source rule: a latency's meaning says where its default comes from: "measured" (page faults of a 2-CPU
// virtual machine, Linux 6.18, agreeing with published figures), or "estimate".
#pragma once

#include <string>
#include <vector>

#include "models/host/latency.hpp"

namespace svasim::host {

enum class SyncMode : std::uint8_t { msi = 0, poll = 1 };
enum class PriPolicy : std::uint8_t { serve = 0, deny = 1 };
enum class PasidPolicy : std::uint8_t { trace = 0, lowest = 1 };
enum class Profile : std::uint8_t { server = 0, embedded = 1 };

/// Means are of the stage's software alone; the loads, stores and register accesses it makes are
/// timed transactions besides.
struct HostLatencies {
  Latency irq_delivery = lognormal(300'000, 0.5);
  Latency irq_handler = fixed(300'000);
  Latency irq_thread = lognormal(2'500'000, 0.5);
  Latency pop = fixed(150'000);
  Latency report = fixed(400'000);
  Latency kworker = lognormal(2'800'000, 0.5);
  Latency wake = lognormal(2'500'000, 0.5);
  Latency mm_lock = fixed(150'000);
  Latency anon_fault = lognormal(1'290'000, 0.3);
  Latency fixup = lognormal(350'000, 0.3);
  Latency response = fixed(200'000);
  Latency notifier = fixed(300'000);

  static HostLatencies of(Profile profile);

  /// Calls `visit(key, latency, meaning)` for each stage.
  template <class Self, class Visit>
  static void for_each(Self& l, Visit&& visit) {
    visit("irq_delivery", l.irq_delivery,
          "MSI write at the doorbell until the hard handler starts (estimate)");
    visit("irq_handler", l.irq_handler, "hard interrupt handler, on its CPU (estimate)");
    visit("irq_thread", l.irq_thread, "waking the queue's interrupt thread on an idle CPU (estimate)");
    visit("pop", l.pop, "taking one record off the event or page-request queue (estimate)");
    visit("report", l.report, "decoding a record, finding its device, reporting the fault (estimate)");
    visit("kworker", l.kworker, "waking a worker on an idle CPU (estimate, bounded by VT-d histograms)");
    visit("wake", l.wake, "waking a thread that slept for the mmap lock (estimate)");
    visit("mm_lock", l.mm_lock, "finding the address space, uncontended mmap lock, VMA (estimate)");
    visit("anon_fault", l.anon_fault, "anonymous 4 KB page: allocate, zero, map (measured p50 1.29 us)");
    visit("fixup", l.fixup, "page found present already (estimate)");
    visit("response", l.response, "building the response (estimate)");
    visit("notifier", l.notifier, "MMU notifier before its invalidation commands (estimate)");
  }
};

struct HostConfig {
  unsigned cpus = 4;
  unsigned irq_cpu = 0;
  unsigned workers = 256;
  SyncMode sync = SyncMode::msi;
  PriPolicy pri_policy = PriPolicy::serve;
  PasidPolicy pasid_policy = PasidPolicy::trace;
  unsigned min_pasid = 1;
  unsigned max_pasid = (1u << 20) - 1;
  unsigned cmdq_log2 = 16;
  unsigned eventq_log2 = 15;
  unsigned priq_log2 = 16;
  unsigned port_width = 16;
  std::uint64_t seed = 1;
  HostLatencies latency;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("cpus", cpus, "count", 1, 256, "CPUs");
    v.field("irq_cpu", irq_cpu, "index", 0, 255, "the CPU that takes the SMMU's interrupts");
    v.field("workers", workers, "count", 1, 1024,
            "fault groups served at a time (max_active; Linux 6.1: 256)");
    v.choice("sync", sync, {"msi", "poll"}, "CMD_SYNC completion: word written by the SMMU, or CMDQ_CONS");
    v.choice("pri_policy", pri_policy, {"serve", "deny"},
             "page requests: serve them, or deny as mainline does");
    v.choice("pasid_policy", pasid_policy, {"trace", "lowest"},
             "a process's PASID: its number in the trace "
             "when free, or the lowest free one");
    v.field("min_pasid", min_pasid, "PASID", 1, (1u << 20) - 1, "smallest PASID given out");
    v.field("max_pasid", max_pasid, "PASID", 1, (1u << 20) - 1, "largest PASID given out");
    v.field("cmdq_log2", cmdq_log2, "log2", 1, 16, "command queue entries, at most what IDR1 allows");
    v.field("eventq_log2", eventq_log2, "log2", 0, 15, "event queue entries, at most what IDR1 allows");
    v.field("priq_log2", priq_log2, "log2", 0, 16, "page-request queue entries, at most what IDR1 allows");
    v.field("port_width", port_width, "bytes", 1, 64, "bytes a cycle between the CPUs and the interconnect");
    HostLatencies::for_each(latency, [&](const char* key, Latency& l, const char* meaning) {
      const std::string name = key;
      v.field(name, l.mean, "ps", 0, 1'000'000'000'000, std::string("mean: ") + meaning);
      v.choice(name + "_shape", l.shape, {"fixed", "lognormal", "uniform"}, "distribution of " + name);
      v.field(name + "_spread", l.spread, "", 0.0, 3.0, "lognormal: sigma; uniform: half width / mean");
    });
  }
  /// What is wrong with the values together; empty when nothing is.
  std::vector<std::string> check() const;
};

}  // namespace svasim::host
