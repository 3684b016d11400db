// See reference.hpp.
#include "models/arch/reference.hpp"

#include <array>
#include <utility>

namespace svasim::arch {

ReferenceTranslator::ReferenceTranslator(const SmmuState& state, const Features& features, Read read,
                                         Swap swap)
    : state_(state), features_(features), read_(std::move(read)), swap_(std::move(swap)) {}

template <class Walk>
void ReferenceTranslator::step(Walk& walk) const {
  if (walk.status() == Walk::Status::fetch) {
    std::array<std::uint8_t, 64> buffer{};
    const Fetch& fetch = walk.fetch();
    if (read_(fetch.address, buffer.data(), fetch.bytes)) {
      walk.supply(buffer.data());
    } else {
      walk.supply_abort();
    }
  } else {
    std::uint64_t observed = walk.update().expected;
    if (!swap_ || swap_(walk.update(), observed)) {
      walk.supply_update(observed);
    } else {
      walk.supply_abort();
    }
  }
}

template <class Walk>
void ReferenceTranslator::drive(Walk& walk) const {
  while (walk.status() == Walk::Status::fetch || walk.status() == Walk::Status::update) step(walk);
}

FaultOutcome ReferenceTranslator::outcome(const Fault& fault, StreamId stream, SubstreamId substream, Va va,
                                          Access access) const {
  FaultOutcome out{fault, std::nullopt};
  if (fault.recorded) out.event = fault.event(stream, substream, va, access);
  return out;
}

Outcome ReferenceTranslator::translate(StreamId stream, SubstreamId substream, Va va, Access access,
                                       AddressType type, bool may_stall) const {
  ConfigWalk config(state_, features_, stream, substream, type, nullptr, may_stall);
  drive(config);
  if (config.status() == ConfigWalk::Status::fault) {
    return outcome(config.fault(), stream, substream, va, access);
  }
  TableWalk walk(config.config(), va, access, type, may_stall);
  drive(walk);
  if (walk.status() == TableWalk::Status::fault) return outcome(walk.fault(), stream, substream, va, access);
  return walk.result();
}

AtsAnswer ReferenceTranslator::translation_request(StreamId stream, const AtsRequest& request,
                                                   std::optional<Event>* event) const {
  constexpr AddressType kType = AddressType::translation_request;
  const auto fail = [&](const Fault& fault) {
    const FaultOutcome failed = outcome(fault, stream, request.substream, request.va, request.asked());
    if (event != nullptr) *event = failed.event;
    return ats_answer(request, fault);
  };
  if (event != nullptr) event->reset();
  ConfigWalk config(state_, features_, stream, request.substream, kType);
  drive(config);
  if (config.status() == ConfigWalk::Status::fault) return fail(config.fault());
  TableWalk walk(config.config(), request.va, request.access(), kType);
  drive(walk);
  if (walk.status() == TableWalk::Status::fault) return fail(walk.fault());
  return ats_answer(request, config.config(), walk.result());
}

std::variant<StreamConfig, FaultOutcome> ReferenceTranslator::configuration(StreamId stream,
                                                                            SubstreamId substream,
                                                                            AddressType type) const {
  ConfigWalk config(state_, features_, stream, substream, type);
  drive(config);
  if (config.status() == ConfigWalk::Status::done) return config.config();
  return outcome(config.fault(), stream, substream, Va(), Access{});
}

std::optional<Ste> ReferenceTranslator::stream_table_entry(StreamId stream) const {
  ConfigWalk walk(state_, features_, stream, SubstreamId{});
  while (walk.status() == ConfigWalk::Status::fetch && !walk.ste()) step(walk);
  return walk.ste() && legal(*walk.ste(), features_) ? walk.ste() : std::nullopt;
}

}  // namespace svasim::arch
