// The rules of AXI4 that AxiChecker knows, by name, with section and text; and those that one address alone
// can break. Sections are of the AMBA AXI specification, issues E to H.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tlm-bridges/axi/axi_pins.hpp"

namespace svasim::bridges {

enum class AxiRule : std::uint8_t {
  aw_valid_held,
  w_valid_held,
  b_valid_held,
  ar_valid_held,
  r_valid_held,
  aw_stable,
  w_stable,
  b_stable,
  ar_stable,
  r_stable,
  manager_reset,
  subordinate_reset,
  burst_type,
  beat_size,
  crosses_4kb,
  fixed_length,
  wrap_length,
  wrap_alignment,
  cache_encoding,
  exclusive_length,
  exclusive_size,
  exclusive_alignment,
  exclusive_early,
  exclusive_pair,
  wlast_position,
  strobe_lanes,
  b_before_address,
  b_before_data,
  b_unknown_id,
  b_exokay,
  r_unknown_id,
  r_exokay,
  rlast_position,
  read_unfinished,
  write_unfinished,
};
constexpr std::size_t kAxiRules = static_cast<std::size_t>(AxiRule::write_unfinished) + 1;

struct AxiRuleText {
  AxiRule rule;
  const char* name;
  const char* section;
  const char* text;  ///< what was seen, in words
};
const AxiRuleText& text_of(AxiRule rule);

/// The structural rule (type, size, length, alignment, 4 KB) that a burst breaks, if any.
std::optional<AxiRule> broken_burst_rule(const AxiAddress& address, const AxiWidths& widths);
/// The rule on cache encodings or exclusive accesses that it breaks, if any.
std::optional<AxiRule> broken_attribute_rule(const AxiAddress& address);

}  // namespace svasim::bridges
