// Rules that stand alone: permissions that features add, hardware updates of tables, STE and CD legality that
// depends on features, merging of events, page requests.
#include <catch2/catch.hpp>

#include "models/arch/pri.hpp"
#include "testbenches/unit/arch_helpers.hpp"

using namespace arch_test;

namespace {

constexpr std::uint64_t kAf = 1u << 10, kUser = 1u << 6, kRo = 1u << 7, kUxn = 1ull << 54, kPxn = 1ull << 53;

/// One 1 GB block of stage 1.
struct Block {
  Memory memory;
  StreamConfig config = stage1_config();
  explicit Block(std::uint64_t attributes) {
    config.s1.half[0].input_bits = 39;
    memory[0x100000] = attributes | 1;
  }
  TableWalk walk(Access access) {
    TableWalk w(config, Va(0x1000), access);
    memory.run(w);
    return w;
  }
  EventId event(Access access) {
    const TableWalk w = walk(access);
    return w.status() == TableWalk::Status::fault ? w.fault().id : EventId::none;
  }
};

}  // namespace

TEST_CASE("E0PD: unprivileged accesses of the half fault, and a TLB may not let them in") {
  Block block(kAf | kUser);
  block.config.s1.half[0].e0pd = true;
  CHECK(block.event(kRead) == EventId::f_translation);
  CHECK(block.event(kWrite) == EventId::f_translation);
  CHECK(block.event(kFetch) == EventId::f_translation);
  CHECK(block.event(kPrivRead) == EventId::none);
  CHECK_FALSE(block.walk(kPrivRead).result().allows(kRead));
  CHECK(block.walk(kPrivRead).result().allows(kPrivWrite));
}

TEST_CASE("PAN and EPAN") {
  struct Row {
    std::uint64_t leaf;
    bool pan, epan;
    bool read, fetch;  ///< privileged
  };
  const Row rows[] = {{kAf, false, false, true, true},
                      {kAf, true, false, true, true},
                      {kAf, true, true, false, true},
                      {kAf | kUxn, true, true, true, true},  // users may not execute it
                      {kAf | kUser | kRo, true, false, false, true},
                      {kAf | kUser | kRo | kUxn, true, true, false, true},
                      {kAf | kUser | kRo | kPxn, false, true, true, false}};
  for (const Row& row : rows) {
    Block block(row.leaf);
    block.config.s1.pan = row.pan, block.config.s1.epan = row.epan;
    INFO(std::hex << row.leaf << " PAN " << row.pan << " EPAN " << row.epan);
    CHECK((block.event(kPrivRead) == EventId::none) == row.read);
    CHECK((block.event(kPrivFetch) == EventId::none) == row.fetch);
  }
}

TEST_CASE("Access flags of tables (HAFT), at both stages") {
  StreamConfig config = stage1_config();
  config.kind = ConfigKind::both;
  config.s1.ha = config.s2.ha = true;
  config.s1.half[0].input_bits = 39;
  config.s2.start_level = 1, config.s2.input_bits = 39, config.s2.ttb = 0x200000;
  for (const bool haft : {false, true}) {
    config.s1.haft = config.s2.haft = haft;
    Memory memory;
    memory[0x100000] = 0x101003;                 // stage 1, level 1
    memory[0x101000] = kUser | 1;                // level 2
    memory[0x200000] = 0x201003;                 // stage 2, level 1
    memory[0x201000] = 3u << 6 | 0xFu << 2 | 1;  // level 2: identity
    TableWalk walk(config, Va(0x1000), kRead);
    memory.run(walk);
    REQUIRE(walk.status() == TableWalk::Status::done);
    CHECK(memory[0x100000] == (0x101003 | (haft ? kAf : 0)));
    CHECK(memory[0x200000] == (0x201003 | (haft ? kAf : 0)));
    CHECK(memory[0x101000] == (kUser | kAf | 1));
    CHECK(memory[0x201000] == (3u << 6 | 0xFu << 2 | kAf | 1));
  }
  // A table stage 2 does not let the SMMU write is a permission fault of class TT, not of a read.
  config.s1.haft = true;
  Memory memory;
  memory[0x100000] = 0x101003;
  memory[0x200000] = 1u << 6 | 0xFu << 2 | kAf | 1;
  TableWalk walk(config, Va(0x1000), kRead);
  memory.run(walk);
  CHECK(walk.fault().id == EventId::f_permission);
  CHECK(walk.fault().fault_class == FaultClass::tt);
  CHECK_FALSE(walk.fault().ttrnw);
}

