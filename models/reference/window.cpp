// See window.hpp.
#include "models/reference/window.hpp"

#include <algorithm>

namespace svasim::reference {

using arch::FaultOutcome;
using arch::TranslationResult;

void Window::remember(const Question& question, const arch::Outcome& outcome,
                      const arch::AccessOverride& overrides) {
  remembered_.push_back({question, outcome, overrides});
}

void Window::command(const arch::Command& command, const arch::SmmuState& state,
                     const arch::Features& features) {
  if (arch::is_tlbi(command.opcode) || arch::is_cfgi(command.opcode)) pending_.push_back(command);
  if (command.opcode != arch::Opcode::sync) return;
  const auto gone = [&](const Remembered& r) {
    return std::any_of(pending_.begin(), pending_.end(),
                       [&](const arch::Command& c) { return removes(c, r, state, features); });
  };
  remembered_.erase(std::remove_if(remembered_.begin(), remembered_.end(), gone), remembered_.end());
  pending_.clear();
}

/// A translation holds for its whole region and whatever it allows; a fault for the page and the kind of
/// access it was found with.
std::optional<arch::Outcome> Window::answer(const Remembered& r, const Question& q) {
  const Question& was = r.question;
  if (was.stream != q.stream || was.substream != q.substream || was.type != q.type) return std::nullopt;
  if (const auto* result = std::get_if<TranslationResult>(&r.outcome)) {
    const unsigned size = std::min<unsigned>(result->log2_size, 63);
    if (q.va.aligned(size) != was.va.aligned(size)) return std::nullopt;
    if (!result->allows(r.overrides.apply(q.access))) return std::nullopt;
    TranslationResult now = *result;
    now.pa = arch::Pa(result->pa.value + (q.va.value - was.va.value));
    return now;
  }
  const bool same_kind = was.access.write == q.access.write &&
                         was.access.instruction == q.access.instruction &&
                         was.access.privileged == q.access.privileged && was.may_stall == q.may_stall;
  if (!same_kind || q.va.aligned(arch::kPageShift) != was.va.aligned(arch::kPageShift)) return std::nullopt;
  FaultOutcome now = std::get<FaultOutcome>(r.outcome);
  if (now.event && now.event->input_address != arch::Va()) now.event->input_address = q.va;
  return now;
}

/// A translation goes with the TLBI that names it; what needs no tables, and faults, with the first
/// invalidation that may have been meant for them: no cache keeps a fault, but an access may be on its way.
bool Window::removes(const arch::Command& command, const Remembered& r, const arch::SmmuState& state,
                     const arch::Features& features) {
  const auto* result = std::get_if<TranslationResult>(&r.outcome);
  const bool of_stream = arch::names_stream(command, r.question.stream);
  if (result == nullptr) return of_stream || arch::is_tlbi(command.opcode);
  if (result->kind == arch::TranslationKind::bypass) return of_stream;
  return arch::invalidates(command, arch::tag_of(*result, r.question.va.value), state, features);
}

}  // namespace svasim::reference
