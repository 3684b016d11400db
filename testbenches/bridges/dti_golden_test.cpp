// Exact cycles of the DTI bridges, by hand: a stream of 10 bytes, every clock 1 ns. A message sent by a model
// at cycle t is at its bridge at t + 1, its first beat is taken at t + 2, each further one a cycle later, and
// the other model sees it a cycle after the last.
#include "testbenches/bridges/dti_bench.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

/// Notes the transfers on the pins: "cycle up|dn type", with a dot for a beat that does not end its message.
class Transfers : public PinParty {
 public:
  Transfers(PinClock& clock, const DtiPins& pins) : clock_(clock), pins_(pins) { clock.join(*this); }
  std::string log;

 private:
  void sample() override {
    note("up", pins_.up, up_);
    note("dn", pins_.down, down_);
  }
  void note(const char* name, const Channel<StreamBeat>& channel, int& type) {
    if (!channel.fires()) return;
    if (type < 0) type = channel.bits.data[0] & 15;
    log += std::to_string(clock_.cycle()) + ' ' + name + ' ' + std::to_string(type) +
           (channel.bits.last ? "\n" : " .\n");
    if (channel.bits.last) type = -1;
  }
  PinClock& clock_;
  const DtiPins& pins_;
  int up_ = -1, down_ = -1;
};

/// Bridges back to back, whose models are this test.
struct Golden {
  FreshKernel kernel;
  Calendar calendar{"calendar"};
  std::uint16_t block = calendar.add_block();
  PinClock clock{calendar, Clock(kNs)};
  DtiLinks links{calendar};
  DtiPins pins;
  Transfers transfers{clock, pins};
  DtiChecker checker;
  DtiRequesterBridge requester;
  DtiCompleterBridge completer;
  std::string log;  ///< "cycle kind" of what the models receive

  explicit Golden(const DtiRequesterConfig& r = {}, const DtiCompleterConfig& c = {})
      : checker("golden", clock, pins, 10, r.protocol),
        requester(clock, pins, links.near_up, links.near_down, r),
        completer(clock, pins, links.far_down, links.far_up, c) {
    links.near_down.bind<&Golden::at_tbu>({block, 0}, this);
    links.far_up.bind<&Golden::at_tcu>({block, 1}, this);
  }
  void at_tbu(Downstream& m) {
    note("tbu", int(m.kind), m.id);
    if (m.kind != Downstream::Kind::inv_req && m.kind != Downstream::Kind::atc_inv) return;
    Upstream accepted;
    accepted.kind = Upstream::Kind::inv_ack;
    links.near_up.send(accepted);
  }
  void at_tcu(Upstream& m) { note("tcu", int(m.kind), m.id); }
  void note(const char* who, int kind, unsigned id) {
    log += std::to_string(calendar.now() / kNs) + ' ' + who + ' ' + std::to_string(kind) + " id " +
           std::to_string(id) + '\n';
  }
  void ask(unsigned cycle, std::uint16_t id) {
    Upstream m;
    m.id = id;
    run_to(cycle);
    links.near_up.send(m, 20);
  }
  void answer(unsigned cycle, Downstream::Kind kind, std::uint16_t id) {
    Downstream m;
    m.kind = kind;
    m.id = id;
    m.command.opcode = arch::Opcode::tlbi_nsnh_all;
    run_to(cycle);
    links.far_down.send(m, 20);
  }
  void acknowledge_sync(unsigned cycle) {
    Upstream m;
    m.kind = Upstream::Kind::sync_ack;
    run_to(cycle);
    links.near_up.send(m, 1);
  }
  /// What is due at `cycle` has not happened yet.
  void run_to(unsigned cycle) {
    const sc_core::sc_time when = sc_core::sc_time::from_value(cycle * kNs);
    if (when > sc_core::sc_time_stamp()) sc_core::sc_start(when - sc_core::sc_time_stamp());
  }
  void run() {
    sc_core::sc_start();
    calendar.rethrow();
    checker.finish();
  }
};
using Kind = Downstream::Kind;

}  // namespace

