// See tbu.hpp.
#include "models/smmu/tbu.hpp"

#include <algorithm>

namespace svasim::smmu {
namespace {

// Inlets, in the order in which simultaneous arrivals act: an invalidation acts before a lookup's result.
enum : std::uint8_t { kDti, kMemory, kPipeline, kDevice };

std::uint64_t as_argument(engine::Payload& payload) { return reinterpret_cast<std::uint64_t>(&payload); }
engine::Payload& as_payload(std::uint64_t argument) { return *reinterpret_cast<engine::Payload*>(argument); }

arch::Access access_of(const engine::Payload& payload) {
  return {payload.is_write(), payload.attributes.instruction, payload.attributes.privileged};
}

TlbKey key_of(const engine::Payload& payload, std::uint64_t page) {
  const engine::Attributes& a = payload.attributes;
  return TlbKey(a.stream, a.substream, a.address_type, page);
}

TlbKey page_key(const engine::Payload& payload) {
  return key_of(payload, payload.get_address() >> arch::kPageShift);
}

}  // namespace

Tbu::Tbu(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
         const TbuConfig& config, const Context& context, arch::dti::Flow flow, DtiUp& to_tcu,
         DtiDown& from_tcu)
    : sc_core::sc_module(name),
      block_(calendar.add_block()),
      device("device", calendar, clock, {block_, kDevice}, config.bus_bytes, config.input_queue),
      memory("memory", calendar, clock, {block_, kMemory}, config.bus_bytes),
      calendar_(calendar),
      clock_(clock),
      config_(config),
      context_(context),
      to_tcu_(to_tcu),
      flow_(flow),
      utlb_(1, config.utlb_entries),
      tlb_(config.tlb_sets, config.tlb_ways),
      slots_(config.slots),
      tokens_(config.tokens) {
  for (std::size_t i = slots_.size(); i > 0; --i) free_slots_.push_back(static_cast<std::uint16_t>(i - 1));
  device.bind_request<&Tbu::accept>(this);
  memory.bind_response<&Tbu::memory_response>(this);
  from_tcu.bind<&Tbu::receive>({block_, kDti}, this);
}

// (1) A request arrives and waits for the lookup pipeline, which starts one a cycle and stands still while a
// miss waits for a
//     slot.
void Tbu::accept(engine::Payload& payload) {
  ++transactions_;
  input_.push_back(&payload);
  schedule_lookup();
}

void Tbu::schedule_lookup() {
  if (lookup_scheduled_ || input_.empty() || !missed_.empty()) return;
  lookup_scheduled_ = true;
  calendar_.post<&Tbu::start_lookup>(std::max(calendar_.now(), lookup_free_), {block_, kPipeline}, this);
}

void Tbu::start_lookup(std::uint64_t) {
  lookup_scheduled_ = false;
  const engine::Picoseconds now = calendar_.now();
  if (!missed_.empty()) return;
  if (lookup_free_ > now) {
    schedule_lookup();
    return;
  }
  engine::Payload& payload = *input_.pop_front();
  device.release();
  payload.tag.enter(probe::Stage::tbu_tlb, now);
  lookup_free_ = now + clock_.period();
  calendar_.post<&Tbu::utlb_result>(now + clock_.span(config_.utlb_latency), {block_, kPipeline}, this,
                                    as_argument(payload));
  schedule_lookup();
}

// (2) Micro-TLB.
void Tbu::utlb_result(std::uint64_t argument) {
  engine::Payload& payload = as_payload(argument);
  if (const TlbEntry* entry = find(utlb_, payload)) {
    ++utlb_hits_;
    forward(payload, *entry);
    return;
  }
  calendar_.post<&Tbu::tlb_result>(calendar_.now() + clock_.span(config_.tlb_latency), {block_, kPipeline},
                                   this, argument);
}

// (3) Main TLB. A hit also fills the micro-TLB.
void Tbu::tlb_result(std::uint64_t argument) {
  engine::Payload& payload = as_payload(argument);
  ++tlb_lookups_;
  if (const TlbEntry* entry = find(tlb_, payload)) {
    ++tlb_hits_;
    utlb_.insert(*entry);
    forward(payload, *entry);
    return;
  }
  miss(payload);
}

/// An entry that holds for the payload's address and allows its access; without permission it is a miss, so
/// that the walk produces the fault.
const TlbEntry* Tbu::find(Tlb& tlb, const engine::Payload& payload) const {
  const TlbEntry* entry = tlb.lookup(page_key(payload));
  const bool in_range = payload.get_address() >> context_.features.oas_bits() == 0;
  if (entry == nullptr && in_range && payload.attributes.address_type == arch::AddressType::translated) {
    entry = tlb.lookup(key_of(payload, TlbKey::kWholeStream));
  }
  return entry != nullptr && entry->allows(access_of(payload)) ? entry : nullptr;
}

// (4) A miss takes a slot, in order; without one the lookup pipeline stands still.
void Tbu::miss(engine::Payload& payload) {
  if (!free_slots_.empty() && missed_.empty()) {
    occupy_slot(payload);
    return;
  }
  payload.tag.enter(probe::Stage::tbu_queue, calendar_.now());
  missed_.push_back(&payload);
}

void Tbu::occupy_slot(engine::Payload& payload) {
  const std::uint16_t index = free_slots_.back();
  free_slots_.pop_back();
  slots_peak_ = std::max<std::uint64_t>(slots_peak_, occupied());
  Slot& slot = slots_[index];
  slot = Slot{};
  slot.payload = &payload;
  slot.key = page_key(payload);
  const std::uint16_t primary = chain_of(slot.key);
  if (primary == kNone) {
    ask(index);
    return;
  }
  ++merged_;
  Slot& head = slots_[primary];
  (head.next == kNone ? head.next : slots_[head.last].next) = index;
  head.last = index;
  merge(payload, *head.payload);
}

/// Instrumentation: `waiting` waits for the translation that `ahead` asked for.
void Tbu::merge(engine::Payload& waiting, engine::Payload& ahead) {
  if (waiting.tag.transaction == nullptr || ahead.tag.transaction == nullptr) return;
  ahead.tag.transaction->merge(*waiting.tag.transaction, calendar_.now());
}

/// The slot whose request to the TCU will answer for `key` too.
std::uint16_t Tbu::chain_of(const TlbKey& key) const {
  for (std::uint16_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].primary && slots_[i].key == key) return i;
  }
  return kNone;
}

