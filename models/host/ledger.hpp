// Instrumentation: tells the recorder which stage the faults are in that this software serves. Contract:
// reads nothing that software could decide by; without a recorder, or for faults it does not know, does
// nothing.
#pragma once

#include "models/arch/types.hpp"
#include "models/probe/recorder.hpp"

namespace svasim::host {

class Ledger {
 public:
  explicit Ledger(probe::Recorder* recorder) : recorder_(recorder) {}

  /// All visible records of `kind` that have not got to `to` enter it: their handler, or thread, runs now.
  void advance(probe::FaultKind kind, probe::Stage to, probe::Picoseconds now) const {
    if (recorder_ != nullptr) recorder_->advance(kind, to, now);
  }
  /// The oldest record for the page of `va` that software has not read enters `report`.
  void popped(probe::FaultKey key, arch::Va va, probe::Picoseconds now) const {
    if (recorder_ == nullptr) return;
    bool found = false;
    recorder_->for_each_fault(key, [&](probe::Fault& fault) {
      const probe::Stage stage = fault.timeline.stage();
      const bool unread = stage == probe::Stage::interrupt || stage == probe::Stage::irq_thread ||
                          stage == probe::Stage::queue_drain;
      if (found || !unread || fault.va >> arch::kPageShift != va.value >> arch::kPageShift) return;
      found = true;
      fault.enter(probe::Stage::report, now);
    });
  }
  /// The record for the page of `va` that is being reported waits for the rest of its group.
  void partial(probe::FaultKey key, arch::Va va, probe::Picoseconds now) const {
    if (recorder_ == nullptr) return;
    recorder_->for_each_fault(key, [&](probe::Fault& fault) {
      if (fault.timeline.stage() != probe::Stage::report) return;
      if (fault.va >> arch::kPageShift == va.value >> arch::kPageShift) {
        fault.enter(probe::Stage::group_wait, now);
      }
    });
  }
  /// All faults of `key` enter `stage`.
  void enter(probe::FaultKey key, probe::Stage stage, probe::Picoseconds now) const {
    if (recorder_ != nullptr) recorder_->enter(key, stage, now);
  }

 private:
  probe::Recorder* recorder_;
};

}  // namespace svasim::host
