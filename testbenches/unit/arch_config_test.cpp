// The configuration lookup: stream tables, STE and CD errors and their order, and the SubstreamID rules.
#include <catch2/catch.hpp>

#include "testbenches/unit/arch_helpers.hpp"

using namespace arch_test;

namespace {

constexpr std::uint64_t kStrtab = 0x40000, kCdTable = 0x50000;
constexpr std::uint64_t kSteAddress = kStrtab + 5 * 64;

/// A linear table of 256 streams; stream 5 translates with stage 1, 16 substreams and CD 3 filled in.
struct Setup {
  Memory memory;
  SmmuState state;
  Features features;
  Ste ste;
  Cd cd;

  Setup() {
    state.smmu_enabled = true;
    state.strtab_base = kStrtab;
    state.strtab_base_cfg = 8;
    ste.config = SteConfig::stage1;
    ste.s1_context_ptr = kCdTable;
    ste.s1_cd_max = 4;
    cd.half[0].ttb = 0x100000;
    cd.asid = 33;
  }
  ConfigWalk walk(SubstreamId substream = {true, 3}, StreamId stream = kStream,
                  AddressType type = AddressType::untranslated) {
    memory.log.clear();
    memory.write(kSteAddress, encode(ste));
    memory.write(kCdTable, encode(cd));
    memory.write(kCdTable + 3 * 64, encode(cd));
    return run(substream, stream, type);
  }
  ConfigWalk run(SubstreamId substream = {true, 3}, StreamId stream = kStream,
                 AddressType type = AddressType::untranslated) {
    ConfigWalk walk(state, features, stream, substream, type);
    memory.run(walk);
    return walk;
  }
  EventId event(SubstreamId substream = {true, 3}, StreamId stream = kStream) {
    const ConfigWalk w = walk(substream, stream);
    return w.status() == ConfigWalk::Status::fault ? w.fault().id : EventId::none;
  }
};

constexpr EventId kBadSubstream = EventId::c_bad_substreamid, kDisabled = EventId::f_stream_disabled;

}  // namespace

TEST_CASE("A linear table: STE, then CD") {
  Setup s;
  const ConfigWalk walk = s.walk();
  REQUIRE(walk.status() == ConfigWalk::Status::done);
  CHECK(walk.config().kind == ConfigKind::stage1);
  CHECK(walk.config().s1.asid == 33);
  CHECK(walk.config().s1.half[0].ttb == 0x100000);
  REQUIRE(s.memory.log.size() == 2);
  CHECK(s.memory.log[0].address == Pa(kSteAddress));
  CHECK(s.memory.log[0].bytes == 64);
  CHECK(s.memory.log[1].address == Pa(kCdTable + 3 * 64));
  CHECK(s.memory.log[1].purpose == Purpose::cd);
}

TEST_CASE("SMMUEN = 0: GBPA decides, silently") {
  Setup s;
  s.state.smmu_enabled = false;
  CHECK(s.walk().config().kind == ConfigKind::bypass);
  CHECK(s.walk({true, 9}).config().kind == ConfigKind::bypass);
  s.state.gbpa |= 1u << 20;
  CHECK(s.walk().config().kind == ConfigKind::abort);
  CHECK(s.memory.log.empty());
}

TEST_CASE("GBPA and STE set the attributes of traffic that is not translated") {
  Setup s;
  s.state.smmu_enabled = false;
  CHECK(s.walk().config().incoming == MemoryAttributes{0xFF, 3});
  s.state.gbpa = 0x5 | 1u << 4 | 3u << 12 | 3u << 16 |
                 2u << 18;  // Normal uncached, MTCFG, inner shareable, privileged, data
  const StreamConfig off = s.walk().config();
  CHECK(off.incoming == MemoryAttributes{0x44, 2});
  CHECK(off.effective(kFetch).privileged);
  CHECK_FALSE(off.effective(kFetch).instruction);
  s.state.smmu_enabled = true;
  s.ste.config = SteConfig::bypass;
  s.ste.sh_cfg = 0;
  s.ste.mtcfg = true;
  s.ste.mem_attr = 0xA;
  CHECK(s.walk({}).config().incoming == MemoryAttributes{0xBB, 0});
}

TEST_CASE("A StreamID beyond the table") {
  Setup s;
  CHECK(s.event({}, StreamId{256}) == EventId::c_bad_streamid);
  CHECK_FALSE(s.walk({}, StreamId{256}).fault().recorded);
  s.state.recinvsid = true;
  CHECK(s.walk({}, StreamId{256}).fault().recorded);
  CHECK(s.event({}, StreamId{255}) == EventId::c_bad_ste);  // zeros there
}

