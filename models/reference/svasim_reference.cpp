// The C interface over models/arch: conversions and nothing else. See svasim_reference.h.
#include "models/reference/svasim_reference.h"

#include <algorithm>
#include <map>
#include <new>

#include "models/arch/pri.hpp"
#include "models/arch/reference.hpp"
#include "models/arch/register_map.hpp"
#include "models/reference/window.hpp"

namespace arch = svasim::arch;
namespace reg = svasim::arch::reg;
using svasim::reference::Question;

/// An instance: the registers as software sees them, and the translator that reads them.
struct svasim_reference {
  explicit svasim_reference(const svasim_reference_config& c)
      : config(c),
        features(arch::decode_features({c.idr0, c.idr1, c.idr3, c.idr5})),
        translator(
            {}, features,
            [this](arch::Pa pa, void* out, unsigned bytes) {
              return config.read(config.user, pa.value, out, bytes) != 0;
            },
            swap()) {}

  arch::ReferenceTranslator::Swap swap() {
    if (config.swap == nullptr) return {};
    return [this](const arch::Update& update, std::uint64_t& observed) {
      return config.swap(config.user, update.address.value, update.expected, update.desired, &observed) != 0;
    };
  }

  void write32(std::uint32_t offset, std::uint32_t value);
  std::uint32_t read32(std::uint32_t offset) const;

  /// A register's word as software left it.
  std::uint32_t word(std::uint32_t offset) const {
    const auto found = words.find(offset);
    return found == words.end() ? 0 : found->second;
  }
  bool enabled(std::uint32_t cr0_bit) const { return (word(reg::kCr0) & cr0_bit) != 0; }

  svasim_reference_config config;
  arch::Features features;
  std::map<std::uint32_t, std::uint32_t> words{{reg::kGbpa, arch::gbpa::kReset}};
  arch::ReferenceTranslator translator;
  svasim::reference::Window window;
};

void svasim_reference::write32(std::uint32_t offset, std::uint32_t value) {
  if (offset == reg::kGbpa && (value & arch::gbpa::kUpdate) == 0) return;
  const std::uint32_t bits = arch::writable_bits(offset, features, {word(reg::kCr0), word(reg::kIrqCtrl)});
  if (bits == 0) return;
  words[offset] = (word(offset) & ~bits) | (value & bits & ~(offset == reg::kGbpa ? arch::gbpa::kUpdate : 0));
  arch::SmmuState state;
  state.smmu_enabled = (word(reg::kCr0) & arch::cr0::kSmmuEn) != 0;
  state.ats_check = (word(reg::kCr0) & arch::cr0::kAtsChk) != 0;
  state.vmw = arch::cr0::vmw(word(reg::kCr0));
  state.cr1 = word(reg::kCr1);
  state.e2h = (word(reg::kCr2) & arch::cr2::kE2h) != 0;
  state.recinvsid = (word(reg::kCr2) & arch::cr2::kRecInvSid) != 0;
  state.rec_cfg_ats = (word(reg::kCr2) & arch::cr2::kRecCfgAts) != 0;
  state.strtab_base = word(reg::kStrtabBase) | std::uint64_t{word(reg::kStrtabBase + 4)} << 32;
  state.strtab_base_cfg = word(reg::kStrtabBaseCfg);
  state.gbpa = word(reg::kGbpa);
  translator.set_state(state);
}

std::uint32_t svasim_reference::read32(std::uint32_t offset) const {
  if (offset == reg::kCr0Ack) return word(reg::kCr0);
  if (offset == reg::kIrqCtrlAck) return word(reg::kIrqCtrl);
  return arch::id_word(offset, features) | word(offset);
}

