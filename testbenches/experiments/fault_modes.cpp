// V6b: the same accesses under every way to handle a fault (PRI, stall, by the device itself), and before
// every kind of page: what a major fault costs over a minor one, and what it costs who handles it.
#include <array>

#include "testbenches/experiments/faults.hpp"
#include "testbenches/experiments/markdown.hpp"

namespace svasim::experiments {
namespace {

constexpr std::uint64_t kBase = 0x7000'0000'0000;
constexpr std::uint64_t kStride = 64 * trace::kPageBytes;  ///< beyond what one fault brings in around it
constexpr std::uint64_t kApart = 400'000'000;              ///< ps; no fault waits behind another
constexpr std::uint64_t kStart = 3'000'000'000;            ///< ps; what prepares the pages is over
constexpr unsigned kFaults = 400;

struct Mode {
  const char* name;
  Settings settings;
};
Mode by_device(const char* name, const char* report, const char* resume) {
  return {name,
          {"device.0=pcie", "device.0.faults=device", std::string("endpoint.faults.report=") + report,
           std::string("endpoint.faults.resume=") + resume}};
}

enum : unsigned { kStall, kPri, kDevice150, kDevice180, kDevice200 };
const std::vector<Mode> kModes = {{"stall", {"device.0=platform"}},
                                  {"PRI", {"device.0=pcie"}},
                                  by_device("device, 150 us of firmware", "80us", "70us"),
                                  by_device("device, 180 us (default)", "100us", "80us"),
                                  by_device("device, 200 us", "110us", "90us")};

enum Page : unsigned { kFirstWrite, kPageCache, kSwapped, kOnStorage, kPages };
constexpr const char* kPageNames[kPages] = {"minor: first write", "minor: file in page cache",
                                            "major: swapped out", "major: file on NVMe"};

struct Cost {
  double latency, service;  ///< us: first failed translation to next good one; S4 to S8
};

/// Makes the pages what they are to be, then accesses each.
std::string trace(Page page) {
  constexpr std::uint64_t kBytes = kFaults * kStride;
  std::string text;
  if (page == kPageCache) text += control("mmap", kBase, kBytes, "file=1 shared");
  if (page == kOnStorage) text += control("mmap", kBase, kBytes, "file=1 shared uncached");
  if (page == kSwapped) {
    for (unsigned i = 0; i < kFaults; ++i) text += control("touch", kBase + i * kStride, 1, "write");
    text += control("reclaim", kBase, kBytes);
  }
  for (unsigned i = 0; i < kFaults; ++i) {
    text += access(page == kFirstWrite ? 'W' : 'R', kBase + i * kStride, kStart + i * kApart);
  }
  return text;
}

Cost measure(const Mode& mode, Page page) {
  Settings settings = mode.settings;
  settings.push_back("device.count=1");
  const Run run(trace(page), settings);
  if (run.faults().size() != kFaults) throw std::runtime_error("not every access has faulted once");
  double latency = 0;
  for (const auto& [id, t] : run.transactions())
    latency += static_cast<double>(t.value.timeline.fault_latency());
  return {latency / kFaults / 1e6, run.mean(kService) / 1e6};
}

// What PRI costs more than a stall, by hand: a byte takes 1 ns on the link, every clock has 1 ns, and what
// differs between two runs by chance (distributions, cold cache lines) is fixed.

constexpr unsigned kFlight = 7, kRequest = 5, kReissue = 9, kDtiFlight = 8,
                   kDtiWidth = 10;  // ns, cycles, bytes
constexpr unsigned link(unsigned bytes) { return bytes + kFlight; }
constexpr unsigned dti(unsigned bytes) { return (bytes + kDtiWidth - 1) / kDtiWidth + kDtiFlight; }
constexpr unsigned kMessage = 24 + 4, kCompletion = 24 + 8;  ///< header and PASID; header and translation
constexpr unsigned kPageRequest = kRequest + link(kMessage) + dti(16), kResponse = dti(12) + link(kMessage);
constexpr unsigned kAtsRoundTrip = link(kMessage) + dti(20) + dti(20) + link(kCompletion);

/// Fault latency in ns of the last of four pages in one table, whose neighbours have warmed everything up.
double exact_latency(const Mode& mode) {
  Settings settings = mode.settings;
  settings.insert(
      settings.end(),
      {"device.count=1", "link.gen=1", "link.lanes=4", "host.port_width=64", "host.cmdq_log2=4",
       "host.eventq_log2=1", "host.priq_log2=1", "link.flight_ps=" + std::to_string(kFlight) + "ns",
       "endpoint.pri.request_cycles=" + std::to_string(kRequest),
       "endpoint.pri.reissue_cycles=" + std::to_string(kReissue), "dti.flight=" + std::to_string(kDtiFlight),
       "dti.bytes_per_cycle=" + std::to_string(kDtiWidth)});
  for (const char* clock : {"smmu", "fabric", "dram", "device", "host"}) {
    settings.push_back("machine." + std::string(clock) + "_period=1ns");
  }
  for (const char* cost : {"irq_delivery", "irq_thread", "kworker", "anon_fault"}) {
    settings.push_back("host." + std::string(cost) + "_shape=fixed");
  }
  std::string trace;
  for (unsigned i = 0; i < 4; ++i) trace += access('W', kBase + i * trace::kPageBytes, (i + 1) * kApart);
  const Run run(trace, settings);
  return static_cast<double>(run.transactions().at(4).value.timeline.fault_latency()) / 1e3;
}

using Costs = std::vector<std::array<Cost, kPages>>;  ///< by mode

std::string costs_table(const Costs& cost) {
  std::vector<Row> rows;
  for (unsigned mode = 0; mode < kModes.size(); ++mode) {
    Row latency{kModes[mode].name, "fault latency"}, service{"", "S4 to S8"};
    for (const Cost& page : cost[mode]) {
      latency.push_back(number(page.latency));
      service.push_back(number(page.service));
    }
    rows.insert(rows.end(), {latency, service});
  }
  Row head{"", "us, mean"};
  head.insert(head.end(), std::begin(kPageNames), std::end(kPageNames));
  return table(head, rows);
}

/// The published ratios with the IOMMU's side as a device sees it: what the claims must not be taken for.
std::string end_to_end_table(const Costs& cost) {
  const auto latency = [&](unsigned mode, Page page) { return cost[mode][page].latency; };
  std::vector<Row> rows;
  for (const unsigned mode : {kStall, kPri}) {
    rows.push_back({std::string("major / minor, ") + kModes[mode].name, "10 to 17",
                    number(latency(mode, kSwapped) / latency(mode, kFirstWrite))});
  }
  for (const unsigned mode : {kDevice150, kDevice180, kDevice200}) {
    rows.push_back({std::string(kModes[mode].name) + " / PRI, minor", "20 to 50",
                    number(latency(mode, kFirstWrite) / latency(kPri, kFirstWrite))});
  }
  return table({"fault latency over fault latency", "published, without wake-ups", "simulated"}, rows);
}

}  // namespace

Findings fault_modes() {
  Costs cost(kModes.size());
  for (unsigned mode = 0; mode < kModes.size(); ++mode) {
    for (unsigned page = 0; page < kPages; ++page) {
      cost[mode][page] = measure(kModes[mode], static_cast<Page>(page));
    }
  }
  Findings findings{costs_table(cost) + '\n' + end_to_end_table(cost), {}};
  for (const unsigned mode : {kStall, kPri, kDevice180}) {
    findings.claims.push_back(
        {std::string("major / minor, S4 to S8, ") + kModes[mode].name, "60 us / 3.5 to 5.7 us", 10, 17,
         cost[mode][kSwapped].service / cost[mode][kFirstWrite].service, "", Basis::calibrated});
  }
  for (const unsigned mode : {kDevice150, kDevice180, kDevice200}) {
    findings.claims.push_back(
        {std::string(kModes[mode].name) + " / S4 to S8 of PRI, minor", "220 us / 3.5 to 9 us", 20, 50,
         cost[mode][kFirstWrite].latency / cost[kPri][kFirstWrite].service, "", Basis::predicted});
  }
  const double by_hand = kPageRequest + kResponse + kReissue + kAtsRoundTrip;
  findings.claims.push_back({"PRI - stall", "an ATS round trip and the re-issue", by_hand, by_hand,
                             exact_latency(kModes[kPri]) - exact_latency(kModes[kStall]), "ns",
                             Basis::predicted});
  return findings;
}

}  // namespace svasim::experiments
