// See translator.hpp.
#include "models/smmu/translator.hpp"

#include <algorithm>

#include "models/arch/tlb_scope.hpp"

namespace svasim::smmu {

Translator::Translator(engine::Calendar& calendar, engine::Clock clock, Inlets inlets,
                       const TcuConfig& config, const Context& context, MemoryPort& memory,
                       std::unique_ptr<arch::WalkCache> walk_cache, TranslationClient& client)
    : calendar_(calendar),
      clock_(clock),
      inlets_(inlets),
      config_(config),
      context_(context),
      memory_(memory),
      client_(client),
      config_cache_(config.config_sets, config.config_ways),
      ipa_cache_(config.ipa_sets, config.ipa_ways),
      walk_cache_(
          calendar, clock, inlets.walk_cache, std::move(walk_cache), monitors_,
          [this](std::uint16_t slot, const arch::WalkCacheResponse& r) { walk_cache_result(slot, r); }),
      config_slots_(limit(config.config_slots)),
      walk_slots_(limit(config.walk_slots)) {
  walk_cache_.on_progress = [this] { client_.translation_ended(); };
}

void Translator::start(const Pending& pending) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint16_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint16_t index = free_.back();
  free_.pop_back();
  slots_peak_ = std::max<std::uint64_t>(slots_peak_, occupied());
  slots_[index].pending = pending;
  begin(index);
}

// (1) Configuration cache.
void Translator::begin(std::uint16_t index) {
  Slot& slot = slots_[index];
  slot.state = State::config;
  slot.epoch = slot.pending.epoch = epoch_;
  enter(slot, probe::Stage::config);
  calendar_.post<&Translator::config_result>(calendar_.now() + clock_.span(config_.config_latency),
                                             inlets_.pipeline, this, index);
}

void Translator::config_result(std::uint64_t index) {
  Slot& slot = slots_[index];
  const arch::dti::Upstream& request = slot.pending.request;
  ++config_lookups_;
  slot.config_walk.emplace(context_.state, context_.features, request.stream, request.substream,
                           type_of(slot), config_cache_.ste(request.stream),
                           request.flow == arch::dti::Flow::stall);
  supply_cached(slot);
  if (config_reached(slot)) {
    return_config_slot(slot);
    config_ended(static_cast<std::uint16_t>(index));
    return;
  }
  // (2) A miss fetches from memory, a few at a time; who had to wait looks the cache up again.
  if (!slot.config_slot && config_slots_ == 0) {
    config_waiting_.push_back(static_cast<std::uint16_t>(index));
    return;
  }
  if (!slot.config_slot) take_config_slot(slot);
  config_step(static_cast<std::uint16_t>(index));
}

void Translator::supply_cached(Slot& slot) {
  if (slot.config_walk->status() != arch::ConfigWalk::Status::fetch || !slot.config_walk->wants_cd()) return;
  const arch::Cd* cd = config_cache_.cd(slot.pending.request.stream, slot.config_walk->cd_index());
  if (cd != nullptr) slot.config_walk->supply_cached_cd(*cd);
}

/// The configuration walk has ended, or has found as much as is wanted.
bool Translator::config_reached(const Slot& slot) const {
  const arch::ConfigWalk& walk = *slot.config_walk;
  if (slot.pending.goal == Goal::stream && walk.ste()) return true;
  return walk.status() == arch::ConfigWalk::Status::done || walk.status() == arch::ConfigWalk::Status::fault;
}

/// The next access: of a structure, or of a stage-2 descriptor on the way to a CD.
void Translator::config_step(std::uint16_t index) {
  Slot& slot = slots_[index];
  arch::ConfigWalk& walk = *slot.config_walk;
  if (hint(slot) && walk.status() == arch::ConfigWalk::Status::update) walk.supply_abort();
  if (config_reached(slot)) {
    return_config_slot(slot);
    config_ended(index);
    return;
  }
  if (walk.status() == arch::ConfigWalk::Status::update) {
    update<&Translator::config_updated>(walk.update(), index);
  } else if (walk.wants_stage2() && ipa_cache_.enabled()) {
    ipa_lookup(index);
  } else {
    config_fetch(index);
  }
}

