// Lines, results, expectations, and the operations on configuration, memory, registers and time. See
// interpreter.hpp; commands and accesses are in interpreter_traffic.cpp, dumps in interpreter_dumps.cpp.
#include "testbenches/sim/script/interpreter.hpp"

#include <algorithm>
#include <istream>
#include <ostream>
#include <sstream>

#include "models/platform/settings.hpp"
#include "testbenches/sim/script/expect.hpp"
#include "testbenches/sim/script/names.hpp"
#include "testbenches/sim/script/outstanding.hpp"

namespace svasim::script {

struct Interpreter::Operation {
  const char* name;
  void (Interpreter::*run)(Fields&);
};

const Interpreter::Operation Interpreter::kOperations[] = {
    {"config", &Interpreter::configure},
    {"mem.write", &Interpreter::write_memory},
    {"mem.read", &Interpreter::read_memory},
    {"mem.fill", &Interpreter::fill_memory},
    {"reg.write", &Interpreter::write_register},
    {"reg.read", &Interpreter::read_register},
    {"reg.poll", &Interpreter::poll_register},
    {"command", &Interpreter::command},
    {"access", &Interpreter::access},
    {"translate", &Interpreter::translate},
    {"wait", &Interpreter::wait},
    {"page_request", &Interpreter::request_page},
    {"invalidation_complete", &Interpreter::complete_invalidation},
    {"advance", &Interpreter::advance},
    {"idle", &Interpreter::idle},
    {"reset", &Interpreter::reset},
    {"events", &Interpreter::dump_events},
    {"page_requests", &Interpreter::dump_page_requests},
    {"interrupts", &Interpreter::dump_interrupts},
    {"messages", &Interpreter::dump_messages},
    {"expect", &Interpreter::expect},
};

Interpreter::Interpreter(std::string file, std::ostream& out, std::ostream& err)
    : file_(std::move(file)), out_(out), err_(err) {}

Interpreter::~Interpreter() = default;

// --- lines

void Interpreter::run(std::istream& lines) {
  for (std::string text; std::getline(lines, text);) {
    ++line_;
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string::npos || text[first] == '#') continue;
    const std::string where = file_ + ":" + std::to_string(line_);
    Json object = Json::parse(text, nullptr, false);
    if (!object.is_object())
      throw ScriptError(where + ": expected one JSON object, such as {\"op\": \"idle\"}");
    object.erase("comment");
    resolve(object, where);
    Fields fields(object, where);
    execute(fields);
  }
}

/// Replaces "$id.field.0" by that part of the result with this id.
void Interpreter::resolve(Json& value, const std::string& where) const {
  if (value.is_structured()) {
    for (Json& part : value) resolve(part, where);
    return;
  }
  if (!value.is_string() || value.get_ref<const std::string&>().rfind('$', 0) != 0) return;
  const std::string text = value.get<std::string>();
  std::istringstream path(text.substr(1));
  std::string name;
  std::getline(path, name, '.');
  const auto result = results_.find(name);
  const Json* part = result == results_.end() ? nullptr : &result->second;
  while (part != nullptr && std::getline(path, name, '.')) {
    const bool index = part->is_array() && !name.empty() && name.size() < 9 &&
                       name.find_first_not_of("0123456789") == std::string::npos;
    if (index && std::stoul(name) < part->size()) part = &(*part)[std::stoul(name)];
    else if (part->is_object() && part->contains(name)) part = &(*part)[name];
    else part = nullptr;
  }
  if (part == nullptr) throw ScriptError(where + ": no result has what " + value.dump() + " names");
  value = Json(*part);
}

void Interpreter::execute(Fields& fields) {
  const std::string name = fields.text("op");
  std::string all;
  for (const Operation& operation : kOperations) {
    if (name == operation.name) return (this->*operation.run)(fields);
    all += (all.empty() ? "" : ", ") + std::string(operation.name);
  }
  fields.fail("\"op\": expected one of " + all + ", found \"" + name + "\"");
}

Machine& Interpreter::machine() {
  if (machine_ == nullptr) {
    MachineConfig config;
    config.ram.base = 0x8000'0000;
    make_machine(config);
  }
  return *machine_;
}

// --- results

Interpreter::Result Interpreter::begin(Fields& fields) {
  Result result;
  result.where = fields.where();
  result.json["line"] = line_;
  result.json["op"] = fields.text("op");
  result.id = fields.text_or("id", "");
  if (!result.id.empty()) result.json["id"] = result.id;
  if (const Json* expected = fields.find("expect")) result.expected = *expected;
  if (!result.expected.is_null() && !result.expected.is_object())
    fields.fail("\"expect\": expected an object");
  return result;
}

