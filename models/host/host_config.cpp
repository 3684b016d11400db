// See host_config.hpp.
#include "models/host/host_config.hpp"

namespace svasim::host {

std::vector<std::string> HostConfig::check() const {
  std::vector<std::string> wrong;
  if (irq_cpu >= cpu.cpus) wrong.push_back("irq_cpu: expected less than cpus");
  if (min_pasid > max_pasid) wrong.push_back("min_pasid: expected at most max_pasid");
  if ((mm.fault_around & (mm.fault_around - 1)) != 0) {
    wrong.push_back("fault_around: " + std::to_string(mm.fault_around) + " is no power of two");
  }
  for (const CostInfo& info : kCostInfo) {
    const Latency& l = cost[info.cost];
    if (l.shape == LatencyShape::uniform && l.spread > 1) {
      wrong.push_back(std::string(info.key) + "_spread: expected at most 1 for a uniform distribution");
    }
  }
  return wrong;
}

}  // namespace svasim::host
