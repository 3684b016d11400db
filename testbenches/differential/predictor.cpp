// See predictor.hpp.
#include "testbenches/differential/predictor.hpp"

#include <sstream>

#include "models/arch/event.hpp"
#include "models/arch/registers.hpp"

namespace svasim::differential {

namespace reg = arch::reg;

std::string say(const Access& a, const Expected& e) {
  static constexpr const char* kStatus[] = {"", "aborts", "reads as zero, write ignored", "waits"};
  const svasim_outcome& o = e.outcome;
  std::ostringstream out;
  if (a.ats) {
    out << "completion status " << unsigned{e.completion.status} << " entry " << hex(e.completion.entry);
  } else if (o.status == SVASIM_TRANSLATED_OK) {
    out << "goes to " << hex(o.address) << ", type " << hex(o.memory_type) << ", shareability "
        << unsigned{o.shareability} << " (log2 size " << unsigned{o.log2_size} << ")";
  } else {
    out << kStatus[o.status];
  }
  if (e.event.due) out << ", recording " << words_of(e.event.words);
  return out.str();
}

std::string kind_of(const Access& a, const Expected& e) {
  static constexpr const char* kKinds[] = {"bypass", "stage 1", "stage 2", "both stages"};
  if (a.ats) {
    if (e.completion.status != SVASIM_ATS_SUCCESS) return "ATS " + std::to_string(e.completion.status);
    return e.completion.read || e.completion.write ? "ATS granted" : "ATS without access";
  }
  if (e.outcome.status == SVASIM_TRANSLATED_OK) return kKinds[e.outcome.kind];
  if (!e.event.due) return "silent";
  return arch::name(static_cast<arch::EventId>(e.event.words[0] & 0xFF));
}

Predictor::Predictor(Machine& machine, Statistics& statistics, Story story)
    : machine_(machine),
      reference_(nullptr, svasim_reference_destroy),
      statistics_(statistics),
      story_(story) {
  svasim_reference_config config{};
  config.idr0 = static_cast<std::uint32_t>(machine_.read(reg::kIdr0));
  config.idr1 = static_cast<std::uint32_t>(machine_.read(reg::kIdr1));
  config.idr3 = static_cast<std::uint32_t>(machine_.read(reg::kIdr3));
  config.idr5 = static_cast<std::uint32_t>(machine_.read(reg::kIdr5));
  config.read = read;
  config.swap = swap;
  config.user = this;
  reference_.reset(svasim_reference_create(&config));
  features_ = arch::decode_features({config.idr0, config.idr1, config.idr3, config.idr5});
}

int Predictor::read(void* object, std::uint64_t address, void* data, std::uint32_t bytes) {
  Predictor& self = *static_cast<Predictor*>(object);
  const bool ok = self.machine_.memory().read(address, data, bytes);
  for (std::uint32_t i = 0; ok && i < bytes; i += 8) {
    const auto updated = self.updated_.find(address + i);
    if (updated != self.updated_.end())
      arch::store_le64(static_cast<std::uint8_t*>(data) + i, updated->second);
  }
  if (self.story_.heard()) {
    const std::string value = ok ? hex(arch::load_le64(static_cast<std::uint8_t*>(data))) : "abort";
    self.reads_ += "\n      [" + hex(address) + "] = " + value + (bytes > 8 ? " ..." : "");
  }
  return ok ? 1 : 0;
}

int Predictor::swap(void* object, std::uint64_t address, std::uint64_t expected, std::uint64_t desired,
                    std::uint64_t* observed) {
  Predictor& self = *static_cast<Predictor*>(object);
  if (read(object, address, observed, 8) == 0) return 0;
  if (*observed == expected) self.updated_[address] = desired;
  ++self.statistics_.updates;
  return 1;
}

void Predictor::write(std::uint32_t offset, std::uint64_t value, unsigned bytes) {
  svasim_reference_write(reference_.get(), offset, value, bytes);
}

bool Predictor::command(const arch::CommandWords& words) {
  return svasim_reference_command(reference_.get(), words.data()) == SVASIM_COMMAND_LEGAL;
}

Expected Predictor::expect(const Access& a) {
  Expected expected;
  reads_.clear();
  before_ = updated_;
  if (a.ats) {
    svasim_ats_request r{};
    r.stream = raw(a.stream);
    r.substream = a.substream.value;
    r.substream_valid = a.substream.valid;
    r.no_write = !a.write;
    r.execute = a.instruction;
    r.privileged = a.privileged;
    r.address = a.address;
    svasim_reference_translation_request(reference_.get(), &r, &expected.completion);
    expected.event = expected.completion.event;
    return expected;
  }
  svasim_transaction t{};
  t.stream = raw(a.stream);
  t.substream = a.substream.value;
  t.substream_valid = a.substream.valid;
  t.write = a.write;
  t.privileged = a.privileged;
  t.instruction = a.instruction;
  t.address_type = static_cast<std::uint8_t>(a.type);
  t.may_stall = a.may_stall();
  t.address = a.address;
  svasim_reference_translate(reference_.get(), &t, &expected.outcome);
  expected.event = expected.outcome.event;
  return expected;
}

void Predictor::doubt_updates() {
  for (const auto& [address, value] : updated_) maybe_updated_[address] = value;
  updated_ = before_;
}

void Predictor::check_updates() {
  for (const auto& [address, value] : updated_) {
    const std::uint64_t there = machine_.memory().word(address);
    const auto maybe = maybe_updated_.find(address);
    if (there != value && (maybe == maybe_updated_.end() || there != maybe->second)) {
      differ("descriptor at " + hex(address) + " is " + hex(there) + ", the reference makes it " +
             hex(value));
    }
  }
  updated_.clear();
  maybe_updated_.clear();
}

}  // namespace svasim::differential