void Translator::config_fetch(std::uint16_t index) {
  const arch::Fetch& fetch = slots_[index].config_walk->fetch();
  ++(fetch.purpose == arch::Purpose::stage2_descriptor ? walk_reads_ : config_fetches_);
  memory_.read<&Translator::config_fetched>(fetch.address, fetch.bytes, this, index);
}

void Translator::config_fetched(engine::Payload& payload, std::uint64_t argument) {
  const auto index = static_cast<std::uint16_t>(argument);
  Slot& slot = slots_[index];
  arch::ConfigWalk& walk = *slot.config_walk;
  const bool had_ste = walk.ste().has_value();
  payload.ok() ? walk.supply(payload.data()) : walk.supply_abort();
  if (!stale(slot)) {
    const arch::StreamId stream = slot.pending.request.stream;
    if (!had_ste && walk.ste()) config_cache_.insert(stream, *walk.ste());
    if (walk.cd()) config_cache_.insert(stream, walk.cd_index(), *walk.cd());
    if (walk.stage2_fill()) ipa_cache_.insert(*walk.stage2_fill());
  }
  supply_cached(slot);
  config_step(index);
}

void Translator::config_updated(engine::Payload& payload, std::uint64_t index) {
  Slot& slot = slots_[index];
  arch::ConfigWalk& walk = *slot.config_walk;
  payload.ok() ? walk.supply_update(arch::load_le64(payload.data())) : walk.supply_abort();
  if (walk.stage2_fill() && !stale(slot)) ipa_cache_.insert(*walk.stage2_fill());
  config_step(static_cast<std::uint16_t>(index));
}

void Translator::take_config_slot(Slot& slot) {
  slot.config_slot = true;
  --config_slots_;
  ++config_misses_;
  config_slots_peak_ =
      std::max<std::uint64_t>(config_slots_peak_, limit(config_.config_slots) - config_slots_);
}

void Translator::return_config_slot(Slot& slot) {
  if (!slot.config_slot) return;
  slot.config_slot = false;
  ++config_slots_;
  if (config_waiting_.empty()) return;
  const std::uint16_t next = config_waiting_.pop_front();
  take_config_slot(slots_[next]);
  calendar_.post<&Translator::config_result>(calendar_.now() + clock_.span(config_.config_latency),
                                             inlets_.pipeline, this, next);
}

// (3) Configured: merge behind a walk or stall of the same page, else ask the walk cache.
void Translator::config_ended(std::uint16_t index) {
  Slot& slot = slots_[index];
  const arch::ConfigWalk& config = *slot.config_walk;
  const bool failed = config.status() == arch::ConfigWalk::Status::fault;
  if (slot.pending.goal == Goal::stream) {
    const bool legal = config.ste() && !(failed && config.fault().id == arch::EventId::c_bad_ste);
    client_.stream_found(slot.pending, legal ? &*config.ste() : nullptr);
    end(index);
    return;
  }
  if (failed) {
    end_fault(index, config.fault());
    return;
  }
  if (slot.pending.goal == Goal::prefetch_config) {
    end(index);
    return;
  }
  const arch::dti::Upstream& request = slot.pending.request;
  slot.walk.emplace(slot.config_walk->config(), request.va, request.access, type_of(slot),
                    request.flow == arch::dti::Flow::stall);
  if (slot.walk->status() != arch::TableWalk::Status::fetch) {
    walk_ended(index);
    return;
  }
  if (!hint(slot) && merge(index)) return;
  slot.state = State::walking;
  slot.walk_number = ++walks_;
  if (monitors_.any()) monitors_.publish(&arch::WalkMonitor::walk_begins, stamp(slot), request);
  walk_step(index);
}

bool Translator::merge(std::uint16_t index) {
  Slot& slot = slots_[index];
  const arch::dti::Upstream& request = slot.pending.request;
  if (request.flow == arch::dti::Flow::stall && client_.park_behind_stall(slot.pending)) {
    ++hazards_;
    end(index);
    return true;
  }
  for (Slot& other : slots_) {
    const arch::dti::Upstream& ahead = other.pending.request;
    if (other.state != State::walking || stale(other) || !same_translation(ahead, request)) continue;
    ++hazards_;
    slot.state = State::chained;
    other.chain.push_back(index);
    const std::uint64_t behind = ahead.transaction != nullptr ? ahead.transaction->id : 0;
    enter(slot, probe::Stage::hazard, {probe::Cause::Kind::transaction, behind});
    return true;
  }
  return false;
}

