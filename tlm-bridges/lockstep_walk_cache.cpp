// Lockstep of two page-walk caches: the comparison, and the report a person can act on.
#include "tlm-bridges/lockstep_walk_cache.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

namespace svasim::bridges {

namespace {

using arch::WalkCacheInputs;
using arch::WalkCacheOutputs;
using arch::WalkCacheScope;

struct Output {
  const char* name;
  std::uint64_t (*value)(const WalkCacheOutputs&);
};

/// Every output, in the order differences are reported: what a reader looks at first comes first.
constexpr Output kOutputs[] = {
    {"lookup_ready", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.lookup_ready; }},
    {"fill_ready", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.fill_ready; }},
    {"invalidate_ready", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.invalidate_ready; }},
    {"busy", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.busy; }},
    {"response_valid", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.response_valid; }},
    {"response.id", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.response.id; }},
    {"response.hit", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.response.hit; }},
    {"response.level", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.response.level; }},
    {"response.leaf", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.response.leaf; }},
    {"response.hierarchical",
     [](const WalkCacheOutputs& o) -> std::uint64_t { return o.response.hierarchical; }},
    {"response.descriptor", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.response.descriptor; }},
    {"response.error", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.response.error; }},
    {"lookups", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.counters.lookups; }},
    {"hits", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.counters.hits; }},
    {"errors", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.counters.errors; }},
    {"fills", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.counters.fills; }},
    {"lost_fills", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.counters.lost_fills; }},
    {"evictions", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.counters.evictions; }},
    {"invalidations", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.counters.invalidations; }},
    {"waits", [](const WalkCacheOutputs& o) -> std::uint64_t { return o.counters.waits; }},
};

const char* name(arch::WalkCacheWorld world) {
  constexpr const char* kNames[] = {"EL1", "EL2", "EL2-E2H", "stage 2"};
  return kNames[raw(world) & 3u];
}

std::ostream& operator<<(std::ostream& os, const arch::WalkCacheKey& key) {
  return os << name(key.world) << ' ' << (1u << (raw(key.granule) - 10)) << " KB vmid " << key.vmid
            << " asid " << key.asid << " vpn 0x" << std::hex << key.vpn << std::dec;
}

/// The worlds an invalidation names, and its range.
void describe(std::ostream& os, const arch::WalkCacheInvalidate& request) {
  for (unsigned w = 0; w < 4; ++w) {
    if ((request.worlds >> w & 1u) != 0) os << name(static_cast<arch::WalkCacheWorld>(w)) << ", ";
  }
  os << "vmid " << request.key.vmid << " asid " << request.key.asid << " vpn 0x" << std::hex
     << request.key.vpn << std::dec;
  if (request.tg != 0) {
    os << " tg " << unsigned{request.tg} << " num " << unsigned{request.num} << " scale "
       << unsigned{request.scale};
  }
}

const char* name(WalkCacheScope scope) {
  switch (scope) {
    case WalkCacheScope::all: return "all";
    case WalkCacheScope::vmid: return "vmid";
    case WalkCacheScope::asid: return "asid";
    case WalkCacheScope::va: return "va";
    case WalkCacheScope::vaa: return "vaa";
  }
  return "undefined";
}

const char* taken(bool ready) { return ready ? "" : " (waits)"; }

void describe(std::ostream& os, const WalkCacheInputs& in, const WalkCacheOutputs& before) {
  if (in.invalidate_valid) {
    os << "\n    invalidate " << name(in.invalidate.scope) << (in.invalidate.leaf_only ? " leaf-only " : " ")
       << "of ";
    describe(os, in.invalidate);
    os << taken(before.invalidate_ready);
  }
  if (in.fill_valid) {
    os << "\n    fill level " << unsigned{in.fill.level} << (in.fill.leaf ? " leaf" : " table")
       << (in.fill.global ? " global " : " ") << in.fill.key << " descriptor 0x" << std::hex
       << in.fill.descriptor << " hierarchical 0x" << unsigned{in.fill.hierarchical} << std::dec;
    if (in.flip.valid) os << " with bit " << unsigned{in.flip.bit} << " flipped";
    os << taken(before.fill_ready);
  }
  if (in.lookup_valid) {
    os << "\n    lookup id " << unsigned{in.lookup.id} << " " << in.lookup.key << taken(before.lookup_ready);
  }
}

std::string message(std::uint64_t cycle, const std::string& field, std::uint64_t expected, std::uint64_t got,
                    const std::string& history) {
  std::ostringstream os;
  os << "page-walk cache lockstep: cycle " << cycle << ": " << field << ": expected 0x" << std::hex
     << expected << ", got 0x" << got << "\nlast operations, oldest first:" << history;
  return os.str();
}

}  // namespace

LockstepMismatch::LockstepMismatch(std::uint64_t at, std::string what, std::uint64_t want, std::uint64_t have,
                                   const std::string& history)
    : std::runtime_error(message(at, what, want, have, history)),
      cycle(at),
      field(std::move(what)),
      expected(want),
      got(have) {}

LockstepWalkCache::LockstepWalkCache(std::unique_ptr<arch::WalkCache> reference,
                                     std::unique_ptr<arch::WalkCache> under_test)
    : reference_(std::move(reference)), under_test_(std::move(under_test)) {
  if (reference_ == nullptr || under_test_ == nullptr)
    throw std::invalid_argument("lockstep of less than two caches");
}

const arch::WalkCacheOutputs& LockstepWalkCache::cycle(const arch::WalkCacheInputs& in) {
  if (in.lookup_valid || in.fill_valid || in.invalidate_valid) {
    recent_[recorded_++ % kHistory] = {cycle_, in, reference_->outputs()};
  }
  reference_->cycle(in);
  under_test_->cycle(in);
  compare();
  ++cycle_;
  return under_test_->outputs();
}

void LockstepWalkCache::compare() const {
  const WalkCacheOutputs &expected = reference_->outputs(), &got = under_test_->outputs();
  for (const Output& output : kOutputs) {
    if (output.value(expected) != output.value(got)) {
      throw LockstepMismatch(cycle_, output.name, output.value(expected), output.value(got), history());
    }
  }
}

std::string LockstepWalkCache::history() const {
  std::ostringstream os;
  for (std::uint64_t n = recorded_ - std::min<std::uint64_t>(recorded_, kHistory); n < recorded_; ++n) {
    const Operation& operation = recent_[n % kHistory];
    os << "\n  cycle " << operation.cycle;
    describe(os, operation.in, operation.before);
  }
  return os.str();
}

}  // namespace svasim::bridges
