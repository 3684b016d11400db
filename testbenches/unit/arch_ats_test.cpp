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
  CHECK(encode(*s.event) ==
        EventWords{0x05 | 1u << 11 | 3u << 12 | 5ull << 32, 1ull << 33 | 1ull << 34 | 1ull << 35, 0x7000, 0});
  s.ask({kNoSubstream, Va(0x7000), true, true, true});  // without PASID neither privilege nor execute
  CHECK(encode(*s.event)[1] == 1ull << 35);
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
