// See run.hpp.
#include "testbenches/differential/run.hpp"

#include <algorithm>
#include <deque>

#include "testbenches/differential/scoreboard.hpp"
#include "testbenches/differential/stimulus.hpp"

namespace svasim::differential {
namespace {

/// How software answers a stall.
enum class Answer : std::uint8_t { abort, raz_wi, retry, give_up };

arch::ResumeAction action_of(Answer answer) {
  return answer == Answer::retry    ? arch::ResumeAction::retry
         : answer == Answer::raz_wi ? arch::ResumeAction::raz_wi
                                    : arch::ResumeAction::abort;
}

class Run {
 public:
  Run(Tapes& tapes, Statistics& statistics, Story story)
      : setup_(tapes.draw(0)),
        choice_(draw_machine(setup_)),
        machine_(choice_.config, choice_.memory_latency),
        predictor_(machine_, statistics, story),
        world_(machine_, predictor_.features(), tapes, setup_),
        driver_(machine_, predictor_, world_, story),
        scoreboard_(choice_.config, machine_, predictor_, driver_, world_, story),
        statistics_(statistics),
        story_(story) {
    machine_.memory().knows_swaps = choice_.memory_knows_swaps;
    driver_.bring_up(setup_);
  }

  void operation(Draw& draw);

 private:
  // --- operations ---
  void single(Draw& draw);
  void burst(Draw& draw);
  void edit_descriptor(Draw& draw);
  void edit_ste(Draw& draw);
  void edit_cd(Draw& draw);
  void edit_under_way(Draw& draw);
  void switch_off_and_on(Draw& draw);

  // --- their parts ---
  void settle_accesses(std::deque<Access>& accesses, Draw& draw);
  void end_stalls(std::deque<Access>& accesses, Draw& draw);
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

