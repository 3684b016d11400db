// Every rule of the checker is broken once, by hand, and the checker names exactly that rule. Nothing else of
// the same stimulus is wrong, and what is right next to it is not named.
#include <functional>
#include <map>

#include "testbenches/bridges/axi_bench.hpp"

using namespace svasim::test;

namespace {

/// Pins set by hand, one edge after another.
struct Edges {
  FreshKernel kernel;
  Calendar calendar{"calendar"};
  PinClock clock{calendar, Clock(kNs)};
  AxiPins pins;
  std::vector<AxiRule> rules;
  std::vector<std::string> texts;
  AxiChecker checker{"bus", clock, pins, AxiWidths{52, 64, 4}, [this](const AxiViolation& violation) {
                       rules.push_back(violation.rule);
                       texts.push_back(violation.text);
                     }};

  void edge() { checker.sample(); }
  /// One edge at which these transfers happen, and one without.
  void transfer(std::function<void(AxiPins&)> set) {
    set(pins);
    pins.aw.ready = pins.w.ready = pins.b.ready = pins.ar.ready = pins.r.ready = true;
    edge();
    pins = AxiPins();
    edge();
  }
  void read(const AxiAddress& address) {
    transfer([&](AxiPins& p) { p.ar.valid = true, p.ar.bits = address; });
  }
  void write(const AxiAddress& address) {
    transfer([&](AxiPins& p) { p.aw.valid = true, p.aw.bits = address; });
  }
  void data(bool last, std::initializer_list<unsigned> lanes = {}) {
    transfer([&](AxiPins& p) {
      p.w.valid = true, p.w.bits.last = last;
      for (const unsigned lane : lanes) p.w.bits.strb.set(lane);
    });
  }
  void beat(std::uint32_t id, bool last, AxiResponse resp = AxiResponse::okay) {
    transfer(
        [&](AxiPins& p) { p.r.valid = true, p.r.bits.id = id, p.r.bits.last = last, p.r.bits.resp = resp; });
  }
  void response(std::uint32_t id, AxiResponse resp = AxiResponse::okay) {
    transfer([&](AxiPins& p) { p.b.valid = true, p.b.bits.id = id, p.b.bits.resp = resp; });
  }
  /// A read and a write that are answered, beat for beat.
  void complete(const AxiAddress& address) {
    read(address);
    for (unsigned n = 1; n <= address.beats(); ++n) beat(address.id, n == address.beats());
    write(address);
    for (unsigned n = 1; n <= address.beats(); ++n) data(n == address.beats());
    response(address.id);
  }
};

AxiAddress incr(std::uint64_t address, unsigned beats, unsigned bytes, std::uint32_t id = 0) {
  return axi_burst(AxiBurst::incr, address, beats, bytes, id);
}
AxiAddress exclusive(std::uint64_t address, unsigned beats, unsigned bytes) {
  AxiAddress a = incr(address, beats, bytes);
  a.lock = true;
  return a;
}

/// VALID up without READY, then down, or with another payload.
template <class Member>
std::function<void(Edges&)> falls(Member channel) {
  return [channel](Edges& e) {
    (e.pins.*channel).valid = true;
    e.edge();
    (e.pins.*channel).valid = false;
    e.edge();
  };
}
template <class Member>
std::function<void(Edges&)> changes(Member channel) {
  return [channel](Edges& e) {
    (e.pins.*channel).valid = true;
    e.edge();
    (e.pins.*channel).bits.user = 1;
    e.edge();
  };
}
/// With an obligation before it, so that a response is one.
std::function<void(Edges&)> after_read(std::function<void(Edges&)> what) {
  return [what](Edges& e) {
    e.read(incr(0, 2, 8));
    what(e);
  };
}
std::function<void(Edges&)> after_write(std::function<void(Edges&)> what) {
  return [what](Edges& e) {
    e.write(incr(0, 1, 8));
    e.data(true);
    what(e);
  };
}
std::function<void(Edges&)> address(const AxiAddress& a) {
  return [a](Edges& e) { e.read(a); };
}

using R = AxiRule;
const std::map<AxiRule, std::vector<std::function<void(Edges&)>>> kBreaks = {
    {R::aw_valid_held, {falls(&AxiPins::aw)}},
    {R::w_valid_held, {falls(&AxiPins::w)}},
    {R::b_valid_held, {after_write(falls(&AxiPins::b))}},
    {R::ar_valid_held, {falls(&AxiPins::ar)}},
    {R::r_valid_held, {after_read(falls(&AxiPins::r))}},
    {R::aw_stable, {changes(&AxiPins::aw)}},
    {R::w_stable, {changes(&AxiPins::w)}},
    {R::b_stable, {after_write(changes(&AxiPins::b))}},
    {R::ar_stable, {changes(&AxiPins::ar)}},
    {R::r_stable, {after_read(changes(&AxiPins::r))}},
    {R::manager_reset,
     {[](Edges& e) { e.pins.reset_n = false, e.pins.aw.valid = true, e.edge(); },
      [](Edges& e) { e.pins.reset_n = false, e.pins.w.valid = true, e.edge(); },
      [](Edges& e) { e.pins.reset_n = false, e.pins.ar.valid = true, e.edge(); },
      [](Edges& e) {
        e.pins.reset_n = false, e.edge();
        e.pins.reset_n = e.pins.ar.valid = true, e.edge();  // the first edge at which it may rise
      }}},
    {R::subordinate_reset,
     {[](Edges& e) { e.pins.reset_n = false, e.pins.b.valid = true, e.edge(); },
      [](Edges& e) { e.pins.reset_n = false, e.pins.r.valid = true, e.edge(); }}},
    {R::burst_type,
     {address(axi_burst(AxiBurst::reserved, 0, 1, 8)),
      [](Edges& e) { e.write(axi_burst(AxiBurst::reserved, 0, 1, 8)); }}},
    {R::beat_size, {address(incr(0, 1, 16))}},
    {R::crosses_4kb,
     {address(incr(0xFF8, 2, 8)), address(incr(0xFF9, 2, 8)), address(incr(0x808, 256, 8)),
      [](Edges& e) { e.write(incr(0xFFC, 2, 4)); }}},
    {R::fixed_length, {address(axi_burst(AxiBurst::fixed, 0, 17, 4))}},
    {R::wrap_length,
     {address(axi_burst(AxiBurst::wrap, 0, 1, 8)), address(axi_burst(AxiBurst::wrap, 0, 3, 8)),
      address(axi_burst(AxiBurst::wrap, 0, 32, 4))}},
    {R::wrap_alignment, {address(axi_burst(AxiBurst::wrap, 0x44, 4, 8))}},
    {R::cache_encoding,
     {[](Edges& e) {
        AxiAddress a = incr(0, 1, 8);
        a.cache = 0b0100;
        e.read(a);
      },
      [](Edges& e) {
        AxiAddress a = incr(0, 1, 8);
        a.cache = 0b1001;
        e.write(a);
      }}},
    {R::exclusive_length, {address(exclusive(0, 32, 1))}},
    {R::exclusive_size, {address(exclusive(0, 3, 8))}},
    {R::exclusive_alignment, {address(exclusive(0x48, 2, 8))}},
    {R::exclusive_early,
     {[](Edges& e) { e.read(exclusive(0x40, 1, 8)), e.write(exclusive(0x40, 1, 8)); },
      [](Edges& e) {
        e.read(exclusive(0x40, 2, 8)), e.beat(0, false);
        e.pins.aw.valid = true, e.pins.aw.bits = exclusive(0x40, 2, 8);
        e.edge(), e.edge();  // waits for AWREADY until the read is complete
        e.pins.r.valid = e.pins.r.ready = e.pins.r.bits.last = true;
        e.edge();
        e.pins.r = {};
        e.pins.aw.ready = true;
        e.edge();
      },
      [](Edges& e) {
        e.read(exclusive(0x40, 1, 8));  // at the edge that completes it
        e.transfer([](AxiPins& p) {
          p.r.valid = p.r.bits.last = p.aw.valid = true, p.aw.bits = exclusive(0x40, 1, 8);
        });
      }}},
    {R::exclusive_pair,
     {[](Edges& e) { e.read(exclusive(0x40, 1, 8)), e.beat(0, true), e.write(exclusive(0x48, 1, 8)); },
      [](Edges& e) { e.read(exclusive(0x40, 1, 8)), e.beat(0, true), e.write(exclusive(0x40, 2, 4)); },
      [](Edges& e) {
        // The last read counts.
        for (const std::uint64_t at : {0x40, 0x80}) e.read(exclusive(at, 1, 8)), e.beat(0, true);
        e.write(exclusive(0x40, 1, 8));
      }}},
    {R::wlast_position,
     {[](Edges& e) { e.write(incr(0, 2, 8)), e.data(true); },
      [](Edges& e) { e.write(incr(0, 1, 8)), e.data(false); },
      [](Edges& e) { e.data(true), e.write(incr(0, 2, 8)); }}},
    {R::strobe_lanes,
     {[](Edges& e) {
        e.write(incr(0x4, 1, 4)), e.data(true, {3, 4});
      },
      [](Edges& e) { e.write(incr(0x5, 1, 4)), e.data(true, {4}); },
      [](Edges& e) {
        e.write(incr(0x2, 2, 4)), e.data(false, {2, 3}), e.data(true, {4, 8});
      },
      [](Edges& e) { e.data(true, {0}), e.write(incr(0x4, 1, 4)); }}},
    {R::b_before_address,
     {[](Edges& e) {
        e.data(true);
        e.pins.aw.valid = true, e.pins.b.valid = true;  // AWREADY is low
        e.edge();
      },
      [](Edges& e) {
        e.data(true);
        e.transfer([](AxiPins& p) { p.aw.valid = p.b.valid = true; });  // not in the same cycle either
      }}},
    {R::b_before_data,
     {[](Edges& e) { e.write(incr(0, 2, 8)), e.data(false), e.response(0); },
      [](Edges& e) {
        e.write(incr(0, 1, 8)), e.transfer([](AxiPins& p) { p.w.valid = p.w.bits.last = p.b.valid = true; });
      }}},
    {R::b_unknown_id,
     {[](Edges& e) { e.write(incr(0, 1, 8, 3)), e.data(true), e.response(2); },
      [](Edges& e) { e.complete(incr(0, 1, 8)), e.response(0); }}},
    {R::b_exokay, {after_write([](Edges& e) { e.response(0, AxiResponse::exokay); })}},
    {R::r_unknown_id,
     {[](Edges& e) { e.beat(0, true); }, [](Edges& e) { e.read(incr(0, 1, 8, 3)), e.beat(2, true); },
      [](Edges& e) { e.transfer([](AxiPins& p) { p.ar.valid = p.r.valid = p.r.bits.last = true; }); }}},
    {R::r_exokay, {after_read([](Edges& e) { e.beat(0, false, AxiResponse::exokay); })}},
    {R::rlast_position,
     {[](Edges& e) { e.read(incr(0, 2, 8)), e.beat(0, true); },
      [](Edges& e) { e.read(incr(0, 1, 8)), e.beat(0, false); },
      // Two bursts of one ID: the data belong to the older.
      [](Edges& e) { e.read(incr(0, 2, 8)), e.read(incr(0, 1, 8)), e.beat(0, true); }}},
    {R::read_unfinished, {[](Edges& e) { e.read(incr(0, 2, 8)), e.beat(0, false), e.checker.finish(); }}},
    {R::write_unfinished,
     {[](Edges& e) { e.write(incr(0, 1, 8)), e.data(true), e.checker.finish(); },
      [](Edges& e) { e.write(incr(0, 1, 8)), e.checker.finish(); },
      [](Edges& e) { e.data(true), e.checker.finish(); }}},
};

}  // namespace

