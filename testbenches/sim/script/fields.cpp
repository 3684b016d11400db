// See fields.hpp.
#include "testbenches/sim/script/fields.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace svasim::script {

bool parse_number(const Json& value, std::uint64_t& number) {
  if (value.is_number_unsigned()) {
    number = value.get<std::uint64_t>();
    return true;
  }
  if (!value.is_string()) return false;
  std::string text = value.get<std::string>();
  text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
  const bool hexadecimal = text.rfind("0x", 0) == 0 || text.rfind("0X", 0) == 0;
  const std::string digits = hexadecimal ? text.substr(2) : text;
  const char* allowed = hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";
  if (digits.empty() || digits.find_first_not_of(allowed) != std::string::npos) return false;
  errno = 0;
  number = std::strtoull(digits.c_str(), nullptr, hexadecimal ? 16 : 10);
  return errno == 0;
}

std::string hex(std::uint64_t value) {
  char text[19];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

const Json* Fields::find(const std::string& name) {
  known_.insert(name);
  const auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

const Json& Fields::need(const std::string& name) {
  const Json* value = find(name);
  if (value == nullptr) fail("expected a field \"" + name + "\"");
  return *value;
}

std::uint64_t Fields::as_number(const std::string& name, const Json& value, unsigned bits) const {
  std::uint64_t number = 0;
  if (!parse_number(value, number)) {
    fail("\"" + name + "\": expected a number such as 16 or \"0x10\", found " + value.dump());
  }
  if (bits < 64 && number >> bits != 0) {
    fail("\"" + name + "\": expected at most " + std::to_string(bits) + " bits, found " + value.dump());
  }
  return number;
}

std::uint64_t Fields::number(const std::string& name, unsigned bits) {
  return as_number(name, need(name), bits);
}

std::uint64_t Fields::number_or(const std::string& name, std::uint64_t otherwise, unsigned bits) {
  const Json* value = find(name);
  return value == nullptr ? otherwise : as_number(name, *value, bits);
}

bool Fields::flag_or(const std::string& name, bool otherwise) {
  const Json* value = find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) fail("\"" + name + "\": expected true or false, found " + value->dump());
  return value->get<bool>();
}

std::string Fields::text(const std::string& name) {
  const Json& value = need(name);
  if (!value.is_string()) fail("\"" + name + "\": expected text, found " + value.dump());
  return value.get<std::string>();
}

std::string Fields::text_or(const std::string& name, const std::string& otherwise) {
  return find(name) == nullptr ? otherwise : text(name);
}

std::size_t Fields::choice_or(const std::string& name, std::initializer_list<const char*> words,
                              std::size_t otherwise) {
  if (find(name) == nullptr) return otherwise;
  const std::string word = text(name);
  const auto found = std::find(words.begin(), words.end(), word);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string all;
  for (const char* candidate : words) all += (all.empty() ? "" : ", ") + std::string(candidate);
  fail("\"" + name + "\": expected one of " + all + ", found \"" + word + "\"");
}

std::vector<std::uint64_t> Fields::numbers(const std::string& name, unsigned bits) {
  const Json& value = need(name);
  if (!value.is_array()) return {as_number(name, value, bits)};
  std::vector<std::uint64_t> all;
  for (const Json& element : value) all.push_back(as_number(name, element, bits));
  return all;
}

void Fields::finish() const {
  for (const auto& [name, value] : object_.items()) {
    if (known_.count(name) != 0) continue;
    std::string all;
    for (const std::string& known : known_) all += (all.empty() ? "" : ", ") + known;
    fail("unknown field \"" + name + "\"; expected some of " + all);
  }
}

}  // namespace svasim::script