TEST_CASE("A two-level stream table") {
  Setup s;
  s.state.strtab_base_cfg = 16 | 8u << 6 | 1u << 16;
  constexpr std::uint64_t kLeaf = 0x60000;
  const StreamId stream{0x0305};
  const auto with_l1 = [&](std::uint64_t l1) {
    s.memory.log.clear();
    s.memory[kStrtab + 3 * 8] = l1;
    return s.run({true, 3}, stream);
  };
  s.walk();
  s.memory.write(kLeaf + 5 * 64, encode(s.ste));
  CHECK(with_l1(kLeaf | 9).config().kind == ConfigKind::stage1);  // 2^8 entries
  CHECK(s.memory.log[0].address == Pa(kStrtab + 24));
  CHECK(s.memory.log[0].bytes == 8);
  CHECK(s.memory.log[1].address == Pa(kLeaf + 5 * 64));
  CHECK(with_l1(kLeaf | 4).config().kind == ConfigKind::stage1);     // 2^3 entries hold index 5
  CHECK(with_l1(kLeaf | 3).fault().id == EventId::c_bad_streamid);   // 2^2 do not
  CHECK(with_l1(kLeaf | 0).fault().id == EventId::c_bad_streamid);   // invalid
  CHECK(with_l1(kLeaf | 10).fault().id == EventId::c_bad_streamid);  // more than the split
  CHECK(with_l1(kLeaf | 12).fault().id == EventId::c_bad_streamid);  // reserved
  s.state.strtab_base = kStrtab + 0x7C0;                             // 256 descriptors: 2 KB
  CHECK(with_l1(kLeaf | 9).status() == ConfigWalk::Status::done);
  s.state.strtab_base = kStrtab + 0x800;
  CHECK(with_l1(kLeaf | 9).fault().id == EventId::c_bad_streamid);
  s.state.strtab_base = kStrtab;
  s.memory.aborting.insert(kStrtab + 24);
  const ConfigWalk aborted = with_l1(kLeaf | 9);
  CHECK(aborted.fault().id == EventId::f_ste_fetch);
  CHECK(aborted.fault().event(stream, {}, Va(1), kRead).address == kStrtab + 24);
}

TEST_CASE("STE errors") {
  const auto bad = [](auto&& change) {
    Setup s;
    change(s);
    return s.event() == EventId::c_bad_ste;
  };
  CHECK_FALSE(bad([](Setup&) {}));
  CHECK(bad([](Setup& s) { s.ste.valid = false; }));
  CHECK(bad([](Setup& s) { s.features.s1p = false; }));
  CHECK(bad([](Setup& s) { s.ste.s1_cd_max = 20, s.features.ssidsize = 19; }));
  CHECK(bad([](Setup& s) { s.ste.s1_fmt = 1, s.features.cd2l = false; }));
  CHECK(bad([](Setup& s) { s.ste.s1_fmt = 2, s.features.cd2l = false; }));
  CHECK_FALSE(bad([](Setup& s) { s.ste.s1_fmt = 3, s.features.cd2l = false; }));  // reserved: linear
  CHECK(bad([](Setup& s) { s.ste.s1_stalld = true, s.features.stall_model = StallModel::never; }));
  CHECK(bad([](Setup& s) { s.ste.strw = 1; }));
  CHECK_FALSE(bad([](Setup& s) { s.ste.strw = 3, s.features.hyp = false; }));  // no such field then
  CHECK(bad([](Setup& s) { s.ste.eats = Eats::split; }));
  const auto bad2 = [&](auto&& change) {
    return bad([&](Setup& s) {
      s.ste.config = SteConfig::stage2;
      s.ste.s2_aa64 = true, s.ste.s2_t0sz = 24, s.ste.s2_sl0 = 1, s.ste.s2_ps = 5, s.ste.s2_ttb = 0x200000;
      s.ste.s2_r = true;
      change(s);
    });
  };
  CHECK_FALSE(bad2([](Setup&) {}));
  CHECK(bad2([](Setup& s) { s.features.s2p = false; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_aa64 = false; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_endi = true; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_sl0 = 3; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_tg = 3; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_t0sz = 15; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_ttb = 1ull << 48; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_ps = 0, s.ste.s2_ttb = 1ull << 32; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_ha = true, s.features.httu = Httu::none; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_ha = s.ste.s2_hd = true, s.features.httu = Httu::access_flag; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_s = true, s.features.stall_model = StallModel::never; }));
  CHECK(bad2([](Setup& s) { s.features.stall_model = StallModel::forced; }));
  CHECK(bad2([](Setup& s) { s.ste.eats = Eats::full, s.ste.s2_s = true; }));
  // Level 1 of 4 KB: one entry maps 1 GB; 16 concatenated tables make at most 2^13 of them.
  CHECK_FALSE(bad2([](Setup& s) { s.ste.s2_t0sz = 64 - 43, s.features.oas = 5; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_t0sz = 64 - 44; }));
  CHECK_FALSE(bad2([](Setup& s) { s.ste.s2_t0sz = 64 - 31; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_t0sz = 64 - 30; }));
  // 4 KB tables end at 48 bits of input, 64 KB ones where the IPAs do.
  CHECK_FALSE(bad2([](Setup& s) { s.ste.s2_t0sz = 16, s.ste.s2_sl0 = 2, s.features.oas = 6; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_t0sz = 15, s.ste.s2_sl0 = 2, s.features.oas = 6; }));
  CHECK_FALSE(
      bad2([](Setup& s) { s.ste.s2_t0sz = 12, s.ste.s2_sl0 = 2, s.ste.s2_tg = 1, s.features.oas = 6; }));
  CHECK(bad2([](Setup& s) { s.ste.s2_t0sz = 12, s.ste.s2_sl0 = 2, s.ste.s2_tg = 1; }));
  CHECK(bad2([](Setup& s) { s.features.oas = 1, s.ste.s2_t0sz = 64 - 37; }));
  CHECK_FALSE(bad2([](Setup& s) { s.features.oas = 1, s.ste.s2_t0sz = 64 - 36; }));
  // Whatever stands in an aborting or bypassing entry is ignored.
  CHECK_FALSE(
      bad2([](Setup& s) { s.ste.config = static_cast<SteConfig>(3), s.ste.s2_tg = 3, s.ste.strw = 1; }));
}