TEST_CASE("each rule, broken, is named, and no other") {
  for (std::size_t i = 0; i < kAxiRules; ++i) {
    const auto rule = static_cast<AxiRule>(i);
    const AxiRuleText& text = text_of(rule);
    CAPTURE(text.name);
    REQUIRE(kBreaks.count(rule) == 1);
    for (const auto& break_it : kBreaks.at(rule)) {
      Edges edges;
      break_it(edges);
      CHECK(edges.rules == std::vector<AxiRule>{rule});
      REQUIRE(!edges.texts.empty());
      CHECK_THAT(edges.texts[0], Catch::StartsWith(std::string("AXI4 ") + text.section + " " + text.name));
    }
  }
}

TEST_CASE("what is legal is not named") {
  const AxiAddress legal[] = {
      incr(0xFF8, 1, 8),
      incr(0xFF9, 1, 8),
      incr(0x800, 256, 8),
      incr(0x801, 256, 8),
      axi_burst(AxiBurst::wrap, 0x78, 16, 8),
      axi_burst(AxiBurst::fixed, 0xFFF, 16, 8),
      exclusive(0x80, 16, 8),
      incr(0, 1, 1, 15),
  };
  for (const AxiAddress& a : legal) {
    Edges edges;
    edges.complete(a);
    edges.checker.finish();
    CHECK(edges.texts == std::vector<std::string>());
  }
  Edges edges;
  edges.read(incr(0, 2, 8, 1));  // of different IDs the data interleave
  edges.read(incr(0, 2, 8, 2));
  edges.beat(2, false), edges.beat(1, false), edges.beat(1, true), edges.beat(2, true);
  edges.read(exclusive(0, 1, 8));
  edges.beat(0, true, AxiResponse::exokay);
  edges.write(incr(0, 1, 8));  // normal accesses in between are no matter
  edges.data(true), edges.response(0);
  edges.write(exclusive(0, 1, 8)), edges.data(true), edges.response(0, AxiResponse::exokay);
  edges.write(exclusive(8, 1, 8)), edges.data(true), edges.response(0);  // without a read: fails
  edges.data(false, {0}), edges.data(true, {7});                         // data before their address
  edges.write(incr(0, 2, 8, 5));
  edges.response(5, AxiResponse::decerr);
  edges.pins.w.valid = true;  // a reset ends every obligation
  edges.edge();
  edges.pins = AxiPins();
  edges.pins.reset_n = false;
  edges.edge();
  edges.pins.reset_n = true;
  edges.edge();
  edges.checker.finish();
  CHECK(edges.texts == std::vector<std::string>());
}

TEST_CASE("what the text says; without a handler it is thrown") {
  Edges edges;
  edges.read(incr(0xFF8, 2, 8, 3));
  CHECK(
      edges.texts[0] ==
      "AXI4 A3.4.1 crosses_4kb: the burst crosses a 4 KB boundary (bus, cycle 0, id 3 address 0xff8, 2 beats "
      "of 8, INCR)");
  AxiChecker strict("strict", edges.clock, edges.pins, AxiWidths());
  edges.pins.ar.valid = true;
  strict.sample();
  edges.pins.ar.valid = false;
  CHECK_THROWS_AS(strict.sample(), AxiProtocolError);
}
