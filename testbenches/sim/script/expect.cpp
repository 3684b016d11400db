// See expect.hpp.
#include "testbenches/sim/script/expect.hpp"

namespace svasim::script {
namespace {

bool equal(const Json& pattern, const Json& found) {
  std::uint64_t a = 0, b = 0;
  if (parse_number(pattern, a) && parse_number(found, b)) return a == b;
  return pattern == found;
}

std::string below(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

void append(std::vector<std::string>& all, std::vector<std::string> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

std::vector<std::string> differences(const Json& pattern, const Json& found, const std::string& path) {
  std::vector<std::string> all;
  if (pattern.is_object() && found.is_object()) {
    for (const auto& [name, value] : pattern.items()) {
      const auto there = found.find(name);
      if (there != found.end()) append(all, differences(value, *there, below(path, name)));
      else all.push_back(below(path, name) + ": expected " + value.dump() + ", found no such field");
    }
  } else if (pattern.is_array() && found.is_array()) {
    if (pattern.size() != found.size()) {
      return {path + ": expected " + std::to_string(pattern.size()) + " of them, found " +
              std::to_string(found.size()) + ": " + found.dump()};
    }
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      append(all, differences(pattern[i], found[i], below(path, std::to_string(i))));
    }
  } else if (!equal(pattern, found)) {
    all.push_back(path + ": expected " + pattern.dump() + ", found " + found.dump());
  }
  return all;
}

}  // namespace svasim::script