TEST_CASE("HTTU fields against IDR0.HTTU; HD alone is off") {
  struct Row {
    Httu httu;
    bool ha, hd, haft;
    bool ok;
  };
  const Row rows[] = {{Httu::none, false, false, false, true},
                      {Httu::none, true, false, false, false},
                      {Httu::none, false, true, false, false},
                      {Httu::none, false, false, true, true},
                      {Httu::access_flag, true, false, false, true},
                      {Httu::access_flag, true, true, false, false},
                      {Httu::access_and_dirty, true, true, false, true},
                      {Httu::access_and_dirty, false, true, false, true},
                      {Httu::access_and_dirty, false, false, true, true},  // no such bit
                      {Httu::tables_too, true, true, true, true},
                      {Httu::tables_too, false, false, true, false}};
  for (const Row& row : rows) {
    INFO("HTTU " << int(row.httu) << " HA " << row.ha << " HD " << row.hd << " HAFT " << row.haft);
    Features f;
    f.httu = row.httu;
    Cd cd;
    cd.ha = row.ha, cd.hd = row.hd, cd.haft = row.haft;
    CHECK(legal(cd, f, {}) == row.ok);
    Ste ste;
    ste.config = SteConfig::stage2;
    ste.s2_aa64 = true, ste.s2_t0sz = 25, ste.s2_sl0 = 1, ste.s2_ps = 5;
    ste.s2_ha = row.ha, ste.s2_hd = row.hd, ste.s2_haft = row.haft;
    CHECK(legal(ste, f) == row.ok);
  }
}

TEST_CASE("STE legality that depends on features and worlds") {
  struct Row {
    const char* what;
    void (*set)(Ste&, Features&);
    bool ok;
  };
  const Row rows[] = {
      {"8-bit VMID", [](Ste& s, Features& f) { s.s2_vmid = 0x1FF, f.vmid16 = false; }, false},
      {"8-bit VMID that fits", [](Ste& s, Features& f) { s.s2_vmid = 0xFF, f.vmid16 = false; }, true},
      {"VMID of EL2", [](Ste& s, Features& f) { s.s2_vmid = 0x1FF, f.vmid16 = false, s.strw = 2; }, true},
      {"VMID in bypass",
       [](Ste& s, Features& f) { s.s2_vmid = 0x1FF, f.vmid16 = false, s.config = SteConfig::bypass; }, true},
      {"VMID without stage 2",
       [](Ste& s, Features& f) { s.s2_vmid = 0x1FF, f.s2p = f.vmid16 = f.hyp = false; }, true},
      {"STRW x1", [](Ste& s, Features&) { s.strw = 3; }, false},
      {"STRW x1 in bypass", [](Ste& s, Features&) { s.strw = 3, s.config = SteConfig::bypass; }, true},
      {"S1CDMax without SubstreamIDs", [](Ste& s, Features& f) { s.s1_cd_max = 31, f.ssidsize = 0; }, true},
      {"S1Fmt without SubstreamIDs",
       [](Ste& s, Features& f) { s.s1_cd_max = 4, s.s1_fmt = 1, f.cd2l = false, f.ssidsize = 0; }, true},
      {"CD table beyond the output size", [](Ste& s, Features&) { s.s1_context_ptr = 1ull << 48; }, false},
      {"split ATS without stage 2", [](Ste& s, Features&) { s.eats = Eats::split; }, false},
      {"EATS in bypass", [](Ste& s, Features&) { s.eats = Eats::split, s.config = SteConfig::bypass; }, true},
      {"EATS without ATS", [](Ste& s, Features& f) { s.eats = Eats::split, f.ats = f.pri = false; }, true},
      {"EATS = 3 without DPT", [](Ste& s, Features&) { s.eats = Eats::full_dpt, s.s2_s = true; }, true},
      {"full ATS, S2S without stage 2", [](Ste& s, Features&) { s.eats = Eats::full, s.s2_s = true; }, true}};
  for (const Row& row : rows) {
    Ste ste;
    Features f;
    ste.config = SteConfig::stage1;
    ste.s1_context_ptr = 0x1000;
    row.set(ste, f);
    INFO(row.what);
    CHECK(legal(ste, f) == row.ok);
  }
}

