// The recipe of an endpoint, in the order in which an access meets it. Contract: endpoint.hpp.
#include "models/pcie/endpoint.hpp"

namespace svasim::pcie {

using arch::Tlp;
using probe::Outcome;
using probe::Stage;

namespace {

constexpr bool power_of_two(unsigned n) { return n != 0 && (n & (n - 1)) == 0; }

}  // namespace

std::vector<std::string> EndpointConfig::check() const {
  std::vector<std::string> errors;
  if (!power_of_two(atc.sets)) errors.push_back("atc.sets must be a power of two");
  if (atc.ways == 0) errors.push_back("atc.ways must be at least 1");
  if (ats.requests == 0) errors.push_back("ats.requests must be at least 1");
  if (pri.allocation == 0) errors.push_back("pri.allocation must be at least 1");
  if (pri.group_pages == 0) errors.push_back("pri.group_pages must be at least 1");
  if (pri.enabled && !ats.enabled) errors.push_back("pri.enabled needs ats.enabled");
  return errors;
}

Endpoint::Endpoint(engine::Calendar& calendar, engine::Clock clock, probe::Recorder& recorder,
                   const EndpointConfig& config, DeviceIdentity device, PcieLink& link, AccessSource& source)
    : calendar_(calendar),
      clock_(clock),
      recorder_(recorder),
      config_(config),
      device_(device),
      link_(link),
      block_(calendar.add_block()),
      issuer_(calendar, clock, inlet(kIssue), recorder, device, config.issue, source),
      atc_(config.atc.sets, config.atc.ways) {
  issuer_.bind<&Endpoint::issued>(this);
  link_.down.bind<&Endpoint::receive>(inlet(kArrival), this);
  link_.up.bind_departure<&Endpoint::departed>(inlet(kDeparture), this);
  for (std::uint16_t group = 0; group < kGroups; ++group) free_groups_.push_back(group);
}

// --- an access is issued, looked up and sent ---------------------------------------------------------------

void Endpoint::issued(const DeviceAccess& asked, probe::Transaction& transaction) {
  const std::uint32_t index = accesses_.take();
  Access& access = accesses_[index];
  access.write = asked.write;
  access.pasid = {config_.pasid, asked.pasid};
  access.va = arch::Va(asked.va);
  access.size = asked.size;
  access.address = asked.va;
  access.transaction = &transaction;
  if (!config_.ats.enabled) {
    send(index);
    return;
  }
  transaction.timeline.enter(Stage::atc, now());
  lookups_.push_back(index);
  if (!port_waiting_) pump_lookups();
}

void Endpoint::pump_lookups(std::uint64_t) {
  port_waiting_ = false;
  while (!replays_.empty() || !lookups_.empty()) {
    if (port_free_ > now()) {
      port_waiting_ = true;
      calendar_.post<&Endpoint::pump_lookups>(port_free_, inlet(kLookup), this);
      return;
    }
    const std::uint32_t access = replays_.empty() ? lookups_.pop_front() : replays_.pop_front();
    port_free_ = clock_.later(now(), config_.atc.interval);
    calendar_.post<&Endpoint::looked_up>(clock_.later(now(), config_.atc.latency), inlet(kLookedUp), this,
                                         access);
  }
}

void Endpoint::looked_up(std::uint64_t index) {
  const auto number = static_cast<std::uint32_t>(index);
  Access& access = accesses_[number];
  if (access.granted) {
    send(number);
    return;
  }
  ++count_.lookups;
  const arch::AtsTranslation* hit = atc_.lookup({access.pasid, false}, access.va, access.write);
  if (hit == nullptr) {
    missed(number);
    return;
  }
  ++count_.hits;
  use(access, *hit);
  send(number);
}

/// From here on an invalidation of the page waits for the access.
void Endpoint::use(Access& access, const arch::AtsTranslation& translation) {
  access.granted = true;
  if (translation.untranslated_only) return;
  access.translated = true;
  access.type = arch::AddressType::translated;
  access.address = translation.address + access.va.offset(translation.log2_size);
  if (on_use) on_use(device_.stream, access.pasid, access.va, arch::Pa(access.address), access.write);
}

void Endpoint::send(std::uint32_t index) {
  Access& access = accesses_[index];
  Tlp tlp;
  tlp.kind = access.write ? Tlp::Kind::memory_write : Tlp::Kind::memory_read;
  tlp.address_type = access.type;
  tlp.requester = device_.stream;
  // A translated request carries no PASID: its address is of no process any more.
  if (access.type == arch::AddressType::untranslated) tlp.pasid = access.pasid;
  tlp.tag = static_cast<std::uint16_t>(index);
  tlp.address = access.address;
  tlp.bytes = access.size;
  tlp.transaction = access.transaction;
  access.transaction->timeline.enter(Stage::link_out, now());
  if (!access.write) {
    link_.up.send(tlp, link_.bytes(tlp));
    return;
  }
  link_.up.send(tlp, link_.bytes(tlp), index);
  settle(access);  // an Invalidate Completion sent now is behind the write
}

/// A posted write got onto the wire; the root port ends its transaction.
void Endpoint::departed(std::uint64_t access) { leave(static_cast<std::uint32_t>(access)); }

void Endpoint::completion(const Tlp& tlp) {
  if (!accesses_.live(tlp.tag)) {
    ++count_.unexpected;
    return;
  }
  Access& access = accesses_[tlp.tag];
  settle(access);
  recorder_.close(*access.transaction, now(),
                  tlp.aborted ? Outcome::aborted : (tlp.zeroed ? Outcome::zeroed : Outcome::ok));
  leave(tlp.tag);
}

void Endpoint::fail(std::uint32_t access) {
  recorder_.close(*accesses_[access].transaction, now(), Outcome::failed);
  leave(access);
}

void Endpoint::leave(std::uint32_t access) {
  accesses_.free(access);
  issuer_.complete();
}

// --- a miss: one Translation Request for all who wait for the page
// -------------------------------------------

probe::Cause Endpoint::leader(const Miss& miss) const {
  return {probe::Cause::Kind::transaction, accesses_[miss.waiting.first].transaction->id};
}

void Endpoint::missed(std::uint32_t index) {
  Access& access = accesses_[index];
  const arch::Va page = access.va.aligned(arch::kPageShift);
  std::uint32_t number = misses_.find(access.pasid, page);
  if (number == kNone) {
    number = misses_.add(access.pasid, page);
    wait_for(misses_[number], index);
    request_translation(number);
    return;
  }
  ++count_.merged;
  Miss& miss = misses_[number];
  const probe::Cause cause = leader(miss);
  probe::Timeline& timeline = access.transaction->timeline;
  wait_for(miss, index);
  if (miss.state == Miss::State::refused) {  // and so is this one, by the same answer
    timeline.translation_failed(now());
    timeline.enter(Stage::link_out, now(), cause);
  } else if (miss.state == Miss::State::paged) {
    timeline.translation_failed(now());
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
    Miss& miss = misses_[number];
    miss.state = Miss::State::requested;
    miss.stale = false;
    miss.no_write = true;
    for_each_waiting(miss, [&](std::uint32_t, Access& access) { miss.no_write &= !access.write; });
    Tlp tlp;
    tlp.kind = Tlp::Kind::translation_request;
    tlp.address_type = arch::AddressType::translation_request;
    tlp.requester = device_.stream;
    tlp.pasid = miss.pasid;
    tlp.tag = static_cast<std::uint16_t>(number);
    tlp.address = miss.page.value;
    tlp.no_write = miss.no_write;
    tlp.transaction = accesses_[miss.waiting.first].transaction;
    tlp.transaction->timeline.enter(Stage::link_out, now());
    requests_in_flight_.enter(now());
    link_.send_up(tlp);
  }
}

void Endpoint::translation_completion(const Tlp& tlp) {
  if (!misses_.live(tlp.tag) || misses_[tlp.tag].state != Miss::State::requested) {
    ++count_.unexpected;
    return;
  }
  requests_in_flight_.leave(now());
  if (tlp.ats.status != arch::AtsStatus::success) {
    ++count_.errors;
    fail_all(tlp.tag);
  } else {
    answer(tlp.tag, tlp.ats.translation);
  }
  pump_requests();
}

void Endpoint::answer(std::uint32_t number, const arch::AtsTranslation& given) {
  Miss& miss = misses_[number];
  arch::AtsTranslation translation = given;
  translation.log2_size = Atc::page_size(given);
  const std::uint64_t first = miss.page.aligned(translation.log2_size).value;
  const std::uint64_t last = first + ((std::uint64_t{1} << translation.log2_size) - 1);
  if (translation.any_access() && miss.stale && first <= miss.stale_last && last >= miss.stale_first) {
    ++count_.stale;
    request_translation(number);
    return;
  }
  atc_.insert({miss.pasid, false}, miss.page, translation);
  WaitList waiting = miss.waiting;
  miss.waiting = {};
  bool read_denied = false;
  for (std::uint32_t index = waiting.first, next; index != kNone; index = next) {
    next = accesses_[index].next;
    const bool write = accesses_[index].write;
    if (write ? translation.write : translation.read) {
      grant(index, translation);
    } else {
      wait_for(miss, index);
      read_denied |= !write;
    }
  }
  if (miss.waiting.first == kNone) {
    misses_.remove(number);
  } else if (miss.no_write && translation.any_access() && !read_denied) {
    request_translation(number);  // those who want to write came after the request, which did not ask for it
  } else {
    refuse(number);
  }
}

void Endpoint::grant(std::uint32_t index, const arch::AtsTranslation& translation) {
  Access& access = accesses_[index];
  use(access, translation);
  access.transaction->timeline.translation_succeeded(now());
  access.transaction->timeline.enter(Stage::atc, now());
  replays_.push_back(index);
  if (!port_waiting_) pump_lookups();
}

void Endpoint::refuse(std::uint32_t number) {
  const Miss& miss = misses_[number];
  const bool ask = config_.pri.enabled && !pri_stopped_;
  for_each_waiting(miss, [&](std::uint32_t, Access& access) {
    ++count_.refused;
    access.transaction->timeline.translation_failed(now());
    if (ask) access.transaction->timeline.enter(Stage::link_out, now());
  });
  if (ask) {
    want_page(number);
  } else {
    fail_all(number);
  }
}

void Endpoint::fail_all(std::uint32_t number) {
  for_each_waiting(misses_[number], [&](std::uint32_t index, Access&) { fail(index); });
  misses_.remove(number);
}

// --- an invalidation
// ------------------------------------------------------------------------------------------

void Endpoint::invalidate_request(const Tlp& tlp) {
  Invalidation& invalidation = invalidations_[tlp.tag % kItags];
  if (tlp.tag >= kItags || invalidation.pending) {
    ++count_.unexpected;
    return;
  }
  invalidation.pending = true;
  invalidation.what = {{tlp.address, tlp.log2_span}, tlp.pasid, tlp.global};
  calendar_.post<&Endpoint::invalidate>(clock_.later(now(), config_.atc.invalidate_cycles),
                                        inlet(kInvalidate), this, tlp.tag);
}

/// Removes entries, keeps answers in flight from coming back as entries, and waits for those who use one.
void Endpoint::invalidate(std::uint64_t itag) {
  Invalidation& invalidation = invalidations_[itag];
  const AtcInvalidation& what = invalidation.what;
  count_.invalidated += atc_.invalidate(what);
  misses_.for_each([&](std::uint32_t, Miss& miss) {
    if (what.concerns(miss.pasid)) miss.invalidated(what);
  });
  invalidation.uses = 0;
  accesses_.for_each([&](std::uint32_t, Access& access) {
    const bool uses = access.translated && what.concerns(access.pasid) &&
                      what.overlaps(access.va.value, access.va.value + (access.size - 1));
    if (!uses) return;
    access.invalidations |= 1u << itag;
    ++invalidation.uses;
  });
  if (invalidation.uses == 0) complete_invalidation(static_cast<unsigned>(itag));
}

void Endpoint::complete_invalidation(unsigned itag) {
  invalidations_[itag].pending = false;
  Tlp tlp;
  tlp.kind = Tlp::Kind::invalidate_completion;
  tlp.requester = device_.stream;
  tlp.tag = static_cast<std::uint16_t>(itag);
  link_.send_up(tlp);
}

/// The access uses its translation no more, or is ahead on the link of what is sent from now on.
void Endpoint::settle(Access& access) {
  access.translated = false;
  for (; access.invalidations != 0; access.invalidations &= access.invalidations - 1) {
    const auto itag = static_cast<unsigned>(__builtin_ctz(access.invalidations));
    if (--invalidations_[itag].uses == 0) complete_invalidation(itag);
  }
}

// --- arrivals
// -------------------------------------------------------------------------------------------------

void Endpoint::receive(Tlp& tlp) {
  link_.down.consumed();
  switch (tlp.kind) {
    case Tlp::Kind::completion: completion(tlp); break;
    case Tlp::Kind::translation_completion: translation_completion(tlp); break;
    case Tlp::Kind::invalidate_request: invalidate_request(tlp); break;
    case Tlp::Kind::prg_response: prg_response(tlp); break;
    default: ++count_.unexpected; break;
  }
}

}  // namespace svasim::pcie
