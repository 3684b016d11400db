// The TCU's translation slots: each carries one request through configuration lookup, hazard check, walk
// cache and page-table walk. It drives the resumable walks of models/arch and knows when things happen, not
// what they mean.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "models/arch/config_walk.hpp"
#include "models/arch/table_walk.hpp"
#include "models/smmu/config.hpp"
#include "models/smmu/config_cache.hpp"
#include "models/smmu/ipa_cache.hpp"
#include "models/smmu/memory_port.hpp"
#include "models/smmu/stall_table.hpp"
#include "models/smmu/walk_cache_port.hpp"

namespace svasim::smmu {

/// Who takes the outcomes.
class TranslationClient {
 public:
  virtual ~TranslationClient() = default;
  /// `keep` false: the answer may be used, but an invalidation since the walk began forbids caching it.
  virtual void translated(const Pending&, const arch::StreamConfig&, const arch::TranslationResult&,
                          bool keep) = 0;
  /// False: the fault must stall but no STAG is free; offered again after release_blocked().
  virtual bool faulted(const Pending&, const arch::Fault&) = 0;
  /// True: a stalled transaction has the same page, and the request is parked behind it.
  virtual bool park_behind_stall(const Pending&) = 0;
  /// To be started again.
  virtual void retry(const Pending&) = 0;
  /// The answer to Goal::stream: a legal STE, or null if there is none to be read.
  virtual void stream_found(const Pending&, const arch::Ste*) = 0;
  /// A slot became free, or a translation in progress ended: something may go on.
  virtual void translation_ended() = 0;
};

class Translator {
 public:
  /// Inlets of the TCU's block that the translator uses.
  struct Inlets {
    engine::Inlet pipeline;
    engine::Inlet walk_cache;
  };

  Translator(engine::Calendar& calendar, engine::Clock clock, Inlets inlets, const TcuConfig& config,
             const Context& context, MemoryPort& memory, std::unique_ptr<arch::WalkCache> walk_cache,
             TranslationClient& client);

  bool slot_free() const { return !free_.empty() || slots_.size() < limit(config_.slots); }
  /// Takes a slot and starts. One a cycle at most: the caller paces it.
  void start(const Pending& pending);
  /// Offers the blocked faults again.
  void release_blocked();

  /// CFGI and TLBI: caches forget at once, translations in progress will not be kept.
  void invalidate(const arch::Command& command);
  std::uint64_t epoch() const { return epoch_; }
  /// No translation in progress began before `epoch`, and the walk cache has forgotten what it was told to.
  bool settled(std::uint64_t epoch) const;

  /// Faults that wait for an STAG.
  std::size_t blocked() const { return blocked_.size(); }
  std::size_t occupied() const { return slots_.size() - free_.size(); }
  WalkCachePort& walk_cache() { return walk_cache_; }
  const WalkCachePort& walk_cache() const { return walk_cache_; }
  void subscribe(arch::WalkMonitor& monitor) { monitors_.subscribe(monitor); }

  template <class Visit>
  void counters(Visit&& visit) const {
    visit("config_lookups", config_lookups_);
    visit("config_cache_miss", config_misses_);
    visit("config_struct_access", config_fetches_);
    visit("hazards", hazards_);
    visit("walks", walks_);
    visit("trans_table_walk_access", walk_reads_);
    visit("walk_updates", walk_updates_);
    visit("ipa_lookups", ipa_lookups_);
    visit("ipa_hits", ipa_hits_);
    visit("pwc_lookups", walk_cache_.lookups());
    for (unsigned level = 0; level < arch::kWalkLevels; ++level) {
      visit(kHitNames[level], walk_cache_.hits(level));
    }
    visit("pwc_cycles", walk_cache_.cycles());
    visit("slots_peak", slots_peak_);
    visit("config_slots_peak", config_slots_peak_);
    visit("walk_slots_peak", walk_slots_peak_);
  }
  template <class Visit>
  void signals(Visit&& visit) const {
    std::array<std::uint64_t, 4> slots{};
    std::uint64_t configs = 0, walks = 0;
    for (const Slot& slot : slots_) {
      ++slots[static_cast<std::size_t>(slot.state)];
      configs += slot.config_slot;
      walks += slot.walk_slot;
    }
    visit("slots", 16, occupied());
    visit("slots_config", 16, slots[static_cast<std::size_t>(State::config)]);
    visit("slots_walking", 16, slots[static_cast<std::size_t>(State::walking)]);
    visit("slots_chained", 16, slots[static_cast<std::size_t>(State::chained)]);
    visit("config_slots", 16, configs);
    visit("config_slot_waiting", 16, config_waiting_.size());
    visit("walk_slots", 16, walks);
    visit("walk_slot_waiting", 16, walk_waiting_.size());
    visit("blocked", 16, blocked_.size());
  }

