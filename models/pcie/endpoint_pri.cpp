// How an endpoint asks for missing pages, what it does with the answer, and where faulted accesses are
// meanwhile (PCIe Base, PRI). Contract: endpoint.hpp.
#include <algorithm>

#include "models/arch/pri.hpp"
#include "models/pcie/endpoint.hpp"

namespace svasim::pcie {

using arch::Tlp;
using probe::Outcome;
using probe::Stage;

// --- a translation is refused ------------------------------------------------------------------------------

void Endpoint::refuse(std::uint32_t number) {
  Miss& miss = misses_[number];
  const bool given_up = config_.pri.attempts != 0 && miss.attempts == config_.pri.attempts;
  const bool ask = pri_.may_request() && !given_up && !stopping(miss.tag.pasid);
  const bool report = config_.reports_faults && !stopping(miss.tag.pasid);
  count_.given_up += given_up;
  const WaitList waiting = miss.waiting;
  miss.waiting = {};
  for (std::uint32_t index = waiting.first, next; index != kNone; index = next) {
    next = accesses_[index].next;
    probe::Timeline& timeline = accesses_[index].transaction->timeline;
    ++count_.refused;
    timeline.translation_failed(now());
    if ((ask || report) && !hold(index)) continue;
    wait_for(miss, index);
    if (ask) timeline.enter(Stage::link_out, now());
  }
  if (!ask && !report) {
    fail_all(number);
  } else if (miss.waiting.first == kNone) {
    misses_.remove(number);  // all are parked, and will ask again
  } else if (ask) {
    want_page(number);
  } else {
    report_fault(number);
  }
}

/// Takes a place for a faulted access. False: there is none, and the access is parked until one is free.
bool Endpoint::hold(std::uint32_t index) {
  Access& access = accesses_[index];
  if (access.held) return true;
  if (config_.pri.held != 0 && held_.current() >= config_.pri.held) {
    ++count_.parked;
    access.refused = true;
    access.transaction->timeline.enter(Stage::atc, now());
    parked_.push_back(index);
    return false;
  }
  access.held = true;
  held_.enter(now());
  return true;
}

/// Frees the place, for which all who are parked try again, oldest first.
void Endpoint::release(Access& access) {
  if (!access.held) return;
  access.held = false;
  held_.leave(now());
  if (parked_.empty()) return;
  while (!parked_.empty()) retries_.push_back(parked_.pop_front());
  wake_lookups();
}

// --- page requests -----------------------------------------------------------------------------------------

probe::FaultKey Endpoint::key(std::uint16_t group) const {
  return {probe::FaultKind::pri, arch::raw(device_.stream), group};
}

void Endpoint::want_page(std::uint32_t miss) {
  misses_[miss].state = Miss::State::refused;
  wanted_.push_back(miss);
  wake_page_requester();
}

/// If there is a page to ask for, an index for its group and room in the allocation.
void Endpoint::wake_page_requester() {
  if (requester_waking_ || wanted_.empty() || pri_.room() == 0) return;
  requester_waking_ = true;
  calendar_.post<&Endpoint::send_group>(clock_.later(now(), config_.pri.request_cycles), inlet(kPageRequest),
                                        this);
}

void Endpoint::send_group(std::uint64_t) {
  requester_waking_ = false;
  if (wanted_.empty() || pri_.room() == 0) return;  // given up or switched off meanwhile
  const PriInterface::Group group = gather();
  const std::uint16_t index = pri_.open(group);
  for (std::uint32_t miss = group.first; miss != kNone; miss = misses_[miss].same_group) {
    request_page(miss, index, misses_[miss].same_group == kNone);
  }
  pages_in_flight_.enter(now(), group.pages);
  ++count_.groups;
  wake_page_requester();
}

/// Takes the pages of the next group, linked: the oldest and others of its PASID, as many as are allowed.
PriInterface::Group Endpoint::gather() {
  const unsigned most = std::min(config_.pri.group_pages, pri_.room());
  PriInterface::Group group;
  group.pasid = misses_[wanted_.front()].tag.pasid;
  std::uint32_t last = kNone;
  const auto take = [&](std::uint32_t miss) {
    if (group.pages == most || misses_[miss].tag.pasid != group.pasid) return false;
    ++group.pages;
    (group.first == kNone ? group.first : misses_[last].same_group) = miss;
    misses_[miss].same_group = kNone;
    last = miss;
    return true;
  };
  wanted_.erase(std::remove_if(wanted_.begin(), wanted_.end(), take), wanted_.end());
  return group;
}

void Endpoint::request_page(std::uint32_t number, std::uint16_t group, bool last) {
  Miss& miss = misses_[number];
  Tlp tlp;
  tlp.kind = Tlp::Kind::page_request;
  tlp.requester = device_.stream;
  tlp.pasid = miss.tag.pasid;
  tlp.privileged = miss.tag.privileged;
  tlp.address = miss.page.value;
  tlp.group = group;
  tlp.last = last;
  miss.state = Miss::State::paged;
  miss.fault = &recorder_.open_fault(now(), Stage::link_out, key(group), device_.index, miss.tag.pasid.value,
                                     miss.page.value);
  for_each_waiting(miss, [&](std::uint32_t, Access& access) {
    (access.write ? tlp.write : tlp.read) = true;
    tlp.execute |= access.execute;
    miss.fault->attach(*access.transaction, now());
  });
  link_.send_up(tlp);
}

// --- and their responses -----------------------------------------------------------------------------------

void Endpoint::prg_response(const Tlp& tlp) {
  const auto code = static_cast<arch::PrgResponseCode>(tlp.response);
  const bool invalid = code == arch::PrgResponseCode::invalid;
  const bool failure = code != arch::PrgResponseCode::success && !invalid;  // all other codes act so
  PriInterface::Group group;
  if (!pri_.close(tlp.group, tlp.pasid, failure, group)) {
    ++count_.unexpected_responses;
    ++count_.unexpected;
    return;
  }
  const bool success = !failure && !invalid && !pri_.failed();
  recorder_.for_each_fault(key(tlp.group), [&](probe::Fault& fault) {
    recorder_.close_fault(fault, now(), success ? Outcome::ok : Outcome::failed);
  });
  pages_in_flight_.leave(now(), group.pages);
  for (std::uint32_t miss = group.first, next; miss != kNone; miss = next) {
    next = misses_[miss].same_group;
    misses_[miss].fault = nullptr;
    if (success) {
      ask_again(miss);
    } else {
      fail_all(miss);
    }
  }
  ++(failure ? count_.failures : invalid ? count_.invalids : count_.successes);
  if (failure) {
    pri_.fail();
    give_up_pages(true);
  }
  wake_page_requester();
}

/// The page is said to be present: after a while, longer each time in vain, the translation is asked for.
void Endpoint::ask_again(std::uint32_t number) {
  Miss& miss = misses_[number];
  miss.state = Miss::State::reissue;
  for_each_waiting(miss, [&](std::uint32_t, Access& access) {
    access.transaction->timeline.enter(Stage::reissue, now());
  });
  const std::uint64_t wait = std::uint64_t{config_.pri.reissue_cycles}
                             << std::min(miss.attempts, config_.pri.backoff);
  ++miss.attempts;
  calendar_.post<&Endpoint::reissue>(clock_.later(now(), wait), inlet(kReissue), this, number);
}

void Endpoint::reissue(std::uint64_t miss) { request_translation(static_cast<std::uint32_t>(miss)); }

/// The accesses that wait for a page to be asked for fail, with `in_flight` also those whose page has been;
/// of one PASID or, without, of all. Faults in flight stay open until the host has answered them.
void Endpoint::give_up_pages(bool in_flight, const arch::SubstreamId* of) {
  const auto concerns = [of](arch::SubstreamId pasid) { return of == nullptr || *of == pasid; };
  const auto concerned = [&](std::uint32_t miss) { return concerns(misses_[miss].tag.pasid); };
  wanted_.erase(std::remove_if(wanted_.begin(), wanted_.end(), concerned), wanted_.end());
  for (PriInterface::Group& group : pri_.groups()) {
    if (in_flight && concerns(group.pasid)) group.first = kNone;
  }
  misses_.for_each([&](std::uint32_t number, Miss& miss) {
    const bool waits = miss.state == Miss::State::refused || (in_flight && miss.state == Miss::State::paged);
    if (!waits || !concerns(miss.tag.pasid)) return;
    if (miss.fault != nullptr) {
      for (probe::Transaction* follower : miss.fault->followers) follower->fault = nullptr;
      miss.fault->followers.clear();
    }
    fail_all(number);
  });
}

}  // namespace svasim::pcie
