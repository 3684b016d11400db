// See costs.hpp.
#include "models/host/costs.hpp"

namespace svasim::host {

void CostTable::set(Profile profile) {
  for (const CostInfo& info : kCostInfo) {
    Latency& latency = (*this)[info.cost];
    latency = info.server;
    if (profile == Profile::embedded) latency.mean = info.embedded;
  }
}

Costs::Costs(const CostTable& table, std::uint64_t seed) {
  for (const CostInfo& info : kCostInfo) sources_.emplace_back(table[info.cost], seed, info.key);
}

}  // namespace svasim::host
