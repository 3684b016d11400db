// A PCIe function with ATC, ATS, PRI and PASID: device accesses in, TLPs out.
//
// Contract: every access ends in exactly one way: a read at its completion, a posted write at the root port,
// a failed one here. Never more than one Translation Request in flight for a page; never more page requests
// than allocated. Source rule: PCIe Base, ATS and PRI; the recipe is endpoint.cpp from top to bottom, and
// endpoint_pri.cpp for pages that are missing.
//
// Bounds: lookups, replays, misses and pending pages are accesses of the window; invalidations have 32 ITags.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "models/engine/ring.hpp"
#include "models/pcie/atc.hpp"
#include "models/pcie/device.hpp"
#include "models/pcie/endpoint_config.hpp"
#include "models/pcie/index_pool.hpp"
#include "models/pcie/miss_table.hpp"
#include "models/pcie/pcie_link.hpp"

namespace svasim::pcie {

class Endpoint {
 public:
  /// `config` is checked; the link and the source outlive the endpoint. Binds the link's device end.
  Endpoint(engine::Calendar& calendar, engine::Clock clock, probe::Recorder& recorder,
           const EndpointConfig& config, DeviceIdentity device, PcieLink& link, AccessSource& source);
  Endpoint(const Endpoint&) = delete;

  /// For a checker: a translation of the ATC is used for an access.
  using UseCallback = std::function<void(arch::StreamId, arch::SubstreamId, arch::Va, arch::Pa, bool write)>;
  UseCallback on_use;

  /// The source may have something. From any block; once to start.
  void poke() { issuer_.poke(); }
  /// Nothing left to issue and the window empty. Posted writes may still be on their way.
  bool drained() const { return issuer_.drained(); }
  /// Response Failure came: no page requests any more.
  bool pri_stopped() const { return pri_stopped_; }

  /// `f(name, std::uint64_t)` for every counter.
  template <class F>
  void counters(F&& f) const {
    f("accesses", issuer_.window().entered());
    f("window_peak", issuer_.window().peak());
    f("atc_lookups", count_.lookups);
    f("atc_hits", count_.hits);
    f("atc_invalidated", count_.invalidated);
    f("ats_requests", requests_in_flight_.entered());
    f("ats_requests_peak", requests_in_flight_.peak());
    f("ats_merged", count_.merged);
    f("ats_refused", count_.refused);
    f("ats_errors", count_.errors);
    f("ats_stale", count_.stale);
    f("pri_groups", count_.groups);
    f("pri_pages", pages_in_flight_.entered());
    f("pri_pages_peak", pages_in_flight_.peak());
    f("pri_success", count_.successes);
    f("pri_invalid", count_.invalids);
    f("pri_failure", count_.failures);
    f("unexpected_messages", count_.unexpected);
  }

 private:
  /// One outstanding access of the window; its index is the tag of its read.
  struct Access {
    bool live = false;
    bool write = false;
    bool granted = false;     ///< may be sent
    bool translated = false;  ///< uses a translation: an invalidation waits for it
    arch::AddressType type = arch::AddressType::untranslated;
    arch::SubstreamId pasid;
    arch::Va va;
    std::uint32_t size = 0;
    std::uint64_t address = 0;        ///< to be sent
    std::uint32_t invalidations = 0;  ///< ITags, one bit each, that wait for it
    std::uint32_t next = kNone;       ///< in the wait list of a miss
    probe::Transaction* transaction = nullptr;
  };
  struct Invalidation {
    bool pending = false;
    AtcInvalidation what;
    unsigned uses = 0;  ///< accesses that still use what was removed
  };
  struct Group {
    std::uint32_t first = kNone;  ///< its misses; none once PRI has stopped
    unsigned pages = 0;           ///< page requests to be answered; 0: the index is free
  };
  struct Count {
    std::uint64_t lookups = 0, hits = 0, invalidated = 0;
    std::uint64_t merged = 0, refused = 0, errors = 0, stale = 0;
    std::uint64_t groups = 0, successes = 0, invalids = 0, failures = 0;
    std::uint64_t unexpected = 0;
  };
  /// Simultaneous work in this order.
  enum InletNumber : std::uint8_t {
    kArrival,
    kInvalidate,
    kLookedUp,
    kReissue,
    kPageRequest,
    kDeparture,
    kIssue,
    kLookup
  };
  static constexpr unsigned kGroups = 512;
  static constexpr unsigned kItags = 32;

  engine::Inlet inlet(InletNumber number) const { return {block_, number}; }
  engine::Picoseconds now() const { return calendar_.now(); }

  // Accesses.
  void issued(const DeviceAccess& access, probe::Transaction& transaction);
  void pump_lookups(std::uint64_t = 0);
  void looked_up(std::uint64_t access);
  void use(Access& access, const arch::AtsTranslation& translation);
  void send(std::uint32_t access);
  void departed(std::uint64_t access);
  void completion(const arch::Tlp& tlp);
  void fail(std::uint32_t access);
  void leave(std::uint32_t access);

  // Misses.
  void missed(std::uint32_t access);
  void wait_for(Miss& miss, std::uint32_t access);
  void request_translation(std::uint32_t miss);
  void pump_requests();
  void translation_completion(const arch::Tlp& tlp);
  void answer(std::uint32_t miss, const arch::AtsTranslation& translation);
  void grant(std::uint32_t access, const arch::AtsTranslation& translation);
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
  void complete_invalidation(unsigned itag);
  void settle(Access& access);

  // Page requests (endpoint_pri.cpp).
  void want_page(std::uint32_t miss);
  void wake_page_requester();
  void send_group(std::uint64_t);
  std::uint32_t gather();
  void request_page(std::uint32_t miss, std::uint16_t group, bool last);
  void prg_response(const arch::Tlp& tlp);
  void reissue(std::uint64_t miss);
  void stop_pri();
  probe::FaultKey key(std::uint16_t group) const;

  void receive(arch::Tlp& tlp);

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

  engine::Ring<std::uint32_t> replays_;  ///< accesses granted by an answer: before new lookups
  engine::Ring<std::uint32_t> lookups_;
  engine::Picoseconds port_free_ = 0;
  bool port_waiting_ = false;

  engine::Ring<std::uint32_t> requests_;  ///< misses that wait for a Translation Request to be allowed
  probe::Occupancy requests_in_flight_;

  std::array<Invalidation, kItags> invalidations_;

  std::vector<std::uint32_t> wanted_;  ///< refused misses, oldest first
  std::array<Group, kGroups> groups_;
  engine::Ring<std::uint16_t> free_groups_;
  probe::Occupancy pages_in_flight_;
  bool requester_waking_ = false;
  bool pri_stopped_ = false;
  Count count_;
};

}  // namespace svasim::pcie
