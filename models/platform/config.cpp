// See config.hpp.
#include "models/platform/config.hpp"

#include <algorithm>

#include "models/smmu/config_check.hpp"
#include "tlm-bridges/dti/dti_pins.hpp"

namespace svasim::platform {
namespace {

bool power_of_two(std::uint64_t n) { return n != 0 && (n & (n - 1)) == 0; }

}  // namespace

Settings Config::bind(Config& config) {
  Settings settings;
  settings.add("run.", config.run);
  settings.add("device.", config.devices);
  settings.add("machine.", config.machine);
  settings.add("endpoint.", config.endpoint);
  settings.add("link.", config.link);
  settings.add("root_port.", config.root_port);
  settings.add("platform_device.", config.platform_device);
  settings.add("tbu.", config.tbu);
  settings.add("tcu.", config.tcu);
  settings.add("idr.", config.features);
  settings.add("dti.", config.dti);
  settings.add("dti.", config.dti_pins);
  settings.add("interconnect.", config.interconnect);
  settings.add("llc.", config.llc);
  settings.add("dram.", config.dram);
  settings.add("host.", config.host);
  return settings;
}

std::vector<std::string> Config::check() const {
  std::vector<std::string> errors;
  const auto collect = [&](const std::string& prefix, const std::vector<std::string>& messages) {
    for (const std::string& message : messages) errors.push_back(prefix + message);
  };
  const auto need_power_of_two = [&](const char* key, std::uint64_t value) {
    if (!power_of_two(value))
      errors.push_back(std::string(key) + ": " + std::to_string(value) + " is no power of two");
  };
  collect("", smmu::check({tbu, tcu, dti, features}));
  if (dti_pins.pins && dti.bytes_per_cycle > bridges::kDtiMaxBytes) {
    errors.push_back("dti.bytes_per_cycle: with dti.pins at most " + std::to_string(bridges::kDtiMaxBytes));
  }
  if (devices.coalesce == 1) errors.push_back("device.coalesce: 1 merges nothing; expected 0, or 2 to 4096");
  if (devices.coalesce != 0) need_power_of_two("device.coalesce", devices.coalesce);
  for (unsigned i = 0; i < devices.count; ++i) {
    const bool posted = devices.kind[i] == DeviceKind::pcie && !endpoint.ats.enabled;
    if (posted && devices.faults[i] == DeviceFaults::device) {
      errors.push_back("device." + std::to_string(i) +
                       ".faults: without endpoint.ats.enabled a device does not learn of writes that fault");
    }
  }
  // Every group that overflows is answered Success and comes again, for ever if it can never fit.
  const auto pcie_devices = std::count(devices.kind, devices.kind + devices.count, DeviceKind::pcie);
  const std::uint64_t group =
      std::min({endpoint.pri.group_pages, endpoint.pri.allocation, endpoint.pri.capacity});
  const std::uint64_t pages = static_cast<std::uint64_t>(pcie_devices) * group;
  if (endpoint.pri.enabled && group > 1 && pages > std::uint64_t{1} << host.priq_log2) {
    errors.push_back("host.priq_log2: a queue of " + std::to_string(std::uint64_t{1} << host.priq_log2) +
                     " may never take a page request group of " + std::to_string(group) + " of each of " +
                     std::to_string(pcie_devices) + " PCIe devices (endpoint.pri.group_pages)");
  }
  collect("endpoint.", endpoint.check());
  collect("link.", link.check());
  collect("root_port.", root_port.check());
  collect("platform_device.", platform_device.check());
  collect("interconnect.", interconnect.check());
  collect("llc.", llc.check());
  collect("dram.", dram.check());
  collect("host.", host.check());
  return errors;
}

}  // namespace svasim::platform
