// The operations that show what the SMMU has written or signalled: queues, interrupts, messages. See
// interpreter.hpp.
#include <algorithm>
#include <array>

#include "models/arch/queue.hpp"
#include "models/arch/registers.hpp"
#include "testbenches/sim/script/names.hpp"
#include "testbenches/sim/script/outstanding.hpp"

namespace svasim::script {

namespace reg = arch::reg;

/// The records between CONS and PROD, which are then given back unless "consume" is false.
template <class Words>
void Interpreter::dump_queue(Fields& fields, const char* what, const QueueRegisters& queue) {
  Result result = begin(fields);
  const bool consume = fields.flag_or("consume", true);
  fields.finish();
  const std::uint64_t base =
      machine().peek_register(queue.base) | std::uint64_t{machine().peek_register(queue.base + 4)} << 32;
  const unsigned log2_bytes = sizeof(Words) == 32 ? arch::kLog2EventBytes : arch::kLog2PageRequestBytes;
  const auto at = arch::QueueBase::decode(base, log2_bytes, queue.max_log2_size);
  const arch::QueueIndex index(at.log2_size);
  const std::uint32_t prod = machine().peek_register(queue.prod), cons = machine().peek_register(queue.cons);
  const std::uint32_t count = std::min(index.count(prod, cons), index.size());
  Json records = Json::array();
  for (std::uint32_t i = 0; i < count; ++i) {
    Words words{};
    machine().memory().read(at.entry(cons + i, log2_bytes).value, words.data(), sizeof words);
    records.push_back(to_json(words));
  }
  result.json["count"] = count;
  result.json["overflow"] = ((prod ^ cons) & arch::kQueueOverflow) != 0;
  result.json[what] = std::move(records);
  std::uint64_t taken = index.with_wrap(prod) | (prod & arch::kQueueOverflow);
  if (consume) machine().access_register(true, queue.cons, taken, 4);
  emit(std::move(result));
}

void Interpreter::dump_events(Fields& fields) {
  const unsigned log2 = machine().smmu().model().context().features.eventqs;
  dump_queue<arch::EventWords>(fields, "events",
                               {reg::kEventqBase, reg::kEventqProd, reg::kEventqCons, log2});
}

void Interpreter::dump_page_requests(Fields& fields) {
  const unsigned log2 = machine().smmu().model().context().features.priqs;
  dump_queue<arch::PageRequestWords>(fields, "page_requests",
                                     {reg::kPriqBase, reg::kPriqProd, reg::kPriqCons, log2});
}

void Interpreter::dump_interrupts(Fields& fields) {
  Result result = begin(fields);
  fields.finish();
  Json all = Json::array();
  for (const Machine::Interrupt& interrupt : machine().interrupts) {
    Json json;
    json["wire"] = interrupt.line;
    json["at_ps"] = interrupt.at;
    all.push_back(std::move(json));
  }
  machine().interrupts.clear();
  result.json["interrupts"] = std::move(all);
  emit(std::move(result));
}

namespace {

Json to_json(const embed::Invalidation& invalidation) {
  Json json;
  json["message"] = "invalidate";
  json["stream"] = raw(invalidation.stream);
  json["substream"] = script::to_json(invalidation.substream);
  json["itag"] = invalidation.itag;
  json["address"] = hex(invalidation.range.address);
  json["log2_size"] = invalidation.range.log2_size;
  json["global"] = invalidation.global;
  return json;
}

Json to_json(const embed::PageResponse& response) {
  const bool success = response.code == arch::PrgResponseCode::success;
  const bool invalid = response.code == arch::PrgResponseCode::invalid;
  Json json;
  json["message"] = "page_response";
  json["stream"] = raw(response.stream);
  json["substream"] = script::to_json(response.substream);
  json["prg_index"] = response.prg_index;
  json["response"] = success ? "success" : invalid ? "invalid" : "failure";
  return json;
}

}  // namespace

void Interpreter::dump_messages(Fields& fields) {
  Result result = begin(fields);
  fields.finish();
  Json all = Json::array();
  for (const Machine::Message& message : machine().messages) {
    Json json = std::visit([](const auto& what) { return to_json(what); }, message.what);
    json["port"] = message.port;
    json["at_ps"] = message.at;
    all.push_back(std::move(json));
  }
  machine().messages.clear();
  result.json["messages"] = std::move(all);
  emit(std::move(result));
}

}  // namespace svasim::script