TEST_CASE("golden: DTI-TBU, from connection to sync") {
  Golden g;
  g.ask(10, 500);
  g.answer(20, Kind::trans_resp, 0);  // the first wire ID is 0
  g.answer(30, Kind::inv_req, 0);
  g.answer(30, Kind::sync_req, 77);
  g.acknowledge_sync(40);
  g.run();
  CHECK(g.transfers.log ==
        "1 up 0\n2 dn 0\n"      // CONDIS_REQ and ACK, 4 bytes
        "12 up 2 .\n13 up 2\n"  // TRANS_REQ, 20 bytes
        "22 dn 2 .\n23 dn 2\n"  // TRANS_RESP, 20 bytes
        "32 dn 4 .\n33 dn 4\n"  // INV_REQ, 16 bytes
        "34 dn 5\n"             // SYNC_REQ, right behind it
        "36 up 4\n"             // INV_ACK: the TBU's, who has the INV_REQ at 34
        "42 up 5\n");           // SYNC_ACK
  CHECK(g.log ==
        "14 tcu 0 id 0\n"
        "24 tbu 0 id 500\n"  // as the TBU named it
        "34 tbu 3 id 0\n"
        "35 tbu 4 id 0\n"
        "37 tcu 4 id 0\n"
        "43 tcu 1 id 77\n");  // as the TCU named it
}

TEST_CASE("golden: a fault is one beat; requests follow each other without a gap") {
  Golden g;
  g.ask(10, 1);
  g.ask(11, 2);
  g.answer(20, Kind::trans_fault, 1);
  g.answer(21, Kind::trans_fault, 0);
  g.run();
  CHECK(g.transfers.log ==
        "1 up 0\n2 dn 0\n"
        "12 up 2 .\n13 up 2\n14 up 2 .\n15 up 2\n"
        "22 dn 1\n23 dn 1\n");
  CHECK(g.log == "14 tcu 0 id 0\n16 tcu 0 id 1\n23 tbu 1 id 2\n24 tbu 1 id 1\n");
}

TEST_CASE("golden: with one token the next request leaves at the edge that brings the answer's last beat") {
  DtiCompleterConfig c;
  c.translation_tokens = 1;
  Golden g({}, c);
  g.ask(10, 1);
  g.ask(11, 2);
  g.answer(20, Kind::trans_resp, 0);
  g.answer(40, Kind::trans_resp, 0);  // a wire ID is free again with its answer
  g.run();
  CHECK(g.transfers.log ==
        "1 up 0\n2 dn 0\n"
        "12 up 2 .\n13 up 2\n22 dn 2 .\n23 dn 2\n"
        "24 up 2 .\n25 up 2\n42 dn 2 .\n43 dn 2\n");
  CHECK(g.log == "14 tcu 0 id 0\n24 tbu 0 id 1\n26 tcu 0 id 0\n44 tbu 0 id 2\n");
}

TEST_CASE("golden: with one invalidation token the next INV_REQ waits for the INV_ACK") {
  DtiRequesterConfig r;
  r.invalidation_tokens = 1;
  Golden g(r);
  g.answer(10, Kind::inv_req, 0);
  g.answer(10, Kind::inv_req, 0);
  g.run();
  CHECK(g.transfers.log ==
        "1 up 0\n2 dn 0\n"
        "12 dn 4 .\n13 dn 4\n16 up 4\n"
        "17 dn 4 .\n18 dn 4\n21 up 4\n");
}

TEST_CASE("golden: what the TCU sends before there is a connection") {
  Golden g;
  Downstream inv, sync;
  inv.kind = Kind::inv_req;
  inv.command.opcode = arch::Opcode::tlbi_nsnh_all;
  sync.kind = Kind::sync_req;
  sync.id = 9;
  g.links.far_down.send(inv, 16);
  g.links.far_down.send(sync, 1);
  g.acknowledge_sync(10);
  g.run();
  // At its bridge at 1 and 2, when the request to connect is there (1): they go out behind CONDIS_ACK.
  CHECK(g.transfers.log == "1 up 0\n2 dn 0\n3 dn 4 .\n4 dn 4\n5 dn 5\n7 up 4\n12 up 5\n");
}

