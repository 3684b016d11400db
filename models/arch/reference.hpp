// The reference translator: drives ConfigWalk and TableWalk over a memory, in one call and without caches or
// time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <variant>

#include "models/arch/ats_answer.hpp"
#include "models/arch/config_walk.hpp"
#include "models/arch/table_walk.hpp"

namespace svasim::arch {

/// A failed translation with its record, if one is due.
struct FaultOutcome {
  Fault fault;
  std::optional<Event> event;
};

using Outcome = std::variant<TranslationResult, FaultOutcome>;

class ReferenceTranslator {
 public:
  /// Reads memory as the SMMU would see it; false is an abort.
  using Read = std::function<bool(Pa, void* out, unsigned bytes)>;
  /// Compare-and-swap of 8 bytes: true and the value found, or false for an abort.
  using Swap = std::function<bool(const Update&, std::uint64_t& observed)>;

  /// Without `swap` hardware updates succeed but memory is left alone: looking must not change what is looked
  /// at.
  ReferenceTranslator(const SmmuState&, const Features&, Read, Swap = {});

  void set_state(const SmmuState& state) { state_ = state; }
  const SmmuState& state() const { return state_; }

  /// An untranslated access, or a Translated one (`va` is then its PA, or IPA under split-stage ATS).
  Outcome translate(StreamId, SubstreamId, Va, Access, AddressType type = AddressType::untranslated,
                    bool may_stall = true) const;
  /// A translation request. The event, if one is due, goes to `event`.
  AtsAnswer translation_request(StreamId, const AtsRequest&, std::optional<Event>* event = nullptr) const;
  /// Only the configuration.
  std::variant<StreamConfig, FaultOutcome> configuration(StreamId, SubstreamId,
                                                         AddressType type = AddressType::untranslated) const;
  /// The stream's STE; none if it cannot be read or is illegal.
  std::optional<Ste> stream_table_entry(StreamId) const;

 private:
  template <class Walk>
  void drive(Walk&) const;
  template <class Walk>
  void step(Walk&) const;
  FaultOutcome outcome(const Fault&, StreamId, SubstreamId, Va, Access) const;

  SmmuState state_;
  Features features_;
  Read read_;
  Swap swap_;
};

}  // namespace svasim::arch
