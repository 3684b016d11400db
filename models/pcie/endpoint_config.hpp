// Parameters of a PCIe endpoint. Contract: check() is empty before an Endpoint is made.
#pragma once

#include <string>
#include <vector>

#include "models/pcie/device.hpp"

namespace svasim::pcie {

struct EndpointConfig {
  IssueConfig issue;
  bool pasid = true;
  bool ats = true;
  bool pri = true;
  unsigned atc_sets = 64;
  unsigned atc_ways = 4;
  unsigned atc_latency = 2;
  unsigned atc_interval = 1;
  unsigned atc_invalidate_cycles = 4;
  unsigned ats_requests = 32;
  unsigned pri_allocation = 64;
  unsigned pri_group_pages = 1;
  unsigned pri_request_cycles = 4;
  unsigned reissue_cycles = 8;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("endpoint.window", issue.window, "count", 0, 65536,
            "outstanding accesses; 0: as many as tags, 65536");
    v.field("endpoint.issue_interval", issue.interval, "cycles", 1, 1u << 20, "from one issue to the next");
    v.field("endpoint.pasid", pasid, "", 0, 1, "accesses carry a PASID");
    v.field("endpoint.ats", ats, "", 0, 1, "translate in the device; otherwise requests go out untranslated");
    v.field("endpoint.pri", pri, "", 0, 1,
            "ask for missing pages; otherwise the access fails; needs ats and pasid");
    v.field("atc.sets", atc_sets, "count", 1, 1u << 16, "sets of the ATC, a power of two");
    v.field("atc.ways", atc_ways, "count", 1, 1024, "entries in a set of the ATC");
    v.field("atc.latency", atc_latency, "cycles", 1, 1024, "of a lookup");
    v.field("atc.interval", atc_interval, "cycles", 1, 1024, "from one lookup to the next");
    v.field("atc.invalidate_cycles", atc_invalidate_cycles, "cycles", 1, 1u << 20,
            "from an Invalidate Request to the removal of its entries");
    v.field("ats.requests", ats_requests, "count", 1, 65536, "Translation Requests in flight");
    v.field("pri.allocation", pri_allocation, "count", 1, 65536,
            "Outstanding Page Request Allocation, in pages");
    v.field("pri.group_pages", pri_group_pages, "count", 1, 512, "most page requests in a group");
    v.field(
        "pri.request_cycles", pri_request_cycles, "cycles", 1, 1u << 20,
        "from a refused translation, and room for a page request, to sending a group; also between groups");
    v.field("pri.reissue_cycles", reissue_cycles, "cycles", 1, 1u << 20,
            "from the response to a page request to the new Translation Request");
  }
  std::vector<std::string> check() const;
};

}  // namespace svasim::pcie