 private:
  static constexpr std::uint16_t kNone = 0xFFFF;
  static constexpr const char* kHitNames[arch::kWalkLevels] = {"pwc_hits_level0", "pwc_hits_level1",
                                                               "pwc_hits_level2", "pwc_hits_level3"};
  enum class State : std::uint8_t { free, config, walking, chained };

  struct Slot {
    State state = State::free;
    bool config_slot = false;  ///< holds one
    bool walk_slot = false;    ///< holds one
    std::uint64_t epoch = 0;
    std::uint64_t walk_number = 0;
    Pending pending;
    std::optional<arch::ConfigWalk> config_walk;
    std::optional<arch::TableWalk> walk;
    std::vector<std::uint16_t> chain;  ///< slots merged behind this walk
  };

  /// A fault that must stall, without an STAG. It has no slot: those who could never get one meanwhile may be
  /// those whom its service waits for.
  struct Blocked {
    Pending pending;
    arch::Fault fault;
    std::uint64_t epoch = 0;
  };

  // The recipe, step by step.
  void begin(std::uint16_t slot);
  void config_result(std::uint64_t slot);
  void config_step(std::uint16_t slot);
  void config_fetch(std::uint16_t slot);
  void config_fetched(engine::Payload& payload, std::uint64_t slot);
  void config_updated(engine::Payload& payload, std::uint64_t slot);
  void supply_cached(Slot& slot);
  bool config_reached(const Slot& slot) const;
  void config_ended(std::uint16_t slot);
  bool merge(std::uint16_t slot);
  void walk_cache_result(std::uint16_t slot, const arch::WalkCacheResponse& response);
  void walk_step(std::uint64_t slot);
  void walk_read(std::uint16_t slot);
  void descriptor_read(engine::Payload& payload, std::uint64_t slot);
  void descriptor_updated(engine::Payload& payload, std::uint64_t slot);
  void examined(std::uint64_t slot);
  void walk_cache_lookup(std::uint16_t slot);
  void ipa_lookup(std::uint16_t slot);
  void ipa_result(std::uint64_t slot);
  template <auto Method>
  void update(const arch::Update& update, std::uint64_t slot);
  void walk_ended(std::uint16_t slot);
  void end_fault(std::uint16_t slot, const arch::Fault& fault);
  void end(std::uint16_t slot);

  static bool hint(const Slot& slot) { return slot.pending.goal >= Goal::prefetch_config; }
  bool stale(const Slot& slot) const { return slot.epoch != epoch_; }
  arch::AddressType type_of(const Slot& slot) const;
  arch::WalkStamp stamp(const Slot& slot) const;
  void enter(Slot& slot, probe::Stage stage, probe::Cause cause = {});
  void take_config_slot(Slot& slot);
  void return_config_slot(Slot& slot);
  void return_walk_slot(Slot& slot);

  engine::Calendar& calendar_;
  engine::Clock clock_;
  Inlets inlets_;
  TcuConfig config_;
  const Context& context_;
  MemoryPort& memory_;
  TranslationClient& client_;
  ConfigCache config_cache_;
  IpaCache ipa_cache_;
  arch::WalkMonitors monitors_;
  WalkCachePort walk_cache_;
  std::vector<Slot> slots_;  ///< made as they are needed
  std::vector<std::uint16_t> free_;
  std::uint32_t config_slots_;
  std::uint32_t walk_slots_;
  engine::Ring<std::uint16_t> config_waiting_;  ///< at most one entry per slot, as are the next two
  engine::Ring<std::uint16_t> walk_waiting_;
  engine::Ring<Blocked> blocked_;
  std::uint64_t epoch_ = 0;           ///< counts invalidations
  engine::Picoseconds ipa_free_ = 0;  ///< when the next IPA-cache lookup may begin

  std::uint64_t config_lookups_ = 0, config_misses_ = 0, config_fetches_ = 0, hazards_ = 0, walks_ = 0,
                walk_reads_ = 0, walk_updates_ = 0, ipa_lookups_ = 0, ipa_hits_ = 0, slots_peak_ = 0,
                config_slots_peak_ = 0, walk_slots_peak_ = 0;
};

}  // namespace svasim::smmu
