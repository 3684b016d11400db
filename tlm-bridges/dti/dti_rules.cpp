// See dti_rules.hpp.
#include "tlm-bridges/dti/dti_rules.hpp"

namespace svasim::bridges {
namespace {

constexpr DtiRuleText kTexts[] = {
    {DtiRule::up_valid_held, "up_valid_held", "upstream TVALID fell before the beat was taken"},
    {DtiRule::down_valid_held, "down_valid_held", "downstream TVALID fell before the beat was taken"},
    {DtiRule::up_stable, "up_stable", "an upstream beat changed before it was taken"},
    {DtiRule::down_stable, "down_stable", "a downstream beat changed before it was taken"},
    {DtiRule::wakeup_held, "wakeup_held", "TWAKEUP fell while its stream's TVALID was waiting"},
    {DtiRule::valid_in_reset, "valid_in_reset", "TVALID is high in reset, or at the edge that ends it"},
    {DtiRule::tkeep_gap, "tkeep_gap", "the bytes TKEEP marks do not start at lane 0 or are not contiguous"},
    {DtiRule::tkeep_bytes, "tkeep_bytes",
     "TKEEP marks more or fewer bytes than the message has left for this beat"},
    {DtiRule::tlast_early, "tlast_early", "TLAST before the message has the length of its type"},
    {DtiRule::tlast_late, "tlast_late", "no TLAST on the beat that completes the message"},
    {DtiRule::route_changed, "route_changed", "TID or TDEST changed within a message"},
    {DtiRule::message_type, "message_type", "a message type that is reserved in this direction and protocol"},
    {DtiRule::reserved_bits, "reserved_bits", "a reserved bit is set"},
    {DtiRule::reserved_value, "reserved_value", "a field has a reserved value"},
    {DtiRule::protocol, "protocol", "PROTOCOL names the other protocol"},
    {DtiRule::not_connected, "not_connected", "a message without a connection, or after the end of it began"},
    {DtiRule::already_connected, "already_connected", "a connection is asked for while there is one"},
    {DtiRule::disconnect_busy, "disconnect_busy",
     "the connection ends while translations, invalidations, syncs or page requests are outstanding"},
    {DtiRule::connect_unanswered, "connect_unanswered", "a CONDIS_REQ while another has no answer"},
    {DtiRule::condis_ack_unasked, "condis_ack_unasked", "a CONDIS_ACK without a CONDIS_REQ"},
    {DtiRule::disconnect_denied, "disconnect_denied", "the request to disconnect is answered as connected"},
    {DtiRule::version_raised, "version_raised", "CONDIS_ACK accepts a later version than was offered"},
    {DtiRule::tokens_raised, "tokens_raised",
     "CONDIS_ACK grants more translation tokens than were asked for"},
    {DtiRule::translation_tokens, "translation_tokens", "more TRANS_REQs outstanding than tokens granted"},
    {DtiRule::id_in_use, "id_in_use", "the TRANSLATION_ID of a TRANS_REQ is outstanding already"},
    {DtiRule::unknown_id, "unknown_id", "an answer with a TRANSLATION_ID that is not outstanding"},
    {DtiRule::extended_unasked, "extended_unasked", "a TRANS_RESPEX to a request without REQEX"},
    {DtiRule::invalidation_tokens, "invalidation_tokens",
     "more INV_REQs without INV_ACK than tokens granted"},
    {DtiRule::inv_ack_unasked, "inv_ack_unasked", "an INV_ACK without an INV_REQ"},
    {DtiRule::itag_in_use, "itag_in_use", "the ITAG of an INV_REQ is outstanding already"},
    {DtiRule::unknown_itag, "unknown_itag", "an INV_COMP with an ITAG that is not outstanding"},
    {DtiRule::sync_in_progress, "sync_in_progress", "a SYNC_REQ while another has no SYNC_ACK"},
    {DtiRule::sync_ack_unasked, "sync_ack_unasked", "a SYNC_ACK without a SYNC_REQ"},
    {DtiRule::sync_ack_early, "sync_ack_early", "a SYNC_ACK before the INV_ACK of an earlier INV_REQ"},
    {DtiRule::pri_unsupported, "pri_unsupported", "a PAGE_REQ to a TCU that said it has no PRI"},
    {DtiRule::page_ack_unasked, "page_ack_unasked", "a PAGE_ACK without a PAGE_REQ"},
    {DtiRule::unknown_group, "unknown_group", "a PAGE_RESP for a group that no PAGE_REQ has closed"},
    {DtiRule::page_resp_ack_unasked, "page_resp_ack_unasked", "a PAGE_RESPACK without a PAGE_RESP"},
    {DtiRule::registers_unsupported, "registers_unsupported",
     "a register access to a TBU that did not offer them"},
    {DtiRule::register_ack_unasked, "register_ack_unasked", "the answer to a register access nobody made"},
    {DtiRule::unfinished, "unfinished",
     "at the end a message, a translation, an invalidation or a sync is open"},
};
static_assert(sizeof kTexts / sizeof kTexts[0] == kDtiRules, "a text for each rule");

}  // namespace

const DtiRuleText& text_of(DtiRule rule) { return kTexts[static_cast<std::size_t>(rule)]; }

}  // namespace svasim::bridges