void Translator::walk_cache_lookup(std::uint16_t index) {
  Slot& slot = slots_[index];
  enter(slot, probe::Stage::walk_cache);
  walk_cache_.lookup(index, slot.walk->key(), stamp(slot));
}

void Translator::walk_cache_result(std::uint16_t index, const arch::WalkCacheResponse& response) {
  slots_[index].walk->resume(response);
  walk_step(index);
}

// (4) The walk itself: the walk cache first, then one access after the other, with a walk slot from the first
// to the end. Each translation by stage 2 begins with the IPA cache, and if that misses the walk cache.
void Translator::walk_step(std::uint64_t argument) {
  const auto index = static_cast<std::uint16_t>(argument);
  Slot& slot = slots_[index];
  const bool ask_ipa_cache = slot.walk->wants_stage2() && ipa_cache_.enabled();
  if (slot.walk->uses_walk_cache() && !ask_ipa_cache) {
    walk_cache_lookup(index);
    return;
  }
  if (hint(slot) && slot.walk->status() == arch::TableWalk::Status::update) slot.walk->supply_abort();
  const arch::TableWalk::Status status = slot.walk->status();
  if (status == arch::TableWalk::Status::fetch || status == arch::TableWalk::Status::update) {
    enter(slot, probe::Stage::walk_memory);
    if (!slot.walk_slot) {
      if (walk_slots_ == 0) {
        walk_waiting_.push_back(index);
        return;
      }
      --walk_slots_;
      slot.walk_slot = true;
      walk_slots_peak_ = std::max<std::uint64_t>(walk_slots_peak_, limit(config_.walk_slots) - walk_slots_);
    }
    if (status == arch::TableWalk::Status::update) {
      update<&Translator::descriptor_updated>(slot.walk->update(), index);
    } else if (ask_ipa_cache) {
      ipa_lookup(index);
    } else {
      walk_read(index);
    }
    return;
  }
  walk_ended(index);
}

void Translator::walk_read(std::uint16_t index) {
  ++walk_reads_;
  const arch::Fetch& fetch = slots_[index].walk->fetch();
  memory_.read<&Translator::descriptor_read>(fetch.address, fetch.bytes, this, index);
}

void Translator::descriptor_read(engine::Payload& payload, std::uint64_t index) {
  Slot& slot = slots_[index];
  payload.ok() ? slot.walk->supply(payload.data()) : slot.walk->supply_abort();
  examined(index);
}

void Translator::descriptor_updated(engine::Payload& payload, std::uint64_t index) {
  Slot& slot = slots_[index];
  payload.ok() ? slot.walk->supply_update(arch::load_le64(payload.data())) : slot.walk->supply_abort();
  examined(index);
}

/// A descriptor came from memory: one cycle to the next access, or to the end.
void Translator::examined(std::uint64_t index) {
  Slot& slot = slots_[index];
  if (const auto entry = slot.walk->fill(); entry && !stale(slot)) walk_cache_.fill(*entry, stamp(slot));
  if (const auto& leaf = slot.walk->stage2_fill(); leaf && !stale(slot)) ipa_cache_.insert(*leaf);
  calendar_.post<&Translator::walk_step>(calendar_.now() + clock_.period(), inlets_.pipeline, this, index);
}

/// Hardware update of the access flag or dirty state: a compare-and-swap in memory.
template <auto Method>
void Translator::update(const arch::Update& update, std::uint64_t index) {
  ++walk_updates_;
  memory_.compare_and_swap<Method>(update.address, update.expected, update.desired, this, index);
}

/// IPA cache: begins each translation by stage 2, of a CD, a stage-1 table or a page. One lookup at a time
/// begins, and takes a cycle for each page size in use.
void Translator::ipa_lookup(std::uint16_t index) {
  const engine::Picoseconds begin = std::max(calendar_.now(), ipa_free_);
  const engine::Picoseconds probes = clock_.span(std::max(1u, ipa_cache_.sizes_in_use()));
  ipa_free_ = begin + probes;
  calendar_.post<&Translator::ipa_result>(ipa_free_ + clock_.span(config_.ipa_latency - 1), inlets_.pipeline,
                                          this, index);
}