TEST_CASE("CD errors") {
  const auto bad = [](auto&& change) {
    Setup s;
    change(s);
    return s.event() == EventId::c_bad_cd;
  };
  CHECK_FALSE(bad([](Setup&) {}));
  CHECK(bad([](Setup& s) { s.cd.valid = false; }));
  CHECK(bad([](Setup& s) { s.cd.aa64 = false; }));
  CHECK(bad([](Setup& s) { s.cd.endi = true; }));
  CHECK(bad([](Setup& s) { s.cd.s = true, s.ste.s1_stalld = true; }));
  CHECK_FALSE(bad([](Setup& s) { s.cd.s = true; }));
  CHECK(bad([](Setup& s) { s.cd.s = true, s.features.stall_model = StallModel::never; }));
  CHECK(bad([](Setup& s) { s.features.stall_model = StallModel::forced; }));
  CHECK(bad([](Setup& s) { s.cd.a = false, s.features.term_model = true; }));
  CHECK_FALSE(bad([](Setup& s) { s.cd.a = false; }));
  CHECK_FALSE(bad([](Setup& s) { s.features.term_model = true; }));
  CHECK(bad([](Setup& s) { s.cd.half[0].tsz = 15; }));
  CHECK(bad([](Setup& s) { s.cd.half[0].tsz = 40; }));
  CHECK_FALSE(bad([](Setup& s) { s.cd.half[0].tsz = 39; }));
  CHECK_FALSE(bad([](Setup& s) { s.cd.half[0].tsz = 48, s.features.stt = true; }));
  CHECK(bad([](Setup& s) { s.cd.half[0].tsz = 49, s.features.stt = true; }));
  CHECK(bad([](Setup& s) { s.cd.half[0].tsz = 15, s.cd.half[0].tg = 1; }));
  CHECK_FALSE(bad([](Setup& s) { s.cd.half[0].tsz = 12, s.cd.half[0].tg = 1, s.features.vax = 1; }));
  CHECK(bad([](Setup& s) { s.cd.half[0].tg = 3; }));
  CHECK(bad([](Setup& s) { s.cd.half[0].tg = 2, s.features.gran16k = false; }));
  CHECK(bad([](Setup& s) { s.cd.half[0].ttb = 1ull << 48; }));
  CHECK_FALSE(bad([](Setup& s) { s.cd.half[0].epd = true, s.cd.half[0].tg = 3, s.cd.half[0].tsz = 0; }));
  CHECK(bad([](Setup& s) { s.cd.half[1].epd = false, s.cd.half[1].tg = 0; }));
  CHECK_FALSE(
      bad([](Setup& s) { s.cd.half[1].epd = false, s.cd.half[1].tg = 0, s.ste.strw = 2; }));  // EL2: no TTB1
  CHECK(bad(
      [](Setup& s) { s.cd.half[1].epd = false, s.cd.half[1].tg = 0, s.ste.strw = 2, s.state.e2h = true; }));
  CHECK(bad([](Setup& s) { s.cd.ha = true, s.features.httu = Httu::none; }));
  CHECK(bad([](Setup& s) { s.cd.asid = 256, s.features.asid16 = false; }));
  CHECK_FALSE(bad([](Setup& s) { s.cd.asid = 255, s.features.asid16 = false; }));
  CHECK_FALSE(bad([](Setup& s) { s.cd.asid = 256; }));
}

