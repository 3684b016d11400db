// See ats_answer.hpp.
#include "models/arch/ats_answer.hpp"

#include "models/arch/bit_fields.hpp"

namespace svasim::arch {
namespace {

constexpr std::uint8_t kDataOverride = 2;

AtsAnswer no_access(const AtsRequest& request) {
  AtsAnswer answer;
  answer.translation.log2_size = request.log2_stu;
  answer.translation.privileged = request.substream.valid && request.privileged;
  return answer;
}

}  // namespace

Access AtsRequest::access() const {
  const bool instruction = substream.valid && execute && no_write;
  return {!no_write, instruction, substream.valid && privileged};
}

AtsAnswer ats_answer(const AtsRequest& request, const Fault& fault) {
  if (fault.termination == Termination::ats_no_access) return no_access(request);
  AtsAnswer answer;
  answer.status = fault.termination == Termination::ats_unsupported_request ? AtsStatus::unsupported_request
                                                                            : AtsStatus::completer_abort;
  return answer;
}

AtsAnswer ats_answer(const AtsRequest& request, const StreamConfig& config, const TranslationResult& result) {
  const Permissions granted = result.permissions.at(config.effective(request.access()).privileged);
  const std::uint8_t override = config.access_override.instruction;
  AtsAnswer answer = no_access(request);
  AtsTranslation& t = answer.translation;
  t.read = override == AccessOverride::kForced ? granted.execute : granted.read;
  t.write = granted.write;
  const bool executable = override == kDataOverride || granted.execute;
  t.execute = request.substream.valid && request.execute && t.read && executable;
  if (!t.any_access()) return answer;
  const std::uint64_t address = config.eats == Eats::split ? result.ipa.value : result.pa.value;
  t.log2_size = result.log2_size;
  t.address = address & ~mask(t.log2_size);
  return answer;
}

}  // namespace svasim::arch
