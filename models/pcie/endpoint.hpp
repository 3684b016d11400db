// A PCIe function with ATC, ATS, PRI and PASID: device accesses in, TLPs out.
//
// Contract: every access ends in exactly one way: a read at its completion, a posted write at the root port,
// a failed one here. Never more than one Translation Request in flight for a page; never more page requests
// than allocated; no translation used after its Invalidate Completion. Source rule: PCIe Base, ATS and PRI.
// The recipe is endpoint.cpp, then endpoint_ats.cpp (misses, invalidations), endpoint_pri.cpp (missing
// pages), endpoint_control.cpp (what software switches), each from top to bottom.
//
// Bounds: lookups, replays, misses, pending and parked accesses are of the window; invalidations have 32
// ITags.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "models/pcie/atc.hpp"
#include "models/pcie/device.hpp"
#include "models/pcie/endpoint_config.hpp"
#include "models/pcie/endpoint_parts.hpp"
#include "models/pcie/invalidations.hpp"
#include "models/pcie/miss_table.hpp"
#include "models/pcie/pcie_link.hpp"
#include "models/pcie/pri_interface.hpp"

namespace svasim::pcie {

class Endpoint {
 public:
  /// `config` is checked; the link and the source outlive the endpoint. Binds the link's device end. What the
  /// configuration enables is on, unless `software` switches it on, as after a reset.
  Endpoint(engine::Calendar& calendar, engine::Clock clock, probe::Recorder& recorder,
           const EndpointConfig& config, DeviceIdentity device, PcieLink& link, AccessSource& source,
           bool software = false);
  Endpoint(const Endpoint&) = delete;

  /// For a checker: a translation of the ATC is used for an access.
  using UseCallback =
      std::function<void(arch::StreamId, arch::SubstreamId, arch::Va, arch::Pa, arch::Access)>;
  UseCallback on_use;

  /// The source may have something. From any block; once to start.
  void poke() { issuer_.poke(); }
  /// Nothing left to issue and the window empty. Posted writes may still be on their way.
  bool drained() const { return issuer_.drained(); }

  // Configuration space (arch pci_capability.hpp), a doubleword at a time; at an edge of the clock.
  std::uint32_t read_register(std::uint32_t offset) const;
  void write_register(std::uint32_t offset, std::uint32_t value);

  /// `f(name, std::uint64_t)` for every counter.
  template <class F>
  void counters(F&& f) const {
    f("accesses", issuer_.window().entered());
    f("window_peak", issuer_.window().peak());
    f("ats_requests", requests_in_flight_.entered());
    f("ats_requests_peak", requests_in_flight_.peak());
    f("pri_pages", pages_in_flight_.entered());
    f("pri_pages_peak", pages_in_flight_.peak());
    f("pri_held_peak", held_.peak());
    count_.visit(f);
    if (config_.reports_faults) faults_.counters(f);
  }
  /// `visit(name, bits, value)` for every signal of the waves.
  template <class Visit>
  void signals(Visit&& visit) const {
    visit("window", 17, issuer_.window().current());
    visit("lookups", 16, lookups_.size());
    visit("replays", 16, replays_.size());
    visit("ats_waiting", 16, requests_.size());
    visit("ats_in_flight", 16, requests_in_flight_.current());
    visit("pri_wanted", 16, wanted_.size());
    visit("pri_pages_in_flight", 16, pages_in_flight_.current());
    visit("pri_room", 32, pri_.room());
    visit("pri_failed", 1, pri_.failed());
    visit("pri_held", 17, held_.current());
    visit("parked", 17, parked_.size());
    visit("link_up_waiting", 16, link_.up.waiting());
    visit("link_up_credits", 16, link_.up.credits());
    visit("link_up_in_flight", 16, link_.up.in_flight());
    visit("link_down_waiting", 16, link_.down.waiting());
    visit("link_down_in_flight", 16, link_.down.in_flight());
  }

 private:
  /// Simultaneous work in this order.
  enum InletNumber : std::uint8_t {
    kArrival,
    kInvalidate,
    kLookedUp,
    kReissue,
    kPageRequest,
    kDeparture,
    kIssue,
    kLookup,
    kFirmware
  };

  engine::Inlet inlet(InletNumber number) const { return {block_, number}; }
  engine::Picoseconds now() const { return calendar_.now(); }

