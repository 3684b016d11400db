// What the PCIe tests share: a kernel, a calendar and a recorder whose closed transactions and faults are
// kept, a list of accesses as a source, and a scripted host at the other end of an endpoint's link.
//
// All times in picoseconds. Clocks of 1 ns; a link of generation 1 with 4 lanes moves a byte in 1 ns, and its
// flight is 5 ns, so that golden times can be added up by hand:
//   read 24 B, with PASID 28 B; Translation Request, page request 28 B (PASID); Translation Completion 32 B;
//   Invalidate Request 36 B (PASID); Invalidate Completion 24 B; PRG response 28 B (PASID); data adds its
//   length.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "models/engine/calendar.hpp"
#include "models/pcie/endpoint.hpp"
#include "testbenches/systemc_test.hpp"

namespace svasim::test {

using arch::Tlp;
using engine::Picoseconds;
using probe::Outcome;
using probe::Stage;

struct Closed {
  std::uint64_t id;
  Outcome outcome;
  Picoseconds begun, total, fault_latency;
  unsigned rounds;
  std::vector<probe::Segment> segments;
  std::uint64_t va;

  Picoseconds in(Stage stage) const {
    Picoseconds sum = 0;
    for (const probe::Segment& segment : segments) {
      if (segment.stage == stage) sum += segment.duration;
    }
    return sum;
  }
  Picoseconds done() const { return begun + total; }
  bool operator==(const Closed& other) const {
    const auto same = [](const probe::Segment& a, const probe::Segment& b) {
      return a.stage == b.stage && a.duration == b.duration && a.cause == b.cause && a.round == b.round;
    };
    return id == other.id && outcome == other.outcome && begun == other.begun && total == other.total &&
           std::equal(segments.begin(), segments.end(), other.segments.begin(), other.segments.end(), same);
  }
};

class Closings : public probe::Sink {
 public:
  void transaction(const probe::Transaction& t) override {
    transactions[t.id] = {t.id,
                          t.outcome,
                          t.timeline.begun_at(),
                          t.timeline.total(),
                          t.timeline.fault_latency(),
                          t.timeline.rounds(),
                          t.timeline.segments(),
                          t.va};
  }
  void fault(const probe::Fault& f) override {
    faults.push_back(
        {f.id, f.outcome, f.timeline.begun_at(), f.timeline.total(), 0, 0, f.timeline.segments(), f.va});
    followers.push_back(f.followers.size());
  }
  std::map<std::uint64_t, Closed> transactions;  ///< by id, which count from 1 in order of opening
  std::vector<Closed> faults;
  std::vector<std::size_t> followers;  ///< of each fault
};

class ListSource : public pcie::AccessSource {
 public:
  bool next(pcie::DeviceAccess& access) override {
    if (accesses.empty()) return false;
    access = accesses.front();
    accesses.pop_front();
    return true;
  }
  std::deque<pcie::DeviceAccess> accesses;
};

inline pcie::DeviceAccess read(std::uint64_t va, std::uint32_t size = 64, std::uint32_t pasid = 1) {
  return {pasid, false, va, size, false, 0};
}
inline pcie::DeviceAccess write(std::uint64_t va, std::uint32_t size = 64, std::uint32_t pasid = 1) {
  return {pasid, true, va, size, false, 0};
}
inline pcie::DeviceAccess at(Picoseconds time, pcie::DeviceAccess access) {
  access.has_time = true;
  access.time_ps = time;
  return access;
}

inline arch::AtsAnswer page(std::uint64_t pa, bool writable = true, std::uint8_t log2_size = 12) {
  arch::AtsAnswer answer;
  answer.translation.address = pa;
  answer.translation.log2_size = log2_size;
  answer.translation.read = true;
  answer.translation.write = writable;
  return answer;
}
inline arch::AtsAnswer no_page() { return {}; }

struct Machine {
  FreshKernel kernel;
  engine::Calendar calendar{"calendar"};
  engine::Clock clock{1000};
  Closings closed;
  probe::Recorder recorder{{&closed}};

