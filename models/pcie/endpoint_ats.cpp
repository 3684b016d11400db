// How an endpoint gets translations, and how it loses them again (PCIe Base, ATS). Contract: endpoint.hpp.
#include "models/pcie/endpoint.hpp"

namespace svasim::pcie {

using arch::Tlp;
using probe::Stage;

// --- a miss: one Translation Request for all who wait for the page -----------------------------------------

probe::Cause Endpoint::leader(const Miss& miss) const {
  return {probe::Cause::Kind::transaction, accesses_[miss.waiting.first].transaction->id};
}

void Endpoint::missed(std::uint32_t index) {
  Access& access = accesses_[index];
  const AtcTag tag{access.pasid, access.privileged};
  const arch::Va page = access.va.aligned(arch::kPageShift);
  std::uint32_t number = misses_.find(tag, page);
  if (number == kNone) {
    number = misses_.add(tag, page);
    wait_for(misses_[number], index);
    request_translation(number);
    return;
  }
  ++count_.merged;
  Miss& miss = misses_[number];
  const probe::Cause cause = leader(miss);
  probe::Timeline& timeline = access.transaction->timeline;
  const bool refused = miss.state == Miss::State::refused || miss.fault != nullptr;
  if (refused) {  // and so is this one, by the same answer
    timeline.translation_failed(now());
    if (!hold(index)) return;
  }
  wait_for(miss, index);
  if (miss.state == Miss::State::refused) {
    timeline.enter(Stage::link_out, now(), cause);
  } else if (miss.fault != nullptr) {
    miss.fault->attach(*access.transaction, now());
  } else {
    timeline.enter(Stage::atc, now(), cause);
  }
}

void Endpoint::wait_for(Miss& miss, std::uint32_t access) {
  accesses_[access].next = kNone;
  (miss.waiting.first == kNone ? miss.waiting.first : accesses_[miss.waiting.last].next) = access;
  miss.waiting.last = access;
}

void Endpoint::request_translation(std::uint32_t number) {
  Miss& miss = misses_[number];
  miss.state = Miss::State::queued;
  for_each_waiting(miss, [&](std::uint32_t index, Access& access) {
    access.transaction->timeline.enter(Stage::atc, now(),
                                       index == miss.waiting.first ? probe::Cause{} : leader(miss));
  });
  requests_.push_back(number);
  pump_requests();
}

void Endpoint::pump_requests() {
  while (!requests_.empty() && requests_in_flight_.current() < config_.ats.requests) {
    const std::uint32_t number = requests_.pop_front();
    if (ats_on_) {
      send_request(number);
    } else {
      go_untranslated(number);
    }
  }
}

void Endpoint::send_request(std::uint32_t number) {
  Miss& miss = misses_[number];
  miss.state = Miss::State::requested;
  miss.stale = miss.foreign = {};
  miss.execute = false;
  bool write = false;
  for_each_waiting(miss, [&](std::uint32_t, Access& access) {
    write |= access.write;
    miss.execute |= access.execute;
  });
  miss.no_write = config_.ats.no_write && !write;
  Tlp tlp;
  tlp.kind = Tlp::Kind::translation_request;
  tlp.address_type = arch::AddressType::translation_request;
  tlp.requester = device_.stream;
  tlp.pasid = miss.tag.pasid;
  tlp.privileged = miss.tag.privileged;
  tlp.execute = miss.execute;
  tlp.tag = static_cast<std::uint16_t>(number);
  tlp.address = miss.page.value;
  tlp.no_write = miss.no_write;
  tlp.transaction = accesses_[miss.waiting.first].transaction;
  tlp.transaction->timeline.enter(Stage::link_out, now());
  requests_in_flight_.enter(now());
  link_.send_up(tlp);
}

void Endpoint::translation_completion(const Tlp& tlp) {
  if (!misses_.live(tlp.tag) || misses_[tlp.tag].state != Miss::State::requested) {
    ++count_.unexpected;
    return;
  }
  requests_in_flight_.leave(now());
  if (tlp.ats.status == arch::AtsStatus::success) {
    answer(tlp.tag, tlp.ats.translation);
  } else {
    ++count_.errors;
    fail_all(tlp.tag);
    if (tlp.ats.status == arch::AtsStatus::unsupported_request && config_.ats.stop_on_unsupported) {
      control_ats(false);
    }
  }
  pump_requests();
}

void Endpoint::answer(std::uint32_t number, const arch::AtsTranslation& given) {
  if (!ats_on_) {
    go_untranslated(number);
    return;
  }
  Miss& miss = misses_[number];
  arch::AtsTranslation translation = given;
  translation.log2_size = Atc::page_size(given);
  const std::uint64_t first = miss.page.aligned(translation.log2_size).value;
  const std::uint64_t last = first + ((std::uint64_t{1} << translation.log2_size) - 1);
  const bool stale =
      miss.stale.touches(first, last) || (translation.global && miss.foreign.touches(first, last));
  if (translation.any_access() && stale) {
    ++count_.stale;
    request_translation(number);
    return;
  }
  atc_.insert(miss.tag, miss.page, translation);
  grant_waiting(number, translation);
}

void Endpoint::grant_waiting(std::uint32_t number, const arch::AtsTranslation& translation) {
  Miss& miss = misses_[number];
  const WaitList waiting = miss.waiting;
  miss.waiting = {};
  bool asked_in_vain = false;
  for (std::uint32_t index = waiting.first, next; index != kNone; index = next) {
    const Access& access = accesses_[index];
    next = access.next;
    if (Atc::grants(translation, access.write, access.execute)) {
      grant(index, translation);
    } else {
      wait_for(miss, index);
      asked_in_vain |= access.write ? !miss.no_write : !translation.read || miss.execute;
    }
  }
  if (miss.waiting.first == kNone) {
    misses_.remove(number);
  } else if (translation.any_access() && !asked_in_vain) {
    request_translation(number);  // those left came after the request, which did not ask for what they want
  } else {
    refuse(number);
  }
}

void Endpoint::grant(std::uint32_t index, const arch::AtsTranslation& translation) {
  Access& access = accesses_[index];
  release(access);
  use(access, translation);
  access.transaction->timeline.translation_succeeded(now());
  access.transaction->timeline.enter(Stage::atc, now());
  replays_.push_back(index);
  wake_lookups();
}

/// ATS is off: the accesses go as they are.
void Endpoint::go_untranslated(std::uint32_t number) {
  arch::AtsTranslation none;
  none.untranslated_only = true;
  for_each_waiting(misses_[number], [&](std::uint32_t index, Access&) { grant(index, none); });
  misses_.remove(number);
}

void Endpoint::fail_all(std::uint32_t number) {
  for_each_waiting(misses_[number], [&](std::uint32_t index, Access&) { fail(index); });
  misses_.remove(number);
}

// --- an invalidation ---------------------------------------------------------------------------------------

void Endpoint::invalidate_request(const Tlp& tlp) {
  const bool global = tlp.global && config_.atc.global_invalidate;
  if (!invalidations_.accept(tlp.tag, {{tlp.address, tlp.log2_span}, tlp.pasid, global})) {
    ++count_.unexpected;
    return;
  }
  ++count_.invalidations;
  calendar_.post<&Endpoint::invalidate>(clock_.later(now(), config_.atc.invalidate_cycles),
                                        inlet(kInvalidate), this, tlp.tag);
}

/// Removes entries, keeps answers in flight from coming back as entries, and waits for those who use one.
void Endpoint::invalidate(std::uint64_t itag) {
  const AtcInvalidation& what = invalidations_.what(itag);
  count_.invalidated += atc_.invalidate(what);
  misses_.for_each([&](std::uint32_t, Miss& miss) {
    (what.concerns(miss.tag.pasid) ? miss.stale : miss.foreign).add(what);
  });
  accesses_.for_each([&](std::uint32_t, Access& access) {
    const bool uses = access.translated && (access.global || what.concerns(access.pasid)) &&
                      what.overlaps(access.va.value, access.va.value + (access.size - 1));
    if (!uses) return;
    access.invalidations |= 1u << itag;
    invalidations_.hold(itag);
  });
  if (!invalidations_.held(itag)) complete_invalidation(itag);
}

void Endpoint::complete_invalidation(std::uint64_t itag) {
  const bool first = invalidations_.finish(itag);
  if (config_.atc.collect_cycles == 0) {
    send_completions();
  } else if (first) {
    calendar_.post<&Endpoint::send_completions>(clock_.later(now(), config_.atc.collect_cycles),
                                                inlet(kInvalidate), this);
  }
}

/// One for each traffic class, for every ITag that is finished; behind what was sent before.
void Endpoint::send_completions(std::uint64_t) {
  Tlp tlp;
  tlp.kind = Tlp::Kind::invalidate_completion;
  tlp.requester = device_.stream;
  tlp.itags = invalidations_.complete();
  tlp.completions = static_cast<std::uint8_t>(config_.atc.completions & 7);
  for (unsigned traffic_class = 0; traffic_class < config_.atc.completions; ++traffic_class) {
    link_.send_up(tlp);
    ++count_.completions;
  }
}

/// The access uses its translation no more, or is ahead on the link of what is sent from now on.
void Endpoint::settle(Access& access) {
  access.translated = false;
  for (; access.invalidations != 0; access.invalidations &= access.invalidations - 1) {
    const auto itag = static_cast<unsigned>(__builtin_ctz(access.invalidations));
    if (invalidations_.release(itag)) complete_invalidation(itag);
  }
}

}  // namespace svasim::pcie
