// How an endpoint asks for missing pages, and what it does with the answer (PCIe Base, PRI). Contract:
// endpoint.hpp.
#include <algorithm>

#include "models/arch/pri.hpp"
#include "models/pcie/endpoint.hpp"

namespace svasim::pcie {

using arch::Tlp;
using probe::Outcome;
using probe::Stage;

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
  if (requester_waking_ || wanted_.empty() || free_groups_.empty()) return;
  if (pages_in_flight_.current() >= config_.pri.allocation) return;
  requester_waking_ = true;
  calendar_.post<&Endpoint::send_group>(clock_.later(now(), config_.pri.request_cycles), inlet(kPageRequest),
                                        this);
}

void Endpoint::send_group(std::uint64_t) {
  requester_waking_ = false;
  if (wanted_.empty()) return;  // PRI stopped meanwhile
  const std::uint16_t index = free_groups_.pop_front();
  Group& group = groups_[index];
  group.first = gather();
  group.pages = 0;
  for (std::uint32_t miss = group.first; miss != kNone; miss = misses_[miss].same_group) {
    ++group.pages;
    request_page(miss, index, misses_[miss].same_group == kNone);
  }
  pages_in_flight_.enter(now(), group.pages);
  ++count_.groups;
  wake_page_requester();
}

/// Takes the pages of the next group, linked: the oldest and others of its PASID, as many as are allowed.
std::uint32_t Endpoint::gather() {
  const std::uint64_t room = config_.pri.allocation - pages_in_flight_.current();
  const std::uint64_t most = std::min<std::uint64_t>(config_.pri.group_pages, room);
  const arch::SubstreamId pasid = misses_[wanted_.front()].pasid;
  std::uint32_t first = kNone;
  std::uint32_t last = kNone;
  std::uint64_t taken = 0;
  const auto take = [&](std::uint32_t miss) {
    if (taken == most || misses_[miss].pasid != pasid) return false;
    ++taken;
    (first == kNone ? first : misses_[last].same_group) = miss;
    misses_[miss].same_group = kNone;
    last = miss;
    return true;
  };
  wanted_.erase(std::remove_if(wanted_.begin(), wanted_.end(), take), wanted_.end());
  return first;
}

void Endpoint::request_page(std::uint32_t number, std::uint16_t group, bool last) {
  Miss& miss = misses_[number];
  Tlp tlp;
  tlp.kind = Tlp::Kind::page_request;
  tlp.requester = device_.stream;
  tlp.pasid = miss.pasid;
  tlp.address = miss.page.value;
  tlp.group = group;
  tlp.last = last;
  miss.state = Miss::State::paged;
  miss.fault = &recorder_.open_fault(now(), Stage::link_out, key(group), device_.index, miss.pasid.value,
                                     miss.page.value);
  for_each_waiting(miss, [&](std::uint32_t, Access& access) {
    (access.write ? tlp.write : tlp.read) = true;
    miss.fault->attach(*access.transaction, now());
  });
  link_.send_up(tlp);
}

void Endpoint::prg_response(const Tlp& tlp) {
  if (tlp.group >= kGroups || groups_[tlp.group].pages == 0) {
    ++count_.unexpected;  // UPRGI
    return;
  }
  const auto code = static_cast<arch::PrgResponseCode>(tlp.response);
  const bool success = code == arch::PrgResponseCode::success && !pri_stopped_;
  Group& group = groups_[tlp.group];
  recorder_.for_each_fault(key(tlp.group), [&](probe::Fault& fault) {
    recorder_.close_fault(fault, now(), success ? Outcome::ok : Outcome::failed);
  });
  pages_in_flight_.leave(now(), group.pages);
  group.pages = 0;
  free_groups_.push_back(tlp.group);
  for (std::uint32_t miss = group.first, next; miss != kNone; miss = next) {
    next = misses_[miss].same_group;
    misses_[miss].fault = nullptr;
    if (!success) {
      fail_all(miss);
      continue;
    }
    misses_[miss].state = Miss::State::reissue;
    for_each_waiting(misses_[miss], [&](std::uint32_t, Access& access) {
      access.transaction->timeline.enter(Stage::reissue, now());
    });
    calendar_.post<&Endpoint::reissue>(clock_.later(now(), config_.pri.reissue_cycles), inlet(kReissue), this,
                                       miss);
  }
  switch (code) {
    case arch::PrgResponseCode::success: ++count_.successes; break;
    case arch::PrgResponseCode::invalid: ++count_.invalids; break;
    default:  // all other codes act as Response Failure
      ++count_.failures;
      stop_pri();
  }
  wake_page_requester();
}

void Endpoint::reissue(std::uint64_t miss) { request_translation(static_cast<std::uint32_t>(miss)); }

/// No more page requests, and nobody waits for one. Faults in flight stay open until the host has answered
/// them.
void Endpoint::stop_pri() {
  pri_stopped_ = true;
  wanted_.clear();
  for (Group& group : groups_) group.first = kNone;
  misses_.for_each([&](std::uint32_t number, Miss& miss) {
    if (miss.state != Miss::State::refused && miss.state != Miss::State::paged) return;
    if (miss.fault != nullptr) {
      for (probe::Transaction* follower : miss.fault->followers) follower->fault = nullptr;
      miss.fault->followers.clear();
    }
    fail_all(number);
  });
}

}  // namespace svasim::pcie
