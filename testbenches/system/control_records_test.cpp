// Control records through the whole machine, under the checker, by page requests (device 0) and by stalls
// (device 1): what an access meets after each of them.
#include <catch2/catch.hpp>

#include "testbenches/system/command.hpp"
#include "testbenches/system/machine.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

struct Ran {
  platform::RunResult result;
  std::string
      accesses;  ///< in order of issue: + ok, ! ok after a failed translation, x and X refused likewise
  std::vector<std::string> refused, driver;

  std::uint64_t counter(const std::string& block, const std::string& name) const {
    for (const auto& counter : result.counters) {
      if (counter.block == block && counter.name == name) return counter.value;
    }
    FAIL("no counter " << block << '.' << name);
    return 0;
  }
};

Ran run(const std::string& trace, const std::vector<std::string>& settings = {}) {
  std::vector<std::string> all = {"run.check=on"};
  all.insert(all.end(), settings.begin(), settings.end());
  Machine machine(trace, all);
  Ran ran;
  machine.simulation().on_refused = [&](const std::string& line) { ran.refused.push_back(line); };
  ran.result = machine.run();
  INFO(ran.result.message);
  REQUIRE(ran.result.ending == platform::Ending::complete);
  CHECK(ran.result.totals.fault_records == ran.result.totals.responses);
  for (const auto& [id, t] : machine.transactions) {
    const bool ok = t.value.outcome == probe::Outcome::ok, failed = t.value.timeline.rounds() > 0;
    ran.accesses += ok ? (failed ? '!' : '+') : (failed ? 'X' : 'x');
  }
  ran.driver = machine.driver_messages;
  return ran;
}

/// The trace by a device that makes page requests, or by one that is stalled.
std::string by(unsigned device, std::string trace) {
  const std::string option = " dev=" + std::to_string(device);
  for (std::size_t at = 0; (at = trace.find(" DEV", at)) != std::string::npos;) trace.replace(at, 4, option);
  return trace;
}

}  // namespace

TEST_CASE("what an access meets after each control record") {
  const unsigned device = GENERATE(0u, 1u);
  CAPTURE(device);
  const auto accesses = [&](const std::string& trace) { return run(by(device, trace)).accesses; };
  const std::string mapped = "create\nmmap 0x100000 64K\n";
  const std::string written = mapped + "W 0x100000 64 DEV\n";
  // Present until it is given back; the mapping stays with discard, and goes with munmap.
  CHECK(accesses(written + "touch 0x100000 64 inflight=0\nW 0x100000 64 DEV\n") == "!+");
  CHECK(accesses(written + "discard 0x100000 4K inflight=0\nW 0x100000 64 DEV\n") == "!!");
  CHECK(accesses(written + "munmap 0x100000 4K inflight=0\nW 0x100000 64 DEV\n") == "!X");
  CHECK(accesses(written + "munmap 0x100000 4K inflight=0\nmmap 0x100000 4K\nW 0x100000 64 DEV\n") == "!!");
  // A CPU came first.
  CHECK(accesses(mapped + "touch 0x100000 64 write\nW 0x100000 64 DEV\nW 0x101000 64 DEV\n") == "+!");
  // Protection.
  CHECK(accesses(written + "mprotect 0x100000 4K prot=r inflight=0\nW 0x100000 64 DEV\n") == "!X");
  CHECK(accesses(written + "mprotect 0x100000 4K prot=r inflight=0\nR 0x100000 64 DEV\n") == "!+");
  CHECK(accesses(written + "mprotect 0x100000 4K prot=none inflight=0\nR 0x100000 64 DEV\n") == "!X");
  CHECK(accesses(mapped + "mmap 0x100000 4K prot=r\nR 0x100000 64 DEV\n") == "!");
  // The kernel's doings.
  CHECK(accesses(written + "migrate 0x100000 4K inflight=0\nW 0x100000 64 DEV\n") == "!+");
  CHECK(accesses(written + "reclaim 0x100000 4K inflight=0\nW 0x100000 64 DEV\n") == "!!");
  CHECK(accesses(written + "numa_hint 0x100000 4K inflight=0\nW 0x100000 64 DEV\n") == "!!");
}

