// The operations that make the SMMU work: commands, accesses, translation requests, messages. See
// interpreter.hpp.
#include <algorithm>
#include <cstring>

#include "models/arch/queue.hpp"
#include "models/arch/registers.hpp"
#include "testbenches/sim/script/names.hpp"
#include "testbenches/sim/script/outstanding.hpp"

namespace svasim::script {

namespace reg = arch::reg;

// --- commands

/// Puts a command behind those that are in the queue or will be when the doorbell rings. False: no room.
bool Interpreter::push_command(const arch::CommandWords& words) {
  const std::uint64_t base = machine().peek_register(reg::kCmdqBase) |
                             std::uint64_t{machine().peek_register(reg::kCmdqBase + 4)} << 32;
  const auto queue = arch::QueueBase::decode(base, arch::kLog2CommandBytes,
                                             machine().smmu().model().context().features.cmdqs);
  const arch::QueueIndex index(queue.log2_size);
  const std::uint32_t prod = machine().peek_register(reg::kCmdqProd) + pushed_commands_;
  if (index.full(prod, machine().peek_register(reg::kCmdqCons))) return false;
  ++pushed_commands_;
  return machine().memory().write(queue.entry(prod, arch::kLog2CommandBytes).value, words.data(),
                                  sizeof words);
}

/// Makes the commands pushed visible, and if asked for waits until all are consumed, an error stops them, or
/// nothing is left to happen.
void Interpreter::command(Fields& fields) {
  const bool ring = fields.flag_or("ring", true);
  const bool wait = fields.flag_or("wait", ring);
  const bool sync = fields.flag_or("sync", false);
  const arch::CommandWords words = command_of(fields);
  Result result;
  if (wait) result = begin(fields);
  fields.finish();
  if (wait && !ring) fields.fail("\"wait\": a command without doorbell is never consumed");
  if (!push_command(words) || (sync && !push_command(encode(arch::Command())))) {
    fields.fail("the command queue is full, or not in memory");
  }
  if (!ring) return;
  const engine::Picoseconds begun = machine().now();
  std::uint64_t prod = (machine().peek_register(reg::kCmdqProd) + pushed_commands_) & 0xF'FFFF;
  pushed_commands_ = 0;
  machine().access_register(true, reg::kCmdqProd, prod, 4);
  if (!wait) return;
  const arch::QueueIndex index(machine().peek_register(reg::kCmdqBase) & 31);
  arch::CommandError error{};
  bool consumed = false, may_change = true;
  do {
    may_change = !machine().is_idle();
    std::uint64_t cons = 0;
    machine().access_register(false, reg::kCmdqCons, cons, 4);
    error = arch::cmdq_cons::error(static_cast<std::uint32_t>(cons));
    consumed = index.empty(static_cast<std::uint32_t>(prod), static_cast<std::uint32_t>(cons));
  } while (!consumed && error == arch::CommandError::none && may_change);
  result.json["consumed"] = consumed;
  result.json["error"] = name(error);
  result.json["took_ps"] = machine().now() - begun;
  emit(std::move(result));
}

// --- accesses

/// The fields that accesses and translation requests share.
void Interpreter::read_request(Fields& fields, Outstanding& request) {
  embed::Attributes& attributes = request.access.attributes;
  request.op = fields.text("op");
  request.va = fields.number("va");
  request.port = fields.number_or("port", 0, 8);
  attributes.stream = static_cast<arch::StreamId>(fields.number_or("stream", 0, 32));
  attributes.substream.valid = fields.has("substream");
  attributes.substream.value = static_cast<std::uint32_t>(fields.number_or("substream", 0, 20));
  attributes.privileged = fields.flag_or("privileged", false);
  attributes.instruction = fields.flag_or("instruction", false);
  request.access.set_address(request.va);
  if (request.port >= machine().ports()) {
    fields.fail("\"port\": expected less than " + std::to_string(machine().ports()));
  }
}

void Interpreter::access(Fields& fields) {
  auto request = std::make_unique<Outstanding>();
  read_request(fields, *request);
  Access& access = request->access;
  const bool write = fields.flag_or("write", false);
  const std::uint64_t size = fields.number_or("size", 8);
  if (size == 0 || request->va % arch::kPageSize + size > arch::kPageSize) {
    fields.fail("\"size\": expected 1 to 4096 bytes inside a page, found " + std::to_string(size) + " at " +
                hex(request->va));
  }
  access.attributes.non_secure = fields.flag_or("non_secure", true);
  access.attributes.address_type = fields.choice_or("type", {"untranslated", "translated"}, 0) == 0
                                       ? arch::AddressType::untranslated
                                       : arch::AddressType::translated;
  access.data.resize((size + 7) / 8 * 8);
  if (fields.has("data")) {
    const std::vector<std::uint64_t> words = fields.numbers("data");
    if (!write) fields.fail("\"data\": only of a write; the data of a read is its result");
    std::memcpy(access.data.data(), words.data(), std::min<std::size_t>(size, 8 * words.size()));
  }
  access.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  access.set_data_ptr(access.data.data());
  access.set_data_length(static_cast<unsigned>(size));
  access.set_streaming_width(static_cast<unsigned>(size));
  launch(fields, std::move(request));
}

void Interpreter::translate(Fields& fields) {
  auto request = std::make_unique<Outstanding>();
  read_request(fields, *request);
  request->access.attributes.address_type = arch::AddressType::translation_request;
  request->access.attributes.no_write = fields.flag_or("no_write", false);
  request->access.set_command(tlm::TLM_IGNORE_COMMAND);
  launch(fields, std::move(request));
}

void Interpreter::launch(Fields& fields, std::unique_ptr<Outstanding> request) {
  const bool wait = fields.flag_or("wait", true);
  Result result;
  if (wait) result = begin(fields);
  request->id = fields.text_or("id", "");
  fields.finish();
  outstanding_.push_back(std::move(request));
  Outstanding& started = *outstanding_.back();
  machine().start(started.access, started.port);
  if (!wait) return;
  machine().wait(started.access);
  report(std::move(result), started);
}

void Interpreter::wait(Fields& fields) {
  if (!fields.has("id")) {
    fields.finish();
    std::vector<Outstanding*> all;
    for (const auto& request : outstanding_) all.push_back(request.get());
    for (Outstanding* request : all) {
      machine().wait(request->access);
      Result result;
      result.json["line"] = line_;
      result.json["op"] = request->op;
      result.id = request->id;
      if (!result.id.empty()) result.json["id"] = result.id;
      report(std::move(result), *request);
    }
    return;
  }
  Result result = begin(fields);
  fields.finish();
  const auto found = std::find_if(outstanding_.begin(), outstanding_.end(),
                                  [&](const auto& request) { return request->id == result.id; });
  if (found == outstanding_.end())
    fields.fail("\"id\": nothing outstanding has the id \"" + result.id + "\"");
  machine().wait((*found)->access);
  result.json["op"] = (*found)->op;
  report(std::move(result), **found);
}

// --- results of accesses

/// The records that have been made for this request since it was sent.
Json Interpreter::take_events(const Outstanding& request) {
  const embed::Attributes& attributes = request.access.attributes;
  Json events = Json::array();
  std::vector<arch::Event>& made = machine().events;
  const auto is_its = [&](const arch::Event& event) {
    return event.stream == attributes.stream &&
           (event.input_address.value == 0 || event.input_address.aligned(arch::kPageShift).value ==
                                                  arch::Va(request.va).aligned(arch::kPageShift).value);
  };
  for (const arch::Event& event : made) {
    if (is_its(event)) events.push_back(to_json(encode(event)));
  }
  made.erase(std::remove_if(made.begin(), made.end(), is_its), made.end());
  return events;
}

namespace {

Json completion(const arch::AtsAnswer& answer) {
  const arch::AtsTranslation& t = answer.translation;
  Json json = Json::object();
  if (answer.status != arch::AtsStatus::success) return json;
  json["pa"] = hex(t.address);
  json["log2_size"] = t.log2_size;
  json["read"] = t.read;
  json["write"] = t.write;
  json["execute"] = t.execute;
  json["privileged"] = t.privileged;
  json["global"] = t.global;
  json["no_snoop"] = t.no_snoop;
  json["untranslated_only"] = t.untranslated_only;
  return json;
}

const char* name(arch::AtsStatus status) {
  return status == arch::AtsStatus::success               ? "success"
         : status == arch::AtsStatus::unsupported_request ? "unsupported_request"
                                                          : "completer_abort";
}

Json data_of(const Access& access) {
  Json words = Json::array();
  const std::uint64_t size = access.get_data_length();
  for (std::uint64_t i = 0; i < size; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, access.data.data() + i, std::min<std::uint64_t>(8, size - i));
    words.push_back(hex(word));
  }
  return size <= 8 ? words[0] : words;
}

Json stages_of(const embed::Attributes& attributes) {
  Json stages = Json::object();
  for (std::size_t i = 0; i < probe::kStageCount; ++i) {
    if (attributes.stages[i] != 0) stages[std::string(probe::kStages[i].name)] = attributes.stages[i];
  }
  return stages;
}

}  // namespace