  const Closed& transaction(std::uint64_t id) const { return closed.transactions.at(id); }
};

inline pcie::PcieLinkConfig slow_link(unsigned credits = 128) {
  pcie::PcieLinkConfig config;
  config.gen = 1;
  config.lanes = 4;
  config.flight_ps = 5000;
  config.credits = credits;
  return config;
}

/// The host as an endpoint sees it. Every TLP is noted; memory answers after 10 ns, translations after 20 ns,
/// a page request group 50 ns after its last request.
class ScriptedHost {
 public:
  struct Seen {
    Picoseconds time;
    Tlp tlp;
  };

  ScriptedHost(Machine& machine, pcie::PcieLink& link) : m_(machine), link_(link) {
    link_.up.bind<&ScriptedHost::receive>({m_.calendar.add_block(), 0}, this);
  }

  /// Answers a Translation Request; by default from `pages`.
  std::function<arch::AtsAnswer(const Tlp&)> translate = [this](const Tlp& tlp) {
    const auto found = pages.find(tlp.address);
    return found == pages.end() ? no_page() : found->second;
  };
  /// PRG response code for a group, given its Last request; by default the pages become present.
  std::function<unsigned(const Tlp&)> serve = [this](const Tlp&) {
    for (const Tlp& tlp : group_) pages[tlp.address] = page(0x8000'0000 + tlp.address);
    return 0u;
  };
  std::map<std::uint64_t, arch::AtsAnswer> pages;  ///< by VA of the 4 KiB page
  Picoseconds memory_time = 10'000, translation_time = 20'000, service_time = 50'000;
  std::vector<Seen> seen;

  std::vector<Seen> of(Tlp::Kind kind) const {
    std::vector<Seen> found;
    for (const Seen& s : seen) {
      if (s.tlp.kind == kind) found.push_back(s);
    }
    return found;
  }
  void send_at(Picoseconds when, const Tlp& tlp) {
    outgoing_.push_back(tlp);
    m_.calendar.post<&ScriptedHost::send>(when, {65535, 1}, this, outgoing_.size() - 1);
  }
  void invalidate_at(Picoseconds when, std::uint16_t itag, std::uint64_t address, std::uint8_t log2_span = 12,
                     std::uint32_t pasid = 1) {
    Tlp tlp;
    tlp.kind = Tlp::Kind::invalidate_request;
    tlp.tag = itag;
    tlp.pasid = {true, pasid};
    tlp.address = address;
    tlp.log2_span = log2_span;
    send_at(when, tlp);
  }

 private:
  void receive(Tlp& tlp) {
    link_.up.consumed();
    const Picoseconds now = m_.calendar.now();
    seen.push_back({now, tlp});
    Tlp back;
    back.tag = tlp.tag;
    back.transaction = tlp.transaction;
    switch (tlp.kind) {
      case Tlp::Kind::memory_read:
        tlp.transaction->timeline.enter(Stage::tbu_queue, now);
        back.kind = Tlp::Kind::completion;
        back.bytes = tlp.bytes;
        send_at(now + memory_time, back);
        break;
      case Tlp::Kind::memory_write: m_.recorder.close(*tlp.transaction, now, Outcome::ok); break;
      case Tlp::Kind::translation_request:
        tlp.transaction->timeline.enter(Stage::dti_out, now);
        back.kind = Tlp::Kind::translation_completion;
        back.ats = translate(tlp);
        send_at(now + translation_time, back);
        break;
      case Tlp::Kind::page_request: page_request(tlp); break;
      default: break;
    }
  }
  void page_request(const Tlp& tlp) {
    if (tlp.last && !tlp.read && !tlp.write) return;  // stop marker
    const probe::FaultKey key{probe::FaultKind::pri, arch::raw(tlp.requester), tlp.group};
    m_.recorder.find(key, tlp.address)->enter(Stage::fault_record, m_.calendar.now());
    group_.push_back(tlp);
    if (!tlp.last) return;
    Tlp back;
    back.kind = Tlp::Kind::prg_response;
    back.requester = tlp.requester;
    back.pasid = tlp.pasid;
    back.group = tlp.group;
    back.response = static_cast<std::uint8_t>(serve(tlp));
    group_.clear();
    send_at(m_.calendar.now() + service_time, back);
  }
  void send(std::uint64_t index) {
    const Tlp& tlp = outgoing_[index];
    const Picoseconds now = m_.calendar.now();
    if (tlp.transaction != nullptr) tlp.transaction->timeline.enter(Stage::link_back, now);
    if (tlp.kind == Tlp::Kind::prg_response) {
      m_.recorder.enter({probe::FaultKind::pri, arch::raw(tlp.requester), tlp.group}, Stage::prg_response,
                        now);
    }
    link_.send_down(tlp);
  }

  Machine& m_;
  pcie::PcieLink& link_;
  std::deque<Tlp> outgoing_;
  std::vector<Tlp> group_;
};

/// An endpoint (device 7, StreamID 0x100) in front of a scripted host.
struct EndpointBench : Machine {
  explicit EndpointBench(const pcie::EndpointConfig& config = {}, unsigned credits = 128,
                         bool software = false)
      : link(calendar, clock, clock, slow_link(credits)),
        host(*this, link),
        endpoint(calendar, clock, recorder, config, {7, arch::StreamId{0x100}}, link, source, software) {}

