// The one-screen report on the console. Contract: summary.hpp, Summary::print.
#include <algorithm>

#include "models/probe/format.hpp"
#include "models/probe/summary.hpp"

namespace svasim::probe {
namespace {

constexpr std::size_t kLines = 45;
constexpr std::size_t kFixedLines = 22;  ///< all but the stages and the hit rates
constexpr unsigned kColumns = 100;
constexpr unsigned kBar = 16;
constexpr std::size_t kRatesPerLine = 2;
constexpr std::size_t kRateLines = 6;

struct StageRow {
  std::string name;
  std::array<Picoseconds, 2> sums;  ///< of non-faulting and of faulting transactions
};

std::string heading(const std::string& title) {
  return "── " + title + " " + repeat("─", kColumns - 4 - title.size()) + "\n";
}

}  // namespace

struct Summary::Report {
  const Summary& summary;
  const RunTotals& totals;
  std::ostream& out;

  std::uint64_t count(std::size_t group) const { return summary.groups_[group].latency.count(); }

  void item(const char* label, std::uint64_t number, std::string note) const {
    constexpr std::size_t kNote = kColumns - 39;
    if (note.size() > kNote) note.replace(kNote - 3, std::string::npos, "...");
    out << "  " << left(label, 17) << right(grouped(number), 17) << "   " << note << "\n";
  }

  void print_totals() const {
    const double all = static_cast<double>(summary.transactions());
    item("transactions", summary.transactions(), outcomes(summary.outcomes_));
    item("  non-faulting", count(0), percent(static_cast<double>(count(0)), all));
    item("  faulting", count(1),
         percent(static_cast<double>(count(1)), all) + ", with " + grouped(summary.failed_translations_) +
             " failed translations");
    item("faults", summary.fault_lifetime_.count(),
         "PRI " + grouped(summary.fault_kinds_[0]) + ", stall " + grouped(summary.fault_kinds_[1]) +
             (summary.fault_kinds_[2] != 0 ? ", device " + grouped(summary.fault_kinds_[2]) : "") + "; " +
             outcomes(summary.fault_outcomes_));
    item("fault records", totals.fault_records,
         "responses " + grouped(totals.responses) + ", first-touched pages " +
             grouped(totals.first_touched_pages));
  }

  static std::string outcomes(const std::array<std::uint64_t, kOutcomes.size()>& counts) {
    std::string text;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      text += (text.empty() ? "" : ", ") + std::string(kOutcomes[i]) + " " + grouped(counts[i]);
    }
    return text.empty() ? "none" : text;
  }

  void print_latency(const char* label, const Histogram& histogram) const {
    out << "  " << left(label, 32);
    for (const Picoseconds time :
         {histogram.mean(), histogram.percentile(50), histogram.percentile(99), histogram.max()}) {
      out << right(histogram.count() ? human_time(time) : "-", 16);
    }
    out << "\n";
  }

  void print_latencies() const {
    out << heading("latency");
    out << left("", 34) << right("mean", 16) << right("p50", 16) << right("p99", 16) << right("max", 16)
        << "\n";
    print_latency("end to end, all", summary.all_);
    print_latency("end to end, non-faulting", summary.groups_[0].latency);
    print_latency("end to end, faulting", summary.groups_[1].latency);
    print_latency("fault latency of those", summary.fault_latency_);
    print_latency("fault, from record to response", summary.fault_lifetime_);
  }

  /// The stages that occurred, in their order; when there is no room for all, the smallest are folded into
  /// one row.
  std::vector<StageRow> stages(std::size_t room) const {
    std::vector<StageRow> rows;
    for (std::size_t i = 0; i < kStageCount; ++i) {
      const std::array<Picoseconds, 2> sums = {summary.groups_[0].stages[i], summary.groups_[1].stages[i]};
      if (sums[0] + sums[1] != 0) rows.push_back({std::string(kStages[i].name), sums});
    }
    if (rows.size() <= room) return rows;
    StageRow rest{std::to_string(rows.size() - (room - 1)) + " smaller", {0, 0}};
    while (rows.size() > room - 1) {
      const auto smallest = std::min_element(
          rows.begin(), rows.end(), [this](const auto& a, const auto& b) { return weight(a) < weight(b); });
      for (std::size_t group : {0, 1}) rest.sums[group] += smallest->sums[group];
      rows.erase(smallest);
    }
    rows.push_back(rest);
    return rows;
  }

  /// The larger of a stage's two shares.
  double weight(const StageRow& row) const { return std::max(share(row, 0), share(row, 1)); }
  double share(const StageRow& row, std::size_t group) const {
    const Picoseconds whole = summary.groups_[group].latency.sum();
    return whole ? static_cast<double>(row.sums[group]) / static_cast<double>(whole) : 0;
  }

  void print_stages(std::size_t room) const {
    out << heading("where the time goes, mean per transaction");
    out << left("  stage", 20) << left("     non-faulting", 40) << "     faulting\n";
    const std::vector<StageRow> rows = stages(room);
    std::array<double, 2> largest{};
    for (const StageRow& row : rows) {
      for (std::size_t group : {0, 1}) largest[group] = std::max(largest[group], share(row, group));
    }
    for (const StageRow& row : rows) {
      std::string line = "  " + left(row.name, 18);
      for (std::size_t group : {0, 1}) line += cells(row, group, largest[group]) + "  ";
      out << line.substr(0, line.find_last_not_of(' ') + 1) << "\n";
    }
  }

  std::string cells(const StageRow& row, std::size_t group, double largest) const {
    if (row.sums[group] == 0) return right("-", 12) + std::string(10 + kBar, ' ');
    return right(human_time(row.sums[group] / count(group)), 12) + right(percent(share(row, group), 1), 8) +
           "  " + bar(share(row, group) / largest, kBar);
  }

  std::size_t rate_lines() const {
    return std::min((totals.hit_rates.size() + kRatesPerLine - 1) / kRatesPerLine, kRateLines);
  }

  void print_hit_rates() const {
    out << heading("hit rates");
    const std::size_t shown = std::min(totals.hit_rates.size(), kRateLines * kRatesPerLine);
    for (std::size_t i = 0; i < shown; ++i) {
      const HitRate& rate = totals.hit_rates[i];
      const bool last_of_line = (i + 1) % kRatesPerLine == 0 || i + 1 == shown;
      const std::string lookups = " of " + grouped(rate.lookups);
      out << "  " << left(rate.label.substr(0, 18), 18)
          << right(percent(static_cast<double>(rate.hits), static_cast<double>(rate.lookups)), 8)
          << (last_of_line ? lookups + "\n" : left(lookups, 22));
    }
  }

  void print_speed(double host_seconds) const {
    const double rate = host_seconds > 0 ? static_cast<double>(summary.transactions()) / host_seconds : 0;
    out << heading("speed") << "  simulated " << human_time(totals.simulated) << " in "
        << human_time(static_cast<Picoseconds>(std::max(host_seconds, 0.0) * 1e12)) << " of host time, "
        << grouped(static_cast<std::uint64_t>(rate)) << " transactions per host second\n";
  }
};

void Summary::print(std::ostream& out, const RunTotals& totals, double host_seconds) const {
  const Report report{*this, totals, out};
  out << heading("svasim run");
  report.print_totals();
  report.print_latencies();
  report.print_stages(kLines - kFixedLines - report.rate_lines());
  if (!totals.hit_rates.empty()) report.print_hit_rates();
  report.print_speed(host_seconds);
}

}  // namespace svasim::probe
