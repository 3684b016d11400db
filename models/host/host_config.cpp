// See host_config.hpp.
#include "models/host/host_config.hpp"

namespace svasim::host {

HostLatencies HostLatencies::of(Profile profile) {
  HostLatencies l;
  if (profile == Profile::server) return l;
  l.irq_delivery.mean = 750'000;
  l.irq_handler.mean = 750'000;
  l.irq_thread.mean = 8'000'000;
  l.pop.mean = 400'000;
  l.report.mean = 1'500'000;
  l.kworker.mean = 8'000'000;
  l.wake.mean = 8'000'000;
  l.mm_lock.mean = 500'000;
  l.anon_fault.mean = 4'000'000;
  l.fixup.mean = 1'200'000;
  l.response.mean = 600'000;
  l.notifier.mean = 1'000'000;
  return l;
}

std::vector<std::string> HostConfig::check() const {
  std::vector<std::string> wrong;
  if (irq_cpu >= cpus) wrong.push_back("irq_cpu: expected less than cpus");
  if (min_pasid > max_pasid) wrong.push_back("min_pasid: expected at most max_pasid");
  HostLatencies::for_each(latency, [&](const char* key, const Latency& l, const char*) {
    if (l.shape == LatencyShape::uniform && l.spread > 1) {
      wrong.push_back(std::string(key) + "_spread: expected at most 1 for a uniform distribution");
    }
  });
  return wrong;
}

}  // namespace svasim::host