void Interpreter::report(Result&& result, Outstanding& request) {
  const Access& access = request.access;
  const embed::Attributes& attributes = access.attributes;
  Json& json = result.json;
  const bool ats = attributes.address_type == arch::AddressType::translation_request;
  if (!access.done) {
    json["status"] = "stalled";
  } else if (ats) {
    json["status"] = name(attributes.ats.status);
    json.update(completion(attributes.ats));
  } else {
    json["status"] = embed::name(attributes.result);
    if (attributes.result == embed::Result::ok || attributes.result == embed::Result::memory_error) {
      json["pa"] = hex(attributes.physical.value);
      json["mair"] = hex(attributes.memory.type);
      json["shareability"] = attributes.memory.shareability;
    }
    if (access.is_read() && access.is_response_ok()) json["data"] = data_of(access);
  }
  json["events"] = take_events(request);
  if (access.done) {
    json["latency_ps"] = attributes.latency_ps;
    json["stages"] = stages_of(attributes);
    const auto found = std::find_if(outstanding_.begin(), outstanding_.end(),
                                    [&](const auto& candidate) { return candidate.get() == &request; });
    outstanding_.erase(found);
    if (outstanding_.empty()) machine().events.clear();
  }
  emit(std::move(result));
}

// --- messages

void Interpreter::request_page(Fields& fields) {
  arch::PageRequest request;
  const std::size_t port = fields.number_or("port", 0, 8);
  request.stream = static_cast<arch::StreamId>(fields.number_or("stream", 0, 32));
  request.substream.valid = fields.has("substream");
  request.substream.value = static_cast<std::uint32_t>(fields.number_or("substream", 0, 20));
  request.privileged = fields.flag_or("privileged", false);
  request.execute = fields.flag_or("execute", false);
  request.read = fields.flag_or("read", false);
  request.write = fields.flag_or("write", false);
  request.last = fields.flag_or("last", true);
  request.prg_index = static_cast<std::uint16_t>(fields.number_or("prg_index", 0, 9));
  request.page = arch::Va(fields.number("va")).aligned(arch::kPageShift);
  fields.finish();
  if (port >= machine().ports())
    fields.fail("\"port\": expected less than " + std::to_string(machine().ports()));
  machine().page_request(port, request);
}

void Interpreter::complete_invalidation(Fields& fields) {
  const std::size_t port = fields.number_or("port", 0, 8);
  const auto itag = static_cast<std::uint16_t>(fields.number("itag", 5));
  fields.finish();
  if (port >= machine().ports())
    fields.fail("\"port\": expected less than " + std::to_string(machine().ports()));
  machine().complete_invalidation(port, itag);
}

}  // namespace svasim::script
