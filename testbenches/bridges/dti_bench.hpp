// What the DTI tests share: players of the two ends' models who exchange random messages and know what each
// must be when it arrives, and the bridges between them.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "models/arch/dti.hpp"
#include "models/engine/link.hpp"
#include "testbenches/systemc_test.hpp"
#include "tlm-bridges/dti/dti_checker.hpp"
#include "tlm-bridges/dti/dti_completer_bridge.hpp"
#include "tlm-bridges/dti/dti_convert.hpp"
#include "tlm-bridges/dti/dti_requester_bridge.hpp"

namespace svasim::test {

using namespace bridges;
using arch::dti::Downstream;
using arch::dti::encode;
using arch::dti::Protocol;
using arch::dti::Upstream;
using engine::Calendar;
using engine::Clock;
using engine::Picoseconds;

constexpr Picoseconds kNs = 1000;  ///< and the period of every clock here

using UpLink = engine::Link<Upstream>;
using DownLink = engine::Link<Downstream>;

class DtiRandom {
 public:
  explicit DtiRandom(std::uint32_t seed) : engine_(seed) {}
  std::uint64_t bits(unsigned n) { return engine_() & arch::mask(n); }
  unsigned below(unsigned n) { return static_cast<unsigned>(engine_() % n); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class T>
  T one_of(std::initializer_list<T> values) {
    return *(values.begin() + below(static_cast<unsigned>(values.size())));
  }

 private:
  std::mt19937_64 engine_;
};

// Messages in words, every field that must survive the wire: for comparison and for reports.
inline std::string text(const Upstream& m) {
  std::ostringstream out;
  out << "up kind " << int(m.kind);
  if (m.kind == Upstream::Kind::sync_ack || m.kind == Upstream::Kind::inv_ack) return out.str();
  out << " stream " << raw(m.stream) << " id " << m.id;
  if (m.kind == Upstream::Kind::inv_comp) {
    out << " error " << m.error;
    return out.str();
  }
  out << " ssid " << m.substream.valid << ':' << m.substream.value << " wxp " << m.access.write
      << m.access.instruction << m.access.privileged << " va " << std::hex << m.va.value;
  if (m.kind == Upstream::Kind::page_req) {
    out << " group " << m.group << " rwl " << m.page_read << m.page_write << m.last;
  } else {
    out << " flow " << int(m.flow) << " at " << int(m.address_type);
  }
  return out.str();
}

inline std::string text(const arch::Command& c) {
  std::ostringstream out;
  out << " op " << std::hex << int(c.opcode) << " stream " << raw(c.stream) << " ssid " << c.substream.valid
      << ':' << c.substream.value << " leaf " << c.leaf << " range " << int(c.range) << " vmid " << c.vmid
      << " asid " << c.asid << " address " << c.address << " size " << int(c.size) << " num " << int(c.num)
      << " scale " << int(c.scale) << " tg " << int(c.tg) << " ttl " << int(c.ttl) << " global " << c.global;
  return out.str();
}

inline std::string text(const Downstream& m) {
  using Kind = Downstream::Kind;
  std::ostringstream out;
  out << "down kind " << int(m.kind);
  if (m.kind == Kind::sync_req) return out.str();
  if (m.kind == Kind::inv_req) return out.str() + text(m.command);
  if (m.kind == Kind::page_resp) {
    out << " stream " << raw(m.stream) << " ssid " << m.substream.valid << ':' << m.substream.value
        << " group " << m.group << " response " << int(m.response);
    return out.str();
  }
  out << " id " << m.id << std::hex;
  if (m.kind == Kind::atc_inv) return out.str() + text(m.command);
  if (m.kind == Kind::trans_fault) out << " raz " << m.raz;
  if (m.kind == Kind::ats_resp) {
    const arch::AtsTranslation& t = m.ats.translation;
    out << " status " << int(m.ats.status) << " address " << t.address << " size " << int(t.log2_size) << " "
        << t.no_snoop << t.global << t.privileged << t.execute << t.untranslated_only << t.write << t.read;
  }
  if (m.kind == Kind::trans_resp) {
    const arch::TranslationResult& r = m.result;
    const arch::Permissions &p = r.permissions.privileged, &u = r.permissions.unprivileged;
    out << " dnc " << m.do_not_cache << " over " << int(m.access_override.privileged)
        << int(m.access_override.instruction) << " pa " << r.pa.value << " size " << int(r.log2_size) << '/'
        << int(r.log2_leaf) << " level " << int(r.level) << " granule " << int(r.log2_granule) << " kind "
        << int(r.kind) << " world " << int(r.world) << " perm " << p.read << p.write << p.execute << u.read
        << u.write << u.execute << " attr " << int(r.attributes.type) << '/' << int(r.attributes.shareability)
        << " g " << r.global << " asid " << r.asid << " vmid " << r.vmid;
  }
  return out.str();
}

/// A TBU or root port as the bridge knows it: asks, answers syncs and invalidations, wants page responses.
class RequesterPlayer {
 public:
  RequesterPlayer(Calendar& calendar, UpLink& to, DownLink& from, Protocol protocol, std::uint32_t seed,
                  unsigned requests, unsigned outstanding)
      : calendar_(calendar),
        to_(to),
        protocol_(protocol),
        random_(seed),
        left_(requests),
        most_(outstanding),
        block_(calendar.add_block()) {
    from.bind<&RequesterPlayer::receive>({block_, 0}, this);
    calendar.post<&RequesterPlayer::act>(0, {block_, 1}, this);
  }
  std::vector<std::string> sent, received;   ///< in order
  std::map<std::uint16_t, Upstream> asked;   ///< outstanding, by id
  std::map<std::uint16_t, unsigned> groups;  ///< page request groups without a response
  std::uint64_t unknown = 0;                 ///< answers to nothing
  bool done() const { return left_ == 0 && asked.empty() && groups.empty(); }
  engine::Inlet inlet(std::uint8_t number) const { return {block_, number}; }