  // Accesses.
  void issued(const DeviceAccess& access, probe::Transaction& transaction);
  bool impossible(const Access& access);
  bool front_open() const;
  void pump_lookups(std::uint64_t = 0);
  void wake_lookups();
  void looked_up(std::uint64_t access);
  void use(Access& access, const arch::AtsTranslation& translation);
  void send(std::uint32_t access);
  void departed(std::uint64_t access);
  void completion(const arch::Tlp& tlp);
  void fail(std::uint32_t access);
  void leave(std::uint32_t access);
  void receive(arch::Tlp& tlp);

  // Misses.
  void missed(std::uint32_t access);
  void wait_for(Miss& miss, std::uint32_t access);
  void request_translation(std::uint32_t miss);
  void pump_requests();
  void send_request(std::uint32_t miss);
  void translation_completion(const arch::Tlp& tlp);
  void answer(std::uint32_t miss, const arch::AtsTranslation& translation);
  void grant_waiting(std::uint32_t miss, const arch::AtsTranslation& translation);
  void grant(std::uint32_t access, const arch::AtsTranslation& translation);
  void go_untranslated(std::uint32_t miss);
  void refuse(std::uint32_t miss);
  void fail_all(std::uint32_t miss);
  /// `visit(index, access)` in order of arrival; it may end the access.
  template <class Visitor>
  void for_each_waiting(const Miss& miss, Visitor&& visit) {
    for (std::uint32_t index = miss.waiting.first, next; index != kNone; index = next) {
      next = accesses_[index].next;
      visit(index, accesses_[index]);
    }
  }
  probe::Cause leader(const Miss& miss) const;

  // Invalidations.
  void invalidate_request(const arch::Tlp& tlp);
  void invalidate(std::uint64_t itag);
  void complete_invalidation(std::uint64_t itag);
  void send_completions(std::uint64_t = 0);
  void settle(Access& access);

  // Faulted accesses and their page requests.
  bool hold(std::uint32_t access);
  void release(Access& access);
  void want_page(std::uint32_t miss);
  void wake_page_requester();
  void send_group(std::uint64_t);
  PriInterface::Group gather();
  void request_page(std::uint32_t miss, std::uint16_t group, bool last);
  void prg_response(const arch::Tlp& tlp);
  void ask_again(std::uint32_t miss);
  void reissue(std::uint64_t miss);
  void give_up_pages(bool in_flight, const arch::SubstreamId* of = nullptr);
  probe::FaultKey key(std::uint16_t group) const;

  // Faults it tells its driver of (endpoint_faults.cpp).
  void set_up_faults();
  void report_fault(std::uint32_t miss);
  void register_access(const arch::Tlp& tlp);

  // What software switches.
  void control_ats(bool on);
  void control_pri(std::uint32_t value);
  void stop_pasid(std::uint32_t pasid);
  void send_stop_marker();
  bool stopping(arch::SubstreamId pasid) const { return stopping_ && pasid == stopping_pasid_; }

  engine::Calendar& calendar_;
  engine::Clock clock_;
  probe::Recorder& recorder_;
  EndpointConfig config_;
  DeviceIdentity device_;
  PcieLink& link_;
  std::uint16_t block_;
  Issuer issuer_;
  Atc atc_;
  IndexPool<Access> accesses_;
  MissTable misses_;

  engine::Ring<std::uint32_t> replays_;  ///< accesses granted by an answer: first
  engine::Ring<std::uint32_t> retries_;  ///< parked accesses for which there may be room: second
  engine::Ring<std::uint32_t> lookups_;
  engine::Picoseconds port_free_ = 0;
  bool port_waiting_ = false;

  engine::Ring<std::uint32_t> requests_;  ///< misses that wait for a Translation Request to be allowed
  probe::Occupancy requests_in_flight_;
  Invalidations invalidations_;

  PriInterface pri_;
  std::vector<std::uint32_t> wanted_;  ///< refused misses, oldest first
  probe::Occupancy pages_in_flight_;
  bool requester_waking_ = false;
  probe::Occupancy held_;               ///< faulted accesses
  engine::Ring<std::uint32_t> parked_;  ///< faulted accesses without a place

  bool ats_on_;
  std::uint32_t pasid_control_;  ///< the enable bits
  bool stopping_ = false;        ///< the use of a PASID
  arch::SubstreamId stopping_pasid_;
  std::uint32_t stopping_left_ = 0;  ///< its accesses in the window
  FaultReporter faults_;
  EndpointCounts count_;
};

}  // namespace svasim::pcie
