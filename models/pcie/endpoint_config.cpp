// See endpoint_config.hpp.
#include "models/pcie/endpoint_config.hpp"

namespace svasim::pcie {

std::vector<std::string> EndpointConfig::check() const {
  std::vector<std::string> errors;
  const auto at_least_one = [&](const char* key, unsigned value) {
    if (value == 0) errors.push_back(std::string(key) + " must be at least 1");
  };
  if (pasid_bits < 1 || pasid_bits > 20) errors.push_back("pasid_bits must be 1 to 20");
  if (atc.sets == 0 || (atc.sets & (atc.sets - 1)) != 0) errors.push_back("atc.sets must be a power of two");
  at_least_one("atc.ways", atc.ways);
  if (atc.completions < 1 || atc.completions > 8) errors.push_back("atc.completions must be 1 to 8");
  at_least_one("ats.requests", ats.requests);
  at_least_one("pri.capacity", pri.capacity);
  at_least_one("pri.allocation", pri.allocation);
  at_least_one("pri.group_pages", pri.group_pages);
  if (pri.enabled && !ats.enabled) errors.push_back("pri.enabled needs ats.enabled");
  return errors;
}

}  // namespace svasim::pcie