  void send(const Upstream& message) {
    sent.push_back(text(message));
    to_.send(message);
  }

 private:
  void act(std::uint64_t) {
    if (left_ == 0) return;
    if (asked.size() < most_) {
      --left_;
      protocol_ == Protocol::ats&& random_.chance(30) ? page_request() : ask();
    }
    calendar_.post<&RequesterPlayer::act>(calendar_.now() + kNs * (1 + random_.below(6)), {block_, 1}, this);
  }
  Upstream any() {
    Upstream m;
    m.stream = arch::StreamId(static_cast<std::uint32_t>(random_.bits(32)));
    m.substream = {random_.chance(50), static_cast<std::uint32_t>(random_.bits(20))};
    m.access = {random_.chance(50), random_.chance(20), random_.chance(20)};
    return m;
  }
  void ask() {
    Upstream m = any();
    do m.id = static_cast<std::uint16_t>(random_.bits(16));
    while (asked.count(m.id) != 0);
    m.va = arch::Va(random_.bits(random_.one_of({40u, 48u, 64u})));
    const bool ats = protocol_ == Protocol::ats;
    if (!ats && random_.chance(20)) m.address_type = arch::AddressType::translated;
    m.flow = ats ? arch::dti::Flow::ats
             : m.address_type == arch::AddressType::untranslated && random_.chance(50)
                 ? arch::dti::Flow::stall
                 : arch::dti::Flow::no_stall;
    asked[m.id] = m;
    send(m);
  }
  void page_request() {
    Upstream m = any();
    m.kind = Upstream::Kind::page_req;
    m.group = static_cast<std::uint16_t>(random_.bits(9));
    m.stream = arch::StreamId(m.group);
    m.va = arch::Va(random_.bits(64)).aligned(12);
    m.page_read = true;
    m.page_write = m.access.write;
    m.last = groups.count(m.group) == 0 && random_.chance(60);
    if (m.last) groups[m.group] = 1;
    send(m);
  }
  void receive(Downstream& m) {
    received.push_back(text(m));
    Upstream answer;
    if (m.kind == Downstream::Kind::atc_inv || m.kind == Downstream::Kind::inv_req) {
      answer.kind = Upstream::Kind::inv_ack;
      send(answer);
    }
    switch (m.kind) {
      case Downstream::Kind::sync_req:
        answer.kind = Upstream::Kind::sync_ack;
        send(answer);
        break;
      case Downstream::Kind::atc_inv:
        answer.kind = Upstream::Kind::inv_comp;
        answer.id = m.id;
        answer.stream = m.command.stream;
        answer.error = random_.chance(10);
        send(answer);
        break;
      case Downstream::Kind::page_resp: unknown += groups.erase(m.group) == 0; break;
      case Downstream::Kind::inv_req: break;
      default: unknown += asked.erase(m.id) == 0; break;
    }
  }

