// An endpoint and its root port under random accesses, faults, unmappings and invalidations, with parameters
// so tight that every queue backs up.
//
// Up to four invalidations at a time, of one page, of more, of everything, with and without a PASID or the
// Global flag, race with translations in flight, some of them valid for every PASID. Checked: once they and
// the sync behind them are acknowledged, nothing touches the old pages any more; every access ends and every
// page request is answered; the order of blocks in the calendar changes nothing.
#include <random>
#include <set>

#include "models/pcie/root_port.hpp"
#include "testbenches/unit/pcie_memory.hpp"

using namespace svasim;
using namespace svasim::test;
using arch::dti::Downstream;
using arch::dti::Upstream;

namespace {

constexpr std::uint64_t kLarge = std::uint64_t{1} << 21;
constexpr std::uint64_t kShared = 5 * kLarge;  ///< from here on translations are every PASID's

class RandomSource : public pcie::AccessSource {
 public:
  RandomSource(unsigned seed, unsigned count) : random_(seed), left_(count) {}
  bool next(pcie::DeviceAccess& access) override {
    if (left_ == 0) return false;
    --left_;
    const auto pick = [&](unsigned n) { return static_cast<std::uint32_t>(random_() % n); };
    // 40 small pages in the first 2 MiB, 4 large ones after them, and a shared one.
    const std::uint64_t page = pick(4) != 0 ? std::uint64_t{pick(40)} << 12
                                            : kLarge * (1 + pick(5)) + (std::uint64_t{pick(512)} << 12);
    access = {1 + pick(2),  pick(3) == 0,          page + pick(2048), 1 + pick(2048),
              pick(4) == 0, time_ += pick(40'000), pick(8) == 0,      pick(8) == 0};
    return true;
  }

 private:
  std::mt19937 random_;
  unsigned left_;
  Picoseconds time_ = 0;
};

/// TCU and software: a page table that takes pages away, translates, serves page requests.
class Tcu {
 public:
  Tcu(Machine& machine, unsigned seed, engine::Link<Upstream>& from, engine::Link<Downstream>& to)
      : m_(machine), random_(seed), to_(to), block_(machine.calendar.add_block()) {
    from.bind<&Tcu::receive>({block_, 0}, this);
    from_ = &from;
    m_.calendar.post<&Tcu::unmap>(5'000'000, {block_, 2}, this);
  }
  bool dead(std::uint64_t address) const { return dead_.count(address / kLarge) != 0; }
  unsigned unmapped = 0;

 private:
  struct Key {
    std::uint32_t pasid;
    std::uint64_t first;
    bool operator<(const Key& o) const { return pasid != o.pasid ? pasid < o.pasid : first < o.first; }
  };
  static std::uint8_t log2_size(std::uint64_t va) { return va < kLarge ? 12 : 21; }
  static Key key(std::uint32_t pasid, std::uint64_t va) {
    return {va < kShared ? pasid : 0, va >> log2_size(va) << log2_size(va)};
  }
  Picoseconds soon(unsigned most) { return m_.calendar.now() + 1'000 * (1 + random_() % most); }
  void later(unsigned most, const Downstream& message) {
    outgoing_.push_back(message);
    m_.calendar.post<&Tcu::send>(soon(most), {block_, 1}, this, outgoing_.size() - 1);
  }

  void receive(Upstream& message) {
    from_->consumed();
    Downstream answer;
    answer.id = message.id;
    switch (message.kind) {
      case Upstream::Kind::trans_req: {
        message.transaction->timeline.enter(Stage::walk_memory, m_.calendar.now());
        answer.kind = Downstream::Kind::ats_resp;
        const auto found = pages_.find(key(message.substream.value, message.va.value));
        if (found != pages_.end()) answer.ats = found->second;
        if (!message.access.write) answer.ats.translation.write = false;
        answer.ats.translation.execute = message.access.instruction && answer.ats.translation.read;
        answer.ats.translation.global = message.va.value >= kShared;
        later(300, answer);  // what the table said then, however old by now: a device must cope
        break;
      }
      case Upstream::Kind::page_req: page_request(message); break;
      case Upstream::Kind::inv_ack: break;
      case Upstream::Kind::inv_comp:
        REQUIRE((itags_ >> message.id & 1) != 0);
        itags_ &= ~(1u << message.id);
        if (itags_ != 0) break;
        answer.kind = Downstream::Kind::sync_req;
        later(10, answer);
        break;
      case Upstream::Kind::sync_ack:
        dead_.insert(unmapping_.begin(), unmapping_.end());
        unmapping_.clear();
        if (unmapped < 300) m_.calendar.post<&Tcu::unmap>(soon(3'000), {block_, 2}, this);
        break;
    }
  }
  void page_request(const Upstream& message) {
    const probe::FaultKey fault{probe::FaultKind::pri, arch::raw(message.stream), message.group};
    m_.recorder.find(fault, message.va.value)->enter(Stage::fault_record, m_.calendar.now());
    const bool invalid = random_() % 20 == 0, in_vain = random_() % 10 == 0;
    group_.push_back(message);
    if (!message.last) return;
    Downstream answer;
    answer.kind = Downstream::Kind::page_resp;
    answer.stream = message.stream;
    answer.substream = message.substream;
    answer.group = message.group;
    answer.response = invalid ? 1 : 0;
    for (const Upstream& request : group_) {
      REQUIRE(request.group == message.group);
      REQUIRE(request.substream == message.substream);
      if (!invalid && !in_vain) map(request);
    }
    group_.clear();
    later(2'000, answer);
  }
  void map(const Upstream& request) {
    arch::AtsAnswer& entry = pages_[key(request.substream.value, request.va.value)];
    if (!entry.translation.read) entry = page(kLarge * ++allocated_, false, log2_size(request.va.value));
    entry.translation.write |= request.page_write;
  }
  void unmap(std::uint64_t) {
    if (pages_.empty()) {
      if (m_.recorder.live() != 0) m_.calendar.post<&Tcu::unmap>(soon(3'000), {block_, 2}, this);
      return;
    }
    for (unsigned n = 1 + random_() % 4; n != 0 && !pages_.empty(); --n) unmap_one();
  }
  void unmap_one() {
    ++unmapped;
    auto victim = std::next(pages_.begin(), static_cast<long>(random_() % pages_.size()));
    unmapping_.insert(victim->second.translation.address / kLarge);
    const std::uint64_t first = victim->first.first;
    unsigned itag = random_() % 32;
    while ((itags_ >> itag & 1) != 0) itag = (itag + 1) % 32;
    itags_ |= 1u << itag;
    Downstream message;
    message.kind = Downstream::Kind::atc_inv;
    message.id = static_cast<std::uint16_t>(itag);
    message.command.opcode = arch::Opcode::atc_inv;
    message.command.address = first;
    // The page, a larger range around it, or everything; under a PASID that has it.
    const unsigned how = random_() % 8;
    message.command.size = static_cast<std::uint8_t>(
        how == 0 ? arch::kAtcInvalidateAll : log2_size(first) - 12 + (how == 1 ? 1 + random_() % 9 : 0));
    message.command.substream = {
        true, first < kShared ? victim->first.pasid : 1 + static_cast<std::uint32_t>(random_() % 3)};
    if (how == 2) message.command.substream = {};
    message.command.global = how == 3;
    if (how == 3) message.command.substream.value = 7;
    pages_.erase(victim);
    later(20, message);
  }
  void send(std::uint64_t index) {
    const Downstream& message = outgoing_[index];
    if (message.kind == Downstream::Kind::page_resp) {
      m_.recorder.enter({probe::FaultKind::pri, arch::raw(message.stream), message.group},
                        Stage::prg_response, m_.calendar.now());
    }
    to_.send(message, 16);
  }

  Machine& m_;
  std::mt19937 random_;
  engine::Link<Upstream>* from_ = nullptr;
  engine::Link<Downstream>& to_;
  std::uint16_t block_;
  std::map<Key, arch::AtsAnswer> pages_;
  std::deque<Downstream> outgoing_;
  std::vector<Upstream> group_;
  std::uint64_t allocated_ = 0;  ///< every page ever mapped has 2 MiB of its own
  std::uint32_t itags_ = 0;      ///< outstanding
  std::set<std::uint64_t> unmapping_;
  std::set<std::uint64_t> dead_;
};

pcie::EndpointConfig tight_endpoint(std::mt19937& random) {
  const auto pick = [&](unsigned n) { return 1 + static_cast<unsigned>(random() % n); };
  pcie::EndpointConfig config;
  config.issue = {pick(48), pick(4)};
  config.atc.sets = 1u << (pick(4) - 1);
  config.atc.ways = pick(3);
  config.atc.latency = pick(20);
  config.atc.interval = pick(3);
  config.ats.requests = pick(6);
  config.pri.allocation = pick(6);
  config.pri.group_pages = pick(4);
  config.pri.request_cycles = pick(50);
  config.atc.completions = pick(8);
  config.atc.collect_cycles = pick(2) == 1 ? 0 : pick(100);
  config.ats.no_write = pick(4) != 1;
  config.pri.reissue_cycles = pick(20) - 1;
  config.pri.backoff = pick(4) - 1;
  config.pri.held = pick(2) == 1 ? 0 : pick(6);
  config.pri.when_full = pick(2) == 1 ? pcie::WhenFull::stall : pcie::WhenFull::pass;
  return config;
}

struct Run {
  std::map<std::uint64_t, Closed> transactions;
  std::uint64_t faults = 0, stale = 0, merged = 0, hits = 0, parked = 0;
  unsigned unmapped = 0;
};

Run run(unsigned seed, std::uint32_t shuffle) {
  std::mt19937 random(seed);
  const auto pick = [&](unsigned n) { return 1 + static_cast<unsigned>(random() % n); };
  Machine machine;
  machine.calendar.shuffle(shuffle);
  RandomSource source(seed, 3'000);
  pcie::PcieLink link(machine.calendar, machine.clock, engine::Clock(1'300), slow_link(pick(6)));
  const engine::LinkTiming dti{pick(200), 2'000 * pick(3), 0};
  engine::Link<Upstream> up(machine.calendar, engine::Clock(1'300), machine.clock, dti);
  engine::Link<Downstream> down(machine.calendar, machine.clock, engine::Clock(1'300), dti);
  Tcu tcu(machine, seed, up, down);
  MemoryStub memory("memory", machine);
  std::mt19937 memory_random(seed);
  const auto check_alive = [&](const engine::Payload& payload) {
    if (tcu.dead(payload.get_address())) FAIL("used after its invalidation: " << payload.get_address());
  };
  memory.time = [&](const engine::Payload& payload) {
    check_alive(payload);
    return 1'000 * (1 + memory_random() % 500);
  };
  memory.answer = check_alive;
  pcie::RootPortConfig root_config;
  root_config.trackers = pick(8);
  root_config.tokens = pick(4);
  pcie::RootPort root_port("root_port", machine.calendar, engine::Clock(1'300), machine.recorder, root_config,
                           link, up, down);
  root_port.memory.socket.bind(memory.target.socket);
  pcie::Endpoint endpoint(machine.calendar, machine.clock, machine.recorder, tight_endpoint(random),
                          {1, arch::StreamId{0x100}}, link, source);
  endpoint.poke();
  sc_core::sc_start();

  CHECK(machine.recorder.opened() == 3'000);
  CHECK(machine.recorder.live() == 0);
  CHECK(machine.recorder.faults_live() == 0);
  CHECK(endpoint.drained());
  CHECK(root_port.leaked() == 0);
  Run result{machine.closed.transactions, machine.recorder.faults_closed(), 0, 0, 0, 0, tcu.unmapped};
  endpoint.counters([&](std::string name, std::uint64_t value) {
    if (name == "ats_stale") result.stale = value;
    if (name == "ats_merged") result.merged = value;
    if (name == "atc_hits") result.hits = value;
    if (name == "pri_parked") result.parked = value;
    if (name == "unexpected_messages") CHECK(value == 0);
  });
  return result;
}

}  // namespace

TEST_CASE("random traffic with invalidations is safe, complete and independent of the order of blocks") {
  Run total;
  for (unsigned seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    const Run plain = run(seed, 0);
    total.faults += plain.faults;
    total.stale += plain.stale;
    total.merged += plain.merged;
    total.hits += plain.hits;
    total.parked += plain.parked;
    total.unmapped += plain.unmapped;
    for (std::uint32_t shuffle : {1u, 0x1234u}) {
      INFO("shuffle " << shuffle);
      const Run shuffled = run(seed, shuffle);
      REQUIRE(plain.transactions.size() == shuffled.transactions.size());
      for (const auto& [id, transaction] : plain.transactions) {
        if (!(transaction == shuffled.transactions.at(id))) FAIL("transaction " << id << " differs");
      }
    }
  }
  // The traffic is worth something.
  INFO("faults " << total.faults << ", stale answers " << total.stale << ", merged " << total.merged
                 << ", hits " << total.hits << ", unmapped " << total.unmapped << ", parked "
                 << total.parked);
  CHECK(total.faults > 1'000);
  CHECK(total.stale > 10);
  CHECK(total.merged > 1'000);
  CHECK(total.hits > 1'000);
  CHECK(total.unmapped > 1'000);
  CHECK(total.parked > 500);
}
