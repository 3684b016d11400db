// Parameters of a PCIe endpoint. Contract: check() is empty before an Endpoint is made.
#pragma once

#include <string>
#include <vector>

#include "models/pcie/device.hpp"
#include "models/pcie/fault_reporter.hpp"

namespace svasim::pcie {

/// What becomes of the accesses behind one whose fault the device has no room for.
enum class WhenFull : std::uint8_t {
  stall,  ///< they wait
  pass,   ///< they go on
};
/// How a device ends the use of a PASID.
enum class PasidStop : std::uint8_t {
  marker,  ///< gives its page requests up and says so with a stop marker
  wait,    ///< waits for their responses
};

struct EndpointConfig {
  IssueConfig issue;
  bool pasid = true;
  unsigned pasid_bits = 20;
  bool execute = true;
  bool privileged = true;
  struct Atc {
    unsigned sets = 64;
    unsigned ways = 4;
    unsigned latency = 2;
    unsigned interval = 1;
    unsigned invalidate_cycles = 4;
    bool global_invalidate = true;
    unsigned completions = 1;
    unsigned collect_cycles = 0;
  } atc;
  struct Ats {
    bool enabled = true;
    unsigned requests = 32;
    bool no_write = true;
    bool stop_on_unsupported = false;
  } ats;
  struct Pri {
    bool enabled = true;
    unsigned capacity = 512;
    unsigned allocation = 64;
    unsigned group_pages = 1;
    bool response_pasid = true;
    unsigned request_cycles = 4;
    unsigned reissue_cycles = 8;
    unsigned backoff = 0;
    unsigned attempts = 0;
    unsigned held = 0;
    WhenFull when_full = WhenFull::stall;
    PasidStop stop = PasidStop::marker;
  } pri;
  bool reports_faults = false;  ///< to its driver, which brings the pages; then no page requests
  FaultReporterConfig faults;

  template <class Visitor>
  void describe(Visitor& v) {
    issue.describe(v);
    v.field("pasid", pasid, "", 0, 1, "accesses carry a PASID");
    v.field("pasid_bits", pasid_bits, "bits", 1, 20,
            "width of the PASID capability; wider PASIDs are refused at bind, and fail in the device");
    v.field("execute", execute, "", 0, 1,
            "PASID capability: fetches ask for Execute; otherwise they are plain reads");
    v.field("privileged", privileged, "", 0, 1,
            "PASID capability: privileged accesses ask for Privileged Mode; otherwise they are user's");
    v.field("atc.sets", atc.sets, "count", 1, 1u << 16, "sets of the ATC, a power of two");
    v.field("atc.ways", atc.ways, "count", 1, 1024, "entries in a set of the ATC");
    v.field("atc.latency", atc.latency, "cycles", 1, 1024, "of a lookup");
    v.field("atc.interval", atc.interval, "cycles", 1, 1024, "from one lookup to the next");
    v.field("atc.invalidate_cycles", atc.invalidate_cycles, "cycles", 1, 1u << 20,
            "from an Invalidate Request to the removal of its entries");
    v.field("atc.global_invalidate", atc.global_invalidate, "", 0, 1,
            "Global Invalidate Supported: an Invalidate Request's Global flag is obeyed");
    v.field("atc.completions", atc.completions, "count", 1, 8,
            "Invalidate Completions for one request: the traffic classes in use");
    v.field("atc.collect_cycles", atc.collect_cycles, "cycles", 0, 1u << 20,
            "an Invalidate Completion waits so long for others to share its message; 0: each has its own");
    v.field("ats.enabled", ats.enabled, "", 0, 1,
            "translate in the device; otherwise requests go out untranslated");
    v.field("ats.requests", ats.requests, "count", 1, 65536, "Translation Requests in flight");
    v.field("ats.no_write", ats.no_write, "", 0, 1,
            "requests for reads say No Write; otherwise every request asks for write permission too");
    v.field(
        "ats.stop_on_unsupported", ats.stop_on_unsupported, "", 0, 1,
        "after an answer Unsupported Request go on without ATS; otherwise only the accesses that wait fail");
    v.field("pri.enabled", pri.enabled, "", 0, 1,
            "ask for pages that are missing; otherwise the access fails; needs ats.enabled");
    v.field("pri.capacity", pri.capacity, "count", 1, 65536,
            "Outstanding Page Request Capacity: the most that can be allocated");
    v.field("pri.allocation", pri.allocation, "count", 1, 65536,
            "Outstanding Page Request Allocation, in pages, as software sets it");
    v.field("pri.group_pages", pri.group_pages, "count", 1, 512, "most page requests in a group");
    v.field("pri.response_pasid", pri.response_pasid, "", 0, 1,
            "PRG Response PASID Required: a response without the request's PASID is unexpected");
    v.field(
        "pri.request_cycles", pri.request_cycles, "cycles", 1, 1u << 20,
        "from a refused translation, and room for a page request, to sending a group; also between groups");
    v.field("pri.reissue_cycles", pri.reissue_cycles, "cycles", 0, 1u << 20,
            "from the response to a page request to the new Translation Request");
    v.field("pri.backoff", pri.backoff, "count", 0, 16,
            "doublings of pri.reissue_cycles, one for each response after which the page was still missing");
    v.field("pri.attempts", pri.attempts, "count", 0, 65535,
            "page requests for a page that stays missing, before its accesses fail; 0: no limit");
    v.field("pri.held", pri.held, "count", 0, 65536,
            "faulted accesses the device can hold; 0: as many as the window");
    v.choice("pri.when_full", pri.when_full, {"stall", "pass"},
             "when it holds so many: accesses behind wait, or go on unless they fault");
    v.choice(
        "pri.stop", pri.stop, {"marker", "wait"},
        "ending the use of a PASID: give its page requests up, with a stop marker, or wait for responses");
    faults.describe(v);
  }
  std::vector<std::string> check() const;
};

}  // namespace svasim::pcie
