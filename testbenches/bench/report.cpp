// Contract: report.hpp.
#include "testbenches/bench/report.hpp"

#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

namespace svasim::bench {
namespace {

using Json = nlohmann::ordered_json;

template <class Value>
std::string fixed(Value value, int digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << value;
  return out.str();
}

const char* verdict(double value, double budget) { return value <= budget ? "ok" : "over"; }

double floor_of(const std::vector<Row>& rows) {
  std::vector<double> floors;
  for (const Row& row : rows) {
    for (const Series& series : row.variants) {
      floors.insert(floors.end(), series.floors.begin(), series.floors.end());
    }
  }
  return median(floors);
}

}  // namespace

double Series::part(double Cost::*part) const {
  std::vector<double> values;
  for (const Cost& cost : costs) values.push_back(cost.*part);
  return median(values);
}

double Series::nanoseconds() const { return part(&Cost::nanoseconds); }

double Series::multiple() const {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < costs.size(); ++i) ratios.push_back(costs[i].nanoseconds / floors[i]);
  return median(ratios);
}

void print(std::ostream& out, const std::vector<Row>& rows) {
  out << "floor: " << fixed(floor_of(rows), 0)
      << " ns of CPU time for one AT ping-pong; x: multiples of it\n\n"
      << "kind            model ns      x  budget         rtl ns      x  rtl/model       run.db ns      x"
         "   events  reads  faults  new\n";
  for (const Row& row : rows) {
    const KindInfo& kind = info(row.kind);
    const Series& model = row.series(Variant::model);
    const Series& rtl = row.series(Variant::rtl);
    const Series& database = row.series(Variant::database);
    out << std::left << std::setw(14) << kind.name << std::right  //
        << std::setw(10) << fixed(model.nanoseconds(), 0) << std::setw(7) << fixed(model.multiple(), 1)
        << std::setw(8) << fixed(kind.budget, 0) << ' ' << std::left << std::setw(4)
        << verdict(model.multiple(), kind.budget) << std::right  //
        << std::setw(10) << fixed(rtl.nanoseconds(), 0) << std::setw(7) << fixed(rtl.multiple(), 1)
        << std::setw(11) << fixed(row.rtl_per_model(), 2) << ' ' << std::left << std::setw(4)
        << verdict(row.rtl_per_model(), kRtlPerModelBudget) << std::right  //
        << std::setw(11) << fixed(database.nanoseconds(), 0) << std::setw(7) << fixed(database.multiple(), 1)
        << std::setw(9) << fixed(model.part(&Cost::events), 1) << std::setw(7)
        << fixed(model.part(&Cost::walk_reads), 2) << std::setw(8) << fixed(model.part(&Cost::faults), 2)
        << std::setw(5) << fixed(model.part(&Cost::allocations), 2) << '\n';
  }
}

std::string json(const std::vector<Row>& rows) {
  Json kinds = Json::array();
  for (const Row& row : rows) {
    Json variants = Json::object();
    for (std::size_t i = 0; i < kVariants.size(); ++i) {
      const Series& series = row.variants[i];
      variants[kVariants[i]] = {
          {"nanoseconds", series.nanoseconds()},  {"floors", series.multiple()},
          {"events", series.part(&Cost::events)}, {"walk_reads", series.part(&Cost::walk_reads)},
          {"faults", series.part(&Cost::faults)}, {"allocations", series.part(&Cost::allocations)}};
    }
    kinds.push_back({{"kind", info(row.kind).name},
                     {"budget_floors", info(row.kind).budget},
                     {"rtl_per_model", row.rtl_per_model()},
                     {"variants", variants}});
  }
  return Json{{"floor_nanoseconds", floor_of(rows)}, {"kinds", kinds}}.dump(2) + "\n";
}

std::vector<std::string> disasters(const std::vector<Row>& rows, double tolerance) {
  std::vector<std::string> found;
  for (const Row& row : rows) {
    const KindInfo& kind = info(row.kind);
    const Series& model = row.series(Variant::model);
    const auto expect = [&](const char* what, double got, double wanted) {
      if (std::abs(got - wanted) <= 0.1) return;
      found.push_back(std::string(kind.name) + ": " + fixed(got, 3) + ' ' + what + " per transaction, not " +
                      fixed(wanted, 0));
    };
    expect("descriptor reads", model.part(&Cost::walk_reads), kind.walk_reads);
    expect("faults", model.part(&Cost::faults), kind.faults);
    if (kind.faults == 0) expect("allocations", model.part(&Cost::allocations), 0);
    for (std::size_t i = 0; i < kVariants.size(); ++i) {
      const double multiple = row.variants[i].multiple();
      if (multiple <= tolerance * kind.budget) continue;
      found.push_back(std::string(kind.name) + ", " + kVariants[i] + ": " + fixed(multiple, 1) +
                      " floors, budget " + fixed(kind.budget, 0));
    }
  }
  return found;
}

}  // namespace svasim::bench
