// Encodings against words spelled out by hand from the architecture's bit positions, and round trips of
// random words.
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "models/arch/ats.hpp"
#include "models/arch/cd.hpp"
#include "models/arch/command.hpp"
#include "models/arch/descriptor.hpp"
#include "models/arch/event.hpp"
#include "models/arch/pri.hpp"
#include "models/arch/queue.hpp"
#include "models/arch/registers.hpp"
#include "models/arch/ste.hpp"

using namespace svasim::arch;

namespace {
constexpr std::uint64_t b(unsigned n) { return std::uint64_t{1} << n; }
constexpr std::uint64_t at(std::uint64_t value, unsigned lo) { return value << lo; }
}  // namespace

TEST_CASE("STE words, field by field") {
  Ste ste;
  ste.config = SteConfig::both;
  ste.s1_fmt = 2;
  ste.s1_context_ptr = 0x000F'1234'5678'9AC0;
  ste.s1_cd_max = 20;
  ste.s1_dss = DefaultSubstream::use_cd0;
  ste.s1_cir = 1, ste.s1_cor = 2, ste.s1_csh = 3;
  ste.ppar = true;
  ste.mev = true;
  ste.s1_stalld = true;
  ste.eats = Eats::split;
  ste.strw = 2;
  ste.sh_cfg = 1;
  ste.priv_cfg = 3;
  ste.inst_cfg = 2;
  ste.s2_vmid = 0xBEEF;
  ste.s2_t0sz = 24, ste.s2_sl0 = 1, ste.s2_tg = 2, ste.s2_ps = 5;
  ste.s2_aa64 = true, ste.s2_affd = true, ste.s2_ptw = true, ste.s2_hd = true, ste.s2_ha = true;
  ste.s2_s = true, ste.s2_r = true;
  ste.s2_ttb = 0x000A'BCDE'F012'3450;
  const SteWords words = encode(ste);
  CHECK(words[0] == (b(0) | at(7, 1) | at(2, 4) | 0x000F'1234'5678'9AC0 | at(20, 59)));
  CHECK(words[1] == (2 | at(1, 2) | at(2, 4) | at(3, 6) | b(18) | b(19) | b(27) | at(2, 28) | at(2, 30) |
                     at(1, 44) | at(3, 48) | at(2, 50)));
  CHECK(words[2] == (0xBEEF | at(24, 32) | at(1, 38) | at(2, 46) | at(5, 48) | b(51) | b(53) | b(54) | b(55) |
                     b(56) | b(57) | b(58)));
  CHECK(words[3] == 0x000A'BCDE'F012'3450);
  CHECK((words[4] | words[5] | words[6] | words[7]) == 0);
  CHECK(encode(decode_ste(words)) == words);
  CHECK(encode(L1Std{9, 0x1234'0000}) == (0x1234'0000 | 9));
  CHECK(decode_l1std(0xFFF0'0000'0000'0029).span == 9);  // bits above 51 and bit 5 are no part of it
  CHECK(decode_l1std(0xFFF0'0000'0000'0029).l2_ptr == 0);
}

TEST_CASE("CD words, field by field") {
  Cd cd;
  cd.half[0] = {25, 1, 1, 2, 3, false, true, true, 0x0001'2345'6789'A000};
  cd.half[1] = {16, 2, 3, 2, 1, true, false, true, 0x000F'0000'0000'0010};
  cd.ips = 4;
  cd.affd = cd.wxn = cd.pan = cd.hd = cd.ha = cd.s = cd.aset = true;
  cd.r = cd.a = true;
  cd.asid = 0xCAFE;
  cd.mair = 0x0123'4567'89AB'CDEF;
  const CdWords words = encode(cd);
  const std::uint64_t low = 25 | at(1, 6) | at(1, 8) | at(2, 10) | at(3, 12) | at(16, 16) | at(2, 22) |
                            at(3, 24) | at(2, 26) | at(1, 28) | b(30) | b(31);
  const std::uint64_t high = at(4, 32) | b(35) | b(36) | b(38) | b(40) | b(41) | b(42) | b(43) | b(44) |
                             b(45) | b(46) | b(47) | at(0xCAFE, 48);
  CHECK(words[0] == (low | high));
  CHECK(words[1] == (0x0001'2345'6789'A000 | b(1)));
  CHECK(words[2] == (0x000F'0000'0000'0010 | b(1)));
  CHECK(words[3] == 0x0123'4567'89AB'CDEF);
  CHECK(encode(decode_cd(words)) == words);
  CHECK(encode(L1Cd{true, 0x55000}) == 0x55001);
  CHECK_FALSE(decode_l1cd(0x55000).valid);
}

TEST_CASE("Commands as Linux writes them") {
  Command c;
  c.opcode = Opcode::cfgi_ste;
  c.stream = StreamId{0x1234};
  c.leaf = true;
  CHECK(encode(c) == CommandWords{0x03 | at(0x1234, 32), 1});

  c = {};
  c.opcode = Opcode::cfgi_ste_range;
  c.range = kCfgiAllRange;
  CHECK(encode(c) == CommandWords{0x04, 31});

  c = {};
  c.opcode = Opcode::cfgi_cd;
  c.stream = StreamId{7};
  c.substream = {true, 0xABCDE};
  c.leaf = true;
  CHECK(encode(c) == CommandWords{0x05 | b(11) | at(0xABCDE, 12) | at(7, 32), 1});

  c = {};
  c.opcode = Opcode::tlbi_nh_va;
  c.vmid = 0x11, c.asid = 0x22, c.leaf = true, c.address = 0xFFFF'8000'0000'1000;
  c.num = 31, c.scale = 5, c.tg = 1, c.ttl = 3;
  CHECK(encode(c) == CommandWords{0x12 | at(31, 12) | at(5, 20) | at(0x11, 32) | at(0x22, 48),
                                  0xFFFF'8000'0000'1000 | 1 | at(3, 8) | at(1, 10)});

  c = {};
  c.opcode = Opcode::atc_inv;
  c.stream = StreamId{9};
  c.substream = {true, 4};
  c.size = 52;
  c.global = true;
  CHECK(encode(c) == CommandWords{0x40 | b(9) | b(11) | at(4, 12) | at(9, 32), 52});

  c = {};
  c.opcode = Opcode::pri_resp;
  c.stream = StreamId{9};
  c.substream = {true, 4};
  c.prg_index = 0x1FF;
  c.response = PriResponse::success;
  CHECK(encode(c) == CommandWords{0x41 | b(11) | at(4, 12) | at(9, 32), 0x1FF | at(2, 12)});

  c = {};
  c.opcode = Opcode::resume;
  c.stream = StreamId{9};
  c.stag = 0x8001;
  c.action = ResumeAction::retry;  // Ac
  CHECK(encode(c) == CommandWords{0x44 | b(12) | at(9, 32), 0x8001});
  c.action = ResumeAction::abort;  // Ab
  CHECK(encode(c)[0] == (0x44 | b(13) | at(9, 32)));

  c = {};
  c.signal = SyncSignal::irq;
  c.msi_shareability = 3, c.msi_attributes = 0xF, c.msi_data = 0x55, c.msi_address = 0x0810'0040;
  CHECK(encode(c) == CommandWords{0x46 | at(1, 12) | at(3, 22) | at(0xF, 24) | at(0x55, 32), 0x0810'0040});
}

TEST_CASE("Command legality") {
  Features f;
  Command c;
  const auto with = [&](Opcode op) {
    c.opcode = op;
    return legal(c, f);
  };
  CHECK(with(Opcode::sync));
  CHECK_FALSE(with(static_cast<Opcode>(0)));
  CHECK_FALSE(with(static_cast<Opcode>(0x07)));
  CHECK_FALSE(with(static_cast<Opcode>(0x18)));  // EL3: Secure queue only
  CHECK_FALSE(with(static_cast<Opcode>(0xFF)));
  f.hyp = false;
  CHECK_FALSE(with(Opcode::tlbi_el2_all));
  f.s2p = false;
  CHECK_FALSE(with(Opcode::tlbi_s12_vmall));
  CHECK_FALSE(with(Opcode::tlbi_s2_ipa));
  CHECK(with(Opcode::tlbi_nh_all));
  f.ats = f.pri = false;
  CHECK_FALSE(with(Opcode::atc_inv));
  CHECK_FALSE(with(Opcode::pri_resp));
  f = {};
  c.size = 53;
  CHECK_FALSE(with(Opcode::atc_inv));
  c.response = static_cast<PriResponse>(3);
  CHECK_FALSE(with(Opcode::pri_resp));
  c.signal = static_cast<SyncSignal>(3);
  CHECK_FALSE(with(Opcode::sync));
  f.stall_model = StallModel::never;
  CHECK_FALSE(with(Opcode::resume));
  CHECK_FALSE(with(Opcode::stall_term));
  c = {};
  c.secure = true;
  CHECK_FALSE(legal(c, Features{}));
  c = {};
  c.opcode = Opcode::tlbi_nh_va;
  c.tg = 2, c.ttl = 1;
  CHECK_FALSE(legal(c, Features{}));
  c.num = 1;
  CHECK(legal(c, Features{}));
  c.num = 0;
  f = {};
  f.ds = true, f.oas = 6;  // level 1 of 16 KB has blocks
  CHECK(legal(c, f));
}

TEST_CASE("Range TLBIs: a granule without range or level is reserved") {
  for (const Opcode op : {Opcode::tlbi_nh_va, Opcode::tlbi_nh_vaa, Opcode::tlbi_el2_va, Opcode::tlbi_el2_vaa,
                          Opcode::tlbi_s2_ipa}) {
    Features f;
    Command c;
    c.opcode = op;
    INFO(name(op));
    CHECK(legal(c, f));
    c.tg = 1;
    CHECK_FALSE(legal(c, f));
    c.ttl = 3;
    CHECK(legal(c, f));
    c.ttl = 0, c.scale = 1;
    CHECK(legal(c, f));
    c.scale = 0;
    f.ril = false;  // no such fields
    CHECK(legal(c, f));
  }
}

TEST_CASE("Every opcode: legal with everything, and what each feature takes away") {
  const std::set<int> all{0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x11, 0x12, 0x13, 0x20,
                          0x21, 0x22, 0x23, 0x28, 0x2A, 0x30, 0x40, 0x41, 0x44, 0x45, 0x46};
  struct Row {
    const char* without;
    void (*set)(Features&);
    std::set<int> illegal;
  };
  const Row rows[] = {{"nothing", [](Features&) {}, {}},
                      {"stage 1", [](Features& f) { f.s1p = false; }, {0x05, 0x06, 0x10, 0x11, 0x12, 0x13}},
                      {"stage 2", [](Features& f) { f.s2p = false; }, {0x28, 0x2A}},
                      {"EL2", [](Features& f) { f.hyp = false; }, {0x20, 0x21, 0x22, 0x23}},
                      {"ATS", [](Features& f) { f.ats = false; }, {0x40}},
                      {"PRI", [](Features& f) { f.pri = false; }, {0x41}},
                      {"stalls", [](Features& f) { f.stall_model = StallModel::never; }, {0x44, 0x45}}};
  for (const Row& row : rows) {
    Features f;
    row.set(f);
    for (int op = 0; op < 256; ++op) {
      Command c;
      c.opcode = static_cast<Opcode>(op);
      INFO("without " << row.without << " opcode " << op);
      CHECK(legal(c, f) == (all.count(op) != 0 && row.illegal.count(op) == 0));
      c.secure = true;
      CHECK_FALSE(legal(c, f));
    }
  }
}

TEST_CASE("The streams a CFGI names") {
  Command c;
  c.stream = StreamId{0x12345};
  for (const Opcode op : {Opcode::cfgi_ste, Opcode::cfgi_cd, Opcode::cfgi_cd_all}) {
    c.opcode = op;
    CHECK(names_stream(c, StreamId{0x12345}));
    CHECK_FALSE(names_stream(c, StreamId{0x12344}));
  }
  c.opcode = Opcode::cfgi_ste_range;
  c.range = 3;  // sixteen, aligned
  CHECK(names_stream(c, StreamId{0x12340}));
  CHECK(names_stream(c, StreamId{0x1234F}));
  CHECK_FALSE(names_stream(c, StreamId{0x12350}));
  CHECK_FALSE(names_stream(c, StreamId{0x1233F}));
  c.range = kCfgiAllRange;
  CHECK(names_stream(c, StreamId{0xFFFF'FFFF}));
  c.opcode = Opcode::tlbi_nh_all;
  CHECK_FALSE(names_stream(c, StreamId{0x12345}));
}

TEST_CASE("Event record words") {
  Event e;
  e.id = EventId::f_permission;
  e.stream = StreamId{0xDEAD'BEEF};
  e.substream = {true, 0xFFFFF};
  e.stag = 0xABCD;
  e.stall = e.privileged = e.read = e.stage2 = e.ttrnw = true;
  e.fault_class = FaultClass::tt;
  e.input_address = Va(0xFFFF'0000'1234'5678);
  e.address = 0x000F'FFFF'FFFF'F000;
  CHECK(encode(e) == EventWords{0x13 | b(11) | at(0xFFFFF, 12) | at(0xDEAD'BEEF, 32),
                                0xABCD | b(31) | b(33) | b(35) | b(39) | at(1, 40) | b(44),
                                0xFFFF'0000'1234'5678, 0x000F'FFFF'FFFF'F000});
  CHECK(encode(decode_event(encode(e))) == encode(e));
  CHECK(std::string(name(EventId::f_translation)) == "F_TRANSLATION");
}

TEST_CASE("Page request record words") {
  PageRequest p;
  p.stream = StreamId{0x0100};
  p.substream = {true, 0x12345};
  p.execute = p.read = p.write = p.last = p.privileged = true;
  p.prg_index = 0x155;
  p.page = Va(0x7FFF'F000'2000);
  CHECK(encode(p) == PageRequestWords{0x100 | at(0x12345, 32) | b(58) | b(59) | b(60) | b(61) | b(62) | b(63),
                                      0x7FFF'F000'2155});
  CHECK(encode(decode_page_request(encode(p))) == encode(p));
  p.substream.valid = false;  // then there is neither PASID nor privilege nor execute
  CHECK(encode(p)[0] == (0x100 | b(60) | b(61) | b(62)));
  CHECK_FALSE(p.stop_marker());
  p.read = p.write = false;
  CHECK_FALSE(p.stop_marker());  // LWR = 100 without PASID is an ordinary request
  p.substream.valid = true;
  CHECK(p.stop_marker());
  CHECK(prg_response_code(PriResponse::failure) == PrgResponseCode::failure);
  CHECK(prg_response_code(PriResponse::invalid) == PrgResponseCode::invalid);
  CHECK(prg_response_code(PriResponse::success) == PrgResponseCode::success);
}

TEST_CASE("ATS size code") {
  AtsTranslation t;
  t.read = true;
  t.address = 0x1234'5000;
  CHECK(encode(t) == 0x1234'5001);
  t.log2_size = 13, t.address = 0x1234'4000;  // 8 KB: S, bit 12 clear
  CHECK(encode(t) == 0x1234'4801);
  t.log2_size = 16, t.address = 0xABC0'0000;  // 64 KB: 0111
  CHECK(encode(t) == 0xABC0'7801);
  t.log2_size = 21, t.address = 0xABC0'0000;  // 2 MB: 0 and eight ones
  CHECK(encode(t) == 0xABCF'F801);
  t.log2_size = 30, t.address = at(5, 30);  // 1 GB: 0 and seventeen ones
  CHECK(encode(t) == (at(5, 30) | 0x1FFF'F801));
  CHECK(encode_invalidate({0x5000, 12}, false) == 0x5000);
  CHECK(encode_invalidate({0, 64}, true) == 0x7FFF'FFFF'FFFF'F801);
  for (unsigned log2_size = 12; log2_size <= 64; ++log2_size) {
    const std::uint64_t address = log2_size == 64 ? 0 : 0xFEDC'BA98'7654'3210 & ~mask(log2_size);
    const AtsRange range = decode_invalidate_range(
        encode_invalidate({address, static_cast<std::uint8_t>(log2_size)}, log2_size % 2 == 0));
    CHECK(range.log2_size == log2_size);
    CHECK(range.address == address);
  }
  CHECK(atc_invalidate_range(0x12345000, 4).address == 0x12340000);
  CHECK(atc_invalidate_range(0x12345000, 4).log2_size == 16);
  CHECK(atc_invalidate_range(0x12345000, 52).log2_size == 64);
  t = {};
  t.write = t.execute = t.privileged = t.global = t.untranslated_only = t.no_snoop = true;
  CHECK(encode(t) == (b(1) | b(2) | b(3) | b(4) | b(5) | b(10)));
}

TEST_CASE("ID registers") {
  Features f;
  f.sidsize = 16, f.ssidsize = 20, f.cmdqs = 10, f.eventqs = 11, f.priqs = 12, f.stall_max = 64, f.oas = 5;
  f.httu = Httu::access_and_dirty;
  const IdRegisters id = encode(f);
  CHECK(id.idr1 ==
        (16 | 20u << 6 | 12u << 11 | 11u << 16 | 10u << 21 | 3u << 26));  // both attribute overrides
  CHECK(id.idr5 == (5 | 7u << 4 | 64u << 16));
  CHECK((id.idr0 & 3) == 3);        // both stages
  CHECK((id.idr0 >> 2 & 3) == 2);   // AArch64 tables
  CHECK((id.idr0 >> 6 & 3) == 2);   // access flag and dirty state
  CHECK((id.idr0 >> 10 & 1) == 1);  // ATS
  CHECK((id.idr0 >> 16 & 1) == 1);  // PRI
  CHECK((id.idr0 >> 27 & 3) == 1);  // two-level stream table
  CHECK((id.idr3 >> 10 & 1) == 1);  // range invalidation
  CHECK(encode(decode_features(id)).idr0 == id.idr0);
  CHECK(encode(decode_features(id)).idr3 == id.idr3);
  CHECK(size_bits(0) == 32);
  CHECK(size_bits(6) == 52);
  CHECK(size_encoding(48) == 5);
  CHECK(size_encoding(47) == 4);
}

TEST_CASE("Queue indices wrap") {
  const QueueIndex q(2);  // four entries: index bits 1:0, wrap bit 2
  CHECK(q.empty(0, 0));
  CHECK(q.next(3) == 4);
  CHECK(q.next(7) == 0);
  CHECK(q.full(4, 0));
  CHECK(q.full(1, 5));
  CHECK_FALSE(q.full(3, 0));
  CHECK(q.count(1, 6) == 3);  // 6, 7, 0
  CHECK(q.empty(8, 0));       // bits above the wrap bit are ignored
  CHECK(q.empty(kQueueOverflow | 5, 5));
  CHECK(q.full(7, 0));  // inconsistent indices count as full
  const QueueIndex one(0);
  CHECK(one.full(1, 0));
  CHECK(one.empty(1, 1));
  const QueueBase base = QueueBase::decode(0x4000'0000'0012'3460 | 3, kLog2EventBytes);
  CHECK(base.log2_size == 3);
  CHECK(base.address == Pa(0x12'3400));  // aligned to its 256 bytes, RA/WA hint dropped
  CHECK(base.entry(8 + 2, kLog2EventBytes) == Pa(0x12'3440));
  CHECK(QueueBase::decode(31, kLog2CommandBytes, 19).log2_size == 19);
}

TEST_CASE("Descriptors by hand") {
  Stage1Leaf leaf;
  leaf.address = 0x8000'1000;
  CHECK(encode(leaf) == (0x8000'1000 | 3 | b(6) | at(3, 8) | b(10) | b(11) | b(53) | b(54)));
  leaf.writable = false, leaf.user = false, leaf.executable = true, leaf.not_global = false,
  leaf.page = false;
  CHECK(encode(leaf) == (0x8000'1000 | 1 | b(7) | at(3, 8) | b(10)));
  CHECK(encode(Stage2Leaf{}) == (3 | at(0xF, 2) | b(6) | b(7) | at(3, 8) | b(10)));
  Stage2Leaf block;
  block.address = 0x4000'0000, block.page = false, block.writable = false, block.executable = false;
  block.young = false, block.memory_attributes = 5;
  CHECK(encode(block) == (0x4000'0000 | 1 | at(5, 2) | b(6) | at(3, 8) | b(54)));
  const Descriptor wide{0x0000'1234'5677'B003};  // 64 KB granule, 52 bits: 15:12 are address bits 51:48
  CHECK(wide.address(Granule::k64, 16, 52) == 0x000B'1234'5677'0000);
  CHECK(wide.address(Granule::k64, 16, 48) == 0x0000'1234'5677'0000);
}

TEST_CASE("Any words survive decode and encode") {
  std::mt19937_64 random(20240601);
  for (int i = 0; i < 2000; ++i) {
    SteWords words;
    for (auto& w : words) w = random();
    const SteWords ste = encode(decode_ste(words));
    const CdWords cd = encode(decode_cd(words));
    const CommandWords command = encode(decode_command({words[0], words[1]}));
    const EventWords event = encode(decode_event({words[0], words[1], words[2], words[3]}));
    INFO("iteration " << i);
    CHECK(encode(decode_ste(ste)) == ste);
    CHECK(encode(decode_cd(cd)) == cd);
    CHECK(encode(decode_command(command)) == command);
    CHECK(encode(decode_event(event)) == event);
    for (unsigned w = 0; w < 8; ++w) {  // what is kept was there
      CHECK((ste[w] & ~words[w]) == 0);
      CHECK((cd[w] & ~words[w]) == 0);
    }
    CHECK((command[0] & ~words[0]) == 0);
    CHECK((command[1] & ~words[1]) == 0);
    (void)legal(decode_ste(words), Features{});
    (void)legal(decode_cd(words), Features{}, CdContext{});
    (void)legal(decode_command({words[0], words[1]}), Features{});
  }
}