TEST_CASE("golden: a connection that is denied") {
  DtiCompleterConfig c;
  c.accept = false;
  Golden g({}, c);
  g.ask(0, 1);   // waits for the connection
  g.ask(10, 2);  // knows that there is none
  g.answer(20, Kind::sync_req, 3);
  g.run();
  CHECK(g.transfers.log == "1 up 0\n2 dn 0\n");
  CHECK(g.requester.conversation().denied());
  // Aborted at the bridge; a sync of nobody is done when it arrives there.
  CHECK(g.log == "3 tbu 1 id 1\n12 tbu 1 id 2\n22 tcu 1 id 3\n");
}

TEST_CASE("golden: disconnecting, and connecting again for the next request") {
  Golden g;
  g.ask(10, 1);
  g.run_to(16);
  g.requester.disconnect();
  g.answer(20, Kind::trans_fault, 0);
  g.ask(40, 2);
  g.answer(60, Kind::trans_fault, 0);
  g.run();
  CHECK(g.transfers.log ==
        "1 up 0\n2 dn 0\n12 up 2 .\n13 up 2\n22 dn 1\n"
        "23 up 0\n24 dn 0\n"  // not before the answer
        "42 up 0\n43 dn 0\n44 up 2 .\n45 up 2\n62 dn 1\n");
  CHECK(g.log == "14 tcu 0 id 0\n23 tbu 1 id 1\n46 tcu 0 id 0\n63 tbu 1 id 2\n");
}

TEST_CASE("golden: DTI-ATS, a page request, its response, an invalidation and its completion") {
  DtiRequesterConfig r;
  r.protocol = Protocol::ats;
  DtiCompleterConfig c;
  c.protocol = Protocol::ats;
  Golden g(r, c);
  Upstream page;
  page.kind = Upstream::Kind::page_req;
  page.page_read = page.last = true;
  page.group = 5;
  g.run_to(10);
  g.links.near_up.send(page, 16);
  Downstream response;
  response.kind = Kind::page_resp;
  response.group = 5;
  g.run_to(20);
  g.links.far_down.send(response, 12);
  g.answer(30, Kind::atc_inv, 4);
  Upstream completion;
  completion.kind = Upstream::Kind::inv_comp;
  completion.id = 4;
  g.run_to(40);
  g.links.near_up.send(completion, 8);
  g.run();
  CHECK(g.transfers.log ==
        "1 up 0\n2 dn 0\n"
        "12 up 8 .\n13 up 8\n14 dn 8\n"     // PAGE_REQ, 16 bytes; PAGE_ACK is the completer's own
        "22 dn 9 .\n23 dn 9\n24 up 9\n"     // PAGE_RESP, 12 bytes; PAGE_RESPACK
        "32 dn 12 .\n33 dn 12\n36 up 12\n"  // INV_REQ, INV_ACK
        "42 up 11\n");                      // INV_COMP, 8 bytes
  CHECK(g.log == "14 tcu 2 id 0\n24 tbu 6 id 0\n34 tbu 5 id 4\n37 tcu 4 id 0\n43 tcu 3 id 4\n");
}

TEST_CASE(
    "golden: page requests to a TCU without PRI end at the bridge, the last of a group with a response") {
  DtiRequesterConfig r;
  r.protocol = Protocol::ats;
  DtiCompleterConfig c;
  c.protocol = Protocol::ats;
  c.pri = false;
  Golden g(r, c);
  Upstream page;
  page.kind = Upstream::Kind::page_req;
  page.page_read = true;
  g.links.near_up.send(page, 16);
  page.last = true;
  g.links.near_up.send(page, 16);  // before the TCU has said what it supports
  g.run_to(10);
  g.links.near_up.send(page, 16);
  g.run();
  CHECK(g.transfers.log == "1 up 0\n2 dn 0\n");
  CHECK(g.log == "3 tbu 6 id 0\n12 tbu 6 id 0\n");
}

