// Sizes and latencies of the SMMU. Latencies are cycles of the SMMU clock; defaults follow published MMU-600
// configurations where there are any (micro-TLB, main TLB, slots, walk caches) and are estimates otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/arch/features.hpp"
#include "models/arch/registers.hpp"
#include "models/arch/types.hpp"
#include "models/arch/walk_cache.hpp"

namespace svasim::smmu {

/// Slots and queues: 0 is no limit but that of the numbers that name them; counters tell the peak.
inline constexpr std::uint32_t kMostSlots = 0xFFFF;
constexpr std::uint32_t limit(std::uint32_t configured) { return configured == 0 ? kMostSlots : configured; }

struct TbuConfig {
  std::uint32_t input_queue = 16;
  std::uint32_t utlb_entries = 32;
  std::uint32_t utlb_latency = 1;
  std::uint32_t tlb_sets = 64;
  std::uint32_t tlb_ways = 4;
  std::uint32_t tlb_latency = 3;
  std::uint32_t tlb_probes = 1;
  bool tlb_contiguous = false;
  std::uint32_t slots = 64;
  std::uint32_t tokens = 64;
  std::uint32_t bus_bytes = 64;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("input_queue", input_queue, "requests", 0, 4096, "places of the TBU's input port; 0: unlimited");
    v.field("utlb_entries", utlb_entries, "entries", 1, 1024,
            "micro-TLB, fully associative, least recently used");
    v.field("utlb_latency", utlb_latency, "cycles", 1, 64, "micro-TLB lookup; one starts every cycle");
    v.field("tlb_sets", tlb_sets, "sets", 1, 65536, "main TLB, a power of two");
    v.field("tlb_ways", tlb_ways, "ways", 1, 64, "main TLB");
    v.field("tlb_latency", tlb_latency, "cycles", 1, 64, "main-TLB lookup; one starts every cycle");
    v.field("tlb_probes", tlb_probes, "page sizes", 1, 16,
            "page sizes the main TLB tries in one cycle; it tries those in use, smallest first");
    v.field("tlb_contiguous", tlb_contiguous, "", 0, 1,
            "leaves with the contiguous hint are kept as the group they belong to");
    v.field("slots", slots, "transactions", 0, 4096,
            "transactions that wait for the TCU, stalled ones included; 0: unlimited");
    v.field("tokens", tokens, "requests", 0, 4096,
            "DTI translation tokens: requests outstanding at the TCU; 0: unlimited");
    v.field("bus_bytes", bus_bytes, "bytes", 8, 128, "width of the device and memory ports, a power of two");
  }
};

struct DtiConfig {
  std::uint32_t bytes_per_cycle = 10;
  std::uint32_t flight = 4;
  std::uint32_t invalidation_tokens = 16;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("bytes_per_cycle", bytes_per_cycle, "bytes", 1, 64, "width of the DTI stream, each direction");
    v.field("flight", flight, "cycles", 0, 1024,
            "switches and register slices between TBU or root port and TCU");
    v.field("invalidation_tokens", invalidation_tokens, "messages", 1, 16,
            "INV_REQs a TBU or root port takes before it has acknowledged one (TOK_INV_GNT); the most the "
            "protocol can grant, since no product's number is public");
  }
};

struct TcuConfig {
  std::uint32_t slots = 64;
  std::uint32_t config_sets = 64;
  std::uint32_t config_ways = 4;
  std::uint32_t config_latency = 3;
  std::uint32_t config_slots = 4;
  std::uint32_t ipa_sets = 64;
  std::uint32_t ipa_ways = 4;
  std::uint32_t ipa_latency = 1;
  std::uint32_t walk_slots = 16;
  std::uint32_t register_latency = 4;
  std::uint32_t atc_timeout = 100'000;
  bool merge_events = true;
  std::uint32_t prefetch_queue = 16;
  std::uint32_t bus_bytes = 64;
  std::string pwc_impl = "rtl";
  arch::WalkCacheGeometry pwc;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("slots", slots, "translations", 0, 4096,
            "translations in progress (not the stalled ones); 0: unlimited");
    v.field("config_sets", config_sets, "sets", 1, 65536, "configuration cache (STE and CD), a power of two");
    v.field("config_ways", config_ways, "ways", 1, 64, "configuration cache");
    v.field("config_latency", config_latency, "cycles", 1, 64, "configuration-cache lookup");
    v.field("config_slots", config_slots, "walks", 0, 256,
            "STE and CD fetch sequences at a time; 0: unlimited");
    v.field("ipa_cache.sets", ipa_sets, "sets", 0, 65536,
            "stage-2 leaves by VMID and IPA, a power of two; 0: no IPA cache");
    v.field("ipa_cache.ways", ipa_ways, "ways", 1, 64, "IPA cache");
    v.field("ipa_cache.latency", ipa_latency, "cycles", 1, 64,
            "IPA-cache lookup, and a cycle more for each further page size in use");
    v.field("walk_slots", walk_slots, "walks", 0, 4096, "page-table walks at a time; 0: unlimited");
    v.field("register_latency", register_latency, "cycles", 1, 1024,
            "register access; a control write takes effect as much later");
    v.field("atc_timeout", atc_timeout, "us", 1, 100e6,
            "ATC invalidations not answered by then are given up: CERROR_ATC_INV_SYNC");
    v.field("merge_events", merge_events, "", 0, 1,
            "leave out an event that says the same as the newest record, not yet consumed (STE.MEV)");
    v.field("prefetch_queue", prefetch_queue, "pages", 0, 4096,
            "translations asked for by CMD_PREFETCH that wait for an idle moment; more are dropped");
    v.field("bus_bytes", bus_bytes, "bytes", 8, 128, "width of the memory port, a power of two");
    v.choice("pwc.impl", pwc_impl, {"rtl", "model", "lockstep"},
             "page-walk cache: Verilated RTL, model, or both compared every cycle");
    v.choice("pwc.replacement", pwc.replacement, {"round_robin", "plru"},
             "page-walk cache: which way a fill evicts; plru is a tree and wants a power of two of ways");
    for (unsigned level = 0; level < arch::kWalkLevels; ++level) {
      const std::string name = "level" + std::to_string(level);
      v.field("pwc." + name + "_sets", pwc.sets[level], "sets", 1, 4096,
              "page-walk cache, stage 1, a power of two");
      v.field("pwc." + name + "_ways", pwc.ways[level], "ways", 0, 64,
              "page-walk cache, stage 1; 0 keeps nothing");
      v.field("pwc.s2_" + name + "_sets", pwc.s2_sets[level], "sets", 1, 4096,
              "page-walk cache, stage 2, a power of two");
      v.field("pwc.s2_" + name + "_ways", pwc.s2_ways[level], "ways", 0, 64,
              "page-walk cache, stage 2; 0 keeps nothing");
    }
  }
};

/// The StreamIDs from `first` to `last`; one converts to the range of itself.
struct StreamRange {
  arch::StreamId first, last;

  constexpr StreamRange(arch::StreamId only) : StreamRange(only, only) {}
  constexpr StreamRange(arch::StreamId from, arch::StreamId to) : first(from), last(to) {}
  constexpr bool contains(arch::StreamId stream) const { return first <= stream && stream <= last; }
};

/// What every part of one SMMU shares: what it implements and the register state translations depend on.
/// (Hardware distributes it out of band; it changes only under CR0, CR2 and stream-table writes.)
struct Context {
  arch::Features features;
  arch::SmmuState state;
};

}  // namespace svasim::smmu