TEST_CASE("CD legality that depends on the world and on EPDx") {
  struct Row {
    const char* what;
    void (*set)(Cd&, Features&, CdContext&);
    bool ok;
  };
  const Row rows[] = {
      {"big endian", [](Cd& c, Features&, CdContext&) { c.endi = true; }, false},
      {"big endian, no tables", [](Cd& c, Features&, CdContext&) { c.endi = c.half[0].epd = true; }, true},
      {"16-bit ASID", [](Cd& c, Features& f, CdContext&) { c.asid = 256, f.asid16 = false; }, false},
      {"ASID of EL2",
       [](Cd& c, Features& f, CdContext& x) { c.asid = 256, f.asid16 = false, x.two_halves = false; }, true},
      {"EPD0 hides a bad TTB0", [](Cd& c, Features&, CdContext&) { c.half[0].epd = true, c.half[0].tsz = 1; },
       true},
      {"EL2 has no EPD0",
       [](Cd& c, Features&, CdContext& x) { c.half[0].epd = true, c.half[0].tsz = 1, x.two_halves = false; },
       false},
      {"EL2 has no TTB1",
       [](Cd& c, Features&, CdContext& x) { c.half[1].epd = false, c.half[1].tg = 0, x.two_halves = false; },
       true},
      {"a bad TTB1", [](Cd& c, Features&, CdContext&) { c.half[1].epd = false, c.half[1].tg = 0; }, false}};
  for (const Row& row : rows) {
    Cd cd;
    Features f;
    CdContext context;
    row.set(cd, f, context);
    INFO(row.what);
    CHECK(legal(cd, f, context) == row.ok);
  }
}

TEST_CASE("Which records may merge") {
  Event event;
  event.id = EventId::f_translation;
  event.stream = kStream;
  event.input_address = Va(0x5123);
  const auto merges = [&](auto&& change, bool mev = true) {
    Event other = event;
    change(other);
    return may_merge(event, other, mev);
  };
  CHECK(merges([](Event&) {}));
  CHECK_FALSE(merges([](Event&) {}, false));
  CHECK(merges([](Event& e) { e.input_address = Va(0x5FFF); }));
  CHECK_FALSE(merges([](Event& e) { e.input_address = Va(0x6123); }));
  CHECK_FALSE(merges([](Event& e) { e.stall = true; }));
  CHECK_FALSE(merges([](Event& e) { e.read = true; }));
  CHECK_FALSE(merges([](Event& e) { e.substream = {true, 0}; }));
  CHECK_FALSE(merges([](Event& e) { e.id = EventId::f_access; }));
  for (const EventId id :
       {EventId::f_uut, EventId::c_bad_streamid, EventId::f_ste_fetch, EventId::c_bad_ste}) {
    event.id = id;
    CHECK(merges([](Event&) {}, false));  // no STE has been seen that could forbid it
  }
  for (const EventId id : {EventId::f_transl_forbidden, EventId::f_walk_eabt, EventId::f_permission}) {
    event.id = id;
    CHECK(merges([](Event& e) { e.input_address = Va(0x5FFF); }));
  }
  event.id = EventId::f_uut;
  CHECK_FALSE(merges([](Event& e) { e.input_address = Va(0x5FFF); }));
}