TEST_CASE("requests the models cannot be asked are answered by the bridge") {
  namespace tbu = arch::dti::tbu;
  tbu::TransReq request;
  request.mmu_valid = true;
  CHECK_FALSE(refusal(request));
  request.perm = tbu::Perm::speculative;
  REQUIRE(refusal(request));
  CHECK(refusal(request)->type == static_cast<std::uint8_t>(tbu::FaultType::non_abort));
  request.perm = tbu::Perm::read_write;
  CHECK_FALSE(refusal(request));
  CHECK(typed(request).access.write);
  request.sec_sid = 1;
  CHECK(refusal(request)->type == static_cast<std::uint8_t>(tbu::FaultType::abort));
  request.sec_sid = 0;
  request.mmu_valid = false;
  CHECK(refusal(request)->type == static_cast<std::uint8_t>(tbu::FaultType::abort));
}

TEST_CASE("a message is as long on the pins as a link counts it") {
  Upstream up;
  CHECK(encode(tbu_request(up)).bytes() == wire_bytes(up));
  CHECK(encode(ats_request(up)).bytes() == wire_bytes(up));
  up.kind = Upstream::Kind::sync_ack;
  CHECK(encode(arch::dti::tbu::SyncAck()).bytes() == wire_bytes(up));
  CHECK(encode(arch::dti::ats::SyncAck()).bytes() == wire_bytes(up));
  up.kind = Upstream::Kind::page_req;
  CHECK(encode(ats_page_request(up)).bytes() == wire_bytes(up));
  up.kind = Upstream::Kind::inv_comp;
  CHECK(encode(ats_completion(up)).bytes() == wire_bytes(up));

  Downstream down;
  CHECK(encode(tbu_response(down)).bytes() == wire_bytes(down));
  down.kind = Kind::trans_fault;
  CHECK(encode(tbu_fault(down)).bytes() == wire_bytes(down));
  down.kind = Kind::inv_req;
  CHECK(encode(tbu_invalidation(down.command)).bytes() == wire_bytes(down));
  down.kind = Kind::atc_inv;
  CHECK(encode(ats_invalidation(down)).bytes() == wire_bytes(down));
  down.kind = Kind::page_resp;
  CHECK(encode(ats_page_response(down)).bytes() == wire_bytes(down));
  down.kind = Kind::sync_req;
  CHECK(encode(arch::dti::tbu::SyncReq()).bytes() == wire_bytes(down));
  down.kind = Kind::ats_resp;
  for (unsigned access = 0; access < 4; ++access) {
    for (const auto status :
         {arch::AtsStatus::success, arch::AtsStatus::unsupported_request, arch::AtsStatus::completer_abort}) {
      down.ats.status = status;
      down.ats.translation.read = (access & 1) != 0;
      down.ats.translation.write = (access & 2) != 0;
      CHECK(encode(ats_response(down, arch::Va(0))).bytes() == wire_bytes(down));
    }
  }
}

TEST_CASE("range codes round down, and cover what was asked for") {
  CHECK(range_of(range_code(12)) == 12);
  CHECK(range_of(range_code(13)) == 12);
  CHECK(range_of(range_code(20)) == 16);
  CHECK(range_of(range_code(63)) == 47);
  CHECK(range_of(bypass_code(47), true) == 44);
  CHECK(range_of(15) == 12);
  // A block larger than any range: the part around the address.
  Downstream answer;
  answer.kind = Kind::ats_resp;
  answer.ats.translation.read = true;
  answer.ats.translation.log2_size = 48;
  const arch::Va va(0x8000'1234'5000);
  const auto wire = std::get<arch::dti::ats::TransResp>(ats_response(answer, va));
  const Downstream back = typed(wire, va);
  CHECK(back.ats.translation.log2_size == 47);
  CHECK(back.ats.translation.address == 0x8000'0000'0000);
}
