// What can be configured of the host, with defaults. Contract: plain values; check() names what is wrong.
// Source rule: Linux; what software costs, and where those figures come from, is in costs.hpp.
#pragma once

#include <string>
#include <vector>

#include "models/host/costs.hpp"
#include "models/host/storage.hpp"

namespace svasim::host {

enum class SyncMode : std::uint8_t { msi = 0, poll = 1 };
enum class PriPolicy : std::uint8_t { serve = 0, mainline_deny = 1 };
enum class PasidPolicy : std::uint8_t { trace = 0, lowest = 1 };
enum class LinuxVersion : std::uint8_t { v6_1 = 0, v7_0 = 1 };
enum class Flush : std::uint8_t { none = 0, drain = 1 };
enum class Thp : std::uint8_t { never = 0, madvise = 1, always = 2 };

enum class WorkqueueScope : std::uint8_t {
  global = 0,
  per_smmu = 1,
  per_queue = 2,
  per_device = 3,
  per_domain = 4
};

/// Memory management.
struct MmConfig {
  bool premapped = true;
  Thp thp = Thp::madvise;
  unsigned fault_around = 16;
  unsigned read_around = 32;
  double numa_migrate = 0;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("premapped", premapped, "", 0, 1,
            "a new process has one writable anonymous mapping of everything, for traces without mmap");
    v.choice("thp", thp, {"never", "madvise", "always"}, "transparent 2 MB pages of anonymous memory");
    v.field("fault_around", fault_around, "pages", 1, 512,
            "page-cache pages mapped around a read fault, a power of two (Linux: 16)");
    v.field("read_around", read_around, "pages", 1, 4096, "file pages read by a major fault (Linux: 32)");
    v.field("numa_migrate", numa_migrate, "", 0, 1, "fraction of the NUMA hint faults that move their page");
  }
};

struct HostConfig {
  CpuConfig cpu;
  unsigned irq_cpu = 0;
  Picoseconds irq_coalesce = 0;
  WorkqueueScope workqueue = WorkqueueScope::per_smmu;
  unsigned max_active = 0;
  SyncMode sync = SyncMode::msi;
  PriPolicy pri_policy = PriPolicy::serve;
  PasidPolicy pasid_policy = PasidPolicy::trace;
  unsigned min_pasid = 1;
  unsigned max_pasid = (1u << 20) - 1;
  unsigned cmdq_log2 = 16;
  unsigned eventq_log2 = 15;
  unsigned priq_log2 = 16;
  std::uint64_t seed = 1;
  LinuxVersion linux_version = LinuxVersion::v7_0;
  bool resp_sync = false;
  bool s2_pinned = true;
  bool device_events = false;
  Flush flush = Flush::none;
  MmConfig mm;
  StorageConfig storage;
  Profile profile = Profile::server;
  CostTable cost;

  template <class Visitor>
  void describe(Visitor& v) {
    cpu.describe(v);
    v.field("irq_cpu", irq_cpu, "index", 0, 255, "the CPU that takes the SMMU's interrupts");
    v.field("irq_coalesce", irq_coalesce, "ps", 0, 1e12,
            "an interrupt is held back that long, so that the records behind it share it");
    v.choice(
        "workqueue", workqueue, {"global", "per_smmu", "per_queue", "per_device", "per_domain"},
        "who shares a fault workqueue: everybody, an SMMU (Linux), the event or the page-request queue, a "
        "device, an address space");
    v.field("max_active", max_active, "count", 0, 4096,
            "fault groups of a workqueue served at a time; 0: as Linux (256 in 6.1, 1024 in 7.0)");
    v.choice("sync", sync, {"msi", "poll"}, "CMD_SYNC completion: word written by the SMMU, or CMDQ_CONS");
    v.choice("pri_policy", pri_policy, {"serve", "mainline_deny"},
             "page requests: serve them, or deny as mainline does");
    v.choice("pasid_policy", pasid_policy, {"trace", "lowest"},
             "a process's PASID: its number in the trace "
             "when free, or the lowest free one");
    v.field("min_pasid", min_pasid, "PASID", 1, (1u << 20) - 1, "smallest PASID given out");
    v.field("max_pasid", max_pasid, "PASID", 1, (1u << 20) - 1, "largest PASID given out");
    v.field("cmdq_log2", cmdq_log2, "log2", 1, 16, "command queue entries, at most what IDR1 allows");
    v.field("eventq_log2", eventq_log2, "log2", 0, 15, "event queue entries, at most what IDR1 allows");
    v.field("priq_log2", priq_log2, "log2", 0, 16, "page-request queue entries, at most what IDR1 allows");
    v.choice("linux", linux_version, {"6.1", "7.0"},
             "where the two differ: bind, unbind, process exit, PASIDs, ATC_INV");
    v.field("resp_sync", resp_sync, "", 0, 1, "CMD_SYNC after each response (Linux: never)");
    v.field("s2_pinned", s2_pinned, "", 0, 1,
            "memory of virtual machines is pinned: their stage-2 faults are refused (Linux: always)");
    v.field("device_events", device_events, "", 0, 1,
            "faults of devices that handle theirs are recorded as events too (CD.R)");
    v.choice(
        "flush", flush, {"none", "drain"},
        "at the last unbind: nothing (mainline on Arm), or stop the PASID at the device, drain the SMMU's "
        "queues and flush the workqueues");
    mm.describe(v);
    storage.describe(v);
    v.choice("profile", profile, {"server", "embedded"},
             "sets all the costs below; those set after it keep their values", [this] { cost.set(profile); });
    for (const CostInfo& info : kCostInfo) {
      const std::string name = info.key;
      Latency& l = cost[info.cost];
      v.field(name, l.mean, "ps", 0, 1'000'000'000'000, std::string("mean: ") + info.meaning);
      v.choice(name + "_shape", l.shape, {"fixed", "lognormal", "uniform", "exponential"},
               "distribution of " + name);
      v.field(name + "_spread", l.spread, "", 0.0, 3.0, "lognormal: sigma; uniform: half width / mean");
    }
  }
  unsigned active_limit() const {
    return max_active != 0 ? max_active : linux_version == LinuxVersion::v6_1 ? 256 : 1024;
  }
  /// What is wrong with the values together; empty when nothing is.
  std::vector<std::string> check() const;
};

}  // namespace svasim::host
