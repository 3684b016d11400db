// A root port on its DTI links, as the TCU sees one: sends what a test tells it to, notes what it is told.
#pragma once

#include "testbenches/unit/smmu_bench.hpp"

namespace svasim::test {

constexpr arch::StreamId kFunction{9};

/// A root port on its DTI links.
struct RootPort {
  Calendar& calendar;
  smmu::Smmu::DtiLinks& links;
  std::vector<arch::dti::Downstream> received;
  std::vector<Picoseconds> when;  ///< each of them
  bool answers_syncs = true, accepts_invalidations = true;
  explicit RootPort(SmmuBench& b, arch::StreamId stream = kFunction)
      : RootPort(b.calendar, b.smmu.add_root_port(stream, b.clock)) {}
  RootPort(Calendar& c, smmu::Smmu::DtiLinks& l) : calendar(c), links(l) {
    links.down->bind<&RootPort::receive>({c.add_block(), 0}, this);
  }
  void receive(arch::dti::Downstream& message) {
    received.push_back(message);
    when.push_back(calendar.now());
    if (message.kind == arch::dti::Downstream::Kind::atc_inv && accepts_invalidations) accept_invalidation();
    if (message.kind != arch::dti::Downstream::Kind::sync_req || !answers_syncs) return;
    arch::dti::Upstream ack;
    ack.kind = arch::dti::Upstream::Kind::sync_ack;
    ack.id = message.id;
    links.up->send(ack);
  }
  void page_request(std::uint64_t va, std::uint16_t group, bool last, bool read = true,
                    arch::SubstreamId pasid = {true, 5}, arch::StreamId stream = kFunction) {
    arch::dti::Upstream m;
    m.kind = arch::dti::Upstream::Kind::page_req;
    m.stream = stream;
    m.substream = pasid;
    m.page_read = read;
    m.last = last;
    m.group = group;
    m.va = arch::Va(va);
    links.up->send(m);
  }
  void translation_request(std::uint64_t va, bool write, arch::StreamId stream = kFunction) {
    arch::dti::Upstream m;
    m.flow = arch::dti::Flow::ats;
    m.stream = stream;
    m.access.write = write;
    m.va = arch::Va(va);
    links.up->send(m);
  }
  void accept_invalidation() {
    arch::dti::Upstream ack;
    ack.kind = arch::dti::Upstream::Kind::inv_ack;
    links.up->send(ack);
  }
  void complete_invalidation(std::uint16_t itag, bool error = false) {
    arch::dti::Upstream m;
    m.kind = arch::dti::Upstream::Kind::inv_comp;
    m.id = itag;
    m.error = error;
    links.up->send(m);
  }
};

}  // namespace svasim::test