namespace {

bool addressable(std::uint32_t offset, std::uint32_t bytes) {
  return (bytes == 4 || bytes == 8) && offset % bytes == 0 && offset < reg::kSize;
}

svasim_event event_of(const std::optional<arch::Event>& event) {
  svasim_event out{};
  if (!event) return out;
  const arch::EventWords words = arch::encode(*event);
  out.due = 1;
  std::copy(words.begin(), words.end(), out.words);
  return out;
}

arch::SubstreamId substream_of(std::uint8_t valid, std::uint32_t value) {
  return valid != 0 ? arch::SubstreamId{true, value} : arch::SubstreamId{};
}

std::uint8_t bits_of(arch::Permissions p) {
  return static_cast<std::uint8_t>((p.read ? SVASIM_UNPRIVILEGED_READ : 0) |
                                   (p.write ? SVASIM_UNPRIVILEGED_WRITE : 0) |
                                   (p.execute ? SVASIM_UNPRIVILEGED_EXECUTE : 0));
}

svasim_outcome outcome_of(const arch::TranslationResult& result) {
  svasim_outcome out{};
  out.status = SVASIM_TRANSLATED_OK;
  out.kind = static_cast<std::uint8_t>(result.kind);
  out.address = result.pa.value;
  out.ipa = result.ipa.value;
  out.log2_size = result.log2_size;
  out.permissions = static_cast<std::uint8_t>(bits_of(result.permissions.unprivileged) |
                                              bits_of(result.permissions.privileged) << 3);
  out.memory_type = result.attributes.type;
  out.shareability = result.attributes.shareability;
  out.global = result.global ? 1 : 0;
  out.asid = result.asid;
  out.vmid = result.vmid;
  return out;
}

svasim_outcome outcome_of(const arch::FaultOutcome& failed) {
  svasim_outcome out{};
  switch (failed.fault.termination) {
    case arch::Termination::raz_wi: out.status = SVASIM_RAZ_WI; break;
    case arch::Termination::stall: out.status = SVASIM_STALLED; break;
    default: out.status = SVASIM_ABORTED; break;
  }
  out.event = event_of(failed.event);
  return out;
}

svasim_outcome outcome_of(const arch::Outcome& outcome) {
  return std::visit([](const auto& alternative) { return outcome_of(alternative); }, outcome);
}

bool askable(const svasim_transaction* t) {
  return t != nullptr && (t->address_type == SVASIM_UNTRANSLATED || t->address_type == SVASIM_TRANSLATED);
}

Question question_of(const svasim_transaction& t) {
  return {arch::StreamId{t.stream},
          substream_of(t.substream_valid, t.substream),
          static_cast<arch::AddressType>(t.address_type),
          t.may_stall != 0,
          arch::Va(t.address),
          {t.write != 0, t.instruction != 0, t.privileged != 0}};
}

arch::Outcome answer(const svasim_reference& ref, const Question& q) {
  return ref.translator.translate(q.stream, q.substream, q.va, q.access, q.type, q.may_stall);
}

/// Do the two look the same from outside?
bool same(const svasim_outcome& a, const svasim_outcome& b) {
  if (a.status != b.status) return false;
  if (a.status == SVASIM_TRANSLATED_OK) {
    return a.address == b.address && a.memory_type == b.memory_type && a.shareability == b.shareability;
  }
  constexpr std::uint64_t kStag = 0xFFFF;
  const auto *x = a.event.words, *y = b.event.words;
  return (a.event.due != 0) == (b.event.due != 0) && x[0] == y[0] && ((x[1] ^ y[1]) & ~kStag) == 0 &&
         x[2] == y[2] && x[3] == y[3];
}

arch::PageRequest request_of(const svasim_page_request& r) {
  arch::PageRequest request;
  request.stream = arch::StreamId{r.stream};
  request.substream = substream_of(r.substream_valid, r.substream);
  request.privileged = r.privileged != 0;
  request.execute = r.execute != 0;
  request.read = r.read != 0;
  request.write = r.write != 0;
  request.last = r.last != 0;
  request.prg_index = r.prg_index;
  request.page = arch::Va(r.address).aligned(arch::kPageShift);
  return request;
}

svasim_page_request_outcome page_request_outcome(const svasim_reference& ref,
                                                 const arch::PageRequest& request, int priq_state) {
  using Action = arch::PriDecision::Action;
  svasim_page_request_outcome out{};
  const bool enabled = ref.enabled(arch::cr0::kSmmuEn) && ref.enabled(arch::cr0::kPriqEn);
  const arch::PriQueueState queue{enabled, priq_state == SVASIM_PRIQ_ABORTED,
                                  priq_state == SVASIM_PRIQ_OVERFLOW, false};
  arch::PriDecision decision = arch::decide(request, queue, ref.features);
  if (decision.needs_ste) {
    const std::optional<arch::Ste> ste = ref.translator.stream_table_entry(request.stream);
    decision = arch::settle_response(decision, ste ? &*ste : nullptr);
  }
  switch (decision.action) {
    case Action::queue: {
      const arch::PageRequestWords words = arch::encode(request);
      std::copy(words.begin(), words.end(), out.record);
      out.action = SVASIM_PRI_QUEUED;
      break;
    }
    case Action::discard: out.action = SVASIM_PRI_DROPPED; break;
    case Action::respond:
      out.action = SVASIM_PRI_RESPONDED;
      out.response = static_cast<std::uint8_t>(decision.code);
      out.substream_valid = decision.with_pasid ? 1 : 0;
      out.substream = decision.with_pasid ? request.substream.value : 0;
      break;
  }
  return out;
}

}  // namespace

int svasim_reference_default_config(svasim_reference_config* config) {
  if (config == nullptr) return SVASIM_REFERENCE_BAD_ARGUMENT;
  const arch::IdRegisters id = arch::encode(arch::Features{});
  *config = {id.idr0, id.idr1, id.idr3, id.idr5, nullptr, nullptr, nullptr};
  return SVASIM_REFERENCE_OK;
}

svasim_reference* svasim_reference_create(const svasim_reference_config* config) try {
  if (config == nullptr || config->read == nullptr) return nullptr;
  return new svasim_reference(*config);
} catch (const std::bad_alloc&) {
  return nullptr;
}

void svasim_reference_destroy(svasim_reference* ref) { delete ref; }

