// What caches may still hold: outcomes that were true before software changed memory, each until the
// invalidation that names it has completed. See "caches" in svasim_reference.h.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/arch/reference.hpp"
#include "models/arch/tlb_scope.hpp"

namespace svasim::reference {

/// An access, as a scoreboard asks about it.
struct Question {
  arch::StreamId stream{};
  arch::SubstreamId substream;
  arch::AddressType type = arch::AddressType::untranslated;
  bool may_stall = false;
  arch::Va va;
  arch::Access access;
};

class Window {
 public:
  /// `outcome` is true now. `overrides` are the stream's, for translations.
  void remember(const Question&, const arch::Outcome& outcome, const arch::AccessOverride& overrides);
  /// Invalidations count from the CMD_SYNC on that follows them.
  void command(const arch::Command&, const arch::SmmuState&, const arch::Features&);
  /// Calls `visit(outcome)` for each remembered outcome that a cache may give to `question`; stops at true.
  template <class Visit>
  bool any_for(const Question& question, Visit&& visit) const {
    for (const Remembered& r : remembered_) {
      if (const auto outcome = answer(r, question); outcome && visit(*outcome)) return true;
    }
    return false;
  }

 private:
  struct Remembered {
    Question question;
    arch::Outcome outcome;
    arch::AccessOverride overrides;
  };

  static std::optional<arch::Outcome> answer(const Remembered&, const Question&);
  static bool removes(const arch::Command&, const Remembered&, const arch::SmmuState&, const arch::Features&);

  std::vector<Remembered> remembered_;
  std::vector<arch::Command> pending_;  ///< since the last CMD_SYNC
};

}  // namespace svasim::reference
