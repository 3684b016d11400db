// See driver.hpp.
#include "testbenches/differential/driver.hpp"

#include <algorithm>
#include <set>

#include "models/arch/queue.hpp"
#include "models/arch/registers.hpp"

namespace svasim::differential {

namespace reg = arch::reg;
using arch::Command;
using arch::EventWords;
using arch::Opcode;

Driver::Driver(Machine& machine, Predictor& predictor, const World& world, Story story)
    : machine_(machine), predictor_(predictor), world_(world), story_(story) {}

void Driver::write(std::uint32_t offset, std::uint64_t value, unsigned bytes) {
  machine_.write(offset, value, bytes);
  predictor_.write(offset, value, bytes);
}

void Driver::bring_up(Draw& setup) {
  write(reg::kStrtabBase, world_.strtab_base, 8);
  write(reg::kStrtabBaseCfg, world_.strtab_base_cfg);
  write(reg::kCmdqBase, arch::QueueBase{arch::Pa(kCommandQueue), kLog2Commands}.encode(), 8);
  write(reg::kEventqBase, arch::QueueBase{arch::Pa(kEventQueue), kLog2Events}.encode(), 8);
  write(reg::kCr1, arch::cr1::kWriteBack);
  write_cr2(setup);
  if (setup.chance(20)) write_gbpa(setup.word());
  cr0_ = arch::cr0::kSmmuEn | arch::cr0::kEventqEn | arch::cr0::kCmdqEn;
  if (!setup.flag()) cr0_ |= arch::cr0::kAtsChk;
  write(reg::kCr0, cr0_);
  submit(invalidate_all(predictor_.features()));
}

void Driver::smmu_on(bool on) { write(reg::kCr0, on ? cr0_ : cr0_ & ~arch::cr0::kSmmuEn); }

void Driver::write_gbpa(std::uint64_t word) { write(reg::kGbpa, arch::gbpa::kUpdate | (word & 0x1F'3F1F)); }

void Driver::write_cr2(Draw& draw) { write(reg::kCr2, draw.below(16) & ~arch::cr2::kPtm); }

void Driver::write_command(std::uint32_t number, const arch::CommandWords& words) {
  const std::uint64_t place = kCommandQueue + 16 * arch::QueueIndex(kLog2Commands).index(number);
  for (std::size_t i = 0; i < words.size(); ++i) machine_.memory().set(place + 8 * i, words[i]);
}

void Driver::put(const arch::CommandWords& words) {
  write_command(commands_made_, words);
  commands_made_ = arch::QueueIndex(kLog2Commands).next(commands_made_);
}

void Driver::submit(const Commands& commands) {
  Commands all = commands;
  all.push_back(Command{});  // CMD_SYNC
  for (const Command& command : all) {
    const arch::CommandWords words = encode(command);
    story_.tell("    " + std::string(arch::name(command.opcode)) + " " + hex(words[0]) + " " + hex(words[1]));
    if (!predictor_.command(words)) {
      differ("the reference says that software sent an illegal command: " +
             std::string(arch::name(command.opcode)));
    }
    put(words);
  }
  machine_.write(reg::kCmdqProd, commands_made_);
  for (unsigned waits = 0; (machine_.read(reg::kCmdqCons) & 0xFFFFF) != commands_made_; ++waits) {
    if (waits == 2000)
      differ("commands are not consumed: CMDQ_CONS is " + hex(machine_.read(reg::kCmdqCons)));
    machine_.run(50);
  }
}

void Driver::submit_illegal(const arch::CommandWords& words) {
  if (predictor_.command(words)) return;
  const std::uint32_t at = commands_made_;
  put(words);
  machine_.write(reg::kCmdqProd, commands_made_);
  machine_.settle();
  const auto cons = static_cast<std::uint32_t>(machine_.read(reg::kCmdqCons));
  const std::uint64_t error =
      (machine_.read(reg::kGerror) ^ machine_.read(reg::kGerrorn)) & arch::gerror::kCmdq;
  if (cons != arch::cmdq_cons::encode(at, arch::CommandError::illegal) || error == 0) {
    differ("command " + hex(words[0]) + " " + hex(words[1]) + " is illegal; CMDQ_CONS is " + hex(cons) +
           ", GERROR says " + hex(error));
  }
  write_command(at, encode(Command{}));
  machine_.write(reg::kGerrorn, machine_.read(reg::kGerror));
  submit({});
}

std::vector<EventWords> Driver::take_events() {
  const arch::QueueIndex index(kLog2Events);
  const auto prod = static_cast<std::uint32_t>(machine_.read(reg::kEventqProd));
  std::vector<EventWords> events;
  while (!index.empty(prod, events_read_)) {
    EventWords words{};
    for (unsigned i = 0; i < 4; ++i) {
      words[i] = machine_.memory().word(kEventQueue + 32 * index.index(events_read_) + 8 * i);
    }
    events_read_ = index.next(events_read_);
    const arch::Event event = arch::decode_event(words);
    if (event.stall) stalled_[event.stag] = words;
    words[1] &= ~arch::mask(16);
    events.push_back(words);
  }
  machine_.write(reg::kEventqCons, events_read_ | (prod & arch::kQueueOverflow));
  return events;
}

void Driver::resume_stalls(arch::ResumeAction action) {
  Commands commands;
  for (const auto& [stag, words] : stalled_) {
    Command resume;
    resume.opcode = Opcode::resume;
    resume.stream = arch::decode_event(words).stream;
    resume.stag = stag;
    resume.action = action;
    commands.push_back(resume);
  }
  stalled_.clear();
  submit(commands);
}

void Driver::terminate_streams() {
  std::set<arch::StreamId> streams;
  for (const auto& [stag, words] : stalled_) streams.insert(arch::decode_event(words).stream);
  stalled_.clear();
  for (const arch::StreamId id : streams) {
    Command forget, terminate;
    forget.opcode = Opcode::cfgi_ste;
    terminate.opcode = Opcode::stall_term;
    forget.stream = terminate.stream = id;
    const auto stream = std::find_if(world_.streams.begin(), world_.streams.end(),
                                     [&](const Stream& s) { return s.id == id; });
    const std::uint64_t was = machine_.memory().word(stream->ste_address);
    machine_.memory().set(stream->ste_address, 1);  // V, Config = 000
    submit({forget});
    submit({terminate});
    machine_.settle();
    machine_.memory().set(stream->ste_address, was);
    submit({forget});
  }
}

}  // namespace svasim::differential