  Calendar& calendar_;
  UpLink& to_;
  const Protocol protocol_;
  DtiRandom random_;
  unsigned left_;
  const unsigned most_;
  std::uint16_t block_;
};

/// A TCU as the bridge knows it: answers after a random time in any order, invalidates and syncs meanwhile.
class CompleterPlayer {
 public:
  CompleterPlayer(Calendar& calendar, DownLink& to, UpLink& from, Protocol protocol, std::uint32_t seed,
                  unsigned slowest, unsigned invalidate_percent)
      : calendar_(calendar),
        to_(to),
        protocol_(protocol),
        random_(seed),
        slowest_(slowest),
        invalidate_percent_(invalidate_percent),
        block_(calendar.add_block()) {
    from.bind<&CompleterPlayer::receive>({block_, 0}, this);
  }
  std::vector<std::string> sent, received;            ///< in order
  std::size_t outstanding_peak = 0, outstanding = 0;  ///< translations
  bool done() const { return waiting_.empty() && itags_ == 0 && !sync_; }

  void send(const Downstream& message) {
    sent.push_back(text(message));
    to_.send(message);
  }

 private:
  void receive(Upstream& m) {
    received.push_back(text(m));
    switch (m.kind) {
      case Upstream::Kind::trans_req:
        outstanding_peak = std::max(outstanding_peak, ++outstanding);
        later(m);
        break;
      case Upstream::Kind::page_req:
        if (m.last) later(m);
        break;
      case Upstream::Kind::sync_ack: sync_ = false; break;
      case Upstream::Kind::inv_comp: itags_ &= ~(std::uint32_t{1} << m.id); break;
      case Upstream::Kind::inv_ack: return;
    }
    if (random_.chance(invalidate_percent_)) invalidate();
    if (!sync_ && random_.chance(invalidate_percent_ / 2)) {
      sync_ = true;
      Downstream sync;
      sync.kind = Downstream::Kind::sync_req;
      send(sync);
    }
  }
  void later(const Upstream& m) {
    waiting_.push_back(m);
    calendar_.post<&CompleterPlayer::answer>(calendar_.now() + kNs * random_.below(slowest_), {block_, 1},
                                             this);
  }
  void answer(std::uint64_t) {
    const unsigned which = random_.below(static_cast<unsigned>(waiting_.size()));
    const Upstream m = waiting_[which];
    waiting_.erase(waiting_.begin() + which);
    outstanding -= m.kind == Upstream::Kind::trans_req;
    Downstream a;
    a.id = m.id;
    if (m.kind == Upstream::Kind::page_req) {
      a.kind = Downstream::Kind::page_resp;
      a.stream = m.stream;
      a.substream = m.substream;
      a.group = m.group;
      a.response = random_.one_of<std::uint8_t>({0, 1, 15});
    } else if (protocol_ == Protocol::ats) {
      ats_answer(m, a);
    } else if (random_.chance(20)) {
      a.kind = Downstream::Kind::trans_fault;
      a.raz = random_.chance(50);
    } else {
      translation(m, a);
    }
    send(a);
  }
  bool coin() { return random_.chance(50); }
  void ats_answer(const Upstream& m, Downstream& a) {
    a.kind = Downstream::Kind::ats_resp;
    a.ats.status = random_.one_of({arch::AtsStatus::success, arch::AtsStatus::success,
                                   arch::AtsStatus::unsupported_request, arch::AtsStatus::completer_abort});
    if (a.ats.status != arch::AtsStatus::success) return;
    arch::AtsTranslation& t = a.ats.translation;
    t.privileged = m.substream.valid && m.access.privileged;
    if (random_.chance(20)) return;  // no access
    t.read = coin();
    t.write = !t.read || coin();
    t.execute = coin(), t.global = coin(), t.no_snoop = coin(), t.untranslated_only = coin();
    t.log2_size = kRangeSizes[random_.below(12)];
    t.address = random_.bits(52) >> t.log2_size << t.log2_size;
  }
  void translation(const Upstream& m, Downstream& a) {
    arch::TranslationResult& r = a.result;
    a.do_not_cache = coin();
    a.access_override = {random_.one_of<std::uint8_t>({0, 2, 3}), random_.one_of<std::uint8_t>({0, 2, 3})};
    r.permissions = {{coin(), coin(), coin()}, {coin(), coin(), coin()}};
    r.attributes = {static_cast<std::uint8_t>(random_.bits(8)), random_.one_of<std::uint8_t>({0, 2, 3})};
    if (random_.chance(15)) {
      r.log2_size = r.log2_leaf = random_.one_of<std::uint8_t>({32, 44, 48, 52});
      r.pa = arch::Pa(m.va.value);
      return;
    }
    struct Leaf {
      std::uint8_t size, granule;
      std::int8_t level;
    };
    const Leaf leaf = random_.one_of<Leaf>({{12, 12, 3},
                                            {21, 12, 2},
                                            {30, 12, 1},
                                            {39, 12, 0},
                                            {14, 14, 3},
                                            {25, 14, 2},
                                            {36, 14, 1},
                                            {16, 16, 3},
                                            {29, 16, 2},
                                            {42, 16, 1}});
    r.log2_leaf = leaf.size, r.log2_granule = leaf.granule, r.level = leaf.level;
    r.log2_size = coin() ? leaf.size : 12;
    r.pa = arch::Pa(random_.bits(52) >> 12 << 12 | m.va.offset(12));
    r.kind = random_.one_of(
        {arch::TranslationKind::stage1, arch::TranslationKind::stage2, arch::TranslationKind::both});
    r.world = random_.one_of({arch::StreamWorld::el1, arch::StreamWorld::el2, arch::StreamWorld::el2_e2h});
    r.global = coin();
    r.asid = static_cast<std::uint16_t>(random_.bits(16));
    r.vmid = static_cast<std::uint16_t>(random_.bits(16));
  }
  void invalidate() {
    Downstream m;
    arch::Command& c = m.command;
    if (protocol_ == Protocol::ats) {
      unsigned itag = 0;
      while (itag < 32 && (itags_ >> itag & 1) != 0) ++itag;
      if (itag == 32) return;
      itags_ |= std::uint32_t{1} << itag;
      m.kind = Downstream::Kind::atc_inv;
      m.id = static_cast<std::uint16_t>(itag);
      c.opcode = arch::Opcode::atc_inv;
      c.stream = arch::StreamId(static_cast<std::uint32_t>(random_.bits(32)));
      c.substream = {coin(), static_cast<std::uint32_t>(random_.bits(20))};
      c.global = c.substream.valid && coin();
      c.size = static_cast<std::uint8_t>(random_.below(53));
      c.address = random_.bits(64) >> 12 << 12;
    } else {
      m.kind = Downstream::Kind::inv_req;
      c.opcode =
          random_.one_of({arch::Opcode::cfgi_ste, arch::Opcode::cfgi_ste_range, arch::Opcode::tlbi_nh_va,
                          arch::Opcode::tlbi_nsnh_all, arch::Opcode::tlbi_s2_ipa});
      c.leaf = coin();
      if (arch::is_cfgi(c.opcode)) {
        c.stream = arch::StreamId(static_cast<std::uint32_t>(random_.bits(32)));
        c.range = static_cast<std::uint8_t>(random_.bits(5));
      } else {
        c.vmid = static_cast<std::uint16_t>(random_.bits(16));
        c.asid = static_cast<std::uint16_t>(random_.bits(16));
        c.address = random_.bits(64) >> 12 << 12;
        c.num = static_cast<std::uint8_t>(random_.bits(5)), c.tg = static_cast<std::uint8_t>(random_.bits(2));
        c.scale = static_cast<std::uint8_t>(random_.bits(6));
        c.ttl = static_cast<std::uint8_t>(random_.bits(2));
      }
    }
    send(m);
  }

  Calendar& calendar_;
  DownLink& to_;
  const Protocol protocol_;
  DtiRandom random_;
  const unsigned slowest_, invalidate_percent_;
  std::uint16_t block_;
  std::vector<Upstream> waiting_;
  std::uint32_t itags_ = 0;
  bool sync_ = false;
};

/// The four links of two bridges back to back; nothing but the hop of a cycle.
struct DtiLinks {
  UpLink near_up, far_up;
  DownLink near_down, far_down;
  explicit DtiLinks(Calendar& calendar)
      : near_up(calendar, Clock(kNs), Clock(kNs), {}),
        far_up(calendar, Clock(kNs), Clock(kNs), {}),
        near_down(calendar, Clock(kNs), Clock(kNs), {}),
        far_down(calendar, Clock(kNs), Clock(kNs), {}) {}
};

}  // namespace svasim::test
