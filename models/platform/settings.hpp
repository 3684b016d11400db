// Every key of a configuration, bound to the fields of the plain structs that stand beside their blocks. A
// struct describes its fields once (describe()); parsing, `svasim config`, and the configuration stored with
// a run all derive from that.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace svasim::platform {

/// A key, value or unit the user got wrong. what() is one line that names the key and what is expected.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Setting {
  std::string key;
  std::string unit;
  std::string range;  ///< "1 to 64", or the choices
  std::string meaning;
  std::string initial;  ///< the default, as text
  std::function<std::string()> get;
  std::function<void(const std::string&)> set;  ///< throws ConfigError

  bool is_default() const { return get() == initial; }
};

class Settings {
 public:
  /// Registers all fields of `part` as keys that start with `prefix`. The struct must outlive the settings.
  template <class Part>
  void add(const std::string& prefix, Part& part) {
    Registrar registrar{*this, prefix};
    part.describe(registrar);
  }

  /// Reads an INI file; throws ConfigError with file and key.
  void read_file(const std::string& path);
  /// "key=value".
  void assign(const std::string& assignment);
  void set(const std::string& key, const std::string& value);

  const std::vector<Setting>& all() const { return settings_; }
  /// One line a key: value, unit, range, meaning.
  void print(std::ostream& out) const;

 private:
  /// What describe() is given.
  struct Registrar {
    Settings& settings;
    std::string prefix;

    template <class T>
    void field(const std::string& key, T& value, const std::string& unit, double min, double max,
               const std::string& meaning) {
      settings.number(prefix + key, value, unit, min, max, meaning);
    }
    /// `changed`, if any, is called when the key is set: it may set other fields.
    template <class Enum>
    void choice(const std::string& key, Enum& value, std::initializer_list<const char*> names,
                const std::string& meaning, std::function<void()> changed = nullptr) {
      settings.choose(prefix + key, value, {names.begin(), names.end()}, meaning, std::move(changed));
    }
  };

  template <class T>
  void number(const std::string& key, T& value, const std::string& unit, double min, double max,
              const std::string& meaning);
  template <class Enum>
  void choose(const std::string& key, Enum& value, const std::vector<std::string>& names,
              const std::string& meaning, std::function<void()> changed);
  void add(Setting setting);
  Setting* find(const std::string& key);
  std::string nearest(const std::string& key) const;

  std::vector<Setting> settings_;
};

// --- how one value is read and shown
// --------------------------------------------------------------------------------

namespace detail {
/// A number with an optional unit that converts to `unit` (ps ns us ms s; B KiB MiB GiB). Throws ConfigError.
double parse_number(const std::string& key, const std::string& text, const std::string& unit, bool integer);
bool parse_switch(const std::string& key, const std::string& text);
std::string show(double value);
std::string range(double min, double max);
[[noreturn]] void out_of_range(const std::string& key, const std::string& text, const std::string& range);
[[noreturn]] void no_such_choice(const std::string& key, const std::string& text, const std::string& choices);
std::string join(const std::vector<std::string>& names);
}  // namespace detail

template <class T>
void Settings::number(const std::string& key, T& value, const std::string& unit, double min, double max,
                      const std::string& meaning) {
  static_assert(std::is_arithmetic_v<T>);
  Setting setting{key, unit, detail::range(min, max), meaning, "", nullptr, nullptr};
  if constexpr (std::is_same_v<T, bool>) {
    setting.range = "on or off";
    setting.get = [&value] { return std::string(value ? "on" : "off"); };
    setting.set = [&value, key](const std::string& text) { value = detail::parse_switch(key, text); };
  } else {
    setting.get = [&value] { return detail::show(static_cast<double>(value)); };
    setting.set = [&value, key, unit, min, max](const std::string& text) {
      const double parsed = detail::parse_number(key, text, unit, std::is_integral_v<T>);
      if (parsed < min || parsed > max) detail::out_of_range(key, text, detail::range(min, max));
      value = static_cast<T>(parsed);
    };
  }
  add(std::move(setting));
}

template <class Enum>
void Settings::choose(const std::string& key, Enum& value, const std::vector<std::string>& names,
                      const std::string& meaning, std::function<void()> changed) {
  Setting setting{key, "", detail::join(names), meaning, "", nullptr, nullptr};
  setting.get = [&value, names] {
    if constexpr (std::is_same_v<Enum, std::string>) return value;
    else return names.at(static_cast<std::size_t>(value));
  };
  setting.set = [&value, names, key, changed](const std::string& text) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] != text) continue;
      if constexpr (std::is_same_v<Enum, std::string>) value = text;
      else value = static_cast<Enum>(i);
      if (changed) changed();
      return;
    }
    detail::no_such_choice(key, text, detail::join(names));
  };
  add(std::move(setting));
}

}  // namespace svasim::platform
