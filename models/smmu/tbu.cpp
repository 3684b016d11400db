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

std::uint64_t source_of(const engine::Payload& payload) {
  const engine::Attributes& a = payload.attributes;
  return tlb_source(a.stream, a.substream, a.address_type);
}

/// `entry`, if it allows the payload's access. Without permission it is a miss, so that the walk produces the
/// fault, or gets the permission (HTTU).
const TlbEntry* permitted(const TlbEntry* entry, const engine::Payload& payload) {
  return entry != nullptr && entry->allows(access_of(payload)) ? entry : nullptr;
}

}  // namespace

Tbu::Tbu(sc_core::sc_module_name name, engine::Calendar& calendar, engine::Clock clock,
         const TbuConfig& config, const Context& context, arch::dti::Flow flow, DtiUp& to_tcu,
         DtiDown& from_tcu)
    : sc_core::sc_module(name),
      block_(calendar.add_block()),
      device("device", calendar, clock, {block_, kDevice}, config.bus_bytes, limit(config.input_queue)),
      memory("memory", calendar, clock, {block_, kMemory}, config.bus_bytes),
      calendar_(calendar),
      clock_(clock),
      config_(config),
      context_(context),
      to_tcu_(to_tcu),
      flow_(flow),
      utlb_(1, config.utlb_entries),
      tlb_(config.tlb_sets, config.tlb_ways),
      tokens_(limit(config.tokens)) {
  device.bind_request<&Tbu::accept>(this);
  memory.bind_response<&Tbu::memory_response>(this);
  from_tcu.bind<&Tbu::receive>({block_, kDti}, this);
}

