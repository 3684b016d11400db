// The rules of DtiChecker once more, from their other sides: the other direction, the other protocol, other
// messages, twice the same answer.
#include "testbenches/bridges/dti_rig.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

struct Broken {
  DtiRule rule;
  Protocol protocol;
  Break break_it;
};

/// On a connection of DTI-TBU, or of DTI-ATS.
Broken on_tbu(DtiRule rule, Break then) {
  return {rule, Protocol::tbu, [then](Rig& r) { connected(r), then(r); }};
}
Broken on_ats(DtiRule rule, Break then) {
  return {rule, Protocol::ats, [then](Rig& r) { connected_ats(r), then(r); }};
}
template <class Message>
Break ups(Message message) {
  return [message](Rig& r) { r.up(message); };
}
template <class Message>
Break downs(Message message) {
  return [message](Rig& r) { r.down(message); };
}
arch::dti::TransFault fault(std::uint8_t type) {
  arch::dti::TransFault m;
  m.type = type;
  return m;
}
ats::TransReq ats_translation(std::uint16_t id) {
  ats::TransReq m;
  m.id = id;
  return m;
}
arch::dti::Frame of_type(std::uint8_t code) {
  arch::dti::Frame frame;
  frame.append(code);
  return frame;
}
/// The first beat of a message downstream, changed.
template <class Message, class Change>
Break mangled_down(Message message, Change change) {
  return [message, change](Rig& r) {
    StreamBeat beat = beat_of(encode(message), 0, kBytes);
    change(beat);
    r.beat(r.pins.down, beat);
  };
}