TEST_CASE("SubstreamID rules") {
  const SubstreamId none{}, zero{true, 0}, three{true, 3}, beyond{true, 16};
  const auto outcome = [](SteConfig config, unsigned cd_max, DefaultSubstream dss, SubstreamId substream) {
    Setup s;
    s.ste.config = config;
    s.ste.s1_cd_max = static_cast<std::uint8_t>(cd_max);
    s.ste.s1_dss = dss;
    s.ste.s2_aa64 = true, s.ste.s2_t0sz = 24, s.ste.s2_sl0 = 1, s.ste.s2_ps = 5, s.ste.s2_ttb = 0x200000;
    return s.event(substream);
  };
  const auto terminate = DefaultSubstream::terminate, bypass = DefaultSubstream::bypass;
  const auto cd0 = DefaultSubstream::use_cd0;
  for (const SteConfig off : {SteConfig::bypass, SteConfig::stage2}) {
    CHECK(outcome(off, 4, terminate, none) == EventId::none);
    CHECK(outcome(off, 4, cd0, three) == kBadSubstream);
  }
  CHECK(outcome(SteConfig::stage1, 0, terminate, none) == EventId::none);
  CHECK(outcome(SteConfig::stage1, 0, terminate, zero) == kBadSubstream);
  CHECK(outcome(SteConfig::stage1, 4, terminate, none) == kDisabled);
  CHECK(outcome(SteConfig::stage1, 4, static_cast<DefaultSubstream>(3), none) == kDisabled);
  CHECK(outcome(SteConfig::stage1, 4, terminate, zero) == EventId::none);
  CHECK(outcome(SteConfig::stage1, 4, terminate, three) == EventId::none);
  CHECK(outcome(SteConfig::stage1, 4, bypass, none) == EventId::none);
  CHECK(outcome(SteConfig::stage1, 4, bypass, zero) == EventId::none);
  CHECK(outcome(SteConfig::stage1, 4, cd0, none) == EventId::none);
  CHECK(outcome(SteConfig::stage1, 4, cd0, zero) == kDisabled);
  CHECK(outcome(SteConfig::stage1, 4, cd0, three) == EventId::none);
  for (const auto dss : {terminate, bypass, cd0}) {
    CHECK(outcome(SteConfig::stage1, 4, dss, beyond) == kBadSubstream);
  }
}

TEST_CASE("What the default substream gets") {
  Setup s;
  s.ste.s1_dss = DefaultSubstream::bypass;
  const ConfigWalk skipped = s.walk({});
  CHECK(skipped.config().kind == ConfigKind::bypass);
  CHECK(s.memory.log.size() == 1);  // no CD is read
  s.ste.s1_dss = DefaultSubstream::use_cd0;
  s.walk({});
  CHECK(s.memory.log[1].address == Pa(kCdTable));
  s.features.ssidsize = 0;
  s.ste.s1_cd_max = 0;
  CHECK(s.event({}) == EventId::none);
  CHECK(s.event({true, 0}) == kBadSubstream);
}

TEST_CASE("What the records of substream errors say") {
  Setup s;
  const Event bad = s.walk({true, 16}).fault().event(kStream, {true, 16}, Va(0x1000), kRead);
  CHECK(encode(bad) == EventWords{0x08 | 16u << 12 | 5ull << 32, 0, 0, 0});  // the number, without SSV
  const Event disabled = s.walk({}).fault().event(kStream, {}, Va(0x1000), kRead);
  CHECK(encode(disabled) == EventWords{0x06 | 5ull << 32, 0, 0, 0});
}

