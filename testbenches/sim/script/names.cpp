// See names.hpp.
#include "testbenches/sim/script/names.hpp"

#include <algorithm>

namespace svasim::script {
namespace {

namespace reg = arch::reg;

const Register kRegisters[] = {
    {"IDR0", reg::kIdr0, 4},
    {"IDR1", reg::kIdr1, 4},
    {"IDR2", reg::kIdr2, 4},
    {"IDR3", reg::kIdr3, 4},
    {"IDR4", reg::kIdr4, 4},
    {"IDR5", reg::kIdr5, 4},
    {"IIDR", reg::kIidr, 4},
    {"AIDR", reg::kAidr, 4},
    {"CR0", reg::kCr0, 4},
    {"CR0ACK", reg::kCr0Ack, 4},
    {"CR1", reg::kCr1, 4},
    {"CR2", reg::kCr2, 4},
    {"STATUSR", reg::kStatusr, 4},
    {"GBPA", reg::kGbpa, 4},
    {"AGBPA", reg::kAgbpa, 4},
    {"IRQ_CTRL", reg::kIrqCtrl, 4},
    {"IRQ_CTRLACK", reg::kIrqCtrlAck, 4},
    {"GERROR", reg::kGerror, 4},
    {"GERRORN", reg::kGerrorn, 4},
    {"GERROR_IRQ_CFG0", reg::kGerrorIrqCfg0, 8},
    {"GERROR_IRQ_CFG1", reg::kGerrorIrqCfg1, 4},
    {"GERROR_IRQ_CFG2", reg::kGerrorIrqCfg2, 4},
    {"STRTAB_BASE", reg::kStrtabBase, 8},
    {"STRTAB_BASE_CFG", reg::kStrtabBaseCfg, 4},
    {"CMDQ_BASE", reg::kCmdqBase, 8},
    {"CMDQ_PROD", reg::kCmdqProd, 4},
    {"CMDQ_CONS", reg::kCmdqCons, 4},
    {"EVENTQ_BASE", reg::kEventqBase, 8},
    {"EVENTQ_IRQ_CFG0", reg::kEventqIrqCfg0, 8},
    {"EVENTQ_IRQ_CFG1", reg::kEventqIrqCfg1, 4},
    {"EVENTQ_IRQ_CFG2", reg::kEventqIrqCfg2, 4},
    {"EVENTQ_PROD", reg::kEventqProd, 4},
    {"EVENTQ_CONS", reg::kEventqCons, 4},
    {"PRIQ_BASE", reg::kPriqBase, 8},
    {"PRIQ_IRQ_CFG0", reg::kPriqIrqCfg0, 8},
    {"PRIQ_IRQ_CFG1", reg::kPriqIrqCfg1, 4},
    {"PRIQ_IRQ_CFG2", reg::kPriqIrqCfg2, 4},
    {"PRIQ_PROD", reg::kPriqProd, 4},
    {"PRIQ_CONS", reg::kPriqCons, 4},
};

std::optional<arch::Opcode> opcode_of(std::string name) {
  if (name.rfind("CMD_", 0) != 0) name = "CMD_" + name;
  if (name == "CMD_CFGI_ALL") name = "CMD_CFGI_STE_RANGE";
  for (unsigned code = 0; code < 256; ++code) {
    if (name == arch::name(static_cast<arch::Opcode>(code))) return static_cast<arch::Opcode>(code);
  }
  return std::nullopt;
}

std::uint8_t byte(Fields& fields, const char* name, std::uint8_t otherwise, unsigned bits) {
  return static_cast<std::uint8_t>(fields.number_or(name, otherwise, bits));
}

arch::Command named_command(Fields& fields) {
  using arch::PriResponse, arch::ResumeAction, arch::SyncSignal;
  const std::string name = fields.text("name");
  const std::optional<arch::Opcode> opcode = opcode_of(name);
  if (!opcode) fields.fail("\"name\": no command \"" + name + "\"; raw ones can be given as \"words\"");
  arch::Command c;
  c.opcode = *opcode;
  const bool all = name == "CFGI_ALL" || name == "CMD_CFGI_ALL";
  c.secure = fields.flag_or("secure", false);
  c.stream = static_cast<arch::StreamId>(fields.number_or("stream", 0, 32));
  c.substream.valid = fields.has("substream");
  c.substream.value = static_cast<std::uint32_t>(fields.number_or("substream", 0, 20));
  c.leaf = fields.flag_or("leaf", false);
  c.range = byte(fields, "range", all ? arch::kCfgiAllRange : 0, 5);
  c.vmid = static_cast<std::uint16_t>(fields.number_or("vmid", 0, 16));
  c.asid = static_cast<std::uint16_t>(fields.number_or("asid", 0, 16));
  c.address = fields.number_or("address", 0);
  c.size = byte(fields, "size", 0, 6);
  c.num = byte(fields, "num", 0, 5);
  c.scale = byte(fields, "scale", 0, 5);
  c.tg = byte(fields, "tg", 0, 2);
  c.ttl = byte(fields, "ttl", 0, 2);
  c.global = fields.flag_or("global", false);
  c.prg_index = static_cast<std::uint16_t>(fields.number_or("prg_index", 0, 9));
  c.response = static_cast<PriResponse>(fields.choice_or("response", {"failure", "invalid", "success"}, 0));
  c.action = static_cast<ResumeAction>(fields.choice_or("action", {"raz_wi", "retry", "abort"}, 1));
  c.stag = static_cast<std::uint16_t>(fields.number_or("stag", 0, 16));
  c.signal = static_cast<SyncSignal>(fields.choice_or("signal", {"none", "irq", "sev"}, 0));
  c.msi_data = static_cast<std::uint32_t>(fields.number_or("msi_data", 0, 32));
  c.msi_address = fields.number_or("msi_address", 0);
  return c;
}

template <class Words>
Json hex_words(const Words& words) {
  Json all = Json::array();
  for (const std::uint64_t word : words) all.push_back(hex(word));
  return all;
}

}  // namespace

Register register_of(Fields& fields, const std::string& field) {
  const Json* value = fields.find(field);
  if (value != nullptr && value->is_string()) {
    const auto found = std::find_if(std::begin(kRegisters), std::end(kRegisters),
                                    [&](const Register& r) { return r.name == value->get<std::string>(); });
    if (found != std::end(kRegisters)) return *found;
    std::uint64_t number = 0;
    if (!parse_number(*value, number)) fields.fail("\"" + field + "\": no register " + value->dump());
  }
  const auto offset = static_cast<std::uint32_t>(fields.number(field, 32));
  if (offset >= reg::kSize || offset % 4 != 0) {
    fields.fail("\"" + field + "\": expected an offset below 0x20000 and a multiple of 4, found " +
                hex(offset));
  }
  for (const Register& known : kRegisters) {
    if (known.offset == offset) return known;
  }
  return {hex(offset), offset, 4};
}

arch::CommandWords command_of(Fields& fields) {
  if (!fields.has("words")) return encode(named_command(fields));
  const std::vector<std::uint64_t> words = fields.numbers("words");
  if (words.size() != 2) fields.fail("\"words\": expected two numbers");
  return {words[0], words[1]};
}

Json to_json(arch::SubstreamId substream) { return substream.valid ? Json(substream.value) : Json(nullptr); }

Json to_json(const arch::EventWords& words) {
  static constexpr const char* kClasses[] = {"CD", "TT", "IN", "reserved"};
  const arch::Event event = arch::decode_event(words);
  Json json;
  json["id"] = arch::name(event.id);
  json["stream"] = raw(event.stream);
  json["substream"] = to_json(event.substream);
  json["stall"] = event.stall;
  json["stag"] = event.stag;
  json["read"] = event.read;
  json["privileged"] = event.privileged;
  json["instruction"] = event.instruction;
  json["s2"] = event.stage2;
  json["class"] = kClasses[static_cast<unsigned>(event.fault_class) & 3];
  json["ttrnw"] = event.ttrnw;
  json["nsipa"] = event.nsipa;
  json["input_address"] = hex(event.input_address.value);
  json["address"] = hex(event.address);
  json["words"] = hex_words(words);
  return json;
}

Json to_json(const arch::PageRequestWords& words) {
  const arch::PageRequest request = arch::decode_page_request(words);
  Json json;
  json["stream"] = raw(request.stream);
  json["substream"] = to_json(request.substream);
  json["read"] = request.read;
  json["write"] = request.write;
  json["execute"] = request.execute;
  json["privileged"] = request.privileged;
  json["last"] = request.last;
  json["prg_index"] = request.prg_index;
  json["va"] = hex(request.page.value);
  json["words"] = hex_words(words);
  return json;
}

const char* name(arch::CommandError error) {
  switch (error) {
    case arch::CommandError::none: return "none";
    case arch::CommandError::illegal: return "CERROR_ILL";
    case arch::CommandError::fetch_abort: return "CERROR_ABT";
    case arch::CommandError::atc_invalidate_sync: return "CERROR_ATC_INV_SYNC";
  }
  return "reserved";
}

}  // namespace svasim::script