  Draw setup_;
  const MachineChoice choice_;
  Machine machine_;
  Predictor predictor_;
  World world_;
  Driver driver_;
  Scoreboard scoreboard_;
  Statistics& statistics_;
  Story story_;
};

void Run::operation(Draw& draw) {
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
    case 19:
      draw.flag() ? switch_off_and_on(draw) : driver_.submit_illegal({draw.word(), draw.word()});
      break;
    default: single(draw); break;
  }
}

void Run::single(Draw& draw) {
  std::deque<Access> accesses{draw_access(world_, draw)};
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
      accesses.push_back(draw_access(world_, draw));
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

void Run::edit_descriptor(Draw& draw) {
  const Slot* slot = draw_slot(world_, draw);
  if (slot == nullptr) return;
  ++statistics_.edits;
  const std::uint64_t word = draw_edit(world_, *slot, machine_.memory().word(slot->address), draw);
  story_.tell("  stage-" + std::to_string(slot->stage) + " descriptor at " + hex(slot->address) +
              " (stream " + std::to_string(raw(world_.streams[slot->stream].id)) + ", level " +
              std::to_string(slot->level) + ", input " + hex(slot->input) +
              "): " + hex(machine_.memory().word(slot->address)) + " becomes " + hex(word));
  world_.write(*slot, word);
  driver_.submit(invalidate_descriptor(world_, *slot, predictor_.features(), draw));
}

void Run::edit_ste(Draw& draw) {
  const auto index = static_cast<unsigned>(draw.below(world_.streams.size()));
  const Stream& stream = world_.streams[index];
  const arch::Ste ste = draw_edit(stream.ste, draw);
  ++statistics_.edits;
  // Of the STE, TLBs may keep what stage 2 and the stream's world are made of.
  constexpr arch::SteWords kKept{~0ull, 1ull << 25 | 3ull << 30, ~0ull, ~0ull};
  const bool tables_too = rewrite(stream.ste_address, encode(ste), kKept);
  story_.tell("  STE of stream " + std::to_string(raw(stream.id)) + " becomes " + hex(encode(ste)[0]) + " " +
              hex(encode(ste)[1]) + " " + hex(encode(ste)[2]) + " " + hex(encode(ste)[3]));
  driver_.submit(invalidate_ste(world_, index, predictor_.features(), tables_too, draw));
}

void Run::edit_cd(Draw& draw) {
  const auto index = static_cast<unsigned>(draw.below(world_.streams.size()));
  const Stream& stream = world_.streams[index];
  if (stream.spaces.empty()) return;
  const auto number = static_cast<unsigned>(draw.below(stream.spaces.size()));
  const Space& space = stream.spaces[number];
  const arch::Cd cd = draw_edit(space.cd, draw);
  ++statistics_.edits;
  constexpr arch::CdWords kKept{~(7ull << 44), ~0ull, ~0ull, ~0ull, ~0ull};  // all but A, R and S
  const bool tables_too = rewrite(space.cd_address, encode(cd), kKept);
  story_.tell("  CD at " + hex(space.cd_address) + " becomes " + hex(encode(cd)[0]) + " " +
              hex(encode(cd)[1]));
  driver_.submit(invalidate_cd(world_, index, space.index, predictor_.features(), tables_too, draw));
}

/// A descriptor changes while accesses are under way: each is translated as it was or as it is, and after the
/// CMD_SYNC only as it is.
void Run::edit_under_way(Draw& draw) {
  const Slot* slot = draw_slot(world_, draw);
  if (slot == nullptr || world_.streams[slot->stream].ste.config == arch::SteConfig::both) return;
  std::deque<Access> accesses;
  const std::size_t count = 2 + draw.below(6);
  for (std::size_t i = 0; i < count; ++i) {
    accesses.push_back(draw_access(world_, draw));
    if (accesses.back().ats) accesses.back().write = true;
  }
  const std::uint64_t before = machine_.memory().word(slot->address);
  const std::uint64_t after = draw_edit(world_, *slot, before, draw);
  std::vector<Expected> old;
  for (const Access& access : accesses) old.push_back(predictor_.expect(access));
  const bool waits = std::any_of(old.begin(), old.end(),
                                 [](const Expected& e) { return e.outcome.status == SVASIM_STALLED; });
  const bool updates = predictor_.any_updates();
  predictor_.forget_updates();
  if (waits || updates) return;
  for (Access& access : accesses) {
    machine_.send(access);
    if (draw.chance(30)) machine_.run(draw.below(30));
  }
  machine_.run(draw.below(200));
  story_.tell("  under way: descriptor at " + hex(slot->address) + ": " + hex(before) + " becomes " +
              hex(after));
  world_.write(*slot, after);
  driver_.submit(invalidate_descriptor(world_, *slot, predictor_.features(), draw));
  machine_.settle();
  for (std::size_t i = 0; i < count; ++i) {
    const Expected now = predictor_.expect(accesses[i]);
    story_.tell("  " + describe(accesses[i]) + "\n    SMMU: " + say(accesses[i]) +
                "\n    reference before: " + say(accesses[i], old[i]) +
                "\n    reference now: " + say(accesses[i], now) + predictor_.reads());
    if (!scoreboard_.fits(accesses[i], old[i]) && !scoreboard_.fits(accesses[i], now) &&
        !scoreboard_.blocked(accesses[i], accesses)) {
      differ(describe(accesses[i]) + "\n  SMMU: " + say(accesses[i]) + "\n  reference before the change: " +
             say(accesses[i], old[i]) + "\n  reference after it: " + say(accesses[i], now));
    }
  }
  predictor_.forget_updates();
  driver_.take_events();
  end_stalls(accesses, draw);
}

void Run::switch_off_and_on(Draw& draw) {
  driver_.smmu_on(false);
  if (draw.flag()) driver_.write_gbpa(draw.word());
  story_.tell("  SMMUEN = 0");
  single(draw);
  if (draw.flag()) driver_.write_cr2(draw);
  driver_.smmu_on(true);
  driver_.submit(invalidate_all(predictor_.features()));
  story_.tell("  SMMUEN = 1");
}

/// Runs until nothing moves, compares all, and answers what stalled.
void Run::settle_accesses(std::deque<Access>& accesses, Draw& draw) {
  machine_.settle();
  std::vector<Expected> expected;
  for (const Access& access : accesses) {
    expected.push_back(predictor_.expect(access));
    scoreboard_.check(access, expected.back(), accesses);
    ++statistics_.accesses;
    ++statistics_.outcomes[kind_of(access, expected.back())];
  }
  scoreboard_.check_events(accesses, expected);
  predictor_.check_updates();
  end_stalls(accesses, draw);
}

/// Software answers every stall it was told of, until none is left: it terminates them, gives their streams
/// up, or retries them, perhaps after a repair.
void Run::end_stalls(std::deque<Access>& accesses, Draw& draw) {
  auto answer = static_cast<Answer>(draw.below(4));
  for (unsigned round = 0; driver_.any_stalled(); ++round) {
    if (round == 100) differ("stalls never end");
    if (round > 2) answer = Answer::abort;
    std::deque<Access*> waiting;
    for (Access& access : accesses) {
      if (!access.done) waiting.push_back(&access);
    }
    const bool others = std::any_of(waiting.begin(), waiting.end(), [&](const Access* access) {
      return predictor_.expect(*access).outcome.status != SVASIM_STALLED;
    });
    // The others may see the stream go or come back.
    if (others && answer == Answer::give_up) answer = Answer::abort;
    predictor_.forget_updates();
    if (answer == Answer::retry && draw.flag()) edit_descriptor(draw);
    answer == Answer::give_up ? driver_.terminate_streams() : driver_.resume_stalls(action_of(answer));
    machine_.settle();
    std::deque<Access> now;
    for (Access* access : waiting) now.push_back(*access);
    std::vector<Expected> expected;
    for (const Access& access : now) {
      expected.push_back(predictor_.expect(access));
      const bool raz = answer == Answer::raz_wi && !predictor_.features().term_model;
      const bool ended = access.done && !access.forwarded && access.ok == raz && access.raz == raz;
      if (answer != Answer::retry && ended && expected.back().outcome.status == SVASIM_STALLED) {
        // It ended where it waited, perhaps behind another, without a walk of its own.
        story_.tell("  " + describe(access) + "\n    SMMU: " + say(access) + ", as answered");
        predictor_.doubt_updates();
      } else {
        scoreboard_.check(access, expected.back(), now);
      }
    }
    scoreboard_.check_events(now, expected, answer == Answer::retry);
    predictor_.check_updates();
  }
  for (const Access& access : accesses) {
    if (!access.done) differ(describe(access) + ": never ends, though every stall was answered");
  }
}

}  // namespace

std::optional<std::string> run_case(Tapes& tapes, std::size_t operations, Statistics& statistics,
                                    std::ostream* story) {
  ++statistics.cases;
  try {
    const Story told(story);
    Run run(tapes, statistics, told);
    if (!tapes.seed) operations = tapes.operations();
    for (std::size_t i = 0; i < operations; ++i) {
      told.tell("operation " + std::to_string(i));
      Draw draw = tapes.draw(Tapes::kFirstOperation + i);
      run.operation(draw);
    }
  } catch (const Difference& difference) {
    return difference.text;
  }
  return std::nullopt;
}

}  // namespace svasim::differential
