// Accumulation, summary.json and host.json. Contract: summary.hpp.
#include "models/probe/summary.hpp"

#include <nlohmann/json.hpp>

namespace svasim::probe {
namespace {

using Json = nlohmann::ordered_json;  // keys in the order in which they are documented

Json to_json(const Histogram& histogram) {
  return {{"count", histogram.count()},
          {"mean_ps", histogram.mean()},
          {"min_ps", histogram.min()},
          {"p50_ps", histogram.percentile(50)},
          {"p90_ps", histogram.percentile(90)},
          {"p99_ps", histogram.percentile(99)},
          {"p999_ps", histogram.percentile(99.9)},
          {"max_ps", histogram.max()}};
}

Json to_json(const std::array<Picoseconds, kStageCount>& sums) {
  Json json = Json::object();
  for (std::size_t i = 0; i < kStageCount; ++i) json[std::string(kStages[i].name)] = sums[i];
  return json;
}

template <std::size_t N>
Json to_json(const std::array<std::uint64_t, N>& counts, const std::array<std::string_view, N>& names) {
  Json json = Json::object();
  for (std::size_t i = 0; i < N; ++i) json[std::string(names[i])] = counts[i];
  return json;
}

void add(std::array<Picoseconds, kStageCount>& sums, const Timeline& timeline) {
  for (const Segment& segment : timeline.segments()) {
    sums[static_cast<std::size_t>(segment.stage)] += segment.duration;
  }
}

}  // namespace

void Summary::transaction(const Transaction& transaction) {
  const Timeline& timeline = transaction.timeline;
  const bool faulting = timeline.rounds() > 0;
  Group& group = groups_[faulting];
  Device& device = devices_[transaction.device];
  all_.add(timeline.total());
  group.latency.add(timeline.total());
  device.latency.add(timeline.total());
  add(group.stages, timeline);
  ++outcomes_[static_cast<std::size_t>(transaction.outcome)];
  if (!faulting) return;
  fault_latency_.add(timeline.fault_latency());
  failed_translations_ += timeline.rounds();
  ++device.faulting;
}

void Summary::fault(const Fault& fault) {
  fault_lifetime_.add(fault.timeline.total());
  add(fault_stages_, fault.timeline);
  fault_followers_ += fault.followers.size();
  ++fault_kinds_[static_cast<std::size_t>(fault.key.kind)];
  ++fault_outcomes_[static_cast<std::size_t>(fault.outcome)];
}

std::string Summary::json(const RunTotals& totals) const {
  Json devices = Json::array();
  for (const auto& [id, device] : devices_) {
    devices.push_back({{"device", id},
                       {"transactions", device.latency.count()},
                       {"faulting", device.faulting},
                       {"latency", to_json(device.latency)}});
  }
  Json hit_rates = Json::array();
  for (const HitRate& rate : totals.hit_rates) {
    hit_rates.push_back({{"label", rate.label}, {"hits", rate.hits}, {"lookups", rate.lookups}});
  }
  const Json json = {{"schema", 1},
                     {"simulated_ps", totals.simulated},
                     {"transactions",
                      {{"total", transactions()},
                       {"non_faulting", transactions() - faulting()},
                       {"faulting", faulting()},
                       {"failed_translations", failed_translations_},
                       {"outcomes", to_json(outcomes_, kOutcomes)}}},
                     {"latency",
                      {{"all", to_json(all_)},
                       {"non_faulting", to_json(groups_[0].latency)},
                       {"faulting", to_json(groups_[1].latency)}}},
                     {"fault_latency", to_json(fault_latency_)},
                     {"faults",
                      {{"total", fault_lifetime_.count()},
                       {"kinds", to_json(fault_kinds_, kFaultKinds)},
                       {"outcomes", to_json(fault_outcomes_, kOutcomes)},
                       {"followers", fault_followers_},
                       {"records", totals.fault_records},
                       {"responses", totals.responses},
                       {"first_touched_pages", totals.first_touched_pages},
                       {"lifetime", to_json(fault_lifetime_)}}},
                     {"stages_ps",
                      {{"non_faulting", to_json(groups_[0].stages)},
                       {"faulting", to_json(groups_[1].stages)},
                       {"faults", to_json(fault_stages_)}}},
                     {"devices", devices},
                     {"hit_rates", hit_rates}};
  // A label is whatever the caller wrote; what is not UTF-8 in it is replaced, not thrown.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string Summary::host_json(double host_seconds) const {
  const double rate = host_seconds > 0 ? static_cast<double>(transactions()) / host_seconds : 0;
  return Json{{"host_seconds", host_seconds}, {"transactions_per_host_second", rate}}.dump(2) + "\n";
}

}  // namespace svasim::probe
