// See markdown.hpp.
#include "testbenches/experiments/markdown.hpp"

#include <cmath>
#include <cstdio>

namespace svasim::experiments {
namespace {

std::string line(const Row& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += ' ' + cell + " |";
  return text + '\n';
}

std::string bounds(const Claim& claim) {
  if (claim.low == claim.high) return "exactly " + number(claim.low, claim.unit);
  if (std::isinf(claim.high)) return "at least " + number(claim.low, claim.unit);
  if (std::isinf(claim.low)) return "at most " + number(claim.high, claim.unit);
  return number(claim.low) + " to " + number(claim.high, claim.unit);
}

}  // namespace

std::string number(double value) {
  if (value == 0) return "0";
  const int digits = std::max(0, 2 - static_cast<int>(std::floor(std::log10(std::fabs(value)))));
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  std::string result = text;
  if (result.find('.') == std::string::npos) return result;
  result.erase(result.find_last_not_of('0') + 1);
  if (result.back() == '.') result.pop_back();
  return result;
}

std::string number(double value, const std::string& unit) {
  return number(value) + (unit.empty() ? "" : ' ' + unit);
}

std::string table(const Row& head, const std::vector<Row>& rows) {
  std::string text = line(head) + '|';
  for (std::size_t i = 0; i < head.size(); ++i) text += "---|";
  text += '\n';
  for (const Row& row : rows) text += line(row);
  return text;
}

std::string table(const std::vector<Claim>& claims) {
  std::vector<Row> rows;
  for (const Claim& c : claims) {
    rows.push_back({c.what, c.published, bounds(c), number(c.value, c.unit),
                    c.basis == Basis::calibrated ? "calibrated" : "predicted"});
  }
  return table({"what", "published", "must hold", "simulated", "basis"}, rows);
}

}  // namespace svasim::experiments
