// Every rule of DtiChecker, broken once, on pins driven by hand: it is named, and nothing else is.
#include <map>

#include "testbenches/bridges/dti_rig.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

void hold(Rig& rig, Channel<StreamBeat>& channel, bool drop) {
  channel.bits = beat_of(encode(kConnect), 0, kBytes);
  channel.valid = true;
  rig.edge();
  if (drop) channel.valid = false;
  else channel.bits.data[1] ^= 1;
  rig.edge();
  channel.valid = false;
}

/// Once each rule; dti_checker_sides_test.cpp has its other sides.
const std::map<DtiRule, std::pair<Protocol, Break>> kBreaks = {
    {DtiRule::up_valid_held, {Protocol::tbu, [](Rig& r) { hold(r, r.pins.up, true); }}},
    {DtiRule::down_valid_held, {Protocol::tbu, [](Rig& r) { hold(r, r.pins.down, true); }}},
    // The changed beat waits on: VALID falls with a reset.
    {DtiRule::up_stable,
     {Protocol::tbu,
      [](Rig& r) {
        hold(r, r.pins.up, false);
        r.pins.reset_n = false;
        r.edge();
        r.pins.reset_n = true;
      }}},
    {DtiRule::down_stable,
     {Protocol::tbu,
      [](Rig& r) {
        hold(r, r.pins.down, false);
        r.pins.reset_n = false;
        r.edge();
        r.pins.reset_n = true;
      }}},
    {DtiRule::wakeup_held,
     {Protocol::tbu,
      [](Rig& r) {
        r.pins.up.bits = beat_of(encode(kConnect), 0, kBytes);
        r.pins.up.valid = r.pins.up_wakeup = true;
        r.edge();
        r.pins.up_wakeup = false;
        r.beat(r.pins.up, r.pins.up.bits);
      }}},
    {DtiRule::valid_in_reset,
     {Protocol::tbu,
      [](Rig& r) {
        r.pins.reset_n = false;
        r.pins.down.valid = true;
        r.edge();
        r.pins.down.valid = false;
        r.pins.reset_n = true;
      }}},
    {DtiRule::tkeep_gap,
     {Protocol::tbu, [](Rig& r) { mangled(r, kConnect, 0, [](StreamBeat& b) { b.keep[0] = 0x1B; }); }}},
    {DtiRule::tkeep_bytes,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        mangled(r, tbu::InvAck(), 0, [](StreamBeat& b) { b.keep[0] = 3; });
      }}},
    {DtiRule::tlast_early,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        mangled(r, request(1), 3, [](StreamBeat& b) { b.last = true; });
      }}},
    {DtiRule::tlast_late,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        mangled(r, request(1), 4, [](StreamBeat& b) { b.last = false; });
      }}},
    {DtiRule::route_changed,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        mangled(r, request(1), 1, [](StreamBeat& b) { b.id = 9; });
        for (unsigned i = 2; i < 5; ++i) r.beat(r.pins.up, beat_of(encode(request(1)), i, kBytes));
      }}},
    {DtiRule::message_type,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        arch::dti::Frame frame;
        frame.append(0x0E);
        r.frame(r.pins.up, frame);
      }}},
    {DtiRule::reserved_bits,
     {Protocol::tbu, [](Rig& r) { mangled(r, kConnect, 0, [](StreamBeat& b) { b.data[0] |= 0x40; }); }}},
    {DtiRule::reserved_value,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.down(invalidate(arch::Opcode::sync));
      }}},
    {DtiRule::protocol, {Protocol::ats, [](Rig& r) { r.up(kConnect); }}},
    {DtiRule::not_connected,
     {Protocol::tbu,
      [](Rig& r) {
        r.up(kConnect);
        r.up(request(0));  // before the grant
      }}},
    {DtiRule::already_connected,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.up(kConnect);
      }}},
    {DtiRule::disconnect_busy,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.up(request(0));
        r.up(kLeave);
      }}},
    {DtiRule::connect_unanswered,
     {Protocol::tbu,
      [](Rig& r) {
        r.up(kConnect);
        r.up(kConnect);
      }}},
    {DtiRule::condis_ack_unasked, {Protocol::tbu, [](Rig& r) { r.down(kGranted); }}},
    {DtiRule::disconnect_denied,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.up(kLeave);
        r.down(kGranted);
      }}},
    {DtiRule::version_raised,
     {Protocol::tbu,
      [](Rig& r) {
        r.up(kConnect);
        tbu::CondisAck ack = kGranted;
        ack.version = 3;
        r.down(ack);
      }}},
    {DtiRule::tokens_raised,
     {Protocol::tbu,
      [](Rig& r) {
        r.up(kConnect);
        tbu::CondisAck ack = kGranted;
        ack.translation_tokens = 2;
        r.down(ack);
      }}},
    {DtiRule::translation_tokens,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        for (std::uint16_t id = 0; id < 3; ++id) r.up(request(id));
      }}},
    {DtiRule::id_in_use,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.up(request(7));
        r.up(request(7));
      }}},
    {DtiRule::unknown_id,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.up(request(7));
        r.down(response(7));
        r.down(response(7));
      }}},
    {DtiRule::extended_unasked,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.up(request(0));
        r.down(tbu::TransRespEx());
      }}},
    {DtiRule::invalidation_tokens,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        for (int i = 0; i < 3; ++i) r.down(invalidate());
      }}},
    {DtiRule::inv_ack_unasked,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.up(tbu::InvAck());
      }}},
    {DtiRule::itag_in_use,
     {Protocol::ats,
      [](Rig& r) {
        connected_ats(r);
        r.down(atc_invalidate(3));
        r.up(ats::InvAck());
        r.down(atc_invalidate(3));
      }}},
    {DtiRule::unknown_itag,
     {Protocol::ats,
      [](Rig& r) {
        connected_ats(r);
        r.down(atc_invalidate(3));
        r.up(ats::InvComp{4, false, 0});
      }}},
    {DtiRule::sync_in_progress,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.down(tbu::SyncReq());
        r.down(tbu::SyncReq());
      }}},
    {DtiRule::sync_ack_unasked,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.up(tbu::SyncAck());
      }}},
    {DtiRule::sync_ack_early,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.down(invalidate());
        r.down(tbu::SyncReq());
        r.up(tbu::SyncAck());
      }}},
    {DtiRule::pri_unsupported,
     {Protocol::ats,
      [](Rig& r) {
        r.up(condis<ats::CondisReq>());
        r.down(grant<ats::CondisAck>());
        r.up(page(1));
      }}},
    {DtiRule::page_ack_unasked,
     {Protocol::ats,
      [](Rig& r) {
        connected_ats(r);
        r.down(ats::PageAck());
      }}},
    {DtiRule::unknown_group,
     {Protocol::ats,
      [](Rig& r) {
        connected_ats(r);
        r.up(page(1, false));  // not closed by a Last
        r.down(page_response(1));
      }}},
    {DtiRule::page_resp_ack_unasked,
     {Protocol::ats,
      [](Rig& r) {
        connected_ats(r);
        r.up(ats::PageRespAck());
      }}},
    {DtiRule::registers_unsupported,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.down(tbu::RegRead());
      }}},
    {DtiRule::register_ack_unasked,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.up(tbu::RegWriteAck());
      }}},
    {DtiRule::unfinished,
     {Protocol::tbu,
      [](Rig& r) {
        connected(r);
        r.up(request(0));
        r.checker.finish();
      }}},
};

}  // namespace

