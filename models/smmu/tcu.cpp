// See tcu.hpp.
#include "models/smmu/tcu.hpp"

#include <algorithm>

#include "models/arch/ats_answer.hpp"
#include "models/smmu/tcu_port.hpp"

namespace svasim::smmu {
namespace {

arch::AtsRequest ats_request(const arch::dti::Upstream& request) {
  arch::AtsRequest ats;
  ats.substream = request.substream;
  ats.va = request.va;
  ats.no_write = !request.access.write;
  ats.execute = request.access.instruction;
  ats.privileged = request.access.privileged;
  return ats;
}

}  // namespace

Tcu::Tcu(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
         const TcuConfig& config, unsigned invalidation_tokens, const Context& context,
         std::unique_ptr<arch::WalkCache> walk_cache, probe::Recorder* recorder)
    : sc_core::sc_module(name),
      block_(calendar.add_block()),
      memory("memory", calendar, clock, {block_, kMemory}, config.bus_bytes),
      interrupts(memory),
      commands(calendar, clock, {block_, kCommands}, memory, *this, context.features),
      events(memory, interrupts, Interrupt::event_queue, arch::kLog2EventBytes),
      page_requests(memory, interrupts, Interrupt::page_request_queue, arch::kLog2PageRequestBytes),
      calendar_(calendar),
      clock_(clock),
      context_(context),
      atc_timeout_(engine::Picoseconds{config.atc_timeout} * 1'000'000),
      invalidation_tokens_(invalidation_tokens),
      merge_events_(config.merge_events),
      prefetch_queue_(config.prefetch_queue),
      recorder_(recorder),
      stall_table_(std::max<unsigned>(context.features.stall_max, 1)),
      translator_(calendar, clock, {{block_, kPipeline}, {block_, kWalkCache}}, config, context, memory,
                  std::move(walk_cache), *this) {
  const auto visible = [this](const OutputQueue::Record& record) {
    probe::Fault* fault =
        record.fault && recorder_ != nullptr ? recorder_->find(*record.fault, record.va) : nullptr;
    if (fault != nullptr) fault->enter(probe::Stage::interrupt, calendar_.now());
  };
  events.on_visible = visible;
  page_requests.on_visible = visible;
  events.on_lost = [this](const OutputQueue::Record& record) { event_lost(record); };
  events.on_progress = [this] {
    record_stalls();
    advance();
  };
  page_requests.on_lost = [this](const OutputQueue::Record& record) { page_request_lost(record); };
  page_requests.on_progress = [this] { advance(); };
  commands.on_idle = [this] { advance(); };
  events.on_write_abort = [this] { on_global_error(arch::gerror::kEventqAbort); };
  page_requests.on_write_abort = [this] { on_global_error(arch::gerror::kPriqAbort); };
  interrupts.on_abort = [this](Interrupt interrupt) {
    static constexpr std::uint32_t kBits[kInterrupts] = {
        arch::gerror::kMsiEventqAbort, arch::gerror::kMsiPriqAbort, arch::gerror::kMsiCmdqAbort,
        arch::gerror::kMsiGerrorAbort};
    on_global_error(kBits[static_cast<std::size_t>(interrupt)]);
  };
  SC_METHOD(atc_time_is_up);
  sensitive << atc_alarm_;
  dont_initialize();
}

Tcu::~Tcu() = default;

void Tcu::attach(DtiUp& from, DtiDown& to, bool root_port) {
  const auto index = static_cast<std::uint8_t>(ports_.size());
  ports_.push_back(std::unique_ptr<Port>(new Port{*this, from, to, index, root_port, invalidation_tokens_}));
  from.bind<&Port::receive>({block_, static_cast<std::uint8_t>(kFirstPort + index)}, ports_.back().get());
}

void Tcu::attach_root_port(DtiUp& from, DtiDown& to, StreamRange streams) {
  attach(from, to, true);
  ports_.back()->streams = streams;
}

Tcu::Port* Tcu::root_port_of(arch::StreamId stream) {
  for (const auto& port : ports_) {
    if (port->root_port && port->streams.contains(stream)) return port.get();
  }
  return nullptr;
}

// --- dispatch: one request a cycle into a free slot; retries first, then page requests that must be
// answered, then the ports in turn, and prefetches when there is nothing else
// ---------------------------

void Tcu::schedule_dispatch() {
  if (dispatch_scheduled_ || !translator_.slot_free()) return;
  const bool any =
      !retries_.empty() || !overflowed_.empty() || !prefetches_.empty() ||
      std::any_of(ports_.begin(), ports_.end(), [](const auto& port) { return !port->requests.empty(); });
  if (!any) return;
  dispatch_scheduled_ = true;
  calendar_.post<&Tcu::dispatch>(std::max(calendar_.now(), dispatch_free_), {block_, kDispatch}, this);
}

Tcu::Port* Tcu::next_with_request() {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    Port& port = *ports_[(next_port_ + i) % ports_.size()];
    if (!port.requests.empty()) return &port;
  }
  return nullptr;
}

