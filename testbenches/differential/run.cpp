// See run.hpp.
#include "testbenches/differential/run.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "models/arch/ats.hpp"
#include "models/arch/event.hpp"
#include "models/arch/queue.hpp"
#include "models/arch/registers.hpp"
#include "models/reference/svasim_reference.h"
#include "testbenches/differential/software.hpp"

namespace svasim::differential {
namespace {

namespace reg = arch::reg;
using arch::Command;
using arch::EventWords;
using arch::Opcode;

/// What the reference says of an access.
struct Expected {
  svasim_outcome outcome{};
  svasim_ats_completion completion{};
  svasim_event event{};
};

struct Difference {
  std::string text;
};

std::string hex(std::uint64_t value) {
  std::ostringstream out;
  out << "0x" << std::hex << value;
  return out.str();
}

std::string words_of(const std::uint64_t* words) {
  const arch::Event event = arch::decode_event({words[0], words[1], words[2], words[3]});
  std::string text = arch::name(event.id);
  for (unsigned i = 0; i < 4; ++i) text += " " + hex(words[i]);
  return text;
}

std::string summary(const Access& a, const Expected& e) {
  static constexpr const char* kKinds[] = {"bypass", "stage 1", "stage 2", "both stages"};
  if (a.ats) {
    if (e.completion.status != SVASIM_ATS_SUCCESS) return "ATS " + std::to_string(e.completion.status);
    return e.completion.read || e.completion.write ? "ATS granted" : "ATS without access";
  }
  if (e.outcome.status == SVASIM_TRANSLATED_OK) return kKinds[e.outcome.kind];
  if (!e.event.due) return "silent";
  return arch::name(static_cast<arch::EventId>(e.event.words[0] & 0xFF));
}

std::string describe(const Access& a) {
  std::ostringstream out;
  out << (a.ats                                     ? "translation request"
          : a.type == arch::AddressType::translated ? "translated"
                                                    : "untranslated")
      << (a.write ? " write" : " read") << (a.privileged ? " privileged" : "")
      << (a.instruction ? " instruction" : "") << " of " << hex(a.address) << ", stream " << raw(a.stream);
  if (a.substream.valid) out << " substream " << a.substream.value;
  if (!a.ats) out << " at TBU " << unsigned{a.tbu};
  return out.str();
}

smmu::SmmuConfig draw_config(Draw& draw) {
  smmu::SmmuConfig c;
  arch::Features& f = c.features;
  if (draw.flag()) {  // few places, so that everything is replaced and everybody waits
    c.tbu.utlb_entries = 2;
    c.tbu.tlb_sets = c.tbu.tlb_ways = 2;
    c.tbu.slots = 6;
    c.tbu.tokens = 4;
    c.tbu.input_queue = 3;
    c.tcu.slots = 5;
    c.tcu.walk_slots = 2;
    c.tcu.config_slots = 1;
    c.tcu.config_sets = c.tcu.config_ways = 2;
    c.features.stall_max = 3;
    c.tcu.pwc.sets = {1, 1, 1, 2};
    c.tcu.pwc.ways = {1, 1, 1, 2};
  }
  c.tcu.merge_events = draw.flag();
  c.tbu.tlb_contiguous = draw.flag();
  if (draw.chance(10)) (draw.flag() ? f.s1p : f.s2p) = false;
  f.httu = static_cast<arch::Httu>(draw.of({2, 2, 1, 0}));
  f.hyp = !draw.chance(10);
  f.ats = !draw.chance(10);
  f.ns1ats = draw.chance(20);
  f.asid16 = !draw.chance(10);
  f.vmid16 = !draw.chance(10);
  f.cd2l = !draw.chance(15);
  f.stall_model = static_cast<arch::StallModel>(draw.of({0, 0, 0, 1, 2}));
  f.term_model = draw.chance(20);
  f.st_level = !draw.chance(20);
  f.had = !draw.chance(20);
  f.xnx = draw.flag();
  f.fwb = draw.flag();
  f.stt = draw.chance(20);
  f.ril = !draw.chance(20);
  f.oas = static_cast<std::uint8_t>(draw.chance(30) ? draw.below(7) : 5);
  if (draw.chance(20)) f.gran16k = false;
  if (draw.chance(20)) f.gran64k = false;
  if (draw.chance(10)) f.gran4k = false;
  f.vax = f.oas == 6 && draw.flag() ? 1 : 0;
  f.ssidsize = static_cast<std::uint8_t>(draw.of({20, 8, 0, 5}));
  return c;
}

/// How software answers a stall.
enum class Answer : std::uint8_t { abort, raz_wi, retry, give_up };
constexpr const char* kAnswers[] = {"CMD_RESUME with abort", "CMD_RESUME with RAZ/WI",
                                    "CMD_RESUME with retry", "CMD_STALL_TERM"};

class Run {
 public:
  Run(Tapes& tapes, Statistics& statistics, std::ostream* story)
      : tapes_(tapes),
        setup_(tapes.draw(0)),
        config_(draw_config(setup_)),
        machine_(config_, static_cast<unsigned>(setup_.of({1, 7, 30}))),
        reference_(nullptr, svasim_reference_destroy),
        statistics_(statistics),
        story_(story) {
    machine_.memory().knows_swaps = !setup_.flag();
    make_reference();
    world_ = std::make_unique<World>(machine_, features_, tapes, setup_);
    bring_up();
  }

