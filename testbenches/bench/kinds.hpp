// The kinds of transaction that have a budget, each as a trace that makes the whole machine do nothing else.
// Contract: the trace of n transactions is a prefix of that of n + 1, so the difference of two runs is n
// transactions of that kind and nothing that happens once. Source rule: budgets, design, speed.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "models/platform/config.hpp"

namespace svasim::bench {

enum class Kind : std::uint8_t { atc_hit, tlb_hit, short_walk, cold_walk, pri_fault, stall_fault };

struct KindInfo {
  const char* name;
  platform::DeviceKind device;
  double budget;             ///< floors
  double walk_reads;         ///< descriptors read per transaction: what makes it this kind
  double faults;             ///< faults per transaction
  std::uint64_t repetition;  ///< transactions measured, unless quick
};

inline constexpr std::array<KindInfo, 6> kKinds = {{
    {"ATC hit", platform::DeviceKind::pcie, 12, 0, 0, 200'000},
    {"TLB hit", platform::DeviceKind::platform, 12, 0, 0, 200'000},
    {"walk, cached", platform::DeviceKind::platform, 25, 1, 0, 80'000},
    {"walk, cold", platform::DeviceKind::platform, 40, 4, 0, 40'000},
    {"PRI fault", platform::DeviceKind::pcie, 300, 2, 1, 6'000},
    {"stall fault", platform::DeviceKind::platform, 300, 2, 1, 6'000},
}};
constexpr const KindInfo& info(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

/// A binary trace: what warms the machine up, then `transactions` reads of 64 bytes of `kind`.
std::string make_trace(Kind kind, std::uint64_t transactions);

}  // namespace svasim::bench
