// See smmu.hpp.
#include "models/smmu/smmu.hpp"

#include <algorithm>
#include <string>

namespace svasim::smmu {

Smmu::Smmu(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
           const SmmuConfig& config, const std::vector<arch::dti::Flow>& flows,
           std::unique_ptr<arch::WalkCache> walk_cache, probe::Recorder* recorder, DtiSplice splice)
    : sc_core::sc_module(name),
      calendar_(calendar),
      clock_(clock),
      config_(config),
      splice_(std::move(splice)),
      context_{config.features, {}} {
  tcu_ = std::make_unique<Tcu>("tcu", calendar, clock, config.tcu, config.dti.invalidation_tokens, context_,
                               std::move(walk_cache), recorder);
  registers_ = std::make_unique<RegisterFile>("registers", calendar, clock, config.tcu.register_latency,
                                              context_, *tcu_);
  for (std::size_t i = 0; i < flows.size(); ++i) {
    const auto [near, far] = connect(clock, false);
    tbus_.push_back(std::make_unique<Tbu>(("tbu" + std::to_string(i)).c_str(), calendar, clock, config.tbu,
                                          context_, flows[i], *near.up, *near.down));
    tcu_->attach_tbu(*far.up, *far.down);
  }
}

Smmu::DtiLinks& Smmu::add_links(engine::Clock requester, engine::LinkTiming timing) {
  links_.push_back(
      std::make_unique<DtiLinks>(DtiLinks{std::make_unique<DtiUp>(calendar_, requester, clock_, timing),
                                          std::make_unique<DtiDown>(calendar_, clock_, requester, timing)}));
  return *links_.back();
}

std::pair<Smmu::DtiLinks&, Smmu::DtiLinks&> Smmu::connect(engine::Clock requester, bool root_port) {
  if (!splice_) {
    DtiLinks& links = add_links(requester, timing());
    return {links, links};
  }
  DtiLinks& near = add_links(requester, {});
  DtiLinks& far = add_links(clock_, {});
  splice_(near, far, root_port);
  return {near, far};
}

Smmu::DtiLinks& Smmu::add_root_port(StreamRange streams, engine::Clock root_port_clock) {
  const auto [near, far] = connect(root_port_clock, true);
  tcu_->attach_root_port(*far.up, *far.down, streams);
  return near;
}

Smmu::DtiLinks& Smmu::add_root_port(StreamRange streams, engine::Clock root_port_clock,
                                    engine::LinkTiming timing) {
  DtiLinks& links = add_links(root_port_clock, timing);
  tcu_->attach_root_port(*links.up, *links.down, streams);
  return links;
}

Smmu::DtiLinks& Smmu::add_tbu(engine::Clock tbu_clock, engine::LinkTiming timing) {
  DtiLinks& links = add_links(tbu_clock, timing);
  tcu_->attach_tbu(*links.up, *links.down);
  return links;
}

bool Smmu::quiet() const {
  return tcu_->quiet() && registers_->quiet() &&
         std::all_of(tbus_.begin(), tbus_.end(), [](const auto& tbu) { return tbu->quiet(); });
}

bool Smmu::reset() {
  if (!quiet()) return false;
  for (const bool e2h : {false, true}) {
    context_.state.e2h = e2h;
    tcu_->forget_translations();
  }
  for (const auto& tbu : tbus_) tbu->forget_translations();
  tcu_->reset();
  registers_->reset();
  return true;
}

engine::LinkTiming Smmu::timing() const {
  engine::LinkTiming timing;
  const engine::Picoseconds rate = clock_.period() * 1024 / config_.dti.bytes_per_cycle;
  timing.per_byte = rate / 1024;
  timing.per_byte_1024ths = static_cast<unsigned>(rate % 1024);
  timing.flight = clock_.span(config_.dti.flight);
  return timing;
}

}  // namespace svasim::smmu