  void operation(Draw& draw) {
    switch (draw.below(20)) {
      case 9:
      case 10:
      case 11: burst(draw); break;
      case 12:
      case 13:
      case 14: edit_descriptor(draw); break;
      case 15: edit_ste(draw); break;
      case 16: edit_cd(draw); break;
      case 17:
      case 18: edit_under_way(draw); break;
      case 19: draw.flag() ? switch_off_and_on(draw) : illegal_command(draw); break;
      default: single(draw); break;
    }
  }

 private:
  // --- setting up ---
  void make_reference();
  void bring_up();
  void both(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4);

  // --- operations ---
  void single(Draw& draw);
  void burst(Draw& draw);
  void edit_descriptor(Draw& draw);
  void edit_ste(Draw& draw);
  void edit_cd(Draw& draw);
  void edit_under_way(Draw& draw);
  void switch_off_and_on(Draw& draw);
  void illegal_command(Draw& draw);

  // --- their parts ---
  Access draw_access(Draw& draw);
  std::uint64_t draw_address(const Stream& stream, const Access& a, Draw& draw);
  Slot* draw_slot(Draw& draw);
  std::uint64_t draw_edit(const Slot& slot, Draw& draw);
  void submit(const Commands& commands);
  std::vector<EventWords> take_events();
  Expected expect(const Access& access);
  void check(const Access& access, Expected& expected, const std::deque<Access>& among);
  bool fits(const Access& access, const Expected& expected) const;
  bool crowded(const std::deque<Access>& among) const;
  bool blocked(const Access& access, const std::deque<Access>& among) const;
  std::string say(const Access& access) const;
  std::string say(const Access& access, const Expected& expected) const;
  void doubt_updates();
  void check_updates();
  void settle_accesses(std::deque<Access>& accesses, Draw& draw);
  /// `all` false: some of the stalls need no record, because what they repeat is being answered.
  void check_events(const std::deque<Access>& accesses, const std::vector<Expected>& expected,
                    bool all = true);
  bool merged(const EventWords& words, const std::vector<EventWords>& seen);
  void end_stalls(std::deque<Access>& accesses, Draw& draw);
  void resume_stalls(Answer answer);
  void terminate_streams();
  void tell(const std::string& text) {
    if (story_ != nullptr) *story_ << text << '\n';
  }
  [[noreturn]] void differ(const std::string& text) { throw Difference{text}; }
  template <class Words>
  void rewrite(std::uint64_t address, const Words& words) {
    rewrite(address, words, Words{});
  }
  /// True: a bit of `kept` changed.
  template <class Words>
  bool rewrite(std::uint64_t address, const Words& words, const Words& kept) {
    bool changed = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
      changed |= ((machine_.memory().word(address + 8 * i) ^ words[i]) & kept[i]) != 0;
      machine_.memory().set(address + 8 * i, words[i]);
    }
    return changed;
  }

  static int read(void* run, std::uint64_t address, void* data, std::uint32_t bytes);
  static int swap(void* run, std::uint64_t address, std::uint64_t expected, std::uint64_t desired,
                  std::uint64_t* observed);

