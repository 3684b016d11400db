// The rules of DTI on AXI4-Stream that DtiChecker and DtiConversation know, by name.
#pragma once

#include <cstddef>
#include <cstdint>

namespace svasim::bridges {

enum class DtiRule : std::uint8_t {
  // The stream.
  up_valid_held,
  down_valid_held,
  up_stable,
  down_stable,
  wakeup_held,
  valid_in_reset,
  tkeep_gap,
  tkeep_bytes,
  tlast_early,
  tlast_late,
  route_changed,
  // Messages.
  message_type,
  reserved_bits,
  reserved_value,
  protocol,
  // The connection.
  not_connected,
  already_connected,
  disconnect_busy,
  connect_unanswered,
  condis_ack_unasked,
  disconnect_denied,
  version_raised,
  tokens_raised,
  // Translations.
  translation_tokens,
  id_in_use,
  unknown_id,
  extended_unasked,
  // Invalidations and syncs.
  invalidation_tokens,
  inv_ack_unasked,
  itag_in_use,
  unknown_itag,
  sync_in_progress,
  sync_ack_unasked,
  sync_ack_early,
  // Page requests.
  pri_unsupported,
  page_ack_unasked,
  unknown_group,
  page_resp_ack_unasked,
  // Registers.
  registers_unsupported,
  register_ack_unasked,
  // The end.
  unfinished,
};
constexpr std::size_t kDtiRules = static_cast<std::size_t>(DtiRule::unfinished) + 1;

struct DtiRuleText {
  DtiRule rule;
  const char* name;
  const char* text;  ///< what was seen, in words
};
const DtiRuleText& text_of(DtiRule rule);

}  // namespace svasim::bridges
