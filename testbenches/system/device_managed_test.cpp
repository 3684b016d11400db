// Devices that handle their own I/O page faults, and an SMMU with wired interrupts, in the whole machine.
#include <catch2/catch.hpp>

#include "testbenches/system/command.hpp"
#include "testbenches/system/database.hpp"

using namespace svasim;
using namespace svasim::test;

TEST_CASE("device-managed faults: the device's own records, interrupts and retries; the SMMU tells nobody") {
  const std::string kind = GENERATE("pcie", "platform");
  CAPTURE(kind);
  const Scratch scratch;
  const Finished run = invoke(run_words(trace_file("sqlite-20k.svt.xz"), scratch / "run",
                                        {"device.0=" + kind, "device.0.faults=device", "run.check=on"}));
  REQUIRE(run.code == 0);
  const Database db(scratch / "run/run.db");
  const std::int64_t faults = db.number("SELECT count(*) FROM faults");
  CHECK(faults >= 61);  // pages
  CHECK(db.number("SELECT count(*) FROM faults WHERE kind = 'device' AND outcome = 'ok'") == faults);
  CHECK(db.counter("host", "device_records") == faults);
  CHECK(db.counter("host", "responses") == faults);
  CHECK(db.counter("host", "event_records") == 0);
  CHECK(db.counter("host", "page_requests") == 0);
  CHECK(db.counter("tcu", "resumes") + db.counter("tcu", "page_responses") == 0);
  CHECK(db.number("SELECT count(*) FROM transactions WHERE outcome != 'ok'") == 0);
  CHECK(db.number("SELECT count(*) FROM transactions WHERE faults > 0 AND "
                  "(s_device_report = 0 AND s_device_resume = 0)") == 0);
  // Firmware alone takes 100 us before a record.
  CHECK(db.number("SELECT min(s_device_report) FROM faults") >= 100'000'000);
}

TEST_CASE("device-managed faults can be events too") {
  const Scratch scratch;
  const Finished run = invoke(run_words(trace_file("hello.txt"), scratch / "run",
                                        {"device.1.faults=device", "host.device_events=on"}));
  REQUIRE(run.code == 0);
  const Database db(scratch / "run/run.db");
  CHECK(db.counter("host", "device_records") > 0);
  CHECK(db.counter("host", "event_records") > 0);
}

TEST_CASE("posted writes that fault cannot be handled by a device without ATS: refused before the run") {
  const Scratch scratch;
  const Finished run =
      invoke(run_words(trace_file("hello.txt"), scratch / "run",
                       {"device.0.faults=device", "endpoint.ats.enabled=off", "endpoint.pri.enabled=off"}));
  CHECK(run.code == 2);
  CHECK(run.err.find("device.0.faults") != std::string::npos);
}

TEST_CASE("without MSIs the SMMU's interrupts are wires, and CMD_SYNC is polled for") {
  const Scratch scratch;
  const Finished run =
      invoke(run_words(trace_file("hello.txt"), scratch / "run", {"idr.msi=off", "run.check=on"}));
  REQUIRE(run.code == 0);
  const Database db(scratch / "run/run.db");
  CHECK(db.counter("tcu", "msis") == 0);
  CHECK(db.counter("host", "interrupts") > 0);
  CHECK(db.number("SELECT count(*) FROM faults WHERE outcome = 'ok'") > 0);
  CHECK(db.number("SELECT count(*) FROM transactions WHERE outcome != 'ok'") == 0);
}
