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

TEST_CASE("every way to handle a missing page, side by side in one run") {
  const Scratch scratch;
  // Six devices that share one process; each has a page of its own, and writes it 20 times.
  std::string trace = "# svasim trace 1\ncreate pasid=1\nmmap 0x100000 64K pasid=1\n";
  for (int device = 0; device < 6; ++device) trace += "bind dev=" + std::to_string(device) + " pasid=1\n";
  for (int i = 0; i < 20; ++i) {
    for (int device = 0; device < 6; ++device) {
      trace += "W 0x10" + std::to_string(device) + "000 64 dev=" + std::to_string(device) + "\n";
    }
  }
  const Finished run =
      invoke(run_words(scratch.file("trace.txt", trace), scratch / "run",
                       {"device.count=6", "device.0=pcie", "device.1=platform", "device.1.handler=driver",
                        "device.2=pcie", "device.2.faults=device", "device.3=platform",
                        "device.3.faults=device", "device.4=pcie", "device.4.faults=none",
                        "device.5=platform", "device.5.faults=none", "host.premapped=off", "run.check=on"}));
  INFO(run.err);
  REQUIRE(run.code == 0);
  const Database db(scratch / "run/run.db");
  const auto faults = [&](int device) {
    return db.text("SELECT kind || ' ' || count(*) FROM faults WHERE device = " + std::to_string(device));
  };
  CHECK(faults(0) == "pri 1");
  CHECK(faults(1) == "stall 1");
  CHECK(faults(2) == "device 1");
  CHECK(faults(3) == "device 1");
  CHECK(db.number("SELECT count(*) FROM faults") == 4);
  CHECK(db.number("SELECT count(*) FROM transactions WHERE device < 4 AND outcome != 'ok'") == 0);
  // Nobody brings the pages of the others: every access of theirs is terminated.
  CHECK(db.number("SELECT count(*) FROM transactions WHERE device >= 4 AND outcome = 'ok'") == 0);
  CHECK(db.counter("host", "pages_mapped") == 4);
  CHECK(db.counter("host", "device_records") == 2);
  CHECK(db.counter("tcu", "resumes") == 1);
  CHECK(db.counter("tcu", "page_responses") == 1);
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
