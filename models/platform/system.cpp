// See system.hpp.
#include "models/platform/system.hpp"

#include <algorithm>
#include <sstream>

#include "models/platform/process_calls.hpp"
#include "models/smmu/walk_cache_model.hpp"
#include "tlm-bridges/dti/dti_pin_link.hpp"
#include "tlm-bridges/walk_cache_factory.hpp"

namespace svasim::platform {
namespace {

/// Device i's StreamID; for PCIe it is the Requester ID too.
arch::StreamId stream_of(unsigned device) { return static_cast<arch::StreamId>(0x100 + 8 * device); }

std::uint64_t device_registers(unsigned device) {
  return MachineConfig::kDeviceRegisters + device * MachineConfig::kDeviceRegisterBytes;
}

/// Of a DTI connection: what TOK_TRANS_REQ can say.
constexpr std::uint32_t kMostTokens = 4096;

// Interconnect outputs; then the registers of the devices that have any.
enum : unsigned { kMemory, kRegisters, kDoorbell, kDevices };

/// Takes counters however a block offers them.
struct Collector {
  std::vector<probe::Counters::Value>& values;
  std::string block;

  void operator()(const char* name, std::uint64_t value) const { values.push_back({block, name, value}); }
  void operator()(const char* name, const std::uint64_t* value) const { (*this)(name, *value); }
  void operator()(const char* name, const probe::Occupancy* occupancy) const {
    values.push_back({block, std::string(name) + "_peak", occupancy->peak()});
    values.push_back({block, std::string(name) + "_entered", occupancy->entered()});
    values.push_back({block, std::string(name) + "_ps", occupancy->area()});
  }
};

}  // namespace

/// One device of the trace with what lies between it and its TBU.
struct System::Device {
  DeviceKind kind;
  std::unique_ptr<pcie::PcieLink> link;
  std::unique_ptr<pcie::RootPort> root_port;
  std::unique_ptr<pcie::Endpoint> endpoint;
  std::unique_ptr<pcie::PlatformDevice> platform_device;
  std::unique_ptr<pcie::RegisterPort> registers;  ///< of one that handles its own faults