void Tcu::dispatch(std::uint64_t) {
  dispatch_scheduled_ = false;
  if (!translator_.slot_free()) return;
  if (!retries_.empty()) {
    translator_.start(retries_.pop_front());
  } else if (!overflowed_.empty()) {
    translator_.start(overflowed_.pop_front());
  } else if (Port* port = next_with_request()) {
    next_port_ = port->index + 1u;
    translator_.start({port->requests.pop_front(), port->index});
  } else if (!prefetches_.empty()) {
    ++prefetches_begun_;
    translator_.start(prefetches_.pop_front());
  }
  dispatch_free_ = calendar_.now() + clock_.period();
  schedule_dispatch();
}

// --- outcomes
// ---------------------------------------------------------------------------------------------------------

void Tcu::translated(const Pending& pending, const arch::StreamConfig& config,
                     const arch::TranslationResult& result, bool keep) {
  const arch::dti::Upstream& request = pending.request;
  if (request.transaction != nullptr) {
    if (request.flow != arch::dti::Flow::ats)
      request.transaction->timeline.translation_succeeded(calendar_.now());
    request.transaction->timeline.enter(probe::Stage::dti_back, calendar_.now());
  }
  arch::dti::Downstream answer;
  answer.id = request.id;
  answer.do_not_cache = !keep || !context_.state.smmu_enabled;
  if (request.flow == arch::dti::Flow::ats) {
    answer.kind = arch::dti::Downstream::Kind::ats_resp;
    answer.ats = arch::ats_answer(ats_request(request), config, result);
  } else {
    answer.kind = arch::dti::Downstream::Kind::trans_resp;
    answer.result = result;
    answer.access_override = config.access_override;
  }
  ports_[pending.port]->to.send(answer);
}

bool Tcu::faulted(const Pending& pending, const arch::Fault& fault) {
  const arch::dti::Upstream& request = pending.request;
  if (fault.termination == arch::Termination::stall) {
    if (context_.state.smmu_enabled) return stall(pending, fault);
    if (request.transaction != nullptr) request.transaction->timeline.translation_failed(calendar_.now());
    answer_fault(pending, false);
    return true;
  }
  if (fault.recorded) {
    record(fault.event(request.stream, request.substream, request.va, request.access), fault.mev);
  }
  if (request.flow == arch::dti::Flow::ats) {
    if (request.transaction != nullptr)
      request.transaction->timeline.enter(probe::Stage::dti_back, calendar_.now());
    arch::dti::Downstream answer;
    answer.kind = arch::dti::Downstream::Kind::ats_resp;
    answer.id = request.id;
    answer.ats = arch::ats_answer(ats_request(request), fault);
    ports_[pending.port]->to.send(answer);
  } else {
    if (request.transaction != nullptr) request.transaction->timeline.translation_failed(calendar_.now());
    answer_fault(pending, fault.termination == arch::Termination::raz_wi);
  }
  return true;
}

void Tcu::answer_fault(const Pending& pending, bool raz) {
  if (probe::Transaction* transaction = pending.request.transaction) {
    transaction->timeline.enter(probe::Stage::dti_back, calendar_.now());
  }
  arch::dti::Downstream answer;
  answer.kind = arch::dti::Downstream::Kind::trans_fault;
  answer.id = pending.request.id;
  answer.raz = raz;
  ports_[pending.port]->to.send(answer);
}

/// What waited for an STAG when the SMMU was switched off is terminated like the stalled ones.
void Tcu::retry(const Pending& pending) {
  context_.state.smmu_enabled ? retries_.push_back(pending) : answer_fault(pending, false);
}

void Tcu::translation_ended() {
  schedule_dispatch();
  advance();
  if (invalidation_waiting_ && translator_.walk_cache().accepts_invalidations()) {
    invalidation_waiting_ = false;
    commands.resume();
  }
}

}  // namespace svasim::smmu
