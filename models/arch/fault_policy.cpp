// See fault_policy.hpp.
#include "models/arch/fault_policy.hpp"

namespace svasim::arch {
namespace {

struct Policy {
  bool abort, record, stall;
};

/// A stage-1 fault of a stream without stage 1 (address size) has no CD to consult: abort, and record.
Policy policy_of(const Fault& fault, const StreamConfig& config) {
  if (fault.stage2) return {true, config.s2.record, config.s2.stall};
  if (config.stage1()) return {config.s1.abort || config.term_abort, config.s1.record, config.s1.stall};
  return {true, !config.global_bypass, false};
}

}  // namespace

void apply_policy(Fault& fault, const StreamConfig& config, AddressType type, bool may_stall) {
  fault.access_override = config.access_override;
  fault.mev = config.mev;
  fault.termination = Termination::abort;
  if (type == AddressType::translation_request) {
    fault.recorded = !stallable(fault.id) && config.record_ats_errors;
    fault.termination = stallable(fault.id) ? Termination::ats_no_access : Termination::ats_completer_abort;
    return;
  }
  if (!stallable(fault.id)) {
    fault.recorded = fault.id != EventId::none;
    return;
  }
  const Policy policy = policy_of(fault, config);
  fault.recorded = policy.record || policy.stall;
  if (policy.stall) {
    if (may_stall && config.stall_allowed) fault.termination = Termination::stall;
  } else if (!policy.abort) {
    fault.termination = Termination::raz_wi;
  }
}

}  // namespace svasim::arch