  Tapes& tapes_;
  Draw setup_;
  smmu::SmmuConfig config_;
  Machine machine_;
  std::unique_ptr<svasim_reference, void (*)(svasim_reference*)> reference_;
  arch::Features features_;
  std::unique_ptr<World> world_;
  std::uint32_t cr0_ = 0;
  std::uint32_t commands_made_ = 0, events_read_ = 0;
  std::map<std::uint64_t, std::uint64_t> updated_;  ///< descriptors the reference has updated, memory not yet
  std::map<std::uint64_t, std::uint64_t> before_;   ///< the same before its last translation
  std::map<std::uint64_t, std::uint64_t> maybe_updated_;  ///< for accesses that may not have had their turn
  std::map<std::uint16_t, EventWords> stalled_;           ///< records of stalls not answered yet, by STAG
  std::string reads_;                                     ///< of the reference's last translation
  Statistics& statistics_;
  std::ostream* story_;
};

int Run::read(void* object, std::uint64_t address, void* data, std::uint32_t bytes) {
  Run& run = *static_cast<Run*>(object);
  const bool ok = run.machine_.memory().read(address, data, bytes);
  for (std::uint32_t i = 0; ok && i < bytes; i += 8) {
    const auto updated = run.updated_.find(address + i);
    if (updated != run.updated_.end())
      arch::store_le64(static_cast<std::uint8_t*>(data) + i, updated->second);
  }
  if (run.story_ != nullptr) {
    const std::string value = ok ? hex(arch::load_le64(static_cast<std::uint8_t*>(data))) : "abort";
    run.reads_ += "\n      [" + hex(address) + "] = " + value + (bytes > 8 ? " ..." : "");
  }
  return ok ? 1 : 0;
}

int Run::swap(void* object, std::uint64_t address, std::uint64_t expected, std::uint64_t desired,
              std::uint64_t* observed) {
  Run& run = *static_cast<Run*>(object);
  if (read(object, address, observed, 8) == 0) return 0;
  if (*observed == expected) run.updated_[address] = desired;
  ++run.statistics_.updates;
  return 1;
}

void Run::make_reference() {
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

void Run::both(std::uint32_t offset, std::uint64_t value, unsigned bytes) {
  machine_.write(offset, value, bytes);
  svasim_reference_write(reference_.get(), offset, value, bytes);
}

void Run::bring_up() {
  both(reg::kStrtabBase, world_->strtab_base, 8);
  both(reg::kStrtabBaseCfg, world_->strtab_base_cfg);
  both(reg::kCmdqBase, arch::QueueBase{arch::Pa(kCommandQueue), kLog2Commands}.encode(), 8);
  both(reg::kEventqBase, arch::QueueBase{arch::Pa(kEventQueue), kLog2Events}.encode(), 8);
  both(reg::kCr1, arch::cr1::kWriteBack);
  both(reg::kCr2, setup_.below(16) & ~arch::cr2::kPtm);
  if (setup_.chance(20)) both(reg::kGbpa, arch::gbpa::kUpdate | (setup_.word() & 0x1F'3F1F));
  cr0_ = arch::cr0::kSmmuEn | arch::cr0::kEventqEn | arch::cr0::kCmdqEn;
  if (!setup_.flag()) cr0_ |= arch::cr0::kAtsChk;
  both(reg::kCr0, cr0_);
  submit(invalidate_all(features_));
}

void Run::submit(const Commands& commands) {
  const arch::QueueIndex index(kLog2Commands);
  Commands all = commands;
  all.push_back(Command{});  // CMD_SYNC
  for (const Command& command : all) {
    const arch::CommandWords words = encode(command);
    tell("    " + std::string(arch::name(command.opcode)) + " " + hex(words[0]) + " " + hex(words[1]));
    if (svasim_reference_command(reference_.get(), words.data()) != SVASIM_COMMAND_LEGAL) {
      differ("the reference says that software sent an illegal command: " +
             std::string(arch::name(command.opcode)));
    }
    rewrite(kCommandQueue + 16 * index.index(commands_made_), words);
    commands_made_ = index.next(commands_made_);
  }
  machine_.write(reg::kCmdqProd, commands_made_);
  for (unsigned waits = 0; (machine_.read(reg::kCmdqCons) & 0xFFFFF) != commands_made_; ++waits) {
    if (waits == 2000)
      differ("commands are not consumed: CMDQ_CONS is " + hex(machine_.read(reg::kCmdqCons)));
    machine_.run(50);
  }
}

/// Reads the event queue, and gives its places back. STAGs are noted, and zero in what is returned.
std::vector<EventWords> Run::take_events() {
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

Expected Run::expect(const Access& a) {
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

bool Run::fits(const Access& a, const Expected& e) const {
  const svasim_outcome& o = e.outcome;
  if (a.ats) {
    if (!a.done || static_cast<std::uint8_t>(a.answer.status) != e.completion.status) return false;
    return a.answer.status != arch::AtsStatus::success ||
           arch::encode(a.answer.translation) == e.completion.entry;
  }
  switch (o.status) {
    case SVASIM_TRANSLATED_OK: {
      std::uint64_t data = 0;
      const bool there = const_cast<Run*>(this)->machine_.memory().read(o.address, &data, 8);
      return a.done && a.forwarded && a.pa == o.address && a.ok == there &&
             a.attributes.type == o.memory_type && a.attributes.shareability == o.shareability;
    }
    case SVASIM_ABORTED: return a.done && !a.forwarded && !a.ok && !a.raz;
    case SVASIM_RAZ_WI: return a.done && !a.forwarded && a.ok && a.raz;
    default: return !a.done;
  }
}

std::string Run::say(const Access& a) const {
  std::ostringstream out;
  if (!a.done) {
    out << "waits";
  } else if (a.ats) {
    out << "completion status " << unsigned{raw(a.answer.status)} << " entry "
        << hex(arch::encode(a.answer.translation));
  } else if (a.forwarded) {
    out << "goes to " << hex(a.pa) << (a.ok ? "" : " (no memory)") << ", type " << hex(a.attributes.type)
        << ", shareability " << unsigned{a.attributes.shareability};
  } else {
    out << (a.raz ? "reads as zero, write ignored" : "aborts");
  }
  return out.str();
}

std::string Run::say(const Access& a, const Expected& e) const {
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

/// The TBU for devices that can be stalled has no slot or token left: whoever comes waits for the end of a
/// stall.
bool Run::crowded(const std::deque<Access>& among) const {
  const auto waiting =
      std::count_if(among.begin(), among.end(), [](const Access& a) { return !a.done && !a.ats; });
  return static_cast<std::uint32_t>(waiting) >= std::min(config_.tbu.slots, config_.tbu.tokens);
}

/// A TBU asks once for a page: who comes while that request is stalled waits for its end, whatever awaits it
/// then.
bool Run::blocked(const Access& a, const std::deque<Access>& among) const {
  if (a.done || a.ats || !a.may_stall()) return false;
  return crowded(among) || std::any_of(among.begin(), among.end(), [&](const Access& b) {
           return &a != &b && !b.done && !b.ats && a.tbu == b.tbu && a.stream == b.stream &&
                  a.substream == b.substream && a.type == b.type && a.address >> 12 == b.address >> 12;
         });
}

void Run::check(const Access& a, Expected& e, const std::deque<Access>& among) {
  tell("  " + describe(a) + "\n    SMMU: " + say(a) + "\n    reference: " + say(a, e) + reads_);
  const bool right = fits(a, e);
  if (!blocked(a, among)) {
    if (!right) differ(describe(a) + "\n  SMMU: " + say(a) + "\n  reference: " + say(a, e));
    return;
  }
  if (!right) e.event.due = 0;
  doubt_updates();
}

/// The access last expected may not have had its turn: memory may show its hardware updates, or not.
void Run::doubt_updates() {
  for (const auto& [address, value] : updated_) maybe_updated_[address] = value;
  updated_ = before_;
}

/// Hardware updates: memory must now be what the reference made of it.
void Run::check_updates() {
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

// --- accesses
// -------------------------------------------------------------------------------------------------

std::uint64_t Run::draw_address(const Stream& stream, const Access& a, Draw& draw) {
  std::uint64_t address = kData + (draw.below(16) << 12);
  const Space* space = nullptr;
  for (const Space& s : stream.spaces) {
    if (s.index == (a.substream.valid ? a.substream.value : 0)) space = &s;
  }
  if (a.type == arch::AddressType::translated) {
    if (!stream.hot.empty() && draw.flag()) address = draw.of(stream.hot);
  } else if (space != nullptr && !space->hot.empty() && !draw.chance(3)) {
    address = draw.of(space->hot);
    if (draw.chance(20)) address ^= draw.below(4) << draw.of({12, 14, 16});
    if (draw.chance(3)) address ^= std::uint64_t{1} << (40 + draw.below(24));
  } else if (!stream.hot.empty()) {
    address = draw.of(stream.hot);
  }
  return (address & ~arch::mask(12)) | draw.below(511) * 8;
}

Access Run::draw_access(Draw& draw) {
  Access a;
  const Stream& stream = world_->streams[draw.below(world_->streams.size())];
  a.stream = draw.chance(2) ? static_cast<arch::StreamId>(draw.below(5000)) : stream.id;
  a.tbu = static_cast<std::uint8_t>(draw.below(2));
  const std::uint64_t kind = draw.below(10);
  a.ats = kind >= 8;
  if (kind == 7) a.type = arch::AddressType::translated;
  if (!stream.spaces.empty()) {
    const std::uint32_t index = draw.of(stream.spaces).index;
    if (index != 0 || (stream.ste.s1_cd_max > 0 && draw.chance(15))) a.substream = {true, index};
  }
  if (draw.chance(4)) a.substream = {draw.flag(), static_cast<std::uint32_t>(draw.below(64))};
  if (!a.substream.valid) a.substream.value = 0;
  a.write = draw.chance(35);
  a.privileged = draw.chance(30);
  a.instruction = draw.chance(8) && (!a.write || a.ats);
  if (a.ats && !a.substream.valid) a.privileged = a.instruction = false;  // PCIe: a PASID tells them
  a.address = draw_address(stream, a, draw);
  return a;
}

void Run::single(Draw& draw) {
  std::deque<Access> accesses{draw_access(draw)};
  machine_.send(accesses.front());
  settle_accesses(accesses, draw);
}

void Run::burst(Draw& draw) {
  std::deque<Access> accesses;
  const std::size_t count = 2 + draw.below(12);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0 && draw.chance(60)) {  // once more, or nearly
      accesses.push_back(accesses[draw.below(i)]);
      accesses.back().address ^= draw.below(16) * 8;
      accesses.back().write ^= draw.chance(20) && !accesses.back().instruction;
    } else {
      accesses.push_back(draw_access(draw));
    }
    if (accesses.back().ats) accesses.back().write = true;  // what NW = 1 grants depends on who came before
  }
  for (Access& access : accesses) {
    access.done = false;
    machine_.send(access);
    if (draw.chance(30)) machine_.run(draw.below(60));
  }
  settle_accesses(accesses, draw);
}

/// Runs until nothing moves, compares all, and answers what stalled.
void Run::settle_accesses(std::deque<Access>& accesses, Draw& draw) {
  machine_.settle();
  std::vector<Expected> expected;
  for (const Access& access : accesses) {
    expected.push_back(expect(access));
    check(access, expected.back(), accesses);
    ++statistics_.accesses;
    ++statistics_.outcomes[summary(access, expected.back())];
  }
  check_events(accesses, expected);
  check_updates();
  end_stalls(accesses, draw);
}

/// May the record be missing because one of those seen says the same (STE.MEV)?
bool Run::merged(const EventWords& words, const std::vector<EventWords>& seen) {
  const arch::Event event = arch::decode_event(words);
  const auto stream = std::find_if(world_->streams.begin(), world_->streams.end(),
                                   [&](const Stream& s) { return s.id == event.stream; });
  const bool mev =
      stream != world_->streams.end() && arch::bit(machine_.memory().word(stream->ste_address + 8), 19);
  return config_.tcu.merge_events && std::any_of(seen.begin(), seen.end(), [&](const EventWords& other) {
           return arch::may_merge(arch::decode_event(other), event, mev);
         });
}

/// Records are compared as multisets; stalls of one page need only one record (SMMUv3, duplicate
/// suppression).
void Run::check_events(const std::deque<Access>& accesses, const std::vector<Expected>& expected, bool all) {
  std::vector<EventWords> due, due_stalls, seen, seen_stalls;
  const auto page_of = [](EventWords words) {
    words[2] &= ~arch::mask(12);
    return words;
  };
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!expected[i].event.due) continue;
    EventWords words;
    std::copy_n(expected[i].event.words, 4, words.begin());
    const bool stall = !accesses[i].ats && expected[i].outcome.status == SVASIM_STALLED;
    stall ? due_stalls.push_back(page_of(words)) : due.push_back(words);
  }
  for (const EventWords& words : take_events()) {
    arch::decode_event(words).stall ? seen_stalls.push_back(page_of(words)) : seen.push_back(words);
  }
  std::sort(due.begin(), due.end());
  std::sort(seen.begin(), seen.end());
  const auto list_of = [](const std::vector<EventWords>& events) {
    std::string text;
    for (const EventWords& words : events) text += "\n    " + words_of(words.data());
    return text.empty() ? std::string(" none") : text;
  };
  std::vector<EventWords> missing;
  std::set_difference(due.begin(), due.end(), seen.begin(), seen.end(), std::back_inserter(missing));
  const bool invented = !std::includes(due.begin(), due.end(), seen.begin(), seen.end());
  if (invented ||
      std::any_of(missing.begin(), missing.end(), [&](const EventWords& m) { return !merged(m, seen); })) {
    differ("events recorded by the SMMU:" + list_of(seen) + "\n  due by the reference:" + list_of(due));
  }
  const auto same_page = [](const EventWords& a, const EventWords& b) {
    return a[0] >> 8 == b[0] >> 8 && a[2] == b[2];
  };
  const auto is_among = [](const EventWords& words, const std::vector<EventWords>& list) {
    return std::find(list.begin(), list.end(), words) != list.end();
  };
  bool right = std::all_of(seen_stalls.begin(), seen_stalls.end(),
                           [&](const EventWords& words) { return is_among(words, due_stalls); });
  if (all && due_stalls.size() <= features_.stall_max && !crowded(accesses)) {
    right = right && std::all_of(due_stalls.begin(), due_stalls.end(), [&](const EventWords& words) {
              return std::any_of(seen_stalls.begin(), seen_stalls.end(),
                                 [&](const EventWords& other) { return same_page(words, other); });
            });
  }
  if (!right) {
    differ("stalls recorded by the SMMU:" + list_of(seen_stalls) +
           "\n  due by the reference:" + list_of(due_stalls));
  }
}

/// Software answers every stall it was told of, until none is left: it terminates them, gives their streams
/// up, or retries them, perhaps after a repair.
void Run::end_stalls(std::deque<Access>& accesses, Draw& draw) {
  auto answer = static_cast<Answer>(draw.below(4));
  for (unsigned round = 0; !stalled_.empty(); ++round) {
    if (round == 100) differ("stalls never end");
    if (round > 2) answer = Answer::abort;
    std::deque<Access*> waiting;
    for (Access& access : accesses) {
      if (!access.done) waiting.push_back(&access);
    }
    const bool others = std::any_of(waiting.begin(), waiting.end(), [&](const Access* access) {
      return expect(*access).outcome.status != SVASIM_STALLED;
    });
    if (others && answer == Answer::give_up)
      answer = Answer::abort;  // they may see the stream go or come back
    updated_.clear();
    if (answer == Answer::retry && draw.flag()) edit_descriptor(draw);
    answer == Answer::give_up ? terminate_streams() : resume_stalls(answer);
    machine_.settle();
    std::deque<Access> now;
    for (Access* access : waiting) now.push_back(*access);
    std::vector<Expected> expected;
    for (const Access& access : now) {
      expected.push_back(expect(access));
      const bool raz = answer == Answer::raz_wi && !features_.term_model;
      const bool ended = access.done && !access.forwarded && access.ok == raz && access.raz == raz;
      if (answer != Answer::retry && ended && expected.back().outcome.status == SVASIM_STALLED) {
        tell("  " + describe(access) + "\n    SMMU: " + say(access) + ", as answered");
        doubt_updates();  // it ended where it waited, perhaps behind another, without a walk of its own
      } else {
        check(access, expected.back(), now);
      }
    }
    check_events(now, expected, answer == Answer::retry);
    check_updates();
  }
  for (const Access& access : accesses) {
    if (!access.done) differ(describe(access) + ": never ends, though every stall was answered");
  }
}

void Run::resume_stalls(Answer answer) {
  Commands commands;
  for (const auto& [stag, words] : stalled_) {
    Command resume;
    resume.opcode = Opcode::resume;
    resume.stream = arch::decode_event(words).stream;
    resume.stag = stag;
    resume.action = answer == Answer::retry    ? arch::ResumeAction::retry
                    : answer == Answer::raz_wi ? arch::ResumeAction::raz_wi
                                               : arch::ResumeAction::abort;
    commands.push_back(resume);
  }
  stalled_.clear();
  submit(commands);
}

/// CMD_STALL_TERM of each stalled stream: its STE must abort first, and comes back afterwards.
void Run::terminate_streams() {
  std::set<arch::StreamId> streams;
  for (const auto& [stag, words] : stalled_) streams.insert(arch::decode_event(words).stream);
  stalled_.clear();
  for (const arch::StreamId id : streams) {
    Command forget, terminate;
    forget.opcode = Opcode::cfgi_ste;
    terminate.opcode = Opcode::stall_term;
    forget.stream = terminate.stream = id;
    const auto stream = std::find_if(world_->streams.begin(), world_->streams.end(),
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

// --- edits
// ----------------------------------------------------------------------------------------------------

Slot* Run::draw_slot(Draw& draw) {
  if (world_->slots.empty()) return nullptr;
  Slot* slot = &world_->slots[draw.below(world_->slots.size())];
  for (unsigned tries = 0; tries < 3 && !slot->leaf; ++tries) {  // leaves mostly
    slot = &world_->slots[draw.below(world_->slots.size())];
  }
  return slot;
}

std::uint64_t Run::draw_edit(const Slot& slot, Draw& draw) {
  const std::uint64_t there = machine_.memory().word(slot.address);
  switch (draw.below(8)) {
    case 0: return 0;
    case 1: return there ^ 1u << draw.of({10u, 7u, 6u, 0u});
    case 2:
    case 3: return slot.original;
    default: return slot.leaf ? world_->make_leaf(slot, draw) : slot.original;
  }
}

void Run::edit_descriptor(Draw& draw) {
  const Slot* slot = draw_slot(draw);
  if (slot == nullptr) return;
  ++statistics_.edits;
  const std::uint64_t word = draw_edit(*slot, draw);
  tell("  stage-" + std::to_string(slot->stage) + " descriptor at " + hex(slot->address) + " (stream " +
       std::to_string(raw(world_->streams[slot->stream].id)) + ", level " + std::to_string(slot->level) +
       ", input " + hex(slot->input) + "): " + hex(machine_.memory().word(slot->address)) + " becomes " +
       hex(word));
  world_->write(*slot, word);
  submit(invalidate_descriptor(*world_, *slot, features_, draw));
}

void Run::edit_ste(Draw& draw) {
  const auto index = static_cast<unsigned>(draw.below(world_->streams.size()));
  const Stream& stream = world_->streams[index];
  arch::Ste ste = stream.ste;
  switch (draw.below(6)) {
    case 0: break;  // as it was
    case 1: ste.s1_dss = static_cast<arch::DefaultSubstream>(draw.below(4)); break;
    case 2: ste.eats = static_cast<arch::Eats>(draw.below(4)); break;
    case 3:
      ste.priv_cfg = static_cast<std::uint8_t>(draw.below(4));
      ste.inst_cfg = static_cast<std::uint8_t>(draw.below(4));
      ste.mtcfg = draw.flag();
      ste.sh_cfg = static_cast<std::uint8_t>(draw.below(4));
      break;
    case 4:
      if (draw.flag()) ste.config = static_cast<arch::SteConfig>(draw.below(8));
      break;
    default: {
      const std::uint16_t vmid = ste.s2_vmid;
      const auto strw = ste.strw;
      ste.s2_affd ^= draw.flag();
      ste.s2_ptw ^= draw.flag();
      ste.s2_fwb ^= draw.flag();
      ste.s2_ps = static_cast<std::uint8_t>(draw.below(8));
      ste.s2_r ^= draw.flag();
      ste.s2_vmid = vmid;
      ste.strw = strw;
    }
  }
  ++statistics_.edits;
  // Of the STE, TLBs may keep what stage 2 and the stream's world are made of.
  constexpr arch::SteWords kKept{~0ull, 1ull << 25 | 3ull << 30, ~0ull, ~0ull};
  const bool tables_too = rewrite(stream.ste_address, encode(ste), kKept);
  tell("  STE of stream " + std::to_string(raw(stream.id)) + " becomes " + hex(encode(ste)[0]) + " " +
       hex(encode(ste)[1]) + " " + hex(encode(ste)[2]) + " " + hex(encode(ste)[3]));
  submit(invalidate_ste(*world_, index, features_, tables_too, draw));
}

void Run::edit_cd(Draw& draw) {
  const auto index = static_cast<unsigned>(draw.below(world_->streams.size()));
  const Stream& stream = world_->streams[index];
  if (stream.spaces.empty()) return;
  const auto number = static_cast<unsigned>(draw.below(stream.spaces.size()));
  const Space& space = stream.spaces[number];
  arch::Cd cd = space.cd;
  switch (draw.below(3)) {
    case 0: break;
    case 1:
      cd.a = draw.flag();
      cd.r = draw.flag();
      cd.s = draw.flag();
      break;
    default:
      cd.affd ^= draw.flag();
      cd.wxn ^= draw.flag();
      cd.pan ^= draw.flag();
      cd.valid = draw.below(4) != 3;
      cd.half[0].epd ^= draw.chance(30);
      cd.half[1].epd ^= draw.chance(30);
      cd.half[0].tbi ^= draw.flag();
      cd.half[0].had ^= draw.flag();
      cd.mair ^= draw.below(256) << 8 * draw.below(8);
  }
  ++statistics_.edits;
  constexpr arch::CdWords kKept{~(7ull << 44), ~0ull, ~0ull, ~0ull, ~0ull};  // all but A, R and S
  const bool tables_too = rewrite(space.cd_address, encode(cd), kKept);
  tell("  CD at " + hex(space.cd_address) + " becomes " + hex(encode(cd)[0]) + " " + hex(encode(cd)[1]));
  submit(invalidate_cd(*world_, index, space.index, features_, tables_too, draw));
}

/// A descriptor changes while accesses are under way: each is translated as it was or as it is, and after the
/// CMD_SYNC only as it is.
void Run::edit_under_way(Draw& draw) {
  const Slot* slot = draw_slot(draw);
  if (slot == nullptr || world_->streams[slot->stream].ste.config == arch::SteConfig::both) return;
  std::deque<Access> accesses;
  const std::size_t count = 2 + draw.below(6);
  for (std::size_t i = 0; i < count; ++i) {
    accesses.push_back(draw_access(draw));
    if (accesses.back().ats) accesses.back().write = true;
  }
  const std::uint64_t before = machine_.memory().word(slot->address), after = draw_edit(*slot, draw);
  std::vector<Expected> old;
  for (const Access& access : accesses) old.push_back(expect(access));
  const bool waits = std::any_of(old.begin(), old.end(),
                                 [](const Expected& e) { return e.outcome.status == SVASIM_STALLED; });
  const bool updates = !updated_.empty();
  updated_.clear();
  if (waits || updates) return;
  for (Access& access : accesses) {
    machine_.send(access);
    if (draw.chance(30)) machine_.run(draw.below(30));
  }
  machine_.run(draw.below(200));
  tell("  under way: descriptor at " + hex(slot->address) + ": " + hex(before) + " becomes " + hex(after));
  world_->write(*slot, after);
  submit(invalidate_descriptor(*world_, *slot, features_, draw));
  machine_.settle();
  for (std::size_t i = 0; i < count; ++i) {
    const Expected now = expect(accesses[i]);
    tell("  " + describe(accesses[i]) + "\n    SMMU: " + say(accesses[i]) + "\n    reference before: " +
         say(accesses[i], old[i]) + "\n    reference now: " + say(accesses[i], now) + reads_);
    if (!fits(accesses[i], old[i]) && !fits(accesses[i], now) && !blocked(accesses[i], accesses)) {
      differ(describe(accesses[i]) + "\n  SMMU: " + say(accesses[i]) + "\n  reference before the change: " +
             say(accesses[i], old[i]) + "\n  reference after it: " + say(accesses[i], now));
    }
  }
  updated_.clear();
  take_events();
  end_stalls(accesses, draw);
}

void Run::switch_off_and_on(Draw& draw) {
  both(reg::kCr0, cr0_ & ~arch::cr0::kSmmuEn);
  if (draw.flag()) both(reg::kGbpa, arch::gbpa::kUpdate | (draw.word() & 0x1F'3F1F));
  tell("  SMMUEN = 0");
  single(draw);
  if (draw.flag()) both(reg::kCr2, draw.below(16) & ~arch::cr2::kPtm);
  both(reg::kCr0, cr0_);
  submit(invalidate_all(features_));
  tell("  SMMUEN = 1");
}

/// CERROR_ILL stops the queue; software puts a CMD_SYNC in the command's place and goes on.
void Run::illegal_command(Draw& draw) {
  const arch::CommandWords words{draw.word(), draw.word()};
  if (svasim_reference_command(reference_.get(), words.data()) == SVASIM_COMMAND_LEGAL) return;
  const arch::QueueIndex index(kLog2Commands);
  const std::uint64_t place = kCommandQueue + 16 * index.index(commands_made_);
  rewrite(place, words);
  const std::uint32_t at = commands_made_;
  commands_made_ = index.next(commands_made_);
  machine_.write(reg::kCmdqProd, commands_made_);
  machine_.settle();
  const auto cons = static_cast<std::uint32_t>(machine_.read(reg::kCmdqCons));
  const std::uint64_t error =
      (machine_.read(reg::kGerror) ^ machine_.read(reg::kGerrorn)) & arch::gerror::kCmdq;
  if (cons != arch::cmdq_cons::encode(at, arch::CommandError::illegal) || error == 0) {
    differ("command " + hex(words[0]) + " " + hex(words[1]) + " is illegal; CMDQ_CONS is " + hex(cons) +
           ", GERROR says " + hex(error));
  }
  rewrite(place, encode(Command{}));
  machine_.write(reg::kGerrorn, machine_.read(reg::kGerror));
  submit({});
}

}  // namespace

std::optional<std::string> run_case(Tapes& tapes, std::size_t operations, Statistics& statistics,
                                    std::ostream* story) {
  ++statistics.cases;
  try {
    Run run(tapes, statistics, story);
    if (!tapes.seed) operations = tapes.operations();
    for (std::size_t i = 0; i < operations; ++i) {
      if (story != nullptr) *story << "operation " << i << '\n';
      Draw draw = tapes.draw(Tapes::kFirstOperation + i);
      run.operation(draw);
    }
  } catch (const Difference& difference) {
    return difference.text;
  }
  return std::nullopt;
}

}  // namespace svasim::differential
