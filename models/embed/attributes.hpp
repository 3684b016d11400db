// What a device puts beside address and data, and what it is told with the answer: the TLM-2.0 extension of
// payloads sent to a device port. Without it an access is an untranslated, unprivileged data access of
// StreamID 0.
#pragma once

#include <array>
#include <cstdint>
#include <tlm>

#include "models/arch/ats.hpp"
#include "models/arch/translation.hpp"
#include "models/arch/types.hpp"
#include "models/probe/stage.hpp"

namespace svasim::embed {

/// How an access ended. The TLM response status is OK for `ok` and `raz_wi`, GENERIC_ERROR for `abort`, and
/// memory's own for `memory_error`.
enum class Result : std::uint8_t {
  none,          ///< not yet, or the payload was refused: byte enables, more than a page, bad command
  ok,            ///< translation requests: completed with success
  abort,         ///< terminated by the SMMU; translation requests: Unsupported Request or Completer Abort
  raz_wi,        ///< terminated by the SMMU: read as zero, write ignored
  memory_error,  ///< translated, but memory refused it
};

/// "ok", "abort", ...
constexpr const char* name(Result result) {
  constexpr const char* kNames[] = {"none", "ok", "abort", "raz_wi", "memory_error"};
  return kNames[static_cast<unsigned>(result)];
}

struct Attributes : tlm::tlm_extension<Attributes> {
  // Of the access; yours to set, and left as they are.
  arch::StreamId stream{};
  arch::SubstreamId substream;  ///< with its valid bit
  bool privileged = false;
  bool instruction = false;
  bool non_secure = true;
  arch::AddressType address_type = arch::AddressType::untranslated;
  bool no_write = false;  ///< translation requests: NW

  // Of the answer, valid when the access has ended.
  Result result = Result::none;
  arch::Pa physical;              ///< ok, memory_error: where the access went
  arch::MemoryAttributes memory;  ///< ok, memory_error: MAIR byte and shareability of that memory
  arch::AtsAnswer ats;            ///< translation requests: the completion's status and entry
  std::uint64_t latency_ps = 0;   ///< from request to answer
  /// Picoseconds in each stage (models/probe/stage.hpp), in the order of probe::kStages; they sum to the
  /// latency.
  std::array<std::uint64_t, probe::kStageCount> stages{};

  tlm_extension_base* clone() const override { return new Attributes(*this); }
  void copy_from(const tlm_extension_base& other) override { *this = static_cast<const Attributes&>(other); }
};

}  // namespace svasim::embed
