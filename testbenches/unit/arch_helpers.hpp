// A sparse memory and a small SMMU set-up for the tests of models/arch. Descriptors are written as literal
// words, so that expectations do not lean on the encoders under test.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "models/arch/reference.hpp"

namespace arch_test {

using namespace svasim::arch;

constexpr std::uint64_t kK = 1024, kM = 1024 * kK, kG = 1024 * kM;

/// Unwritten memory reads as zero; addresses in `aborting` (8-byte aligned) abort.
struct Memory {
  std::map<std::uint64_t, std::uint64_t> words;
  std::set<std::uint64_t> aborting;
  std::vector<Fetch> log;  ///< fetches made through run()

  std::uint64_t& operator[](std::uint64_t address) { return words[address]; }
  bool read(std::uint64_t address, void* out, unsigned bytes) const {
    for (unsigned i = 0; i < bytes; i += 8) {
      if (aborting.count(address + i) != 0) return false;
      const auto it = words.find(address + i);
      store_le64(static_cast<std::uint8_t*>(out) + i, it == words.end() ? 0 : it->second);
    }
    return true;
  }
  template <std::size_t N>
  void write(std::uint64_t address, const std::array<std::uint64_t, N>& data) {
    for (std::size_t i = 0; i < N; ++i) words[address + 8 * i] = data[i];
  }
  ReferenceTranslator::Read reader() const {
    return [this](Pa pa, void* out, unsigned bytes) { return read(pa.value, out, bytes); };
  }

  /// Drives a walk to its end; updates are applied to memory.
  template <class Walk>
  void run(Walk& walk) {
    std::uint8_t buffer[64];
    while (true) {
      if (walk.status() == Walk::Status::fetch) {
        log.push_back(walk.fetch());
        if (read(walk.fetch().address.value, buffer, walk.fetch().bytes)) {
          walk.supply(buffer);
        } else {
          walk.supply_abort();
        }
      } else if (walk.status() == Walk::Status::update) {
        const Update update = walk.update();
        std::uint64_t& word = words[update.address.value];
        const std::uint64_t observed = word;
        if (observed == update.expected) word = update.desired;
        walk.supply_update(observed);
      } else {
        return;
      }
    }
  }
};

constexpr StreamId kStream{5};
constexpr SubstreamId kNoSubstream{};
constexpr Access kRead{false, false, false}, kWrite{true, false, false}, kFetch{false, true, false};
constexpr Access kPrivRead{false, false, true}, kPrivWrite{true, false, true}, kPrivFetch{false, true, true};

/// A stage-1 configuration of 4 KB pages and 48 bits in TTB0 (tables at 0x100000) and TTB1 off.
inline StreamConfig stage1_config() {
  StreamConfig config;
  config.kind = ConfigKind::stage1;
  config.s1.half[0].enabled = true;
  config.s1.half[0].ttb = 0x100000;
  config.s1.asid = 7;
  config.s1.mair = 0xFF;
  config.vmid = 3;
  return config;
}

inline Fault fault_of(const Outcome& outcome) { return std::get<FaultOutcome>(outcome).fault; }

}  // namespace arch_test
