// The recipe of an endpoint, in the order in which an access meets it. Contract: endpoint.hpp.
#include "models/pcie/endpoint.hpp"

namespace svasim::pcie {

using arch::Tlp;
using probe::Outcome;
using probe::Stage;

Endpoint::Endpoint(engine::Calendar& calendar, engine::Clock clock, probe::Recorder& recorder,
                   const EndpointConfig& config, DeviceIdentity device, PcieLink& link, AccessSource& source,
                   bool software)
    : calendar_(calendar),
      clock_(clock),
      recorder_(recorder),
      config_(config),
      device_(device),
      link_(link),
      block_(calendar.add_block()),
      issuer_(calendar, clock, inlet(kIssue), recorder, device, config.issue, source),
      atc_(config.atc.sets, config.atc.ways),
      pri_(config.pri.capacity, config.pri.response_pasid),
      ats_on_(config.ats.enabled && !software),
      pasid_control_(0),
      faults_(calendar, clock, inlet(kFirmware), recorder, device.stream, device.index, config.faults) {
  set_up_faults();
  issuer_.bind<&Endpoint::issued>(this);
  link_.down.bind<&Endpoint::receive>(inlet(kArrival), this);
  link_.up.bind_departure<&Endpoint::departed>(inlet(kDeparture), this);
  if (software) return;
  namespace reg = arch::pci;
  pasid_control_ = reg::pasid::kEnable | reg::pasid::kExecuteEnable | reg::pasid::kPrivilegedEnable;
  pri_.allocate(config.pri.allocation);
  pri_.write_control(config.pri.enabled ? reg::pri::kEnable : 0);
}

// --- an access is issued, looked up and sent ---------------------------------------------------------------

void Endpoint::issued(const DeviceAccess& asked, probe::Transaction& transaction) {
  namespace pasid = arch::pci::pasid;
  const std::uint32_t index = accesses_.take();
  Access& access = accesses_[index];
  access.write = asked.write;
  access.pasid = {config_.pasid && (pasid_control_ & pasid::kEnable) != 0, asked.pasid};
  if (access.pasid.valid) {
    access.execute =
        asked.execute && !asked.write && config_.execute && (pasid_control_ & pasid::kExecuteEnable) != 0;
    access.privileged =
        asked.privileged && config_.privileged && (pasid_control_ & pasid::kPrivilegedEnable) != 0;
  }
  count_.downgraded += asked.execute != access.execute || asked.privileged != access.privileged;
  access.va = arch::Va(asked.va);
  access.size = asked.size;
  access.address = asked.va;
  access.transaction = &transaction;
  if (impossible(access)) {
    fail(index);
  } else if (!ats_on_) {
    send(index);
  } else {
    transaction.timeline.enter(Stage::atc, now());
    lookups_.push_back(index);
    wake_lookups();
  }
}

/// No TLP can carry its PASID, or the PASID is being stopped.
bool Endpoint::impossible(const Access& access) {
  if (!access.pasid.valid) return false;
  const bool too_wide = access.pasid.value >> config_.pasid_bits != 0;
  const bool stopped = stopping(access.pasid);
  count_.too_wide += too_wide;
  count_.stopped += stopped;
  if (stopped) ++stopping_left_;  // it leaves at once
  return too_wide || stopped;
}

/// New lookups may start: no access waits for room among the faulted ones, or those behind may pass.
bool Endpoint::front_open() const { return parked_.empty() || config_.pri.when_full == WhenFull::pass; }

void Endpoint::wake_lookups() {
  if (!port_waiting_) pump_lookups();
}

void Endpoint::pump_lookups(std::uint64_t) {
  port_waiting_ = false;
  while (!replays_.empty() || !retries_.empty() || (!lookups_.empty() && front_open())) {
    if (port_free_ > now()) {
      port_waiting_ = true;
      calendar_.post<&Endpoint::pump_lookups>(port_free_, inlet(kLookup), this);
      return;
    }
    auto& queue = !replays_.empty() ? replays_ : !retries_.empty() ? retries_ : lookups_;
    port_free_ = clock_.later(now(), config_.atc.interval);
    calendar_.post<&Endpoint::looked_up>(clock_.later(now(), config_.atc.latency), inlet(kLookedUp), this,
                                         queue.pop_front());
  }
}

void Endpoint::looked_up(std::uint64_t index) {
  const auto number = static_cast<std::uint32_t>(index);
  Access& access = accesses_[number];
  if (access.granted) {
    send(number);
    return;
  }
  if (!ats_on_) {  // switched off since it was issued
    send(number);
    return;
  }
  ++count_.lookups;
  const arch::AtsTranslation* hit =
      atc_.lookup({access.pasid, access.privileged}, access.va, access.write, access.execute);
  if (hit == nullptr) {
    missed(number);
    return;
  }
  ++count_.hits;
  if (access.refused) access.transaction->timeline.translation_succeeded(now());
  use(access, *hit);
  send(number);
}

/// From here on an invalidation of the page waits for the access.
void Endpoint::use(Access& access, const arch::AtsTranslation& translation) {
  access.granted = true;
  if (translation.untranslated_only) return;
  access.translated = true;
  access.no_snoop = translation.no_snoop;
  access.global = translation.global;
  access.type = arch::AddressType::translated;
  access.address = translation.address + access.va.offset(translation.log2_size);
  if (!on_use) return;
  on_use(device_.stream, access.pasid, access.va, arch::Pa(access.address),
         {access.write, access.execute, access.privileged});
}

void Endpoint::send(std::uint32_t index) {
  Access& access = accesses_[index];
  Tlp tlp;
  tlp.kind = access.write ? Tlp::Kind::memory_write : Tlp::Kind::memory_read;
  tlp.address_type = access.type;
  tlp.requester = device_.stream;
  // A translated request carries no PASID: its address is of no process any more.
  if (access.type == arch::AddressType::untranslated) {
    tlp.pasid = access.pasid;
    tlp.privileged = access.privileged;
    tlp.execute = access.execute;
  }
  tlp.no_snoop = access.no_snoop;
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
  release(accesses_[access]);
  leave(access);
}

void Endpoint::leave(std::uint32_t index) {
  if (stopping(accesses_[index].pasid) && --stopping_left_ == 0) stopping_ = false;
  accesses_.free(index);
  issuer_.complete();
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
    case Tlp::Kind::memory_read:
    case Tlp::Kind::memory_write: register_access(tlp); break;
    default: ++count_.unexpected; break;
  }
}

}  // namespace svasim::pcie