// (5) The request to the TCU needs a token.
void Tbu::ask(std::uint16_t index) {
  Slot& slot = slots_[index];
  slot.primary = true;
  slot.poisoned = false;
  slot.payload->tag.enter(probe::Stage::dti_out, calendar_.now());
  asking_.push_back(index);
  pump_requests();
}

void Tbu::pump_requests() {
  while (tokens_ > 0 && !asking_.empty()) {
    --tokens_;
    ++requests_;
    const std::uint16_t index = asking_.pop_front();
    const engine::Payload& payload = *slots_[index].payload;
    arch::dti::Upstream request;
    request.kind = arch::dti::Upstream::Kind::trans_req;
    request.id = index;
    request.flow = flow_;
    request.address_type = payload.attributes.address_type;
    request.stream = payload.attributes.stream;
    request.substream = payload.attributes.substream;
    request.access = access_of(payload);
    request.va = arch::Va(payload.get_address());
    request.transaction = payload.tag.transaction;
    to_tcu_.send(request, arch::dti::kTransReqBytes);
  }
}

void Tbu::receive(arch::dti::Downstream& message) {
  using Kind = arch::dti::Downstream::Kind;
  switch (message.kind) {
    case Kind::trans_resp:
    case Kind::trans_fault: answer(message); break;
    case Kind::inv_req: invalidate(message.command); break;
    case Kind::sync_req:
      sync_pending_ = true;
      sync_id_ = message.id;
      epoch_ ^= 1;
      try_sync();
      break;
    default: break;  // ATS messages go to root ports
  }
}

