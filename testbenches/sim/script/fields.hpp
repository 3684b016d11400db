// One line of a script as typed fields. Whatever is wrong is a ScriptError that says where and what was
// expected; a field nobody asked for is wrong too.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace svasim::script {

using Json = nlohmann::ordered_json;

/// The script is malformed. what() is one line, "FILE:LINE: ...".
class ScriptError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A number as scripts may write it: 12, "12", "0xC", "0x8000_0000". False: it is none, or exceeds 64 bits.
bool parse_number(const Json& value, std::uint64_t& number);
/// How results show addresses and words: "0x1f".
std::string hex(std::uint64_t value);

class Fields {
 public:
  /// `object` outlives it. `where` is "FILE:LINE".
  Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {}

  const std::string& where() const { return where_; }
  bool has(const std::string& name) const { return object_.contains(name); }
  /// The value, or null if there is none.
  const Json* find(const std::string& name);

  /// Required, unless there is an `otherwise`. At most `bits` bits.
  std::uint64_t number(const std::string& name, unsigned bits = 64);
  std::uint64_t number_or(const std::string& name, std::uint64_t otherwise, unsigned bits = 64);
  bool flag_or(const std::string& name, bool otherwise);
  std::string text(const std::string& name);
  std::string text_or(const std::string& name, const std::string& otherwise);
  /// The index of the word among `words`.
  std::size_t choice_or(const std::string& name, std::initializer_list<const char*> words,
                        std::size_t otherwise);
  /// A number, or an array of them.
  std::vector<std::uint64_t> numbers(const std::string& name, unsigned bits = 64);

  /// Every field has been asked for, or this throws.
  void finish() const;
  [[noreturn]] void fail(const std::string& message) const { throw ScriptError(where_ + ": " + message); }

 private:
  const Json& need(const std::string& name);
  std::uint64_t as_number(const std::string& name, const Json& value, unsigned bits) const;

  const Json& object_;
  std::string where_;
  std::set<std::string> known_;
};

}  // namespace svasim::script