  void poke() { kind == DeviceKind::pcie ? endpoint->poke() : platform_device->poke(); }
};

System::System(sc_core::sc_module_name name, engine::Calendar& calendar, const Config& config,
               probe::Recorder& recorder, trace::Reader& reader, bridges::RtlWaves* waves)
    : sc_core::sc_module(name),
      calendar_(calendar),
      config_(config),
      device_clock_(config.machine.device_period),
      store_(MachineConfig::kRam, config.machine.ram_bytes) {
  const MachineConfig& machine = config.machine;
  const engine::Clock fabric(machine.fabric_period);
  dram_ = std::make_unique<memory::Dram>("dram", calendar, engine::Clock(machine.dram_period), config.dram);
  llc_ = std::make_unique<memory::Llc>("llc", calendar, fabric, config.llc, store_);

  std::vector<arch::dti::Flow> flows;
  for (unsigned i = 0; i < config.devices.count; ++i) {
    flows.push_back(config.devices.kind[i] == DeviceKind::pcie ? arch::dti::Flow::no_stall
                                                               : arch::dti::Flow::stall);
  }
  std::vector<memory::Region> regions{{MachineConfig::kRam, machine.ram_bytes, kMemory},
                                      {MachineConfig::kRegisters, arch::reg::kSize, kRegisters},
                                      {MachineConfig::kDoorbell, MachineConfig::kDoorbellBytes, kDoorbell}};
  unsigned outputs = kDevices;
  for (unsigned i = 0; i < config.devices.count; ++i) {
    if (!has_registers(i)) continue;
    regions.push_back({device_registers(i), MachineConfig::kDeviceRegisterBytes, outputs++});
  }
  const unsigned inputs = config.devices.count + 2;
  interconnect_ = std::make_unique<memory::Interconnect>(
      "interconnect", calendar, fabric, config.interconnect, inputs, outputs, std::move(regions));

  smmu::SmmuConfig smmu{config.tbu, config.tcu, config.dti, config.features};
  smmu::Smmu::DtiSplice splice;
  if (config.dti_pins.pins) {
    splice = [this](auto& near, auto& far, bool root_port) { add_pins(near, far, root_port); };
  }
  smmu_ = std::make_unique<smmu::Smmu>("smmu", calendar, engine::Clock(machine.smmu_period), smmu, flows,
                                       make_walk_cache(waves), &recorder, std::move(splice));

  host::HostMap map;
  map.smmu_registers = MachineConfig::kRegisters;
  map.doorbell = MachineConfig::kDoorbell;
  map.tables = MachineConfig::kRam;
  map.tables_bytes = MachineConfig::kTablesBytes;
  map.pages = MachineConfig::kRam + MachineConfig::kTablesBytes;
  map.pages_bytes = machine.ram_bytes - MachineConfig::kTablesBytes;
  host_ = std::make_unique<host::Host>("host", calendar, engine::Clock(machine.host_period), config.host, map,
                                       &recorder);

  TraceServices services;
  services.call = [this](const trace::Record& record, std::function<void(host::Status)> reply) {
    call_host(*host_, record, stream_of(record.device), std::move(reply));
  };
  services.pasid = [this](std::uint32_t process) { return host_->pasid(process); };
  feeder_ = std::make_unique<TraceFeeder>(calendar, device_clock_, config.devices.count, config.run.lookahead,
                                          reader, std::move(services));
  add_devices(recorder);
  feeder_->poke = [this](unsigned device) { devices_[device]->poke(); };
  wire();
}

System::~System() = default;

std::unique_ptr<arch::WalkCache> System::make_walk_cache(bridges::RtlWaves* waves) const {
  const auto implementation = config_.tcu.pwc_impl == "model" ? bridges::WalkCacheImplementation::model
                              : config_.tcu.pwc_impl == "lockstep"
                                  ? bridges::WalkCacheImplementation::lockstep
                                  : bridges::WalkCacheImplementation::rtl;
  try {
    return bridges::make_walk_cache(implementation, config_.tcu.pwc,
                                    std::make_unique<smmu::WalkCacheModel>(config_.tcu.pwc), waves);
  } catch (const bridges::GeometryNotBuilt& e) {
    throw ConfigError(std::string("tcu.pwc.impl: ") + e.what());
  }
}

void System::add_pins(smmu::Smmu::DtiLinks& near, smmu::Smmu::DtiLinks& far, bool root_port) {
  bridges::DtiPinLinkConfig pins;
  pins.protocol = root_port ? arch::dti::Protocol::ats : arch::dti::Protocol::tbu;
  pins.bytes = config_.dti.bytes_per_cycle;
  pins.translation_tokens =
      root_port ? config_.root_port.tokens : std::min(smmu::limit(config_.tbu.tokens), kMostTokens);
  pins.invalidation_tokens = config_.dti.invalidation_tokens;
  pins.id = static_cast<std::uint8_t>(dti_pins_.size());
  dti_pins_.push_back(std::make_unique<bridges::DtiPinLink>(
      "dti" + std::to_string(dti_pins_.size()), calendar_, engine::Clock(config_.machine.smmu_period),
      *near.up, *near.down, *far.up, *far.down, pins));
}

void System::add_devices(probe::Recorder& recorder) {
  for (unsigned i = 0; i < config_.devices.count; ++i) {
    const pcie::DeviceIdentity identity{i, stream_of(i)};
    auto device = std::make_unique<Device>();
    device->kind = config_.devices.kind[i];
    if (device->kind == DeviceKind::pcie) {
      smmu::Smmu::DtiLinks& dti = smmu_->add_root_port(identity.stream, device_clock_);
      device->link = std::make_unique<pcie::PcieLink>(calendar_, device_clock_, device_clock_, config_.link);
      device->root_port = std::make_unique<pcie::RootPort>(
          ("root_port" + std::to_string(i)).c_str(), calendar_, device_clock_, recorder, config_.root_port,
          *device->link, *dti.up, *dti.down);
      pcie::EndpointConfig endpoint = config_.endpoint;
      endpoint.pri.enabled = fault_mode(i) == host::FaultMode::pri;
      endpoint.reports_faults = fault_mode(i) == host::FaultMode::device;
      device->endpoint = std::make_unique<pcie::Endpoint>(calendar_, device_clock_, recorder, endpoint,
                                                          identity, *device->link, feeder_->source(i), true);
      device->root_port->memory.socket.bind(smmu_->tbu(i).device.socket);
    } else {
      pcie::PlatformDeviceConfig platform_device = config_.platform_device;
      platform_device.reports_faults = fault_mode(i) == host::FaultMode::device;
      device->platform_device = std::make_unique<pcie::PlatformDevice>(
          ("device" + std::to_string(i)).c_str(), calendar_, device_clock_, recorder, platform_device,
          identity, feeder_->source(i));
      device->platform_device->memory.socket.bind(smmu_->tbu(i).device.socket);
    }
    if (has_registers(i)) {
      device->registers =
          std::make_unique<pcie::RegisterPort>(("device_registers" + std::to_string(i)).c_str(), calendar_,
                                               device_clock_, MachineConfig::kDeviceRegisterBytes);
      device->root_port ? device->root_port->serve(*device->registers)
                        : device->platform_device->serve(*device->registers);
    }
    devices_.push_back(std::move(device));
  }
}

void System::wire() {
  const unsigned devices = config_.devices.count;
  for (unsigned i = 0; i < devices; ++i) smmu_->tbu(i).memory.socket.bind(interconnect_->port(i).socket);
  smmu_->tcu().memory.socket().bind(interconnect_->port(devices).socket);
  host_->memory().socket.bind(interconnect_->port(devices + 1).socket);
  interconnect_->output(kMemory).socket.bind(llc_->port.socket);
  interconnect_->output(kRegisters).socket.bind(smmu_->registers().socket.socket);
  interconnect_->output(kDoorbell).socket.bind(host_->doorbell().socket);
  unsigned output = kDevices;
  for (const auto& device : devices_) {
    if (device->registers) interconnect_->output(output++).socket.bind(device->registers->socket.socket);
  }
  smmu_->tcu().interrupts.wire = [this](smmu::Interrupt interrupt) {
    switch (interrupt) {
      case smmu::Interrupt::event_queue: return host_->interrupt(host::SmmuLine::event);
      case smmu::Interrupt::page_request_queue: return host_->interrupt(host::SmmuLine::pri);
      case smmu::Interrupt::global_error: return host_->interrupt(host::SmmuLine::gerror);
      case smmu::Interrupt::command_sync: return;  // nobody listens: its driver polls
    }
  };
  llc_->dram.socket.bind(dram_->port.socket);
}

/// PCIe functions have a configuration space, and devices that handle their own faults have theirs.
bool System::has_registers(unsigned device) const {
  return config_.devices.kind[device] == DeviceKind::pcie || fault_mode(device) == host::FaultMode::device;
}

host::FaultMode System::fault_mode(unsigned device) const {
  switch (config_.devices.faults[device]) {
    case DeviceFaults::device: return host::FaultMode::device;
    case DeviceFaults::pinned: return host::FaultMode::pinned;
    case DeviceFaults::none: return host::FaultMode::none;
    case DeviceFaults::iopf: break;
  }
  if (config_.devices.kind[device] == DeviceKind::platform) return host::FaultMode::stall;
  const bool pri = config_.endpoint.ats.enabled && config_.endpoint.pri.enabled;
  return pri ? host::FaultMode::pri : host::FaultMode::none;
}

void System::start() {
  std::vector<host::DeviceDescription> devices;
  for (unsigned i = 0; i < config_.devices.count; ++i) {
    host::DeviceDescription device;
    device.stream = stream_of(i);
    device.ats = config_.devices.kind[i] == DeviceKind::pcie && config_.endpoint.ats.enabled;
    device.faults = fault_mode(i);
    device.own_handler = config_.devices.handler[i] == DeviceHandler::driver;
    device.group = config_.devices.group[i];
    if (device.faults == host::FaultMode::device) device.fault_registers = device_registers(i);
    if (config_.devices.kind[i] == DeviceKind::pcie) {
      device.config_space = device_registers(i);
      device.page_requests = config_.endpoint.pri.allocation;
    }
    if (config_.devices.kind[i] == DeviceKind::pcie) {
      device.pasid_bits = config_.endpoint.pasid_bits;
      device.response_pasid = config_.endpoint.pri.response_pasid;
    }
    devices.push_back(device);
  }
  host_->start(std::move(devices), [this] {
    ready_ = true;
    feeder_->start();
  });
}

std::vector<arch::StreamId> System::streams() const {
  std::vector<arch::StreamId> streams;
  for (unsigned i = 0; i < config_.devices.count; ++i) streams.push_back(stream_of(i));
  return streams;
}

void System::on_atc_use(const pcie::Endpoint::UseCallback& callback) {
  for (const auto& device : devices_) {
    if (device->endpoint) device->endpoint->on_use = callback;
  }
}

void System::shutdown(std::function<void()> done) { host_->shutdown(std::move(done)); }

std::vector<probe::Counters::Value> System::counters() const {
  std::vector<probe::Counters::Value> values;
  for (unsigned i = 0; i < devices_.size(); ++i) {
    const std::string number = std::to_string(i);
    const Device& device = *devices_[i];
    if (device.kind == DeviceKind::pcie) {
      device.endpoint->counters(Collector{values, "endpoint" + number});
      device.root_port->counters(Collector{values, "root_port" + number});
    } else {
      device.platform_device->counters(Collector{values, "device" + number});
    }
    smmu_->tbu(i).counters(Collector{values, "tbu" + number});
  }
  for (std::size_t i = 0; i < dti_pins_.size(); ++i) {
    dti_pins_[i]->counters(Collector{values, "dti" + std::to_string(i)});
  }
  smmu_->tcu().counters(Collector{values, "tcu"});
  interconnect_->counters(Collector{values, "interconnect"});
  llc_->counters(Collector{values, "llc"});
  dram_->counters(Collector{values, "dram"});
  host_->counters(Collector{values, "host"});
  values.push_back({"trace", "records", feeder_->records()});
  values.push_back({"trace", "refused", feeder_->refused()});
  values.push_back({"trace", "calls", feeder_->calls()});
  values.push_back({"trace", "refused_calls", feeder_->refused_calls()});
  for (const auto& [what, count] : feeder_->refusals()) {
    values.push_back({"trace",
                      "refused_" + std::string(trace::info(what.first).name) + '_' + std::string(what.second),
                      count});
  }
  return values;
}

void System::signals(probe::Signals& visit) const {
  const auto block = [&](const std::string& name, const auto& what) {
    visit.block(name);
    what.signals(visit);
  };
  for (unsigned i = 0; i < devices_.size(); ++i) {
    const std::string number = std::to_string(i);
    const Device& device = *devices_[i];
    if (device.kind == DeviceKind::pcie) {
      block("endpoint" + number, *device.endpoint);
      block("root_port" + number, *device.root_port);
    } else {
      block("device" + number, *device.platform_device);
    }
    block("tbu" + number, smmu_->tbu(i));
  }
  block("tcu", smmu_->tcu());
  block("pwc", smmu_->tcu().walk_cache());
  block("interconnect", *interconnect_);
  block("llc", *llc_);
  block("dram", *dram_);
  block("host", *host_);
}

probe::RunTotals System::totals(const std::vector<probe::Counters::Value>& counters) {
  // Sums over blocks whose name starts so: "tbu" is all TBUs.
  const auto sum = [&](const std::string& block, const std::string& name) {
    std::uint64_t total = 0;
    for (const auto& value : counters) {
      if (value.name == name && value.block.compare(0, block.size(), block) == 0) total += value.value;
    }
    return total;
  };
  probe::RunTotals totals;
  const auto own = [&](const std::string& name) { return sum("endpoint", name) + sum("device", name); };
  totals.fault_records = sum("tcu", "stalls") + sum("tcu", "page_requests_written") + own("faults_reported") -
                         sum("host", "stop_markers");
  totals.responses = sum("tcu", "resumes") + sum("tcu", "page_responses") + own("faults_answered");
  totals.first_touched_pages = sum("host", "pages_mapped");
  std::uint64_t walk_hits = 0;
  for (unsigned level = 0; level < arch::kWalkLevels; ++level) {
    walk_hits += sum("tcu", "pwc_hits_level" + std::to_string(level));
  }
  const std::uint64_t config_lookups = sum("tcu", "config_lookups");
  totals.hit_rates = {
      {"ATC", sum("endpoint", "atc_hits"), sum("endpoint", "atc_lookups")},
      {"micro-TLB", sum("tbu", "utlb_hits"), sum("tbu", "transaction")},
      {"main TLB", sum("tbu", "tlb_hits"), sum("tbu", "tlb_lookups")},
      {"config cache", config_lookups - sum("tcu", "config_cache_miss"), config_lookups},
      {"walk cache, any", walk_hits, sum("tcu", "pwc_lookups")},
      {"walk cache, leaf", sum("tcu", "pwc_hits_level3"), sum("tcu", "pwc_lookups")},
      {"LLC", sum("llc", "hits"), sum("llc", "hits") + sum("llc", "misses")},
      {"DRAM open row", sum("dram", "row_hits"),
       sum("dram", "row_hits") + sum("dram", "row_closed") + sum("dram", "row_conflicts")},
  };
  return totals;
}

std::string System::occupancy() const {
  std::ostringstream out;
  for (std::size_t i = 0; i < smmu_->tbus(); ++i) {
    out << "  tbu" << i << ": " << smmu_->tbu(i).occupied() << " transactions wait for the TCU\n";
  }
  out << "  tcu: " << smmu_->tcu().translating() << " translations in progress, " << smmu_->tcu().stalled()
      << " stalled; " << smmu_->tcu().memory.outstanding() << " memory accesses outstanding\n"
      << "  tcu: event queue " << (smmu_->tcu().events.full() ? "full" : "not full")
      << ", page-request queue " << (smmu_->tcu().page_requests.full() ? "full" : "not full")
      << ", command queue at " << smmu_->tcu().commands.cons() << " of " << smmu_->tcu().commands.prod()
      << '\n';
  return out.str();
}

}  // namespace svasim::platform
