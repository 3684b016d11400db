// Answers to ATS translation requests and the fate of Translated transactions, by configuration and by fault.
#include <catch2/catch.hpp>

#include "testbenches/unit/arch_helpers.hpp"

using namespace arch_test;

namespace {

constexpr std::uint64_t kAf = 1u << 10, kUser = 1u << 6, kRo = 1u << 7, kUxn = 1ull << 54, kDbm = 1ull << 51;
constexpr std::uint64_t kStrtab = 0x40000, kCdTable = 0x50000, kTable = 0x100000, kS2Table = 0x300000;
constexpr SubstreamId kPasid{true, 3};

/// Stream 5, ATS on; stage 1 maps the first 1 GB to 2 GB, stage 2 (when on) the first 2 GB to itself and 2..3
/// GB to 4..5 GB.
struct Setup {
  Memory memory;
  SmmuState state;
  Features features;
  Ste ste;
  Cd cd;

  Setup() {
    state.smmu_enabled = state.ats_check = true;
    state.strtab_base = kStrtab;
    state.strtab_base_cfg = 8;
    ste.config = SteConfig::stage1;
    ste.s1_context_ptr = kCdTable;
    ste.s1_cd_max = 4;
    ste.s1_dss = DefaultSubstream::bypass;
    ste.eats = Eats::full;
    ste.s2_aa64 = true, ste.s2_t0sz = 25, ste.s2_sl0 = 1, ste.s2_ps = 5, ste.s2_ttb = kS2Table,
    ste.s2_r = true;
    cd.half[0].ttb = kTable;
    cd.half[0].tsz = 25;
    memory[kTable] = 0x8000'0000 | kAf | kUser | 1;
    memory[kS2Table] = kAf | 0xFCu | 1;
    memory[kS2Table + 8] = 0x4000'0000 | kAf | 0xFCu | 1;
    memory[kS2Table + 16] = 0x1'0000'0000 | kAf | 0xFCu | 1;
  }
  ReferenceTranslator reference() {
    memory.write(kStrtab + 5 * 64, encode(ste));
    memory.write(kCdTable + 3 * 64, encode(cd));
    return ReferenceTranslator(state, features, memory.reader());
  }
  AtsAnswer ask(AtsRequest request = {kPasid, Va(0x1234'5000)}, StreamId stream = kStream) {
    return reference().translation_request(stream, request, &event);
  }
  EventId recorded() const { return event ? event->id : EventId::none; }
  Outcome translated(std::uint64_t address, Access access = kRead) {
    return reference().translate(kStream, kNoSubstream, Va(address), access, AddressType::translated);
  }
  std::optional<Event> event;
};

}  // namespace

TEST_CASE("A translation request gets the page and its permissions") {
  Setup s;
  AtsAnswer answer = s.ask();
  CHECK(answer.status == AtsStatus::success);
  CHECK(answer.translation.address == 0x8000'0000);
  CHECK(answer.translation.log2_size == 30);
  CHECK(answer.translation.read);
  CHECK(answer.translation.write);
  CHECK_FALSE(answer.translation.execute);  // not asked for
  CHECK_FALSE(answer.translation.global);
  CHECK(s.ask({kPasid, Va(0), true, true}).translation.execute);
  s.memory[kTable] |= kRo | kUxn;
  answer = s.ask({kPasid, Va(0), false, true});
  CHECK(answer.translation.read);
  CHECK_FALSE(answer.translation.write);
  CHECK_FALSE(answer.translation.execute);
  s.memory[kTable] &= ~(kUser | kUxn);  // user may only execute: no access at all
  answer = s.ask({kPasid, Va(0), true, true});
  CHECK(answer.status == AtsStatus::success);
  CHECK_FALSE(answer.translation.any_access());
  CHECK_FALSE(answer.translation.execute);
  CHECK(answer.translation.log2_size == 12);
  CHECK(s.ask({kPasid, Va(0), true, false, true}).translation.read);  // privileged
  CHECK(s.ask({kPasid, Va(0), true, false, true}).translation.privileged);
}

TEST_CASE("Missing pages are success with no access, of size STU, and no event") {
  Setup s;
  const auto nothing = [&] {
    const AtsAnswer answer = s.ask({kPasid, Va(0x1000), false, false, false, 14});
    CHECK(s.recorded() == EventId::none);
    return answer.status == AtsStatus::success && !answer.translation.any_access() &&
           answer.translation.log2_size == 14;
  };
  s.cd.s = true;  // never stalls
  s.memory[kTable] = 0;
  CHECK(nothing());
  s.memory[kTable] = 0x8000'0000 | kUser | 1;  // AF
  CHECK(nothing());
  s.memory[kTable] = 0x4'8000'0000 | kAf | kUser | 1;
  s.cd.ips = 0;  // 32 bits
  CHECK(nothing());
}

TEST_CASE("When ATS is off") {
  Setup s;
  const auto refused = [&](EventId id) {
    return s.ask().status == AtsStatus::unsupported_request && s.recorded() == id;
  };
  CHECK(s.ask().status == AtsStatus::success);
  s.ste.eats = Eats::off;
  CHECK(refused(EventId::f_bad_ats_treq));
  s.ste.eats = Eats::full;
  s.ste.config = SteConfig::bypass;
  CHECK(refused(EventId::f_bad_ats_treq));
  s.ste.config = SteConfig::abort;
  CHECK(refused(EventId::none));
  s.ste.config = SteConfig::both;
  s.ste.eats = Eats::split;
  CHECK(s.ask().status == AtsStatus::success);
  s.state.ats_check = false;
  CHECK(refused(EventId::f_bad_ats_treq));
  s.state.smmu_enabled = false;
  CHECK(refused(EventId::f_bad_ats_treq));
}

TEST_CASE("Records of refused ATS traffic tell the access") {
  Setup s;
  s.ste.eats = Eats::off;
  s.ask({kPasid, Va(0x7000), true, true, true});
  REQUIRE(s.event);
  // One STU; read (implied), execute and privilege asked for, no write.
  CHECK(encode(*s.event) == EventWords{0x05 | 1u << 11 | 3u << 12 | 5ull << 32,
                                       1ull << 44 | 1ull << 39 | 1ull << 37 | 1ull << 36, 0x7000, 0});
  s.ask({kNoSubstream, Va(0x7000), true, true, true});  // without PASID neither privilege nor execute
  CHECK(encode(*s.event)[1] == (1ull << 44 | 1ull << 39));
  const Event forbidden = *std::get<FaultOutcome>(s.translated(0x7000, kWrite)).event;
  CHECK(encode(forbidden) == EventWords{0x07 | 5ull << 32, 0, 0x7000, 0});
}

TEST_CASE("Configuration errors are completer aborts, recorded only with REC_CFG_ATS") {
  const auto check = [](EventId id, auto&& change) {
    Setup s;
    change(s);
    INFO(name(id));
    CHECK(s.ask().status == AtsStatus::completer_abort);
    CHECK(s.recorded() == EventId::none);
    s.state.rec_cfg_ats = true;
    CHECK(s.ask().status == AtsStatus::completer_abort);
    CHECK(s.recorded() == id);
  };
  check(EventId::c_bad_ste, [](Setup& s) { s.ste.valid = false; });
  check(EventId::c_bad_substreamid, [](Setup& s) { s.ste.s1_cd_max = 1; });
  check(EventId::c_bad_cd, [](Setup& s) { s.cd.valid = false; });
  check(EventId::f_ste_fetch, [](Setup& s) { s.memory.aborting.insert(kStrtab + 5 * 64); });
  check(EventId::f_cd_fetch, [](Setup& s) { s.memory.aborting.insert(kCdTable + 3 * 64); });
  check(EventId::f_walk_eabt, [](Setup& s) { s.memory.aborting.insert(kTable); });
  Setup s;
  s.state.rec_cfg_ats = true;
  CHECK(s.ask({kPasid, Va(0)}, StreamId{999}).status == AtsStatus::completer_abort);
  CHECK(s.recorded() == EventId::none);
  s.state.recinvsid = true;
  s.ask({kPasid, Va(0)}, StreamId{999});
  CHECK(s.recorded() == EventId::c_bad_streamid);
  s.ste.s1_dss = DefaultSubstream::terminate;
  CHECK(s.ask({kNoSubstream, Va(0)}).status == AtsStatus::completer_abort);
  CHECK(s.recorded() == EventId::f_stream_disabled);
}

TEST_CASE("Without PASID under S1DSS = bypass: identity") {
  Setup s;
  const AtsAnswer answer = s.ask({kNoSubstream, Va(0x1234'5000)});
  CHECK(answer.status == AtsStatus::success);
  CHECK(answer.translation.read);
  CHECK(answer.translation.write);
  CHECK(answer.translation.address == 0);
  CHECK(answer.translation.log2_size == 48);
  CHECK_FALSE(answer.translation.untranslated_only);
}

TEST_CASE("Nested: full ATS answers with the PA, split-stage with the IPA; permissions are of both stages") {
  Setup s;
  s.ste.config = SteConfig::both;
  CHECK(s.ask().translation.address == 0x1'0000'0000);
  s.ste.eats = Eats::split;
  CHECK(s.ask().translation.address == 0x8000'0000);
  s.memory[kS2Table + 16] &= ~0x80ull;  // stage 2 read-only
  CHECK(s.ask().translation.read);
  CHECK_FALSE(s.ask().translation.write);
  s.memory[kS2Table + 16] = 0;
  CHECK(s.ask().status == AtsStatus::success);
  CHECK_FALSE(s.ask().translation.any_access());
  s.memory[kS2Table] = 0;  // on the way to the CD
  CHECK(s.ask().status == AtsStatus::success);
  CHECK_FALSE(s.ask().translation.any_access());
  CHECK(s.recorded() == EventId::none);
}

TEST_CASE("Stage 2 is not walked for a page to which stage 1 grants nothing") {
  Setup s;
  s.ste.config = SteConfig::both;
  s.memory[kTable] = 0x8000'0000 | kAf | kUxn | 1;
  s.memory[kS2Table + 16] = 0;
  s.memory.aborting.insert(kS2Table + 16);
  CHECK(s.ask().status == AtsStatus::success);
  CHECK_FALSE(s.ask().translation.any_access());
  s.memory[kTable] |= kUser;
  CHECK(s.ask().status == AtsStatus::completer_abort);
}

TEST_CASE("Hardware dirty state: only a request for writing dirties") {
  Setup s;
  s.cd.ha = s.cd.hd = true;
  s.memory[kTable] = 0x8000'0000 | kUser | kRo | kDbm | 1;
  ReferenceTranslator::Swap swap = [&](const Update& update, std::uint64_t& observed) {
    observed = s.memory[update.address.value];
    if (observed == update.expected) s.memory[update.address.value] = update.desired;
    return true;
  };
  s.reference();
  const ReferenceTranslator translator(s.state, s.features, s.memory.reader(), swap);
  CHECK_FALSE(translator.translation_request(kStream, {kPasid, Va(0), true}).translation.write);
  CHECK(s.memory[kTable] == (0x8000'0000 | kUser | kRo | kDbm | kAf | 1));
  CHECK(translator.translation_request(kStream, {kPasid, Va(0), false}).translation.write);
  CHECK(s.memory[kTable] == (0x8000'0000 | kUser | kDbm | kAf | 1));
  CHECK(translator.translation_request(kStream, {kPasid, Va(0), true}).translation.write);  // dirty already
}

TEST_CASE("Translated transactions") {
  Setup s;
  CHECK(std::get<TranslationResult>(s.translated(0x9999'0000)).pa == Pa(0x9999'0000));
  const auto aborted = [&](EventId id, bool recorded) {
    const Fault fault = fault_of(s.translated(0x9999'0000));
    return fault.id == id && fault.recorded == recorded && fault.termination == Termination::abort;
  };
  s.ste.eats = Eats::off;
  CHECK(aborted(EventId::f_transl_forbidden, true));
  s.ste.config = SteConfig::bypass;
  CHECK(aborted(EventId::f_transl_forbidden, true));
  s.ste.config = SteConfig::abort;
  CHECK(aborted(EventId::none, false));
  s.ste.valid = false;
  CHECK(aborted(EventId::c_bad_ste, false));
  s.state.rec_cfg_ats = true;
  CHECK(aborted(EventId::c_bad_ste, true));
  s.state.ats_check = false;  // trusted
  CHECK(std::get<TranslationResult>(s.translated(0x9999'0000)).pa == Pa(0x9999'0000));
  CHECK_FALSE(fault_of(s.translated(1ull << 48)).recorded);
  s.state.smmu_enabled = false;
  CHECK(aborted(EventId::f_transl_forbidden, true));

  s = {};
  s.ste.config = SteConfig::both;
  s.ste.eats = Eats::split;  // the address is an IPA
  CHECK(std::get<TranslationResult>(s.translated(0x9999'0000)).pa == Pa(0x1'1999'0000));
  CHECK(fault_of(s.translated(1ull << 48)).id == EventId::f_addr_size);
  CHECK(fault_of(s.translated(1ull << 48)).recorded);
  s.memory[kS2Table + 16] = 0;
  CHECK(aborted(EventId::f_translation, true));
  CHECK(fault_of(s.translated(0x9999'0000)).stage2);
}

TEST_CASE("Permissions of a completion: requests, pages and STE overrides") {
  struct Row {
    bool no_write, exe, priv;
    std::uint64_t page;  ///< AP, UXN, PXN
    std::uint8_t inst_cfg, priv_cfg;
    bool r, w, x;
  };
  constexpr std::uint64_t kUserRw = kUser, kUserRo = kUser | kRo, kPrivRw = 0;
  const Row rows[] = {{true, false, false, kUserRo, 0, 0, true, false, false},
                      {false, false, false, kUserRw, 0, 0, true, true, false},
                      {false, false, false, kUserRo, 0, 0, true, false, false},
                      {false, true, false, kUserRw, 0, 0, true, true, true},
                      {false, true, false, kUserRw | kUxn, 0, 0, true, true, false},
                      {false, true, false, kPrivRw, 0, 0, false, false, false},  // users may only execute
                      {true, true, false, kPrivRw, 3, 0, true, false, true},     // every read is a fetch
                      {true, true, false, kUserRw | kUxn, 3, 0, false, true, false},
                      {true, true, false, kUserRo | kUxn, 2, 0, true, false, true},  // every fetch is a read
                      {false, false, true, kPrivRw, 0, 2, false, false, false},
                      {false, false, false, kPrivRw, 0, 3, true, true, false}};
  for (const Row& row : rows) {
    Setup s;
    s.memory[kTable] = 0x8000'0000 | kAf | row.page | 1;
    s.ste.inst_cfg = row.inst_cfg, s.ste.priv_cfg = row.priv_cfg;
    const AtsTranslation t = s.ask({kPasid, Va(0), row.no_write, row.exe, row.priv}).translation;
    INFO("NW " << row.no_write << " Exe " << row.exe << " Priv " << row.priv << " page " << std::hex
               << row.page << " INSTCFG " << int(row.inst_cfg) << " PRIVCFG " << int(row.priv_cfg));
    CHECK(t.read == row.r);
    CHECK(t.write == row.w);
    CHECK(t.execute == row.x);
    CHECK(t.privileged == row.priv);  // echoes the request, whatever PRIVCFG says
  }
}

TEST_CASE("Hardware updates for translation requests: what is granted is accessed, NW = 0 makes dirty") {
  struct Row {
    std::uint64_t before;
    bool no_write, hd;
    std::uint64_t after;
    bool w;
  };
  constexpr std::uint64_t kClean = kUser | kRo | kDbm;
  const Row rows[] = {{kUser, true, true, kUser | kAf, true},
                      {kClean, true, true, kClean | kAf, false},
                      {kClean, false, true, kUser | kDbm | kAf, true},
                      {kClean, false, false, kClean | kAf, false},
                      {kUser | kDbm, true, true, kUser | kDbm | kAf, true},
                      {0, false, true, 0, false}};  // nothing granted: nothing accessed
  for (const Row& row : rows) {
    Setup s;
    s.cd.ha = true, s.cd.hd = row.hd;
    s.memory[kTable] = 0x8000'0000 | row.before | 1;
    s.reference();
    ConfigWalk config(s.state, s.features, kStream, kPasid, AddressType::translation_request);
    s.memory.run(config);
    const AtsRequest request{kPasid, Va(0), row.no_write};
    TableWalk walk(config.config(), request.va, request.access(), AddressType::translation_request);
    s.memory.run(walk);
    INFO("before " << std::hex << row.before << " NW " << row.no_write << " HD " << row.hd);
    REQUIRE(walk.status() == TableWalk::Status::done);
    CHECK(s.memory[kTable] == (0x8000'0000 | row.after | 1));
    CHECK(ats_answer(request, config.config(), walk.result()).translation.write == row.w);
  }
}

TEST_CASE(
    "Translated transactions under split-stage ATS: unprivileged data, unless overridden or with PASID") {
  Setup s;
  s.ste.config = SteConfig::both;
  s.ste.eats = Eats::split;
  const auto access_of = [&](SubstreamId substream) {
    s.reference();
    ConfigWalk walk(s.state, s.features, kStream, substream, AddressType::translated);
    s.memory.run(walk);
    REQUIRE(walk.status() == ConfigWalk::Status::done);
    return walk.config().effective(kPrivFetch);
  };
  CHECK_FALSE(access_of(kPasid).privileged);
  CHECK_FALSE(access_of(kPasid).instruction);
  s.ste.priv_cfg = s.ste.inst_cfg = 3;
  CHECK(access_of(kNoSubstream).privileged);
  CHECK(access_of(kNoSubstream).instruction);
  s.ste.priv_cfg = s.ste.inst_cfg = 0;
  s.features.pasidtt = true;
  CHECK(access_of(kPasid).privileged);
  CHECK(access_of(kPasid).instruction);
  CHECK_FALSE(access_of(kNoSubstream).privileged);
}

TEST_CASE("The PASID of a Translated transaction is looked at only with IDR3.PASIDTT") {
  Setup s;
  const auto outcome = [&](SubstreamId substream) {
    return s.reference().translate(kStream, substream, Va(0x1000), kRead, AddressType::translated);
  };
  const SubstreamId beyond{true, 16};
  CHECK(std::holds_alternative<TranslationResult>(outcome(beyond)));
  s.features.pasidtt = true;
  CHECK(fault_of(outcome(beyond)).id == EventId::c_bad_substreamid);
  CHECK_FALSE(fault_of(outcome(beyond)).recorded);
  s.state.rec_cfg_ats = true;
  CHECK(fault_of(outcome(beyond)).recorded);
  s.features.atsrecerr = false;
  CHECK_FALSE(fault_of(outcome(beyond)).recorded);
  s.ste.s1_dss = DefaultSubstream::terminate;
  CHECK(fault_of(outcome(kNoSubstream)).id == EventId::f_stream_disabled);
}

TEST_CASE("A tagged address of a translation request (TBI)") {
  Setup s;
  AtsRequest tagged{kPasid, Va(0xA5ull << 56 | 0x5000)};
  CHECK_FALSE(s.ask(tagged).translation.any_access());
  s.cd.half[0].tbi = true;
  CHECK(s.ask(tagged).translation.any_access());
  CHECK(s.ask(tagged).translation.address == 0x8000'0000);
  tagged.va = Va(1ull << 50 | 0x5000);  // below the tag byte every bit counts
  CHECK_FALSE(s.ask(tagged).translation.any_access());
}