// (1) A request arrives and waits for the lookup pipeline, which starts one a cycle and stands still while a
// miss waits for a
//     slot.
void Tbu::accept(engine::Payload& payload) {
  ++transactions_;
  ++inside_;
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

// (2) Micro-TLB: fully associative, all page sizes at once.
void Tbu::utlb_result(std::uint64_t argument) {
  engine::Payload& payload = as_payload(argument);
  if (const TlbEntry* entry = find(utlb_, payload)) {
    ++utlb_hits_;
    forward(payload, *entry);
    return;
  }
  ++tlb_lookups_;
  payload.tag.push(0);  // page sizes tried so far: none
  const engine::Picoseconds begin = std::max(calendar_.now(), tlb_free_);
  tlb_free_ = begin + clock_.span(tlb_rounds());
  calendar_.post<&Tbu::tlb_result>(begin + clock_.span(config_.tlb_latency), {block_, kPipeline}, this,
                                   argument);
}

// (3) Main TLB: the page sizes in use, smallest first, `tlb_probes` of them a cycle. A hit also fills the
// micro-TLB.
void Tbu::tlb_result(std::uint64_t argument) {
  engine::Payload& payload = as_payload(argument);
  unsigned size = payload.tag.pop();
  for (unsigned probe = 0; probe < config_.tlb_probes && tlb_.next_size(size) != 0; ++probe) {
    size = tlb_.next_size(size);
    const TlbEntry* entry = tlb_.probe(source_of(payload), payload.get_address(), size);
    if (permitted(entry, payload) == nullptr) continue;
    ++tlb_hits_;
    utlb_.insert(*entry);
    forward(payload, *entry);
    return;
  }
  if (tlb_.next_size(size) == 0) {
    miss(payload);
    return;
  }
  payload.tag.push(static_cast<std::uint16_t>(size));
  calendar_.post<&Tbu::tlb_result>(calendar_.now() + clock_.period(), {block_, kPipeline}, this, argument);
}

/// Cycles that a lookup keeps the main TLB busy.
unsigned Tbu::tlb_rounds() const {
  return std::max(1u, (tlb_.sizes_in_use() + config_.tlb_probes - 1) / config_.tlb_probes);
}

const TlbEntry* Tbu::find(Tlb& tlb, const engine::Payload& payload) const {
  return permitted(tlb.find(source_of(payload), payload.get_address()), payload);
}

// (4) A miss takes a slot, in order; without one the lookup pipeline stands still.
void Tbu::miss(engine::Payload& payload) {
  ++tlb_misses_;
  if (slot_free() && missed_.empty()) {
    occupy_slot(payload, take_slot());
    return;
  }
  payload.tag.enter(probe::Stage::tbu_queue, calendar_.now());
  missed_.push_back(&payload);
}

std::uint16_t Tbu::take_slot() {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint16_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint16_t index = free_slots_.back();
  free_slots_.pop_back();
  slots_peak_ = std::max<std::uint64_t>(slots_peak_, occupied());
  slots_[index] = Slot{};
  return index;
}

void Tbu::occupy_slot(engine::Payload& payload, std::uint16_t index) {
  Slot& slot = slots_[index];
  slot.payload = &payload;
  slot.source = source_of(payload);
  slot.page = payload.get_address() >> arch::kPageShift;
  const std::uint16_t primary = chain_of(slot);
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

/// Those that waited for a slot look up both TLBs again when they have one: the translation may have come
/// meanwhile. They go ahead of new requests.
void Tbu::look_up_again() {
  while (!missed_.empty() && slot_free()) {
    const std::uint16_t index = take_slot();
    slots_[index].payload = missed_.pop_front();
    slots_[index].payload->tag.enter(probe::Stage::tbu_tlb, calendar_.now());
    const engine::Picoseconds begin = std::max(calendar_.now(), lookup_free_);
    lookup_free_ = begin + clock_.period();
    tlb_free_ = std::max(tlb_free_, begin + clock_.span(config_.utlb_latency)) + clock_.span(tlb_rounds());
    calendar_.post<&Tbu::looked_up_again>(tlb_free_ + clock_.span(config_.tlb_latency - 1),
                                          {block_, kPipeline}, this, index);
  }
}

void Tbu::looked_up_again(std::uint64_t index) {
  engine::Payload& payload = *slots_[index].payload;
  const TlbEntry* entry = find(utlb_, payload);
  if (entry == nullptr) entry = find(tlb_, payload);
  if (entry == nullptr) {
    occupy_slot(payload, static_cast<std::uint16_t>(index));
    return;
  }
  ++late_hits_;
  utlb_.insert(*entry);
  release_slot(static_cast<std::uint16_t>(index));
  forward(payload, *entry);
  look_up_again();
  schedule_lookup();
}

/// Instrumentation: `waiting` waits for the translation that `ahead` asked for.
void Tbu::merge(engine::Payload& waiting, engine::Payload& ahead) {
  if (waiting.tag.transaction == nullptr || ahead.tag.transaction == nullptr) return;
  ahead.tag.transaction->merge(*waiting.tag.transaction, calendar_.now());
}

/// The slot whose request to the TCU will answer for the same 4 KB too.
std::uint16_t Tbu::chain_of(const Slot& slot) const {
  for (std::uint16_t i = 0; i < slots_.size(); ++i) {
    const Slot& other = slots_[i];
    if (other.primary && other.page == slot.page && other.source == slot.source) return i;
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
    tokens_peak_ = std::max<std::uint64_t>(tokens_peak_, limit(config_.tokens) - tokens_);
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
    to_tcu_.send(request);
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
    entry = TlbEntry(primary.source, primary.payload->get_address(), message.result, message.access_override,
                     config_.tlb_contiguous);
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
  look_up_again();
  schedule_lookup();
}

void Tbu::release_slot(std::uint16_t index) { free_slots_.push_back(index); }

// (7) Translated: on to memory.
void Tbu::forward(engine::Payload& payload, const TlbEntry& entry) {
  const arch::Va va(payload.get_address());
  const arch::Pa pa = entry.translate(va.value);
  if (payload.attributes.address_type == arch::AddressType::translated) ++ats_passed_;
  if (on_use) on_use({payload.attributes, va, pa, payload.is_write()});
  payload.set_address(pa.value);
  const arch::Access access = entry.access_override.apply(access_of(payload));
  payload.attributes.privileged = access.privileged;
  payload.attributes.instruction = access.instruction;
  payload.attributes.memory = entry.result.attributes;
  payload.tag.push(static_cast<std::uint16_t>(epoch_));
  ++forwarded_[epoch_];
  payload.tag.enter(probe::Stage::interconnect, calendar_.now());
  memory.send(payload);
}

void Tbu::memory_response(engine::Payload& payload) {
  --forwarded_[payload.tag.pop()];
  --inside_;
  device.respond(payload);
  try_sync();
}

void Tbu::terminate(engine::Payload& payload, bool raz) {
  ++aborted_;
  payload.attributes.raz = raz;
  payload.attributes.terminated = true;
  payload.set_response_status(raz ? tlm::TLM_OK_RESPONSE : tlm::TLM_GENERIC_ERROR_RESPONSE);
  if (raz && payload.is_read()) std::fill_n(payload.data(), payload.bytes(), std::uint8_t{0});
  --inside_;
  device.respond(payload);
}

// Invalidations take effect on arrival, and are acknowledged when the TLBs begin with them. One page is
// looked for at each size in use, a cycle each; everything else (a range, an ASID, a VMID, a stream) is a
// scan, one cycle a set, during which no lookup starts.
void Tbu::invalidate(const arch::Command& command) {
  using arch::Opcode;
  ++invalidations_;
  const Opcode op = command.opcode;
  const bool by_address = op == Opcode::tlbi_nh_va || op == Opcode::tlbi_nh_vaa ||
                          op == Opcode::tlbi_el2_va || op == Opcode::tlbi_el2_vaa ||
                          op == Opcode::tlbi_s2_ipa;
  const bool one_page = by_address && (command.tg == 0 || (command.num == 0 && command.scale == 0));
  const unsigned busy = one_page ? std::max(1u, tlb_.sizes_in_use()) : tlb_.sets();
  const engine::Picoseconds begin = std::max(lookup_free_, calendar_.now());
  lookup_free_ = begin + clock_.span(busy);
  utlb_.invalidate(command, context_);
  tlb_.invalidate(command, context_);
  for (Slot& slot : slots_) slot.poisoned = true;
  ++scans_waiting_;
  if (begin == calendar_.now()) return acknowledge_invalidation(0);
  calendar_.post<&Tbu::acknowledge_invalidation>(begin, {block_, kPipeline}, this);
}

/// Its scan begins: the place it waited in is free.
void Tbu::acknowledge_invalidation(std::uint64_t) {
  --scans_waiting_;
  arch::dti::Upstream ack;
  ack.kind = arch::dti::Upstream::Kind::inv_ack;
  to_tcu_.send(ack);
  try_sync();
}

void Tbu::forget_translations() {
  arch::Command everything;
  everything.opcode = arch::Opcode::cfgi_ste_range;
  everything.range = arch::kCfgiAllRange;
  utlb_.invalidate(everything, context_);
  tlb_.invalidate(everything, context_);
}

void Tbu::try_sync() {
  if (!sync_pending_ || scans_waiting_ != 0 || forwarded_[epoch_ ^ 1] != 0) return;
  sync_pending_ = false;
  arch::dti::Upstream ack;
  ack.kind = arch::dti::Upstream::Kind::sync_ack;
  ack.id = sync_id_;
  to_tcu_.send(ack);
}

}  // namespace svasim::smmu