TEST_CASE("fetches and privileged accesses have their own rights") {
  const unsigned device = GENERATE(0u, 1u);
  CAPTURE(device);
  const auto accesses = [&](const std::string& trace) {
    return run(by(device, "create\n" + trace)).accesses;
  };
  const std::string code = "mmap 0x100000 64K prot=rx\n", data = "mmap 0x100000 64K\n";
  const std::string there = "touch 0x100000 4K inflight=0\n";
  const std::string fetch = "R 0x100000 4 exec DEV\n", read = "R 0x100000 4 DEV\n";
  CHECK(accesses(code + fetch + there + read) == "!+");
  CHECK(accesses(data + fetch + there + read) == "X+");
  CHECK(accesses(code + there + fetch) == "+");
  CHECK(accesses(data + there + read + there + fetch) == "+X");
  CHECK(accesses(code + fetch + "mprotect 0x100000 4K prot=r inflight=0\n" + read + there + fetch) == "!+X");
  CHECK(accesses(data + there + fetch + "mprotect 0x100000 4K prot=rx inflight=0\n" + fetch) == "X+");
  // What users may read and write, privileged accesses may.
  CHECK(accesses(data + "W 0x100000 4 priv DEV\n" + there + "R 0x100000 4 priv DEV\n" + there + read) ==
        "!++");
}

TEST_CASE("without the PASID capability's Execute and Privileged, accesses are plain, and counted") {
  const std::string trace = "create\nmmap 0x100000 64K\nR 0x100000 4 exec\nR 0x101000 4 exec priv\n";
  CHECK(run(trace).accesses == "XX");
  const Ran plain = run(trace, {"endpoint.execute=0", "endpoint.privileged=0"});
  CHECK(plain.accesses == "!!");
  CHECK(plain.counter("endpoint0", "pasid_downgraded") == 2);
}

TEST_CASE("fork makes the next write copy; the child has what the parent had") {
  const unsigned device = GENERATE(0u, 1u);
  const Ran ran = run(by(device,
                         "W 0x100000 64 DEV\nfork child=2 inflight=0\nW 0x100000 64 DEV\n"
                         "R 0x100000 64 DEV pasid=2\n"));
  CHECK(ran.accesses == "!!+");
  CHECK(ran.counter("host", "mm_cow") == 1);
}

TEST_CASE("files: from the page cache, and from storage") {
  const unsigned device = GENERATE(0u, 1u);
  const Ran ran = run(by(device,
                         "create\nmmap 0x100000 64K prot=r file=1\nmmap 0x200000 64K prot=r file=2 uncached\n"
                         "R 0x100000 64 DEV\nR 0x200000 64 DEV\n"));
  CHECK(ran.accesses == "!!");
  CHECK(ran.counter("host", "mm_file") == 1);
  CHECK(ran.counter("host", "mm_file_major") == 1);
}

TEST_CASE("after unbind the device goes on with its PASID and is terminated; only bind helps") {
  const unsigned device = GENERATE(0u, 1u);
  // Process 2 keeps the device's context descriptors in use.
  const std::string trace =
      "W 0x100000 64 DEV\nW 0x100000 64 DEV pasid=2\nunbind DEV inflight=0\nW 0x100000 64 DEV\nW 0x100000 64 "
      "DEV\n";
  const Ran ran =
      run(by(device, trace + "bind DEV inflight=0\nW 0x100000 64 DEV\nR 0x100000 64 DEV t=100us\n"));
  CHECK(ran.accesses.substr(0, 2) == "!!");
  CHECK(ran.accesses.substr(2, 2).find_first_of("+!") == std::string::npos);
  CHECK(ran.accesses.substr(4) == "++");
  bool bad_cd = false;
  for (const std::string& message : ran.driver) bad_cd |= message.find("C_BAD_CD") != std::string::npos;
  CHECK(bad_cd == (device == 1));  // a translation request is refused in its completion
  CHECK(ran.counter("trace", "refused_calls") == 0);
}

TEST_CASE("a process ends in the middle of its faults") {
  const unsigned device = GENERATE(0u, 1u);
  const std::string when = GENERATE("exit\n", "exit t=9us\n", "exit nowait\n");
  std::string trace = "W 0x100000 64 DEV pasid=2\n";
  for (unsigned page = 0; page < 32; ++page) trace += "W 0x" + std::to_string(100 + page) + "000 64 DEV\n";
  trace += when;
  for (unsigned page = 0; page < 32; ++page)
    trace += "R 0x" + std::to_string(100 + page) + "000 64 DEV t=200us\n";
  const Ran ran = run(by(device, trace));
  REQUIRE(ran.accesses.size() == 65);
  CHECK(ran.accesses.find_first_of("xX") != std::string::npos);
  CHECK(ran.accesses.substr(33).find_first_of("+!") == std::string::npos);  // nobody is left
  CHECK(ran.refused.empty());
}

