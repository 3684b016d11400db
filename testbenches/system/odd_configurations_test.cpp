// Machines nobody would build: one of everything, or far too much, in random combination. Whatever the sizes,
// every access is answered, with the right translation, and no picosecond is lost. A failure prints the
// command.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "models/trace/reader.hpp"
#include "testbenches/system/command.hpp"
#include "testbenches/system/database.hpp"
#include "testbenches/system/made_trace.hpp"

using namespace svasim;
using namespace svasim::test;

namespace {

struct Choice {
  const char* key;
  std::vector<const char*> values;
};

/// Small values often, large ones sometimes; each key is left alone half of the time.
const std::vector<Choice> kChoices = {{"run.lookahead", {"1", "2", "7"}},
                                      {"device.0", {"pcie", "platform"}},
                                      {"device.1", {"pcie", "platform"}},
                                      {"device.coalesce", {"64", "4096"}},
                                      {"machine.smmu_period", {"1700", "333", "9999"}},
                                      {"machine.fabric_period", {"1001", "400", "5000"}},
                                      {"machine.dram_period", {"937", "2500"}},
                                      {"machine.device_period", {"4000", "1003", "250"}},
                                      {"machine.host_period", {"313", "3000"}},
                                      {"endpoint.window", {"0", "1", "2", "64"}},
                                      {"endpoint.issue_interval", {"1", "40"}},
                                      {"endpoint.atc.sets", {"1", "2"}},
                                      {"endpoint.atc.ways", {"1", "3"}},
                                      {"endpoint.atc.latency", {"1", "9"}},
                                      {"endpoint.atc.interval", {"5", "30"}},
                                      {"endpoint.atc.invalidate_cycles", {"1", "900"}},
                                      {"endpoint.ats.requests", {"1", "2", "1000"}},
                                      {"endpoint.pri.allocation", {"1", "2", "5"}},
                                      {"endpoint.pri.group_pages", {"1", "3", "16"}},
                                      {"endpoint.pri.request_cycles", {"1", "500"}},
                                      {"endpoint.pri.reissue_cycles", {"0", "700"}},
                                      {"endpoint.pri.backoff", {"1", "5"}},
                                      {"endpoint.pri.held", {"1", "2", "7"}},
                                      {"endpoint.pri.when_full", {"pass"}},
                                      {"endpoint.pri.capacity", {"1", "3"}},
                                      {"endpoint.pri.response_pasid", {"off"}},
                                      {"endpoint.atc.completions", {"2", "8"}},
                                      {"endpoint.atc.collect_cycles", {"7", "900"}},
                                      {"endpoint.ats.no_write", {"off"}},
                                      {"link.gen", {"1", "3", "6"}},
                                      {"link.lanes", {"1", "2", "8"}},
                                      {"link.flight_ps", {"0", "1", "2us"}},
                                      {"link.credits", {"1", "2", "3"}},
                                      {"link.max_payload", {"128", "4096"}},
                                      {"root_port.trackers", {"1", "2"}},
                                      {"root_port.tokens", {"1", "2"}},
                                      {"root_port.bus_bytes", {"1", "8"}},
                                      {"platform_device.window", {"0", "1", "3"}},
                                      {"platform_device.bus_bytes", {"1", "16"}},
                                      {"tbu.input_queue", {"1", "2"}},
                                      {"tbu.utlb_entries", {"1", "2"}},
                                      {"tbu.utlb_latency", {"5"}},
                                      {"tbu.tlb_sets", {"1", "2"}},
                                      {"tbu.tlb_ways", {"1", "2"}},
                                      {"tbu.tlb_latency", {"1", "20"}},
                                      {"tbu.slots", {"1", "2"}},
                                      {"tbu.tokens", {"1", "2"}},
                                      {"tbu.bus_bytes", {"8", "128"}},
                                      {"tcu.slots", {"1", "2", "3"}},
                                      {"tcu.config_sets", {"1"}},
                                      {"tcu.config_ways", {"1"}},
                                      {"tcu.config_slots", {"1"}},
                                      {"tcu.walk_slots", {"1", "2"}},
                                      {"idr.stall_max", {"1", "2", "3"}},
                                      {"tcu.register_latency", {"1", "300"}},
                                      {"tcu.bus_bytes", {"8", "128"}},
                                      {"tcu.pwc.level0_sets", {"1", "2"}},
                                      {"tcu.pwc.level0_ways", {"1", "3"}},
                                      {"tcu.pwc.level1_sets", {"1", "64"}},
                                      {"tcu.pwc.level1_ways", {"1", "7"}},
                                      {"tcu.pwc.level2_sets", {"1", "2"}},
                                      {"tcu.pwc.level2_ways", {"1", "5"}},
                                      {"tcu.pwc.level3_sets", {"1", "512"}},
                                      {"tcu.pwc.level3_ways", {"1", "2"}},
                                      {"idr.ril", {"off"}},
                                      {"idr.sev", {"off"}},
                                      {"idr.cohacc", {"off"}},
                                      {"idr.hyp", {"off"}},
                                      {"idr.httu", {"none", "access", "tables"}},
                                      {"idr.pps", {"on"}},
                                      {"idr.term_model", {"on"}},
                                      {"idr.asid16", {"off"}},
                                      {"idr.vmid16", {"off"}},
                                      {"idr.sidsize", {"9", "32"}},
                                      {"idr.oas", {"3", "6"}},
                                      {"idr.cmdqs", {"3"}},
                                      {"dti.bytes_per_cycle", {"1", "32"}},
                                      {"dti.invalidation_tokens", {"1", "2"}},
                                      {"dti.pins", {"on"}},
                                      {"dti.flight", {"0", "100"}},
                                      {"interconnect.request_latency", {"0", "50"}},
                                      {"interconnect.response_latency", {"0", "50"}},
                                      {"interconnect.width", {"1", "16"}},
                                      {"interconnect.input_depth", {"1", "2"}},
                                      {"llc.sets", {"1", "4"}},
                                      {"llc.ways", {"1", "2"}},
                                      {"llc.replacement", {"plru"}},
                                      {"llc.tag_latency", {"0"}},
                                      {"llc.data_latency", {"0"}},
                                      {"llc.interval", {"20"}},
                                      {"llc.mshrs", {"1", "2"}},
                                      {"llc.mshr_targets", {"1"}},
                                      {"llc.write_backs", {"1"}},
                                      {"llc.input_depth", {"1"}},
                                      {"dram.channels", {"1", "3"}},
                                      {"dram.banks", {"1", "2"}},
                                      {"dram.queue_depth", {"1", "2"}},
                                      {"dram.hit_cap", {"0", "1"}},
                                      {"dram.t_refi", {"0", "900"}},
                                      {"host.cpus", {"1", "2"}},
                                      {"host.max_active", {"1", "2"}},
                                      {"host.sync", {"poll"}},
                                      {"host.pasid_policy", {"lowest"}},
                                      {"host.cmdq_log2", {"1", "2", "3"}},
                                      {"host.eventq_log2", {"0", "1"}},
                                      {"host.priq_log2", {"0", "1"}},
                                      {"host.port_width", {"1", "4"}},
                                      {"host.irq_thread", {"0", "30us"}},
                                      {"host.kworker", {"0", "50us"}},
                                      {"host.anon_fault", {"0", "20us"}},
                                      {"host.notifier", {"0", "9us"}}};

class Odd {
 public:
  explicit Odd(std::uint32_t seed) : random_(seed) {}