void Translator::ipa_result(std::uint64_t argument) {
  const auto index = static_cast<std::uint16_t>(argument);
  Slot& slot = slots_[index];
  const bool config = slot.state == State::config;
  const arch::Ipa ipa = config ? slot.config_walk->stage2_ipa() : slot.walk->stage2_ipa();
  const arch::Stage2Entry* leaf = ipa_cache_.lookup(slot.config_walk->config().vmid, ipa);
  ++ipa_lookups_;
  if (leaf == nullptr) {
    config ? config_fetch(index) : slot.walk->uses_walk_cache() ? walk_cache_lookup(index) : walk_read(index);
    return;
  }
  ++ipa_hits_;
  config ? slot.config_walk->supply_cached_stage2(*leaf) : slot.walk->supply_cached_stage2(*leaf);
  config ? config_step(index) : walk_step(index);
}

void Translator::return_walk_slot(Slot& slot) {
  if (!slot.walk_slot) return;
  slot.walk_slot = false;
  ++walk_slots_;
  if (walk_waiting_.empty()) return;
  walk_step(walk_waiting_.pop_front());
}

// (5) The outcome, for the walk and for those merged behind it.
void Translator::walk_ended(std::uint16_t index) {
  Slot& slot = slots_[index];
  if (monitors_.any() && slot.state == State::walking) {
    monitors_.publish(&arch::WalkMonitor::walk_ends, stamp(slot), *slot.walk);
  }
  return_walk_slot(slot);
  if (slot.walk->status() != arch::TableWalk::Status::done) {
    end_fault(index, slot.walk->fault());
    return;
  }
  const bool keep = !stale(slot);
  const arch::StreamConfig& config = slot.config_walk->config();
  const arch::TranslationResult& result = slot.walk->result();
  if (!hint(slot)) client_.translated(slot.pending, config, result, keep);
  for (const std::uint16_t waiting : slot.chain) {
    client_.translated(slots_[waiting].pending, config, result, keep);
    end(waiting);
  }
  slot.chain.clear();
  end(index);
}

void Translator::end_fault(std::uint16_t index, const arch::Fault& fault) {
  Slot& slot = slots_[index];
  for (const std::uint16_t waiting : slot.chain) begin(waiting);  // each finds its own fault, or the stall
  slot.chain.clear();
  if (!hint(slot) && !client_.faulted(slot.pending, fault)) {
    enter(slot, probe::Stage::fault_record);
    blocked_.push_back({slot.pending, fault, slot.epoch});
  }
  end(index);
}

/// One that an invalidation overtook is translated again: its fault may be history.
void Translator::release_blocked() {
  while (!blocked_.empty()) {
    const Blocked blocked = blocked_.pop_front();
    if (blocked.epoch != epoch_) {
      client_.retry(blocked.pending);
    } else if (!client_.park_behind_stall(blocked.pending) &&
               !client_.faulted(blocked.pending, blocked.fault)) {
      blocked_.push_front(blocked);
      return;
    }
  }
}

void Translator::end(std::uint16_t index) {
  slots_[index].state = State::free;
  free_.push_back(index);
  client_.translation_ended();
}

void Translator::invalidate(const arch::Command& command) {
  ++epoch_;
  config_cache_.invalidate(command);
  if (!arch::is_tlbi(command.opcode)) return;
  ipa_cache_.invalidate(command, context_);
  const auto request = arch::walk_cache_invalidate(command, context_.state, context_.features);
  if (request) walk_cache_.invalidate(*request);
}

bool Translator::settled(std::uint64_t epoch) const {
  if (!walk_cache_.settled()) return false;
  return std::none_of(slots_.begin(), slots_.end(),
                      [&](const Slot& slot) { return slot.state != State::free && slot.epoch < epoch; });
}

arch::AddressType Translator::type_of(const Slot& slot) const {
  const arch::dti::Upstream& request = slot.pending.request;
  return request.flow == arch::dti::Flow::ats ? arch::AddressType::translation_request : request.address_type;
}

arch::WalkStamp Translator::stamp(const Slot& slot) const {
  const probe::Transaction* const transaction = slot.pending.request.transaction;
  return {calendar_.now(), slot.walk_number, transaction != nullptr ? transaction->id : 0};
}

void Translator::enter(Slot& slot, probe::Stage stage, probe::Cause cause) {
  if (slot.pending.request.transaction != nullptr) {
    slot.pending.request.transaction->timeline.enter(stage, calendar_.now(), cause);
  }
}

}  // namespace svasim::smmu