TEST_CASE("when control records act") {
  const auto issue_ps = [](const std::string& trace) {
    Machine machine(trace, {"run.check=on"});
    REQUIRE(machine.run().ending == platform::Ending::complete);
    std::vector<std::uint64_t> times;
    for (const auto& [id, t] : machine.transactions) times.push_back(t.value.timeline.begun_at());
    return times;
  };
  const std::string trace = "W 0x100000 64\n";
  // Asked for at once; after a call; after a call that waited for the answer of a fault.
  const auto plain = issue_ps(trace + "W 0x200000 64\n");
  const auto nowait = issue_ps(trace + "touch 0x300000 64 write nowait\nW 0x200000 64\n");
  const auto waited = issue_ps(trace + "touch 0x300000 64 write\nW 0x200000 64\n");
  const auto answered = issue_ps(trace + "touch 0x300000 64 write inflight=0\nW 0x200000 64\n");
  const auto one_left = issue_ps(trace + "touch 0x300000 64 write inflight=1\nW 0x200000 64\n");
  const auto timed = issue_ps(trace + "touch 0x300000 64 write t=90us\nW 0x200000 64\n");
  CHECK(plain[1] == plain[0]);
  CHECK(timed[1] == plain[1]);
  CHECK(nowait[1] < waited[1]);
  CHECK(waited[1] < answered[1]);
  CHECK(one_left[1] == waited[1]);
}

TEST_CASE("pinned: pages are there with bind and mmap; a miss is terminated, and an event unless ATS asked") {
  const unsigned device = GENERATE(0u, 1u);
  CAPTURE(device);
  const Ran ran =
      run(by(device,
             "create\nmmap 0x100000 64K\nbind DEV\nmmap 0x200000 4K\nW 0x100000 64 DEV\n"
             "W 0x10f000 64 DEV\nW 0x200000 64 DEV\nW 0x300000 64 DEV\n"
             "W 0x100000 64 DEV t=1ms\n"),
          {"device.0.faults=pinned", "device.1.faults=pinned", "host.premapped=off", "run.unbind=off"});
  CHECK(ran.accesses == "+++X+");
  CHECK(ran.counter("host", "pages_pinned") == 17);
  CHECK(ran.result.totals.fault_records == 0);
  CHECK(ran.counter("host", "event_records") == device);
  CHECK(ran.driver.size() == device);
  if (device == 1) CHECK(ran.driver.at(0).find("F_TRANSLATION") != std::string::npos);
}

TEST_CASE("faults without PASID: the whole device in one address space") {
  const unsigned device = GENERATE(0u, 1u);
  CAPTURE(device);
  const Ran ran =
      run(by(device,
             "create\nmmap 0x100000 8K\nbind DEV as=device\nW 0x100000 64 DEV\nR 0x101000 64 DEV\n"
             "R 0x100000 64 DEV t=200us\nR 0x300000 64 DEV\n"),
          {"endpoint.pasid=off", "platform_device.pasid=off", "host.premapped=off"});
  CHECK(ran.accesses == "!!+X");
  CHECK(ran.result.totals.fault_records == 3);
  CHECK(ran.counter("host", "mm_anonymous") == 1);
  CHECK(ran.counter("host", "mm_zero") == 1);
}

TEST_CASE("a private PASID: what its driver maps is there at once, and nothing else is brought") {
  const unsigned device = GENERATE(0u, 1u);
  CAPTURE(device);
  const Ran ran = run(by(device,
                         "create as=domain pasid=7\nbind DEV pasid=7\nmmap 0x100000 8K pasid=7\n"
                         "W 0x100000 64 DEV pasid=7\nW 0x101000 64 DEV pasid=7\nW 0x300000 64 DEV pasid=7\n"
                         "munmap 0x100000 4K inflight=0 pasid=7\nW 0x100000 64 DEV pasid=7\n"));
  CHECK(ran.accesses == "++XX");
  CHECK(ran.counter("host", "failed_groups") == (device == 0 ? 2 : 0));
  CHECK(ran.counter("host", "event_records") == (device == 0 ? 0 : 2));
}

TEST_CASE("a virtual machine's memory: a stage-2 miss is terminated, or served if it is not pinned") {
  const bool pinned = GENERATE(true, false);
  const Ran ran =
      run("create as=guest\nmmap 0x100000 8K\ntouch 0x100000 4K write\nbind dev=1 as=device\nW 0x100000 64 "
          "dev=1\n"
          "W 0x101000 64 dev=1\n",
          {"platform_device.pasid=off", "host.premapped=off",
           std::string("host.s2_pinned=") + (pinned ? "on" : "off")});
  CHECK(ran.accesses == (pinned ? "+X" : "+!"));
  CHECK(ran.counter("tcu", "resumes") == (pinned ? 0 : 1));
  CHECK(ran.counter("host", "event_records") == 1);
}