// (6) The answer serves the request and, where it allows them, everybody chained behind it; the others ask
// for themselves.
void Tbu::answer(const arch::dti::Downstream& message) {
  Slot& primary = slots_[message.id];
  ++tokens_;
  primary.primary = false;
  if (primary.payload->tag.transaction != nullptr) primary.payload->tag.transaction->waiters.clear();
  const bool granted = message.kind == arch::dti::Downstream::Kind::trans_resp;
  TlbEntry entry;
  if (granted) {
    entry.key = primary.key;
    if (message.bypass) entry.key.page = TlbKey::kWholeStream;
    entry.result = message.result;
    entry.result.pa = message.result.pa.aligned(arch::kPageShift);
    entry.access_override = message.access_override;
    if (!message.do_not_cache && !primary.poisoned) {
      tlb_.insert(entry);
      utlb_.insert(entry);
    }
  }
  std::uint16_t chained = primary.next;
  engine::Payload& payload = *primary.payload;
  release_slot(message.id);
  granted ? forward(payload, entry) : terminate(payload, message.raz);
  while (chained != kNone) {
    const std::uint16_t index = chained;
    chained = slots_[index].next;
    slots_[index].next = kNone;
    engine::Payload& waiting = *slots_[index].payload;
    if (granted && entry.allows(access_of(waiting))) {
      if (waiting.tag.transaction != nullptr)
        waiting.tag.transaction->timeline.translation_succeeded(calendar_.now());
      release_slot(index);
      forward(waiting, entry);
      continue;
    }
    // Its own request, and the rest of the chain behind that.
    slots_[index].next = chained;
    slots_[index].last = chained == kNone ? kNone : primary.last;
    ask(index);
    for (std::uint16_t i = chained; i != kNone; i = slots_[i].next) merge(*slots_[i].payload, waiting);
    break;
  }
  pump_requests();
  while (!missed_.empty() && !free_slots_.empty()) occupy_slot(*missed_.pop_front());
  schedule_lookup();
}

void Tbu::release_slot(std::uint16_t index) { free_slots_.push_back(index); }

// (7) Translated: on to memory.
void Tbu::forward(engine::Payload& payload, const TlbEntry& entry) {
  const arch::Va va(payload.get_address());
  const arch::Pa pa = entry.translate(va.value);
  if (on_use) on_use({payload.attributes, va, pa, payload.is_write()});
  payload.set_address(pa.value);
  payload.attributes.memory = entry.result.attributes;
  payload.tag.push(static_cast<std::uint16_t>(epoch_));
  ++forwarded_[epoch_];
  payload.tag.enter(probe::Stage::interconnect, calendar_.now());
  memory.send(payload);
}

void Tbu::memory_response(engine::Payload& payload) {
  --forwarded_[payload.tag.pop()];
  device.respond(payload);
  try_sync();
}

void Tbu::terminate(engine::Payload& payload, bool raz) {
  ++aborted_;
  payload.attributes.raz = raz;
  payload.attributes.terminated = true;
  payload.set_response_status(raz ? tlm::TLM_OK_RESPONSE : tlm::TLM_GENERIC_ERROR_RESPONSE);
  if (raz && payload.is_read()) std::fill_n(payload.data(), payload.bytes(), std::uint8_t{0});
  device.respond(payload);
}

// Invalidations take effect on arrival; a scan by ASID, VMID or stream keeps the lookup pipeline busy one
// cycle a set.
void Tbu::invalidate(const arch::Command& command) {
  ++invalidations_;
  utlb_.invalidate(command, context_);
  tlb_.invalidate(command, context_);
  for (Slot& slot : slots_) slot.poisoned = true;
  const bool by_address =
      command.opcode == arch::Opcode::tlbi_nh_va || command.opcode == arch::Opcode::tlbi_nh_vaa;
  const engine::Picoseconds busy = clock_.span(by_address ? 1 : tlb_.sets());
  lookup_free_ = std::max(lookup_free_, calendar_.now()) + busy;
}

void Tbu::try_sync() {
  if (!sync_pending_ || forwarded_[epoch_ ^ 1] != 0) return;
  sync_pending_ = false;
  arch::dti::Upstream ack;
  ack.kind = arch::dti::Upstream::Kind::sync_ack;
  ack.id = sync_id_;
  to_tcu_.send(ack, arch::dti::kShortBytes);
}

}  // namespace svasim::smmu
