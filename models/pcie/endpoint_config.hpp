// Parameters of a PCIe endpoint. Contract: check() is empty before an Endpoint is made.
#pragma once

#include <string>
#include <vector>

#include "models/pcie/device.hpp"

namespace svasim::pcie {

struct EndpointConfig {
  IssueConfig issue;
  bool pasid = true;
  struct Atc {
    unsigned sets = 64;
    unsigned ways = 4;
    unsigned latency = 2;
    unsigned interval = 1;
    unsigned invalidate_cycles = 4;
  } atc;
  struct Ats {
    bool enabled = true;
    unsigned requests = 32;
  } ats;
  struct Pri {
    bool enabled = true;
    unsigned allocation = 64;
    unsigned group_pages = 1;
    unsigned request_cycles = 4;
    unsigned reissue_cycles = 8;
  } pri;

  template <class Visitor>
  void describe(Visitor& v) {
    issue.describe(v);
    v.field("pasid", pasid, "", 0, 1, "accesses carry a PASID");
    v.field("atc.sets", atc.sets, "count", 1, 1u << 16, "sets of the ATC, a power of two");
    v.field("atc.ways", atc.ways, "count", 1, 1024, "entries in a set of the ATC");
    v.field("atc.latency", atc.latency, "cycles", 1, 1024, "of a lookup");
    v.field("atc.interval", atc.interval, "cycles", 1, 1024, "from one lookup to the next");
    v.field("atc.invalidate_cycles", atc.invalidate_cycles, "cycles", 1, 1u << 20,
            "from an Invalidate Request to the removal of its entries");
    v.field("ats.enabled", ats.enabled, "", 0, 1,
            "translate in the device; otherwise requests go out untranslated");
    v.field("ats.requests", ats.requests, "count", 1, 65536, "Translation Requests in flight");
    v.field("pri.enabled", pri.enabled, "", 0, 1,
            "ask for pages that are missing; otherwise the access fails; needs ats.enabled");
    v.field("pri.allocation", pri.allocation, "count", 1, 65536,
            "Outstanding Page Request Allocation, in pages");
    v.field("pri.group_pages", pri.group_pages, "count", 1, 512, "most page requests in a group");
    v.field(
        "pri.request_cycles", pri.request_cycles, "cycles", 1, 1u << 20,
        "from a refused translation, and room for a page request, to sending a group; also between groups");
    v.field("pri.reissue_cycles", pri.reissue_cycles, "cycles", 1, 1u << 20,
            "from the response to a page request to the new Translation Request");
  }
  std::vector<std::string> check() const;
};

}  // namespace svasim::pcie