const std::vector<Broken> kFurtherBreaks = {
    // The stream: the other direction, other beats.
    {DtiRule::wakeup_held, Protocol::tbu,
     [](Rig& r) {
       r.up(kConnect);
       r.pins.down.bits = beat_of(encode(kGranted), 0, kBytes);
       r.pins.down.valid = r.pins.down_wakeup = true;
       r.edge();
       r.pins.down_wakeup = false;
       r.beat(r.pins.down, r.pins.down.bits);
     }},
    {DtiRule::valid_in_reset, Protocol::tbu,
     [](Rig& r) {
       r.pins.reset_n = false;
       r.pins.up.valid = true;
       r.edge();
       r.pins.up.valid = false;
     }},
    {DtiRule::valid_in_reset, Protocol::tbu,
     [](Rig& r) {
       r.pins.reset_n = false;
       r.edge();
       r.pins.reset_n = true;  // its edge is the first at which TVALID may rise
       r.up(kConnect);
     }},
    on_tbu(DtiRule::tkeep_gap, mangled_down(tbu::SyncReq(), [](StreamBeat& b) { b.keep[0] = 2; })),
    on_tbu(DtiRule::tkeep_gap, mangled_down(tbu::SyncReq(), [](StreamBeat& b) { b.keep[0] = 0; })),
    on_tbu(DtiRule::tkeep_bytes,
           [](Rig& r) {
             mangled(r, request(1), 1, [](StreamBeat& b) { b.keep[0] = 7; });
             for (unsigned i = 2; i < 5; ++i) r.beat(r.pins.up, beat_of(encode(request(1)), i, kBytes));
           }),
    on_tbu(DtiRule::tlast_early, mangled_down(invalidate(), [](StreamBeat& b) { b.last = true; })),
    on_tbu(DtiRule::tlast_late, mangled_down(tbu::SyncReq(), [](StreamBeat& b) { b.last = false; })),
    on_tbu(DtiRule::route_changed,
           [](Rig& r) {
             r.beat(r.pins.down, beat_of(encode(invalidate()), 0, kBytes));
             for (unsigned i = 1; i < 4; ++i) {
               StreamBeat beat = beat_of(encode(invalidate()), i, kBytes);
               beat.dest = 1;
               r.beat(r.pins.down, beat);
             }
           }),
    // Messages of the other direction or protocol; reserved bits and values.
    on_tbu(DtiRule::message_type, [](Rig& r) { r.frame(r.pins.up, of_type(0x1)); }),
    on_tbu(DtiRule::message_type, [](Rig& r) { r.frame(r.pins.down, of_type(0xC)); }),
    on_ats(DtiRule::message_type, [](Rig& r) { r.frame(r.pins.up, of_type(0x4)); }),
    on_ats(DtiRule::message_type, [](Rig& r) { r.frame(r.pins.down, of_type(0x3)); }),
    on_tbu(DtiRule::reserved_bits,
           [](Rig& r) {
             arch::dti::Frame frame = encode(request(0));
             frame.words[1] |= 8;  // bit 67
             r.frame(r.pins.up, frame);
           }),
    on_tbu(DtiRule::reserved_bits, mangled_down(tbu::SyncReq(), [](StreamBeat& b) { b.data[0] |= 0x80; })),
    on_tbu(DtiRule::reserved_value,
           [](Rig& r) {
             r.up(request(0));
             r.down(fault(6));
           }),
    on_ats(DtiRule::reserved_value,
           [](Rig& r) {
             r.up(ats_translation(0));
             r.down(fault(3));
           }),
    on_ats(DtiRule::reserved_value,
           [](Rig& r) {
             ats::InvReq m = atc_invalidate(0);
             m.operation = static_cast<ats::InvOperation>(0x43);
             r.down(m);
           }),
    on_ats(DtiRule::reserved_value,
           [](Rig& r) {
             r.up(page(1));
             ats::PageResp m = page_response(1);
             m.response = static_cast<ats::PageResponse>(3);
             r.down(m);
           }),
    {DtiRule::protocol, Protocol::tbu, ups(condis<ats::CondisReq>())},
    on_ats(DtiRule::protocol,
           [](Rig& r) {
             ats::TransReq m = ats_translation(0);
             m.protocol = Protocol::tbu;
             r.up(m);
           }),
    // Nothing but a request to connect without a connection: before, while it is asked for, when it was
    // denied,
    // after a reset.
    {DtiRule::not_connected, Protocol::tbu, ups(tbu::SyncAck())},
    {DtiRule::not_connected, Protocol::tbu, ups(kLeave)},
    {DtiRule::not_connected, Protocol::tbu, downs(response(0))},
    {DtiRule::not_connected, Protocol::tbu, downs(tbu::SyncReq())},
    {DtiRule::not_connected, Protocol::ats, ups(page(0))},
    {DtiRule::not_connected, Protocol::ats, downs(atc_invalidate(0))},
    {DtiRule::not_connected, Protocol::tbu, [](Rig& r) { r.up(kConnect), r.down(invalidate()); }},
    {DtiRule::not_connected, Protocol::tbu, [](Rig& r) { r.up(kConnect), r.down(kGone), r.up(request(0)); }},
    on_tbu(DtiRule::not_connected, [](Rig& r) { r.up(kLeave), r.up(request(0)); }),
    on_tbu(DtiRule::not_connected,
           [](Rig& r) {
             r.pins.reset_n = false;
             r.edge();
             r.pins.reset_n = true;
             r.edge();
             r.up(request(0));
           }),
    on_tbu(DtiRule::connect_unanswered, [](Rig& r) { r.up(kLeave), r.up(kConnect); }),
    on_tbu(DtiRule::disconnect_busy, [](Rig& r) { r.down(invalidate()), r.up(kLeave); }),
    on_tbu(DtiRule::disconnect_busy, [](Rig& r) { r.down(tbu::SyncReq()), r.up(kLeave); }),
    on_ats(
        DtiRule::disconnect_busy,
        [](Rig& r) { r.down(atc_invalidate(1)), r.up(ats::InvAck()), r.up(condis<ats::CondisReq>(false)); }),
    on_ats(DtiRule::disconnect_busy, [](Rig& r) { r.up(page(1)), r.up(condis<ats::CondisReq>(false)); }),
    on_tbu(DtiRule::disconnect_busy,  // an invalidation crossed the request: it comes first
           [](Rig& r) { r.up(kLeave), r.down(invalidate()), r.down(kGone); }),
    {DtiRule::condis_ack_unasked, Protocol::ats, [](Rig& r) { connected_ats(r), r.down(pri_granted()); }},
    // Translations, invalidations and syncs of DTI-ATS; twice the same answer.
    on_ats(DtiRule::translation_tokens,
           [](Rig& r) {
             for (std::uint16_t id = 0; id < 3; ++id) r.up(ats_translation(id));
           }),
    on_ats(DtiRule::id_in_use, [](Rig& r) { r.up(ats_translation(5)), r.up(ats_translation(5)); }),
    on_ats(DtiRule::unknown_id, downs(ats::TransResp())),
    on_tbu(DtiRule::unknown_id, downs(fault(0))),
    on_tbu(DtiRule::unknown_id, [](Rig& r) { r.up(request(0)), r.down(fault(1)), r.down(response(0)); }),
    on_tbu(DtiRule::unknown_id, downs(tbu::TransRespEx())),
    on_ats(DtiRule::invalidation_tokens,
           [](Rig& r) {
             for (std::uint8_t itag = 0; itag < 3; ++itag) r.down(atc_invalidate(itag));
           }),
    on_ats(DtiRule::inv_ack_unasked, ups(ats::InvAck())),
    on_tbu(DtiRule::inv_ack_unasked,
           [](Rig& r) { r.down(invalidate()), r.up(tbu::InvAck()), r.up(tbu::InvAck()); }),
    on_ats(DtiRule::unknown_itag,
           [](Rig& r) {
             r.down(atc_invalidate(3));
             r.up(ats::InvAck());
             for (int i = 0; i < 2; ++i) r.up(ats::InvComp{3, false, 0});
           }),
    on_ats(DtiRule::sync_in_progress, [](Rig& r) { r.down(ats::SyncReq()), r.down(ats::SyncReq()); }),
    on_ats(DtiRule::sync_ack_unasked, ups(ats::SyncAck())),
    on_ats(DtiRule::sync_ack_early,
           [](Rig& r) { r.down(atc_invalidate(0)), r.down(ats::SyncReq()), r.up(ats::SyncAck()); }),
    // Page requests and registers.
    on_ats(DtiRule::page_ack_unasked,
           [](Rig& r) { r.up(page(1)), r.down(ats::PageAck()), r.down(ats::PageAck()); }),
    on_ats(DtiRule::unknown_group,
           [](Rig& r) { r.up(page(1)), r.down(page_response(1)), r.down(page_response(1)); }),
    on_ats(DtiRule::unknown_group,
           [](Rig& r) {
             r.up(page(1));
             ats::PageResp m = page_response(1);
             m.sid = 1;  // of another function
             r.down(m);
           }),
    on_tbu(DtiRule::registers_unsupported, downs(tbu::RegWrite())),
    on_tbu(DtiRule::register_ack_unasked, ups(tbu::RegReadData())),
    // The end: of a message, on the pins, of a sync, of a connection.
    on_tbu(DtiRule::unfinished,
           [](Rig& r) { r.beat(r.pins.up, beat_of(encode(request(0)), 0, kBytes)), r.checker.finish(); }),
    on_tbu(DtiRule::unfinished, [](Rig& r) { r.pins.down.valid = true, r.checker.finish(); }),
    on_tbu(DtiRule::unfinished, [](Rig& r) { r.down(tbu::SyncReq()), r.checker.finish(); }),
    on_ats(DtiRule::unfinished,
           [](Rig& r) { r.down(atc_invalidate(0)), r.up(ats::InvAck()), r.checker.finish(); }),
    {DtiRule::unfinished, Protocol::tbu, [](Rig& r) { r.up(kConnect), r.checker.finish(); }},
};

}  // namespace

TEST_CASE("DTI checker: the other sides of the rules, each direction and protocol") {
  for (std::size_t i = 0; i < kFurtherBreaks.size(); ++i) {
    CAPTURE(i);
    const Broken& broken = kFurtherBreaks[i];
    expect(broken.rule, broken.protocol, broken.break_it);
  }
}