TEST_CASE(
    "after a Response Failure nothing is asked for, until its driver has switched IOPF off and on again") {
  const std::string switches =
      "unbind inflight=0\ndisable feature=sva\ndisable feature=iopf\nenable feature=iopf\nenable "
      "feature=sva\nbind\n";
  const bool recovered = GENERATE(false, true);
  const Ran ran =
      run("W 0x100000 64\nW 0x101000 64 t=100us\n" + (recovered ? switches : "") + "W 0x102000 64 t=200us\n",
          {"host.pri_policy=mainline_deny"});
  CHECK(ran.refused.empty());
  CHECK(ran.accesses == "XXX");
  CHECK(ran.counter("endpoint0", "pri_groups") == (recovered ? 2 : 1));
  CHECK(ran.counter("endpoint0", "pri_failure") == (recovered ? 2 : 1));
}

TEST_CASE("what is refused is told once per sort, and counted") {
  const Ran ran =
      run("create\ncreate\nmunmap 0x100001 4K\nmunmap 0x100003 4K\nexit pasid=9\nunbind\nR 0x100000 64\n"
          "exit pasid=8 t=1us\n");
  const std::vector<std::string> lines = {"record 2, 'create': EEXIST",
                                          "record 3, 'munmap 0x100001 4096': EINVAL",
                                          "record 5, 'exit pasid=9': ESRCH", "record 6, 'unbind': EINVAL"};
  CHECK(ran.refused == lines);
  CHECK(ran.counter("trace", "refused_calls") == 6);
  CHECK(ran.counter("trace", "refused_create_EEXIST") == 1);
  CHECK(ran.counter("trace", "refused_munmap_EINVAL") == 2);
  CHECK(ran.counter("trace", "refused_exit_ESRCH") == 2);
  CHECK(ran.counter("trace", "refused_unbind_EINVAL") == 1);
  CHECK(ran.counter("trace", "refused") == 0);
}

TEST_CASE("the switches of SVA in every wrong order: each error number, told and counted") {
  const bool v6_1 = GENERATE(true, false);
  CAPTURE(v6_1);
  const Ran ran = run(read_file(trace_file("refusals.txt")), {v6_1 ? "host.linux=6.1" : "host.linux=7.0"});
  std::map<std::string, std::uint64_t> counted,
      wanted = {
          {"refused_enable_EBUSY", 2},        {"refused_disable_EBUSY", 2},
          {"refused_disable_EINVAL", 2},      {"refused_enable_EINVAL", 1},
          {"refused_sva_shutdown_ENODEV", 1}, {"refused_sva_init_EINVAL", 3},
          {"refused_sva_init_EEXIST", 1},     {"refused_bind_EOVERFLOW", 1},
          {"refused_sva_shutdown_EBUSY", 1},  {v6_1 ? "refused_bind_ENOMEM" : "refused_bind_ENOSPC", 1}};
  if (v6_1) wanted["refused_bind_ENODEV"] = 1;
  for (const auto& counter : ran.result.counters) {
    if (counter.block == "trace" && counter.name.find("_E") != std::string::npos)
      counted[counter.name] = counter.value;
  }
  CHECK(counted == wanted);
  CHECK(ran.refused.size() == wanted.size());
  CHECK(ran.counter("trace", "refused_calls") == (v6_1 ? 16 : 15));
  // What was refused changed nothing: the faults of processes 9, 3 and 1 are served, and devices share pages.
  CHECK(ran.accesses == "!!!+");
}

TEST_CASE("the example trace: every kind of record, nothing refused, on any order of blocks") {
  const std::string text = read_file(trace_file("life-of-a-process.txt"));
  const std::string shuffle = GENERATE("run.shuffle=0", "run.shuffle=7", "run.shuffle=8");
  const Ran ran = run(text, {shuffle});
  CHECK(ran.refused.empty());
  for (const char* name : {"mm_zero", "mm_cow", "mm_file", "mm_file_major", "mm_old", "mm_swap", "mm_numa"}) {
    CAPTURE(name);
    CHECK(ran.counter("host", name) == 1);
  }
  for (std::size_t i = 1; i < trace::kKinds.size(); ++i) {
    const std::string name(trace::kKinds[i].name);
    if (name != "unmap") CHECK(text.find("\n" + name + " ") != std::string::npos);
  }
}

TEST_CASE("a generated ring runs on both fault paths without a single refusal") {
  const Scratch scratch;
  const Finished finished =
      invoke({"run", "--generate", "ring,count=300,packet=1500,size=256,depth=8,devices=2,pasids=2", "--set",
              "run.check=on", "--out", scratch / "run"});
  CHECK(finished.code == 0);
  CHECK(finished.err == "");
  CHECK(finished.out.find("1,800   ok 1,800\n") != std::string::npos);
}
