// See life.hpp.
#include "testbenches/system/life.hpp"

#include "testbenches/system/odd_sizes.hpp"

namespace svasim::test {
namespace {

constexpr std::uint64_t kPage = 0x1000;

std::string hex(std::uint64_t value) {
  char text[19];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace

Life::Life(std::uint64_t seed) : random_(seed) {
  draw_machine();
  draw_trace();
}

/// Later settings win.
void Life::draw_machine() {
  settings = {"run.check=on", "run.watchdog=100ms", "host.storage=5us", "host.huge_fault=5us"};
  const unsigned odd = one_of({2u, 10u, 50u, 1000u});
  for (const OddSize& size : kOddSizes) {
    if (one_in(odd)) set(size.key, size.values[below(size.values.size())]);
  }
  devices_ = one_of({1u, 2u, 2u, 3u, 8u});
  set("device.count", std::to_string(devices_));
  for (unsigned i = 0; i < devices_; ++i) {
    const std::string device = "device." + std::to_string(i);
    set(device, one_of({"pcie", "platform"}));
    set(device + ".faults", one_of({"iopf", "iopf", "iopf", "device", "pinned", "none"}));
    set(device + ".handler", one_of({"core", "core", "driver"}));
    if (one_in(4)) set(device + ".group", one_of({"0", "1"}));
  }
  set("run.seed", std::to_string(below(1000)));
  set("host.linux", one_of({"6.1", "7.0"}));
  set("host.workqueue", one_of({"global", "per_smmu", "per_queue", "per_device", "per_domain"}));
  set("host.flush", one_of({"none", "drain"}));
  set("host.premapped", one_of({"on", "off"}));
  set("host.thp", one_of({"never", "madvise", "always"}));
  set("host.numa_migrate", one_of({"0", "0.5"}));
  set("endpoint.pri.stop", one_of({"marker", "wait"}));
  set("endpoint.pri.attempts", one_of({"0", "0", "2"}));
  if (one_in(3)) set("host.cpus", one_of({"1", "2"}));
  if (one_in(5)) set("host.eventq_log2", one_of({"0", "1"}));
  if (one_in(5)) set("host.cmdq_log2", one_of({"1", "2"}));
  if (one_in(8)) set("idr.ssidsize", one_of({"1", "2", "8"}));
  if (one_in(8)) set("idr.cd2l", "off");
  if (one_in(8)) set("idr.stall_model", "never");
  if (one_in(5)) set("host.min_pasid", one_of({"1", "3"}));
  if (one_in(5)) set("host.busy", "0.7");
  const bool alone = one_in(4);  // a page request queue of one entry takes no groups
  set("host.priq_log2", alone ? "0" : "9");
  set("endpoint.pri.group_pages", alone ? "1" : one_of({"1", "2", "8"}));
}

void Life::draw_trace() {
  base_ = one_of<std::uint64_t>(
      {0x7f12'3440'0000, 0x7f12'3440'0000, 0x10'0000, 0x7fff'ffff'e000, 0xffff'8000'0000'0000});
  pages_ = one_of({2u, 4u, 16u, 64u, 600u});
  processes_ = 1 + below(3);
  trace = "# svasim trace 1\n";
  for (unsigned process = 1; one_in(2) && process <= processes_; ++process) {
    const std::string pasid = " pasid=" + std::to_string(process) + '\n';
    trace += "create" + pasid + "mmap " + hex(base_) + ' ' + std::to_string(pages_ * kPage) + pasid;
  }
  const unsigned controls = one_of({2u, 3u, 10u});
  for (unsigned records = one_of({20u, 60u, 200u, 500u}); records > 0; --records) {
    time_ns_ += one_of({0u, 0u, 10u, 300u, 3000u});
    trace += one_in(controls) ? control() : access();
  }
}

std::string Life::access() {
  const std::uint64_t va = base_ + below(pages_) * kPage + below(kPage);
  return std::string(one_of({"R ", "W "})) + hex(va) + one_of({" 1", " 64", " 64", " 256", " 9000"}) +
         " dev=" + std::to_string(below(devices_)) + " pasid=" + std::to_string(1 + below(processes_)) +
         (one_in(3) ? " t=" + std::to_string(time_ns_) + "ns" : "") + '\n';
}

/// An address and a size, whole pages mostly.
std::string Life::range() {
  const unsigned pages = one_of({1u, 1u, 2u, 8u, pages_});
  const bool odd = one_in(10);
  return ' ' + hex(base_ + below(pages_) * kPage + (odd ? below(kPage) : 0)) + ' ' +
         std::to_string(pages * kPage - (odd ? below(kPage) : 0));
}

std::string Life::when(bool may_wait) {
  if (one_in(3)) return " t=" + std::to_string(time_ns_) + "ns";
  if (!may_wait) return "";
  return std::string(one_of({"", " inflight=0", " inflight=1", " inflight=5"})) + one_of({"", "", " nowait"});
}

std::string Life::control() {
  const unsigned process = 1 + below(processes_);
  const std::string device = " dev=" + std::to_string(below(devices_));
  const std::string end = " pasid=" + std::to_string(process);
  const std::string protection = one_of({" prot=none", " prot=r", " prot=rw", " prot=rwx"});
  const std::string backing =
      one_of({"", "", " huge", " hugetlb", " file=1", " file=2 uncached", " file=3 shared offset=8192"});
  switch (below(18)) {
    case 0:
      return "create" + std::string(one_of({"", "", " as=domain", " as=guest"})) + end + when(true) + '\n';
    case 1: return (one_in(2) ? "exit" : "age" + range()) + end + when(true) + '\n';
    case 2: {
      const unsigned child = 1 + below(processes_ + 1);
      processes_ = std::min(std::max(processes_, child), 6u);
      return "fork child=" + std::to_string(child) + end + when(true) + '\n';
    }
    case 3: return "bind" + device + end + (one_in(6) ? " as=device" : "") + when(true) + '\n';
    case 4: return "unbind" + device + end + when(true) + '\n';
    case 5:
    case 6: return "mmap" + range() + (one_in(2) ? protection : "") + backing + end + when(true) + '\n';
    case 7: return "munmap" + range() + end + when(true) + '\n';
    case 8: return "unmap" + range() + end + when(false) + '\n';
    case 9:
    case 10: return "mprotect" + range() + protection + end + when(true) + '\n';
    case 11: return "touch" + range() + (one_in(2) ? " write" : "") + end + when(true) + '\n';
    case 12: return "collapse " + hex(base_ + below(pages_) * kPage) + end + when(true) + '\n';
    case 13: return "reclaim" + range() + end + when(true) + '\n';
    case 14: return "age" + range() + end + when(true) + '\n';
    case 15: return "numa_hint" + range() + end + when(true) + '\n';
    case 16: return "migrate" + range() + end + when(true) + '\n';
    default: return "discard" + range() + end + when(true) + '\n';
  }
}

}  // namespace svasim::test