TEST_CASE("DTI checker: each rule, broken, is the one that is named") {
  REQUIRE(kBreaks.size() == kDtiRules);
  for (const auto& [rule, broken] : kBreaks) expect(rule, broken.first, broken.second);
}

TEST_CASE("DTI checker: the same rules kept to their limits are no violation") {
  Rig rig(Protocol::tbu);
  connected(rig);
  rig.up(request(0));
  rig.up(request(0xFFF));     // the last token
  rig.down(response(0xFFF));  // out of order
  rig.up(request(0xFFF));     // its ID is free again
  rig.down(invalidate());
  rig.down(invalidate());  // the last token
  rig.down(tbu::SyncReq());
  rig.up(tbu::InvAck());
  rig.down(invalidate());  // after the sync: its acknowledgement need not wait for this one
  rig.up(tbu::InvAck());
  rig.up(tbu::SyncAck());
  rig.up(tbu::InvAck());
  tbu::TransReq extended = request(1);
  extended.response_extended = true;
  rig.down(response(0));
  rig.up(extended);
  tbu::TransRespEx answer;
  answer.id = 1;
  rig.down(answer);
  arch::dti::TransFault fault;
  fault.id = 0xFFF;
  fault.type = 5;
  rig.down(fault);
  rig.up(kLeave);
  rig.down(invalidate());  // crosses the request to disconnect
  rig.up(tbu::InvAck());
  rig.down(kGone);
  rig.up(kConnect);
  rig.down(kGone);  // denied
  rig.up(kConnect);
  rig.down(kGranted);
  tbu::CondisReq with_registers = kConnect;
  with_registers.registers = true;
  rig.up(kLeave);
  rig.down(kGone);
  rig.up(with_registers);
  rig.down(kGranted);
  rig.down(tbu::RegRead{0x10});
  rig.up(tbu::RegReadData{1});
  rig.down(tbu::RegWrite{0x10, 1});
  rig.up(tbu::RegWriteAck());
  rig.checker.finish();
  CHECK(rig.seen.empty());
  INFO(rig.last);
  CHECK(rig.checker.messages() == 34);
}

TEST_CASE("DTI checker: DTI-ATS kept to its limits is no violation") {
  Rig rig(Protocol::ats);
  connected_ats(rig);
  rig.up(page(1, false));
  rig.up(page(1));
  rig.down(ats::PageAck());
  rig.down(page_response(1));
  rig.down(ats::PageAck());
  rig.up(ats::PageRespAck());
  rig.down(atc_invalidate(31));
  rig.up(ats::InvAck());
  rig.down(atc_invalidate(0));
  rig.down(ats::SyncReq());
  rig.up(ats::InvComp{31, true, 0});
  rig.down(atc_invalidate(31));
  rig.up(ats::InvAck());
  rig.up(ats::SyncAck());  // completions are none of its business
  rig.up(ats::InvAck());
  rig.up(ats::InvComp{31, false, 0});
  rig.up(ats::InvComp{0, false, 0});
  rig.checker.finish();
  INFO(rig.last);
  CHECK(rig.seen.empty());
}

TEST_CASE("DTI checker: after a broken message the next is judged on its own") {
  Rig rig(Protocol::tbu);
  connected(rig);
  mangled(rig, request(1), 2, [](StreamBeat& b) { b.last = true; });  // cut short
  rig.up(request(1));
  rig.down(response(1));
  CHECK(rig.seen == std::vector<DtiRule>{DtiRule::tlast_early});
}

TEST_CASE("DTI checker: without a handler a violation ends the run") {
  FreshKernel kernel;
  Calendar calendar("calendar");
  PinClock clock(calendar, Clock(kNs));
  DtiPins pins;
  DtiChecker checker("strict", clock, pins, kBytes, Protocol::tbu);
  pins.down.bits = beat_of(encode(kGranted), 0, kBytes);
  pins.down.valid = pins.down.ready = true;
  CHECK_THROWS_AS(checker.sample(), DtiProtocolError);
}
