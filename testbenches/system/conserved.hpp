// What must balance at the end of any run: each page request group is answered once, each recorded stall
// resumed once, and what is written is read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace svasim::test {

/// The laws that the counters of a run break, in words; `value(block, name)` sums over the blocks whose names
/// begin so.
template <class Value>
std::vector<std::string> broken_laws(Value&& value) {
  std::vector<std::string> broken;
  const auto equal = [&](const std::string& law, std::uint64_t a, std::uint64_t b) {
    if (a != b) broken.push_back(law + ": " + std::to_string(a) + " and " + std::to_string(b));
  };
  const std::uint64_t groups = value("endpoint", "pri_groups");
  equal(
      "groups are answered at the device",
      value("endpoint", "pri_success") + value("endpoint", "pri_invalid") + value("endpoint", "pri_failure"),
      groups);
  equal("groups are answered by the SMMU",
        value("tcu", "page_responses") + value("tcu", "page_auto_responses"), groups);
  equal("no message is unexpected",
        value("endpoint", "unexpected_messages") + value("root_port", "unexpected_messages"), 0);
  const std::uint64_t requests = value("endpoint", "pri_pages") + value("endpoint", "pri_stop_markers");
  equal("page requests reach the root port", value("root_port", "page_requests"), requests);
  equal("page requests are written or dropped",
        value("tcu", "page_requests_written") + value("tcu", "page_requests_dropped"), requests);
  equal("page requests are read", value("host", "page_requests"), value("tcu", "page_requests_written"));
  equal("stalls are resumed", value("tcu", "resumes"), value("tcu", "stalls"));
  equal("events are read", value("host", "event_records"), value("tcu", "events_written"));
  equal("no command fails", value("tcu", "command_errors"), 0);
  equal("no access of software fails", value("host", "failed_accesses"), 0);
  return broken;
}

}  // namespace svasim::test
