// How unread fault records advance as batches: each is in exactly the stage its queue's software is in.
#include <catch2/catch.hpp>

#include "models/probe/recorder.hpp"

using namespace svasim::probe;

TEST_CASE("visible records advance with their handler and thread, others stay") {
  Recorder recorder;
  const auto open = [&](FaultKind kind, std::uint32_t token, Stage stage) -> Fault& {
    return recorder.open_fault(0, stage, {kind, 1, token}, 0, 1, token << 12);
  };
  Fault& visible = open(FaultKind::stall, 1, Stage::interrupt);
  Fault& writing = open(FaultKind::stall, 2, Stage::fault_record);
  Fault& request = open(FaultKind::pri, 3, Stage::interrupt);
  Fault& answered = open(FaultKind::stall, 4, Stage::prg_response);

  recorder.advance(FaultKind::stall, Stage::irq_thread, 10);
  CHECK(visible.timeline.stage() == Stage::irq_thread);
  CHECK(writing.timeline.stage() == Stage::fault_record);
  CHECK(request.timeline.stage() == Stage::interrupt);
  CHECK(answered.timeline.stage() == Stage::prg_response);

  writing.enter(Stage::interrupt, 15);  // visible while the thread is being woken
  recorder.advance(FaultKind::stall, Stage::queue_drain, 20);
  CHECK(visible.timeline.stage() == Stage::queue_drain);
  CHECK(visible.timeline.since() == 20);
  CHECK(writing.timeline.stage() == Stage::queue_drain);
  CHECK(request.timeline.stage() == Stage::interrupt);

  recorder.close_fault(request, 30, Outcome::ok);  // while unread: as the SMMU's own answer does
  Fault& later = open(FaultKind::pri, 5, Stage::interrupt);
  recorder.advance(FaultKind::pri, Stage::queue_drain, 40);
  CHECK(later.timeline.stage() == Stage::queue_drain);
  CHECK(visible.timeline.since() == 20);  // once
}