  Words settings() {
    Words chosen = {"run.check=on", "tcu.pwc.impl=model", "run.watchdog=20ms"};
    for (const Choice& choice : kChoices) {
      if (below(2) == 0) continue;
      chosen.push_back(std::string(choice.key) + '=' + choice.values[below(choice.values.size())]);
    }
    // A page request group must fit the queue: such a configuration is refused.
    const auto starts = [](const char* with) {
      return [with](const std::string& setting) { return setting.rfind(with, 0) == 0; };
    };
    const auto groups = std::find_if(chosen.begin(), chosen.end(), starts("endpoint.pri.group_pages="));
    if (groups != chosen.end() && *groups != "endpoint.pri.group_pages=1") {
      chosen.erase(std::remove_if(chosen.begin(), chosen.end(), starts("host.priq_log2=")), chosen.end());
    }
    return chosen;
  }
  RacingTrace trace() {
    RacingTrace what;
    what.seed = static_cast<std::uint32_t>(random_());
    what.records = 400;
    what.unmaps_per_mille = 20 * below(6);
    what.processes = 1 + below(3);
    what.pages = 8 + below(60);
    return what;
  }

 private:
  unsigned below(std::size_t n) { return static_cast<unsigned>(random_() % n); }
  std::mt19937 random_;
};

std::int64_t pieces(const std::string& trace, const Words& settings) {
  trace::ReadOptions options;
  for (const std::string& setting : settings) {
    if (setting.rfind("device.coalesce=", 0) == 0) options.coalesce = std::stoull(setting.substr(16));
  }
  std::int64_t count = 0;
  const auto reader = trace::Reader::open(trace, options);
  for (trace::Record record; reader->next(record);) {
    if (record.kind == trace::Kind::access) trace::for_each_piece(record, [&](const auto&) { ++count; });
  }
  return count;
}

}  // namespace