void Interpreter::emit(Result&& result) {
  result.json["at_ps"] = machine().now();
  out_ << result.json.dump() << '\n';
  if (!result.expected.is_null()) check(result.where, result.expected, result.json);
  last_ = result.json;
  if (!result.id.empty()) results_[result.id] = std::move(result.json);
}

void Interpreter::check(const std::string& where, const Json& pattern, const Json& found) {
  for (const std::string& difference : differences(pattern, found)) fail(where, difference);
}

void Interpreter::fail(const std::string& where, const std::string& message) {
  ++failures_;
  out_.flush();  // the result first, when both go to one place
  err_ << where << ": " << message << '\n';
}

void Interpreter::expect(Fields& fields) {
  const std::string of = fields.text_or("of", "");
  const Json* pattern = fields.find("is");
  if (pattern == nullptr || !pattern->is_object()) {
    fields.fail("expected a field \"is\" with the fields of a result");
  }
  fields.finish();
  if (!of.empty() && results_.count(of) == 0) fields.fail("\"of\": no result has the id \"" + of + "\"");
  const Json& result = of.empty() ? last_ : results_[of];
  if (result.is_null()) fields.fail("no operation has yielded a result yet");
  check(fields.where(), *pattern, result);
}

// --- configuration

namespace {

/// What no block describes.
struct Rest {
  engine::Picoseconds& period;
  template <class Visitor>
  void describe(Visitor& v) {
    v.field("period", period, "ps", 1, 1e9, "clock of the SMMU and of the RAM");
  }
};

std::string setting_text(const Json& value) {
  std::uint64_t number = 0;
  if (parse_number(value, number)) return std::to_string(number);
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void assign(Fields& fields, const Json& values, MachineConfig& config) {
  platform::Settings settings;
  Rest rest{config.smmu.period};
  settings.add("", rest);
  settings.add("idr.", config.smmu.smmu.features);
  settings.add("tbu.", config.smmu.smmu.tbu);
  settings.add("tcu.", config.smmu.smmu.tcu);
  settings.add("dti.", config.smmu.smmu.dti);
  settings.add("ram.", config.ram);
  for (const auto& [key, value] : values.items()) {
    try {
      settings.set(key, setting_text(value));
    } catch (const platform::ConfigError& error) {
      fields.fail(error.what());
    }
  }
}

embed::DevicePortConfig port_of(const Json& json, const std::string& where) {
  if (!json.is_object()) throw ScriptError(where + ": \"ports\": expected objects");
  Fields fields(json, where);
  embed::DevicePortConfig port;
  port.can_stall = fields.flag_or("can_stall", true);
  port.streams.first = static_cast<arch::StreamId>(fields.number_or("first", 0, 32));
  port.streams.last = static_cast<arch::StreamId>(fields.number_or("last", 0xFFFF'FFFF, 32));
  port.ats_tokens = static_cast<std::uint16_t>(fields.number_or("ats_tokens", port.ats_tokens, 12));
  fields.finish();
  return port;
}

}  // namespace

void Interpreter::configure(Fields& fields) {
  if (machine_ != nullptr) fields.fail("the configuration must come before all other operations");
  MachineConfig config;
  config.ram.base = 0x8000'0000;
  arch::IdRegisters id = encode(config.smmu.smmu.features);
  const auto word = [&](const char* name, std::uint32_t& value) {
    value = static_cast<std::uint32_t>(fields.number_or(name, value, 32));
  };
  word("idr0", id.idr0);
  word("idr1", id.idr1);
  word("idr3", id.idr3);
  word("idr5", id.idr5);
  word("iidr", id.iidr);
  word("aidr", id.aidr);
  config.smmu.smmu.features = arch::decode_features(id);
  config.hold_invalidations = fields.choice_or("invalidations", {"complete", "hold"}, 0) == 1;
  if (const Json* values = fields.find("set")) {
    if (!values->is_object()) fields.fail("\"set\": expected an object of keys and values");
    assign(fields, *values, config);
  }
  if (const Json* ports = fields.find("ports")) {
    if (!ports->is_array()) fields.fail("\"ports\": expected an array of objects");
    config.smmu.devices.clear();
    for (const Json& port : *ports) config.smmu.devices.push_back(port_of(port, fields.where()));
  }
  fields.finish();
  try {
    make_machine(config);
  } catch (const std::invalid_argument& error) {
    fields.fail(error.what());
  }
}

void Interpreter::make_machine(MachineConfig config) {
  config.smmu.shared_memory_socket = false;
  config.ram.ports = static_cast<unsigned>(1 + config.smmu.devices.size());
  machine_ = std::make_unique<Machine>("machine", config);
}

// --- memory: takes no time

namespace {

unsigned width_of(Fields& fields, unsigned otherwise) {
  const std::uint64_t bytes = fields.number_or("bytes", otherwise);
  if (bytes != 4 && bytes != 8) fields.fail("\"bytes\": expected 4 or 8, found " + std::to_string(bytes));
  return static_cast<unsigned>(bytes);
}

std::string outside(std::uint64_t address) { return "no memory at " + hex(address); }

}  // namespace

void Interpreter::write_memory(Fields& fields) {
  const unsigned bytes = width_of(fields, 8);
  std::uint64_t address = fields.number("address");
  const std::vector<std::uint64_t> words = fields.numbers("data", 8 * bytes);
  fields.finish();
  for (const std::uint64_t word : words) {
    if (!machine().memory().write(address, &word, bytes)) fields.fail(outside(address));
    address += bytes;
  }
}

void Interpreter::fill_memory(Fields& fields) {
  const unsigned bytes = width_of(fields, 8);
  const std::uint64_t address = fields.number("address");
  const std::uint64_t count = fields.number("count", 32);
  const std::uint64_t word = fields.number_or("data", 0, 8 * bytes);
  const std::uint64_t step = fields.number_or("step", 0, 8 * bytes);
  fields.finish();
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t value = word + i * step;
    if (!machine().memory().write(address + i * bytes, &value, bytes))
      fields.fail(outside(address + i * bytes));
  }
}

void Interpreter::read_memory(Fields& fields) {
  Result result = begin(fields);
  const unsigned bytes = width_of(fields, 8);
  const std::uint64_t address = fields.number("address");
  const bool many = fields.has("count");
  const std::uint64_t count = fields.number_or("count", 1, 20);
  fields.finish();
  Json words = Json::array();
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t word = 0;
    if (!machine().memory().read(address + i * bytes, &word, bytes))
      fields.fail(outside(address + i * bytes));
    words.push_back(hex(word));
  }
  result.json["address"] = hex(address);
  result.json["data"] = many ? words : words[0];
  emit(std::move(result));
}

// --- registers: each access takes its time

void Interpreter::write_register(Fields& fields) {
  const Register reg = register_of(fields, "reg");
  const unsigned bytes = width_of(fields, reg.bytes);
  std::uint64_t value = fields.number("data", 8 * bytes);
  fields.finish();
  if (!machine().access_register(true, reg.offset, value, bytes))
    fields.fail("the register access was refused");
}

void Interpreter::read_register(Fields& fields) {
  Result result = begin(fields);
  const Register reg = register_of(fields, "reg");
  const unsigned bytes = width_of(fields, reg.bytes);
  fields.finish();
  std::uint64_t value = 0;
  if (!machine().access_register(false, reg.offset, value, bytes))
    fields.fail("the register access was refused");
  result.json["reg"] = reg.name;
  result.json["data"] = hex(value);
  emit(std::move(result));
}

void Interpreter::poll_register(Fields& fields) {
  Result result = begin(fields);
  const Register reg = register_of(fields, "reg");
  const unsigned bytes = width_of(fields, reg.bytes);
  const std::uint64_t mask = fields.number_or("mask", bytes == 4 ? 0xFFFF'FFFF : ~std::uint64_t{0});
  const std::uint64_t wanted = fields.number("data", 8 * bytes);
  const std::uint64_t timeout = fields.number_or("timeout_ps", 1'000'000'000);
  fields.finish();
  const engine::Picoseconds begun = machine().now();
  std::uint64_t value = 0, reads = 0;
  bool may_change = true;
  do {
    may_change = !machine().is_idle() && machine().now() - begun < timeout;
    value = 0;
    ++reads;
    if (!machine().access_register(false, reg.offset, value, bytes)) {
      fields.fail("the register access was refused");
    }
  } while ((value & mask) != wanted && may_change);
  result.json["reg"] = reg.name;
  result.json["data"] = hex(value);
  result.json["reads"] = reads;
  result.json["waited_ps"] = machine().now() - begun;
  if ((value & mask) != wanted) {
    fail(fields.where(), reg.name + " under mask " + hex(mask) + ": expected " + hex(wanted) + ", found " +
                             hex(value) + " after " + std::to_string(machine().now() - begun) + " ps");
  }
  emit(std::move(result));
}

// --- time

void Interpreter::advance(Fields& fields) {
  const std::uint64_t span = fields.number("ps", 60);
  fields.finish();
  machine().advance(span);
}

void Interpreter::idle(Fields& fields) {
  fields.finish();
  machine().idle();
}

void Interpreter::reset(Fields& fields) {
  const bool memory = fields.flag_or("memory", true);
  fields.finish();
  machine().idle();
  if (!machine().reset(memory)) fields.fail("an access is stalled; clear CR0.SMMUEN to end it");
  pushed_commands_ = 0;
}

}  // namespace svasim::script