TEST_CASE("Two-level CD tables") {
  for (const unsigned split : {6u, 10u}) {
    Setup s;
    s.ste.s1_fmt = split == 6 ? 1 : 2;
    s.ste.s1_cd_max = 16;
    const std::uint32_t ssid = (3u << split) + 5;
    const std::uint64_t leaf = 0x100'0000;
    s.walk({true, ssid});  // writes the STE
    s.memory.write(leaf + 5 * 64, encode(s.cd));
    const auto with_l1 = [&](std::uint64_t l1) {
      s.memory.log.clear();
      s.memory[kCdTable & ~0x7FFFull] = 0;
      s.memory.words[(kCdTable & ~mask(16 - split + 3)) + 3 * 8] = l1;
      return s.run({true, ssid});
    };
    INFO("split " << split);
    CHECK(with_l1(leaf | 1).status() == ConfigWalk::Status::done);
    CHECK(s.memory.log[1].purpose == Purpose::l1cd);
    CHECK(s.memory.log[2].address == Pa(leaf + 5 * 64));
    CHECK(with_l1(leaf).fault().id == kBadSubstream);
    CHECK(with_l1((1ull << 48) | 1).fault().id == kBadSubstream);  // beyond the output size
    s.memory.aborting.insert(leaf + 5 * 64);
    CHECK(with_l1(leaf | 1).fault().id == EventId::f_cd_fetch);
    CHECK(with_l1(leaf | 1).fault().fetch_address == Pa(leaf + 5 * 64));
  }
}

TEST_CASE("Order of events: the first that can occur wins") {
  Setup s;
  s.state.recinvsid = true;
  s.cd.valid = false;
  s.walk();
  s.memory.aborting = {kSteAddress, kCdTable + 3 * 64};
  CHECK(s.run({true, 16}, StreamId{999}).fault().id == EventId::c_bad_streamid);
  CHECK(s.run({true, 16}).fault().id == EventId::f_ste_fetch);
  s.memory.aborting.erase(kSteAddress);
  s.ste.strw = 1;
  s.memory.write(kSteAddress, encode(s.ste));
  CHECK(s.run({true, 16}).fault().id == EventId::c_bad_ste);
  s.ste.strw = 0;
  s.memory.write(kSteAddress, encode(s.ste));
  CHECK(s.run({true, 16}).fault().id == kBadSubstream);
  CHECK(s.run({true, 3}).fault().id == EventId::f_cd_fetch);
  s.memory.aborting.clear();
  CHECK(s.run({true, 3}).fault().id == EventId::c_bad_cd);
}

