// See settings.hpp.
#include "models/platform/settings.hpp"

#include <algorithm>
#include <array>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <ostream>

namespace svasim::platform {
namespace {

namespace po = boost::program_options;

struct Unit {
  const char* name;
  const char* dimension;
  double factor;
};
constexpr std::array<Unit, 11> kUnits = {{{"ps", "time", 1},
                                          {"ns", "time", 1e3},
                                          {"us", "time", 1e6},
                                          {"ms", "time", 1e9},
                                          {"s", "time", 1e12},
                                          {"B", "size", 1},
                                          {"bytes", "size", 1},
                                          {"KiB", "size", 1024},
                                          {"MiB", "size", 1048576},
                                          {"GiB", "size", 1073741824},
                                          {"TiB", "size", 1099511627776}}};

const Unit* find_unit(const std::string& name) {
  for (const Unit& unit : kUnits) {
    if (name == unit.name) return &unit;
  }
  return nullptr;
}

/// Levenshtein distance.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

namespace detail {

double parse_number(const std::string& key, const std::string& text, const std::string& unit, bool integer) {
  char* end = nullptr;
  const bool hex = text.rfind("0x", 0) == 0;
  const double value =
      hex ? static_cast<double>(std::strtoull(text.c_str(), &end, 16)) : std::strtod(text.c_str(), &end);
  std::string suffix = end;
  suffix.erase(0, suffix.find_first_not_of(' '));
  if (end == text.c_str() || !std::isfinite(value)) {
    throw ConfigError(key + ": '" + text + "' is no number" + (unit.empty() ? "" : "; expected " + unit));
  }
  double factor = 1;
  if (!suffix.empty() && suffix != unit) {
    const Unit* given = find_unit(suffix);
    const Unit* wanted = find_unit(unit);
    if (given == nullptr || wanted == nullptr || std::string(given->dimension) != wanted->dimension) {
      throw ConfigError(key + ": unit '" + suffix + "' in '" + text + "'; expected " +
                        (unit.empty() ? "none" : unit));
    }
    factor = given->factor / wanted->factor;
  }
  const double converted = value * factor;
  if (integer && converted != std::floor(converted)) {
    throw ConfigError(key + ": '" + text + "' is not a whole number of " + (unit.empty() ? "units" : unit));
  }
  return converted;
}

bool parse_switch(const std::string& key, const std::string& text) {
  if (text == "on" || text == "true" || text == "yes" || text == "1") return true;
  if (text == "off" || text == "false" || text == "no" || text == "0") return false;
  throw ConfigError(key + ": '" + text + "'; expected on or off");
}

std::string show(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value == std::floor(value) ? "%.0f" : "%.6g", value);
  return text.data();
}

std::string range(double min, double max) { return show(min) + " to " + show(max); }

void out_of_range(const std::string& key, const std::string& text, const std::string& range) {
  throw ConfigError(key + ": " + text + " is out of range; expected " + range);
}

void no_such_choice(const std::string& key, const std::string& text, const std::string& choices) {
  throw ConfigError(key + ": '" + text + "'; expected one of " + choices);
}

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

}  // namespace detail

void Settings::add(Setting setting) {
  setting.initial = setting.get();
  settings_.push_back(std::move(setting));
}

Setting* Settings::find(const std::string& key) {
  const auto found =
      std::find_if(settings_.begin(), settings_.end(), [&](const Setting& s) { return s.key == key; });
  return found == settings_.end() ? nullptr : &*found;
}

std::string Settings::nearest(const std::string& key) const {
  return std::min_element(
             settings_.begin(), settings_.end(),
             [&](const Setting& a, const Setting& b) { return distance(key, a.key) < distance(key, b.key); })
      ->key;
}

void Settings::set(const std::string& key, const std::string& value) {
  Setting* setting = find(key);
  if (setting == nullptr)
    throw ConfigError("unknown key '" + key + "'; did you mean '" + nearest(key) + "'?");
  setting->set(value);
}

void Settings::assign(const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos) throw ConfigError("'" + assignment + "'; expected key=value");
  set(assignment.substr(0, equals), assignment.substr(equals + 1));
}

void Settings::read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw ConfigError(path + ": cannot be read");
  po::options_description none;
  try {
    for (const auto& option : po::parse_config_file(file, none, true).options) {
      set(option.string_key, option.value.empty() ? "" : option.value.front());
    }
  } catch (const std::exception& e) {  // ours, or Boost's for what is no INI line
    throw ConfigError(path + ": " + e.what());
  }
}

void Settings::print(std::ostream& out) const {
  std::size_t key_width = 0, value_width = 0;
  for (const Setting& s : settings_) {
    key_width = std::max(key_width, s.key.size());
    value_width = std::max(value_width, s.get().size() + 1 + s.unit.size());
  }
  std::string group;
  for (const Setting& s : settings_) {
    const std::string head = s.key.substr(0, s.key.find('.'));
    if (head != group && !group.empty()) out << '\n';
    group = head;
    const std::string value = s.get() + (s.unit.empty() ? "" : " " + s.unit);
    out << s.key << std::string(key_width + 2 - s.key.size(), ' ') << value
        << std::string(value_width + 2 - std::min(value_width, value.size()), ' ') << s.meaning << " ["
        << s.range << (s.is_default() ? "" : "; default " + s.initial) << "]\n";
  }
}

}  // namespace svasim::platform
