// See scoreboard.hpp.
#include "testbenches/differential/scoreboard.hpp"

#include <algorithm>
#include <iterator>

#include "models/arch/ats.hpp"
#include "models/arch/event.hpp"

namespace svasim::differential {

using arch::EventWords;

Scoreboard::Scoreboard(const smmu::SmmuConfig& config, Machine& machine, Predictor& predictor, Driver& driver,
                       const World& world, Story story)
    : config_(config),
      machine_(machine),
      predictor_(predictor),
      driver_(driver),
      world_(world),
      story_(story) {}

bool Scoreboard::fits(const Access& a, const Expected& e) const {
  const svasim_outcome& o = e.outcome;
  if (a.ats) {
    if (!a.done || static_cast<std::uint8_t>(a.answer.status) != e.completion.status) return false;
    return a.answer.status != arch::AtsStatus::success ||
           arch::encode(a.answer.translation) == e.completion.entry;
  }
  switch (o.status) {
    case SVASIM_TRANSLATED_OK: {
      std::uint64_t data = 0;
      const bool there = machine_.memory().read(o.address, &data, 8);
      return a.done && a.forwarded && a.pa == o.address && a.ok == there &&
             a.attributes.type == o.memory_type && a.attributes.shareability == o.shareability;
    }
    case SVASIM_ABORTED: return a.done && !a.forwarded && !a.ok && !a.raz;
    case SVASIM_RAZ_WI: return a.done && !a.forwarded && a.ok && a.raz;
    default: return !a.done;
  }
}

/// The TBU for devices that can be stalled has no slot or token left: whoever comes waits for the end of a
/// stall.
bool Scoreboard::crowded(const std::deque<Access>& among) const {
  const auto waiting =
      std::count_if(among.begin(), among.end(), [](const Access& a) { return !a.done && !a.ats; });
  return static_cast<std::uint32_t>(waiting) >= std::min(config_.tbu.slots, config_.tbu.tokens);
}

/// A TBU asks once for a page: who comes while that request is stalled waits for its end, whatever awaits it
/// then.
bool Scoreboard::blocked(const Access& a, const std::deque<Access>& among) const {
  if (a.done || a.ats || !a.may_stall()) return false;
  return crowded(among) || std::any_of(among.begin(), among.end(), [&](const Access& b) {
           return &a != &b && !b.done && !b.ats && a.tbu == b.tbu && a.stream == b.stream &&
                  a.substream == b.substream && a.type == b.type && a.address >> 12 == b.address >> 12;
         });
}

void Scoreboard::check(const Access& a, Expected& e, const std::deque<Access>& among) {
  story_.tell("  " + describe(a) + "\n    SMMU: " + say(a) + "\n    reference: " + say(a, e) +
              predictor_.reads());
  const bool right = fits(a, e);
  if (!blocked(a, among)) {
    if (!right) differ(describe(a) + "\n  SMMU: " + say(a) + "\n  reference: " + say(a, e));
    return;
  }
  if (!right) e.event.due = 0;
  predictor_.doubt_updates();
}

/// May the record be missing because one of those seen says the same (STE.MEV)?
bool Scoreboard::merged(const EventWords& words, const std::vector<EventWords>& seen) const {
  const arch::Event event = arch::decode_event(words);
  const auto stream = std::find_if(world_.streams.begin(), world_.streams.end(),
                                   [&](const Stream& s) { return s.id == event.stream; });
  const bool mev =
      stream != world_.streams.end() && arch::bit(machine_.memory().word(stream->ste_address + 8), 19);
  return config_.tcu.merge_events && std::any_of(seen.begin(), seen.end(), [&](const EventWords& other) {
           return arch::may_merge(arch::decode_event(other), event, mev);
         });
}

/// Records are compared as multisets; stalls of one page need only one record (SMMUv3, duplicate
/// suppression).
void Scoreboard::check_events(const std::deque<Access>& accesses, const std::vector<Expected>& expected,
                              bool all) {
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
  for (const EventWords& words : driver_.take_events()) {
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
  if (all && due_stalls.size() <= predictor_.features().stall_max && !crowded(accesses)) {
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

}  // namespace svasim::differential
