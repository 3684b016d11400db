// See dti_convert.hpp.
#include "tlm-bridges/dti/dti_convert.hpp"

#include <iterator>

#include "models/arch/pri.hpp"

namespace svasim::bridges {

using arch::Opcode;
using arch::StreamId;
using arch::StreamWorld;
using arch::TranslationKind;
using arch::dti::Downstream;
using arch::dti::Flow;
using arch::dti::TransFault;
using arch::dti::Upstream;
namespace ats = arch::dti::ats;
namespace tbu = arch::dti::tbu;

namespace {

template <std::size_t N>
std::uint8_t code_of(const std::uint8_t (&sizes)[N], unsigned log2) {
  std::uint8_t best = 0;
  for (std::uint8_t code = 0; code < N; ++code) {
    if (sizes[code] <= log2 && (sizes[code] > sizes[best] || sizes[best] > log2)) best = code;
  }
  return best;
}

/// Granule and level that have leaves of this size: no two have the same.
struct Leaf {
  std::uint8_t log2_size, log2_granule;
  std::int8_t level;
};
constexpr Leaf kLeaves[] = {{12, 12, 3}, {21, 12, 2}, {30, 12, 1}, {39, 12, 0}, {14, 14, 3},
                            {25, 14, 2}, {36, 14, 1}, {16, 16, 3}, {29, 16, 2}, {42, 16, 1}};
Leaf leaf_of(unsigned log2_size) {
  for (const Leaf& leaf : kLeaves) {
    if (leaf.log2_size == log2_size) return leaf;
  }
  return {arch::kPageShift, arch::kPageShift, 3};
}

/// STRW, in the encoding of an STE with HTTU's E2H apart. Choice: 3 is EL2-E2H.
constexpr std::uint8_t kStrwEl1 = 0, kStrwEl2 = 2, kStrwEl2E2h = 3;
/// IMPDEF of a response: choice.
constexpr std::uint8_t kImpdefBothStages = 1, kImpdefStage2 = 2;

std::uint8_t strw_of(StreamWorld world) {
  return world == StreamWorld::el2 ? kStrwEl2 : world == StreamWorld::el2_e2h ? kStrwEl2E2h : kStrwEl1;
}
StreamWorld world_of(std::uint8_t strw) {
  return strw == kStrwEl2 ? StreamWorld::el2 : strw == kStrwEl2E2h ? StreamWorld::el2_e2h : StreamWorld::el1;
}
TranslationKind kind_of(const tbu::TransResp& response) {
  if (response.bypass) return TranslationKind::bypass;
  if (response.impdef == kImpdefStage2) return TranslationKind::stage2;
  return response.impdef == kImpdefBothStages ? TranslationKind::both : TranslationKind::stage1;
}

std::uint64_t page_of(std::uint64_t address) { return address >> arch::kPageShift; }
std::uint64_t address_of(std::uint64_t page) { return page << arch::kPageShift; }

}  // namespace

std::uint8_t range_code(unsigned log2) { return code_of(kRangeSizes, log2); }
std::uint8_t bypass_code(unsigned log2) { return code_of(kBypassSizes, log2); }
std::uint8_t range_of(std::uint8_t code, bool bypass) {
  if (bypass) return code < std::size(kBypassSizes) ? kBypassSizes[code] : arch::kPageShift;
  return code < std::size(kRangeSizes) ? kRangeSizes[code] : arch::kPageShift;
}

// --- translation requests

tbu::TransReq tbu_request(const Upstream& request) {
  tbu::TransReq wire;
  wire.id = request.id;
  wire.privileged = request.access.privileged;
  wire.instruction = request.access.instruction;
  wire.perm = request.access.write ? tbu::Perm::write : tbu::Perm::read;
  wire.flow = request.address_type == arch::AddressType::translated ? tbu::FlowCode::translated
              : request.flow == Flow::stall                         ? tbu::FlowCode::stall
                                                                    : tbu::FlowCode::no_stall;
  wire.mmu_valid = true;
  wire.sid = raw(request.stream);
  wire.ssv = request.substream.valid;
  wire.ssid = request.substream.value;
  wire.address = request.va.value;
  return wire;
}

Upstream typed(const tbu::TransReq& wire) {
  Upstream request;
  request.kind = Upstream::Kind::trans_req;
  request.id = wire.id;
  request.flow = wire.flow == tbu::FlowCode::stall ? Flow::stall : Flow::no_stall;
  if (wire.flow == tbu::FlowCode::translated) request.address_type = arch::AddressType::translated;
  request.stream = StreamId(wire.sid);
  request.substream = {wire.ssv, wire.ssid};
  const bool write = wire.perm == tbu::Perm::write || wire.perm == tbu::Perm::read_write;
  request.access = {write, wire.instruction, wire.privileged};
  request.va = arch::Va(wire.address);
  return request;
}

std::optional<TransFault> refusal(const tbu::TransReq& wire) {
  TransFault fault;
  fault.id = wire.id;
  fault.do_not_cache = true;
  fault.type = static_cast<std::uint8_t>(tbu::FaultType::abort);
  if (wire.sec_sid != 0 || !wire.mmu_valid) return fault;
  if (wire.perm == tbu::Perm::speculative) {
    fault.type = static_cast<std::uint8_t>(tbu::FaultType::non_abort);
    return fault;
  }
  return std::nullopt;
}

ats::TransReq ats_request(const Upstream& request) {
  ats::TransReq wire;
  wire.id = request.id;
  wire.privileged = request.access.privileged;
  wire.instruction = request.access.instruction;
  wire.no_write = !request.access.write;
  wire.ssv = request.substream.valid;
  wire.ssid = request.substream.value;
  wire.sid = raw(request.stream);
  wire.address = request.va.value;
  return wire;
}

Upstream typed(const ats::TransReq& wire) {
  Upstream request;
  request.kind = Upstream::Kind::trans_req;
  request.id = wire.id;
  request.flow = Flow::ats;
  request.stream = StreamId(wire.sid);
  request.substream = {wire.ssv, wire.ssid};
  request.access = {!wire.no_write, wire.instruction, wire.privileged};
  request.va = arch::Va(wire.address);
  return request;
}

// --- their answers

tbu::TransResp tbu_response(const Downstream& answer) {
  const arch::TranslationResult& result = answer.result;
  tbu::TransResp wire;
  wire.id = answer.id;
  wire.do_not_cache = answer.do_not_cache;
  wire.bypass = result.kind == TranslationKind::bypass;
  if (!wire.bypass) wire.strw = strw_of(result.world);
  wire.privcfg = answer.access_override.privileged;
  wire.instcfg = answer.access_override.instruction;
  wire.vmid = result.vmid;
  wire.asid = result.asid;
  const arch::Permissions& p = result.permissions.privileged;
  const arch::Permissions& u = result.permissions.unprivileged;
  wire.pr = p.read, wire.pw = p.write, wire.px = p.execute;
  wire.ur = u.read, wire.uw = u.write, wire.ux = u.execute;
  wire.global = result.global;
  wire.trans_range = wire.bypass ? bypass_code(result.log2_size) : range_code(result.log2_size);
  wire.inval_range = wire.bypass ? 0 : range_code(result.log2_leaf);
  wire.attr = result.attributes.type;
  wire.sh = result.attributes.shareability;
  wire.page = wire.bypass ? 0 : page_of(result.pa.value);
  wire.impdef = result.kind == TranslationKind::stage2 ? kImpdefStage2
                : result.kind == TranslationKind::both ? kImpdefBothStages
                                                       : 0;
  return wire;
}

TransFault tbu_fault(const Downstream& answer) {
  TransFault fault;
  fault.id = answer.id;
  fault.do_not_cache = true;
  fault.type = static_cast<std::uint8_t>(answer.raz ? tbu::FaultType::non_abort : tbu::FaultType::abort);
  return fault;
}

Downstream typed(const tbu::TransResp& wire, arch::Va va) {
  Downstream answer;
  answer.kind = Downstream::Kind::trans_resp;
  answer.id = wire.id;
  answer.do_not_cache = wire.do_not_cache;
  answer.access_override = {wire.privcfg, wire.instcfg};
  arch::TranslationResult& result = answer.result;
  result.kind = kind_of(wire);
  result.log2_size = result.log2_contiguous = range_of(wire.trans_range, wire.bypass);
  const Leaf leaf = leaf_of(range_of(wire.inval_range));
  result.log2_leaf = wire.bypass ? result.log2_size : leaf.log2_size;
  result.level = leaf.level;
  result.log2_granule = leaf.log2_granule;
  const std::uint64_t offset = va.offset(arch::kPageShift);
  result.pa = wire.bypass ? arch::Pa(va.value) : arch::Pa(address_of(wire.page) | offset);
  result.ipa = arch::Ipa(va.value);
  if (!wire.bypass) result.world = world_of(wire.strw);
  result.permissions = {{wire.pr, wire.pw, wire.px}, {wire.ur, wire.uw, wire.ux}};
  result.attributes = {wire.attr, wire.sh};
  result.global = wire.global;
  result.asid = wire.asid;
  result.vmid = wire.vmid;
  return answer;
}

Downstream typed_tbu(const TransFault& wire) {
  Downstream answer;
  answer.kind = Downstream::Kind::trans_fault;
  answer.id = wire.id;
  answer.raz = wire.type == static_cast<std::uint8_t>(tbu::FaultType::non_abort);
  return answer;
}

ats::Downstream ats_response(const Downstream& answer, arch::Va va) {
  const arch::AtsTranslation& t = answer.ats.translation;
  TransFault fault;
  fault.id = answer.id;
  if (!answer.ats.grants()) {
    using Type = ats::FaultType;
    const Type type = answer.ats.status == arch::AtsStatus::success               ? Type::invalid_translation
                      : answer.ats.status == arch::AtsStatus::unsupported_request ? Type::unsupported_request
                                                                                  : Type::completer_abort;
    fault.type = static_cast<std::uint8_t>(type);
    return fault;
  }
  ats::TransResp wire;
  wire.id = answer.id;
  wire.read = t.read, wire.write = t.write, wire.execute = t.execute, wire.privileged = t.privileged;
  wire.untranslated_only = t.untranslated_only, wire.no_snoop = t.no_snoop, wire.global = t.global;
  wire.trans_range = range_code(t.log2_size);
  // Of a smaller range, the part that was asked for.
  wire.page = page_of(t.address | va.offset(t.log2_size));
  return wire;
}

Downstream typed(const ats::TransResp& wire, arch::Va va) {
  Downstream answer;
  answer.kind = Downstream::Kind::ats_resp;
  answer.id = wire.id;
  arch::AtsTranslation& t = answer.ats.translation;
  t.read = wire.read, t.write = wire.write, t.execute = wire.execute, t.privileged = wire.privileged;
  t.untranslated_only = wire.untranslated_only, t.no_snoop = wire.no_snoop, t.global = wire.global;
  t.log2_size = range_of(wire.trans_range);
  t.address = arch::Va(wire.bypass ? va.value : address_of(wire.page)).aligned(t.log2_size).value;
  return answer;
}

Downstream typed_ats(const TransFault& wire, const Upstream& request) {
  Downstream answer;
  answer.kind = Downstream::Kind::ats_resp;
  answer.id = wire.id;
  const auto type = static_cast<ats::FaultType>(wire.type);
  answer.ats.status = type == ats::FaultType::invalid_translation   ? arch::AtsStatus::success
                      : type == ats::FaultType::unsupported_request ? arch::AtsStatus::unsupported_request
                                                                    : arch::AtsStatus::completer_abort;
  if (answer.ats.status == arch::AtsStatus::success) {
    answer.ats.translation.privileged = request.substream.valid && request.access.privileged;
  }
  return answer;
}

// --- invalidations

tbu::InvReq tbu_invalidation(const arch::Command& command) {
  tbu::InvReq wire;
  wire.operation = static_cast<std::uint16_t>(raw(command.opcode) | (command.leaf ? 0x100 : 0));
  wire.range = command.range;
  wire.page = page_of(command.address);
  if (arch::is_cfgi(command.opcode)) {
    wire.sid = raw(command.stream);
    wire.ssid = command.substream.value;
  } else {
    wire.sid = command.vmid | static_cast<std::uint32_t>(command.asid) << 16;
    wire.ssid =
        (command.ttl & 3u) | (command.tg & 3u) << 2 | (command.num & 31u) << 4 | (command.scale & 31u) << 9;
    wire.scale5 = (command.scale & 32u) != 0;
  }
  return wire;
}

std::optional<arch::Command> typed(const tbu::InvReq& wire) {
  arch::Command command;
  command.opcode = static_cast<Opcode>(wire.operation & 0xFF);
  const bool cfgi = arch::is_cfgi(command.opcode);
  if (!cfgi && !(arch::is_tlbi(command.opcode) && arch::name(command.opcode)[0] != '?')) return std::nullopt;
  command.leaf = (wire.operation & 0x100) != 0;
  command.range = wire.range;
  command.address = address_of(wire.page);
  if (cfgi) {
    command.stream = StreamId(wire.sid);
    command.substream = {command.opcode == Opcode::cfgi_cd, wire.ssid};
  } else {
    command.vmid = static_cast<std::uint16_t>(wire.sid);
    command.asid = static_cast<std::uint16_t>(wire.sid >> 16);
    command.ttl = wire.ssid & 3;
    command.tg = wire.ssid >> 2 & 3;
    command.num = wire.ssid >> 4 & 31;
    command.scale = static_cast<std::uint8_t>((wire.ssid >> 9 & 31) | (wire.scale5 ? 32 : 0));
  }
  return command;
}

ats::InvReq ats_invalidation(const Downstream& message) {
  const arch::Command& command = message.command;
  ats::InvReq wire;
  wire.operation = !command.substream.valid ? ats::InvOperation::no_pasid
                   : command.global         ? ats::InvOperation::pasid_global
                                            : ats::InvOperation::pasid;
  wire.itag = static_cast<std::uint8_t>(message.id);
  wire.ssid = command.substream.value;
  wire.sid = raw(command.stream);
  wire.range = command.size;
  wire.page = page_of(command.address);
  return wire;
}

std::optional<Downstream> typed(const ats::InvReq& wire) {
  if (wire.operation < ats::InvOperation::no_pasid || wire.operation > ats::InvOperation::pasid_global) {
    return std::nullopt;
  }
  Downstream message;
  message.kind = Downstream::Kind::atc_inv;
  message.id = wire.itag;
  arch::Command& command = message.command;
  command.opcode = Opcode::atc_inv;
  command.stream = StreamId(wire.sid);
  command.substream = {wire.operation != ats::InvOperation::no_pasid, wire.ssid};
  command.global = wire.operation == ats::InvOperation::pasid_global;
  command.size = wire.range;
  command.address = address_of(wire.page);
  message.stream = command.stream;
  message.substream = command.substream;
  return message;
}

ats::InvComp ats_completion(const Upstream& message) {
  return {static_cast<std::uint8_t>(message.id), message.error, raw(message.stream)};
}

Upstream typed(const ats::InvComp& wire) {
  Upstream message;
  message.kind = Upstream::Kind::inv_comp;
  message.id = wire.itag;
  message.error = wire.error;
  message.stream = StreamId(wire.sid);
  return message;
}

// --- page requests

ats::PageReq ats_page_request(const Upstream& request) {
  ats::PageReq wire;
  wire.ssv = request.substream.valid;
  wire.ssid = request.substream.value;
  wire.privileged = request.access.privileged;
  wire.instruction = request.access.instruction;
  wire.read = request.page_read, wire.write = request.page_write, wire.last = request.last;
  wire.sid = raw(request.stream);
  wire.group = request.group;
  wire.page = page_of(request.va.value);
  return wire;
}

Upstream typed(const ats::PageReq& wire) {
  Upstream request;
  request.kind = Upstream::Kind::page_req;
  request.stream = StreamId(wire.sid);
  request.substream = {wire.ssv, wire.ssid};
  request.access = {wire.write, wire.instruction, wire.privileged};
  request.va = arch::Va(address_of(wire.page));
  request.page_read = wire.read, request.page_write = wire.write, request.last = wire.last;
  request.group = wire.group;
  return request;
}

ats::PageResp ats_page_response(const Downstream& response) {
  using Pcie = arch::PrgResponseCode;
  ats::PageResp wire;
  wire.ssv = response.substream.valid;
  wire.ssid = response.substream.value;
  wire.response = response.response == static_cast<std::uint8_t>(Pcie::success) ? ats::PageResponse::success
                  : response.response == static_cast<std::uint8_t>(Pcie::invalid)
                      ? ats::PageResponse::invalid
                      : ats::PageResponse::failure;
  wire.sid = raw(response.stream);
  wire.group = response.group;
  return wire;
}

Downstream typed(const ats::PageResp& wire) {
  using Pcie = arch::PrgResponseCode;
  Downstream response;
  response.kind = Downstream::Kind::page_resp;
  response.stream = StreamId(wire.sid);
  response.substream = {wire.ssv, wire.ssid};
  response.group = wire.group;
  const Pcie code = wire.response == ats::PageResponse::success   ? Pcie::success
                    : wire.response == ats::PageResponse::invalid ? Pcie::invalid
                                                                  : Pcie::failure;
  response.response = static_cast<std::uint8_t>(code);
  return response;
}

}  // namespace svasim::bridges