TEST_CASE("odd configurations run to their end") {
  constexpr std::uint32_t kFirst = SVASIM_ODD_FIRST, kCount = SVASIM_ODD_COUNT;
  for (std::uint32_t seed = kFirst; seed < kFirst + kCount; ++seed) {
    Odd odd(seed);
    const Scratch scratch;
    const std::string trace = scratch / "odd.svt";
    write_racing_trace(trace, odd.trace());
    const Words settings = odd.settings();
    const Words words = run_words(trace, scratch / "run", settings);
    const Finished run = invoke(words);
    INFO("seed " << seed << ": " << typed(words) << '\n' << run.err);
    CHECK(run.code == 0);
    if (run.code != 0) continue;
    const Database db(scratch / "run/run.db");
    CHECK(db.number("SELECT count(*) FROM transactions") == pieces(trace, settings));
    CHECK(db.number("SELECT count(*) FROM transactions WHERE outcome != 'ok'") == 0);
    CHECK(db.number("SELECT count(*) FROM transactions WHERE done_ps - issue_ps != " + stage_sum()) == 0);
    CHECK(db.number("SELECT count(*) FROM faults WHERE end_ps - begin_ps != " + stage_sum()) == 0);
    CHECK(db.number("SELECT count(*) FROM faults WHERE outcome != 'ok'") == 0);
  }
}

TEST_CASE("a run that could simulate nothing fails, and says why") {
  const Scratch scratch;
  const std::string trace = scratch.file("t.txt", "# svasim trace 1\nR 0x1000 64\nW 0x2000 64 dev=1\n");
  // No stage 1 with 4 KB pages: the driver gives up. No SubstreamIDs: no device has PASIDs.
  const std::vector<std::pair<Words, std::string>> machines = {
      {{"idr.gran4k=off"}, "the SMMU could not be brought up"},
      {{"idr.ssidsize=0", "idr.cd2l=off"}, "every access of the trace was refused"}};
  for (const auto& [settings, why] : machines) {
    const Words words = run_words(trace, scratch / "run", settings);
    const Finished run = invoke(words);
    INFO(typed(words) << '\n' << run.err);
    CHECK(run.code == 1);
    CHECK(run.err.find("svasim: nothing simulated: " + why + "\n") != std::string::npos);
    CHECK(run.err.find("svasim: refused: record 1, 'R 0x1000 64': no PASID\n") != std::string::npos);
    const Database db(scratch / "run/run.db");
    CHECK(db.number("SELECT count(*) FROM transactions") == 0);
    CHECK(db.counter("trace", "refused") == 2);
    CHECK(db.text("SELECT value FROM meta WHERE key = 'ending'") == "nothing simulated");
  }
}