TEST_CASE("What STE and CD say arrives in the configuration") {
  Setup s;
  s.ste.config = SteConfig::both;
  s.ste.s1_cd_max = 0;
  s.ste.s2_aa64 = s.ste.s2_ptw = s.ste.s2_affd = s.ste.s2_ha = s.ste.s2_hd = s.ste.s2_fwb = true;
  s.ste.s2_s = true, s.ste.s2_r = false;
  s.ste.s2_tg = 2, s.ste.s2_t0sz = 22, s.ste.s2_sl0 = 2, s.ste.s2_ps = 4, s.ste.s2_ttb = 0x20'0000;
  s.ste.ppar = s.ste.mev = true;
  s.cd.half[0] = {20, 2, 0, 0, 0, false, true, false, 0x3'0000};
  s.cd.half[1] = {30, 3, 0, 0, 0, false, false, true, 0x8'0000};
  s.cd.ips = 2;
  s.cd.mair = 0x0102'0304'0506'0708;
  s.walk();
  ConfigWalk walk(s.state, s.features, kStream, kNoSubstream, AddressType::untranslated, &s.ste);
  walk.supply_cached_cd(s.cd);
  REQUIRE(walk.status() == ConfigWalk::Status::done);
  const StreamConfig& c = walk.config();
  CHECK(c.kind == ConfigKind::both);
  CHECK(c.s2.granule == Granule::k16);
  CHECK(int(c.s2.input_bits) == 42);
  CHECK(int(c.s2.start_level) == 1);
  CHECK(int(c.s2.output_bits) == 44);
  CHECK(c.s2.ttb == 0x20'0000);
  CHECK((c.s2.ptw && c.s2.affd && c.s2.ha && c.s2.hd && c.s2.fwb && c.s2.stall && !c.s2.record));
  CHECK((c.ppar && c.mev && c.stall_allowed));
  CHECK(c.s1.half[0].granule == Granule::k16);
  CHECK(int(c.s1.half[0].input_bits) == 44);
  CHECK((c.s1.half[0].enabled && c.s1.half[0].tbi && !c.s1.half[0].had));
  CHECK(c.s1.half[1].granule == Granule::k64);
  CHECK(int(c.s1.half[1].input_bits) == 34);
  CHECK((c.s1.half[1].enabled && !c.s1.half[1].tbi && c.s1.half[1].had));
  CHECK(c.s1.half[1].ttb == 0x8'0000);
  CHECK(int(c.s1.output_bits) == 40);
  CHECK(c.s1.mair == 0x0102'0304'0506'0708);
  s.ste.s2_fwb = false;
  ConfigWalk plain(s.state, s.features, kStream, kNoSubstream, AddressType::untranslated, &s.ste);
  plain.supply_cached_cd(s.cd);
  CHECK_FALSE(plain.config().s2.fwb);
}

TEST_CASE("Tables lie at multiples of their size: low address bits do not count") {
  Setup s;
  s.walk();
  s.state.strtab_base = kStrtab + 0x40;     // 256 STEs: 16 KB
  s.ste.s1_context_ptr = kCdTable + 0x3C0;  // 16 CDs: 1 KB
  s.memory.write(kSteAddress, encode(s.ste));
  CHECK(s.run().status() == ConfigWalk::Status::done);
  s.state.strtab_base = kStrtab + 0x4000;
  CHECK(s.run().fault().id == EventId::c_bad_ste);
  CHECK(s.memory.log.back().address == Pa(kStrtab + 0x4000 + 5 * 64));
  s.state.strtab_base = kStrtab;
  s.ste.s1_context_ptr = kCdTable + 0x400;
  s.memory.write(kSteAddress, encode(s.ste));
  CHECK(s.run().fault().id == EventId::c_bad_cd);
  CHECK(s.memory.log.back().address == Pa(kCdTable + 0x400 + 3 * 64));
}

TEST_CASE("Cached STE and CD replace the fetches and give the same configuration") {
  Setup s;
  const ConfigWalk cold = s.walk();
  ConfigWalk warm(s.state, s.features, kStream, {true, 3}, AddressType::untranslated, &*cold.ste());
  CHECK(warm.wants_cd());
  CHECK(warm.cd_index() == 3);
  CHECK(warm.fetch().purpose == Purpose::cd);
  warm.supply_cached_cd(*cold.cd());
  REQUIRE(warm.status() == ConfigWalk::Status::done);
  CHECK(warm.config().s1.asid == cold.config().s1.asid);
  CHECK_FALSE(warm.wants_cd());
  Cd invalid;
  invalid.valid = false;
  ConfigWalk negative(s.state, s.features, kStream, {true, 3}, AddressType::untranslated, &*cold.ste());
  negative.supply_cached_cd(invalid);
  CHECK(negative.fault().id == EventId::c_bad_cd);
}

TEST_CASE("Worlds and tags") {
  Setup s;
  s.ste.s2_vmid = 77;
  CHECK(s.walk().config().vmid == 77);  // even when only stage 1 is used
  CHECK(s.walk().config().world == StreamWorld::el1);
  s.ste.strw = 2;
  CHECK(s.walk().config().world == StreamWorld::el2);
  CHECK(s.walk().config().vmid == 0);
  s.state.e2h = true;
  CHECK(s.walk().config().world == StreamWorld::el2_e2h);
  s.ste.strw = 0;
  s.features.s2p = false;
  CHECK(s.walk().config().vmid == 0);
}

TEST_CASE("Structures beyond the address size") {
  Setup s;
  s.features.oas = 2;  // 40 bits
  s.state.strtab_base = kStrtab | 1ull << 41;
  CHECK(s.event() == EventId::none);  // register bits above the size do not exist
  s.state.strtab_base = kStrtab;
  s.state.strtab_base_cfg = 16 | 8u << 6 | 1u << 16;
  s.memory[kStrtab + 8] = 1ull << 41 | 9;  // a level-1 descriptor that leads there: an aborted fetch
  const Fault far = s.run({true, 3}, StreamId{0x105}).fault();
  CHECK(far.id == EventId::f_ste_fetch);
  CHECK(far.fetch_address == Pa((1ull << 41) + 5 * 64));
  s.state.strtab_base_cfg = 8;
  s.ste.s1_context_ptr = 1ull << 41;
  CHECK(s.event() == EventId::c_bad_ste);
}