TEST_CASE("Which stalls need no record of their own") {
  Event pending;
  pending.id = EventId::f_translation;
  pending.stall = true;
  pending.stream = kStream;
  pending.stag = 7;
  pending.input_address = Va(0x5123);
  const auto suppressed = [&](auto&& change) {
    Event later = pending;
    later.stag = 0;
    later.input_address = Va(0x5FF0);
    change(later);
    return suppressed_by(later, pending);
  };
  CHECK(suppressed([](Event&) {}));
  CHECK_FALSE(suppressed([](Event& e) { e.stall = false; }));
  CHECK_FALSE(suppressed([](Event& e) { e.input_address = Va(0x6000); }));
  CHECK_FALSE(suppressed([](Event& e) { e.privileged = true; }));
  CHECK_FALSE(suppressed([](Event& e) { e.instruction = true; }));
  CHECK_FALSE(suppressed([](Event& e) { e.read = true; }));
  CHECK_FALSE(suppressed([](Event& e) { e.substream = {true, 1}; }));
  CHECK_FALSE(suppressed([](Event& e) { e.stream = StreamId{6}; }));
  CHECK_FALSE(suppressed([](Event& e) { e.id = EventId::f_permission; }));
}

TEST_CASE("Records have the fields of their event and no others") {
  Event e;
  e.stream = kStream, e.substream = {true, 9}, e.stag = 3, e.reason = 0x1234, e.span = 5;
  e.stall = e.privileged = e.instruction = e.read = e.stage2 = e.ttrnw = true;
  e.fault_class = FaultClass::in;
  e.input_address = Va(0xABC'D123);
  e.address = 0x7FF8;
  e.wanted = {{true, false, true}, {false, true, false}};
  const std::uint64_t sid = 5ull << 32, ssid = 9ull << 12 | 1u << 11;
  const std::uint64_t access = 7ull << 33, fault = access | 1ull << 39 | 2ull << 40;
  struct Row {
    EventId id;
    EventWords words;
  };
  const Row rows[] = {
      {EventId::f_uut, {0x01 | sid | ssid, 0x1234 | access, 0xABC'D123, 0}},
      {EventId::c_bad_streamid, {0x02 | sid | ssid, 0, 0, 0}},
      {EventId::f_ste_fetch, {0x03 | sid | ssid, 0x1234, 0, 0x7FF8}},
      {EventId::c_bad_ste, {0x04 | sid | ssid, 0, 0, 0}},
      {EventId::f_bad_ats_treq, {0x05 | sid | ssid, 1ull << 36 | 5ull << 37 | 5ull << 44, 0xABC'D000, 0}},
      {EventId::f_stream_disabled, {0x06 | sid, 0, 0, 0}},
      {EventId::f_transl_forbidden, {0x07 | sid | ssid, 1ull << 35, 0xABC'D123, 0}},
      {EventId::c_bad_substreamid, {0x08 | sid | 9ull << 12, 0, 0, 0}},
      {EventId::f_cd_fetch, {0x09 | sid | ssid, 0x1234, 0, 0x7FF8}},
      {EventId::c_bad_cd, {0x0A | sid | ssid, 0, 0, 0}},
      {EventId::f_walk_eabt, {0x0B | sid | ssid, 0x1234 | fault, 0xABC'D123, 0x7FF8}},
      {EventId::f_translation, {0x10 | sid | ssid, 3 | 1u << 31 | fault, 0xABC'D123, 0x7000}},
      {EventId::f_addr_size, {0x11 | sid | ssid, 3 | 1u << 31 | fault, 0xABC'D123, 0x7000}},
      {EventId::f_access, {0x12 | sid | ssid, 3 | 1u << 31 | fault, 0xABC'D123, 0x7000}},
      {EventId::f_permission, {0x13 | sid | ssid, 3 | 1u << 31 | fault | 1ull << 44, 0xABC'D123, 0x7000}},
      {EventId::f_cfg_conflict, {0x21 | sid | ssid, 0x1234, 0, 0}},
      {EventId::e_page_request,
       {0x24 | sid | ssid, 1ull << 39 | 1ull << 37 | 1ull << 34 | 5ull << 44, 0xABC'D000, 0}},
      {EventId::f_vms_fetch, {0x25 | sid | ssid, 0x1234, 0, 0x7FF8}}};
  for (const Row& row : rows) {
    e.id = row.id;
    INFO(name(row.id));
    CHECK(encode(e) == row.words);
    CHECK(encode(decode_event(row.words)) == row.words);
  }
}

TEST_CASE("What becomes of a page request") {
  using Action = PriDecision::Action;
  struct Row {
    PriQueueState queue;  ///< enabled, abort, full, overflowed
    bool last, pasid, marker, pps;
    Action action;
    PrgResponseCode code;
    bool with_pasid, needs_ste, overflow;
  };
  const PriQueueState open{true, false, false, false}, off{false, false, false, false};
  const PriQueueState abort{true, true, false, false}, full{true, false, true, false};
  const PriQueueState overflowed{true, false, false, true};
  constexpr auto kOk = PrgResponseCode::success, kFailed = PrgResponseCode::failure;
  const Row rows[] = {{open, true, true, false, false, Action::queue, kOk, false, false, false},
                      {open, true, true, true, false, Action::queue, kOk, false, false, false},
                      {off, true, true, false, true, Action::respond, kFailed, false, false, false},
                      {off, false, true, false, true, Action::discard, kFailed, false, false, false},
                      {off, true, true, true, true, Action::discard, kFailed, false, false, false},
                      {abort, true, false, false, false, Action::respond, kFailed, false, false, false},
                      {full, false, true, false, false, Action::discard, kOk, false, false, true},
                      {full, true, true, true, false, Action::discard, kOk, false, false, true},
                      {full, true, false, false, false, Action::respond, kOk, false, false, true},
                      {full, true, true, false, true, Action::respond, kOk, true, false, true},
                      {full, true, true, false, false, Action::respond, kOk, false, true, true},
                      {overflowed, true, true, false, false, Action::respond, kOk, false, true, false},
                      {overflowed, true, false, false, true, Action::respond, kOk, false, false, false}};
  for (const Row& row : rows) {
    PageRequest request;
    request.stream = kStream;
    request.last = row.last;
    request.read = !row.marker;
    request.substream = {row.pasid, 4};
    Features f;
    f.pps = row.pps;
    const PriDecision d = decide(request, row.queue, f);
    INFO("enabled " << row.queue.enabled << " abort " << row.queue.abort_active << " full " << row.queue.full
                    << " last " << row.last << " pasid " << row.pasid << " marker " << row.marker);
    CHECK(d.action == row.action);
    CHECK(d.overflow == row.overflow);
    CHECK(d.needs_ste == row.needs_ste);
    if (d.action == Action::respond) CHECK(d.code == row.code);
    CHECK(d.with_pasid == row.with_pasid);
    if (!d.needs_ste) continue;
    Ste ste;
    CHECK_FALSE(settle_response(d, &ste).with_pasid);
    CHECK(settle_response(d, &ste).code == kOk);
    ste.ppar = true;
    CHECK(settle_response(d, &ste).with_pasid);
    CHECK_FALSE(settle_response(d, nullptr).with_pasid);
    CHECK(settle_response(d, nullptr).code == kFailed);
    f.ssidsize = 0;  // no PASIDs at all
    CHECK_FALSE(decide(request, row.queue, f).needs_ste);
  }
}
