// The configuration of a whole run: the blocks' own structs, and what belongs to no block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/host/host_config.hpp"
#include "models/memory/dram_config.hpp"
#include "models/memory/interconnect.hpp"
#include "models/memory/llc.hpp"
#include "models/pcie/endpoint_config.hpp"
#include "models/pcie/pcie_link.hpp"
#include "models/pcie/platform_device.hpp"
#include "models/pcie/root_port.hpp"
#include "models/platform/settings.hpp"
#include "models/smmu/config.hpp"

namespace svasim::platform {

enum class DeviceKind : std::uint8_t { pcie, platform };
/// iopf: PRI for PCIe, stalls for platform devices.
enum class DeviceFaults : std::uint8_t { iopf, device, pinned, none };
enum class DeviceHandler : std::uint8_t { core, driver };

struct RunConfig {
  std::uint64_t seed = 1;
  bool check = false;
  std::uint64_t watchdog = 1'000'000'000'000;
  unsigned rounds = 10'000;
  std::uint64_t shuffle = 0;
  unsigned lookahead = 4096;
  bool unbind = true;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("seed", seed, "", 0, 9e15, "seed of every random draw; same seed, same bytes");
    v.field("check", check, "", 0, 1, "compare every translation used with the reference translator");
    v.field("watchdog", watchdog, "ps", 1e6, 1e16,
            "simulated time without progress after which the run is stuck");
    v.field("rounds", rounds, "count", 1, 65535,
            "failed translations of one access after which the run is stuck: it is retried for ever");
    v.field("shuffle", shuffle, "", 0, 4e9,
            "permute the order of blocks at equal times; must change nothing; 0: off");
    v.field("lookahead", lookahead, "accesses", 1, 1u << 20, "trace accesses read ahead per device");
    v.field("unbind", unbind, "", 0, 1, "unbind every process when the trace is done");
  }
};

/// What the trace's device numbers are, in order.
struct DevicesConfig {
  static constexpr unsigned kMost = 8;
  unsigned count = 2;
  DeviceKind kind[kMost] = {DeviceKind::pcie,     DeviceKind::platform, DeviceKind::platform,
                            DeviceKind::platform, DeviceKind::platform, DeviceKind::platform,
                            DeviceKind::platform, DeviceKind::platform};
  DeviceFaults faults[kMost] = {};
  DeviceHandler handler[kMost] = {};
  unsigned group[kMost] = {0, 1, 2, 3, 4, 5, 6, 7};
  unsigned coalesce = 0;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("count", count, "devices", 1, kMost, "devices; the trace's device numbers are 0 to count - 1");
    for (unsigned i = 0; i < kMost; ++i) {
      v.choice(
          std::to_string(i), kind[i], {"pcie", "platform"},
          "device " + std::to_string(i) + ": PCIe with ATS and PRI, or a platform device that is stalled");
    }
    for (unsigned i = 0; i < kMost; ++i) {
      const std::string device = std::to_string(i);
      v.choice(
          device + ".faults", faults[i], {"iopf", "device", "pinned", "none"},
          "missing pages of device " + device +
              ": I/O page faults (PRI or stall); the device tells its driver by itself; none, and what is "
              "mapped gets pinned; or none at all");
      v.choice(device + ".handler", handler[i], {"core", "driver"},
               "who serves I/O page faults of device " + device +
                   ": the common workqueue, or a thread of its driver");
      v.field(device + ".group", group[i], "number", 0, 1000,
              "IOMMU group of device " + device + "; devices of one group share their PASIDs");
    }
    v.field("coalesce", coalesce, "bytes", 0, 4096,
            "merge neighbouring accesses within such a block; 0: do not");
  }
};

/// Clock periods, and where things are in physical memory.
struct MachineConfig {
  std::uint64_t smmu_period = 1000, fabric_period = 1000, dram_period = 625, device_period = 1000,
                host_period = 500;
  std::uint64_t ram_bytes = std::uint64_t{64} << 30;

  static constexpr std::uint64_t kRegisters = 0x2B40'0000;
  static constexpr std::uint64_t kDoorbell = 0x2F00'0000, kDoorbellBytes = 0x1000;
  /// Of device i, from kDeviceRegisters + i * kDeviceRegisterBytes.
  static constexpr std::uint64_t kDeviceRegisters = 0x3000'0000, kDeviceRegisterBytes = 0x1000;
  static constexpr std::uint64_t kRam = 0x8000'0000;
  static constexpr std::uint64_t kTablesBytes = std::uint64_t{256} << 20;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("smmu_period", smmu_period, "ps", 100, 1e6, "clock of TBUs, TCU and DTI");
    v.field("fabric_period", fabric_period, "ps", 100, 1e6, "clock of interconnect and last-level cache");
    v.field("dram_period", dram_period, "ps", 100, 1e6, "clock of the DRAM");
    v.field("device_period", device_period, "ps", 100, 1e6, "clock of devices and root ports");
    v.field("host_period", host_period, "ps", 100, 1e6, "clock of the CPUs' port");
    v.field("ram_bytes", ram_bytes, "bytes", 1u << 30, 1e15, "physical memory");
  }
};

/// What is in the place of the links between TBUs, root ports and TCU.
struct DtiPinsConfig {
  bool pins = false;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("pins", pins, "", 0, 1,
            "DTI messages cross AXI4-Stream pins of bytes_per_cycle, with a protocol checker, instead of "
            "links; flight is then 2");
  }
};

struct Config {
  RunConfig run;
  DevicesConfig devices;
  MachineConfig machine;
  smmu::TbuConfig tbu;
  smmu::TcuConfig tcu;
  arch::Features features;
  smmu::DtiConfig dti;
  DtiPinsConfig dti_pins;
  pcie::EndpointConfig endpoint;
  pcie::PcieLinkConfig link;
  pcie::RootPortConfig root_port;
  pcie::PlatformDeviceConfig platform_device;
  memory::InterconnectConfig interconnect;
  memory::LlcConfig llc;
  memory::DramConfig dram;
  host::HostConfig host;

  /// Binds every key to its field. `config` must outlive the settings.
  static Settings bind(Config& config);
  /// What is wrong with the values together, a line each; empty when nothing is.
  std::vector<std::string> check() const;
};

}  // namespace svasim::platform