int svasim_reference_write(svasim_reference* ref, uint32_t offset, uint64_t value, uint32_t bytes) try {
  if (ref == nullptr || !addressable(offset, bytes)) return SVASIM_REFERENCE_BAD_ARGUMENT;
  for (std::uint32_t i = 0; i < bytes; i += 4) {
    ref->write32(offset + i, static_cast<std::uint32_t>(value >> (8 * i)));
  }
  return SVASIM_REFERENCE_OK;
} catch (const std::bad_alloc&) {
  return SVASIM_REFERENCE_NO_MEMORY;
}

int svasim_reference_read(const svasim_reference* ref, uint32_t offset, uint64_t* value, uint32_t bytes) {
  if (ref == nullptr || value == nullptr || !addressable(offset, bytes)) return SVASIM_REFERENCE_BAD_ARGUMENT;
  *value = ref->read32(offset);
  if (bytes == 8) *value |= std::uint64_t{ref->read32(offset + 4)} << 32;
  return SVASIM_REFERENCE_OK;
}

int svasim_reference_translate(svasim_reference* ref, const svasim_transaction* t, svasim_outcome* outcome) {
  if (ref == nullptr || !askable(t) || outcome == nullptr) return SVASIM_REFERENCE_BAD_ARGUMENT;
  *outcome = outcome_of(answer(*ref, question_of(*t)));
  return SVASIM_REFERENCE_OK;
}

int svasim_reference_remember(svasim_reference* ref, const svasim_transaction* t) try {
  if (ref == nullptr || !askable(t)) return SVASIM_REFERENCE_BAD_ARGUMENT;
  const Question question = question_of(*t);
  const auto config = ref->translator.configuration(question.stream, question.substream, question.type);
  const auto* stream = std::get_if<arch::StreamConfig>(&config);
  ref->window.remember(question, answer(*ref, question),
                       stream != nullptr ? stream->access_override : arch::AccessOverride{});
  return SVASIM_REFERENCE_OK;
} catch (const std::bad_alloc&) {
  return SVASIM_REFERENCE_NO_MEMORY;
}

int svasim_reference_permitted(svasim_reference* ref, const svasim_transaction* t,
                               const svasim_outcome* observed) {
  if (ref == nullptr || !askable(t) || observed == nullptr) return SVASIM_REFERENCE_BAD_ARGUMENT;
  const Question question = question_of(*t);
  const auto fits = [&](const arch::Outcome& outcome) { return same(outcome_of(outcome), *observed); };
  return fits(answer(*ref, question)) || ref->window.any_for(question, fits) ? 1 : 0;
}

int svasim_reference_translation_request(svasim_reference* ref, const svasim_ats_request* r,
                                         svasim_ats_completion* completion) {
  if (ref == nullptr || r == nullptr || completion == nullptr) return SVASIM_REFERENCE_BAD_ARGUMENT;
  arch::AtsRequest request;
  request.substream = substream_of(r->substream_valid, r->substream);
  request.va = arch::Va(r->address);
  request.no_write = r->no_write != 0;
  request.execute = r->execute != 0;
  request.privileged = r->privileged != 0;
  if (r->log2_stu != 0) request.log2_stu = r->log2_stu;
  std::optional<arch::Event> event;
  const arch::AtsAnswer answer =
      ref->translator.translation_request(arch::StreamId{r->stream}, request, &event);
  *completion = {};
  completion->status = static_cast<std::uint8_t>(answer.status);
  completion->event = event_of(event);
  if (answer.status != arch::AtsStatus::success) return SVASIM_REFERENCE_OK;
  const arch::AtsTranslation& t = answer.translation;
  completion->read = t.read ? 1 : 0;
  completion->write = t.write ? 1 : 0;
  completion->execute = t.execute ? 1 : 0;
  completion->privileged = t.privileged ? 1 : 0;
  completion->global = t.global ? 1 : 0;
  completion->no_snoop = t.no_snoop ? 1 : 0;
  completion->untranslated_only = t.untranslated_only ? 1 : 0;
  completion->log2_size = t.log2_size;
  completion->address = t.address;
  completion->entry = arch::encode(t);
  return SVASIM_REFERENCE_OK;
}

int svasim_reference_page_request(svasim_reference* ref, const svasim_page_request* r, int priq_state,
                                  svasim_page_request_outcome* outcome) {
  if (ref == nullptr || r == nullptr || outcome == nullptr) return SVASIM_REFERENCE_BAD_ARGUMENT;
  if (priq_state < SVASIM_PRIQ_WRITABLE || priq_state > SVASIM_PRIQ_ABORTED)
    return SVASIM_REFERENCE_BAD_ARGUMENT;
  *outcome = page_request_outcome(*ref, request_of(*r), priq_state);
  return SVASIM_REFERENCE_OK;
}

int svasim_reference_command(svasim_reference* ref, const uint64_t words[2]) try {
  if (ref == nullptr || words == nullptr) return SVASIM_REFERENCE_BAD_ARGUMENT;
  const arch::Command command = arch::decode_command({words[0], words[1]});
  if (!arch::legal(command, ref->features)) return SVASIM_COMMAND_ILLEGAL;
  ref->window.command(command, ref->translator.state(), ref->features);
  return SVASIM_COMMAND_LEGAL;
} catch (const std::bad_alloc&) {
  return SVASIM_REFERENCE_NO_MEMORY;
}