  /// Issues `accesses` from 1 ns on (the first edge after the poke at 0) and runs until nothing happens.
  void run(std::initializer_list<pcie::DeviceAccess> accesses) {
    source.accesses.insert(source.accesses.end(), accesses);
    endpoint.poke();
    sc_core::sc_start();
  }
  std::uint64_t counter(const std::string& name) const {
    std::uint64_t found = ~std::uint64_t{0};
    endpoint.counters([&](const char* n, std::uint64_t value) {
      if (name == n) found = value;
    });
    return found;
  }
  /// The capability of ID `id` in configuration space, found as software finds it; 0: none.
  std::uint32_t capability(std::uint16_t id) const {
    std::uint32_t at = arch::pci::kFirstCapability;
    while (at != 0 && arch::pci::id_of(endpoint.read_register(at)) != id) {
      at = arch::pci::next_of(endpoint.read_register(at));
    }
    return at;
  }
  std::uint32_t pri_control() const {
    return endpoint.read_register(capability(arch::pci::kPriId) + arch::pci::pri::kControl);
  }
  /// Software writes a register of configuration space.
  void write_register_at(Picoseconds when, std::uint32_t offset, std::uint32_t value) {
    writes_.push_back({offset, value});
    calendar.post<&EndpointBench::write_register>(when, {65535, 2}, this, writes_.size() - 1);
  }
  void write_pri_control_at(Picoseconds when, std::uint32_t value) {
    write_register_at(when, capability(arch::pci::kPriId) + arch::pci::pri::kControl, value);
  }
  /// Carries out `what` at that time, after all else.
  void look_at(Picoseconds when, std::function<void()> what) {
    looks_.push_back(std::move(what));
    calendar.post<&EndpointBench::look>(when, {65535, 3}, this, looks_.size() - 1);
  }
  /// Every run ends so.
  void check_conserved() const {
    CHECK(recorder.live() == 0);
    CHECK(recorder.faults_live() == 0);
    CHECK(endpoint.drained());
    CHECK(counter("unexpected_messages") == 0);
  }

  ListSource source;
  pcie::PcieLink link;
  ScriptedHost host;
  pcie::Endpoint endpoint;

 private:
  void write_register(std::uint64_t index) {
    endpoint.write_register(writes_[index].first, writes_[index].second);
  }
  void look(std::uint64_t index) { looks_[index](); }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> writes_;
  std::vector<std::function<void()>> looks_;
};

}  // namespace svasim::test
